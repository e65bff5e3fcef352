//! Two block sources, sector by sector.

use std::io;
use std::ops::ControlFlow;

use glassmaster_disc::{BlockSource, SECTOR};

/// Runs kept in a report; what comes after them is only counted.
const RUNS_KEPT: usize = 256;
/// Sectors compared at once.
const PIECE: u64 = 128;
/// Unreadable sectors after which the rest is given up: a drive takes seconds for each.
const UNREADABLE_LIMIT: u64 = 256;

/// Consecutive sectors, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Run {
    /// First sector.
    pub first: u64,
    /// Last sector, part of the run.
    pub last: u64,
}

impl Run {
    /// Number of sectors.
    #[must_use]
    pub fn sectors(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

/// Sectors that cannot be read, and what was said of the first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnreadableRun {
    /// Which sectors.
    pub run: Run,
    /// The error of the first one.
    pub reason: String,
}

/// What a comparison found. Sector numbers count from 0 at the start of the first source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Comparison {
    /// Sectors looked at on both sides.
    pub compared: u64,
    /// Sectors that differ.
    pub different: u64,
    /// Sectors of the second source that cannot be read.
    pub unreadable: u64,
    /// The first runs of differing sectors, ascending; at most 256.
    pub different_runs: Vec<Run>,
    /// The first runs of unreadable sectors, ascending; at most 256.
    pub unreadable_runs: Vec<UnreadableRun>,
    /// Sectors that were not looked at because too many before them could not be read.
    pub given_up: u64,
    /// Sectors that one source has and the other does not.
    pub missing: u64,
}

impl Comparison {
    /// Whether every sector was read and none differs.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.different == 0 && self.unreadable == 0 && self.given_up == 0 && self.missing == 0
    }

    /// The first sector that differs or cannot be read.
    #[must_use]
    pub fn first_fault(&self) -> Option<u64> {
        let different = self.different_runs.first().map(|run| run.first);
        let unreadable = self.unreadable_runs.first().map(|u| u.run.first);
        different.into_iter().chain(unreadable).min()
    }

    pub(crate) fn note_different(&mut self, sector: u64) {
        self.different += 1;
        let room = self.different_runs.len() < RUNS_KEPT;
        match self.different_runs.last_mut() {
            Some(run) if run.last + 1 == sector => run.last = sector,
            _ if room => {
                self.different_runs.push(Run { first: sector, last: sector });
            }
            _ => {}
        }
    }

    pub(crate) fn note_unreadable(&mut self, sector: u64, error: &io::Error) {
        self.unreadable += 1;
        let room = self.unreadable_runs.len() < RUNS_KEPT;
        match self.unreadable_runs.last_mut() {
            Some(u) if u.run.last + 1 == sector => u.run.last = sector,
            _ if room => {
                let run = Run { first: sector, last: sector };
                self.unreadable_runs.push(UnreadableRun { run, reason: error.to_string() });
            }
            _ => {}
        }
    }
}

/// A comparison that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The first source, which has to be sound, cannot be read.
    #[error("sector {sector} of the source cannot be read: {error}")]
    Source {
        /// First sector of the read that failed.
        sector: u64,
        /// What was said.
        #[source]
        error: io::Error,
    },
    /// The second source is out of reach as a whole: the drive is gone, busy, or holds another disc.
    #[error("the disc cannot be read any more, from sector {sector} on: {error}")]
    Disc {
        /// First sector of the read that failed.
        sector: u64,
        /// What was said.
        #[source]
        error: io::Error,
    },
    /// `progress` ended it.
    #[error("the comparison was cancelled")]
    Cancelled,
}

/// Compares a source with a disc, or any two sources. What the second one lacks, or has beyond a multiple of zeros as
/// padding, is reported and not an error; bad sectors of the second are found one by one.
///
/// `progress` hears the number of sectors done about every 256 KiB and may end the comparison. Sectors of the disc
/// after the end of the source are not looked at: recorders pad.
///
/// # Errors
/// [`CompareError`].
pub fn compare(
    source: &dyn BlockSource,
    disc: &dyn BlockSource,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Comparison, CompareError> {
    let mut result = Comparison::default();
    let both = source.block_count().min(disc.block_count());
    result.missing = source.block_count() - both;
    compare_range(source, 0, disc, 0, both, &mut result, progress)?;
    Ok(result)
}

/// Whether other sectors may be readable after this error of a disc. Of sources that are no drives every error is taken
/// for one of its sectors.
fn is_about_blocks(error: &io::Error) -> bool {
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<glassmaster_recorder::Error>())
        .is_none_or(glassmaster_recorder::Error::is_about_blocks)
}

/// Compares sectors `from..until` of `source` with those that stand `offset` further on `disc`.
pub(crate) fn compare_range(
    source: &dyn BlockSource,
    from: u64,
    disc: &dyn BlockSource,
    offset: u64,
    until: u64,
    result: &mut Comparison,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<(), CompareError> {
    let (mut wanted, mut found) = (Vec::new(), Vec::new());
    let mut at = from;
    while at < until {
        if progress(at).is_break() {
            return Err(CompareError::Cancelled);
        }
        if result.unreadable >= UNREADABLE_LIMIT {
            result.given_up += until - at;
            return Ok(());
        }
        let sectors = (until - at).min(PIECE);
        let bytes = usize::try_from(sectors).unwrap_or(0) * SECTOR;
        wanted.resize(bytes, 0);
        found.resize(bytes, 0);
        source.read_blocks(at, &mut wanted).map_err(|error| CompareError::Source { sector: at, error })?;
        let readable = match disc.read_blocks(at.saturating_add(offset), &mut found) {
            Ok(()) => true,
            Err(error) if is_about_blocks(&error) => false,
            Err(error) => return Err(CompareError::Disc { sector: at, error }),
        };
        if !readable || wanted != found {
            let pairs = wanted.chunks_exact(SECTOR).zip(found.chunks_exact_mut(SECTOR));
            for (sector, (wanted, found)) in (at..).zip(pairs) {
                if !readable {
                    if result.unreadable >= UNREADABLE_LIMIT {
                        result.given_up += 1;
                        continue;
                    }
                    if let Err(error) = disc.read_blocks(sector.saturating_add(offset), found) {
                        if !is_about_blocks(&error) {
                            return Err(CompareError::Disc { sector, error });
                        }
                        result.note_unreadable(sector, &error);
                        continue;
                    }
                }
                result.compared += 1;
                if wanted != found {
                    result.note_different(sector);
                }
            }
        } else {
            result.compared += sectors;
        }
        at += sectors;
    }
    if progress(until).is_break() {
        return Err(CompareError::Cancelled);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(sectors: usize) -> Vec<u8> {
        (0..sectors * SECTOR).map(|i| u8::try_from((i / SECTOR + i % 241) % 256).unwrap()).collect()
    }

    fn go(_: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn equal_sources_are_equal_and_padding_of_the_disc_does_not_count() {
        let source = image(300);
        let mut disc = source.clone();
        disc.resize(320 * SECTOR, 0);
        let result = compare(&source, &disc, &mut go).unwrap();
        assert!(result.is_equal());
        assert_eq!(result.compared, 300);
    }

    #[test]
    fn runs_of_differences_are_found_to_the_sector() {
        let source = image(300);
        let mut disc = source.clone();
        for sector in [0, 127, 128, 129, 299] {
            disc[sector * SECTOR + 2047] ^= 1;
        }
        let result = compare(&source, &disc, &mut go).unwrap();
        let runs: Vec<_> = result.different_runs.iter().map(|r| (r.first, r.last)).collect();
        assert_eq!(runs, [(0, 0), (127, 129), (299, 299)]);
        assert_eq!((result.different, result.first_fault()), (5, Some(0)));
    }

    #[test]
    fn a_short_disc_is_not_equal() {
        let source = image(40);
        let result = compare(&source, &source[..39 * SECTOR].to_vec(), &mut go).unwrap();
        assert!(!result.is_equal());
        assert_eq!(result.missing, 1);
    }

    struct Scratched(Vec<u8>, std::ops::Range<u64>);

    impl BlockSource for Scratched {
        fn block_count(&self) -> u64 {
            self.0.block_count()
        }

        fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
            let end = lba + u64::try_from(buf.len() / SECTOR).unwrap();
            if lba < self.1.end && end > self.1.start {
                return Err(io::Error::other("scratch"));
            }
            self.0.read_blocks(lba, buf)
        }
    }

    #[test]
    fn bad_sectors_are_named_and_their_neighbours_compared() {
        let source = image(300);
        let disc = Scratched(source.clone(), 130..133);
        let result = compare(&source, &disc, &mut go).unwrap();
        assert_eq!(result.unreadable_runs.len(), 1);
        assert_eq!(result.unreadable_runs[0].run, Run { first: 130, last: 132 });
        assert_eq!((result.compared, result.unreadable, result.different), (297, 3, 0));
    }

    #[test]
    fn a_dead_disc_is_given_up_and_the_rest_counted() {
        let source = image(1000);
        let result = compare(&source, &Scratched(source.clone(), 0..1000), &mut go).unwrap();
        assert_eq!(result.unreadable + result.given_up, 1000);
        assert!(result.given_up > 0 && !result.is_equal());
    }

    #[test]
    fn stops_when_asked_and_when_the_source_is_bad() {
        let source = image(300);
        let stopped = compare(&source, &source, &mut |done| {
            if done > 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(stopped, Err(CompareError::Cancelled)));
        let bad = compare(&Scratched(source.clone(), 5..6), &source, &mut go);
        assert!(matches!(bad, Err(CompareError::Source { sector: 0, .. })));
    }
}
