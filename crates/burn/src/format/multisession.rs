//! How a further session can be added to what lies in the drive.

use std::sync::Arc;

use glassmaster_disc::{BlockSource, MediaType, Multisession, SessionAddresses};
use glassmaster_recorder::{DiscRecorder, MediaState, Medium};

use super::data::DataBurn;
use crate::recipe;

/// Post-gap and run-out that a further track of a CD takes beside its data (ECMA-130 clause 20, MMC-6 4.2).
const CD_OVERHEAD: u64 = 150 + 2;

impl DataBurn {
    /// The ways to add a session to the medium, for the file-system half. One for every medium that is known; it is not
    /// `supported` when the medium is closed, damaged, write protected or full.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium.
    #[doc(alias = "MultisessionInterfaces")]
    pub fn multisession_interfaces(
        &self,
        recorder: &DiscRecorder,
    ) -> Result<Vec<Multisession>, glassmaster_recorder::Error> {
        let medium = recorder.medium()?;
        if !recipe::MEDIA.contains(&medium.kind) {
            return Ok(Vec::new());
        }
        let usable = !medium.state.is_unusable();
        let source: Arc<dyn BlockSource> = Arc::new(recorder.disc_source()?);
        let write_unit = write_unit(medium.kind);
        let (supported, addresses) = if medium.state.contains(MediaState::OVERWRITE_ONLY) {
            let addresses =
                SessionAddresses::RandomWrite { write_unit, last_written: None, total: medium.total };
            (usable && medium.formatted, addresses)
        } else {
            let sessions = recorder.sessions()?;
            let data = sessions.iter().rfind(|s| s.data);
            let addresses = SessionAddresses::Sequential {
                first_data_session: data.is_none(),
                previous_start: data.map(|s| s.start),
                previous_last: data.map(|s| s.last),
                next_writable: u32::try_from(medium.next_writable.0).unwrap_or(0),
                free: self.free(&medium),
                write_unit,
            };
            (usable && medium.state.contains(MediaState::APPENDABLE) && medium.free > 0, addresses)
        };
        Ok(vec![Multisession { supported, in_use: false, addresses, source }])
    }

    /// Sectors that data can take.
    pub(super) fn free(&self, medium: &Medium) -> u64 {
        let unit = u64::from(write_unit(medium.kind));
        let overhead = match (medium.kind, self.options.postgap_in_image) {
            (MediaType::CD_R | MediaType::CD_RW, false) => CD_OVERHEAD,
            (MediaType::CD_R | MediaType::CD_RW, true) => CD_OVERHEAD - 150,
            _ => 0,
        };
        let free = medium.free.saturating_sub(overhead);
        free - free % unit
    }
}

/// Sectors that a medium records together.
pub(super) fn write_unit(kind: MediaType) -> u32 {
    match kind {
        MediaType::CD_R | MediaType::CD_RW | MediaType::DISK => 1,
        MediaType::BD_R | MediaType::BD_RE => 32,
        _ => 16,
    }
}
