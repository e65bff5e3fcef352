//! PREVENT ALLOW MEDIUM REMOVAL (MMC-6 6.13).

use crate::bytes::command;
use crate::command::Transfer;

command! {
    /// Locks or unlocks the tray.
    #[doc(alias = "1Eh")]
    struct PreventAllowMediumRemoval[6] PREVENT_ALLOW_MEDIUM_REMOVAL "PREVENT ALLOW MEDIUM REMOVAL"
    |_| Transfer::None => {
        /// PERSISTENT: the eject button becomes an event for the host instead.
        persistent: bool = 4 & 0x02,
        /// PREVENT: lock.
        prevent: bool = 4 & 0x01,
    }
}

impl PreventAllowMediumRemoval {
    /// Locks.
    #[must_use]
    pub const fn prevent() -> Self {
        Self { persistent: false, prevent: true }
    }

    /// Unlocks.
    #[must_use]
    pub const fn allow() -> Self {
        Self { persistent: false, prevent: false }
    }
}
