//! The two volume descriptor sequences (ECMA-167 3/8.4.2): each descriptor, and that they are the same.

use std::collections::BTreeMap;

use glassmaster_disc::{BlockSource, SECTOR_U64};

use super::field::{self, Expected, descriptor};
use super::report::Report;
use super::{Rules, logical, sparing};
use crate::raw::anchor::{Anchor, ExtentAd};
use crate::raw::field::{u16_at, u32_at};
use crate::raw::logical_volume::LogicalVolume;
use crate::raw::partition::Partition;
use crate::raw::partition_map::PartitionMap;
use crate::raw::tag::{
    IMPLEMENTATION_USE, LOGICAL_VOLUME, PARTITION, POINTER, PRIMARY_VOLUME, TERMINATING, UNALLOCATED_SPACE,
};
use crate::read::read_blocks;

/// Descriptors of a sequence that are looked at.
const LIMIT: u32 = 1024;

/// What the volume says of itself, for the comparison with what is there.
#[derive(Default)]
pub(super) struct Described {
    /// Runs of absolute blocks outside of all file systems: first, count.
    pub(super) structures: Vec<(u32, u32)>,
    /// Partition descriptors by number: sector and content.
    pub(super) partitions: BTreeMap<u16, (u64, Vec<u8>)>,
    pub(super) logical: Option<(u64, LogicalVolume)>,
}

/// A descriptor in place.
struct Found {
    sector: u64,
    bytes: Vec<u8>,
}

impl Found {
    fn kind(&self) -> u16 {
        u16_at(&self.bytes, 0)
    }
}

pub(super) fn check<S: BlockSource>(
    source: &S,
    anchor: Anchor,
    rules: Rules,
    third: Option<bool>,
    report: &mut Report<'_>,
) -> Described {
    let mut described = Described::default();
    let main = sequence(source, anchor.main, rules, &mut described, report);
    let reserve = sequence(source, anchor.reserve, rules, &mut described, report);
    compare(&main, &reserve, report);
    // Each descriptor once: the reserve ones are equal, or were reported to differ.
    let descriptors = if main.is_empty() { &reserve } else { &main };
    let volume_name = descriptors
        .iter()
        .rev()
        .find(|found| found.kind() == LOGICAL_VOLUME)
        .and_then(|found| crate::cs0::dstring(found.bytes.get(84..212)?).ok());
    for found in descriptors {
        let (at, bytes) = (found.sector, &found.bytes[..]);
        match found.kind() {
            PRIMARY_VOLUME => primary(report, at, bytes),
            PARTITION => {
                partition(source, report, rules, at, bytes, third);
                described.partitions.insert(u16_at(bytes, 22), (at, bytes.to_vec()));
            }
            LOGICAL_VOLUME => {
                if let Some(read) = logical::check(report, rules, at, bytes) {
                    for map in &read.maps {
                        if let PartitionMap::Sparable(map) = map {
                            sparing::check(source, rules, map, &mut described, report);
                        }
                    }
                    described.logical = Some((at, read));
                }
            }
            IMPLEMENTATION_USE => implementation_use(report, rules, at, bytes, volume_name.as_deref()),
            UNALLOCATED_SPACE => unallocated(source, report, rules, at, bytes),
            _ => {}
        }
    }
    numbers(descriptors, report);
    partitions_apart(&described, report);
    described
}

/// The descriptors of a sequence that are in order, terminator excluded.
fn sequence<S: BlockSource>(
    source: &S,
    extent: ExtentAd,
    rules: Rules,
    described: &mut Described,
    report: &mut Report<'_>,
) -> Vec<Found> {
    let mut out: Vec<Found> = Vec::new();
    let mut terminated = false;
    let mut extent = extent;
    let first = rules.sector(u64::from(extent.lba));
    let mut left = LIMIT;
    'extents: loop {
        described.structures.push((extent.lba, extent.bytes / rules.block_bytes));
        let blocks = extent.bytes / rules.block_bytes;
        for (_, lba) in (0..blocks).zip(extent.lba..) {
            let sector = rules.sector(u64::from(lba));
            left = left.saturating_sub(1);
            if left == 0 {
                let what = format!("more than {LIMIT} volume descriptors: a loop");
                report.error("ECMA-167 3/8.4.2", sector, what);
                break 'extents;
            }
            let Ok(bytes) = read_blocks(source, "descriptor", u64::from(lba), rules.block_bytes, 1) else {
                report.error("ECMA-167 3/8.4.2", sector, "volume descriptor sequence cannot be read");
                break 'extents;
            };
            if bytes.iter().all(|b| *b == 0) {
                break 'extents;
            }
            let identifier = u16_at(&bytes, 0);
            let (name, size) = match identifier {
                PRIMARY_VOLUME => ("primary volume descriptor", 512),
                POINTER => ("volume descriptor pointer", 512),
                IMPLEMENTATION_USE => ("implementation use volume descriptor", 512),
                PARTITION => ("partition descriptor", 512),
                LOGICAL_VOLUME => ("logical volume descriptor", 440),
                UNALLOCATED_SPACE => ("unallocated space descriptor", 24),
                TERMINATING => ("terminating descriptor", 512),
                other => {
                    let what = format!("a descriptor with tag identifier {other} has no place here");
                    report.error("ECMA-167 3/8.4.2", sector, what);
                    break 'extents;
                }
            };
            let wanted = Expected { name, identifier, location: lba, size, part: 3 };
            if !descriptor(report, rules, sector, &bytes, &wanted) {
                break 'extents;
            }
            match identifier {
                TERMINATING => {
                    terminated = true;
                    if bytes.get(16..512).is_some_and(|rest| rest.iter().any(|b| *b != 0)) {
                        let what = "reserved bytes of the terminating descriptor are not 0";
                        report.warning("ECMA-167 3/10.9.2", sector, what);
                    }
                    break 'extents;
                }
                POINTER => {
                    extent = ExtentAd::read(&bytes, 20);
                    continue 'extents;
                }
                _ => out.push(Found { sector, bytes }),
            }
        }
        break;
    }
    if !terminated {
        let what = "volume descriptor sequence without terminating descriptor";
        report.warning("ECMA-167 3/8.4.2", first, what);
    }
    for (identifier, clause, name) in [
        (PRIMARY_VOLUME, "ECMA-167 3/10.1", "primary volume descriptor"),
        (PARTITION, "ECMA-167 3/10.5", "partition descriptor"),
        (LOGICAL_VOLUME, "ECMA-167 3/10.6", "logical volume descriptor"),
        (UNALLOCATED_SPACE, "UDF 2.2.5", "unallocated space descriptor"),
        (IMPLEMENTATION_USE, "UDF 2.2.7", "implementation use volume descriptor"),
    ] {
        if !out.iter().any(|found| found.kind() == identifier) {
            report.error(clause, first, format!("the sequence has no {name}"));
        }
    }
    out
}

/// Both sequences hold equal descriptors, in any order (ECMA-167 3/8.4.2.2).
fn compare(main: &[Found], reserve: &[Found], report: &mut Report<'_>) {
    let body = |found: &Found| found.bytes.get(16..).map(<[u8]>::to_vec).unwrap_or_default();
    if main.is_empty() || reserve.is_empty() {
        return;
    }
    for other in reserve {
        let same = |found: &&Found| found.kind() == other.kind() && body(found) == body(other);
        if main.iter().find(same).is_some() {
            continue;
        }
        let twin = main.iter().find(|found| {
            found.kind() == other.kind() && u32_at(&found.bytes, 16) == u32_at(&other.bytes, 16)
        });
        let what = match twin {
            Some(twin) => {
                let at = twin.bytes.iter().zip(&other.bytes).skip(16).position(|(a, b)| a != b);
                format!(
                    "the descriptor differs from that at sector {} of the main sequence from byte {} on",
                    twin.sector,
                    at.unwrap_or(0) + 16
                )
            }
            None => "the main sequence has no such descriptor".to_owned(),
        };
        // Only the primary one's identifiers matter to nobody who reads files.
        if other.kind() == PRIMARY_VOLUME && twin.is_some() {
            report.warning("ECMA-167 3/8.4.2.2", other.sector, what);
        } else {
            report.error("ECMA-167 3/8.4.2.2", other.sector, what);
        }
    }
    if main.len() > reserve.len() {
        let what = format!("{} descriptors, the main sequence has {}", reserve.len(), main.len());
        report.error("ECMA-167 3/8.4.2.2", reserve.first().map_or(0, |found| found.sector), what);
    }
}

/// Descriptors of equal number must be equal (ECMA-167 3/8.4.3).
fn numbers(descriptors: &[Found], report: &mut Report<'_>) {
    for (at, one) in descriptors.iter().enumerate() {
        for other in &descriptors[at + 1..] {
            let key = |found: &Found| match found.kind() {
                PARTITION => u32::from(u16_at(&found.bytes, 22)),
                IMPLEMENTATION_USE => u32::from(found.bytes.get(22).copied().unwrap_or_default()),
                _ => 0,
            };
            if one.kind() == other.kind()
                && key(one) == key(other)
                && u32_at(&one.bytes, 16) == u32_at(&other.bytes, 16)
                && one.bytes.get(16..) != other.bytes.get(16..)
            {
                let what = format!(
                    "volume descriptor sequence number {} is that of sector {}, the content is not",
                    u32_at(&one.bytes, 16),
                    one.sector
                );
                report.error("ECMA-167 3/8.4.3", other.sector, what);
            }
        }
    }
}

fn primary(report: &mut Report<'_>, at: u64, bytes: &[u8]) {
    field::text(report, at, &bytes[24..56], "volume identifier");
    let set = field::text(report, at, &bytes[72..200], "volume set identifier");
    if set.is_some_and(|set| set.chars().count() < 16) {
        let what = "the volume set identifier has fewer than 16 characters: the first 16 should be unique";
        report.note("UDF 2.2.2.5", at, what);
    }
    field::charspec(report, at, &bytes[200..264], "descriptor character set");
    field::charspec(report, at, &bytes[264..328], "explanatory character set");
    field::timestamp(report, at, &bytes[376..], "recording time of the volume");
    field::implementation(report, at, &bytes[388..], "primary volume descriptor");
    let (number, maximum) = (u16_at(bytes, 56), u16_at(bytes, 58));
    if number == 0 || maximum == 0 || number > maximum {
        let what = format!("volume {number} of {maximum}");
        report.error("ECMA-167 3/10.1.5", at, what);
    }
    let (level, most) = (u16_at(bytes, 60), u16_at(bytes, 62));
    let wanted = if maximum > 1 { 3 } else { 2 };
    if level != wanted || most < level {
        let what = format!("interchange level {level} of {most} instead of {wanted}");
        report.warning("UDF 2.2.2.1", at, what);
    }
    if u32_at(bytes, 64) & 1 == 0 || u32_at(bytes, 68) & 1 == 0 {
        report.warning("UDF 2.2.2.3", at, "the character set lists lack CS0");
    }
    if u32_at(bytes, 20) != 0 && maximum <= 1 {
        let what = format!("primary volume descriptor number {} of a single volume", u32_at(bytes, 20));
        report.note("ECMA-167 3/10.1.3", at, what);
    }
    if bytes.get(490..512).is_some_and(|rest| rest.iter().any(|b| *b != 0)) {
        report.warning("ECMA-167 3/10.1.23", at, "reserved bytes are not 0");
    }
}

fn partition<S: BlockSource>(
    source: &S,
    report: &mut Report<'_>,
    rules: Rules,
    at: u64,
    bytes: &[u8],
    third: Option<bool>,
) {
    let read = Partition::read(bytes);
    let end = u64::from(read.start) + u64::from(read.blocks);
    let blocks = source.block_count().saturating_mul(SECTOR_U64) / u64::from(rules.block_bytes);
    if end > blocks {
        let what = format!("the partition ends at block {end}, the volume at {blocks}");
        report.error("ECMA-167 3/10.5.9", at, what);
    }
    if read.blocks == 0 {
        report.error("ECMA-167 3/10.5.9", at, "a partition without blocks");
    }
    let contents = field::identifier(&bytes[24..56]);
    let wanted = if third.unwrap_or(rules.third_edition()) { "+NSR03" } else { "+NSR02" };
    if contents != wanted {
        let what = format!("partition contents '{contents}' instead of '{wanted}', as the NSR descriptor");
        report.error("ECMA-167 3/10.5.5", at, what);
    }
    if u16_at(bytes, 20) & 1 == 0 {
        report.warning("ECMA-167 3/10.5.3", at, "the partition is not marked as allocated");
    }
    if read.access > 4 || (read.access == 0 && rules.revision < 0x0260) {
        report.warning("ECMA-167 3/10.5.7", at, format!("access type {} is not defined", read.access));
    }
    field::implementation(report, at, &bytes[196..], "partition descriptor");
    let tables = [
        ("unallocated space table", 56),
        ("unallocated space bitmap", 64),
        ("freed space table", 80),
        ("freed space bitmap", 88),
    ];
    let recorded: Vec<&str> =
        tables.iter().filter(|(_, at)| u32_at(bytes, *at) != 0).map(|(name, _)| *name).collect();
    if recorded.contains(&"unallocated space table") && recorded.contains(&"unallocated space bitmap") {
        let what = "unallocated space by table and by bitmap at once";
        report.warning("UDF 2.3.3", at, what);
    }
    if u32_at(bytes, 72) != 0 {
        report.warning("UDF 2.3.3", at, "a partition integrity table, which UDF does not use");
    }
    if read.access == 1 && !recorded.is_empty() {
        let what = format!("a read-only partition with {}", recorded.join(" and "));
        report.warning("UDF 2.3.3", at, what);
    }
}

fn partitions_apart(described: &Described, report: &mut Report<'_>) {
    let mut runs: Vec<(u64, u64, u64)> = described
        .partitions
        .values()
        .map(|(at, bytes)| {
            let read = Partition::read(bytes);
            (u64::from(read.start), u64::from(read.start) + u64::from(read.blocks), *at)
        })
        .collect();
    runs.sort_unstable();
    for pair in runs.windows(2) {
        if pair[1].0 < pair[0].1 {
            let what = format!("two partitions share block {}", pair[1].0);
            report.error("ECMA-167 3/8.5", pair[1].2, what);
        }
    }
}

fn implementation_use(report: &mut Report<'_>, rules: Rules, at: u64, bytes: &[u8], name: Option<&str>) {
    let identifier = field::identifier(&bytes[20..52]);
    if identifier != "*UDF LV Info" {
        report.note("UDF 2.2.7.1", at, format!("implementation use by '{identifier}'"));
        return;
    }
    field::udf_identifier(report, rules, at, &bytes[20..52], "*UDF LV Info");
    field::charspec(report, at, &bytes[52..116], "character set of the logical volume information");
    let said = field::text(report, at, &bytes[116..244], "logical volume identifier");
    if let (Some(said), Some(name)) = (said, name)
        && said != name
    {
        let what = format!("logical volume '{said}', its descriptor says '{name}'");
        report.warning("UDF 2.2.7.2.2", at, what);
    }
    for (n, from) in [244, 280, 316].into_iter().enumerate() {
        field::text(report, at, &bytes[from..from + 36], &format!("logical volume information {}", n + 1));
    }
    field::implementation(report, at, &bytes[352..], "logical volume information");
}

fn unallocated<S: BlockSource>(source: &S, report: &mut Report<'_>, rules: Rules, at: u64, bytes: &[u8]) {
    let count = u32_at(bytes, 20);
    let room = u32::try_from(bytes.len().saturating_sub(24) / 8).unwrap_or(u32::MAX);
    if count > room {
        let what = format!("{count} extents of unallocated space exceed the descriptor");
        report.error("ECMA-167 3/10.8.3", at, what);
        return;
    }
    let blocks = source.block_count().saturating_mul(SECTOR_U64) / u64::from(rules.block_bytes);
    for ad in bytes[24..].chunks_exact(8).take(usize::try_from(count).unwrap_or(0)) {
        let extent = ExtentAd::read(ad, 0);
        let end = u64::from(extent.lba) + u64::from(extent.bytes / rules.block_bytes);
        if extent.bytes != 0 && end > blocks {
            let what = format!("unallocated space ends at block {end}, the volume at {blocks}");
            report.note("ECMA-167 3/10.8.4", at, what);
        }
    }
}
