//! How long things take: the write buffer that drains at the speed of the disc, operations that go on after
//! their command, formatting in the background. Without a clock nothing takes any time.

use std::time::Duration;

use glassmaster_scsi::Sense;

use crate::clock::Clock;
use crate::sense;

/// Bytes of the drive's write buffer.
pub(crate) const BUFFER: u32 = 4 * 1024 * 1024;

/// An operation that keeps the drive from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Work {
    /// Writing out the buffer, closing a track or session.
    LongWrite,
    /// FORMAT UNIT in the foreground.
    Format,
    /// Loading a disc.
    Loading,
}

#[derive(Clone, Copy)]
struct Busy {
    work: Work,
    from: Duration,
    until: Duration,
}

/// The drive's notion of time.
pub(crate) struct Pace {
    clock: Option<Box<dyn Clock>>,
    /// When the last accepted byte will be on the disc.
    drained: Duration,
    busy: Option<Busy>,
    /// How far the background format has been accounted for.
    background_from: Duration,
}

impl Pace {
    pub(crate) fn new(clock: Option<Box<dyn Clock>>) -> Self {
        Self { clock, drained: Duration::ZERO, busy: None, background_from: Duration::ZERO }
    }

    fn now(&self) -> Duration {
        self.clock.as_ref().map_or(Duration::ZERO, |c| c.now())
    }

    /// Bytes of the buffer that are waiting for the disc. `speed` is in 1000 bytes a second.
    pub(crate) fn backlog(&self, speed: u32) -> u32 {
        let left = self.drained.saturating_sub(self.now());
        let bytes = left.as_micros().saturating_mul(u128::from(speed)) / 1000;
        u32::try_from(bytes).unwrap_or(u32::MAX).min(BUFFER)
    }

    /// Takes bytes into the buffer, or says that there is no room for them now.
    pub(crate) fn accept(&mut self, bytes: usize, speed: u32) -> Result<(), Sense> {
        if self.clock.is_none() {
            return Ok(());
        }
        let backlog = u64::from(self.backlog(speed));
        if backlog > 0 && backlog + bytes as u64 > u64::from(BUFFER) {
            return Err(sense::LONG_WRITE_IN_PROGRESS);
        }
        let now = self.now();
        self.drained = self.drained.max(now) + time_for(bytes as u64, speed);
        Ok(())
    }

    /// Writing the buffer out and then some more: waits for it, or lets it go on behind the host's back.
    pub(crate) fn work(&mut self, work: Work, more: Duration, immediate: bool) {
        let Some(clock) = &self.clock else { return };
        let from = clock.now();
        let until = self.drained.max(from) + more;
        if immediate {
            if until > from {
                self.busy = Some(Busy { work, from, until });
            }
        } else {
            clock.wait(until - from);
        }
    }

    /// What the drive answers while it is busy, with the share done where the standard gives it.
    pub(crate) fn busy(&mut self) -> Option<(Work, Sense)> {
        let now = self.now();
        let busy = self.busy.filter(|b| now < b.until);
        self.busy = busy;
        let b = busy?;
        let total = (b.until - b.from).as_millis().max(1);
        let done = (now - b.from).as_millis().saturating_mul(65_535) / total;
        let done = u16::try_from(done).unwrap_or(u16::MAX);
        Some(match b.work {
            Work::LongWrite => (b.work, sense::LONG_WRITE_IN_PROGRESS.with_progress(done)),
            Work::Format => (b.work, sense::FORMAT_IN_PROGRESS.with_progress(done)),
            Work::Loading => (b.work, sense::BECOMING_READY),
        })
    }

    /// Starts the account of a background format.
    pub(crate) fn start_background(&mut self) {
        self.background_from = self.now();
    }

    /// Bytes a background format has covered since it was last asked; all there are without a clock.
    pub(crate) fn background(&mut self, speed: u32) -> u64 {
        if self.clock.is_none() {
            return u64::MAX;
        }
        let now = self.now();
        let micros = (now.saturating_sub(self.background_from)).as_micros();
        self.background_from = now;
        u64::try_from(micros.saturating_mul(u128::from(speed)) / 1000).unwrap_or(u64::MAX)
    }

    /// Forgets what was under way: the power went, or the disc.
    pub(crate) fn reset(&mut self) {
        self.drained = Duration::ZERO;
        self.busy = None;
    }
}

/// Time to move `bytes` at `speed` times 1000 bytes a second.
pub(crate) fn time_for(bytes: u64, speed: u32) -> Duration {
    let micros = u128::from(bytes) * 1000 / u128::from(speed.max(1));
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
