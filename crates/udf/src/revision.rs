//! Revisions of the OSTA UDF specification.

use std::fmt;
use std::str::FromStr;

/// Revision of OSTA UDF that a volume is written to.
///
/// Up to 1.50 volumes carry NSR02 and descriptor version 2 (ECMA-167 2nd edition), from 2.00 NSR03 and version 3.
#[doc(alias = "UDFRevision")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Revision {
    /// UDF 1.02, the revision of DVD-Video and of the widest reach.
    V102,
    /// UDF 1.50.
    V150,
    /// UDF 2.00.
    V200,
    /// UDF 2.01.
    V201,
    /// UDF 2.50: file entries and directories in a metadata partition of their own, with a mirror.
    V250,
    /// UDF 2.60: 2.50 with pseudo-overwritable media. Nothing of that concerns a mastered volume, which is read-only or
    /// written once; readers of 2.50 read it.
    V260,
}

impl Revision {
    /// Every revision, oldest first.
    pub const ALL: [Self; 6] = [Self::V102, Self::V150, Self::V200, Self::V201, Self::V250, Self::V260];

    /// The number as recorded in entity identifier suffixes: 0x0102 for 1.02 (UDF 2.1.5.3).
    #[must_use]
    pub const fn bcd(self) -> u16 {
        match self {
            Self::V102 => 0x0102,
            Self::V150 => 0x0150,
            Self::V200 => 0x0200,
            Self::V201 => 0x0201,
            Self::V250 => 0x0250,
            Self::V260 => 0x0260,
        }
    }

    /// `UDF 1.02`, ...
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V102 => "UDF 1.02",
            Self::V150 => "UDF 1.50",
            Self::V200 => "UDF 2.00",
            Self::V201 => "UDF 2.01",
            Self::V250 => "UDF 2.50",
            Self::V260 => "UDF 2.60",
        }
    }

    /// Version of every descriptor tag (ECMA-167 3/7.2.2).
    pub(crate) const fn descriptor_version(self) -> u16 {
        if self.is_third_edition() { 3 } else { 2 }
    }

    /// Whether the volume follows the third edition of ECMA-167.
    pub(crate) const fn is_third_edition(self) -> bool {
        (self as u8) >= (Self::V200 as u8)
    }

    /// Whether file entries and directories live in a metadata partition, but for volumes with a virtual one
    /// (UDF 2.50 2.2.10).
    pub(crate) const fn has_metadata_partition(self) -> bool {
        (self as u8) >= (Self::V250 as u8)
    }

    /// Whether files may have named streams (ECMA-167 4/9.2, UDF 2.00 3.3.5).
    #[must_use]
    pub const fn has_streams(self) -> bool {
        self.is_third_edition()
    }

    /// Whether a file may be marked as real-time (UDF 2.01 6.11).
    #[must_use]
    pub const fn has_real_time_files(self) -> bool {
        (self as u8) >= (Self::V201 as u8)
    }

    /// Least revision that a reader must know, as recorded (UDF 2.2.6.4): 2.60 added nothing to be read.
    pub(crate) const fn min_read(self) -> u16 {
        match self {
            Self::V260 => 0x0250,
            other => other.bcd(),
        }
    }
}

impl fmt::Display for Revision {
    /// `1.02`, ...
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name()[4..])
    }
}

/// A text that names no revision this crate writes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("'{0}' is no UDF revision that can be written; known are 1.02, 1.50, 2.00, 2.01, 2.50, 2.60")]
pub struct UnknownRevision(pub String);

impl FromStr for Revision {
    type Err = UnknownRevision;

    fn from_str(s: &str) -> Result<Self, UnknownRevision> {
        Self::ALL.into_iter().find(|r| &r.name()[4..] == s).ok_or_else(|| UnknownRevision(s.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_on_the_disc() {
        assert_eq!("2.01".parse::<Revision>().unwrap().bcd(), 0x0201);
        assert_eq!(Revision::V150.to_string(), "1.50");
        assert!("2.5".parse::<Revision>().is_err());
        assert_eq!((Revision::V150.descriptor_version(), Revision::V200.descriptor_version()), (2, 3));
        assert_eq!(Revision::ALL.map(Revision::bcd), [0x0102, 0x0150, 0x0200, 0x0201, 0x0250, 0x0260]);
        assert_eq!(Revision::V260.min_read(), 0x0250);
    }
}
