//! READ (10) and READ (12) (MMC-6 6.14 and 6.15).

use glassmaster_disc::Lba;

use crate::bytes::command;
use crate::command::Transfer;

command! {
    /// Reads logical blocks; up to 65535 in one command.
    #[doc(alias = "28h")]
    struct Read10[10] READ_10 "READ (10)" |c| Transfer::InBlocks(c.blocks.into()) => {
        /// DPO: keep nothing of it in the cache.
        disable_page_out: bool = 1 & 0x10,
        /// FUA: from the medium, not from the cache.
        force_unit_access: bool = 1 & 0x08,
        /// First block.
        lba: Lba = 2,
        /// Number of blocks; 0 reads nothing and is no error.
        blocks: u16 = 7,
    }
}

command! {
    /// Reads logical blocks, as a stream if wanted.
    #[doc(alias = "A8h")]
    struct Read12[12] READ_12 "READ (12)" |c| Transfer::InBlocks(c.blocks) => {
        /// DPO: keep nothing of it in the cache.
        disable_page_out: bool = 1 & 0x10,
        /// FUA: from the medium, not from the cache.
        force_unit_access: bool = 1 & 0x08,
        /// First block.
        lba: Lba = 2,
        /// Number of blocks; 0 reads nothing and is no error.
        blocks: u32 = 6,
        /// STREAMING: time goes before correctness, as SET STREAMING says.
        streaming: bool = 10 & 0x80,
    }
}

impl Read10 {
    /// Plain read.
    #[must_use]
    pub const fn new(lba: Lba, blocks: u16) -> Self {
        Self { disable_page_out: false, force_unit_access: false, lba, blocks }
    }
}

impl Read12 {
    /// Plain read.
    #[must_use]
    pub const fn new(lba: Lba, blocks: u32) -> Self {
        Self { disable_page_out: false, force_unit_access: false, lba, blocks, streaming: false }
    }
}
