//! The handle of a content: which kind of store, which of them, which content there.

use glassmaster_disc::HResult;

use crate::code::Failure;

/// Where the bytes of a content are. As a handle: kind in bits 56 to 63, walk in bits 32 to 55, number in bits 0 to 31,
/// so that the handles of the first walk are the bare numbers which that walk gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// File `index` of walk `store`.
    Host { store: u32, index: u32 },
    /// A stream of the caller.
    Stream(u32),
    /// A copy in the working directory.
    Staged(u32),
}

const STREAM: u8 = 1;
const STAGED: u8 = 2;

impl Place {
    pub(crate) fn handle(self) -> Result<u64, Failure> {
        let (kind, store, index) = match self {
            Self::Host { store, index } => (0, store, index),
            Self::Stream(index) => (STREAM, 0, index),
            Self::Staged(index) => (STAGED, 0, index),
        };
        if store >> 24 != 0 {
            return Err(Failure::new(HResult::FSI_INTERNAL_ERROR).with("too many folders were added"));
        }
        Ok(u64::from(kind) << 56 | u64::from(store) << 32 | u64::from(index))
    }

    /// `None` for numbers that are no handle.
    pub(crate) fn of(handle: u64) -> Option<Self> {
        let [kind, s1, s2, s3, index @ ..] = handle.to_be_bytes();
        let index = u32::from_be_bytes(index);
        match (kind, u32::from_be_bytes([0, s1, s2, s3])) {
            (0, store) => Some(Self::Host { store, index }),
            (STREAM, 0) => Some(Self::Stream(index)),
            (STAGED, 0) => Some(Self::Staged(index)),
            _ => None,
        }
    }
}

/// The number of the next entry of a table with `len` of them.
pub(super) fn number(len: usize) -> Result<u32, Failure> {
    u32::try_from(len).map_err(|_| Failure::new(HResult::FSI_INTERNAL_ERROR).with("too many contents"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_tell_stores_apart() {
        assert_eq!(Place::of(41), Some(Place::Host { store: 0, index: 41 }));
        for place in
            [Place::Host { store: 0xFF_FFFF, index: u32::MAX }, Place::Stream(7), Place::Staged(u32::MAX)]
        {
            assert_eq!(Place::of(place.handle().unwrap()), Some(place));
        }
        assert!(Place::Host { store: 1 << 24, index: 0 }.handle().is_err());
        assert_eq!(Place::of(1 << 56 | 1 << 32), None);
        assert_eq!(Place::of(u64::MAX), None);
    }
}
