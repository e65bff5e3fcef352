//! SET CD SPEED, SET STREAMING, SEND OPC INFORMATION (MMC-6 6.39, 6.41, 6.38).

use std::time::Duration;

use glassmaster_mmc::cmd::{PerformanceDescriptor, SendOpcInformation, SetCdSpeed, SetStreaming};
use glassmaster_scsi::{DataPhase, Sense};

use super::sent;
use super::write::writable;
use crate::drive::VirtualDrive;
use crate::pace::Work;
use crate::sense;

pub(super) fn set_cd_speed(d: &mut VirtualDrive, c: &SetCdSpeed) -> Result<usize, Sense> {
    if c.rotation.0 > 1 {
        return Err(sense::cdb_bit(1, 1));
    }
    d.medium()?;
    let wanted = |speed| if speed == SetCdSpeed::BEST { 0 } else { u32::from(speed) };
    d.write_speed = wanted(c.write_speed);
    d.read_speed = wanted(c.read_speed);
    Ok(0)
}

pub(super) fn set_streaming(
    d: &mut VirtualDrive,
    c: &SetStreaming,
    data: &DataPhase<'_>,
) -> Result<usize, Sense> {
    // Only the performance descriptor; read-ahead and defect handling descriptors are not offered.
    if c.kind != 0 {
        return Err(sense::cdb_field(8));
    }
    if c.parameter_list_length != 28 {
        return Err(sense::PARAMETER_LIST_LENGTH);
    }
    d.medium()?;
    let p = PerformanceDescriptor::parse(sent(data, 28)?).map_err(|e| e.sense())?;
    if p.restore_defaults {
        d.write_speed = 0;
        d.read_speed = 0;
        return Ok(28);
    }
    if p.end < p.start {
        return Err(sense::list_field(8));
    }
    if p.write_time == 0 {
        return Err(sense::list_field(24));
    }
    // Size in kilobytes a time in milliseconds; 1000 bytes a second.
    let speed = |size: u32, time: u32| {
        u32::try_from(u64::from(size) * 1000 / u64::from(time.max(1))).unwrap_or(u32::MAX)
    };
    d.write_speed = speed(p.write_size, p.write_time);
    d.read_speed = speed(p.read_size, p.read_time);
    Ok(28)
}

pub(super) fn send_opc(
    d: &mut VirtualDrive,
    c: &SendOpcInformation,
    data: &DataPhase<'_>,
) -> Result<usize, Sense> {
    let disc = writable(d)?;
    if disc.rules().summary(disc).last_lead_out.is_none() && !disc.rules().facts().erasable {
        return Err(sense::CANNOT_WRITE);
    }
    if c.do_opc {
        d.pace.work(Work::LongWrite, Duration::from_secs(3), false);
        return Ok(0);
    }
    // OPC tables of 8 bytes a speed (MMC-6 6.38), kept by the drive until the disc leaves; a disc without
    // laser power has no use for them.
    if !c.parameter_list_length.is_multiple_of(8) {
        return Err(sense::PARAMETER_LIST_LENGTH);
    }
    let len = usize::from(c.parameter_list_length);
    sent(data, len)?;
    Ok(len)
}
