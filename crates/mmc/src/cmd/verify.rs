//! VERIFY (10) (MMC-6 6.45): reads without transfer.

use glassmaster_disc::Lba;

use crate::bytes::command;
use crate::command::Transfer;

command! {
    /// Has the drive read blocks and report the first that it cannot.
    #[doc(alias = "2Fh")]
    struct Verify10[10] VERIFY_10 "VERIFY (10)"
    |c| if c.byte_check { Transfer::OutBlocks(c.blocks.into()) } else { Transfer::None } => {
        /// DPO: keep nothing of it in the cache.
        disable_page_out: bool = 1 & 0x10,
        /// BYTCHK: compare with data that the host sends; MMC wants it clear.
        byte_check: bool = 1 & 0x02,
        /// First block.
        lba: Lba = 2,
        /// Number of blocks.
        blocks: u16 = 7,
    }
}
