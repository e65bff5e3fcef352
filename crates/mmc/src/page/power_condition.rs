//! Power condition page 1Ah (SPC-4 7.5 in the form of MMC-6 clause 7).

use super::PageData;
use crate::bytes::layout;
use crate::field::ResponseError;

layout! {
    /// When the drive goes to rest by itself.
    #[doc(alias = "IMAPI_MODE_PAGE_TYPE_POWER_CONDITION")]
    pub struct PowerConditionPage[10] "power condition page" {
        /// IDLE: the idle timer runs.
        idle: bool = 1 & 0x02,
        /// STANDBY: the standby timer runs.
        standby: bool = 1 & 0x01,
        /// IDLE TIMER in units of 100 ms.
        idle_timer: u32 = 2,
        /// STANDBY TIMER in units of 100 ms.
        standby_timer: u32 = 6,
    }
}

impl PageData for PowerConditionPage {
    const CODE: u8 = 0x1A;

    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        Self::read(data)
    }

    fn to_data(&self) -> Vec<u8> {
        self.write().to_vec()
    }
}
