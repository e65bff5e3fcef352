//! BD-R in sequential recording mode, clusters of 32 sectors (MMC-6 clause 4, BD-R model).
//!
//! A blank disc that nobody formats becomes one without spare areas by its first write.

use glassmaster_mmc::cmd::CloseFunction;
use glassmaster_recorder::Medium;

use super::{Closing, Recipe, close_track_and, nearly_full, open_track_number, padding};
use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;
use crate::options::DataOptions;

/// Sectors of a cluster.
const UNIT: u32 = 32;

pub(super) struct BdR {
    closing: Closing,
    track: u16,
}

impl BdR {
    pub(super) fn new(medium: &Medium, options: &DataOptions, sectors: u64) -> Self {
        let needed = sectors + u64::from(padding(sectors, UNIT));
        let closed = options.force_close || nearly_full(medium, needed);
        let closing = if closed { Closing::Final } else { Closing::Appendable };
        Self { closing, track: open_track_number(medium) }
    }
}

impl Recipe for BdR {
    fn closing(&self) -> Closing {
        self.closing
    }

    fn target(&self, medium: &Medium, sectors: u64) -> Target {
        Target { start: medium.next_writable, lead: 0, sectors, tail: padding(sectors, UNIT), unit: UNIT }
    }

    fn calibrates(&self) -> bool {
        true
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()?;
        let function =
            if self.closing == Closing::Final { CloseFunction::FINALIZE } else { CloseFunction::SESSION };
        close_track_and(job, self.track, function)
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        close_track_and(job, self.track, CloseFunction::SESSION)?;
        Ok("the part that was written was closed as a session; another one can follow".to_owned())
    }
}
