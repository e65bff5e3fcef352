//! BD-RE: formatted once, then overwritten in clusters of 32 sectors (MMC-6 clause 4, BD-RE model).

use glassmaster_disc::Lba;
use glassmaster_mmc::cmd::FormatType;
use glassmaster_recorder::Medium;

use super::{Closing, Recipe, Supports, as_offered, choose_format, format_with_subtype, padding};
use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;
use crate::options::{DataOptions, SpareAreas};

/// Sectors of a cluster.
const UNIT: u32 = 32;

/// FORMAT SUB-TYPE of types 30h and 31h (MMC-6 6.4); 10b would read all of the disc. Drives differ in which they take for a
/// disc that was never formatted.
const QUICK_REFORMAT: u8 = 0b00;
const NO_CERTIFICATION: u8 = 0b01;
const QUICK_CERTIFICATION: u8 = 0b11;

pub(super) struct BdRe {
    spare: SpareAreas,
    needed: u64,
    quick_certification: bool,
}

impl BdRe {
    pub(super) fn new(options: &DataOptions, sectors: u64, supports: &Supports) -> Self {
        Self {
            spare: options.spare_areas,
            needed: sectors + u64::from(padding(sectors, UNIT)),
            quick_certification: supports.quick_certification,
        }
    }

    fn types(&self) -> &'static [FormatType] {
        match self.spare {
            SpareAreas::Auto => &TYPES,
            SpareAreas::With => &[FormatType::BD_RE_WITH_SPARE],
            SpareAreas::Without => &[FormatType::BD_RE_WITHOUT_SPARE],
        }
    }
}

/// Formats in the order they are taken: with the drive's usual spare areas, with spare areas, without.
const TYPES: [FormatType; 3] =
    [FormatType::FULL, FormatType::BD_RE_WITH_SPARE, FormatType::BD_RE_WITHOUT_SPARE];

impl Recipe for BdRe {
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
        let choice = choose_format(job, self.types(), self.needed, "format for this BD-RE")?;
        let subtypes: &[u8] = match choice.kind {
            FormatType::BD_RE_WITH_SPARE if self.quick_certification => {
                &[QUICK_CERTIFICATION, QUICK_REFORMAT, NO_CERTIFICATION]
            }
            FormatType::BD_RE_WITH_SPARE | FormatType::BD_RE_WITHOUT_SPARE => {
                &[QUICK_REFORMAT, NO_CERTIFICATION]
            }
            // Type 00h on BD-RE knows none.
            _ => &[],
        };
        format_with_subtype(job, as_offered(choice), subtypes)
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        Ok("the disc is partly overwritten and can be written again".to_owned())
    }
}
