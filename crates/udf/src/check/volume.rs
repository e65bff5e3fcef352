//! Structures outside the partition: recognition, anchors, descriptor sequences, integrity.

use glassmaster_disc::{BlockSource, SECTOR};

use super::Report;
use super::files::Counts;
use crate::raw::anchor::{Anchor, ExtentAd};
use crate::raw::field::{u16_at, u32_at};
use crate::raw::integrity::Integrity;
use crate::raw::logical_volume::LogicalVolume;
use crate::raw::partition::Partition;
use crate::raw::recognition::{self, Recognition};
use crate::raw::tag::{
    ANCHOR, IMPLEMENTATION_USE, INTEGRITY, LOGICAL_VOLUME, PARTITION, PRIMARY_VOLUME, TERMINATING, Tag,
    UNALLOCATED_SPACE,
};
use crate::raw::{regid::Regid, timestamp};

/// Descriptors of a sequence that are looked at.
const SEQUENCE_LIMIT: u32 = 256;

/// What the volume says of itself, for the comparison with what is there.
#[derive(Default)]
pub(super) struct Described {
    pub(super) integrity: Option<(u32, Integrity)>,
}

pub(super) fn check<S: BlockSource>(source: &S, report: &mut Report<'_>) -> Described {
    let nsr = recognition_sequence(source, report);
    let Some(anchor) = anchors(source, report) else { return Described::default() };
    let main = sequence(source, anchor.main, report);
    let reserve = sequence(source, anchor.reserve, report);
    compare_sequences(&main, &reserve, report);
    let mut described = Described::default();
    let mut partition_blocks = None;
    for (lba, sector) in &main {
        match u16_at(sector, 0) {
            PRIMARY_VOLUME if timestamp::decode(&sector[376..388]).is_none() => {
                report.warning("ECMA-167 3/10.1.20", *lba, "recording time of the volume is no date");
            }
            PARTITION => {
                let partition = Partition::read(sector);
                partition_blocks = Some(partition.blocks);
                check_partition(source, *lba, partition, nsr, report);
            }
            LOGICAL_VOLUME => {
                if let Some(integrity) = logical_volume(source, *lba, sector, report) {
                    described.integrity = Some(integrity);
                }
            }
            IMPLEMENTATION_USE => {
                let name = Regid::read(sector, 20).name();
                if name != "*UDF LV Info" {
                    report.warning("UDF 2.2.7.1.1", *lba, format!("implementation use by '{name}'"));
                }
            }
            _ => {}
        }
    }
    if let (Some((lba, integrity)), Some(blocks)) = (&described.integrity, partition_blocks)
        && integrity.blocks != blocks
    {
        let what =
            format!("integrity gives the partition {} blocks, its descriptor {blocks}", integrity.blocks);
        report.error("ECMA-167 3/10.10.9", *lba, what);
    }
    described
}

fn read<S: BlockSource>(source: &S, lba: u32) -> Option<[u8; SECTOR]> {
    let mut sector = [0; SECTOR];
    source.read_blocks(u64::from(lba), &mut sector).ok().map(|()| sector)
}

/// Whether NSR03 (`true`) or NSR02 was recognised.
fn recognition_sequence<S: BlockSource>(source: &S, report: &mut Report<'_>) -> Option<bool> {
    let mut nsr = None;
    let mut inside = false;
    let mut ended = false;
    for lba in 16..80u32 {
        let Some(sector) = read(source, lba) else { break };
        let Some(found) = recognition::read(&sector) else { break };
        if sector[6] != 1 {
            report.error("ECMA-167 2/9.1.3", lba, format!("structure version {} instead of 1", sector[6]));
        }
        match found {
            Recognition::Begin => inside = true,
            Recognition::End => {
                ended = inside;
                inside = false;
            }
            Recognition::Nsr02 | Recognition::Nsr03 => {
                if !inside {
                    report.error("ECMA-167 3/9.1", lba, "NSR descriptor outside BEA01 and TEA01");
                }
                nsr = Some(found == Recognition::Nsr03);
            }
            Recognition::Other => {}
        }
    }
    if nsr.is_none() {
        report.error("ECMA-167 3/9.1", 16u32, "no NSR02 or NSR03 in the volume recognition sequence");
    } else if !ended {
        report.error(
            "ECMA-167 2/9.3",
            16u32,
            "the volume recognition sequence has no TEA01 behind its BEA01",
        );
    }
    nsr
}

fn anchors<S: BlockSource>(source: &S, report: &mut Report<'_>) -> Option<Anchor> {
    let blocks = source.block_count();
    let places = [Some(256), blocks.checked_sub(1), blocks.checked_sub(257)];
    let mut found: Vec<(u32, Anchor)> = Vec::new();
    for lba in places.into_iter().flatten().filter_map(|lba| u32::try_from(lba).ok()) {
        let Some(sector) = read(source, lba) else { continue };
        if u16_at(&sector, 0) != ANCHOR {
            continue;
        }
        match Tag::expect(&sector, ANCHOR, lba) {
            Ok(_) => found.push((lba, Anchor::read(&sector))),
            Err(error) => report.error("ECMA-167 3/10.2", lba, format!("anchor: {error}")),
        }
    }
    if found.len() < 2 {
        let what = format!("{} of the anchors at 256, N - 256 and N are there, two are needed", found.len());
        report.warning("UDF 2.2.3", 256u32, what);
    }
    let (_, first) = *found.first()?;
    for (lba, anchor) in &found {
        if *anchor != first {
            report.error("ECMA-167 3/10.2", *lba, "the anchors point to different sequences");
        }
    }
    for extent in [first.main, first.reserve] {
        if extent.bytes < 16 * 2048 {
            let what =
                format!("a volume descriptor sequence of {} bytes, 16 sectors are needed", extent.bytes);
            report.error("UDF 2.2.3.1", extent.lba, what);
        }
    }
    Some(first)
}

/// The verified descriptors of a sequence, terminator excluded.
fn sequence<S: BlockSource>(
    source: &S,
    extent: ExtentAd,
    report: &mut Report<'_>,
) -> Vec<(u32, [u8; SECTOR])> {
    let mut out = Vec::new();
    let mut terminated = false;
    for (_, lba) in (0..(extent.bytes / 2048).min(SEQUENCE_LIMIT)).zip(extent.lba..) {
        let Some(sector) = read(source, lba) else {
            report.error("ECMA-167 3/8.4.2", lba, "volume descriptor sequence cannot be read");
            return out;
        };
        match Tag::verify(&sector) {
            Err(error) => {
                report.error("ECMA-167 3/7.2", lba, format!("volume descriptor: {error}"));
                return out;
            }
            Ok(tag) if tag.location != lba => {
                report.error("ECMA-167 3/7.2.8", lba, format!("tag location {}", tag.location));
            }
            Ok(_) => {}
        }
        if u16_at(&sector, 0) == TERMINATING {
            terminated = true;
            break;
        }
        out.push((lba, sector));
    }
    if !terminated {
        report.warning(
            "ECMA-167 3/8.4.2",
            extent.lba,
            "volume descriptor sequence without terminating descriptor",
        );
    }
    for (identifier, clause, name) in [
        (PRIMARY_VOLUME, "ECMA-167 3/10.1", "primary volume descriptor"),
        (PARTITION, "ECMA-167 3/10.5", "partition descriptor"),
        (LOGICAL_VOLUME, "ECMA-167 3/10.6", "logical volume descriptor"),
        (UNALLOCATED_SPACE, "UDF 2.2.5", "unallocated space descriptor"),
        (IMPLEMENTATION_USE, "UDF 2.2.7", "implementation use volume descriptor"),
    ] {
        if !out.iter().any(|(_, sector)| u16_at(sector, 0) == identifier) {
            report.error(clause, extent.lba, format!("the sequence has no {name}"));
        }
    }
    out
}

fn compare_sequences(main: &[(u32, [u8; SECTOR])], reserve: &[(u32, [u8; SECTOR])], report: &mut Report<'_>) {
    let same = main.len() == reserve.len()
        && main.iter().zip(reserve).all(|((_, a), (_, b))| a[..4] == b[..4] && a[16..] == b[16..]);
    if let (false, Some((lba, _))) = (same, reserve.first()) {
        report.error("ECMA-167 3/8.4.2.2", *lba, "main and reserve volume descriptor sequence differ");
    }
}

fn check_partition<S: BlockSource>(
    source: &S,
    lba: u32,
    partition: Partition,
    nsr: Option<bool>,
    report: &mut Report<'_>,
) {
    let end = u64::from(partition.start) + u64::from(partition.blocks);
    if end > source.block_count() {
        let what = format!("the partition ends at sector {end}, the volume at {}", source.block_count());
        report.error("ECMA-167 3/10.5.9", lba, what);
    }
    let contents = partition.contents.name();
    let wanted = nsr.map(|third| if third { "+NSR03" } else { "+NSR02" });
    if wanted.is_some_and(|wanted| wanted != contents) {
        report.error(
            "ECMA-167 3/10.5.5",
            lba,
            format!("partition contents '{contents}' do not match the NSR descriptor"),
        );
    }
}

/// Checks the logical volume descriptor and finds the last integrity descriptor.
fn logical_volume<S: BlockSource>(
    source: &S,
    lba: u32,
    sector: &[u8; SECTOR],
    report: &mut Report<'_>,
) -> Option<(u32, Integrity)> {
    let logical = match LogicalVolume::read(sector) {
        Ok(logical) => logical,
        Err(error) => {
            report.error("ECMA-167 3/10.7", lba, error.to_string());
            return None;
        }
    };
    if logical.domain.name() != "*OSTA UDF Compliant" {
        report.error("UDF 2.2.4.3", lba, format!("domain '{}'", logical.domain.name()));
    }
    if !logical.osta_characters {
        report.error("UDF 2.1.2", lba, "the character set is not OSTA Compressed Unicode");
    }
    if logical.name.is_empty() {
        report.warning("UDF 2.2.4", lba, "the logical volume has no name");
    }
    let third = logical.domain.revision() >= 0x0200;
    if (u16_at(sector, 2) == 3) != third {
        report.error(
            "UDF 2.2.1",
            lba,
            "descriptor version does not match the revision: 2 up to 1.50, then 3",
        );
    }
    let mut extent = logical.integrity;
    let mut last = None;
    for _ in 0..SEQUENCE_LIMIT {
        let at = extent.lba;
        let Some(sector) = (extent.bytes >= 2048).then(|| read(source, at)).flatten() else { break };
        if Tag::read(&sector).is_ok_and(|tag| tag.identifier == TERMINATING) || sector.iter().all(|b| *b == 0)
        {
            break;
        }
        if let Err(error) = Tag::expect(&sector, INTEGRITY, at) {
            report.error("ECMA-167 3/10.10", at, error.to_string());
            break;
        }
        let Some(integrity) = Integrity::read(&sector) else {
            let what = format!("integrity descriptor of {} partitions does not fit", u32_at(&sector, 72));
            report.error("ECMA-167 3/10.10", at, what);
            break;
        };
        last = Some((at, integrity));
        extent = match integrity.next {
            next if next.bytes > 0 => next,
            _ => ExtentAd { bytes: extent.bytes - 2048, lba: at.saturating_add(1) },
        };
    }
    match &last {
        None => {
            report.error("ECMA-167 3/8.8.2", logical.integrity.lba, "no logical volume integrity descriptor")
        }
        Some((at, integrity)) => {
            if !integrity.closed {
                report.warning("ECMA-167 3/10.10.3", *at, "the volume was left open");
            }
            if integrity.min_read > logical.domain.revision().max(0x0102) {
                report.warning("UDF 2.2.6.4", *at, "minimum read revision above the revision of the volume");
            }
        }
    }
    last
}

/// Compares what the integrity descriptor counts with what is there.
pub(super) fn compare((lba, integrity): (u32, Integrity), counts: &Counts, report: &mut Report<'_>) {
    if !counts.complete {
        return;
    }
    // Only later revisions say that every name counts; until then both ways are in use.
    if ![counts.files, counts.distinct_files].contains(&u64::from(integrity.files)) {
        let what = format!("{} files are counted, {} are there", integrity.files, counts.files);
        report.warning("UDF 2.2.6.4", lba, what);
    }
    if u64::from(integrity.directories) != counts.directories {
        let what =
            format!("{} directories are counted, {} are there", integrity.directories, counts.directories);
        report.warning("UDF 2.2.6.4", lba, what);
    }
    if integrity.unique_id <= counts.highest_id {
        let what =
            format!("next UniqueID {} was given away already: {}", integrity.unique_id, counts.highest_id);
        report.error("UDF 3.2.1.1", lba, what);
    }
}
