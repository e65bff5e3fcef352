//! System Use fields of a record and their division between the record and continuation areas (SUSP 4, 5.1).

use glassmaster_disc::SECTOR;

use crate::raw::susp::CE_LENGTH;

/// A piece of continuation area: fields `start..end` of a record's fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Chunk {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Byte of the directory's continuation sectors where it begins.
    pub(super) at: u32,
    /// Bytes with the CE that leads to the next piece.
    pub(super) length: u32,
}

const SECTOR_U32: u32 = 2048;
const _: () = assert!(SECTOR_U32 as usize == SECTOR);

/// Bytes of the leading whole fields of `fields` that fit `room`.
fn fitting(fields: &[u8], room: usize) -> usize {
    let mut end = 0;
    while let Some(length) = fields.get(end + 2).map(|n| usize::from(*n)).filter(|n| *n >= 4) {
        if end + length > room {
            break;
        }
        end += length;
    }
    end
}

/// Divides fields: returns how many bytes stay in the record (a CE of 28 bytes follows them when there are chunks), and
/// leaves the chunks in `chunks`. `next` is the first free byte of the continuation sectors. No chunk crosses a sector:
/// readers fetch the one sector that the CE names.
pub(super) fn divide(fields: &[u8], room: usize, next: &mut u32, chunks: &mut Vec<Chunk>) -> usize {
    chunks.clear();
    if fields.len() <= room {
        return fields.len();
    }
    let inline = fitting(fields, room.saturating_sub(CE_LENGTH));
    let mut start = inline;
    while start < fields.len() {
        let rest = fields.len() - start;
        let free = SECTOR - (*next % SECTOR_U32) as usize;
        if rest > free && free < SECTOR {
            *next = next.next_multiple_of(SECTOR_U32);
            continue;
        }
        let (end, length) = if rest <= free {
            (fields.len(), rest)
        } else {
            let part = fitting(fields.get(start..).unwrap_or_default(), free - CE_LENGTH).max(1);
            (start + part, part + CE_LENGTH)
        };
        let length = u32::try_from(length).unwrap_or(SECTOR_U32);
        chunks.push(Chunk { start, end: end.min(fields.len()), at: *next, length });
        *next += length;
        start = end;
    }
    inline
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::susp;

    proptest::proptest! {
        /// Every field is in exactly one piece, no piece crosses a sector, pieces do not overlap.
        #[test]
        fn nothing_is_lost(lengths in proptest::collection::vec(0usize..252, 1..60), room in 100usize..222, first in 0u32..5000) {
            let mut fields = Vec::new();
            for length in &lengths {
                susp::put(*b"XX", &[&vec![1; *length]], &mut fields);
            }
            let (mut next, mut chunks) = (first, Vec::new());
            let inline = divide(&fields, room, &mut next, &mut chunks);
            let used = inline + if chunks.is_empty() { 0 } else { CE_LENGTH };
            proptest::prop_assert!(used <= room);
            let (mut done, mut free) = (inline, first);
            for chunk in &chunks {
                proptest::prop_assert_eq!(chunk.start, done);
                proptest::prop_assert!(chunk.at >= free);
                let last = chunk.end == fields.len();
                let length = chunk.end - chunk.start + if last { 0 } else { CE_LENGTH };
                proptest::prop_assert_eq!(length, chunk.length as usize);
                proptest::prop_assert_eq!(chunk.at / 2048, (chunk.at + chunk.length - 1) / 2048);
                (done, free) = (chunk.end, chunk.at + chunk.length);
            }
            proptest::prop_assert_eq!((done, next), (fields.len(), free));
        }
    }
}
