//! Where the bytes of one object are, as allocation descriptors.

use glassmaster_disc::{Extent, SECTOR};

use super::{BLOCK, PartitionPlace};
use crate::raw::allocation::{Allocation, EXTENT_HEADER_LEN, ExtentType, LONG_LEN, MAX_EXTENT, SHORT_LEN};

/// Bytes of a descriptor that names a partition, or does not.
pub(super) fn descriptor_len(form: Option<u16>) -> usize {
    if form.is_some() { LONG_LEN } else { SHORT_LEN }
}

/// Extents that a contiguous content of `size` bytes needs.
pub(super) fn extents(size: u64) -> u64 {
    size.div_ceil(u64::from(MAX_EXTENT))
}

/// Extents that a content of an earlier session needs.
pub(super) fn old_extents(pieces: &[Extent]) -> u64 {
    pieces.iter().map(|piece| extents(piece.bytes)).sum()
}

/// Descriptors that the `room` bytes of a file entry hold.
pub(super) fn in_entry(room: usize, form: Option<u16>) -> u64 {
    (room / descriptor_len(form)) as u64
}

/// Descriptors that an allocation extent holds.
pub(super) fn in_extension(form: Option<u16>) -> u64 {
    in_entry(SECTOR - EXTENT_HEADER_LEN, form)
}

/// Allocation extents that `count` descriptors need behind a file entry with `room` bytes. Every list of descriptors
/// but the last gives its last place to the pointer to the next.
pub(super) fn extension_blocks(count: u64, room: usize, form: Option<u16>) -> u32 {
    let in_entry = in_entry(room, form);
    if count <= in_entry {
        return 0;
    }
    let rest = count - (in_entry - 1);
    let blocks = 1 + rest.saturating_sub(in_extension(form)).div_ceil(in_extension(form) - 1);
    u32::try_from(blocks).unwrap_or(u32::MAX)
}

/// Number of the first descriptor in the allocation extent `number` behind a file entry.
pub(super) fn first_in_extension(number: u64, room: usize, form: Option<u16>) -> u64 {
    in_entry(room, form) - 1 + number * (in_extension(form) - 1)
}

#[derive(Clone, Copy)]
enum Pieces<'t> {
    /// One run of blocks: the first in its partition, bytes, most bytes of an extent.
    Contiguous { block: u32, size: u64, longest: u32 },
    /// Extents of an earlier session.
    Old(&'t [Extent]),
}

/// The extents of one object.
#[derive(Clone, Copy)]
pub(super) struct Run<'t> {
    pieces: Pieces<'t>,
    /// The partition named in every descriptor; short descriptors without one.
    form: Option<u16>,
    /// The partition of absolute sectors.
    place: PartitionPlace,
}

impl<'t> Run<'t> {
    /// `size` bytes from a block on.
    pub(super) fn contiguous(block: u32, size: u64, form: Option<u16>) -> Self {
        Self::limited(block, size, MAX_EXTENT, form)
    }

    /// `size` bytes from a block on, in extents of at most `longest` bytes.
    pub(super) fn limited(block: u32, size: u64, longest: u32, form: Option<u16>) -> Self {
        let pieces = Pieces::Contiguous { block, size, longest };
        Self { pieces, form, place: PartitionPlace::default() }
    }

    /// Extents of an earlier session; `None` when one is not inside the partition.
    pub(super) fn old(extents: &'t [Extent], place: PartitionPlace, form: Option<u16>) -> Option<Self> {
        let inside = |extent: &Extent| match extent.lba.filter(|_| extent.bytes > 0) {
            None => true,
            Some(lba) => place.holds(lba, extent.bytes.div_ceil(BLOCK)),
        };
        extents.iter().all(inside).then_some(Self { pieces: Pieces::Old(extents), form, place })
    }

    /// Descriptors altogether.
    fn count(self) -> u64 {
        match self.pieces {
            Pieces::Contiguous { size, longest, .. } => size.div_ceil(u64::from(longest)),
            Pieces::Old(list) => old_extents(list),
        }
    }

    /// Blocks recorded (ECMA-167 4/14.9.11).
    pub(super) fn blocks(self) -> u64 {
        match self.pieces {
            Pieces::Contiguous { size, .. } => size.div_ceil(BLOCK),
            Pieces::Old(list) => {
                list.iter().filter(|e| e.lba.is_some()).map(|e| e.bytes.div_ceil(BLOCK)).sum()
            }
        }
    }

    /// Flag bits 0-2 of the ICB tag.
    pub(super) fn flags(self) -> u16 {
        use crate::raw::icb_tag::{AD_LONG, AD_SHORT};
        if self.form.is_some() { AD_LONG } else { AD_SHORT }
    }

    /// Hands over `count` descriptors from number `first` on.
    fn each(self, first: u64, count: u64, put: &mut dyn FnMut(Allocation)) {
        let narrow = |v: u64| u32::try_from(v).unwrap_or(u32::MAX);
        let mut piece = |lba: Option<u32>, size: u64, longest: u32, first: u64, count: u64| {
            for number in first..first + count {
                let begin = number * u64::from(longest);
                let bytes = narrow((size - begin).min(u64::from(longest)));
                let (kind, block) = match lba {
                    Some(block) => (ExtentType::Recorded, narrow(u64::from(block) + begin / BLOCK)),
                    None => (ExtentType::Sparse, 0),
                };
                put(Allocation { kind, bytes, block, partition: self.form });
            }
        };
        match self.pieces {
            Pieces::Contiguous { block, size, longest } => piece(Some(block), size, longest, first, count),
            Pieces::Old(list) => {
                let (mut skip, mut left) = (first, count);
                for extent in list {
                    let all = extents(extent.bytes);
                    let from = skip.min(all);
                    let number = (all - from).min(left);
                    let block = extent.lba.map(|lba| lba.wrapping_sub(self.place.start));
                    piece(block, extent.bytes, MAX_EXTENT, from, number);
                    skip -= from;
                    left -= number;
                    if left == 0 {
                        break;
                    }
                }
            }
        }
    }

    /// Writes descriptors from number `first` on to `out`, as many as there are and fit; the last place points to `next`
    /// (a partition and its block) where more are to come. Bytes used.
    pub(super) fn write(self, first: u64, out: &mut [u8], next: Option<(u16, u32)>) -> usize {
        // Nearly every object is one extent or none.
        if let Pieces::Contiguous { block, size, longest } = self.pieces
            && size <= u64::from(longest)
            && first == 0
        {
            let bytes = u32::try_from(size).unwrap_or(longest);
            let ad = Allocation { kind: ExtentType::Recorded, bytes, block, partition: self.form };
            return if size == 0 { 0 } else { ad.write(out) };
        }
        let left = self.count().saturating_sub(first);
        let room = (out.len() / descriptor_len(self.form)) as u64;
        let (count, link) = if left <= room { (left, None) } else { (room.saturating_sub(1), next) };
        let mut at = 0;
        self.each(first, count, &mut |ad| at += ad.write(&mut out[at..]));
        if let Some((partition, block)) = link {
            let partition = self.form.map(|_| partition);
            let ad = Allocation { kind: ExtentType::Continuation, bytes: 2048, block, partition };
            at += ad.write(&mut out[at..]);
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_descriptors_end_where_they_must() {
        let max = u64::from(MAX_EXTENT);
        for (count, blocks) in
            [(1, 0), (234, 0), (235, 1), (233 + 253, 1), (233 + 254, 2), (233 + 252 + 253, 2)]
        {
            assert_eq!(extension_blocks(extents(count * max), 1872, None), blocks, "{count} extents");
        }
        assert_eq!(extension_blocks(extents(234 * max + 1), 1872, None), 1);
        // Long descriptors: 114 in an extended file entry, 126 in an allocation extent.
        for (count, blocks) in [(114, 0), (115, 1), (113 + 126, 1), (113 + 127, 2)] {
            assert_eq!(extension_blocks(count, 1832, Some(0)), blocks, "{count} extents");
        }
    }

    #[test]
    fn old_extents_are_split_and_kept_in_order() {
        let place = PartitionPlace { start: 100, blocks: 2_000_000 };
        let pieces = [
            Extent { lba: Some(110), bytes: u64::from(MAX_EXTENT) + 2048 },
            Extent { lba: None, bytes: 4096 },
            Extent { lba: Some(105), bytes: 7 },
        ];
        let run = Run::old(&pieces, place, None).unwrap();
        assert_eq!((run.count(), run.blocks()), (4, 524_287 + 1 + 1));
        let whole: Vec<u8> = [[0x3FFF_F800, 10], [2048, 10 + 524_287], [0x8000_1000, 0], [7, 5]]
            .iter()
            .flatten()
            .flat_map(|n: &u32| n.to_le_bytes())
            .collect();
        for first in 0..4u8 {
            let mut out = [0; 64];
            let used = run.write(u64::from(first), &mut out, None);
            assert_eq!(out[..used], whole[usize::from(first) * 8..]);
        }
        assert!(Run::old(&[Extent { lba: Some(99), bytes: 1 }], place, None).is_none());
        assert!(Run::old(&[Extent { lba: Some(2_000_099), bytes: 2049 }], place, None).is_none());
    }
}
