//! BD-RE of one to three layers: written anywhere in clusters of 32 once it is formatted (MMC-6 clause 4, BD-RE model).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::facts::{Facts, clv};
use super::spare::SpareChoices;
use super::{
    Capacity, CapacityState, Change, Disc, FormatRequest, Formattable, Layout, MediumSize, Rules, overwrite,
};
use crate::record::WriteParameters;
use crate::sense;
use crate::store::{DiscState, FormatState};

/// Formats that BD-RE knows: with the usual spare areas, with those of the host's choice, without.
const FULL: u8 = 0x00;
const WITH_SPARE: u8 = 0x30;
const WITHOUT_SPARE: u8 = 0x31;

/// 2 times 4,495.5 kB/s and once.
static FACTS: Facts = Facts {
    media: MediaType::BD_RE,
    unit: 32,
    write: &[clv(8_991), clv(4_495)],
    read: clv(26_973),
    erasable: true,
    test_write: false,
};

pub(super) struct BdRe;

impl Rules for BdRe {
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
        Profile::BD_RE
    }

    fn layout(&self, _disc: &Disc) -> Layout {
        Layout::Overwritable
    }

    fn write(&self, disc: &mut Disc, _p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense> {
        overwrite::write(disc, lba, data)
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
            (CapacityState::Unformatted, SpareChoices::of(disc.store.geometry().blocks).usual)
        }
    }

    fn offered(&self, disc: &Disc) -> Vec<Capacity> {
        let c = SpareChoices::of(disc.store.geometry().blocks);
        let of = |format_type, blocks| {
            // MMC-6 6.23: the block length.
            let parameter = if format_type == FULL { 2_048 } else { 0 };
            Capacity { blocks, format_type, parameter }
        };
        vec![
            of(FULL, c.usual),
            of(WITH_SPARE, c.usual),
            of(WITH_SPARE, c.most),
            of(WITH_SPARE, c.least),
            of(WITHOUT_SPARE, c.whole),
        ]
    }

    fn format(&self, disc: &mut Disc, r: FormatRequest) -> Result<Change, Sense> {
        let c = SpareChoices::of(disc.store.geometry().blocks);
        disc.state.user_blocks = match r.format_type {
            FULL => c.usual,
            WITH_SPARE => c.nearest(r.blocks),
            WITHOUT_SPARE => c.whole,
            _ => return Err(sense::list_field(8)),
        };
        disc.state.format = FormatState::Complete;
        disc.state.format_type = r.format_type;
        disc.state.format_sub_type = r.sub_type;
        disc.clear()?;
        Ok(Change { new_media: true })
    }

    fn certified(&self, disc: &Disc, r: FormatRequest) -> u32 {
        // Sub-type 10b asks for full certification, 00b for a quick reformat (MMC-6 6.4, format types 30h and 31h).
        if r.sub_type == 2 { disc.state.user_blocks } else { 0 }
    }
}
