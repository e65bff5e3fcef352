//! DVD+RW: formatted in the background, overwritten in ECC blocks of 16 sectors (MMC-6 clause 4, DVD+RW model).

use glassmaster_disc::Lba;
use glassmaster_mmc::U24;
use glassmaster_mmc::cmd::{BackgroundFormat, CloseFunction, FormatParameters, FormatType};
use glassmaster_recorder::Medium;

use super::{Closing, Recipe, format_capacities, format_unit, padding};
use crate::engine::Target;
use crate::error::{Error, ErrorKind};
use crate::job::Job;
use crate::options::DataOptions;

/// Sectors of an ECC block.
const UNIT: u32 = 16;
/// NUMBER OF BLOCKS for "as many as there are" (MMC-6 6.4, format type 26h).
const ALL_BLOCKS: u32 = 0xFFFF_FFFF;
/// Restart bit of the type dependent parameter: go on with a format that was stopped.
const RESTART: u16 = 0x0001;

pub(super) struct DvdPlusRw {
    compatible: bool,
}

impl DvdPlusRw {
    pub(super) fn new(options: &DataOptions) -> Self {
        Self { compatible: !options.disable_dvd_compatibility }
    }

    /// Ends the background format, so that the disc can be taken out. Compatible: with a lead-out that players accept.
    fn end_background_format(&self, job: &mut Job<'_>) -> Result<(), Error> {
        let disc = job.recorder.disc_information();
        if job.check(disc)?.background_format != BackgroundFormat::Running {
            return Ok(());
        }
        let functions = if self.compatible {
            [CloseFunction::SESSION, CloseFunction::STOP_BACKGROUND_FORMAT]
        } else {
            [CloseFunction::STOP_BACKGROUND_FORMAT, CloseFunction::SESSION]
        };
        for function in functions {
            if job.close(function, 0)? {
                return Ok(());
            }
        }
        job.notes
            .push("the drive goes on formatting in the background: do not take the disc out yet".to_owned());
        Ok(())
    }
}

impl Recipe for DvdPlusRw {
    fn closing(&self) -> Closing {
        Closing::Overwritable
    }

    fn target(&self, _medium: &Medium, sectors: u64) -> Target {
        Target { start: Lba(0), lead: 0, sectors, tail: padding(sectors, UNIT), unit: UNIT }
    }

    fn needs_format(&self, medium: &Medium) -> bool {
        let status = medium.disc.as_ref().map(|d| d.background_format);
        matches!(status, Some(BackgroundFormat::None | BackgroundFormat::Incomplete))
    }

    fn format(&mut self, job: &mut Job<'_>, medium: &Medium) -> Result<(), Error> {
        let offered = format_capacities(job)?
            .formattable
            .iter()
            .find(|f| f.kind == FormatType::DVD_PLUS_RW)
            .map_or(ALL_BLOCKS, |f| f.blocks);
        let stopped =
            medium.disc.as_ref().is_some_and(|d| d.background_format == BackgroundFormat::Incomplete);
        let dependent = if stopped { U24::from(RESTART) } else { U24::default() };
        let parameters = FormatParameters {
            blocks: offered,
            kind: FormatType::DVD_PLUS_RW,
            dependent,
            ..FormatParameters::default()
        };
        format_unit(job, parameters)?;
        let disc = job.recorder.disc_information();
        if job.check(disc)?.background_format == BackgroundFormat::None {
            return Err(job.fail(ErrorKind::Device(glassmaster_recorder::Error::MediaState(
                "the drive reports success, but the medium is still not formatted".to_owned(),
            ))));
        }
        Ok(())
    }

    fn end_format(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        self.end_background_format(job)
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()?;
        self.end_background_format(job)
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        self.end_background_format(job)?;
        Ok("the disc is partly overwritten and can be written again".to_owned())
    }
}
