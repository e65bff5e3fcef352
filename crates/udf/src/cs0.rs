//! OSTA CS0 (UDF 2.1.1): Unicode in 8-bit or 16-bit characters behind a compression id; dstrings; names.

use std::borrow::Cow;

use crate::crc::crc_units;

/// Compression id of 8-bit characters, U+0000 to U+00FF.
const NARROW: u8 = 8;
/// Compression id of 16-bit characters, most significant byte first.
const WIDE: u8 = 16;
/// The length of a file identifier is one byte (ECMA-167 4/14.4.4), compression id included.
pub(crate) const MAX_NAME: usize = 255;

/// Why a name cannot be recorded as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NameFault {
    /// Not UTF-8: its bytes are no characters.
    NotUnicode,
    /// Holds U+0000, `/`, U+FEFF or U+FFFE.
    Forbidden,
    /// More than 254 8-bit or 127 16-bit characters.
    TooLong,
    /// No characters at all.
    Empty,
}

impl NameFault {
    /// The rule in a few words.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotUnicode => "not UTF-8: UDF names are Unicode (UDF 2.1.1)",
            Self::Forbidden => "holds U+0000, '/', U+FEFF or U+FFFE (UDF 2.1.1, 4.2.2.1)",
            Self::TooLong => "longer than 254 8-bit or 127 16-bit characters (UDF 2.1.1, ECMA-167 4/14.4.4)",
            Self::Empty => "empty (UDF 2.3.4.6)",
        }
    }
}

fn forbidden(c: char) -> bool {
    matches!(c, '\0' | '/' | '\u{FEFF}' | '\u{FFFE}')
}

/// How a text is recorded: both measuring and writing start here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Shape {
    wide: bool,
    units: usize,
}

impl Shape {
    fn of(text: &str) -> Self {
        let wide = text.chars().any(|c| u32::from(c) > 0xFF);
        let units = if wide { text.encode_utf16().count() } else { text.chars().count() };
        Self { wide, units }
    }

    /// Bytes with the compression id.
    fn bytes(self) -> usize {
        1 + if self.wide { 2 * self.units } else { self.units }
    }
}

/// A name of the source that can be recorded, measured and ready to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name<'a> {
    /// Nothing but ASCII: recorded byte by byte.
    Ascii(&'a [u8]),
    /// Anything else.
    Text(&'a str, usize),
}

impl<'a> Name<'a> {
    /// Checks a name against the rules of a file identifier.
    pub(crate) fn new(name: &'a [u8]) -> Result<Self, NameFault> {
        if name.is_empty() {
            return Err(NameFault::Empty);
        }
        let mut seen = 0u8;
        let mut bad = false;
        for &b in name {
            seen |= b;
            bad |= b == b'/' || b == 0;
        }
        if seen < 0x80 {
            return match (bad, name.len() < MAX_NAME) {
                (true, _) => Err(NameFault::Forbidden),
                (false, false) => Err(NameFault::TooLong),
                (false, true) => Ok(Self::Ascii(name)),
            };
        }
        let text = std::str::from_utf8(name).map_err(|_| NameFault::NotUnicode)?;
        if text.chars().any(forbidden) {
            return Err(NameFault::Forbidden);
        }
        let bytes = Shape::of(text).bytes();
        if bytes > MAX_NAME { Err(NameFault::TooLong) } else { Ok(Self::Text(text, bytes)) }
    }

    /// Bytes of the identifier, 2 to 255.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Ascii(name) => name.len() + 1,
            Self::Text(_, bytes) => bytes,
        }
    }

    /// Writes the identifier to the first [`Name::len`] bytes of `out`.
    pub(crate) fn write(self, out: &mut [u8]) {
        match self {
            Self::Ascii(name) => {
                out[0] = NARROW;
                out[1..=name.len()].copy_from_slice(name);
            }
            Self::Text(text, _) => {
                encode(text, out);
            }
        }
    }
}

/// Writes as much of `text` as fits into `out`, whole characters only; the bytes used, compression id included.
fn encode(text: &str, out: &mut [u8]) -> usize {
    let Some(room) = out.len().checked_sub(1) else { return 0 };
    let mut at = 1;
    if Shape::of(text).wide {
        out[0] = WIDE;
        for c in text.chars() {
            let mut units = [0; 2];
            let units = c.encode_utf16(&mut units);
            if at + 2 * units.len() > room + 1 {
                break;
            }
            for unit in units {
                out[at..at + 2].copy_from_slice(&unit.to_be_bytes());
                at += 2;
            }
        }
    } else {
        out[0] = NARROW;
        for c in text.chars() {
            let (Ok(byte), true) = (u8::try_from(u32::from(c)), at <= room) else { break };
            out[at] = byte;
            at += 1;
        }
    }
    at
}

/// Encoded form of a text of any length, for path components.
pub(crate) fn encoded(text: &str) -> Vec<u8> {
    let mut out = vec![0; Shape::of(text).bytes()];
    encode(text, &mut out);
    out
}

/// Fills a dstring field (ECMA-167 1/7.2.12, UDF 2.1.3): text, zeros, length in the last byte; an empty text is
/// all zeros. What does not fit is cut off.
pub(crate) fn put_dstring(text: &str, field: &mut [u8]) {
    field.fill(0);
    if let Some((length, room)) = field.split_last_mut()
        && !text.is_empty()
    {
        let room_len = room.len().min(254);
        *length = u8::try_from(encode(text, &mut room[..room_len])).unwrap_or(u8::MAX);
    }
}

/// Whether a dstring field of `field` bytes holds the whole text.
pub(crate) fn fits_dstring(text: &str, field: usize) -> bool {
    Shape::of(text).bytes() < field && !text.chars().any(|c| matches!(c, '\0' | '\u{FEFF}' | '\u{FFFE}'))
}

/// What is wrong with recorded CS0 characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Cs0Error {
    #[error("compression id {0} is neither 8 nor 16 (UDF 2.1.1)")]
    Compression(u8),
    #[error("half a 16-bit character at the end (UDF 2.1.1)")]
    HalfCharacter,
    #[error("dstring length {0} exceeds the field (ECMA-167 1/7.2.12)")]
    Length(u8),
}

/// Recorded characters as text; lone surrogates become U+FFFD. Nothing recorded is an empty text.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, Cs0Error> {
    match bytes.split_first() {
        None => Ok(String::new()),
        Some((&NARROW, rest)) => Ok(rest.iter().map(|b| char::from(*b)).collect()),
        Some((&WIDE, rest)) => {
            if !rest.len().is_multiple_of(2) {
                return Err(Cs0Error::HalfCharacter);
            }
            let units = rest.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]]));
            Ok(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        Some((&id, _)) => Err(Cs0Error::Compression(id)),
    }
}

/// Text of a dstring field.
pub(crate) fn dstring(field: &[u8]) -> Result<String, Cs0Error> {
    match field.split_last() {
        None | Some((0, _)) => Ok(String::new()),
        Some((&length, room)) => decode(room.get(..usize::from(length)).ok_or(Cs0Error::Length(length))?),
    }
}

/// Characters of an extension that a translated name keeps, without the dot (UDF 4.2.2.1).
const EXTENSION: usize = 5;

/// Derives a legal name (UDF 4.2.2.1): each run of impossible characters becomes one `_`, the name is cut before
/// the extension as far as needed, and `#` with four hexadecimal digits of the CRC of the original is put there.
/// `attempt` counts the names of the same directory that the result met already.
pub(crate) fn translate(original: &[u8], attempt: u16) -> String {
    // Bytes that are no characters take part in the CRC as lone surrogates, so that they all differ.
    let mut units = Vec::new();
    let mut text = String::new();
    for chunk in original.utf8_chunks() {
        units.extend(chunk.valid().encode_utf16());
        for c in chunk.valid().chars() {
            push_translated(&mut text, c);
        }
        for b in chunk.invalid() {
            units.push(0xDC00 | u16::from(*b));
            push_translated(&mut text, '\0');
        }
    }
    let mark = format!("#{:04X}", crc_units(units.into_iter()).wrapping_add(attempt));
    let (base, extension) = match text.rfind('.') {
        Some(at) if at > 0 && (1..=EXTENSION).contains(&text[at + 1..].chars().count()) => text.split_at(at),
        _ => (text.as_str(), ""),
    };
    let wide = Shape::of(&text).wide;
    let limit = if wide { (MAX_NAME - 1) / 2 } else { MAX_NAME - 1 };
    let length = |s: &str| if wide { s.encode_utf16().count() } else { s.chars().count() };
    let mut room = limit - mark.len() - length(extension);
    let mut name = String::new();
    for c in base.chars() {
        let units = if wide { c.len_utf16() } else { 1 };
        if units > room {
            break;
        }
        room -= units;
        name.push(c);
    }
    name + &mark + extension
}

fn push_translated(text: &mut String, c: char) {
    if !forbidden(c) {
        text.push(c);
    } else if !text.ends_with('_') {
        text.push('_');
    }
}

/// The name under which a reader shows a recorded one: itself, or translated where a POSIX path could not hold it.
pub(crate) fn shown(name: &str) -> Cow<'_, str> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        Cow::Owned(translate(name.as_bytes(), 0))
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &[u8]) -> Result<Vec<u8>, NameFault> {
        let name = Name::new(name)?;
        let mut out = vec![0; name.len()];
        name.write(&mut out);
        Ok(out)
    }

    #[test]
    fn shortest_compression_and_byte_order() {
        assert_eq!(record(b"Ab").unwrap(), [8, 0x41, 0x62]);
        assert_eq!(record("é".as_bytes()).unwrap(), [8, 0xE9]);
        assert_eq!(record("é中".as_bytes()).unwrap(), [16, 0, 0xE9, 0x4E, 0x2D]);
        assert_eq!(record("😀".as_bytes()).unwrap(), [16, 0xD8, 0x3D, 0xDE, 0x00]);
    }

    #[test]
    fn limits_of_a_name() {
        assert_eq!(record(&[b'x'; 254]).unwrap().len(), 255);
        assert_eq!(record(&[b'x'; 255]), Err(NameFault::TooLong));
        assert_eq!(record("é".repeat(254).as_bytes()).unwrap().len(), 255);
        assert_eq!(record("中".repeat(127).as_bytes()).unwrap().len(), 255);
        assert_eq!(record("中".repeat(128).as_bytes()), Err(NameFault::TooLong));
        assert_eq!(record(b"a/b"), Err(NameFault::Forbidden));
        assert_eq!(record("中\u{FEFF}".as_bytes()), Err(NameFault::Forbidden));
        assert_eq!(record(&[b'a', 0xFF]), Err(NameFault::NotUnicode));
        assert_eq!(record(b""), Err(NameFault::Empty));
    }

    #[test]
    fn dstrings() {
        let mut field = [0xAA; 8];
        put_dstring("", &mut field);
        assert_eq!(field, [0; 8]);
        put_dstring("abcdefgh", &mut field);
        assert_eq!(field, [8, b'a', b'b', b'c', b'd', b'e', b'f', 7]);
        put_dstring("a中", &mut field);
        assert_eq!(field, [16, 0, b'a', 0x4E, 0x2D, 0, 0, 5]);
        put_dstring("中😀😀", &mut field);
        assert_eq!(dstring(&field).unwrap(), "中😀");
        assert!(fits_dstring("abcdef", 8) && !fits_dstring("abcdefg", 8) && fits_dstring("中中中", 8));
        assert_eq!(dstring(&[8, b'a', 9]), Err(Cs0Error::Length(9)));
        assert_eq!(dstring(&[7, b'a', 2]), Err(Cs0Error::Compression(7)));
    }

    #[test]
    fn translated_names_are_legal_and_keep_the_extension() {
        let long = [b'x'; 255];
        let mut name = translate(&long, 0);
        assert_eq!(name.len(), 254);
        assert!(name[..249].bytes().all(|b| b == b'x') && name[249..].starts_with('#'));
        let mut dotted = [b'y'; 255];
        dotted[251] = b'.';
        name = translate(&dotted, 0);
        assert!(name.ends_with(".yyy") && name.len() == 254);
        name = translate(b"a//b\xFF\xFE.txt", 0);
        assert!(name.starts_with("a_b_#") && name.ends_with(".txt"));
        assert_ne!(translate(b"\xFF", 0), translate(b"\xFE", 0));
        assert_ne!(translate(b"\xFF", 0), translate(b"\xFF", 1));
        name = translate("中".repeat(200).as_bytes(), 0);
        assert_eq!(name.encode_utf16().count(), 127);
        assert_eq!(shown(".."), Cow::<str>::Owned(translate(b"..", 0)));
        assert!(!shown("a/b").contains('/'));
    }

    proptest::proptest! {
        #[test]
        fn what_is_recorded_is_read_back(name in "[^\0/\u{FEFF}\u{FFFE}]{1,60}") {
            let bytes = record(name.as_bytes()).unwrap();
            proptest::prop_assert_eq!(decode(&bytes).unwrap(), name.clone());
            let mut field = [0; 128];
            put_dstring(&name, &mut field);
            if fits_dstring(&name, 128) {
                proptest::prop_assert_eq!(dstring(&field).unwrap(), name);
            }
        }

        #[test]
        fn every_translation_can_be_recorded(name in proptest::collection::vec(proptest::num::u8::ANY, 1..400), n in 0u16..9) {
            let name = translate(&name, n);
            proptest::prop_assert!(Name::new(name.as_bytes()).is_ok(), "{:?}", name);
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = decode(&bytes);
            let _ = dstring(&bytes);
        }
    }
}
