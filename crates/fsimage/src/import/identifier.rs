//! The signature of a disc and its sessions.

use glassmaster_disc::{HResult, Multisession, SECTOR, SessionAddresses};

use crate::code::Failure;
use crate::error::Error;

/// Sectors of descriptors that are part of the signature: recognition sequence with ISO 9660 descriptors, then the first UDF
/// anchor and its sequence, both counted from the start of the session.
const PLACES: [(u64, u64); 2] = [(16, 16), (256, 17)];

/// FNV-1a, 64 bits: spread well enough for a few discs, and the same everywhere.
struct Fnv(u64);

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
}

/// Signature of the medium and its sessions, 16 upper-case hexadecimal digits: tells whether a disc is the one that an image
/// was made for. Not guaranteed to be unique. It covers where sessions stand and the descriptors of the last one.
///
/// # Errors
/// `IMAPI_E_IMPORT_READ_FAILURE` when a descriptor's place exists and cannot be read.
#[doc(alias = "CalculateDiscIdentifier")]
#[doc(alias = "DiscId")]
pub fn disc_identifier(multisession: &Multisession) -> Result<String, Error> {
    let mut hash = Fnv(0xCBF2_9CE4_8422_2325);
    match multisession.addresses {
        SessionAddresses::Sequential { previous_start, previous_last, next_writable, .. } => {
            for number in [previous_start, previous_last, Some(next_writable)] {
                hash.add(&number.map_or(u64::MAX, u64::from).to_le_bytes());
            }
        }
        SessionAddresses::RandomWrite { total, .. } => hash.add(&total.to_le_bytes()),
    }
    let start = u64::from(multisession.addresses.last_session());
    let mut sector = vec![0; SECTOR];
    for (first, count) in PLACES {
        for lba in
            (start + first..start + first + count).take_while(|l| *l < multisession.source.block_count())
        {
            multisession
                .source
                .read_blocks(lba, &mut sector)
                .map_err(|e| Failure::new(HResult::IMPORT_READ_FAILURE).with(lba).because(e))?;
            hash.add(&sector);
        }
    }
    Ok(format!("{:016X}", hash.0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn medium(sectors: usize, mark: Option<usize>) -> Multisession {
        let mut bytes = vec![0; sectors * SECTOR];
        if let Some(at) = mark {
            bytes[at * SECTOR] = 1;
        }
        let addresses = SessionAddresses::RandomWrite { write_unit: 16, last_written: None, total: 900 };
        Multisession { supported: true, in_use: false, addresses, source: Arc::new(bytes) }
    }

    #[test]
    fn descriptors_and_addresses_make_the_signature() {
        let plain = disc_identifier(&medium(400, None)).unwrap();
        assert_eq!(plain.len(), 16);
        assert!(plain.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)), "{plain}");
        assert_eq!(plain, disc_identifier(&medium(400, None)).unwrap());
        for place in [16, 31, 256, 272] {
            assert_ne!(plain, disc_identifier(&medium(400, Some(place))).unwrap(), "{place}");
        }
        // File data is no part of it.
        assert_eq!(plain, disc_identifier(&medium(400, Some(300))).unwrap());
        let mut other = medium(400, None);
        other.addresses = SessionAddresses::RandomWrite { write_unit: 16, last_written: None, total: 901 };
        assert_ne!(plain, disc_identifier(&other).unwrap());
    }
}
