//! Lengths of paths, which strict images keep to.

use glassmaster_tree::edit::{EditTree, Item, ItemId};

use super::names::invalid_path;
use super::state::{Settings, State};
use crate::FileSystems;
use crate::error::Error;

/// Lengths of all identifiers of a path and one for each directory (ECMA-119 6.8.2.1).
const LONGEST_ISO: usize = 255;
/// Bytes of a path of UCS-2 characters with its separators (Joliet specification, directory hierarchy).
const LONGEST_JOLIET: usize = 240;
/// Bytes of a path of UDF: its components as recorded and their separators (UDF 2, table of restrictions).
const LONGEST_UDF: usize = 1023;

/// Length of one path in each file system.
#[derive(Clone, Copy, Default)]
struct Lengths {
    iso: usize,
    joliet: usize,
    udf: usize,
}

impl Lengths {
    /// With one more component. Identifiers of ISO 9660 have one character for each of the name, at most as many as the
    /// level allows.
    fn below(self, item: Item<'_>, level: i32) -> Self {
        let text = String::from_utf8_lossy(item.name());
        let (characters, units) = (text.chars().count(), text.encode_utf16().count());
        let wide = text.chars().any(|c| u32::from(c) > 0xFF);
        let iso = match (item.is_dir(), level) {
            (true, 1) => characters.min(8),
            (true, _) => characters.min(31),
            // With the dot and the version.
            (false, 1) => characters.min(12) + 2,
            (false, _) => characters.min(31) + 2,
        };
        Self {
            iso: self.iso + iso + 1,
            joliet: self.joliet + units.min(64) * 2 + 2,
            udf: self.udf + 1 + if wide { units * 2 } else { characters } + 1,
        }
    }
}

/// What lengths of paths are held against: the settings of a strict image.
#[derive(Clone, Copy)]
pub(super) struct PathLimits {
    file_systems: FileSystems,
    level: i32,
}

impl PathLimits {
    /// The limits of an image with these settings but other file systems; `None` while lengths are not looked at.
    pub(super) fn of(settings: &Settings, file_systems: FileSystems) -> Option<Self> {
        let file_systems = file_systems.completed();
        (settings.strict && !file_systems.is_empty())
            .then_some(Self { file_systems, level: settings.iso_level })
    }

    fn exceeded(self, l: Lengths) -> bool {
        let fs = self.file_systems;
        (fs.contains(FileSystems::ISO9660) && l.iso > LONGEST_ISO + 1)
            || (fs.contains(FileSystems::JOLIET) && l.joliet > LONGEST_JOLIET)
            || (fs.contains(FileSystems::UDF) && l.udf > LONGEST_UDF)
    }

    /// Something at or below `top`, an item of the tree, whose path is too long.
    pub(super) fn first_beyond(self, tree: &EditTree, top: ItemId) -> Option<ItemId> {
        let mut above = Lengths::default();
        let mut at = tree.item(top).and_then(|i| i.parent());
        while let Some(item) = at.and_then(|id| tree.item(id)).filter(|i| i.id() != tree.root()) {
            above = above.below(item, self.level);
            at = item.parent();
        }
        let mut stack: Vec<_> = tree.item(top).map(|i| (i, above)).into_iter().collect();
        while let Some((item, above)) = stack.pop() {
            let lengths = if item.id() == tree.root() { above } else { above.below(item, self.level) };
            if self.exceeded(lengths) {
                return Some(item.id());
            }
            stack.extend(item.children().map(|c| (c, lengths)));
        }
        None
    }
}

impl State {
    /// Refuses paths that are too long at and below `top`, an item of the tree, while the image is strict.
    pub(super) fn check_paths(&self, top: ItemId) -> Result<(), Error> {
        self.check_paths_in(top, self.settings.file_systems)
    }

    /// The same for the whole tree were these file systems selected.
    pub(super) fn check_all_paths(&self, file_systems: FileSystems) -> Result<(), Error> {
        self.check_paths_in(self.tree.root(), file_systems)
    }

    fn check_paths_in(&self, top: ItemId, file_systems: FileSystems) -> Result<(), Error> {
        let limits = PathLimits::of(&self.settings, file_systems);
        match limits.and_then(|limits| limits.first_beyond(&self.tree, top)) {
            Some(id) => Err(invalid_path(&self.path(id))),
            None => Ok(()),
        }
    }
}
