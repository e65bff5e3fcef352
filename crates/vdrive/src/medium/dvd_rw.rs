//! DVD-RW (ECMA-338): recorded sequentially like a DVD-R, or written anywhere in whole ECC blocks after a format has
//! brought it into restricted overwrite mode (MMC-6 clause 4, DVD-RW model; 6.4).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::dvd_dash::{DvdDash, SEQUENCE};
use super::facts::{Facts, cav, clv};
use super::{
    Capacity, CapacityState, Change, Disc, DiscSummary, Fill, FormatRequest, Formattable, Layout, MediumSize,
    Reservation, Rules, TrackView, block_bits, blocks_of, erase, overwrite,
};
use crate::record::WriteParameters;
use crate::sense;
use crate::store::{DiscState, FormatState};

/// Format types (MMC-6 6.4): full, full for packets, grow, quick grow, quick.
const FULL: u8 = 0x00;
const FULL_PACKET: u8 = 0x10;
const GROW: u8 = 0x11;
const QUICK_GROW: u8 = 0x13;
const QUICK: u8 = 0x15;
/// Blocks of an ECC block, the type dependent parameter of all formats.
const UNIT: u32 = 16;

/// 6, 4 and 2 times 1,385 kB/s.
static DASH: DvdDash = DvdDash {
    facts: Facts {
        media: MediaType::DVD_RW,
        unit: UNIT,
        write: &[clv(8_310), clv(5_540), clv(2_770)],
        read: cav(16_620),
        erasable: true,
        test_write: true,
    },
    profile: Profile::DVD_RW_SEQUENTIAL,
    single_border: false,
};

pub(super) struct DvdRw;

/// In restricted overwrite mode; its blocks are formatted from 0 up to `formatted_blocks`.
fn is_restricted(disc: &Disc) -> bool {
    disc.state.format != FormatState::None
}

impl Rules for DvdRw {
    fn facts(&self) -> &Facts {
        &DASH.facts
    }

    fn new_state(&self, size: MediumSize, formatted: bool) -> DiscState {
        let state = DiscState { user_blocks: size.blocks(), format_type: 0xFF, ..DiscState::default() };
        if !formatted {
            return state;
        }
        DiscState {
            format: FormatState::Complete,
            format_type: FULL,
            formatted_blocks: size.blocks(),
            ..state
        }
    }

    fn profile(&self, disc: &Disc) -> Profile {
        if is_restricted(disc) { Profile::DVD_RW_RESTRICTED_OVERWRITE } else { Profile::DVD_RW_SEQUENTIAL }
    }

    fn layout(&self, disc: &Disc) -> Layout {
        if is_restricted(disc) { Layout::Overwritable } else { Layout::Sequential(&SEQUENCE) }
    }

    fn formatted_end(&self, disc: &Disc) -> u32 {
        disc.state.formatted_blocks
    }

    fn summary(&self, disc: &Disc) -> DiscSummary {
        if !is_restricted(disc) {
            return DiscSummary { erasable: true, ..SEQUENCE.summary(disc) };
        }
        let s = overwrite::summary(disc);
        if disc.state.intermediate {
            return DiscSummary { disc: Fill::Incomplete, last_session: Fill::Incomplete, ..s };
        }
        s
    }

    fn tracks(&self, disc: &Disc) -> Vec<TrackView> {
        if !is_restricted(disc) {
            return SEQUENCE.tracks(disc);
        }
        let mut all = overwrite::tracks(disc, self.formatted_end(disc), UNIT);
        if let Some(t) = all.first_mut().filter(|_| disc.state.intermediate) {
            // Behind the formatted blocks the session can grow.
            t.free = disc.state.user_blocks - disc.state.formatted_blocks;
            t.next_writable = i32::try_from(disc.state.formatted_blocks).ok().filter(|_| t.free > 0);
            t.size = disc.state.user_blocks;
        }
        all
    }

    fn write(&self, disc: &mut Disc, p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense> {
        if !is_restricted(disc) {
            return DASH.write(disc, p, lba, data);
        }
        let bits = block_bits(lba);
        let blocks = blocks_of(data);
        let end = i64::from(lba) + i64::from(blocks);
        if lba < 0 || end > i64::from(disc.state.user_blocks) {
            return Err(sense::OUT_OF_RANGE.with_information(bits));
        }
        // Whole ECC blocks only.
        if !lba.cast_unsigned().is_multiple_of(UNIT) || !blocks.is_multiple_of(UNIT) {
            return Err(sense::INVALID_WRITE_ADDRESS.with_information(bits));
        }
        let formatted = i64::from(disc.state.formatted_blocks);
        if end > formatted {
            if !disc.state.intermediate {
                return Err(sense::OUT_OF_RANGE.with_information(bits));
            }
            if i64::from(lba) > formatted {
                return Err(sense::INVALID_WRITE_ADDRESS.with_information(bits));
            }
        }
        disc.put(lba, data)?;
        if end > formatted {
            disc.state.formatted_blocks = u32::try_from(end).unwrap_or(u32::MAX);
            disc.commit()?;
        }
        Ok(Change::default())
    }

    fn synchronize(&self, disc: &mut Disc, p: &WriteParameters) -> Result<Change, Sense> {
        if !is_restricted(disc) {
            return DASH.synchronize(disc, p);
        }
        disc.sync()?;
        Ok(Change::default())
    }

    fn close(
        &self,
        disc: &mut Disc,
        p: &WriteParameters,
        function: u8,
        number: u16,
    ) -> Result<Change, Sense> {
        if !is_restricted(disc) {
            return DASH.close(disc, p, function, number);
        }
        // The intermediate border becomes complete, with a lead-out for readers under 011b.
        if !matches!(function, 2 | 3) {
            return Err(sense::cdb_bit(2, 2));
        }
        let was = disc.state.intermediate;
        disc.state.intermediate = false;
        disc.commit()?;
        disc.sync()?;
        Ok(Change { new_media: was })
    }

    fn reserve(&self, disc: &mut Disc, p: &WriteParameters, by: Reservation) -> Result<(), Sense> {
        if is_restricted(disc) { Err(sense::ILLEGAL_MODE) } else { DASH.reserve(disc, p, by) }
    }

    fn blank(&self, disc: &mut Disc, kind: u8, start: u32) -> Result<Change, Sense> {
        // A formatted disc has neither RZones nor borders that could be blanked one by one.
        if is_restricted(disc) && kind > 1 {
            return Err(sense::ILLEGAL_MODE);
        }
        let change = erase::blank(disc, kind, start)?;
        if kind == 1 {
            disc.state.minimally_blanked = true;
            disc.commit()?;
        }
        Ok(change)
    }

    fn formattable(&self) -> Option<&dyn Formattable> {
        Some(self)
    }
}

impl Formattable for DvdRw {
    fn current(&self, disc: &Disc) -> (CapacityState, u32) {
        if is_restricted(disc) {
            return if disc.state.intermediate {
                (CapacityState::Unknown, disc.state.user_blocks)
            } else {
                (CapacityState::Formatted, disc.state.formatted_blocks)
            };
        }
        if disc.state.tracks.is_empty() {
            return (CapacityState::Unformatted, disc.state.user_blocks);
        }
        let blocks = u32::try_from(SEQUENCE.last_block(disc)).unwrap_or(0).saturating_add(1);
        (CapacityState::Formatted, blocks)
    }

    fn offered(&self, disc: &Disc) -> Vec<Capacity> {
        let of = |format_type, blocks| Capacity { blocks, format_type, parameter: UNIT };
        let all = disc.state.user_blocks;
        let mut list = vec![of(FULL, all), of(FULL_PACKET, all)];
        if is_restricted(disc) && !disc.state.intermediate {
            let more = all - disc.state.formatted_blocks;
            list.extend([of(GROW, more), of(QUICK_GROW, more)]);
        }
        list.push(of(QUICK, all));
        list
    }

    fn format(&self, disc: &mut Disc, r: FormatRequest) -> Result<Change, Sense> {
        if r.sub_type != 0 {
            return Err(sense::list_field(8));
        }
        let all = disc.state.user_blocks;
        let blocks = r.blocks.checked_next_multiple_of(UNIT).filter(|b| *b <= all);
        let blocks = blocks.ok_or_else(|| sense::list_field(4))?;
        match r.format_type {
            FULL | FULL_PACKET if blocks == 0 => return Err(sense::list_field(4)),
            FULL | FULL_PACKET | QUICK => {
                erase::whole(disc)?;
                disc.state.format = FormatState::Complete;
                disc.state.formatted_blocks = blocks;
                disc.state.intermediate = r.format_type == QUICK;
            }
            GROW | QUICK_GROW => {
                // Only a complete border can grow.
                if !is_restricted(disc) || disc.state.intermediate {
                    return Err(sense::list_field(8));
                }
                let grown = disc.state.formatted_blocks.saturating_add(blocks);
                if grown > all {
                    return Err(sense::list_field(4));
                }
                disc.state.formatted_blocks = grown;
                disc.state.intermediate = r.format_type == QUICK_GROW;
            }
            _ => return Err(sense::list_field(8)),
        }
        disc.state.format_type = r.format_type;
        disc.commit()?;
        Ok(Change { new_media: true })
    }

    fn certified(&self, disc: &Disc, r: FormatRequest) -> u32 {
        // Every block is written once, but for the quick ones.
        match r.format_type {
            FULL | FULL_PACKET | GROW => r.blocks.min(disc.state.user_blocks),
            _ => 0,
        }
    }
}
