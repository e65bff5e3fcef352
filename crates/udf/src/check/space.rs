//! Which sectors are used for what, and twice.

use super::Report;

/// What a run of sectors holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Use {
    /// A file entry.
    Entry,
    /// Extents of a file or directory.
    Data,
}

/// Runs in use, in any order.
#[derive(Default)]
pub(super) struct Space {
    runs: Vec<(u32, u64, Use)>,
}

impl Space {
    pub(super) fn add(&mut self, lba: u32, blocks: u64, what: Use) {
        self.runs.push((lba, blocks, what));
    }

    /// Reports runs that share sectors.
    pub(super) fn report(&mut self, report: &mut Report<'_>) {
        self.runs.sort_unstable();
        let mut reach: Option<(u64, Use)> = None;
        for &(lba, blocks, what) in &self.runs {
            let end = u64::from(lba) + blocks;
            if let Some((before, other)) = reach
                && u64::from(lba) < before
            {
                if what == Use::Data && other == Use::Data {
                    report.warning("ECMA-167 4/8.7", lba, "two files or directories share sectors");
                } else {
                    report.error(
                        "ECMA-167 4/8.7",
                        lba,
                        "a file entry stands inside the extent of another object",
                    );
                }
            }
            if reach.is_none_or(|(before, _)| end > before) {
                reach = Some((end, what));
            }
        }
    }
}
