//! Directory records (ECMA-119 9.1).

use super::number::{Both, array, both16, both32, get_both16, get_both32};

/// Bytes before the identifier (ECMA-119 9.1, BP 1 to 33).
pub(crate) const HEAD: usize = 33;
/// Longest record of even length; its length byte cannot say 256 (ECMA-119 9.1.1, 9.1.13).
pub(crate) const LONGEST: usize = 254;

bitflags::bitflags! {
    /// File flags (ECMA-119 9.1.6).
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) struct FileFlags: u8 {
        /// Existence need not be made known to the user.
        const HIDDEN = 1 << 0;
        const DIRECTORY = 1 << 1;
        /// Associated file (a resource fork, for example).
        const ASSOCIATED = 1 << 2;
        /// The content is in records as its extended attribute record says.
        const RECORD = 1 << 3;
        /// Owner and permissions of the extended attribute record count.
        const PROTECTION = 1 << 4;
        /// Not the final section of the file.
        const MULTI_EXTENT = 1 << 7;
    }
}

/// Fixed fields of a record that is to be written, identifier and system use aside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordHead {
    pub(crate) extent: u32,
    pub(crate) size: u32,
    pub(crate) date: [u8; 7],
    pub(crate) flags: FileFlags,
}

/// Length of a record up to the system use area: identifier padded to an odd length, so that the sum is even
/// (ECMA-119 9.1.12).
pub(crate) const fn base_length(identifier: usize) -> usize {
    HEAD + identifier + (1 - identifier % 2)
}

impl RecordHead {
    /// The 33 bytes before the identifier. `length` is the whole record's.
    pub(crate) fn encode(&self, length: u8, identifier: u8) -> [u8; HEAD] {
        let mut out = [0; HEAD];
        out[0] = length;
        out[2..10].copy_from_slice(&both32(self.extent));
        out[10..18].copy_from_slice(&both32(self.size));
        out[18..25].copy_from_slice(&self.date);
        out[25] = self.flags.bits();
        out[28..32].copy_from_slice(&both16(1));
        out[32] = identifier;
        out
    }
}

/// A record as found on a disc.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DirectoryRecord<'a> {
    /// Whole length in bytes.
    pub(crate) length: u8,
    /// Sectors of the extended attribute record before the content.
    pub(crate) attribute_blocks: u8,
    pub(crate) extent: Both<u32>,
    pub(crate) size: Both<u32>,
    pub(crate) date: [u8; 7],
    pub(crate) flags: FileFlags,
    /// Sectors of a file unit, 0 when the section is not interleaved.
    pub(crate) unit_blocks: u8,
    pub(crate) gap_blocks: u8,
    pub(crate) volume: Both<u16>,
    pub(crate) identifier: &'a [u8],
    /// Bytes after the identifier and its padding; may start with the padding byte of a writer that left it out.
    pub(crate) system_use: &'a [u8],
}

impl<'a> DirectoryRecord<'a> {
    /// Reads the record at the start of `bytes`, which end with its sector. `Ok(None)` where a sector has no further
    /// record (length byte 0), `Err` with the reason where the lengths do not fit each other.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Option<Self>, &'static str> {
        let length = match bytes.first() {
            None | Some(0) => return Ok(None),
            Some(length) => *length,
        };
        let Some(record) = bytes.get(..usize::from(length)) else {
            return Err("the record crosses the end of its sector (ECMA-119 6.8.1.1)");
        };
        if record.len() < HEAD + 1 {
            return Err("the record is shorter than 34 bytes (ECMA-119 9.1)");
        }
        let len = usize::from(record[32]);
        let Some(identifier) = record.get(HEAD..HEAD + len).filter(|_| len > 0) else {
            return Err("the identifier is empty or longer than its record (ECMA-119 9.1.10)");
        };
        Ok(Some(Self {
            length,
            attribute_blocks: record[1],
            extent: get_both32(record, 2),
            size: get_both32(record, 10),
            date: array(record, 18),
            flags: FileFlags::from_bits_retain(record[25]),
            unit_blocks: record[26],
            gap_blocks: record[27],
            volume: get_both16(record, 28),
            identifier,
            system_use: record.get(base_length(len)..).unwrap_or_default(),
        }))
    }

    pub(crate) fn is_dir(&self) -> bool {
        self.flags.contains(FileFlags::DIRECTORY)
    }

    /// First sector of the content, behind the extended attribute record (ECMA-119 9.1.2).
    pub(crate) fn content_lba(&self) -> Option<u32> {
        self.extent.little.checked_add(u32::from(self.attribute_blocks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Field by field as table 9.1 lists them, for a file `A.;1` at sector 0x1234 with 0x56789A bytes.
    #[test]
    fn golden_record() {
        let head = RecordHead {
            extent: 0x1234,
            size: 0x0056_789A,
            date: [126, 1, 2, 3, 4, 5, 0],
            flags: FileFlags::HIDDEN,
        };
        let mut bytes = head.encode(38, 4).to_vec();
        bytes.extend_from_slice(b"A.;1\0");
        #[rustfmt::skip]
        let wanted = [
            38, 0,
            0x34, 0x12, 0, 0, 0, 0, 0x12, 0x34,
            0x9A, 0x78, 0x56, 0, 0, 0x56, 0x78, 0x9A,
            126, 1, 2, 3, 4, 5, 0,
            1, 0, 0, 1, 0, 0, 1, 4,
            b'A', b'.', b';', b'1', 0,
        ];
        assert_eq!(bytes, wanted);
        assert_eq!(base_length(4), 38);
        assert_eq!(base_length(1), 34);
        let record = DirectoryRecord::parse(&bytes).unwrap().unwrap();
        assert_eq!((record.extent.little, record.size.big), (0x1234, 0x0056_789A));
        assert_eq!((record.identifier, record.system_use), (&b"A.;1"[..], &b""[..]));
        assert!(!record.is_dir());
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let mut bytes = [0u8; 40];
        assert!(DirectoryRecord::parse(&bytes).unwrap().is_none());
        assert!(DirectoryRecord::parse(&[]).unwrap().is_none());
        bytes[0] = 33;
        assert!(DirectoryRecord::parse(&bytes).is_err());
        bytes[0] = 41;
        assert!(DirectoryRecord::parse(&bytes).is_err());
        bytes[0] = 40;
        assert!(DirectoryRecord::parse(&bytes).is_err(), "no identifier");
        bytes[32] = 8;
        assert!(DirectoryRecord::parse(&bytes).is_err());
        bytes[32] = 7;
        assert!(DirectoryRecord::parse(&bytes).unwrap().is_some());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_parse_or_are_refused(bytes in proptest::collection::vec(0u8.., 0..300)) {
            if let Ok(Some(record)) = DirectoryRecord::parse(&bytes) {
                proptest::prop_assert!(record.identifier.len() + record.system_use.len() + HEAD <= usize::from(record.length));
            }
        }
    }
}
