//! Allocation descriptors (ECMA-167 4/14.14) and the allocation extent descriptor (4/14.5).

use super::field::{put_u16, put_u32, u16_at, u32_at};

/// Longest extent that ends at a block boundary: lengths have 30 bits (4/14.14.1.1, UDF 2.3.10).
pub(crate) const MAX_EXTENT: u32 = 0x3FFF_F800;
/// Bytes of a short_ad.
pub(crate) const SHORT_LEN: usize = 8;
/// Bytes of a long_ad.
pub(crate) const LONG_LEN: usize = 16;
/// Bytes of an allocation extent descriptor before its allocation descriptors.
pub(crate) const EXTENT_HEADER_LEN: usize = 24;

/// The two highest bits of an extent length (4/14.14.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ExtentType {
    Recorded,
    /// Allocated but not recorded: zeros.
    Allocated,
    /// Neither: zeros.
    Sparse,
    /// More allocation descriptors.
    Continuation,
}

impl ExtentType {
    fn of(length: u32) -> Self {
        match length >> 30 {
            0 => Self::Recorded,
            1 => Self::Allocated,
            2 => Self::Sparse,
            _ => Self::Continuation,
        }
    }

    fn bits(self) -> u32 {
        match self {
            Self::Recorded => 0,
            Self::Allocated => 1 << 30,
            Self::Sparse => 2 << 30,
            Self::Continuation => 3 << 30,
        }
    }
}

/// Any allocation descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Allocation {
    pub(crate) kind: ExtentType,
    /// Bytes, below 2^30.
    pub(crate) bytes: u32,
    /// First block in its partition.
    pub(crate) block: u32,
    /// Partition reference; `None` for the partition of the ICB.
    pub(crate) partition: Option<u16>,
}

impl Allocation {
    fn new(length: u32, block: u32, partition: Option<u16>) -> Self {
        Self { kind: ExtentType::of(length), bytes: length & 0x3FFF_FFFF, block, partition }
    }

    pub(crate) fn short(bytes: &[u8]) -> Self {
        Self::new(u32_at(bytes, 0), u32_at(bytes, 4), None)
    }

    pub(crate) fn long(bytes: &[u8]) -> Self {
        Self::new(u32_at(bytes, 0), u32_at(bytes, 4), Some(u16_at(bytes, 8)))
    }
}

impl Allocation {
    /// Writes a long_ad where a partition is named, else a short_ad; bytes used.
    pub(crate) fn write(self, out: &mut [u8]) -> usize {
        put_u32(out, 0, self.kind.bits() | self.bytes);
        put_u32(out, 4, self.block);
        match self.partition {
            None => SHORT_LEN,
            Some(partition) => {
                put_u16(out, 8, partition);
                LONG_LEN
            }
        }
    }
}

/// long_ad of a recorded extent with UDF's implementation use (4/14.14.2, UDF 2.3.10.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct LongAd {
    pub(crate) bytes: u32,
    pub(crate) block: u32,
    pub(crate) partition: u16,
    /// UDF Unique ID in file identifier descriptors of 2.00 and later (UDF 2.3.4.3), else 0.
    pub(crate) unique_id: u32,
}

impl LongAd {
    pub(crate) fn write(self, out: &mut [u8], at: usize) {
        put_u32(out, at, self.bytes);
        put_u32(out, at + 4, self.block);
        put_u16(out, at + 8, self.partition);
        put_u32(out, at + 12, self.unique_id);
    }

    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self {
            bytes: u32_at(bytes, 0),
            block: u32_at(bytes, 4),
            partition: u16_at(bytes, 8),
            unique_id: u32_at(bytes, 12),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extent_types_and_lengths() {
        let mut out = [0; 16];
        let mut ad = Allocation { kind: ExtentType::Continuation, bytes: 2048, block: 7, partition: None };
        assert_eq!(ad.write(&mut out), 8);
        assert_eq!(out[..8], [0, 8, 0, 0xC0, 7, 0, 0, 0]);
        assert_eq!(Allocation::short(&out), ad);
        (ad.kind, ad.partition) = (ExtentType::Sparse, Some(1));
        assert_eq!(ad.write(&mut out), 16);
        assert_eq!(out, [0, 8, 0, 0x80, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(Allocation::long(&out), ad);
        ad.kind = ExtentType::Allocated;
        ad.write(&mut out);
        assert_eq!((out[3], Allocation::long(&out)), (0x40, ad));
    }

    proptest::proptest! {
        #[test]
        fn long_ad_round_trip(bytes in 0u32..1 << 30, block: u32, partition: u16, unique_id: u32) {
            let ad = LongAd { bytes, block, partition, unique_id };
            let mut out = [0; LONG_LEN];
            ad.write(&mut out, 0);
            proptest::prop_assert_eq!(LongAd::read(&out), ad);
            proptest::prop_assert_eq!(Allocation::long(&out).block, block);
        }
    }
}
