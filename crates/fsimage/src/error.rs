//! What can go wrong while an image is planned, written or read, and whose fault it is.

use std::io;
use std::path::{Path, PathBuf};

use glassmaster_disc::HResult;
use glassmaster_tree::{NameChange, ReadError, TreeError};

use crate::code::{Failure, host_code};

/// What was being done with a source when it failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceProblem {
    /// Asking for its type, size and times.
    Status,
    /// Finding the folder that is to hold it.
    Folder,
    /// Opening it.
    Open,
    /// Listing a directory.
    List,
    /// Reading its bytes.
    Read,
}

impl SourceProblem {
    fn verb(self) -> &'static str {
        match self {
            Self::Status => "look at",
            Self::Folder => "find the folder of",
            Self::Open => "open",
            Self::List => "list",
            Self::Read => "read",
        }
    }
}

/// A name that would have to be changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedName {
    /// Path in the image.
    pub path: String,
    /// What would be recorded, where and why.
    pub change: NameChange,
}

/// Failure of the imaging half.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A source of the host cannot be used.
    #[error("cannot {} '{}': {source}", .problem.verb(), .path.display())]
    Source {
        /// Path on the host.
        path: PathBuf,
        /// What was tried.
        problem: SourceProblem,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A file is not what it was when the image was planned.
    #[error("'{}' changed while the image was being made: {what}; make the image again, or pad such files", .path.display())]
    SourceChanged {
        /// Path on the host.
        path: PathBuf,
        /// How it changed.
        what: String,
    },
    /// Two sources bring an object of one name, at least one of them a file.
    #[error("two sources bring '{0}' and they are not both folders; rename one of them")]
    DuplicateName(String),
    /// A source whose path has no last component (`/`).
    #[error("'{}' has no name of its own to be recorded under; give its contents instead", .0.display())]
    NoName(PathBuf),
    /// The tree cannot be held.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// No file system was selected.
    #[error("no file system is selected; choose at least one of iso9660, joliet, rock-ridge, udf")]
    #[doc(alias = "IMAPI_E_NO_OUTPUT")]
    NoFileSystem,
    /// The selected file systems cannot go together.
    #[error("{0}")]
    Options(String),
    /// Something in the tree that a selected file system cannot hold at all.
    #[error("{file_system} cannot hold this tree: {what}")]
    Unsuitable {
        /// The file system.
        file_system: &'static str,
        /// What breaks which rule, and the way out.
        what: String,
        /// The contract's code.
        hresult: u32,
    },
    /// Names would change and the caller wants none to.
    #[error(
        "{} names cannot be recorded as they are, the first is '{}' in {}; rename them, choose other file systems, or have \
         them mapped",
        .0.len(),
        .0.first().map_or("", |c| &c.path),
        .0.first().map_or("", |c| c.change.file_system)
    )]
    NamesRefused(Vec<RefusedName>),
    /// The image would not fit.
    #[error("the image needs {needed} sectors of 2048 bytes, the medium takes {available}; leave out {} MiB or use a larger medium", (.needed - .available).div_ceil(512))]
    #[doc(alias = "IMAPI_E_IMAGE_SIZE_LIMIT")]
    TooLarge {
        /// Sectors of the image.
        needed: u64,
        /// Sectors there are.
        available: u64,
    },
    /// The output cannot be written.
    #[error("cannot write '{}': {source}", .path.display())]
    Output {
        /// Path of the output.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A volume that is being read is damaged or not supported.
    #[error(transparent)]
    Volume(#[from] ReadError),
    /// An image or disc without any file system known here.
    #[error("no ISO 9660 or UDF file system found: {0}")]
    #[doc(alias = "IMAPI_E_NO_SUPPORTED_FILE_SYSTEM")]
    NoVolume(String),
    /// An image or disc has no file system of the wanted kind.
    #[error("there is no {wanted} on it; it holds {found}")]
    #[doc(alias = "IMAPI_E_FILE_SYSTEM_NOT_FOUND")]
    VolumeNotFound {
        /// What was asked for.
        wanted: String,
        /// What is there.
        found: String,
    },
    /// Something the contract has a code and a text for.
    #[error(transparent)]
    Coded(#[from] Failure),
    /// Long work on the same image is under way.
    #[error("the image is being worked on; try again when that has ended")]
    Busy,
    /// The caller ended the work.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    pub(crate) fn source(path: &Path, problem: SourceProblem, source: impl Into<io::Error>) -> Self {
        Self::Source { path: path.to_path_buf(), problem, source: source.into() }
    }

    pub(crate) fn output(path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Output { path: path.to_path_buf(), source: source.into() }
    }

    /// The result code of IMAPI2FS for this failure (contract section 5).
    #[must_use]
    pub fn hresult(&self) -> u32 {
        match self {
            Self::Source { problem: SourceProblem::List, .. } => 0xC0AA_B12B,
            Self::Source { problem: SourceProblem::Read, .. } => 0xC0AA_B129,
            Self::Source { problem: SourceProblem::Folder, .. } => HResult::HOST_PATH_NOT_FOUND.0,
            Self::Source { problem: SourceProblem::Status, source, .. }
                if source.kind() != io::ErrorKind::PermissionDenied =>
            {
                host_code(source).0
            }
            Self::Source { .. } => 0xC0AA_B12A,
            Self::SourceChanged { .. } => 0xC0AA_B128,
            Self::DuplicateName(_) => 0xC0AA_B112,
            Self::NoName(_) | Self::Options(_) => 0xC0AA_B101,
            Self::Tree(TreeError::NameTooLong(_)) | Self::NamesRefused(_) => 0xC0AA_B110,
            Self::Tree(TreeError::NotADirectory(_)) => 0xC0AA_B109,
            Self::Tree(TreeError::NotAFile(_)) => 0xC0AA_B108,
            Self::Tree(TreeError::Full) => 0x8007_000E,
            Self::NoFileSystem => 0xC0AA_B103,
            Self::Unsuitable { hresult, .. } => *hresult,
            Self::TooLarge { .. } => 0xC0AA_B120,
            Self::Output { .. } => 0x8000_4005,
            Self::Volume(e) if e.source.is_some() => 0xC0AA_B157,
            Self::Volume(_) => 0xC0AA_B153,
            Self::NoVolume(_) => 0xC0AA_B151,
            Self::VolumeNotFound { .. } => 0xC0AA_B152,
            Self::Coded(failure) => failure.code().0,
            // HRESULT_FROM_WIN32(ERROR_BUSY)
            Self::Busy => 0x8007_00AA,
            Self::Cancelled => 0xC0AA_0002,
        }
    }
}
