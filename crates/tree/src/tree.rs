//! The arena: objects by number, names once.

use crate::node::{Kind, Meta, NONE, Node, Slot, Times};
use crate::old::OldData;
use crate::stream::Streams;

/// Number of an object. Valid as long as its tree; never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// Position in tables that run parallel to the tree, 0 to [`Tree::len`] - 1. The root is 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Number of a file's content; hard links share it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DataId(pub(crate) u32);

impl DataId {
    /// Position in tables that run parallel to the contents, 0 to [`Tree::data_len`] - 1.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Content of one regular file.
#[derive(Clone, Copy, Debug)]
pub struct Data {
    /// Length in bytes, fixed when the tree was made.
    pub size: u64,
    /// What the maker of the tree needs to find the bytes; opaque here.
    pub handle: u64,
    /// Names that lead here, at least 1 once a file uses it.
    pub links: u32,
    /// First file that was added with this content; meaningless while `links` is 0.
    pub first: NodeId,
}

/// Why an object could not be added.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TreeError {
    /// The object is no regular file, or is itself no object that can have one.
    #[error("'{0}' is not a regular file")]
    NotAFile(String),
    /// Name longer than 65,535 bytes.
    #[error("the name {:?}... has {} bytes; at most 65535 can be kept", String::from_utf8_lossy(&.0[..40]), .0.len())]
    NameTooLong(Vec<u8>),
    /// More than 4,294,967,294 objects, or 4 GiB of names and link targets.
    #[error("the tree is full: at most 4294967294 objects with 4 GiB of names")]
    Full,
    /// The parent is no directory.
    #[error("'{0}' is not a directory")]
    NotADirectory(String),
}

/// Directory tree of one volume. Names within a directory are unique; whoever adds keeps that.
#[derive(Clone, Debug)]
pub struct Tree {
    slots: Vec<Slot>,
    text: Vec<u8>,
    data: Vec<Data>,
    directories: u32,
    times: Vec<Times>,
    pub(crate) streams: Streams,
    pub(crate) old: OldData,
}

impl Tree {
    /// A tree of a root directory only.
    #[must_use]
    pub fn new(root: Meta) -> Self {
        let mut tree = Self {
            slots: Vec::new(),
            text: Vec::new(),
            data: Vec::new(),
            directories: 1,
            times: Vec::new(),
            streams: Streams::default(),
            old: OldData::default(),
        };
        tree.slots.push(slot(Kind::Directory, root, NONE, (0, 0)));
        tree
    }

    /// The root directory.
    #[must_use]
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// Number of objects, the root included.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // there is always a root
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Number of directories, the root included.
    #[doc(alias = "DirectoryCount")]
    #[must_use]
    pub fn directory_count(&self) -> u32 {
        self.directories
    }

    /// Number of contents.
    #[must_use]
    pub fn data_len(&self) -> usize {
        self.data.len()
    }

    /// An object by number.
    ///
    /// # Panics
    /// When `id` comes from another, larger tree.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node { tree: self, slot: &self.slots[id.index()], id }
    }

    /// All objects in the order in which they were added, the root first; every parent before its children.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0u32..).zip(&self.slots).map(|(n, slot)| Node { tree: self, slot, id: NodeId(n) })
    }

    /// A content by number.
    ///
    /// # Panics
    /// When `id` comes from another, larger tree.
    #[must_use]
    pub fn data(&self, id: DataId) -> &Data {
        &self.data[id.index()]
    }

    /// All contents in the order in which they were added.
    pub fn contents(&self) -> impl Iterator<Item = (DataId, &Data)> {
        (0u32..).map(DataId).zip(&self.data)
    }

    /// The child of `parent` called `name`; looks at every child.
    #[must_use]
    pub fn child(&self, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        self.node(parent).children().find(|c| c.name() == name).map(Node::id)
    }

    /// Path from the root, components divided by `/`, starting with `/`; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn path(&self, id: NodeId) -> String {
        let mut parts = Vec::new();
        let mut at = self.node(id);
        while at.parent() != at.id() {
            parts.push(at.name());
            at = self.node(at.parent());
        }
        if parts.is_empty() {
            return "/".to_owned();
        }
        let mut path = String::new();
        for part in parts.iter().rev() {
            path.push('/');
            path.push_str(&String::from_utf8_lossy(part));
        }
        path
    }

    /// Directories above `id`: 0 for the root.
    #[must_use]
    pub fn depth(&self, id: NodeId) -> u32 {
        let mut depth = 0;
        let mut at = self.node(id);
        while at.parent() != at.id() {
            depth += 1;
            at = self.node(at.parent());
        }
        depth
    }

    /// Registers a content of `size` bytes.
    ///
    /// # Errors
    /// [`TreeError::Full`].
    pub fn add_data(&mut self, size: u64, handle: u64) -> Result<DataId, TreeError> {
        let id = count(self.data.len())?;
        self.data.push(Data { size, handle, links: 0, first: NodeId(NONE) });
        Ok(DataId(id))
    }

    /// Gives a content another handle, for a maker of trees that moves the bytes elsewhere.
    ///
    /// # Panics
    /// When `data` comes from another, larger tree.
    pub fn set_handle(&mut self, data: DataId, handle: u64) {
        self.data[data.index()].handle = handle;
    }

    /// Adds an empty directory.
    ///
    /// # Errors
    /// As [`TreeError`] says.
    pub fn add_directory(&mut self, parent: NodeId, name: &[u8], meta: Meta) -> Result<NodeId, TreeError> {
        let id = self.add(parent, name, Kind::Directory, meta)?;
        self.directories += 1;
        Ok(id)
    }

    /// Adds a regular file; one content may be given to several files, which are then hard links.
    ///
    /// # Errors
    /// As [`TreeError`] says.
    pub fn add_file(
        &mut self,
        parent: NodeId,
        name: &[u8],
        meta: Meta,
        data: DataId,
    ) -> Result<NodeId, TreeError> {
        let id = self.add(parent, name, Kind::File, meta)?;
        self.slots[id.index()].a = data.0;
        self.own(data, id);
        Ok(id)
    }

    /// Adds a symbolic link to `target`.
    ///
    /// # Errors
    /// As [`TreeError`] says.
    pub fn add_symlink(
        &mut self,
        parent: NodeId,
        name: &[u8],
        meta: Meta,
        target: &[u8],
    ) -> Result<NodeId, TreeError> {
        let (at, len) = self.keep(target)?;
        let id = self.add(parent, name, Kind::Symlink, meta)?;
        let slot = &mut self.slots[id.index()];
        (slot.a, slot.b) = (at, len);
        Ok(id)
    }

    /// Adds a named pipe, socket or device; `device` is its major and minor number, unused for the first two.
    ///
    /// # Errors
    /// As [`TreeError`] says.
    pub fn add_special(
        &mut self,
        parent: NodeId,
        name: &[u8],
        kind: Kind,
        meta: Meta,
        device: (u32, u32),
    ) -> Result<NodeId, TreeError> {
        let id = self.add(parent, name, kind, meta)?;
        let slot = &mut self.slots[id.index()];
        (slot.a, slot.b) = device;
        Ok(id)
    }

    /// Changes the attributes of an object.
    ///
    /// # Panics
    /// When `id` comes from another, larger tree.
    pub fn set_meta(&mut self, id: NodeId, meta: Meta) {
        let slot = &mut self.slots[id.index()];
        (slot.mode, slot.uid, slot.gid, slot.hidden) = (meta.mode, meta.uid, meta.gid, meta.hidden);
        (slot.modified_secs, slot.modified_nanos) = (meta.modified.secs, meta.modified.nanos);
    }

    /// Gives an object times besides the last modification.
    ///
    /// # Errors
    /// [`TreeError::Full`].
    ///
    /// # Panics
    /// When `id` comes from another, larger tree.
    pub fn set_times(&mut self, id: NodeId, times: Times) -> Result<(), TreeError> {
        let at = self.slots[id.index()].times;
        if let Some(place) = self.times.get_mut(at as usize) {
            *place = times;
            return Ok(());
        }
        let at = count(self.times.len())?;
        self.times.push(times);
        self.slots[id.index()].times = at;
        Ok(())
    }

    /// Marks a file as one whose content needs a minimum rate; no other object takes the mark.
    ///
    /// # Panics
    /// When `id` comes from another, larger tree.
    pub fn set_real_time(&mut self, id: NodeId, on: bool) {
        let slot = &mut self.slots[id.index()];
        slot.real_time = on && slot.kind == Kind::File;
    }

    /// Moves every time after `latest` to it, as the reproducible-builds convention asks for.
    pub fn clamp_times(&mut self, latest: crate::Timestamp) {
        for slot in &mut self.slots {
            if (slot.modified_secs, slot.modified_nanos) > (latest.secs, latest.nanos) {
                (slot.modified_secs, slot.modified_nanos) = (latest.secs, latest.nanos);
            }
        }
        for times in &mut self.times {
            times.accessed = times.accessed.min(latest);
            times.created = times.created.min(latest);
        }
    }

    /// Gives back memory that growing left unused.
    pub fn shrink(&mut self) {
        self.slots.shrink_to_fit();
        self.text.shrink_to_fit();
        self.data.shrink_to_fit();
    }

    pub(crate) fn times(&self, at: u32) -> Option<Times> {
        self.times.get(at as usize).copied()
    }

    /// Gives a content an owner; the file that has it first is shown for it.
    pub(crate) fn own(&mut self, data: DataId, node: NodeId) {
        let data = &mut self.data[data.index()];
        if data.links == 0 {
            data.first = node;
        }
        data.links = data.links.saturating_add(1);
    }

    pub(crate) fn text(&self, at: u32, len: u32) -> &[u8] {
        &self.text[at as usize..at as usize + len as usize]
    }

    pub(crate) fn keep(&mut self, text: &[u8]) -> Result<(u32, u32), TreeError> {
        let at = count(self.text.len())?;
        let len = count(text.len())?;
        at.checked_add(len).ok_or(TreeError::Full)?;
        self.text.extend_from_slice(text);
        Ok((at, len))
    }

    fn add(&mut self, parent: NodeId, name: &[u8], kind: Kind, meta: Meta) -> Result<NodeId, TreeError> {
        let name_len = u16::try_from(name.len()).map_err(|_| TreeError::NameTooLong(name.to_vec()))?;
        if !self.node(parent).is_dir() {
            return Err(TreeError::NotADirectory(self.path(parent)));
        }
        let id = count(self.slots.len())?;
        let (name_at, _) = self.keep(name)?;
        self.slots.push(slot(kind, meta, parent.0, (name_at, name_len)));
        let last = std::mem::replace(&mut self.slots[parent.index()].b, id);
        self.slots[parent.index()].c += 1;
        match last {
            NONE => self.slots[parent.index()].a = id,
            last => self.slots[last as usize].next = id,
        }
        Ok(NodeId(id))
    }
}

pub(crate) fn count(n: usize) -> Result<u32, TreeError> {
    u32::try_from(n).ok().filter(|n| *n != NONE).ok_or(TreeError::Full)
}

fn slot(kind: Kind, meta: Meta, parent: u32, (name_at, name_len): (u32, u16)) -> Slot {
    let (a, b, c) = if kind == Kind::Directory { (NONE, NONE, 0) } else { (0, 0, 0) };
    Slot {
        modified_secs: meta.modified.secs,
        modified_nanos: meta.modified.nanos,
        parent,
        next: NONE,
        name_at,
        a,
        b,
        c,
        uid: meta.uid,
        gid: meta.gid,
        mode: meta.mode,
        name_len,
        kind,
        hidden: meta.hidden,
        real_time: false,
        times: NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_share_a_content_and_paths_name_every_part() {
        let mut tree = Tree::new(Meta::default());
        let dir = tree.add_directory(tree.root(), b"dir", Meta::default()).unwrap();
        let data = tree.add_data(7, 42).unwrap();
        let one = tree.add_file(dir, b"one", Meta::default(), data).unwrap();
        let two = tree.add_file(tree.root(), b"two", Meta::default(), data).unwrap();
        let link = tree.add_symlink(dir, b"ln", Meta::default(), b"../two").unwrap();
        assert_eq!(tree.data(data).links, 2);
        assert_eq!(tree.data(data).first, one);
        assert_eq!((tree.node(two).size(), tree.node(two).links()), (7, 2));
        assert_eq!(tree.node(link).target(), Some(&b"../two"[..]));
        assert_eq!(tree.path(link), "/dir/ln");
        assert_eq!((tree.depth(link), tree.directory_count(), tree.len()), (2, 2, 5));
        let names: Vec<_> = tree.node(dir).children().map(|c| c.name().to_vec()).collect();
        assert_eq!(names, [b"one".to_vec(), b"ln".to_vec()]);
        assert_eq!(tree.child(dir, b"ln"), Some(link));
        assert!(matches!(
            tree.add_directory(one, b"x", Meta::default()),
            Err(TreeError::NotADirectory(path)) if path == "/dir/one"
        ));
        assert!(matches!(
            tree.add_directory(dir, &[b'x'; 65_536], Meta::default()),
            Err(TreeError::NameTooLong(_))
        ));
    }
}
