//! How many sectors an image will take at most, from running sums alone.
//!
//! Every term is an upper bound of what the layouts need, so that an image whose estimate fits does fit; a file is never
//! counted with less than it takes.

use glassmaster_tree::edit::Totals;

use crate::FileSystems;

/// What does not depend on the tree: system area, descriptors, anchors, sequences, alignment. The figure that the
/// contract's empty image shows.
pub(super) const EMPTY: u64 = 528;
const SECTOR: u64 = 2048;
/// Longest directory record (ECMA-119 9.1): the most that can be left over at the end of a sector.
const RECORD: u64 = 255;

/// What the estimate depends on beside the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) file_systems: FileSystems,
    /// UDF with a metadata partition (UDF 2.2.10): everything of it may be there twice.
    pub(super) metadata_partition: bool,
    /// Sectors of boot images and their catalog.
    pub(super) boot: u64,
    /// Sectors written together.
    pub(super) write_unit: u64,
}

/// Sectors of the image.
pub(super) fn sectors(totals: &Totals, shape: Shape) -> u64 {
    let fs = shape.file_systems.completed();
    let dirs = u64::from(totals.directories).saturating_sub(1);
    let objects = dirs + u64::from(totals.files) + u64::from(totals.others);
    let mut sum = EMPTY + shape.boot + shape.write_unit * 4;
    sum += totals.data_blocks + u64::from(totals.large_contents);
    if fs.contains(FileSystems::ISO9660) {
        let (record, names) = if fs.contains(FileSystems::ROCK_RIDGE) {
            // Head and identifier, PX, TF, NM, CE, CL or PL, and the fields of the parts that do not fit a record.
            (270, totals.name_bytes * 2 + totals.target_bytes * 4)
        } else {
            (70, 0)
        };
        let bytes = objects * record + names + totals.pieces * RECORD + dirs * 2 * record;
        sum += dirs * 2 + bytes.div_ceil(SECTOR - RECORD);
        sum += (dirs * 40).div_ceil(SECTOR) * 2;
    }
    if fs.contains(FileSystems::JOLIET) {
        let bytes = objects * 42 + totals.name_bytes * 2 + totals.pieces * RECORD + dirs * 70;
        sum += dirs + bytes.div_ceil(SECTOR - RECORD);
        sum += (dirs * 10 + totals.directory_name_bytes * 2).div_ceil(SECTOR) * 2;
    }
    if fs.contains(FileSystems::UDF) {
        let streams = u64::from(totals.streams);
        let entries = objects + streams + u64::from(totals.stream_owners);
        let identifiers = (objects + streams) * 44 + (totals.name_bytes + totals.stream_name_bytes) * 2;
        let lists = dirs * 2 + u64::from(totals.stream_owners) * 2;
        let targets = u64::from(totals.others) + (totals.target_bytes * 5).div_ceil(SECTOR);
        let descriptors = totals.pieces.div_ceil(100);
        let metadata = entries + lists + identifiers.div_ceil(SECTOR) + targets + descriptors;
        sum += if shape.metadata_partition {
            metadata * 2 + metadata.div_ceil(8 * SECTOR) * 2
        } else {
            metadata
        };
    }
    // The image ends at a multiple of 32 sectors; the slack for that is in the constant.
    sum
}
