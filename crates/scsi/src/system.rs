//! What an operating system knows of the drive behind a transport.

use std::any::Any;
use std::fmt;
use std::path::PathBuf;

/// Kind of connection, with the numbers of `STORAGE_BUS_TYPE`. Open: numbers without a name are kept.
#[doc(alias = "STORAGE_BUS_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Bus(pub u8);

impl Bus {
    /// Not known.
    pub const UNKNOWN: Self = Self(0);
    /// Parallel SCSI, and every SCSI host that is none of the others.
    pub const SCSI: Self = Self(1);
    /// Parallel ATA.
    pub const ATAPI: Self = Self(2);
    /// IEEE 1394.
    pub const FIREWIRE: Self = Self(4);
    /// USB.
    pub const USB: Self = Self(7);
    /// iSCSI.
    pub const ISCSI: Self = Self(9);
    /// SAS.
    pub const SAS: Self = Self(10);
    /// Serial ATA.
    pub const SATA: Self = Self(11);
    /// No hardware at all.
    pub const VIRTUAL: Self = Self(14);

    /// The name in prose, `None` for a number without one.
    #[must_use]
    pub const fn label(self) -> Option<&'static str> {
        match self {
            Self::SCSI => Some("SCSI"),
            Self::ATAPI => Some("ATAPI"),
            Self::FIREWIRE => Some("IEEE 1394"),
            Self::USB => Some("USB"),
            Self::ISCSI => Some("iSCSI"),
            Self::SAS => Some("SAS"),
            Self::SATA => Some("SATA"),
            Self::VIRTUAL => Some("virtual"),
            _ => None,
        }
    }
}

impl fmt::Display for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label() {
            Some(text) => f.write_str(text),
            None if *self == Self::UNKNOWN => f.write_str("unknown bus"),
            None => write!(f, "bus type {}", self.0),
        }
    }
}

/// How data has to lie in memory, and how much of it one command moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransferLimits {
    /// Most bytes of one command from a buffer that begins at a page.
    pub page_aligned: usize,
    /// Most bytes of one command from any other buffer.
    pub unaligned: usize,
    /// Pages that one command can gather, 1 at least.
    pub pages: usize,
    /// Addresses are multiples of this power of 2, in bytes. Buffers that are not are copied by the system.
    pub alignment: usize,
}

impl TransferLimits {
    /// Bytes of a page of memory.
    pub const PAGE: usize = 4096;

    /// Limits where the length is the only one.
    #[must_use]
    pub const fn of_length(max_transfer: usize) -> Self {
        let pages = max_transfer.div_ceil(Self::PAGE);
        Self { page_aligned: max_transfer, unaligned: max_transfer, pages: pages + 1, alignment: 1 }
    }

    /// Limits of a host adapter that gathers `pages` pages at most: a buffer that begins inside a page touches one
    /// more than its length says.
    #[must_use]
    pub fn of_pages(max_transfer: usize, pages: usize, alignment: usize) -> Self {
        let pages = pages.max(1);
        let gathered = |n: usize| n.saturating_mul(Self::PAGE).min(max_transfer);
        Self {
            page_aligned: gathered(pages),
            unaligned: gathered(pages.saturating_sub(1).max(1)),
            pages,
            alignment: if alignment.is_power_of_two() { alignment } else { 1 },
        }
    }
}

/// The operating system's side of a drive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SystemFacts {
    /// The same for every node and name that stands for one drive. Exclusive access is kept by it.
    pub key: String,
    /// The block device, or the generic one where there is no other; `None` for drives that are no devices.
    pub node: Option<PathBuf>,
    /// N of `/dev/srN`.
    pub number: Option<u32>,
    /// Where file systems of the drive are mounted now.
    pub mount_points: Vec<PathBuf>,
    /// Limits of data.
    pub limits: TransferLimits,
    /// Connection.
    pub bus: Bus,
}

impl SystemFacts {
    /// A drive that is no device of the system, such as an emulator or one behind a socket.
    #[must_use]
    pub fn none(name: &str, max_transfer: usize) -> Self {
        Self {
            key: name.to_owned(),
            node: None,
            number: None,
            mount_points: Vec::new(),
            limits: TransferLimits::of_length(max_transfer),
            bus: Bus::VIRTUAL,
        }
    }
}

/// Keeps other programs from a drive while it lives; ends with the process at the latest.
#[must_use = "the claim ends when it is dropped"]
pub struct Claim(#[expect(dead_code, reason = "only to be dropped")] Box<dyn Any + Send + Sync>);

impl Claim {
    /// What ends the claim when it is dropped.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self(Box::new(held))
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_inside_a_page_takes_one_page_more() {
        let limits = TransferLimits::of_pages(256 * 1024, 16, 512);
        assert_eq!((limits.page_aligned, limits.unaligned, limits.alignment), (65536, 61440, 512));
        let limits = TransferLimits::of_pages(65536, 128, 3);
        assert_eq!((limits.page_aligned, limits.unaligned, limits.alignment), (65536, 65536, 1));
        assert_eq!(TransferLimits::of_pages(65536, 0, 4).unaligned, 4096);
    }
}
