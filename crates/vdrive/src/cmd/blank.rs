//! BLANK (MMC-6 6.2).

use std::time::Duration;

use glassmaster_disc::SECTOR_U64;
use glassmaster_mmc::cmd::{Blank, BlankType};
use glassmaster_scsi::Sense;

use super::write::writable;
use crate::drive::VirtualDrive;
use crate::pace::{Work, time_for};

/// Erasing lead-in and management areas.
const MINIMAL: Duration = Duration::from_secs(40);

pub(super) fn run(d: &mut VirtualDrive, c: &Blank) -> Result<usize, Sense> {
    let disc = writable(d)?;
    disc.end_rehearsal();
    let rules = disc.rules();
    let change = rules.blank(disc, c.kind.0, c.start)?;
    let whole = u64::from(disc.store.geometry().blocks) * SECTOR_U64;
    let bytes = if c.kind == BlankType::DISC { whole } else { 0 };
    let time = MINIMAL + time_for(bytes, d.current_data_speed());
    d.pace.work(Work::Blank, time, c.immediate);
    d.note(change);
    Ok(0)
}
