//! What a write tells while it runs.
//!
//! Order of actions: validating, formatting (only where the medium needs it), initialising, calibrating, writing,
//! finalising, verifying (only where asked for), completed. An event comes at each change of action, every half second
//! while an action goes on, and once at the end of a successful write. A write that fails sends no `COMPLETED`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use glassmaster_disc::clock::Clock;
use glassmaster_disc::{Lba, MediaType};

/// Phase of a data write, with IMAPI's numbers.
#[doc(alias = "IMAPI_FORMAT2_DATA_WRITE_ACTION")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum WriteAction {
    /// Checking that drive, medium and data fit each other. Nothing has been written.
    #[doc(alias = "IMAPI_FORMAT2_DATA_WRITE_ACTION_VALIDATING_MEDIA")]
    ValidatingMedia = 0,
    /// Formatting a medium that was never formatted.
    #[doc(alias = "IMAPI_FORMAT2_DATA_WRITE_ACTION_FORMATTING_MEDIA")]
    FormattingMedia = 1,
    /// Write parameters, cue sheet and speed.
    #[doc(alias = "IMAPI_FORMAT2_DATA_WRITE_ACTION_INITIALIZING_HARDWARE")]
    InitializingHardware = 2,
    /// Calibrating the laser.
    #[doc(alias = "IMAPI_FORMAT2_DATA_WRITE_ACTION_CALIBRATING_POWER")]
    CalibratingPower = 3,
    /// User data.
    #[doc(alias = "IMAPI_FORMAT2_DATA_WRITE_ACTION_WRITING_DATA")]
    WritingData = 4,
    /// Flushing the drive's cache, closing track and session.
    #[doc(alias = "IMAPI_FORMAT2_DATA_WRITE_ACTION_FINALIZATION")]
    Finalization = 5,
    /// Everything that was asked for is done.
    #[doc(alias = "IMAPI_FORMAT2_DATA_WRITE_ACTION_COMPLETED")]
    Completed = 6,
    /// Reading back.
    #[doc(alias = "IMAPI_FORMAT2_DATA_WRITE_ACTION_VERIFYING")]
    Verifying = 7,
}

impl WriteAction {
    /// IMAPI's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::ValidatingMedia => 0,
            Self::FormattingMedia => 1,
            Self::InitializingHardware => 2,
            Self::CalibratingPower => 3,
            Self::WritingData => 4,
            Self::Finalization => 5,
            Self::Completed => 6,
            Self::Verifying => 7,
        }
    }
}

impl fmt::Display for WriteAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ValidatingMedia => "checking the medium",
            Self::FormattingMedia => "formatting the medium",
            Self::InitializingHardware => "preparing the drive",
            Self::CalibratingPower => "calibrating the laser",
            Self::WritingData => "writing",
            Self::Finalization => "finishing the disc",
            Self::Completed => "done",
            Self::Verifying => "verifying",
        })
    }
}

/// How full a buffer is, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fill {
    /// Size.
    pub total: u64,
    /// Part of it that holds data waiting to go on.
    pub used: u64,
}

impl Fill {
    /// The rest.
    #[doc(alias = "IWriteEngine2EventArgs.FreeSystemBuffer")]
    #[must_use]
    pub const fn free(&self) -> u64 {
        self.total.saturating_sub(self.used)
    }
}

/// State of a write at one moment.
#[doc(alias = "IDiscFormat2DataEventArgs")]
#[doc(alias = "IWriteEngine2EventArgs")]
#[doc(alias = "DDiscFormat2DataEvents")]
#[doc(alias = "DDiscFormat2DataEvents.Update")]
#[doc(alias = "DWriteEngine2Events")]
#[doc(alias = "DWriteEngine2Events.Update")]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Event {
    /// Phase.
    #[doc(alias = "CurrentAction")]
    pub action: WriteAction,
    /// Time since the write was asked for.
    #[doc(alias = "ElapsedTime")]
    pub elapsed: Duration,
    /// Estimate of the time that this phase still takes, from the time it has taken so far and, on a disc that turns evenly,
    /// from the place; `None` while nothing is known.
    #[doc(alias = "RemainingTime")]
    pub remaining: Option<Duration>,
    /// First block that is written.
    #[doc(alias = "StartLba")]
    pub start_lba: Lba,
    /// Sectors of the source, without padding and post-gap.
    #[doc(alias = "SectorCount")]
    pub sector_count: u64,
    /// Block that the last sector read from the source goes to; `None` before the first. While verifying: the last
    /// block compared.
    #[doc(alias = "LastReadLba")]
    pub last_read_lba: Option<Lba>,
    /// Last block the drive took; `None` before the first.
    #[doc(alias = "LastWrittenLba")]
    pub last_written_lba: Option<Lba>,
    /// The ring between source and drive.
    #[doc(alias = "TotalSystemBuffer")]
    #[doc(alias = "UsedSystemBuffer")]
    pub system_buffer: Fill,
    /// The buffer of the drive, where it tells.
    pub drive_buffer: Option<Fill>,
    /// Work done in this phase, of [`Event::of`]; sectors while writing and verifying, 65536ths while formatting.
    pub done: u64,
    /// All the work of this phase, 0 when unknown.
    pub of: u64,
    /// Sectors per second over this phase so far, 0 before there is a figure.
    pub rate: f64,
}

impl Event {
    /// Estimate of the time from the start to the end of this phase; `None` while nothing is known.
    #[doc(alias = "TotalTime")]
    #[must_use]
    pub fn total(&self) -> Option<Duration> {
        self.remaining.map(|left| self.elapsed.saturating_add(left))
    }
}

/// Time between two events of one action.
pub(crate) const CADENCE: Duration = Duration::from_millis(500);

/// Keeps the figures and knows when the next event is due.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) event: Event,
    clock: Arc<dyn Clock>,
    begun: Duration,
    phase_begun: Duration,
    last_sent: Option<Duration>,
    /// How fast the data goes to the disc by its place.
    course: Course,
}

impl Meter {
    pub(crate) fn new(clock: &Arc<dyn Clock>, sector_count: u64, ring_bytes: u64) -> Self {
        let now = clock.now();
        let event = Event {
            action: WriteAction::ValidatingMedia,
            elapsed: Duration::ZERO,
            remaining: None,
            start_lba: Lba(0),
            sector_count,
            last_read_lba: None,
            last_written_lba: None,
            system_buffer: Fill { total: ring_bytes, used: 0 },
            drive_buffer: None,
            done: 0,
            of: 0,
            rate: 0.0,
        };
        let clock = Arc::clone(clock);
        Self { event, clock, begun: now, phase_begun: now, last_sent: None, course: Course::Even }
    }

    /// The data will be written while the disc turns evenly.
    pub(crate) fn set_turning(&mut self, media: MediaType, blocks: u64) {
        self.course = Course::turning(media, blocks);
    }

    pub(crate) fn action(&self) -> WriteAction {
        self.event.action
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.now().saturating_sub(self.begun)
    }

    /// Begins a phase; its first event is due at once.
    pub(crate) fn enter(&mut self, action: WriteAction, of: u64) {
        self.event.action = action;
        self.event.done = 0;
        self.event.of = of;
        self.event.rate = 0.0;
        self.event.remaining = None;
        self.phase_begun = self.clock.now();
        self.last_sent = None;
    }

    /// Whether half a second has passed since the last event of this phase.
    pub(crate) fn is_due(&self) -> bool {
        self.last_sent.is_none_or(|at| self.clock.now().saturating_sub(at) >= CADENCE)
    }

    /// The event for now; counts as sent.
    pub(crate) fn take(&mut self) -> Event {
        let now = self.clock.now();
        self.last_sent = Some(now);
        self.event.elapsed = now.saturating_sub(self.begun);
        let seconds = now.saturating_sub(self.phase_begun).as_secs_f64();
        if self.event.done > 0 && seconds > 0.0 {
            self.event.rate = as_float(self.event.done) / seconds;
            let course =
                if self.event.action == WriteAction::WritingData { self.course } else { Course::Even };
            let start = u64::try_from(self.event.start_lba.0).unwrap_or(0);
            let (at, end) = (start.saturating_add(self.event.done), start.saturating_add(self.event.of));
            let left = seconds * course.cost(at, end.max(at)) / course.cost(start, at);
            self.event.remaining = Duration::try_from_secs_f64(left).ok();
        }
        self.event
    }
}

/// How the time for a sector depends on its place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Course {
    /// Not at all.
    Even,
    /// The disc turns evenly, so that the speed grows with the radius.
    Turning {
        /// Sectors of a layer. Every second one runs inwards.
        layer: f64,
        /// Radii of the first and the last sector of a layer, in millimetres.
        radii: (f64, f64),
    },
}

impl Course {
    /// A medium of `blocks` blocks in all its layers that turns evenly. The data of a CD lies between the radii of 25 and
    /// 58 mm (ECMA-130), that of DVD and BD between 24 and 58 mm (ECMA-267).
    fn turning(media: MediaType, blocks: u64) -> Self {
        let (radii, layers) = match media {
            MediaType::CD_R | MediaType::CD_RW => ((25.0, 58.0), 1),
            MediaType::DVD_R_DL | MediaType::DVD_PLUS_R_DL | MediaType::DVD_PLUS_RW_DL => ((24.0, 58.0), 2),
            _ => ((24.0, 58.0), 1),
        };
        match blocks / layers {
            0 => Self::Even,
            layer => Self::Turning { layer: as_float(layer), radii },
        }
    }

    /// Time for the sectors from `from` to `to`, as a multiple of what is the same for all.
    fn cost(&self, from: u64, to: u64) -> f64 {
        (self.upto(as_float(to)) - self.upto(as_float(from))).max(0.0)
    }

    fn upto(&self, sectors: f64) -> f64 {
        let Self::Turning { layer, radii: (inner, outer) } = *self else { return sectors };
        let span = outer * outer - inner * inner;
        // The integral of 1/r over the area, whose share grows with r squared.
        let outwards = |share: f64| (inner * inner + span * share.clamp(0.0, 1.0)).sqrt() - inner;
        let (whole, share) = ((sectors / layer).trunc(), (sectors / layer).fract());
        let inwards = whole.rem_euclid(2.0) >= 1.0;
        let last = if inwards { outwards(1.0) - outwards(1.0 - share) } else { outwards(share) };
        whole * outwards(1.0) + last
    }
}

/// Sector counts are far below 2^53, so this loses nothing.
pub(crate) fn as_float(n: u64) -> f64 {
    let (high, low) = (n >> 32, n & u64::from(u32::MAX));
    f64::from(u32::try_from(high).unwrap_or(u32::MAX)) * 4_294_967_296.0
        + f64::from(u32::try_from(low).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A DVD that turns evenly takes half as long again for the inner half of its data than for the outer one: the boundary is at
    /// 44.4 mm, and the time goes with the difference of the radii.
    #[test]
    fn the_rim_is_faster() {
        let course = Course::turning(MediaType::DVD_R, 1000);
        let (inner, outer) = (course.cost(0, 500), course.cost(500, 1000));
        assert!((inner / outer - (44.384_682 - 24.0) / (58.0 - 44.384_682)).abs() < 1e-6, "{inner} {outer}");
        assert_eq!(Course::Even.cost(3, 10), 7.0);
        // The second layer is the first one backwards.
        let two = Course::turning(MediaType::DVD_PLUS_R_DL, 2000);
        assert!((two.cost(1000, 1500) - outer).abs() < 1e-9 && (two.cost(1500, 2000) - inner).abs() < 1e-9);
        assert_eq!(Course::turning(MediaType::CD_R, 0), Course::Even);
    }
}
