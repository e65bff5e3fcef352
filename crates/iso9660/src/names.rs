//! What a hierarchy needs to know of its names; one implementation for each kind of hierarchy.

use std::cmp::Ordering;

/// How much of a source name survived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mapped {
    /// All but the case.
    Plain,
    /// Characters were replaced.
    Characters,
    /// It was cut.
    Length,
    /// A number was put in because another name maps to the same.
    Clash,
}

/// Rules for the identifiers of a hierarchy. The stored form is what tells names apart and orders them: without the
/// parts that every file identifier has.
pub(crate) trait Naming {
    /// As `NameChange` calls it.
    const FILE_SYSTEM: &'static str;
    /// Whether names that are [`Mapped::Plain`] are kept; where not, they are made from the source again.
    const STORES_PLAIN: bool;

    /// Appends the stored form of a source name.
    fn map(&self, source: &[u8], dir: bool, out: &mut Vec<u8>) -> Mapped;
    /// Appends a variant of a stored form with a number at the end of the name part; `false` when there is no room.
    fn numbered(&self, stored: &[u8], dir: bool, number: u32, out: &mut Vec<u8>) -> bool;
    /// Whether names that differ only in case are one name to readers, so that [`Naming::fold`] decides what is unique.
    const IGNORES_CASE: bool;

    /// Appends what tells stored names apart.
    fn fold(stored: &[u8], out: &mut Vec<u8>);
    /// A number that is the same for names that fold to the same.
    fn fold_hash(stored: &[u8]) -> u64;
    /// Numbers whose order never contradicts [`Naming::compare`].
    fn key(stored: &[u8]) -> (u64, u64);
    /// Order of records.
    fn compare(a: &[u8], b: &[u8]) -> Ordering;
    /// For people.
    fn display(stored: &[u8]) -> String;
    /// Appends the stored form of a name that is known to be [`Mapped::Plain`].
    fn plain(source: &[u8], out: &mut Vec<u8>);
    /// Bytes that [`Naming::plain`] appends.
    fn plain_length(source: &[u8]) -> usize;
    /// What follows the stored form in a file identifier; `has_dot` tells whether the byte `.` is in it.
    fn suffix(has_dot: bool) -> &'static [u8];
    /// Which rule the source name broke.
    fn reason(mapped: Mapped) -> &'static str;
}

/// Sixteen bytes as two numbers of the same order.
pub(crate) fn halves(key: [u8; 16]) -> (u64, u64) {
    let half = |at| u64::from_be_bytes(crate::raw::number::array(&key, at));
    (half(0), half(8))
}
