//! From a block of a partition reference to absolute blocks (ECMA-167 3/10.7, UDF 2.2.8 to 2.2.10).

use std::collections::BTreeMap;

use glassmaster_disc::{BlockSource, SECTOR_U64};
use glassmaster_tree::ReadError;

use super::extents::Span;
use super::{BlockAddress, UdfVolume, sector_of_block};
use crate::raw::vat::UNUSED;

/// A partition by its reference number.
#[derive(Debug)]
pub(crate) struct PartitionReference {
    /// Number in the partition descriptor.
    pub(crate) number: u16,
    /// First absolute block of the partition.
    pub(crate) start: u32,
    /// Blocks that can be addressed through this reference.
    pub(crate) blocks: u32,
    pub(crate) mapping: Mapping,
}

/// How blocks are found.
#[derive(Debug)]
pub(crate) enum Mapping {
    Plain,
    /// Packets that are elsewhere: first block in the partition -> first absolute block.
    Sparable {
        packet: u32,
        moved: BTreeMap<u32, u32>,
    },
    /// Blocks of another reference, by table.
    Virtual {
        physical: u16,
        table: Vec<u32>,
    },
    /// Blocks of two files.
    Metadata {
        main: FileBlocks,
        mirror: Option<FileBlocks>,
    },
    /// Not known yet.
    Pending,
}

/// The absolute blocks of a file, by the number of the block in the file.
#[derive(Debug, Default)]
pub(crate) struct FileBlocks {
    /// First block in the file, absolute block, count; ascending by the first. Holes are left out.
    runs: Vec<(u64, u64, u64)>,
    /// The same by absolute block: absolute block, first block in the file, count.
    back: Vec<(u64, u64, u64)>,
    /// Blocks of the file.
    pub(crate) blocks: u64,
}

impl FileBlocks {
    pub(crate) fn new(spans: &[Span], block_bytes: u32) -> Self {
        let mut file = Self::default();
        for span in spans {
            let count = span.bytes.div_ceil(u64::from(block_bytes));
            if let Some(block) = span.block {
                file.runs.push((file.blocks, block, count));
            }
            file.blocks = file.blocks.saturating_add(count);
        }
        file.back = file.runs.iter().map(|(at, block, count)| (*block, *at, *count)).collect();
        file.back.sort_unstable();
        file
    }

    /// Absolute block of a block of the file, and how many blocks follow in one piece, itself included.
    pub(crate) fn find(&self, at: u64) -> Option<(u64, u64)> {
        search(&self.runs, at)
    }

    /// Block of the file that stands at an absolute block.
    pub(crate) fn at(&self, block: u64) -> Option<u64> {
        search(&self.back, block).map(|(at, _)| at)
    }
}

fn search(runs: &[(u64, u64, u64)], key: u64) -> Option<(u64, u64)> {
    let index = runs.partition_point(|(first, ..)| *first <= key).checked_sub(1)?;
    let (first, to, count) = *runs.get(index)?;
    let into = key - first;
    (into < count).then(|| (to + into, count - into))
}

/// Takes absolute blocks and how many of them.
type EachRun<'a> = &'a mut dyn FnMut(u64, u64) -> Result<(), ReadError>;

impl<S: BlockSource> UdfVolume<S> {
    /// The partition reference of an address.
    fn reference(&self, structure: &'static str, at: BlockAddress) -> Result<&PartitionReference, ReadError> {
        self.shape.partitions.get(usize::from(at.partition)).ok_or_else(|| {
            let what = format!(
                "points to partition reference {}, there are {} (ECMA-167 4/7.1)",
                at.partition,
                self.shape.partitions.len()
            );
            ReadError::invalid(structure, self.sector_of(u64::from(at.block)), what)
        })
    }

    /// Hands the absolute blocks of `blocks` blocks from `at` on to `each`, in as few runs as they form; all of them lie
    /// inside the partition and the source.
    pub(crate) fn runs(
        &self,
        structure: &'static str,
        at: BlockAddress,
        blocks: u64,
        each: EachRun<'_>,
    ) -> Result<(), ReadError> {
        let place = self.reference(structure, at)?;
        let first = u64::from(at.block);
        let end = first.saturating_add(blocks);
        if end > u64::from(place.blocks) {
            let what = format!(
                "blocks {} to {} lie outside the partition of {} blocks",
                at.block,
                end.saturating_sub(1),
                place.blocks
            );
            let lba = self.sector_of(u64::from(place.start) + first);
            return Err(ReadError::invalid(structure, lba, what));
        }
        let start = u64::from(place.start);
        match &place.mapping {
            Mapping::Plain => self.emit(structure, start + first, blocks, each),
            Mapping::Sparable { packet, moved } => {
                self.sparable(structure, start, *packet, moved, (first, end), each)
            }
            Mapping::Virtual { physical, table } => {
                let mut next = first;
                while next < end {
                    let target =
                        lookup(table, next).ok_or_else(|| self.outside(structure, start, "virtual", next))?;
                    let mut count = 1;
                    while next + count < end
                        && lookup(table, next + count).map(u64::from) == Some(u64::from(target) + count)
                    {
                        count += 1;
                    }
                    let address = BlockAddress { block: target, partition: *physical };
                    self.runs(structure, address, count, each)?;
                    next += count;
                }
                Ok(())
            }
            Mapping::Metadata { main, .. } => {
                let mut next = first;
                while next < end {
                    let (block, room) =
                        main.find(next).ok_or_else(|| self.outside(structure, start, "metadata", next))?;
                    let count = room.min(end - next);
                    self.emit(structure, block, count, each)?;
                    next += count;
                }
                Ok(())
            }
            Mapping::Pending => Err(self.outside(structure, start, "unknown", first)),
        }
    }

    fn outside(&self, structure: &'static str, start: u64, kind: &str, block: u64) -> ReadError {
        let what = format!("{kind} block {block} is mapped to no place (UDF 2.2.8, 2.2.10)");
        ReadError::invalid(structure, self.sector_of(start), what)
    }

    /// Blocks of a sparable partition, packet by packet where one was moved.
    fn sparable(
        &self,
        structure: &'static str,
        start: u64,
        packet: u32,
        moved: &BTreeMap<u32, u32>,
        (first, end): (u64, u64),
        each: EachRun<'_>,
    ) -> Result<(), ReadError> {
        let packet = u64::from(packet.max(1));
        let mut next = first;
        while next < end {
            let base = next - next % packet;
            let key = u32::try_from(base).unwrap_or(u32::MAX);
            let count;
            if let Some(target) = moved.get(&key) {
                count = (base + packet).min(end) - next;
                self.emit(structure, u64::from(*target) + (next - base), count, each)?;
            } else {
                let other = moved.range(key..).next().map_or(end, |(other, _)| u64::from(*other));
                count = other.min(end) - next;
                self.emit(structure, start + next, count, each)?;
            }
            next += count;
        }
        Ok(())
    }

    fn emit(
        &self,
        structure: &'static str,
        block: u64,
        blocks: u64,
        each: EachRun<'_>,
    ) -> Result<(), ReadError> {
        let bytes = u64::from(self.shape.block_bytes);
        let end = block.saturating_add(blocks).saturating_mul(bytes).div_ceil(SECTOR_U64);
        if end > self.source.block_count() {
            let what = format!(
                "sectors {} to {} lie behind the end: there are {}",
                self.sector_of(block),
                end.saturating_sub(1),
                self.source.block_count()
            );
            return Err(ReadError::invalid(structure, self.sector_of(block), what));
        }
        each(block, blocks)
    }

    /// Absolute block of one block of a partition.
    pub(crate) fn locate(&self, structure: &'static str, at: BlockAddress) -> Result<u64, ReadError> {
        let mut found = 0;
        self.runs(structure, at, 1, &mut |block, _| {
            found = block;
            Ok(())
        })?;
        Ok(found)
    }

    /// The same block in the metadata mirror file, where that is another one.
    pub(crate) fn mirror_of(&self, block: u64) -> Option<u64> {
        self.shape.partitions.iter().find_map(|place| match &place.mapping {
            Mapping::Metadata { main, mirror: Some(mirror) } => {
                let (other, _) = mirror.find(main.at(block)?)?;
                (other != block).then_some(other)
            }
            _ => None,
        })
    }

    /// Absolute sectors of the partition that holds a reference's blocks, for messages and bounds.
    pub(crate) fn partition_sector(&self, partition: u16) -> u64 {
        let start = self.shape.partitions.get(usize::from(partition)).map_or(0, |place| place.start);
        sector_of_block(u64::from(start), self.shape.block_bytes)
    }
}

fn lookup(table: &[u32], block: u64) -> Option<u32> {
    let entry = *table.get(usize::try_from(block).ok()?)?;
    (entry != UNUSED).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_file_both_ways() {
        let spans = [
            Span { block: Some(100), bytes: 4096 },
            Span { block: None, bytes: 2048 },
            Span { block: Some(50), bytes: 3 * 2048 },
        ];
        let file = FileBlocks::new(&spans, 2048);
        assert_eq!(file.blocks, 6);
        assert_eq!((file.find(1), file.find(2), file.find(4)), (Some((101, 1)), None, Some((51, 2))));
        assert_eq!((file.find(6), file.at(52), file.at(53), file.at(49)), (None, Some(5), None, None));
    }
}
