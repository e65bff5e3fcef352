//! BD-RE: formatted once, then overwritten in clusters of 32 sectors (MMC-6 clause 4, BD-RE model).

use glassmaster_disc::Lba;
use glassmaster_mmc::cmd::{FormatParameters, FormatType};
use glassmaster_recorder::Medium;

use super::{Closing, Recipe, format_capacities, format_unit, padding};
use crate::engine::Target;
use crate::error::{Error, ErrorKind};
use crate::job::Job;
use crate::options::{DataOptions, SpareAreas};

/// Sectors of a cluster.
const UNIT: u32 = 32;

pub(super) struct BdRe {
    spare: SpareAreas,
}

impl BdRe {
    pub(super) fn new(options: &DataOptions) -> Self {
        Self { spare: options.spare_areas }
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
        let offered = format_capacities(job)?.formattable;
        let types = self.types();
        let choice =
            types.iter().find_map(|kind| offered.iter().filter(|f| f.kind == *kind).max_by_key(|f| f.blocks));
        let Some(choice) = choice else {
            return Err(job.fail(ErrorKind::Device(glassmaster_recorder::Error::NoFeature {
                feature: "format for this BD-RE",
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
