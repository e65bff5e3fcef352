//! LOAD/UNLOAD MEDIUM (MMC-6 6.9): changers.

use crate::bytes::command;
use crate::command::Transfer;

command! {
    /// Moves a disc between a slot and the playing position.
    #[doc(alias = "A6h")]
    struct LoadUnload[12] LOAD_UNLOAD_MEDIUM "LOAD/UNLOAD MEDIUM" |_| Transfer::None => {
        /// IMMED: status comes before the work is done.
        immediate: bool = 1 & 0x01,
        /// LOUNLO: load or unload.
        load_unload: bool = 4 & 0x02,
        /// START: with LOUNLO load, without it unload.
        start: bool = 4 & 0x01,
        /// Slot, from 0.
        slot: u8 = 8,
    }
}
