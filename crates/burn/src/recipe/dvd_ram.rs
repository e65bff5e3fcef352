//! DVD-RAM: sold formatted, every ECC block of 16 sectors can be written at any time; the drive replaces bad ones (MMC-6
//! clause 4, DVD-RAM model).

use glassmaster_disc::Lba;
use glassmaster_mmc::cmd::FormatType;
use glassmaster_recorder::Medium;

use super::{Closing, Recipe, as_offered, choose_format, format_unit, padding};
use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;

/// Sectors of an ECC block.
const UNIT: u32 = 16;

pub(super) struct DvdRam {
    needed: u64,
}

impl DvdRam {
    pub(super) fn new(sectors: u64) -> Self {
        Self { needed: sectors + u64::from(padding(sectors, UNIT)) }
    }
}

impl Recipe for DvdRam {
    fn closing(&self) -> Closing {
        Closing::Overwritable
    }

    fn target(&self, _medium: &Medium, sectors: u64) -> Target {
        Target { start: Lba(0), lead: 0, sectors, tail: padding(sectors, UNIT), unit: UNIT }
    }

    fn needs_format(&self, medium: &Medium) -> bool {
        !medium.formatted
    }

    fn format(&mut self, job: &mut Job<'_>, _medium: &Medium) -> Result<(), Error> {
        let choice = choose_format(job, &[FormatType::FULL], self.needed, "format for this DVD-RAM")?;
        format_unit(job, as_offered(choice))
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        Ok("the disc is partly overwritten and can be written again".to_owned())
    }
}
