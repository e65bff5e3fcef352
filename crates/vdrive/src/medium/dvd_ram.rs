//! DVD-RAM (ECMA-330, ECMA-272): written anywhere, sold formatted, with spare areas for defects (MMC-6 clause 4, DVD-RAM
//! model).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::facts::{Facts, clv};
use super::{
    Capacity, CapacityState, Change, Disc, FormatRequest, Formattable, Layout, MediumSize, Rules, overwrite,
};
use crate::record::WriteParameters;
use crate::sense;
use crate::store::{DiscState, FormatState};

/// User area of a 4.7 GB disc as it is sold, with a supplementary spare area of 58,368 blocks.
const USUAL_4_7: u32 = 2_236_704;
/// With the largest supplementary spare area this drive gives.
const LEAST_4_7: u32 = 2_143_456;
/// Bytes of a block, the type dependent parameter of DVD-RAM formats.
const BLOCK_LENGTH: u32 = 2_048;
/// Full format; spare area expansion.
const FULL: u8 = 0x00;
const SPARE_EXPANSION: u8 = 0x01;

/// 5, 3 and 2 times 1,385 kB/s, zoned.
static FACTS: Facts = Facts {
    media: MediaType::DVD_RAM,
    unit: 16,
    write: &[clv(6_925), clv(4_155), clv(2_770)],
    read: clv(6_925),
    erasable: true,
    test_write: false,
};

pub(super) struct DvdRam;

/// The user areas a disc can be formatted to, the usual one first.
fn sizes(disc: &Disc) -> Vec<u32> {
    let most = disc.store.geometry().blocks;
    if most > USUAL_4_7 { vec![USUAL_4_7, most] } else { vec![most] }
}

impl Rules for DvdRam {
    fn facts(&self) -> &Facts {
        &FACTS
    }

    fn new_state(&self, size: MediumSize, _formatted: bool) -> DiscState {
        DiscState {
            user_blocks: size.blocks().min(USUAL_4_7),
            format: FormatState::Complete,
            format_type: FULL,
            ..DiscState::default()
        }
    }

    fn profile(&self, _disc: &Disc) -> Profile {
        Profile::DVD_RAM
    }

    fn layout(&self, _disc: &Disc) -> Layout {
        Layout::Overwritable
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
        // Nothing on the disc is ever open.
        Err(sense::cdb_bit(2, 2))
    }

    fn formattable(&self) -> Option<&dyn Formattable> {
        Some(self)
    }
}

impl Formattable for DvdRam {
    fn current(&self, disc: &Disc) -> (CapacityState, u32) {
        (CapacityState::Formatted, disc.state.user_blocks)
    }

    fn offered(&self, disc: &Disc) -> Vec<Capacity> {
        let of = |format_type, blocks| Capacity { blocks, format_type, parameter: BLOCK_LENGTH };
        let mut list: Vec<Capacity> = sizes(disc).into_iter().map(|b| of(FULL, b)).collect();
        // The spare area can only grow.
        if sizes(disc).len() > 1 && disc.state.user_blocks > LEAST_4_7 {
            list.push(of(SPARE_EXPANSION, LEAST_4_7));
        }
        list
    }

    fn format(&self, disc: &mut Disc, r: FormatRequest) -> Result<Change, Sense> {
        if r.sub_type != 0 {
            return Err(sense::list_field(8));
        }
        let offered = self.offered(disc);
        if !offered.iter().any(|o| o.format_type == r.format_type) {
            return Err(sense::list_field(8));
        }
        if !offered.iter().any(|o| o.format_type == r.format_type && o.blocks == r.blocks) {
            return Err(sense::list_field(4));
        }
        disc.state.user_blocks = r.blocks;
        disc.state.format_type = r.format_type;
        if r.format_type == SPARE_EXPANSION {
            // What lies in the smaller user area stays.
            disc.commit()?;
        } else {
            disc.clear()?;
        }
        Ok(Change { new_media: true })
    }

    fn certified(&self, disc: &Disc, r: FormatRequest) -> u32 {
        if r.format_type == FULL { disc.state.user_blocks } else { 0 }
    }
}
