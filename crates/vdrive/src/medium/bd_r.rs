//! BD-R of one to four layers, sequential recording mode: ranges of clusters of 32 blocks (MMC-6 clause 4, BD-R model).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::dvd_plus::DATA_TRACK;
use super::facts::{Facts, clv};
use super::sequential::Sequence;
use super::spare::SpareChoices;
use super::{
    Capacity, CapacityState, Change, Disc, FormatRequest, Formattable, Layout, MediumSize, Reservation,
    Rules, TocSession, TocTrack,
};
use crate::record::WriteParameters;
use crate::sense;
use crate::store::{DiscState, FormatState};

/// Formats that BD-R knows: with the usual spare areas, and with those of the host's choice.
const FULL: u8 = 0x00;
const WITH_SPARE: u8 = 0x32;
/// Most ranges that can be written to at a time (MMC-6 clause 4, BD-R model).
pub(crate) const MAX_OPEN: u16 = 16;

const fn session_gap(_session: usize, _lead_out: i32) -> u32 {
    0
}

/// Ranges and sessions follow each other without a gap.
static SEQUENCE: Sequence = Sequence {
    unit: 32,
    track_gap: 0,
    session_gap,
    run_out: 0,
    shortest: 32,
    max_tracks: 7_927,
    max_sessions: 7_927,
    max_open: MAX_OPEN,
    packet: None,
    blank_mode: 1,
};

/// 6, 4 and 2 times 4,495.5 kB/s.
static FACTS: Facts = Facts {
    media: MediaType::BD_R,
    unit: 32,
    write: &[clv(26_973), clv(17_982), clv(8_991)],
    read: clv(26_973),
    erasable: false,
    test_write: false,
};

pub(super) struct BdR;

impl Rules for BdR {
    fn facts(&self) -> &Facts {
        &FACTS
    }

    fn new_state(&self, size: MediumSize, formatted: bool) -> DiscState {
        let state = DiscState { user_blocks: size.blocks(), format_type: 0xFF, ..DiscState::default() };
        if !formatted {
            return state;
        }
        DiscState {
            user_blocks: SpareChoices::of(size.blocks()).usual,
            format: FormatState::Complete,
            format_type: FULL,
            ..state
        }
    }

    fn profile(&self, _disc: &Disc) -> Profile {
        Profile::BD_R_SEQUENTIAL
    }

    fn layout(&self, _disc: &Disc) -> Layout {
        Layout::Sequential(&SEQUENCE)
    }

    fn toc(&self, disc: &Disc) -> Vec<TocSession> {
        let mut all = SEQUENCE.toc(disc);
        // There is no lead-in that would have to be recorded first: ranges that are closed can be seen although
        // their session is open.
        let number = u16::try_from(disc.state.sessions.len()).unwrap_or(u16::MAX);
        let seen: Vec<_> = (1u16..)
            .zip(&disc.state.tracks)
            .filter(|(_, t)| t.session == number && t.closed && !t.is_blank())
            .collect();
        if let Some((_, last)) = seen.last()
            && disc.state.sessions.last().is_some_and(|s| !s.closed)
        {
            all.push(TocSession {
                number,
                disc_type: 0,
                tracks: seen
                    .iter()
                    .map(|(n, t)| TocTrack { number: *n, start: t.start, control: t.control })
                    .collect(),
                lead_out: last.end(),
                next_start: SEQUENCE.next_start(disc),
            });
        }
        all
    }

    fn last_block(&self, disc: &Disc) -> i32 {
        // As the table of contents: up to the end of the last closed range.
        self.toc(disc).last().map_or(0, |s| s.lead_out.saturating_sub(1).max(0))
    }

    fn write(&self, disc: &mut Disc, _p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense> {
        let fresh = disc.state.format == FormatState::None;
        let change = SEQUENCE.write(disc, lba, data, DATA_TRACK)?;
        if fresh && !data.is_empty() {
            // The first write to a disc that nobody formatted makes it SRM without spare areas.
            disc.state.format = FormatState::Complete;
            disc.commit()?;
        }
        Ok(change)
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
            6 => SEQUENCE.close_session(disc, true)?,
            _ => return Err(sense::cdb_bit(2, 2)),
        };
        disc.sync()?;
        Ok(change)
    }

    fn reserve(&self, disc: &mut Disc, _p: &WriteParameters, by: Reservation) -> Result<(), Sense> {
        SEQUENCE.reserve(disc, by, DATA_TRACK)
    }

    fn formattable(&self) -> Option<&dyn Formattable> {
        Some(self)
    }
}

impl Formattable for BdR {
    fn current(&self, disc: &Disc) -> (CapacityState, u32) {
        if disc.state.format == FormatState::None {
            (CapacityState::Unformatted, disc.state.user_blocks)
        } else {
            (CapacityState::Formatted, disc.state.user_blocks)
        }
    }

    fn offered(&self, disc: &Disc) -> Vec<Capacity> {
        if disc.state.format != FormatState::None {
            return Vec::new();
        }
        let c = SpareChoices::of(disc.store.geometry().blocks);
        let of = |format_type, blocks| {
            let parameter = if format_type == FULL { c.spare_clusters(blocks) } else { 0 };
            Capacity { blocks, format_type, parameter }
        };
        vec![of(FULL, c.usual), of(WITH_SPARE, c.usual), of(WITH_SPARE, c.most), of(WITH_SPARE, c.least)]
    }

    fn format(&self, disc: &mut Disc, r: FormatRequest) -> Result<Change, Sense> {
        // Once only: a written or formatted write-once disc stays as it is.
        if disc.state.format != FormatState::None || !disc.state.tracks.is_empty() {
            return Err(sense::CANNOT_FORMAT);
        }
        // Sub-types 00b and 01b: sequential recording, with pseudo-overwrite where the drive has that. Random
        // recording is not offered.
        if r.sub_type > 1 {
            return Err(sense::list_field(8));
        }
        let c = SpareChoices::of(disc.store.geometry().blocks);
        disc.state.user_blocks = match r.format_type {
            FULL => c.usual,
            WITH_SPARE => c.nearest(r.blocks),
            _ => return Err(sense::list_field(8)),
        };
        disc.state.format = FormatState::Complete;
        disc.state.format_type = r.format_type;
        disc.state.format_sub_type = r.sub_type;
        disc.commit()?;
        Ok(Change { new_media: true })
    }
}
