//! Reading UDF volumes, other people's too.

pub(crate) mod directory;
pub(crate) mod extents;
mod icb;
mod mount;
mod window;

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use glassmaster_disc::{BlockSource, SECTOR};
use glassmaster_tree::{Entry, ReadError, Volume};

use crate::raw::recognition::{self, Recognition};
use window::Windows;

/// Sectors of the recognition sequence that are looked at: more than any disc has.
const RECOGNITION_SECTORS: u64 = 64;

/// Whether a source carries the recognition sequence of UDF (ECMA-167 3/9.1). Reads a few sectors from 16 on; a source
/// that cannot be read there is not recognised.
pub fn recognise<S: BlockSource + ?Sized>(source: &S) -> bool {
    let mut sector = [0; SECTOR];
    for lba in recognition::FIRST..recognition::FIRST + RECOGNITION_SECTORS {
        if source.read_blocks(lba, &mut sector).is_err() {
            return false;
        }
        match recognition::read(&sector) {
            Some(Recognition::Nsr02 | Recognition::Nsr03) => return true,
            Some(Recognition::Begin | Recognition::End | Recognition::Other) => {}
            None => return false,
        }
    }
    false
}

/// A partition by its reference number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PartitionPlace {
    pub(crate) start: u32,
    pub(crate) blocks: u32,
}

/// A block of a partition (lb_addr, ECMA-167 4/7.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct BlockAddress {
    pub(crate) block: u32,
    pub(crate) partition: u16,
}

/// A mounted UDF volume of revision 1.02 to 2.60 on plain partitions, read-only.
pub struct UdfVolume<S> {
    pub(crate) source: S,
    revision: u16,
    label: String,
    pub(crate) partitions: Vec<PartitionPlace>,
    pub(crate) root: BlockAddress,
    windows: Mutex<Windows>,
}

impl<S: BlockSource> UdfVolume<S> {
    /// Finds anchor, volume descriptors and file set.
    ///
    /// The recognition sequence is not needed. Anchors are looked for at sectors 256, N, N - 256 and 512 and where
    /// run-out sectors move the last one; the reserve volume descriptor sequence serves when the main one is damaged.
    ///
    /// # Errors
    /// [`ReadError`] naming the structure that is missing, damaged, or of a kind that cannot be read yet: virtual,
    /// sparable and metadata partitions, logical blocks of other than 2048 bytes.
    pub fn open(source: S) -> Result<Self, ReadError> {
        mount::mount(source)
    }

    /// Revision of UDF the volume declares, as 0x0201 for 2.01 (UDF 2.1.5.3).
    #[must_use]
    pub fn revision(&self) -> u16 {
        self.revision
    }

    /// The source the volume is read from.
    #[must_use]
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Absolute sector of `blocks` blocks of a partition that lie inside it and inside the source.
    pub(crate) fn resolve(
        &self,
        structure: &'static str,
        at: BlockAddress,
        blocks: u64,
    ) -> Result<u32, ReadError> {
        let place = self.partitions.get(usize::from(at.partition)).ok_or_else(|| {
            let what = format!(
                "points to partition reference {}, there are {} (ECMA-167 4/7.1)",
                at.partition,
                self.partitions.len()
            );
            ReadError::invalid(structure, u64::from(at.block), what)
        })?;
        let lba = u64::from(place.start) + u64::from(at.block);
        let end = u64::from(at.block) + blocks;
        if end > u64::from(place.blocks) {
            let what = format!(
                "blocks {} to {} lie outside the partition of {} blocks",
                at.block,
                end.saturating_sub(1),
                place.blocks
            );
            return Err(ReadError::invalid(structure, lba, what));
        }
        if lba + blocks > self.source.block_count() {
            let what = format!(
                "sectors {lba} to {} lie behind the end: there are {}",
                (lba + blocks).saturating_sub(1),
                self.source.block_count()
            );
            return Err(ReadError::invalid(structure, lba, what));
        }
        u32::try_from(lba).map_err(|_| ReadError::invalid(structure, lba, "address exceeds 32 bits"))
    }

    /// One sector of the metadata, through the windows.
    pub(crate) fn sector(&self, structure: &'static str, lba: u32) -> Result<[u8; SECTOR], ReadError> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows
            .sector(&self.source, u64::from(lba))
            .map_err(|error| ReadError::io(structure, u64::from(lba), error))
    }
}

impl<S: BlockSource> Volume for UdfVolume<S> {
    fn file_system(&self) -> String {
        format!("UDF {:x}.{:02x}", self.revision >> 8, self.revision & 0xFF)
    }

    fn label(&self) -> String {
        self.label.clone()
    }

    fn root(&self) -> Result<Entry, ReadError> {
        let root = self.entry(self.root, Vec::new(), false)?;
        if root.is_dir() {
            Ok(root)
        } else {
            Err(ReadError::invalid(
                "root directory",
                root.id,
                "its file entry is no directory (ECMA-167 4/14.1)",
            ))
        }
    }

    fn read_dir(&self, dir: &Entry, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> Result<(), ReadError> {
        self.read_identifiers(dir, each)
    }

    fn block_count(&self) -> u64 {
        self.source.block_count()
    }
}
