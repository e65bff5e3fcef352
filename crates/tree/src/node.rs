//! One object of the tree.

use crate::Timestamp;
use crate::stream::Stream;
use crate::tree::{DataId, NodeId, Tree};

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Directory.
    Directory,
    /// Regular file.
    File,
    /// Symbolic link (POSIX; Rock Ridge SL, UDF file type 12).
    Symlink,
    /// Named pipe.
    Fifo,
    /// Local socket.
    Socket,
    /// Character device.
    CharDevice,
    /// Block device.
    BlockDevice,
}

/// Attributes every object carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Meta {
    /// POSIX permission bits, 0 to 0o7777; no file type.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Last modification of the content.
    pub modified: Timestamp,
    /// Not shown by default where the file system can say so.
    #[doc(alias = "IsHidden")]
    pub hidden: bool,
}

/// Times besides the last modification; kept only for objects that were given some.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Times {
    /// Last reading of the content.
    #[doc(alias = "LastAccessedTime")]
    pub accessed: Timestamp,
    /// Birth of the object.
    #[doc(alias = "CreationTime")]
    pub created: Timestamp,
}

/// No object: end of a list, no child.
pub(crate) const NONE: u32 = u32::MAX;

/// Stored form. 56 bytes an object, so that a million of them are 56 MB; the three words `a`, `b`, `c` mean
/// first child, last child and child count of a directory; data number of a file; place and length of the
/// target of a symbolic link; major and minor number of a device.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) modified_secs: i64,
    pub(crate) modified_nanos: u32,
    pub(crate) parent: u32,
    pub(crate) next: u32,
    pub(crate) name_at: u32,
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) c: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mode: u16,
    pub(crate) name_len: u16,
    pub(crate) kind: Kind,
    pub(crate) hidden: bool,
    pub(crate) real_time: bool,
    /// Place in the table of times, or [`NONE`].
    pub(crate) times: u32,
}

const _: () = assert!(size_of::<Slot>() <= 56);

/// A view of one object; as cheap to copy as a reference.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    pub(crate) tree: &'t Tree,
    pub(crate) slot: &'t Slot,
    pub(crate) id: NodeId,
}

impl<'t> Node<'t> {
    /// Its number.
    #[must_use]
    pub fn id(self) -> NodeId {
        self.id
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.slot.kind
    }

    /// Whether it is a directory.
    #[must_use]
    pub fn is_dir(self) -> bool {
        self.slot.kind == Kind::Directory
    }

    /// Last component of its path as the source has it, not necessarily UTF-8; empty for the root.
    #[must_use]
    pub fn name(self) -> &'t [u8] {
        self.tree.text(self.slot.name_at, u32::from(self.slot.name_len))
    }

    /// The directory that holds it; the root is its own parent, as in ECMA-119 6.8.2.2.
    #[must_use]
    pub fn parent(self) -> NodeId {
        if self.slot.parent == NONE { self.id } else { NodeId(self.slot.parent) }
    }

    /// Permissions, owner, times.
    #[must_use]
    pub fn meta(self) -> Meta {
        Meta {
            mode: self.slot.mode,
            uid: self.slot.uid,
            gid: self.slot.gid,
            modified: self.modified(),
            hidden: self.slot.hidden,
        }
    }

    /// Last modification.
    #[must_use]
    pub fn modified(self) -> Timestamp {
        Timestamp { secs: self.slot.modified_secs, nanos: self.slot.modified_nanos }
    }

    /// Last access and creation; `None` when the object was given none.
    #[must_use]
    pub fn times(self) -> Option<Times> {
        self.tree.times(self.slot.times)
    }

    /// Last access; the last modification when no other time was given.
    #[must_use]
    pub fn accessed(self) -> Timestamp {
        self.times().map_or(self.modified(), |t| t.accessed)
    }

    /// Creation; `None` when none was given.
    #[must_use]
    pub fn created(self) -> Option<Timestamp> {
        self.times().map(|t| t.created)
    }

    /// Whether the content needs a minimum rate when it is read (UDF real-time file, ECMA-167 4/14.6.6 type 249).
    #[doc(alias = "IsRealTime")]
    #[must_use]
    pub fn real_time(self) -> bool {
        self.slot.real_time
    }

    /// Named streams of a file in the order in which they were added; all names of a hard-linked file have the same.
    pub fn streams(self) -> impl Iterator<Item = Stream<'t>> + use<'t> {
        self.tree.streams_of(self.data())
    }

    /// Content of a regular file; `None` for everything else.
    #[must_use]
    pub fn data(self) -> Option<DataId> {
        (self.slot.kind == Kind::File).then_some(DataId(self.slot.a))
    }

    /// Bytes of a regular file, 0 for everything else.
    #[must_use]
    pub fn size(self) -> u64 {
        self.data().map_or(0, |d| self.tree.data(d).size)
    }

    /// Names that lead to the same content: 1 but for hard-linked files.
    #[must_use]
    pub fn links(self) -> u32 {
        self.data().map_or(1, |d| self.tree.data(d).links)
    }

    /// Target of a symbolic link as stored by the source; `None` for everything else.
    #[must_use]
    pub fn target(self) -> Option<&'t [u8]> {
        (self.slot.kind == Kind::Symlink).then(|| self.tree.text(self.slot.a, self.slot.b))
    }

    /// Major and minor number of a device; `None` for everything else.
    #[must_use]
    pub fn device(self) -> Option<(u32, u32)> {
        matches!(self.slot.kind, Kind::CharDevice | Kind::BlockDevice).then_some((self.slot.a, self.slot.b))
    }

    /// Number of direct children; 0 for what is no directory.
    #[must_use]
    pub fn child_count(self) -> u32 {
        if self.is_dir() { self.slot.c } else { 0 }
    }

    /// The object that was added to the same directory after this one; `None` for the last one and the root.
    #[must_use]
    pub fn next_sibling(self) -> Option<Node<'t>> {
        (self.slot.next != NONE).then(|| self.tree.node(NodeId(self.slot.next)))
    }

    /// Direct children in the order in which they were added.
    pub fn children(self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let tree = self.tree;
        let mut next = if self.is_dir() { self.slot.a } else { NONE };
        std::iter::from_fn(move || {
            let node = (next != NONE).then(|| tree.node(NodeId(next)))?;
            next = node.slot.next;
            Some(node)
        })
    }
}
