//! Numbers recorded in both byte orders (ECMA-119 7.2.3, 7.3.3).

/// A 16-bit number in both byte orders (ECMA-119 7.2.3).
pub(crate) fn both16(value: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (value.to_le_bytes(), value.to_be_bytes());
    [a, b, c, d]
}

/// A 32-bit number in both byte orders (ECMA-119 7.3.3).
pub(crate) fn both32(value: u32) -> [u8; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (value.to_le_bytes(), value.to_be_bytes());
    [a, b, c, d, e, f, g, h]
}

/// A number as both halves give it. Readers go by the little-endian half, as all programs on small-endian
/// machines do; a verifier compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Both<T> {
    pub(crate) little: T,
    pub(crate) big: T,
}

impl<T: PartialEq> Both<T> {
    pub(crate) fn agree(&self) -> bool {
        self.little == self.big
    }
}

/// `N` bytes from `at` on. Zeros where the slice ends early: callers check lengths first, this keeps them panic-free.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    if let Some(part) = bytes.get(at..at.saturating_add(N)) {
        out.copy_from_slice(part);
    }
    out
}

pub(crate) fn get_both16(bytes: &[u8], at: usize) -> Both<u16> {
    Both { little: u16::from_le_bytes(array(bytes, at)), big: u16::from_be_bytes(array(bytes, at + 2)) }
}

pub(crate) fn get_both32(bytes: &[u8], at: usize) -> Both<u32> {
    Both { little: u32::from_le_bytes(array(bytes, at)), big: u32::from_be_bytes(array(bytes, at + 4)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of ECMA-119 7.2.3 and 7.3.3: 12 34 is (34 12 12 34), 12 34 56 78 is (78 56 34 12 12 34 56 78).
    #[test]
    fn examples_of_the_standard() {
        assert_eq!(both16(0x1234), [0x34, 0x12, 0x12, 0x34]);
        assert_eq!(both32(0x1234_5678), [0x78, 0x56, 0x34, 0x12, 0x12, 0x34, 0x56, 0x78]);
        assert_eq!(get_both32(&both32(77), 0), Both { little: 77, big: 77 });
        assert!(!get_both16(&[1, 0, 0, 2], 0).agree());
        assert_eq!(get_both16(&[1], 0).little, 0);
    }
}
