//! DVD-R of two layers: one session only, disc at once with a layer boundary in the middle of the data, or layer jump
//! recording (MMC-6 clause 4, DVD-R DL model; profiles 0015h and 0016h).

use glassmaster_mmc::Profile;
use glassmaster_mmc::page::WriteType;
use glassmaster_recorder::{MediaState, Medium};

use super::dvd_r::DvdR;
use super::layer::set_layer_break;
use super::{Closing, Recipe, Supports};
use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;
use crate::options::{DashWriteType, DataOptions};

pub(super) struct DvdRDl {
    inner: DvdR,
    blank: bool,
}

impl DvdRDl {
    pub(super) fn new(medium: &Medium, options: &DataOptions, sectors: u64, supports: &Supports) -> Self {
        let mut inner = DvdR::new(medium, options, sectors, supports, true);
        let jumps = match options.dash_write_type {
            _ if options.test_write => false,
            DashWriteType::LayerJump => true,
            DashWriteType::Auto => medium.profile == Profile::DVD_R_DL_LAYER_JUMP,
            _ => false,
        };
        if jumps {
            inner.write_type = WriteType::LAYER_JUMP;
        }
        Self { inner, blank: medium.state.contains(MediaState::BLANK) }
    }
}

impl Recipe for DvdRDl {
    fn closing(&self) -> Closing {
        self.inner.closing()
    }

    fn target(&self, medium: &Medium, sectors: u64) -> Target {
        self.inner.target(medium, sectors)
    }

    fn initialise(&mut self, job: &mut Job<'_>, medium: &Medium, target: Target) -> Result<Target, Error> {
        // Only a recording from one end to the other may turn where the host likes, and only before room is reserved.
        if self.blank && self.inner.write_type == WriteType::SESSION_AT_ONCE {
            set_layer_break(job, target)?;
        }
        self.inner.initialise(job, medium, target)
    }

    fn announce(&mut self, job: &mut Job<'_>, medium: &Medium, target: Target) -> Result<Target, Error> {
        self.inner.announce(job, medium, target)
    }

    fn calibrates(&self) -> bool {
        true
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        self.inner.finalise(job)
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        self.inner.abandon(job)
    }

    fn restore(&mut self) -> Option<String> {
        self.inner.restore()
    }
}
