//! The first 4096 bytes of a disc file: what the disc is. Written once, when the disc is made.
//! The layout is described in `docs/virtual-disc.md`.

use std::path::Path;

use glassmaster_disc::{MediaType, SECTOR_U64};

use super::bytes::{Reader, Writer};
use super::{StoreError, crc32};

/// Length of the superblock, and its distance to the first state slot.
pub(crate) const SUPERBLOCK_LEN: usize = 4096;
/// Signature at byte 0.
pub(crate) const MAGIC: [u8; 16] = *b"GLASSMASTER DISC";
/// Layout version of new discs. Version 2 added media and, behind the tracks of a state, what only they need; a
/// file of version 1 is read and goes on as it is.
pub(crate) const VERSION: u32 = 2;
/// Oldest layout that is read.
const OLDEST: u32 = 1;
/// Bytes of each of the two state slots: room for all 7,927 tracks a BD-R can have.
pub(crate) const SLOT_LEN: u64 = 384 * 1024;
/// Recorded data starts on a multiple of this, so that it can share blocks with image files.
const DATA_ALIGN: u64 = 1 << 20;

/// What a medium is physically: the addresses it has and how they are grouped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Geometry {
    /// Type of the medium.
    pub(crate) media: MediaType,
    /// First address that holds data: -150 on CD, where the first pre-gap stands, else 0.
    pub(crate) first_lba: i32,
    /// Number of addresses from `first_lba` on.
    pub(crate) blocks: u32,
    /// Blocks recorded together: 1 on CD, 16 (ECC block) on DVD, 32 (cluster) on BD.
    pub(crate) unit: u32,
}

/// Superblock: geometry and where the other parts of the file stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Superblock {
    pub(crate) geometry: Geometry,
    /// Distinguishes this disc from every other one; chosen by the maker of the disc.
    pub(crate) id: [u8; 16],
    /// Byte offsets of the two state slots.
    pub(crate) slots: [u64; 2],
    /// Byte offset of the map of recorded units.
    pub(crate) map_offset: u64,
    /// Bytes of the map: one bit a unit, rounded up.
    pub(crate) map_len: u32,
    /// Byte offset of block `first_lba`.
    pub(crate) data_offset: u64,
}

impl Superblock {
    /// Lays the file out for `geometry`.
    pub(crate) fn new(geometry: Geometry, id: [u8; 16]) -> Self {
        let first = SUPERBLOCK_LEN as u64;
        let map_offset = first + 2 * SLOT_LEN;
        let map_len = map_len(&geometry);
        let data_offset = (map_offset + u64::from(map_len)).next_multiple_of(DATA_ALIGN);
        Self { geometry, id, slots: [first, first + SLOT_LEN], map_offset, map_len, data_offset }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.raw(&MAGIC);
        w.u32(VERSION);
        w.u32(self.geometry.media.0);
        w.u32(u32::try_from(SECTOR_U64).unwrap_or(u32::MAX));
        w.i32(self.geometry.first_lba);
        w.u32(self.geometry.blocks);
        w.u32(self.geometry.unit);
        w.raw(&self.id);
        w.u64(self.slots[0]);
        w.u64(self.slots[1]);
        w.u64(SLOT_LEN);
        w.u64(self.map_offset);
        w.u32(self.map_len);
        w.u32(0);
        w.u64(self.data_offset);
        let mut out = w.into_bytes();
        out.resize(SUPERBLOCK_LEN - 4, 0);
        let sum = crc32(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads and checks the superblock. Every offset follows from the geometry, so a file whose
    /// offsets differ is damaged rather than strange.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, StoreError> {
        let not = |why: &str| StoreError::NotADisc { path: path.to_owned(), why: why.to_owned() };
        if bytes.len() < SUPERBLOCK_LEN {
            return Err(not("the file is shorter than the 4096 bytes of a superblock"));
        }
        if bytes[..16] != MAGIC {
            return Err(not("the signature \"GLASSMASTER DISC\" is missing at its start"));
        }
        let mut r = Reader::new(&bytes[16..]);
        let short = || StoreError::damaged(path, "superblock is cut short");
        let version = r.u32().ok_or_else(short)?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(StoreError::Version { path: path.to_owned(), version, known: VERSION });
        }
        let (body, sum) = bytes[..SUPERBLOCK_LEN].split_at(SUPERBLOCK_LEN - 4);
        if crc32(body).to_le_bytes() != sum {
            return Err(StoreError::damaged(path, "the checksum of the superblock is wrong"));
        }
        let media = MediaType(r.u32().ok_or_else(short)?);
        let block_bytes = r.u32().ok_or_else(short)?;
        if u64::from(block_bytes) != SECTOR_U64 {
            return Err(StoreError::damaged(
                path,
                format!("superblock gives blocks of {block_bytes} bytes instead of {SECTOR_U64}"),
            ));
        }
        let geometry = Geometry {
            media,
            first_lba: r.i32().ok_or_else(short)?,
            blocks: r.u32().ok_or_else(short)?,
            unit: r.u32().ok_or_else(short)?,
        };
        if geometry.unit == 0 || geometry.blocks == 0 || i32::try_from(geometry.blocks).is_err() {
            return Err(StoreError::damaged(
                path,
                format!("superblock gives {} blocks in units of {}", geometry.blocks, geometry.unit),
            ));
        }
        let id = r.array::<16>().ok_or_else(short)?;
        let expected = Self::new(geometry, id);
        let offsets = (r.u64(), r.u64(), r.u64(), r.u64(), r.u32(), r.u32(), r.u64());
        let wanted = (
            Some(expected.slots[0]),
            Some(expected.slots[1]),
            Some(SLOT_LEN),
            Some(expected.map_offset),
            Some(expected.map_len),
            Some(0),
            Some(expected.data_offset),
        );
        if offsets != wanted {
            return Err(StoreError::damaged(path, "the offsets of the superblock contradict its geometry"));
        }
        Ok(expected)
    }
}

/// Bytes of the map of recorded units.
fn map_len(g: &Geometry) -> u32 {
    g.blocks.div_ceil(g.unit).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Superblock {
        let g = Geometry { media: MediaType::DVD_PLUS_R, first_lba: 0, blocks: 2_295_104, unit: 16 };
        Superblock::new(g, *b"0123456789abcdef")
    }

    /// The byte offsets that docs/virtual-disc.md promises.
    #[test]
    fn fields_stand_where_the_document_says() {
        let b = sample().to_bytes();
        assert_eq!(b.len(), 4096);
        assert_eq!(&b[0..16], b"GLASSMASTER DISC");
        assert_eq!(b[16..20], [2, 0, 0, 0]);
        assert_eq!(b[20..24], [6, 0, 0, 0]);
        assert_eq!(b[24..28], [0, 8, 0, 0]);
        assert_eq!(b[32..36], [0x40, 0x05, 0x23, 0x00]);
        assert_eq!(b[36..40], [16, 0, 0, 0]);
        assert_eq!(&b[40..56], b"0123456789abcdef");
        assert_eq!(b[56..64], 4096u64.to_le_bytes());
        assert_eq!(b[64..72], (4096u64 + 393_216).to_le_bytes());
        assert_eq!(b[80..88], (4096u64 + 786_432).to_le_bytes());
        assert_eq!(b[88..92], 17_931u32.to_le_bytes());
        assert_eq!(b[96..104], 1_048_576u64.to_le_bytes());
    }

    #[test]
    fn any_flipped_byte_is_noticed() {
        let good = sample().to_bytes();
        let path = Path::new("x.disc");
        assert_eq!(Superblock::parse(path, &good).unwrap(), sample());
        for at in (0..4096).step_by(7) {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            assert!(Superblock::parse(path, &bad).is_err(), "byte {at}");
        }
        assert!(matches!(Superblock::parse(path, &good[..100]), Err(StoreError::NotADisc { .. })));
    }
}
