//! DVD+R: one fragment of a session, ECC blocks of 16 sectors (MMC-6 clause 4, DVD+R model).

use glassmaster_mmc::cmd::CloseFunction;
use glassmaster_recorder::Medium;

use super::{Closing, Recipe, nearly_full, open_track_number, padding};
use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;
use crate::options::DataOptions;

/// Sectors of an ECC block.
const UNIT: u32 = 16;

pub(super) struct DvdPlusR {
    closing: Closing,
    /// Close for the most players: the documented meaning of the two flags together.
    compatible: bool,
    track: u16,
}

impl DvdPlusR {
    pub(super) fn new(medium: &Medium, options: &DataOptions, sectors: u64) -> Self {
        let compatible = !options.disable_dvd_compatibility;
        let needed = sectors + u64::from(padding(sectors, UNIT));
        let closed = compatible || options.force_close || nearly_full(medium, needed);
        let closing = if closed { Closing::Final } else { Closing::Appendable };
        Self { closing, compatible, track: open_track_number(medium) }
    }
}

impl Recipe for DvdPlusR {
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
        super::close_track(job, self.track)?;
        if self.closing != Closing::Final {
            return job.close_or_fail(CloseFunction::SESSION, 0);
        }
        if self.compatible {
            if job.close(CloseFunction::FINALIZE_MINIMAL, 0)? {
                return Ok(());
            }
            job.notes
                .push("the drive cannot close for the most players; the disc was closed normally".to_owned());
        }
        job.close_or_fail(CloseFunction::FINALIZE, 0)
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        super::close_track_and(job, self.track, CloseFunction::SESSION)?;
        Ok("the part that was written was closed as a session; another one can follow".to_owned())
    }
}
