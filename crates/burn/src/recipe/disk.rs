//! Disks with random access (profile 0002h): every sector can be written at any time, there is nothing to prepare or close
//! (MMC-6 clause 4, removable disk model).

use glassmaster_disc::{Lba, SECTOR};
use glassmaster_recorder::Medium;

use super::{Closing, Recipe};
use crate::engine::Target;
use crate::error::{Error, ErrorKind, Unsuitable};
use crate::job::Job;

pub(super) struct Disk;

impl Recipe for Disk {
    fn closing(&self) -> Closing {
        Closing::Overwritable
    }

    fn target(&self, _medium: &Medium, sectors: u64) -> Target {
        Target { start: Lba(0), lead: 0, sectors, tail: 0, unit: 1 }
    }

    fn initialise(&mut self, job: &mut Job<'_>, medium: &Medium, target: Target) -> Result<Target, Error> {
        let capacity = job.recorder.read_capacity();
        // A disk may have blocks of 512 or 4096 bytes; then block numbers are not sector numbers.
        if usize::try_from(job.check(capacity)?.block_length).ok() != Some(SECTOR) {
            return Err(job.fail(ErrorKind::Unsuitable(Unsuitable::MediaType(medium.kind))));
        }
        Ok(target)
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        Ok("the disk is partly overwritten and can be written again".to_owned())
    }
}
