//! Writes each command down.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::Record;
use super::record::fnv1a;
use crate::{Cdb, Claim, DataPhase, Direction, Outcome, SystemFacts, Transport, TransportError};

/// How much of the data a trace keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Detail {
    /// Nothing but its length.
    #[default]
    Lengths,
    /// A hash.
    Hashes,
    /// Every byte, in hexadecimal: what [`super::Replay`] needs.
    Data,
}

/// A transport that writes one line (see [`Record`]) for each command to a log, after the command is over.
#[derive(Debug)]
pub struct Trace<T, W> {
    inner: T,
    log: W,
    detail: Detail,
    trouble: Option<io::Error>,
}

impl<T: Transport, W: Write + Send> Trace<T, W> {
    /// Traces `inner` into `log`.
    pub const fn new(inner: T, log: W, detail: Detail) -> Self {
        Self { inner, log, detail, trouble: None }
    }

    /// The transport, the log, and the first error that writing the log met. A log that fails never stops a burn:
    /// tracing ends and the commands go on.
    pub fn into_parts(self) -> (T, W, Option<io::Error>) {
        (self.inner, self.log, self.trouble)
    }

    fn write(&mut self, record: &Record) {
        if self.trouble.is_none() {
            self.trouble = writeln!(self.log, "{record}").and_then(|()| self.log.flush()).err();
        }
    }
}

impl<T: Transport, W: Write + Send> Transport for Trace<T, W> {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let direction = data.direction();
        let length = data.len();
        let start = Instant::now();
        let result = self.inner.execute(cdb, data.reborrow(), timeout);
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let moved = match (&result, &data) {
            (Ok(outcome), DataPhase::In(buffer)) => buffer.get(..outcome.transferred).unwrap_or(buffer),
            (Ok(outcome), DataPhase::Out(sent)) => sent.get(..outcome.transferred).unwrap_or(sent),
            _ => &[],
        };
        let some = direction != Direction::None && result.is_ok();
        let hash = (some && self.detail != Detail::Lengths).then(|| fnv1a(moved));
        let kept = (some && self.detail == Detail::Data).then(|| moved.to_vec());
        let result_line = result.as_ref().map(Clone::clone).map_err(ToString::to_string);
        self.write(&Record { cdb: *cdb, direction, length, result: result_line, micros, hash, data: kept });
        result
    }

    fn max_transfer(&self) -> usize {
        self.inner.max_transfer()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn system(&self) -> SystemFacts {
        self.inner.system()
    }

    fn claim(&self) -> Result<Option<Claim>, TransportError> {
        self.inner.claim()
    }
}
