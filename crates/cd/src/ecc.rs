//! The error correction of CD-ROM sectors (ECMA-130 14.5 and annex A): a product code of Reed-Solomon codes over GF(2^8), 172
//! bytes of P parity over columns and 104 bytes of Q parity over diagonals.
//!
//! The code words lie side by side, so each step is done for all of them at once: 86 columns of 26 bytes and 52
//! diagonals of 45 bytes (the even and the odd bytes of 43 columns and 26 diagonals).

/// First byte the code covers: the header.
const HEADER: usize = 12;
/// First byte of the P parity.
const P: usize = 2076;
/// First byte of the Q parity.
const Q: usize = 2248;
/// Bytes of a row of the matrix: one of each column.
const COLUMNS: usize = 86;
/// Bytes of one step along all diagonals.
const DIAGONALS: usize = 52;
/// Rows of a column, its two parity bytes among them.
const P_LENGTH: usize = 26;
/// Steps of a diagonal, its two parity bytes among them.
const Q_LENGTH: usize = 45;

/// Times a in the field of x^8 + x^4 + x^3 + x^2 + 1.
const fn times_a(x: u8) -> u8 {
    (x << 1) ^ (0x1D & 0u8.wrapping_sub(x >> 7))
}

/// Powers of a, twice the period long, and their logarithms; the logarithm of 0 is not used.
static FIELD: ([u8; 510], [u8; 256]) = {
    let mut power = [0; 510];
    let mut log = [0; 256];
    let mut x = 1;
    let mut n: u8 = 0;
    while n < 255 {
        power[n as usize] = x;
        power[n as usize + 255] = x;
        log[x as usize] = n;
        x = times_a(x);
        n += 1;
    }
    (power, log)
};

/// Every element divided by a + 1.
const BY_A_PLUS_1: [u8; 256] = {
    let (power, log) = &FIELD;
    let mut table = [0; 256];
    let mut x = 1;
    while x < 256 {
        table[x] = power[log[x] as usize + 255 - log[3] as usize];
        x += 1;
    }
    table
};

/// Where each 16-bit word of the diagonals stands among the words of the matrix: step for step, all 26 diagonals.
const DIAGONAL: [u16; 1118] = {
    let mut table = [0; 1118];
    let mut at = 0;
    while at < 1118 {
        table[at as usize] = (44 * (at / 26) + 43 * (at % 26)) % 1118;
        at += 1;
    }
    table
};

/// The header counts as zeros for the sectors of Mode 2 Form 1: their parity is the same wherever they stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coverage {
    /// Mode 1: header, data, EDC and the intermediate field.
    Header,
    /// Mode 2 Form 1: four zeros instead of the header.
    ZeroHeader,
}

/// What [`correct`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Correction {
    /// Every code word was right.
    Clean,
    /// So many bytes were changed, and every code word is right now. Only the EDC tells whether the data is.
    Corrected(u16),
    /// Some code words have more errors than can be found; the sector is left as far as it could be mended.
    Uncorrectable,
}

type Matrix = [u8; Q - HEADER];

fn matrix(sector: &[u8; 2352], coverage: Coverage) -> Matrix {
    let mut matrix = [0; Q - HEADER];
    matrix.copy_from_slice(&sector[HEADER..Q]);
    if coverage == Coverage::ZeroHeader {
        matrix[..4].fill(0);
    }
    matrix
}

/// The two sums over code words that lie side by side, `N` bytes a step: the plain one and the one by powers of a, which ends with
/// a^0.
fn syndromes<'a, const N: usize>(steps: impl Iterator<Item = &'a [u8; N]>) -> ([u8; N], [u8; N]) {
    let (mut plain, mut weighted) = ([0; N], [0; N]);
    for step in steps {
        for n in 0..N {
            plain[n] ^= step[n];
            weighted[n] = times_a(weighted[n]) ^ step[n];
        }
    }
    (plain, weighted)
}

/// Both parity bytes of each code word from the sums over its other bytes.
fn parity<const N: usize>(sums: ([u8; N], [u8; N]), out: &mut [u8]) {
    let (plain, weighted) = sums;
    let (first, second) = out.split_at_mut(N);
    for n in 0..N {
        let x = BY_A_PLUS_1[usize::from(times_a(times_a(weighted[n])) ^ plain[n])];
        first[n] = x;
        second[n] = x ^ plain[n];
    }
}

fn rows<const N: usize>(bytes: &[u8]) -> &[[u8; N]] {
    bytes.as_chunks().0
}

fn diagonals(matrix: &Matrix) -> [u8; 2 * DIAGONAL.len()] {
    let mut out = [0; 2 * DIAGONAL.len()];
    let words = rows::<2>(matrix);
    for (to, from) in out.as_chunks_mut::<2>().0.iter_mut().zip(&DIAGONAL) {
        *to = words[usize::from(*from)];
    }
    out
}

/// Writes the P and the Q parity of a sector whose bytes 12 to 2075 are made.
pub fn encode(sector: &mut [u8; 2352], coverage: Coverage) {
    let mut matrix = matrix(sector, coverage);
    let (data, p) = matrix.split_at_mut(P - HEADER);
    parity(syndromes(rows::<COLUMNS>(data).iter()), p);
    sector[P..Q].copy_from_slice(p);
    let diagonals = diagonals(&matrix);
    parity(syndromes(rows::<DIAGONALS>(&diagonals).iter()), &mut sector[Q..]);
}

/// Whether every code word of the sector is right.
#[must_use]
pub fn check(sector: &[u8; 2352], coverage: Coverage) -> bool {
    let matrix = matrix(sector, coverage);
    let clean = |(plain, weighted): (&[u8], &[u8])| plain.iter().chain(weighted).all(|sum| *sum == 0);
    let (plain, weighted) = syndromes(rows::<COLUMNS>(&matrix).iter());
    if !clean((&plain, &weighted)) {
        return false;
    }
    let (plain, weighted) = q_syndromes(&matrix, &sector[Q..]);
    clean((&plain, &weighted))
}

fn q_syndromes(matrix: &Matrix, parity: &[u8]) -> ([u8; DIAGONALS], [u8; DIAGONALS]) {
    let diagonals = diagonals(matrix);
    syndromes(rows::<DIAGONALS>(&diagonals).iter().chain(rows::<DIAGONALS>(parity)))
}

/// Where the one wrong byte of a code word of `length` bytes is, if one byte explains its sums.
fn position(plain: u8, weighted: u8, length: usize) -> Option<usize> {
    if plain == 0 || weighted == 0 {
        return None;
    }
    let (_, log) = &FIELD;
    let power = (255 + usize::from(log[usize::from(weighted)]) - usize::from(log[usize::from(plain)])) % 255;
    (length - 1).checked_sub(power)
}

/// Mends single errors of columns and diagonals in turns, until all code words are right or nothing more can be mended.
///
/// With [`Coverage::ZeroHeader`] the header cannot be mended and is left as it is.
pub fn correct(sector: &mut [u8; 2352], coverage: Coverage) -> Correction {
    if check(sector, coverage) {
        return Correction::Clean;
    }
    let mut matrix = matrix(sector, coverage);
    let mut tail = [0; 2352 - Q];
    tail.copy_from_slice(&sector[Q..]);
    let mut changed = 0u16;
    // Each turn can free code words of the other kind; a wrong guess can also spoil some, so turns are counted.
    for _ in 0..8 {
        let before = changed;
        let (plain, weighted) = syndromes(rows::<COLUMNS>(&matrix).iter());
        for column in 0..COLUMNS {
            if let Some(row) = position(plain[column], weighted[column], P_LENGTH) {
                matrix[row * COLUMNS + column] ^= plain[column];
                changed = changed.saturating_add(1);
            }
        }
        let (plain, weighted) = q_syndromes(&matrix, &tail);
        for diagonal in 0..DIAGONALS {
            let Some(step) = position(plain[diagonal], weighted[diagonal], Q_LENGTH) else { continue };
            changed = changed.saturating_add(1);
            match DIAGONAL.get(step * 26 + diagonal / 2) {
                Some(word) => matrix[usize::from(*word) * 2 + diagonal % 2] ^= plain[diagonal],
                None => tail[(step - 43) * DIAGONALS + diagonal] ^= plain[diagonal],
            }
        }
        if changed == before {
            break;
        }
    }
    let from = if coverage == Coverage::ZeroHeader { 4 } else { 0 };
    sector[HEADER + from..Q].copy_from_slice(&matrix[from..]);
    sector[Q..].copy_from_slice(&tail);
    if check(sector, coverage) { Correction::Corrected(changed) } else { Correction::Uncorrectable }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Product by the school's method, from the polynomial alone.
    fn product(a: u8, b: u8) -> u8 {
        let mut sum: u16 = 0;
        for bit in 0..8 {
            if b >> bit & 1 == 1 {
                sum ^= u16::from(a) << bit;
            }
        }
        for bit in (8..16).rev() {
            if sum >> bit & 1 == 1 {
                sum ^= 0x11D << (bit - 8);
            }
        }
        u8::try_from(sum).unwrap()
    }

    /// The code words as the equations of annex A.3 and A.4 list their places, for even and odd bytes.
    fn code_words() -> Vec<Vec<usize>> {
        let mut words = Vec::new();
        for half in 0..2 {
            for column in 0..43 {
                words.push((0..26).map(|row| 12 + 2 * (column + 43 * row) + half).collect());
            }
            for diagonal in 0..26 {
                let mut places: Vec<usize> =
                    (0..43).map(|step| 12 + 2 * ((44 * step + 43 * diagonal) % 1118) + half).collect();
                places.extend([1118 + diagonal, 1144 + diagonal].map(|word| 12 + 2 * word + half));
                words.push(places);
            }
        }
        words
    }

    fn filled(seed: u32) -> [u8; 2352] {
        let mut x = seed;
        std::array::from_fn(|_| {
            x = x.wrapping_mul(0x0019_660D).wrapping_add(0x3C6E_F35F);
            x.to_le_bytes()[3]
        })
    }

    #[test]
    fn every_code_word_meets_its_two_equations() {
        for seed in 0..8 {
            let mut sector = filled(seed);
            encode(&mut sector, Coverage::Header);
            for (n, word) in code_words().iter().enumerate() {
                let (mut plain, mut weighted) = (0, 0);
                for place in word {
                    plain ^= sector[*place];
                    weighted = product(weighted, 2) ^ sector[*place];
                }
                assert_eq!((plain, weighted), (0, 0), "seed {seed}, word {n}");
            }
            assert!(check(&sector, Coverage::Header));
        }
    }

    #[test]
    fn a_zero_header_makes_the_parity_independent_of_the_place() {
        let mut one = filled(5);
        encode(&mut one, Coverage::ZeroHeader);
        let mut two = one;
        two[12..16].copy_from_slice(&[9, 9, 9, 2]);
        assert!(check(&two, Coverage::ZeroHeader));
        encode(&mut two, Coverage::ZeroHeader);
        assert_eq!(one[16..], two[16..]);
        assert!(!check(&two, Coverage::Header));
    }

    #[test]
    fn every_single_byte_is_mended() {
        let mut good = filled(3);
        encode(&mut good, Coverage::Header);
        for at in 12..2352 {
            let mut bad = good;
            bad[at] ^= 0x5A;
            assert!(!check(&bad, Coverage::Header), "{at}");
            assert_eq!(correct(&mut bad, Coverage::Header), Correction::Corrected(1), "{at}");
            assert_eq!(bad, good, "{at}");
        }
        assert_eq!(correct(&mut good, Coverage::Header), Correction::Clean);
    }

    #[test]
    fn a_burst_over_a_row_is_mended_and_a_ruin_is_told() {
        let mut good = filled(4);
        encode(&mut good, Coverage::Header);
        let mut bad = good;
        for byte in &mut bad[300..386] {
            *byte = !*byte;
        }
        assert!(matches!(correct(&mut bad, Coverage::Header), Correction::Corrected(86..)));
        assert_eq!(bad, good);
        for byte in &mut bad[12..1200] {
            *byte = byte.wrapping_mul(7) ^ 0x31;
        }
        assert_eq!(correct(&mut bad, Coverage::Header), Correction::Uncorrectable);
    }

    proptest::proptest! {
        #[test]
        fn scattered_errors_are_mended(
            seed in proptest::num::u32::ANY,
            places in proptest::collection::hash_set(12usize..2352, 1..6),
        ) {
            let mut good = filled(seed);
            encode(&mut good, Coverage::Header);
            let mut bad = good;
            for place in &places {
                bad[*place] ^= 0xFF;
            }
            proptest::prop_assert!(matches!(correct(&mut bad, Coverage::Header), Correction::Corrected(_)));
            proptest::prop_assert_eq!(bad, good);
        }
    }
}
