//! DVD+R of two layers: always closed by its only session, the layer boundary in the middle of the data (MMC-6 clause 4,
//! DVD+R DL model).

use glassmaster_mmc::cmd::CloseFunction;
use glassmaster_recorder::{MediaState, Medium};

use super::layer::set_layer_break;
use super::{Closing, Recipe, open_track_number, padding};
use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;
use crate::options::DataOptions;

/// Sectors of an ECC block.
const UNIT: u32 = 16;

pub(super) struct DvdPlusRDl {
    /// Move the layer boundary, so that closing has no layer to fill up.
    balance: bool,
    track: u16,
}

impl DvdPlusRDl {
    pub(super) fn new(medium: &Medium, options: &DataOptions) -> Self {
        let blank = medium.state.contains(MediaState::BLANK);
        Self { balance: blank && !options.disable_dvd_compatibility, track: open_track_number(medium) }
    }
}

impl Recipe for DvdPlusRDl {
    fn closing(&self) -> Closing {
        Closing::Final
    }

    fn target(&self, medium: &Medium, sectors: u64) -> Target {
        Target { start: medium.next_writable, lead: 0, sectors, tail: padding(sectors, UNIT), unit: UNIT }
    }

    fn initialise(&mut self, job: &mut Job<'_>, _medium: &Medium, target: Target) -> Result<Target, Error> {
        if self.balance {
            set_layer_break(job, target)?;
        }
        Ok(target)
    }

    fn calibrates(&self) -> bool {
        true
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()?;
        super::close_track_and(job, self.track, CloseFunction::FINALIZE)
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        super::close_track_and(job, self.track, CloseFunction::SESSION)?;
        Ok("the part that was written was closed as a session".to_owned())
    }
}
