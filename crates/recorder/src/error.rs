//! What can go wrong with a drive, who is to blame, and what a person can do next.

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use glassmaster_mmc::ResponseError;
use glassmaster_scsi::{CommandFailure, Sense, SenseKey, Status, TransportError};

use crate::HResult;
use crate::command::Origin;

/// Whose fault an error is, as far as the evidence goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Blame {
    /// The program asked for something that cannot be.
    Caller,
    /// The data to be written could not be read.
    Source,
    /// The disc: missing, of the wrong kind, full, protected or flawed.
    Medium,
    /// The drive refused, failed or contradicted itself.
    Drive,
    /// The way to the drive: cable, bus, operating system, permission.
    Transport,
    /// Nobody: a person asked to stop.
    Cancelled,
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caller => "caller",
            Self::Source => "source",
            Self::Medium => "medium",
            Self::Drive => "drive",
            Self::Transport => "transport",
            Self::Cancelled => "cancelled",
        })
    }
}

/// Why a drive could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command ended with a status other than GOOD.
    #[error("{origin}: {failure}")]
    Refused {
        /// Which command.
        origin: Origin,
        /// Status and sense data.
        failure: CommandFailure,
    },
    /// No status came back; what the drive did is unknown.
    #[error("{origin}: {source}")]
    Transport {
        /// Which command.
        origin: Origin,
        /// What happened on the way.
        #[source]
        source: TransportError,
    },
    /// The answer cannot be understood.
    #[error("{origin}: the answer of the drive makes no sense: {source}")]
    Answer {
        /// Which command.
        origin: Origin,
        /// What is missing or wrong in it.
        #[source]
        source: ResponseError,
    },
    /// The answer is well formed, but contradicts the standard or another answer.
    #[error("{origin}: the answer of the drive makes no sense: {detail}")]
    Contradiction {
        /// Which command.
        origin: Origin,
        /// What contradicts what.
        detail: String,
    },
    /// The command ended GOOD but did not move all its data.
    #[error("{origin}: the drive reports success but moved {got} of {expected} bytes")]
    ShortTransfer {
        /// Which command.
        origin: Origin,
        /// Bytes asked for.
        expected: usize,
        /// Bytes moved.
        got: usize,
    },
    /// The drive stayed busy for longer than was allowed.
    #[error("the drive was still busy {what} after {:.0} s; its last answer, to {origin}: {last}", .waited.as_secs_f64())]
    StillBusy {
        /// What was waited for: "loading the medium", "formatting".
        what: &'static str,
        /// How long.
        waited: Duration,
        /// The command that it was asked with.
        origin: Origin,
        /// Its last answer.
        last: Box<CommandFailure>,
    },
    /// A wait was ended by the one who watched it.
    #[error("cancelled while the drive was busy {what}")]
    Cancelled {
        /// What was waited for.
        what: &'static str,
    },
    /// Another owner holds exclusive access.
    #[error("{device} is held by '{owner}'")]
    Locked {
        /// Name of the drive.
        device: String,
        /// Name that the owner gave.
        owner: String,
    },
    /// Exclusive access cannot be had: another owner has it.
    #[error("{device} cannot be locked: '{owner}' holds it")]
    Held {
        /// Name of the drive.
        device: String,
        /// Name that the owner gave.
        owner: String,
    },
    /// Another write or erase of the same owner is at work.
    #[error("{device} is being written or erased")]
    Occupied {
        /// Name of the drive.
        device: String,
    },
    /// The operating system keeps the drive from us, or what is known of it.
    #[error(transparent)]
    System(#[from] TransportError),
    /// The drive lacks this mode page, or has no such values of it.
    #[error("the drive has no mode page {code:02X}h")]
    NoModePage {
        /// Its code.
        code: u8,
    },
    /// The owner's name is empty, longer than 63 bytes or holds a character that is not allowed.
    #[error("'{name}' cannot be the name of an owner: {problem}")]
    ClientName {
        /// The name.
        name: String,
        /// Which rule it breaks.
        problem: &'static str,
    },
    /// The drive cannot do this at all, or not with this medium.
    #[error("the drive has no {feature}{}", if *.elsewhere { " with this medium" } else { "" })]
    NoFeature {
        /// Name of the feature.
        feature: &'static str,
        /// The drive has it with other media.
        elsewhere: bool,
    },
    /// The state of the medium does not have what was asked for.
    #[error("{0}")]
    MediaState(String),
    /// An argument is out of range.
    #[error("{0}")]
    Argument(String),
}

impl Error {
    /// Sense data of the drive, where it sent any.
    #[must_use]
    pub fn sense(&self) -> Option<&Sense> {
        match self {
            Self::Refused { failure, .. } => failure.sense.as_ref(),
            Self::StillBusy { last, .. } => last.sense.as_ref(),
            _ => None,
        }
    }

    /// The command, where one is to be named.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Refused { origin, .. }
            | Self::StillBusy { origin, .. }
            | Self::Transport { origin, .. }
            | Self::Answer { origin, .. }
            | Self::Contradiction { origin, .. }
            | Self::ShortTransfer { origin, .. } => Some(origin),
            _ => None,
        }
    }

    /// Whether the drive said exactly this.
    #[must_use]
    pub fn is_sense(&self, key: u8, asc: u8, ascq: u8) -> bool {
        matches!(self, Self::Refused { failure: CommandFailure { sense: Some(s), .. }, .. } if s.is(key, asc, ascq))
    }

    /// Whether the drive does not know the command, a page, a feature or a field of the request: 5/20/00, 5/24/00,
    /// 5/26/xx, 5/39/00.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        match self {
            Self::Refused { failure: CommandFailure { sense: Some(s), .. }, .. } => {
                s.key == SenseKey::ILLEGAL_REQUEST && matches!(s.code.asc(), 0x20 | 0x24 | 0x26 | 0x39)
            }
            Self::NoModePage { .. } => true,
            _ => false,
        }
    }

    /// Whether a read failed for the sake of the blocks it asked for, so that others may still be readable: medium and
    /// hardware errors, blank checks, addresses and modes that do not fit, answers that are too short. Everything else -
    /// no medium, another medium, a busy or lost drive - would meet every block.
    #[must_use]
    pub fn is_about_blocks(&self) -> bool {
        match self {
            Self::Refused { failure: CommandFailure { sense: Some(s), .. }, .. } if !s.deferred => {
                match s.key {
                    SenseKey::MEDIUM_ERROR | SenseKey::HARDWARE_ERROR | SenseKey::BLANK_CHECK => true,
                    SenseKey::ILLEGAL_REQUEST => matches!(s.code.asc(), 0x21 | 0x63 | 0x64),
                    _ => false,
                }
            }
            Self::ShortTransfer { .. } => true,
            _ => false,
        }
    }

    /// Whether no medium is in the drive: 2/3A/xx.
    #[must_use]
    pub fn is_no_medium(&self) -> bool {
        matches!(self, Self::Refused { failure: CommandFailure { sense: Some(s), .. }, .. }
            if s.key == SenseKey::NOT_READY && s.code.asc() == 0x3A)
    }

    /// Whose fault it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Refused { failure, .. } => match failure.sense {
                Some(sense) => blame_of(&sense),
                None => Blame::Drive,
            },
            Self::Transport { .. } | Self::System(_) => Blame::Transport,
            Self::Answer { .. }
            | Self::Contradiction { .. }
            | Self::ShortTransfer { .. }
            | Self::StillBusy { .. }
            | Self::NoModePage { .. } => Blame::Drive,
            Self::Cancelled { .. } => Blame::Cancelled,
            Self::Locked { .. }
            | Self::Held { .. }
            | Self::Occupied { .. }
            | Self::ClientName { .. }
            | Self::Argument(_) => Blame::Caller,
            Self::NoFeature { elsewhere, .. } => {
                if *elsewhere {
                    Blame::Medium
                } else {
                    Blame::Drive
                }
            }
            Self::MediaState(_) => Blame::Medium,
        }
    }

    /// IMAPI's result code.
    #[must_use]
    pub fn hresult(&self) -> HResult {
        match self {
            Self::Refused { origin, failure } => refusal_code(origin.opcode, failure),
            Self::Transport { source, .. } | Self::System(source) => match source {
                TransportError::Timeout { .. } => HResult::COMMAND_TIMEOUT,
                TransportError::DeviceGone { .. } => HResult::DEVICE_GONE,
                TransportError::Denied { .. } | TransportError::InUse { .. } => HResult::ACCESS_DENIED,
                TransportError::TooLong { .. } => HResult::INVALID_ARGUMENT,
                TransportError::Unsupported { .. } => HResult::INVALID_HANDLE,
                _ => HResult::FAIL,
            },
            Self::Answer { .. } | Self::Contradiction { .. } | Self::ShortTransfer { .. } => {
                HResult::INVALID_RESPONSE_FROM_DEVICE
            }
            Self::StillBusy { last, .. } => match last.sense {
                Some(s) if s.key == SenseKey::NOT_READY => match (s.code.asc(), s.code.ascq()) {
                    (0x04, 0x01) => HResult::MEDIA_BECOMING_READY,
                    (0x04, 0x04) => HResult::MEDIA_FORMAT_IN_PROGRESS,
                    (0x04, 0x07 | 0x08) => HResult::MEDIA_BUSY,
                    _ => HResult::COMMAND_TIMEOUT,
                },
                _ => HResult::COMMAND_TIMEOUT,
            },
            Self::Cancelled { .. } => HResult::REQUEST_CANCELLED,
            Self::Locked { .. } | Self::Occupied { .. } => HResult::LOCKED,
            Self::Held { .. } => HResult::ACCESS_DENIED,
            Self::NoModePage { .. } => HResult::NO_SUCH_MODE_PAGE,
            Self::ClientName { .. } => HResult::CLIENT_NAME_IS_NOT_VALID,
            Self::NoFeature { elsewhere: true, .. } => HResult::FEATURE_IS_NOT_CURRENT,
            Self::NoFeature { elsewhere: false, .. } => HResult::NO_SUCH_FEATURE,
            Self::MediaState(_) => HResult::DATA_INVALID_MEDIA_STATE,
            Self::Argument(_) => HResult::INVALID_ARGUMENT,
        }
    }

    /// What a person can do next, a sentence without a full stop.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Refused { failure, .. } => match failure.sense {
                Some(sense) => step_after(&sense),
                None => "try again; if it stays so, switch the drive off and on",
            },
            Self::Transport { source, .. } | Self::System(source) => step_on_the_way(source),
            Self::Answer { .. } | Self::Contradiction { .. } | Self::ShortTransfer { .. } => {
                "try another drive, or look for newer firmware for this one"
            }
            Self::StillBusy { .. } => "wait until the drive is quiet and try again, or switch it off and on",
            Self::Cancelled { .. } => "start again when you like",
            Self::Locked { .. } | Self::Held { .. } => "wait for the other program to finish",
            Self::Occupied { .. } => "wait until the drive is done",
            Self::NoModePage { .. } => "use a drive that has it",
            Self::ClientName { .. } => {
                "use 1 to 63 letters, digits, spaces and . , : ; - _ for the owner's name"
            }
            Self::NoFeature { elsewhere: true, .. } => "insert another kind of disc",
            Self::NoFeature { elsewhere: false, .. } => "use a drive that can do this",
            Self::MediaState(_) => "insert a blank or appendable disc",
            Self::Argument(_) => "correct the argument",
        }
    }
}

/// What to do where the way to the drive failed. Drives that are sockets and files have no cable.
fn step_on_the_way(error: &TransportError) -> &'static str {
    match error {
        TransportError::Denied { .. } => "get permission to use the drive, then try again",
        TransportError::InUse { .. } => "close the other program, then try again",
        TransportError::Timeout { device, .. } | TransportError::DeviceGone { device, .. } => {
            if device.starts_with("socket:") {
                "look whether a recorder serves this socket, start it anew, then try again"
            } else if device.starts_with("virtual:") {
                "give the name of a virtual disc that is there, or make one"
            } else {
                "check the cable and power of the drive, switch it off and on, then try again"
            }
        }
        TransportError::Unsupported { .. } => "use another drive",
        TransportError::Io { source, .. } => match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => "check the name, and that its folder is there",
            ErrorKind::PermissionDenied => "get permission for the file and its folder, then try again",
            ErrorKind::AlreadyExists => "give another name, or remove what has this one",
            ErrorKind::IsADirectory => "give the name of a file",
            ErrorKind::InvalidFilename => "give a shorter name",
            ErrorKind::TimedOut => "look whether the recorder still works, start it anew, then try again",
            _ => "check the connection of the drive, then try again",
        },
        _ => "check the connection of the drive, then try again",
    }
}

/// Key and code to blame, MMC-6 annex F.
fn blame_of(sense: &Sense) -> Blame {
    match (sense.key, sense.code.asc()) {
        (SenseKey::NOT_READY, 0x3A | 0x30 | 0x31 | 0x06) => Blame::Medium,
        (SenseKey::MEDIUM_ERROR | SenseKey::DATA_PROTECT | SenseKey::BLANK_CHECK, _) => Blame::Medium,
        (SenseKey::UNIT_ATTENTION, 0x28) => Blame::Medium,
        (SenseKey::ILLEGAL_REQUEST, 0x30 | 0x27 | 0x63) => Blame::Medium,
        _ => Blame::Drive,
    }
}

fn step_after(sense: &Sense) -> &'static str {
    match (sense.key, sense.code.asc(), sense.code.ascq()) {
        (SenseKey::NOT_READY, 0x3A, _) => "insert a disc",
        (SenseKey::NOT_READY, 0x06, _) => "take the disc out and look whether it is upside down",
        (_, 0x30, _) => "insert a disc that this drive can write",
        (_, 0x31, _) => "format the disc, or use another one",
        (SenseKey::DATA_PROTECT, ..) => "remove the write protection, or use another disc",
        (SenseKey::NOT_READY, 0x04, _) => "wait until the drive is quiet and try again",
        (SenseKey::UNIT_ATTENTION, 0x28, _) => "leave the disc in the drive and try again",
        (_, 0x0C, 0x09) => "write at a lower speed, or leave buffer-underrun protection on",
        (_, 0x73, 0x02..=0x03 | 0x10..=0x11) => {
            "use another disc: this one has no room left to calibrate the laser"
        }
        (SenseKey::MEDIUM_ERROR | SenseKey::BLANK_CHECK, ..) => {
            "clean the disc or use another one; a lower speed may help"
        }
        (SenseKey::HARDWARE_ERROR, ..) => {
            "switch the drive off and on; if it stays so, the drive needs service"
        }
        (_, 0x53, 0x02) => "unlock the tray, then try again",
        _ => "try again, or try another drive",
    }
}

/// The table of device errors and result codes.
fn refusal_code(opcode: u8, failure: &CommandFailure) -> HResult {
    use glassmaster_mmc::opcode as op;
    let Some(sense) = failure.sense else {
        return match failure.status {
            Status::BUSY | Status::TASK_SET_FULL => HResult::MEDIA_BUSY,
            Status::RESERVATION_CONFLICT => HResult::LOCKED,
            _ => HResult::UNEXPECTED_RESPONSE_FROM_DEVICE,
        };
    };
    match (sense.key.0, sense.code.asc(), sense.code.ascq()) {
        (2, 0x3A, _) => HResult::NO_MEDIA,
        (2, 0x04, 0x01) | (6, 0x28, 0x00) => HResult::MEDIA_BECOMING_READY,
        (2, 0x04, 0x04) => HResult::MEDIA_FORMAT_IN_PROGRESS,
        (2, 0x04, 0x07 | 0x08) => HResult::MEDIA_BUSY,
        (2, 0x06, 0x00) => HResult::MEDIA_UPSIDE_DOWN,
        (_, 0x30, 0x10) | (2 | 3, 0x31, 0x00) => HResult::MEDIA_NOT_FORMATTED,
        (_, 0x30, _) => HResult::MEDIA_INCOMPATIBLE,
        (7, 0x27, _) => HResult::MEDIA_WRITE_PROTECTED,
        (5, 0x26, _) if opcode == op::MODE_SELECT_10 => HResult::INVALID_MODE_PARAMETERS,
        (5, 0x24, 0x00) if opcode == op::MODE_SENSE_10 => HResult::NO_SUCH_MODE_PAGE,
        (5, 0x39, 0x00) => HResult::NO_SUCH_MODE_PAGE,
        (5, 0x24, 0x00) if opcode == op::READ_DISC_STRUCTURE => HResult::DVD_STRUCTURE_NOT_PRESENT,
        (5, 0x20, 0x00) if opcode == op::GET_CONFIGURATION => HResult::GET_CONFIGURATION_NOT_SUPPORTED,
        (_, 0x0C, 0x09) => HResult::LOSS_OF_STREAMING,
        _ => HResult::UNEXPECTED_RESPONSE_FROM_DEVICE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(opcode: u8, key: u8, asc: u8, ascq: u8) -> Error {
        let failure =
            CommandFailure { status: Status::CHECK_CONDITION, sense: Some(Sense::of(key, asc, ascq)) };
        Error::Refused { origin: Origin { command: "X", opcode, lba: None }, failure }
    }

    /// The rows of the table in the contract, with numbers written out so that a wrong constant shows.
    #[test]
    fn result_codes_of_sense_data() {
        for (opcode, key, asc, ascq, code) in [
            (0x00, 2, 0x3A, 0x02, 0xC0AA_0202u32),
            (0x00, 2, 0x04, 0x01, 0xC0AA_0205),
            (0x00, 6, 0x28, 0x00, 0xC0AA_0205),
            (0x00, 2, 0x04, 0x04, 0xC0AA_0206),
            (0x2A, 2, 0x04, 0x08, 0xC0AA_0207),
            (0x2A, 2, 0x04, 0x07, 0xC0AA_0207),
            (0x00, 2, 0x06, 0x00, 0xC0AA_0204),
            (0x2A, 5, 0x30, 0x05, 0xC0AA_0203),
            (0x2A, 2, 0x30, 0x00, 0xC0AA_0203),
            (0x28, 3, 0x31, 0x00, 0xC0AA_0212),
            (0x2A, 7, 0x27, 0x00, 0xC0AA_0209),
            (0x55, 5, 0x26, 0x00, 0xC0AA_0208),
            (0x2A, 5, 0x26, 0x00, 0xC0AA_0301),
            (0x5A, 5, 0x24, 0x00, 0xC0AA_0201),
            (0x5A, 5, 0x39, 0x00, 0xC0AA_0201),
            (0xAD, 5, 0x24, 0x00, 0xC0AA_020E),
            (0x46, 5, 0x20, 0x00, 0xC0AA_020C),
            (0x2A, 3, 0x0C, 0x09, 0xC0AA_0300),
            (0x2A, 3, 0x0C, 0x00, 0xC0AA_0301),
            (0x2A, 5, 0x21, 0x02, 0xC0AA_0301),
        ] {
            assert_eq!(
                refused(opcode, key, asc, ascq).hresult(),
                HResult(code),
                "{key}/{asc:02X}/{ascq:02X}"
            );
        }
    }

    #[test]
    fn blame_follows_the_sense_key() {
        assert_eq!(refused(0, 2, 0x3A, 0).blame(), Blame::Medium);
        assert_eq!(refused(0, 2, 0x04, 1).blame(), Blame::Drive);
        assert_eq!(refused(0, 3, 0x11, 0).blame(), Blame::Medium);
        assert_eq!(refused(0, 4, 0x44, 0).blame(), Blame::Drive);
        assert_eq!(refused(0, 7, 0x27, 0).blame(), Blame::Medium);
        assert!(refused(0, 2, 0x3A, 0).is_no_medium());
        assert!(refused(0x5A, 5, 0x24, 0).is_unsupported());
        assert!(refused(0x28, 3, 0x11, 5).is_about_blocks());
        assert!(!refused(0x28, 2, 0x04, 1).is_about_blocks());
        assert!(!refused(0x28, 6, 0x28, 0).is_about_blocks());
    }
}
