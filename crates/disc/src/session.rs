//! Where a session stands on its medium.

/// What imaging needs to know of the session it is to fill: pure numbers, so that it never meets a drive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SessionInfo {
    /// First sector of the session; 0 for the first one. Addresses in descriptors are absolute.
    #[doc(alias = "SessionStartBlock")]
    pub start: u32,
    /// Sectors that may be used, 0 for no limit.
    #[doc(alias = "FreeMediaBlocks")]
    pub free_blocks: u64,
    /// Sectors that are written together: 1 for CD, 16 for DVD, 32 for BD.
    #[doc(alias = "WriteUnitSize")]
    pub write_unit: u32,
}
