//! The anchor of one session recorded where readers look for that of another.

use glassmaster_disc::SECTOR;

use crate::raw::anchor::Anchor;
use crate::raw::tag::{ANCHOR, Tag};

/// Bytes of an anchor volume descriptor pointer (ECMA-167 3/10.2).
const LEN: usize = 512;

/// An anchor volume descriptor pointer, wherever it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FoundAnchor {
    version: u16,
    anchor: Anchor,
}

/// The anchor in `sector`, the sector with number `lba` of a volume with blocks of 2048 bytes; `None` when there is none or
/// it is damaged.
#[must_use]
pub fn anchor_at(sector: &[u8], lba: u32) -> Option<FoundAnchor> {
    let sector = sector.get(..SECTOR)?;
    let tag = Tag::expect(sector, ANCHOR, lba).ok()?;
    Some(FoundAnchor { version: tag.version, anchor: Anchor::read(sector) })
}

impl FoundAnchor {
    /// The sector that leads to the same volume descriptors from sector `lba`.
    #[must_use]
    pub fn sector_at(&self, lba: u32) -> [u8; SECTOR] {
        let mut sector = [0; SECTOR];
        let (descriptor, _) = sector.split_at_mut(LEN);
        self.anchor.write(descriptor);
        Tag { identifier: ANCHOR, version: self.version, location: lba }.seal(descriptor);
        sector
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_moves_and_leads_to_the_same_place() {
        let mut sector = [0; SECTOR];
        // Main sequence of 32768 bytes at 1289, reserve at 2000 (ECMA-167 3/10.2.2, 3/10.2.3).
        sector[16..24].copy_from_slice(&[0, 0x80, 0, 0, 9, 5, 0, 0]);
        sector[24..32].copy_from_slice(&[0, 0x80, 0, 0, 0xD0, 7, 0, 0]);
        Tag { identifier: ANCHOR, version: 3, location: 1280 }.seal(&mut sector[..LEN]);
        assert_eq!(anchor_at(&sector, 256), None);
        let moved = anchor_at(&sector, 1280).unwrap().sector_at(256);
        assert_eq!(moved[12..16], [0, 1, 0, 0]);
        assert_eq!(moved[16..], sector[16..]);
        assert!(anchor_at(&moved, 256).is_some());
        sector[20] ^= 1;
        assert_eq!(anchor_at(&sector, 1280), None);
        assert_eq!(anchor_at(&sector[..100], 1280), None);
    }
}
