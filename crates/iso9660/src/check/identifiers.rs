//! Identifiers of files and directories (ECMA-119 7.4 to 7.6; Joliet).

use glassmaster_disc::Severity;

use super::{Checker, show};
use crate::raw::record::DirectoryRecord;

/// Rules that the names of a hierarchy follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Names {
    /// d-characters, 30 of them (ECMA-119 7.5, 7.6).
    Primary,
    /// Up to 207 characters of an agreed set, no separators (ECMA-119 7.5, 7.6 for enhanced descriptors).
    Enhanced,
    /// UCS-2. The specification has 64 characters; as every reader takes the length from the record, and most programs
    /// write up to what fits one, longer names are taken for right.
    Joliet,
    /// A character set that is not known here.
    Other,
}

/// Bytes of an identifier under an enhanced descriptor.
const ENHANCED: usize = 207;

impl Names {
    pub(super) fn descriptor(self) -> &'static str {
        match self {
            Self::Primary => "primary volume descriptor",
            Self::Enhanced => "enhanced volume descriptor",
            Self::Joliet => "Joliet volume descriptor",
            Self::Other => "supplementary volume descriptor",
        }
    }
}

pub(super) fn d_character(byte: &u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_'
}

pub(super) fn a_character(byte: &u8) -> bool {
    d_character(byte) || b" !\"%&'()*+,-./:;<=>?".contains(byte)
}

/// The first unit of UCS-2 that is half of a pair without its other half.
pub(super) fn lone_surrogate(bytes: &[u8]) -> Option<u16> {
    let units = bytes.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]]));
    char::decode_utf16(units).find_map(Result::err).map(|e| e.unpaired_surrogate())
}

/// Version from 1 to 32,767 (ECMA-119 7.5.1).
fn version(digits: &[u8]) -> bool {
    let number = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
    number.and_then(|v| v.parse::<u16>().ok()).is_some_and(|v| (1..=32_767).contains(&v))
}

/// Name, dot, extension, semicolon, version; at most 30 characters of name and extension (ECMA-119 7.5.1, 7.5.3).
/// `Err` says what is wrong with it and its like.
pub(super) fn file_identifier(identifier: &[u8]) -> Result<(), &'static str> {
    let mut halves = identifier.splitn(2, |b| *b == b';');
    let text = halves.next().unwrap_or_default();
    match halves.next() {
        None => return Err("file identifiers without a version number"),
        Some(digits) if !version(digits) => return Err("identifiers whose version is not from 1 to 32767"),
        Some(_) => {}
    }
    let mut parts = text.splitn(2, |b| *b == b'.');
    let name = parts.next().unwrap_or_default();
    let Some(extension) = parts.next() else { return Err("file identifiers without a dot") };
    if extension.contains(&b'.') {
        return Err("file identifiers with several dots");
    }
    if !name.iter().chain(extension).all(d_character) {
        return Err("file identifiers with others than d-characters");
    }
    match name.len() + extension.len() {
        0 => Err("file identifiers with neither name nor extension"),
        1..=30 => Ok(()),
        _ => Err("file identifiers longer than 30 characters"),
    }
}

/// Up to 31 d-characters (ECMA-119 7.6).
fn directory_identifier(identifier: &[u8]) -> Result<(), &'static str> {
    if !identifier.iter().all(d_character) {
        return Err("directory identifiers with others than d-characters");
    }
    if identifier.len() > 31 { Err("directory identifiers longer than 31 characters") } else { Ok(()) }
}

fn enhanced_identifier(identifier: &[u8]) -> Result<(), &'static str> {
    if identifier.len() > ENHANCED { Err("identifiers longer than 207 bytes") } else { Ok(()) }
}

/// No control characters and none of `*/:;?\` (Joliet, "Joliet Character Sets"); a version may follow a file's name.
fn joliet_identifier(identifier: &[u8], is_dir: bool) -> Result<(), &'static str> {
    if !identifier.len().is_multiple_of(2) {
        return Err("identifiers with half a character at their end");
    }
    let mut units: Vec<u16> = identifier.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]])).collect();
    if !is_dir && let Some(at) = units.iter().rposition(|u| *u == u16::from(b';')) {
        let digits: Vec<u8> = units.iter().skip(at + 1).map(|u| u8::try_from(*u).unwrap_or(b'?')).collect();
        if !version(&digits) {
            return Err("identifiers whose version is not from 1 to 32767");
        }
        units.truncate(at);
    }
    let bad = |u: &u16| *u < 0x20 || b"*/:;?\\".iter().any(|b| u16::from(*b) == *u);
    if units.iter().any(bad) {
        return Err("identifiers with characters that Joliet does not allow");
    }
    if lone_surrogate(identifier).is_some() {
        return Err("identifiers with half of a character beyond UCS-2");
    }
    Ok(())
}

impl Checker<'_> {
    /// `placeholder` is a file's record that stands for a relocated directory.
    pub(super) fn identifier(
        &mut self,
        names: Names,
        record: &DirectoryRecord<'_>,
        lba: u64,
        placeholder: bool,
    ) {
        let (identifier, is_dir) = (record.identifier, record.is_dir());
        let verdict = match names {
            Names::Primary if placeholder && directory_identifier(identifier).is_ok() => {
                self.habit(
                    "ECMA-119 7.5",
                    lba,
                    "placeholders of relocated directories have no version",
                    || format!("'{}'", show(identifier, false)),
                );
                Ok(())
            }
            Names::Primary if is_dir => directory_identifier(identifier),
            Names::Primary => file_identifier(identifier),
            Names::Enhanced => enhanced_identifier(identifier),
            Names::Joliet => joliet_identifier(identifier, is_dir),
            Names::Other => Ok(()),
        };
        if let Err(why) = verdict {
            let joliet = names == Names::Joliet;
            let clause = if joliet { "Joliet" } else { "ECMA-119 7.5" };
            self.gather(Severity::Warning, clause, lba, why, || format!("'{}'", show(identifier, joliet)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_identifiers_of_the_standard() {
        for good in ["A.B;1", "A.;1", ".B;32767", "ABCDEFGHIJKLMNOPQRSTUVWXYZ.0123;1"] {
            assert_eq!(file_identifier(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [
            "A;1",
            "A.B",
            "A.B;0",
            "A.B;32768",
            "A.B;+1",
            "A.B;",
            "a.B;1",
            "A.B.C;1",
            ".;1",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ.01234;1",
            "A-B.C;1",
        ] {
            assert!(file_identifier(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(directory_identifier(&[b'A'; 31]).is_ok());
        assert!(directory_identifier(&[b'A'; 32]).is_err());
        assert!(directory_identifier(b"A.B").is_err());
    }

    #[test]
    fn joliet_identifiers() {
        let id = |s: &str| s.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        for good in ["a b+c.d.e;1", "größe", "\u{1F600}", "a;1"] {
            assert_eq!(joliet_identifier(&id(good), false), Ok(()), "{good}");
        }
        for bad in ["a:b", "a?b", "a\u{1}", "a;b", "a;0", "a*b", "a\\b"] {
            assert!(joliet_identifier(&id(bad), false).is_err(), "{bad}");
        }
        assert!(joliet_identifier(&id("a;1"), true).is_err());
        assert!(joliet_identifier(&[0, b'a', 0], false).is_err());
        assert!(joliet_identifier(&[0xD8, 0], false).is_err());
        assert_eq!(lone_surrogate(&[0xD8, 0x3D, 0xDE, 0]), None);
    }
}
