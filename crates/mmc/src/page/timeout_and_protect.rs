//! Timeout and protect page 1Dh (MMC-6 7).

use super::PageData;
use crate::bytes::layout;
use crate::field::ResponseError;

layout! {
    /// Limits for slow commands, and write protection by software.
    #[doc(alias = "IMAPI_MODE_PAGE_TYPE_TIMEOUT_AND_PROTECT")]
    pub struct TimeoutAndProtect[8] "timeout and protect page" {
        /// G3ENABLE: the group 3 limit is in force.
        group3_enable: bool = 2 & 0x08,
        /// TMOE: the drive may take longer than the limits.
        timeout_enable: bool = 2 & 0x04,
        /// DISP: the medium is not available until power down.
        disable_until_power_down: bool = 2 & 0x02,
        /// SWPP: write protected until power down.
        write_protect_until_power_down: bool = 2 & 0x01,
        /// GROUP 1 MINIMUM TIME-OUT in seconds.
        group1_timeout: u16 = 4,
        /// GROUP 2 MINIMUM TIME-OUT in seconds.
        group2_timeout: u16 = 6,
    }
}

impl PageData for TimeoutAndProtect {
    const CODE: u8 = 0x1D;

    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        Self::read(data)
    }

    fn to_data(&self) -> Vec<u8> {
        self.write().to_vec()
    }
}
