//! Why a disc file cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use glassmaster_disc::MediaType;

use crate::medium::MediumSize;

/// A disc file that cannot be created, opened or used; every case names the file and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file does not start with the signature of a disc file.
    #[error("{path}: not a virtual disc: {why}")]
    NotADisc {
        /// The file.
        path: PathBuf,
        /// What stands where the signature should be.
        why: String,
    },
    /// A disc file of a layout this version does not know.
    #[error("{path}: virtual disc of layout version {version}; this program knows versions up to {known}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Version found in the file.
        version: u32,
        /// Newest version this program reads.
        known: u32,
    },
    /// A disc file whose content contradicts itself or its checksums.
    #[error("{path}: damaged virtual disc: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which structure, and what is wrong with it.
        what: String,
    },
    /// Another process has the disc in its drive.
    #[error("{path}: the disc is in use by another process; eject it there first")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// A new disc was asked for under a name that is taken.
    #[error("{path}: exists already; give another name or remove it first")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// No such medium is emulated.
    #[error(
        "no virtual medium of type {media}; there are all recordable CD, DVD and BD, and removable disks"
    )]
    Media {
        /// What was asked for.
        media: MediaType,
    },
    /// The medium is not made in the size asked for.
    #[error("there is no {media} of {label}; there are {known}", known = MediumSize::labels(*media))]
    Size {
        /// The medium.
        media: MediaType,
        /// The size asked for.
        label: String,
    },
    /// The operating system refused.
    #[error("{path}: cannot {action}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// The system's own error.
        source: io::Error,
    },
}

impl StoreError {
    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), action, source }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}
