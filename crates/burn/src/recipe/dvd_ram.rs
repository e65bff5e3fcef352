//! DVD-RAM: sold formatted, every ECC block of 16 sectors can be written at any time; the drive replaces bad ones (MMC-6
//! clause 4, DVD-RAM model).

use glassmaster_disc::Lba;
use glassmaster_mmc::cmd::{FormatParameters, FormatType};
use glassmaster_recorder::Medium;

use super::{Closing, Recipe, format_capacities, format_unit, padding};
use crate::engine::Target;
use crate::error::{Error, ErrorKind};
use crate::job::Job;

/// Sectors of an ECC block.
const UNIT: u32 = 16;

pub(super) struct DvdRam;

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
        let offered = format_capacities(job)?.formattable;
        let choice = offered.iter().filter(|f| f.kind == FormatType::FULL).max_by_key(|f| f.blocks);
        let Some(choice) = choice else {
            return Err(job.fail(ErrorKind::Device(glassmaster_recorder::Error::NoFeature {
                feature: "format for this DVD-RAM",
                elsewhere: true,
            })));
        };
        let parameters = FormatParameters {
            blocks: choice.blocks,
            kind: choice.kind,
            dependent: choice.dependent,
            ..FormatParameters::default()
        };
        format_unit(job, parameters)
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        Ok("the disc is partly overwritten and can be written again".to_owned())
    }
}
