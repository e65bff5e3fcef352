//! Where the bytes of an object are: allocation descriptors, checked one by one.

use glassmaster_disc::{BlockSource, Extent, SECTOR, SECTOR_U64};
use glassmaster_tree::{Content, ReadError};

use super::{BlockAddress, UdfVolume};
use crate::raw::allocation::{Allocation, EXTENT_HEADER_LEN, ExtentType, LONG_LEN, SHORT_LEN};
use crate::raw::field::u32_at;
use crate::raw::icb_tag::{AD_EXTENDED, AD_LONG, AD_SHORT};
use crate::raw::tag::{ALLOCATION_EXTENT, Tag};

/// Extents of one file, at most: 16 MiB of memory.
const EXTENT_LIMIT: usize = 1 << 20;
/// Allocation extents of one file, at most: more than hold that many descriptors.
const CHAIN_LIMIT: u32 = 16_384;
/// Bytes of an object that is read into memory because its extents begin inside sectors.
const INLINE_LIMIT: u64 = 64 << 20;

const NAME: &str = "allocation descriptors";
const CHAIN_NAME: &str = "allocation extent descriptor";

/// Form of allocation descriptors by the bits 0-2 of the ICB flags (ECMA-167 4/14.6.8).
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) len: usize,
    pub(crate) read: fn(&[u8]) -> Allocation,
}

impl Form {
    /// `None` for embedded content and for the forms that UDF does not allow.
    pub(crate) fn of(flags: u16) -> Option<Self> {
        match flags & 7 {
            AD_SHORT => Some(Self { len: SHORT_LEN, read: Allocation::short }),
            AD_LONG => Some(Self { len: LONG_LEN, read: Allocation::long }),
            _ => None,
        }
    }
}

/// What stands against a form of descriptors that [`Form::of`] does not have.
pub(crate) fn unknown_form(flags: u16) -> String {
    match flags & 7 {
        AD_EXTENDED => "extended allocation descriptors, which UDF does not allow (UDF 2.3.5.4)".to_owned(),
        other => format!("allocation descriptors of kind {other} (ECMA-167 4/14.6.8)"),
    }
}

/// A piece of an object: bytes from the start of an absolute block on, or zeros that are nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) block: Option<u64>,
    pub(crate) bytes: u64,
}

impl<S: BlockSource> UdfVolume<S> {
    /// Pieces of an object of `size` bytes whose file entry is that of partition `partition` at `sector`.
    pub(crate) fn spans(
        &self,
        partition: u16,
        sector: u64,
        form: Form,
        descriptors: &[u8],
        size: u64,
    ) -> Result<Vec<Span>, ReadError> {
        let block_bytes = u64::from(self.shape.block_bytes);
        let room = self.source.block_count().saturating_mul(SECTOR_U64);
        let mut list = SpanList { spans: Vec::new(), left: size, block_bytes, room };
        let mut at = (partition, sector);
        let mut next = self.collect(&mut list, at, form, descriptors)?;
        let mut chained = 0;
        while let Some(address) = next {
            chained += 1;
            if chained > CHAIN_LIMIT {
                let what = format!("more than {CHAIN_LIMIT} in one chain: a loop");
                return Err(ReadError::invalid(CHAIN_NAME, at.1, what));
            }
            let block = self.locate(CHAIN_NAME, address)?;
            let bytes = self.block(CHAIN_NAME, block)?;
            let invalid = |what: String| ReadError::invalid(CHAIN_NAME, self.sector_of(block), what);
            Tag::expect(&bytes, ALLOCATION_EXTENT, address.block).map_err(|e| invalid(e.to_string()))?;
            let length = u32_at(&bytes, 20);
            let end = usize::try_from(length).ok().map(|n| n.saturating_add(EXTENT_HEADER_LEN));
            let descriptors = end.and_then(|end| bytes.get(EXTENT_HEADER_LEN..end)).ok_or_else(|| {
                invalid(format!("{length} bytes of descriptors exceed the block (ECMA-167 4/14.5.3)"))
            })?;
            at = (address.partition, self.sector_of(block));
            next = self.collect(&mut list, at, form, descriptors)?;
        }
        if list.left > 0 {
            let what =
                format!("cover {} of the {size} bytes of the file (ECMA-167 4/14.9.10)", size - list.left);
            return Err(ReadError::invalid(NAME, sector, what));
        }
        self.refuse_overlap(&list.spans, sector)?;
        Ok(list.spans)
    }

    /// Adds the descriptors of one place; where the list goes on, if it does.
    fn collect(
        &self,
        list: &mut SpanList,
        (partition, sector): (u16, u64),
        form: Form,
        descriptors: &[u8],
    ) -> Result<Option<BlockAddress>, ReadError> {
        let invalid = |what| ReadError::invalid(NAME, sector, what);
        for bytes in descriptors.chunks_exact(form.len) {
            let ad = (form.read)(bytes);
            let address = BlockAddress { block: ad.block, partition: ad.partition.unwrap_or(partition) };
            // A length of 0 ends the list (ECMA-167 4/12), and what is behind the file's end is its tail.
            if ad.bytes == 0 || list.left == 0 {
                return Ok(None);
            }
            let total = u64::from(ad.bytes);
            match ad.kind {
                ExtentType::Continuation => return Ok(Some(address)),
                ExtentType::Recorded => {
                    let mut left = total;
                    let block_bytes = list.block_bytes;
                    self.runs("file extent", address, total.div_ceil(block_bytes), &mut |block, count| {
                        let bytes = left.min(count.saturating_mul(block_bytes));
                        left -= bytes;
                        list.push(Some(block), bytes).map_err(invalid)
                    })?;
                }
                ExtentType::Allocated | ExtentType::Sparse => list.push(None, total).map_err(invalid)?,
            }
        }
        Ok(None)
    }

    /// Extents of one object that share blocks would make it larger than its volume.
    fn refuse_overlap(&self, spans: &[Span], sector: u64) -> Result<(), ReadError> {
        if spans.len() < 2 {
            return Ok(());
        }
        let block_bytes = u64::from(self.shape.block_bytes);
        let mut runs: Vec<(u64, u64)> = spans
            .iter()
            .filter_map(|span| span.block.map(|block| (block, block + span.bytes.div_ceil(block_bytes))))
            .collect();
        runs.sort_unstable();
        match runs.windows(2).find(|pair| pair[1].0 < pair[0].1) {
            None => Ok(()),
            Some(pair) => {
                let what = format!("two of them share sector {} (ECMA-167 4/8.7)", self.sector_of(pair[1].0));
                Err(ReadError::invalid(NAME, sector, what))
            }
        }
    }

    /// Pieces as sectors of 2048 bytes; read into memory where they begin inside a sector.
    pub(crate) fn content(&self, spans: &[Span], sector: u64) -> Result<Content, ReadError> {
        let block_bytes = u64::from(self.shape.block_bytes);
        let mut extents = Vec::with_capacity(spans.len());
        for span in spans {
            let at = span.block.map(|block| block.saturating_mul(block_bytes));
            let inside = !span.bytes.is_multiple_of(SECTOR_U64) && extents.len() + 1 < spans.len();
            if inside || at.is_some_and(|at| !at.is_multiple_of(SECTOR_U64)) {
                return self.read_spans(spans, sector, INLINE_LIMIT).map(Content::Inline);
            }
            let lba = at.map(|at| u32::try_from(at / SECTOR_U64)).transpose().map_err(|_| {
                ReadError::invalid(NAME, sector, "an extent behind sector 4294967295".to_owned())
            })?;
            extents.push(Extent { lba, bytes: span.bytes });
        }
        Ok(Content::Extents(extents))
    }

    /// Bytes of an object of at most `limit` bytes.
    pub(crate) fn read_spans(&self, spans: &[Span], sector: u64, limit: u64) -> Result<Vec<u8>, ReadError> {
        let total = spans.iter().map(|span| span.bytes).fold(0, u64::saturating_add);
        if total > limit {
            let what = format!("{total} bytes are too many to be read into memory, {limit} are the most");
            return Err(ReadError::invalid("file extent", sector, what));
        }
        let mut bytes = Vec::new();
        for span in spans {
            let length = usize::try_from(span.bytes).unwrap_or(usize::MAX);
            let end = bytes.len().saturating_add(length);
            if let Some(block) = span.block {
                let at = block.saturating_mul(u64::from(self.shape.block_bytes));
                let (lba, skip) = (at / SECTOR_U64, usize::try_from(at % SECTOR_U64).unwrap_or_default());
                let mut sectors = vec![0; (skip + length).div_ceil(SECTOR) * SECTOR];
                self.source
                    .read_blocks(lba, &mut sectors)
                    .map_err(|error| ReadError::io("file extent", lba, error))?;
                bytes.extend_from_slice(&sectors[skip..skip + length]);
            }
            bytes.resize(end, 0);
        }
        Ok(bytes)
    }
}

struct SpanList {
    spans: Vec<Span>,
    /// Bytes of the object that have no piece yet.
    left: u64,
    block_bytes: u64,
    /// Bytes of the volume that no piece of this object has taken.
    room: u64,
}

impl SpanList {
    /// Adds a piece, joined to the last one where it continues it.
    fn push(&mut self, block: Option<u64>, bytes: u64) -> Result<(), String> {
        let used = bytes.min(self.left);
        self.left -= used;
        if self.left > 0 && !bytes.is_multiple_of(self.block_bytes) {
            return Err(format!(
                "an extent of {bytes} bytes inside the file ends inside a block (ECMA-167 4/12)"
            ));
        }
        if block.is_some() {
            self.room = self
                .room
                .checked_sub(used)
                .ok_or("more bytes than the volume has: two of them share sectors (ECMA-167 4/8.7)")?;
        }
        if let Some(last) = self.spans.last_mut() {
            let joins = match (last.block, block) {
                (None, None) => true,
                (Some(before), Some(block)) => before + last.bytes / self.block_bytes == block,
                _ => false,
            };
            if joins {
                last.bytes += used;
                return Ok(());
            }
        }
        if self.spans.len() >= EXTENT_LIMIT {
            return Err(format!("more than {EXTENT_LIMIT} extents in one file"));
        }
        self.spans.push(Span { block, bytes: used });
        Ok(())
    }
}
