//! Drives of the operating system.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::{Device, drives};

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
pub use other::{Device, drives};

use std::path::PathBuf;

/// A CD, DVD or BD drive that the system knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DriveNode {
    /// What to open.
    pub path: PathBuf,
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
