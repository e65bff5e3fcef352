//! The names that a file system will record for the items of a directory.

use std::collections::HashMap;

use glassmaster_tree::edit::ItemId;
use glassmaster_tree::{Meta, Tree};

use super::names::invalid_param;
use super::state::State;
use crate::FileSystems;
use crate::error::Error;

/// Names of the directory that was asked for last.
#[derive(Default)]
pub(super) struct NameCache {
    key: Option<Key>,
    names: HashMap<ItemId, String>,
}

/// All that names depend on.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    dir: ItemId,
    file_system: FileSystems,
    change: u64,
    level: i32,
    strict: bool,
}

impl State {
    /// Name of an item as one file system records it; empty for the root. `file_system` is exactly one of the three of
    /// the contract, which need not be selected.
    pub(super) fn recorded_name(&mut self, id: ItemId, file_system: FileSystems) -> Result<String, Error> {
        if ![FileSystems::ISO9660, FileSystems::JOLIET, FileSystems::UDF].contains(&file_system) {
            return Err(invalid_param("fileSystem"));
        }
        let item = self.tree.item(id).ok_or_else(|| invalid_param("item"))?;
        let name = String::from_utf8_lossy(item.name()).into_owned();
        if name.is_empty() || item.is_stream() {
            return Ok(name);
        }
        let Some(dir) = item.parent() else {
            // Alone, so nothing can clash.
            let children = [id];
            let names = self.derive(&children, file_system)?;
            return Ok(names.into_iter().next().map_or(name, |(_, n)| n));
        };
        let key = Key {
            dir,
            file_system,
            change: self.tree.generation(),
            level: self.settings.iso_level,
            strict: self.settings.strict,
        };
        if self.names.key != Some(key) {
            let children: Vec<_> =
                self.tree.item(dir).into_iter().flat_map(|d| d.children()).map(|c| c.id()).collect();
            self.names = NameCache { names: self.derive(&children, file_system)?, key: Some(key) };
        }
        Ok(self.names.names.get(&id).cloned().unwrap_or(name))
    }

    /// Path of an item as one file system records it.
    pub(super) fn recorded_path(&mut self, id: ItemId, file_system: FileSystems) -> Result<String, Error> {
        let mut parts = Vec::new();
        let mut at = id;
        let stream = self.tree.item(id).is_some_and(|i| i.is_stream());
        loop {
            parts.push(self.recorded_name(at, file_system)?);
            match self.tree.item(at).and_then(|i| i.parent()) {
                Some(parent) if parent != self.tree.root() => at = parent,
                Some(_) => break,
                // The root, or the top of something detached.
                None => return Ok(parts.pop().unwrap_or_default()),
            }
        }
        let separator = self.rules().separator();
        let count = parts.len();
        let mut path = String::new();
        for (n, part) in parts.into_iter().rev().enumerate() {
            path.push(if stream && n + 1 == count { ':' } else { separator });
            path.push_str(&part);
        }
        Ok(path)
    }

    /// The recorded names of the children of one directory: the layouts themselves say them, of a volume that holds
    /// nothing else.
    fn derive(
        &self,
        children: &[ItemId],
        file_system: FileSystems,
    ) -> Result<HashMap<ItemId, String>, Error> {
        let mut tree = Tree::new(Meta::default());
        let empty = tree.add_data(0, 0)?;
        let mut ids = vec![self.tree.root()];
        for id in children {
            let Some(item) = self.tree.item(*id) else { continue };
            if item.is_dir() {
                tree.add_directory(tree.root(), item.name(), Meta::default())?;
            } else {
                // What is no file and recorded all the same has a name made as that of a file.
                tree.add_file(tree.root(), item.name(), Meta::default(), empty)?;
            }
            ids.push(*id);
        }
        let changes = match file_system {
            FileSystems::UDF => {
                let options = glassmaster_udf::Options::new(
                    self.settings.udf_revision,
                    "NAMES".to_owned(),
                    Default::default(),
                );
                let layout = glassmaster_udf::Layout::new(&tree, options).map_err(crate::plan::from_udf)?;
                layout.changes().to_vec()
            }
            _ => {
                let options = glassmaster_iso9660::Options {
                    level: self.iso_level(),
                    rock_ridge: None,
                    joliet: (file_system == FileSystems::JOLIET)
                        .then_some(glassmaster_iso9660::Joliet { name_units: self.joliet_units() }),
                    ..Default::default()
                };
                let layout =
                    glassmaster_iso9660::Layout::new(&tree, options).map_err(crate::plan::from_iso)?;
                let own = if file_system == FileSystems::JOLIET { "Joliet" } else { "ISO 9660" };
                layout.changes().iter().filter(|c| c.file_system == own).cloned().collect()
            }
        };
        let mut names: HashMap<ItemId, String> = HashMap::with_capacity(children.len());
        for (node, id) in tree.nodes().zip(&ids).skip(1) {
            let name = String::from_utf8_lossy(node.name());
            // Capitals are no change worth a report.
            let name = if file_system == FileSystems::ISO9660 {
                name.to_ascii_uppercase()
            } else {
                name.into_owned()
            };
            names.insert(*id, name);
        }
        for change in changes {
            if let (Some(id), Some(recorded)) = (ids.get(change.node.index()), change.recorded) {
                names.insert(*id, recorded);
            }
        }
        Ok(names)
    }

    /// Longest Joliet name in UTF-16 units.
    pub(super) fn joliet_units(&self) -> u8 {
        if self.settings.strict {
            glassmaster_iso9660::Joliet::STRICT
        } else {
            glassmaster_iso9660::Joliet::RELAXED
        }
    }

    /// The level of interchange as the layouts call it.
    pub(super) fn iso_level(&self) -> glassmaster_iso9660::Level {
        match self.settings.iso_level {
            1 => glassmaster_iso9660::Level::One,
            2 => glassmaster_iso9660::Level::Two,
            _ => glassmaster_iso9660::Level::Three,
        }
    }
}
