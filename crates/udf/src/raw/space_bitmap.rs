//! Space bitmap descriptor (ECMA-167 4/14.12, UDF 2.3.8): one bit a block, set for a free one.

use super::field::put_u32;
use super::tag::{SPACE_BITMAP, Tag};

/// Bytes before the bits.
pub(crate) const HEADER_LEN: usize = 24;

/// Bytes of the descriptor of `blocks` blocks.
pub(crate) fn length(blocks: u32) -> u64 {
    HEADER_LEN as u64 + u64::from(blocks.div_ceil(8))
}

/// Writes the fields before the bits; no CRC, as UDF 2.50 2.2.13.2 asks for in the metadata bitmap file.
pub(crate) fn write_header(out: &mut [u8], version: u16, location: u32, blocks: u32) {
    put_u32(out, 16, blocks);
    put_u32(out, 20, blocks.div_ceil(8));
    let tag = Tag { identifier: SPACE_BITMAP, version, location };
    tag.seal(&mut out[..super::tag::TAG_LEN]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_bytes() {
        let mut out = [0; 32];
        write_header(&mut out, 3, 2, 65);
        // 264 is 0x0108: 8 + 1 + 3 + 1 + 2 = 15.
        assert_eq!(out[..16], [8, 1, 3, 0, 15, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(out[16..], [65, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(length(65), 33);
    }
}
