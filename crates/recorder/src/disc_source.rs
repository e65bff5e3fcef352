//! The disc in a drive as sectors by number.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use glassmaster_disc::{BlockSource, Lba, SECTOR};
use glassmaster_mmc::Command;
use glassmaster_mmc::cmd::Read10;
use glassmaster_scsi::{CommandFailure, DataPhase, SenseKey};

use crate::command::{Backoff, Device, Origin, Repeat, is_garbled};
use crate::{DiscRecorder, Error};

/// Sectors of the medium, read with READ (10) in the largest pieces the transport moves.
///
/// An error carries the [`Error`] inside (`error.get_ref()`), which names the address and the sense data. A medium that
/// is exchanged meanwhile is an error, not other data.
#[derive(Clone, Debug)]
pub struct DiscSource {
    device: Arc<Device>,
    blocks: u64,
    /// Shared by clones.
    repeats: Arc<AtomicU64>,
}

/// Most sectors in one READ: 64 KiB, what every transport and drive takes.
const READ_BLOCKS: usize = 32;

impl DiscRecorder {
    /// The readable part of the medium: as READ CAPACITY says or, where that has no answer, up to the end of the last
    /// track; empty on a blank disc.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium.
    pub fn disc_source(&self) -> Result<DiscSource, Error> {
        let blocks = self.readable_blocks()?;
        Ok(self.disc_source_of(blocks))
    }

    /// The first `blocks` sectors of the medium, whether the drive announces them or not. Call
    /// [`DiscRecorder::wait_ready`] before: a drive that has yet to report this very medium as new (6/28/00) makes the
    /// first read fail.
    #[must_use]
    pub fn disc_source_of(&self, blocks: u64) -> DiscSource {
        DiscSource { device: Arc::clone(self.device()), blocks, repeats: Arc::default() }
    }
}

impl DiscSource {
    /// Reads from `lba` on, as [`BlockSource::read_blocks`] does, with the drive's own error.
    ///
    /// # Errors
    /// What the drive says, after bounded retries; [`Error::Argument`] for a range outside the source.
    pub fn read(&self, lba: u64, buf: &mut [u8]) -> Result<(), Error> {
        self.check_range(lba, buf.len()).map_err(|e| Error::Argument(e.to_string()))?;
        let blocks = (self.device.max_transfer() / SECTOR).clamp(1, READ_BLOCKS);
        let mut at = lba;
        for piece in buf.chunks_mut(blocks * SECTOR) {
            self.read_piece(at, piece)?;
            at = at.saturating_add(u64::try_from(piece.len() / SECTOR).unwrap_or(0));
        }
        Ok(())
    }

    /// Times this source or a clone of it asked for blocks again because the drive could not read them at once.
    #[must_use]
    pub fn repeats(&self) -> u64 {
        self.repeats.load(Ordering::Relaxed)
    }

    fn read_piece(&self, lba: u64, buf: &mut [u8]) -> Result<(), Error> {
        let address = i32::try_from(lba)
            .map_err(|_| Error::Argument(format!("block {lba} lies beyond what READ (10) can address")))?;
        let blocks = u16::try_from(buf.len() / SECTOR)
            .map_err(|_| Error::Argument(format!("{} bytes are too many for one READ (10)", buf.len())))?;
        let command = Read10::new(Lba(address), blocks);
        let origin = Origin { command: Read10::NAME, opcode: Read10::OPCODE, lba: Some(i64::from(address)) };
        let patience = *self.device.patience();
        let mut backoff = Backoff::new(self.device.clock(), patience.poll);
        let mut repeats = 0;
        loop {
            let attempt = self.device.wait_while_busy(
                "reading",
                patience.ready,
                &mut |_| ControlFlow::Continue(()),
                &mut || {
                    let data = DataPhase::In(buf);
                    let result =
                        self.device.run(origin, &command.cdb(), data, patience.command, Repeat::Never);
                    // The wait would take a unit attention for a leftover and go on with another disc.
                    match result {
                        Err(Error::Refused { failure, .. }) if is_change(&failure) => Ok(Err(failure)),
                        other => other.map(Ok),
                    }
                },
            );
            let error = match attempt {
                Ok(Ok(moved)) if moved == buf.len() => return Ok(()),
                Ok(Ok(got)) => Error::ShortTransfer { origin, expected: buf.len(), got },
                Ok(Err(failure)) => return Err(Error::Refused { origin, failure }),
                Err(error) => error,
            };
            let worth_repeating = match &error {
                Error::Refused { failure, .. } => {
                    is_garbled(failure)
                        || failure.sense.is_some_and(|s| {
                            matches!(s.key, SenseKey::MEDIUM_ERROR | SenseKey::HARDWARE_ERROR)
                        })
                }
                Error::ShortTransfer { .. } => true,
                _ => false,
            };
            if !worth_repeating || repeats >= patience.reads {
                return Err(error);
            }
            repeats += 1;
            self.repeats.fetch_add(1, Ordering::Relaxed);
            backoff.sleep();
        }
    }
}

/// Unit attention "the medium may have changed" (6/28/00).
fn is_change(failure: &CommandFailure) -> bool {
    failure.sense.is_some_and(|s| s.key == SenseKey::UNIT_ATTENTION && s.code.asc() == 0x28)
}

impl BlockSource for DiscSource {
    fn block_count(&self) -> u64 {
        self.blocks
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.check_range(lba, buf.len())?;
        self.read(lba, buf).map_err(io::Error::other)
    }
}
