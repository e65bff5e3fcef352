//! The logical volume integrity descriptors (ECMA-167 3/10.10, UDF 2.2.6).

use glassmaster_disc::BlockSource;

use super::Rules;
use super::field::{self, Expected, descriptor};
use super::report::Report;
use super::sequence::Described;
use crate::raw::anchor::ExtentAd;
use crate::raw::field::{u16_at, u32_at, u64_at};
use crate::raw::tag::{INTEGRITY, TERMINATING};
use crate::read::{UdfVolume, read_blocks};

/// Descriptors that are looked at.
const LIMIT: u32 = 4096;

/// The last descriptor, with what it says of each partition.
pub(super) struct Integrity {
    pub(super) sector: u64,
    pub(super) closed: bool,
    pub(super) next_unique_id: u64,
    pub(super) free: Vec<u32>,
    pub(super) sizes: Vec<u32>,
    /// Files and directories.
    pub(super) counts: Option<(u32, u32)>,
}

/// Checks the sequence and gives its last descriptor.
pub(super) fn check<S: BlockSource>(
    volume: &UdfVolume<S>,
    rules: Rules,
    described: &mut Described,
    report: &mut Report<'_>,
) -> Option<Integrity> {
    let source = volume.source();
    let logical = &volume.shape.sequence.logical;
    let (mut extent, partitions) = (logical.integrity, logical.maps.len());
    let is_virtual = volume.shape.vat.is_some();
    let start = rules.sector(u64::from(extent.lba));
    described.structures.push((extent.lba, extent.bytes / rules.block_bytes));
    let mut last: Option<(u64, Vec<u8>)> = None;
    let mut seen = 0;
    while extent.bytes >= rules.block_bytes {
        let at = rules.sector(u64::from(extent.lba));
        let Ok(bytes) = read_blocks(source, "integrity", u64::from(extent.lba), rules.block_bytes, 1) else {
            report.error("ECMA-167 3/8.8.2", at, "the integrity sequence cannot be read");
            break;
        };
        if bytes.iter().all(|b| *b == 0) || u16_at(&bytes, 0) == TERMINATING {
            break;
        }
        seen += 1;
        if seen > LIMIT {
            report.error("ECMA-167 3/8.8.2", at, format!("more than {LIMIT} descriptors: a loop"));
            break;
        }
        let size = 80 + partitions * 8 + 46;
        let location = extent.lba;
        let name = "logical volume integrity descriptor";
        let wanted = Expected { name, identifier: INTEGRITY, location, size, part: 3 };
        if !descriptor(report, rules, at, &bytes, &wanted) {
            break;
        }
        extent = match ExtentAd::read(&bytes, 32) {
            next if next.bytes > 0 => {
                described.structures.push((next.lba, next.bytes / rules.block_bytes));
                next
            }
            _ => ExtentAd { bytes: extent.bytes - rules.block_bytes, lba: extent.lba.saturating_add(1) },
        };
        last = Some((at, bytes));
    }
    let Some((at, bytes)) = last else {
        report.error("ECMA-167 3/8.8.2", start, "no logical volume integrity descriptor");
        return None;
    };
    fields(report, rules, at, &bytes, partitions, is_virtual)
}

fn fields(
    report: &mut Report<'_>,
    rules: Rules,
    at: u64,
    bytes: &[u8],
    partitions: usize,
    is_virtual: bool,
) -> Option<Integrity> {
    field::timestamp(report, at, &bytes[16..], "recording time of the integrity descriptor");
    let kind = u32_at(bytes, 28);
    match kind {
        1 => {}
        // Where it cannot be written again, the virtual table is what is closed (UDF 2.2.11).
        0 if is_virtual => report.note("ECMA-167 3/10.10.3", at, "the integrity descriptor is open"),
        0 => report.warning("ECMA-167 3/10.10.3", at, "the volume was left open"),
        other => report.error("ECMA-167 3/10.10.3", at, format!("integrity type {other} is not defined")),
    }
    let count = u32_at(bytes, 72);
    if usize::try_from(count) != Ok(partitions) {
        let what = format!("tables for {count} partitions, the logical volume has {partitions}");
        report.error("ECMA-167 3/10.10.6", at, what);
        return None;
    }
    let udf_at = 80 + 8 * partitions;
    let length = u32_at(bytes, 76);
    let udf = bytes.get(udf_at..).filter(|rest| length >= 46 && rest.len() >= 46);
    if udf.is_none() {
        let what = format!("{length} bytes of implementation use, 46 are needed in the descriptor");
        report.error("UDF 2.2.6.4", at, what);
    }
    if let Some(udf) = udf {
        field::implementation(report, at, udf, "integrity descriptor");
        let [read, write, most] = [40, 42, 44].map(|from| u16_at(udf, from));
        for (name, revision) in [("minimum read", read), ("minimum write", write), ("maximum write", most)] {
            if !field::is_revision(revision) {
                report.warning(
                    "UDF 2.2.6.4",
                    at,
                    format!("{name} revision {revision:#06x} is none of UDF's"),
                );
            }
        }
        if read > rules.revision.max(0x0102) {
            let what = format!(
                "minimum read revision {read:#06x} above that of the volume, {:#06x}",
                rules.revision
            );
            report.warning("UDF 2.2.6.4", at, what);
        }
        if read > write {
            let what =
                format!("minimum read revision {read:#06x} above the minimum write revision {write:#06x}");
            report.warning("UDF 2.2.6.4", at, what);
        }
        if most < rules.revision && field::is_revision(most) && most != 0x0102 {
            let what = format!(
                "maximum write revision {most:#06x} below that of the volume, {:#06x}",
                rules.revision
            );
            report.note("UDF 2.2.6.4", at, what);
        }
    }
    let next_unique_id = u64_at(bytes, 40);
    if next_unique_id & 0xFFFF_FFFF < 16 {
        let what = format!("next UniqueID {next_unique_id}: numbers below 16 are reserved");
        report.warning("UDF 3.2.1.1", at, what);
    }
    let table = |from: usize| (0..partitions).map(|n| u32_at(bytes, from + 4 * n)).collect::<Vec<u32>>();
    let (free, sizes) = (table(80), table(80 + 4 * partitions));
    for (n, (free, size)) in free.iter().zip(&sizes).enumerate() {
        if free > size && *free != u32::MAX {
            let what = format!("{free} free blocks of {size} in partition reference {n}");
            report.error("ECMA-167 3/10.10.8", at, what);
        }
    }
    let counts = udf.map(|udf| (u32_at(udf, 32), u32_at(udf, 36)));
    Some(Integrity { sector: at, closed: kind == 1, next_unique_id, free, sizes, counts })
}
