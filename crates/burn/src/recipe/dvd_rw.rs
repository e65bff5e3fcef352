//! DVD-RW in restricted overwrite mode: a blank one is formatted quickly as far as the data goes, one that was formatted in
//! part is formatted further where the data needs it, then it is overwritten in ECC blocks of 16 sectors (MMC-6 clause 4,
//! DVD-RW model).

use glassmaster_disc::Lba;
use glassmaster_mmc::Profile;
use glassmaster_mmc::cmd::{CloseFunction, FormatParameters, FormatType, SessionState};
use glassmaster_recorder::Medium;

use super::{Closing, Recipe, as_offered, choose_format, format_unit, padding};
use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;

/// Sectors of an ECC block.
const UNIT: u32 = 16;

/// Formats in the order they are taken: the quick one needs no pass over the whole disc.
const TYPES: [FormatType; 3] = [FormatType::DVD_RW_QUICK, FormatType::CD_RW_FULL, FormatType::FULL];

/// Formats that make a formatted part longer: quickly, or with a pass over the new part.
const GROWS: [FormatType; 2] = [FormatType::DVD_RW_QUICK_GROW, FormatType::CD_RW_GROW_SESSION];

/// Least that is formatted, 128 MiB: drives that only read are known to refuse discs with less.
const LEAST: u64 = 65_536;

pub(super) struct DvdRw {
    /// Sectors from 0 on that have to be formatted.
    needed: u64,
    /// Sectors that are.
    formatted: u64,
}

impl DvdRw {
    pub(super) fn new(medium: &Medium, sectors: u64) -> Self {
        let formatted =
            if medium.profile == Profile::DVD_RW_SEQUENTIAL { 0 } else { medium.formatted_sectors };
        Self { needed: sectors + u64::from(padding(sectors, UNIT)), formatted }
    }

    /// A new format. The quick one takes time for what it is told to format, so it is told no more than is needed.
    fn format_anew(&self, job: &mut Job<'_>) -> Result<(), Error> {
        let choice = choose_format(job, &TYPES, self.needed, "format for this DVD-RW")?;
        let mut parameters = as_offered(choice);
        if choice.kind == FormatType::DVD_RW_QUICK {
            parameters.blocks = whole_units(self.needed.max(LEAST)).min(choice.blocks);
        }
        format_unit(job, parameters)
    }

    /// More of a disc that is formatted in part. Only a closed border grows.
    fn format_further(&self, job: &mut Job<'_>) -> Result<(), Error> {
        Self::close_border(job)?;
        let more = self.needed.saturating_sub(self.formatted);
        let choice = choose_format(job, &GROWS, more, "way to format more of this DVD-RW")?;
        let parameters = as_offered(choice);
        format_unit(job, FormatParameters { blocks: whole_units(more).min(choice.blocks), ..parameters })
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
        medium.profile == Profile::DVD_RW_SEQUENTIAL || !medium.formatted || self.needed > self.formatted
    }

    fn format(&mut self, job: &mut Job<'_>, _medium: &Medium) -> Result<(), Error> {
        if self.formatted == 0 { self.format_anew(job) } else { self.format_further(job) }
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

/// The number of blocks for a parameter list, in whole ECC blocks.
fn whole_units(sectors: u64) -> u32 {
    u32::try_from(sectors).ok().and_then(|n| n.checked_next_multiple_of(UNIT)).unwrap_or(u32::MAX - UNIT + 1)
}
