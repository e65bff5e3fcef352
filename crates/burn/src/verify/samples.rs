//! Sectors kept while they are sent, to be looked for on the disc.

use glassmaster_disc::SECTOR;
use glassmaster_recorder::DiscSource;
use std::io;

use super::{Comparison, note_verified};
use crate::error::{Error, ErrorKind};
use crate::job::Job;

/// Sectors kept, at most: 128 KiB.
const COUNT: u64 = 64;

/// A small set of sectors spread over the whole: the first, the last, and one at a random place in each of the equal parts
/// between them.
#[derive(Debug)]
pub(crate) struct Samples {
    /// Ascending; those before `next` are taken.
    wanted: Vec<u64>,
    next: usize,
    taken: Vec<(u64, Vec<u8>)>,
    /// Sectors before the first one that [`Samples::note_sent`] hears of.
    before: u64,
}

/// `SplitMix64`, Steele, Lea and Flood 2014: every seed gives a good sequence.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Samples {
    /// Chooses among `sectors` sectors; the same seed chooses the same.
    pub(crate) fn choose(sectors: u64, seed: u64) -> Self {
        let mut state = seed;
        let parts = COUNT - 2;
        let part = sectors.div_ceil(parts).max(1);
        let random = (0..parts).filter_map(|i| {
            let within = next_random(&mut state) % part;
            i.checked_mul(part)?.checked_add(within)
        });
        let mut wanted: Vec<u64> =
            random.chain([0, sectors.saturating_sub(1)]).filter(|s| *s < sectors).collect();
        wanted.sort_unstable();
        wanted.dedup();
        Self { wanted, next: 0, taken: Vec::new(), before: 0 }
    }

    /// No sectors.
    pub(crate) fn none() -> Self {
        Self { wanted: Vec::new(), next: 0, taken: Vec::new(), before: 0 }
    }

    /// What comes now begins at this sector of the whole.
    pub(crate) fn go_on_from(&mut self, sector: u64) {
        self.before = sector;
    }

    /// Keeps the chosen ones among the sectors `first ..` that `data` holds. Called with all of them, in order.
    pub(crate) fn note_sent(&mut self, first: u64, data: &[u8]) {
        let first = first.saturating_add(self.before);
        while let Some(sector) = self.wanted.get(self.next) {
            let Some(offset) = sector.checked_sub(first).and_then(|n| usize::try_from(n).ok()) else {
                self.next += 1;
                continue;
            };
            let Some(bytes) = offset.checked_mul(SECTOR).and_then(|at| data.get(at..at.checked_add(SECTOR)?))
            else {
                return;
            };
            self.taken.push((*sector, bytes.to_vec()));
            self.next += 1;
        }
    }

    /// Looks for them on the disc, the first sector of the source being at block `start`.
    pub(super) fn compare(
        &self,
        job: &mut Job<'_>,
        disc: &DiscSource,
        start: u64,
        result: &mut Comparison,
    ) -> Result<(), Error> {
        let mut found = vec![0; SECTOR];
        for (sector, sent) in &self.taken {
            job.check_stopped()?;
            match disc.read(start.saturating_add(*sector), &mut found) {
                Ok(()) => {
                    result.compared += 1;
                    if found != *sent {
                        result.note_different(*sector);
                    }
                }
                Err(e) if !e.is_about_blocks() => return Err(job.fail(ErrorKind::Device(e))),
                Err(e) => result.note_unreadable(*sector, &io::Error::other(e)),
            }
            note_verified(job, start, 0);
        }
        // A chosen sector that never came by means that less was sent than was announced.
        result.missing += u64::try_from(self.wanted.len() - self.taken.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_reach_both_ends_and_every_part() {
        for sectors in [1, 2, 3, 61, 62, 63, 1000, 12_219_392] {
            let samples = Samples::choose(sectors, 7);
            assert_eq!(samples.wanted.first(), Some(&0));
            assert_eq!(samples.wanted.last(), Some(&(sectors - 1)));
            assert!(samples.wanted.len() <= 64);
            let widest = samples.wanted.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0);
            assert!(widest <= 2 * sectors.div_ceil(62).max(1), "{sectors}: gap of {widest}");
            assert_eq!(samples.wanted, Samples::choose(sectors, 7).wanted);
        }
        assert_ne!(Samples::choose(100_000, 1).wanted, Samples::choose(100_000, 2).wanted);
    }

    #[test]
    fn chosen_sectors_are_kept_whatever_the_pieces() {
        let data: Vec<u8> = (0..200 * SECTOR).map(|i| u8::try_from(i / SECTOR % 256).unwrap()).collect();
        for piece in [1, 7, 64, 200] {
            let mut samples = Samples::choose(200, 3);
            for (i, chunk) in data.chunks(piece * SECTOR).enumerate() {
                samples.note_sent(u64::try_from(i * piece).unwrap(), chunk);
            }
            assert_eq!(samples.taken.len(), samples.wanted.len());
            for (sector, bytes) in &samples.taken {
                assert_eq!(u64::from(bytes[0]), *sector % 256);
            }
        }
    }
}
