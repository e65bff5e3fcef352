//! Command descriptor blocks (SPC-4 4.3).

use std::fmt;

/// A command descriptor block of 6 to 16 bytes; byte 0 is the operation code (SPC-4 4.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cdb {
    bytes: [u8; 16],
    len: u8,
}

/// A command block whose length no drive accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a command block has 6 to 16 bytes, not {0}")]
pub struct CdbLengthError(pub usize);

impl Cdb {
    /// Takes 6 to 16 bytes, the operation code first.
    ///
    /// # Errors
    /// [`CdbLengthError`] for any other number of bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, CdbLengthError> {
        let len = match u8::try_from(bytes.len()) {
            Ok(len @ 6..=16) => len,
            _ => return Err(CdbLengthError(bytes.len())),
        };
        let mut block = [0; 16];
        block[..bytes.len()].copy_from_slice(bytes);
        Ok(Self { bytes: block, len })
    }

    /// A 6-byte block.
    #[must_use]
    pub fn six(bytes: [u8; 6]) -> Self {
        Self::sized(bytes)
    }

    /// A 10-byte block.
    #[must_use]
    pub fn ten(bytes: [u8; 10]) -> Self {
        Self::sized(bytes)
    }

    /// A 12-byte block, the longest that ATAPI carries.
    #[must_use]
    pub fn twelve(bytes: [u8; 12]) -> Self {
        Self::sized(bytes)
    }

    /// A 16-byte block.
    #[must_use]
    pub const fn sixteen(bytes: [u8; 16]) -> Self {
        Self { bytes, len: 16 }
    }

    fn sized<const N: usize>(from: [u8; N]) -> Self {
        const { assert!(N >= 6 && N <= 16) };
        let mut bytes = [0; 16];
        bytes[..N].copy_from_slice(&from);
        Self { bytes, len: u8::try_from(N).unwrap_or(16) }
    }

    /// Length that the group of the operation code prescribes (SPC-4 4.2.5.1): 6, 10, 12 or 16; `None` for the
    /// reserved and vendor groups.
    #[must_use]
    pub const fn length_of(opcode: u8) -> Option<usize> {
        match opcode >> 5 {
            0 => Some(6),
            1 | 2 => Some(10),
            4 => Some(16),
            5 => Some(12),
            _ => None,
        }
    }

    /// Byte 0.
    #[must_use]
    pub const fn opcode(&self) -> u8 {
        self.bytes[0]
    }

    /// The bytes of the block.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }

    /// Byte `index`, 0 past the end, so that a short block reads as if padded (ATAPI pads to 12 bytes).
    #[must_use]
    pub fn byte(&self, index: usize) -> u8 {
        self.bytes.get(index).copied().unwrap_or(0)
    }

    /// Big-endian number in bytes `index` and `index + 1`.
    #[must_use]
    pub fn be16(&self, index: usize) -> u16 {
        u16::from_be_bytes([self.byte(index), self.byte(index + 1)])
    }

    /// Big-endian number in three bytes from `index`.
    #[must_use]
    pub fn be24(&self, index: usize) -> u32 {
        u32::from_be_bytes([0, self.byte(index), self.byte(index + 1), self.byte(index + 2)])
    }

    /// Big-endian number in four bytes from `index`.
    #[must_use]
    pub fn be32(&self, index: usize) -> u32 {
        u32::from_be_bytes([
            self.byte(index),
            self.byte(index + 1),
            self.byte(index + 2),
            self.byte(index + 3),
        ])
    }
}

macro_rules! from_array {
    ($($len:literal)*) => {$(
        impl From<[u8; $len]> for Cdb {
            fn from(bytes: [u8; $len]) -> Self {
                Self::sized(bytes)
            }
        }
    )*};
}
from_array!(6 10 12 16);

impl fmt::Display for Cdb {
    /// Lower-case hexadecimal bytes with single spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.as_bytes().iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Cdb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cdb({self})")
    }
}

impl TryFrom<&[u8]> for Cdb {
    type Error = CdbLengthError;

    fn try_from(bytes: &[u8]) -> Result<Self, CdbLengthError> {
        Self::new(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_to_sixteen_bytes() {
        for len in 0..20usize {
            assert_eq!(Cdb::new(&vec![0x12; len]).is_ok(), (6..=16).contains(&len), "{len}");
        }
    }

    #[test]
    fn group_codes_of_spc() {
        for (opcode, len) in [(0x12, 6), (0x2A, 10), (0x5A, 10), (0x88, 16), (0xA8, 12), (0xBE, 12)] {
            assert_eq!(Cdb::length_of(opcode), Some(len));
        }
        assert_eq!(Cdb::length_of(0x7F), None);
        assert_eq!(Cdb::length_of(0xFF), None);
    }

    #[test]
    fn reads_past_the_end_are_zero() {
        let cdb = Cdb::six([0x12, 0, 0, 1, 2, 3]);
        assert_eq!(cdb.be16(3), 0x0102);
        assert_eq!(cdb.be24(3), 0x01_0203);
        assert_eq!(cdb.be32(4), 0x0203_0000);
        assert_eq!(cdb.byte(400), 0);
        assert_eq!(cdb.to_string(), "12 00 00 01 02 03");
    }
}
