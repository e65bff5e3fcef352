//! The files of a metadata partition (UDF 2.50 2.2.10, 2.2.13): main, mirror and bitmap.

use glassmaster_disc::BlockSource;
use glassmaster_tree::ReadError;

use super::files::Walk;
use super::space::{self, FreeMap, Use};
use crate::raw::field::u32_at;
use crate::raw::icb_tag::AD_SHORT;
use crate::raw::partition_map::MetadataMap;
use crate::read::BlockAddress;
use crate::read::extents::{Form, Span};
use crate::read::icb::Direct;
use crate::read::mount::{TYPE_METADATA, TYPE_METADATA_MIRROR};
use crate::read::partition::Mapping;

/// File type of the bitmap file (UDF 2.50 2.2.13.2).
const TYPE_METADATA_BITMAP: u8 = 252;
/// Bytes of a bitmap that are read: 4 Gi blocks.
const BITMAP_LIMIT: u64 = 1 << 29;
/// Blocks compared at once.
const PIECE: u64 = 64;

/// Checks the three files of the partition `reference`; its free blocks, if there is a bitmap.
pub(super) fn check<S: BlockSource>(
    walk: &mut Walk<'_, '_, S>,
    reference: u16,
    map: &MetadataMap,
) -> Option<(u64, FreeMap)> {
    let places = walk.volume.shape.partitions.iter().zip(0u16..);
    let physical = places
        .filter(|(place, _)| {
            place.number == map.number && matches!(place.mapping, Mapping::Plain | Mapping::Sparable { .. })
        })
        .map(|(_, physical)| physical)
        .next()?;
    let main = walk.metadata_file(physical, map.file, TYPE_METADATA, map, true);
    let mirror = walk.metadata_file(physical, map.mirror, TYPE_METADATA_MIRROR, map, map.duplicate);
    if let (Some((main, at)), Some((mirror, mirror_at))) = (&main, &mirror) {
        walk.compare_mirror(main, mirror, (*at, *mirror_at), map.duplicate);
    }
    let Some(bitmap) = map.bitmap else {
        let access = walk.volume.shape.sequence.partitions.get(&map.number).map_or(1, |p| p.access);
        if matches!(access, 3 | 4) {
            let what = format!("no metadata bitmap file in a partition of access type {access}");
            walk.report.warning("UDF 2.50 2.2.10", walk.volume.shape.sequence.logical_lba, what);
        }
        return None;
    };
    let (direct, at) = walk.metadata_entry(physical, bitmap, TYPE_METADATA_BITMAP)?;
    walk.metadata_allocation(&direct, Use::Metadata);
    let bytes = match walk.volume.read_whole(&direct, BITMAP_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) => {
            walk.report.unreadable("UDF 2.50 2.2.13.2", &error);
            return None;
        }
    };
    let blocks = walk.volume.shape.partitions.get(usize::from(reference)).map_or(0, |place| place.blocks);
    // Whether its address is one in the file or in the partition is read both ways.
    let said = u32_at(&bytes, 12);
    let location = match walk.volume.pieces(&direct) {
        Ok(Ok(spans)) => walk.first_block(&spans, physical).filter(|block| *block == said).unwrap_or(0),
        _ => 0,
    };
    space::bitmap(walk.report, walk.rules, at, location, &bytes, blocks).map(|map| (at, map))
}

impl<S: BlockSource> Walk<'_, '_, S> {
    /// The file entry at `block` of partition `physical`, checked.
    fn metadata_entry(&mut self, physical: u16, block: u32, file_type: u8) -> Option<(Direct, u64)> {
        let address = BlockAddress { block, partition: physical };
        self.space.add(self.volume, address, 1, Use::Metadata);
        let direct = match self.volume.direct("metadata file", address) {
            Ok(direct) => direct,
            Err(error) => {
                self.report.unreadable("UDF 2.50 2.2.13", &error);
                return None;
            }
        };
        let at = self.volume.sector_of(direct.block);
        let found = direct.fields().icb.file_type;
        if found != file_type {
            let what = format!("file type {found} instead of {file_type}");
            self.report.error("UDF 2.50 2.2.13", at, what);
            return None;
        }
        if direct.fields().icb.flags & 7 != AD_SHORT {
            let what = format!("allocation descriptors of kind {}, not short", direct.fields().icb.flags & 7);
            self.report.warning("UDF 2.50 2.2.13", at, what);
        }
        Some((direct, at))
    }

    fn metadata_allocation(&mut self, direct: &Direct, what: Use) {
        if let Some(form) = Form::of(direct.fields().icb.flags) {
            self.allocation(direct, form, what);
        }
    }

    /// One of the two files: its pieces. `own` says that its blocks are used by nothing else.
    fn metadata_file(
        &mut self,
        physical: u16,
        block: u32,
        file_type: u8,
        map: &MetadataMap,
        own: bool,
    ) -> Option<(Vec<Span>, u64)> {
        let (direct, at) = self.metadata_entry(physical, block, file_type)?;
        if own {
            self.metadata_allocation(&direct, Use::Metadata);
        } else {
            // Checked, but the blocks are those of the main file.
            let kept = std::mem::take(&mut self.space);
            self.metadata_allocation(&direct, Use::Metadata);
            self.space = kept;
        }
        let spans = match self.volume.pieces(&direct) {
            Ok(Ok(spans)) => spans,
            Ok(Err(_)) => {
                self.report.error("UDF 2.50 2.2.13.1", at, "the content of the metadata file is embedded");
                return None;
            }
            Err(error) => {
                self.report.unreadable("UDF 2.50 2.2.13.1", &error);
                return None;
            }
        };
        let unit = u64::from(map.allocation_unit.max(1)) * u64::from(self.rules.block_bytes);
        let align = u64::from(map.alignment_unit.max(1));
        let start = self.volume.shape.partitions.get(usize::from(physical)).map_or(0, |p| u64::from(p.start));
        for span in &spans {
            if !span.bytes.is_multiple_of(unit) {
                let what = format!("an extent of {} bytes, units have {unit}", span.bytes);
                self.report.warning("UDF 2.50 2.2.13.1", at, what);
            }
            if let Some(block) = span.block
                && !block.saturating_sub(start).is_multiple_of(align)
            {
                let what = format!("an extent at block {}, aligned are multiples of {align}", block - start);
                self.report.warning("UDF 2.50 2.2.13.1", at, what);
            }
        }
        Some((spans, at))
    }

    fn first_block(&self, spans: &[Span], physical: u16) -> Option<u32> {
        let place = self.volume.shape.partitions.get(usize::from(physical))?;
        u32::try_from(spans.first()?.block?.checked_sub(u64::from(place.start))?).ok()
    }

    /// The mirror file is equal to the main file, block by block or because it has the same extents.
    fn compare_mirror(&mut self, main: &[Span], mirror: &[Span], at: (u64, u64), duplicate: bool) {
        if !duplicate {
            if main != mirror {
                let what = "the mirror file has other extents than the main file, but is said to be no copy";
                self.report.error("UDF 2.50 2.2.10", at.1, what);
            }
            return;
        }
        let size = |spans: &[Span]| spans.iter().map(|span| span.bytes).fold(0, u64::saturating_add);
        if size(main) != size(mirror) {
            let what = format!("the mirror file has {} bytes, the main file {}", size(mirror), size(main));
            self.report.error("UDF 2.50 2.2.13.1", at.1, what);
            return;
        }
        match self.differences(main, mirror) {
            Ok(None) => {}
            Ok(Some((count, first))) => {
                let what = format!(
                    "{count} blocks of the mirror file differ from the main file, block {first} is the first"
                );
                self.report.error("UDF 2.50 2.2.13.1", at.1, what);
            }
            Err(error) => self.report.unreadable("UDF 2.50 2.2.13.1", &error),
        }
    }

    /// Blocks that differ, and the first of them.
    fn differences(&mut self, main: &[Span], mirror: &[Span]) -> Result<Option<(u64, u64)>, ReadError> {
        let block_bytes = u64::from(self.rules.block_bytes);
        let mut found: Option<(u64, u64)> = None;
        let (mut one, mut other) = (Cursor::new(main, block_bytes), Cursor::new(mirror, block_bytes));
        let mut block = 0;
        loop {
            if self.report.stopped() {
                return Ok(None);
            }
            let count = one.room().min(other.room()).min(PIECE);
            if count == 0 {
                return Ok(found);
            }
            let (a, b) = (one.take(count), other.take(count));
            let read = |span: Span| self.volume.read_spans(&[span], 0, PIECE * block_bytes);
            let (a, b) = (read(a)?, read(b)?);
            let chunk = self.rules.bytes();
            for (n, (a, b)) in a.chunks(chunk).zip(b.chunks(chunk)).enumerate() {
                // Free blocks may hold anything; only descriptors and directories matter, but nobody knows which.
                if a != b {
                    let entry = found.get_or_insert((0, block + n as u64));
                    entry.0 += 1;
                }
            }
            block += count;
        }
    }
}

/// A place in a list of pieces.
struct Cursor<'a> {
    spans: &'a [Span],
    /// Blocks of the first that were taken.
    taken: u64,
    block_bytes: u64,
}

impl<'a> Cursor<'a> {
    fn new(spans: &'a [Span], block_bytes: u64) -> Self {
        Self { spans, taken: 0, block_bytes }
    }

    /// Blocks left in the first piece.
    fn room(&self) -> u64 {
        self.spans.first().map_or(0, |span| span.bytes.div_ceil(self.block_bytes) - self.taken)
    }

    /// The next blocks, as many as [`Cursor::room`] has at most.
    fn take(&mut self, count: u64) -> Span {
        let Some(first) = self.spans.first() else { return Span { block: None, bytes: 0 } };
        let block = first.block.map(|block| block + self.taken);
        self.taken += count;
        if self.room() == 0 {
            self.spans = &self.spans[1..];
            self.taken = 0;
        }
        Span { block, bytes: count * self.block_bytes }
    }
}
