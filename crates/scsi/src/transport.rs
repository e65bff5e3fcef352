//! Executing one command (SAM-5 5): what goes in, what comes back, and what can go wrong in between.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::{Cdb, Claim, Sense, SystemFacts};

/// Data that goes with a command, seen from the host.
#[derive(Debug)]
pub enum DataPhase<'a> {
    /// The command moves no data.
    None,
    /// The drive sends up to this many bytes.
    In(&'a mut [u8]),
    /// The host sends these bytes.
    Out(&'a [u8]),
}

/// Which way the data of a command goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Direction {
    /// No data.
    None,
    /// From the drive to the host.
    In,
    /// From the host to the drive.
    Out,
}

impl DataPhase<'_> {
    /// Bytes of the buffer; 0 without one.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::In(buf) => buf.len(),
            Self::Out(data) => data.len(),
        }
    }

    /// Whether no byte can move.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The direction, kept even where the buffer is empty.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self {
            Self::None => Direction::None,
            Self::In(_) => Direction::In,
            Self::Out(_) => Direction::Out,
        }
    }

    /// The same phase for a shorter time, so that a layer can look at the data after passing it on.
    pub fn reborrow(&mut self) -> DataPhase<'_> {
        match self {
            Self::None => DataPhase::None,
            Self::In(buf) => DataPhase::In(buf),
            Self::Out(data) => DataPhase::Out(data),
        }
    }

    /// For a device: copies as much of `answer` as the host asked for and returns how much that was. 0 when the
    /// host expects no data.
    pub fn fill(&mut self, answer: &[u8]) -> usize {
        match self {
            Self::In(buf) => {
                let n = buf.len().min(answer.len());
                buf[..n].copy_from_slice(&answer[..n]);
                n
            }
            _ => 0,
        }
    }

    /// For a device: the bytes the host sent, empty when it sent none.
    #[must_use]
    pub fn sent(&self) -> &[u8] {
        match self {
            Self::Out(data) => data,
            _ => &[],
        }
    }
}

/// Status byte of SAM-5 5.3.1. Open: a code without a name is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Status(pub u8);

impl Status {
    /// The command completed.
    pub const GOOD: Self = Self(0x00);
    /// Sense data says what happened.
    pub const CHECK_CONDITION: Self = Self(0x02);
    /// Pre-fetch with a hit; no drive of this kind sends it.
    pub const CONDITION_MET: Self = Self(0x04);
    /// The logical unit cannot take the command now.
    pub const BUSY: Self = Self(0x08);
    /// Another initiator holds a reservation.
    pub const RESERVATION_CONFLICT: Self = Self(0x18);
    /// The queue of the logical unit is full.
    pub const TASK_SET_FULL: Self = Self(0x28);
    /// Aborted by another initiator.
    pub const TASK_ABORTED: Self = Self(0x40);
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::GOOD => "GOOD",
            Self::CHECK_CONDITION => "CHECK CONDITION",
            Self::CONDITION_MET => "CONDITION MET",
            Self::BUSY => "BUSY",
            Self::RESERVATION_CONFLICT => "RESERVATION CONFLICT",
            Self::TASK_SET_FULL => "TASK SET FULL",
            Self::TASK_ABORTED => "TASK ABORTED",
            Self(code) => return write!(f, "status {code:02X}h"),
        };
        f.write_str(name)
    }
}

/// What the drive answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Status byte.
    pub status: Status,
    /// Sense data, where the transport delivered any that can be read; normal with CHECK CONDITION.
    pub sense: Option<Sense>,
    /// Bytes that moved: for data-in the valid bytes of the buffer, never more than it holds.
    pub transferred: usize,
}

impl Outcome {
    /// GOOD with so many bytes moved.
    #[must_use]
    pub const fn good(transferred: usize) -> Self {
        Self { status: Status::GOOD, sense: None, transferred }
    }

    /// CHECK CONDITION with sense data; no byte moved.
    #[must_use]
    pub const fn check(sense: Sense) -> Self {
        Self { status: Status::CHECK_CONDITION, sense: Some(sense), transferred: 0 }
    }

    /// A status without data or sense.
    #[must_use]
    pub const fn status(status: Status) -> Self {
        Self { status, sense: None, transferred: 0 }
    }

    /// Bytes moved by a command that ended GOOD.
    ///
    /// A recovered error (key 1) also counts as done: the data is good and the drive only reports its trouble
    /// (SPC-4 4.5.6).
    ///
    /// # Errors
    /// [`CommandFailure`] for every other status and sense.
    pub fn into_result(self) -> Result<usize, CommandFailure> {
        match (self.status, self.sense) {
            (Status::GOOD | Status::CONDITION_MET, _) => Ok(self.transferred),
            (Status::CHECK_CONDITION, Some(s))
                if s.key == crate::SenseKey::RECOVERED_ERROR && !s.deferred =>
            {
                Ok(self.transferred)
            }
            (status, sense) => Err(CommandFailure { status, sense }),
        }
    }
}

/// The drive refused or failed a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommandFailure {
    /// Status byte, not GOOD.
    pub status: Status,
    /// Why, where the drive said so.
    pub sense: Option<Sense>,
}

impl fmt::Display for CommandFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sense {
            Some(sense) => sense.fmt(f),
            None if self.status == Status::CHECK_CONDITION => f.write_str(
                "the drive reported an error without saying which (CHECK CONDITION without sense data)",
            ),
            None => write!(f, "the drive answered {}", self.status),
        }
    }
}

impl std::error::Error for CommandFailure {}

/// The command did not reach the drive, or its answer did not come back. Says nothing about the medium.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Unplugged, its node removed, the socket closed, the emulator ended.
    #[error("{device} is not there: {detail}")]
    DeviceGone {
        /// [`Transport::name`] of the drive.
        device: String,
        /// What was seen.
        detail: String,
    },
    /// No answer within the time given. What the drive did is unknown.
    #[error("{device} did not answer {opcode:02X}h within {} ms", limit.as_millis())]
    Timeout {
        /// [`Transport::name`] of the drive.
        device: String,
        /// Operation code of the command.
        opcode: u8,
        /// Time that was given.
        limit: Duration,
    },
    /// The operating system does not let this user send commands.
    #[error("no permission to use {device}: {advice}")]
    Denied {
        /// Path of the drive.
        device: String,
        /// What to do about it.
        advice: String,
    },
    /// Another process holds the drive.
    #[error("{device} is in use{by}")]
    InUse {
        /// Path of the drive.
        device: String,
        /// " by NAME (process PID)" where that could be found out, else empty.
        by: String,
    },
    /// More data than the transport can move in one command.
    #[error("{device} moves at most {limit} bytes in one command, not {asked}")]
    TooLong {
        /// [`Transport::name`] of the drive.
        device: String,
        /// Bytes of the command.
        asked: usize,
        /// [`Transport::max_transfer`].
        limit: usize,
    },
    /// The other side broke the rules of the transport.
    #[error("{device} broke the transport protocol: {detail}")]
    Protocol {
        /// [`Transport::name`] of the drive.
        device: String,
        /// Which rule.
        detail: String,
    },
    /// The host adapter or its driver failed the command.
    #[error(
        "the host adapter of {device} failed the command: host status {host:02X}h, driver status {driver:02X}h"
    )]
    HostAdapter {
        /// [`Transport::name`] of the drive.
        device: String,
        /// `DID_*` code of the host adapter.
        host: u16,
        /// `DRIVER_*` code of the driver.
        driver: u16,
    },
    /// This system or file cannot carry SCSI commands.
    #[error("{device} cannot take SCSI commands: {detail}")]
    Unsupported {
        /// Path of the drive.
        device: String,
        /// Why.
        detail: String,
    },
    /// Any other error of the operating system.
    #[error("{device}: {source}")]
    Io {
        /// [`Transport::name`] of the drive.
        device: String,
        /// The system's own error.
        source: io::Error,
    },
}

/// Something that executes SCSI commands, one at a time.
pub trait Transport: Send {
    /// Sends one command, moves its data, and waits for the status, at most for `timeout`.
    ///
    /// After a data-in command only the first [`Outcome::transferred`] bytes of the buffer are valid; the rest is
    /// unspecified.
    ///
    /// # Errors
    /// [`TransportError`] when no status came back. A status that is not GOOD is an `Ok` outcome.
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError>;

    /// Most bytes that one command can move, at least 2048.
    fn max_transfer(&self) -> usize;

    /// What people call this drive: a path, or `virtual:FILE`.
    fn name(&self) -> &str;

    /// What the operating system knows of the drive now. The default is that of a drive which is none of its devices.
    fn system(&self) -> SystemFacts {
        SystemFacts::none(self.name(), self.max_transfer())
    }

    /// Keeps the other programs of this machine from claiming or mounting the drive until the claim is dropped. `None`
    /// where there is nothing to claim: the drive is no device of the system, or was opened exclusively anyway.
    ///
    /// # Errors
    /// [`TransportError::InUse`] when a file system of the drive is mounted or another program has claimed it.
    fn claim(&self) -> Result<Option<Claim>, TransportError> {
        Ok(None)
    }
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        (**self).execute(cdb, data, timeout)
    }

    fn max_transfer(&self) -> usize {
        (**self).max_transfer()
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn system(&self) -> SystemFacts {
        (**self).system()
    }

    fn claim(&self) -> Result<Option<Claim>, TransportError> {
        (**self).claim()
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        (**self).execute(cdb, data, timeout)
    }

    fn max_transfer(&self) -> usize {
        (**self).max_transfer()
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn system(&self) -> SystemFacts {
        (**self).system()
    }

    fn claim(&self) -> Result<Option<Claim>, TransportError> {
        (**self).claim()
    }
}
