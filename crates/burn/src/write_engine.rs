//! The lowest writer: sends sectors of any size from a stream to a drive, and knows nothing of formats. It neither prepares the
//! drive nor closes anything.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glassmaster_disc::Lba;
use glassmaster_disc::stream::ByteStream;
use glassmaster_mmc::cmd::{Write10, Write12};
use glassmaster_mmc::feature::RealTimeStreaming;
use glassmaster_recorder::{Backoff, DiscRecorder, Error as DriveError, HResult, Moment, Occupied};

use crate::cancel::CancelHandle;
use crate::engine::{Verdict, judge};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Fill, Meter, WriteAction};
use crate::format::error::FormatError;

/// Most sectors of one command.
const COMMAND_BLOCKS: usize = 32;
/// Longest time that a drive may refuse one block with "later".
const LIMIT: Duration = Duration::from_secs(180);
/// Longest sleep where speed and buffer of the drive are not known.
const LONGEST_PAUSE: Duration = Duration::from_millis(40);
/// Longest sleep at all: events and cancel must not wait longer.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Progress {
    #[default]
    Idle,
    /// Asked for, and no sector has been sent.
    Requested,
    Writing,
}

#[derive(Debug, Default)]
struct State {
    recorder: Option<DiscRecorder>,
    streaming: bool,
    starting: Option<u32>,
    ending: Option<u32>,
    bytes_per_sector: Option<u32>,
    progress: Progress,
    cancel: CancelHandle,
}

/// Writes a run of sectors.
///
/// A write blocks the thread that asked for it; another one may cancel. Settings cannot be changed during a write.
#[doc(alias = "IWriteEngine2")]
#[doc(alias = "MsftWriteEngine2")]
#[derive(Debug, Default)]
pub struct WriteEngine {
    state: Mutex<State>,
}

impl WriteEngine {
    /// Without recorder and size of a sector.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> Result<MutexGuard<'_, State>, FormatError> {
        let state = self.lock();
        if state.progress == Progress::Idle { Ok(state) } else { Err(FormatError::EngineInUse) }
    }

    /// The drive that is written to.
    #[doc(alias = "Recorder")]
    #[must_use]
    pub fn recorder(&self) -> Option<DiscRecorder> {
        self.lock().recorder.clone()
    }

    /// Sets or clears the drive.
    ///
    /// # Errors
    /// [`FormatError::EngineInUse`].
    pub fn set_recorder(&self, recorder: Option<DiscRecorder>) -> Result<(), FormatError> {
        self.idle()?.recorder = recorder;
        Ok(())
    }

    /// WRITE (12) with its streaming bit instead of WRITE (10). Default: no.
    #[doc(alias = "UseStreamingWrite12")]
    #[must_use]
    pub fn use_streaming_write12(&self) -> bool {
        self.lock().streaming
    }

    /// Sets which command is used.
    ///
    /// # Errors
    /// [`FormatError::EngineInUse`]; [`FormatError::NotImplemented`] unless the recorder that is set streams while writing
    /// (feature 0107h, MMC-6 5.3, SW); what the drive says.
    pub fn set_use_streaming_write12(&self, on: bool) -> Result<(), FormatError> {
        if on {
            let recorder = self.idle()?.recorder.clone().ok_or(FormatError::NotImplemented)?;
            let feature = recorder.configuration()?.feature::<RealTimeStreaming>();
            if !feature.is_some_and(|f| f.stream_writing) {
                return Err(FormatError::NotImplemented);
            }
        }
        self.idle()?.streaming = on;
        Ok(())
    }

    /// Expected speed at the start, sectors a second; `None` for the highest. A hint for pauses only.
    #[doc(alias = "StartingSectorsPerSecond")]
    #[must_use]
    pub fn starting_sectors_per_second(&self) -> Option<u32> {
        self.lock().starting
    }

    /// Sets the expected speed at the start.
    ///
    /// # Errors
    /// [`FormatError::EngineInUse`]; [`FormatError::Argument`] for 0 and for more than 2^31 - 1.
    pub fn set_starting_sectors_per_second(&self, speed: Option<u32>) -> Result<(), FormatError> {
        self.idle()?.starting = speed_hint(speed)?;
        Ok(())
    }

    /// Expected speed at the end.
    #[doc(alias = "EndingSectorsPerSecond")]
    #[must_use]
    pub fn ending_sectors_per_second(&self) -> Option<u32> {
        self.lock().ending
    }

    /// Sets the expected speed at the end.
    ///
    /// # Errors
    /// As [`WriteEngine::set_starting_sectors_per_second`].
    pub fn set_ending_sectors_per_second(&self, speed: Option<u32>) -> Result<(), FormatError> {
        self.idle()?.ending = speed_hint(speed)?;
        Ok(())
    }

    /// Bytes of a sector as set last; `None` until then. Never asked from the medium.
    #[doc(alias = "BytesPerSector")]
    #[must_use]
    pub fn bytes_per_sector(&self) -> Option<u32> {
        self.lock().bytes_per_sector
    }

    /// Sets the bytes of a sector, such as 2048, 2352, 2368 or 2448.
    ///
    /// # Errors
    /// [`FormatError::EngineInUse`]; [`FormatError::Argument`] for 0, more than 2^31 - 1, or more than one command of
    /// the recorder that is set moves.
    pub fn set_bytes_per_sector(&self, bytes: u32) -> Result<(), FormatError> {
        let mut state = self.idle()?;
        let most = state.recorder.as_ref().map_or(usize::MAX, DiscRecorder::max_transfer);
        let fits = usize::try_from(bytes).is_ok_and(|n| n <= most) && i32::try_from(bytes).is_ok();
        if bytes == 0 || !fits {
            return Err(FormatError::Argument(format!("a sector cannot have {bytes} bytes here")));
        }
        state.bytes_per_sector = Some(bytes);
        Ok(())
    }

    /// Whether sectors are being written.
    #[doc(alias = "WriteInProgress")]
    #[must_use]
    pub fn write_in_progress(&self) -> bool {
        self.lock().progress == Progress::Writing
    }

    /// Asks the running write to end.
    ///
    /// The result is [`HResult::OK`], or the success [`HResult::WRITE_NOT_IN_PROGRESS`] while no sector has been sent: then it
    /// has to be asked for again.
    #[doc(alias = "CancelWrite")]
    pub fn cancel_write(&self) -> HResult {
        let state = self.lock();
        if state.progress != Progress::Writing {
            return HResult::WRITE_NOT_IN_PROGRESS;
        }
        state.cancel.cancel();
        HResult::OK
    }

    /// Writes `blocks` sectors from the start of `stream` to the blocks from `start` on, which may be negative on CD. Blocks
    /// until the drive has taken them all; nothing is flushed. `events` hears of it once before, every half second, and once
    /// after, and may end it.
    ///
    /// # Errors
    /// [`FormatError::EngineInUse`], [`FormatError::RecorderRequired`]; [`FormatError::Argument`] without size of a
    /// sector, for one that the drive does not move at once, for no blocks, for addresses that do not exist, and for a stream
    /// that is too short; [`FormatError::Device`] while the drive is written or erased by another object;
    /// [`FormatError::Write`] with the address where it ended.
    #[doc(alias = "WriteSection")]
    pub fn write_section(
        &self,
        stream: &dyn ByteStream,
        start: Lba,
        blocks: u32,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
    ) -> Result<(), FormatError> {
        let mut section = {
            let mut state = self.idle()?;
            let recorder = state.recorder.clone().ok_or(FormatError::RecorderRequired)?;
            let wrong = |text: String| Err(FormatError::Argument(text));
            let Some(bytes) = state.bytes_per_sector else {
                return wrong("the bytes of a sector have to be set first".to_owned());
            };
            // The size may have been set for another drive, or before there was any.
            if usize::try_from(bytes).is_ok_and(|n| n > recorder.max_transfer()) {
                let most = recorder.max_transfer();
                return wrong(format!(
                    "a sector of {bytes} bytes is more than the drive takes at once, {most}"
                ));
            }
            let needed = u64::from(blocks) * u64::from(bytes);
            if blocks == 0 || stream.size() < needed {
                let size = stream.size();
                return wrong(format!("{blocks} sectors need {needed} bytes, the stream has {size}"));
            }
            let last = i64::from(start.0) + i64::from(blocks) - 1;
            if i32::try_from(last).is_err() {
                return wrong(format!("no disc has a block {last}"));
            }
            let occupied = recorder.occupy()?;
            state.progress = Progress::Requested;
            state.cancel = CancelHandle::new();
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            let most = (recorder.max_transfer() / bytes).clamp(1, COMMAND_BLOCKS);
            let mut meter =
                Meter::new(recorder.clock(), u64::from(blocks), u64::try_from(most * bytes).unwrap_or(0));
            meter.enter(WriteAction::WritingData, u64::from(blocks));
            meter.event.start_lba = start;
            Section {
                cancel: state.cancel.clone(),
                speeds: (state.starting, state.ending),
                streaming: state.streaming,
                stop: false,
                begun: recorder.moment(),
                recorder,
                _occupied: occupied,
                start,
                blocks,
                bytes,
                most,
                meter,
            }
        };
        let _busy = Busy(self);
        let _attendance = section.recorder.clock().attend();
        section.tell(events);
        section.run(stream, events, &|| self.lock().progress = Progress::Writing)?;
        section.tell(events);
        Ok(())
    }
}

/// Ends the state of writing on every way out.
struct Busy<'a>(&'a WriteEngine);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.lock().progress = Progress::Idle;
    }
}

fn speed_hint(speed: Option<u32>) -> Result<Option<u32>, FormatError> {
    match speed {
        Some(speed) if !(1..=i32::MAX.cast_unsigned()).contains(&speed) => {
            Err(FormatError::Argument("a speed is 1 to 2^31 - 1 sectors a second".to_owned()))
        }
        other => Ok(other),
    }
}

/// One write under way.
struct Section {
    recorder: DiscRecorder,
    _occupied: Occupied,
    /// What the drive says since then, to whatever question, is of this write.
    begun: Moment,
    cancel: CancelHandle,
    speeds: (Option<u32>, Option<u32>),
    streaming: bool,
    stop: bool,
    start: Lba,
    blocks: u32,
    bytes: usize,
    most: usize,
    meter: Meter,
}

impl Section {
    fn tell(&mut self, events: &mut dyn FnMut(&Event) -> ControlFlow<()>) {
        let event = self.meter.take();
        self.stop |= events(&event).is_break();
    }

    fn fail(&self, kind: ErrorKind) -> FormatError {
        FormatError::Write(Error::new(WriteAction::WritingData, kind))
    }

    fn run(
        &mut self,
        stream: &dyn ByteStream,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        begun: &dyn Fn(),
    ) -> Result<(), FormatError> {
        let mut buf = vec![0; self.most * self.bytes];
        let mut done = 0u32;
        while done < self.blocks {
            let count = u32::try_from(self.most).unwrap_or(1).min(self.blocks - done);
            let length = usize::try_from(count).unwrap_or(1) * self.bytes;
            let piece = buf.get_mut(..length).unwrap_or(&mut []);
            let offset = u64::from(done) * u64::try_from(self.bytes).unwrap_or(0);
            let sector = u64::from(done);
            match stream.read_at(offset, piece) {
                Ok(got) if got == length => {}
                Ok(_) => {
                    let error = std::io::Error::other("the stream ended early");
                    return Err(self.fail(ErrorKind::Source { sector, error }));
                }
                Err(error) => return Err(self.fail(ErrorKind::Source { sector, error })),
            }
            let first = i64::from(self.start.0) + i64::from(done);
            let event = &mut self.meter.event;
            event.system_buffer = Fill { used: u64::try_from(length).unwrap_or(0), ..event.system_buffer };
            event.last_read_lba = i32::try_from(first + i64::from(count) - 1).ok().map(Lba);
            if done == 0 {
                begun();
            }
            self.put(first, count, piece, events)?;
            done += count;
            let event = &mut self.meter.event;
            event.system_buffer.used = 0;
            event.last_written_lba = event.last_read_lba;
            event.done = u64::from(done);
            if self.meter.is_due() {
                self.tell(events);
            }
        }
        Ok(())
    }

    fn put(
        &mut self,
        first: i64,
        count: u32,
        data: &[u8],
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
    ) -> Result<(), FormatError> {
        let lba = Lba(i32::try_from(first).unwrap_or(i32::MAX));
        let (written, sectors) = (self.meter.event.done, u64::from(self.blocks));
        let patience = *self.recorder.patience();
        let mut backoff = Backoff::new(self.recorder.clock(), LONGEST_PAUSE);
        let (mut attentions, mut aborts) = (0, 0);
        loop {
            if self.stop || self.cancel.is_cancelled() {
                return Err(self.fail(ErrorKind::Cancelled { written, sectors }));
            }
            let sent = self.is_kept();
            let sent = if sent.is_err() {
                sent
            } else if self.streaming {
                let command = Write12 { streaming: true, ..Write12::new(lba, count) };
                self.recorder.send_blocks(&command, first, data, LIMIT)
            } else {
                let command = Write10::new(lba, u16::try_from(count).unwrap_or(u16::MAX));
                self.recorder.send_blocks(&command, first, data, LIMIT)
            };
            let error = match sent {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let verdict = match &error {
                DriveError::Refused { failure, .. } => judge(failure),
                _ => Verdict::Fatal,
            };
            match verdict {
                Verdict::Later if backoff.waited() < LIMIT => {}
                Verdict::Harmless if attentions < patience.attentions => attentions += 1,
                Verdict::Aborted if aborts < patience.aborted => aborts += 1,
                _ => return Err(self.fail(ErrorKind::Write { lba: first, written, sectors, error })),
            }
            if self.meter.is_due() {
                self.tell(events);
            }
            match self.pause() {
                Some(pause) if verdict == Verdict::Later => self.recorder.clock().sleep(pause),
                _ => backoff.sleep(),
            }
        }
    }

    /// Whether nothing is lost of what the drive took, as far as it has said so to any question.
    fn is_kept(&self) -> Result<(), DriveError> {
        self.recorder.unchanged_since(&self.begun)?;
        self.recorder.kept_since(&self.begun)
    }

    /// The time in which the drive writes half of its buffer at the speed expected here; `None` where nothing is known.
    fn pause(&self) -> Option<Duration> {
        let (starting, ending) = match self.speeds {
            (None, None) => return None,
            (Some(one), None) | (None, Some(one)) => (one, one),
            (Some(starting), Some(ending)) => (starting, ending),
        };
        let capacity = self.recorder.buffer_capacity().ok().filter(|c| c.length > 0 && !c.in_blocks)?;
        let of = u64::from(self.blocks).max(1);
        let done = self.meter.event.done.min(of);
        // Between the two speeds in proportion to what is done.
        let speed = (u64::from(starting) * (of - done) + u64::from(ending) * done) / of;
        let rate = speed.max(1).saturating_mul(u64::try_from(self.bytes).unwrap_or(1));
        let micros = u64::from(capacity.length / 2).saturating_mul(1_000_000) / rate.max(1);
        Some(Duration::from_micros(micros).clamp(Duration::from_millis(1), LONGEST_SLEEP))
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section").field("start", &self.start).field("blocks", &self.blocks).finish()
    }
}
