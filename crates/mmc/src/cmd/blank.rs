//! BLANK (MMC-6 6.2): erases CD-RW and DVD-RW.

use crate::bytes::{command, open_code};
use crate::command::Transfer;

open_code! {
    /// BLANKING TYPE.
    BlankType {
        DISC = 0, " The whole disc.";
        MINIMAL = 1, " PMA, first lead-in and pre-gap: the disc looks blank.";
        TRACK = 2, " One track.";
        UNRESERVE_TRACK = 3, " The last, reserved track.";
        TRACK_TAIL = 4, " The end of a track, from an address.";
        UNCLOSE_SESSION = 5, " Open the last session again.";
        LAST_SESSION = 6, " The last session.";
    }
}

command! {
    /// Erases.
    #[doc(alias = "A1h")]
    struct Blank[12] BLANK "BLANK" |_| Transfer::None => {
        /// IMMED: status comes before the work is done.
        immediate: bool = 1 & 0x10,
        /// What to erase.
        kind: BlankType = 1 & 0x07,
        /// START ADDRESS of [`BlankType::TRACK_TAIL`] or TRACK NUMBER of [`BlankType::TRACK`], else 0.
        start: u32 = 2,
    }
}
