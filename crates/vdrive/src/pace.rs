//! How long things take: the write buffer that drains at the speed of the disc, operations that go on after
//! their command, formatting in the background. Without a clock nothing takes any time.

use std::sync::Arc;
use std::time::Duration;

use glassmaster_disc::clock::Clock;
use glassmaster_scsi::Sense;

use crate::sense;

/// Bytes of the drive's write buffer.
pub(crate) const BUFFER: u32 = 4 * 1024 * 1024;
/// Recording starts when so much has come, or when the host says that there is no more.
const START_LEVEL: u64 = BUFFER as u64 / 2;
/// Moving the pick-up to a place that is not the next one.
const SEEK: Duration = Duration::from_millis(120);

/// An operation that keeps the drive from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Work {
    /// Writing out the buffer, closing a track or session.
    LongWrite,
    /// FORMAT UNIT in the foreground.
    Format,
    /// BLANK.
    Blank,
    /// Loading a disc.
    Loading,
}

#[derive(Clone, Copy)]
struct Busy {
    work: Work,
    from: Duration,
    until: Duration,
}

/// What happens to the bytes in the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Recording {
    /// The laser is off and so much has come: bytes, and the time they will take.
    Filling(u64, Duration),
    /// The last byte will be on the disc at this time.
    Until(Duration),
}

/// The buffer ran empty while the laser was on, and the drive has no way to go on behind the gap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LostStreaming;

/// The drive's notion of time.
pub(crate) struct Pace {
    clock: Option<Arc<dyn Clock>>,
    recording: Recording,
    busy: Option<Busy>,
    /// How far the background format has been accounted for.
    background_from: Duration,
    /// Where the pick-up stands: one past the block it last touched.
    position: Option<i64>,
    underruns: u32,
    /// Speed at the place of the last write, in 1000 bytes a second.
    speed: u32,
}

impl Pace {
    pub(crate) fn new(clock: Option<Arc<dyn Clock>>) -> Self {
        Self {
            clock,
            recording: Recording::Filling(0, Duration::ZERO),
            busy: None,
            background_from: Duration::ZERO,
            position: None,
            underruns: 0,
            speed: 0,
        }
    }

    fn now(&self) -> Duration {
        self.clock.as_ref().map_or(Duration::ZERO, |c| c.now())
    }

    /// Times the buffer ran empty in the middle of a recording.
    pub(crate) const fn underruns(&self) -> u32 {
        self.underruns
    }

    /// Bytes of the buffer that are waiting for the disc.
    pub(crate) fn buffered(&self) -> u32 {
        self.backlog(self.speed)
    }

    /// The same where `speed` is what the disc takes, in 1000 bytes a second.
    fn backlog(&self, speed: u32) -> u32 {
        let bytes = match self.recording {
            Recording::Filling(bytes, _) => u128::from(bytes),
            Recording::Until(end) => {
                end.saturating_sub(self.now()).as_micros().saturating_mul(u128::from(speed)) / 1000
            }
        };
        u32::try_from(bytes).unwrap_or(u32::MAX).min(BUFFER)
    }

    /// Whether the buffer has run empty since recording began.
    fn starved(&self) -> bool {
        matches!(self.recording, Recording::Until(end) if end < self.now())
    }

    /// Looks after a buffer that ran empty: counted, and with `underrun_free` the recording is taken up again when
    /// there is enough.
    pub(crate) fn notice_underrun(&mut self, underrun_free: bool) -> Result<(), LostStreaming> {
        if self.clock.is_none() || !self.starved() {
            return Ok(());
        }
        self.underruns = self.underruns.saturating_add(1);
        self.recording = Recording::Filling(0, Duration::ZERO);
        if underrun_free { Ok(()) } else { Err(LostStreaming) }
    }

    /// Takes bytes into the buffer, or says that there is no room for them now.
    pub(crate) fn accept(&mut self, bytes: usize, speed: u32) -> Result<(), Sense> {
        if self.clock.is_none() {
            return Ok(());
        }
        self.speed = speed;
        let bytes = bytes as u64;
        let backlog = u64::from(self.backlog(speed));
        // The speed changes with the radius: what was counted as time comes back as a few bytes more or less.
        if backlog > 0 && backlog + bytes > u64::from(BUFFER + BUFFER / 128) {
            return Err(sense::LONG_WRITE_IN_PROGRESS);
        }
        let now = self.now();
        let time = time_for(bytes, speed);
        self.recording = match self.recording {
            Recording::Filling(have, left) if have + bytes < START_LEVEL => {
                Recording::Filling(have + bytes, left + time)
            }
            Recording::Filling(_, left) => Recording::Until(now + left + time),
            Recording::Until(end) => Recording::Until(end.max(now) + time),
        };
        Ok(())
    }

    /// When everything in the buffer will be on the disc, with the laser off afterwards.
    fn drain(&mut self) -> Duration {
        let now = self.now();
        let end = match self.recording {
            Recording::Filling(_, left) => now + left,
            Recording::Until(end) => end.max(now),
        };
        self.recording = Recording::Filling(0, Duration::ZERO);
        end
    }

    /// Writing the buffer out and then some more: waits for it, or lets it go on behind the host's back.
    pub(crate) fn work(&mut self, work: Work, more: Duration, immediate: bool) {
        if self.clock.is_none() {
            return;
        }
        let until = self.drain() + more;
        let Some(clock) = &self.clock else { return };
        let from = clock.now();
        if immediate {
            if until > from {
                self.busy = Some(Busy { work, from, until });
            }
        } else {
            clock.sleep(until.saturating_sub(from));
        }
    }

    /// Reads blocks: the host waits until they have passed under the pick-up.
    pub(crate) fn read(&mut self, lba: i32, blocks: u32, bytes: u64, speed: u32) {
        if self.clock.is_none() {
            return;
        }
        let first = i64::from(lba);
        let seek = if self.position == Some(first) { Duration::ZERO } else { SEEK };
        self.position = Some(first + i64::from(blocks));
        let until = self.drain() + seek + time_for(bytes, speed);
        if let Some(clock) = &self.clock {
            clock.sleep(until.saturating_sub(clock.now()));
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
            Work::Blank => (b.work, sense::OPERATION_IN_PROGRESS.with_progress(done)),
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
        self.recording = Recording::Filling(0, Duration::ZERO);
        self.position = None;
        self.busy = None;
    }
}

/// Time to move `bytes` at `speed` times 1000 bytes a second.
pub(crate) fn time_for(bytes: u64, speed: u32) -> Duration {
    let micros = u128::from(bytes) * 1000 / u128::from(speed.max(1));
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
