//! The logical volume descriptor and its partition maps (ECMA-167 3/10.6, 3/10.7, UDF 2.2.4, 2.2.8 to 2.2.10).

use super::Rules;
use super::field;
use super::report::Report;
use crate::raw::field::{u16_at, u32_at};
use crate::raw::logical_volume::LogicalVolume;
use crate::raw::partition_map::PartitionMap;

/// Checks the descriptor; `None` when its maps cannot be read.
pub(super) fn check(report: &mut Report<'_>, rules: Rules, at: u64, bytes: &[u8]) -> Option<LogicalVolume> {
    let logical = match LogicalVolume::read(bytes) {
        Ok(logical) => logical,
        Err(error) => {
            report.error("ECMA-167 3/10.7", at, error.to_string());
            return None;
        }
    };
    field::charspec(report, at, &bytes[20..84], "descriptor character set");
    if field::text(report, at, &bytes[84..212], "logical volume identifier")
        .is_some_and(|name| name.is_empty())
    {
        report.warning("UDF 2.2.4", at, "the logical volume has no name");
    }
    if logical.block_size != rules.block_bytes {
        let what =
            format!("logical blocks of {} bytes, sectors of {}", logical.block_size, rules.block_bytes);
        report.error("UDF 2.2.4.2", at, what);
    }
    domain(report, at, &bytes[216..248]);
    field::implementation(report, at, &bytes[272..304], "logical volume descriptor");
    if logical.file_set.bytes == 0 {
        report.error("ECMA-167 3/10.6.7", at, "the extent of the file set descriptors is empty");
    }
    let used: usize = logical.maps.iter().map(PartitionMap::len).sum();
    let said = usize::try_from(u32_at(bytes, 264)).unwrap_or(usize::MAX);
    if used != said {
        let what = format!("a map table of {said} bytes, its maps have {used}");
        report.warning("ECMA-167 3/10.6.9", at, what);
    }
    if logical.integrity.bytes == 0 {
        report.error("ECMA-167 3/10.6.12", at, "no extent for integrity descriptors");
    } else if logical.integrity.bytes < 8192 && logical.integrity.bytes < 4 * rules.block_bytes {
        let what = format!("an integrity sequence of {} bytes, 8192 are needed", logical.integrity.bytes);
        report.note("UDF 2.2.4.6", at, what);
    }
    maps(report, rules, at, &logical);
    Some(logical)
}

/// The domain identifier, which says that this is UDF and what of it.
pub(super) fn domain(report: &mut Report<'_>, at: u64, regid: &[u8]) {
    let found = field::identifier(regid);
    if found != "*OSTA UDF Compliant" {
        report.error("UDF 2.1.5.2", at, format!("domain '{found}' instead of '*OSTA UDF Compliant'"));
    }
    if !field::is_revision(u16_at(regid, 24)) {
        report.warning("UDF 2.1.5.3", at, format!("revision {:#06x} is none of UDF's", u16_at(regid, 24)));
    }
    if regid[26] & !3 != 0 || regid[27..32].iter().any(|b| *b != 0) {
        report.warning("UDF 2.1.5.3", at, "reserved bytes of the domain suffix are not 0");
    }
    if regid[26] & 3 != 0 {
        report.note("UDF 2.1.5.3", at, "the domain is write protected");
    }
}

fn maps(report: &mut Report<'_>, rules: Rules, at: u64, logical: &LogicalVolume) {
    if logical.maps.is_empty() {
        report.error("ECMA-167 3/10.6.10", at, "no partition map");
    }
    let physical = |number: u16| {
        logical.maps.iter().any(|map| match map {
            PartitionMap::Type1 { number: other, .. } => *other == number,
            PartitionMap::Sparable(map) => map.number == number,
            _ => false,
        })
    };
    for map in &logical.maps {
        let revision = match map {
            PartitionMap::Type1 { .. } => continue,
            PartitionMap::Other(_) => {
                report.error("UDF 2.2.8", at, format!("partition map '{}' is none of UDF's", map.name()));
                continue;
            }
            PartitionMap::Virtual { revision, number, .. } => {
                if rules.revision < 0x0150 {
                    report.error("UDF 2.2.8", at, "a virtual partition before UDF 1.50");
                }
                if !physical(*number) {
                    let what = format!("virtual partition of {number}, which has no type 1 map");
                    report.error("UDF 2.2.8", at, what);
                }
                *revision
            }
            PartitionMap::Sparable(map) => {
                if rules.revision < 0x0150 {
                    report.error("UDF 2.2.9", at, "a sparable partition before UDF 1.50");
                }
                if map.packet_blocks == 0 || !map.packet_blocks.is_power_of_two() {
                    let what = format!("packets of {} blocks", map.packet_blocks);
                    report.error("UDF 2.2.9", at, what);
                } else if map.packet_blocks != 32 && rules.revision <= 0x0201 {
                    let what = format!("packets of {} blocks, 32 are defined", map.packet_blocks);
                    report.note("UDF 2.2.9", at, what);
                }
                if !(1..=4).contains(&map.table_count) {
                    let what = format!("{} sparing tables, 1 to 4 fit", map.table_count);
                    report.error("UDF 2.2.9", at, what);
                }
                map.revision
            }
            PartitionMap::Metadata(map) => {
                if rules.revision < 0x0250 {
                    report.error("UDF 2.50 2.2.10", at, "a metadata partition before UDF 2.50");
                }
                if !physical(map.number) {
                    let what = format!("metadata partition of {}, which has no other map", map.number);
                    report.error("UDF 2.50 2.2.10", at, what);
                }
                if map.file == map.mirror {
                    let what =
                        format!("metadata file and mirror file share their entry at block {}", map.file);
                    report.error("UDF 2.50 2.2.10", at, what);
                }
                if map.allocation_unit == 0 || map.alignment_unit == 0 {
                    report.warning("UDF 2.50 2.2.10", at, "an allocation or alignment unit of 0 blocks");
                }
                map.revision
            }
        };
        if revision != rules.revision {
            let what = format!(
                "'{}' says UDF {:x}.{:02x}, the domain {:x}.{:02x}",
                map.name(),
                revision >> 8,
                revision & 0xFF,
                rules.revision >> 8,
                rules.revision & 0xFF
            );
            report.warning("UDF 2.1.5.3", at, what);
        }
    }
}
