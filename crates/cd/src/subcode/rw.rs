//! Packs of the channels R to W in the program area: 24 symbols of 6 bits with two Reed-Solomon codes, spread over eight packs on disc
//! (IEC 60908 "R to W modes"; MMC-6 annex on the R-W sub-channel).
//!
//! CD-TEXT in the lead-in does not use this: its packs have a CRC instead and stand in the symbols as they are
//! (see [`cd_text`](crate::cd_text)).

use super::SUBCODE;

/// Symbols of a pack.
pub const PACK: usize = 24;
/// Packs of a sector.
pub const PACKS: usize = 4;

/// Mode and item, instruction, two symbols of Q parity over the two before, 16 symbols of data, four of P parity.
pub type Pack = [u8; PACK];

/// Times a in the field of x^6 + x + 1.
const fn times_a(x: u8) -> u8 {
    (x << 1 ^ if x & 0x20 != 0 { 0x43 } else { 0 }) & 0x3F
}

/// Makes `PARITY` symbols of a code with the roots a^0 to a^(`PARITY` - 1): the rest of the division by the generator polynomial.
fn parity<const PARITY: usize>(data: &[u8]) -> [u8; PARITY] {
    let generator = const { generator::<PARITY>() };
    let mut rest = [0; PARITY];
    for symbol in data {
        let factor = (symbol & 0x3F) ^ rest[0];
        rest.rotate_left(1);
        rest[PARITY - 1] = 0;
        for (to, coefficient) in rest.iter_mut().zip(generator) {
            *to ^= product(factor, coefficient);
        }
    }
    rest
}

const fn product(mut a: u8, mut b: u8) -> u8 {
    let mut sum = 0;
    while b != 0 {
        if b & 1 != 0 {
            sum ^= a;
        }
        a = times_a(a);
        b >>= 1;
    }
    sum
}

/// Coefficients of (x - a^0)...(x - a^(N - 1)) behind the leading 1, highest power first.
const fn generator<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    let mut root = 1;
    let mut degree = 0;
    // Invariant: x^degree + out[0] x^(degree - 1) + ... + out[degree - 1].
    while degree < N {
        let mut at = degree;
        // Times (x - root), from the lowest coefficient up so that the old ones are still there.
        loop {
            let higher = if at == 0 { 1 } else { out[at - 1] };
            out[at] ^= product(root, higher);
            if at == 0 {
                break;
            }
            at -= 1;
        }
        root = times_a(root);
        degree += 1;
    }
    out
}

/// Writes both parities of a pack.
pub fn set_parity(pack: &mut Pack) {
    let q: [u8; 2] = parity(&pack[..2]);
    pack[2..4].copy_from_slice(&q);
    let p: [u8; 4] = parity(&pack[..20]);
    pack[20..].copy_from_slice(&p);
}

/// Whether both parities of a pack are right.
#[must_use]
pub fn pack_is_right(pack: &Pack) -> bool {
    let mut again = *pack;
    set_parity(&mut again);
    again == *pack
}

/// Where the symbols of a pack stand before they are delayed: 1 and 18, 2 and 5, 3 and 23 change places.
const PLACE: [u8; PACK] =
    [0, 18, 5, 23, 4, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 1, 19, 20, 21, 22, 3];

/// How many packs later than its first symbol a symbol comes: its place modulo 8.
fn spread(symbol: usize) -> (usize, usize) {
    let place = usize::from(PLACE[symbol]);
    (place, place % 8)
}

/// The R to W symbols of a sector as they stand on disc, from the packs of this sector and of the two before: a symbol is delayed by
/// up to seven packs.
#[must_use]
pub fn interleave(before: [&[u8; SUBCODE]; 2], here: &[u8; SUBCODE]) -> [u8; SUBCODE] {
    let mut packs = [0; 3 * SUBCODE];
    for (to, from) in packs.as_chunks_mut::<SUBCODE>().0.iter_mut().zip([before[0], before[1], here]) {
        *to = *from;
    }
    let mut out = [0; SUBCODE];
    for pack in 0..PACKS {
        for symbol in 0..PACK {
            let (place, delay) = spread(symbol);
            out[pack * PACK + place] = packs[(2 * PACKS + pack - delay) * PACK + symbol] & 0x3F;
        }
    }
    out
}

/// The packs of a sector from the symbols on disc of this sector and of the two behind it.
#[must_use]
pub fn deinterleave(here: &[u8; SUBCODE], behind: [&[u8; SUBCODE]; 2]) -> [u8; SUBCODE] {
    let mut symbols = [0; 3 * SUBCODE];
    for (to, from) in symbols.as_chunks_mut::<SUBCODE>().0.iter_mut().zip([here, behind[0], behind[1]]) {
        *to = *from;
    }
    let mut out = [0; SUBCODE];
    for pack in 0..PACKS {
        for symbol in 0..PACK {
            let (place, delay) = spread(symbol);
            out[pack * PACK + symbol] = symbols[(pack + delay) * PACK + place] & 0x3F;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distances of a pack's symbols in the stream of symbols on disc, as published for CD+G players.
    #[test]
    fn symbols_are_as_far_apart_as_players_expect() {
        let published = [
            0, 66, 125, 191, 100, 50, 150, 175, 8, 33, 58, 83, 108, 133, 158, 183, 16, 41, 25, 91, 116, 141,
            166, 75,
        ];
        for (symbol, distance) in published.into_iter().enumerate() {
            let (place, delay) = spread(symbol);
            assert_eq!(delay * PACK + place, distance, "{symbol}");
        }
    }

    /// The parity check matrices: rows of powers a^0, a^1 (Q), up to a^3 (P), the last symbol with exponent 0.
    #[test]
    fn parities_meet_the_check_matrices() {
        for seed in 0..50u8 {
            let mut pack: Pack = std::array::from_fn(|n| {
                seed.wrapping_mul(37).wrapping_add(u8::try_from(n).unwrap().wrapping_mul(seed | 1)) & 0x3F
            });
            set_parity(&mut pack);
            for (symbols, rows) in [(&pack[..4], 2), (&pack[..], 4)] {
                let mut root = 1;
                for row in 0..rows {
                    let sum = symbols.iter().fold(0, |sum, symbol| product(sum, root) ^ symbol);
                    assert_eq!(sum, 0, "seed {seed}, row {row}");
                    root = times_a(root);
                }
            }
            assert!(pack_is_right(&pack));
            pack[7] ^= 1;
            assert!(!pack_is_right(&pack));
        }
        // a is primitive: 63 powers.
        let mut x = 1;
        let period = (1..).find(|_| {
            x = times_a(x);
            x == 1
        });
        assert_eq!(period, Some(63));
    }

    #[test]
    fn packs_come_back_in_order() {
        let sectors: Vec<[u8; SUBCODE]> = (0..6u8)
            .map(|s| std::array::from_fn(|n| (s.wrapping_mul(29) ^ u8::try_from(n).unwrap()) & 0x3F))
            .collect();
        let silence = [0; SUBCODE];
        let at = |n: usize| sectors.get(n).unwrap_or(&silence);
        let disc: Vec<[u8; SUBCODE]> = (0..8usize)
            .map(|n| {
                let before = |back: usize| n.checked_sub(back).map_or(&silence, at);
                interleave([before(2), before(1)], at(n))
            })
            .collect();
        for (n, sector) in sectors.iter().enumerate() {
            assert_eq!(deinterleave(&disc[n], [&disc[n + 1], &disc[n + 2]]), *sector, "{n}");
        }
    }
}
