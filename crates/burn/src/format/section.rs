//! What is written and where: one source from start to end, or parts of a picture of the medium.

use std::io;
use std::sync::Arc;

use glassmaster_disc::{BlockRange, BlockRangeList, BlockSource, Lba};
use glassmaster_recorder::{MediaState, Medium};

use crate::digest::{DigestBuilder, Sha256Sum};
use crate::engine::Target;
use crate::error::{Error, ErrorKind};
use crate::job::Job;
use crate::journal::mark_of;
use crate::ring::Ring;
use crate::verify::{Samples, VerifyLevel};

/// What a caller asks for.
pub(super) enum Work<'a> {
    /// A source from its first sector to its last, where the medium takes the next data.
    Whole(Arc<dyn BlockSource>),
    /// Parts of a picture of the medium, each where it belongs.
    Ranges(Arc<dyn BlockSource>, &'a BlockRangeList),
    /// The same on a medium that is overwritten; on one that grows all of the source.
    Either(Arc<dyn BlockSource>, &'a BlockRangeList),
}

/// The room that is asked for.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// That many sectors where the medium takes the next data.
    Sectors(u64),
    /// Sectors before this one, wherever.
    UpTo(u64),
    /// The one or the other, as the medium is.
    Either {
        /// Where the medium takes the next data.
        growing: u64,
        /// On a medium that is overwritten.
        up_to: u64,
    },
}

impl Wanted {
    pub(super) fn of_ranges(ranges: &BlockRangeList) -> Self {
        Self::UpTo(ranges.0.iter().map(|r| u64::from(r.last()) + 1).max().unwrap_or(0))
    }

    /// Once the medium is known.
    pub(super) fn on(self, medium: &Medium) -> Self {
        match self {
            Self::Either { up_to, .. } if is_overwritten(medium) => Self::UpTo(up_to),
            Self::Either { growing, .. } => Self::Sectors(growing),
            known => known,
        }
    }

    pub(super) fn at_most(self, most: u64) -> Self {
        match self {
            Self::Sectors(n) => Self::Sectors(n.min(most)),
            Self::UpTo(n) => Self::UpTo(n.min(most)),
            Self::Either { growing, up_to } => {
                Self::Either { growing: growing.min(most), up_to: up_to.min(most) }
            }
        }
    }

    pub(super) fn sectors(self) -> u64 {
        match self {
            Self::Sectors(n) | Self::UpTo(n) | Self::Either { growing: n, .. } => n,
        }
    }
}

/// Whether every sector of the medium can be written at any time.
fn is_overwritten(medium: &Medium) -> bool {
    medium.state.contains(MediaState::OVERWRITE_ONLY)
}

impl<'a> Work<'a> {
    /// Once the medium is known.
    pub(super) fn on(&self, medium: &Medium) -> Work<'a> {
        match self {
            Self::Ranges(image, ranges) => Work::Ranges(Arc::clone(image), ranges),
            Self::Either(image, ranges) if is_overwritten(medium) => Work::Ranges(Arc::clone(image), ranges),
            Self::Whole(source) | Self::Either(source, _) => Work::Whole(Arc::clone(source)),
        }
    }

    /// Sectors that are written, without padding.
    pub(super) fn amount(&self) -> u64 {
        match self {
            Self::Whole(source) | Self::Either(source, _) => source.block_count(),
            Self::Ranges(_, ranges) => ranges.blocks(),
        }
    }

    /// The mark of a journal about it; `start` is where the medium took the data.
    pub(super) fn mark(&self, start: Lba) -> io::Result<Sha256Sum> {
        match self {
            Self::Whole(source) | Self::Either(source, _) => mark_of([(start, &**source)]),
            Self::Ranges(image, ranges) => {
                let windows: Vec<_> = ranges.0.iter().map(|range| Window::of(image, range)).collect();
                let starts = ranges.0.iter().map(|range| Lba(i32::try_from(range.first()).unwrap_or(-1)));
                mark_of(starts.zip(windows.iter().map(|w| w as &dyn BlockSource)))
            }
        }
    }

    pub(super) fn wanted(&self) -> Wanted {
        match self {
            Self::Whole(source) => Wanted::Sectors(source.block_count()),
            Self::Ranges(_, ranges) => Wanted::of_ranges(ranges),
            Self::Either(source, ranges) => {
                Wanted::Either { growing: source.block_count(), up_to: Wanted::of_ranges(ranges).sectors() }
            }
        }
    }

    /// The pieces in the order in which they are written; `target` is where the medium takes data.
    pub(super) fn sections(&self, target: Target) -> Result<Vec<Section>, String> {
        let (image, ranges) = match self {
            Self::Whole(source) | Self::Either(source, _) => {
                return Ok(vec![Section { target, source: Arc::clone(source), begun: None }]);
            }
            Self::Ranges(image, ranges) => (image, ranges),
        };
        let section = |range: &BlockRange| {
            let (first, sectors, unit) = (range.first(), range.blocks(), target.unit);
            if !first.is_multiple_of(unit.max(1)) || !sectors.is_multiple_of(u64::from(unit.max(1))) {
                return Err(format!(
                    "sectors {first} to {} are no whole number of units of {unit} sectors",
                    range.last()
                ));
            }
            let start = i32::try_from(first).map_err(|_| format!("no disc has a sector {first}"))?;
            let source = Window::of(image, range);
            let target = Target { start: Lba(start), lead: 0, sectors, tail: 0, unit };
            Ok(Section { target, source: Arc::new(source), begun: None })
        };
        ranges.0.iter().map(section).collect()
    }
}

/// A run of sectors and where it goes.
pub(super) struct Section {
    pub(super) target: Target,
    pub(super) source: Arc<dyn BlockSource>,
    /// What of the source is on the disc already.
    pub(super) begun: Option<Begun>,
}

/// The part of a write that an earlier one has done.
pub(super) struct Begun {
    /// Where the whole source goes.
    pub(super) whole: Target,
    pub(super) source: Arc<dyn BlockSource>,
    /// Sectors of it that are done.
    pub(super) done: u64,
    /// Those of them that are looked for again.
    pub(super) samples: Samples,
    /// Hash of them; with full verification.
    pub(super) digest: Option<DigestBuilder>,
}

impl Section {
    /// Sectors of it that are on the disc already.
    pub(super) fn done(&self) -> u64 {
        self.begun.as_ref().map_or(0, |begun| begun.done)
    }

    /// Begins to read ahead.
    pub(super) fn ring(&self, job: &Job<'_>) -> Result<Ring, Error> {
        let full = job.options.verify == VerifyLevel::Full;
        let begun = self.begun.as_ref().and_then(|b| b.digest.clone());
        let digest = begun.or_else(|| full.then(DigestBuilder::default));
        let (clock, source) = (job.recorder.clock(), Arc::clone(&self.source));
        let ring = Ring::start(clock, source, self.target.sectors, job.options.ring, digest);
        ring.map_err(|e| job.fail(ErrorKind::Thread(e)))
    }
}

/// A part of a picture of the medium as a source of its own.
pub(super) struct Window {
    pub(super) image: Arc<dyn BlockSource>,
    pub(super) first: u64,
    pub(super) sectors: u64,
}

impl Window {
    fn of(image: &Arc<dyn BlockSource>, range: &BlockRange) -> Self {
        Self { image: Arc::clone(image), first: u64::from(range.first()), sectors: range.blocks() }
    }
}

impl BlockSource for Window {
    fn block_count(&self) -> u64 {
        self.sectors
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        self.check_range(lba, buf.len())?;
        self.image.read_blocks(self.first.saturating_add(lba), buf)
    }
}
