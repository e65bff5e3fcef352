//! The order of directory records (ECMA-119 9.3) and of path table records (ECMA-119 6.9.1).

use std::cmp::Ordering;

/// Compares as if the shorter part were padded with the lowest character.
fn padded<T: Ord + Copy>(a: &[T], b: &[T], filler: T) -> Ordering {
    let longest = a.len().max(b.len());
    (0..longest)
        .map(|n| (a.get(n).copied().unwrap_or(filler), b.get(n).copied().unwrap_or(filler)))
        .map(|(x, y)| x.cmp(&y))
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Name, extension, version (of files alone).
fn parts<T: Copy + PartialEq + Into<u32>>(identifier: &[T]) -> (&[T], &[T], Option<u32>) {
    let is = |c: char| move |unit: &T| (*unit).into() == u32::from(c);
    let (rest, version) = match identifier.iter().rposition(is(';')) {
        Some(at) => identifier.split_at(at),
        None => (identifier, &[][..]),
    };
    let version = version.split_first().map(|(_, digits)| {
        digits.iter().fold(0u32, |n, unit| {
            n.saturating_mul(10).saturating_add((*unit).into().saturating_sub(u32::from('0')))
        })
    });
    match rest.iter().position(is('.')) {
        Some(at) => (&rest[..at], rest.get(at + 1..).unwrap_or_default(), version),
        None => (rest, &[], version),
    }
}

/// ECMA-119 9.3: name, extension, then version downwards.
pub(super) fn primary(a: &[u8], b: &[u8]) -> Ordering {
    let ((name, extension, version), (other, other_extension, other_version)) = (parts(a), parts(b));
    padded(name, other, b' ').then_with(|| padded(extension, other_extension, b' ')).then(
        match (version, other_version) {
            (Some(version), Some(other)) => other.cmp(&version),
            // A directory and a file may share a name; neither comes first.
            _ => Ordering::Equal,
        },
    )
}

fn units(identifier: &[u8]) -> Vec<u16> {
    identifier.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]])).collect()
}

/// Whether two Joliet identifiers may stand in this order. Names with several dots leave open which of them divides
/// name from extension, and writers differ: any reading that allows the order is good.
pub(super) fn joliet_allows(a: &[u8], b: &[u8]) -> bool {
    let (x, y) = (units(a), units(b));
    let ((name, extension, _), (other, other_extension, _)) = (parts(&x), parts(&y));
    let by_parts = padded(name, other, 0).then_with(|| padded(extension, other_extension, 0));
    let dot_first = |unit: &u16| if *unit == u16::from(b'.') { 1 } else { *unit };
    by_parts.is_le() || a <= b || x.iter().map(dot_first).le(y.iter().map(dot_first))
}

/// Path tables are sorted by level, number of the parent, identifier.
pub(super) fn path_record_key(level: u32, parent: u16) -> (u32, u16) {
    (level, parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_before_extensions_before_versions() {
        let mut ids: Vec<&[u8]> =
            vec![b"B.;1", b"A.B;1", b"A.;1", b"AB", b"A_.;1", b"A.B;2", b"A1.;1", b"A.;2"];
        ids.sort_by(|a, b| primary(a, b));
        let wanted: Vec<&[u8]> =
            vec![b"A.;2", b"A.;1", b"A.B;2", b"A.B;1", b"A1.;1", b"AB", b"A_.;1", b"B.;1"];
        assert_eq!(ids, wanted);
    }

    #[test]
    fn joliet_writers_differ_on_dots() {
        let id = |s: &str| s.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        assert!(joliet_allows(&id("a.b;1"), &id("a-b;1")), "by name");
        assert!(joliet_allows(&id("a-b;1"), &id("a.b;1")), "by units");
        assert!(!joliet_allows(&id("b;1"), &id("a;1")));
    }
}
