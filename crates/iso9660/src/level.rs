//! Interchange levels (ECMA-119 10) and what they allow.

/// Interchange level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Level {
    /// Names of 8.3, directories of 8 characters, one extent a file.
    One,
    /// Names of 30 characters and a dot, directories of 31, one extent a file.
    Two,
    /// Names as at level 2, any number of extents a file.
    Three,
}
