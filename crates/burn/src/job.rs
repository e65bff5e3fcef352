//! One write in progress: what all its phases share.

use std::ops::ControlFlow;
use std::time::Duration;

use glassmaster_disc::clock::Attendance;
use glassmaster_mmc::cmd::{CloseFunction, CloseTrackSession, SynchronizeCache10};
use glassmaster_recorder::{DiscRecorder, Moment, Repeat};
use glassmaster_scsi::SenseKey;

use crate::cancel::CancelHandle;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Fill, Meter, WriteAction};
use crate::journal::{Journal, Keeper};
use crate::options::DataOptions;
use crate::verify::Reading;

/// Result of a command, before it is known which phase it belongs to.
type Answer<T> = Result<T, glassmaster_recorder::Error>;

pub(crate) struct Job<'a> {
    pub(crate) recorder: &'a DiscRecorder,
    pub(crate) options: &'a DataOptions,
    sink: &'a mut dyn FnMut(&Event) -> ControlFlow<()>,
    cancel: &'a CancelHandle,
    pub(crate) meter: Meter,
    /// What a person should know though the write went well.
    pub(crate) notes: Vec<String>,
    /// The event sink asked to stop.
    stop: bool,
    /// Sectors of the source the drive has taken.
    pub(crate) written: u64,
    /// Sectors of the sections before the one that is being written or verified.
    pub(crate) before: u64,
    /// The medium was given to be formatted.
    pub(crate) formatted: bool,
    /// Times the drive said "later" to a block.
    pub(crate) stalls: u64,
    /// Where a journal is to be kept once it is known of what.
    pub(crate) journal: Option<Journal>,
    /// The journal that is kept.
    pub(crate) keeper: Option<Keeper>,
    /// A disc that was to stay open was found closed.
    pub(crate) closed_by_drive: bool,
    /// What was noticed while reading back.
    pub(crate) reading: Reading,
    /// Since then the medium was looked at, and the drive has said nothing that would make it another one.
    looked: Moment,
    reports_buffer: bool,
    /// This thread takes part in the time of the recorder.
    _attendance: Attendance,
}

impl<'a> Job<'a> {
    pub(crate) fn new(
        recorder: &'a DiscRecorder,
        options: &'a DataOptions,
        sink: &'a mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &'a CancelHandle,
        sectors: u64,
    ) -> Self {
        Self {
            recorder,
            options,
            sink,
            cancel,
            meter: Meter::new(recorder.clock(), sectors, options.ring.bytes()),
            notes: Vec::new(),
            stop: false,
            written: 0,
            before: 0,
            formatted: false,
            stalls: 0,
            journal: None,
            keeper: None,
            closed_by_drive: false,
            reading: Reading::default(),
            looked: recorder.moment(),
            reports_buffer: true,
            _attendance: recorder.clock().attend(),
        }
    }

    /// Begins a phase and says so.
    pub(crate) fn enter(&mut self, action: WriteAction, of: u64) -> Result<(), Error> {
        self.meter.enter(action, of);
        self.tick();
        self.check_stopped()
    }

    /// Sends an event when one is due.
    pub(crate) fn tick(&mut self) {
        if !self.meter.is_due() {
            return;
        }
        if self.meter.action() == WriteAction::WritingData {
            self.look_at_buffer();
        }
        let event = self.meter.take();
        if (self.sink)(&event).is_break() {
            self.stop = true;
        }
    }

    /// Sends the last event; a sink that wants to stop now comes too late.
    pub(crate) fn completed(&mut self) {
        self.meter.enter(WriteAction::Completed, 0);
        let event = self.meter.take();
        let _ = (self.sink)(&event);
    }

    fn look_at_buffer(&mut self) {
        if !self.reports_buffer {
            return;
        }
        match self.recorder.buffer_capacity() {
            Ok(capacity) if capacity.length > 0 && !capacity.in_blocks => {
                let total = u64::from(capacity.length);
                let used = u64::from(capacity.length.saturating_sub(capacity.available));
                self.meter.event.drive_buffer = Some(Fill { total, used });
            }
            // A figure for people only: a drive that does not give it is not asked again.
            _ => {
                self.reports_buffer = false;
                self.meter.event.drive_buffer = None;
            }
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop || self.cancel.is_cancelled()
    }

    pub(crate) fn check_stopped(&self) -> Result<(), Error> {
        if self.is_stopped() { Err(self.cancelled()) } else { Ok(()) }
    }

    pub(crate) fn cancelled(&self) -> Error {
        self.fail(ErrorKind::Cancelled { written: self.written, sectors: self.meter.event.sector_count })
    }

    pub(crate) fn fail(&self, kind: ErrorKind) -> Error {
        Error::new(self.meter.action(), kind)
    }

    /// The medium that is looked at from now on is the one that is meant.
    pub(crate) fn look_anew(&mut self) {
        self.looked = self.recorder.moment();
    }

    /// Whether the medium is still the one that was looked at, the drive was not reset, and nothing that it took is lost. It
    /// may have said so to any question since, whose answer did not matter.
    pub(crate) fn is_as_it_was(&self) -> Answer<()> {
        self.recorder.unchanged_since(&self.looked)?;
        self.keeps_its_promise()
    }

    /// Whether nothing is lost of what the drive took.
    pub(crate) fn keeps_its_promise(&self) -> Answer<()> {
        self.recorder.kept_since(&self.looked)
    }

    /// Gives an error of the drive its phase.
    pub(crate) fn check<T>(&self, answer: Answer<T>) -> Result<T, Error> {
        answer.map_err(|e| match e {
            glassmaster_recorder::Error::Cancelled { .. } => self.cancelled(),
            other => self.fail(ErrorKind::Device(other)),
        })
    }

    /// Repeats `attempt` while the drive is busy, with events; `interruptible` waits end when somebody asks to stop.
    pub(crate) fn wait<T>(
        &mut self,
        what: &'static str,
        limit: Duration,
        interruptible: bool,
        attempt: &mut dyn FnMut() -> Answer<T>,
    ) -> Result<T, Error> {
        let recorder = self.recorder;
        let result = recorder.wait_for(
            what,
            limit,
            &mut |failure| {
                if let Some(done) = failure.sense.and_then(|s| s.progress()) {
                    self.meter.event.of = 65536;
                    self.meter.event.done = u64::from(done);
                }
                self.tick();
                if interruptible && self.is_stopped() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
            attempt,
        );
        self.check(result)
    }

    /// Waits until nothing runs in the drive any more. TEST UNIT READY alone is not enough: some drives answer it GOOD
    /// while a track or session is being closed and say "operation in progress" to READ DISC INFORMATION only.
    pub(crate) fn wait_idle(
        &mut self,
        what: &'static str,
        limit: Duration,
        interruptible: bool,
    ) -> Result<(), Error> {
        let recorder = self.recorder;
        let ready = glassmaster_mmc::cmd::TestUnitReady::default();
        let timeout = recorder.patience().command;
        self.wait(what, limit, interruptible, &mut || {
            recorder.send(&ready, &[], timeout, Repeat::Never)?;
            match recorder.disc_information() {
                Err(e) if e.is_unsupported() => Ok(()),
                other => other.map(|_| ()),
            }
        })
    }

    /// SYNCHRONIZE CACHE (MMC-6 6.43): everything the drive holds goes to the disc. In session-at-once this also writes the
    /// lead-out. Not interruptible.
    ///
    /// A drive that was reset or got another medium before it was done has lost what it held, so that neither is taken for
    /// news of the past here.
    pub(crate) fn synchronize(&mut self) -> Result<(), Error> {
        let what = "writing its buffer to the disc";
        let (recorder, limit) = (self.recorder, self.options.close_limit);
        let timeout = recorder.patience().long_command;
        let mut immediate = true;
        let flushing = self.wait(what, limit, false, &mut || {
            let command = SynchronizeCache10 { immediate, ..SynchronizeCache10::default() };
            let allowed = if immediate { timeout } else { limit.max(timeout) };
            keep_loss(match recorder.send(&command, &[], allowed, Repeat::Never) {
                Err(e) if immediate && e.is_unsupported() => {
                    immediate = false;
                    let command = SynchronizeCache10::default();
                    // Without IMMED the command takes all the time of the work.
                    recorder.send(&command, &[], limit.max(timeout), Repeat::Never)
                }
                other => other,
            })
        })?;
        self.check(flushing)?;
        let ready = glassmaster_mmc::cmd::TestUnitReady::default();
        let timeout = recorder.patience().command;
        let flushed = self.wait(what, limit, false, &mut || {
            keep_loss(recorder.send(&ready, &[], timeout, Repeat::Never))
        })?;
        self.check(flushed)?;
        self.wait_idle(what, limit, false)?;
        self.check(self.is_as_it_was())
    }

    /// CLOSE TRACK SESSION (MMC-6 6.3) and the wait until it is done. Not interruptible. `Ok(false)` when the drive does
    /// not know the function.
    pub(crate) fn close(&mut self, function: CloseFunction, track: u16) -> Result<bool, Error> {
        Ok(self.close_unless_refused(function, track)?.is_ok())
    }

    /// [`Job::close`] with the drive's words where it does not know the function.
    fn close_unless_refused(&mut self, function: CloseFunction, track: u16) -> Result<Answer<()>, Error> {
        let what = match function {
            CloseFunction::TRACK => "closing the track",
            CloseFunction::SESSION => "closing the session",
            CloseFunction::STOP_BACKGROUND_FORMAT => "stopping the background format",
            _ => "closing the disc",
        };
        let (recorder, limit) = (self.recorder, self.options.close_limit);
        let timeout = recorder.patience().long_command;
        let mut immediate = true;
        let answer = self.wait(what, limit, false, &mut || {
            let mut command = CloseTrackSession { immediate, function, track };
            let allowed = if immediate { timeout } else { limit.max(timeout) };
            let mut result = recorder.send(&command, &[], allowed, Repeat::Never);
            if immediate && result.as_ref().is_err_and(|e| e.is_unsupported()) {
                immediate = false;
                command.immediate = false;
                result = recorder.send(&command, &[], limit.max(timeout), Repeat::Never);
            }
            match result {
                Err(e) if e.is_unsupported() => Ok(Err(e)),
                other => other.map(Ok),
            }
        })?;
        if answer.is_ok() {
            self.wait_idle(what, limit, false)?;
        }
        Ok(answer)
    }

    /// [`Job::close`] where a drive that does not know the function cannot go on.
    pub(crate) fn close_or_fail(&mut self, function: CloseFunction, track: u16) -> Result<(), Error> {
        let answer = self.close_unless_refused(function, track)?;
        self.check(answer)
    }
}

/// Keeps an answer from being taken for a leftover when it says that the contents of the drive's buffer are lost: another
/// medium (6/28), a reset (6/29).
pub(crate) fn keep_loss(answer: Answer<()>) -> Answer<Answer<()>> {
    match answer {
        Err(e)
            if e.sense().is_some_and(|s| {
                s.key == SenseKey::UNIT_ATTENTION && !s.deferred && matches!(s.code.asc(), 0x28 | 0x29)
            }) =>
        {
            Ok(Err(e))
        }
        other => other.map(Ok),
    }
}
