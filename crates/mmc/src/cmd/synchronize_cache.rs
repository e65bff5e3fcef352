//! SYNCHRONIZE CACHE (10) (MMC-6 6.43).

use glassmaster_disc::Lba;

use crate::bytes::command;
use crate::command::Transfer;

command! {
    /// Writes what is still in the cache; ends a packet, and a session-at-once recording with its lead-out.
    #[doc(alias = "35h")]
    struct SynchronizeCache10[10] SYNCHRONIZE_CACHE_10 "SYNCHRONIZE CACHE (10)" |_| Transfer::None => {
        /// IMMED: status comes before the work is done.
        immediate: bool = 1 & 0x02,
        /// First block; with 0 and 0 blocks the whole cache is meant.
        lba: Lba = 2,
        /// Number of blocks; 0 means all from `lba` on.
        blocks: u16 = 7,
    }
}
