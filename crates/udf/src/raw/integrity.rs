//! Logical volume integrity descriptor (ECMA-167 3/10.10, UDF 2.2.6) for one partition.

use super::anchor::ExtentAd;
use super::field::{put, put_u16, put_u32, put_u64, u16_at, u32_at, u64_at};
use super::regid::Regid;
use super::timestamp::TIMESTAMP_LEN;

/// Bytes of UDF's implementation use.
const IMPLEMENTATION_LEN: u32 = 46;

/// What the descriptor of a volume with one or two partitions says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Integrity {
    /// Whether the volume was left in order (integrity type 1).
    pub(crate) closed: bool,
    pub(crate) next: ExtentAd,
    /// Next free UniqueID.
    pub(crate) unique_id: u64,
    pub(crate) free_blocks: u32,
    pub(crate) blocks: u32,
    /// Free and all blocks of the second partition: a metadata or virtual one.
    pub(crate) second: Option<(u32, u32)>,
    pub(crate) files: u32,
    pub(crate) directories: u32,
    pub(crate) min_read: u16,
    pub(crate) min_write: u16,
    pub(crate) max_write: u16,
}

impl Integrity {
    /// Bytes of the descriptor.
    pub(crate) fn len(&self) -> usize {
        80 + 8 * (1 + usize::from(self.second.is_some())) + 46
    }

    pub(crate) fn write(self, out: &mut [u8], recorded: [u8; TIMESTAMP_LEN]) {
        put(out, 16, &recorded);
        put_u32(out, 28, u32::from(self.closed));
        self.next.write(out, 32);
        put_u64(out, 40, self.unique_id);
        put_u32(out, 76, IMPLEMENTATION_LEN);
        put_u32(out, 80, self.free_blocks);
        let udf = match self.second {
            None => {
                put_u32(out, 72, 1);
                put_u32(out, 84, self.blocks);
                88
            }
            Some((free, blocks)) => {
                put_u32(out, 72, 2);
                put_u32(out, 84, free);
                put_u32(out, 88, self.blocks);
                put_u32(out, 92, blocks);
                96
            }
        };
        Regid::implementation().write(out, udf);
        put_u32(out, udf + 32, self.files);
        put_u32(out, udf + 36, self.directories);
        put_u16(out, udf + 40, self.min_read);
        put_u16(out, udf + 42, self.min_write);
        put_u16(out, udf + 44, self.max_write);
    }

    /// Reads a verified descriptor; `None` when its tables pass the end or it has no or more than 16 partitions.
    /// Free and total blocks are those of the first two partitions.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let partitions = usize::try_from(u32_at(bytes, 72)).ok().filter(|n| (1..=16).contains(n))?;
        let sizes = 80 + 4 * partitions;
        let udf = sizes + 4 * partitions;
        bytes.get(..udf + 46)?;
        Some(Self {
            closed: u32_at(bytes, 28) == 1,
            next: ExtentAd::read(bytes, 32),
            unique_id: u64_at(bytes, 40),
            free_blocks: u32_at(bytes, 80),
            blocks: u32_at(bytes, sizes),
            second: (partitions > 1).then(|| (u32_at(bytes, 84), u32_at(bytes, sizes + 4))),
            files: u32_at(bytes, udf + 32),
            directories: u32_at(bytes, udf + 36),
            min_read: u16_at(bytes, udf + 40),
            min_write: u16_at(bytes, udf + 42),
            max_write: u16_at(bytes, udf + 44),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn round_trip(unique_id: u64, free_blocks: u32, blocks: u32, files: u32, directories: u32, closed: bool, two: bool) {
            let integrity = Integrity {
                closed, next: ExtentAd::default(), unique_id, free_blocks, blocks, files, directories,
                second: two.then_some((7, 64)),
                min_read: 0x0102, min_write: 0x0150, max_write: 0x0201,
            };
            let mut out = vec![0; integrity.len()];
            integrity.write(&mut out, [7; 12]);
            proptest::prop_assert_eq!(Integrity::read(&out), Some(integrity));
            proptest::prop_assert_eq!(Integrity::read(&out[..out.len() - 1]), None);
        }
    }
}
