//! Which names are one name, and how they are ordered.

use std::cmp::Ordering;

/// Whether names that differ only in case are one name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default)]
pub enum Cases {
    /// They are: names are compared by UTF-16 units in ordinal upper case, as Windows does. What was given is kept.
    #[default]
    Ignored,
    /// They are not: names are compared by bytes, as POSIX does.
    Distinct,
}

impl Cases {
    /// Order of two names; `Equal` for what is one name.
    #[must_use]
    pub fn compare(self, a: &[u8], b: &[u8]) -> Ordering {
        if self == Self::Distinct {
            return a.cmp(b);
        }
        let same = a.iter().zip(b).take_while(|(x, y)| x.is_ascii() && x == y).count();
        let (a, b) = (a.split_at(same).1, b.split_at(same).1);
        let (mut x, mut y) = (a.iter(), b.iter());
        loop {
            match (x.next(), y.next()) {
                (Some(p), Some(q)) if p.is_ascii() && q.is_ascii() => {
                    match p.to_ascii_uppercase().cmp(&q.to_ascii_uppercase()) {
                        Ordering::Equal => {}
                        other => return other,
                    }
                }
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => return Ordering::Less,
                (Some(_), None) => return Ordering::Greater,
                // Both stand before the first character that is not ASCII in one of them.
                (Some(_), Some(_)) => {
                    let at = a.len() - x.as_slice().len() - 1;
                    return units(a.split_at(at).1).cmp(units(b.split_at(at).1));
                }
            }
        }
    }
}

/// A name in upper case: UTF-16 units, for bytes that are no UTF-8 a lone surrogate each.
fn units(name: &[u8]) -> impl Iterator<Item = u16> + '_ {
    name.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().flat_map(|c| {
            let mut units = [0; 2];
            let len = upper(c).encode_utf16(&mut units).len();
            units.into_iter().take(len)
        });
        valid.chain(chunk.invalid().iter().map(|b| 0xDC00 | u16::from(*b)))
    })
}

/// Capital of a character that has one that is a single character.
fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    all.next().filter(|_| all.next().is_none()).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_by_units_in_capitals() {
        let same = |a: &str, b: &str| Cases::Ignored.compare(a.as_bytes(), b.as_bytes()) == Ordering::Equal;
        assert!(same("ReadMe.TXT", "readme.txt") && same("Ärger", "äRGER") && same("ÿ", "Ÿ"));
        // One character in capitals is two: kept apart, as Windows does.
        assert!(!same("straße", "STRASSE") && !same("a", "ab") && !same("é", "e\u{301}"));
        assert_eq!(Cases::Distinct.compare(b"a", b"A"), Ordering::Greater);
        // The letters between Z and a come behind all letters.
        assert_eq!(Cases::Ignored.compare(b"b", b"_"), Ordering::Less);
        // By UTF-16 units a supplementary character stands before U+FFxx.
        assert_eq!(Cases::Ignored.compare("a😀".as_bytes(), "aｱ".as_bytes()), Ordering::Less);
    }

    proptest::proptest! {
        #[test]
        fn it_is_an_order(mut names in proptest::collection::vec(".{0,6}", 3)) {
            names.sort_by(|a, b| Cases::Ignored.compare(a.as_bytes(), b.as_bytes()));
            let slow = |s: &String| units(s.as_bytes()).collect::<Vec<_>>();
            for pair in names.windows(2) {
                let fast = Cases::Ignored.compare(pair[0].as_bytes(), pair[1].as_bytes());
                proptest::prop_assert_eq!(fast, slow(&pair[0]).cmp(&slow(&pair[1])));
            }
        }
    }
}
