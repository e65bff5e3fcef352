//! What a drive says beside its answers: that the medium may be another one, or that something it took is lost.
//!
//! A drive tells such news with the next command, whichever that is and whether or not the command has to do with it
//! (SAM-5 5.14, SPC-4 4.5.5). A command that is repeated, or whose failure is no matter, would swallow them: so they are kept
//! here, and who depends on them asks whether there were any.

use std::sync::{Mutex, PoisonError};

use glassmaster_scsi::{CommandFailure, SenseKey};

use crate::command::Origin;
use crate::{DiscRecorder, Error};

/// A moment in the conversation with a drive. What came after it can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    changes: u64,
    losses: u64,
}

/// How often something was said, and when last.
#[derive(Default)]
struct Told {
    count: u64,
    last: Option<(Origin, CommandFailure)>,
}

impl Told {
    fn note(&mut self, origin: Origin, failure: &CommandFailure) {
        self.count = self.count.saturating_add(1);
        self.last = Some((origin, *failure));
    }

    fn since(&self, count: u64) -> Result<(), Error> {
        match &self.last {
            Some((origin, failure)) if self.count > count => {
                Err(Error::Refused { origin: *origin, failure: *failure })
            }
            _ => Ok(()),
        }
    }
}

#[derive(Default)]
struct Heard {
    changes: Told,
    losses: Told,
}

/// The news of one drive.
#[derive(Default)]
pub(crate) struct Incidents(Mutex<Heard>);

impl Incidents {
    /// Keeps a failure that is news of this kind.
    pub(crate) fn note(&self, origin: Origin, failure: &CommandFailure) {
        let Some(sense) = failure.sense else { return };
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sense.deferred {
            if sense.key != SenseKey::RECOVERED_ERROR {
                heard.losses.note(origin, failure);
            }
        } else if is_another(failure) {
            heard.changes.note(origin, failure);
        }
    }
}

/// Whether the medium may be another one (6/28/xx), or the drive was reset and has forgotten what it held (6/29/xx).
pub(crate) fn is_another(failure: &CommandFailure) -> bool {
    failure.sense.is_some_and(|s| {
        s.key == SenseKey::UNIT_ATTENTION && !s.deferred && matches!(s.code.asc(), 0x28 | 0x29)
    })
}

impl DiscRecorder {
    /// Now, to ask later what the drive has said since.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let heard = self.device().incidents().0.lock().unwrap_or_else(PoisonError::into_inner);
        Moment { changes: heard.changes.count, losses: heard.losses.count }
    }

    /// Nothing, if since then the drive has neither been reset nor got a medium that may be another one (6/28, 6/29), to
    /// whatever command it said so.
    ///
    /// # Errors
    /// [`Error::Refused`] with the command and its answer.
    pub fn unchanged_since(&self, moment: &Moment) -> Result<(), Error> {
        let heard = self.device().incidents().0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.changes.since(moment.changes)
    }

    /// Nothing, if since then the drive has not taken back what it had promised of an earlier command: no deferred error
    /// (SPC-4 4.5.5) but of one that was recovered.
    ///
    /// # Errors
    /// [`Error::Refused`] with the command and its answer.
    pub fn kept_since(&self, moment: &Moment) -> Result<(), Error> {
        let heard = self.device().incidents().0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.losses.since(moment.losses)
    }
}
