//! The image as a pure function: any range of sectors, at any time, in any order.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use glassmaster_disc::{Area, BlockSource, SECTOR, SECTOR_U64};
use glassmaster_iso9660::el_torito::{BOOT_INFO_BYTES, BOOT_INFO_OFFSET, BootInfoChecksum, boot_info_table};
use glassmaster_tree::{DataId, NameChange, Tree};

use crate::contents::{Contents, DataReader, ImageInput, Reader};
use crate::error::Error;
use crate::host::Mismatch;
use crate::plan::{Part, Plan};
use crate::stream::ImageStream;
use crate::{ImageOptions, OnChanged};

/// A planned image: every address is fixed, no byte is made before it is asked for. Cheap to clone.
#[doc(alias = "FileSystemImageResult")]
#[derive(Clone)]
pub struct Image {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) tree: Tree,
    pub(crate) contents: Contents,
    pub(crate) plan: Plan,
    pub(crate) on_changed: OnChanged,
    /// Boot info tables; of one content or two.
    boot_info: Vec<(DataId, [u8; BOOT_INFO_BYTES])>,
    /// Files that were padded, one entry each.
    repairs: Mutex<Vec<Repair>>,
}

/// A file whose place in the image was filled with zeros because it changed after planning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Path on the host; of a content that is no host file its path in the image.
    pub path: PathBuf,
    /// How it changed.
    pub what: String,
    pub(crate) data: DataId,
}

/// Where a rendering thread was, so that going on costs nothing. Any state gives the same bytes.
#[derive(Default)]
pub(crate) struct RenderState {
    iso: glassmaster_iso9660::Cursor,
    udf: glassmaster_udf::Cursor,
    pub(crate) reader: Reader,
    /// Index into [`Plan::placed`] of the last content touched.
    placed: usize,
}

/// A run of sectors that belongs to one file or one structure.
#[doc(alias = "IProgressItem")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgressItem {
    /// Path in the image, or the name of the structure.
    #[doc(alias = "Description")]
    pub description: String,
    /// First sector.
    #[doc(alias = "FirstBlock")]
    pub first: u32,
    /// Last sector, part of the run.
    #[doc(alias = "LastBlock")]
    pub last: u32,
}

impl ProgressItem {
    /// Sectors of the run, at least 1.
    #[doc(alias = "BlockCount")]
    #[must_use]
    pub fn block_count(&self) -> u32 {
        self.last - self.first + 1
    }
}

impl Image {
    /// Plans the image of `source`: a walked folder, or a tree with the store of its contents.
    ///
    /// # Errors
    /// What the selected file systems cannot hold, [`Error::NamesRefused`], [`Error::TooLarge`].
    #[doc(alias = "CreateResultImage")]
    pub fn new(source: impl Into<ImageInput>, options: &ImageOptions) -> Result<Self, Error> {
        let ImageInput { tree, contents } = source.into();
        let plan = Plan::new(&tree, options)?;
        let mut inner = Inner {
            tree,
            contents,
            plan,
            on_changed: options.on_changed,
            boot_info: Vec::new(),
            repairs: Mutex::default(),
        };
        for data in &options.boot_info {
            let table = inner.boot_info_table(*data, options.session.start)?;
            inner.boot_info.push((*data, table));
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Length in sectors of 2048 bytes.
    #[doc(alias = "TotalBlocks")]
    #[must_use]
    pub fn blocks(&self) -> u32 {
        self.inner.plan.blocks
    }

    /// Length in bytes, a multiple of 65,536.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inner.plan.bytes()
    }

    /// The tree it was made from.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.inner.tree
    }

    /// A stream over one content, at position 0.
    #[must_use]
    pub fn open_data(&self, data: DataId) -> DataReader {
        let tree = &self.inner.tree;
        let (content, path) = (tree.data(data), self.inner.path_of(data));
        let contents = &self.inner.contents;
        match tree.extents(data) {
            Some(extents) => contents.open_old(extents, content.size, &path),
            None => {
                contents.open(content.handle, content.size, &path).named(Contents::source(tree, data).name)
            }
        }
    }

    /// Everything that a selected file system records otherwise than the source has it.
    #[must_use]
    pub fn changes(&self) -> &[NameChange] {
        &self.inner.plan.changes
    }

    /// The areas of the image in the order of their addresses, without gaps.
    pub fn areas(&self) -> impl Iterator<Item = &Area> {
        self.inner.plan.regions.iter().map(|r| &r.area)
    }

    /// First sector of a file's content; `None` when it has none of its own (empty, or kept in its file entry).
    #[must_use]
    pub fn data_lba(&self, data: DataId) -> Option<u32> {
        self.inner.plan.data_lba.get(data.index()).copied().filter(|lba| *lba > 0)
    }

    /// What the sector `block` belongs to; `None` past the end.
    #[doc(alias = "ProgressItemFromBlock")]
    #[must_use]
    pub fn item_at(&self, block: u32) -> Option<ProgressItem> {
        let plan = &self.inner.plan;
        let region =
            plan.regions.get(plan.regions.partition_point(|r| r.start() <= block).checked_sub(1)?)?;
        let last = region.start() + region.area.blocks - 1;
        if block > last {
            return None;
        }
        let (mut first, mut last) = (region.start(), last);
        if region.part == Part::Data {
            let next = plan.placed.partition_point(|d| plan.data_lba[d.index()] <= block);
            if let Some(&data) = next.checked_sub(1).and_then(|at| plan.placed.get(at)) {
                let (start, blocks) = self.inner.run(data);
                if block < start + blocks {
                    let description = self.inner.path_of(data);
                    return Some(ProgressItem { description, first: start, last: start + blocks - 1 });
                }
                // A gap: from the end of one content to the beginning of the next.
                first = first.max(start + blocks);
            }
            if let Some(data) = plan.placed.get(next) {
                last = last.min(plan.data_lba[data.index()] - 1);
            }
        }
        Some(ProgressItem { description: region.area.label.clone(), first, last })
    }

    /// Sectors of the volume descriptors and the recognition sequence, which follow one another from sector 16 on.
    pub(crate) fn head_blocks(&self) -> u32 {
        let descriptors = [
            Part::Iso(glassmaster_iso9660::VOLUME_DESCRIPTORS),
            Part::Udf(glassmaster_udf::area::RECOGNITION),
        ];
        let regions = self.inner.plan.regions.iter();
        regions.filter(|r| descriptors.contains(&r.part)).map(|r| r.area.blocks).sum()
    }

    /// A reader over the whole image, at position 0.
    #[doc(alias = "ImageStream")]
    #[must_use]
    pub fn stream(&self) -> ImageStream {
        ImageStream::new(self.clone())
    }

    /// The image as numbered sectors.
    #[must_use]
    pub fn source(&self) -> ImageSource {
        ImageSource { image: self.clone(), state: Mutex::default() }
    }

    /// Files that were padded so far, in the order of their addresses; always empty with [`OnChanged::Fail`].
    #[must_use]
    pub fn repairs(&self) -> Vec<Repair> {
        let mut list = self.inner.repairs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        list.sort_by_key(|r| r.data);
        list
    }
}

impl Inner {
    /// First sector and number of sectors of a content that has some.
    pub(crate) fn run(&self, data: DataId) -> (u32, u32) {
        let blocks = glassmaster_disc::sectors_for(self.tree.data(data).size);
        // The planner has checked that it fits.
        (self.plan.data_lba[data.index()], u32::try_from(blocks).unwrap_or(u32::MAX))
    }

    /// Fills `out` with the sectors from `first` on.
    pub(crate) fn render(&self, first: u32, out: &mut [u8], state: &mut RenderState) -> Result<(), Error> {
        debug_assert!(out.len().is_multiple_of(SECTOR));
        let regions = &self.plan.regions;
        let mut at = first;
        let mut rest = out;
        let mut index = regions.partition_point(|r| r.start() <= at).saturating_sub(1);
        while !rest.is_empty() {
            let region = &regions[index];
            let inside = at - region.start();
            let here = ((region.area.blocks - inside) as usize * SECTOR).min(rest.len());
            let (piece, after) = rest.split_at_mut(here);
            self.render_part(region.part, inside, at, piece, state)?;
            rest = after;
            at += blocks_of(here);
            index += 1;
        }
        Ok(())
    }

    fn render_part(
        &self,
        part: Part,
        inside: u32,
        at: u32,
        out: &mut [u8],
        state: &mut RenderState,
    ) -> Result<(), Error> {
        match part {
            Part::Zero => out.fill(0),
            Part::Iso(area) => {
                if let Some(iso) = &self.plan.iso {
                    let data = glassmaster_iso9660::DataMap { lba: &self.plan.data_lba };
                    let tree = self.plan.iso_tree(&self.tree);
                    iso.render(tree, &data, area, inside, out, &mut state.iso);
                }
            }
            Part::Udf(area) => {
                if let Some(udf) = &self.plan.udf {
                    self.render_udf(udf, area, inside, out, state)?;
                }
            }
            Part::Data => self.render_data(at, out, state)?,
        }
        Ok(())
    }

    fn render_udf(
        &self,
        udf: &glassmaster_udf::Layout,
        area: usize,
        inside: u32,
        out: &mut [u8],
        state: &mut RenderState,
    ) -> Result<(), Error> {
        let reader = Mutex::new(&mut state.reader);
        // The error itself travels inside the io::Error.
        let read = |data: DataId, buf: &mut [u8]| {
            let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            self.read_file(data, 0, buf, &mut reader).map_err(io::Error::other)
        };
        let data = glassmaster_udf::DataMap { lba: &self.plan.data_lba, read: Some(&read) };
        udf.render(&self.tree, &data, area, inside, out, &mut state.udf)
            .map_err(|e| e.downcast::<Error>().unwrap_or_else(|e| Error::Options(e.to_string())))
    }

    /// Fills `out` from the data region; sectors between files are zeros.
    fn render_data(&self, first: u32, out: &mut [u8], state: &mut RenderState) -> Result<(), Error> {
        let plan = &self.plan;
        let start_of = |n: usize| plan.placed.get(n).map_or(u32::MAX, |d| plan.data_lba[d.index()]);
        // The content that holds `first`, or the last one before it; usually the one of the last call or the next.
        let mut n = state.placed;
        if !(start_of(n) <= first && first < start_of(n + 1)) {
            n += 1;
            if n >= plan.placed.len() || !(start_of(n) <= first && first < start_of(n + 1)) {
                n = plan.placed.partition_point(|d| plan.data_lba[d.index()] <= first).saturating_sub(1);
            }
        }
        let mut at = first;
        let mut rest = out;
        while !rest.is_empty() {
            let Some(&data) = plan.placed.get(n) else {
                rest.fill(0);
                break;
            };
            let (start, blocks) = self.run(data);
            let end = start + blocks;
            if at >= end {
                // Behind this file: nothing, a gap before an aligned one, or the end of the region.
                let until = start_of(n + 1);
                let gap = ((until.max(at) - at) as usize).saturating_mul(SECTOR).min(rest.len());
                let (zeros, after) = rest.split_at_mut(gap);
                zeros.fill(0);
                rest = after;
                at += blocks_of(gap);
                n += 1;
                continue;
            }
            let here = ((end - at) as usize * SECTOR).min(rest.len());
            let (piece, after) = rest.split_at_mut(here);
            let offset = u64::from(at - start) * SECTOR_U64;
            let size = self.tree.data(data).size;
            let bytes = usize::try_from(size - offset).unwrap_or(usize::MAX).min(here);
            let (content, pad) = piece.split_at_mut(bytes);
            self.read_file(data, offset, content, &mut state.reader)?;
            pad.fill(0);
            state.placed = n;
            rest = after;
            at += blocks_of(here);
        }
        Ok(())
    }

    /// Bytes of a file, or zeros and a repair where the policy says so.
    fn read_file(&self, data: DataId, offset: u64, out: &mut [u8], reader: &mut Reader) -> Result<(), Error> {
        match reader.read(&self.contents, &Contents::source(&self.tree, data), offset, out) {
            Ok(()) => {}
            Err(mismatch) => self.changed(data, offset, out, reader, mismatch)?,
        }
        if let Some((_, table)) = self.boot_info.iter().find(|(id, _)| *id == data) {
            put_table(table, offset, out);
        }
        Ok(())
    }

    /// Whether a content is recorded otherwise than its source has it.
    pub(crate) fn is_patched(&self, data: DataId) -> bool {
        self.boot_info.iter().any(|(id, _)| *id == data)
    }

    /// Reads a boot image through for its boot info table.
    fn boot_info_table(&self, data: DataId, session: u32) -> Result<[u8; BOOT_INFO_BYTES], Error> {
        let size = self.tree.data(data).size;
        if size < (BOOT_INFO_OFFSET + BOOT_INFO_BYTES) as u64 {
            return Err(Error::Options(format!(
                "a boot image of {size} bytes has no room for a boot info table, which ends with byte 63"
            )));
        }
        let mut checksum = BootInfoChecksum::default();
        let mut reader = Reader::default();
        let mut buffer = vec![0; 64 * 1024];
        let mut at = 0;
        while at < size {
            let n = usize::try_from(size - at).unwrap_or(usize::MAX).min(buffer.len());
            self.read_file(data, at, &mut buffer[..n], &mut reader)?;
            checksum.update(&buffer[..n]);
            at += n as u64;
        }
        let image = self.plan.data_lba.get(data.index()).copied().unwrap_or(0);
        // The primary volume descriptor is the first one (ECMA-119 6.7.1).
        Ok(boot_info_table(session + 16, image, size, checksum.finish()))
    }

    #[cold]
    fn changed(
        &self,
        data: DataId,
        offset: u64,
        out: &mut [u8],
        reader: &mut Reader,
        mismatch: Mismatch,
    ) -> Result<(), Error> {
        self.mismatch(data, mismatch)?;
        let source = Contents::source(&self.tree, data);
        reader.read_what_is_there(&self.contents, &source, offset, out);
        Ok(())
    }

    /// The error for a file that is not what was planned, or a note where the policy is to pad such files.
    #[cold]
    pub(crate) fn mismatch(&self, data: DataId, mismatch: Mismatch) -> Result<(), Error> {
        let source = Contents::source(&self.tree, data);
        if self.on_changed == OnChanged::Fail || matches!(mismatch, Mismatch::Store(_)) {
            return Err(self.contents.failure(&source, &self.path_of(data), mismatch));
        }
        let mut repairs = self.repairs.lock().unwrap_or_else(PoisonError::into_inner);
        if !repairs.iter().any(|r| r.data == data) {
            let path = self.contents.host_path(&source).unwrap_or_else(|| self.path_of(data).into());
            repairs.push(Repair { path, what: mismatch.to_string(), data });
        }
        Ok(())
    }

    /// Path of a content in the image, what it is for one without a name.
    pub(crate) fn path_of(&self, data: DataId) -> String {
        match self.tree.data_path(data) {
            path if path.is_empty() => "boot image (El Torito 1.5)".to_owned(),
            path => path,
        }
    }
}

/// Writes a boot info table over the piece of it that lies in `out`, the bytes of the image from `offset` on.
fn put_table(table: &[u8; BOOT_INFO_BYTES], offset: u64, out: &mut [u8]) {
    for (at, byte) in (BOOT_INFO_OFFSET as u64..).zip(table) {
        let place = at.checked_sub(offset).and_then(|at| usize::try_from(at).ok());
        if let Some(place) = place.and_then(|at| out.get_mut(at)) {
            *place = *byte;
        }
    }
}

pub(crate) fn blocks_of(bytes: usize) -> u32 {
    u32::try_from(bytes / SECTOR).unwrap_or(u32::MAX)
}

/// An [`Image`] as a [`BlockSource`].
pub struct ImageSource {
    image: Image,
    state: Mutex<RenderState>,
}

impl BlockSource for ImageSource {
    fn block_count(&self) -> u64 {
        u64::from(self.image.blocks())
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.check_range(lba, buf.len())?;
        let first = u32::try_from(lba).map_err(io::Error::other)?;
        let first = self.image.inner.plan.regions.first().map_or(0, crate::plan::Region::start) + first;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.image.inner.render(first, buf, &mut state).map_err(io::Error::other)
    }
}
