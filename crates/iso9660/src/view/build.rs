//! Building a hierarchy: level by level, which numbers directories in the order of path tables (ECMA-119 6.9.1).

use glassmaster_tree::{Kind, NameChange, Node, NodeId, Tree};

use super::arrange::{Arranger, Candidate};
use super::record::Buffers;
use super::{Dir, Moved, OldSections, SECTION, View, mark};
use crate::layout::LayoutError;
use crate::names::{Mapped, Naming};
use crate::raw::path_table;

/// Most directories of a hierarchy (ECMA-119 9.4.4: 16-bit numbers).
pub(crate) const MOST_DIRECTORIES: usize = 65_535;
/// Deepest level of a directory; the root is level 1 (ECMA-119 6.8.2.1).
pub(crate) const DEEPEST: u32 = 8;
/// Longest path: lengths of the identifiers plus the number of directories (ECMA-119 6.8.2.1).
pub(crate) const LONGEST_PATH: usize = 255;
/// Longest name that Linux takes from NM fields; it drops the field that would exceed it.
const LINUX_NAME: usize = 253;
/// Identifier of the made-up directory, known to readers by this name (RRIP 4.1.5).
const MOVED_IDENTIFIER: &[u8] = b"RR_MOVED";

/// What a hierarchy holds, and what it reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content {
    /// With System Use fields, which can describe every kind of object and give every name.
    pub(crate) rock_ridge: bool,
    /// Whether directories below the eighth level are moved.
    pub(crate) relocate: bool,
    /// Whether depth and path lengths are limited at all.
    pub(crate) limited: bool,
    /// Whether files may have several extents.
    pub(crate) multi_extent: bool,
    /// Whether files too large for that are refused, rather than taken for shorter ones.
    pub(crate) refuse_large: bool,
}

struct Builder<'t, N> {
    tree: &'t Tree,
    old: &'t OldSections,
    content: Content,
    view: View<N>,
    /// Objects to be moved, in tree order.
    away: Vec<NodeId>,
    /// Of each directory: level, and length of its path in the sense of ECMA-119 6.8.2.1.
    place: Vec<(u32, usize)>,
    arranger: Arranger,
    changes: Vec<NameChange>,
}

impl<N: Naming> View<N> {
    /// Gives every object its name and place. The changes come in the order of the tree.
    pub(crate) fn build(
        tree: &Tree,
        old: &OldSections,
        names: N,
        content: Content,
    ) -> Result<(Self, Vec<NameChange>), LayoutError> {
        let view = Self {
            names,
            rock_ridge: content.rock_ridge,
            moved_name: Vec::new(),
            dirs: Vec::new(),
            placed: Vec::new(),
            order: Vec::with_capacity(tree.len()),
            text: Vec::new(),
            checkpoints: Vec::new(),
            continuations: Vec::new(),
            moved: Vec::new(),
            sectors: 0,
            path_table: 0,
        };
        let away = if content.relocate { deep_directories(tree) } else { Vec::new() };
        let mut builder = Builder {
            tree,
            old,
            content,
            view,
            away,
            place: Vec::new(),
            arranger: Arranger::default(),
            changes: Vec::new(),
        };
        builder.run()?;
        let Builder { mut view, mut changes, .. } = builder;
        view.order.shrink_to_fit();
        view.text.shrink_to_fit();
        changes.sort_by_key(|c| c.node);
        Ok((view, changes))
    }
}

/// Directories that must be moved so that none is below the eighth level: those that would be at the ninth. They get to
/// the third, below the made-up directory.
fn deep_directories(tree: &Tree) -> Vec<NodeId> {
    let mut levels = vec![0u8; tree.len()];
    let mut away = Vec::new();
    for node in tree.nodes().filter(|n| n.is_dir()) {
        let mut level =
            if node.id() == tree.root() { 1 } else { levels.get(node.parent().index()).map_or(1, |l| l + 1) };
        if u32::from(level) > DEEPEST {
            away.push(node.id());
            level = 3;
        }
        if let Some(slot) = levels.get_mut(node.id().index()) {
            *slot = level;
        }
    }
    away
}

impl<N: Naming> Builder<'_, N> {
    fn run(&mut self) -> Result<(), LayoutError> {
        let root = self.tree.root();
        if !self.away.is_empty() {
            let mut name = b"rr_moved".to_vec();
            while self.tree.child(root, &name).is_some() {
                name.push(b'_');
            }
            self.view.moved_name = name;
        }
        self.view.dirs.push(directory(root, false, 0, 0, 0));
        self.place.push((1, 0));
        let mut buffers = Buffers::default();
        let mut number = 0u32;
        while let Some(dir) = self.view.dirs.get(number as usize) {
            let (node, made_up) = (dir.node, dir.made_up);
            self.arranger.clear();
            if made_up {
                for id in &self.away {
                    let name = self.tree.node(*id).name();
                    self.arranger.add(&self.view.names, *id, name, true, mark::RELOCATED);
                }
            } else {
                self.gather(number, node)?;
            }
            if let Err(id) = self.arranger.arrange(&self.view.names, self.tree) {
                return Err(LayoutError::NoUniqueName {
                    path: self.tree.path(id),
                    file_system: N::FILE_SYSTEM,
                });
            }
            self.emit(number)?;
            if made_up {
                self.view.moved.sort_unstable_by_key(|m| m.node);
            }
            self.view.measure(self.tree, self.old, number, &mut buffers);
            self.close(number)?;
            number += 1;
        }
        self.place_all()
    }

    /// Collects what goes into a directory of the tree.
    fn gather(&mut self, number: u32, dir: NodeId) -> Result<(), LayoutError> {
        for child in self.tree.node(dir).children() {
            let kind = child.kind();
            let mut marks = 0;
            match kind {
                Kind::File if child.size() > SECTION && self.content.refuse_large => {
                    self.check_size(child)?
                }
                Kind::File => {}
                Kind::Directory => {
                    if !self.away.is_empty() && self.away.binary_search(&child.id()).is_ok() {
                        marks = mark::AWAY;
                    }
                }
                _ if self.content.rock_ridge => {}
                _ => {
                    self.changes.push(NameChange {
                        node: child.id(),
                        file_system: N::FILE_SYSTEM,
                        recorded: None,
                        reason: "links, pipes, sockets and devices can only be recorded with Rock Ridge",
                    });
                    continue;
                }
            }
            // A placeholder is the record of a file, its name that of a directory all the same.
            self.arranger.add(&self.view.names, child.id(), child.name(), kind == Kind::Directory, marks);
        }
        if number == 0 && !self.away.is_empty() {
            self.arranger.add(&self.view.names, dir, MOVED_IDENTIFIER, true, mark::MADE_UP);
        }
        Ok(())
    }

    fn check_size(&self, file: Node<'_>) -> Result<(), LayoutError> {
        let size = file.size();
        if !self.content.multi_extent {
            return Err(LayoutError::FileTooLarge { path: self.tree.path(file.id()), size });
        }
        match u32::try_from(size.div_ceil(2048)) {
            Ok(_) => Ok(()),
            Err(_) => Err(LayoutError::TooLarge("contents of the files")),
        }
    }

    /// Keeps the arranged directory and numbers its subdirectories.
    fn emit(&mut self, number: u32) -> Result<(), LayoutError> {
        let first = count(self.view.order.len())?;
        let at = count(self.view.text.len())?;
        let first_sub = count(self.view.dirs.len())?;
        let (level, path) = self.place.get(number as usize).copied().unwrap_or((1, 0));
        let arranger = std::mem::take(&mut self.arranger);
        let mut links = 2u32;
        let mut long_path = false;
        for candidate in arranger.in_order() {
            let stored = arranger.stored(candidate);
            let name_at = count(self.view.text.len())?;
            let keep = N::STORES_PLAIN || candidate.mapped != Mapped::Plain;
            let dot = if N::STORES_PLAIN && stored.contains(&b'.') { mark::DOT } else { 0 };
            let kept = if keep { stored } else { &[] };
            // Identifiers have at most 222 bytes.
            self.view.text.extend_from_slice(&[kept.len().to_le_bytes()[0], candidate.flags | dot]);
            self.view.text.extend_from_slice(kept);
            self.view.order.push(candidate.node);
            self.report(candidate, stored);
            let recorded_here = candidate.dir && candidate.flags & mark::AWAY == 0;
            let length = path + 1 + stored.len();
            if candidate.flags & mark::AWAY != 0 {
                self.set_shown_parent(candidate.node, number);
            }
            if recorded_here {
                self.subdirectory(number, name_at, level, length, candidate, stored)?;
            }
            if candidate.dir && candidate.flags & (mark::MADE_UP | mark::RELOCATED) == 0 {
                links += 1;
            }
            long_path |= length + if candidate.dir { 0 } else { N::suffix(dot != 0).len() } > LONGEST_PATH;
        }
        self.arranger = arranger;
        let is_root = number == 0;
        if let Some(dir) = self.view.dirs.get_mut(number as usize) {
            (dir.first, dir.at, dir.first_sub, dir.links) = (first, at, first_sub, links);
            dir.count = count(self.view.order.len())? - first;
            if long_path && self.unlimited_is_news() && !is_root {
                let recorded = N::display(self.recorded_name(number));
                self.changes.push(NameChange {
                    node: self.node_of(number),
                    file_system: N::FILE_SYSTEM,
                    recorded: Some(recorded),
                    reason: "holds paths of more than 255 characters (ECMA-119 6.8.2.1), recorded all the same",
                });
            }
        }
        Ok(())
    }

    /// A placeholder in directory `number` says where a relocated directory belongs.
    fn set_shown_parent(&mut self, node: NodeId, number: u32) {
        let found = self.view.moved.binary_search_by_key(&node, |m| m.node).ok();
        let moved = found.and_then(|n| self.view.moved.get(n)).map(|m| m.dir as usize);
        if let Some(dir) = moved.and_then(|n| self.view.dirs.get_mut(n)) {
            dir.shown_parent = number;
        }
    }

    /// Whether depth and path length are to be reported: where they are limited and no other names exist.
    fn unlimited_is_news(&self) -> bool {
        self.content.limited && !self.content.rock_ridge
    }

    fn node_of(&self, number: u32) -> NodeId {
        self.view.dirs.get(number as usize).map_or(self.tree.root(), |d| d.node)
    }

    fn recorded_name(&self, number: u32) -> &[u8] {
        self.view.dirs.get(number as usize).map_or(&[], |d| self.view.entry(d.name_at).1)
    }

    fn subdirectory(
        &mut self,
        number: u32,
        name_at: u32,
        level: u32,
        path: usize,
        candidate: &Candidate,
        stored: &[u8],
    ) -> Result<(), LayoutError> {
        if self.view.dirs.len() >= MOST_DIRECTORIES {
            return Err(LayoutError::TooManyDirectories(u64::from(self.tree.directory_count())));
        }
        let own = count(self.view.dirs.len())?;
        let made_up = candidate.flags & mark::MADE_UP != 0;
        let mut dir = directory(candidate.node, made_up, number, name_at, number);
        if candidate.flags & mark::RELOCATED != 0 {
            self.view.moved.push(Moved { node: candidate.node, dir: own });
            // Known when its placeholder is met, which is in a directory of a later level.
            dir.shown_parent = u32::MAX;
            // Objects come in the order of the tree, so that a nested one has a higher group than what it is in.
            let rank = self.away.binary_search(&candidate.node).map_or(0, |n| n + 1);
            dir.group = count(rank)?;
        } else {
            dir.group = self.view.dirs.get(number as usize).map_or(0, |d| d.group);
        }
        self.view.dirs.push(dir);
        self.place.push((level + 1, path));
        if level == DEEPEST && self.unlimited_is_news() {
            self.changes.push(NameChange {
                node: candidate.node,
                file_system: N::FILE_SYSTEM,
                recorded: Some(N::display(stored)),
                reason: "below the eighth level of directories (ECMA-119 6.8.2.1), recorded all the same",
            });
        }
        Ok(())
    }

    fn report(&mut self, candidate: &Candidate, stored: &[u8]) {
        if self.content.rock_ridge && candidate.flags & mark::MADE_UP == 0 {
            let name = self.tree.node(candidate.node).name();
            if name.len() > LINUX_NAME {
                self.changes.push(NameChange {
                    node: candidate.node,
                    file_system: "Rock Ridge",
                    recorded: Some(String::from_utf8_lossy(name).into_owned()),
                    reason: "recorded whole, but of names above 253 bytes Linux shows only the first 250",
                });
            }
        }
        // With Rock Ridge the name itself is recorded beside the identifier.
        if candidate.mapped != Mapped::Plain && !self.content.rock_ridge {
            self.changes.push(NameChange {
                node: candidate.node,
                file_system: N::FILE_SYSTEM,
                recorded: Some(N::display(stored)),
                reason: N::reason(candidate.mapped),
            });
        }
    }

    /// Fixes the places of a measured directory's parts.
    fn close(&mut self, number: u32) -> Result<(), LayoutError> {
        let identifier = if number == 0 { 1 } else { self.identifier_length(number) };
        let checkpoints = count(self.view.checkpoints.len())?;
        let continuations = count(self.view.continuations.len())?;
        let path_at = self.view.path_table;
        let Some(dir) = self.view.dirs.get_mut(number as usize) else { return Ok(()) };
        dir.path_at = path_at;
        dir.checkpoint = checkpoints - (dir.records - 1) / super::STRIDE;
        dir.continuation_at = continuations - dir.continuation;
        if dir.records > u32::MAX / 2048 {
            return Err(LayoutError::TooLarge("directories"));
        }
        self.view.path_table = path_at + count(path_table::length(identifier))?;
        Ok(())
    }

    /// Gives the directories their sectors, in the order of their numbers; but relocated ones come behind the root and
    /// the made-up directory, each with all below it, a nested one behind the one it is in. libarchive, which reads a
    /// volume from front to back, puts relocated directories in their places only in this order.
    fn place_all(&mut self) -> Result<(), LayoutError> {
        let dirs = &mut self.view.dirs;
        let mut placed: Vec<u32> = (0..count(dirs.len())?).collect();
        if !self.away.is_empty() {
            placed.sort_by_key(|n| match dirs.get(*n as usize) {
                Some(dir) if *n > 0 && !dir.made_up && dir.group == 0 => u32::MAX,
                Some(dir) => dir.group,
                None => 0,
            });
        }
        let mut start = 0u32;
        for number in &placed {
            if let Some(dir) = dirs.get_mut(*number as usize) {
                dir.start = start;
                let size = dir.records.checked_add(dir.continuation);
                let end = size.and_then(|n| n.checked_add(start));
                start = end.ok_or(LayoutError::TooLarge("directories"))?;
            }
        }
        self.view.sectors = start;
        self.view.placed = placed;
        Ok(())
    }

    fn identifier_length(&self, number: u32) -> usize {
        match self.recorded_name(number) {
            [] => N::plain_length(self.tree.node(self.node_of(number)).name()),
            stored => stored.len(),
        }
    }
}

fn directory(node: NodeId, made_up: bool, parent: u32, name_at: u32, shown_parent: u32) -> Dir {
    Dir {
        node,
        made_up,
        group: 0,
        parent,
        shown_parent,
        start: 0,
        records: 0,
        continuation: 0,
        first: 0,
        count: 0,
        at: 0,
        name_at,
        first_sub: 0,
        links: 2,
        path_at: 0,
        checkpoint: 0,
        continuation_at: 0,
    }
}

fn count(n: usize) -> Result<u32, LayoutError> {
    u32::try_from(n).map_err(|_| LayoutError::TooLarge("names"))
}
