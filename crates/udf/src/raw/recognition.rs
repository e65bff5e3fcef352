//! Volume recognition sequence (ECMA-167 2/8.3, 2/9, 3/9.1).

/// First sector of the sequence: byte 32768 (2/8.3).
pub(crate) const FIRST: u64 = 16;

/// Structures of the sequence that matter here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Recognition {
    Begin,
    Nsr02,
    Nsr03,
    End,
    /// ISO 9660 or boot descriptor.
    Other,
}

/// Writes a structure at the start of its zeroed sector.
pub(crate) fn write(out: &mut [u8], identifier: &[u8; 5]) {
    out[1..6].copy_from_slice(identifier);
    out[6] = 1;
}

/// Which structure a sector holds; `None` ends the sequence.
pub(crate) fn read(sector: &[u8]) -> Option<Recognition> {
    match sector.get(1..6)? {
        b"BEA01" => Some(Recognition::Begin),
        b"NSR02" => Some(Recognition::Nsr02),
        b"NSR03" => Some(Recognition::Nsr03),
        b"TEA01" => Some(Recognition::End),
        b"CD001" | b"BOOT2" | b"CDW02" => Some(Recognition::Other),
        _ => None,
    }
}
