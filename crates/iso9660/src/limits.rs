//! What of a tree a volume cannot hold, all at once: sizes, depths, lengths and counts. Names are no part of it: each is
//! mapped to one that can be recorded.

use std::fmt;

use glassmaster_tree::Tree;

use crate::joliet::JolietNames;
use crate::layout::LayoutError;
use crate::level::{Level, PrimaryNames};
use crate::names::Naming;
use crate::options::{DeepDirectories, Options};
use crate::view::{Content, DEEPEST, LONGEST_PATH, MOST_DIRECTORIES, OldSections, SECTION, View};

/// Bytes of the identifiers of a Joliet path, plus the number of directories (Joliet, "Directory Depth").
const LONGEST_JOLIET_PATH: u64 = 240;

/// One limit that an object of the tree exceeds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Path of the object in the tree; `/` for what concerns all of it.
    pub path: String,
    /// `ISO 9660` or `Joliet`. What concerns the contents, which both share, is told of the first.
    pub file_system: &'static str,
    /// The limit.
    pub limit: Limit,
}

/// A limit, and how it is exceeded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Limit {
    /// More bytes than a file can have at the interchange level (ECMA-119 10).
    FileSize {
        /// Bytes of the file.
        size: u64,
        /// Bytes it may have.
        most: u64,
    },
    /// The content of an earlier session that records cannot describe, and why.
    Extents(&'static str),
    /// A directory below the eighth level (ECMA-119 6.8.2.1).
    Depth {
        /// Its level; the root is at 1.
        level: u32,
        /// Levels there may be.
        most: u32,
    },
    /// A path that is too long (ECMA-119 6.8.2.1; Joliet).
    PathLength {
        /// Bytes of all its identifiers, plus the number of directories.
        length: u64,
        /// What may be recorded.
        most: u64,
    },
    /// More directories than path tables can number (ECMA-119 9.4.4). Depths and path lengths are then not looked at.
    Directories {
        /// Directories of the tree.
        count: u64,
        /// What can be numbered.
        most: u64,
    },
    /// Every numbered variant of a name is taken; later names are not looked at.
    UniqueName,
    /// Descriptions that 32-bit numbers cannot address.
    Total(&'static str),
}

impl Violation {
    /// Whether [`Layout::new`](crate::Layout::new) refuses the tree for it; deep and long paths are recorded all the
    /// same, since readers show them.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !matches!(self.limit, Limit::Depth { .. } | Limit::PathLength { .. })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: '{}' ", self.file_system, self.path)?;
        match &self.limit {
            Limit::FileSize { size, most } => {
                write!(f, "has {size} bytes; a file may have {most} (ECMA-119 10)")
            }
            Limit::Extents(what) => f.write_str(what),
            Limit::Depth { level, most } => {
                write!(f, "is at level {level} of the directories; {most} are allowed (ECMA-119 6.8.2.1)")
            }
            Limit::PathLength { length, most } => {
                write!(f, "has a path of {length} bytes; {most} are allowed (ECMA-119 6.8.2.1)")
            }
            Limit::Directories { count, most } => {
                write!(f, "holds {count} directories; {most} can be numbered (ECMA-119 9.4.4)")
            }
            Limit::UniqueName => f.write_str("has no unique name: every numbered variant is taken"),
            Limit::Total(what) => write!(f, "is too large: the {what} exceed 32-bit numbers"),
        }
    }
}

/// Every limit that the tree exceeds with these options, contents first, then the primary and the Joliet hierarchy.
#[must_use]
pub fn violations(tree: &Tree, options: &Options) -> Vec<Violation> {
    let mut out = Vec::new();
    let multi_extent = options.level == Level::Three;
    contents(tree, multi_extent, &mut out);
    let rock_ridge = options.rock_ridge.is_some();
    let relocate = options.rock_ridge.is_some_and(|r| r.deep == DeepDirectories::Relocate);
    let content = Content { rock_ridge, relocate, limited: true, multi_extent: true, refuse_large: false };
    let limits = (Some(DEEPEST), LONGEST_PATH as u64);
    hierarchy(tree, PrimaryNames { level: options.level }, content, limits, &mut out);
    if let Some(joliet) = options.joliet {
        let content = Content {
            rock_ridge: false,
            relocate: false,
            limited: false,
            multi_extent: true,
            refuse_large: false,
        };
        let names = JolietNames { units: joliet.units() };
        hierarchy(tree, names, content, (None, LONGEST_JOLIET_PATH), &mut out);
    }
    out
}

fn contents(tree: &Tree, multi_extent: bool, out: &mut Vec<Violation>) {
    let mut sections = Vec::new();
    for (id, data) in tree.contents().filter(|(id, data)| data.links > 0 && !tree.is_stream(*id)) {
        let limit = match tree.extents(id) {
            None if data.size > SECTION && !multi_extent => {
                Some(Limit::FileSize { size: data.size, most: SECTION })
            }
            None if u32::try_from(data.size.div_ceil(2048)).is_err() => {
                Some(Limit::FileSize { size: data.size, most: u64::from(u32::MAX) * 2048 })
            }
            None => None,
            Some(extents) => {
                sections.clear();
                let path = || tree.data_path(id);
                match OldSections::describe(extents, data.size, multi_extent, path, &mut sections) {
                    Ok(()) => None,
                    Err(LayoutError::Extents { what, .. }) => Some(Limit::Extents(what)),
                    Err(LayoutError::FileTooLarge { size, .. }) => {
                        Some(Limit::FileSize { size, most: SECTION })
                    }
                    Err(_) => Some(Limit::Total("addresses of the earlier sessions")),
                }
            }
        };
        if let Some(limit) = limit {
            out.push(Violation { path: tree.data_path(id), file_system: PrimaryNames::FILE_SYSTEM, limit });
        }
    }
}

fn hierarchy<N: Naming>(
    tree: &Tree,
    names: N,
    content: Content,
    (deepest, longest): (Option<u32>, u64),
    out: &mut Vec<Violation>,
) {
    let mut add = |path, limit| out.push(Violation { path, file_system: N::FILE_SYSTEM, limit });
    let all = || tree.path(tree.root());
    match View::build(tree, &OldSections::default(), names, content) {
        Ok((view, _)) => view.each_path(tree, &mut |node, level, length| {
            if let Some(most) = deepest.filter(|most| level > *most) {
                add(tree.path(node), Limit::Depth { level, most });
            }
            if length > longest {
                add(tree.path(node), Limit::PathLength { length, most: longest });
            }
        }),
        Err(LayoutError::TooManyDirectories(count)) => {
            add(all(), Limit::Directories { count, most: MOST_DIRECTORIES as u64 });
        }
        Err(LayoutError::NoUniqueName { path, .. }) => add(path, Limit::UniqueName),
        Err(LayoutError::TooLarge(what)) => add(all(), Limit::Total(what)),
        // Contents were looked at before, with the level that is asked for.
        Err(LayoutError::FileTooLarge { .. } | LayoutError::Extents { .. } | LayoutError::BootSession) => {}
    }
}
