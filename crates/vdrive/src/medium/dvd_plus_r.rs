//! DVD+R, single layer: fragments and sessions in ECC blocks of 16 (MMC-6 clause 4, DVD+R model; ECMA-349).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::sequential::Sequence;
use super::{Change, Disc, DiscSummary, MediumOptions, Reservation, Rules, TocSession, TrackView};
use crate::record::WriteParameters;
use crate::sense;
use crate::store::{DiscState, Geometry, Track};

/// User area of a 120 mm single-layer disc.
const BLOCKS: u32 = 2_295_104;
/// Closure at the end of a session; the intro of the next one is as long.
const CLOSURE: i32 = 1_024;
/// Fragments of a session are parted by one run-in ECC block; a closed session ends in a closure of 1,024
/// blocks and the next one begins with an intro of the same length (ECMA-349 22 to 24).
const SEQUENCE: Sequence = Sequence {
    unit: 16,
    track_gap: 16,
    first_session_gap: 1_024 + 1_024,
    session_gap: 1_024 + 1_024,
    run_out: 0,
    shortest: 16,
    max_tracks: 255,
    max_sessions: 191,
    blank_mode: 1,
};

pub(super) const DATA_TRACK: Track = Track {
    session: 0,
    start: 0,
    reserved: 0,
    next: 0,
    run_out: 0,
    closed: false,
    damaged: false,
    at_once: false,
    control: 4,
    mode: 1,
};

pub(super) struct DvdPlusR;

impl Rules for DvdPlusR {
    fn media(&self) -> MediaType {
        MediaType::DVD_PLUS_R
    }

    fn geometry(&self, _options: &MediumOptions) -> Geometry {
        Geometry { media: self.media(), first_lba: 0, blocks: BLOCKS, unit: 16 }
    }

    fn new_state(&self, _options: &MediumOptions) -> DiscState {
        DiscState { user_blocks: BLOCKS, format_type: 0xFF, ..DiscState::default() }
    }

    fn profile(&self, _disc: &Disc) -> Profile {
        Profile(0x001B)
    }

    fn write_speeds(&self) -> &'static [u32] {
        // 16, 12, 8, 6 and 4 times 1,385 kB/s.
        &[22_160, 16_620, 11_080, 8_310, 5_540]
    }

    fn read_speed(&self) -> u32 {
        22_160
    }

    fn summary(&self, disc: &Disc) -> DiscSummary {
        let mut s = SEQUENCE.summary(disc);
        // Where the next intro will stand; 0 while there is no session (MMC-6 6.21, Last Session Lead-in Start Address).
        s.next_lead_in = s.next_lead_in.map(|_| {
            disc.state.sessions.iter().rfind(|x| x.closed).map_or(0, |x| x.lead_out.saturating_add(CLOSURE))
        });
        s
    }

    fn tracks(&self, disc: &Disc) -> Vec<TrackView> {
        SEQUENCE.tracks(disc)
    }

    fn toc(&self, disc: &Disc) -> Vec<TocSession> {
        SEQUENCE.toc(disc)
    }

    fn last_block(&self, disc: &Disc) -> i32 {
        SEQUENCE.last_block(disc)
    }

    fn check_read(&self, disc: &Disc, lba: i32, blocks: u32) -> Result<(), Sense> {
        SEQUENCE.check_read(disc, lba, blocks)
    }

    fn write(&self, disc: &mut Disc, _p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense> {
        SEQUENCE.write(disc, lba, data, DATA_TRACK)
    }

    fn synchronize(&self, disc: &mut Disc, _p: &WriteParameters) -> Result<Change, Sense> {
        SEQUENCE.pad_units(disc)?;
        disc.sync()?;
        Ok(Change::default())
    }

    fn close(
        &self,
        disc: &mut Disc,
        _p: &WriteParameters,
        function: u8,
        number: u16,
    ) -> Result<Change, Sense> {
        let change = match function {
            1 => SEQUENCE.close_track(disc, number)?,
            2 => SEQUENCE.close_session(disc, false)?,
            // With the lead-out out to 30 mm at least, or only as far as needed: the same on a disc without radii.
            5 | 6 => SEQUENCE.close_session(disc, true)?,
            _ => return Err(sense::cdb_bit(2, 2)),
        };
        disc.sync()?;
        Ok(change)
    }

    fn reserve(&self, disc: &mut Disc, _p: &WriteParameters, by: Reservation) -> Result<(), Sense> {
        SEQUENCE.reserve(disc, by, DATA_TRACK)
    }
}
