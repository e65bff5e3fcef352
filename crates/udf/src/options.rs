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
    /// Files of 1 to that many bytes are kept in their file entries (ECMA-167 4/14.6.8), at most 1872 bytes; `None`
    /// keeps every file in sectors of its own, as a volume shared with another file system needs it.
    pub embed_up_to: Option<u32>,
    /// Ask for a third anchor, 256 sectors before the last one (ECMA-167 3/8.4.2.1).
    pub third_anchor: bool,
}

impl Options {
    /// Read-only, nothing embedded, two anchors.
    #[must_use]
    pub fn new(revision: Revision, volume_name: impl Into<String>, recorded: Timestamp) -> Self {
        Self {
            revision,
            volume_name: volume_name.into(),
            recorded,
            access: AccessType::READ_ONLY,
            embed_up_to: None,
            third_anchor: false,
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
