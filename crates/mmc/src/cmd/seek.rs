//! SEEK (10) (MMC-5 6.32).

use glassmaster_disc::Lba;

use crate::bytes::command;
use crate::command::Transfer;

command! {
    /// Moves the pick-up.
    #[doc(alias = "2Bh")]
    struct Seek10[10] SEEK_10 "SEEK (10)" |_| Transfer::None => {
        /// Where to.
        lba: Lba = 2,
    }
}
