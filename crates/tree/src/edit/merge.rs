//! A whole tree enters at once: directories of one name are merged, and either all of it enters or nothing.

use super::change::Step;
use super::children::Children;
use super::item::{Bytes, Life, NONE, Object};
use super::totals::Turn;
use super::{Attributes, EditError, EditTree, ItemId};
use crate::tree::{DataId, NodeId, Tree};
use crate::{Kind, Node};

/// Which of two objects of one name stays, neither of them a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Collision {
    /// The new one.
    Replace,
    /// The one that is there.
    Keep,
}

/// A merge under way.
struct Merge<'a> {
    source: &'a Tree,
    bytes: &'a mut dyn FnMut(DataId) -> Bytes,
    collision: Collision,
    /// Content numbers by those of the source.
    contents: Vec<u32>,
    /// Objects that hang in directories which were there before.
    tops: Vec<u32>,
    /// Directories to be filled: here, there, level, and whether it was there before.
    queue: Vec<(u32, NodeId, usize, bool)>,
}

/// How much there was before.
struct Before {
    steps: usize,
    objects: usize,
    text: usize,
    directories: usize,
    contents: usize,
    levels: Vec<u32>,
    totals: super::Totals,
}

impl EditTree {
    /// Adds the children of a directory of `source` to a directory of this tree, with everything below them. `bytes`
    /// tells where the bytes of a content of `source` are found, once for each.
    ///
    /// # Errors
    /// [`EditError::Clash`] for a file that meets a directory or a directory that meets a file,
    /// [`EditError::Exists`] for two names of `source` that are one here; the tree is as before then.
    pub fn merge(
        &mut self,
        dir: ItemId,
        source: &Tree,
        from: NodeId,
        collision: Collision,
        bytes: &mut dyn FnMut(DataId) -> Bytes,
    ) -> Result<(), EditError> {
        let item = self.item(dir).ok_or(EditError::Stale)?;
        if !item.is_dir() {
            return Err(EditError::NotADirectory(self.path(dir)));
        }
        let level = self.level(dir.0).ok_or_else(|| EditError::Detached(self.path(dir)))?;
        let before = Before {
            steps: self.step_count(),
            objects: self.objects.len(),
            text: self.text.len(),
            directories: self.directories.len(),
            contents: self.contents.len(),
            levels: self.levels.clone(),
            totals: self.totals,
        };
        let mut merge = Merge {
            source,
            bytes,
            collision,
            contents: vec![NONE; source.data_len()],
            tops: Vec::new(),
            queue: vec![(dir.0, from, level, true)],
        };
        let mut result = Ok(());
        while let Some((here, there, level, old)) = merge.queue.pop() {
            result = self.fill(&mut merge, here, there, level, old);
            if result.is_err() {
                break;
            }
        }
        let tops = merge.tops.into_boxed_slice();
        self.journal.push(Step::Detach(tops));
        if result.is_err() {
            self.undo(before.steps);
            self.objects.truncate(before.objects);
            self.text.truncate(before.text);
            self.directories.truncate(before.directories);
            self.contents.truncate(before.contents);
            let contents = u32::try_from(before.contents).unwrap_or(NONE);
            self.streams.retain(|content, _| *content < contents);
            (self.levels, self.totals) = (before.levels, before.totals);
        }
        result
    }

    fn fill(
        &mut self,
        merge: &mut Merge<'_>,
        here: u32,
        there: NodeId,
        level: usize,
        old: bool,
    ) -> Result<(), EditError> {
        let source = merge.source;
        let cases = self.cases;
        let mut nodes: Vec<Node<'_>> = source.node(there).children().collect();
        nodes.sort_by(|a, b| cases.compare(a.name(), b.name()));
        if let Some(pair) = nodes.windows(2).find(|p| cases.compare(p[0].name(), p[1].name()).is_eq()) {
            let mut path = self.path(ItemId(here));
            if !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(&String::from_utf8_lossy(pair[1].name()));
            return Err(EditError::Exists(path));
        }
        if !old {
            // An empty directory of ours: no child needs to look for its place.
            let mut children = Vec::with_capacity(nodes.len());
            for node in nodes {
                let id = self.take_in(merge, node)?;
                let object = self.object_mut(id);
                (object.parent, object.life) = (here, Life::Known);
                if node.is_dir() {
                    self.count_subdirectory(here, true, Turn::In);
                    merge.queue.push((id, node.id(), level + 1, false));
                }
                self.count_one(id, level + 1, Turn::In);
                children.push(id);
            }
            if let Some(directory) = self.directory_mut(here) {
                directory.children = Children::from_sorted(&children);
            }
            return Ok(());
        }
        for node in nodes {
            if let Some(known) = self.child(ItemId(here), node.name()) {
                let is_dir = self.directory(known.0).is_some();
                if is_dir != node.is_dir() {
                    return Err(EditError::Clash { path: self.path(known), incoming: node.kind() });
                }
                if is_dir {
                    merge.queue.push((known.0, node.id(), level + 1, true));
                    continue;
                }
                if merge.collision == Collision::Keep {
                    continue;
                }
                self.unlink(known.0);
                self.journal.push(Step::Attach(Box::new([(known.0, here)])));
            }
            let id = self.take_in(merge, node)?;
            if self.link(here, id).is_ok() {
                merge.tops.push(id);
            }
            if node.is_dir() {
                merge.queue.push((id, node.id(), level + 1, false));
            }
        }
        Ok(())
    }

    /// Makes a detached object like one of the source.
    fn take_in(&mut self, merge: &mut Merge<'_>, node: Node<'_>) -> Result<u32, EditError> {
        let meta = node.meta();
        let attributes = Attributes {
            mode: meta.mode,
            uid: meta.uid,
            gid: meta.gid,
            created: Some(node.created().unwrap_or(meta.modified)),
            accessed: Some(node.accessed()),
            modified: Some(meta.modified),
            hidden: meta.hidden,
            real_time: node.real_time(),
        };
        if node.is_dir() {
            return Ok(self.new_directory(node.name(), &attributes)?.0);
        }
        let id = self.push(node.kind(), node.name(), &attributes)?.0;
        if let Some(data) = node.data() {
            let known = merge.contents.get(data.index()).copied().unwrap_or(NONE);
            let content = if known == NONE { self.take_in_content(merge, node, data, id)? } else { known };
            self.object_mut(id).payload = content;
        } else if let Some(target) = node.target() {
            let at = self.keep(target)?;
            let object: &mut Object = self.object_mut(id);
            (object.payload, object.extra) = (at, u32::try_from(target.len()).unwrap_or(0));
        } else if let Some((major, minor)) = node.device() {
            let object = self.object_mut(id);
            (object.payload, object.extra) = (major, minor);
        }
        Ok(id)
    }

    fn take_in_content(
        &mut self,
        merge: &mut Merge<'_>,
        node: Node<'_>,
        data: DataId,
        file: u32,
    ) -> Result<u32, EditError> {
        let content = self.push_content((merge.bytes)(data))?;
        if let Some(slot) = merge.contents.get_mut(data.index()) {
            *slot = content;
        }
        let mut streams = Vec::new();
        for stream in node.streams() {
            let bytes = (merge.bytes)(stream.data);
            let modified = Some(node.modified());
            let attributes =
                Attributes { modified, accessed: modified, created: modified, ..Attributes::default() };
            streams.push(self.push_stream(file, stream.name, &attributes, bytes)?);
        }
        if !streams.is_empty() {
            self.streams.insert(content, streams);
        }
        Ok(content)
    }

    /// Makes a detached object that is no file and no directory.
    ///
    /// # Errors
    /// [`EditError::Tree`].
    pub fn new_symlink(
        &mut self,
        name: &[u8],
        attributes: &Attributes,
        target: &[u8],
    ) -> Result<ItemId, EditError> {
        let id = self.push(Kind::Symlink, name, attributes)?;
        let at = self.keep(target)?;
        let object = self.object_mut(id.0);
        (object.payload, object.extra) = (at, u32::try_from(target.len()).unwrap_or(0));
        Ok(id)
    }
}
