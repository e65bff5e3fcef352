//! START STOP UNIT (MMC-6 6.42).

use crate::bytes::{command, open_code};
use crate::command::Transfer;

open_code! {
    /// POWER CONDITIONS of START STOP UNIT in MMC.
    PowerCondition {
        NO_CHANGE = 0, " No change: START and LOEJ count.";
        IDLE = 2, " Idle.";
        STANDBY = 3, " Standby.";
        SLEEP = 5, " Sleep.";
    }
}

command! {
    /// Spins the disc up or down, opens or closes the tray.
    #[doc(alias = "1Bh")]
    struct StartStopUnit[6] START_STOP_UNIT "START STOP UNIT" |_| Transfer::None => {
        /// IMMED: status comes before the work is done.
        immediate: bool = 1 & 0x01,
        /// FORMAT LAYER NUMBER, with [`Self::format_layer_change`] set.
        format_layer: u8 = 3 & 0x03,
        /// POWER CONDITIONS.
        power: PowerCondition = 4 & 0xF0,
        /// FL: jump to a format layer of a hybrid disc.
        format_layer_change: bool = 4 & 0x04,
        /// LOEJ: load or eject.
        load_eject: bool = 4 & 0x02,
        /// START: with LOEJ load, without it spin up; clear: eject or stop.
        start: bool = 4 & 0x01,
    }
}

impl StartStopUnit {
    /// Opens the tray.
    #[must_use]
    pub fn eject() -> Self {
        Self { load_eject: true, ..Self::default() }
    }

    /// Closes the tray and reads the medium.
    #[must_use]
    pub fn load() -> Self {
        Self { load_eject: true, start: true, ..Self::default() }
    }

    /// Spins the medium up.
    #[must_use]
    pub fn start() -> Self {
        Self { start: true, ..Self::default() }
    }

    /// Spins the medium down.
    #[must_use]
    pub fn stop() -> Self {
        Self::default()
    }
}
