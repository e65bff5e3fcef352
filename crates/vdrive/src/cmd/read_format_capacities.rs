//! READ FORMAT CAPACITIES (MMC-6 6.23).

use glassmaster_mmc::U24;
use glassmaster_mmc::cmd::{
    CapacityType, CurrentCapacity, FormatCapacities, FormatType, FormattableCapacity,
};
use glassmaster_scsi::Sense;

use crate::drive::VirtualDrive;
use crate::medium::{CapacityState, Disc, Fill};

/// Greatest capacity of any medium the drive takes.
const LARGEST: u32 = 62_500_864;

pub(super) fn answer(d: &VirtualDrive) -> Result<FormatCapacities, Sense> {
    let block_length = U24::new(2048).unwrap_or_default();
    let Some(disc) = d.loaded() else {
        let current = CurrentCapacity { blocks: LARGEST, kind: CapacityType::NO_MEDIA, block_length };
        return Ok(FormatCapacities { current, formattable: Vec::new() });
    };
    let (kind, blocks) = current(disc);
    let formattable = disc
        .rules()
        .formattable()
        .map(|f| f.offered(disc))
        .unwrap_or_default()
        .into_iter()
        .map(|o| FormattableCapacity {
            blocks: o.blocks,
            kind: FormatType(o.format_type),
            dependent: U24::new(o.parameter).unwrap_or_default(),
        })
        .collect();
    Ok(FormatCapacities { current: CurrentCapacity { blocks, kind, block_length }, formattable })
}

fn current(disc: &Disc) -> (CapacityType, u32) {
    let rules = disc.rules();
    let (state, blocks) = match rules.formattable() {
        Some(f) => f.current(disc),
        None if rules.summary(disc).disc == Fill::Empty => {
            (CapacityState::Unformatted, disc.state.user_blocks)
        }
        None => {
            let blocks = u32::try_from(rules.last_block(disc)).unwrap_or(0).saturating_add(1);
            (CapacityState::Formatted, blocks)
        }
    };
    let kind = match state {
        CapacityState::Unformatted => CapacityType::UNFORMATTED,
        CapacityState::Formatted => CapacityType::FORMATTED,
        // The same code as without a medium: no capacity that could be relied on.
        CapacityState::Unknown => CapacityType::NO_MEDIA,
    };
    (kind, blocks)
}
