//! READ BUFFER CAPACITY (MMC-6 6.17).

use crate::bytes::{command, layout};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

command! {
    /// Asks how full the write buffer is.
    #[doc(alias = "5Ch")]
    struct ReadBufferCapacity[10] READ_BUFFER_CAPACITY "READ BUFFER CAPACITY"
    |c| Transfer::In(c.allocation_length.into()) => {
        /// BLOCK: count blocks instead of bytes; only with the Real-time Streaming feature that says so.
        in_blocks: bool = 1 & 0x01,
        /// Most bytes to return, 12.
        allocation_length: u16 = 7,
    }
}

impl ReadBufferCapacity {
    /// In bytes.
    #[must_use]
    pub const fn in_bytes() -> Self {
        Self { in_blocks: false, allocation_length: 12 }
    }
}

impl Query for ReadBufferCapacity {
    type Response = BufferCapacity;

    fn parse_response(&self, data: &[u8]) -> Result<BufferCapacity, ResponseError> {
        BufferCapacity::parse(data)
    }
}

layout! {
    /// READ BUFFER CAPACITY data.
    pub struct BufferCapacity[12] "READ BUFFER CAPACITY data" {
        /// BLOCK: the unit is a block; `length` is then reserved.
        in_blocks: bool = 3 & 0x01,
        /// LENGTH OF THE BUFFER in bytes.
        length: u32 = 4,
        /// AVAILABLE LENGTH OF BUFFER: what could be written without waiting, in bytes or blocks.
        available: u32 = 8,
    }
}

impl BufferCapacity {
    /// Reads the 12 bytes.
    ///
    /// # Errors
    /// [`ResponseError`] when there are fewer.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        Self::read(data)
    }

    /// The 12 bytes with their length field, 10.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::bytes::set_length16(self.write().to_vec())
    }
}
