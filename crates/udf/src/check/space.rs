//! Which blocks of a partition are used for what, twice, or though they are free.

use glassmaster_disc::{BlockSource, Severity};

use super::Rules;
use super::field::{Expected, descriptor};
use super::report::Report;
use crate::raw::allocation::Allocation;
use crate::raw::field::u32_at;
use crate::raw::icb_tag::{AD_LONG, AD_SHORT, IcbTag};
use crate::read::partition::Mapping;
use crate::read::{BlockAddress, UdfVolume};

/// Tag identifiers (ECMA-167 4/7.2.1).
pub(super) const UNALLOCATED_ENTRY: u16 = 263;
pub(super) const SPACE_BITMAP: u16 = 264;

/// What a run of blocks holds. Only data may be shared, and even that is a habit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Use {
    FileSet,
    Entry,
    AllocationExtent,
    Directory,
    Data,
    SpaceTable,
    Metadata,
    VirtualTable,
    VolumeStructure,
}

impl Use {
    fn name(self) -> &'static str {
        match self {
            Self::FileSet => "the file set descriptor",
            Self::Entry => "a file entry",
            Self::AllocationExtent => "an allocation extent descriptor",
            Self::Directory => "a directory",
            Self::Data => "file data",
            Self::SpaceTable => "a space bitmap or table",
            Self::Metadata => "the metadata file",
            Self::VirtualTable => "the virtual allocation table",
            Self::VolumeStructure => "a volume structure",
        }
    }
}

/// A run of one partition reference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Run {
    partition: u16,
    block: u32,
    count: u32,
    what: Use,
}

/// Runs in use, in any order.
#[derive(Default)]
pub(super) struct Space {
    runs: Vec<Run>,
}

impl Space {
    /// Adds blocks of a partition; those of virtual ones as the blocks they stand for.
    pub(super) fn add<S: BlockSource>(
        &mut self,
        volume: &UdfVolume<S>,
        at: BlockAddress,
        count: u64,
        what: Use,
    ) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let place = volume.shape.partitions.get(usize::from(at.partition));
        match place.map(|place| &place.mapping) {
            Some(Mapping::Virtual { physical, table }) => {
                let first = usize::try_from(at.block).unwrap_or(usize::MAX);
                let blocks = table.iter().skip(first).take(usize::try_from(count).unwrap_or(0));
                for block in blocks.filter(|block| **block != u32::MAX) {
                    self.push(Run { partition: *physical, block: *block, count: 1, what });
                }
            }
            Some(_) => self.push(Run { partition: at.partition, block: at.block, count, what }),
            None => {}
        }
    }

    fn push(&mut self, run: Run) {
        if run.count == 0 {
            return;
        }
        if let Some(last) = self.runs.last_mut()
            && (last.partition, last.what) == (run.partition, run.what)
            && last.block.checked_add(last.count) == Some(run.block)
            && matches!(run.what, Use::Data | Use::Directory)
        {
            last.count = last.count.saturating_add(run.count);
            return;
        }
        self.runs.push(run);
    }

    /// Reports runs that share blocks.
    pub(super) fn overlaps<S: BlockSource>(&mut self, volume: &UdfVolume<S>, report: &mut Report<'_>) {
        self.runs.sort_unstable();
        let mut reach: Option<Run> = None;
        for run in &self.runs {
            let end = |run: &Run| u64::from(run.block) + u64::from(run.count);
            if let Some(before) = reach.filter(|before| before.partition == run.partition)
                && u64::from(run.block) < end(&before)
            {
                let address = BlockAddress { block: run.block, partition: run.partition };
                let at = volume
                    .locate("", address)
                    .map_or_else(|error| error.lba, |block| volume.sector_of(block));
                let shared = end(&before).min(end(run)) - u64::from(run.block);
                let what = format!(
                    "{shared} blocks from {} of partition reference {} on are both {} and {}",
                    run.block,
                    run.partition,
                    before.what.name(),
                    run.what.name()
                );
                let data = |what: Use| matches!(what, Use::Data);
                let severity = match (before.what, run.what) {
                    (one, other) if data(one) && data(other) => Severity::Warning,
                    // Reserved areas at the ends of a partition may hold the anchors of the volume.
                    (Use::VolumeStructure, Use::VolumeStructure) => continue,
                    _ => Severity::Error,
                };
                report.add(severity, "ECMA-167 4/8.7", at, what);
            }
            if reach.is_none_or(|before| before.partition != run.partition || end(run) > end(&before)) {
                reach = Some(*run);
            }
        }
    }

    /// Marks what is used; reports what was free or lies behind the map. Runs are sorted by [`Space::overlaps`].
    fn take<S: BlockSource>(
        &self,
        partition: u16,
        map: &mut FreeMap,
        volume: &UdfVolume<S>,
        clause: &'static str,
        report: &mut Report<'_>,
    ) {
        // Runs that overlap are looked at once.
        let mut done = 0;
        for run in self.runs.iter().filter(|run| run.partition == partition) {
            let end = run.block.saturating_add(run.count).min(map.blocks);
            let mut free = 0u32;
            let mut first = None;
            let from = run.block.max(done);
            done = done.max(end);
            for block in from..end {
                if map.is_free(block) {
                    free += 1;
                    first.get_or_insert(block);
                }
                map.set(block, Mark::Used);
            }
            if let Some(first) = first {
                let address = BlockAddress { block: first, partition };
                let at = volume.locate("", address).map_or_else(|error| error.lba, |b| volume.sector_of(b));
                let what = format!(
                    "{free} blocks from {first} of partition reference {partition} on are marked free, but hold {}",
                    run.what.name()
                );
                report.error(clause, at, what);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Free,
    Used,
}

/// Free blocks by bitmap or table, and what turned out to be used: one bit each for a block.
pub(super) struct FreeMap {
    blocks: u32,
    free: Vec<u8>,
    used: Vec<u8>,
    pub(super) free_blocks: u64,
}

impl FreeMap {
    fn new(blocks: u32) -> Self {
        let bytes = usize::try_from(blocks.div_ceil(8)).unwrap_or(0);
        Self { blocks, free: vec![0; bytes], used: vec![0; bytes], free_blocks: 0 }
    }

    fn is_free(&self, block: u32) -> bool {
        bit(&self.free, block)
    }

    fn set(&mut self, block: u32, mark: Mark) {
        let map = match mark {
            Mark::Free => &mut self.free,
            Mark::Used => &mut self.used,
        };
        if let Some(byte) = usize::try_from(block / 8).ok().and_then(|at| map.get_mut(at)) {
            *byte |= 1 << (block % 8);
        }
    }

    /// Blocks that are neither free nor used, and the first of them.
    fn lost(&self) -> (u64, Option<u32>) {
        let mut count = 0;
        let mut first = None;
        for block in 0..self.blocks {
            if !bit(&self.free, block) && !bit(&self.used, block) {
                count += 1;
                first.get_or_insert(block);
            }
        }
        (count, first)
    }
}

fn bit(map: &[u8], block: u32) -> bool {
    usize::try_from(block / 8)
        .ok()
        .and_then(|at| map.get(at))
        .is_some_and(|byte| byte >> (block % 8) & 1 == 1)
}

/// The bitmap in `bytes` (ECMA-167 4/14.12) of a partition of `blocks` blocks; `None` when it is none.
pub(super) fn bitmap(
    report: &mut Report<'_>,
    rules: Rules,
    at: u64,
    location: u32,
    bytes: &[u8],
    blocks: u32,
) -> Option<FreeMap> {
    // The CRC may be left out (UDF 2.3.8.1), or cover less than the bitmap, which may be longer than its 64 KiB.
    let wanted = Expected { name: "space bitmap", identifier: SPACE_BITMAP, location, size: 0, part: 4 };
    if !descriptor(report, rules, at, bytes, &wanted) {
        return None;
    }
    let (bits, length) = (u32_at(bytes, 16), u32_at(bytes, 20));
    if bits != blocks {
        let what = format!("a bitmap of {bits} bits for a partition of {blocks} blocks");
        report.error("ECMA-167 4/14.12.2", at, what);
    }
    let map = usize::try_from(length).ok().and_then(|length| bytes.get(24..24usize.checked_add(length)?));
    let Some(map) = map.filter(|_| u64::from(length) * 8 >= u64::from(bits)) else {
        let what = format!("{length} bytes for {bits} bits in an extent of {} bytes", bytes.len());
        report.error("ECMA-167 4/14.12.3", at, what);
        return None;
    };
    let mut found = FreeMap::new(blocks.min(bits));
    for block in 0..blocks.min(bits) {
        if bit(map, block) {
            found.set(block, Mark::Free);
            found.free_blocks += 1;
        }
    }
    Some(found)
}

/// The unallocated space entry in `bytes` (ECMA-167 4/14.11): free extents. `blocks` is no more than the source has.
pub(super) fn table(
    report: &mut Report<'_>,
    rules: Rules,
    at: u64,
    location: u32,
    bytes: &[u8],
    blocks: u32,
) -> Option<FreeMap> {
    let length = u32_at(bytes, 36);
    let size = 40usize.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    let size = if size <= bytes.len() { size } else { 40 };
    let name = "unallocated space entry";
    let wanted = Expected { name, identifier: UNALLOCATED_ENTRY, location, size, part: 4 };
    if !descriptor(report, rules, at, bytes, &wanted) {
        return None;
    }
    let icb = IcbTag::read(bytes, 16);
    let (step, read): (usize, fn(&[u8]) -> Allocation) = match icb.flags & 7 {
        AD_SHORT => (8, Allocation::short),
        AD_LONG => (16, Allocation::long),
        other => {
            report.error("UDF 2.3.7", at, format!("allocation descriptors of kind {other}"));
            return None;
        }
    };
    let Some(list) =
        usize::try_from(length).ok().and_then(|length| bytes.get(40..40usize.checked_add(length)?))
    else {
        report.error("ECMA-167 4/14.11.3", at, format!("{length} bytes of descriptors exceed the block"));
        return None;
    };
    let mut found = FreeMap::new(blocks);
    let mut before = 0u64;
    for ad in list.chunks_exact(step).map(read) {
        if ad.bytes == 0 {
            break;
        }
        let count = ad.bytes / rules.block_bytes;
        let end = u64::from(ad.block) + u64::from(count);
        if end > u64::from(blocks) || u64::from(ad.block) < before {
            let what = format!("free blocks {} to {end} overlap others or lie outside", ad.block);
            report.error("UDF 2.3.7", at, what);
            continue;
        }
        before = end;
        for block in ad.block..ad.block.saturating_add(count).min(blocks) {
            found.set(block, Mark::Free);
            found.free_blocks += 1;
        }
    }
    Some(found)
}

/// Holds what is used against what is free.
pub(super) fn compare<S: BlockSource>(
    volume: &UdfVolume<S>,
    space: &Space,
    partition: u16,
    (at, mut map): (u64, FreeMap),
    complete: bool,
    report: &mut Report<'_>,
) {
    space.take(partition, &mut map, volume, "ECMA-167 4/10.1", report);
    if complete && let (lost, Some(first)) = map.lost() {
        let what = format!(
            "{lost} blocks of partition reference {partition} are neither free nor used, {first} the first of them"
        );
        report.note("ECMA-167 4/10.1", at, what);
    }
}
