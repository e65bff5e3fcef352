//! Volume descriptors (ECMA-119 8; Joliet's escape sequences).

use super::date::{NO_VOLUME_DATE, encode_volume_date};
use super::el_torito;
use super::number::{Both, array, both16, both32, get_both16, get_both32};
use glassmaster_disc::SECTOR;
use glassmaster_tree::Timestamp;

/// First sector of the volume descriptor set, counted from the start of the session (ECMA-119 6.7.1.1).
pub(crate) const FIRST_SECTOR: u32 = 16;
/// Standard identifier (ECMA-119 8.1.2).
pub(crate) const STANDARD_ID: &[u8; 5] = b"CD001";

/// Volume descriptor types (ECMA-119 8.1.1).
pub(crate) mod kind {
    pub(crate) const BOOT_RECORD: u8 = 0;
    pub(crate) const PRIMARY: u8 = 1;
    pub(crate) const SUPPLEMENTARY: u8 = 2;
    pub(crate) const TERMINATOR: u8 = 255;
}

/// Escape sequences of UCS-2 level 1, 2 and 3, any of which marks Joliet (Joliet, "SVD Escape Sequences Field").
pub(crate) const JOLIET_ESCAPES: [[u8; 3]; 3] = [*b"%/@", *b"%/C", *b"%/E"];

/// Fields of a primary or supplementary descriptor that is to be written; texts are already padded.
pub(crate) struct VolumeDescriptor<'a> {
    /// [`kind::PRIMARY`] or [`kind::SUPPLEMENTARY`].
    pub(crate) kind: u8,
    pub(crate) escape: &'a [u8],
    pub(crate) system: [u8; 32],
    pub(crate) volume: [u8; 32],
    pub(crate) blocks: u32,
    pub(crate) path_table_size: u32,
    pub(crate) path_table_l: u32,
    pub(crate) path_table_m: u32,
    pub(crate) root: [u8; 34],
    pub(crate) volume_set: [u8; 128],
    pub(crate) publisher: [u8; 128],
    pub(crate) preparer: [u8; 128],
    pub(crate) application: [u8; 128],
    /// What fills the copyright, abstract and bibliographic file identifiers: there are none.
    pub(crate) no_file: [u8; 37],
    pub(crate) created: Timestamp,
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(part) = out.get_mut(at..at + bytes.len()) {
        part.copy_from_slice(bytes);
    }
}

impl VolumeDescriptor<'_> {
    /// The descriptor's sector (ECMA-119 8.4, 8.5; the fields stand in the same places).
    pub(crate) fn encode(&self, out: &mut [u8]) {
        out.fill(0);
        put(out, 0, &[self.kind]);
        put(out, 1, STANDARD_ID);
        put(out, 6, &[1]);
        put(out, 8, &self.system);
        put(out, 40, &self.volume);
        put(out, 80, &both32(self.blocks));
        put(out, 88, self.escape);
        put(out, 120, &both16(1));
        put(out, 124, &both16(1));
        put(out, 128, &both16(2048));
        put(out, 132, &both32(self.path_table_size));
        put(out, 140, &self.path_table_l.to_le_bytes());
        put(out, 148, &self.path_table_m.to_be_bytes());
        put(out, 156, &self.root);
        put(out, 190, &self.volume_set);
        put(out, 318, &self.publisher);
        put(out, 446, &self.preparer);
        put(out, 574, &self.application);
        for at in [702, 739, 776] {
            put(out, at, &self.no_file);
        }
        let created = encode_volume_date(self.created);
        put(out, 813, &created);
        put(out, 830, &created);
        put(out, 847, &NO_VOLUME_DATE);
        put(out, 864, &NO_VOLUME_DATE);
        put(out, 881, &[1]);
    }
}

/// Volume descriptor set terminator (ECMA-119 8.3).
pub(crate) fn encode_terminator(out: &mut [u8]) {
    out.fill(0);
    put(out, 0, &[kind::TERMINATOR]);
    put(out, 1, STANDARD_ID);
    put(out, 6, &[1]);
}

/// Boot record of El Torito (ECMA-119 8.2, El Torito figure 7): leads to the boot catalog.
pub(crate) fn encode_boot_record(catalog: u32, out: &mut [u8]) {
    out.fill(0);
    put(out, 0, &[kind::BOOT_RECORD]);
    put(out, 1, STANDARD_ID);
    put(out, 6, &[1]);
    put(out, 7, el_torito::SYSTEM_ID);
    put(out, 71, &catalog.to_le_bytes());
}

/// A volume descriptor as found: a view of its sector.
#[derive(Clone, Copy)]
pub(crate) struct FoundDescriptor<'a>(&'a [u8]);

impl<'a> FoundDescriptor<'a> {
    /// `None` when the sector does not carry the standard identifier.
    pub(crate) fn recognise(sector: &'a [u8]) -> Option<Self> {
        (sector.len() >= SECTOR && sector.get(1..6) == Some(STANDARD_ID)).then_some(Self(sector))
    }

    pub(crate) fn kind(self) -> u8 {
        self.0[0]
    }

    pub(crate) fn version(self) -> u8 {
        self.0[6]
    }

    /// Whether it starts a Joliet hierarchy: supplementary, version 1, one of the three escape sequences.
    pub(crate) fn is_joliet(self) -> bool {
        self.kind() == kind::SUPPLEMENTARY
            && self.version() == 1
            && JOLIET_ESCAPES.contains(&array::<3>(self.0, 88))
    }

    /// Sector of the boot catalog that an El Torito boot record names; `None` for other descriptors. Some writers fill
    /// the identifier up with spaces.
    pub(crate) fn boot_catalog(self) -> Option<u32> {
        let (id, padding) = self.0[7..39].split_at(el_torito::SYSTEM_ID.len());
        let ours = self.kind() == kind::BOOT_RECORD
            && id == el_torito::SYSTEM_ID
            && padding.iter().all(|b| matches!(b, 0 | b' '));
        ours.then(|| u32::from_le_bytes(array(self.0, 71)))
    }

    pub(crate) fn system(self) -> &'a [u8] {
        &self.0[8..40]
    }

    pub(crate) fn volume(self) -> &'a [u8] {
        &self.0[40..72]
    }

    pub(crate) fn blocks(self) -> Both<u32> {
        get_both32(self.0, 80)
    }

    pub(crate) fn set_size(self) -> Both<u16> {
        get_both16(self.0, 120)
    }

    pub(crate) fn sequence(self) -> Both<u16> {
        get_both16(self.0, 124)
    }

    pub(crate) fn block_size(self) -> Both<u16> {
        get_both16(self.0, 128)
    }

    pub(crate) fn path_table_size(self) -> Both<u32> {
        get_both32(self.0, 132)
    }

    pub(crate) fn path_table_l(self) -> u32 {
        u32::from_le_bytes(array(self.0, 140))
    }

    pub(crate) fn path_table_m(self) -> u32 {
        u32::from_be_bytes(array(self.0, 148))
    }

    pub(crate) fn root(self) -> &'a [u8] {
        &self.0[156..190]
    }

    /// Volume set, publisher, preparer and application identifier.
    pub(crate) fn identifiers(self) -> [&'a [u8]; 4] {
        [&self.0[190..318], &self.0[318..446], &self.0[446..574], &self.0[574..702]]
    }

    /// Creation, modification, expiration and effective date.
    pub(crate) fn dates(self) -> [[u8; 17]; 4] {
        [813, 830, 847, 864].map(|at| array(self.0, at))
    }

    pub(crate) fn structure_version(self) -> u8 {
        self.0[881]
    }

    pub(crate) fn bytes(self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Positions from tables 4 and 5 of ECMA-119 (byte positions there count from 1).
    #[test]
    fn fields_stand_where_the_standard_puts_them() {
        let descriptor = VolumeDescriptor {
            kind: kind::SUPPLEMENTARY,
            escape: b"%/E",
            system: [b'S'; 32],
            volume: [b'V'; 32],
            blocks: 0x0102_0304,
            path_table_size: 0x0506,
            path_table_l: 0x11,
            path_table_m: 0x12,
            root: [0xAB; 34],
            volume_set: [b's'; 128],
            publisher: [b'p'; 128],
            preparer: [b'd'; 128],
            application: [b'a'; 128],
            no_file: [b' '; 37],
            created: Timestamp::from_secs(951_786_123),
        };
        let mut s = vec![7; SECTOR];
        descriptor.encode(&mut s);
        assert_eq!(&s[..8], b"\x02CD001\x01\0");
        assert_eq!((s[8], s[39], s[40], s[71], s[72]), (b'S', b'S', b'V', b'V', 0));
        assert_eq!(s[80..88], [4, 3, 2, 1, 1, 2, 3, 4]);
        assert_eq!(&s[88..92], b"%/E\0");
        assert_eq!(s[120..132], [1, 0, 0, 1, 1, 0, 0, 1, 0, 8, 8, 0]);
        assert_eq!(s[132..140], [6, 5, 0, 0, 0, 0, 5, 6]);
        assert_eq!(s[140..156], [0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0, 0, 0, 0]);
        assert_eq!((s[156], s[189]), (0xAB, 0xAB));
        assert_eq!((s[190], s[318], s[446], s[574], s[701]), (b's', b'p', b'd', b'a', b'a'));
        assert_eq!((s[702], s[812]), (b' ', b' '));
        assert_eq!(&s[813..830], b"2000022901020300\0");
        assert_eq!(&s[847..864], b"0000000000000000\0");
        assert_eq!((s[881], s[882], s[2047]), (1, 0, 0));
        let found = FoundDescriptor::recognise(&s).unwrap();
        assert!(found.is_joliet());
        assert_eq!((found.path_table_l(), found.path_table_m()), (0x11, 0x12));
        assert_eq!(found.boot_catalog(), None);
        encode_boot_record(0x0102_0304, &mut s);
        assert_eq!(&s[..39], b"\0CD001\x01EL TORITO SPECIFICATION\0\0\0\0\0\0\0\0\0");
        assert_eq!(s[70..76], [0, 4, 3, 2, 1, 0]);
        assert_eq!(FoundDescriptor::recognise(&s).unwrap().boot_catalog(), Some(0x0102_0304));
        encode_terminator(&mut s);
        assert_eq!(&s[..8], b"\xFFCD001\x01\0");
        assert!(s[8..].iter().all(|b| *b == 0));
    }
}
