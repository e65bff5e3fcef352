//! Why a medium was not erased: whose fault it is, what the medium is now, and what to do next.

use std::fmt;
use std::time::Duration;

use glassmaster_disc::MediaType;
use glassmaster_recorder::{Blame, Error as DriveError, HResult, Medium};

use crate::error::Error as BurnError;

/// What kept a medium from being erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EraseErrorKind {
    /// The drive erases none of the types there are.
    #[error("the drive cannot erase discs")]
    Recorder,
    /// A type that cannot be erased.
    #[error("a {0} cannot be erased")]
    MediaType(MediaType),
    /// The drive says that this disc cannot be erased.
    #[error("the drive says that this {0} is not erasable")]
    NotErasable(MediaType),
    /// The owner's name breaks a rule.
    #[error("{0}")]
    ClientName(DriveError),
    /// The disc does not spin up.
    #[error("the disc does not spin up: {0}")]
    SpinUp(DriveError),
    /// The drive tells less of the disc than the standard demands.
    #[error("the drive's disc information has {0} bytes instead of 34")]
    DiscInformationTooSmall(usize),
    /// The drive tells less of itself than the standard demands.
    #[error("the drive's answer with mode page 2Ah has {0} bytes, which is less than the page")]
    ModePageTooSmall(usize),
    /// The drive refused to begin.
    #[error("the drive refused to erase: {0}")]
    Refused(DriveError),
    /// The drive began and did not end well. The disc may be unusable, erased, or still being erased.
    #[error("erasing went wrong: {0}")]
    Unexpected(DriveError),
    /// The drive says that it is done, and the disc is not blank.
    #[error("the drive reports success, but the disc is not blank ({0})")]
    NotBlank(String),
    /// The drive was not done in time; it may go on.
    #[error("the drive was still erasing after {:.0} s", .0.as_secs_f64())]
    TookTooLong(Duration),
    /// A command beside erasing failed.
    #[error("{0}")]
    Device(DriveError),
    /// Ended by the caller before the medium was changed.
    #[error("cancelled before anything was erased")]
    Cancelled,
    /// Writing zeros failed or was cancelled.
    #[error("{0}")]
    Write(#[source] BurnError),
}

/// Why a medium was not erased, and what it is now.
#[derive(Debug)]
pub struct EraseError {
    kind: Box<EraseErrorKind>,
    aftermath: Vec<String>,
    medium: Option<Box<Medium>>,
}

impl From<EraseErrorKind> for EraseError {
    fn from(kind: EraseErrorKind) -> Self {
        Self { kind: Box::new(kind), aftermath: Vec::new(), medium: None }
    }
}

impl EraseError {
    /// What kept it.
    #[must_use]
    pub fn kind(&self) -> &EraseErrorKind {
        &self.kind
    }

    pub(crate) fn add_aftermath(&mut self, text: impl Into<String>) {
        self.aftermath.push(text.into());
    }

    pub(crate) fn set_medium(&mut self, medium: Medium) {
        self.medium = Some(Box::new(medium));
    }

    /// In what state the disc is left, and what also went wrong while drive and disc were put in order.
    #[must_use]
    pub fn aftermath(&self) -> &[String] {
        match &*self.kind {
            EraseErrorKind::Write(e) => e.aftermath(),
            _ => &self.aftermath,
        }
    }

    /// The medium as the drive describes it after the end. `None` where nothing was changed, or drive or medium could not be
    /// asked any more.
    #[must_use]
    pub fn medium(&self) -> Option<&Medium> {
        match &*self.kind {
            EraseErrorKind::Write(e) => e.medium(),
            _ => self.medium.as_deref(),
        }
    }

    /// IMAPI's result code.
    #[must_use]
    pub fn hresult(&self) -> HResult {
        match &*self.kind {
            EraseErrorKind::Recorder => HResult::ERASE_RECORDER_NOT_SUPPORTED,
            EraseErrorKind::MediaType(_) => HResult::ERASE_MEDIA_IS_NOT_SUPPORTED,
            EraseErrorKind::NotErasable(_) => HResult::ERASE_MEDIA_IS_NOT_ERASABLE,
            EraseErrorKind::ClientName(_) => HResult::ERASE_CLIENT_NAME_IS_NOT_VALID,
            EraseErrorKind::SpinUp(_) => HResult::ERASE_DRIVE_FAILED_SPINUP_COMMAND,
            EraseErrorKind::DiscInformationTooSmall(_) => HResult::ERASE_DISC_INFORMATION_TOO_SMALL,
            EraseErrorKind::ModePageTooSmall(_) => HResult::ERASE_MODE_PAGE_2A_TOO_SMALL,
            EraseErrorKind::Refused(_) => HResult::ERASE_DRIVE_FAILED_ERASE_COMMAND,
            EraseErrorKind::Unexpected(_) | EraseErrorKind::NotBlank(_) => {
                HResult::ERASE_UNEXPECTED_DRIVE_RESPONSE
            }
            EraseErrorKind::TookTooLong(_) => HResult::ERASE_TOOK_LONGER_THAN_ONE_HOUR,
            EraseErrorKind::Cancelled => HResult::REQUEST_CANCELLED,
            EraseErrorKind::Device(e) => e.hresult(),
            EraseErrorKind::Write(e) => e.hresult(),
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match &*self.kind {
            EraseErrorKind::MediaType(_) | EraseErrorKind::NotErasable(_) | EraseErrorKind::NotBlank(_) => {
                Blame::Medium
            }
            EraseErrorKind::ClientName(_) => Blame::Caller,
            EraseErrorKind::Cancelled => Blame::Cancelled,
            EraseErrorKind::Recorder
            | EraseErrorKind::DiscInformationTooSmall(_)
            | EraseErrorKind::ModePageTooSmall(_)
            | EraseErrorKind::TookTooLong(_) => Blame::Drive,
            EraseErrorKind::SpinUp(e)
            | EraseErrorKind::Refused(e)
            | EraseErrorKind::Unexpected(e)
            | EraseErrorKind::Device(e) => e.blame(),
            EraseErrorKind::Write(e) => e.blame(),
        }
    }

    /// Whether the caller ended it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.blame() == Blame::Cancelled
    }

    /// Whether drive or medium cannot be used for this; nothing was erased.
    #[must_use]
    pub fn is_unsuitable(&self) -> bool {
        match &*self.kind {
            EraseErrorKind::Recorder | EraseErrorKind::MediaType(_) | EraseErrorKind::NotErasable(_) => true,
            EraseErrorKind::Device(e) => e.is_no_medium(),
            EraseErrorKind::Write(e) => e.is_unsuitable(),
            _ => false,
        }
    }

    /// What a person can do next, a sentence without a full stop.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match &*self.kind {
            EraseErrorKind::Recorder => "use a drive that writes rewritable media",
            EraseErrorKind::MediaType(_) | EraseErrorKind::NotErasable(_) => "insert a rewritable disc",
            EraseErrorKind::SpinUp(e)
            | EraseErrorKind::Refused(e)
            | EraseErrorKind::ClientName(e)
            | EraseErrorKind::Device(e) => e.next_step(),
            EraseErrorKind::DiscInformationTooSmall(_) | EraseErrorKind::ModePageTooSmall(_) => {
                "try another drive, or look for newer firmware for this one"
            }
            EraseErrorKind::Unexpected(_) | EraseErrorKind::NotBlank(_) => {
                "erase the disc again, fully; if it stays so, discard it"
            }
            EraseErrorKind::TookTooLong(_) => "wait until the drive is quiet, then look at the disc again",
            EraseErrorKind::Cancelled => "erase it again when it is to be blank",
            EraseErrorKind::Write(e) if e.is_cancelled() => "erase it again when it is to be blank",
            EraseErrorKind::Write(e) => e.next_step(),
        }
    }
}

impl fmt::Display for EraseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        for note in &self.aftermath {
            write!(f, "; {note}")?;
        }
        if let Some(medium) = &self.medium {
            write!(f, "; the disc is now {}", crate::report::medium_in_words(medium))?;
        }
        Ok(())
    }
}

impl std::error::Error for EraseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of the contract's table of result codes.
    #[test]
    fn codes_are_those_of_the_header() {
        let media = MediaType::CD_R;
        for (error, code) in [
            (EraseErrorKind::DiscInformationTooSmall(4), 0x80AA_0902),
            (EraseErrorKind::ModePageTooSmall(0), 0x80AA_0903),
            (EraseErrorKind::NotErasable(media), 0x80AA_0904),
            (EraseErrorKind::TookTooLong(Duration::ZERO), 0x80AA_0906),
            (EraseErrorKind::NotBlank(String::new()), 0x80AA_0907),
            (EraseErrorKind::MediaType(media), 0xC0AA_0909),
            (EraseErrorKind::Recorder, 0xC0AA_090A),
        ] {
            let error = EraseError::from(error);
            assert_eq!(error.hresult(), HResult(code), "{error}");
            assert!(!error.next_step().is_empty());
        }
    }
}
