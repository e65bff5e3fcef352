//! Linux: SG_IO on `/dev/sr*` and `/dev/sg*`.

mod enumerate;
mod facts;
mod holders;
mod owner_file;
mod places;
mod sg_io;
mod uevent;

pub use holders::holders;
pub use owner_file::OwnerFile;
pub use uevent::{Uevents, Waker};

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;

use super::{Access, DriveNode};
use crate::{Cdb, Claim, DataPhase, Outcome, Sense, Status, SystemFacts, Transport, TransportError};

/// A drive of the kernel.
#[derive(Debug)]
pub struct Device {
    fd: OwnedFd,
    path: PathBuf,
    name: String,
    max_transfer: usize,
    /// There is something left that can be claimed.
    claimable: bool,
}

/// Transfers above this gain nothing and some bridges fail on them.
const MOST: usize = 256 * 1024;

impl Device {
    /// Opens a drive node for reading and writing. A medium need not be there.
    ///
    /// # Errors
    /// [`TransportError::Denied`] with the group to join, [`TransportError::InUse`] with the holder where it can be
    /// seen, [`TransportError::DeviceGone`] when there is no such drive, [`TransportError::Unsupported`] for what is
    /// no SCSI device, [`TransportError::Io`] otherwise.
    pub fn open(path: &Path, access: Access) -> Result<Self, TransportError> {
        let name = path.display().to_string();
        let fd = open_node(path, &name, access)?;
        let kind = fstat(&fd)
            .map(|stat| FileType::from_raw_mode(stat.st_mode))
            .map_err(|e| TransportError::Io { device: name.clone(), source: e.into() })?;
        let unsupported =
            |detail: &str| TransportError::Unsupported { device: name.clone(), detail: detail.to_owned() };
        if !matches!(kind, FileType::BlockDevice | FileType::CharacterDevice) {
            return Err(not_a_device(name));
        }
        match sg_io::version(&fd) {
            Ok(30000..) => {}
            Ok(_) => return Err(unsupported("its driver is older than SG_IO")),
            Err(_) => return Err(unsupported("its driver does not know SG_IO")),
        }
        let limit = sg_io::transfer_limit(&fd, kind == FileType::BlockDevice).unwrap_or(32 * 1024).min(MOST);
        let unit = if limit >= 65536 { 65536 } else { 2048 };
        let max_transfer = (limit / unit * unit).max(2048);
        // Generic devices know O_EXCL too, but refuse it while anybody has them open, this process included.
        let claimable = access == Access::Shared && kind == FileType::BlockDevice;
        Ok(Self { fd, path: path.to_owned(), name, max_transfer, claimable })
    }

    /// The node that was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Something is there, and no device: a file, a folder, a socket.
fn is_no_device(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| {
        let kind = meta.file_type();
        !kind.is_block_device() && !kind.is_char_device()
    })
}

fn not_a_device(device: String) -> TransportError {
    let detail = "it is not a device; a disc file is opened as virtual:FILE".to_owned();
    TransportError::Unsupported { device, detail }
}

fn open_node(path: &Path, name: &str, access: Access) -> Result<OwnedFd, TransportError> {
    let device = name.to_owned();
    let mut flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if access == Access::Exclusive {
        flags |= OFlags::EXCL;
    }
    open(path, flags, Mode::empty()).map_err(|error| match error {
        _ if is_no_device(path) => not_a_device(device),
        Errno::ACCESS | Errno::PERM | Errno::ROFS => {
            TransportError::Denied { device, advice: holders::advice(path, error) }
        }
        Errno::BUSY => TransportError::InUse { device, by: holders::of(path) },
        Errno::NOENT | Errno::NODEV | Errno::NXIO => {
            TransportError::DeviceGone { device, detail: io::Error::from(error).to_string() }
        }
        _ => TransportError::Io { device, source: error.into() },
    })
}

impl Transport for Device {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let asked = data.len();
        let too_long =
            || TransportError::TooLong { device: self.name.clone(), asked, limit: self.max_transfer };
        if asked > self.max_transfer {
            return Err(too_long());
        }
        let answer = sg_io::execute(&self.fd, cdb, &mut data, timeout).map_err(|error| match error {
            Errno::NOMEM if asked > 0 => too_long(),
            other => not_sent(other, &self.name, cdb.opcode(), timeout),
        })?;
        answer.into_outcome(&self.name, cdb.opcode(), asked, timeout)
    }

    fn max_transfer(&self) -> usize {
        self.max_transfer
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn system(&self) -> SystemFacts {
        facts::of(&self.path, self.max_transfer)
    }

    /// O_EXCL on a descriptor of its own. It also ends the kernel's polling for media changes and keeps desktops from
    /// mounting the disc.
    fn claim(&self) -> Result<Option<Claim>, TransportError> {
        if !self.claimable {
            return Ok(None);
        }
        open_node(&self.path, &self.name, Access::Exclusive).map(|fd| Some(Claim::new(fd)))
    }
}

/// What it means that SG_IO itself failed.
fn not_sent(error: Errno, device: &str, opcode: u8, limit: Duration) -> TransportError {
    let device = device.to_owned();
    match error {
        Errno::NODEV | Errno::NXIO | Errno::BADF => {
            TransportError::DeviceGone { device, detail: io::Error::from(error).to_string() }
        }
        // The kernel knows which commands are harmless, and keeps the others for itself.
        Errno::PERM | Errno::ACCESS => TransportError::Denied {
            device,
            advice: format!(
                "the kernel lets only programs with CAP_SYS_RAWIO send {opcode:02X}h: run this one as root for that"
            ),
        },
        Errno::TIMEDOUT => TransportError::Timeout { device, opcode, limit },
        other => TransportError::Io { device, source: other.into() },
    }
}

/// What SG_IO reported.
#[derive(Debug)]
struct Answer {
    status: u8,
    host_status: u16,
    driver_status: u16,
    residue: i32,
    sense: Vec<u8>,
}

/// Host adapter codes of `scsi/scsi_status.h` that mean something of their own.
const DID_NO_CONNECT: u16 = 0x01;
const DID_TIME_OUT: u16 = 0x03;
const DID_BAD_TARGET: u16 = 0x04;
/// Low nibble of the driver status.
const DRIVER_TIMEOUT: u16 = 0x06;
const DRIVER_SENSE: u16 = 0x08;

impl Answer {
    /// Sorts what the drive said from what happened on the way.
    fn into_outcome(
        self,
        device: &str,
        opcode: u8,
        asked: usize,
        limit: Duration,
    ) -> Result<Outcome, TransportError> {
        let device = || device.to_owned();
        let driver = self.driver_status & 0x0F;
        match (self.host_status, driver) {
            (0, 0 | DRIVER_SENSE) => {}
            (DID_TIME_OUT, _) | (_, DRIVER_TIMEOUT) => {
                return Err(TransportError::Timeout { device: device(), opcode, limit });
            }
            (DID_NO_CONNECT | DID_BAD_TARGET, _) => {
                return Err(TransportError::DeviceGone {
                    device: device(),
                    detail: "the host adapter does not reach it any more".to_owned(),
                });
            }
            (host, driver) => return Err(TransportError::HostAdapter { device: device(), host, driver }),
        }
        let sense = Sense::parse(&self.sense);
        // Some drivers hand over sense data with the status byte still clear.
        let status = match Status(self.status & 0xFE) {
            Status::GOOD if driver == DRIVER_SENSE && sense.is_some_and(|s| s.key.0 != 0) => {
                Status::CHECK_CONDITION
            }
            status => status,
        };
        let residue = usize::try_from(self.residue).unwrap_or(0).min(asked);
        Ok(Outcome { status, sense, transferred: asked - residue })
    }
}

/// The CD, DVD and BD drives of this machine, in the order of their nodes.
///
/// # Errors
/// When `/sys` is there but cannot be read.
pub fn drives() -> io::Result<Vec<DriveNode>> {
    enumerate::drives_in(Path::new("/sys"), Path::new("/dev"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u8, host: u16, driver: u16) -> Result<Outcome, TransportError> {
        let sense = Sense::of(2, 0x3A, 0).to_fixed().to_vec();
        Answer { status, host_status: host, driver_status: driver, residue: 48, sense }.into_outcome(
            "/dev/sr0",
            0x12,
            96,
            Duration::from_secs(1),
        )
    }

    #[test]
    fn a_drive_error_is_an_outcome_and_a_host_error_is_not() {
        let outcome = answer(2, 0, DRIVER_SENSE).unwrap();
        assert_eq!((outcome.status, outcome.transferred), (Status::CHECK_CONDITION, 48));
        assert!(outcome.sense.unwrap().is(2, 0x3A, 0));
        assert_eq!(answer(0, 0, DRIVER_SENSE).unwrap().status, Status::CHECK_CONDITION);
        assert_eq!(answer(8, 0, 0).unwrap().status, Status::BUSY);
        assert!(matches!(answer(0, DID_TIME_OUT, 0), Err(TransportError::Timeout { opcode: 0x12, .. })));
        assert!(matches!(answer(0, 0, DRIVER_TIMEOUT), Err(TransportError::Timeout { .. })));
        assert!(matches!(answer(0, DID_NO_CONNECT, 0), Err(TransportError::DeviceGone { .. })));
        assert!(matches!(answer(0, 7, 0), Err(TransportError::HostAdapter { host: 7, .. })));
    }

    #[test]
    fn what_is_no_drive_is_refused_with_words() {
        let missing = Device::open(Path::new("/dev/no-such-drive"), Access::Shared);
        assert!(matches!(missing, Err(TransportError::DeviceGone { .. })));
        let null = Device::open(Path::new("/dev/null"), Access::Shared);
        assert!(matches!(null, Err(TransportError::Unsupported { .. })), "{null:?}");
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("disc.iso");
        std::fs::write(&file, b"x").unwrap();
        let socket = root.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [file.as_path(), root.path(), &socket] {
            for access in [Access::Shared, Access::Exclusive] {
                let error = Device::open(path, access).unwrap_err();
                assert!(matches!(&error, TransportError::Unsupported { .. }), "{error}");
                assert!(error.to_string().contains("virtual:FILE"), "{error}");
            }
        }
    }

    /// What ioctl(2) says when the drive was unplugged, the kernel filters a command, the host gives up.
    #[test]
    fn a_command_that_was_not_sent_is_told_in_words() {
        let of = |error| not_sent(error, "/dev/sr0", 0x04, Duration::from_secs(1));
        for gone in [Errno::NODEV, Errno::NXIO, Errno::BADF] {
            assert!(matches!(of(gone), TransportError::DeviceGone { .. }));
        }
        let denied = of(Errno::PERM);
        assert!(matches!(&denied, TransportError::Denied { .. }));
        assert!(denied.to_string().contains("CAP_SYS_RAWIO send 04h"), "{denied}");
        assert!(matches!(of(Errno::TIMEDOUT), TransportError::Timeout { opcode: 0x04, .. }));
        assert!(matches!(of(Errno::IO), TransportError::Io { .. }));
    }
}
