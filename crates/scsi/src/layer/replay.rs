//! Plays a recorded conversation back.

use std::io::BufRead;
use std::time::Duration;

use super::record::fnv1a;
use super::{Record, RecordError};
use crate::{Cdb, DataPhase, Direction, Outcome, Transport, TransportError};

/// A transport without a drive: it gives the recorded answers, as long as the host says what was recorded.
///
/// A command, direction, length or data-out that differs, and one past the end, is a
/// [`TransportError::Protocol`] that names the place. A recorded transport error comes back as
/// [`TransportError::DeviceGone`] with its text.
#[derive(Debug)]
pub struct Replay {
    records: std::vec::IntoIter<Record>,
    done: usize,
    max_transfer: usize,
}

impl Replay {
    /// Reads a conversation in the form of [`Record`].
    ///
    /// # Errors
    /// [`RecordError`] with the line, also for a data-in command without its data.
    pub fn read(source: impl BufRead) -> Result<Self, RecordError> {
        let mut records = Vec::new();
        for (number, line) in source.lines().enumerate() {
            let number = number + 1;
            let fail = |text: String| RecordError::at(number, &text);
            let line = line.map_err(|e| fail(e.to_string()))?;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let record: Record = line.parse().map_err(|e: RecordError| fail(e.to_string()))?;
            let moved = record.result.as_ref().map_or(0, |outcome| outcome.transferred);
            if record.direction == Direction::In && moved > 0 && record.data.is_none() {
                return Err(fail("a data-in command without 'data' cannot be played back".to_owned()));
            }
            records.push(record);
        }
        Ok(Self::new(records))
    }

    /// Plays these records.
    #[must_use]
    pub fn new(records: Vec<Record>) -> Self {
        let longest = records.iter().map(|r| r.length).max().unwrap_or(0);
        Self { records: records.into_iter(), done: 0, max_transfer: longest.max(65536) }
    }

    /// Commands that were not asked for yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.records.len()
    }
}

impl Transport for Replay {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        _timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        self.done += 1;
        let place = self.done;
        let differs = |what: String| TransportError::Protocol {
            device: "replay".to_owned(),
            detail: format!("command {place}: {what}"),
        };
        let record = self.records.next().ok_or_else(|| differs(format!("{cdb} after the end")))?;
        if record.cdb != *cdb {
            return Err(differs(format!("{cdb} where {} was recorded", record.cdb)));
        }
        if (record.direction, record.length) != (data.direction(), data.len()) {
            return Err(differs(format!(
                "{} bytes {:?} where {} bytes {:?} were recorded",
                data.len(),
                data.direction(),
                record.length,
                record.direction
            )));
        }
        if let (DataPhase::Out(sent), Ok(outcome)) = (&data, &record.result) {
            let sent = sent.get(..outcome.transferred).unwrap_or(sent);
            let same = record.data.as_ref().is_none_or(|kept| kept == sent)
                && record.hash.is_none_or(|hash| hash == fnv1a(sent));
            if !same {
                return Err(differs("other data-out than was recorded".to_owned()));
            }
        }
        let outcome = record
            .result
            .map_err(|detail| TransportError::DeviceGone { device: "replay".to_owned(), detail })?;
        if let Some(kept) = &record.data {
            data.fill(kept);
        }
        Ok(outcome)
    }

    fn max_transfer(&self) -> usize {
        self.max_transfer
    }

    fn name(&self) -> &str {
        "replay"
    }
}
