//! Formatting as READ FORMAT CAPACITIES (MMC-6 6.23) and FORMAT UNIT (MMC-6 6.4) know it.

use glassmaster_scsi::Sense;

use super::{Change, Disc};

/// Descriptor type of the current or maximum capacity (MMC-6 table "Descriptor Type").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum CapacityState {
    /// Unformatted or blank: the greatest capacity it can be formatted to.
    Unformatted = 1,
    /// Formatted: its capacity.
    Formatted = 2,
    /// In a state whose capacity is not settled: the largest possible.
    Unknown = 3,
}

/// One way to format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Capacity {
    pub(crate) blocks: u32,
    /// Format type code, six bits.
    pub(crate) format_type: u8,
    /// Type dependent parameter, 24 bits.
    pub(crate) parameter: u32,
}

/// One format descriptor of FORMAT UNIT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FormatRequest {
    pub(crate) blocks: u32,
    pub(crate) format_type: u8,
    pub(crate) sub_type: u8,
    pub(crate) parameter: u32,
}

/// A medium that can be formatted.
pub(crate) trait Formattable {
    /// State of the disc and its capacity in it.
    fn current(&self, disc: &Disc) -> (CapacityState, u32);

    /// All the ways it can be formatted now; none when its state forbids it.
    fn offered(&self, disc: &Disc) -> Vec<Capacity>;

    fn format(&self, disc: &mut Disc, request: FormatRequest) -> Result<Change, Sense>;

    /// Blocks that a format of this kind writes or certifies before the disc can be used; 0 for the quick ones.
    fn certified(&self, _disc: &Disc, _request: FormatRequest) -> u32 {
        0
    }

    /// Whether the format goes on in the background while the disc can already be used.
    fn in_background(&self) -> bool {
        false
    }

    /// The background format has come `blocks` further.
    fn advance(&self, _disc: &mut Disc, _blocks: u32) -> Result<(), Sense> {
        Ok(())
    }
}
