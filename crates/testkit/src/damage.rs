//! Seeded damage to images: what a reader must survive without a panic, and within its bounds.

use crate::Random;

/// Bytes in a block of every image this damages.
const BLOCK: usize = 2048;
/// Part of an image that holds descriptors, path tables and the first directories: most damage goes there.
const DESCRIPTORS: usize = 512 * 1024;

/// One piece of damage, said in a way that a failing test can print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// One byte becomes another.
    Byte {
        /// Offset in the image.
        at: usize,
        /// What stands there now.
        value: u8,
    },
    /// A 16-, 32- or 64-bit number (a length, an address, a count) is overwritten in both byte orders' fashion.
    Number {
        /// Offset in the image.
        at: usize,
        /// Bytes of the number: 2, 4 or 8.
        width: usize,
        /// Its new value.
        value: u64,
        /// Most significant byte first.
        big_endian: bool,
    },
    /// An ISO 9660 both-byte-order number (ECMA-119 7.3.3) is overwritten consistently, so that it is believed.
    BothOrders {
        /// Offset of its little-endian half.
        at: usize,
        /// Its new value.
        value: u32,
    },
    /// Two blocks change places: pointers then lead to the wrong kind of structure.
    Swap {
        /// Number of one block.
        one: usize,
        /// Number of the other.
        other: usize,
    },
    /// One block is copied over another: two structures that claim the same, cycles of directories.
    Copy {
        /// Number of the block that is copied.
        from: usize,
        /// Number of the block that is lost.
        to: usize,
    },
    /// Blocks become zeros.
    Zero {
        /// Number of the first block.
        first: usize,
        /// How many.
        count: usize,
    },
    /// Blocks become noise.
    Noise {
        /// Number of the first block.
        first: usize,
        /// How many.
        count: usize,
        /// Seed of the noise.
        seed: u64,
    },
    /// The image ends here.
    Truncate {
        /// Its new length in bytes.
        length: usize,
    },
}

impl Damage {
    /// Does it. What would lie outside the image is left out.
    pub fn apply(&self, image: &mut Vec<u8>) {
        match *self {
            Self::Byte { at, value } => {
                if let Some(byte) = image.get_mut(at) {
                    *byte = value;
                }
            }
            Self::Number { at, width, value, big_endian } => {
                let bytes = if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
                let bytes =
                    if big_endian { bytes.get(8 - width.min(8)..) } else { bytes.get(..width.min(8)) };
                put(image, at, bytes.unwrap_or_default());
            }
            Self::BothOrders { at, value } => {
                put(image, at, &value.to_le_bytes());
                put(image, at.saturating_add(4), &value.to_be_bytes());
            }
            Self::Swap { one, other } => {
                let (a, b) = (block(image, one), block(image, other));
                put(image, other.saturating_mul(BLOCK), &a);
                put(image, one.saturating_mul(BLOCK), &b);
            }
            Self::Copy { from, to } => {
                let bytes = block(image, from);
                put(image, to.saturating_mul(BLOCK), &bytes);
            }
            Self::Zero { first, count } => {
                put(image, first.saturating_mul(BLOCK), &vec![0; count.saturating_mul(BLOCK)]);
            }
            Self::Noise { first, count, seed } => {
                let mut bytes = vec![0; count.saturating_mul(BLOCK)];
                Random::new(seed).fill(&mut bytes);
                put(image, first.saturating_mul(BLOCK), &bytes);
            }
            Self::Truncate { length } => image.truncate(length),
        }
    }
}

/// Copies as much of `bytes` to `at` as the image has room for.
fn put(image: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(room) = image.get_mut(at..) {
        let length = room.len().min(bytes.len());
        if let (Some(to), Some(from)) = (room.get_mut(..length), bytes.get(..length)) {
            to.copy_from_slice(from);
        }
    }
}

fn block(image: &[u8], number: usize) -> Vec<u8> {
    let start = number.saturating_mul(BLOCK).min(image.len());
    let end = start.saturating_add(BLOCK).min(image.len());
    image.get(start..end).unwrap_or_default().to_vec()
}

/// Makes damage for images of one size: a plan for each seed.
#[derive(Debug, Clone)]
pub struct Damager {
    length: usize,
    structures: Vec<usize>,
}

impl Damager {
    /// For `image`, undamaged. Blocks that look like structures (volume descriptors, UDF tags, directories) are
    /// remembered: they are hit more often than file data, which no reader interprets.
    #[must_use]
    pub fn new(image: &[u8]) -> Self {
        let structures = image
            .chunks(BLOCK)
            .enumerate()
            .filter(|(_, block)| is_structure(block))
            .map(|(number, _)| number)
            .collect();
        Self { length: image.len(), structures }
    }

    /// Numbers of the blocks that look like structures.
    #[must_use]
    pub fn structures(&self) -> &[usize] {
        &self.structures
    }

    /// The damage of `seed`: one to eight pieces.
    #[must_use]
    pub fn plan(&self, seed: u64) -> Vec<Damage> {
        let mut random = Random::new(seed ^ 0x6c61_7365_7264_6973);
        let pieces = 1 + random.below(8);
        (0..pieces).map(|_| self.piece(&mut random)).collect()
    }

    /// A damaged copy of `image` for `seed`.
    #[must_use]
    pub fn damaged(&self, image: &[u8], seed: u64) -> Vec<u8> {
        let mut copy = image.to_vec();
        for piece in self.plan(seed) {
            piece.apply(&mut copy);
        }
        copy
    }

    fn block_number(&self, random: &mut Random) -> usize {
        match self.structures.get(random.index(self.structures.len())) {
            Some(number) if random.below(8) != 0 => *number,
            _ => random.index(self.length / BLOCK),
        }
    }

    /// An offset: mostly in a structure, and there mostly at its beginning, where the fields are.
    fn offset(&self, random: &mut Random) -> usize {
        if random.below(8) == 0 {
            return random.index(self.length.min(DESCRIPTORS));
        }
        let within = if random.below(3) == 0 { BLOCK } else { 256 };
        (self.block_number(random) * BLOCK + random.index(within)).min(self.length.saturating_sub(1))
    }

    /// A number that hurts: a boundary, an address in the image, its own end, or anything.
    fn number(&self, random: &mut Random) -> u64 {
        let blocks = u64::try_from(self.length / BLOCK).unwrap_or(u64::MAX);
        match random.below(12) {
            0 => 0,
            1 => 1,
            2 => u64::MAX,
            3 => u64::from(u32::MAX),
            4 => u64::from(i32::MAX.unsigned_abs()),
            5 => 0xFFFF_F800,
            6 => blocks,
            7 => blocks.saturating_sub(1),
            8 => u64::try_from(self.block_number(random)).unwrap_or(0),
            9 => random.below(1 << 20),
            10 => random.below(256),
            _ => random.next(),
        }
    }

    fn piece(&self, random: &mut Random) -> Damage {
        match random.below(20) {
            0..=4 => Damage::Byte { at: self.offset(random), value: random.next().to_le_bytes()[0] },
            5..=9 => {
                let width = [2, 4, 4, 8][random.index(4)];
                let at = self.offset(random);
                // Fields stand at even offsets in most structures.
                let at = if random.below(2) == 0 { at & !1 } else { at };
                Damage::Number { at, width, value: self.number(random), big_endian: random.below(3) == 0 }
            }
            10..=12 => {
                let value = self.number(random).to_le_bytes();
                let value = u32::from_le_bytes([value[0], value[1], value[2], value[3]]);
                Damage::BothOrders { at: self.offset(random), value }
            }
            13 | 14 => Damage::Swap { one: self.block_number(random), other: self.block_number(random) },
            15 | 16 => Damage::Copy { from: self.block_number(random), to: self.block_number(random) },
            17 => Damage::Zero { first: self.block_number(random), count: 1 + random.index(4) },
            18 => Damage::Noise {
                first: self.block_number(random),
                count: 1 + random.index(2),
                seed: random.next(),
            },
            _ => {
                let length = if random.below(2) == 0 {
                    random.index(self.length)
                } else {
                    self.block_number(random) * BLOCK
                };
                Damage::Truncate { length }
            }
        }
    }
}

/// Whether a block begins like something a reader interprets: a volume descriptor (ECMA-119 8.1.1, ECMA-167 2/9.1),
/// a UDF tag (ECMA-167 3/7.2: its bytes sum up), or a directory (ECMA-119 9.1: the record of itself).
fn is_structure(block: &[u8]) -> bool {
    let Some(head) = block.get(..34) else { return false };
    let volume = matches!(&head[1..6], b"CD001" | b"BEA01" | b"NSR02" | b"NSR03" | b"TEA01");
    let identifier = u16::from_le_bytes([head[0], head[1]]);
    let sum =
        head[..16].iter().enumerate().filter(|(i, _)| *i != 4).fold(0u8, |sum, (_, b)| sum.wrapping_add(*b));
    let tag = matches!(identifier, 1..=9 | 256..=266) && sum == head[4];
    let directory = head[0] >= 34 && head[32] == 1 && head[33] <= 1 && head[25] & 2 != 0;
    volume || tag || directory
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Vec<u8> {
        let mut image = vec![0u8; 40 * BLOCK];
        Random::new(1).fill(&mut image[30 * BLOCK..]);
        image[16 * BLOCK] = 1;
        image[16 * BLOCK + 1..16 * BLOCK + 6].copy_from_slice(b"CD001");
        image
    }

    #[test]
    fn structures_are_found() {
        let mut image = image();
        // A terminating descriptor's tag, and a directory's first record.
        image[20 * BLOCK] = 8;
        image[20 * BLOCK + 4] = 8;
        image[25 * BLOCK] = 34;
        image[25 * BLOCK + 25] = 2;
        image[25 * BLOCK + 32] = 1;
        let found = Damager::new(&image);
        for number in [16, 20, 25] {
            assert!(found.structures().contains(&number), "{number}");
        }
        assert!(!found.structures().contains(&17));
    }

    #[test]
    fn a_seed_is_one_damage_and_most_seeds_damage() {
        let image = image();
        let damager = Damager::new(&image);
        let mut changed = 0;
        for seed in 0..500 {
            let damaged = damager.damaged(&image, seed);
            assert_eq!(damaged, damager.damaged(&image, seed));
            assert!(damaged.len() <= image.len());
            changed += usize::from(damaged != image);
        }
        assert!(changed > 400, "{changed}");
    }

    #[test]
    fn damage_outside_the_image_is_left_out() {
        let mut image = vec![1u8; 3000];
        for damage in [
            Damage::Byte { at: 5000, value: 0 },
            Damage::Number { at: usize::MAX, width: 8, value: 0, big_endian: true },
            Damage::BothOrders { at: usize::MAX, value: 0 },
            Damage::Copy { from: 9, to: 0 },
            Damage::Zero { first: usize::MAX, count: 1 },
        ] {
            damage.apply(&mut image);
        }
        assert_eq!(image, vec![1u8; 3000]);
        Damage::Number { at: 2998, width: 4, value: 0x0102_0304, big_endian: true }.apply(&mut image);
        assert_eq!(image[2998..], [1, 2]);
        Damage::Swap { one: 0, other: 1 }.apply(&mut image);
        assert_eq!(image.len(), 3000);
        assert_eq!(Damager::new(&[]).damaged(&[], 3), Vec::<u8>::new());
    }
}
