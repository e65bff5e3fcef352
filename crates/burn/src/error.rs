//! Why a write did not end well: in which phase, at which address, whose fault, and what to do next.

use std::fmt;
use std::io;
use std::time::Duration;

use glassmaster_disc::MediaType;
use glassmaster_recorder::{Blame, HResult, MediaState, Medium};
use glassmaster_scsi::Sense;

use crate::event::WriteAction;
use crate::verify::Failure;

/// Why nothing was written: drive, medium and data do not fit each other.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unsuitable {
    /// No disc.
    #[error("there is no disc in the drive")]
    NoMedium,
    /// The drive writes none of the media types this program knows.
    #[error("the drive cannot write data discs")]
    Recorder,
    /// A type of disc that cannot be written.
    #[error("data cannot be written to this disc: it is a {0}")]
    MediaType(MediaType),
    /// Write protection of the disc, its cartridge or the drive.
    #[error("the disc is write protected ({0})")]
    WriteProtected(String),
    /// Closed for good.
    #[error("the disc is closed: nothing can be added to it")]
    Closed,
    /// A session that was begun and not finished.
    #[error("the last session of the disc was begun and never finished")]
    UnfinishedSession,
    /// The disc cannot be understood, or is broken.
    #[error("the disc is damaged: {0}")]
    Damaged(String),
    /// Overwritable disc with data, and overwriting was not asked for.
    #[error("the disc holds data")]
    NotBlank,
    /// Single ranges can be written to media that can be overwritten only.
    #[error("parts of a {0} cannot be written again")]
    NotOverwritable(MediaType),
    /// The drive writes this type only for good.
    #[error("the drive has no test write for a {0}")]
    NoTestWrite(MediaType),
    /// A write that was broken off cannot be gone on with.
    #[error("the burn cannot be gone on with: {0}")]
    NoResume(String),
    /// Less room than data.
    #[error("the data does not fit: {needed} sectors are needed{}, {free} are free ({medium})", beside_words(*.beside))]
    TooLarge {
        /// Sectors to be written, padding and post-gap included.
        needed: u64,
        /// Those of them that are no data: padding, post-gap, run-out.
        beside: u64,
        /// Sectors that are free.
        free: u64,
        /// Type of the disc.
        medium: MediaType,
    },
}

/// Whoever compares the size of an image with the free sectors wants to know of the difference.
fn beside_words(beside: u64) -> String {
    match beside {
        0 => String::new(),
        n => format!(" ({n} of them around the data)"),
    }
}

impl Unsuitable {
    fn hresult(&self) -> HResult {
        match self {
            Self::NoMedium => HResult::NO_MEDIA,
            Self::Recorder => HResult::DATA_RECORDER_NOT_SUPPORTED,
            Self::MediaType(_) | Self::NotOverwritable(_) => HResult::DATA_MEDIA_IS_NOT_SUPPORTED,
            Self::NoTestWrite(_) => HResult::FEATURE_IS_NOT_CURRENT,
            Self::WriteProtected(_) => HResult::MEDIA_WRITE_PROTECTED,
            Self::Closed | Self::UnfinishedSession | Self::Damaged(_) | Self::NoResume(_) => {
                HResult::DATA_INVALID_MEDIA_STATE
            }
            Self::NotBlank => HResult::DATA_MEDIA_NOT_BLANK,
            Self::TooLarge { .. } => HResult::DATA_STREAM_TOO_LARGE,
        }
    }

    fn next_step(&self) -> &'static str {
        match self {
            Self::NoMedium => "insert a blank disc",
            Self::Recorder => "use a recorder",
            Self::MediaType(_) => "insert a recordable or rewritable CD, DVD or BD",
            Self::NotOverwritable(_) => "insert a DVD+RW, DVD-RAM or BD-RE",
            Self::NoTestWrite(_) => "leave the test out, or insert a CD or DVD-R",
            Self::WriteProtected(_) => "remove the write protection, or insert another disc",
            Self::Closed | Self::Damaged(_) => "insert a blank disc",
            Self::UnfinishedSession => {
                "go on with the burn that began it, if it left a journal, or insert a blank disc"
            }
            Self::NotBlank => {
                "ask for overwriting if the data on it is no longer needed, or insert a blank disc"
            }
            Self::NoResume(_) => "burn anew, to another disc",
            Self::TooLarge { .. } => "choose a larger disc, or write less",
        }
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Found before anything was written.
    #[error("{0}")]
    Unsuitable(Unsuitable),
    /// An option is out of range, or the source is empty.
    #[error("{0}")]
    Argument(String),
    /// No journal tells how to go on with this write.
    #[error("{why}")]
    Journal {
        /// What is the matter with it.
        why: String,
        /// What a person can do next, a sentence without a full stop.
        next: &'static str,
    },
    /// A command failed.
    #[error("{0}")]
    Device(glassmaster_recorder::Error),
    /// The drive did not take data.
    #[error("writing stopped at block {lba}, {written} of {sectors} sectors were written: {error}")]
    Write {
        /// First block that was not taken.
        lba: i64,
        /// Sectors the drive had taken before.
        written: u64,
        /// Sectors to be written.
        sectors: u64,
        /// What the drive said.
        #[source]
        error: glassmaster_recorder::Error,
    },
    /// The drive kept saying "later".
    #[error("WRITE (10) at block {lba}: the drive took no data for {:.0} s{}", .waited.as_secs_f64(), .last.as_ref().map_or_else(String::new, |l| format!("; its last answer was: {l}")))]
    Stalled {
        /// First block that was not taken.
        lba: i64,
        /// How long the same block was offered.
        waited: Duration,
        /// Its last answer.
        last: Option<glassmaster_scsi::CommandFailure>,
    },
    /// The source could not deliver.
    #[error("sector {sector} of the source cannot be read: {error}")]
    Source {
        /// First sector of the read that failed.
        sector: u64,
        /// What was said.
        #[source]
        error: io::Error,
    },
    /// The source delivered nothing for too long.
    #[error("the source delivered nothing for {:.0} s", .waited.as_secs_f64())]
    SourceStalled {
        /// How long.
        waited: Duration,
    },
    /// A person or the event sink asked to stop.
    #[error("cancelled after {written} of {sectors} sectors")]
    Cancelled {
        /// Sectors the drive had taken.
        written: u64,
        /// Sectors to be written.
        sectors: u64,
    },
    /// The disc does not hold what was sent.
    #[error("{0}")]
    Verification(Box<Failure>),
    /// No thread for the source.
    #[error("the reader of the source cannot be started: {0}")]
    Thread(#[source] io::Error),
}

/// A write that did not end well.
#[derive(Debug)]
pub struct Error {
    phase: WriteAction,
    kind: Box<ErrorKind>,
    aftermath: Vec<String>,
    medium: Option<Box<Medium>>,
}

impl Error {
    pub(crate) fn new(phase: WriteAction, kind: ErrorKind) -> Self {
        Self { phase, kind: Box::new(kind), aftermath: Vec::new(), medium: None }
    }

    /// Tells what the medium is after everything was put in order.
    pub(crate) fn set_medium(&mut self, medium: Medium) {
        self.medium = Some(Box::new(medium));
    }

    pub(crate) fn add_aftermath(&mut self, text: impl Into<String>) {
        self.aftermath.push(text.into());
    }

    /// The phase it happened in.
    #[must_use]
    pub fn phase(&self) -> WriteAction {
        self.phase
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// What also went wrong while putting drive and disc in order afterwards, and what state the disc is left in.
    #[must_use]
    pub fn aftermath(&self) -> &[String] {
        &self.aftermath
    }

    /// The medium as the drive describes it after the end: its state and where the next write goes. `None` where nothing
    /// was changed, or drive or medium could not be asked any more.
    #[must_use]
    pub fn medium(&self) -> Option<&Medium> {
        self.medium.as_deref()
    }

    /// Whether drive or medium were found unsuitable before anything was written.
    #[must_use]
    pub fn is_unsuitable(&self) -> bool {
        match &*self.kind {
            ErrorKind::Unsuitable(_) => true,
            ErrorKind::Device(e) => self.phase == WriteAction::ValidatingMedia && e.blame() == Blame::Medium,
            _ => false,
        }
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.blame() == Blame::Cancelled
    }

    /// Whether the disc was written but does not hold what was sent.
    #[must_use]
    pub fn is_verification(&self) -> bool {
        matches!(&*self.kind, ErrorKind::Verification(_))
    }

    /// Sense data of the drive, where an answer of the drive is the cause.
    #[must_use]
    pub fn sense(&self) -> Option<&Sense> {
        match &*self.kind {
            ErrorKind::Device(e) | ErrorKind::Write { error: e, .. } => e.sense(),
            ErrorKind::Stalled { last, .. } => last.as_ref()?.sense.as_ref(),
            _ => None,
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match &*self.kind {
            ErrorKind::Unsuitable(Unsuitable::Recorder) | ErrorKind::Stalled { .. } => Blame::Drive,
            ErrorKind::Unsuitable(Unsuitable::NotBlank)
            | ErrorKind::Argument(_)
            | ErrorKind::Journal { .. }
            | ErrorKind::Thread(_) => Blame::Caller,
            ErrorKind::Unsuitable(_) | ErrorKind::Verification(_) => Blame::Medium,
            ErrorKind::Device(e) | ErrorKind::Write { error: e, .. } => e.blame(),
            ErrorKind::Source { .. } | ErrorKind::SourceStalled { .. } => Blame::Source,
            ErrorKind::Cancelled { .. } => Blame::Cancelled,
        }
    }

    /// IMAPI's result code.
    #[must_use]
    pub fn hresult(&self) -> HResult {
        match &*self.kind {
            ErrorKind::Unsuitable(u) => u.hresult(),
            ErrorKind::Argument(_) | ErrorKind::Journal { .. } => HResult::INVALID_ARGUMENT,
            ErrorKind::Device(e) => match e.hresult() {
                HResult::CLIENT_NAME_IS_NOT_VALID => HResult::DATA_CLIENT_NAME_IS_NOT_VALID,
                code => code,
            },
            ErrorKind::Write { error, .. } => error.hresult(),
            ErrorKind::Stalled { .. } => HResult::COMMAND_TIMEOUT,
            ErrorKind::Source { .. } | ErrorKind::SourceStalled { .. } | ErrorKind::Thread(_) => {
                HResult::FAIL
            }
            ErrorKind::Cancelled { .. } => HResult::REQUEST_CANCELLED,
            ErrorKind::Verification(_) => HResult::BURN_VERIFICATION_FAILED,
        }
    }

    /// Whether the medium is known to be in this state now.
    fn leaves(&self, state: MediaState) -> bool {
        self.medium.as_ref().is_some_and(|medium| medium.state.contains(state))
    }

    /// What a person can do next, a sentence without a full stop.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match &*self.kind {
            ErrorKind::Unsuitable(Unsuitable::NoResume(_)) if self.leaves(MediaState::OVERWRITE_ONLY) => {
                "burn anew, and overwrite this disc"
            }
            ErrorKind::Unsuitable(Unsuitable::NoResume(_)) if self.leaves(MediaState::APPENDABLE) => {
                "burn anew: this disc can take it"
            }
            ErrorKind::Unsuitable(u) => u.next_step(),
            ErrorKind::Argument(_) => "correct the argument",
            ErrorKind::Journal { next, .. } => next,
            ErrorKind::Device(e) | ErrorKind::Write { error: e, .. } => e.next_step(),
            ErrorKind::Stalled { .. } => "switch the drive off and on, and write again at a lower speed",
            ErrorKind::Source { .. } | ErrorKind::SourceStalled { .. } => {
                "check the files and the disk or network they come from, then write again to a new disc"
            }
            ErrorKind::Cancelled { .. } => match &self.medium {
                None if self.phase == WriteAction::ValidatingMedia => "start again: the disc is as it was",
                _ if self.leaves(MediaState::OVERWRITE_ONLY) => "start again, and overwrite this disc",
                _ if self.leaves(MediaState::BLANK) => "start again: this disc is still blank",
                _ if self.leaves(MediaState::APPENDABLE) => {
                    "start again with a new disc, or add another session to this one"
                }
                _ => "start again with a new disc, or erase this one if it is rewritable",
            },
            ErrorKind::Verification(_) => "do not rely on this disc: write another one, at a lower speed",
            ErrorKind::Thread(_) => "free some memory, then try again",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "while {}: {}", self.phase, self.kind)?;
        for note in &self.aftermath {
            write!(f, "; {note}")?;
        }
        if let Some(medium) = &self.medium {
            write!(f, "; the disc is now {}", crate::report::medium_in_words(medium))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.kind {
            ErrorKind::Device(e) | ErrorKind::Write { error: e, .. } => Some(e),
            ErrorKind::Source { error, .. } | ErrorKind::Thread(error) => Some(error),
            _ => None,
        }
    }
}
