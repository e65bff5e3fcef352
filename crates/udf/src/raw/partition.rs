//! Partition descriptor (ECMA-167 3/10.5, UDF 2.2.14).

use super::field::{put_u16, put_u32, u16_at, u32_at};
use super::regid::Regid;

/// Fields of a partition that is described.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Partition {
    pub(crate) sequence: u32,
    pub(crate) number: u16,
    /// `+NSR02` or `+NSR03`.
    pub(crate) contents: Regid,
    pub(crate) access: u32,
    pub(crate) start: u32,
    pub(crate) blocks: u32,
}

impl Partition {
    pub(crate) fn write(self, out: &mut [u8]) {
        put_u32(out, 16, self.sequence);
        put_u16(out, 20, 1); // allocated
        put_u16(out, 22, self.number);
        self.contents.write(out, 24);
        put_u32(out, 184, self.access);
        put_u32(out, 188, self.start);
        put_u32(out, 192, self.blocks);
        Regid::implementation().write(out, 196);
    }

    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self {
            sequence: u32_at(bytes, 16),
            number: u16_at(bytes, 22),
            contents: Regid::read(bytes, 24),
            access: u32_at(bytes, 184),
            start: u32_at(bytes, 188),
            blocks: u32_at(bytes, 192),
        }
    }
}
