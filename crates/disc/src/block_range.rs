//! Runs of sectors, both ends included, as IMAPI counts them.

/// First and last sector of a run, both included.
#[doc(alias = "IBlockRange")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct BlockRange {
    first: u32,
    last: u32,
}

impl BlockRange {
    /// A run from `first` to `last`; `None` when `last` stands before `first`.
    #[must_use]
    pub const fn new(first: u32, last: u32) -> Option<Self> {
        if last < first { None } else { Some(Self { first, last }) }
    }

    /// First sector.
    #[doc(alias = "StartLba")]
    #[must_use]
    pub const fn first(self) -> u32 {
        self.first
    }

    /// Last sector, part of the run.
    #[doc(alias = "EndLba")]
    #[must_use]
    pub const fn last(self) -> u32 {
        self.last
    }

    /// Number of sectors, at least 1.
    #[must_use]
    pub const fn blocks(self) -> u64 {
        (self.last - self.first) as u64 + 1
    }
}

/// Runs in the order in which they are to be written, lowest index first.
#[doc(alias = "IBlockRangeList")]
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BlockRangeList(#[doc(alias = "BlockRanges")] pub Vec<BlockRange>);

impl BlockRangeList {
    /// Sectors of all runs together.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.0.iter().map(|r| r.blocks()).sum()
    }
}
