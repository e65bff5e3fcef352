//! SEND OPC INFORMATION (MMC-6 6.38): laser power calibration.

use crate::bytes::command;
use crate::command::Transfer;

command! {
    /// Has the drive calibrate its laser, or gives it values from an earlier calibration.
    #[doc(alias = "54h")]
    struct SendOpcInformation[10] SEND_OPC_INFORMATION "SEND OPC INFORMATION"
    |c| if c.do_opc { Transfer::None } else { Transfer::Out(c.parameter_list_length.into()) } => {
        /// DOOPC: calibrate now.
        do_opc: bool = 1 & 0x01,
        /// EXCLUDE 1: not in the outer area of layer 1 or of BD.
        exclude_1: bool = 2 & 0x02,
        /// EXCLUDE 0: not in the inner area.
        exclude_0: bool = 2 & 0x01,
        /// Bytes of OPC table entries (8 each); 0 with DOOPC.
        parameter_list_length: u16 = 7,
    }
}

impl SendOpcInformation {
    /// Calibrates.
    #[must_use]
    pub fn calibrate() -> Self {
        Self { do_opc: true, ..Self::default() }
    }
}
