//! SET CD SPEED (MMC-6 6.39).

use crate::bytes::{command, open_code};
use crate::command::Transfer;

open_code! {
    /// ROTATIONAL CONTROL.
    Rotation {
        CLV = 0, " CLV and not pure CAV.";
        CAV = 1, " Pure CAV.";
    }
}

command! {
    /// Sets read and write speed of CDs; DVD and BD want SET STREAMING.
    #[doc(alias = "BBh")]
    struct SetCdSpeed[12] SET_CD_SPEED "SET CD SPEED" |_| Transfer::None => {
        /// How the disc turns.
        rotation: Rotation = 1 & 0x03,
        /// Read speed in kB/s (1000 bytes; 176 for 1x CD); FFFFh is the best.
        read_speed: u16 = 2,
        /// Write speed in kB/s; FFFFh is the best.
        write_speed: u16 = 4,
    }
}

impl SetCdSpeed {
    /// The best speed that medium and drive allow.
    pub const BEST: u16 = 0xFFFF;
}
