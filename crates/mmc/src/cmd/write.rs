//! WRITE (10), WRITE (12) and WRITE AND VERIFY (10) (MMC-6 6.46 to 6.48).

use glassmaster_disc::Lba;

use crate::bytes::command;
use crate::command::Transfer;

command! {
    /// Writes logical blocks; up to 65535 in one command.
    #[doc(alias = "2Ah")]
    struct Write10[10] WRITE_10 "WRITE (10)" |c| Transfer::OutBlocks(c.blocks.into()) => {
        /// FUA: on the medium before the status comes.
        force_unit_access: bool = 1 & 0x08,
        /// First block; negative in the pre-gap and lead-in of a CD.
        lba: Lba = 2,
        /// Number of blocks; 0 writes nothing and is no error.
        blocks: u16 = 7,
    }
}

command! {
    /// Writes logical blocks, as a stream if wanted.
    #[doc(alias = "AAh")]
    struct Write12[12] WRITE_12 "WRITE (12)" |c| Transfer::OutBlocks(c.blocks) => {
        /// FUA: on the medium before the status comes.
        force_unit_access: bool = 1 & 0x08,
        /// First block; negative in the pre-gap and lead-in of a CD.
        lba: Lba = 2,
        /// Number of blocks; 0 writes nothing and is no error.
        blocks: u32 = 6,
        /// STREAMING: time goes before correctness; on BD without verification and replacement.
        streaming: bool = 10 & 0x80,
        /// VNR: replace only blocks already known as defective (BD-RE).
        verify_not_required: bool = 10 & 0x40,
    }
}

command! {
    /// Writes logical blocks and reads them back inside the drive (rewritable media).
    #[doc(alias = "2Eh")]
    struct WriteAndVerify10[10] WRITE_AND_VERIFY_10 "WRITE AND VERIFY (10)"
    |c| Transfer::OutBlocks(c.blocks.into()) => {
        /// First block.
        lba: Lba = 2,
        /// Number of blocks.
        blocks: u16 = 7,
    }
}

impl Write10 {
    /// Plain write.
    #[must_use]
    pub const fn new(lba: Lba, blocks: u16) -> Self {
        Self { force_unit_access: false, lba, blocks }
    }
}

impl Write12 {
    /// Plain write.
    #[must_use]
    pub const fn new(lba: Lba, blocks: u32) -> Self {
        Self { force_unit_access: false, lba, blocks, streaming: false, verify_not_required: false }
    }
}
