//! charspec (ECMA-167 1/7.2.1, UDF 2.1.2): type 0 is CS0, which UDF fixes as OSTA Compressed Unicode.

const NAME: &[u8] = b"OSTA Compressed Unicode";

/// The one character set of UDF.
pub(crate) fn put_osta(field: &mut [u8]) {
    field.fill(0);
    field[1..=NAME.len()].copy_from_slice(NAME);
}

/// Whether the field names OSTA Compressed Unicode.
pub(crate) fn is_osta(field: &[u8]) -> bool {
    field.first() == Some(&0) && field.get(1..=NAME.len()) == Some(NAME)
}
