//! Extended attributes that a reader uses (ECMA-167 4/14.10): device numbers, time of creation.

use glassmaster_tree::Timestamp;

use crate::raw::extended_attribute::device;
use crate::raw::field::u32_at;
use crate::raw::tag::{EXTENDED_ATTRIBUTE_HEADER, Tag};
use crate::raw::timestamp::{TIMESTAMP_LEN, decode};

/// Bytes of the header descriptor (4/14.10.1).
const HEADER_LEN: usize = 24;
/// File times (4/14.10.5).
const FILE_TIMES: u32 = 5;
/// Bit of the file time existence field: creation (4/14.10.5.6).
const CREATION: u32 = 1;

/// What the attributes of an object say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Attributes {
    /// Major and minor number.
    pub(super) device: Option<(u32, u32)>,
    pub(super) created: Option<Timestamp>,
}

/// Reads an extended attributes space; one that is damaged says nothing from there on.
pub(super) fn read(space: &[u8]) -> Attributes {
    let mut found = Attributes { device: device(space), created: None };
    if !Tag::verify(space).is_ok_and(|tag| tag.identifier == EXTENDED_ATTRIBUTE_HEADER) {
        return found;
    }
    let mut rest = space.get(HEADER_LEN..).unwrap_or_default();
    while rest.len() >= 12 {
        let length = usize::try_from(u32_at(rest, 8)).ok().filter(|length| *length >= 12);
        let Some(attribute) = length.and_then(|length| rest.get(..length)) else { break };
        match (u32_at(attribute, 0), attribute.len()) {
            // The times stand in the order of their bits, creation first.
            (FILE_TIMES, 32..) if u32_at(attribute, 16) & CREATION != 0 => {
                found.created = attribute.get(20..20 + TIMESTAMP_LEN).and_then(decode);
            }
            _ => {}
        }
        rest = &rest[attribute.len()..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of ECMA-167 4/14.10.5 and 4/14.10.7, one attribute behind the other.
    #[test]
    fn creation_and_device() {
        let mut space = vec![0; HEADER_LEN];
        space.extend_from_slice(&[5, 0, 0, 0, 1, 0, 0, 0, 32, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0]);
        space.extend_from_slice(&[0x00, 0x10, 0xD0, 0x07, 2, 29, 1, 2, 3, 0, 0, 0]);
        space.extend_from_slice(&[12, 0, 0, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 17, 0, 0, 0]);
        Tag { identifier: EXTENDED_ATTRIBUTE_HEADER, version: 2, location: 0 }.seal(&mut space[..HEADER_LEN]);
        let found = read(&space);
        assert_eq!((found.device, found.created), (Some((8, 17)), Some(Timestamp::from_secs(951_786_123))));
        space[HEADER_LEN + 8] = 11;
        assert_eq!(read(&space), Attributes::default());
        assert_eq!(read(&space[..20]), Attributes::default());
    }
}
