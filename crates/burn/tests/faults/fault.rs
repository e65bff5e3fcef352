//! What is done to a command, and the layer that does it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use glassmaster_scsi::{
    AdditionalSense, Cdb, DataPhase, Outcome, Sense, SenseKey, Status, Transport, TransportError,
};
use glassmaster_vdrive::VirtualDrive;

/// One way to spoil a command.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Fault {
    /// CHECK CONDITION with key, code and qualifier, and the words of SPC-4 table 56 for them.
    Check(u8, u8, u8, &'static str),
    /// The same, as a deferred error (SPC-4 4.5.5): it belongs to an earlier command.
    Deferred(u8, u8, u8, &'static str),
    /// CHECK CONDITION, and no sense data came with it.
    NoSense,
    /// Another status, and its name in SAM-5 5.3.1.
    Status(u8, &'static str),
    /// The way to the drive is cut.
    Gone,
    /// No answer in time; the drive never saw the command.
    Timeout,
    /// No answer in time; the drive carried the command out.
    Late,
    /// The answer is good and has so many bytes.
    Short(Length),
    /// The answer is good and holds something else.
    Garbage(Filling),
    /// Once: the disc is taken out and put back before the command. Lasting: it stays out.
    Removed,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Length {
    None,
    One,
    Half,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Filling {
    Noise,
    Ones,
    Zeros,
}

use Fault::{Check, Deferred, Garbage, Gone, Late, NoSense, Removed, Short, Timeout};

/// Sense data that a recorder may send, by MMC-6 annex F and SPC-4 annex F, at least one for each key; and everything
/// that may happen to a command besides.
pub(crate) const FAULTS: [Fault; 76] = [
    Check(0x0, 0x00, 0x00, "no additional sense information"),
    Check(0x1, 0x17, 0x01, "recovered data with retries"),
    Check(0x1, 0x18, 0x00, "recovered data with error correction applied"),
    Check(0x2, 0x04, 0x00, "logical unit not ready, cause not reportable"),
    Check(0x2, 0x04, 0x01, "logical unit is in process of becoming ready"),
    Check(0x2, 0x04, 0x02, "initializing command required"),
    Check(0x2, 0x04, 0x03, "manual intervention required"),
    Check(0x2, 0x04, 0x04, "format in progress"),
    Check(0x2, 0x04, 0x07, "operation in progress"),
    Check(0x2, 0x04, 0x08, "long write in progress"),
    Check(0x2, 0x06, 0x00, "no reference position found"),
    Check(0x2, 0x30, 0x05, "cannot write medium"),
    Check(0x2, 0x3A, 0x00, "medium not present"),
    Check(0x2, 0x3A, 0x01, "medium not present, tray closed"),
    Check(0x2, 0x3A, 0x02, "medium not present, tray open"),
    Check(0x2, 0x3E, 0x00, "logical unit has not self-configured yet"),
    Check(0x3, 0x02, 0x00, "no seek complete"),
    Check(0x3, 0x0C, 0x00, "write error"),
    Check(0x3, 0x0C, 0x09, "loss of streaming"),
    Check(0x3, 0x11, 0x05, "L-EC uncorrectable error"),
    Check(0x3, 0x11, 0x06, "CIRC unrecovered error"),
    Check(0x3, 0x31, 0x00, "medium format corrupted"),
    Check(0x3, 0x51, 0x00, "erase failure"),
    Check(0x3, 0x57, 0x00, "unable to recover table-of-contents"),
    Check(0x3, 0x72, 0x00, "session fixation error"),
    Check(0x3, 0x72, 0x02, "session fixation error writing lead-out"),
    Check(0x3, 0x73, 0x03, "power calibration area error"),
    Check(0x4, 0x08, 0x00, "logical unit communication failure"),
    Check(0x4, 0x09, 0x00, "track following error"),
    Check(0x4, 0x09, 0x02, "focus servo failure"),
    Check(0x4, 0x15, 0x01, "mechanical positioning error"),
    Check(0x4, 0x3E, 0x02, "timeout on logical unit"),
    Check(0x4, 0x44, 0x00, "internal target failure"),
    Check(0x5, 0x20, 0x00, "invalid command operation code"),
    Check(0x5, 0x21, 0x00, "logical block address out of range"),
    Check(0x5, 0x21, 0x02, "invalid address for write"),
    Check(0x5, 0x24, 0x00, "invalid field in CDB"),
    Check(0x5, 0x26, 0x00, "invalid field in parameter list"),
    Check(0x5, 0x2C, 0x00, "command sequence error"),
    Check(0x5, 0x30, 0x00, "incompatible medium installed"),
    Check(0x5, 0x30, 0x05, "cannot write medium"),
    Check(0x5, 0x63, 0x00, "end of user area encountered on this track"),
    Check(0x5, 0x64, 0x00, "illegal mode for this track"),
    Check(0x5, 0x6F, 0x03, "read of scrambled sector without authentication"),
    Check(0x5, 0x72, 0x03, "incomplete track in session"),
    Check(0x6, 0x28, 0x00, "medium may have changed"),
    Check(0x6, 0x29, 0x00, "power on, reset, or bus device reset occurred"),
    Check(0x6, 0x2A, 0x01, "mode parameters changed"),
    Check(0x6, 0x3F, 0x01, "microcode has been changed"),
    Check(0x6, 0x5A, 0x01, "operator medium removal request"),
    Check(0x7, 0x27, 0x00, "write protected"),
    Check(0x8, 0x00, 0x00, "blank check"),
    Check(0x9, 0x80, 0x00, "vendor specific"),
    Check(0xA, 0x00, 0x00, "copy aborted"),
    Check(0xB, 0x08, 0x00, "logical unit communication failure"),
    Check(0xB, 0x4E, 0x00, "overlapped commands attempted"),
    Check(0xC, 0x00, 0x00, "sense key Ch"),
    Check(0xD, 0x00, 0x00, "volume overflow"),
    Check(0xE, 0x1D, 0x00, "miscompare during verify operation"),
    Deferred(0x1, 0x17, 0x01, "recovered data with retries"),
    Deferred(0x3, 0x0C, 0x00, "write error"),
    Deferred(0x4, 0x09, 0x00, "track following error"),
    NoSense,
    Fault::Status(0x08, "BUSY"),
    Fault::Status(0x18, "RESERVATION CONFLICT"),
    Fault::Status(0x28, "TASK SET FULL"),
    Gone,
    Timeout,
    Late,
    Short(Length::None),
    Short(Length::One),
    Short(Length::Half),
    Garbage(Filling::Noise),
    Garbage(Filling::Ones),
    Garbage(Filling::Zeros),
    Removed,
];

impl Fault {
    /// Heading of its column, at most 10 characters.
    pub(crate) fn heading(self) -> String {
        match self {
            Check(key, asc, ascq, _) => format!("{key:X}/{asc:02X}/{ascq:02X}"),
            Deferred(key, asc, ascq, _) => format!("d{key:X}/{asc:02X}/{ascq:02X}"),
            NoSense => "no sense".to_owned(),
            Self::Status(code, _) => format!("status {code:02X}"),
            Gone => "gone".to_owned(),
            Timeout => "timeout".to_owned(),
            Late => "late".to_owned(),
            Short(Length::None) => "0 bytes".to_owned(),
            Short(Length::One) => "1 byte".to_owned(),
            Short(Length::Half) => "half".to_owned(),
            Garbage(Filling::Noise) => "noise".to_owned(),
            Garbage(Filling::Ones) => "all FFh".to_owned(),
            Garbage(Filling::Zeros) => "all 00h".to_owned(),
            Removed => "removed".to_owned(),
        }
    }

    /// Whether it makes sense for a command that asks for this many bytes.
    pub(crate) fn applies(self, wanted: usize) -> bool {
        match self {
            Short(_) | Garbage(_) => wanted > 0,
            _ => true,
        }
    }

    /// Words that an error made of it has to hold; none where it only changes what is seen.
    pub(crate) fn words(self) -> Option<&'static str> {
        match self {
            Check(.., words) | Deferred(.., words) | Self::Status(_, words) => Some(words),
            NoSense => Some("CHECK CONDITION without sense data"),
            Gone => Some("is not there"),
            Timeout | Late => Some("did not answer"),
            Short(_) | Garbage(_) | Removed => None,
        }
    }

    /// What the sense data are called, such as `3/0C/00`.
    pub(crate) fn digits(self) -> Option<String> {
        match self {
            Check(key, asc, ascq, _) | Deferred(key, asc, ascq, _) => {
                Some(format!("{key:X}/{asc:02X}/{ascq:02X}"))
            }
            _ => None,
        }
    }
}

/// One command of a burn as it went by.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) cdb: Vec<u8>,
    /// Bytes that were asked for.
    pub(crate) wanted: usize,
}

/// What the layer has seen.
#[derive(Default, Debug)]
pub(crate) struct Tape {
    pub(crate) commands: usize,
    /// Only where they are wanted.
    pub(crate) steps: Vec<Step>,
    /// The command that was spoiled last.
    pub(crate) struck: Option<Vec<u8>>,
    pub(crate) locked: bool,
}

/// More commands than any burn here needs, fruitless waits included.
pub(crate) const MOST_COMMANDS: usize = 60_000;

/// A drive that is spoiled at one command, or from it on at all of the same kind.
pub(crate) struct Spoiler {
    pub(crate) drive: VirtualDrive,
    pub(crate) fault: Option<Fault>,
    /// Place of the command in the conversation, from 0.
    pub(crate) at: usize,
    pub(crate) lasting: bool,
    pub(crate) opcode: Option<u8>,
    pub(crate) record: bool,
    pub(crate) tape: Arc<Mutex<Tape>>,
}

impl Spoiler {
    fn run(&mut self, cdb: &Cdb, data: DataPhase<'_>, timeout: Duration) -> Result<Outcome, TransportError> {
        let outcome = self.drive.execute(cdb, data, timeout)?;
        if cdb.opcode() == 0x1E && outcome.status == Status::GOOD {
            self.tape.lock().unwrap().locked = cdb.byte(4) & 1 != 0;
        }
        Ok(outcome)
    }

    /// As with a needle through the hole in the front.
    fn take_out(&mut self, stays_out: bool) {
        let unlock = Cdb::six([0x1E, 0, 0, 0, 0, 0]);
        let mut attention = true;
        while attention {
            let outcome = self.drive.execute(&unlock, DataPhase::None, Duration::from_secs(1)).unwrap();
            attention = outcome.status != Status::GOOD;
        }
        self.tape.lock().unwrap().locked = false;
        let disc = self.drive.take_out().unwrap();
        if let (Some(disc), false) = (disc, stays_out) {
            self.drive.insert(disc).map_err(|(e, _)| e).unwrap();
        }
    }
}

impl Transport for Spoiler {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let wanted = if let DataPhase::In(buffer) = &data { buffer.len() } else { 0 };
        let place = {
            let mut tape = self.tape.lock().unwrap();
            tape.commands += 1;
            if self.record {
                tape.steps.push(Step { cdb: cdb.as_bytes().to_vec(), wanted });
            }
            tape.commands - 1
        };
        let gone = |name: &str| TransportError::DeviceGone {
            device: name.to_owned(),
            detail: "unplugged".to_owned(),
        };
        if place >= MOST_COMMANDS {
            return Err(gone(self.name()));
        }
        if place == self.at {
            self.opcode = Some(cdb.opcode());
        }
        let again = self.lasting && place > self.at && self.opcode == Some(cdb.opcode());
        let fault = match self.fault {
            Some(Removed) if place == self.at => {
                self.take_out(self.lasting);
                self.tape.lock().unwrap().struck = Some(cdb.as_bytes().to_vec());
                None
            }
            Some(Removed) => None,
            fault => fault.filter(|_| place == self.at || again),
        };
        let Some(fault) = fault else { return self.run(cdb, data, timeout) };
        self.tape.lock().unwrap().struck = Some(cdb.as_bytes().to_vec());
        let timed_out = |name: &str| {
            Err(TransportError::Timeout { device: name.to_owned(), opcode: cdb.opcode(), limit: timeout })
        };
        match fault {
            // Recovered: the command was carried out (SPC-4 table 55).
            Check(0x1, asc, ascq, _) => {
                let outcome = self.run(cdb, data, timeout)?;
                if outcome.status != Status::GOOD {
                    return Ok(outcome);
                }
                Ok(Outcome { transferred: outcome.transferred, ..Outcome::check(Sense::of(0x1, asc, ascq)) })
            }
            Check(key, asc, ascq, _) => Ok(Outcome::check(Sense::of(key, asc, ascq))),
            Deferred(key, asc, ascq, _) => {
                let mut sense = Sense::new(SenseKey(key), AdditionalSense::new(asc, ascq));
                sense.deferred = true;
                Ok(Outcome::check(sense))
            }
            NoSense => Ok(Outcome::status(Status::CHECK_CONDITION)),
            Fault::Status(code, _) => Ok(Outcome::status(Status(code))),
            Gone => Err(gone(self.name())),
            Timeout => timed_out(self.name()),
            Late => {
                self.run(cdb, data, timeout)?;
                timed_out(self.name())
            }
            Short(length) => {
                let mut outcome = self.run(cdb, data, timeout)?;
                outcome.transferred = match length {
                    Length::None => 0,
                    Length::One => outcome.transferred.min(1),
                    Length::Half => outcome.transferred / 2,
                };
                Ok(outcome)
            }
            Garbage(filling) => {
                let outcome = self.run(cdb, data.reborrow(), timeout)?;
                if let DataPhase::In(buffer) = data {
                    match filling {
                        Filling::Ones => buffer.fill(0xFF),
                        Filling::Zeros => buffer.fill(0),
                        Filling::Noise => {
                            let mut state = 0x9E37_79B9_7F4A_7C15_u64;
                            for byte in buffer {
                                state ^= state << 13;
                                state ^= state >> 7;
                                state ^= state << 17;
                                *byte = state.to_le_bytes()[3];
                            }
                        }
                    }
                }
                Ok(outcome)
            }
            Removed => self.run(cdb, data, timeout),
        }
    }

    fn max_transfer(&self) -> usize {
        self.drive.max_transfer()
    }

    fn name(&self) -> &str {
        self.drive.name()
    }
}
