//! Caching page 08h (MMC-6 7.6).

use super::PageData;
use crate::bytes::layout;
use crate::field::ResponseError;

layout! {
    /// Whether the drive caches.
    #[doc(alias = "IMAPI_MODE_PAGE_TYPE_CACHING")]
    pub struct Caching[10] "caching page" {
        /// WCE: write cache on.
        write_cache: bool = 0 & 0x04,
        /// RCD: read cache off.
        read_cache_disable: bool = 0 & 0x01,
    }
}

impl PageData for Caching {
    const CODE: u8 = 0x08;

    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        Self::read_padded(data)
    }

    fn to_data(&self) -> Vec<u8> {
        self.write().to_vec()
    }
}
