//! Path components (ECMA-167 4/14.16): the content of a symbolic link.

use super::field::put_u16;
use crate::cs0::{Cs0Error, decode, encoded};

/// Bytes before the component identifier.
const HEADER_LEN: usize = 4;
/// The root of the system's hierarchy: a leading `/`.
const ROOT: u8 = 1;
/// The root of the volume the link is in.
const VOLUME_ROOT: u8 = 2;
const PARENT: u8 = 3;
const CURRENT: u8 = 4;
const NAMED: u8 = 5;

/// Components of a POSIX link target; `None` when one is not UTF-8 or its identifier is longer than 255 bytes.
pub(crate) fn encode_path(target: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(target).ok()?;
    let mut out = Vec::with_capacity(target.len() + 16);
    if text.starts_with('/') {
        push(&mut out, ROOT, &[])?;
    }
    for part in text.split('/').filter(|part| !part.is_empty()) {
        match part {
            "." => push(&mut out, CURRENT, &[])?,
            ".." => push(&mut out, PARENT, &[])?,
            name => push(&mut out, NAMED, &encoded(name))?,
        }
    }
    Some(out)
}

fn push(out: &mut Vec<u8>, kind: u8, identifier: &[u8]) -> Option<()> {
    let mut header = [0; HEADER_LEN];
    header[0] = kind;
    header[1] = u8::try_from(identifier.len()).ok()?;
    put_u16(&mut header, 2, 0); // file version number: any
    out.extend_from_slice(&header);
    out.extend_from_slice(identifier);
    Some(())
}

/// What is wrong with recorded path components.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum PathError {
    #[error("path component at byte {0} is cut off (ECMA-167 4/14.16.1)")]
    Short(usize),
    #[error("path component type {0} is unknown (ECMA-167 4/14.16.1.1)")]
    Type(u8),
    #[error(transparent)]
    Characters(#[from] Cs0Error),
}

/// POSIX link target of recorded components, without a `/` at the end.
pub(crate) fn decode_path(bytes: &[u8]) -> Result<Vec<u8>, PathError> {
    let mut path = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let short = PathError::Short(at);
        let header = bytes.get(at..at + HEADER_LEN).ok_or(short)?;
        at += HEADER_LEN;
        let identifier = bytes.get(at..at + usize::from(header[1])).ok_or(short)?;
        at += identifier.len();
        let name = match header[0] {
            ROOT | VOLUME_ROOT => {
                // A root in the middle starts over.
                path.clear();
                path.push('/');
                continue;
            }
            PARENT => "..".to_owned(),
            CURRENT => ".".to_owned(),
            NAMED => decode(identifier)?,
            other => return Err(PathError::Type(other)),
        };
        if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(&name);
    }
    Ok(path.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_byte_by_byte() {
        assert_eq!(
            encode_path(b"/a/../.").unwrap(),
            [1, 0, 0, 0, 5, 2, 0, 0, 8, b'a', 3, 0, 0, 0, 4, 0, 0, 0]
        );
        assert_eq!(decode_path(&[2, 0, 0, 0, 5, 2, 0, 0, 8, b'x']).unwrap(), b"/x");
        assert_eq!(decode_path(&[6, 0, 0, 0]), Err(PathError::Type(6)));
        assert_eq!(decode_path(&[5, 9, 0, 0, 8]), Err(PathError::Short(0)));
        assert_eq!(encode_path(b"\xFF"), None);
        assert_eq!(encode_path(&[b'x'; 255]), None);
    }

    proptest::proptest! {
        #[test]
        fn round_trip(parts in proptest::collection::vec("[^/\0]{1,20}|\\.|\\.\\.", 1..8), absolute: bool) {
            let path = format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"));
            let bytes = encode_path(path.as_bytes()).unwrap();
            proptest::prop_assert_eq!(decode_path(&bytes).unwrap(), path.into_bytes());
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = decode_path(&bytes);
        }
    }
}
