//! Sparing tables (UDF 2.2.12): in order, equal, and leading to places that exist.

use glassmaster_disc::{BlockSource, SECTOR_U64};

use super::Rules;
use super::field::{self, Expected, descriptor};
use super::report::Report;
use super::sequence::Described;
use crate::raw::field::u16_at;
use crate::raw::partition_map::SparableMap;
use crate::raw::sparing::{FIRST_SPECIAL, SPARING_TABLE, SparingTable};
use crate::read::read_blocks;

pub(super) fn check<S: BlockSource>(
    source: &S,
    rules: Rules,
    map: &SparableMap,
    described: &mut Described,
    report: &mut Report<'_>,
) {
    let total = source.block_count().saturating_mul(SECTOR_U64) / u64::from(rules.block_bytes);
    let blocks = map.table_bytes.min(56 + 8 * 65_535).div_ceil(rules.block_bytes).max(1);
    let mut tables: Vec<(u64, SparingTable)> = Vec::new();
    for location in map.tables.iter().take(usize::from(map.table_count)) {
        let at = rules.sector(u64::from(*location));
        described.structures.push((*location, blocks));
        let count = usize::try_from(blocks).unwrap_or(1);
        let Ok(bytes) = read_blocks(source, "sparing table", u64::from(*location), rules.block_bytes, count)
        else {
            report.error("UDF 2.2.12", at, "a sparing table cannot be read");
            continue;
        };
        let size = 56 + 8 * usize::from(u16_at(&bytes, 48));
        let size = if size <= bytes.len() { size.min(16 + 0xFFFF) } else { 56 };
        let identifier = SPARING_TABLE;
        let wanted = Expected { name: "sparing table", identifier, location: *location, size, part: 3 };
        if !descriptor(report, rules, at, &bytes, &wanted) {
            continue;
        }
        field::udf_identifier(report, rules, at, &bytes[16..48], "*UDF Sparing Table");
        match SparingTable::read(&bytes, *location) {
            Ok(table) => tables.push((at, table)),
            Err(error) => report.error("UDF 2.2.12", at, error.to_string()),
        }
    }
    let Some((first_at, first)) = tables.first() else { return };
    for (at, table) in &tables[1..] {
        if table != first {
            let what = format!("this sparing table is not equal to that at sector {first_at}");
            report.warning("UDF 2.2.12", *at, what);
        }
    }
    let packet = u32::from(map.packet_blocks.max(1));
    for pair in first.entries.windows(2) {
        if pair[1].original < pair[0].original {
            let what = format!(
                "map entries are not in order: {:#x} behind {:#x}",
                pair[1].original, pair[0].original
            );
            report.error("UDF 2.2.12", *first_at, what);
        }
    }
    for entry in &first.entries {
        if entry.original < FIRST_SPECIAL && !entry.original.is_multiple_of(packet) {
            let what = format!("original location {} does not begin a packet", entry.original);
            report.error("UDF 2.2.12", *first_at, what);
        }
        if u64::from(entry.mapped) + u64::from(packet) > total {
            let what = format!("mapped location {} lies behind the end", entry.mapped);
            report.error("UDF 2.2.12", *first_at, what);
        }
    }
    let mut mapped: Vec<u32> = first.entries.iter().map(|entry| entry.mapped).collect();
    mapped.sort_unstable();
    if let Some(pair) = mapped.windows(2).find(|pair| pair[1] - pair[0] < packet) {
        let what = format!("two packets are mapped to block {}", pair[1]);
        report.error("UDF 2.2.12", *first_at, what);
    }
}
