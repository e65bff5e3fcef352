//! The scrambler (ECMA-130 15 and annex B): bytes 12 to 2351 of a sector against a register of 15 bits.

/// Bytes of a sector the scrambler leaves alone: its sync field.
const SYNC: usize = 12;

/// What the register gives: polynomial x^15 + x + 1, preset 0001h, least significant bit first.
const TABLE: [u8; 2340] = {
    let mut table = [0; 2340];
    let mut register: u16 = 1;
    let mut at = 0;
    while at < table.len() {
        let mut bit = 0;
        while bit < 8 {
            if register & 1 != 0 {
                table[at] |= 1 << bit;
            }
            let next = (register ^ register >> 1) & 1;
            register = register >> 1 | next << 14;
            bit += 1;
        }
        at += 1;
    }
    table
};

/// Scrambles a sector, or undoes it: both are the same.
pub fn scramble(sector: &mut [u8; 2352]) {
    for (byte, mask) in sector[SYNC..].iter_mut().zip(&TABLE) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a sector of zeros as every scrambled disc shows them.
    #[test]
    fn begins_as_annex_b_says() {
        let mut sector = [0; 2352];
        scramble(&mut sector);
        assert_eq!(sector[..12], [0; 12]);
        assert_eq!(
            sector[12..28],
            [0x01, 0x80, 0x00, 0x60, 0x00, 0x28, 0x00, 0x1E, 0x80, 0x08, 0x60, 0x06, 0xA8, 0x02, 0xFE, 0x81]
        );
        scramble(&mut sector);
        assert_eq!(sector, [0; 2352]);
    }

    /// The register as 15 single cells, from the figure.
    #[test]
    fn is_the_register_of_the_figure() {
        let mut cells = [false; 15];
        cells[0] = true;
        for (at, byte) in TABLE.iter().enumerate() {
            for bit in 0..8 {
                assert_eq!(byte >> bit & 1 == 1, cells[0], "{at}.{bit}");
                let next = cells[0] != cells[1];
                cells.rotate_left(1);
                cells[14] = next;
            }
        }
    }
}
