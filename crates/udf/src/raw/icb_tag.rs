//! ICB tag (ECMA-167 4/14.6, UDF 2.3.5) and permissions (4/14.9.5).

use super::field::{put_u16, u16_at};

pub(crate) const TYPE_UNSPECIFIED: u8 = 0;
pub(crate) const TYPE_DIRECTORY: u8 = 4;
pub(crate) const TYPE_FILE: u8 = 5;
pub(crate) const TYPE_BLOCK_DEVICE: u8 = 6;
pub(crate) const TYPE_CHAR_DEVICE: u8 = 7;
pub(crate) const TYPE_FIFO: u8 = 9;
pub(crate) const TYPE_SOCKET: u8 = 10;
pub(crate) const TYPE_SYMLINK: u8 = 12;
/// Stream directory (ECMA-167 4/14.6.6).
pub(crate) const TYPE_STREAM_DIRECTORY: u8 = 13;
/// Real-time file (UDF 2.3.5.2.1).
pub(crate) const TYPE_REAL_TIME: u8 = 249;
/// Metadata file, its mirror and its bitmap (UDF 2.50 2.2.13).
pub(crate) const TYPE_METADATA: u8 = 250;
pub(crate) const TYPE_METADATA_MIRROR: u8 = 251;
pub(crate) const TYPE_METADATA_BITMAP: u8 = 252;

/// Bits 0-2 of the flags: what the allocation descriptors field holds (4/14.6.8).
pub(crate) const AD_SHORT: u16 = 0;
pub(crate) const AD_LONG: u16 = 1;
pub(crate) const AD_EXTENDED: u16 = 2;
pub(crate) const AD_EMBEDDED: u16 = 3;

const SETUID: u16 = 1 << 6;
const SETGID: u16 = 1 << 7;
const STICKY: u16 = 1 << 8;
/// The file is a named stream (4/14.6.8).
pub(crate) const STREAM: u16 = 1 << 13;

/// Direct entry, one of one: strategy 4 (4/A.5).
pub(crate) const STRATEGY_4: u16 = 4;

/// Fields of an ICB tag that matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct IcbTag {
    pub(crate) strategy: u16,
    pub(crate) file_type: u8,
    pub(crate) flags: u16,
}

impl IcbTag {
    pub(crate) fn write(self, out: &mut [u8], at: usize) {
        put_u16(out, at + 4, self.strategy);
        put_u16(out, at + 8, 1); // maximum number of entries
        out[at + 11] = self.file_type;
        put_u16(out, at + 18, self.flags);
    }

    pub(crate) fn read(bytes: &[u8], at: usize) -> Self {
        Self {
            strategy: u16_at(bytes, at + 4),
            file_type: bytes.get(at + 11).copied().unwrap_or_default(),
            flags: u16_at(bytes, at + 18),
        }
    }
}

/// ICB flags that carry the upper three POSIX mode bits.
pub(crate) fn mode_flags(mode: u16) -> u16 {
    let bit = |mask: u16, flag: u16| if mode & mask == 0 { 0 } else { flag };
    bit(0o4000, SETUID) | bit(0o2000, SETGID) | bit(0o1000, STICKY)
}

/// Permissions field of a POSIX mode: three groups of five bits (execute, write, read, change attributes, delete) for
/// others, group and owner; the owner may change attributes and delete where he may write (UDF 3.3.3.3).
pub(crate) fn permissions(mode: u16) -> u32 {
    let mode = u32::from(mode);
    let owner_extra = if mode & 0o200 == 0 { 0 } else { 0b11000 << 10 };
    (mode & 7) | (mode >> 3 & 7) << 5 | (mode >> 6 & 7) << 10 | owner_extra
}

/// POSIX mode of a permissions field and ICB flags.
pub(crate) fn mode(permissions: u32, flags: u16) -> u16 {
    let low = (permissions & 7) | (permissions >> 5 & 7) << 3 | (permissions >> 10 & 7) << 6;
    let bit = |flag: u16, mask: u16| if flags & flag == 0 { 0 } else { mask };
    u16::try_from(low).unwrap_or_default() | bit(SETUID, 0o4000) | bit(SETGID, 0o2000) | bit(STICKY, 0o1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_survive() {
        // rwxr-x--x: owner 11111, group 00101, others 00001.
        assert_eq!(permissions(0o751), 0b11111_00101_00001);
        for m in 0..=0o7777 {
            assert_eq!(mode(permissions(m), mode_flags(m)), m);
        }
    }
}
