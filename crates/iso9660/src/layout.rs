//! Plan of a volume: every name, size and order fixed before the first byte; addresses of areas come from outside.

use glassmaster_disc::{Area, SECTOR};
use glassmaster_tree::{NameChange, Timestamp, Tree};

use crate::el_torito::BootCatalog;
use crate::joliet::{self, JolietNames};
use crate::level::{self, Level, PrimaryNames};
use crate::options::{DeepDirectories, Options};
use crate::raw::date::RecordDates;
use crate::raw::descriptor::{
    FIRST_SECTOR, JOLIET_ESCAPES, VolumeDescriptor, encode_boot_record, encode_terminator, kind,
};
use crate::raw::path_table::Order;
use crate::raw::record::{FileFlags, HEAD, RecordHead};
use crate::view::{Buffers, Content, OldSections, Pos, Scene, View};

/// Index of the area of the volume descriptors; fixed at 16 sectors from the start of the session.
pub const VOLUME_DESCRIPTORS: usize = 0;
/// Index of the area of the path tables: L and M of the primary, then of the Joliet hierarchy.
pub const PATH_TABLES: usize = 1;
/// Index of the area of the primary directories and their continuation areas.
pub const DIRECTORIES: usize = 2;
/// Index of the area of the Joliet directories; empty without Joliet.
pub const JOLIET_DIRECTORIES: usize = 3;
/// Index of the area of the boot catalog: one sector, none without [`Options::boot`].
pub const BOOT_CATALOG: usize = 4;

/// Where the contents of files begin.
#[derive(Clone, Copy, Debug)]
pub struct DataMap<'a> {
    /// First sector of each content, by `DataId::index()`; what stands there for empty contents is not used.
    /// Every content is one run of sectors, but for those of earlier sessions, whose extents the tree knows. The images
    /// of a boot catalog are looked up here, too.
    pub lba: &'a [u32],
}

/// Why a tree cannot become an ISO 9660 volume.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LayoutError {
    /// More directories than the 16-bit numbers of path tables can count (ECMA-119 6.9.1, 9.4.4).
    #[error(
        "{0} directories: ISO 9660 can number 65535 (ECMA-119 9.4.4); leave ISO 9660 and Joliet out and use UDF, \
         which has no such limit"
    )]
    TooManyDirectories(u64),
    /// A file that needs several extents at a level that allows one (ECMA-119 10.1, 10.2).
    #[error(
        "'{path}' has {size} bytes: at interchange level 1 and 2 a file has one extent of at most 4294965248 bytes \
         (ECMA-119 10.1); use level 3"
    )]
    FileTooLarge {
        /// Its path in the tree.
        path: String,
        /// Its length in bytes.
        size: u64,
    },
    /// Every numbered variant of a name is taken.
    #[error("no unique {file_system} name can be derived for '{path}'")]
    NoUniqueName {
        /// Its path in the tree.
        path: String,
        /// The hierarchy where it clashes.
        file_system: &'static str,
    },
    /// The content of an earlier session that directory records cannot describe.
    #[error("'{path}' {what}")]
    Extents {
        /// Its path in the tree.
        path: String,
        /// What is in the way, with the clause.
        what: &'static str,
    },
    /// Boot entries for a later session: firmware looks for them only in the first (El Torito 2.0), and an earlier
    /// session's cannot be taken back.
    #[error("only the first session of a disc can be bootable; leave the boot entries out (El Torito 2.0)")]
    BootSession,
    /// The descriptions alone exceed 4 GiB (names) or 2^32 sectors.
    #[error("the {0} are larger than the 32-bit numbers of ISO 9660 can address")]
    TooLarge(&'static str),
}

/// A planned volume.
#[derive(Clone, Debug)]
pub struct Layout {
    options: Options,
    old: OldSections,
    primary: View<PrimaryNames>,
    joliet: Option<View<JolietNames>>,
    root_time: Timestamp,
    areas: [Area; 5],
    changes: Vec<NameChange>,
    volume_blocks: u32,
}

/// Where the last call of [`Layout::render`] ended, so that going on from there needs no search. Any value from a call
/// of the same layout, and a fresh one, gives the same bytes.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    primary: Option<Pos>,
    joliet: Option<Pos>,
    buffers: Buffers,
}

/// Objects from which on the two hierarchies are made by two threads.
const WORTH_A_THREAD: usize = 4096;

impl Layout {
    /// Maps and sorts all names and measures every structure.
    ///
    /// # Errors
    /// As [`LayoutError`] says.
    pub fn new(tree: &Tree, options: Options) -> Result<Self, LayoutError> {
        if options.boot.is_some() && options.session_start != 0 {
            return Err(LayoutError::BootSession);
        }
        let multi_extent = options.level == Level::Three;
        let relocate = options.rock_ridge.is_some_and(|r| r.deep == DeepDirectories::Relocate);
        let old = OldSections::new(tree, multi_extent)?;
        let content = Content {
            rock_ridge: options.rock_ridge.is_some(),
            relocate,
            limited: true,
            multi_extent,
            refuse_large: true,
        };
        let primary = || View::build(tree, &old, PrimaryNames { level: options.level }, content);
        let joliet = options.joliet.map(|joliet| {
            let units = joliet.units();
            let content = Content {
                rock_ridge: false,
                relocate: false,
                limited: false,
                multi_extent,
                refuse_large: true,
            };
            let old = &old;
            move || View::build(tree, old, JolietNames { units }, content)
        });
        let (primary, joliet) = match joliet {
            Some(joliet) => {
                let (primary, joliet) = both(tree.len() >= WORTH_A_THREAD, primary, joliet);
                (primary?, Some(joliet?))
            }
            None => (primary()?, None),
        };
        let (primary, mut changes) = primary;
        let (joliet, joliet_changes) = joliet.unzip();
        changes.extend(joliet_changes.unwrap_or_default());
        changes.sort_by_key(|c| c.node);
        let first = options
            .session_start
            .checked_add(FIRST_SECTOR)
            .ok_or(LayoutError::TooLarge("addresses of the session"))?;
        let tables = table_blocks(primary.path_table_size())
            + joliet.as_ref().map_or(0, |j| table_blocks(j.path_table_size()));
        let descriptors = 2 + u32::from(joliet.is_some()) + u32::from(options.boot.is_some());
        let areas = [
            Area::fixed("ISO 9660 volume descriptors", first, descriptors),
            Area::floating("ISO 9660 path tables", tables * 2),
            Area::floating("ISO 9660 directories", primary.sectors()),
            Area::floating("Joliet directories", joliet.as_ref().map_or(0, View::sectors)),
            Area::floating("boot catalog", u32::from(options.boot.is_some())),
        ];
        let root_time = tree.node(tree.root()).modified();
        Ok(Self { options, old, primary, joliet, root_time, areas, changes, volume_blocks: 0 })
    }

    /// Every name and object that a hierarchy does not hold as it is, in the order of the tree.
    #[must_use]
    pub fn changes(&self) -> &[NameChange] {
        &self.changes
    }

    /// The areas, by [`VOLUME_DESCRIPTORS`], [`PATH_TABLES`], [`DIRECTORIES`], [`JOLIET_DIRECTORIES`],
    /// [`BOOT_CATALOG`].
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// Gives a floating area its first sector (absolute). Areas that are never placed stand at sector 0, which makes
    /// the volume useless; those of no sectors need no place. An index that is no area's is ignored.
    pub fn place(&mut self, area: usize, lba: u32) {
        if let Some(area) = self.areas.get_mut(area).filter(|_| area != VOLUME_DESCRIPTORS) {
            area.lba = Some(lba);
        }
    }

    /// Sets the volume space size (ECMA-119 8.4.8): the sectors up to the end of this session, counted from the start of the
    /// disc as addresses are. Linux refuses a session whose directories lie behind that end.
    pub fn finish(&mut self, volume_blocks: u32) {
        self.volume_blocks = volume_blocks;
    }

    /// Fills `out`, a multiple of 2048 bytes, with the sectors of an area from its sector `first` on; what lies behind
    /// the area (or belongs to none) becomes zeros. `tree` is the one the layout was made of.
    pub fn render(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        area: usize,
        first: u32,
        out: &mut [u8],
        cursor: &mut Cursor,
    ) {
        let scene = |base| Scene { tree, data: data.lba, old: &self.old, base };
        match area {
            VOLUME_DESCRIPTORS => {
                for (n, sector) in (first..).zip(out.chunks_mut(SECTOR)) {
                    self.render_descriptor(n, sector);
                }
            }
            PATH_TABLES => {
                for (n, sector) in (first..).zip(out.chunks_mut(SECTOR)) {
                    self.render_table(tree, n, sector);
                }
            }
            DIRECTORIES => {
                let scene = scene(self.lba(DIRECTORIES));
                self.primary.render(&scene, first, out, &mut cursor.primary, &mut cursor.buffers);
            }
            JOLIET_DIRECTORIES => match &self.joliet {
                Some(view) => {
                    let scene = scene(self.lba(JOLIET_DIRECTORIES));
                    view.render(&scene, first, out, &mut cursor.joliet, &mut cursor.buffers);
                }
                None => out.fill(0),
            },
            BOOT_CATALOG => {
                for (n, sector) in (first..).zip(out.chunks_mut(SECTOR)) {
                    match &self.options.boot {
                        Some(catalog) if n == 0 => render_catalog(catalog, data, sector),
                        _ => sector.fill(0),
                    }
                }
            }
            _ => out.fill(0),
        }
    }

    fn lba(&self, area: usize) -> u32 {
        self.areas.get(area).and_then(|a| a.lba).unwrap_or(0)
    }

    /// First sector of the path tables of a hierarchy, L and M.
    fn table_lba(&self, joliet: bool) -> (u32, u32) {
        let primary = table_blocks(self.primary.path_table_size());
        let own = match &self.joliet {
            Some(view) if joliet => table_blocks(view.path_table_size()),
            _ => primary,
        };
        let l = self.lba(PATH_TABLES) + if joliet { primary * 2 } else { 0 };
        (l, l + own)
    }

    fn render_table(&self, tree: &Tree, sector: u32, out: &mut [u8]) {
        let primary = table_blocks(self.primary.path_table_size());
        let joliet = self.joliet.as_ref().map_or(0, |j| table_blocks(j.path_table_size()));
        let (base, joliet_base) = (self.lba(DIRECTORIES), self.lba(JOLIET_DIRECTORIES));
        if sector < primary * 2 {
            let (order, n) = if sector < primary { (Order::L, sector) } else { (Order::M, sector - primary) };
            self.primary.render_path_table(tree, order, base, n * SECTOR_U32, out);
            return;
        }
        let sector = sector - primary * 2;
        match &self.joliet {
            Some(view) if sector < joliet * 2 => {
                let (order, n) =
                    if sector < joliet { (Order::L, sector) } else { (Order::M, sector - joliet) };
                view.render_path_table(tree, order, joliet_base, n * SECTOR_U32, out);
            }
            _ => out.fill(0),
        }
    }

    fn render_descriptor(&self, number: u32, out: &mut [u8]) {
        // The boot record must be the second one (El Torito 2.0): firmware looks nowhere else.
        let boot = u32::from(self.options.boot.is_some());
        match (number, &self.joliet) {
            (0, _) => self.primary_descriptor().encode(out),
            (1, _) if boot == 1 => encode_boot_record(self.lba(BOOT_CATALOG), out),
            (n, Some(view)) if n == 1 + boot => self.joliet_descriptor(view).encode(out),
            (n, joliet) if n == 1 + boot + u32::from(joliet.is_some()) => encode_terminator(out),
            _ => out.fill(0),
        }
    }

    fn primary_descriptor(&self) -> VolumeDescriptor<'static> {
        let o = &self.options;
        let (path_table_l, path_table_m) = self.table_lba(false);
        VolumeDescriptor {
            kind: kind::PRIMARY,
            escape: &[],
            system: level::descriptor_text(&o.system, true),
            volume: level::descriptor_text(&o.volume, false),
            blocks: self.volume_blocks,
            path_table_size: self.primary.path_table_size(),
            path_table_l,
            path_table_m,
            root: self.root_record(self.lba(DIRECTORIES), self.primary.root_extent()),
            volume_set: level::descriptor_text(&o.volume_set, false),
            publisher: level::descriptor_text(&o.publisher, true),
            preparer: level::descriptor_text(&o.preparer, true),
            application: level::descriptor_text(&o.application, true),
            no_file: [b' '; 37],
            created: o.created,
        }
    }

    fn joliet_descriptor(&self, view: &View<JolietNames>) -> VolumeDescriptor<'static> {
        let o = &self.options;
        let (path_table_l, path_table_m) = self.table_lba(true);
        VolumeDescriptor {
            kind: kind::SUPPLEMENTARY,
            escape: &JOLIET_ESCAPES[2],
            system: joliet::descriptor_text(&o.system),
            volume: joliet::descriptor_text(&o.volume),
            blocks: self.volume_blocks,
            path_table_size: view.path_table_size(),
            path_table_l,
            path_table_m,
            root: self.root_record(self.lba(JOLIET_DIRECTORIES), view.root_extent()),
            volume_set: joliet::descriptor_text(&o.volume_set),
            publisher: joliet::descriptor_text(&o.publisher),
            preparer: joliet::descriptor_text(&o.preparer),
            application: joliet::descriptor_text(&o.application),
            no_file: joliet::descriptor_text(""),
            created: o.created,
        }
    }

    /// Directory record for the root directory (ECMA-119 8.4.18): 34 bytes, without System Use.
    fn root_record(&self, base: u32, (start, size): (u32, u32)) -> [u8; 34] {
        let date = RecordDates::default().encode(self.root_time);
        let head = RecordHead { extent: base + start, size, date, flags: FileFlags::DIRECTORY };
        let mut out = [0; 34];
        out[..HEAD].copy_from_slice(&head.encode(34, 1));
        out
    }
}

fn render_catalog(catalog: &BootCatalog, data: &DataMap<'_>, out: &mut [u8]) {
    catalog.encode(|image| data.lba.get(image.index()).copied().unwrap_or(0), out);
}

const SECTOR_U32: u32 = 2048;

fn table_blocks(bytes: u32) -> u32 {
    bytes.div_ceil(SECTOR_U32)
}

/// Both results; of two threads if `parallel` and the system has a second one to give.
fn both<A, B: Send>(parallel: bool, a: impl FnOnce() -> A, b: impl Fn() -> B + Sync) -> (A, B) {
    if !parallel {
        return (a(), b());
    }
    let (mine, theirs) = std::thread::scope(|scope| {
        let handle = std::thread::Builder::new().spawn_scoped(scope, &b).ok();
        let mine = a();
        let theirs = handle.map(|h| h.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        (mine, theirs)
    });
    (mine, theirs.unwrap_or_else(b))
}
