//! What is wrong with bytes from outside, in the words of each side.

use glassmaster_scsi::{FieldPointer, Sense};

/// A field of a command block or parameter list that a drive cannot accept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("byte {byte} of the {} holds a value that is not allowed", if *in_cdb { "command block" } else { "parameter list" })]
pub struct FieldError {
    /// The command block (`true`) or the parameter list.
    pub in_cdb: bool,
    /// First byte of the field.
    pub byte: u16,
    /// Its most significant bit, 0-7, where the field is smaller than a byte.
    pub bit: Option<u8>,
}

impl FieldError {
    /// A field of the command block.
    #[must_use]
    pub const fn cdb(byte: u16, bit: Option<u8>) -> Self {
        Self { in_cdb: true, byte, bit }
    }

    /// A field of the parameter list.
    #[must_use]
    pub const fn parameter(byte: u16, bit: Option<u8>) -> Self {
        Self { in_cdb: false, byte, bit }
    }

    /// The same field counted from an outer structure that begins `offset` bytes earlier.
    #[must_use]
    pub fn shifted(self, offset: usize) -> Self {
        let offset = u16::try_from(offset).unwrap_or(u16::MAX);
        Self { byte: self.byte.saturating_add(offset), ..self }
    }

    /// 5/24/00 for the command block, 5/26/00 for the parameter list, with the field pointer (SPC-4 4.5.2.4.2).
    #[must_use]
    pub const fn sense(self) -> Sense {
        let sense = if self.in_cdb { Sense::of(5, 0x24, 0) } else { Sense::of(5, 0x26, 0) };
        sense.with_field(FieldPointer { in_cdb: self.in_cdb, bit: self.bit, byte: self.byte })
    }
}

/// An answer of a drive that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ResponseError {
    /// It ends before a field that has to be there.
    #[error("{structure} has only {got} bytes and ends before {field} at byte {byte}")]
    TooShort {
        /// Name of the answer in the standard.
        structure: &'static str,
        /// Name of the missing field.
        field: &'static str,
        /// Where it should be.
        byte: usize,
        /// Bytes that came.
        got: usize,
    },
    /// A field has a value that the standard does not allow.
    #[error("{structure}: {field} at byte {byte} is {value:X}h, which is not allowed")]
    Invalid {
        /// Name of the answer in the standard.
        structure: &'static str,
        /// Name of the field.
        field: &'static str,
        /// Where it stands.
        byte: usize,
        /// What it holds.
        value: u64,
    },
}
