//! DVD+RW of one layer (ECMA-337) and of two (ECMA-374): written anywhere in ECC blocks of 16 once its format has
//! begun; the rest of the format goes on in the background (MMC-6 clause 4, DVD+RW model, and 6.4, format type 26h).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::facts::{Facts, cav, clv};
use super::{
    Capacity, CapacityState, Change, Disc, DiscSummary, FormatRequest, Formattable, Layout, MediumSize,
    Rules, overwrite,
};
use crate::record::WriteParameters;
use crate::sense;
use crate::store::{DiscState, FormatState};

/// Blocks of an ECC block.
const UNIT: u32 = 16;
/// DVD+RW basic format.
const BASIC_FORMAT: u8 = 0x26;

/// A DVD+RW of one layer or two.
pub(super) struct DvdPlusRw {
    facts: Facts,
    profile: Profile,
}

/// 8, 6, 4 and 2.4 times 1,385 kB/s.
pub(super) static DVD_PLUS_RW: DvdPlusRw = DvdPlusRw {
    facts: Facts {
        media: MediaType::DVD_PLUS_RW,
        unit: UNIT,
        write: &[clv(11_080), clv(8_310), clv(5_540), clv(3_324)],
        read: cav(11_080),
        erasable: true,
        test_write: false,
    },
    profile: Profile::DVD_PLUS_RW,
};

/// 2.4 times 1,385 kB/s.
pub(super) static DVD_PLUS_RW_DL: DvdPlusRw = DvdPlusRw {
    facts: Facts {
        media: MediaType::DVD_PLUS_RW_DL,
        unit: UNIT,
        write: &[clv(3_324)],
        read: cav(11_080),
        erasable: true,
        test_write: false,
    },
    profile: Profile::DVD_PLUS_RW_DL,
};

impl Rules for DvdPlusRw {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn new_state(&self, size: MediumSize, formatted: bool) -> DiscState {
        let mut state = DiscState { user_blocks: size.blocks(), format_type: 0xFF, ..DiscState::default() };
        if formatted {
            state.format = FormatState::Complete;
            state.format_type = BASIC_FORMAT;
            state.formatted_blocks = size.blocks();
        }
        state
    }

    fn profile(&self, _disc: &Disc) -> Profile {
        self.profile
    }

    fn layout(&self, _disc: &Disc) -> Layout {
        Layout::Overwritable
    }

    fn mount(&self, disc: &mut Disc) -> Result<(), Sense> {
        // Power does not come back to a running format; the disc records how far it came.
        if disc.state.format == FormatState::Running {
            disc.state.format = FormatState::Stopped;
            return disc.commit();
        }
        Ok(())
    }

    fn summary(&self, disc: &Disc) -> DiscSummary {
        DiscSummary { background_format: disc.state.format as u8, ..overwrite::summary(disc) }
    }

    fn check_read(&self, disc: &Disc, lba: i32, blocks: u32) -> Result<(), Sense> {
        overwrite::check(disc, disc.state.user_blocks, lba, blocks)?;
        if disc.state.format == FormatState::Stopped {
            for at in (0..blocks).map(|n| lba.saturating_add_unsigned(n)) {
                if i64::from(at) >= i64::from(disc.state.formatted_blocks) && !disc.store.is_recorded(at) {
                    return Err(sense::OUT_OF_RANGE.with_information(super::block_bits(at)));
                }
            }
        }
        Ok(())
    }

    fn write(&self, disc: &mut Disc, _p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense> {
        overwrite::check(disc, disc.state.user_blocks, lba, super::blocks_of(data))?;
        // Blocks the stopped format has not reached can be written only after it has been taken up again.
        let end = i64::from(lba) + i64::from(super::blocks_of(data));
        if disc.state.format == FormatState::Stopped && end > i64::from(disc.state.formatted_blocks) {
            return Err(sense::INVALID_WRITE_ADDRESS.with_information(super::block_bits(lba)));
        }
        overwrite::write(disc, lba, data)
    }

    fn close(
        &self,
        disc: &mut Disc,
        _p: &WriteParameters,
        function: u8,
        _number: u16,
    ) -> Result<Change, Sense> {
        // 0 stops the format quickly, 2 also records a temporary lead-out for readers (MMC-6 6.3).
        if !matches!(function, 0 | 2) {
            return Err(sense::cdb_bit(2, 2));
        }
        if disc.state.format == FormatState::Running {
            disc.state.format = FormatState::Stopped;
            // What has been written lies in formatted blocks: the format stops behind it.
            let used = (0..disc.state.user_blocks / UNIT)
                .rev()
                .map(|u| u * UNIT)
                .find(|at| i32::try_from(*at).is_ok_and(|at| disc.store.is_recorded(at)))
                .map_or(0, |at| at + UNIT);
            disc.state.formatted_blocks = disc.state.formatted_blocks.max(used);
            if disc.state.formatted_blocks >= disc.state.user_blocks {
                disc.state.format = FormatState::Complete;
            }
            disc.commit()?;
        }
        disc.sync()?;
        Ok(Change { new_media: true })
    }

    fn formattable(&self) -> Option<&dyn Formattable> {
        Some(self)
    }
}

impl Formattable for DvdPlusRw {
    fn current(&self, disc: &Disc) -> (CapacityState, u32) {
        let formatted = overwrite::is_formatted(disc);
        (
            if formatted { CapacityState::Formatted } else { CapacityState::Unformatted },
            disc.state.user_blocks,
        )
    }

    fn offered(&self, disc: &Disc) -> Vec<Capacity> {
        vec![Capacity { blocks: disc.state.user_blocks, format_type: BASIC_FORMAT, parameter: 0 }]
    }

    fn format(&self, disc: &mut Disc, r: FormatRequest) -> Result<Change, Sense> {
        if r.format_type != BASIC_FORMAT || r.sub_type != 0 {
            return Err(sense::list_field(8));
        }
        if r.blocks != disc.state.user_blocks && r.blocks != u32::MAX {
            return Err(sense::list_field(4));
        }
        let restart = r.parameter & 1 != 0;
        match disc.state.format {
            FormatState::Running => return Err(sense::SEQUENCE),
            FormatState::Complete if restart => return Ok(Change::default()),
            FormatState::Stopped if restart => disc.state.format = FormatState::Running,
            FormatState::None if restart => return Err(sense::list_field(11)),
            _ => {
                disc.state.format = FormatState::Running;
                disc.state.format_type = BASIC_FORMAT;
                disc.state.formatted_blocks = 0;
                disc.clear()?;
            }
        }
        disc.commit()?;
        Ok(Change { new_media: true })
    }

    fn in_background(&self) -> bool {
        true
    }

    fn advance(&self, disc: &mut Disc, blocks: u32) -> Result<(), Sense> {
        if disc.state.format != FormatState::Running {
            return Ok(());
        }
        let all = disc.state.user_blocks;
        disc.state.formatted_blocks = disc.state.formatted_blocks.saturating_add(blocks).min(all);
        if disc.state.formatted_blocks == all {
            disc.state.format = FormatState::Complete;
        }
        disc.commit()
    }
}
