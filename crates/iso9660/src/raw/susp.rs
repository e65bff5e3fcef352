//! System Use Sharing Protocol fields (SUSP 1.12).

use super::number::{Both, both32, get_both32};

/// Length of a CE field (SUSP 5.1).
pub(crate) const CE_LENGTH: usize = 28;
/// The check bytes of SP (SUSP 5.3).
const SP_CHECK: [u8; 2] = [0xBE, 0xEF];

/// One System Use field as found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) signature: [u8; 2],
    pub(crate) version: u8,
    /// Bytes after signature, length and version.
    pub(crate) data: &'a [u8],
}

/// The fields of one System Use area or continuation area (SUSP 4.1). Ends at its end, at fewer than four bytes, at
/// a zero signature (padding), and, reporting an error once, at a length that does not fit.
pub(crate) struct Fields<'a>(&'a [u8]);

/// A field whose length byte is below 4 or passes the end of its area.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BadLength {
    pub(crate) signature: [u8; 2],
    pub(crate) length: u8,
}

pub(crate) fn fields(area: &[u8]) -> Fields<'_> {
    Fields(area)
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, BadLength>;

    fn next(&mut self) -> Option<Self::Item> {
        let &[a, b, length, version, ..] = self.0 else { return None };
        if a == 0 {
            return None;
        }
        let signature = [a, b];
        let Some(data) = self.0.get(4..usize::from(length)) else {
            self.0 = &[];
            return Some(Err(BadLength { signature, length }));
        };
        self.0 = self.0.get(usize::from(length)..).unwrap_or_default();
        Some(Ok(Field { signature, version, data }))
    }
}

/// Appends a field of version 1. `data` has at most 251 bytes.
pub(crate) fn put(signature: [u8; 2], data: &[&[u8]], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[signature[0], signature[1], 0, 1]);
    for part in data {
        out.extend_from_slice(part);
    }
    let length = out.len() - start;
    if let Some(byte) = out.get_mut(start + 2) {
        *byte = length.to_le_bytes()[0];
    }
}

/// SP: the protocol is in use, and no bytes are to be skipped (SUSP 5.3).
pub(crate) fn put_sp(out: &mut Vec<u8>) {
    put(*b"SP", &[&SP_CHECK, &[0]], out);
}

/// Bytes to skip in every System Use area, when the field is a right SP.
pub(crate) fn skip_of_sp(field: &Field<'_>) -> Option<u8> {
    match (field.signature == *b"SP", field.data) {
        (true, &[a, b, skip, ..]) if [a, b] == SP_CHECK => Some(skip),
        _ => None,
    }
}

/// A piece of continuation area (SUSP 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Continuation {
    pub(crate) block: Both<u32>,
    pub(crate) offset: Both<u32>,
    pub(crate) length: Both<u32>,
}

pub(crate) fn ce(block: u32, offset: u32, length: u32) -> [u8; CE_LENGTH] {
    let mut out = [0; CE_LENGTH];
    out[..4].copy_from_slice(b"CE\x1C\x01");
    out[4..12].copy_from_slice(&both32(block));
    out[12..20].copy_from_slice(&both32(offset));
    out[20..].copy_from_slice(&both32(length));
    out
}

impl Continuation {
    /// `None` when the field has not the 24 bytes of a CE.
    pub(crate) fn parse(data: &[u8]) -> Option<Self> {
        (data.len() >= 24).then(|| Self {
            block: get_both32(data, 0),
            offset: get_both32(data, 8),
            length: get_both32(data, 16),
        })
    }
}

/// ER: the extension that the other fields follow (SUSP 5.5).
pub(crate) fn put_er(id: &[u8], description: &[u8], source: &[u8], out: &mut Vec<u8>) {
    let byte = |n: usize| n.to_le_bytes()[0];
    let lengths = [byte(id.len()), byte(description.len()), byte(source.len()), 1];
    put(*b"ER", &[&lengths, id, description, source], out);
}

/// Identifier of the extension in an ER field; `None` when its lengths lie.
pub(crate) fn er_id<'a>(field: &Field<'a>) -> Option<&'a [u8]> {
    let &[id, description, source, _version, ref text @ ..] = field.data else { return None };
    let sum = usize::from(id) + usize::from(description) + usize::from(source);
    (sum <= text.len()).then(|| text.get(..usize::from(id))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_fields() {
        let mut out = Vec::new();
        put_sp(&mut out);
        assert_eq!(out, b"SP\x07\x01\xBE\xEF\0");
        assert_eq!(skip_of_sp(&fields(&out).next().unwrap().unwrap()), Some(0));
        assert_eq!(
            ce(0x0102_0304, 0x0506, 0x07),
            *b"CE\x1C\x01\x04\x03\x02\x01\x01\x02\x03\x04\x06\x05\0\0\0\0\x05\x06\x07\0\0\0\0\0\0\x07"
        );
        out.clear();
        put_er(b"ID", b"DES", b"S", &mut out);
        assert_eq!(out, b"ER\x0E\x01\x02\x03\x01\x01IDDESS");
        assert_eq!(er_id(&fields(&out).next().unwrap().unwrap()), Some(&b"ID"[..]));
    }

    #[test]
    fn lengths_that_lie_end_the_area() {
        for area in [&b"XY\x03\x01zzz"[..], b"XY\x09\x01zzz", b"XY\0\x01zzz"] {
            let mut it = fields(area);
            assert!(matches!(it.next(), Some(Err(_))));
            assert!(it.next().is_none());
        }
        assert!(fields(b"\0\0\0\0\0\0").next().is_none());
        assert!(fields(b"XY\x04").next().is_none());
        let er = Field { signature: *b"ER", version: 1, data: &[9, 0, 0, 1, b'x'] };
        assert_eq!(er_id(&er), None);
    }
}
