//! From blocks to files and back.

use std::sync::Arc;

use glassmaster_disc::HResult;
use glassmaster_tree::DataId;

use super::enumerator::{Enumerator, Snapshot};
use super::{Inner, Planned};
use crate::code::Failure;
use crate::error::Error;
use crate::image::{Image, ProgressItem};
use crate::plan::Part;

/// Where each run of blocks begins and what it is, in the order of the blocks and without gaps.
pub(super) struct Table {
    rows: Vec<(u32, What)>,
}

#[derive(Clone, Copy)]
enum What {
    /// A content of the tree.
    Data(DataId),
    /// A region of the image that is no content.
    Region(u32),
    /// Sectors of the disc that stay as they are.
    Old,
    /// Sectors of the disc that are led to the new session.
    Lead,
}

impl Inner {
    pub(super) fn table(&self) -> Table {
        let mut rows = Vec::new();
        let mut base = 0;
        if let Planned::Session(session) = &self.planned
            && session.modified_blocks().is_some()
        {
            base = session.start();
            rows.push((0, What::Old));
            for (first, bytes) in session.pieces() {
                let blocks = crate::image::blocks_of(bytes.len());
                rows.push((*first, What::Lead));
                rows.push((first.saturating_add(blocks), What::Old));
            }
            rows.retain(|(first, _)| *first < base);
            rows.sort_by_key(|(first, _)| *first);
        }
        image_rows(self.planned.image(), base, &mut rows);
        Table { rows }
    }

    fn item(&self, table: &Table, index: usize) -> Option<ProgressItem> {
        let (first, what) = *table.rows.get(index)?;
        let end = table.rows.get(index + 1).map_or(self.total_blocks, |(next, _)| *next);
        Some(ProgressItem { description: self.description(what), first, last: end.saturating_sub(1) })
    }

    fn description(&self, what: What) -> String {
        let image = &self.planned.image().inner;
        match what {
            What::Data(data) if self.backslashes && image.tree.data(data).links > 0 => {
                image.path_of(data).replace('/', "\\")
            }
            What::Data(data) => image.path_of(data),
            What::Region(region) => {
                image.plan.regions.get(region as usize).map_or_else(String::new, |r| r.area.label.clone())
            }
            What::Old => "earlier sessions".to_owned(),
            What::Lead => "descriptors of the first session".to_owned(),
        }
    }
}

/// Adds the rows of an image whose first sector is block `base`.
fn image_rows(image: &Image, base: u32, rows: &mut Vec<(u32, What)>) {
    let inner = &image.inner;
    let plan = &inner.plan;
    let start = plan.regions.first().map_or(0, crate::plan::Region::start);
    let mut placed = plan.placed.iter().copied().peekable();
    for (number, region) in (0u32..).zip(&plan.regions) {
        let block = |lba: u32| lba - start + base;
        if region.part != Part::Data {
            rows.push((block(region.start()), What::Region(number)));
            continue;
        }
        let end = region.start() + region.area.blocks;
        let mut at = region.start();
        while let Some(data) = placed.next_if(|d| plan.data_lba[d.index()] < end) {
            let (first, blocks) = inner.run(data);
            if first > at {
                rows.push((block(at), What::Region(number)));
            }
            rows.push((block(first), What::Data(data)));
            at = first + blocks;
        }
        if at < end {
            rows.push((block(at), What::Region(number)));
        }
    }
}

/// Which blocks of a result hold what: sorted by block, without gaps or overlaps, from block 0 to the last. Blocks are
/// counted from the beginning of the stream. Empty files, and those that live in their file entries, have no item.
#[doc(alias = "IProgressItems")]
#[derive(Clone)]
pub struct ProgressItems {
    result: Arc<Inner>,
    table: Arc<Table>,
}

impl ProgressItems {
    pub(super) fn new(result: Arc<Inner>, table: Arc<Table>) -> Self {
        Self { result, table }
    }

    /// Number of items.
    #[doc(alias = "Count")]
    #[must_use]
    pub fn count(&self) -> usize {
        self.table.rows.len()
    }

    /// The item at `index`, counted from 0.
    ///
    /// # Errors
    /// `E_INVALIDARG` past the end.
    #[doc(alias = "Item")]
    pub fn item(&self, index: usize) -> Result<ProgressItem, Error> {
        self.item_at(index).ok_or_else(|| Failure::new(HResult::INVALID_ARGUMENT).with(index).into())
    }

    /// The item that `block` belongs to.
    ///
    /// # Errors
    /// `E_INVALIDARG` past the end.
    #[doc(alias = "ProgressItemFromBlock")]
    pub fn from_block(&self, block: u32) -> Result<ProgressItem, Error> {
        let index = self.table.rows.partition_point(|(first, _)| *first <= block).checked_sub(1);
        index
            .filter(|_| block < self.result.total_blocks)
            .and_then(|index| self.item_at(index))
            .ok_or_else(|| Failure::new(HResult::INVALID_ARGUMENT).with(block).into())
    }

    /// The first item with this description, upper and lower case being equal.
    ///
    /// # Errors
    /// `E_INVALIDARG` when there is none.
    #[doc(alias = "ProgressItemFromDescription")]
    pub fn from_description(&self, description: &str) -> Result<ProgressItem, Error> {
        let folded = |text: &str| text.chars().flat_map(char::to_uppercase).collect::<String>();
        let wanted = folded(description);
        let found = self.enumerate().find(|item| folded(&item.description) == wanted);
        found.ok_or_else(|| Failure::new(HResult::INVALID_ARGUMENT).with(description).into())
    }

    /// Goes through all items.
    #[doc(alias = "_NewEnum")]
    #[doc(alias = "EnumProgressItems")]
    #[must_use]
    pub fn enumerate(&self) -> Enumerator<Self> {
        Enumerator::new(self.clone())
    }
}

impl Snapshot for ProgressItems {
    type Item = ProgressItem;

    fn item_count(&self) -> usize {
        self.table.rows.len()
    }

    fn item_at(&self, index: usize) -> Option<ProgressItem> {
        self.result.item(&self.table, index)
    }
}
