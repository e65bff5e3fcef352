//! CRC of descriptors and translated names: ITU-T V.41 polynomial, initial value 0 (ECMA-167 3/7.2.6, UDF 6.5).

use ::crc::{CRC_16_XMODEM, Crc, Table};

/// Sixteen tables of 256: file entries are checked by the hundred thousand.
static CRC: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_XMODEM);

/// CRC of bytes.
pub(crate) fn crc(bytes: &[u8]) -> u16 {
    CRC.checksum(bytes)
}

/// CRC of 16-bit characters, high byte first (UDF 6.5, for names).
pub(crate) fn crc_units(units: impl Iterator<Item = u16>) -> u16 {
    let mut digest = CRC.digest();
    for unit in units {
        digest.update(&unit.to_be_bytes());
    }
    digest.finalize()
}

#[cfg(test)]
mod tests {
    /// The example that UDF 6.5 gives for its program: bytes 70 6A 77 have the CRC 3299.
    #[test]
    fn example_of_the_specification() {
        assert_eq!(super::crc(&[0x70, 0x6A, 0x77]), 0x3299);
    }
}
