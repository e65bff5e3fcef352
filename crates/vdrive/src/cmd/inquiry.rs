//! INQUIRY (MMC-6 6.8, SPC-4) and the vital product data pages 00h, 80h, 83h (SPC-4).

use glassmaster_mmc::cmd::{Inquiry, StandardInquiry};
use glassmaster_scsi::Sense;

use crate::drive::VirtualDrive;
use crate::sense;

const VENDOR: &str = "GLASSMST";
const PRODUCT: &str = "VIRTUAL BD-RE";
const REVISION: &str = "1.00";

pub(super) fn answer(d: &VirtualDrive, c: &Inquiry) -> Result<Vec<u8>, Sense> {
    if !c.vital_product_data {
        if c.page != 0 {
            return Err(sense::cdb_field(2));
        }
        return Ok(standard());
    }
    let body = match c.page {
        0x00 => vec![0x00, 0x80, 0x83],
        0x80 => d.serial.as_bytes().to_vec(),
        0x83 => designation(&d.serial),
        _ => return Err(sense::cdb_field(2)),
    };
    let [high, low] = u16::try_from(body.len()).unwrap_or(0).to_be_bytes();
    let mut out = vec![StandardInquiry::CD_DVD, c.page, high, low];
    out.extend_from_slice(&body);
    Ok(out)
}

fn standard() -> Vec<u8> {
    // Bytes 36 to 95: nothing vendor specific; version descriptors SPC-4 (0460h) and MMC-6 (04E0h).
    let mut rest = vec![0; 60];
    rest[22..26].copy_from_slice(&[0x04, 0x60, 0x04, 0xE0]);
    StandardInquiry {
        qualifier: 0,
        device_type: StandardInquiry::CD_DVD,
        removable: true,
        version: 6,
        format: 2,
        vendor: VENDOR.to_owned(),
        product: PRODUCT.to_owned(),
        revision: REVISION.to_owned(),
        rest,
    }
    .to_bytes()
}

/// One T10 vendor identification designator of the logical unit, in ASCII (SPC-4, Device Identification VPD page).
fn designation(serial: &str) -> Vec<u8> {
    let text = format!("{VENDOR}{PRODUCT:<16}{serial}");
    let mut out = vec![0x02, 0x01, 0x00, u8::try_from(text.len()).unwrap_or(u8::MAX)];
    out.extend_from_slice(text.as_bytes());
    out
}
