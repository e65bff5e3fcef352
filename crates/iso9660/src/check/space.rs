//! What lies where: extents that overlap although they are not the same (ECMA-119 6.4).

use super::Checker;

/// What a run of sectors holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Holds {
    Descriptor,
    PathTable,
    Directory,
    /// May be shared by records of several names and hierarchies.
    Content,
}

/// Kept small: there is one for each file of each hierarchy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Run {
    start: u32,
    blocks: u32,
    holds: Holds,
}

impl Run {
    fn end(&self) -> u64 {
        u64::from(self.start) + u64::from(self.blocks)
    }

    fn label(&self) -> &'static str {
        match self.holds {
            Holds::Descriptor => "volume descriptor",
            Holds::PathTable => "path table",
            Holds::Directory => "directory",
            Holds::Content => "content of a file",
        }
    }
}

/// Runs of sectors in use.
#[derive(Default)]
pub(super) struct Space {
    runs: Vec<Run>,
}

impl Space {
    /// Runs that do not begin in the 32-bit space of ISO 9660 cannot meet any other and are left out.
    pub(super) fn add(&mut self, lba: u64, blocks: u64, holds: Holds) {
        if let (Ok(start), Ok(blocks)) = (u32::try_from(lba), u32::try_from(blocks))
            && blocks > 0
        {
            self.runs.push(Run { start, blocks, holds });
        }
    }
}

impl Checker<'_> {
    /// Reports runs that share sectors. Files may share their whole extent (hard links, both hierarchies); a piece of
    /// another file is allowed by the standard but no writer means it.
    pub(super) fn space(&mut self) {
        let mut runs = std::mem::take(&mut self.space.runs);
        runs.sort_unstable();
        runs.dedup_by(|a, b| a == b && a.holds == Holds::Content);
        let mut last: Option<Run> = None;
        for run in runs {
            if let Some(before) = last
                && u64::from(run.start) < before.end()
            {
                let what = format!(
                    "{} (sectors {} to {}) and {} ({} to {}) share sectors",
                    before.label(),
                    before.start,
                    before.end() - 1,
                    run.label(),
                    run.start,
                    run.end() - 1
                );
                if before.holds == Holds::Content && run.holds == Holds::Content {
                    self.warn("ECMA-119 6.4", u64::from(run.start), what);
                } else {
                    self.error("ECMA-119 6.4", u64::from(run.start), what);
                }
            }
            if last.is_none_or(|before| run.end() > before.end()) {
                last = Some(run);
            }
        }
    }
}
