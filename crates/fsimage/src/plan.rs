//! Addresses: every area and every file gets its place before the first byte is made.
//!
//! ```text
//! 0        system area
//! 16       ISO 9660 volume descriptors, then the UDF recognition sequence
//! 256      UDF anchor, volume descriptor sequence, integrity sequence
//!          UDF partition starts (multiple of 32): file set, directories and file entries of UDF, path tables and
//!          directories of ISO 9660, file data
//!          reserve volume descriptor sequence
//! last     UDF anchor
//! ```

use glassmaster_disc::{Area, SECTOR_U64, sectors_for};
use glassmaster_iso9660::el_torito::BootEntry;
use glassmaster_tree::{DataId, NameChange, Tree};

use crate::error::{Error, RefusedName};
use crate::{FileSystems, ImageOptions, NamePolicy};

/// Files of this size and more start on a 4096-byte boundary of the image, so that a file system of the host can
/// share their blocks with the source.
const ALIGNED_FROM: u64 = 64 * 1024;
/// Sectors of that boundary.
const ALIGNMENT: u32 = 2;
/// The image ends on a multiple of this many sectors: one cluster of BD, two of DVD.
const PADDING: u32 = 32;

/// What fills a region of the image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Nothing: zeros.
    Zero,
    /// Area of the ISO 9660 layout.
    Iso(usize),
    /// Area of the UDF layout.
    Udf(usize),
    /// Contents of files.
    Data,
}

/// A run of sectors and what fills it. Regions follow one another without a gap.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(crate) area: Area,
    pub(crate) part: Part,
}

impl Region {
    pub(crate) fn start(&self) -> u32 {
        self.area.lba.unwrap_or(0)
    }
}

/// All addresses of an image.
pub(crate) struct Plan {
    pub(crate) iso: Option<glassmaster_iso9660::Layout>,
    pub(crate) udf: Option<glassmaster_udf::Layout>,
    pub(crate) regions: Vec<Region>,
    /// First sector of each content; 0 for one without sectors of its own.
    pub(crate) data_lba: Vec<u32>,
    /// Contents with sectors of their own, in the order of their addresses.
    pub(crate) placed: Vec<DataId>,
    pub(crate) blocks: u32,
    pub(crate) changes: Vec<NameChange>,
    /// What ISO 9660 shows instead of the tree: nothing, when it is there only for the firmware's sake.
    empty: Option<Tree>,
}

/// Gives out addresses from the start of the session upwards.
struct Placer {
    next: u32,
    regions: Vec<Region>,
}

impl Placer {
    /// Places `area` at the next address, or at its fixed one after a gap of zeros.
    fn put(&mut self, mut area: Area, part: Part) -> Result<u32, Error> {
        let at = match area.lba {
            Some(fixed) => {
                self.skip_to(fixed)?;
                fixed
            }
            None => self.next,
        };
        area.lba = Some(at);
        self.next = at.checked_add(area.blocks).ok_or_else(too_large)?;
        if area.blocks > 0 {
            self.regions.push(Region { area, part });
        }
        Ok(at)
    }

    fn skip_to(&mut self, lba: u32) -> Result<(), Error> {
        if lba < self.next {
            let what = format!(
                "sectors up to {} are taken, but an area must stand at sector {lba}; use fewer boot entries",
                self.next
            );
            return Err(Error::Options(what));
        }
        if lba > self.next {
            let blocks = lba - self.next;
            let area = Area { label: "unused".to_owned(), lba: Some(self.next), blocks };
            self.regions.push(Region { area, part: Part::Zero });
            self.next = lba;
        }
        Ok(())
    }

    /// Goes on at a multiple of `to` sectors counted from `start`.
    fn align_from(&mut self, start: u32, to: u32) -> Result<(), Error> {
        let blocks = self.next.saturating_sub(start).checked_next_multiple_of(to).ok_or_else(too_large)?;
        self.skip_to(start.checked_add(blocks).ok_or_else(too_large)?)
    }

    fn align(&mut self, to: u32) -> Result<(), Error> {
        self.skip_to(self.next.checked_next_multiple_of(to).ok_or_else(too_large)?)
    }
}

fn too_large() -> Error {
    Error::TooLarge { needed: u64::from(u32::MAX) + 1, available: u64::from(u32::MAX) }
}

/// Addresses of contents while they are given out.
struct Places<'p> {
    tree: &'p Tree,
    lba: &'p mut [u32],
    placed: &'p mut Vec<DataId>,
}

impl Places<'_> {
    /// Places the contents that have none yet one behind the other, as one region.
    fn put(
        &mut self,
        label: &str,
        contents: impl Iterator<Item = DataId>,
        at: &mut Placer,
    ) -> Result<(), Error> {
        let first = at.next.checked_next_multiple_of(ALIGNMENT).ok_or_else(too_large)?;
        let mut next = first;
        for id in contents {
            let size = self.tree.data(id).size;
            if size == 0 || self.lba[id.index()] != 0 {
                continue;
            }
            if size >= ALIGNED_FROM {
                next = next.checked_next_multiple_of(ALIGNMENT).ok_or_else(too_large)?;
            }
            self.lba[id.index()] = next;
            self.placed.push(id);
            let blocks = u32::try_from(sectors_for(size)).map_err(|_| too_large())?;
            next = next.checked_add(blocks).ok_or_else(too_large)?;
        }
        if next > first {
            at.skip_to(first)?;
            at.put(Area::floating(label, next - first), Part::Data)?;
        }
        Ok(())
    }
}

impl Plan {
    pub(crate) fn new(tree: &Tree, options: &ImageOptions) -> Result<Self, Error> {
        let fs = options.file_systems.completed();
        if fs.is_empty() {
            return Err(Error::NoFileSystem);
        }
        if options.embed_up_to.is_some() && fs != FileSystems::UDF {
            let what = "files can be kept in their file entries only when UDF is the only file system";
            return Err(Error::Options(what.to_owned()));
        }
        let mut iso = None;
        let mut empty = None;
        if fs.contains(FileSystems::ISO9660) {
            iso = Some(glassmaster_iso9660::Layout::new(tree, iso_options(options, fs)).map_err(from_iso)?);
        } else if options.boot.is_some() {
            // Firmware finds the boot catalog by a volume descriptor of ISO 9660 only.
            let nothing = Tree::new(tree.node(tree.root()).meta());
            iso =
                Some(glassmaster_iso9660::Layout::new(&nothing, iso_options(options, fs)).map_err(from_iso)?);
            empty = Some(nothing);
        }
        let mut udf = None;
        if fs.contains(FileSystems::UDF) {
            udf = Some(glassmaster_udf::Layout::new(tree, udf_options(options)).map_err(from_udf)?);
        }
        let mut changes = Vec::new();
        changes.extend(iso.iter().flat_map(|l| l.changes().iter().cloned()));
        changes.extend(udf.iter().flat_map(|l| l.changes().iter().cloned()));
        if options.names == NamePolicy::Refuse {
            // Objects that a file system has no form for, such as links in Joliet, are no names that change.
            let renamed = changes.iter().filter(|c| c.recorded.is_some());
            let refused: Vec<_> =
                renamed.map(|c| RefusedName { path: tree.path(c.node), change: c.clone() }).collect();
            if !refused.is_empty() {
                return Err(Error::NamesRefused(refused));
            }
        }
        let mut plan = Self {
            iso,
            udf,
            regions: Vec::new(),
            data_lba: vec![0; tree.data_len()],
            placed: Vec::new(),
            blocks: 0,
            changes,
            empty,
        };
        plan.place(tree, options)?;
        let available = options.session.free_blocks;
        let needed = u64::from(plan.blocks);
        if available > 0 && needed > available {
            return Err(Error::TooLarge { needed, available });
        }
        Ok(plan)
    }

    fn place(&mut self, tree: &Tree, options: &ImageOptions) -> Result<(), Error> {
        let start = options.session.start;
        let mut at = Placer { next: start, regions: Vec::new() };
        at.put(Area::floating("system area (ECMA-119 6.2.1)", 16), Part::Zero)?;
        let mut partition = 0;
        if let Some(iso) = &mut self.iso {
            put_iso(&mut at, iso, glassmaster_iso9660::VOLUME_DESCRIPTORS)?;
        }
        if let Some(udf) = &mut self.udf {
            use glassmaster_udf::area;
            put_udf(&mut at, udf, area::RECOGNITION)?;
            put_udf(&mut at, udf, area::ANCHOR)?;
            put_udf(&mut at, udf, area::MAIN_SEQUENCE)?;
            put_udf(&mut at, udf, area::INTEGRITY)?;
            if options.vat {
                // Behind the data there is only the table, so that a drive can go on where it ends.
                put_udf(&mut at, udf, area::RESERVE_SEQUENCE)?;
            }
            at.align(PADDING)?;
            partition = options.previous.and_then(|p| p.partition_start).unwrap_or(at.next);
        }
        if let Some(udf) = &mut self.udf {
            at.align_from(partition, udf.alignment(glassmaster_udf::area::METADATA))?;
            // First in the partition: some readers look for the file set there instead of following its address.
            put_udf(&mut at, udf, glassmaster_udf::area::METADATA)?;
        }
        if let Some(iso) = &mut self.iso {
            for area in 0..iso.areas().len() {
                if area != glassmaster_iso9660::VOLUME_DESCRIPTORS {
                    put_iso(&mut at, iso, area)?;
                }
            }
        }
        self.place_data(tree, options, &mut at)?;
        if let Some(udf) = &mut self.udf {
            use glassmaster_udf::area::METADATA_MIRROR;
            if udf.areas()[METADATA_MIRROR].blocks > 0 {
                at.align_from(partition, udf.alignment(METADATA_MIRROR))?;
                put_udf(&mut at, udf, METADATA_MIRROR)?;
            }
        }
        let mut partition_end = at.next;
        if let Some(udf) = &mut self.udf {
            use glassmaster_udf::area;
            if !options.vat {
                put_udf(&mut at, udf, area::RESERVE_SEQUENCE)?;
            }
            // The last anchor, or the virtual allocation table, ends with the very last sector.
            let last = if options.vat { area::VAT } else { area::LAST_ANCHOR };
            let blocks = udf.areas()[last].blocks;
            let end = (at.next - start)
                .checked_add(blocks)
                .and_then(|n| n.checked_next_multiple_of(PADDING))
                .and_then(|n| n.checked_add(start))
                .ok_or_else(too_large)?;
            at.skip_to(end - blocks)?;
            put_udf(&mut at, udf, last)?;
            if options.vat {
                partition_end = at.next;
            }
        } else {
            let used = at.next - start;
            let end = used.checked_next_multiple_of(PADDING).and_then(|n| n.checked_add(start));
            at.skip_to(end.ok_or_else(too_large)?)?;
        }
        let at_end = at.next;
        self.blocks = at_end - start;
        self.regions = at.regions;
        if let Some(iso) = &mut self.iso {
            // Up to the end of the session, counted as addresses are: kernels refuse directories that lie behind it.
            iso.finish(at_end);
        }
        if let Some(udf) = &mut self.udf {
            udf.finish(partition, partition_end - partition, at_end).map_err(from_udf)?;
        }
        Ok(())
    }

    fn place_data(&mut self, tree: &Tree, options: &ImageOptions, at: &mut Placer) -> Result<(), Error> {
        let images: Vec<DataId> =
            options.boot.iter().flat_map(|b| b.entries().iter().map(BootEntry::image)).collect();
        let streams = self.udf.as_ref().is_some_and(glassmaster_udf::Layout::records_streams);
        let unnamed = images.iter().copied().filter(|id| tree.data(*id).links == 0);
        let embedded = |data| self.udf.as_ref().is_some_and(|udf| udf.embedded(data));
        let named = tree.contents().filter(|(id, data)| {
            let apart = images.contains(id) || !embedded(data);
            data.links > 0 && apart && tree.extents(*id).is_none() && (streams || !tree.is_stream(*id))
        });
        let mut places = Places { tree, lba: &mut self.data_lba, placed: &mut self.placed };
        // Next to the catalog: the firmware of old machines reaches the first gigabyte only.
        places.put("boot images", unnamed, at)?;
        places.put("file data", named.map(|(id, _)| id), at)
    }

    /// The tree that the ISO 9660 layout was made of, given the one of the image.
    pub(crate) fn iso_tree<'t>(&'t self, tree: &'t Tree) -> &'t Tree {
        self.empty.as_ref().unwrap_or(tree)
    }

    /// Bytes from the start of the image to the end of its last sector.
    pub(crate) fn bytes(&self) -> u64 {
        u64::from(self.blocks) * SECTOR_U64
    }
}

fn put_iso(at: &mut Placer, iso: &mut glassmaster_iso9660::Layout, area: usize) -> Result<(), Error> {
    let lba = at.put(iso.areas()[area].clone(), Part::Iso(area))?;
    iso.place(area, lba);
    Ok(())
}

fn put_udf(at: &mut Placer, udf: &mut glassmaster_udf::Layout, area: usize) -> Result<(), Error> {
    let lba = at.put(udf.areas()[area].clone(), Part::Udf(area))?;
    udf.place(area, lba);
    Ok(())
}

pub(crate) fn iso_options(options: &ImageOptions, fs: FileSystems) -> glassmaster_iso9660::Options {
    glassmaster_iso9660::Options {
        session_start: options.session.start,
        level: options.iso_level,
        rock_ridge: fs.contains(FileSystems::ROCK_RIDGE).then(Default::default),
        joliet: fs
            .contains(FileSystems::JOLIET)
            .then_some(glassmaster_iso9660::Joliet { name_units: options.joliet_units }),
        boot: options.boot.clone(),
        volume: options.volume_name.clone(),
        created: options.created,
        ..Default::default()
    }
}

pub(crate) fn from_iso(error: glassmaster_iso9660::LayoutError) -> Error {
    use glassmaster_iso9660::LayoutError;
    let hresult = match &error {
        LayoutError::TooManyDirectories(_) => 0xC0AA_B130,
        LayoutError::FileTooLarge { .. } => 0xC0AA_B132,
        LayoutError::NoUniqueName { .. } => 0xC0AA_B113,
        LayoutError::TooLarge(_) => 0xC0AA_B120,
        // IMAPI_E_FILE_SYSTEM_FEATURE_NOT_SUPPORTED
        LayoutError::Extents { .. } => 0xC0AA_B154,
        // IMAPI_E_BOOT_OBJECT_CONFLICT
        LayoutError::BootSession => 0xC0AA_B149,
    };
    Error::Unsuitable { file_system: "ISO 9660", what: error.to_string(), hresult }
}

pub(crate) fn udf_options(options: &ImageOptions) -> glassmaster_udf::Options {
    glassmaster_udf::Options {
        embed_up_to: options.embed_up_to,
        mirror: options.mirror,
        vat: options.vat,
        session_start: options.session.start,
        next_unique_id: options.previous.and_then(|p| p.next_unique_id),
        ..glassmaster_udf::Options::new(options.udf_revision, options.volume_name.clone(), options.created)
    }
}

pub(crate) fn from_udf(error: glassmaster_udf::LayoutError) -> Error {
    use glassmaster_udf::LayoutError;
    let hresult = match &error {
        LayoutError::VolumeName(_) => 0xC0AA_B104,
        LayoutError::Subdirectories(_) => 0xC0AA_B130,
        LayoutError::Links(_) => 0xC0AA_B101,
        LayoutError::TooLarge => 0xC0AA_B120,
        LayoutError::Misplaced { .. } | LayoutError::NoVirtualPartition => 0xC0AA_B100,
        LayoutError::Path { .. } => 0xC0AA_B110,
        LayoutError::OldContent { .. } => 0xC0AA_B153,
    };
    Error::Unsuitable { file_system: "UDF", what: error.to_string(), hresult }
}
