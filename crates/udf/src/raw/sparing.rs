//! Sparing table (UDF 2.2.11 up to 2.01, then 2.2.12): packets of a sparable partition that are somewhere else.

use super::field::{u16_at, u32_at};
use super::regid::Regid;
use super::tag::{Tag, TagError};

/// Tag identifier: no descriptor of ECMA-167.
pub(crate) const SPARING_TABLE: u16 = 0;
/// Bytes before the map entries.
const HEADER_LEN: usize = 56;
const IDENTIFIER: &str = "*UDF Sparing Table";
/// Original locations from here on are no packets: defective, reserved or available.
pub(crate) const FIRST_SPECIAL: u32 = 0xFFFF_FFF0;

/// One map entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct SparingEntry {
    /// First block of the packet in its partition, or a special value.
    pub(crate) original: u32,
    /// First block of where its data is, absolute.
    pub(crate) mapped: u32,
}

/// A table as recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SparingTable {
    /// Grows with each update: of several tables the highest prevails.
    pub(crate) sequence: u32,
    pub(crate) entries: Vec<SparingEntry>,
}

/// Why bytes are no sparing table.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SparingError {
    #[error(transparent)]
    Tag(#[from] TagError),
    #[error("identifier '{0}' instead of '{IDENTIFIER}' (UDF 2.2.12)")]
    Identifier(String),
    #[error("{0} map entries exceed the table of {1} bytes (UDF 2.2.12)")]
    Entries(u16, usize),
}

impl SparingTable {
    /// Reads the table that begins at absolute block `location`; `bytes` are all it can have.
    pub(crate) fn read(bytes: &[u8], location: u32) -> Result<Self, SparingError> {
        Tag::expect(bytes, SPARING_TABLE, location)?;
        let name = Regid::read(bytes, 16).name();
        if name != IDENTIFIER {
            return Err(SparingError::Identifier(name));
        }
        let count = u16_at(bytes, 48);
        let entries = bytes
            .get(HEADER_LEN..)
            .and_then(|rest| rest.get(..usize::from(count) * 8))
            .ok_or(SparingError::Entries(count, bytes.len()))?;
        let entries = entries
            .chunks_exact(8)
            .map(|b| SparingEntry { original: u32_at(b, 0), mapped: u32_at(b, 4) })
            .collect();
        Ok(Self { sequence: u32_at(bytes, 52), entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::field::put_u16;

    /// The table of UDF 2.2.12, field by field.
    #[test]
    fn fields_stand_where_the_table_puts_them() {
        let mut out = vec![0; 72];
        Regid::udf(b"*UDF Sparing Table", 0x0201).write(&mut out, 16);
        out[48..72].copy_from_slice(&[
            2, 0, 0, 0, 5, 0, 0, 0, 32, 0, 0, 0, 0, 1, 0, 0, 255, 255, 255, 255, 32, 1, 0, 0,
        ]);
        let seal = |out: &mut [u8]| Tag { identifier: 0, version: 3, location: 40 }.seal(out);
        seal(&mut out);
        let table = SparingTable::read(&out, 40).unwrap();
        assert_eq!(table.sequence, 5);
        assert_eq!(table.entries[0], SparingEntry { original: 32, mapped: 256 });
        assert_eq!(table.entries[1], SparingEntry { original: u32::MAX, mapped: 288 });
        assert!(matches!(SparingTable::read(&out, 41), Err(SparingError::Tag(_))));
        put_u16(&mut out, 48, 3);
        seal(&mut out);
        assert_eq!(SparingTable::read(&out, 40), Err(SparingError::Entries(3, 72)));
        out[20] = b'X';
        seal(&mut out);
        assert!(matches!(SparingTable::read(&out, 40), Err(SparingError::Identifier(_))));
    }
}
