//! The error detection code of CD-ROM sectors (ECMA-130 14.3): a CRC of 32 bits, least significant bit first, with the
//! polynomial (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1).

use crc::{Crc, Table};

static CODE: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&crc::CRC_32_CD_ROM_EDC);

/// The code of `bytes`; a sector holds it with the least significant byte first.
#[must_use]
pub fn edc(bytes: &[u8]) -> u32 {
    CODE.checksum(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by the division of the standard, bit by bit: dividend in the order of the bits on disc, polynomial from the
    /// two factors the standard gives.
    fn by_long_division(bytes: &[u8]) -> u32 {
        let mut factors: u64 = 0;
        for shift in [16, 15, 2, 0] {
            factors ^= 0b1_0000_0000_0000_0111 << shift;
        }
        assert_eq!(factors, 0x1_8001_801B);
        let mut rest: u64 = 0;
        let bits = bytes.iter().flat_map(|byte| (0..8).map(move |n| byte >> n & 1));
        for bit in bits.chain([0; 32]) {
            rest = rest << 1 | u64::from(bit);
            if rest >> 32 & 1 == 1 {
                rest ^= factors;
            }
        }
        u32::try_from(rest).unwrap().reverse_bits()
    }

    #[test]
    fn check_value_of_the_catalogue() {
        assert_eq!(edc(b"123456789"), 0x6EC2_EDC4);
        assert_eq!(edc(&[0; 2064]), 0);
    }

    proptest::proptest! {
        #[test]
        fn is_the_rest_of_the_division(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..100)) {
            proptest::prop_assert_eq!(edc(&bytes), by_long_division(&bytes));
        }
    }
}
