//! One error over both halves, with the result code of the contract and a class for exit statuses.

use std::io::ErrorKind;

use glassmaster_burn::{EraseError, FormatError};
use glassmaster_disc::HResult;
use glassmaster_recorder::{Blame, Error as RecorderError};
use glassmaster_scsi::TransportError;
use glassmaster_vdrive::StoreError;

/// Kinds of failure that a caller treats differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Class {
    /// It was tried and failed.
    Failed,
    /// It was asked for wrongly.
    Usage,
    /// What was written and what is there differ.
    Different,
    /// Drive or medium cannot be used for this; nothing was written.
    Unsuitable,
    /// The caller ended it.
    Cancelled,
}

/// Failure of anything in this library.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Making or reading a file system.
    #[error(transparent)]
    Imaging(#[from] glassmaster_fsimage::Error),
    /// Burning.
    #[error(transparent)]
    Burn(#[from] glassmaster_burn::Error),
    /// Erasing.
    #[error(transparent)]
    Erase(#[from] glassmaster_burn::EraseError),
    /// An object of the burning half, which may stand for one of the two before.
    #[error(transparent)]
    Format(#[from] glassmaster_burn::FormatError),
    /// Putting streams together.
    #[error(transparent)]
    Stream(#[from] glassmaster_disc::stream::StreamError),
    /// Asking a drive, and the way to it.
    #[error(transparent)]
    Recorder(#[from] glassmaster_recorder::Error),
    /// The file of a virtual disc.
    #[error(transparent)]
    Disc(#[from] glassmaster_vdrive::StoreError),
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::Recorder(error.into())
    }
}

impl Error {
    /// What kind of failure it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Imaging(e) => match e {
                glassmaster_fsimage::Error::Cancelled => Class::Cancelled,
                glassmaster_fsimage::Error::TooLarge { .. } => Class::Unsuitable,
                glassmaster_fsimage::Error::NoFileSystem | glassmaster_fsimage::Error::Options(_) => {
                    Class::Usage
                }
                _ => Class::Failed,
            },
            Self::Burn(e) => of_burn(e),
            Self::Erase(e) => of_erase(e),
            Self::Format(FormatError::Write(e)) => of_burn(e),
            Self::Format(FormatError::Erase(e)) => of_erase(e),
            Self::Recorder(RecorderError::System(_)) => Class::Unsuitable,
            Self::Recorder(e) | Self::Format(FormatError::Device(e)) => of_blame(e.blame()),
            Self::Format(e) => match e.blame() {
                Blame::Caller => Class::Usage,
                Blame::Drive => Class::Unsuitable,
                other => of_blame(other),
            },
            Self::Stream(_) => Class::Usage,
            Self::Disc(e) => match e {
                StoreError::Media { .. } | StoreError::Size { .. } => Class::Usage,
                StoreError::Io { .. } => Class::Failed,
                _ => Class::Unsuitable,
            },
        }
    }

    /// The result code of IMAPI2 or IMAPI2FS.
    #[must_use]
    pub fn hresult(&self) -> u32 {
        match self {
            Self::Imaging(e) => e.hresult(),
            Self::Burn(e) => e.hresult().0,
            Self::Erase(e) => e.hresult().0,
            Self::Format(e) => e.hresult().0,
            Self::Stream(e) => e.hresult().0,
            Self::Recorder(e) => e.hresult().0,
            Self::Disc(e) => match e {
                StoreError::Locked { .. } => HResult::ACCESS_DENIED.0,
                StoreError::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
                    HResult::ACCESS_DENIED.0
                }
                StoreError::Media { .. } | StoreError::Size { .. } => HResult::INVALID_ARGUMENT.0,
                _ => HResult::FAIL.0,
            },
        }
    }

    /// What a person can do next, a sentence without a full stop; empty when the message says it.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Burn(e) => e.next_step(),
            Self::Erase(e) => e.next_step(),
            Self::Format(e) => e.next_step(),
            Self::Recorder(e) => e.next_step(),
            Self::Stream(_) => "correct the argument",
            Self::Disc(e) => match e {
                StoreError::NotADisc { .. } => {
                    "give the name of a virtual disc, or make one under another name"
                }
                StoreError::Version { .. } => "use a newer version of the program",
                StoreError::Damaged { .. } => "make a new disc",
                StoreError::Io { source, .. } => match source.kind() {
                    ErrorKind::NotFound | ErrorKind::NotADirectory => {
                        "check the name, and that its folder is there"
                    }
                    ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                        "get permission for the file and its folder, or use another place"
                    }
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                        "make room there, or use another place"
                    }
                    ErrorKind::IsADirectory => "give the name of a file",
                    _ => "look at the place where the file lies, then try again",
                },
                _ => "",
            },
            Self::Imaging(_) => "",
        }
    }
}

fn of_burn(error: &glassmaster_burn::Error) -> Class {
    match error {
        e if e.is_cancelled() => Class::Cancelled,
        e if e.is_verification() => Class::Different,
        e if e.is_unsuitable() => Class::Unsuitable,
        _ => Class::Failed,
    }
}

fn of_erase(error: &EraseError) -> Class {
    match error {
        e if e.is_cancelled() => Class::Cancelled,
        e if e.is_unsuitable() => Class::Unsuitable,
        _ => Class::Failed,
    }
}

fn of_blame(blame: Blame) -> Class {
    match blame {
        Blame::Cancelled => Class::Cancelled,
        Blame::Medium => Class::Unsuitable,
        _ => Class::Failed,
    }
}
