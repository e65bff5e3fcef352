//! The data pump: takes sectors from the ring, forms WRITE commands, and gives a busy drive time.

use std::time::Duration;

use glassmaster_disc::{Lba, SECTOR};
use glassmaster_mmc::cmd::Write10;
use glassmaster_recorder::{Backoff, Error as DriveError};
use glassmaster_scsi::{CommandFailure, SenseKey, Status};

use crate::error::{Error, ErrorKind};
use crate::event::Fill;
use crate::format::resume::safe_point;
use crate::job::Job;
use crate::ring::{Next, Ring};
use crate::verify::Samples;

/// Where the sectors go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// Block of the first sector of the source.
    pub(crate) start: Lba,
    /// Zero sectors before it: the pre-gap that session-at-once wants from the host.
    pub(crate) lead: u32,
    /// Sectors of the source.
    pub(crate) sectors: u64,
    /// Zero sectors after it: post-gap, and the rest of the last ECC block.
    pub(crate) tail: u32,
    /// Sectors the medium writes together: 1 on CD, 16 on DVD, 32 on BD.
    pub(crate) unit: u32,
}

/// Most sectors of one WRITE: 64 KiB, which every bus and drive takes.
const COMMAND_BLOCKS: usize = 32;
/// Longest sleep while a drive says "later": short against its buffer, which holds a second of data or more.
const LONGEST_PAUSE: Duration = Duration::from_millis(40);
/// How often a wait for the source looks at cancel and events.
const SOURCE_PATIENCE: Duration = Duration::from_millis(100);

/// How long the source has delivered nothing. One that is only slow is waited for.
#[derive(Default)]
struct Silence {
    heard: u64,
    waited: Duration,
}

impl Silence {
    /// A wait of [`SOURCE_PATIENCE`] has passed.
    fn went_on(&mut self, job: &Job<'_>, ring: &Ring) -> Result<(), Error> {
        let (_, read) = ring.level();
        if read > self.heard {
            *self = Self { heard: read, waited: Duration::ZERO };
            return Ok(());
        }
        self.waited += SOURCE_PATIENCE;
        if self.waited < job.options.source_limit {
            return Ok(());
        }
        Err(job.fail(ErrorKind::SourceStalled { waited: self.waited }))
    }
}

/// Writes one contiguous section.
pub(crate) struct SectionWriter<'j, 'a> {
    job: &'j mut Job<'a>,
    target: Target,
    /// Block of the next sector that the drive gets.
    next: i64,
    /// Bytes of one command.
    command_bytes: usize,
    /// Sectors that do not fill a command yet.
    pending: Vec<u8>,
}

impl<'j, 'a> SectionWriter<'j, 'a> {
    pub(crate) fn new(job: &'j mut Job<'a>, target: Target) -> Self {
        let most = (job.recorder.max_transfer() / SECTOR).clamp(1, COMMAND_BLOCKS);
        let unit = usize::try_from(target.unit).unwrap_or(1).max(1);
        // Whole ECC blocks in every command where the transport moves as much: no drive then has to read before it
        // writes.
        let blocks = if most >= unit { most - most % unit } else { most };
        let next = i64::from(target.start.0) - i64::from(target.lead);
        Self { job, target, next, command_bytes: blocks * SECTOR, pending: Vec::new() }
    }

    /// Writes lead, source and tail.
    pub(crate) fn run(&mut self, ring: &mut Ring, samples: &mut Samples) -> Result<(), Error> {
        self.zeros(self.target.lead)?;
        // The pre-gap must not share a command with data, so that the first data block begins a command.
        self.flush()?;
        self.prefill(ring)?;
        self.stream(ring, samples)?;
        self.zeros(self.target.tail)?;
        self.flush()
    }

    /// Lets the ring fill before the laser goes on.
    fn prefill(&mut self, ring: &Ring) -> Result<(), Error> {
        let mut silence = Silence::default();
        while !ring.prefill(SOURCE_PATIENCE) {
            self.note_ring(ring);
            self.job.tick();
            self.job.check_stopped()?;
            silence.went_on(self.job, ring)?;
        }
        Ok(())
    }

    fn stream(&mut self, ring: &mut Ring, samples: &mut Samples) -> Result<(), Error> {
        let mut taken = 0u64;
        let mut silence = Silence::default();
        while taken < self.target.sectors {
            self.job.check_stopped()?;
            self.note_ring(ring);
            let piece = match ring.next(SOURCE_PATIENCE) {
                Ok(Next::Piece(piece)) => piece,
                Ok(Next::Pending) => {
                    self.job.tick();
                    silence.went_on(self.job, ring)?;
                    continue;
                }
                Ok(Next::End) => {
                    let error = std::io::Error::other("the source ended early");
                    return Err(self.job.fail(ErrorKind::Source { sector: taken, error }));
                }
                Err(e) => {
                    return Err(self.job.fail(ErrorKind::Source { sector: e.sector, error: e.error }));
                }
            };
            silence = Silence::default();
            samples.note_sent(taken, &piece);
            taken = taken.saturating_add(u64::try_from(piece.len() / SECTOR).unwrap_or(0));
            let stalls = self.job.stalls;
            self.push(&piece)?;
            if self.job.stalls > stalls {
                ring.note_drive_full();
            }
            ring.recycle(piece);
            safe_point(self.job)?;
        }
        // The reader says how its stream ended only after its last piece was taken.
        match ring.next(self.job.options.source_limit) {
            Ok(Next::End) => Ok(()),
            Ok(_) => {
                let error = std::io::Error::other("the source delivered more than it announced");
                Err(self.job.fail(ErrorKind::Source { sector: taken, error }))
            }
            Err(e) => Err(self.job.fail(ErrorKind::Source { sector: e.sector, error: e.error })),
        }
    }

    fn note_ring(&mut self, ring: &Ring) {
        let (used, read) = ring.level();
        let event = &mut self.job.meter.event;
        event.system_buffer = Fill { total: event.system_buffer.total, used };
        event.last_read_lba = read
            .checked_sub(1)
            .and_then(|last| i32::try_from(last).ok())
            .and_then(|last| self.target.start.0.checked_add(last))
            .map(Lba);
    }

    fn zeros(&mut self, sectors: u32) -> Result<(), Error> {
        let zero = [0; SECTOR];
        for _ in 0..sectors {
            self.push(&zero)?;
        }
        Ok(())
    }

    /// Writes whole commands and keeps the rest.
    fn push(&mut self, mut data: &[u8]) -> Result<(), Error> {
        if !self.pending.is_empty() {
            let missing = self.command_bytes - self.pending.len();
            let (now, later) = data.split_at(missing.min(data.len()));
            self.pending.extend_from_slice(now);
            data = later;
            if self.pending.len() == self.command_bytes {
                self.flush()?;
            }
        }
        while data.len() >= self.command_bytes {
            let (now, later) = data.split_at(self.command_bytes);
            self.put(now)?;
            data = later;
        }
        self.pending.extend_from_slice(data);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let data = std::mem::take(&mut self.pending);
        let result = self.put(&data);
        self.pending = data;
        self.pending.clear();
        result
    }

    /// One WRITE, repeated while the drive says "later".
    fn put(&mut self, data: &[u8]) -> Result<(), Error> {
        let blocks = data.len() / SECTOR;
        let (Ok(lba), Ok(count)) = (i32::try_from(self.next), u16::try_from(blocks)) else {
            let text = format!("block {} lies beyond what WRITE (10) can address", self.next);
            return Err(self.job.fail(ErrorKind::Argument(text)));
        };
        let command = Write10::new(Lba(lba), count);
        let limit = self.job.options.stall_limit;
        let patience = *self.job.recorder.patience();
        let mut backoff = Backoff::new(self.job.recorder.clock(), LONGEST_PAUSE);
        let (mut attentions, mut aborts) = (0, 0);
        loop {
            self.job.check_stopped()?;
            // What a question between two writes was told concerns this one, too.
            let sent = self.job.is_as_it_was();
            let sent = sent.and_then(|()| self.job.recorder.send_blocks(&command, self.next, data, limit));
            let error = match sent {
                Ok(()) => break,
                Err(error) => error,
            };
            let DriveError::Refused { failure, .. } = &error else { return Err(self.broken(error)) };
            match judge(failure) {
                Verdict::Later => {
                    if backoff.waited() >= limit {
                        let (lba, waited) = (self.next, backoff.waited());
                        let last = Some(*failure);
                        return Err(self.job.fail(ErrorKind::Stalled { lba, waited, last }));
                    }
                    self.job.stalls += 1;
                }
                Verdict::Harmless if attentions < patience.attentions => attentions += 1,
                Verdict::Aborted if aborts < patience.aborted => aborts += 1,
                _ => return Err(self.broken(error)),
            }
            self.job.tick();
            backoff.sleep();
        }
        self.next = self.next.saturating_add(i64::from(count));
        self.note_written();
        self.job.tick();
        Ok(())
    }

    fn note_written(&mut self) {
        let done = self.next.saturating_sub(i64::from(self.target.start.0));
        let done = u64::try_from(done).unwrap_or(0).min(self.target.sectors).saturating_add(self.job.before);
        self.job.written = done;
        let event = &mut self.job.meter.event;
        event.done = done;
        event.last_written_lba = self.next.checked_sub(1).and_then(|l| i32::try_from(l).ok()).map(Lba);
    }

    fn broken(&self, error: DriveError) -> Error {
        let (written, sectors) = (self.job.written, self.job.meter.event.sector_count);
        self.job.fail(ErrorKind::Write { lba: self.next, written, sectors, error })
    }
}

/// What a refused WRITE means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// The buffer is full: offer the same block again.
    Later,
    /// News that does not concern the disc; the command was not carried out.
    Harmless,
    /// The drive dropped the command.
    Aborted,
    /// The write is over.
    Fatal,
}

pub(crate) fn judge(failure: &CommandFailure) -> Verdict {
    if matches!(failure.status, Status::BUSY | Status::TASK_SET_FULL) {
        return Verdict::Later;
    }
    let Some(sense) = failure.sense else { return Verdict::Fatal };
    if sense.deferred {
        // An earlier write failed after the drive had promised it (SPC-4 4.5.5); only a recovered one is no loss.
        return if sense.key == SenseKey::RECOVERED_ERROR { Verdict::Harmless } else { Verdict::Fatal };
    }
    match (sense.key, sense.code.asc(), sense.code.ascq()) {
        // 2/04/08 long write in progress; 2/04/07 from drives that use it for the same.
        (SenseKey::NOT_READY, 0x04, 0x07 | 0x08) => Verdict::Later,
        (SenseKey::ABORTED_COMMAND, ..) => Verdict::Aborted,
        // Another disc (28), a reset (29) or other parameters (2A, 3F): what was set up for this write is gone.
        (SenseKey::UNIT_ATTENTION, 0x28 | 0x29 | 0x2A | 0x3F, _) => Verdict::Fatal,
        (SenseKey::UNIT_ATTENTION, ..) => Verdict::Harmless,
        _ => Verdict::Fatal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassmaster_scsi::Sense;

    fn check(sense: Sense) -> CommandFailure {
        CommandFailure { status: Status::CHECK_CONDITION, sense: Some(sense) }
    }

    #[test]
    fn only_a_full_buffer_is_worth_waiting_for() {
        assert_eq!(judge(&check(Sense::of(2, 0x04, 0x08))), Verdict::Later);
        assert_eq!(judge(&check(Sense::of(2, 0x04, 0x07))), Verdict::Later);
        assert_eq!(judge(&CommandFailure { status: Status::BUSY, sense: None }), Verdict::Later);
        assert_eq!(judge(&check(Sense::of(2, 0x3A, 0x00))), Verdict::Fatal);
        assert_eq!(judge(&check(Sense::of(2, 0x04, 0x01))), Verdict::Fatal);
        assert_eq!(judge(&check(Sense::of(3, 0x0C, 0x00))), Verdict::Fatal);
        assert_eq!(judge(&check(Sense::of(6, 0x28, 0x00))), Verdict::Fatal);
        assert_eq!(judge(&check(Sense::of(6, 0x5A, 0x01))), Verdict::Harmless);
        assert_eq!(judge(&CommandFailure { status: Status::CHECK_CONDITION, sense: None }), Verdict::Fatal);
    }

    #[test]
    fn a_deferred_error_ends_the_write_even_when_its_code_looks_harmless() {
        let mut sense = Sense::of(2, 0x04, 0x08);
        sense.deferred = true;
        assert_eq!(judge(&check(sense)), Verdict::Fatal);
    }
}
