//! Boot record and boot catalog (El Torito 1.0).

use super::number::array;

/// Bytes of every record of the catalog (El Torito 2.0).
pub(crate) const RECORD: usize = 32;
/// Boot system identifier (El Torito figure 7), zeros behind it.
pub(crate) const SYSTEM_ID: &[u8; 23] = b"EL TORITO SPECIFICATION";

/// First byte of a record, which says what it is (El Torito figures 2 to 6).
pub(crate) mod indicator {
    pub(crate) const VALIDATION: u8 = 0x01;
    pub(crate) const BOOTABLE: u8 = 0x88;
    pub(crate) const NOT_BOOTABLE: u8 = 0x00;
    pub(crate) const EXTENSION: u8 = 0x44;
    /// Header of a section that others follow.
    pub(crate) const HEADER: u8 = 0x90;
    /// Header of the last section.
    pub(crate) const LAST_HEADER: u8 = 0x91;
}

/// Bits 0 to 3 of the media byte: the emulation.
pub(crate) const EMULATION_MASK: u8 = 0x0F;
/// Bit 5 of the media byte of a section entry and of an extension: an extension follows (El Torito figures 5, 6).
pub(crate) const CONTINUED: u8 = 0x20;

/// Validation entry (El Torito 2.1, figure 2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Validation {
    pub(crate) header: u8,
    pub(crate) platform: u8,
    pub(crate) id: [u8; 24],
    pub(crate) key: [u8; 2],
    /// Sum of all sixteen words; 0 when the checksum is right.
    pub(crate) sum: u16,
}

impl Validation {
    pub(crate) const KEY: [u8; 2] = [0x55, 0xAA];

    /// A right validation entry.
    pub(crate) fn encode(platform: u8, id: &[u8; 24]) -> [u8; RECORD] {
        let mut out = [0; RECORD];
        (out[0], out[1]) = (indicator::VALIDATION, platform);
        out[4..28].copy_from_slice(id);
        out[30..].copy_from_slice(&Self::KEY);
        let checksum = sum(&out).wrapping_neg();
        out[28..30].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    pub(crate) fn parse(record: &[u8; RECORD]) -> Self {
        Self {
            header: record[0],
            platform: record[1],
            id: array(record, 4),
            key: array(record, 30),
            sum: sum(record),
        }
    }
}

fn sum(record: &[u8; RECORD]) -> u16 {
    let (words, _) = record.as_chunks::<2>();
    words.iter().fold(0, |sum, word| sum.wrapping_add(u16::from_le_bytes(*word)))
}

/// Initial or section entry (El Torito 2.2, 2.4; figures 3 and 5, which agree but for bits 4 to 7 of the media byte and
/// the selection criteria, both unused in the first).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EntryRecord {
    pub(crate) indicator: u8,
    pub(crate) media: u8,
    pub(crate) load_segment: u16,
    pub(crate) system_type: u8,
    pub(crate) unused: u8,
    pub(crate) sector_count: u16,
    pub(crate) image: u32,
    pub(crate) criteria_type: u8,
    pub(crate) criteria: [u8; 19],
}

impl EntryRecord {
    pub(crate) fn encode(&self) -> [u8; RECORD] {
        let mut out = [0; RECORD];
        (out[0], out[1]) = (self.indicator, self.media);
        out[2..4].copy_from_slice(&self.load_segment.to_le_bytes());
        (out[4], out[5]) = (self.system_type, self.unused);
        out[6..8].copy_from_slice(&self.sector_count.to_le_bytes());
        out[8..12].copy_from_slice(&self.image.to_le_bytes());
        out[12] = self.criteria_type;
        out[13..].copy_from_slice(&self.criteria);
        out
    }

    pub(crate) fn parse(record: &[u8; RECORD]) -> Self {
        Self {
            indicator: record[0],
            media: record[1],
            load_segment: u16::from_le_bytes(array(record, 2)),
            system_type: record[4],
            unused: record[5],
            sector_count: u16::from_le_bytes(array(record, 6)),
            image: u32::from_le_bytes(array(record, 8)),
            criteria_type: record[12],
            criteria: array(record, 13),
        }
    }
}

/// Section header (El Torito 2.3, figure 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SectionHeader {
    pub(crate) indicator: u8,
    pub(crate) platform: u8,
    /// Section entries that follow, extensions not counted.
    pub(crate) entries: u16,
    pub(crate) id: [u8; 28],
}

impl SectionHeader {
    pub(crate) fn encode(&self) -> [u8; RECORD] {
        let mut out = [0; RECORD];
        (out[0], out[1]) = (self.indicator, self.platform);
        out[2..4].copy_from_slice(&self.entries.to_le_bytes());
        out[4..].copy_from_slice(&self.id);
        out
    }

    pub(crate) fn parse(record: &[u8; RECORD]) -> Self {
        Self {
            indicator: record[0],
            platform: record[1],
            entries: u16::from_le_bytes(array(record, 2)),
            id: array(record, 4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figure 2; the checksum by hand: 0001 + AA55 = AA56, so 55AA makes 0. An EFI platform adds EF00.
    #[test]
    fn golden_validation_entries() {
        let bytes = Validation::encode(0, &[0; 24]);
        assert_eq!(bytes[..4], [1, 0, 0, 0]);
        assert_eq!(bytes[28..], [0xAA, 0x55, 0x55, 0xAA]);
        assert!(bytes[4..28].iter().all(|b| *b == 0));
        let bytes = Validation::encode(0xEF, &[0; 24]);
        assert_eq!(bytes[28..30], [0xAA, 0x66]);
        let found = Validation::parse(&bytes);
        assert_eq!((found.header, found.platform, found.key, found.sum), (1, 0xEF, [0x55, 0xAA], 0));
        let mut wrong = bytes;
        wrong[5] = 7;
        assert_eq!(Validation::parse(&wrong).sum, 0x0700);
    }

    /// Figures 3, 4 and 5.
    #[test]
    fn golden_entries_and_headers() {
        let entry = EntryRecord {
            indicator: indicator::BOOTABLE,
            media: 4 | CONTINUED,
            load_segment: 0x07C0,
            system_type: 0x0C,
            unused: 0,
            sector_count: 0x0102,
            image: 0x0304_0506,
            criteria_type: 1,
            criteria: *b"EN-and-vendor-bytes",
        };
        let bytes = entry.encode();
        assert_eq!(bytes[..13], [0x88, 0x24, 0xC0, 7, 0x0C, 0, 2, 1, 6, 5, 4, 3, 1]);
        assert_eq!(&bytes[13..], b"EN-and-vendor-bytes");
        assert_eq!(EntryRecord::parse(&bytes), entry);
        let header = SectionHeader { indicator: 0x91, platform: 0xEF, entries: 0x0102, id: [b'M'; 28] };
        let bytes = header.encode();
        assert_eq!((bytes[..4].to_vec(), bytes[4], bytes[31]), (vec![0x91, 0xEF, 2, 1], b'M', b'M'));
        assert_eq!(SectionHeader::parse(&bytes), header);
    }

    proptest::proptest! {
        #[test]
        fn every_record_round_trips(bytes: [u8; RECORD], platform: u8, id: [u8; 24]) {
            proptest::prop_assert_eq!(EntryRecord::parse(&bytes).encode(), bytes);
            proptest::prop_assert_eq!(SectionHeader::parse(&bytes).encode(), bytes);
            let found = Validation::parse(&Validation::encode(platform, &id));
            proptest::prop_assert_eq!((found.platform, found.id, found.sum), (platform, id, 0));
        }
    }
}
