//! The virtual allocation table (UDF 2.2.11).

use glassmaster_disc::BlockSource;

use super::field;
use super::files::Walk;
use super::space::Use;
use crate::raw::icb_tag::TYPE_UNSPECIFIED;
use crate::raw::vat::{TYPE_VAT, UNUSED, Vat};
use crate::read::BlockAddress;
use crate::read::extents::Form;
use crate::read::partition::Mapping;

/// Bytes of a table that are read.
const LIMIT: u64 = 64 << 20;

/// Checks the table in use, if there is one; its sector and the files and directories that it counts.
pub(super) fn check<S: BlockSource>(walk: &mut Walk<'_, '_, S>) -> Option<(u64, u32, u32)> {
    let mounted = walk.volume.shape.vat.as_ref()?;
    let physical = walk.volume.shape.partitions.iter().find_map(|place| match &place.mapping {
        Mapping::Virtual { physical, .. } => Some(*physical),
        _ => None,
    })?;
    let place = walk.volume.shape.partitions.get(usize::from(physical))?;
    let (start, blocks) = (u64::from(place.start), place.blocks);
    let block = u32::try_from(mounted.block.checked_sub(start)?).ok()?;
    let address = BlockAddress { block, partition: physical };
    let direct = walk.volume.direct("virtual allocation table", address).ok()?;
    let at = walk.volume.sector_of(direct.block);
    walk.space.add(walk.volume, address, 1, Use::VirtualTable);
    if let Some(form) = Form::of(direct.fields().icb.flags) {
        walk.allocation(&direct, form, Use::VirtualTable);
    }
    let last = walk.volume.source().block_count().saturating_sub(1);
    if at < last {
        let what = format!("the table stands {} sectors before the last one", last - at);
        walk.report.note("UDF 2.2.11", at, what);
    }
    let file_type = direct.fields().icb.file_type;
    let wanted = if walk.rules.third_edition() { TYPE_VAT } else { TYPE_UNSPECIFIED };
    if file_type != wanted {
        let what = format!("file type {file_type} of the table instead of {wanted}");
        walk.report.warning("UDF 2.2.11", at, what);
    }
    let bytes = walk.volume.read_whole(&direct, LIMIT).ok()?;
    let vat = Vat::read(&bytes, file_type).ok()?;
    let mut outside = 0u64;
    let mut used: Vec<u32> = vat.entries.iter().copied().filter(|entry| *entry != UNUSED).collect();
    for entry in &used {
        outside += u64::from(*entry >= blocks);
    }
    if outside > 0 {
        let what = format!("{outside} entries lead out of the partition of {blocks} blocks");
        walk.report.error("UDF 2.2.11", at, what);
    }
    used.sort_unstable();
    if let Some(pair) = used.windows(2).find(|pair| pair[0] == pair[1]) {
        let what = format!("two virtual blocks stand for block {}", pair[0]);
        walk.report.warning("UDF 2.2.11", at, what);
    }
    if vat.previous != u32::MAX && vat.previous >= blocks {
        let what = format!("the table before is said to be at block {}, behind the partition", vat.previous);
        walk.report.warning("UDF 2.2.11", at, what);
    }
    let header = vat.header?;
    if let Some(text) = bytes.get(4..132) {
        let name = field::text(walk.report, at, text, "logical volume identifier of the table");
        let wanted = &walk.volume.shape.sequence.logical.name;
        if name.as_ref().is_some_and(|name| name != wanted) {
            // The table's name is the one that can be changed, so this is how a volume is renamed.
            let what = format!("the table calls the volume '{}'", name.unwrap_or_default());
            walk.report.note("UDF 2.2.11", at, what);
        }
    }
    for (name, revision) in [
        ("minimum read", header.min_read),
        ("minimum write", header.min_write),
        ("maximum write", header.max_write),
    ] {
        if !field::is_revision(revision) {
            let what = format!("{name} revision {revision:#06x} of the table is none of UDF's");
            walk.report.warning("UDF 2.2.11", at, what);
        }
    }
    Some((at, header.files, header.directories))
}
