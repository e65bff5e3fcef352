//! Bytes that look random and are always the same.

use std::io;

use super::{ByteStream, StreamError};

/// Multiplier of the generator.
const MULTIPLIER: u32 = 0x0019_660D;
/// Increment of the generator.
const INCREMENT: u32 = 0x3C6E_F35F;

/// Pseudo-random bytes of a linear congruential generator of 32 bits; not for secrets.
///
/// The bytes are the successive states after the seed, little-endian. How the original maps states to bytes is not
/// documented, so the same seed need not give the same bytes there.
#[doc(alias = "IStreamPseudoRandomBased")]
#[doc(alias = "MsftStreamPrng001")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PseudoRandom {
    seed: u32,
    size: u64,
}

impl PseudoRandom {
    /// That many bytes for this seed.
    #[must_use]
    pub const fn new(seed: u32, size: u64) -> Self {
        Self { seed, size }
    }

    /// The seed; 0 by default.
    #[doc(alias = "Seed")]
    #[must_use]
    pub const fn seed(&self) -> u32 {
        self.seed
    }

    /// Gives it another seed: another stream from its first byte on.
    pub const fn set_seed(&mut self, seed: u32) {
        self.seed = seed;
    }

    /// A seed of more than 32 bits. The generator has no more than 32 bits of state, so there is none.
    ///
    /// # Errors
    /// [`StreamError::ExtendedSeed`], always, as the original has it.
    #[doc(alias = "ExtendedSeed")]
    pub const fn extended_seed(&self) -> Result<&[u32], StreamError> {
        Err(StreamError::ExtendedSeed)
    }

    /// Would give it a seed of more than 32 bits; the stream stays as it is.
    ///
    /// # Errors
    /// [`StreamError::ExtendedSeed`], always, as the original has it.
    pub const fn set_extended_seed(&mut self, _seed: &[u32]) -> Result<(), StreamError> {
        Err(StreamError::ExtendedSeed)
    }

    /// Gives it another size.
    pub const fn set_size(&mut self, size: u64) {
        self.size = size;
    }

    /// The state after so many steps: the map of one step, squared as often as the number has bits.
    const fn state(&self, mut steps: u64) -> u32 {
        let (mut a, mut c) = (MULTIPLIER, INCREMENT);
        let mut state = self.seed;
        while steps > 0 {
            if steps & 1 == 1 {
                state = state.wrapping_mul(a).wrapping_add(c);
            }
            c = c.wrapping_mul(a).wrapping_add(c);
            a = a.wrapping_mul(a);
            steps >>= 1;
        }
        state
    }
}

impl ByteStream for PseudoRandom {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let moved = rest.min(buf.len());
        let mut state = self.state(offset / 4 + 1);
        let mut at = usize::try_from(offset % 4).unwrap_or(0);
        for byte in &mut buf[..moved] {
            *byte = state.to_le_bytes()[at];
            at += 1;
            if at == 4 {
                at = 0;
                state = state.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
            }
        }
        Ok(moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first states after seed 0, from the table that comes with this generator in "Numerical Recipes in C", 7.1.
    #[test]
    fn first_states_after_seed_0() {
        let mut bytes = [0; 24];
        assert_eq!(PseudoRandom::new(0, 1000).read_at(0, &mut bytes).unwrap(), 24);
        let words: Vec<u32> =
            bytes.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(words, [0x3C6E_F35F, 0x4750_2932, 0xD1CC_F6E9, 0xAAF9_5334, 0x6252_E503, 0x9F2E_C686]);
    }

    #[test]
    fn wider_seeds_do_not_exist() {
        let mut stream = PseudoRandom::new(7, 8);
        assert_eq!(stream.set_extended_seed(&[1, 2]), Err(StreamError::ExtendedSeed));
        assert_eq!(stream.extended_seed(), Err(StreamError::ExtendedSeed));
        assert_eq!((stream.seed(), StreamError::ExtendedSeed.hresult().0), (7, 0x8000_4001));
    }

    #[test]
    fn any_range_agrees_with_the_whole() {
        let stream = PseudoRandom::new(7, 4001);
        let mut whole = vec![0; 4001];
        assert_eq!(stream.read_at(0, &mut whole).unwrap(), 4001);
        for (offset, length) in [(1, 9), (3, 1), (4, 8), (1999, 2002), (4000, 50), (4001, 1), (u64::MAX, 1)] {
            let mut part = vec![0; length];
            let got = stream.read_at(offset, &mut part).unwrap();
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(4001);
            assert_eq!(part[..got], whole[from..(from.saturating_add(length)).min(4001)], "{offset}");
        }
    }
}
