//! CLOSE TRACK SESSION (MMC-6 6.3).

use std::time::Duration;

use glassmaster_mmc::cmd::CloseTrackSession;
use glassmaster_scsi::Sense;

use super::write::writable;
use crate::drive::VirtualDrive;
use crate::medium::Change;
use crate::pace::Work;
use crate::record::WriteParameters;

/// Recording a lead-out, or the structures that end a track.
const CLOSE_SESSION: Duration = Duration::from_secs(20);
const CLOSE_TRACK: Duration = Duration::from_secs(2);

pub(super) fn run(d: &mut VirtualDrive, c: &CloseTrackSession) -> Result<usize, Sense> {
    let p = WriteParameters::of(&d.pages.write_parameters);
    let disc = writable(d)?;
    let rules = disc.rules();
    let change = rules.close(disc, &p, c.function.0, c.track);
    // Closing is the end of a test write too.
    let change = if disc.end_rehearsal() { change.map(|_| Change::default()) } else { change }?;
    let time = if c.function.0 == 1 { CLOSE_TRACK } else { CLOSE_SESSION };
    d.pace.work(Work::LongWrite, time, c.immediate);
    d.note(change);
    Ok(0)
}
