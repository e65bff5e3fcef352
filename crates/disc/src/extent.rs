//! A piece of a file on the disc.

/// Consecutive bytes of a file in consecutive sectors, from the start of sector `lba`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Extent {
    /// First sector of the volume (absolute, not partition-relative); `None` for a piece that is allocated or
    /// sparse but not recorded and reads as zeros (ECMA-167 4/14.14.1.1).
    pub lba: Option<u32>,
    /// Bytes of the file in this piece; only the last piece may end inside a sector.
    pub bytes: u64,
}
