//! BD-R, single layer, sequential recording mode: ranges of clusters of 32 blocks (MMC-6 clause 4, BD-R model).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::dvd_plus_r::DATA_TRACK;
use super::sequential::Sequence;
use super::{
    Capacity, CapacityState, Change, Disc, DiscSummary, FormatRequest, Formattable, MediumOptions,
    Reservation, Rules, TocSession, TocTrack, TrackView,
};
use crate::record::WriteParameters;
use crate::sense;
use crate::store::{DiscState, FormatState, Geometry};

/// User area of a 25 GB layer without spare areas.
pub(super) const BLOCKS: u32 = 12_219_392;
/// The same with the spare areas a drive gives by default.
pub(super) const BLOCKS_DEFAULT_SPARE: u32 = 11_826_176;
/// With the largest spare areas.
pub(super) const BLOCKS_MOST_SPARE: u32 = 5_796_864;
/// With the smallest.
pub(super) const BLOCKS_LEAST_SPARE: u32 = 12_088_320;

/// Ranges and sessions follow each other without a gap.
const SEQUENCE: Sequence = Sequence {
    unit: 32,
    track_gap: 0,
    first_session_gap: 0,
    session_gap: 0,
    run_out: 0,
    shortest: 32,
    max_tracks: 7_927,
    max_sessions: 7_927,
    blank_mode: 1,
};

pub(super) struct BdR;

impl Rules for BdR {
    fn media(&self) -> MediaType {
        MediaType::BD_R
    }

    fn geometry(&self, _options: &MediumOptions) -> Geometry {
        Geometry { media: self.media(), first_lba: 0, blocks: BLOCKS, unit: 32 }
    }

    fn new_state(&self, _options: &MediumOptions) -> DiscState {
        DiscState { user_blocks: BLOCKS, format_type: 0xFF, ..DiscState::default() }
    }

    fn profile(&self, _disc: &Disc) -> Profile {
        Profile(0x0041)
    }

    fn write_speeds(&self) -> &'static [u32] {
        // 6, 4 and 2 times 4,495.5 kB/s.
        &[26_973, 17_982, 8_991]
    }

    fn read_speed(&self) -> u32 {
        26_973
    }

    fn summary(&self, disc: &Disc) -> DiscSummary {
        SEQUENCE.summary(disc)
    }

    fn tracks(&self, disc: &Disc) -> Vec<TrackView> {
        SEQUENCE.tracks(disc)
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

    fn check_read(&self, disc: &Disc, lba: i32, blocks: u32) -> Result<(), Sense> {
        SEQUENCE.check_read(disc, lba, blocks)
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
            (CapacityState::Unformatted, BLOCKS)
        } else {
            (CapacityState::Formatted, disc.state.user_blocks)
        }
    }

    fn offered(&self, disc: &Disc) -> Vec<Capacity> {
        if disc.state.format != FormatState::None {
            return Vec::new();
        }
        let of = |format_type, blocks| Capacity { blocks, format_type, parameter: 0 };
        vec![
            of(0x00, BLOCKS_DEFAULT_SPARE),
            of(0x32, BLOCKS_DEFAULT_SPARE),
            of(0x32, BLOCKS_MOST_SPARE),
            of(0x32, BLOCKS_LEAST_SPARE),
        ]
    }

    fn format(&self, disc: &mut Disc, r: FormatRequest) -> Result<Change, Sense> {
        // Once only: a written or formatted write-once disc stays as it is.
        if disc.state.format != FormatState::None || !disc.state.tracks.is_empty() {
            return Err(sense::CANNOT_FORMAT);
        }
        let blocks = match r.format_type {
            0x00 => BLOCKS_DEFAULT_SPARE,
            // Sub-type 00b: sequential recording. Random and pseudo-overwrite recording are not offered.
            0x32 if r.sub_type == 0 => spare_choice(r.blocks),
            0x32 => return Err(sense::list_field(8)),
            _ => return Err(sense::list_field(8)),
        };
        disc.state.user_blocks = blocks;
        disc.state.format = FormatState::Complete;
        disc.state.format_type = r.format_type;
        disc.state.format_sub_type = r.sub_type;
        disc.commit()?;
        Ok(Change { new_media: true })
    }
}

/// The drive sets aside at least the spare blocks that the wanted capacity leaves over.
pub(super) fn spare_choice(wanted: u32) -> u32 {
    if wanted >= BLOCKS_LEAST_SPARE {
        BLOCKS_LEAST_SPARE
    } else if wanted >= BLOCKS_DEFAULT_SPARE {
        BLOCKS_DEFAULT_SPARE
    } else {
        // Any whole number of clusters down to the smallest user area.
        (wanted - wanted % 32).max(BLOCKS_MOST_SPARE)
    }
}
