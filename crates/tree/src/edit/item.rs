//! One object of an editable tree.

use super::EditTree;
use crate::{Kind, Timestamp};
use glassmaster_disc::Extent;

/// Number of an object of an [`EditTree`]; never used twice, and valid after the object has left the tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ItemId(pub(super) u32);

/// What an object carries beside its name and content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attributes {
    /// POSIX permission bits, 0 to 0o7777.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Birth; `None` while nobody has said.
    #[doc(alias = "CreationTime")]
    pub created: Option<Timestamp>,
    /// Last reading; `None` while nobody has said.
    #[doc(alias = "LastAccessedTime")]
    pub accessed: Option<Timestamp>,
    /// Last modification; `None` while nobody has said.
    #[doc(alias = "LastModifiedTime")]
    pub modified: Option<Timestamp>,
    /// Not shown by default where a file system can say so.
    #[doc(alias = "IsHidden")]
    pub hidden: bool,
    /// A file whose content needs a minimum rate.
    #[doc(alias = "IsRealTime")]
    pub real_time: bool,
}

/// The bytes of a file or stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bytes {
    /// Length.
    pub size: u64,
    /// What the owner of the tree needs to find them; opaque here.
    pub handle: u64,
    /// Where an earlier session has recorded them (absolute sectors); `None` for what is still to be placed.
    pub old: Option<Box<[Extent]>>,
}

impl Bytes {
    /// A content that is still to be placed.
    #[must_use]
    pub fn new(size: u64, handle: u64) -> Self {
        Self { size, handle, old: None }
    }
}

/// A content and how many names in the tree lead to it.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) size: u64,
    pub(super) handle: u64,
    pub(super) old: Option<Box<[Extent]>>,
    pub(super) names: u32,
}

/// No object, no content.
pub(super) const NONE: u32 = u32::MAX;

/// A time in two words; the least second stands for none.
#[derive(Clone, Copy, Debug)]
struct Stamp(i64, u32);

impl Stamp {
    fn pack(time: Option<Timestamp>) -> Self {
        time.map_or(Self(i64::MIN, 0), |t| Self(t.secs, t.nanos))
    }

    fn unpack(self) -> Option<Timestamp> {
        (self.0 != i64::MIN).then_some(Timestamp { secs: self.0, nanos: self.1 })
    }
}

/// Stored form. `payload` is the number of the directory or content, the place of a link's target, or the major
/// number of a device; `extra` the length of the target or the minor number.
#[derive(Clone, Debug)]
pub(super) struct Object {
    created: Stamp,
    accessed: Stamp,
    modified: Stamp,
    pub(super) parent: u32,
    pub(super) name_at: u32,
    pub(super) payload: u32,
    pub(super) extra: u32,
    uid: u32,
    gid: u32,
    mode: u16,
    pub(super) name_len: u16,
    pub(super) kind: Kind,
    hidden: bool,
    pub(super) real_time: bool,
    pub(super) life: Life,
}

/// Where an object has been.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    /// Never in the tree.
    New,
    /// In the tree, or it was.
    Known,
    /// A named stream; its parent is the file it was added to.
    Stream,
}

const _: () = assert!(size_of::<Object>() <= 80);

impl Object {
    pub(super) fn new(kind: Kind, (name_at, name_len): (u32, u16), attributes: &Attributes) -> Self {
        let mut object = Self {
            created: Stamp::pack(None),
            accessed: Stamp::pack(None),
            modified: Stamp::pack(None),
            parent: NONE,
            name_at,
            payload: NONE,
            extra: 0,
            uid: 0,
            gid: 0,
            mode: 0,
            name_len,
            kind,
            hidden: false,
            real_time: false,
            life: Life::New,
        };
        object.set(attributes);
        object
    }

    pub(super) fn set(&mut self, attributes: &Attributes) {
        self.created = Stamp::pack(attributes.created);
        self.accessed = Stamp::pack(attributes.accessed);
        self.modified = Stamp::pack(attributes.modified);
        (self.mode, self.uid, self.gid) = (attributes.mode, attributes.uid, attributes.gid);
        self.hidden = attributes.hidden;
        self.real_time = attributes.real_time && self.kind == Kind::File;
    }

    pub(super) fn attributes(&self) -> Attributes {
        Attributes {
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            created: self.created.unpack(),
            accessed: self.accessed.unpack(),
            modified: self.modified.unpack(),
            hidden: self.hidden,
            real_time: self.real_time,
        }
    }
}

/// A view of one object.
#[derive(Clone, Copy)]
pub struct Item<'t> {
    pub(super) tree: &'t EditTree,
    pub(super) object: &'t Object,
    pub(super) id: ItemId,
}

impl<'t> Item<'t> {
    /// Its number.
    #[must_use]
    pub fn id(self) -> ItemId {
        self.id
    }

    /// What it is; a named stream is a file.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.object.kind
    }

    /// Whether it is a directory.
    #[must_use]
    pub fn is_dir(self) -> bool {
        self.object.kind == Kind::Directory
    }

    /// Whether it is a named stream.
    #[doc(alias = "IsNamedStream")]
    #[must_use]
    pub fn is_stream(self) -> bool {
        self.object.life == Life::Stream
    }

    /// Its name as it was given; empty for the root.
    #[must_use]
    pub fn name(self) -> &'t [u8] {
        self.tree.name_of(self.object)
    }

    /// The directory that holds it, or the file that a stream was added to; `None` for the root and what is detached.
    #[must_use]
    pub fn parent(self) -> Option<ItemId> {
        (self.object.parent != NONE).then_some(ItemId(self.object.parent))
    }

    /// Times, owner, marks.
    #[must_use]
    pub fn attributes(self) -> Attributes {
        self.object.attributes()
    }

    /// Content of a file or stream; `None` for everything else and a detached file that was given none yet.
    #[must_use]
    pub fn bytes(self) -> Option<Bytes> {
        let content = self.tree.content_of(self.id.0)?;
        let content = self.tree.contents.get(content as usize)?;
        Some(Bytes { size: content.size, handle: content.handle, old: content.old.clone() })
    }

    /// Bytes of a file or stream, 0 for everything else.
    #[doc(alias = "DataSize")]
    #[must_use]
    pub fn size(self) -> u64 {
        let content = self.tree.content_of(self.id.0).and_then(|c| self.tree.contents.get(c as usize));
        content.map_or(0, |c| c.size)
    }

    /// Target of a symbolic link; `None` for everything else.
    #[must_use]
    pub fn target(self) -> Option<&'t [u8]> {
        (self.object.kind == Kind::Symlink).then(|| self.tree.text(self.object.payload, self.object.extra))
    }

    /// Major and minor number of a device; `None` for everything else.
    #[must_use]
    pub fn device(self) -> Option<(u32, u32)> {
        matches!(self.object.kind, Kind::CharDevice | Kind::BlockDevice)
            .then_some((self.object.payload, self.object.extra))
    }

    /// Number of direct children.
    #[must_use]
    pub fn child_count(self) -> usize {
        self.tree.directory(self.id.0).map_or(0, |d| d.children.len())
    }

    /// Direct children in the order of their names.
    pub fn children(self) -> impl Iterator<Item = Item<'t>> + use<'t> {
        let tree = self.tree;
        let ids = tree.directory(self.id.0).into_iter().flat_map(|d| d.children.iter());
        ids.filter_map(move |id| tree.item(ItemId(id)))
    }

    /// Named streams of a file in the order in which they were added.
    pub fn streams(self) -> impl Iterator<Item = Item<'t>> + use<'t> {
        let tree = self.tree;
        let ids = tree.content_of(self.id.0).and_then(|content| tree.streams.get(&content));
        ids.into_iter().flatten().filter_map(move |id| tree.item(*id))
    }
}
