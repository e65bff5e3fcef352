//! FORMAT UNIT (MMC-6 6.4).

use std::time::Duration;

use glassmaster_disc::SECTOR_U64;
use glassmaster_mmc::cmd::{FormatParameters, FormatUnit, MediaEventCode};
use glassmaster_scsi::{DataPhase, Sense};

use super::sent;
use super::write::writable;
use crate::drive::VirtualDrive;
use crate::medium::FormatRequest;
use crate::pace::{Work, time_for};
use crate::sense;

/// A format that certifies nothing.
const QUICK: Duration = Duration::from_secs(30);

pub(super) fn run(d: &mut VirtualDrive, c: &FormatUnit, data: &DataPhase<'_>) -> Result<usize, Sense> {
    let disc = writable(d)?;
    let Some(format) = disc.rules().formattable() else { return Err(sense::CANNOT_FORMAT) };
    // MMC knows only the form with one format descriptor (MMC-6 6.4).
    if !c.format_data {
        return Err(sense::cdb_bit(1, 4));
    }
    if c.format_code != 1 {
        return Err(sense::cdb_bit(1, 2));
    }
    let p = FormatParameters::parse(sent(data, FormatParameters::LEN)?).map_err(|e| e.sense())?;
    let request = FormatRequest {
        blocks: p.blocks,
        format_type: p.kind.0,
        sub_type: p.subtype,
        parameter: p.dependent.get(),
    };
    disc.end_rehearsal();
    let change = format.format(disc, request)?;
    let certified = u64::from(format.certified(disc, request)) * SECTOR_U64;
    // Also in the background: lead-in and the first blocks are made before the host may use the disc.
    let time = QUICK + time_for(certified, d.current_data_speed());
    if format.in_background() {
        d.pace.start_background();
        if p.dependent.get() & 1 != 0 {
            d.push_event(MediaEventCode::BACKGROUND_FORMAT_RESTARTED);
        }
    }
    d.pace.work(Work::Format, time, p.header.immediate);
    d.note(change);
    Ok(FormatParameters::LEN)
}
