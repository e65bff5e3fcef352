//! What a volume is made with, and what can stand against it.

use glassmaster_tree::Timestamp;

use crate::Revision;
use crate::cs0::fits_dstring;

/// Bytes of the longest volume identifier field (ECMA-167 3/10.6.4).
const VOLUME_FIELD: usize = 128;

/// How the partition may be written after mastering (ECMA-167 3/10.5.7). Open: other numbers are recorded as they
/// are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct AccessType(pub u32);

impl AccessType {
    /// Read-only: what a mastered image is.
    pub const READ_ONLY: Self = Self(1);
    /// Write once.
    pub const WRITE_ONCE: Self = Self(2);
    /// Rewritable after erasing.
    pub const REWRITABLE: Self = Self(3);
    /// Overwritable.
    pub const OVERWRITABLE: Self = Self(4);
}

/// Every input of a layout besides the tree. Equal options and trees give equal bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Revision the volume is written to.
    pub revision: Revision,
    /// Volume identifier: 1 to 126 characters up to U+00FF, or 1 to 63 UTF-16 units. The primary volume descriptor
    /// holds the first 30 or 15 of them (ECMA-167 3/10.1.4).
    pub volume_name: String,
    /// Recording time of all descriptors that are no files.
    pub recorded: Timestamp,
    /// Access type of the partition.
    pub access: AccessType,
    /// Files of 1 to that many bytes are kept in their file entries (ECMA-167 4/14.6.8), at most 1872 bytes, 1832 from
    /// UDF 2.00 up; `None` keeps every file in sectors of its own, as a volume shared with another file system needs
    /// it.
    pub embed_up_to: Option<u32>,
    /// Ask for a third anchor, 256 sectors before the last one (ECMA-167 3/8.4.2.1).
    pub third_anchor: bool,
    /// Record the metadata file twice, in sectors far apart; else the mirror file shares the sectors of the main one.
    /// Looked at from UDF 2.50 up (UDF 2.50 2.2.13).
    #[doc(alias = "CreateRedundantUdfMetadataFiles")]
    pub mirror: bool,
    /// First sector of the session: the recognition sequence follows 16 sectors and the first anchor 256 sectors behind
    /// it.
    pub session_start: u32,
    /// Unique id with which to go on where an earlier session left off: what its integrity descriptor calls the next
    /// one (UDF 3.2.1.1). `None` begins with 16.
    pub next_unique_id: Option<u64>,
    /// Volume set identifier to keep from an earlier session, cut at 126 characters up to U+00FF or 63 others; `None`
    /// makes one from time and name (UDF 2.2.2.5).
    pub volume_set: Option<String>,
    /// Address file entries through a virtual allocation table in the last sectors, so that a drive can append to the
    /// volume on sequential media (UDF 2.2.8, 2.2.11). From UDF 1.50 up; takes the place of the metadata partition, and
    /// asks for [`AccessType::WRITE_ONCE`].
    pub vat: bool,
}

impl Options {
    /// Read-only, nothing embedded, two anchors, metadata twice, at the start of the disc.
    #[must_use]
    pub fn new(revision: Revision, volume_name: impl Into<String>, recorded: Timestamp) -> Self {
        Self {
            revision,
            volume_name: volume_name.into(),
            recorded,
            access: AccessType::READ_ONLY,
            embed_up_to: None,
            third_anchor: false,
            mirror: true,
            session_start: 0,
            next_unique_id: None,
            volume_set: None,
            vat: false,
        }
    }

    /// Whether a volume identifier can be recorded completely in the logical volume descriptor.
    #[must_use]
    pub fn is_volume_name(name: &str) -> bool {
        !name.is_empty() && fits_dstring(name, VOLUME_FIELD)
    }
}

/// Why a tree cannot become a UDF volume.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LayoutError {
    /// Empty, too long, or with characters that UDF forbids.
    #[error(
        "'{0}' cannot be a UDF volume name: it needs 1 to 126 characters up to U+00FF or 1 to 63 others \
         (ECMA-167 3/10.6.4, UDF 2.1.3)"
    )]
    VolumeName(String),
    /// More than 65,534 subdirectories in one directory; the path is given.
    #[error(
        "'{0}' has more than 65534 subdirectories, more than a UDF link count can hold (ECMA-167 4/14.9.6)"
    )]
    Subdirectories(String),
    /// More than 65,535 names of one file; the path of the first is given.
    #[error("'{0}' has more than 65535 hard links, more than a UDF link count can hold (ECMA-167 4/14.9.6)")]
    Links(String),
    /// A path longer than 1023 bytes; only [`violations`](crate::violations) reports it, since readers cope.
    #[error("'{path}' has {bytes} bytes, more than the 1023 a UDF path can have (UDF 2, maximum pathsize)")]
    Path {
        /// The path in the source.
        path: String,
        /// Bytes of its recorded names, each with its compression id in place of the separator.
        bytes: usize,
    },
    /// A content of an earlier session whose extents are no file: the path and what is wrong.
    #[error("the earlier content of '{path}' cannot be referred to: {why}")]
    OldContent {
        /// Path of the first file that has it.
        path: String,
        /// What is wrong with its extents.
        why: &'static str,
    },
    /// A virtual allocation table in a revision without one.
    #[error("UDF 1.02 has no virtual allocation table; it needs 1.50 or later (UDF 2.2.8)")]
    NoVirtualPartition,
    /// File entries and directories need more than 2^32 - 1 sectors.
    #[error("the directories need more than 4294967295 sectors")]
    TooLarge,
    /// An area was placed where it cannot be; its label and the reason.
    #[error("{area} cannot stand at sector {lba}: {why}")]
    Misplaced {
        /// Label of the area.
        area: String,
        /// Where it was placed.
        lba: u32,
        /// What is against it.
        why: &'static str,
    },
}
