//! A removable disk whose blocks can be written in any order, with its own defect management (MMC-6 profile 0002h).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::facts::{Facts, clv};
use super::{
    Capacity, CapacityState, Change, Disc, DiscSummary, Fill, FormatRequest, Formattable, Layout, MediumSize,
    Rules, overwrite,
};
use crate::record::WriteParameters;
use crate::sense;
use crate::store::{DiscState, FormatState};

static FACTS: Facts = Facts {
    media: MediaType::DISK,
    unit: 1,
    write: &[clv(4_000)],
    read: clv(8_000),
    erasable: true,
    test_write: false,
};

pub(super) struct Disk;

impl Rules for Disk {
    fn facts(&self) -> &Facts {
        &FACTS
    }

    fn new_state(&self, size: MediumSize, _formatted: bool) -> DiscState {
        DiscState {
            user_blocks: size.blocks(),
            format: FormatState::Complete,
            format_type: 0x00,
            ..DiscState::default()
        }
    }

    fn profile(&self, _disc: &Disc) -> Profile {
        Profile::REMOVABLE_DISK
    }

    fn layout(&self, _disc: &Disc) -> Layout {
        Layout::Overwritable
    }

    fn summary(&self, disc: &Disc) -> DiscSummary {
        // Neither blank nor complete nor anything between (MMC-6 6.21, disc status 11b).
        DiscSummary { disc: Fill::Other, ..overwrite::summary(disc) }
    }

    fn write(&self, disc: &mut Disc, _p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense> {
        overwrite::write(disc, lba, data)
    }

    fn close(
        &self,
        _disc: &mut Disc,
        _p: &WriteParameters,
        _function: u8,
        _number: u16,
    ) -> Result<Change, Sense> {
        Err(sense::cdb_bit(2, 2))
    }

    fn formattable(&self) -> Option<&dyn Formattable> {
        Some(self)
    }
}

impl Formattable for Disk {
    fn current(&self, disc: &Disc) -> (CapacityState, u32) {
        (CapacityState::Formatted, disc.state.user_blocks)
    }

    fn offered(&self, disc: &Disc) -> Vec<Capacity> {
        vec![Capacity { blocks: disc.state.user_blocks, format_type: 0x00, parameter: 2_048 }]
    }

    fn format(&self, disc: &mut Disc, r: FormatRequest) -> Result<Change, Sense> {
        if r.format_type != 0x00 || r.sub_type != 0 {
            return Err(sense::list_field(8));
        }
        if r.blocks != disc.state.user_blocks {
            return Err(sense::list_field(4));
        }
        disc.clear()?;
        Ok(Change { new_media: true })
    }

    fn certified(&self, disc: &Disc, _r: FormatRequest) -> u32 {
        disc.state.user_blocks
    }
}
