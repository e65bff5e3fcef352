//! TEST UNIT READY, REQUEST SENSE, MECHANISM STATUS, READ BUFFER CAPACITY (MMC-6 6.44, REQUEST SENSE command, 6.10, 6.17).

use glassmaster_mmc::cmd::{
    BufferCapacity, ChangerState, Mechanism, MechanismState, ReadBufferCapacity, RequestSense,
};
use glassmaster_scsi::{DataPhase, Sense};

use super::send;
use crate::drive::VirtualDrive;
use crate::pace::BUFFER;

pub(super) fn test_unit_ready(d: &mut VirtualDrive) -> Result<usize, Sense> {
    d.medium()?;
    Ok(0)
}

/// Pending attention first, then what the drive is busy with, then whether there is a disc. Sense data itself
/// never waits here: it comes with the status of the command that caused it.
pub(super) fn request_sense(
    d: &mut VirtualDrive,
    c: &RequestSense,
    data: &mut DataPhase<'_>,
) -> Result<usize, Sense> {
    let sense = match d.attention.pop_front() {
        Some(attention) => attention,
        None => match d.pace.busy() {
            Some((_, busy)) => busy,
            None => match d.medium() {
                Err(missing) => missing,
                Ok(disc) => background_progress(disc),
            },
        },
    };
    let bytes = if c.descriptor_format { sense.to_descriptors() } else { sense.to_fixed().to_vec() };
    send(data, &bytes, c.allocation_length.into())
}

/// NO SENSE, with the share done while a background format runs (MMC-6, REQUEST SENSE command).
fn background_progress(disc: &crate::medium::Disc) -> Sense {
    if !disc.is_background_formatting() {
        return Sense::of(0, 0, 0);
    }
    let (done, all) = (u64::from(disc.state.formatted_blocks), u64::from(disc.state.user_blocks.max(1)));
    let share = u16::try_from(done * 65_535 / all).unwrap_or(u16::MAX);
    Sense::of(0, 0x04, 0x04).with_progress(share)
}

pub(super) fn mechanism(d: &VirtualDrive) -> Vec<u8> {
    Mechanism {
        changer: ChangerState::READY,
        state: MechanismState::IDLE,
        door_open: d.tray_open,
        ..Mechanism::default()
    }
    .to_bytes()
}

pub(super) fn buffer_capacity(d: &mut VirtualDrive, c: &ReadBufferCapacity) -> Result<BufferCapacity, Sense> {
    d.medium()?;
    let free = BUFFER - d.pace.buffered();
    Ok(if c.in_blocks {
        BufferCapacity { in_blocks: true, length: 0, available: free / 2048 }
    } else {
        BufferCapacity { in_blocks: false, length: BUFFER, available: free }
    })
}
