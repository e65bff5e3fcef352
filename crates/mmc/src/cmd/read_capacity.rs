//! READ CAPACITY (MMC-6 6.18): the last readable address.

use glassmaster_disc::Lba;

use crate::bytes::{command, layout};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

command! {
    /// Asks where the readable area ends.
    #[doc(alias = "25h")]
    struct ReadCapacity[10] READ_CAPACITY "READ CAPACITY" |_| Transfer::In(8) => {}
}

impl Query for ReadCapacity {
    type Response = Capacity;

    fn parse_response(&self, data: &[u8]) -> Result<Capacity, ResponseError> {
        Capacity::parse(data)
    }
}

layout! {
    /// READ CAPACITY data.
    pub struct Capacity[8] "READ CAPACITY data" {
        /// Last logical block that can be read; 0 on a blank sequential medium.
        last: Lba = 0,
        /// Bytes of a block, 2048.
        block_length: u32 = 4,
    }
}

impl Capacity {
    /// Reads the 8 bytes.
    ///
    /// # Errors
    /// [`ResponseError`] when there are fewer.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        Self::read(data)
    }

    /// The 8 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.write().to_vec()
    }
}
