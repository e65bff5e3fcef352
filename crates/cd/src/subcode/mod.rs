//! The subcode of a sector: 96 symbols of the channels P to W (ECMA-130 22), in the forms MMC moves them.

mod q;
mod rw;

pub use q::{Control, Q, QError, TocPoint, crc16};
pub use rw::{PACK, PACKS, Pack, deinterleave, interleave, pack_is_right, set_parity};

/// Bytes of the subcode of a sector in the forms with all channels.
pub const SUBCODE: usize = 96;

/// What follows the 2352 bytes of a sector in a raw image; the numbers are IMAPI's and those of MMC's data block types.
#[doc(alias = "IMAPI_FORMAT2_RAW_CD_DATA_SECTOR_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum SubcodeForm {
    /// 16 bytes: the Q frame, three zeros, P in bit 7 of the last.
    #[doc(alias = "IMAPI_FORMAT2_RAW_CD_SUBCODE_PQ_ONLY")]
    PqOnly = 1,
    /// 96 bytes, P to W; packs in R to W are as they are meant.
    #[doc(alias = "IMAPI_FORMAT2_RAW_CD_SUBCODE_IS_COOKED")]
    #[default]
    Cooked = 2,
    /// 96 bytes, P to W; packs in R to W are spread as on disc.
    #[doc(alias = "IMAPI_FORMAT2_RAW_CD_SUBCODE_IS_RAW")]
    Raw = 3,
}

impl SubcodeForm {
    /// Bytes of a sector with its subcode: 2368 or 2448.
    #[must_use]
    pub const fn bytes_per_sector(self) -> usize {
        match self {
            Self::PqOnly => 2352 + 16,
            Self::Cooked | Self::Raw => 2352 + SUBCODE,
        }
    }
}

/// P to W of one sector: one byte for each symbol, P in bit 7, Q in bit 6, W in bit 0 (the form of MMC's data block types 2 and 3).
///
/// The types differ in R to W only: type 2 has packs as they are meant, type 3 as they stand on disc, spread by
/// [`interleave`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subcode(pub [u8; SUBCODE]);

impl Subcode {
    /// P flag and Q frame; R to W are zeros.
    #[must_use]
    pub fn new(p: bool, q: [u8; 12]) -> Self {
        let mut out = [if p { 0x80 } else { 0 }; SUBCODE];
        for (symbols, byte) in out.as_chunks_mut::<8>().0.iter_mut().zip(q) {
            for (bit, symbol) in symbols.iter_mut().enumerate() {
                *symbol |= (byte << bit & 0x80) >> 1;
            }
        }
        Self(out)
    }

    /// With other R to W: the lower six bits of each byte count.
    #[must_use]
    pub fn with_rw(mut self, rw: &[u8; SUBCODE]) -> Self {
        for (symbol, bits) in self.0.iter_mut().zip(rw) {
            *symbol = *symbol & 0xC0 | bits & 0x3F;
        }
        self
    }

    /// The P flag by majority of its 96 bits, which are not protected by anything else.
    #[must_use]
    pub fn p(&self) -> bool {
        self.0.iter().filter(|symbol| **symbol & 0x80 != 0).count() > SUBCODE / 2
    }

    /// The Q frame.
    #[must_use]
    pub fn q(&self) -> [u8; 12] {
        let mut out = [0; 12];
        for (byte, symbols) in out.iter_mut().zip(self.0.as_chunks::<8>().0) {
            *byte = symbols.iter().fold(0, |byte, symbol| byte << 1 | (symbol >> 6 & 1));
        }
        out
    }

    /// R to W, the upper two bits of each byte clear.
    #[must_use]
    pub fn rw(&self) -> [u8; SUBCODE] {
        self.0.map(|symbol| symbol & 0x3F)
    }

    /// The 16 bytes of P and Q alone (data block type 1): Q frame, three zeros, P in bit 7 of the last byte.
    #[must_use]
    pub fn pq(&self) -> [u8; 16] {
        let mut out = [0; 16];
        out[..12].copy_from_slice(&self.q());
        out[15] = if self.p() { 0x80 } else { 0 };
        out
    }

    /// From the form of P and Q alone; R to W are zeros. A CRC of 0 is made anew, because that form may leave it out.
    #[must_use]
    pub fn from_pq(bytes: &[u8; 16]) -> Self {
        let mut q = [0; 12];
        q.copy_from_slice(&bytes[..12]);
        if q[10..] == [0, 0] {
            let code = crc16(&q[..10]).to_be_bytes();
            q[10..].copy_from_slice(&code);
        }
        Self::new(bytes[15] & 0x80 != 0, q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn forms_are_the_same_subcode(
            p in proptest::bool::ANY,
            q in proptest::array::uniform12(proptest::num::u8::ANY),
            rw in proptest::array::uniform32(0u8..64),
        ) {
            let mut all = [0; SUBCODE];
            for (n, symbol) in all.iter_mut().enumerate() {
                *symbol = rw[n % 32];
            }
            let whole = Subcode::new(p, q).with_rw(&all);
            proptest::prop_assert_eq!((whole.p(), whole.q(), whole.rw()), (p, q, all));
            if q[10..] != [0, 0] {
                proptest::prop_assert_eq!(Subcode::from_pq(&whole.pq()), Subcode::new(p, q));
            }
        }
    }

    #[test]
    fn a_missing_crc_is_made() {
        let mut bytes = [0; 16];
        bytes[0] = 0x41;
        bytes[15] = 0x80;
        let subcode = Subcode::from_pq(&bytes);
        assert!(subcode.p());
        assert_eq!(subcode.q()[10..], crc16(&bytes[..10]).to_be_bytes());
        assert_eq!(subcode.0[..8], [0x80, 0xC0, 0x80, 0x80, 0x80, 0x80, 0x80, 0xC0]);
    }
}
