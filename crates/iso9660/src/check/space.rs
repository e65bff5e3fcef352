//! What lies where: extents that overlap although they are not the same (ECMA-119 6.4).

use glassmaster_disc::Severity;

use super::Checker;

/// What a run of sectors holds. In this order at one address: the catalog and boot images may be files, too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Holds {
    Descriptor,
    PathTable,
    Directory,
    /// Sectors of continuation areas, each of which may serve many records; some stand behind the records of a
    /// directory, inside its extent.
    Continuation,
    BootCatalog,
    BootImage,
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
            Holds::Continuation => "continuation area",
            Holds::BootCatalog => "boot catalog",
            Holds::BootImage => "boot image",
            Holds::Content => "content of a file",
        }
    }

    /// How much it matters that two runs share sectors; `None` where it is as it should be.
    fn meets(&self, other: &Self) -> Option<Severity> {
        use Holds::{BootCatalog, BootImage, Content, Continuation, Directory, PathTable};
        let (low, high) =
            if self.holds <= other.holds { (self.holds, other.holds) } else { (other.holds, self.holds) };
        match (low, high) {
            (Directory, Continuation) => None,
            // Programs put both into files; firmware may load more or less than the file.
            (BootCatalog | BootImage, Content) | (BootImage, BootImage) if self.start == other.start => None,
            // One table may serve several descriptors, and an optional occurrence may be the first.
            (PathTable, PathTable) if self == other => None,
            (BootImage, BootImage | Content) => Some(Severity::Note),
            (Content, Content) => Some(Severity::Warning),
            _ => Some(Severity::Error),
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
            let run = Run { start, blocks, holds };
            // Neighbouring records share their sectors of continuation areas.
            if holds != Holds::Continuation || self.runs.last() != Some(&run) {
                self.runs.push(run);
            }
        }
    }
}

impl Checker<'_> {
    /// Reports runs that share sectors. Files may share their whole extent (hard links, both hierarchies); a piece of
    /// another file is allowed by the standard but no writer means it.
    pub(super) fn space(&mut self) {
        let mut runs = std::mem::take(&mut self.space.runs);
        runs.sort_unstable();
        runs.dedup_by(|a, b| {
            a == b && matches!(a.holds, Holds::Content | Holds::Continuation | Holds::BootImage)
        });
        let mut last: Option<Run> = None;
        for run in runs {
            if let Some(before) = last
                && u64::from(run.start) < before.end()
                && let Some(severity) = before.meets(&run)
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
                self.find(severity, "ECMA-119 6.4", u64::from(run.start), what);
            }
            if last.is_none_or(|before| run.end() > before.end()) {
                last = Some(run);
            }
        }
    }
}
