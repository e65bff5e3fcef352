//! Which partition the structures of a volume are addressed through.

use crate::options::Options;

/// Partition maps of a volume and what goes through which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scheme {
    /// One partition for everything.
    Plain,
    /// File set, file entries, directories and allocation extents in a metadata partition, everything else in the
    /// physical one (UDF 2.50 2.2.13).
    Metadata,
    /// File set and file entries through a virtual allocation table, everything else in the physical partition
    /// (UDF 2.2.11).
    Virtual,
}

impl Scheme {
    pub(super) fn of(options: &Options) -> Self {
        if options.vat {
            Self::Virtual
        } else if options.revision.has_metadata_partition() {
            Self::Metadata
        } else {
            Self::Plain
        }
    }

    /// Reference number of the partition that file entries and file set are addressed in.
    pub(super) fn icb_partition(self) -> u16 {
        match self {
            Self::Plain => 0,
            Self::Metadata | Self::Virtual => 1,
        }
    }

    /// Reference number of the partition of directories and allocation extents.
    pub(super) fn directory_partition(self) -> u16 {
        match self {
            Self::Plain | Self::Virtual => 0,
            Self::Metadata => 1,
        }
    }

    /// Partition that long allocation descriptors of directories name; `None` for short ones, which mean the partition
    /// of the file entry (ECMA-167 4/14.14.1).
    pub(super) fn directory_form(self) -> Option<u16> {
        match self {
            Self::Plain | Self::Metadata => None,
            Self::Virtual => Some(0),
        }
    }

    /// As [`Scheme::directory_form`], for contents of files (UDF 2.50 2.2.13).
    pub(super) fn data_form(self) -> Option<u16> {
        match self {
            Self::Plain => None,
            Self::Metadata | Self::Virtual => Some(0),
        }
    }
}
