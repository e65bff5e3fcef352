//! Joliet names: UCS-2 (here UTF-16, which all present readers take it for), big-endian.
//!
//! Names that differ only in case are distinct in the specification, but Windows and the Linux kernel ignore case and would
//! open one file under both: they are made distinct. The same readers drop dots at the end of a name, so the last one is
//! replaced. The specification's 240-byte paths are not enforced: no reader depends on them.

use std::cmp::Ordering;

use crate::names::{Mapped, Naming};

/// Names of the Joliet hierarchy. The stored form is UTF-16BE without `;1`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JolietNames {
    /// Longest name in UTF-16 units, at least 1.
    pub(crate) units: usize,
}

/// Whether the Joliet specification keeps the character out of identifiers.
const fn forbidden(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'*' | b'/' | b':' | b';' | b'?' | b'\\')
}

/// Bytes that need more than a zero in front: forbidden ones and all of other characters than ASCII's.
const DOUBTFUL: [bool; 256] = {
    let mut table = [false; 256];
    let mut n = 0u8;
    loop {
        table[n as usize] = forbidden(n) || n >= 0x80;
        if n == 255 {
            break table;
        }
        n += 1;
    }
};

fn append_ascii(source: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + source.len() * 2, 0);
    for (pair, byte) in out[start..].chunks_exact_mut(2).zip(source) {
        pair[1] = *byte;
    }
}

/// Hash of folded UTF-16BE. The bit that tells ASCII capitals from small letters is left out, so that names of ASCII
/// alone can be hashed as they are.
fn hash_units(folded: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| {
        let mixed = (hash ^ (word & 0xFFDF_FFDF_FFDF_FFDF)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ (mixed >> 29)
    };
    let (words, rest) = folded.as_chunks::<8>();
    let hash = words.iter().fold(0, |hash, word| mix(hash, u64::from_be_bytes(*word)));
    mix(hash, rest.iter().fold(0, |word, b| word << 8 | u64::from(*b)))
}

/// As [`hash_units`] for a name that is not folded, if it is of ASCII alone.
fn hash_ascii(stored: &[u8]) -> Option<u64> {
    let (words, rest) = stored.as_chunks::<8>();
    let beyond = words.iter().fold(0, |all, word| all | u64::from_be_bytes(*word)) & 0xFF80_FF80_FF80_FF80
        != 0
        || rest.chunks(2).any(|pair| pair[0] != 0 || pair.get(1).is_none_or(|low| *low >= 0x80));
    (!beyond).then(|| hash_units(stored))
}

fn units(stored: &[u8]) -> impl DoubleEndedIterator<Item = u16> + ExactSizeIterator + '_ {
    stored.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

/// Bytes of the part before the extension: up to the last dot, unless that stands in front or what follows takes
/// more than half of the room.
fn name_part(stored: &[u8], room: usize) -> usize {
    let count = stored.len() / 2;
    match units(stored).rposition(|u| u == u16::from(b'.')) {
        Some(dot) if dot > 0 && count - dot <= room / 2 => dot * 2,
        _ => stored.len(),
    }
}

/// The longest part of `stored` that has at most `count` units and does not end between the halves of a pair.
fn cut(stored: &[u8], count: usize) -> &[u8] {
    let part = &stored[..stored.len().min(count * 2)];
    match part {
        [head @ .., 0xD8..=0xDB, _] => head,
        whole => whole,
    }
}

impl Naming for JolietNames {
    const FILE_SYSTEM: &'static str = "Joliet";
    const STORES_PLAIN: bool = false;

    fn map(&self, source: &[u8], _dir: bool, out: &mut Vec<u8>) -> Mapped {
        let start = out.len();
        let mut mapped = Mapped::Plain;
        let mut push_ascii = |byte: u8, out: &mut Vec<u8>| {
            if forbidden(byte) {
                mapped = Mapped::Characters;
                out.extend_from_slice(&[0, b'_']);
            } else {
                out.extend_from_slice(&[0, byte]);
            }
        };
        if !source.iter().any(|b| DOUBTFUL[usize::from(*b)]) {
            append_ascii(source, out);
        } else {
            for chunk in source.utf8_chunks() {
                for c in chunk.valid().chars() {
                    if c.is_ascii() {
                        push_ascii(u8::try_from(c).unwrap_or(0), out);
                    } else {
                        for unit in c.encode_utf16(&mut [0; 2]) {
                            out.extend_from_slice(&unit.to_be_bytes());
                        }
                    }
                }
                for _ in chunk.invalid() {
                    push_ascii(0, out);
                }
            }
        }
        if let [.., 0, last @ (b'.' | b' ')] = &mut out[start..] {
            *last = b'_';
            mapped = Mapped::Characters;
        }
        if out.len() - start > self.units * 2 {
            let stored = out.split_off(start);
            let (name, extension) = stored.split_at(name_part(&stored, self.units));
            out.extend_from_slice(cut(name, self.units - extension.len() / 2));
            out.extend_from_slice(extension);
            mapped = Mapped::Length;
        }
        mapped
    }

    fn numbered(&self, stored: &[u8], dir: bool, number: u32, out: &mut Vec<u8>) -> bool {
        let digits = number.to_string();
        let part = if dir { stored.len() } else { name_part(stored, self.units) };
        let (name, extension) = stored.split_at(part);
        let Some(keep) = (self.units - extension.len() / 2).checked_sub(digits.len()).filter(|n| *n > 0)
        else {
            return false;
        };
        out.extend_from_slice(cut(name, keep));
        out.extend(digits.bytes().flat_map(|b| [0, b]));
        out.extend_from_slice(extension);
        true
    }

    const IGNORES_CASE: bool = true;

    fn fold(stored: &[u8], out: &mut Vec<u8>) {
        for c in char::decode_utf16(units(stored)) {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            let upper = if c.is_ascii() {
                c.to_ascii_uppercase()
            } else {
                // As Windows has it: only what is one character in capitals too.
                let mut all = c.to_uppercase();
                all.next().filter(|_| all.next().is_none()).unwrap_or(c)
            };
            for unit in upper.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }

    fn fold_hash(stored: &[u8]) -> u64 {
        hash_ascii(stored).unwrap_or_else(|| {
            let mut folded = Vec::with_capacity(stored.len() * 2);
            Self::fold(stored, &mut folded);
            hash_units(&folded)
        })
    }

    /// The first sixteen units up to one that does not fit a byte, which ends the key; `.` becomes the lowest.
    fn key(stored: &[u8]) -> (u64, u64) {
        let mut first = [0u8; 32];
        let len = stored.len().min(32);
        first[..len].copy_from_slice(&stored[..len]);
        let mut key = [0u8; 16];
        let mut high = 0;
        let mut full = false;
        for (to, pair) in key.iter_mut().zip(first.chunks_exact(2)) {
            high |= pair[0];
            full |= pair[1] == 0xFF;
            *to = if pair[1] == b'.' { 1 } else { pair[1] };
        }
        if high != 0 || full {
            let end = first.chunks_exact(2).position(|pair| pair[0] != 0 || pair[1] == 0xFF).unwrap_or(16);
            for (n, to) in key.iter_mut().enumerate().skip(end) {
                *to = if n == end { 0xFF } else { 0 };
            }
        }
        crate::names::halves(key)
    }

    /// ECMA-119 9.3 pads the name before the separator with the lowest character, which puts a name before all that
    /// begin with it, whatever their next character is: so the dot counts as the lowest.
    fn compare(a: &[u8], b: &[u8]) -> Ordering {
        let rank = |unit: u16| if unit == u16::from(b'.') { 1 } else { unit };
        units(a).map(rank).cmp(units(b).map(rank))
    }

    fn display(stored: &[u8]) -> String {
        char::decode_utf16(units(stored)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }

    fn plain(source: &[u8], out: &mut Vec<u8>) {
        if source.is_ascii() {
            append_ascii(source, out);
        } else {
            let text = std::str::from_utf8(source).unwrap_or_default();
            out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        }
    }

    fn plain_length(source: &[u8]) -> usize {
        if source.is_ascii() {
            source.len() * 2
        } else {
            std::str::from_utf8(source).unwrap_or_default().encode_utf16().count() * 2
        }
    }

    fn suffix(_has_dot: bool) -> &'static [u8] {
        b"\0;\x001"
    }

    fn reason(mapped: Mapped) -> &'static str {
        match mapped {
            Mapped::Plain | Mapped::Characters => {
                "* / : ; ? \\, control characters, bytes that are no UTF-8 and a dot or space at the end cannot be recorded \
                 (Joliet)"
            }
            Mapped::Length => "more characters than a Joliet name has",
            Mapped::Clash => {
                "another name of the directory differs from it only in case, or not at all (Joliet)"
            }
        }
    }
}

/// A descriptor's text in UCS-2, padded with spaces; an odd last byte is 0. A pair is never cut.
pub(crate) fn descriptor_text<const N: usize>(text: &str) -> [u8; N] {
    let mut stored = Vec::with_capacity(N);
    for c in text.chars() {
        let c = if u8::try_from(c).is_ok_and(forbidden) { '_' } else { c };
        let pair = c.encode_utf16(&mut [0; 2]).to_vec();
        if stored.len() + pair.len() * 2 > N {
            break;
        }
        stored.extend(pair.into_iter().flat_map(u16::to_be_bytes));
    }
    let mut out = [0; N];
    for (n, pair) in out.chunks_exact_mut(2).enumerate() {
        pair.copy_from_slice(stored.get(n * 2..n * 2 + 2).unwrap_or(b"\0 "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(units: usize, name: &[u8]) -> (String, Mapped) {
        let mut out = b"xx".to_vec();
        let how = JolietNames { units }.map(name, false, &mut out);
        if how == Mapped::Plain {
            assert_eq!(out.len() - 2, JolietNames::plain_length(name));
            let mut again = b"xx".to_vec();
            JolietNames::plain(name, &mut again);
            assert_eq!(again, out);
        }
        (JolietNames::display(&out[2..]), how)
    }

    #[test]
    fn names_keep_what_can_be_kept() {
        use Mapped::{Characters, Length, Plain};
        for (units, name, wanted, how) in [
            (64, &b"Read Me.txt"[..], "Read Me.txt", Plain),
            (64, b"apache.", "apache_", Characters),
            (64, b"two dots..", "two dots._", Characters),
            (64, b"space ", "space_", Characters),
            (64, "\u{4e2d}\u{6587}\u{1f600}.md".as_bytes(), "\u{4e2d}\u{6587}\u{1f600}.md", Plain),
            (64, b"a*b:c;d?e\\f\x01", "a_b_c_d_e_f_", Characters),
            (64, b"\xff.c", "_.c", Characters),
            (8, b"abcdefgh.txt", "abcd.txt", Length),
            (8, b"abcdefgh.longer", "abcdefgh", Length),
            (8, "abc\u{1f600}defg.txt".as_bytes(), "abc.txt", Length),
            (8, b".abcdefghi", ".abcdefg", Length),
        ] {
            assert_eq!(mapped(units, name), (wanted.to_owned(), how), "{name:?}");
        }
    }

    #[test]
    fn the_dot_comes_first() {
        let id = |s: &str| s.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        let mut names = ["a b", "a.b", "a-b", "a", "b", "a.c", "a0"].map(id);
        names.sort_by(|a, b| JolietNames::compare(a, b));
        assert_eq!(
            names.each_ref().map(|n| JolietNames::display(n)),
            ["a", "a.b", "a.c", "a b", "a-b", "a0", "b"]
        );
    }

    #[test]
    fn volume_names_are_padded() {
        assert_eq!(&descriptor_text::<8>("a\u{e9}"), b"\0a\0\xe9\0 \0 ");
        assert_eq!(&descriptor_text::<5>("\u{1f600}xyz"), b"\xd8\x3d\xde\0\0");
        assert_eq!(&descriptor_text::<4>("a\u{1f600}"), b"\0a\0 ");
    }

    proptest::proptest! {
        #[test]
        fn keys_never_contradict_the_order(a in "[.\\-ab\u{e9}\u{ff}\u{645}\u{4e00}]{0,20}", b in "[.\\-ab\u{e9}\u{ff}\u{645}\u{4e00}]{0,20}") {
            let id = |s: &str| s.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
            let (a, b) = (id(&a), id(&b));
            let by_key = JolietNames::key(&a).cmp(&JolietNames::key(&b));
            if by_key.is_ne() {
                proptest::prop_assert_eq!(by_key, JolietNames::compare(&a, &b));
            }
        }

        #[test]
        fn names_that_fold_alike_hash_alike(name in "[a-zA-Z0-9._{\u{e9}\u{17f}\u{3b1}\u{10428}]{0,20}") {
            let id = |s: &str| s.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
            let fold = |stored: &[u8]| {
                let mut out = Vec::new();
                JolietNames::fold(stored, &mut out);
                out
            };
            let own = id(&name);
            let variants = [name.to_ascii_uppercase(), name.to_ascii_lowercase(), name.replace('\u{17f}', "s")];
            for other in variants.map(|v| id(&v)) {
                proptest::prop_assert_eq!(fold(&own), fold(&other));
                proptest::prop_assert_eq!(JolietNames::fold_hash(&own), JolietNames::fold_hash(&other));
            }
        }

        #[test]
        fn every_name_fits(name in proptest::collection::vec(1u8.., 1..300), units in 1usize..109, n in 0u32..100) {
            let mut out = Vec::new();
            let names = JolietNames { units };
            names.map(&name, false, &mut out);
            proptest::prop_assert!(out.len() <= units * 2);
            let mut other = Vec::new();
            if names.numbered(&out, false, n, &mut other) {
                proptest::prop_assert!(other.len() <= units * 2 && !other.is_empty());
                proptest::prop_assert!(char::decode_utf16(super::units(&other)).all(|c| c.is_ok()));
            }
        }
    }
}
