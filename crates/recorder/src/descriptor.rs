//! Adapter and drive in the forms that Windows programs know: `STORAGE_ADAPTER_DESCRIPTOR` and
//! `STORAGE_DEVICE_DESCRIPTOR`, all numbers little-endian.

use glassmaster_mmc::cmd::Inquiry;
use glassmaster_scsi::TransferLimits;

use crate::{DiscRecorder, Error};

/// Bytes of a `STORAGE_ADAPTER_DESCRIPTOR`.
const ADAPTER: u32 = 32;
/// Bytes of a `STORAGE_DEVICE_DESCRIPTOR`, and where its raw properties begin.
const DEVICE: u32 = 40;
const RAW_PROPERTIES: usize = 36;
/// Vital product data page with the serial number (SPC-4, Unit Serial Number VPD page).
const UNIT_SERIAL_NUMBER: u8 = 0x80;

/// A structure made field by field.
struct Builder(Vec<u8>);

impl Builder {
    fn number(&mut self, value: usize) {
        self.0.extend_from_slice(&u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn adapter(limits: &TransferLimits, bus: u8) -> Vec<u8> {
    let mut out = Builder(Vec::new());
    // Version and Size are both the size of the structure.
    out.bytes(&ADAPTER.to_le_bytes());
    out.bytes(&ADAPTER.to_le_bytes());
    out.number(limits.page_aligned);
    out.number(limits.pages);
    out.number(limits.alignment.saturating_sub(1));
    // AdapterUsesPio, AdapterScansDown, CommandQueueing, AcceleratedTransfer.
    out.bytes(&[0, 0, 0, 0]);
    // BusType and one byte of padding; bus versions, request block type and address type are not known.
    out.bytes(&[bus, 0, 0, 0, 0, 0, 0, 0]);
    out.0
}

/// `inquiry` is the standard data as the drive sent it, at least 36 bytes; `texts` are vendor, product, revision and, where
/// it has one, serial number.
fn device(inquiry: &[u8], texts: [Option<&str>; 4], bus: u8) -> Vec<u8> {
    let mut strings = Vec::new();
    let start = RAW_PROPERTIES + inquiry.len();
    let offsets = texts.map(|text| {
        let text = text?;
        let at = start + strings.len();
        strings.extend_from_slice(text.as_bytes());
        strings.push(0);
        Some(at)
    });
    let mut out = Builder(Vec::new());
    out.bytes(&DEVICE.to_le_bytes());
    out.number((start + strings.len()).max(40));
    let byte = |at: usize| inquiry.get(at).copied().unwrap_or(0);
    // DeviceType, DeviceTypeModifier, RemovableMedia, CommandQueueing.
    out.bytes(&[byte(0) & 0x1F, byte(1) & 0x7F, byte(1) >> 7, byte(7) >> 1 & 1]);
    for offset in offsets {
        out.number(offset.unwrap_or(0));
    }
    out.bytes(&[bus, 0, 0, 0]);
    out.number(inquiry.len());
    out.bytes(inquiry);
    out.bytes(&strings);
    out.0
}

impl DiscRecorder {
    /// What the host adapter can do, as a `STORAGE_ADAPTER_DESCRIPTOR` of 32 bytes: largest transfer, pages and alignment
    /// as [`DiscRecorder::transfer_limits`] has them, and the kind of bus. What the system does not tell is 0.
    #[doc(alias = "GetAdapterDescriptor")]
    #[doc(alias = "ULONG_IMAPI2_ADAPTER_DESCRIPTOR")]
    #[must_use]
    pub fn adapter_descriptor(&self) -> Vec<u8> {
        let facts = self.system();
        adapter(&facts.limits, facts.bus.0)
    }

    /// Who the drive is, as a `STORAGE_DEVICE_DESCRIPTOR`: device type, removable medium, bus, the INQUIRY data as raw
    /// properties, and vendor, product, revision and serial number as text. Texts that are not there have offset 0.
    ///
    /// # Errors
    /// What the drive says to INQUIRY; one that has no serial number is none.
    #[doc(alias = "GetDeviceDescriptor")]
    #[doc(alias = "ULONG_IMAPI2_DEVICE_DESCRIPTOR")]
    pub fn device_descriptor(&self) -> Result<Vec<u8>, Error> {
        let inquiry = self.query_bytes(&Inquiry::standard())?;
        let serial = self.serial_number()?;
        let identity = self.identity();
        let texts = [
            Some(identity.vendor.as_str()),
            Some(identity.product.as_str()),
            Some(identity.revision.as_str()),
            serial.as_deref(),
        ];
        Ok(device(&inquiry, texts, self.system().bus.0))
    }

    /// Serial number of the drive: vital product data page 80h (SPC-4), printable part; `None` where it has none.
    ///
    /// # Errors
    /// What the drive says, a page that it does not know aside.
    pub fn serial_number(&self) -> Result<Option<String>, Error> {
        let query = Inquiry { vital_product_data: true, page: UNIT_SERIAL_NUMBER, allocation_length: 252 };
        let page = match self.query_bytes(&query) {
            Ok(page) => page,
            Err(e) if e.is_unsupported() => return Ok(None),
            Err(e) => return Err(e),
        };
        // Old drives answer with their standard data whatever page is asked for.
        let Some([_, UNIT_SERIAL_NUMBER, _, length]) = page.first_chunk::<4>() else { return Ok(None) };
        let body = page.get(4..).unwrap_or(&[]);
        let text = body.get(..usize::from(*length)).unwrap_or(body);
        let text: String =
            text.iter().filter(|b| (0x20..0x7F).contains(*b)).map(|b| char::from(*b)).collect();
        Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offsets of `STORAGE_ADAPTER_DESCRIPTOR` as documented: MaximumTransferLength 8, MaximumPhysicalPages 12,
    /// AlignmentMask 16, BusType 24.
    #[test]
    fn adapter_fields_stand_where_windows_has_them() {
        let limits = TransferLimits { page_aligned: 0x2_0000, unaligned: 0x1_F000, pages: 33, alignment: 4 };
        let bytes = adapter(&limits, 7);
        assert_eq!(bytes.len(), 32);
        assert_eq!(bytes[..20], [32, 0, 0, 0, 32, 0, 0, 0, 0, 0, 2, 0, 33, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(bytes[24], 7);
    }

    /// Offsets of `STORAGE_DEVICE_DESCRIPTOR` as documented: VendorIdOffset 12, ProductIdOffset 16,
    /// ProductRevisionOffset 20, SerialNumberOffset 24, BusType 28, RawPropertiesLength 32, RawDeviceProperties 36.
    #[test]
    fn device_texts_are_found_by_their_offsets() {
        let mut inquiry = vec![0x05, 0x80, 5, 2, 31, 0, 0, 0];
        inquiry.extend_from_slice(b"ACME    BURNER 3000     1.07");
        let bytes = device(&inquiry, [Some("ACME"), Some("BURNER 3000"), Some("1.07"), None], 11);
        let number =
            |at: usize| usize::try_from(u32::from_le_bytes(*bytes[at..].first_chunk().unwrap())).unwrap();
        let text = |at: usize| {
            let rest = &bytes[number(at)..];
            std::str::from_utf8(&rest[..rest.iter().position(|b| *b == 0).unwrap()]).unwrap()
        };
        assert_eq!((number(0), number(4)), (40, bytes.len()));
        assert_eq!(bytes[8..12], [5, 0, 1, 0]);
        assert_eq!((text(12), text(16), text(20), number(24)), ("ACME", "BURNER 3000", "1.07", 0));
        assert_eq!((number(28), number(32)), (11, 36));
        assert_eq!(bytes[36..72], inquiry);
        let bytes = device(&inquiry, [None, None, None, Some("42")], 0);
        assert_eq!(&bytes[usize::from(bytes[24])..], b"42\0");
    }
}
