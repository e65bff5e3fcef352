//! Plan of a volume: everything measured and numbered before the first byte is made.

mod content;
mod directory;
mod entry;
mod measure;
mod metadata;
mod names;
mod run;
mod scheme;
mod sequence;
mod stream;
mod unique_id;
mod vat;

use std::io;

use glassmaster_disc::{Area, SECTOR};
use glassmaster_tree::{Data, DataId, NameChange, NodeId, Timestamp, Tree};

use crate::options::{LayoutError, Options};
use crate::raw::timestamp::Calendar;
use content::Extra;
pub(crate) use content::old_fault;
use directory::Directory;
use metadata::Files;
use names::Translations;
use scheme::Scheme;
use stream::StreamDirectory;

/// Area numbers of a [`Layout`].
pub mod area {
    /// Volume recognition sequence, 3 sectors: behind the descriptors of another file system, else at sector 16.
    pub const RECOGNITION: usize = 0;
    /// Anchor volume descriptor pointer, 256 sectors behind the start of the session.
    pub const ANCHOR: usize = 1;
    /// Main volume descriptor sequence, 16 sectors.
    pub const MAIN_SEQUENCE: usize = 2;
    /// Logical volume integrity sequence, 4 sectors.
    pub const INTEGRITY: usize = 3;
    /// File set, directories and file entries; inside the partition. From UDF 2.50 up the metadata file behind its file
    /// entry.
    pub const METADATA: usize = 4;
    /// Reserve volume descriptor sequence, 16 sectors.
    pub const RESERVE_SEQUENCE: usize = 5;
    /// Optional anchor 256 sectors before the last one; 0 sectors when not asked for.
    pub const THIRD_ANCHOR: usize = 6;
    /// Anchor in the last sector of the volume; 0 sectors where the virtual allocation table ends it.
    pub const LAST_ANCHOR: usize = 7;
    /// Metadata mirror file, from UDF 2.50 up, far from the metadata file and inside the partition; else 0 sectors.
    pub const METADATA_MIRROR: usize = 8;
    /// Virtual allocation table, when asked for: the last sectors of the volume, inside the partition; else 0 sectors.
    pub const VAT: usize = 9;
    /// Number of areas.
    pub const COUNT: usize = 10;
}

/// Sectors from the start of the session to its first anchor (ECMA-167 3/8.4.2.1).
const ANCHOR_OFFSET: u32 = 256;
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

impl PartitionPlace {
    /// Whether sectors lie inside.
    fn holds(self, lba: u32, blocks: u64) -> bool {
        lba.checked_sub(self.start)
            .and_then(|block| u64::from(block).checked_add(blocks))
            .is_some_and(|end| end <= u64::from(self.blocks))
    }
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
    streams: Vec<StreamDirectory>,
    streams_at: u32,
    targets: Vec<Extra>,
    /// Block of the metadata area where long link targets begin.
    targets_at: u32,
    files_of_metadata: Files,
    scheme: Scheme,
    translations: Translations,
    /// Names of files, hard links counted each (UDF 2.2.6.4).
    file_names: u32,
    objects: u64,
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
        if options.vat && options.revision == crate::Revision::V102 {
            return Err(LayoutError::NoVirtualPartition);
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

    /// Whether a content that is still to be placed is kept in its file entry and needs no sectors.
    #[must_use]
    pub fn embedded(&self, data: &Data) -> bool {
        entry::embeds_size(&self.options, data.size)
    }

    /// Sectors at whose multiples, counted from the start of the partition, an area begins: 1 for most, 32 for the
    /// metadata file and its mirror (UDF 2.50 2.2.10).
    #[must_use]
    pub fn alignment(&self, area: usize) -> u32 {
        match (self.scheme, area) {
            (Scheme::Metadata, area::METADATA | area::METADATA_MIRROR) => metadata::UNIT,
            _ => 1,
        }
    }

    /// The unique id with which a later session goes on (UDF 3.2.1.1), as the integrity descriptor records it.
    #[must_use]
    pub fn next_unique_id(&self) -> u64 {
        unique_id::advance(self.options.next_unique_id, self.objects - 1)
    }

    /// Gives a floating area its address: absolute sector.
    ///
    /// # Panics
    /// When `area` is not below [`area::COUNT`].
    pub fn place(&mut self, area: usize, lba: u32) {
        self.areas[area].lba = Some(lba);
    }

    /// Sets the last numbers: first sector and sectors of the partition, and the sector behind the volume. The partition
    /// of a later session keeps the start of the first one's, so that what is on the disc stays inside.
    ///
    /// # Errors
    /// [`LayoutError::Misplaced`] when an area was not placed, the first anchor moved, the last anchor or the virtual
    /// allocation table does not end the volume, or metadata is not inside the partition or not aligned as
    /// [`Layout::alignment`] says.
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
        if self.areas[area::ANCHOR].lba != self.options.session_start.checked_add(ANCHOR_OFFSET) {
            let why = "the first anchor stands 256 sectors behind the start of the session";
            return Err(misplaced(&self.areas[area::ANCHOR], why));
        }
        let (last, why) = match self.scheme {
            Scheme::Virtual => (area::VAT, "it must end with the volume"),
            _ => (area::LAST_ANCHOR, "it must be the last sector of the volume"),
        };
        let last = &self.areas[last];
        if last.lba != volume_blocks.checked_sub(last.blocks) {
            return Err(misplaced(last, why));
        }
        let place = PartitionPlace { start: partition_start, blocks: partition_blocks };
        for number in [area::METADATA, area::METADATA_MIRROR, area::VAT] {
            let area = &self.areas[number];
            if area.blocks == 0 {
                continue;
            }
            let lba = area.lba.unwrap_or(0);
            if !place.holds(lba, u64::from(area.blocks)) {
                return Err(misplaced(area, "it must be inside the partition"));
            }
            if !(lba - partition_start).is_multiple_of(self.alignment(number)) {
                return Err(misplaced(
                    area,
                    "it must be a multiple of 32 sectors behind the partition's start",
                ));
            }
        }
        if u64::from(partition_start) + u64::from(partition_blocks) > u64::from(volume_blocks) {
            let why = "the partition ends behind the volume";
            return Err(misplaced(&self.areas[area::METADATA], why));
        }
        self.partition = place;
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
        match area {
            area::METADATA => self.render_metadata_area(tree, data, first, out, cursor),
            area::METADATA_MIRROR => self.render_mirror(tree, data, first, out, cursor),
            _ => {
                out.fill(0);
                for (sector, block) in out.chunks_exact_mut(SECTOR).zip(first..) {
                    if block < self.areas[area].blocks {
                        self.render_fixed(area, block, sector, &mut cursor.calendar);
                    }
                }
                Ok(())
            }
        }
    }

    /// The head of a metadata partition, where there is one, then the metadata.
    fn render_metadata_area(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        first: u32,
        out: &mut [u8],
        cursor: &mut Cursor,
    ) -> io::Result<()> {
        let head = self.files_of_metadata.head;
        let sectors = usize::try_from(head.saturating_sub(first)).unwrap_or(usize::MAX);
        let (before, rest) = out.split_at_mut(sectors.saturating_mul(SECTOR).min(out.len()));
        before.fill(0);
        for (sector, block) in before.chunks_exact_mut(SECTOR).zip(first..) {
            self.render_head(block, sector, &mut cursor.calendar);
            if let Some(target) = block.checked_sub(self.targets_at) {
                self.render_target(tree, target, sector);
            }
        }
        self.render_metadata(tree, data, first.saturating_sub(head), rest, cursor)
    }

    /// The file entry of the mirror, then the copy of the metadata.
    fn render_mirror(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        first: u32,
        out: &mut [u8],
        cursor: &mut Cursor,
    ) -> io::Result<()> {
        let sectors = usize::try_from(metadata::UNIT.saturating_sub(first)).unwrap_or(usize::MAX);
        let (before, rest) = out.split_at_mut(sectors.saturating_mul(SECTOR).min(out.len()));
        before.fill(0);
        if first == 0
            && self.areas[area::METADATA_MIRROR].blocks > 0
            && let Some(sector) = before.get_mut(..SECTOR)
        {
            self.render_mirror_entry(sector, &mut cursor.calendar);
        }
        if !self.options.mirror || self.scheme != Scheme::Metadata {
            rest.fill(0);
            return Ok(());
        }
        self.render_metadata(tree, data, first.saturating_sub(metadata::UNIT), rest, cursor)
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
                let calendar = &mut cursor.calendar;
                if block < directory::FIRST_BLOCK {
                    self.render_file_set(block, sector, calendar);
                } else if block < self.extras_at {
                    let place = usize::try_from(block - self.files_at).map_err(io::Error::other)?;
                    self.render_file(tree, data, self.files[place], block, sector, calendar)?;
                } else if block < self.streams_at {
                    self.render_extra(tree, data, block, sector)?;
                } else if block < self.files_of_metadata.used {
                    self.render_stream(tree, data, block, sector, calendar)?;
                } else if self.scheme != Scheme::Metadata
                    && let Some(target) = block.checked_sub(self.targets_at)
                {
                    self.render_target(tree, target, sector);
                }
                1
            };
            rest = &mut rest[done.min(sectors) * SECTOR..];
            block = block.saturating_add(u32::try_from(done).unwrap_or(u32::MAX));
        }
        Ok(())
    }

    /// Partition block of a block of the metadata area.
    fn physical_block(&self, block: u32) -> u32 {
        self.lba_of(area::METADATA).wrapping_sub(self.partition.start).wrapping_add(block)
    }

    /// Number of a block of the metadata, counted from the file set, in the partition of directories and allocation
    /// extents.
    fn metadata_block(&self, block: u32) -> u32 {
        match self.scheme {
            Scheme::Metadata => block,
            Scheme::Plain | Scheme::Virtual => self.physical_block(block),
        }
    }

    /// Its number in the partition of file entries and file set; virtual addresses are numbers of the metadata.
    fn icb_block(&self, block: u32) -> u32 {
        match self.scheme {
            Scheme::Metadata | Scheme::Virtual => block,
            Scheme::Plain => self.physical_block(block),
        }
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
