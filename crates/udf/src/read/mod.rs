//! Reading UDF volumes, other people's too.

mod anchor;
mod attributes;
pub(crate) mod directory;
pub(crate) mod extents;
mod facts;
pub(crate) mod icb;
mod integrity;
pub(crate) mod mount;
pub(crate) mod partition;
mod sequence;
pub(crate) mod streams;
mod window;

use std::ops::{ControlFlow, Deref};
use std::sync::{Mutex, PoisonError};

use glassmaster_disc::{BlockSource, SECTOR, SECTOR_U64};
use glassmaster_tree::{Entry, ReadError, Volume};

use crate::raw::recognition::{self, Recognition};
pub(crate) use anchor::read_blocks;
pub use facts::{Facts, MetadataFacts, PartitionFacts, PartitionKind, VatFacts};
pub(crate) use mount::Shape;
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
            // Descriptors are one block apart, which is two sectors on media with sectors of 4096 bytes (2/8.3).
            None if lba.is_multiple_of(2) => return false,
            None => {}
        }
    }
    false
}

/// A block of a partition (lb_addr, ECMA-167 4/7.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct BlockAddress {
    pub(crate) block: u32,
    pub(crate) partition: u16,
}

/// The bytes of one logical block.
// The large variant is the usual one: hundreds of thousands are read without a detour through the heap.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Block {
    /// The usual size.
    Sector([u8; SECTOR]),
    /// Any other.
    Other(Vec<u8>),
}

impl Deref for Block {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Sector(bytes) => bytes,
            Self::Other(bytes) => bytes,
        }
    }
}

/// Absolute sector that holds the first byte of an absolute block.
pub(crate) fn sector_of_block(block: u64, block_bytes: u32) -> u64 {
    block.saturating_mul(u64::from(block_bytes)) / SECTOR_U64
}

/// A mounted UDF volume of revision 1.02 to 2.60, read-only: plain, sparable, virtual and metadata partitions, blocks of
/// 512 to 32768 bytes.
///
/// Every [`Extent`](glassmaster_disc::Extent) it gives is absolute: addresses of virtual and metadata partitions and
/// packets that were spared are translated. Where blocks are smaller than sectors of 2048 bytes, an object whose extents
/// do not begin at a sector is given [inline](glassmaster_tree::Content::Inline) up to 64 MiB and refused beyond.
pub struct UdfVolume<S> {
    pub(crate) source: S,
    pub(crate) shape: Shape,
    windows: Mutex<Windows>,
}

impl<S: BlockSource> UdfVolume<S> {
    /// Finds anchor, volume descriptors, partitions and file set of the last session that can be read.
    ///
    /// The recognition sequence is not needed. Anchors are looked for at the last sector N of the source, at N - 256,
    /// where run-out sectors move these two, and at 256 and 512; first for blocks of 2048 bytes, then for 512, 1024,
    /// 4096 and larger ones. Where they lead to different volume descriptors, as after an appended session, the
    /// volume whose integrity descriptor was recorded last is opened, of equal ones that of the anchor named first.
    /// The reserve volume descriptor sequence serves when the main one is damaged.
    ///
    /// A virtual allocation table is the last recorded block (UDF 2.2.11): zeros at the end of the source are passed
    /// over, up to 128 MiB.
    ///
    /// # Errors
    /// [`ReadError`] naming the structure that is missing, damaged, or of a kind that UDF does not know.
    pub fn open(source: S) -> Result<Self, ReadError> {
        mount::mount(&source, None).map(|shape| Self::with(source, shape))
    }

    /// Opens the volume of the session that begins at sector `start` and is the last one of `source`: its anchor is
    /// looked for at `start` + 256, then at the last sector N and at N - 256, then at `start` + 512.
    ///
    /// # Errors
    /// As [`UdfVolume::open`].
    pub fn open_session(source: S, start: u32) -> Result<Self, ReadError> {
        mount::mount(&source, Some(start)).map(|shape| Self::with(source, shape))
    }

    fn with(source: S, shape: Shape) -> Self {
        Self { source, shape, windows: Mutex::new(Windows::default()) }
    }

    /// Revision of UDF the volume declares, as 0x0201 for 2.01 (UDF 2.1.5.3).
    #[must_use]
    pub fn revision(&self) -> u16 {
        self.shape.sequence.logical.domain.revision()
    }

    /// The source the volume is read from.
    #[must_use]
    pub fn source(&self) -> &S {
        &self.source
    }

    /// What an importer or a person wants to know besides the files.
    #[must_use]
    pub fn facts(&self) -> Facts {
        facts::facts(&self.shape)
    }

    /// Absolute sector of an absolute block, for messages.
    pub(crate) fn sector_of(&self, block: u64) -> u64 {
        sector_of_block(block, self.shape.block_bytes)
    }

    /// One absolute block of the metadata, through the windows; from the mirror file where the main one cannot be read.
    pub(crate) fn block(&self, structure: &'static str, block: u64) -> Result<Block, ReadError> {
        match self.block_at(block) {
            Ok(bytes) => Ok(bytes),
            Err(error) => match self.mirror_of(block).map(|mirror| self.block_at(mirror)) {
                Some(Ok(bytes)) => Ok(bytes),
                _ => Err(ReadError::io(structure, self.sector_of(block), error)),
            },
        }
    }

    fn block_at(&self, block: u64) -> std::io::Result<Block> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = u64::from(self.shape.block_bytes);
        if bytes == SECTOR_U64 {
            return windows.sector(&self.source, block).map(Block::Sector);
        }
        let at = block.saturating_mul(bytes);
        let mut out = Vec::new();
        let mut lba = at / SECTOR_U64;
        let mut skip = usize::try_from(at % SECTOR_U64).unwrap_or_default();
        let wanted = usize::try_from(bytes).unwrap_or_default();
        while out.len() < wanted {
            let sector = windows.sector(&self.source, lba)?;
            let take = (wanted - out.len()).min(SECTOR - skip);
            out.extend_from_slice(&sector[skip..skip + take]);
            skip = 0;
            lba += 1;
        }
        Ok(Block::Other(out))
    }
}

impl<S: BlockSource> Volume for UdfVolume<S> {
    fn file_system(&self) -> String {
        let revision = self.revision();
        format!("UDF {:x}.{:02x}", revision >> 8, revision & 0xFF)
    }

    fn label(&self) -> String {
        self.shape.sequence.label()
    }

    fn root(&self) -> Result<Entry, ReadError> {
        let root = self.entry(self.shape.root, Vec::new(), false)?;
        if root.is_dir() {
            Ok(root)
        } else {
            Err(ReadError::invalid(
                "root directory",
                self.sector_of(root.id),
                "its file entry is no directory (ECMA-167 4/14.1)",
            ))
        }
    }

    fn read_dir(&self, dir: &Entry, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> Result<(), ReadError> {
        self.read_identifiers(dir, each)
    }

    /// Streams whose name has the metadata bit (UDF 3.3.5.2) belong to implementations and are left out.
    fn streams(&self, entry: &Entry) -> Result<Vec<Entry>, ReadError> {
        self.read_streams(entry)
    }

    fn block_count(&self) -> u64 {
        self.source.block_count()
    }
}
