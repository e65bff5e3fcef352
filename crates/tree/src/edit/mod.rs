//! A tree that can be edited: objects enter, leave and come back, changes are counted and can be undone.
//!
//! Objects are numbers that are never used twice. An object that has left the tree keeps its name, its attributes and,
//! if it is a directory, its children, and can be added again. Every change is recorded as its inverse, so that undoing
//! costs what the change did, never a copy of the tree. [`EditTree::snapshot`] gives the [`Tree`](crate::Tree) that an
//! image is made of.

mod change;
mod children;
mod item;
mod merge;
mod names;
mod snapshot;
mod stream;
mod totals;

use std::collections::BTreeMap;

use crate::{Kind, TreeError, tree::count};
use change::{Journal, Step};
use children::Children;
pub use item::{Attributes, Bytes, Item, ItemId};
use item::{Content, Life, NONE, Object};
pub use merge::Collision;
pub use names::Cases;
use totals::Turn;
pub use totals::{MOST_SUBDIRECTORIES, Totals};

/// Why a tree could not be edited.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EditError {
    /// The number is of no object of this tree.
    #[error("the item belongs to another tree")]
    Stale,
    /// The directory has an object of that name; path of the one that is there.
    #[error("'{0}' already exists")]
    Exists(String),
    /// A file meets a directory of its name, or a directory a file.
    #[error("'{path}' already exists and is of another kind")]
    Clash {
        /// Path of what is there.
        path: String,
        /// Kind of what was to enter.
        incoming: Kind,
    },
    /// Not a directory.
    #[error("'{0}' is not a directory")]
    NotADirectory(String),
    /// Not a regular file.
    #[error("'{0}' is not a regular file")]
    NotAFile(String),
    /// Only possible while the object is not in the tree.
    #[error("'{0}' is in the tree")]
    Attached(String),
    /// Only possible while the object is in the tree.
    #[error("'{0}' is not in the tree")]
    Detached(String),
    /// No such change point, or one before the lock.
    #[error("there is no change point {wanted}; {first} to {last} can be gone back to")]
    NoChange {
        /// What was asked for.
        wanted: u32,
        /// Earliest that can be restored.
        first: u32,
        /// The present one.
        last: u32,
    },
    /// The arena cannot hold it.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// What only directories have.
#[derive(Clone, Debug, Default)]
struct Directory {
    children: Children,
    subdirectories: u32,
}

/// The editable tree.
#[derive(Clone, Debug)]
pub struct EditTree {
    cases: Cases,
    objects: Vec<Object>,
    text: Vec<u8>,
    directories: Vec<Directory>,
    contents: Vec<Content>,
    /// Streams by the content they belong to.
    streams: BTreeMap<u32, Vec<ItemId>>,
    /// Number of directories at each level, the root's first.
    levels: Vec<u32>,
    totals: Totals,
    journal: Journal,
    generation: u64,
}

impl EditTree {
    /// A tree of a root without times.
    #[must_use]
    pub fn new(cases: Cases) -> Self {
        let mut tree = Self {
            cases,
            objects: Vec::new(),
            text: Vec::new(),
            directories: vec![Directory::default()],
            contents: Vec::new(),
            streams: BTreeMap::new(),
            levels: Vec::new(),
            totals: Totals::default(),
            journal: Journal::default(),
            generation: 0,
        };
        let mut root =
            Object::new(Kind::Directory, (0, 0), &Attributes { mode: 0o755, ..Attributes::default() });
        root.payload = 0;
        tree.objects.push(root);
        tree.count_one(0, 1, Turn::In);
        tree
    }

    /// The root directory.
    #[doc(alias = "Root")]
    #[must_use]
    pub fn root(&self) -> ItemId {
        ItemId(0)
    }

    /// Which names are one name.
    #[must_use]
    pub fn cases(&self) -> Cases {
        self.cases
    }

    /// A number that grows whenever something enters or leaves a directory, by undoing as well.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// An object by number; `None` for a number of another tree.
    #[must_use]
    pub fn item(&self, id: ItemId) -> Option<Item<'_>> {
        self.objects.get(id.0 as usize).map(|object| Item { tree: self, object, id })
    }

    /// The child of `dir` called `name`.
    #[must_use]
    pub fn child(&self, dir: ItemId, name: &[u8]) -> Option<ItemId> {
        let order = |child: u32| self.cases.compare(self.name(child), name);
        self.directory(dir.0)?.children.get(&order).map(ItemId)
    }

    /// Whether an object hangs below the root; a stream when its file does and has it.
    #[must_use]
    pub fn is_attached(&self, id: ItemId) -> bool {
        self.level(id.0).is_some()
    }

    /// Names from the root to an object, the root left out; of a detached one from the top of what it hangs in.
    #[must_use]
    pub fn path_names(&self, id: ItemId) -> Vec<&[u8]> {
        let mut names = Vec::new();
        let mut at = id.0;
        while let Some(object) = self.objects.get(at as usize).filter(|_| at != 0) {
            names.push(self.name_of(object));
            at = object.parent;
        }
        names.reverse();
        names
    }

    /// Path with `/` between the components and in front; a stream's name stands behind `:`. Bytes that are no UTF-8
    /// become U+FFFD.
    #[must_use]
    pub fn path(&self, id: ItemId) -> String {
        let names = self.path_names(id);
        let stream = self.item(id).is_some_and(Item::is_stream);
        let mut path = String::new();
        for (n, name) in names.iter().enumerate() {
            path.push(if stream && n + 1 == names.len() && n > 0 { ':' } else { '/' });
            path.push_str(&String::from_utf8_lossy(name));
        }
        if path.is_empty() { "/".to_owned() } else { path }
    }

    /// Makes a detached directory.
    ///
    /// # Errors
    /// [`EditError::Tree`].
    pub fn new_directory(&mut self, name: &[u8], attributes: &Attributes) -> Result<ItemId, EditError> {
        let number = count(self.directories.len())?;
        let id = self.push(Kind::Directory, name, attributes)?;
        self.directories.push(Directory::default());
        self.object_mut(id.0).payload = number;
        Ok(id)
    }

    /// Makes a detached file without content.
    ///
    /// # Errors
    /// [`EditError::Tree`].
    pub fn new_file(&mut self, name: &[u8], attributes: &Attributes) -> Result<ItemId, EditError> {
        self.push(Kind::File, name, attributes)
    }

    /// Gives a detached file its content.
    ///
    /// # Errors
    /// [`EditError::Stale`], [`EditError::NotAFile`], [`EditError::Attached`], [`EditError::Tree`].
    pub fn set_bytes(&mut self, file: ItemId, bytes: Bytes) -> Result<(), EditError> {
        let item = self.item(file).ok_or(EditError::Stale)?;
        if item.kind() != Kind::File || item.is_stream() {
            return Err(EditError::NotAFile(self.path(file)));
        }
        if self.is_attached(file) {
            return Err(EditError::Attached(self.path(file)));
        }
        let content = self.push_content(bytes)?;
        let before = self.swap_content(file.0, content);
        // It is still the same file, so its streams stay; other names of what it was may have them too.
        if let Some(streams) = self.streams.get(&before).cloned() {
            self.streams.insert(content, streams);
        }
        self.later(file.0, Step::Content(file.0, before));
        Ok(())
    }

    /// Says where the bytes of a file or stream are found from now on. They are the same bytes, so this is no change that
    /// is counted or undone.
    ///
    /// # Errors
    /// [`EditError::Stale`]; [`EditError::NotAFile`] for what has no content.
    pub fn set_handle(&mut self, item: ItemId, handle: u64) -> Result<(), EditError> {
        self.item(item).ok_or(EditError::Stale)?;
        let content = self.content_of(item.0).and_then(|c| self.contents.get_mut(c as usize));
        match content {
            Some(content) => {
                content.handle = handle;
                Ok(())
            }
            None => Err(EditError::NotAFile(self.path(item))),
        }
    }

    /// Adds a detached object to a directory of the tree, under its own name.
    ///
    /// # Errors
    /// [`EditError::Exists`] and what says that the two are not what they must be.
    pub fn attach(&mut self, dir: ItemId, item: ItemId) -> Result<(), EditError> {
        let view = self.item(dir).ok_or(EditError::Stale)?;
        if !view.is_dir() {
            return Err(EditError::NotADirectory(self.path(dir)));
        }
        if !self.is_attached(dir) {
            return Err(EditError::Detached(self.path(dir)));
        }
        let view = self.item(item).ok_or(EditError::Stale)?;
        if view.parent().is_some() || item == self.root() || view.is_stream() {
            return Err(EditError::Attached(self.path(item)));
        }
        self.link(dir.0, item.0).map_err(|there| EditError::Exists(self.path(ItemId(there))))?;
        self.journal.push(Step::Detach(Box::new([item.0])));
        Ok(())
    }

    /// Takes an object and everything below it out of the tree.
    ///
    /// # Errors
    /// [`EditError::Stale`], [`EditError::Detached`]; the root is not to be taken out.
    pub fn detach(&mut self, item: ItemId) -> Result<(), EditError> {
        let view = self.item(item).ok_or(EditError::Stale)?;
        let Some(parent) = view.parent().filter(|_| !view.is_stream() && self.is_attached(item)) else {
            return Err(EditError::Detached(self.path(item)));
        };
        self.unlink(item.0);
        self.journal.push(Step::Attach(Box::new([(item.0, parent.0)])));
        Ok(())
    }

    /// Changes the attributes of an object; that of a detached one is no change of the tree.
    ///
    /// # Errors
    /// [`EditError::Stale`].
    pub fn set_attributes(&mut self, item: ItemId, attributes: &Attributes) -> Result<(), EditError> {
        self.item(item).ok_or(EditError::Stale)?;
        let attached = self.is_attached(item);
        if attached {
            self.unshare(item.0)?;
        }
        let before = self.swap_attributes(item.0, attributes);
        let step = Step::Set(item.0, Box::new(before));
        if attached {
            self.journal.push(step);
        } else {
            self.later(item.0, step);
        }
        Ok(())
    }

    /// Records how to undo a change of a detached object that was in the tree before, and may come back by undoing.
    fn later(&mut self, id: u32, step: Step) {
        if self.objects.get(id as usize).is_some_and(|o| o.life == Life::Known) {
            self.journal.push_behind(step);
        }
    }

    fn swap_attributes(&mut self, id: u32, attributes: &Attributes) -> Attributes {
        let counted = self.level(id).is_some();
        let object = self.object_mut(id);
        let before = object.attributes();
        object.set(attributes);
        let real_time = object.real_time;
        if counted {
            self.totals.real_time_files -= u32::from(before.real_time);
            self.totals.real_time_files += u32::from(real_time);
        }
        before
    }

    /// Puts a detached object below a directory; `Err` with the one of that name that is there.
    fn link(&mut self, dir: u32, id: u32) -> Result<(), u32> {
        let mut children =
            self.directory_mut(dir).map(|d| std::mem::take(&mut d.children)).unwrap_or_default();
        let name = self.name(id);
        let done = children.insert(id, &|child| self.cases.compare(self.name(child), name));
        if let Some(directory) = self.directory_mut(dir) {
            directory.children = children;
        }
        done?;
        let object = self.object_mut(id);
        (object.parent, object.life) = (dir, Life::Known);
        self.entered(dir, id);
        Ok(())
    }

    /// Counts what now stands in a directory.
    fn entered(&mut self, dir: u32, id: u32) {
        self.generation += 1;
        let level = self.level(dir);
        if self.directory(id).is_some() {
            self.count_subdirectory(dir, level.is_some(), Turn::In);
        }
        if let Some(level) = level {
            self.count_subtree(id, level + 1, Turn::In);
        }
    }

    /// Takes an object out of its directory.
    fn unlink(&mut self, id: u32) {
        self.generation += 1;
        let dir = self.objects.get(id as usize).map_or(NONE, |o| o.parent);
        let level = self.level(dir);
        if let Some(level) = level {
            self.count_subtree(id, level + 1, Turn::Out);
        }
        if self.directory(id).is_some() {
            self.count_subdirectory(dir, level.is_some(), Turn::Out);
        }
        let mut children =
            self.directory_mut(dir).map(|d| std::mem::take(&mut d.children)).unwrap_or_default();
        let name = self.name(id);
        children.remove(&|child| self.cases.compare(self.name(child), name));
        if let Some(directory) = self.directory_mut(dir) {
            directory.children = children;
        }
        self.object_mut(id).parent = NONE;
    }

    /// Level of an object of the tree, the root's being 1; `None` for what is detached.
    fn level(&self, id: u32) -> Option<usize> {
        let mut level = 1;
        let mut at = id;
        while at != 0 {
            let object = self.objects.get(at as usize)?;
            if object.life == Life::Stream && !self.has_stream(object.parent, at) {
                return None;
            }
            at = object.parent;
            level += 1;
        }
        Some(level)
    }

    fn push(&mut self, kind: Kind, name: &[u8], attributes: &Attributes) -> Result<ItemId, EditError> {
        let len = u16::try_from(name.len()).map_err(|_| TreeError::NameTooLong(name.to_vec()))?;
        let id = count(self.objects.len())?;
        let at = self.keep(name)?;
        self.objects.push(Object::new(kind, (at, len), attributes));
        Ok(ItemId(id))
    }

    fn push_content(&mut self, bytes: Bytes) -> Result<u32, EditError> {
        let number = count(self.contents.len())?;
        self.contents.push(Content { size: bytes.size, handle: bytes.handle, old: bytes.old, names: 0 });
        Ok(number)
    }

    fn keep(&mut self, text: &[u8]) -> Result<u32, TreeError> {
        let at = count(self.text.len())?;
        at.checked_add(count(text.len())?).ok_or(TreeError::Full)?;
        self.text.extend_from_slice(text);
        Ok(at)
    }

    fn text(&self, at: u32, len: u32) -> &[u8] {
        self.text.get(at as usize..at as usize + len as usize).unwrap_or_default()
    }

    fn name_of(&self, object: &Object) -> &[u8] {
        self.text(object.name_at, u32::from(object.name_len))
    }

    fn name(&self, id: u32) -> &[u8] {
        self.objects.get(id as usize).map_or(&[], |o| self.name_of(o))
    }

    fn content_of(&self, id: u32) -> Option<u32> {
        let object = self.objects.get(id as usize)?;
        (object.kind == Kind::File && object.payload != NONE).then_some(object.payload)
    }

    fn directory(&self, id: u32) -> Option<&Directory> {
        let object = self.objects.get(id as usize).filter(|o| o.kind == Kind::Directory)?;
        self.directories.get(object.payload as usize)
    }

    fn directory_mut(&mut self, id: u32) -> Option<&mut Directory> {
        let object = self.objects.get(id as usize).filter(|o| o.kind == Kind::Directory)?;
        self.directories.get_mut(object.payload as usize)
    }

    /// An object that is known to exist.
    fn object_mut(&mut self, id: u32) -> &mut Object {
        &mut self.objects[id as usize]
    }
}
