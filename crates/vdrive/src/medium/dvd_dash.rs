//! What DVD-R, DVD-R DL and DVD-RW in sequential recording share: RZones in bordered areas, recorded incrementally
//! or in one go (MMC-6 clause 4, DVD-R model; ECMA-359, ECMA-382).

use glassmaster_disc::SECTOR;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::dvd_plus::DATA_TRACK;
use super::facts::Facts;
use super::sequential::Sequence;
use super::{
    Change, Disc, Layout, Reservation, Rules, TocSession, TrackView, block_bits, blocks_of, layer_jump,
};
use crate::record::{WriteParameters, WriteType};
use crate::sense;
use crate::store::Track;

/// First physical sectors from which on a border zone is longer, and the lengths in ECC blocks of border-out and
/// border-in together: of the first border zone, and of later ones. A zone takes about the same stretch of radius.
const BORDER_ZONES: [(i32, u32, u32); 3] = [(0, 1_792, 384), (0xB_25A0, 2_368, 480), (0x16_56A0, 2_944, 576)];
/// Physical sector number of block 0.
const DATA_START: i32 = 0x3_0000;

/// The border zone starts one ECC block behind the data, where recording was linked.
fn session_gap(session: usize, lead_out: i32) -> u32 {
    let sector = lead_out.saturating_add(DATA_START);
    let zone = BORDER_ZONES.iter().rfind(|(from, ..)| sector >= *from).unwrap_or(&BORDER_ZONES[0]);
    16 + 16 * if session == 1 { zone.1 } else { zone.2 }
}

/// Two RZones can be reserved besides the invisible one.
pub(super) static SEQUENCE: Sequence = Sequence {
    unit: 16,
    // One ECC block in front of an RZone guards its first synchronisation.
    track_gap: 16,
    session_gap,
    run_out: 0,
    shortest: 16,
    max_tracks: 2_302,
    max_sessions: 300,
    max_open: 3,
    packet: Some(16),
    blank_mode: 1,
};

/// A DVD-R of one layer or two, or the sequential side of a DVD-RW.
pub(super) struct DvdDash {
    pub(super) facts: Facts,
    pub(super) profile: Profile,
    /// Closing a border finalizes the disc, whatever the multi-session field says (MMC-5 6.3.3.3.3, dual layer).
    pub(super) single_border: bool,
}

impl DvdDash {
    /// The recording in one go that is under way or prepared, by its place.
    fn at_once(disc: &Disc) -> Option<usize> {
        disc.state.tracks.iter().position(|t| t.at_once && !t.closed && !t.damaged)
    }

    fn close_border(&self, disc: &mut Disc, p: &WriteParameters, finalize: bool) -> Result<Change, Sense> {
        SEQUENCE.close_session(disc, finalize || self.single_border || !p.next_session_allowed)
    }

    /// The next blocks of the only RZone of a disc at once.
    fn continue_at_once(
        &self,
        disc: &mut Disc,
        p: &WriteParameters,
        place: usize,
        lba: i32,
        data: &[u8],
    ) -> Result<Change, Sense> {
        let Some(t) = disc.state.tracks.get(place).copied() else { return Err(sense::SEQUENCE) };
        let bits = block_bits(lba);
        let blocks = blocks_of(data);
        if lba != t.next {
            return Err(sense::INVALID_WRITE_ADDRESS.with_information(bits));
        }
        let end = t.start.saturating_add_unsigned(t.reserved);
        let next = lba.saturating_add_unsigned(blocks);
        if next > end {
            return Err(sense::END_OF_USER_AREA.with_information(bits));
        }
        if blocks == 0 {
            return Ok(Change::default());
        }
        disc.put(lba, data)?;
        if let Some(t) = disc.state.tracks.get_mut(place) {
            t.next = next;
            t.closed = next == end;
        }
        if next == end {
            // The lead-out follows the last reserved block without being asked for.
            return self.close_border(disc, p, false);
        }
        disc.commit()?;
        Ok(Change::default())
    }

    /// The first blocks of a disc at once: the whole of it has been reserved before.
    fn begin_at_once(disc: &mut Disc) -> Result<usize, Sense> {
        match disc.state.tracks.as_slice() {
            [] => Err(sense::SEQUENCE),
            [only] if only.reserved > 0 && only.is_blank() && !only.closed => {
                if let Some(t) = disc.state.tracks.first_mut() {
                    t.at_once = true;
                }
                Ok(0)
            }
            _ if disc.state.finalized => Err(sense::CANNOT_WRITE),
            _ => Err(sense::PROGRAM_AREA_NOT_EMPTY),
        }
    }
}

impl Rules for DvdDash {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn profile(&self, disc: &Disc) -> Profile {
        if layer_jump::is_on(disc) { Profile::DVD_R_DL_LAYER_JUMP } else { self.profile }
    }

    fn layout(&self, _disc: &Disc) -> Layout {
        Layout::Sequential(&SEQUENCE)
    }

    fn tracks(&self, disc: &Disc) -> Vec<TrackView> {
        if layer_jump::is_on(disc) { layer_jump::tracks(disc) } else { SEQUENCE.tracks(disc) }
    }

    fn toc(&self, disc: &Disc) -> Vec<TocSession> {
        SEQUENCE.toc(disc)
    }

    fn check_read(&self, disc: &Disc, lba: i32, blocks: u32) -> Result<(), Sense> {
        if layer_jump::is_on(disc) {
            layer_jump::check_read(disc, lba, blocks)
        } else {
            SEQUENCE.check_read(disc, lba, blocks)
        }
    }

    fn write(&self, disc: &mut Disc, p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense> {
        if disc.state.finalized {
            return Err(sense::CANNOT_WRITE);
        }
        if layer_jump::is_on(disc) {
            if p.write_type != WriteType::LayerJump {
                return Err(sense::ILLEGAL_MODE.with_information(block_bits(lba)));
            }
            return layer_jump::write(disc, lba, data);
        }
        if let Some(place) = Self::at_once(disc) {
            if p.write_type != WriteType::SessionAtOnce {
                return Err(sense::ILLEGAL_MODE);
            }
            return self.continue_at_once(disc, p, place, lba, data);
        }
        match p.write_type {
            WriteType::SessionAtOnce => {
                let place = Self::begin_at_once(disc)?;
                let done = self.continue_at_once(disc, p, place, lba, data);
                if let Some(t) = disc.state.tracks.get_mut(place).filter(|t| t.is_blank()) {
                    t.at_once = false;
                }
                done
            }
            WriteType::Incremental if !disc.state.minimally_blanked => {
                SEQUENCE.write(disc, lba, data, DATA_TRACK)
            }
            _ => Err(sense::ILLEGAL_MODE),
        }
    }

    fn synchronize(&self, disc: &mut Disc, p: &WriteParameters) -> Result<Change, Sense> {
        if layer_jump::is_on(disc) {
            layer_jump::pad(disc)?;
        } else {
            SEQUENCE.pad_units(disc)?;
        }
        // The reservation was rounded up to whole ECC blocks: the end of the host's data is the end of the disc.
        let missing = Self::at_once(disc).and_then(|place| {
            let t = disc.state.tracks.get(place).filter(|t| !t.is_blank())?;
            let left = i64::from(t.start) + i64::from(t.reserved) - i64::from(t.next);
            usize::try_from(left).ok().filter(|left| *left < 16).map(|left| (place, t.next, left))
        });
        let change = match missing {
            Some((place, lba, left)) => {
                self.continue_at_once(disc, p, place, lba, &vec![0; left * SECTOR])?
            }
            // As on CD: blocks that did not come by now do not come.
            None => {
                disc.break_off()?;
                Change::default()
            }
        };
        disc.sync()?;
        Ok(change)
    }

    fn close(
        &self,
        disc: &mut Disc,
        p: &WriteParameters,
        function: u8,
        number: u16,
    ) -> Result<Change, Sense> {
        let jumping = layer_jump::is_on(disc);
        let change = match function {
            1 if jumping => layer_jump::close(disc, false)?,
            1 => SEQUENCE.close_track(disc, number)?,
            2 | 3 => {
                if Self::at_once(disc)
                    .is_some_and(|n| disc.state.tracks.get(n).is_some_and(|t| !t.is_blank()))
                {
                    return Err(sense::SEQUENCE);
                }
                if disc.state.tracks.iter().any(Track::is_reservation_open) {
                    return Err(sense::RESERVED_TRACK_NOT_FULL);
                }
                if jumping {
                    layer_jump::close(disc, true)?
                } else {
                    self.close_border(disc, p, function == 3)?
                }
            }
            _ => return Err(sense::cdb_bit(2, 2)),
        };
        disc.sync()?;
        Ok(change)
    }

    fn reserve(&self, disc: &mut Disc, _p: &WriteParameters, by: Reservation) -> Result<(), Sense> {
        if layer_jump::is_on(disc) {
            return Err(sense::ILLEGAL_MODE);
        }
        match by {
            Reservation::Size(_) => SEQUENCE.reserve(disc, by, DATA_TRACK),
            Reservation::UpTo(_) => Err(sense::cdb_bit(1, 0)),
        }
    }

    fn write_type_chosen(&self, disc: &mut Disc, jump: bool) -> Result<Change, Sense> {
        if disc.layers() != 2 || !disc.state.tracks.is_empty() || jump == layer_jump::is_on(disc) {
            return Ok(Change::default());
        }
        disc.state.jump_interval = if jump { self.layer_0(disc).unwrap_or(0) } else { 0 };
        disc.commit()?;
        Ok(Change { new_media: true })
    }
}
