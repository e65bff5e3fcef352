//! The files that make a metadata partition (UDF 2.50 2.2.13): the metadata file with the file set, file entries and
//! directories, its mirror and, on media that are written again, its bitmap. They live in the physical partition.
//!
//! The area [`METADATA`](super::area::METADATA) begins with a head: the file entry of the metadata file, those of the
//! bitmap, long link targets, up to a whole unit; the file follows. The area of the mirror is its file entry and, when
//! the mirror is a copy, the rest of a unit and the copy.

use glassmaster_disc::SECTOR;

use super::run::Run;
use super::{BLOCK, Layout, area};
use crate::options::{AccessType, Options};
use crate::raw::file_entry::{FileEntry, HEADER_LEN};
use crate::raw::icb_tag::{IcbTag, STRATEGY_4, TYPE_METADATA, TYPE_METADATA_BITMAP, TYPE_METADATA_MIRROR};
use crate::raw::partition_map::{MetadataMap, PartitionMap};
use crate::raw::space_bitmap;
use crate::raw::tag::Tag;
use crate::raw::timestamp::Calendar;

/// Blocks in whose multiples the files have and place their extents: the largest cluster of optical media, 64 KiB, as
/// UDF 2.50 2.2.10 asks for.
pub(super) const UNIT: u32 = 32;
/// Longest extent of whole units.
const LONGEST: u32 = 0x3FFF_0000;

/// Blocks of the files besides the metadata itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Files {
    /// Blocks of the head; 0 without a metadata partition.
    pub(super) head: u32,
    /// Blocks of the bitmap; 0 for none.
    pub(super) bitmap: u32,
    /// Blocks of the metadata file.
    pub(super) blocks: u32,
    /// Blocks of it that are in use.
    pub(super) used: u32,
}

impl Files {
    /// Measures the files of a metadata partition; `None` when they need more than 2^32 blocks.
    pub(super) fn measure(options: &Options, used: u32, targets: u32) -> Option<(Self, u32)> {
        let blocks = used.checked_next_multiple_of(UNIT)?;
        // A read-only partition has no bitmap file (UDF 2.50 2.2.13.2).
        let bitmap = match options.access {
            AccessType::READ_ONLY => 0,
            _ => u32::try_from(space_bitmap::length(blocks).div_ceil(BLOCK)).ok()?,
        };
        let targets_at = if bitmap > 0 { bitmap.checked_add(2)? } else { 1 };
        let head = targets_at.checked_add(targets)?.checked_next_multiple_of(UNIT)?;
        head.checked_add(blocks)?;
        Some((Self { head, bitmap, blocks, used }, targets_at))
    }

    /// Blocks of the mirror's area.
    pub(super) fn mirror(&self, options: &Options) -> u32 {
        if options.mirror { UNIT + self.blocks } else { 1 }
    }
}

impl Layout {
    /// The map of the metadata partition.
    pub(super) fn metadata_map(&self) -> PartitionMap {
        PartitionMap::Metadata(MetadataMap {
            revision: self.options.revision.bcd(),
            volume: 1,
            number: 0,
            file: self.physical_block(0),
            mirror: self.mirror_block(0),
            bitmap: (self.files_of_metadata.bitmap > 0).then(|| self.physical_block(1)),
            allocation_unit: UNIT,
            alignment_unit: 32,
            duplicate: self.options.mirror,
        })
    }

    /// Partition block of a block of the mirror's area.
    fn mirror_block(&self, block: u32) -> u32 {
        self.lba_of(area::METADATA_MIRROR).wrapping_sub(self.partition.start).wrapping_add(block)
    }

    /// Renders a block of the head to a zeroed sector.
    pub(super) fn render_head(&self, block: u32, sector: &mut [u8], calendar: &mut Calendar) {
        let files = self.files_of_metadata;
        match block {
            0 => {
                let first = self.physical_block(files.head);
                self.metadata_entry(TYPE_METADATA, self.physical_block(0), first, sector, calendar);
            }
            1 if files.bitmap > 0 => {
                let size = space_bitmap::length(files.blocks);
                let run = Run::contiguous(self.physical_block(2), size, None);
                let location = self.physical_block(1);
                self.special_entry(TYPE_METADATA_BITMAP, location, run, size, sector, calendar);
            }
            _ if files.bitmap > 0 && block < 2 + files.bitmap => self.render_bitmap(block - 2, sector),
            _ => {}
        }
    }

    /// Renders the file entry of the mirror to a zeroed sector.
    pub(super) fn render_mirror_entry(&self, sector: &mut [u8], calendar: &mut Calendar) {
        let first = match self.options.mirror {
            true => self.mirror_block(UNIT),
            false => self.physical_block(self.files_of_metadata.head),
        };
        self.metadata_entry(TYPE_METADATA_MIRROR, self.mirror_block(0), first, sector, calendar);
    }

    fn metadata_entry(
        &self,
        file_type: u8,
        location: u32,
        first: u32,
        sector: &mut [u8],
        calendar: &mut Calendar,
    ) {
        let size = u64::from(self.files_of_metadata.blocks) * BLOCK;
        let run = Run::limited(first, size, LONGEST, None);
        self.special_entry(file_type, location, run, size, sector, calendar);
    }

    /// A file entry that no directory leads to: unique id 0, no owner (UDF 2.50 2.2.13.1).
    pub(super) fn special_entry(
        &self,
        file_type: u8,
        location: u32,
        run: Run<'_>,
        size: u64,
        sector: &mut [u8],
        calendar: &mut Calendar,
    ) {
        let recorded = calendar.encode(self.options.recorded);
        let used = run.write(0, &mut sector[HEADER_LEN..], None);
        FileEntry {
            icb: IcbTag { strategy: STRATEGY_4, file_type, flags: run.flags() },
            uid: u32::MAX,
            gid: u32::MAX,
            permissions: 0,
            links: 0,
            size,
            blocks: run.blocks(),
            accessed: recorded,
            modified: recorded,
            changed: recorded,
            unique_id: 0,
            attributes_len: 0,
            allocation_len: u32::try_from(used).unwrap_or_default(),
            extension: None,
        }
        .write(sector);
        let tag = Tag { identifier: crate::raw::tag::FILE_ENTRY, version: self.version(), location };
        tag.seal(&mut sector[..HEADER_LEN + used]);
    }

    /// One block of the bitmap: blocks of the metadata file behind the used ones are free.
    fn render_bitmap(&self, number: u32, sector: &mut [u8]) {
        let files = self.files_of_metadata;
        let begin = u64::from(number) * BLOCK;
        for (byte, at) in sector.iter_mut().zip(begin..) {
            let Some(first) = at.checked_sub(space_bitmap::HEADER_LEN as u64).map(|at| at * 8) else {
                continue;
            };
            for (bit, block) in (0..8).zip(first..) {
                if (u64::from(files.used)..u64::from(files.blocks)).contains(&block) {
                    *byte |= 1 << bit;
                }
            }
        }
        if number == 0 && sector.len() == SECTOR {
            space_bitmap::write_header(sector, self.version(), self.physical_block(2), files.blocks);
        }
    }
}
