//! Virtual allocation table (UDF 2.2.10 up to 2.01, then 2.2.11): where the blocks of a virtual partition are.

use super::field::{u16_at, u32_at};
use super::icb_tag::TYPE_UNSPECIFIED;
use super::regid::{REGID_LEN, Regid};

/// File type of the table from UDF 2.00 on; before, it is 0.
pub(crate) const TYPE_VAT: u8 = 248;
/// Entry of a virtual block that is not in use.
pub(crate) const UNUSED: u32 = u32::MAX;
/// Bytes of the header of UDF 2.00 before its implementation use.
const HEADER_LEN: usize = 152;
/// Bytes behind the entries of UDF 1.50: identifier and address of the previous table.
const TRAILER_LEN: usize = REGID_LEN + 4;
const IDENTIFIER: &str = "*UDF Virtual Alloc Tbl";

/// What the header of UDF 2.00 keeps up to date on media whose integrity descriptor cannot be written again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct VatHeader {
    pub(crate) files: u32,
    pub(crate) directories: u32,
    pub(crate) min_read: u16,
    pub(crate) min_write: u16,
    pub(crate) max_write: u16,
}

/// A table as recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Vat {
    /// Block of the physical partition for each virtual block; [`UNUSED`] for none.
    pub(crate) entries: Vec<u32>,
    /// Block of the file entry of the table before this one; all ones for none.
    pub(crate) previous: u32,
    /// `None` in the form of UDF 1.50.
    pub(crate) header: Option<VatHeader>,
}

/// Why a file is no virtual allocation table.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum VatError {
    #[error("{0} bytes are too few for a virtual allocation table (UDF 2.2.11)")]
    Short(usize),
    #[error("header of {0} bytes, {HEADER_LEN} or more are needed inside the table (UDF 2.2.11)")]
    Header(u16),
    #[error("identifier '{0}' instead of '{IDENTIFIER}' (UDF 1.50 2.2.10)")]
    Identifier(String),
    #[error("file type {0} is neither 248 nor, before UDF 2.00, 0 (UDF 2.2.11)")]
    Type(u8),
}

impl Vat {
    /// Reads the content of the file whose ICB has `file_type`.
    pub(crate) fn read(bytes: &[u8], file_type: u8) -> Result<Self, VatError> {
        match file_type {
            TYPE_VAT => {
                if bytes.len() < HEADER_LEN {
                    return Err(VatError::Short(bytes.len()));
                }
                let length = u16_at(bytes, 0);
                let entries = bytes
                    .get(usize::from(length)..)
                    .filter(|_| usize::from(length) >= HEADER_LEN)
                    .ok_or(VatError::Header(length))?;
                Ok(Self {
                    entries: numbers(entries),
                    previous: u32_at(bytes, 132),
                    header: Some(VatHeader {
                        files: u32_at(bytes, 136),
                        directories: u32_at(bytes, 140),
                        min_read: u16_at(bytes, 144),
                        min_write: u16_at(bytes, 146),
                        max_write: u16_at(bytes, 148),
                    }),
                })
            }
            TYPE_UNSPECIFIED => {
                let split = bytes.len().checked_sub(TRAILER_LEN).ok_or(VatError::Short(bytes.len()))?;
                let (entries, trailer) = bytes.split_at(split);
                let name = Regid::read(trailer, 0).name();
                if name != IDENTIFIER {
                    return Err(VatError::Identifier(name));
                }
                Ok(Self { entries: numbers(entries), previous: u32_at(trailer, REGID_LEN), header: None })
            }
            other => Err(VatError::Type(other)),
        }
    }
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|b| u32_at(b, 0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of UDF 2.00 2.2.10, field by field.
    #[test]
    fn the_form_of_2_00() {
        let mut out = vec![0; 160];
        out[..4].copy_from_slice(&[156, 0, 4, 0]);
        out[132..136].copy_from_slice(&[9, 0, 0, 0]);
        out[136..144].copy_from_slice(&[3, 0, 0, 0, 2, 0, 0, 0]);
        out[144..150].copy_from_slice(&[0x50, 1, 0x50, 1, 1, 2]);
        out[156..].copy_from_slice(&[7, 0, 0, 0]);
        let vat = Vat::read(&out, TYPE_VAT).unwrap();
        assert_eq!((vat.entries, vat.previous), (vec![7], 9));
        let header = vat.header.unwrap();
        assert_eq!((header.files, header.directories), (3, 2));
        assert_eq!((header.min_read, header.min_write, header.max_write), (0x0150, 0x0150, 0x0201));
        for length in [151u16, 161] {
            out[..2].copy_from_slice(&length.to_le_bytes());
            assert_eq!(Vat::read(&out, TYPE_VAT), Err(VatError::Header(length)));
        }
        assert_eq!(Vat::read(&out[..151], TYPE_VAT), Err(VatError::Short(151)));
    }

    /// The table of UDF 1.50 2.2.10: the identifier stands behind the entries.
    #[test]
    fn the_form_of_1_50() {
        let mut out = vec![4, 0, 0, 0, 255, 255, 255, 255];
        out.extend_from_slice(b"\0*UDF Virtual Alloc Tbl\0\x50\x01\0\0\0\0\0\0\xFF\xFF\xFF\xFF");
        let vat = Vat::read(&out, TYPE_UNSPECIFIED).unwrap();
        assert_eq!((vat.entries, vat.previous, vat.header), (vec![4, UNUSED], u32::MAX, None));
        out[10] = b'X';
        assert!(matches!(Vat::read(&out, TYPE_UNSPECIFIED), Err(VatError::Identifier(_))));
        assert_eq!(Vat::read(&out[..35], TYPE_UNSPECIFIED), Err(VatError::Short(35)));
        assert_eq!(Vat::read(&out, 5), Err(VatError::Type(5)));
    }
}
