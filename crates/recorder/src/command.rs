//! Sending one command and judging what came back.

use std::fmt;
use std::ops::{ControlFlow, Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glassmaster_disc::clock::{Clock, Signal};
use glassmaster_mmc::cmd::{Inquiry, StandardInquiry, TestUnitReady};
use glassmaster_mmc::{Command, Query, Transfer};
use glassmaster_scsi::{
    Cdb, Claim, CommandFailure, DataPhase, Outcome, SenseKey, Status, SystemFacts, Transport, TransportError,
};

use crate::incident::{Incidents, is_another};
use crate::{Error, RecorderOptions, exclusive};

/// Which command an error belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Origin {
    /// Name in the standard.
    pub command: &'static str,
    /// Operation code.
    pub opcode: u8,
    /// First block that was read or written, where the command has one.
    pub lba: Option<i64>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command)?;
        match self.lba {
            Some(lba) => write!(f, " at block {lba}"),
            None => Ok(()),
        }
    }
}

/// How long and how often a drive is asked again before it counts as failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// One ordinary command.
    pub command: Duration,
    /// A command that may move the mechanism or record: close, format, synchronize, load.
    pub long_command: Duration,
    /// A drive that answers BUSY or is loading a medium.
    pub ready: Duration,
    /// Longest sleep between two questions to a busy drive.
    pub poll: Duration,
    /// Unit attentions in a row that are taken for leftovers of the past (SAM-5 5.14).
    pub attentions: u32,
    /// Repeats of a command that the drive aborted (key Bh).
    pub aborted: u32,
    /// Repeats of a read that met a medium error.
    pub reads: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            command: Duration::from_secs(30),
            long_command: Duration::from_secs(600),
            ready: Duration::from_secs(90),
            poll: Duration::from_millis(500),
            attentions: 8,
            aborted: 3,
            reads: 2,
        }
    }
}

/// Whether a command may be sent a second time when the drive did not carry it out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// After unit attentions, BUSY and aborts: questions, and settings that are the same when made twice. An operation in
    /// progress (2/04/01, /04, /07, /08) is waited out for half a second, unless that is the question; what brings data is
    /// also asked for again after a failure without a reason.
    Freely,
    /// As freely, but not after news that the medium may be another one or that the drive was reset (6/28, 6/29): for
    /// commands that take something away for good, or build on settings made before.
    WhileUnchanged,
    /// The caller looks at every answer itself.
    Never,
}

/// Sleeps that start short and double up to a limit, so that a quick drive is not kept waiting and a slow one not
/// pestered.
#[derive(Debug)]
pub struct Backoff {
    clock: Arc<dyn Clock>,
    started: Duration,
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// A first sleep of 2 ms, later ones up to `longest`.
    #[must_use]
    pub fn new(clock: &Arc<dyn Clock>, longest: Duration) -> Self {
        let next = Duration::from_millis(2).min(longest);
        Self { started: clock.now(), clock: Arc::clone(clock), next, longest }
    }

    /// Time since the wait began.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.clock.now().saturating_sub(self.started)
    }

    /// Sleeps once.
    pub fn sleep(&mut self) {
        self.clock.sleep(self.next);
        self.next = self.next.saturating_mul(2).min(self.longest);
    }
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// The drive behind a recorder and all guards and sources made from it.
pub(crate) struct Device {
    transport: Mutex<Box<dyn Transport>>,
    /// Commands that have asked for the transport, each of which gets its number.
    turns: AtomicU64,
    /// Commands that have had it: the number of the next.
    served: Signal,
    name: String,
    max_transfer: usize,
    number: u64,
    /// What tells the drive from others, whatever name it was opened by.
    key: String,
    options: RecorderOptions,
    /// One clone at a time asks for exclusive access, so that two of them never take each other for strangers.
    acquiring: Mutex<()>,
    /// A write or an erase is at work.
    occupied: AtomicBool,
    incidents: Incidents,
}

/// The transport for the length of a command. Fields are dropped in this order: the next one finds it free.
struct Turn<'a> {
    transport: MutexGuard<'a, Box<dyn Transport>>,
    _end: End<'a>,
}

struct End<'a>(&'a Signal);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.notify();
    }
}

impl Deref for Turn<'_> {
    type Target = Box<dyn Transport>;

    fn deref(&self) -> &Self::Target {
        &self.transport
    }
}

impl DerefMut for Turn<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.transport
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Device {
    pub(crate) fn new(transport: Box<dyn Transport>, options: RecorderOptions) -> Self {
        let name = transport.name().to_owned();
        let max_transfer = transport.max_transfer();
        let key = transport.system().key;
        let number = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Self {
            transport: Mutex::new(transport),
            turns: AtomicU64::new(0),
            served: Signal::default(),
            name,
            max_transfer,
            number,
            key,
            options,
            acquiring: Mutex::new(()),
            occupied: AtomicBool::new(false),
            incidents: Incidents::default(),
        }
    }

    /// Waits for its turn, first come, first served; by the clock, because a drive that lives by the same one lets time
    /// pass in the middle of a command.
    fn transport(&self) -> Turn<'_> {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        loop {
            let served = self.served.generation();
            if served == turn {
                let transport = self.transport.lock().unwrap_or_else(PoisonError::into_inner);
                return Turn { transport, _end: End(&self.served) };
            }
            self.options.clock.wait(&self.served, served, self.options.patience.long_command);
        }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.options.clock
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn options(&self) -> &RecorderOptions {
        &self.options
    }

    pub(crate) fn acquiring(&self) -> MutexGuard<'_, ()> {
        self.acquiring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn incidents(&self) -> &Incidents {
        &self.incidents
    }

    /// Takes the drive for a piece of work; `false` when another one has it.
    pub(crate) fn occupy(&self) -> bool {
        !self.occupied.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn vacate(&self) {
        self.occupied.store(false, Ordering::Release);
    }

    pub(crate) fn system(&self) -> SystemFacts {
        self.transport().system()
    }

    pub(crate) fn claim(&self) -> Result<Option<Claim>, TransportError> {
        self.transport().claim()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Tells two recorders on one device apart.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn max_transfer(&self) -> usize {
        self.max_transfer
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.options.patience
    }

    pub(crate) fn into_transport(self) -> Box<dyn Transport> {
        self.transport.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a command block. Answers that say "later" are waited out when `repeat` allows it.
    ///
    /// Returns the bytes moved, at most the length of the data.
    pub(crate) fn run(
        &self,
        origin: Origin,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
        repeat: Repeat,
    ) -> Result<usize, Error> {
        exclusive::check_free(self)?;
        self.repeat(origin, cdb, data, timeout, repeat)
    }

    fn repeat(
        &self,
        origin: Origin,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
        repeat: Repeat,
    ) -> Result<usize, Error> {
        let mut backoff = Backoff::new(&self.options.clock, self.options.patience.poll);
        let (mut attentions, mut aborts) = (0, 0);
        let question = matches!(data, DataPhase::In(_));
        loop {
            let outcome = self.transport().execute(cdb, data.reborrow(), timeout);
            let failure = match outcome {
                Err(source) => return Err(Error::Transport { origin, source }),
                Ok(outcome) => match outcome.into_result() {
                    Ok(moved) => return Ok(moved.min(data.len())),
                    Err(failure) => failure,
                },
            };
            self.incidents.note(origin, &failure);
            let again = repeat != Repeat::Never
                && !(repeat == Repeat::WhileUnchanged && is_another(&failure))
                && match classify(&failure) {
                    Trouble::Attention => {
                        attentions += 1;
                        attentions <= self.options.patience.attentions
                    }
                    Trouble::Busy => {
                        let again = backoff.waited() < self.options.patience.ready;
                        if again {
                            backoff.sleep();
                        }
                        again
                    }
                    Trouble::Aborted => {
                        aborts += 1;
                        if aborts <= self.options.patience.aborted {
                            backoff.sleep();
                        }
                        aborts <= self.options.patience.aborted
                    }
                    // Who has to wait for longer looks at every answer himself.
                    Trouble::Other if is_in_progress(&failure) && origin.opcode != TestUnitReady::OPCODE => {
                        let again = backoff.waited() < HICCUP;
                        if again {
                            backoff.sleep();
                        }
                        again
                    }
                    Trouble::Other if question && is_garbled(&failure) => {
                        aborts += 1;
                        if aborts <= self.options.patience.aborted {
                            backoff.sleep();
                        }
                        aborts <= self.options.patience.aborted
                    }
                    Trouble::Other => false,
                };
            if !again {
                return Err(Error::Refused { origin, failure });
            }
        }
    }

    /// Sends a command block once; every status is an answer.
    pub(crate) fn execute(
        &self,
        origin: Origin,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, Error> {
        exclusive::check_free(self)?;
        let outcome = self.transport().execute(cdb, data, timeout);
        let outcome = outcome.map_err(|source| Error::Transport { origin, source })?;
        self.incidents.note(origin, &CommandFailure { status: outcome.status, sense: outcome.sense });
        Ok(outcome)
    }

    /// Sends a command without data or with data for the drive.
    pub(crate) fn send<C: Command>(
        &self,
        command: &C,
        data: &[u8],
        timeout: Duration,
        repeat: Repeat,
    ) -> Result<(), Error> {
        let origin = Origin { command: C::NAME, opcode: C::OPCODE, lba: None };
        let phase = if data.is_empty() { DataPhase::None } else { DataPhase::Out(data) };
        let moved = self.run(origin, &command.cdb(), phase, timeout, repeat)?;
        if moved < data.len() {
            return Err(Error::ShortTransfer { origin, expected: data.len(), got: moved });
        }
        Ok(())
    }

    /// Asks a question and reads the answer.
    pub(crate) fn query<Q: Query>(&self, query: &Q) -> Result<Q::Response, Error> {
        let origin = Origin { command: Q::NAME, opcode: Q::OPCODE, lba: None };
        let data = self.query_bytes(query)?;
        query.parse_response(&data).map_err(|source| Error::Answer { origin, source })
    }

    /// The standard INQUIRY data, asked for also while another owner holds the drive: it disturbs nobody.
    pub(crate) fn identify(&self) -> Result<StandardInquiry, Error> {
        let query = Inquiry::standard();
        let origin = Origin { command: Inquiry::NAME, opcode: Inquiry::OPCODE, lba: None };
        let mut buf = vec![0; usize::from(query.allocation_length)];
        let limit = self.options.patience.command;
        let data = DataPhase::In(&mut buf);
        let moved = self.repeat(origin, &query.cdb(), data, limit, Repeat::Freely)?;
        buf.truncate(moved);
        query.parse_response(&buf).map_err(|source| Error::Answer { origin, source })
    }

    /// Asks a question; the bytes that came.
    pub(crate) fn query_bytes<Q: Command>(&self, query: &Q) -> Result<Vec<u8>, Error> {
        let origin = Origin { command: Q::NAME, opcode: Q::OPCODE, lba: None };
        let Transfer::In(length) = query.transfer() else {
            return Err(Error::Argument(format!("{} has no answer of its own", Q::NAME)));
        };
        let mut buf = vec![0; length.min(self.max_transfer)];
        let moved = self.run(
            origin,
            &query.cdb(),
            DataPhase::In(&mut buf),
            self.options.patience.command,
            Repeat::Freely,
        )?;
        buf.truncate(moved);
        Ok(buf)
    }

    /// Repeats `attempt` while the drive says that it is busy, for at most `limit`.
    ///
    /// `watch` is asked before each sleep with the drive's answer and may end the wait.
    pub(crate) fn wait_while_busy<T>(
        &self,
        what: &'static str,
        limit: Duration,
        watch: &mut dyn FnMut(&CommandFailure) -> ControlFlow<()>,
        attempt: &mut dyn FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut backoff = Backoff::new(&self.options.clock, self.options.patience.poll);
        let (mut attentions, mut aborts) = (0, 0);
        loop {
            let (origin, failure) = match attempt() {
                Err(Error::Refused { failure, origin }) => match classify(&failure) {
                    Trouble::Attention if attentions < self.options.patience.attentions => {
                        attentions += 1;
                        continue;
                    }
                    Trouble::Busy => (origin, failure),
                    Trouble::Aborted if aborts < self.options.patience.aborted => {
                        aborts += 1;
                        (origin, failure)
                    }
                    _ if is_in_progress(&failure) => (origin, failure),
                    _ => return Err(Error::Refused { origin, failure }),
                },
                other => return other,
            };
            if backoff.waited() >= limit {
                let waited = backoff.waited();
                return Err(Error::StillBusy { what, waited, origin, last: Box::new(failure) });
            }
            if watch(&failure).is_break() {
                return Err(Error::Cancelled { what });
            }
            backoff.sleep();
        }
    }
}

/// How long a question or a setting waits for a drive that is in the middle of something.
const HICCUP: Duration = Duration::from_millis(500);

/// What to do about a failure, before looking closer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// Something happened before the command, and it is over; the command was not carried out.
    Attention,
    /// The drive cannot take a command now.
    Busy,
    /// The drive dropped the command.
    Aborted,
    /// Everything else.
    Other,
}

pub(crate) fn classify(failure: &CommandFailure) -> Trouble {
    match (failure.status, failure.sense) {
        (Status::BUSY | Status::TASK_SET_FULL, _) => Trouble::Busy,
        // An earlier command had trouble and got over it; this one was not carried out (SPC-4 4.5.5).
        (_, Some(s)) if s.deferred && s.key == SenseKey::RECOVERED_ERROR => Trouble::Attention,
        (_, Some(s)) if s.deferred => Trouble::Other,
        (_, Some(s)) if s.key == SenseKey::UNIT_ATTENTION => Trouble::Attention,
        (_, Some(s)) if s.key == SenseKey::ABORTED_COMMAND => Trouble::Aborted,
        _ => Trouble::Other,
    }
}

/// NOT READY with a reason that passes by itself: 2/04/01, /04, /07, /08 (MMC-6 annex F).
pub(crate) fn is_in_progress(failure: &CommandFailure) -> bool {
    failure.sense.is_some_and(|s| {
        s.key == SenseKey::NOT_READY
            && s.code.asc() == 0x04
            && matches!(s.code.ascq(), 0x01 | 0x04 | 0x07 | 0x08)
    })
}

/// A failure of the way rather than of the drive: no reason is given, or the communication failed (4/08/xx). A question
/// may be asked again.
pub(crate) fn is_garbled(failure: &CommandFailure) -> bool {
    match failure.sense {
        None => failure.status == Status::CHECK_CONDITION,
        Some(s) if s.deferred => false,
        Some(s) => s.key == SenseKey::NO_SENSE || (s.key == SenseKey::HARDWARE_ERROR && s.code.asc() == 0x08),
    }
}
