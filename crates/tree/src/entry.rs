//! One object as a file-system reader found it.

use glassmaster_disc::Extent;

use crate::{Kind, Timestamp};

/// Where the bytes of a file are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// In sectors of the volume, in the order of the file.
    Extents(Vec<Extent>),
    /// In the descriptor itself (ECMA-167 4/14.6.8, flag bits 0-2 = 3), or made by the reader.
    Inline(Vec<u8>),
}

/// An object of a volume that was read. What the file system does not record is `None`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Name in its directory: UTF-8 where the file system has characters, raw bytes where it has bytes. Without
    /// version number; empty for the root.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Bytes of a file; of other kinds whatever is recorded.
    pub size: u64,
    /// Last modification (recording time where only that exists).
    pub modified: Option<Timestamp>,
    /// Last access, where recorded.
    pub accessed: Option<Timestamp>,
    /// Birth, where recorded.
    pub created: Option<Timestamp>,
    /// Last change of the attributes, where recorded.
    pub changed: Option<Timestamp>,
    /// POSIX permission bits.
    pub mode: Option<u16>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Names of the same object, where recorded.
    pub links: Option<u32>,
    /// Target of a symbolic link.
    pub target: Option<Vec<u8>>,
    /// Major and minor number of a device, where recorded.
    pub device: Option<(u32, u32)>,
    /// Marked as needing a minimum rate (ECMA-167 4/14.6.6 type 249).
    pub real_time: bool,
    /// Whether [`Volume::streams`](crate::Volume::streams) has something to tell.
    pub has_streams: bool,
    /// Marked as not to be shown.
    pub hidden: bool,
    /// Number that equal objects share: the address of a UDF ICB, of an ISO 9660 extent, or a serial number.
    /// Two directories with one id are one directory.
    pub id: u64,
    /// Where the bytes are; of a directory: its own records.
    pub content: Content,
}

impl Entry {
    /// Whether it is a directory.
    #[must_use]
    pub fn is_dir(&self) -> bool {
        self.kind == Kind::Directory
    }
}
