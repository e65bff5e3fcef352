//! Anchor volume descriptor pointer (ECMA-167 3/10.2) and extent_ad (3/7.1).

use super::field::{put_u32, u32_at};

/// Sectors of the volume: length in bytes, then the first sector.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct ExtentAd {
    pub(crate) bytes: u32,
    pub(crate) lba: u32,
}

impl ExtentAd {
    pub(crate) fn write(self, out: &mut [u8], at: usize) {
        put_u32(out, at, self.bytes);
        put_u32(out, at + 4, self.lba);
    }

    pub(crate) fn read(bytes: &[u8], at: usize) -> Self {
        Self { bytes: u32_at(bytes, at), lba: u32_at(bytes, at + 4) }
    }
}

/// Where both copies of the volume descriptor sequence are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Anchor {
    pub(crate) main: ExtentAd,
    pub(crate) reserve: ExtentAd,
}

impl Anchor {
    pub(crate) fn write(self, out: &mut [u8]) {
        self.main.write(out, 16);
        self.reserve.write(out, 24);
    }

    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self { main: ExtentAd::read(bytes, 16), reserve: ExtentAd::read(bytes, 24) }
    }
}
