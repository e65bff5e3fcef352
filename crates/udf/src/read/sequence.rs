//! The volume descriptor sequence (ECMA-167 3/8.4.2): the prevailing descriptors of each kind.

use std::collections::BTreeMap;

use glassmaster_disc::BlockSource;
use glassmaster_tree::ReadError;

use super::anchor::read_blocks;
use super::sector_of_block;
use crate::cs0::dstring;
use crate::raw::anchor::ExtentAd;
use crate::raw::logical_volume::LogicalVolume;
use crate::raw::partition::Partition;
use crate::raw::primary_volume;
use crate::raw::tag::{LOGICAL_VOLUME, PARTITION, POINTER, PRIMARY_VOLUME, TERMINATING, Tag};

/// Descriptors of one sequence that are looked at, pointers followed.
const SEQUENCE_LIMIT: u64 = 1024;
/// Partitions of one volume that are kept.
const PARTITION_LIMIT: usize = 64;

const NAME: &str = "volume descriptor sequence";
const LOGICAL_NAME: &str = "logical volume descriptor";

/// Identifiers of the prevailing primary volume descriptor; empty where damaged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Primary {
    number: u32,
    pub(crate) volume: String,
    pub(crate) volume_set: String,
}

/// The prevailing descriptors (ECMA-167 3/8.4.3).
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    pub(crate) primary: Option<Primary>,
    pub(crate) logical: LogicalVolume,
    /// Sector of the logical volume descriptor.
    pub(crate) logical_lba: u64,
    pub(crate) partitions: BTreeMap<u16, Partition>,
}

impl Sequence {
    /// The logical volume identifier, else the volume identifier.
    pub(crate) fn label(&self) -> String {
        match (&self.logical.name, &self.primary) {
            (name, Some(primary)) if name.is_empty() => primary.volume.clone(),
            (name, _) => name.clone(),
        }
    }
}

pub(super) fn read<S: BlockSource + ?Sized>(
    source: &S,
    extent: ExtentAd,
    block_bytes: u32,
) -> Result<Sequence, ReadError> {
    let sector = |block: u64| sector_of_block(block, block_bytes);
    let mut primary: Option<Primary> = None;
    let mut logical: Option<(u64, LogicalVolume)> = None;
    let mut partitions: BTreeMap<u16, Partition> = BTreeMap::new();
    let start = u64::from(extent.lba);
    let mut at = start;
    let mut left = u64::from(extent.bytes / block_bytes);
    for _ in 0..SEQUENCE_LIMIT {
        if left == 0 {
            break;
        }
        let bytes = read_blocks(source, NAME, at, block_bytes, 1)?;
        if bytes.iter().all(|b| *b == 0) {
            break; // unrecorded: the end of a sequence without terminator
        }
        let tag =
            Tag::verify(&bytes).map_err(|error| ReadError::invalid(NAME, sector(at), error.to_string()))?;
        if u64::from(tag.location) != at {
            let what = format!("tag location {} (ECMA-167 3/7.2.8)", tag.location);
            return Err(ReadError::invalid(NAME, sector(at), what));
        }
        match tag.identifier {
            PRIMARY_VOLUME => {
                let number = primary_volume::sequence(&bytes);
                if primary.as_ref().is_none_or(|before| number >= before.number) {
                    let volume_set = bytes.get(72..200).and_then(|field| dstring(field).ok());
                    primary = Some(Primary {
                        number,
                        volume: primary_volume::volume(&bytes),
                        volume_set: volume_set.unwrap_or_default(),
                    });
                }
            }
            LOGICAL_VOLUME => {
                let read = LogicalVolume::read(&bytes)
                    .map_err(|error| ReadError::invalid(LOGICAL_NAME, sector(at), error.to_string()))?;
                if logical.as_ref().is_none_or(|(_, before)| read.sequence >= before.sequence) {
                    logical = Some((sector(at), read));
                }
            }
            PARTITION => {
                let read = Partition::read(&bytes);
                if partitions.get(&read.number).is_none_or(|before| read.sequence >= before.sequence)
                    && (partitions.len() < PARTITION_LIMIT || partitions.contains_key(&read.number))
                {
                    partitions.insert(read.number, read);
                }
            }
            POINTER => {
                let next = ExtentAd::read(&bytes, 20);
                at = u64::from(next.lba);
                left = u64::from(next.bytes / block_bytes);
                continue;
            }
            TERMINATING => break,
            _ => {}
        }
        at += 1;
        left -= 1;
    }
    let Some((logical_lba, logical)) = logical else {
        let what = "no logical volume descriptor in it (ECMA-167 3/8.4.2)";
        return Err(ReadError::invalid(NAME, sector(start), what));
    };
    Ok(Sequence { primary, logical, logical_lba, partitions })
}
