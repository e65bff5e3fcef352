//! Command blocks that the caller makes: checked, sent once, answered with everything the drive said.

use std::time::Duration;

use glassmaster_mmc::opcode;
use glassmaster_scsi::{Cdb, CommandFailure, DataPhase, Status};

use crate::command::Origin;
use crate::{DiscRecorder, Error, HResult};

/// Time for a command where the caller names none, in seconds.
#[doc(alias = "IMAPI2_DEFAULT_COMMAND_TIMEOUT")]
pub const DEFAULT_COMMAND_TIMEOUT: u32 = 10;

/// Most bytes of data that one command may announce.
#[doc(alias = "ULONG_IMAPI2_NONZERO")]
pub const MOST_DATA: usize = 0x7FFF_FFFF;

/// Operation codes whose block may have any length: early drives used them for commands of their own.
const ANY_LENGTH: [u8; 22] = [
    0x02, 0x05, 0x06, 0x09, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x13, 0x14, 0x19, 0x20, 0x21, 0x22, 0x23, 0x24,
    0x26, 0x27, 0x29, 0x2C, 0x2D,
];

/// What became of a command that reached the drive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RawAnswer {
    /// [`HResult::OK`], or [`HResult::COMMAND_HAS_SENSE_DATA`], which is a success code for a command that the drive
    /// refused or failed.
    pub result: HResult,
    /// Sense data in fixed format (SPC-4 4.5.3); zeros with [`HResult::OK`].
    pub sense: [u8; 18],
    /// Bytes that moved. Those of an answer beyond them are not valid.
    #[doc(alias = "BufferFetched")]
    #[doc(alias = "ULONG_IMAPI2_NOT_NEGATIVE")]
    pub transferred: usize,
}

/// Takes a command block of 6 to 16 bytes whose length fits the group of its operation code.
fn checked(cdb: &[u8]) -> Result<Cdb, Error> {
    let block = Cdb::new(cdb).map_err(|e| Error::Argument(e.to_string()))?;
    let code = block.opcode();
    if ANY_LENGTH.contains(&code) {
        return Ok(block);
    }
    match Cdb::length_of(code) {
        Some(length) if length != cdb.len() => Err(Error::Argument(format!(
            "a command block with operation code {code:02X}h has {length} bytes, not {}",
            cdb.len()
        ))),
        _ => Ok(block),
    }
}

fn check_length(length: usize) -> Result<(), Error> {
    match length {
        0 => Err(Error::Argument("a command with data needs at least one byte of it".to_owned())),
        1..=MOST_DATA => Ok(()),
        _ => Err(Error::Argument(format!("{length} bytes are too many for one command"))),
    }
}

impl DiscRecorder {
    /// Sends a command block that moves no data.
    ///
    /// The block has 6 to 16 bytes and the length of its group (SPC-4 4.2.5.1): 00-1Fh 6, 20-5Fh 10, 80-9Fh 16, A0-BFh 12;
    /// any length for 60-7Fh and C0-FFh and for the operation codes that early drives used in other ways.
    ///
    /// # Errors
    /// [`Error::Argument`] for another block; [`Error::Transport`] when no status came back; [`Error::Refused`] for a
    /// status without sense data, such as BUSY; [`Error::Locked`] while another owner holds the drive.
    #[doc(alias = "SendCommandNoData")]
    pub fn send_command_no_data(&self, cdb: &[u8], timeout: Duration) -> Result<RawAnswer, Error> {
        self.raw(cdb, DataPhase::None, timeout)
    }

    /// Sends a command block with data for the drive, 1 to [`MOST_DATA`] bytes and no more than
    /// [`DiscRecorder::transfer_limits`] allow. See [`DiscRecorder::send_command_no_data`].
    ///
    /// # Errors
    /// As [`DiscRecorder::send_command_no_data`]; [`Error::Argument`] also for data of another length.
    #[doc(alias = "SendCommandSendDataToDevice")]
    pub fn send_command_send_data(
        &self,
        cdb: &[u8],
        data: &[u8],
        timeout: Duration,
    ) -> Result<RawAnswer, Error> {
        check_length(data.len())?;
        self.raw(cdb, DataPhase::Out(data), timeout)
    }

    /// Sends a command block and takes the answer, up to the length of `buf`: 1 to [`MOST_DATA`] bytes and no more than
    /// [`DiscRecorder::transfer_limits`] allow. See [`DiscRecorder::send_command_no_data`].
    ///
    /// # Errors
    /// As [`DiscRecorder::send_command_send_data`].
    #[doc(alias = "SendCommandGetDataFromDevice")]
    pub fn send_command_get_data(
        &self,
        cdb: &[u8],
        buf: &mut [u8],
        timeout: Duration,
    ) -> Result<RawAnswer, Error> {
        check_length(buf.len())?;
        self.raw(cdb, DataPhase::In(buf), timeout)
    }

    fn raw(&self, cdb: &[u8], data: DataPhase<'_>, timeout: Duration) -> Result<RawAnswer, Error> {
        let block = checked(cdb)?;
        let code = block.opcode();
        let origin = Origin { command: opcode::name(code).unwrap_or("raw command"), opcode: code, lba: None };
        if data.len() > self.max_transfer() {
            let (asked, limit) = (data.len(), self.max_transfer());
            return Err(Error::Argument(format!("the drive moves at most {limit} bytes, not {asked}")));
        }
        let room = data.len();
        let outcome = self.device().execute(origin, &block, data, timeout)?;
        let transferred = outcome.transferred.min(room);
        match (outcome.status, outcome.sense) {
            (Status::GOOD | Status::CONDITION_MET, None) => {
                Ok(RawAnswer { result: HResult::OK, sense: [0; 18], transferred })
            }
            (_, Some(sense)) => Ok(RawAnswer {
                result: HResult::COMMAND_HAS_SENSE_DATA,
                sense: sense.to_fixed(),
                transferred,
            }),
            (status, None) => Err(Error::Refused { origin, failure: CommandFailure { status, sense: None } }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of groups and the exempted operation codes, as the contract lists them.
    #[test]
    fn blocks_have_the_length_of_their_group() {
        for code in 0..=0xFFu8 {
            let only = match code {
                0x02
                | 0x05
                | 0x06
                | 0x09
                | 0x0C..=0x10
                | 0x13
                | 0x14
                | 0x19
                | 0x20..=0x24
                | 0x26
                | 0x27
                | 0x29
                | 0x2C
                | 0x2D => None,
                0x00..=0x1F => Some(6),
                0x20..=0x5F => Some(10),
                0x80..=0x9F => Some(16),
                0xA0..=0xBF => Some(12),
                _ => None,
            };
            for length in 0..20 {
                let mut block = vec![0; length];
                if let Some(first) = block.first_mut() {
                    *first = code;
                }
                let right = (6..=16).contains(&length) && only.is_none_or(|n| n == length);
                assert_eq!(checked(&block).is_ok(), right, "{code:02X}h, {length} bytes");
            }
        }
    }
}
