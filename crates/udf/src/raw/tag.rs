//! Descriptor tag (ECMA-167 3/7.2 and 4/7.2).

use super::field::{put_u16, put_u32, u16_at, u32_at};
use crate::crc::crc;

/// Bytes of a tag.
pub(crate) const TAG_LEN: usize = 16;

pub(crate) const PRIMARY_VOLUME: u16 = 1;
pub(crate) const ANCHOR: u16 = 2;
pub(crate) const POINTER: u16 = 3;
pub(crate) const IMPLEMENTATION_USE: u16 = 4;
pub(crate) const PARTITION: u16 = 5;
pub(crate) const LOGICAL_VOLUME: u16 = 6;
pub(crate) const UNALLOCATED_SPACE: u16 = 7;
pub(crate) const TERMINATING: u16 = 8;
pub(crate) const INTEGRITY: u16 = 9;
pub(crate) const FILE_SET: u16 = 256;
pub(crate) const FILE_IDENTIFIER: u16 = 257;
pub(crate) const ALLOCATION_EXTENT: u16 = 258;
pub(crate) const INDIRECT_ENTRY: u16 = 259;
pub(crate) const TERMINAL_ENTRY: u16 = 260;
pub(crate) const FILE_ENTRY: u16 = 261;
pub(crate) const EXTENDED_ATTRIBUTE_HEADER: u16 = 262;
pub(crate) const SPACE_BITMAP: u16 = 264;
pub(crate) const EXTENDED_FILE_ENTRY: u16 = 266;

/// Fields of a tag that are not computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tag {
    pub(crate) identifier: u16,
    pub(crate) version: u16,
    pub(crate) location: u32,
}

/// Serial number of every tag written: the medium was never used before (ECMA-167 3/7.2.5, UDF 2.2.1.1).
const SERIAL: u16 = 1;

/// Why bytes are not the descriptor they should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum TagError {
    #[error("{0} bytes are too few for the descriptor")]
    Short(usize),
    #[error("tag checksum is {found:#04x}, its bytes give {computed:#04x} (ECMA-167 3/7.2.3)")]
    Checksum { found: u8, computed: u8 },
    #[error("tag identifier {found} instead of {wanted} (ECMA-167 3/7.2.1)")]
    Identifier { found: u16, wanted: u16 },
    #[error("tag location {found} instead of {wanted} (ECMA-167 3/7.2.8)")]
    Location { found: u32, wanted: u32 },
    #[error("descriptor CRC is {found:#06x}, its {length} bytes give {computed:#06x} (ECMA-167 3/7.2.6)")]
    Crc { found: u16, computed: u16, length: u16 },
    #[error("descriptor CRC length {0} exceeds the descriptor (ECMA-167 3/7.2.7)")]
    CrcLength(u16),
    #[error("descriptor version {0} is neither 2 nor 3 (ECMA-167 3/7.2.2)")]
    Version(u16),
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes[..4].iter().chain(&bytes[5..TAG_LEN]).fold(0u8, |sum, b| sum.wrapping_add(*b))
}

impl Tag {
    /// Writes the tag over the first 16 bytes of a complete descriptor; its CRC covers the rest, which is shorter
    /// than 64 KiB.
    pub(crate) fn seal(self, descriptor: &mut [u8]) {
        let (head, body) = descriptor.split_at_mut(TAG_LEN);
        put_u16(head, 0, self.identifier);
        put_u16(head, 2, self.version);
        put_u16(head, 4, 0);
        put_u16(head, 6, SERIAL);
        put_u16(head, 8, crc(body));
        put_u16(head, 10, u16::try_from(body.len()).unwrap_or(u16::MAX));
        put_u32(head, 12, self.location);
        head[4] = checksum(head);
    }

    /// Reads a tag and checks its checksum only.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, TagError> {
        let head = bytes.get(..TAG_LEN).ok_or(TagError::Short(bytes.len()))?;
        let computed = checksum(head);
        if head[4] != computed {
            return Err(TagError::Checksum { found: head[4], computed });
        }
        Ok(Self { identifier: u16_at(head, 0), version: u16_at(head, 2), location: u32_at(head, 12) })
    }

    /// Reads a tag and checks checksum, version and CRC; `bytes` is at least the whole descriptor.
    pub(crate) fn verify(bytes: &[u8]) -> Result<Self, TagError> {
        let tag = Self::read(bytes)?;
        if !matches!(tag.version, 2 | 3) {
            return Err(TagError::Version(tag.version));
        }
        let length = u16_at(bytes, 10);
        let body = bytes.get(TAG_LEN..TAG_LEN + usize::from(length)).ok_or(TagError::CrcLength(length))?;
        let (found, computed) = (u16_at(bytes, 8), crc(body));
        if found != computed {
            return Err(TagError::Crc { found, computed, length });
        }
        Ok(tag)
    }

    /// [`Tag::verify`], and the identifier and location must be these.
    pub(crate) fn expect(bytes: &[u8], identifier: u16, location: u32) -> Result<Self, TagError> {
        let tag = Self::verify(bytes)?;
        tag.is(identifier)?;
        if tag.location != location {
            return Err(TagError::Location { found: tag.location, wanted: location });
        }
        Ok(tag)
    }

    /// Checks the identifier.
    pub(crate) fn is(self, wanted: u16) -> Result<(), TagError> {
        if self.identifier == wanted {
            Ok(())
        } else {
            Err(TagError::Identifier { found: self.identifier, wanted })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminating descriptor at sector 272 laid out by hand: 496 zero bytes have the CRC 0, and the checksum is
    /// 8 + 3 + 1 + 0xF0 + 1 + 0x10 + 1 modulo 256.
    #[test]
    fn tag_bytes() {
        let mut d = [0; 512];
        Tag { identifier: TERMINATING, version: 3, location: 272 }.seal(&mut d);
        assert_eq!(d[..16], [8, 0, 3, 0, 0x0E, 0, 1, 0, 0, 0, 0xF0, 1, 0x10, 1, 0, 0]);
        assert!(Tag::expect(&d, TERMINATING, 272).is_ok());
        assert_eq!(Tag::expect(&d, TERMINATING, 273), Err(TagError::Location { found: 272, wanted: 273 }));
        d[100] = 1;
        assert!(matches!(Tag::verify(&d), Err(TagError::Crc { found: 0, .. })));
        d[0] = 9;
        assert!(matches!(Tag::verify(&d), Err(TagError::Checksum { .. })));
        assert_eq!(Tag::read(&d[..15]), Err(TagError::Short(15)));
    }
}
