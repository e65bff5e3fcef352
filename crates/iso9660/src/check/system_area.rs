//! The system area (ECMA-119 6.2.1): free for other uses, of which hybrid discs make partition tables.

use glassmaster_disc::SECTOR_U64;

use super::Checker;
use crate::raw::number::array;

/// Bytes of a sector of partition tables.
const DISK_SECTOR: u64 = 512;
/// Where the four entries of a master boot record stand, and its signature.
const ENTRIES: [usize; 4] = [446, 462, 478, 494];
const SIGNATURE: usize = 510;

impl Checker<'_> {
    pub(super) fn system_area(&mut self) {
        let mut area = vec![0; 16 * 2048];
        if !self.inside(0, area.len() as u64) || self.source.read_blocks(0, &mut area).is_err() {
            // Nothing that is needed stands here.
            return;
        }
        let mut found = Vec::new();
        let master = array::<2>(&area, SIGNATURE) == [0x55, 0xAA]
            && ENTRIES.iter().all(|at| matches!(area.get(*at), Some(0 | 0x80)));
        if master && ENTRIES.iter().any(|at| area.get(at + 4).is_some_and(|kind| *kind != 0)) {
            found.push("a master boot record");
        }
        if area.get(512..520) == Some(b"EFI PART") {
            found.push("a GUID partition table");
        }
        if area.get(..2) == Some(b"ER") || area.get(512..514) == Some(b"PM") {
            found.push("an Apple partition map");
        }
        if !found.is_empty() {
            let what = format!("the system area holds {}: a hybrid disc", found.join(" and "));
            self.note("ECMA-119 6.2.1", 0, what);
        }
        if found.first() == Some(&"a master boot record") {
            self.partitions(&area);
        }
    }

    fn partitions(&mut self, area: &[u8]) {
        let end = self.source.block_count() * (SECTOR_U64 / DISK_SECTOR);
        for (number, at) in ENTRIES.iter().enumerate() {
            let kind = area.get(at + 4).copied().unwrap_or(0);
            let first = u64::from(u32::from_le_bytes(array(area, at + 8)));
            let count = u64::from(u32::from_le_bytes(array(area, at + 12)));
            // A protective entry may say the largest size there is.
            if kind != 0 && kind != 0xEE && first + count > end {
                let what = format!(
                    "partition {} of the master boot record ends at its sector {}, but there are {end}",
                    number + 1,
                    first + count
                );
                self.warn("ECMA-119 6.2.1", 0, what);
            }
        }
    }
}
