//! Interchange levels (ECMA-119 10) and the identifiers they allow (ECMA-119 7).

use std::cmp::Ordering;

use crate::names::{Mapped, Naming};

/// Interchange level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Level {
    /// Names of 8.3, directories of 8 characters, one extent a file (ECMA-119 10.1).
    One,
    /// Names of 30 characters and a dot, directories of 31, one extent a file (ECMA-119 10.2).
    Two,
    /// Names as at level 2, any number of extents a file (ECMA-119 10.3).
    Three,
}

impl Level {
    /// Longest directory identifier (ECMA-119 7.6.3, 10.1).
    fn directory_length(self) -> usize {
        if self == Self::One { 8 } else { 31 }
    }
}

/// What becomes of each ASCII character; `_` for all that ECMA-119 7.4.1 does not list. The dot is handled apart.
const D_CHARACTER: [u8; 128] = {
    let mut table = [b'_'; 128];
    let mut n = 0u8;
    while n < 128 {
        if n.is_ascii_alphanumeric() {
            table[n as usize] = n.to_ascii_uppercase();
        }
        n += 1;
    }
    table
};

/// Names of the primary hierarchy: d-characters, lengths of the level, one dot in file names.
///
/// The stored form has neither the version number nor the dot of a name without extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrimaryNames {
    pub(crate) level: Level,
}

impl PrimaryNames {
    /// Name and extension lengths that a file identifier of these lengths is cut to.
    fn fit(self, name: usize, extension: usize) -> (usize, usize) {
        match self.level {
            Level::One => (name.min(8), extension.min(3)),
            _ if name + extension <= 30 => (name, extension),
            _ => {
                // The extension says what a file is: keep up to eight characters of it, more where the name is short.
                let name = name.min(30usize.saturating_sub(extension).max(22));
                (name, extension.min(30 - name))
            }
        }
    }
}

/// Appends one `_` for a character outside ASCII, however many bytes it has in UTF-8, and one for each byte that is no
/// UTF-8. Returns the place of the last dot among what is appended, 0 when there is none behind the first character.
fn map_text(source: &[u8], out: &mut Vec<u8>) -> usize {
    let (start, mut dot) = (out.len(), 0);
    for chunk in source.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '.' {
                dot = out.len() - start;
            }
            let byte = u8::try_from(c).ok().and_then(|b| D_CHARACTER.get(usize::from(b)));
            out.push(byte.copied().unwrap_or(b'_'));
        }
        out.extend(chunk.invalid().iter().map(|_| b'_'));
    }
    dot
}

impl Naming for PrimaryNames {
    const FILE_SYSTEM: &'static str = "ISO 9660";
    const STORES_PLAIN: bool = true;

    fn map(&self, source: &[u8], dir: bool, out: &mut Vec<u8>) -> Mapped {
        let start = out.len();
        let mut mapped = Mapped::Plain;
        let dot = if source.is_ascii() {
            out.extend(source.iter().map(|b| D_CHARACTER[usize::from(b & 0x7F)]));
            if source.iter().any(|b| !b.is_ascii_alphanumeric() && *b != b'_' && *b != b'.') {
                mapped = Mapped::Characters;
            }
            let last = source.iter().rposition(|b| *b == b'.');
            if let Some(last) = last
                && (dir || source.iter().position(|b| *b == b'.') != Some(last))
            {
                mapped = Mapped::Characters;
            }
            last.unwrap_or(0)
        } else {
            mapped = Mapped::Characters;
            map_text(source, out)
        };
        if dir {
            if out.len() - start > self.level.directory_length() {
                out.truncate(start + self.level.directory_length());
                mapped = Mapped::Length;
            }
            return mapped;
        }
        // A dot in front is part of the name: `.profile` has no empty name with the extension `profile`.
        if source.first() == Some(&b'.') {
            mapped = Mapped::Characters;
        }
        let whole = out.len() - start;
        let (name, extension) = if dot == 0 { (whole, 0) } else { (dot, whole - dot - 1) };
        let (keep_name, keep_extension) = self.fit(name, extension);
        if (keep_name, keep_extension) != (name, extension) {
            mapped = Mapped::Length;
        } else if dot > 0 && extension == 0 && mapped == Mapped::Plain {
            mapped = Mapped::Characters;
        }
        if dot == 0 {
            out.truncate(start + keep_name);
        } else {
            if keep_name != name {
                out.copy_within(start + dot + 1..start + dot + 1 + keep_extension, start + keep_name + 1);
            }
            if keep_extension == 0 {
                out.truncate(start + keep_name);
            } else {
                out.truncate(start + keep_name + 1 + keep_extension);
                if let Some(byte) = out.get_mut(start + keep_name) {
                    *byte = b'.';
                }
            }
        }
        mapped
    }

    fn numbered(&self, stored: &[u8], dir: bool, number: u32, out: &mut Vec<u8>) -> bool {
        let digits = number.to_string();
        let dot = if dir { None } else { stored.iter().position(|b| *b == b'.') };
        let (name, extension) = stored.split_at(dot.unwrap_or(stored.len()));
        let room = match (dir, self.level) {
            (true, level) => level.directory_length(),
            (false, Level::One) => 8,
            (false, _) => 30 - extension.len().saturating_sub(1),
        };
        // A counter without any letter of the name in front would no longer tell what it counts.
        let Some(keep) = room.checked_sub(digits.len()).filter(|n| *n > 0) else { return false };
        out.extend_from_slice(&name[..name.len().min(keep)]);
        out.extend_from_slice(digits.as_bytes());
        out.extend_from_slice(extension);
        true
    }

    const IGNORES_CASE: bool = false;

    fn fold(stored: &[u8], out: &mut Vec<u8>) {
        // Upper case already.
        out.extend_from_slice(stored);
    }

    fn fold_hash(_stored: &[u8]) -> u64 {
        0
    }

    fn key(stored: &[u8]) -> (u64, u64) {
        let mut key = [0u8; 16];
        let len = stored.len().min(16);
        key[..len].copy_from_slice(&stored[..len]);
        crate::names::halves(key)
    }

    // The dot sorts before all d-characters and a name before its continuation, as if both were padded with spaces:
    // comparing bytes is the order of ECMA-119 9.3.
    fn compare(a: &[u8], b: &[u8]) -> Ordering {
        a.cmp(b)
    }

    fn display(stored: &[u8]) -> String {
        String::from_utf8_lossy(stored).into_owned()
    }

    fn plain(_source: &[u8], _out: &mut Vec<u8>) {}

    fn plain_length(_source: &[u8]) -> usize {
        0
    }

    fn suffix(has_dot: bool) -> &'static [u8] {
        if has_dot { b";1" } else { b".;1" }
    }

    fn reason(mapped: Mapped) -> &'static str {
        match mapped {
            Mapped::Plain | Mapped::Characters => "only A-Z, 0-9, _ and one dot (ECMA-119 7.4.1, 7.5.1)",
            Mapped::Length => "too long for the interchange level (ECMA-119 7.5.1, 10)",
            Mapped::Clash => "another name of the directory is recorded the same way (ECMA-119 7.5)",
        }
    }
}

/// An identifier of a descriptor in d-characters (`spaces` false) or a-characters (true), padded with spaces
/// (ECMA-119 7.4.1, 8.4).
pub(crate) fn descriptor_text<const N: usize>(text: &str, a_characters: bool) -> [u8; N] {
    let mut out = [b' '; N];
    for (to, c) in out.iter_mut().zip(text.chars()) {
        let byte = u8::try_from(c.to_ascii_uppercase()).ok().filter(u8::is_ascii).unwrap_or(b'_');
        let allowed = byte.is_ascii_uppercase()
            || byte.is_ascii_digit()
            || (a_characters && b" !\"%&'()*+,-./:;<=>?".contains(&byte));
        *to = if allowed { byte } else { b'_' };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(level: Level, dir: bool, name: &[u8]) -> (String, Mapped) {
        let mut out = b"before".to_vec();
        let how = PrimaryNames { level }.map(name, dir, &mut out);
        (String::from_utf8(out[6..].to_vec()).unwrap(), how)
    }

    #[test]
    fn files_keep_their_extension() {
        use Mapped::{Characters, Length, Plain};
        for (level, name, wanted, how) in [
            (Level::Three, &b"readme.txt"[..], "README.TXT", Plain),
            (Level::Three, b"README", "README", Plain),
            (Level::Three, b"a.tar.gz", "A_TAR.GZ", Characters),
            (Level::Three, b".profile", "_PROFILE", Characters),
            (Level::Three, b"..a", "_.A", Characters),
            (Level::Three, b"trailing.", "TRAILING", Characters),
            (Level::Three, "gr\u{fc}n \u{1f600}.c".as_bytes(), "GR_N__.C", Characters),
            (Level::Three, b"\xff\xfe.c", "__.C", Characters),
            (Level::One, b"longfilename.html", "LONGFILE.HTM", Length),
            (Level::One, b"eightchr.abc", "EIGHTCHR.ABC", Plain),
            (Level::Two, &[b'x'; 40], "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", Length),
            (Level::Two, b"abcdefghijklmnopqrstuvwxyz0.txt", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0.TXT", Plain),
            (Level::Two, b"abcdefghijklmnopqrstuvwxyz01.txt", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0.TXT", Length),
            (Level::Two, b"abc.defghijklmnopqrstuvwxyz012345", "ABC.DEFGHIJKLMNOPQRSTUVWXYZ0123", Length),
            (
                Level::Two,
                b"abcdefghijklmnopqrstuvwxyz.abcdefghijkl",
                "ABCDEFGHIJKLMNOPQRSTUV.ABCDEFGH",
                Length,
            ),
        ] {
            assert_eq!(mapped(level, false, name), (wanted.to_owned(), how), "{name:?}");
        }
    }

    #[test]
    fn directories_have_no_dot() {
        assert_eq!(mapped(Level::Three, true, b"conf.d"), ("CONF_D".into(), Mapped::Characters));
        assert_eq!(mapped(Level::One, true, b"directory"), ("DIRECTOR".into(), Mapped::Length));
        assert_eq!(mapped(Level::Two, true, &[b'd'; 32]).0.len(), 31);
    }

    #[test]
    fn counters_stand_at_the_end_of_the_name() {
        let numbered = |level, stored: &[u8], dir, n| {
            let mut out = Vec::new();
            PrimaryNames { level }.numbered(stored, dir, n, &mut out).then(|| String::from_utf8(out).unwrap())
        };
        assert_eq!(numbered(Level::One, b"LONGFILE.HTM", false, 0).as_deref(), Some("LONGFIL0.HTM"));
        assert_eq!(numbered(Level::One, b"AB", true, 10).as_deref(), Some("AB10"));
        assert_eq!(numbered(Level::Two, b"A.TXT", false, 7).as_deref(), Some("A7.TXT"));
        assert_eq!(numbered(Level::Two, &[b'X'; 31], true, 123).unwrap().len(), 31);
        assert_eq!(numbered(Level::One, b"LONGFILE", false, 12_345_678), None);
    }

    #[test]
    fn descriptor_texts_are_padded_and_cut() {
        assert_eq!(&descriptor_text::<8>("My-Vol\u{e9}", false), b"MY_VOL_ ");
        assert_eq!(&descriptor_text::<8>("My-Volume", true), b"MY-VOLUM");
    }

    proptest::proptest! {
        #[test]
        fn every_name_becomes_legal(name in proptest::collection::vec(1u8.., 1..300), dir: bool, level in 0..3) {
            let level = [Level::One, Level::Two, Level::Three][usize::try_from(level).unwrap()];
            let (id, _) = mapped(level, dir, &name);
            let dots = id.matches('.').count();
            proptest::prop_assert!(id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"._".contains(&b)));
            proptest::prop_assert!(!id.is_empty() && !id.starts_with('.') && !id.ends_with('.'));
            let (most_dots, most) = match (dir, level) {
                (true, Level::One) => (0, 8),
                (true, _) => (0, 31),
                (false, Level::One) => (1, 12),
                (false, _) => (1, 31),
            };
            proptest::prop_assert!(dots <= most_dots && id.len() <= most);
            proptest::prop_assert!(dir || id.len() - dots <= 30);
        }
    }
}
