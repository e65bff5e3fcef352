//! Read/write error recovery page 01h (MMC-6 7.3).

use super::PageData;
use crate::bytes::layout;
use crate::field::ResponseError;

layout! {
    /// How hard the drive tries.
    #[doc(alias = "IMAPI_MODE_PAGE_TYPE_READ_WRITE_ERROR_RECOVERY")]
    pub struct ReadWriteErrorRecovery[10] "read/write error recovery page" {
        /// AWRE: replace defective blocks while writing.
        automatic_write_reallocation: bool = 0 & 0x80,
        /// ARRE: replace defective blocks while reading.
        automatic_read_reallocation: bool = 0 & 0x40,
        /// TB: hand over what was read of a bad block.
        transfer_block: bool = 0 & 0x20,
        /// RC: keep the stream going, errors or not.
        read_continuous: bool = 0 & 0x10,
        /// PER: report recovered errors.
        post_error: bool = 0 & 0x04,
        /// DTE: stop at a recovered error.
        disable_transfer_on_error: bool = 0 & 0x02,
        /// DCR: no correction.
        disable_correction: bool = 0 & 0x01,
        /// READ RETRY COUNT.
        read_retries: u8 = 1,
        /// EMCDR: report defects of MRW and BD, 0-3.
        enhanced_media_certification: u8 = 5 & 0x03,
        /// WRITE RETRY COUNT.
        write_retries: u8 = 6,
        /// ERROR REPORTING WINDOW SIZE in blocks.
        error_window: [u8; 3] = 7,
    }
}

impl PageData for ReadWriteErrorRecovery {
    const CODE: u8 = 0x01;

    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        Self::read_padded(data)
    }

    fn to_data(&self) -> Vec<u8> {
        self.write().to_vec()
    }
}
