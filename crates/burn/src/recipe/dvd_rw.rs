//! DVD-RW in restricted overwrite mode: a blank one is formatted quickly, then overwritten in ECC blocks of 16 sectors
//! (MMC-6 clause 4, DVD-RW model).

use glassmaster_disc::Lba;
use glassmaster_mmc::Profile;
use glassmaster_mmc::cmd::{CloseFunction, FormatType, SessionState};
use glassmaster_recorder::Medium;

use super::{Closing, Recipe, as_offered, choose_format, format_unit, padding};
use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;

/// Sectors of an ECC block.
const UNIT: u32 = 16;

/// Formats in the order they are taken: the quick one needs no pass over the whole disc.
const TYPES: [FormatType; 3] = [FormatType::DVD_RW_QUICK, FormatType::CD_RW_FULL, FormatType::FULL];

pub(super) struct DvdRw {
    needed: u64,
}

impl DvdRw {
    pub(super) fn new(sectors: u64) -> Self {
        Self { needed: sectors + u64::from(padding(sectors, UNIT)) }
    }

    /// After a quick format the last border stays open until it is closed (MMC-6 clause 4, intermediate state), and
    /// players that only read cannot read the disc.
    fn close_border(job: &mut Job<'_>) -> Result<(), Error> {
        let disc = job.recorder.disc_information();
        if job.check(disc)?.last_session_state != SessionState::Incomplete {
            return Ok(());
        }
        // 010b takes the last border out of its intermediate state (MMC-6 6.3, close function); 011b is left for drives
        // that know nothing else.
        for function in [CloseFunction::SESSION, CloseFunction::BORDER] {
            if job.close(function, 0)? {
                return Ok(());
            }
        }
        job.notes.push(
            "the drive cannot close the border: drives that only read may not read the disc".to_owned(),
        );
        Ok(())
    }
}

impl Recipe for DvdRw {
    fn closing(&self) -> Closing {
        Closing::Overwritable
    }

    fn target(&self, _medium: &Medium, sectors: u64) -> Target {
        Target { start: Lba(0), lead: 0, sectors, tail: padding(sectors, UNIT), unit: UNIT }
    }

    fn needs_format(&self, medium: &Medium) -> bool {
        medium.profile == Profile::DVD_RW_SEQUENTIAL || !medium.formatted
    }

    fn format(&mut self, job: &mut Job<'_>, _medium: &Medium) -> Result<(), Error> {
        let choice = choose_format(job, &TYPES, self.needed, "format for this DVD-RW")?;
        format_unit(job, as_offered(choice))
    }

    fn calibrates(&self) -> bool {
        true
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()?;
        Self::close_border(job)
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        Self::close_border(job)?;
        Ok("the disc is partly overwritten and can be written again".to_owned())
    }
}
