//! The ioctls of the SCSI generic driver, version 3 interface, and the signal mask around them. The only `unsafe` of
//! the crate.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use rustix::io::Errno;
use rustix::ioctl::{Opcode, Updater, ioctl};

use super::Answer;
use crate::{Cdb, DataPhase};

const SG_IO: Opcode = 0x2285;
const SG_GET_VERSION_NUM: Opcode = 0x2282;
const BLKSECTGET: Opcode = 0x1267;

const DXFER_NONE: i32 = -1;
const DXFER_TO_DEV: i32 = -2;
const DXFER_FROM_DEV: i32 = -3;

/// `struct sg_io_hdr` of `scsi/sg.h`.
#[repr(C)]
struct SgIoHdr {
    interface_id: i32,
    dxfer_direction: i32,
    cmd_len: u8,
    mx_sb_len: u8,
    iovec_count: u16,
    dxfer_len: u32,
    dxferp: *mut c_void,
    cmdp: *const u8,
    sbp: *mut u8,
    timeout: u32,
    flags: u32,
    pack_id: i32,
    usr_ptr: *mut c_void,
    status: u8,
    masked_status: u8,
    msg_status: u8,
    sb_len_wr: u8,
    host_status: u16,
    driver_status: u16,
    resid: i32,
    duration: u32,
    info: u32,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<SgIoHdr>() == 88);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<SgIoHdr>() == 64);

/// Room for sense data; drives send 18 bytes, descriptor format up to 252.
const SENSE_ROOM: usize = 252;

/// No signal reaches this thread while it lives.
///
/// The generic driver waits for the drive in a way that signals interrupt. The kernel then starts the call again and
/// so sends the command a second time, which spoils a sequential recording; or the call fails while the drive
/// still writes from our buffer. Other threads of the process still take the signal.
struct SignalsHeld {
    before: libc::sigset_t,
}

impl SignalsHeld {
    fn new() -> Result<Self, Errno> {
        let mut all = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        // SAFETY: `sigfillset` initialises the set it is given, `pthread_sigmask` reads it and on success initialises
        // the second one; both point to room for one set.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            match libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr()) {
                0 => Ok(Self { before: before.assume_init() }),
                error => Err(Errno::from_raw_os_error(error)),
            }
        }
    }
}

impl Drop for SignalsHeld {
    fn drop(&mut self) {
        // SAFETY: `before` was filled by the kernel; no old set is asked for. It cannot fail with a valid `how`.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut()) };
    }
}

pub(super) fn execute(
    fd: &OwnedFd,
    cdb: &Cdb,
    data: &mut DataPhase<'_>,
    timeout: Duration,
) -> Result<Answer, Errno> {
    let mut sense = [0u8; SENSE_ROOM];
    let block = *cdb;
    let bytes = block.as_bytes();
    let length = u32::try_from(data.len()).map_err(|_| Errno::INVAL)?;
    let (direction, pointer): (i32, *mut c_void) = match data {
        // A zero length with a direction is refused by some host adapters.
        _ if length == 0 => (DXFER_NONE, ptr::null_mut()),
        DataPhase::None => (DXFER_NONE, ptr::null_mut()),
        DataPhase::In(buffer) => (DXFER_FROM_DEV, buffer.as_mut_ptr().cast()),
        DataPhase::Out(buffer) => (DXFER_TO_DEV, buffer.as_ptr().cast_mut().cast()),
    };
    let mut header = SgIoHdr {
        interface_id: i32::from(b'S'),
        dxfer_direction: direction,
        cmd_len: u8::try_from(bytes.len()).map_err(|_| Errno::INVAL)?,
        mx_sb_len: u8::try_from(SENSE_ROOM).map_err(|_| Errno::INVAL)?,
        iovec_count: 0,
        dxfer_len: length,
        dxferp: pointer,
        cmdp: bytes.as_ptr(),
        sbp: sense.as_mut_ptr(),
        timeout: u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).max(1),
        flags: 0,
        pack_id: 0,
        usr_ptr: ptr::null_mut(),
        status: 0,
        masked_status: 0,
        msg_status: 0,
        sb_len_wr: 0,
        host_status: 0,
        driver_status: 0,
        resid: 0,
        duration: 0,
        info: 0,
    };
    let held = SignalsHeld::new()?;
    // SAFETY: SG_IO takes a `struct sg_io_hdr`, whose layout is asserted above, and returns when the command is over.
    // Until then the kernel reads `cmd_len` bytes at `cmdp`, writes at most `mx_sb_len` bytes at `sbp`, and reads or
    // writes (as `dxfer_direction` says) at most `dxfer_len` bytes at `dxferp`. All three buffers live in this frame
    // or in the caller's borrow, are as long as stated, and the one that is written to is borrowed mutably.
    unsafe { ioctl(fd.as_fd(), Updater::<SG_IO, SgIoHdr>::new(&mut header)) }?;
    drop(held);
    let written = usize::from(header.sb_len_wr).min(SENSE_ROOM);
    Ok(Answer {
        status: header.status,
        host_status: header.host_status,
        driver_status: header.driver_status,
        residue: header.resid,
        sense: sense.get(..written).unwrap_or(&[]).to_vec(),
    })
}

/// Version of the SG interface, 30000 and up for SG_IO.
pub(super) fn version(fd: &OwnedFd) -> Result<i32, Errno> {
    let mut version = 0i32;
    // SAFETY: SG_GET_VERSION_NUM writes one `int`, which `version` is.
    unsafe { ioctl(fd.as_fd(), Updater::<SG_GET_VERSION_NUM, i32>::new(&mut version)) }?;
    Ok(version)
}

/// Most bytes that the queue of the device takes in one command.
pub(super) fn transfer_limit(fd: &OwnedFd, block_device: bool) -> Option<usize> {
    if block_device {
        let mut sectors = [0u16; 2];
        // SAFETY: on a block device BLKSECTGET writes one `unsigned short`, for which the array has room.
        unsafe { ioctl(fd.as_fd(), Updater::<BLKSECTGET, [u16; 2]>::new(&mut sectors)) }.ok()?;
        Some(usize::from(sectors[0]) * 512).filter(|bytes| *bytes > 0)
    } else {
        let mut bytes = 0i32;
        // SAFETY: on a generic SCSI device BLKSECTGET writes one `int`, the limit in bytes.
        unsafe { ioctl(fd.as_fd(), Updater::<BLKSECTGET, i32>::new(&mut bytes)) }.ok()?;
        usize::try_from(bytes).ok().filter(|bytes| *bytes > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(signal: i32) -> bool {
        let mut now = MaybeUninit::uninit();
        // SAFETY: with no new set the call only fills the old one; `sigismember` reads it.
        unsafe {
            assert_eq!(libc::pthread_sigmask(libc::SIG_SETMASK, ptr::null(), now.as_mut_ptr()), 0);
            libc::sigismember(now.as_ptr(), signal) == 1
        }
    }

    #[test]
    fn signals_are_held_for_the_command_and_no_longer() {
        assert!(!blocked(libc::SIGINT));
        let held = SignalsHeld::new().unwrap();
        assert!(blocked(libc::SIGINT) && blocked(libc::SIGTERM));
        drop(held);
        assert!(!blocked(libc::SIGINT) && !blocked(libc::SIGTERM));
    }
}
