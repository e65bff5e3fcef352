//! Extended attributes (ECMA-167 4/14.10): header and device specification.

use super::field::{put_u32, u32_at};
use super::regid::{REGID_LEN, Regid};
use super::tag::{EXTENDED_ATTRIBUTE_HEADER, Tag};

/// Bytes of the header descriptor.
const HEADER_LEN: usize = 24;
const DEVICE_TYPE: u32 = 12;
/// Bytes of the device specification with the implementation's identifier (4/14.10.7, UDF 3.3.4.4).
const DEVICE_LEN: usize = 24 + REGID_LEN;
/// Bytes of the extended attributes space of a device.
pub(crate) const DEVICE_SPACE_LEN: usize = HEADER_LEN + DEVICE_LEN;

/// Extended attributes space of a device: header and device specification.
pub(crate) fn write_device(out: &mut [u8], version: u16, location: u32, major: u32, minor: u32) {
    let space = &mut out[..DEVICE_SPACE_LEN];
    // Both point past the end: no attributes of implementations or applications (UDF 3.3.4.1).
    put_u32(space, 16, 80);
    put_u32(space, 20, 80);
    put_u32(space, HEADER_LEN, DEVICE_TYPE);
    space[HEADER_LEN + 4] = 1; // subtype
    put_u32(space, HEADER_LEN + 8, 56);
    put_u32(space, HEADER_LEN + 12, 32);
    put_u32(space, HEADER_LEN + 16, major);
    put_u32(space, HEADER_LEN + 20, minor);
    Regid::implementation().write(space, HEADER_LEN + 24);
    Tag { identifier: EXTENDED_ATTRIBUTE_HEADER, version, location }.seal(&mut space[..HEADER_LEN]);
}

/// Major and minor number in an extended attributes space, if it is in order and has them.
pub(crate) fn device(space: &[u8]) -> Option<(u32, u32)> {
    let tag = Tag::verify(space).ok()?;
    tag.is(EXTENDED_ATTRIBUTE_HEADER).ok()?;
    let mut rest = space.get(HEADER_LEN..)?;
    while rest.len() >= 12 {
        let length = usize::try_from(u32_at(rest, 8)).ok().filter(|n| *n >= 12)?;
        let attribute = rest.get(..length)?;
        if u32_at(attribute, 0) == DEVICE_TYPE && attribute[4] == 1 && length >= 24 {
            return Some((u32_at(attribute, 16), u32_at(attribute, 20)));
        }
        rest = &rest[length..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_numbers_survive_and_lengths_add_up() {
        let mut out = [0; DEVICE_SPACE_LEN];
        write_device(&mut out, 2, 9, 8, 17);
        assert_eq!(device(&out), Some((8, 17)));
        assert_eq!(u32_at(&out, 16), u32::try_from(out.len()).unwrap());
        assert_eq!(out[24..48], [12, 0, 0, 0, 1, 0, 0, 0, 56, 0, 0, 0, 32, 0, 0, 0, 8, 0, 0, 0, 17, 0, 0, 0]);
        out[32] = 0;
        assert_eq!(device(&out), None);
        assert_eq!(device(&out[..20]), None);
    }
}
