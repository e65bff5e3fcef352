//! What stood on a medium where a write overwrites it, so that the write can be planned a second time.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use glassmaster_disc::{BlockSource, SECTOR};

/// Most sectors whose former content is kept: 1 MiB, more than a few clusters of BD with descriptors of file systems.
pub(crate) const MOST_FORMER: u64 = 512;

/// Sectors of a medium as they were before a write of parts overwrote them: all parts but the first, which what was valid
/// before does not refer to. With them the medium can be seen as it was, whatever of the write is on it already.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FormerSectors {
    /// By block; zeros at the end of a sector are left out.
    sectors: BTreeMap<u64, Vec<u8>>,
}

impl FormerSectors {
    /// Reads these ranges, given by first block and number; `None` when they are too many to be kept.
    pub(crate) fn read<E>(
        ranges: impl IntoIterator<Item = (u64, u64)> + Clone,
        mut read: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
    ) -> Result<Option<Self>, E> {
        let all = ranges.clone().into_iter().fold(0u64, |all, range| all.saturating_add(range.1));
        if all > MOST_FORMER {
            return Ok(None);
        }
        let mut kept = Self::default();
        for (first, blocks) in ranges {
            // At most 1 MiB.
            let mut bytes = vec![0; usize::try_from(blocks).unwrap_or(0).saturating_mul(SECTOR)];
            read(first, &mut bytes)?;
            for (lba, sector) in (first..).zip(bytes.chunks(SECTOR)) {
                kept.put(lba, sector);
            }
        }
        Ok(Some(kept))
    }

    /// Keeps a sector, of which zeros at the end may be left out already.
    pub(crate) fn put(&mut self, lba: u64, sector: &[u8]) {
        self.sectors.insert(lba, trimmed(sector).to_vec());
    }

    /// Block and content of what is kept.
    pub(crate) fn sectors(&self) -> &BTreeMap<u64, Vec<u8>> {
        &self.sectors
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sectors.is_empty()
    }

    /// Whether `sector` is what stood at this block; `false` where nothing is kept of it.
    pub(crate) fn was(&self, lba: u64, sector: &[u8]) -> bool {
        self.sectors.get(&lba).is_some_and(|former| former == trimmed(sector))
    }

    /// `medium` as it was.
    pub(crate) fn over(&self, medium: Arc<dyn BlockSource>) -> Arc<dyn BlockSource> {
        Arc::new(AsItWas { medium, former: self.clone() })
    }
}

/// A sector without the zeros at its end.
fn trimmed(sector: &[u8]) -> &[u8] {
    let end = sector.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    sector.get(..end).unwrap_or(sector)
}

/// A medium with some sectors as they were.
struct AsItWas {
    medium: Arc<dyn BlockSource>,
    former: FormerSectors,
}

impl BlockSource for AsItWas {
    fn block_count(&self) -> u64 {
        self.medium.block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.check_range(lba, buf.len())?;
        // What was overwritten only in part may not be readable, and is not asked for.
        let mut at = lba;
        let mut rest = buf;
        while !rest.is_empty() {
            let end = at.saturating_add(u64::try_from(rest.len() / SECTOR).unwrap_or(0));
            let next = self.former.sectors.range(at..end).next();
            let from_medium = next.map_or(end, |(next, _)| *next) - at;
            let bytes = usize::try_from(from_medium).unwrap_or(0).saturating_mul(SECTOR).min(rest.len());
            let (medium, kept) = rest.split_at_mut(bytes);
            if !medium.is_empty() {
                self.medium.read_blocks(at, medium)?;
            }
            let (Some((next, former)), Some((sector, behind))) = (next, kept.split_at_mut_checked(SECTOR))
            else {
                return Ok(());
            };
            sector.fill(0);
            if let Some(head) = sector.get_mut(..former.len()) {
                head.copy_from_slice(former);
            }
            at = next.saturating_add(1);
            rest = behind;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::cast_possible_truncation, reason = "tests")]

    use super::*;

    /// Whatever of the sectors that are kept lies inside of what is read.
    #[test]
    fn a_medium_is_seen_as_it_was() {
        let mut was: Vec<u8> = (0..40 * SECTOR).map(|n| (n / 7 % 251) as u8).collect();
        was[18 * SECTOR..19 * SECTOR].fill(0);
        let ranges = [(4u64, 3u64), (16, 4), (39, 1)];
        let former =
            FormerSectors::read(ranges, |lba, sector| was.read_blocks(lba, sector)).unwrap().unwrap();
        let mut now = was.clone();
        for (first, blocks) in ranges {
            now[first as usize * SECTOR..(first + blocks) as usize * SECTOR].fill(0xEE);
        }
        assert!(former.was(5, &was[5 * SECTOR..6 * SECTOR]) && !former.was(5, &now[5 * SECTOR..6 * SECTOR]));
        let seen = former.over(Arc::new(now));
        for first in 0..40 {
            for end in first + 1..=40 {
                let mut found = vec![0x55; (end - first) * SECTOR];
                seen.read_blocks(first as u64, &mut found).unwrap();
                assert!(found == was[first * SECTOR..end * SECTOR], "{first} to {end}");
            }
        }
        assert!(seen.read_blocks(39, &mut vec![0; 2 * SECTOR]).is_err());
        let none = FormerSectors::read([(0, MOST_FORMER), (600, 1)], |_, _| -> io::Result<()> { panic!() });
        assert_eq!(none.unwrap(), None);
    }
}
