//! Allocation descriptors of one object (ECMA-167 4/12, 4/14.14, UDF 2.3.10, 2.3.11).

use glassmaster_disc::{BlockSource, SECTOR_U64};

use super::Rules;
use super::field::{Expected, descriptor};
use super::files::Walk;
use super::space::Use;
use crate::raw::allocation::{EXTENT_HEADER_LEN, ExtentType};
use crate::raw::field::u32_at;
use crate::raw::tag::ALLOCATION_EXTENT;
use crate::read::BlockAddress;
use crate::read::extents::Form;
use crate::read::icb::Direct;
use crate::read::partition::Mapping;

/// What the descriptors of an object add up to.
#[derive(Default)]
pub(super) struct Sum {
    /// Blocks of recorded extents.
    pub(super) recorded_blocks: u64,
    /// Where pieces of the object begin: offset in it, first block. Kept for directories only.
    pub(super) pieces: Vec<(u64, u32)>,
    /// Whether its extents lie where they may and reach its length.
    pub(super) good: bool,
}

/// Where descriptors stand.
struct Place {
    partition: u16,
    sector: u64,
}

impl<S: BlockSource> Walk<'_, '_, S> {
    /// Checks the descriptors of an object whose flags say `form`.
    pub(super) fn allocation(&mut self, direct: &Direct, form: Form, what: Use) -> Sum {
        let mut state = State {
            left: direct.fields().size,
            offset: 0,
            short: false,
            sum: Sum { good: true, ..Sum::default() },
            keep: what == Use::Directory,
        };
        let sector = self.volume.sector_of(direct.block);
        let mut place = Place { partition: direct.address.partition, sector };
        let mut next = self.descriptors(&mut state, &place, form, direct.allocation(), what);
        while let Some((address, bytes)) = next {
            let Some((sector, list)) = self.allocation_extent(address, bytes, &place) else {
                state.sum.good = false;
                return state.sum;
            };
            place = Place { partition: address.partition, sector };
            next = self.descriptors(&mut state, &place, form, &list, what);
        }
        if state.left > 0 && self.budget > 0 {
            let size = direct.fields().size;
            let what = format!("the extents hold {} of the {size} bytes of the file", size - state.left);
            self.report.error("ECMA-167 4/14.9.10", sector, what);
            state.sum.good = false;
        }
        state.sum
    }

    /// The descriptors of an allocation extent, and where they stand.
    fn allocation_extent(
        &mut self,
        address: BlockAddress,
        bytes: u32,
        from: &Place,
    ) -> Option<(u64, Vec<u8>)> {
        let name = "allocation extent descriptor";
        let block = match self.volume.locate(name, address) {
            Ok(block) => block,
            Err(error) => {
                self.report.error("ECMA-167 4/14.5", from.sector, format!("{name}: {}", error.what));
                return None;
            }
        };
        let sector = self.volume.sector_of(block);
        let content = match self.volume.block(name, block) {
            Ok(content) => content,
            Err(error) => {
                self.report.unreadable("ECMA-167 4/14.5", &error);
                return None;
            }
        };
        let length = u32_at(&content, 20);
        // The CRC may end before the descriptors (UDF 2.3.11).
        let wanted = Expected {
            name,
            identifier: ALLOCATION_EXTENT,
            location: address.block,
            size: EXTENT_HEADER_LEN,
            part: 4,
        };
        if !descriptor(self.report, self.rules, sector, &content, &wanted) {
            return None;
        }
        if bytes > self.rules.block_bytes {
            let what = format!("{name}: its extent has {bytes} bytes, one block is the most");
            self.report.warning("UDF 2.3.11", sector, what);
        }
        self.space.add(self.volume, address, 1, Use::AllocationExtent);
        let end = usize::try_from(length).ok().and_then(|length| length.checked_add(EXTENT_HEADER_LEN));
        match end.and_then(|end| content.get(EXTENT_HEADER_LEN..end)) {
            Some(list) => Some((sector, list.to_vec())),
            None => {
                let what = format!("{name}: {length} bytes of descriptors exceed the block");
                self.report.error("ECMA-167 4/14.5.3", sector, what);
                None
            }
        }
    }

    /// Checks descriptors that stand together; where they go on, with the length of that extent.
    fn descriptors(
        &mut self,
        state: &mut State,
        place: &Place,
        form: Form,
        list: &[u8],
        what: Use,
    ) -> Option<(BlockAddress, u32)> {
        if !list.len().is_multiple_of(form.len) {
            let text = format!("{} bytes of allocation descriptors, each has {}", list.len(), form.len);
            self.report.warning("ECMA-167 4/14.9.22", place.sector, text);
        }
        for (index, bytes) in list.chunks_exact(form.len).enumerate() {
            if self.budget == 0 {
                state.left = 0;
                return None;
            }
            self.budget -= 1;
            let ad = (form.read)(bytes);
            if ad.bytes == 0 {
                if list.chunks_exact(form.len).skip(index + 1).any(|rest| rest.iter().any(|b| *b != 0)) {
                    let text = "allocation descriptors behind one of length 0";
                    self.report.note("ECMA-167 4/12", place.sector, text);
                }
                if bytes.get(4..8).is_some_and(|rest| rest != [0; 4]) {
                    let text = "an allocation descriptor of length 0 with an address";
                    self.report.warning("UDF 2.3.10", place.sector, text);
                }
                return None;
            }
            let partition = ad.partition.unwrap_or(place.partition);
            let address = BlockAddress { block: ad.block, partition };
            let total = u64::from(ad.bytes);
            let blocks = total.div_ceil(u64::from(self.rules.block_bytes));
            match ad.kind {
                ExtentType::Continuation => {
                    if list.len() >= (index + 2) * form.len {
                        let text = "allocation descriptors behind the one that leads to the next extent";
                        self.report.warning("ECMA-167 4/12", place.sector, text);
                    }
                    return Some((address, ad.bytes));
                }
                ExtentType::Recorded | ExtentType::Allocated => {
                    self.budget = self.budget.saturating_sub(self.cost(partition, blocks));
                    if let Err(error) = self.volume.runs("extent", address, blocks, &mut |_, _| Ok(())) {
                        let text = format!("extent at block {}: {}", ad.block, error.what);
                        self.report.error("ECMA-167 4/14.14", place.sector, text);
                        state.sum.good = false;
                    } else {
                        self.space.add(self.volume, address, blocks, what);
                    }
                    if ad.kind == ExtentType::Recorded && state.left > 0 {
                        state.sum.recorded_blocks += blocks;
                    }
                }
                ExtentType::Sparse => {
                    if ad.block != 0 {
                        let text = format!("an extent that is not allocated, with block {}", ad.block);
                        self.report.warning("UDF 2.3.10", place.sector, text);
                    }
                }
            }
            if state.keep && state.left > 0 {
                state.sum.pieces.push((state.offset, ad.block));
            }
            if state.left == 0 && ad.kind != ExtentType::Allocated {
                let text = "an extent behind the end of the file that is not of type 1, allocated";
                self.report.note("ECMA-167 4/12.1", place.sector, text);
            }
            if state.short && state.left > 0 {
                let text = "an extent inside the file ends inside a block";
                self.report.error("ECMA-167 4/12", place.sector, text);
                state.sum.good = false;
            }
            state.short = !total.is_multiple_of(u64::from(self.rules.block_bytes));
            if state.left > 0 && total > state.left {
                // The last extent may be longer than the file only by its last block (4/12.1).
                let over = total - state.left;
                let text = format!("the last extent is {over} bytes longer than the file");
                if over >= SECTOR_U64.max(u64::from(self.rules.block_bytes)) {
                    self.report.warning("ECMA-167 4/12.1", place.sector, text);
                } else {
                    self.report.note("ECMA-167 4/12.1", place.sector, text);
                }
            }
            state.offset = state.offset.saturating_add(total);
            state.left = state.left.saturating_sub(total);
        }
        None
    }

    /// What it costs to look at so many blocks of a partition.
    fn cost(&self, partition: u16, blocks: u64) -> u64 {
        match self.volume.shape.partitions.get(usize::from(partition)).map(|place| &place.mapping) {
            Some(Mapping::Plain) | None => 1,
            Some(Mapping::Sparable { packet, .. }) => blocks / u64::from((*packet).max(1)) + 1,
            Some(_) => blocks,
        }
    }
}

struct State {
    /// Bytes of the file that have no extent yet.
    left: u64,
    offset: u64,
    /// Whether the extent before ended inside a block.
    short: bool,
    sum: Sum,
    keep: bool,
}

impl Rules {
    /// Descriptors that are looked at altogether: an honest volume has fewer than blocks.
    pub(super) fn budget(self, sectors: u64) -> u64 {
        let blocks = sectors.saturating_mul(SECTOR_U64) / u64::from(self.block_bytes);
        blocks.saturating_mul(8).saturating_add(1 << 20)
    }
}
