//! File identifier descriptor (ECMA-167 4/14.4, UDF 2.3.4).

use std::ops::Range;

use super::allocation::LongAd;
use super::field::{put_u16, u16_at};
use super::regid::{REGID_LEN, Regid};
use super::tag::{FILE_IDENTIFIER, TAG_LEN, Tag, TagError};
use crate::cs0::Name;

/// Bytes before implementation use and file identifier.
pub(crate) const HEADER_LEN: usize = 38;
/// Longest descriptor: a name of 255 bytes behind the implementation identifier, padded to 4 bytes.
pub(crate) const MAX_LEN: usize = (HEADER_LEN + REGID_LEN + 255).next_multiple_of(4);

pub(crate) const HIDDEN: u8 = 1;
pub(crate) const DIRECTORY: u8 = 1 << 1;
pub(crate) const DELETED: u8 = 1 << 2;
pub(crate) const PARENT: u8 = 1 << 3;

const BLOCK: usize = 2048;

/// Bytes of a descriptor with an identifier of `name` bytes that starts `at` bytes into its directory.
///
/// No tag may cross a block boundary on write-once media (UDF 2.3.4.4): where fewer than 16 bytes would be left in
/// the block, the implementation identifier makes the descriptor longer.
pub(crate) fn length(at: u64, name: usize) -> usize {
    let plain = (HEADER_LEN + name).next_multiple_of(4);
    let in_block = usize::try_from(at % 2048).unwrap_or_default();
    let left = (in_block + plain).next_multiple_of(BLOCK) - (in_block + plain);
    if left == 0 || left >= TAG_LEN { plain } else { (HEADER_LEN + REGID_LEN + name).next_multiple_of(4) }
}

/// Writes a descriptor of `out.len()` bytes as [`length`] gave it; `name` is `None` for the parent directory.
pub(crate) fn write(
    out: &mut [u8],
    name: Option<Name<'_>>,
    characteristics: u8,
    icb: LongAd,
    version: u16,
    location: u32,
) {
    out.fill(0);
    let name_len = name.map_or(0, Name::len);
    let plain = (HEADER_LEN + name_len).next_multiple_of(4);
    let extra = if out.len() > plain { REGID_LEN } else { 0 };
    put_u16(out, 16, 1); // file version number
    out[18] = characteristics;
    out[19] = u8::try_from(name_len).unwrap_or(u8::MAX);
    icb.write(out, 20);
    if extra > 0 {
        put_u16(out, 36, 32);
        Regid::implementation().write(out, HEADER_LEN);
    }
    if let Some(name) = name {
        name.write(&mut out[HEADER_LEN + extra..]);
    }
    Tag { identifier: FILE_IDENTIFIER, version, location }.seal(out);
}

/// Where implementation use and file identifier stand.
fn places(bytes: &[u8]) -> (Range<usize>, Range<usize>) {
    let name_at = HEADER_LEN + usize::from(u16_at(bytes, 36));
    let name_len = bytes.get(19).map_or(0, |n| usize::from(*n));
    (HEADER_LEN..name_at, name_at..name_at + name_len)
}

/// A descriptor as recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FileIdentifier<'a> {
    pub(crate) tag: Tag,
    pub(crate) characteristics: u8,
    pub(crate) icb: LongAd,
    /// Bytes of implementation use.
    pub(crate) implementation_len: usize,
    /// CS0 characters of the name.
    pub(crate) name: &'a [u8],
    /// Bytes of the whole descriptor, padding included.
    pub(crate) length: usize,
}

/// Why bytes are no file identifier descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum FileIdentifierError {
    /// That many bytes are needed to say more.
    #[error("the directory ends inside the descriptor of {0} bytes (ECMA-167 4/14.4)")]
    Short(usize),
    #[error(transparent)]
    Tag(#[from] TagError),
}

impl<'a> FileIdentifier<'a> {
    /// Checks the descriptor at the start of `bytes`; its tag and its length.
    pub(crate) fn verify(bytes: &[u8]) -> Result<(Tag, usize), FileIdentifierError> {
        if bytes.len() < HEADER_LEN {
            return Err(FileIdentifierError::Short(HEADER_LEN));
        }
        Tag::read(bytes)?.is(FILE_IDENTIFIER)?;
        let (_, name) = places(bytes);
        let length = name.end.next_multiple_of(4);
        let whole = bytes.get(..length).ok_or(FileIdentifierError::Short(length))?;
        Ok((Tag::verify(whole)?, length))
    }

    /// The fields of a descriptor that [`FileIdentifier::verify`] accepted; `whole` has its length.
    pub(crate) fn of(tag: Tag, whole: &'a [u8]) -> Self {
        let (implementation, name) = places(whole);
        Self {
            tag,
            characteristics: whole.get(18).copied().unwrap_or_default(),
            icb: whole.get(20..36).map_or(LongAd::default(), LongAd::read),
            implementation_len: implementation.len(),
            name: whole.get(name).unwrap_or_default(),
            length: whole.len(),
        }
    }

    pub(crate) fn has(&self, characteristic: u8) -> bool {
        self.characteristics & characteristic != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parent_descriptor_byte_by_byte() {
        let mut out = [0xAA; 40];
        let icb = LongAd { bytes: 2048, block: 2, partition: 0, unique_id: 0 };
        assert_eq!(length(0, 0), 40);
        write(&mut out, None, PARENT | DIRECTORY, icb, 2, 3);
        assert_eq!(out[..4], [1, 1, 2, 0]);
        assert_eq!(out[10..16], [24, 0, 3, 0, 0, 0]);
        assert_eq!(out[16..], [1, 0, 10, 0, 0, 8, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn no_tag_crosses_a_block_boundary() {
        // 40 bytes would end 12, 8 or 4 bytes before the boundary: made longer.
        for left in [4, 8, 12] {
            assert_eq!(length(2048 - 40 - left, 2), 72);
        }
        for left in [0, 16] {
            assert_eq!(length(2048 - 40 - left, 2), 40);
        }
    }

    proptest::proptest! {
        #[test]
        fn round_trip(name in "[a-z中]{1,60}", at in 0u64..3000, flags in 0u8..16, block: u32, unique_id: u32) {
            let at = at * 4;
            let recorded = Name::new(name.as_bytes()).unwrap();
            let mut out = vec![0xAA; length(at, recorded.len())];
            let icb = LongAd { bytes: 2048, block, partition: 0, unique_id };
            write(&mut out, Some(recorded), flags, icb, 3, 77);
            let (tag, length) = FileIdentifier::verify(&out).unwrap();
            let fid = FileIdentifier::of(tag, &out[..length]);
            proptest::prop_assert_eq!((fid.characteristics, fid.icb, fid.length), (flags, icb, out.len()));
            proptest::prop_assert_eq!(crate::cs0::decode(fid.name).unwrap(), name);
            let end = usize::try_from(at).unwrap() + out.len();
            proptest::prop_assert!(end.is_multiple_of(2048) || end % 2048 <= 2048 - 16);
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = FileIdentifier::verify(&bytes);
        }
    }
}
