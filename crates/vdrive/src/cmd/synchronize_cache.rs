//! SYNCHRONIZE CACHE (10) (MMC-6 6.43).

use std::time::Duration;

use glassmaster_mmc::cmd::SynchronizeCache10;
use glassmaster_scsi::Sense;

use crate::drive::VirtualDrive;
use crate::pace::Work;
use crate::record::WriteParameters;

pub(super) fn run(d: &mut VirtualDrive, c: &SynchronizeCache10) -> Result<usize, Sense> {
    let p = WriteParameters::of(&d.pages.write_parameters);
    let disc = d.medium()?;
    let rules = disc.rules();
    // A disc that cannot be written has nothing in the buffer.
    if !disc.state.protected {
        let change = rules.synchronize(disc, &p)?;
        if !disc.end_rehearsal() {
            d.note(change);
        }
    }
    d.pace.work(Work::LongWrite, Duration::ZERO, c.immediate);
    Ok(0)
}
