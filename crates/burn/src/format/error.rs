//! Why an object refused, or what went wrong in it.

use glassmaster_recorder::{Blame, Error as DriveError, HResult, MediaState};

use super::erase_error::EraseError;
use crate::error::Error;

/// Failure of [`DiscFormatData`](crate::DiscFormatData), [`DiscFormatErase`](crate::DiscFormatErase) or
/// [`WriteEngine`](crate::WriteEngine).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Settings stay as they are, and no other write begins, while one runs.
    #[error("a write is running")]
    WriteInProgress,
    /// There is no write that could be cancelled.
    #[error("no write is running")]
    WriteNotInProgress,
    /// No recorder is set, and the question concerns what lies in it.
    #[error("no recorder is set")]
    NoRecorder,
    /// No recorder is set, and the operation needs one.
    #[error("a recorder has to be set first")]
    RecorderRequired,
    /// The recorder writes no data discs.
    #[error("this recorder cannot write data discs")]
    RecorderNotSupported,
    /// The name of the owner breaks a rule.
    #[error("{0}")]
    ClientName(DriveError),
    /// The stream is empty or ends inside a sector.
    #[error("the stream has {0} bytes, which is no whole number of sectors of 2048 bytes")]
    StreamNotSupported(u64),
    /// The medium cannot be written, or not in this way, so that it has no such address or room.
    #[error("the medium cannot be written in this way, it has no such figure ({0:?})")]
    InvalidMediaState(MediaState),
    /// The recorder cannot be changed while it erases.
    #[error("the disc is being erased")]
    EraseInProgress,
    /// Another recorder is set; it has to be cleared first.
    #[error("a recorder is set already")]
    OnlyOneRecorder,
    /// The recorder erases nothing.
    #[error("this recorder cannot erase discs")]
    EraseRecorderNotSupported,
    /// The owner's name was not set, or breaks a rule, when erasing was asked for.
    #[error("{0}")]
    EraseClientName(DriveError),
    /// Settings of a write engine stay as they are while it writes.
    #[error("the engine is writing")]
    EngineInUse,
    /// The drive does not have it.
    #[error("the drive does not stream while writing")]
    NotImplemented,
    /// The drive does not tell where the last write ended.
    #[error("the drive does not tell where the last write ended")]
    LastWrittenUnknown,
    /// An argument is out of range.
    #[error("{0}")]
    Argument(String),
    /// The drive says no.
    #[error("{0}")]
    Device(#[from] DriveError),
    /// Writing.
    #[error("{0}")]
    Write(#[from] Error),
    /// Erasing.
    #[error("{0}")]
    Erase(#[from] EraseError),
}

impl FormatError {
    /// IMAPI's result code.
    #[must_use]
    pub fn hresult(&self) -> HResult {
        match self {
            Self::WriteInProgress => HResult::DATA_WRITE_IN_PROGRESS,
            Self::WriteNotInProgress => HResult::DATA_WRITE_NOT_IN_PROGRESS,
            Self::NoRecorder => HResult::POINTER,
            Self::RecorderRequired => HResult::RECORDER_REQUIRED,
            Self::RecorderNotSupported => HResult::DATA_RECORDER_NOT_SUPPORTED,
            Self::ClientName(_) => HResult::DATA_CLIENT_NAME_IS_NOT_VALID,
            Self::StreamNotSupported(_) => HResult::DATA_STREAM_NOT_SUPPORTED,
            Self::InvalidMediaState(_) => HResult::DATA_INVALID_MEDIA_STATE,
            Self::EraseInProgress => HResult::ERASE_RECORDER_IN_USE,
            Self::OnlyOneRecorder => HResult::ERASE_ONLY_ONE_RECORDER_SUPPORTED,
            Self::EraseRecorderNotSupported => HResult::ERASE_RECORDER_NOT_SUPPORTED,
            Self::EraseClientName(_) => HResult::ERASE_CLIENT_NAME_IS_NOT_VALID,
            Self::EngineInUse => HResult::FAIL,
            Self::NotImplemented | Self::LastWrittenUnknown => HResult::NOT_IMPLEMENTED,
            Self::Argument(_) => HResult::INVALID_ARGUMENT,
            Self::Device(e) => e.hresult(),
            Self::Write(e) => e.hresult(),
            Self::Erase(e) => e.hresult(),
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::RecorderNotSupported | Self::EraseRecorderNotSupported | Self::LastWrittenUnknown => {
                Blame::Drive
            }
            Self::InvalidMediaState(_) => Blame::Medium,
            Self::Device(e) => e.blame(),
            Self::Write(e) => e.blame(),
            Self::Erase(e) => e.blame(),
            _ => Blame::Caller,
        }
    }

    /// What a person can do next, a sentence without a full stop.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::NotImplemented => "write without streaming",
            Self::LastWrittenUnknown => "do without it: only wear levelling asks for it",
            Self::WriteInProgress | Self::EraseInProgress | Self::EngineInUse => {
                "wait until the drive is done"
            }
            Self::WriteNotInProgress => "cancel only what has begun",
            Self::NoRecorder | Self::RecorderRequired => "choose a drive first",
            Self::RecorderNotSupported | Self::EraseRecorderNotSupported => "use a recorder",
            Self::ClientName(e) | Self::EraseClientName(e) | Self::Device(e) => e.next_step(),
            Self::StreamNotSupported(_) => "use an image whose size is a multiple of 2048 bytes",
            Self::InvalidMediaState(_) => "insert a blank or appendable disc",
            Self::OnlyOneRecorder => "clear the recorder before another one is set",
            Self::Argument(_) => "correct the argument",
            Self::Write(e) => e.next_step(),
            Self::Erase(e) => e.next_step(),
        }
    }
}
