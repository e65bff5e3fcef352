//! REQUEST SENSE (MMC-6 and SPC-4, REQUEST SENSE command).

use glassmaster_scsi::Sense;

use crate::bytes::{Field, command};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

command! {
    /// Asks for pending sense data; the way to read the progress of an operation that runs in the background.
    #[doc(alias = "03h")]
    struct RequestSense[6] REQUEST_SENSE "REQUEST SENSE" |c| Transfer::In(c.allocation_length.into()) => {
        /// DESC: descriptor format instead of fixed.
        descriptor_format: bool = 1 & 0x01,
        /// Most bytes to return; 18 hold the fixed format.
        allocation_length: u8 = 4,
    }
}

impl RequestSense {
    /// Fixed format, 18 bytes.
    #[must_use]
    pub const fn fixed() -> Self {
        Self { descriptor_format: false, allocation_length: 18 }
    }
}

impl Query for RequestSense {
    type Response = Sense;

    fn parse_response(&self, data: &[u8]) -> Result<Sense, ResponseError> {
        Sense::parse(data).ok_or_else(|| match u8::get(data, 0, 0xFF) {
            Ok(code) if data.len() > 2 => ResponseError::Invalid {
                structure: "sense data",
                field: "response code",
                byte: 0,
                value: code.into(),
            },
            _ => ResponseError::TooShort {
                structure: "sense data",
                field: "sense key",
                byte: 2,
                got: data.len(),
            },
        })
    }
}
