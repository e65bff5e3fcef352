//! BD-RE, single layer: written anywhere in clusters of 32 once it is formatted (MMC-6 clause 4, BD-RE model).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::bd_r::{BLOCKS, BLOCKS_DEFAULT_SPARE, BLOCKS_LEAST_SPARE, BLOCKS_MOST_SPARE, spare_choice};
use super::{
    Capacity, CapacityState, Change, Disc, DiscSummary, FormatRequest, Formattable, MediumOptions, Rules,
    TocSession, TrackView, overwrite,
};
use crate::record::WriteParameters;
use crate::sense;
use crate::store::{DiscState, FormatState, Geometry};

const UNIT: u32 = 32;

pub(super) struct BdRe;

impl Rules for BdRe {
    fn media(&self) -> MediaType {
        MediaType::BD_RE
    }

    fn geometry(&self, _options: &MediumOptions) -> Geometry {
        Geometry { media: self.media(), first_lba: 0, blocks: BLOCKS, unit: UNIT }
    }

    fn new_state(&self, options: &MediumOptions) -> DiscState {
        let mut state = DiscState { user_blocks: BLOCKS, format_type: 0xFF, ..DiscState::default() };
        if options.formatted {
            state.format = FormatState::Complete;
            state.format_type = 0x00;
            state.user_blocks = BLOCKS_DEFAULT_SPARE;
        }
        state
    }

    fn profile(&self, _disc: &Disc) -> Profile {
        Profile(0x0043)
    }

    fn write_speeds(&self) -> &'static [u32] {
        // 2 times 4,495.5 kB/s and once.
        &[8_991, 4_495]
    }

    fn read_speed(&self) -> u32 {
        26_973
    }

    fn summary(&self, disc: &Disc) -> DiscSummary {
        overwrite::summary(disc, 0)
    }

    fn tracks(&self, disc: &Disc) -> Vec<TrackView> {
        overwrite::tracks(disc, UNIT)
    }

    fn toc(&self, disc: &Disc) -> Vec<TocSession> {
        overwrite::toc(disc)
    }

    fn last_block(&self, disc: &Disc) -> i32 {
        overwrite::last_block(disc)
    }

    fn check_read(&self, disc: &Disc, lba: i32, blocks: u32) -> Result<(), Sense> {
        overwrite::check(disc, lba, blocks)
    }

    fn write(&self, disc: &mut Disc, _p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense> {
        overwrite::write(disc, lba, data)
    }

    fn synchronize(&self, disc: &mut Disc, _p: &WriteParameters) -> Result<Change, Sense> {
        disc.sync()?;
        Ok(Change::default())
    }

    fn close(
        &self,
        disc: &mut Disc,
        _p: &WriteParameters,
        function: u8,
        _number: u16,
    ) -> Result<Change, Sense> {
        // There is nothing to close; the general "no operation" form of the command is accepted.
        if function == 0 {
            disc.sync()?;
            return Ok(Change::default());
        }
        Err(sense::cdb_bit(2, 2))
    }

    fn formattable(&self) -> Option<&dyn Formattable> {
        Some(self)
    }
}

impl Formattable for BdRe {
    fn current(&self, disc: &Disc) -> (CapacityState, u32) {
        if overwrite::is_formatted(disc) {
            (CapacityState::Formatted, disc.state.user_blocks)
        } else {
            (CapacityState::Unformatted, BLOCKS_DEFAULT_SPARE)
        }
    }

    fn offered(&self, _disc: &Disc) -> Vec<Capacity> {
        let of = |format_type, blocks| Capacity { blocks, format_type, parameter: 0 };
        vec![
            of(0x00, BLOCKS_DEFAULT_SPARE),
            of(0x30, BLOCKS_DEFAULT_SPARE),
            of(0x30, BLOCKS_MOST_SPARE),
            of(0x30, BLOCKS_LEAST_SPARE),
            of(0x31, BLOCKS),
        ]
    }

    fn format(&self, disc: &mut Disc, r: FormatRequest) -> Result<Change, Sense> {
        let blocks = match r.format_type {
            0x00 => BLOCKS_DEFAULT_SPARE,
            0x30 => spare_choice(r.blocks),
            0x31 => BLOCKS,
            _ => return Err(sense::list_field(8)),
        };
        disc.state.user_blocks = blocks;
        disc.state.format = FormatState::Complete;
        disc.state.format_type = r.format_type;
        disc.state.format_sub_type = r.sub_type;
        disc.clear()?;
        Ok(Change { new_media: true })
    }
}
