//! Under which form two source names are one in a volume that keeps neither as it is.

use crate::joliet::JolietNames;
use crate::level::{Level, PrimaryNames};
use crate::names::Naming;

/// The form in which the primary hierarchy records a name, without version number and before a number tells it from
/// another (ECMA-119 7.5, 7.6). What was read from a volume of this level is its own form.
#[must_use]
pub fn primary_form(level: Level, name: &[u8], directory: bool) -> Vec<u8> {
    let mut form = Vec::with_capacity(name.len());
    PrimaryNames { level }.map(name, directory, &mut form);
    form
}

/// The form in which a Joliet hierarchy with names of at most `units` UTF-16 units tells names apart, without case:
/// UTF-16, big-endian, before a number tells it from another.
#[must_use]
pub fn joliet_form(units: u8, name: &[u8], directory: bool) -> Vec<u8> {
    let mut stored = Vec::with_capacity(name.len() * 2);
    JolietNames { units: usize::from(units.max(1)) }.map(name, directory, &mut stored);
    let mut form = Vec::with_capacity(stored.len());
    JolietNames::fold(&stored, &mut form);
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_its_own_form() {
        for (name, directory, form) in [
            (&b"read me.txt"[..], false, &b"READ_ME.TXT"[..]),
            ("\u{dc}n.d".as_bytes(), true, b"_N_D"),
            (b"no-extension", false, b"NO_EXTENSION"),
        ] {
            assert_eq!(primary_form(Level::Three, name, directory), form);
            assert_eq!(primary_form(Level::Three, form, directory), form);
        }
        assert_eq!(joliet_form(64, b"a*B", false), b"\0A\0_\0B");
        assert_eq!(joliet_form(64, b"A_b", false), b"\0A\0_\0B");
        assert_ne!(joliet_form(64, b"a", false), joliet_form(64, b"b", false));
    }
}
