//! Plan of a volume: everything measured and numbered before the first byte is made.

mod content;
mod directory;
mod entry;
mod measure;
mod names;
mod sequence;

use std::io;

use glassmaster_disc::{Area, SECTOR};
use glassmaster_tree::{Data, DataId, NameChange, NodeId, Timestamp, Tree};

use crate::options::{LayoutError, Options};
use crate::raw::timestamp::Calendar;
use content::Extra;
use directory::Directory;
use names::Translations;

/// Area numbers of a [`Layout`].
pub mod area {
    /// Volume recognition sequence, 3 sectors: behind the descriptors of another file system, else at sector 16.
    pub const RECOGNITION: usize = 0;
    /// Anchor volume descriptor pointer at sector 256.
    pub const ANCHOR: usize = 1;
    /// Main volume descriptor sequence, 16 sectors.
    pub const MAIN_SEQUENCE: usize = 2;
    /// Logical volume integrity sequence, 4 sectors.
    pub const INTEGRITY: usize = 3;
    /// File set, directories and file entries; inside the partition.
    pub const METADATA: usize = 4;
    /// Reserve volume descriptor sequence, 16 sectors.
    pub const RESERVE_SEQUENCE: usize = 5;
    /// Optional anchor 256 sectors before the last one; 0 sectors when not asked for.
    pub const THIRD_ANCHOR: usize = 6;
    /// Anchor in the last sector of the volume.
    pub const LAST_ANCHOR: usize = 7;
    /// Number of areas.
    pub const COUNT: usize = 8;
}

/// Sector of the first anchor (ECMA-167 3/8.4.2.1).
const ANCHOR_LBA: u32 = 256;
/// Least length of a volume descriptor sequence (ECMA-167 3/8.4.2.2).
const SEQUENCE_BLOCKS: u32 = 16;
/// 8 KiB, the least UDF 2.2.4.6 has for media that are written again.
const INTEGRITY_BLOCKS: u32 = 4;
/// A logical block is a sector (UDF 2.2.4.2).
const BLOCK: u64 = 2048;

/// Where the content of files is, and how to get at what is embedded.
#[derive(Clone, Copy)]
pub struct DataMap<'a> {
    /// First sector of each content by [`DataId::index`], absolute; not looked at for empty and embedded files. Each
    /// content is one contiguous run.
    pub lba: &'a [u32],
    /// Fills the slice with the whole content of an embedded file; needed when [`Options::embed_up_to`] is set.
    pub read: Option<&'a ReadContent<'a>>,
}

/// Fills the slice with the whole content of a file.
pub type ReadContent<'a> = dyn Fn(DataId, &mut [u8]) -> io::Result<()> + Sync + 'a;

/// Remembers where the last [`Layout::render`] call ended, so that the next one need not search. Belongs to one layout;
/// whatever its state, the bytes are the same.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    calendar: Calendar,
    directory: usize,
    position: directory::Position,
}

/// Address of the partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct PartitionPlace {
    start: u32,
    blocks: u32,
}

/// A volume that is planned. Rendering is a pure function of tree, data map and this.
///
/// Use: [`Layout::new`], [`Layout::place`] for every floating area, [`Layout::finish`], then [`Layout::render`] from
/// any number of threads.
pub struct Layout {
    options: Options,
    changes: Vec<NameChange>,
    areas: [Area; area::COUNT],
    partition: PartitionPlace,
    volume_blocks: u32,
    /// First block of the ICB in the metadata area, by node.
    icbs: Vec<u32>,
    directories: Vec<Directory>,
    checkpoints: Vec<directory::Checkpoint>,
    /// The object of each file entry that is no directory, in the order of the entries.
    files: Vec<NodeId>,
    files_at: u32,
    extras: Vec<Extra>,
    extras_at: u32,
    translations: Translations,
    /// Names of files, hard links counted each (UDF 2.2.6.4).
    file_names: u32,
    next_unique_id: u64,
}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Layout>();
};

impl Layout {
    /// Measures a tree: names, directories, file entries.
    ///
    /// # Errors
    /// [`LayoutError`] for what UDF cannot express at all; names that must change are no error but
    /// [`Layout::changes`].
    pub fn new(tree: &Tree, options: Options) -> Result<Self, LayoutError> {
        if !Options::is_volume_name(&options.volume_name) {
            return Err(LayoutError::VolumeName(options.volume_name));
        }
        measure::measure(tree, options)
    }

    /// Every name and link target that is recorded differently, in the order of the tree.
    #[must_use]
    pub fn changes(&self) -> &[NameChange] {
        &self.changes
    }

    /// The name under which an object is recorded when it differs from the source.
    #[must_use]
    pub fn translated(&self, node: NodeId) -> Option<&str> {
        self.translations.get(node)
    }

    /// What the volume consists of besides file data, by the numbers in [`area`].
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// The options the volume is made with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether a content is kept in its file entry and needs no sectors.
    #[must_use]
    pub fn embedded(&self, data: &Data) -> bool {
        entry::embeds(&self.options, data.size)
    }

    /// Gives a floating area its address: absolute sector.
    ///
    /// # Panics
    /// When `area` is not below [`area::COUNT`].
    pub fn place(&mut self, area: usize, lba: u32) {
        self.areas[area].lba = Some(lba);
    }

    /// Sets the last numbers: first sector and sectors of the partition, sectors of the whole volume.
    ///
    /// # Errors
    /// [`LayoutError::Misplaced`] when an area was not placed, the first anchor moved, the last anchor is not in the
    /// last sector, or the metadata is not inside the partition.
    pub fn finish(
        &mut self,
        partition_start: u32,
        partition_blocks: u32,
        volume_blocks: u32,
    ) -> Result<(), LayoutError> {
        let misplaced = |area: &Area, why| LayoutError::Misplaced {
            area: area.label.clone(),
            lba: area.lba.unwrap_or(0),
            why,
        };
        for area in &self.areas {
            let end = area.lba.map(|lba| u64::from(lba) + u64::from(area.blocks));
            match end {
                None if area.blocks > 0 => return Err(misplaced(area, "it was given no address")),
                Some(end) if end > u64::from(volume_blocks) => {
                    return Err(misplaced(area, "it ends behind the volume"));
                }
                _ => {}
            }
        }
        if self.areas[area::ANCHOR].lba != Some(ANCHOR_LBA) {
            return Err(misplaced(&self.areas[area::ANCHOR], "the first anchor stands at sector 256"));
        }
        let last = &self.areas[area::LAST_ANCHOR];
        if last.lba != volume_blocks.checked_sub(1) {
            return Err(misplaced(last, "it must be the last sector of the volume"));
        }
        let metadata = &self.areas[area::METADATA];
        let lba = u64::from(metadata.lba.unwrap_or(0));
        let partition_end = u64::from(partition_start) + u64::from(partition_blocks);
        if lba < u64::from(partition_start) || lba + u64::from(metadata.blocks) > partition_end {
            return Err(misplaced(metadata, "it must be inside the partition"));
        }
        if partition_end > u64::from(volume_blocks) {
            return Err(misplaced(metadata, "the partition ends behind the volume"));
        }
        self.partition = PartitionPlace { start: partition_start, blocks: partition_blocks };
        self.volume_blocks = volume_blocks;
        Ok(())
    }

    /// Fills `out`, a multiple of 2048 bytes, with the sectors of an area from its `first` on; every byte is written,
    /// sectors past the end of the area as zeros. `tree` is the one that was measured.
    ///
    /// # Errors
    /// `InvalidInput` when a content stands outside the partition or has no address, or an embedded content has no
    /// reader; what the reader of embedded contents reports.
    ///
    /// # Panics
    /// When `area` is not below [`area::COUNT`].
    pub fn render(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        area: usize,
        first: u32,
        out: &mut [u8],
        cursor: &mut Cursor,
    ) -> io::Result<()> {
        if area == area::METADATA {
            return self.render_metadata(tree, data, first, out, cursor);
        }
        out.fill(0);
        for (sector, block) in out.chunks_exact_mut(SECTOR).zip(first..) {
            if block < self.areas[area].blocks {
                self.render_fixed(area, block, sector, &mut cursor.calendar);
            }
        }
        Ok(())
    }

    fn render_metadata(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        first: u32,
        out: &mut [u8],
        cursor: &mut Cursor,
    ) -> io::Result<()> {
        let mut block = first;
        let mut rest = out;
        while !rest.is_empty() {
            let sectors = rest.len() / SECTOR;
            let done = if (directory::FIRST_BLOCK..self.files_at).contains(&block) {
                self.render_directories(tree, block, rest, cursor)
            } else {
                let sector = &mut rest[..SECTOR];
                sector.fill(0);
                if block < directory::FIRST_BLOCK {
                    self.render_file_set(block, sector, &mut cursor.calendar);
                } else if block < self.extras_at {
                    let place = usize::try_from(block - self.files_at).map_err(io::Error::other)?;
                    self.render_file(tree, data, self.files[place], block, sector, &mut cursor.calendar)?;
                } else if block < self.areas[area::METADATA].blocks {
                    self.render_extra(tree, data, block, sector)?;
                }
                1
            };
            rest = &mut rest[done.min(sectors) * SECTOR..];
            block = block.saturating_add(u32::try_from(done).unwrap_or(u32::MAX));
        }
        Ok(())
    }

    /// Partition-relative number of a block of the metadata area.
    fn metadata_block(&self, block: u32) -> u32 {
        let lba = self.areas[area::METADATA].lba.unwrap_or_default();
        lba.wrapping_sub(self.partition.start).wrapping_add(block)
    }

    fn lba_of(&self, area: usize) -> u32 {
        self.areas[area].lba.unwrap_or_default()
    }

    fn version(&self) -> u16 {
        self.options.revision.descriptor_version()
    }

    fn recorded(&self) -> Timestamp {
        self.options.recorded
    }
}

/// UniqueID of an object (UDF 3.2.1.1): 0 for the root, from 16 up for the others, in the order of the tree.
fn unique_id(node: NodeId) -> u64 {
    match node.index() {
        0 => 0,
        index => index as u64 + 15,
    }
}
