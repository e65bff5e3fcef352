//! RESERVE TRACK (MMC-6, RESERVE TRACK command).

use glassmaster_mmc::cmd::ReserveTrack;
use glassmaster_scsi::Sense;

use super::write::writable;
use crate::drive::VirtualDrive;
use crate::medium::Reservation;
use crate::record::WriteParameters;
use crate::sense;

pub(super) fn run(d: &mut VirtualDrive, c: &ReserveTrack) -> Result<usize, Sense> {
    let p = WriteParameters::of(&d.pages.write_parameters);
    let by = match c {
        // Recording management zones exist on DVD-R only.
        ReserveTrack::Size { rmz: true, .. } => return Err(sense::cdb_bit(1, 1)),
        ReserveTrack::Size { blocks, .. } => Reservation::Size(*blocks),
        ReserveTrack::Split { lba } => Reservation::UpTo(lba.0),
    };
    let disc = writable(d)?;
    let rules = disc.rules();
    rules.reserve(disc, &p, by)?;
    Ok(0)
}
