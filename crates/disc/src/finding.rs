//! What a strict verifier reports about the structures of a volume.

use std::fmt;

/// How much a deviation from the standard matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Severity {
    /// Allowed, but worth knowing: a habit some readers stumble over.
    Note,
    /// Breaks a rule that readers commonly overlook.
    Warning,
    /// Breaks a rule that readers rely on: they may refuse the volume or read wrong bytes.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One deviation from a standard, found by a verifier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The rule that is broken, as `ECMA-119 9.1` or `UDF 2.2.4.3`.
    pub clause: &'static str,
    /// Sector of the structure, absolute.
    pub lba: u64,
    /// What is there and what should be.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: sector {}: {} ({})", self.severity, self.lba, self.what, self.clause)
    }
}
