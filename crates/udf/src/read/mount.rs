//! From anchor to root directory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use glassmaster_disc::{BlockSource, SECTOR};
use glassmaster_tree::ReadError;

use super::window::Windows;
use super::{BlockAddress, PartitionPlace, UdfVolume};
use crate::raw::anchor::{Anchor, ExtentAd};
use crate::raw::file_set;
use crate::raw::logical_volume::LogicalVolume;
use crate::raw::partition::Partition;
use crate::raw::partition_map::PartitionMap;
use crate::raw::primary_volume;
use crate::raw::tag::{
    ANCHOR, FILE_SET, LOGICAL_VOLUME, PARTITION, POINTER, PRIMARY_VOLUME, TERMINATING, Tag,
};

/// Descriptors of one sequence that are looked at, pointers followed.
const SEQUENCE_LIMIT: u64 = 1024;
/// File set descriptors that are looked at.
const FILE_SET_LIMIT: u64 = 64;

const ANCHOR_NAME: &str = "anchor volume descriptor pointer";
const SEQUENCE_NAME: &str = "volume descriptor sequence";
const LOGICAL_NAME: &str = "logical volume descriptor";
const FILE_SET_NAME: &str = "file set descriptor";

pub(super) fn mount<S: BlockSource>(source: S) -> Result<UdfVolume<S>, ReadError> {
    let mut first_error = None;
    for anchor in anchors(&source)? {
        for extent in [anchor.main, anchor.reserve] {
            match sequence(&source, extent) {
                Ok(sequence) => return mount_sequence(source, &sequence),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
    }
    Err(first_error.unwrap_or_else(|| ReadError::invalid(ANCHOR_NAME, 256, "none found")))
}

fn read_sector<S: BlockSource>(
    source: &S,
    structure: &'static str,
    lba: u64,
) -> Result<[u8; SECTOR], ReadError> {
    let mut sector = [0; SECTOR];
    source.read_blocks(lba, &mut sector).map_err(|error| ReadError::io(structure, lba, error))?;
    Ok(sector)
}

/// Every anchor that is in order, the usual places first (ECMA-167 3/8.4.2.1).
fn anchors<S: BlockSource>(source: &S) -> Result<Vec<Anchor>, ReadError> {
    let blocks = source.block_count();
    // 512 stands in for 256 where that cannot be written (UDF 6.11); the last ones allow for run-out sectors.
    let from_end = [1, 257, 258, 3, 151, 153].map(|back| blocks.checked_sub(back));
    let mut found = Vec::new();
    for lba in [Some(256)].into_iter().chain(from_end).chain([Some(512)]).flatten() {
        if lba >= blocks {
            continue;
        }
        let Ok(sector) = read_sector(source, ANCHOR_NAME, lba) else { continue };
        let Ok(location) = u32::try_from(lba) else { continue };
        if Tag::expect(&sector, ANCHOR, location).is_ok() {
            found.push(Anchor::read(&sector));
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    // Volumes of other sector sizes have anchor 256 elsewhere.
    for size in [512u64, 1024, 4096] {
        let lba = 256 * size / 2048;
        let sector = if lba < blocks { read_sector(source, ANCHOR_NAME, lba).ok() } else { None };
        if sector.is_some_and(|sector| Tag::expect(&sector, ANCHOR, 256).is_ok()) {
            let what =
                format!("the volume has sectors of {size} bytes; only 2048 are supported (UDF 2.2.4.2)");
            return Err(ReadError::invalid(ANCHOR_NAME, lba, what));
        }
    }
    Err(ReadError::invalid(
        ANCHOR_NAME,
        256,
        "none at sector 256, 512, the last or 256 before it (ECMA-167 3/8.4.2.1)",
    ))
}

/// The prevailing descriptors of a sequence (ECMA-167 3/8.4.3).
struct Sequence {
    label: String,
    logical: LogicalVolume,
    logical_lba: u64,
    partitions: BTreeMap<u16, Partition>,
}

fn sequence<S: BlockSource>(source: &S, extent: ExtentAd) -> Result<Sequence, ReadError> {
    let mut primary: Option<(u32, String)> = None;
    let mut logical: Option<(u64, LogicalVolume)> = None;
    let mut partitions: BTreeMap<u16, Partition> = BTreeMap::new();
    let start = u64::from(extent.lba);
    let mut lba = start;
    let mut left = u64::from(extent.bytes) / 2048;
    for _ in 0..SEQUENCE_LIMIT {
        if left == 0 {
            break;
        }
        let sector = read_sector(source, SEQUENCE_NAME, lba)?;
        if sector.iter().all(|b| *b == 0) {
            break; // unrecorded: the end of a sequence without terminator
        }
        let tag = Tag::verify(&sector)
            .map_err(|error| ReadError::invalid(SEQUENCE_NAME, lba, error.to_string()))?;
        if u64::from(tag.location) != lba {
            let what = format!("tag location {} (ECMA-167 3/7.2.8)", tag.location);
            return Err(ReadError::invalid(SEQUENCE_NAME, lba, what));
        }
        match tag.identifier {
            PRIMARY_VOLUME => {
                let number = primary_volume::sequence(&sector);
                if primary.as_ref().is_none_or(|(before, _)| number >= *before) {
                    primary = Some((number, primary_volume::volume(&sector)));
                }
            }
            LOGICAL_VOLUME => {
                let read = LogicalVolume::read(&sector)
                    .map_err(|error| ReadError::invalid(LOGICAL_NAME, lba, error.to_string()))?;
                if logical.as_ref().is_none_or(|(_, before)| read.sequence >= before.sequence) {
                    logical = Some((lba, read));
                }
            }
            PARTITION => {
                let read = Partition::read(&sector);
                if partitions.get(&read.number).is_none_or(|before| read.sequence >= before.sequence) {
                    partitions.insert(read.number, read);
                }
            }
            POINTER => {
                let next = ExtentAd::read(&sector, 20);
                lba = u64::from(next.lba);
                left = u64::from(next.bytes) / 2048;
                continue;
            }
            TERMINATING => break,
            _ => {}
        }
        lba += 1;
        left -= 1;
    }
    let Some((logical_lba, logical)) = logical else {
        return Err(ReadError::invalid(
            SEQUENCE_NAME,
            start,
            "no logical volume descriptor in it (ECMA-167 3/8.4.2)",
        ));
    };
    let label = match logical.name.is_empty() {
        true => primary.map_or_else(String::new, |(_, name)| name),
        false => logical.name.clone(),
    };
    Ok(Sequence { label, logical, logical_lba, partitions })
}

fn mount_sequence<S: BlockSource>(source: S, sequence: &Sequence) -> Result<UdfVolume<S>, ReadError> {
    let logical = &sequence.logical;
    let invalid = |what: String| ReadError::invalid(LOGICAL_NAME, sequence.logical_lba, what);
    if logical.domain.name() != "*OSTA UDF Compliant" {
        return Err(invalid(format!("domain '{}' is not UDF (UDF 2.2.4.3)", logical.domain.name())));
    }
    if logical.block_size != 2048 {
        return Err(invalid(format!(
            "logical blocks of {} bytes; only 2048 are supported (UDF 2.2.4.2)",
            logical.block_size
        )));
    }
    let mut places = Vec::new();
    for map in &logical.maps {
        match map {
            PartitionMap::Type1 { number, .. } => {
                let partition = sequence.partitions.get(number).ok_or_else(|| {
                    invalid(format!("partition {number} is mapped but not described (ECMA-167 3/10.7.2)"))
                })?;
                places.push(PartitionPlace { start: partition.start, blocks: partition.blocks });
            }
            other => {
                return Err(invalid(format!(
                    "partition map '{}' is not supported yet (UDF 2.2.8 to 2.2.10)",
                    other.name()
                )));
            }
        }
    }
    let mut volume = UdfVolume {
        source,
        revision: logical.domain.revision(),
        label: sequence.label.clone(),
        partitions: places,
        root: BlockAddress { block: 0, partition: 0 },
        windows: Mutex::new(Windows::default()),
    };
    volume.root = root(&volume, logical)?;
    Ok(volume)
}

/// The root directory of the prevailing file set descriptor (ECMA-167 4/8.3.1).
fn root<S: BlockSource>(volume: &UdfVolume<S>, logical: &LogicalVolume) -> Result<BlockAddress, ReadError> {
    let at = logical.file_set;
    let blocks = (u64::from(at.bytes) / 2048).clamp(1, FILE_SET_LIMIT);
    let mut best: Option<(u32, BlockAddress)> = None;
    for block in (at.block..).take(usize::try_from(blocks).unwrap_or(1)) {
        let address = BlockAddress { block, partition: at.partition };
        let lba = volume.resolve(FILE_SET_NAME, address, 1)?;
        let sector = volume.sector(FILE_SET_NAME, lba)?;
        match (Tag::expect(&sector, FILE_SET, block), &best) {
            (Ok(_), _) => {
                let number = file_set::number(&sector);
                if best.as_ref().is_none_or(|(before, _)| number >= *before) {
                    let icb = file_set::root(&sector);
                    best = Some((number, BlockAddress { block: icb.block, partition: icb.partition }));
                }
            }
            (Err(error), None) => {
                return Err(ReadError::invalid(FILE_SET_NAME, u64::from(lba), error.to_string()));
            }
            (Err(_), Some(_)) => break,
        }
    }
    best.map(|(_, root)| root)
        .ok_or_else(|| ReadError::invalid(FILE_SET_NAME, u64::from(at.block), "none recorded"))
}
