//! Rock Ridge fields (RRIP 1.12).

use glassmaster_tree::{Kind, Timestamp};

use super::date::{decode_record_date, decode_volume_date};
use super::number::{array, both32, get_both32};
use super::susp::{Field, put};

/// Length of PX with its serial number (RRIP 1.12, 4.1.1); 36 in earlier versions, which have none.
pub(crate) const PX_LENGTH: usize = 44;
/// Length of TF with one seven-byte stamp (RRIP 4.1.6).
pub(crate) const TF_LENGTH: usize = 12;
/// Longest name in one NM field (RRIP 4.1.4): 255 less signature, length, version and flags.
pub(crate) const NM_ROOM: usize = 250;

/// Identifiers of extensions that are Rock Ridge: RRIP 1.09/1.10, and two spellings of the IEEE draft of 1.12.
pub(crate) const EXTENSIONS: [&[u8]; 3] = [b"RRIP_1991A", b"IEEE_P1282", b"IEEE_1282"];
/// Description and source of `RRIP_1991A`, given in RRIP 1.09 4.3.
pub(crate) const DESCRIPTION: &[u8] =
    b"THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS";
pub(crate) const SOURCE: &[u8] = b"PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  \
SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR CONTACT INFORMATION.";

const TYPE_MASK: u32 = 0o170_000;
const TYPES: [(Kind, u32); 7] = [
    (Kind::Socket, 0o140_000),
    (Kind::Symlink, 0o120_000),
    (Kind::File, 0o100_000),
    (Kind::BlockDevice, 0o060_000),
    (Kind::Directory, 0o040_000),
    (Kind::CharDevice, 0o020_000),
    (Kind::Fifo, 0o010_000),
];

/// Flags of NM fields and of SL fields and components.
pub(crate) mod flag {
    pub(crate) const CONTINUE: u8 = 1;
    pub(crate) const CURRENT: u8 = 2;
    pub(crate) const PARENT: u8 = 4;
    pub(crate) const ROOT: u8 = 8;
}

/// POSIX attributes (RRIP 4.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Px {
    /// File type and permissions, as `st_mode`.
    pub(crate) mode: u32,
    pub(crate) links: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// File serial number, absent before RRIP 1.12.
    pub(crate) serial: Option<u32>,
}

/// `st_mode` of an object.
pub(crate) fn posix_mode(kind: Kind, permissions: u16) -> u32 {
    let kind = match kind {
        Kind::File => 0o100_000,
        Kind::Directory => 0o040_000,
        other => TYPES.iter().find(|t| t.0 == other).map_or(0o100_000, |t| t.1),
    };
    kind | u32::from(permissions & 0o7777)
}

impl Px {
    pub(crate) fn encode(&self) -> [u8; PX_LENGTH] {
        let mut out = [0; PX_LENGTH];
        out[..4].copy_from_slice(b"PX\x2C\x01");
        out[4..12].copy_from_slice(&both32(self.mode));
        out[12..20].copy_from_slice(&both32(self.links));
        out[20..28].copy_from_slice(&both32(self.uid));
        out[28..36].copy_from_slice(&both32(self.gid));
        out[36..].copy_from_slice(&both32(self.serial.unwrap_or(0)));
        out
    }

    /// `None` when the field is shorter than PX ever was.
    pub(crate) fn parse(data: &[u8]) -> Option<Self> {
        (data.len() >= 32).then(|| Self {
            mode: get_both32(data, 0).little,
            links: get_both32(data, 8).little,
            uid: get_both32(data, 16).little,
            gid: get_both32(data, 24).little,
            serial: (data.len() >= 40).then(|| get_both32(data, 32).little),
        })
    }

    /// The kind its mode names, if it names one.
    pub(crate) fn kind(&self) -> Option<Kind> {
        TYPES.iter().find(|t| t.1 == self.mode & TYPE_MASK).map(|t| t.0)
    }

    pub(crate) fn permissions(&self) -> u16 {
        u16::try_from(self.mode & 0o7777).unwrap_or(0)
    }
}

/// TF with the modification time alone, for objects that were given no other times.
pub(crate) fn tf_modify(date: [u8; 7]) -> [u8; TF_LENGTH] {
    let mut out = [0; TF_LENGTH];
    out[..5].copy_from_slice(b"TF\x0C\x01\x02");
    out[5..].copy_from_slice(&date);
    out
}

/// TF with creation, modification and access (RRIP 4.1.6, flags bits 0 to 2), in this order.
pub(crate) fn put_tf_all(created: [u8; 7], modified: [u8; 7], accessed: [u8; 7], out: &mut Vec<u8>) {
    put(*b"TF", &[&[0x07], &created, &modified, &accessed], out);
}

/// Times that TF fields give; backup, expiration and effective time are passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Stamps {
    pub(crate) created: Option<Timestamp>,
    pub(crate) modified: Option<Timestamp>,
    pub(crate) accessed: Option<Timestamp>,
    /// Last change of the attributes.
    pub(crate) changed: Option<Timestamp>,
}

impl Stamps {
    /// Takes in the data of a TF field (RRIP 4.1.6: stamps stand in the order of their flags). What an earlier field
    /// said stays.
    pub(crate) fn add(&mut self, data: &[u8]) {
        let Some((&flags, stamps)) = data.split_first() else { return };
        let length = if flags & 0x80 == 0 { 7 } else { 17 };
        let mut each = stamps.chunks_exact(length);
        let places = [&mut self.created, &mut self.modified, &mut self.accessed, &mut self.changed];
        for (bit, place) in places.into_iter().enumerate() {
            if flags >> bit & 1 == 0 {
                continue;
            }
            let Some(stamp) = each.next() else { return };
            let time = if length == 7 {
                decode_record_date(array(stamp, 0))
            } else {
                decode_volume_date(&array(stamp, 0))
            };
            *place = place.or(time);
        }
    }
}

/// Major and minor number of a PN field (RRIP 4.1.2); `None` when it is too short. Old writers put a 16-bit number into
/// the low half alone, major in its high byte.
pub(crate) fn device_of_pn(data: &[u8]) -> Option<(u32, u32)> {
    if data.len() < 16 {
        return None;
    }
    let (high, low) = (get_both32(data, 0).little, get_both32(data, 8).little);
    Some(if high == 0 && low > 0xFF { (low >> 8, low & 0xFF) } else { (high, low) })
}

/// NM fields of a name (RRIP 4.1.4).
pub(crate) fn put_nm(name: &[u8], out: &mut Vec<u8>) {
    let last = name.len().saturating_sub(1) / NM_ROOM;
    for (n, part) in name.chunks(NM_ROOM).enumerate() {
        put(*b"NM", &[&[if n < last { flag::CONTINUE } else { 0 }], part], out);
    }
}

/// PN: device number (RRIP 4.1.2), major in the high, minor in the low half.
pub(crate) fn put_pn((major, minor): (u32, u32), out: &mut Vec<u8>) {
    put(*b"PN", &[&both32(major), &both32(minor)], out);
}

/// CL, PL: address of the child or parent directory (RRIP 4.1.5).
pub(crate) fn put_link(signature: [u8; 2], lba: u32, out: &mut Vec<u8>) {
    put(signature, &[&both32(lba)], out);
}

/// Bytes of components in one SL field.
const SL_ROOM: usize = 250;

/// SL fields of a link target (RRIP 4.1.3). A component is divided only when it does not fit one field.
pub(crate) fn put_sl(target: &[u8], out: &mut Vec<u8>) {
    let mut field = Vec::with_capacity(SL_ROOM);
    let flush = |field: &mut Vec<u8>, more: bool, out: &mut Vec<u8>| {
        put(*b"SL", &[&[u8::from(more) * flag::CONTINUE], field], out);
        field.clear();
    };
    let mut rest = target;
    if let Some(below) = target.strip_prefix(b"/") {
        field.extend_from_slice(&[flag::ROOT, 0]);
        rest = below;
        if rest.is_empty() {
            return flush(&mut field, false, out);
        }
    }
    for name in rest.split(|b| *b == b'/') {
        let (bits, mut text) = match name {
            b"." => (flag::CURRENT, &[][..]),
            b".." => (flag::PARENT, &[][..]),
            other => (0, other),
        };
        if !field.is_empty() && field.len() + 2 + text.len() > SL_ROOM {
            flush(&mut field, true, out);
        }
        while text.len() > SL_ROOM - 2 {
            let (head, tail) = text.split_at(SL_ROOM - 2);
            field.extend_from_slice(&[flag::CONTINUE, head.len().to_le_bytes()[0]]);
            field.extend_from_slice(head);
            flush(&mut field, true, out);
            text = tail;
        }
        field.extend_from_slice(&[bits, text.len().to_le_bytes()[0]]);
        field.extend_from_slice(text);
    }
    flush(&mut field, false, out);
}

/// A link target that SL fields build up, one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct LinkTarget {
    text: Vec<u8>,
    /// A `/` is due before the next component.
    divide: bool,
}

impl LinkTarget {
    /// Longest target that is kept: no system has longer ones.
    const LONGEST: usize = 65_536;

    /// Takes in the data of an SL field; `Err` with the reason when its lengths lie.
    pub(crate) fn add(&mut self, data: &[u8]) -> Result<(), &'static str> {
        let mut rest = data.get(1..).ok_or("SL without flags (RRIP 4.1.3)")?;
        while let &[bits, length, ref tail @ ..] = rest {
            let text =
                tail.get(..usize::from(length)).ok_or("SL component passes its field (RRIP 4.1.3.1)")?;
            rest = tail.get(usize::from(length)..).unwrap_or_default();
            if std::mem::take(&mut self.divide) {
                self.text.push(b'/');
            }
            match bits & !flag::CONTINUE {
                0 => self.text.extend_from_slice(text),
                flag::CURRENT => self.text.push(b'.'),
                flag::PARENT => self.text.extend_from_slice(b".."),
                flag::ROOT => self.text.push(b'/'),
                _ => return Err("SL component with unknown flags (RRIP 4.1.3.1)"),
            }
            self.divide = bits & (flag::CONTINUE | flag::ROOT) == 0;
            if self.text.len() > Self::LONGEST {
                return Err("link target longer than 65536 bytes");
            }
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.text
    }
}

/// Text and flags of an NM field; `None` when it has no flags.
pub(crate) fn nm<'a>(field: &Field<'a>) -> Option<(u8, &'a [u8])> {
    field.data.split_first().map(|(flags, text)| (*flags, text))
}

#[cfg(test)]
mod tests {
    use super::super::susp::fields;
    use super::*;

    #[test]
    fn golden_fields() {
        let px = Px { mode: 0o100_644, links: 2, uid: 1000, gid: 100, serial: Some(9) };
        let bytes = px.encode();
        assert_eq!(bytes[..12], *b"PX\x2C\x01\xA4\x81\0\0\0\0\x81\xA4");
        assert_eq!(bytes[36..], [9, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(Px::parse(&bytes[4..]), Some(px));
        assert_eq!(Px::parse(&bytes[4..36]), Some(Px { serial: None, ..px }));
        assert_eq!((px.kind(), px.permissions()), (Some(Kind::File), 0o644));
        assert_eq!(tf_modify([1, 2, 3, 4, 5, 6, 0]), *b"TF\x0C\x01\x02\x01\x02\x03\x04\x05\x06\0");
        let mut out = Vec::new();
        put_link(*b"CL", 0x0102, &mut out);
        assert_eq!(out, b"CL\x0C\x01\x02\x01\0\0\0\0\x01\x02");
        out.clear();
        put_pn((8, 1), &mut out);
        assert_eq!(out, b"PN\x14\x01\x08\0\0\0\0\0\0\x08\x01\0\0\0\0\0\0\x01");
        assert_eq!(device_of_pn(&out[4..]), Some((8, 1)));
        out.clear();
        put_pn((0, 0x0801), &mut out);
        assert_eq!(device_of_pn(&out[4..]), Some((8, 1)));
        assert_eq!(device_of_pn(&out[4..19]), None);
    }

    /// RRIP 4.1.3: components of `../usr/./b` and of `/`.
    #[test]
    fn golden_links() {
        let mut out = Vec::new();
        put_sl(b"../usr/./b", &mut out);
        assert_eq!(out, b"SL\x11\x01\0\x04\0\0\x03usr\x02\0\0\x01b");
        out.clear();
        put_sl(b"/", &mut out);
        assert_eq!(out, b"SL\x07\x01\0\x08\0");
        out.clear();
        put_sl(b"/a", &mut out);
        assert_eq!(out, b"SL\x0A\x01\0\x08\0\0\x01a");
    }

    #[test]
    fn stamps_stand_in_the_order_of_their_flags() {
        let short = [0x03, 100, 1, 1, 0, 0, 0, 0, 100, 2, 29, 1, 2, 3, 0];
        let mut long = vec![0x82];
        long.extend_from_slice(b"2000022901020300\0");
        let february = Some(Timestamp::from_secs(951_786_123));
        let january = Some(Timestamp::from_secs(946_684_800));
        let stamps = |data: &[u8]| {
            let mut stamps = Stamps::default();
            stamps.add(data);
            (stamps.created, stamps.modified, stamps.accessed, stamps.changed)
        };
        assert_eq!(stamps(&short), (january, february, None, None));
        assert_eq!(stamps(&long), (None, february, None, None));
        assert_eq!(stamps(&[0x02, 1, 2]), (None, None, None, None));
        assert_eq!(stamps(&[]), (None, None, None, None));
        let mut out = Vec::new();
        let [a, b, c] = [[100, 1, 1, 0, 0, 0, 0], [100, 2, 29, 1, 2, 3, 0], [101, 1, 1, 0, 0, 0, 0]];
        put_tf_all(a, b, c, &mut out);
        assert_eq!(out[..6], *b"TF\x1A\x01\x07\x64");
        let later = Some(Timestamp::from_secs(978_307_200));
        assert_eq!(stamps(&out[4..]), (january, february, later, None));
        // Modification, access, attributes, as other writers have it; a second field adds, it does not replace.
        let mut both = Stamps { created: later, ..Stamps::default() };
        both.add(&[&[0x0E][..], &a, &b, &c].concat());
        both.add(&[&[0x03][..], &b, &b].concat());
        assert_eq!(both, Stamps { created: later, modified: january, accessed: february, changed: later });
    }

    fn read_link(area: &[u8]) -> Result<Vec<u8>, &'static str> {
        let mut target = LinkTarget::default();
        for field in fields(area) {
            target.add(field.map_err(|_| "length")?.data)?;
        }
        Ok(target.finish())
    }

    proptest::proptest! {
        #[test]
        fn targets_of_any_length_round_trip(target in "[a-c./]{1,600}|(/?[a-z]{240,260}){1,6}|.{1,4000}") {
            let mut out = Vec::new();
            put_sl(target.as_bytes(), &mut out);
            proptest::prop_assert_eq!(read_link(&out), Ok(target.into_bytes()));
        }

        #[test]
        fn names_of_any_length_round_trip(name in proptest::collection::vec(1u8.., 1..1000)) {
            let mut out = Vec::new();
            put_nm(&name, &mut out);
            proptest::prop_assert_eq!(out.len(), name.len() + 5 * name.len().div_ceil(250));
            let mut back = Vec::new();
            let mut last = 1;
            for field in fields(&out) {
                let field = field.unwrap();
                let (flags, text) = nm(&field).unwrap();
                proptest::prop_assert_eq!(last, 1);
                last = flags;
                back.extend_from_slice(text);
            }
            proptest::prop_assert_eq!((back, last), (name, 0));
        }

        #[test]
        fn any_bytes_parse_or_are_refused(area in proptest::collection::vec(0u8.., 0..300)) {
            let _ = read_link(&area);
            Stamps::default().add(&area);
            let _ = Px::parse(&area);
        }
    }
}
