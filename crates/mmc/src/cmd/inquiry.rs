//! INQUIRY (MMC-6 6.8, SPC-4) and its standard data.

use crate::bytes::{command, layout};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

command! {
    /// Asks who the drive is. Works without a medium and never clears a unit attention.
    #[doc(alias = "12h")]
    struct Inquiry[6] INQUIRY "INQUIRY" |c| Transfer::In(c.allocation_length.into()) => {
        /// EVPD: the vital product data page instead of the standard data.
        vital_product_data: bool = 1 & 0x01,
        /// Page code with EVPD, else 0.
        page: u8 = 2,
        /// Most bytes to return; drives answer at least 36.
        allocation_length: u16 = 3,
    }
}

impl Inquiry {
    /// The standard data, 96 bytes at most: what every system asks for.
    #[must_use]
    pub const fn standard() -> Self {
        Self { vital_product_data: false, page: 0, allocation_length: 96 }
    }
}

impl Query for Inquiry {
    type Response = StandardInquiry;

    /// The answer to EVPD = 0.
    fn parse_response(&self, data: &[u8]) -> Result<StandardInquiry, ResponseError> {
        StandardInquiry::parse(data)
    }
}

layout! {
    struct Raw[36] "standard INQUIRY data" {
        qualifier: u8 = 0 & 0xE0,
        device_type: u8 = 0 & 0x1F,
        removable: bool = 1 & 0x80,
        version: u8 = 2,
        format: u8 = 3 & 0x0F,
        additional_length: u8 = 4,
        vendor: [u8; 8] = 8,
        product: [u8; 16] = 16,
        revision: [u8; 4] = 32,
    }
}

/// Standard INQUIRY data (SPC-4, INQUIRY command).
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct StandardInquiry {
    /// PERIPHERAL QUALIFIER: 0 where a device is connected.
    pub qualifier: u8,
    /// PERIPHERAL DEVICE TYPE: 5 for CD, DVD and BD.
    pub device_type: u8,
    /// RMB: the medium can be taken out.
    pub removable: bool,
    /// VERSION: 5 for SPC-3, 6 for SPC-4, 0 in many ATAPI drives.
    pub version: u8,
    /// RESPONSE DATA FORMAT: 2; ATAPI drives set bits 4-7 of the same byte too, which are not kept.
    pub format: u8,
    /// T10 VENDOR IDENTIFICATION without trailing spaces, at most 8 characters. Bytes outside printable ASCII are
    /// shown as `?`.
    pub vendor: String,
    /// PRODUCT IDENTIFICATION, at most 16 characters.
    pub product: String,
    /// PRODUCT REVISION LEVEL, at most 4 characters.
    pub revision: String,
    /// Bytes 36 and on: vendor specific, then version descriptors from byte 58.
    pub rest: Vec<u8>,
}

/// PERIPHERAL DEVICE TYPE of CD, DVD and BD devices.
pub(crate) const DEVICE_TYPE: u8 = 5;

impl StandardInquiry {
    /// Peripheral device type of CD, DVD and BD drives (SPC-4, PERIPHERAL DEVICE TYPE field).
    pub const CD_DVD: u8 = DEVICE_TYPE;

    /// Reads at least the first 36 bytes.
    ///
    /// # Errors
    /// [`ResponseError`] when the data ends inside them.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let raw = Raw::read(data)?;
        let end = data.len().min(usize::from(raw.additional_length) + 5);
        Ok(Self {
            qualifier: raw.qualifier,
            device_type: raw.device_type,
            removable: raw.removable,
            version: raw.version,
            format: raw.format,
            vendor: text(&raw.vendor),
            product: text(&raw.product),
            revision: text(&raw.revision),
            rest: data.get(Raw::LEN..end).unwrap_or(&[]).to_vec(),
        })
    }

    /// The bytes; texts are cut and padded with spaces, ADDITIONAL LENGTH covers all of [`Self::rest`] up to 255.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let raw = Raw {
            qualifier: self.qualifier,
            device_type: self.device_type,
            removable: self.removable,
            version: self.version,
            format: self.format,
            additional_length: u8::try_from(Raw::LEN - 5 + self.rest.len()).unwrap_or(u8::MAX),
            vendor: padded(&self.vendor),
            product: padded(&self.product),
            revision: padded(&self.revision),
        };
        let mut out = raw.write().to_vec();
        out.extend_from_slice(&self.rest);
        out.truncate(usize::from(u8::MAX) + 5);
        out
    }
}

fn text(bytes: &[u8]) -> String {
    let printable = |b: &u8| if (0x20..0x7F).contains(b) { char::from(*b) } else { '?' };
    let end = bytes.iter().rposition(|b| !matches!(b, b' ' | 0)).map_or(0, |i| i + 1);
    bytes.iter().take(end).map(printable).collect()
}

fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut out = [b' '; N];
    for (place, c) in out.iter_mut().zip(text.chars()) {
        *place = if matches!(c, ' '..='~') { u8::try_from(c).unwrap_or(b'?') } else { b'?' };
    }
    out
}
