//! regid, called EntityID by UDF (ECMA-167 1/7.4, UDF 2.1.5): who or what defines the content of a field.

use super::field::{put, put_u16, u16_at};

/// Bytes of an entity identifier.
pub(crate) const REGID_LEN: usize = 32;

/// Identifier of this implementation; no version, so that images do not depend on it.
const IMPLEMENTATION: &[u8] = b"*Glassmaster";

/// An entity identifier: flags, 23 characters, 8 bytes of suffix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Regid {
    pub(crate) identifier: [u8; 23],
    pub(crate) suffix: [u8; 8],
}

impl Regid {
    fn new(identifier: &[u8], suffix: [u8; 8]) -> Self {
        let mut padded = [0; 23];
        padded[..identifier.len()].copy_from_slice(identifier);
        Self { identifier: padded, suffix }
    }

    /// `*OSTA UDF Compliant` with the domain suffix (UDF 2.1.5.3): revision, no write protection.
    pub(crate) fn domain(revision: u16) -> Self {
        Self::udf(b"*OSTA UDF Compliant", revision)
    }

    /// An identifier of UDF's own with its suffix: revision, operating system class and identifier "undefined".
    pub(crate) fn udf(name: &[u8], revision: u16) -> Self {
        let mut suffix = [0; 8];
        put_u16(&mut suffix, 0, revision);
        Self::new(name, suffix)
    }

    /// This implementation, operating system "undefined" (UDF 6.3): one tree gives one image on every host.
    pub(crate) fn implementation() -> Self {
        Self::new(IMPLEMENTATION, [0; 8])
    }

    /// An identifier of ECMA-167 itself, as `+NSR02`; no suffix.
    pub(crate) fn standard(name: &[u8]) -> Self {
        Self::new(name, [0; 8])
    }

    pub(crate) fn write(self, out: &mut [u8], at: usize) {
        put(out, at + 1, &self.identifier);
        put(out, at + 24, &self.suffix);
    }

    pub(crate) fn read(bytes: &[u8], at: usize) -> Self {
        let mut id = Self { identifier: [0; 23], suffix: [0; 8] };
        if let Some(b) = bytes.get(at..at + REGID_LEN) {
            id.identifier.copy_from_slice(&b[1..24]);
            id.suffix.copy_from_slice(&b[24..]);
        }
        id
    }

    /// Characters without the zeros that pad them, for messages.
    pub(crate) fn name(&self) -> String {
        let end = self.identifier.iter().rposition(|b| *b != 0).map_or(0, |at| at + 1);
        String::from_utf8_lossy(&self.identifier[..end]).into_owned()
    }

    /// Revision of domain and UDF suffixes.
    pub(crate) fn revision(&self) -> u16 {
        u16_at(&self.suffix, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_bytes() {
        let mut out = [0; 32];
        Regid::domain(0x0150).write(&mut out, 0);
        assert_eq!(&out[..20], b"\0*OSTA UDF Compliant");
        assert_eq!(out[20..], [0, 0, 0, 0, 0x50, 0x01, 0, 0, 0, 0, 0, 0]);
        let id = Regid::read(&out, 0);
        assert_eq!((id.name().as_str(), id.revision()), ("*OSTA UDF Compliant", 0x0150));
        assert_eq!(Regid::standard(b"+NSR02").name(), "+NSR02");
    }
}
