//! BD-R in sequential recording mode, clusters of 32 sectors (MMC-6 clause 4, BD-R model).
//!
//! A blank disc that nobody formats becomes one without spare areas by its first write; on request it is formatted with
//! spare areas before, and the drive then replaces bad clusters.

use glassmaster_mmc::U24;
use glassmaster_mmc::cmd::{CapacityType, CloseFunction, FormatParameters, FormatType};
use glassmaster_recorder::{MediaState, Medium};

use super::{
    Closing, Recipe, as_offered, choose_format, close_track_and, format_capacities, format_unit, nearly_full,
    open_track_number, padding,
};
use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;
use crate::options::{DataOptions, SpareAreas};

/// Sectors of a cluster.
const UNIT: u32 = 32;
/// FORMAT SUB-TYPE of types 00h and 32h on BD-R: sequential recording without pseudo-overwrite (MMC-6 6.4). 00b would be
/// with it: later writes to the same address then take room away from the disc.
const WITHOUT_PSEUDO_OVERWRITE: u8 = 0b01;
/// Formats in the order they are taken: the drive's usual spare areas, then those that leave more room.
const TYPES: [FormatType; 2] = [FormatType::FULL, FormatType::BD_R];

pub(super) struct BdR {
    closing: Closing,
    track: u16,
    spare: bool,
    needed: u64,
}

impl BdR {
    pub(super) fn new(medium: &Medium, options: &DataOptions, sectors: u64) -> Self {
        let needed = sectors + u64::from(padding(sectors, UNIT));
        let closed = options.force_close || nearly_full(medium, needed);
        let closing = if closed { Closing::Final } else { Closing::Appendable };
        let spare = options.spare_areas == SpareAreas::With && medium.state.contains(MediaState::BLANK);
        Self { closing, track: open_track_number(medium), spare, needed }
    }
}

impl Recipe for BdR {
    fn closing(&self) -> Closing {
        self.closing
    }

    fn target(&self, medium: &Medium, sectors: u64) -> Target {
        Target { start: medium.next_writable, lead: 0, sectors, tail: padding(sectors, UNIT), unit: UNIT }
    }

    fn needs_format(&self, medium: &Medium) -> bool {
        self.spare && medium.state.contains(MediaState::BLANK)
    }

    fn format(&mut self, job: &mut Job<'_>, _medium: &Medium) -> Result<(), Error> {
        // A disc is formatted once. One that was left before its first block came to it is as it should be.
        if format_capacities(job)?.current.kind == CapacityType::FORMATTED {
            return Ok(());
        }
        let feature = "format with spare areas for this BD-R";
        let choice = choose_format(job, &TYPES, self.needed, feature)?;
        let mut parameters = FormatParameters { subtype: WITHOUT_PSEUDO_OVERWRITE, ..as_offered(choice) };
        if choice.kind == FormatType::BD_R {
            // The sizes of the single areas are left to the drive: their valid bits are 0.
            parameters.dependent = U24::default();
        }
        format_unit(job, parameters)
    }

    fn calibrates(&self) -> bool {
        true
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()?;
        let function =
            if self.closing == Closing::Final { CloseFunction::FINALIZE } else { CloseFunction::SESSION };
        close_track_and(job, self.track, function)
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        close_track_and(job, self.track, CloseFunction::SESSION)?;
        Ok("the part that was written was closed as a session; another one can follow".to_owned())
    }
}
