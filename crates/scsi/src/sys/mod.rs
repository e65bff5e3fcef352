//! Drives of the operating system.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::{Device, OwnerFile, Uevents, Waker, drives, holders};

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
pub use other::{Device, OwnerFile, Uevents, Waker, drives, holders};

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A CD, DVD or BD drive that the system knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DriveNode {
    /// What stands for this very drive, now and after the next start: its link below `/dev/disk/by-id`, else that
    /// below `/dev/disk/by-path`. Where the system keeps neither, the node, which may come to stand for another drive.
    pub id: String,
    /// What to open.
    pub path: PathBuf,
    /// N of `/dev/srN`, the order in which the system found the drives; `None` for drives without a block device.
    pub number: Option<u32>,
    /// The same drive as a generic SCSI device, where there is one.
    pub generic: Option<PathBuf>,
    /// INQUIRY vendor without padding.
    pub vendor: String,
    /// INQUIRY product without padding.
    pub product: String,
    /// INQUIRY revision without padding.
    pub revision: String,
}

/// Who else may use the drive while it is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Everybody.
    Shared,
    /// Nobody: O_EXCL. Fails while a file system of the drive is mounted or another program holds it so.
    Exclusive,
}

/// A process that has a drive open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Name of the program; empty where it may not be read.
    pub name: String,
    /// Number of the process.
    pub pid: u32,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(f, "process {}", self.pid),
            name => write!(f, "{name} (process {})", self.pid),
        }
    }
}

/// Who holds a drive, as they wrote it down themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The name they gave; empty while they are still writing it.
    pub name: String,
    /// Number of their process, 0 when it is not there to be read.
    pub pid: u32,
}

/// Why an [`OwnerFile`] cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// Somebody has it.
    #[error("'{}' (process {}) holds the drive", .0.name, .0.pid)]
    Held(Owner),
    /// The directory or the file cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own error.
        source: io::Error,
    },
}

/// Where a drive that is none of the system's is to be found.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Place {
    /// The file of a virtual disc.
    File(PathBuf),
    /// The socket of a recorder process; see [`crate::wire`].
    Socket(PathBuf),
}

/// Why [`Uevents::wait`] came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// Drives came, went or changed, or so many events came that some are lost: look again, after
    /// [`Uevents::watch_places`] where there are places.
    Drives,
    /// A [`Waker`] was used.
    Woken,
    /// The time is over.
    TimedOut,
}
