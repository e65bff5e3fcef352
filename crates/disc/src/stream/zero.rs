//! Nothing but zeros.

use std::io;

use super::ByteStream;

/// As many zero bytes as it was made with; none by default.
#[doc(alias = "MsftStreamZero")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Zero {
    size: u64,
}

impl Zero {
    /// That many bytes.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { size }
    }

    /// Gives it another size.
    pub const fn set_size(&mut self, size: u64) {
        self.size = size;
    }
}

impl ByteStream for Zero {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let moved = rest.min(buf.len());
        buf[..moved].fill(0);
        Ok(moved)
    }
}
