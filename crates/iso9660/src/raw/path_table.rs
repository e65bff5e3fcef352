//! Path table records (ECMA-119 9.4).

/// Length of a record (ECMA-119 9.4.1, 9.4.6).
pub(crate) const fn length(identifier: usize) -> usize {
    8 + identifier + identifier % 2
}

/// Byte order of a path table: type L is little-endian, type M big-endian (ECMA-119 6.9.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    L,
    M,
}

/// Appends a record.
pub(crate) fn encode(order: Order, extent: u32, parent: u16, identifier: &[u8], out: &mut Vec<u8>) {
    out.push(identifier.len().to_le_bytes()[0]);
    out.push(0);
    match order {
        Order::L => {
            out.extend_from_slice(&extent.to_le_bytes());
            out.extend_from_slice(&parent.to_le_bytes());
        }
        Order::M => {
            out.extend_from_slice(&extent.to_be_bytes());
            out.extend_from_slice(&parent.to_be_bytes());
        }
    }
    out.extend_from_slice(identifier);
    if identifier.len() % 2 == 1 {
        out.push(0);
    }
}

/// A record as found on a disc.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PathRecord<'a> {
    pub(crate) attribute_blocks: u8,
    pub(crate) extent: u32,
    pub(crate) parent: u16,
    pub(crate) identifier: &'a [u8],
}

impl<'a> PathRecord<'a> {
    /// Reads the record at the start of `bytes`; with its length. `None` when it is cut off or has no identifier.
    pub(crate) fn parse(order: Order, bytes: &'a [u8]) -> Option<(Self, usize)> {
        let len = usize::from(*bytes.first().filter(|n| **n > 0)?);
        let identifier = bytes.get(8..8 + len)?;
        let extent = bytes.get(2..6)?.try_into().ok()?;
        let parent = bytes.get(6..8)?.try_into().ok()?;
        let (extent, parent) = match order {
            Order::L => (u32::from_le_bytes(extent), u16::from_le_bytes(parent)),
            Order::M => (u32::from_be_bytes(extent), u16::from_be_bytes(parent)),
        };
        Some((Self { attribute_blocks: bytes[1], extent, parent, identifier }, length(len)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_records() {
        let mut out = Vec::new();
        encode(Order::L, 0x0102_0304, 5, b"DIR", &mut out);
        assert_eq!(out, [3, 0, 4, 3, 2, 1, 5, 0, b'D', b'I', b'R', 0]);
        out.clear();
        encode(Order::M, 0x0102_0304, 5, b"AB", &mut out);
        assert_eq!(out, [2, 0, 1, 2, 3, 4, 0, 5, b'A', b'B']);
        let (record, len) = PathRecord::parse(Order::M, &out).unwrap();
        assert_eq!((record.extent, record.parent, record.identifier, len), (0x0102_0304, 5, &b"AB"[..], 10));
        assert!(PathRecord::parse(Order::M, &out[..9]).is_none());
        assert!(PathRecord::parse(Order::M, &[0; 20]).is_none());
    }
}
