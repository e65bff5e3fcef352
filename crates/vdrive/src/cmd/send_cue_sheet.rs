//! SEND CUE SHEET (MMC-6, SEND CUE SHEET command).

use glassmaster_mmc::cmd::SendCueSheet;
use glassmaster_scsi::{DataPhase, Sense};

use super::sent;
use super::write::writable;
use crate::drive::VirtualDrive;
use crate::record::WriteParameters;

pub(super) fn run(d: &mut VirtualDrive, c: &SendCueSheet, data: &DataPhase<'_>) -> Result<usize, Sense> {
    let p = WriteParameters::of(&d.pages.write_parameters);
    let len = usize::try_from(c.cue_sheet_size.get()).unwrap_or(usize::MAX);
    let disc = writable(d)?;
    let rules = disc.rules();
    rules.cue_sheet(disc, &p, sent(data, len)?)?;
    Ok(len)
}
