//! Where the bytes of an object are: allocation descriptors, checked one by one.

use glassmaster_disc::{BlockSource, Extent, SECTOR};
use glassmaster_tree::ReadError;

use super::{BlockAddress, UdfVolume};
use crate::raw::allocation::{Allocation, EXTENDED_LEN, EXTENT_HEADER_LEN, ExtentType, LONG_LEN, SHORT_LEN};
use crate::raw::field::u32_at;
use crate::raw::icb_tag::{AD_EXTENDED, AD_LONG, AD_SHORT};
use crate::raw::tag::{ALLOCATION_EXTENT, Tag};

/// Extents of one file, at most: 16 MiB of memory.
const EXTENT_LIMIT: usize = 1 << 20;
/// Allocation extents of one file, at most: more than hold that many descriptors.
const CHAIN_LIMIT: u32 = 16_384;

const NAME: &str = "allocation descriptors";
const CHAIN_NAME: &str = "allocation extent descriptor";

/// Form of allocation descriptors by the bits 0-2 of the ICB flags (ECMA-167 4/14.6.8).
#[derive(Clone, Copy)]
pub(crate) struct Form {
    len: usize,
    read: fn(&[u8]) -> Allocation,
}

impl Form {
    pub(crate) fn of(flags: u16) -> Option<Self> {
        match flags & 7 {
            AD_SHORT => Some(Self { len: SHORT_LEN, read: Allocation::short }),
            AD_LONG => Some(Self { len: LONG_LEN, read: Allocation::long }),
            AD_EXTENDED => Some(Self { len: EXTENDED_LEN, read: Allocation::extended }),
            _ => None,
        }
    }
}

impl<S: BlockSource> UdfVolume<S> {
    /// Extents of an object of `size` bytes whose file entry stands at `icb` (sector `icb_lba`).
    pub(crate) fn extents(
        &self,
        icb: BlockAddress,
        icb_lba: u32,
        form: Form,
        descriptors: &[u8],
        size: u64,
    ) -> Result<Vec<Extent>, ReadError> {
        let mut list = ExtentList { extents: Vec::new(), left: size };
        let mut at = (icb.partition, icb_lba);
        let mut next = self.collect(&mut list, at, form, descriptors)?;
        let mut chained = 0;
        while let Some(address) = next {
            chained += 1;
            if chained > CHAIN_LIMIT {
                let what = format!("more than {CHAIN_LIMIT} in one chain: a loop");
                return Err(ReadError::invalid(CHAIN_NAME, u64::from(at.1), what));
            }
            let lba = self.resolve(CHAIN_NAME, address, 1)?;
            let sector = self.sector(CHAIN_NAME, lba)?;
            let invalid = |what: String| ReadError::invalid(CHAIN_NAME, u64::from(lba), what);
            Tag::expect(&sector, ALLOCATION_EXTENT, address.block).map_err(|e| invalid(e.to_string()))?;
            let length = u32_at(&sector, 20);
            let end = usize::try_from(length).ok().map(|n| n.saturating_add(EXTENT_HEADER_LEN));
            let descriptors =
                end.filter(|end| *end <= SECTOR).map(|end| &sector[EXTENT_HEADER_LEN..end]).ok_or_else(
                    || invalid(format!("{length} bytes of descriptors exceed the block (ECMA-167 4/14.5.3)")),
                )?;
            at = (address.partition, lba);
            next = self.collect(&mut list, at, form, descriptors)?;
        }
        if list.left > 0 {
            let what =
                format!("cover {} of the {size} bytes of the file (ECMA-167 4/14.9.10)", size - list.left);
            return Err(ReadError::invalid(NAME, u64::from(icb_lba), what));
        }
        refuse_overlap(&list.extents, icb_lba)?;
        Ok(list.extents)
    }

    /// Adds the descriptors of one place; where the list goes on, if it does.
    fn collect(
        &self,
        list: &mut ExtentList,
        (partition, lba): (u16, u32),
        form: Form,
        descriptors: &[u8],
    ) -> Result<Option<BlockAddress>, ReadError> {
        for bytes in descriptors.chunks_exact(form.len) {
            let ad = (form.read)(bytes);
            let address = BlockAddress { block: ad.block, partition: ad.partition.unwrap_or(partition) };
            // A length of 0 ends the list (ECMA-167 4/12), and what is behind the file's end is its tail.
            if ad.bytes == 0 || list.left == 0 {
                return Ok(None);
            }
            let place = match ad.kind {
                ExtentType::Continuation => return Ok(Some(address)),
                ExtentType::Recorded => {
                    let blocks = u64::from(ad.bytes).div_ceil(SECTOR as u64);
                    Some(self.resolve("file extent", address, blocks)?)
                }
                ExtentType::Allocated | ExtentType::Sparse => None,
            };
            list.push(place, u64::from(ad.bytes))
                .map_err(|what| ReadError::invalid(NAME, u64::from(lba), what))?;
        }
        Ok(None)
    }
}

/// Extents of one object that share sectors would make it larger than its volume.
fn refuse_overlap(extents: &[Extent], icb_lba: u32) -> Result<(), ReadError> {
    if extents.len() < 2 {
        return Ok(());
    }
    let mut runs: Vec<(u64, u64)> = extents
        .iter()
        .filter_map(|e| e.lba.map(|lba| (u64::from(lba), u64::from(lba) + e.bytes.div_ceil(SECTOR as u64))))
        .collect();
    runs.sort_unstable();
    match runs.windows(2).find(|pair| pair[1].0 < pair[0].1) {
        None => Ok(()),
        Some(pair) => {
            let what = format!("two of them share sector {} (ECMA-167 4/8.7)", pair[1].0);
            Err(ReadError::invalid(NAME, u64::from(icb_lba), what))
        }
    }
}

struct ExtentList {
    extents: Vec<Extent>,
    /// Bytes of the file that have no extent yet.
    left: u64,
}

impl ExtentList {
    /// Adds an extent, joined to the last one where it continues it.
    fn push(&mut self, lba: Option<u32>, bytes: u64) -> Result<(), String> {
        let used = bytes.min(self.left);
        self.left -= used;
        if self.left > 0 && !bytes.is_multiple_of(SECTOR as u64) {
            return Err(format!(
                "an extent of {bytes} bytes inside the file ends inside a block (ECMA-167 4/12)"
            ));
        }
        if let Some(last) = self.extents.last_mut() {
            let joins = match (last.lba, lba) {
                (None, None) => true,
                (Some(before), Some(lba)) => u64::from(before) + last.bytes / SECTOR as u64 == u64::from(lba),
                _ => false,
            };
            if joins {
                last.bytes += used;
                return Ok(());
            }
        }
        if self.extents.len() >= EXTENT_LIMIT {
            return Err(format!("more than {EXTENT_LIMIT} extents in one file"));
        }
        self.extents.push(Extent { lba, bytes: used });
        Ok(())
    }
}
