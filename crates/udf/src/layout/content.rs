//! What file entries point to besides file data: allocation descriptors that do not fit, long link targets.

use std::io;

use glassmaster_disc::SECTOR;
use glassmaster_tree::{DataId, NodeId, Tree};

use super::run::{Run, extension_blocks, extents, first_in_extension, old_extents};
use super::{BLOCK, DataMap, Layout};
use crate::cs0::translate;
use crate::raw::allocation::EXTENT_HEADER_LEN;
use crate::raw::field::put_u32;
use crate::raw::file_entry::{EXTENDED_HEADER_LEN, HEADER_LEN};
use crate::raw::path_component::{decode_path, encode_path};
use crate::raw::tag::{ALLOCATION_EXTENT, Tag};

/// Bytes of a file entry that are free for data or allocation descriptors.
pub(super) const fn entry_room(extended: bool) -> usize {
    SECTOR - if extended { EXTENDED_HEADER_LEN } else { HEADER_LEN }
}

/// Blocks that belong to one object besides its file entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extra {
    pub(super) node: NodeId,
    pub(super) start: u32,
    pub(super) blocks: u32,
}

/// What belongs to a node in a list in the order of the tree.
pub(super) fn extra_of(list: &[Extra], node: NodeId) -> Option<Extra> {
    let at = list.binary_search_by_key(&node, |e| e.node).ok()?;
    Some(list[at])
}

/// What holds a block in a list in the order of the blocks.
pub(super) fn extra_at(list: &[Extra], block: u32) -> Option<Extra> {
    let behind = list.partition_point(|e| e.start <= block);
    behind.checked_sub(1).map(|at| list[at]).filter(|e| block - e.start < e.blocks)
}

/// Allocation extents that a content needs behind a file entry with `room` bytes.
pub(super) fn content_blocks(tree: &Tree, id: DataId, room: usize, form: Option<u16>) -> u32 {
    let count = match tree.extents(id) {
        Some(old) => old_extents(old),
        None => extents(tree.data(id).size),
    };
    extension_blocks(count, room, form)
}

/// Why the extents of an earlier session cannot be those of its content.
pub(crate) fn old_fault(tree: &Tree, id: DataId) -> Option<&'static str> {
    let old = tree.extents(id)?;
    let (_, head) = old.split_last().unwrap_or((&glassmaster_disc::Extent { lba: None, bytes: 0 }, &[]));
    if head.iter().any(|e| !e.bytes.is_multiple_of(BLOCK)) {
        return Some("an extent that is not the last ends inside a sector (ECMA-167 4/12.1)");
    }
    let sum = old.iter().try_fold(0u64, |sum, e| sum.checked_add(e.bytes));
    (sum != Some(tree.data(id).size)).then_some("its extents are not as long as it is (ECMA-167 4/14.9.10)")
}

impl Layout {
    /// Where a content stands in the partition.
    pub(super) fn run<'t>(&self, tree: &'t Tree, data: &DataMap<'_>, id: DataId) -> io::Result<Run<'t>> {
        let size = tree.data(id).size;
        let form = self.scheme.data_form();
        if size == 0 {
            return Ok(Run::contiguous(0, size, form));
        }
        let invalid = |what: &str| {
            let path = tree.data_path(id);
            io::Error::new(io::ErrorKind::InvalidInput, format!("the data of '{path}' {what}"))
        };
        if let Some(old) = tree.extents(id) {
            return Run::old(old, self.partition, form)
                .ok_or_else(|| invalid("from an earlier session is not inside the UDF partition"));
        }
        let lba = *data.lba.get(id.index()).ok_or_else(|| invalid("has no address"))?;
        if !self.partition.holds(lba, size.div_ceil(BLOCK)) {
            return Err(invalid(&format!("at sector {lba} is not inside the UDF partition")));
        }
        Ok(Run::contiguous(lba - self.partition.start, size, form))
    }

    /// Where a list of descriptors goes on that fills the file entry of a node.
    pub(super) fn extension_of(&self, node: NodeId) -> Option<(u16, u32)> {
        extra_of(&self.extras, node).map(|extra| self.extension_at(extra.start))
    }

    /// The allocation extent in a block of the metadata, as descriptors name it.
    pub(super) fn extension_at(&self, block: u32) -> (u16, u32) {
        (self.scheme.directory_partition(), self.metadata_block(block))
    }

    /// Writes recorded components of a link to its file entry, or descriptors of the blocks that hold them; bytes
    /// used, and the run of those blocks.
    pub(super) fn write_target(
        &self,
        components: &[u8],
        node: NodeId,
        out: &mut [u8],
    ) -> (usize, Option<Run<'static>>) {
        match extra_of(&self.targets, node) {
            None => {
                out[..components.len()].copy_from_slice(components);
                (components.len(), None)
            }
            Some(extra) => {
                let block = self.physical_block(self.targets_at + extra.start);
                let run = Run::contiguous(block, components.len() as u64, self.scheme.data_form());
                (run.write(0, out, None), Some(run))
            }
        }
    }

    /// Renders one block of the long link targets.
    pub(super) fn render_target(&self, tree: &Tree, block: u32, sector: &mut [u8]) {
        let Some(extra) = extra_at(&self.targets, block) else { return };
        let components = recorded_target(tree.node(extra.node).target().unwrap_or_default()).0;
        let begin = usize::try_from(block - extra.start).unwrap_or(usize::MAX).saturating_mul(SECTOR);
        let piece = components.get(begin..).unwrap_or_default();
        let piece = &piece[..piece.len().min(SECTOR)];
        sector[..piece.len()].copy_from_slice(piece);
    }

    /// Renders one allocation extent of a file.
    pub(super) fn render_extra(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        block: u32,
        sector: &mut [u8],
    ) -> io::Result<()> {
        let Some(extra) = extra_at(&self.extras, block) else { return Ok(()) };
        let node = tree.node(extra.node);
        if let Some(id) = node.data() {
            let room = entry_room(self.extended(node));
            self.render_extension(self.run(tree, data, id)?, block - extra.start, room, block, sector);
        }
        Ok(())
    }

    /// Renders the allocation extent `number` behind a file entry with `room` bytes, at a block of the metadata.
    pub(super) fn render_extension(
        &self,
        run: Run<'_>,
        number: u32,
        room: usize,
        block: u32,
        sector: &mut [u8],
    ) {
        let first = first_in_extension(u64::from(number), room, self.scheme.data_form());
        let next = self.extension_at(block.saturating_add(1));
        let used = run.write(first, &mut sector[EXTENT_HEADER_LEN..], Some(next));
        // The previous allocation extent is not recorded (UDF 2.3.11.2).
        put_u32(sector, 20, u32::try_from(used).unwrap_or_default());
        let location = self.metadata_block(block);
        Tag { identifier: ALLOCATION_EXTENT, version: self.version(), location }
            .seal(&mut sector[..EXTENT_HEADER_LEN + used]);
    }
}

const NOT_NORMAL: &str =
    "link target: path components cannot be empty, so '//' and a '/' at the end are lost (ECMA-167 4/14.16)";
const NOT_RECORDABLE: &str =
    "link target: a component is not UTF-8 or longer than 255 bytes (UDF 2.1.1, ECMA-167 4/14.16)";

/// Path components of a link target, and the target they give with the reason when it differs from the source.
pub(super) fn recorded_target(target: &[u8]) -> (Vec<u8>, Option<(String, &'static str)>) {
    let text = |bytes: &[u8]| {
        let path = decode_path(bytes).unwrap_or_default();
        String::from_utf8_lossy(&path).into_owned()
    };
    if let Some(components) = encode_path(target) {
        let read = text(&components);
        let change = (read.as_bytes() != target).then_some((read, NOT_NORMAL));
        return (components, change);
    }
    // Components change as names do, so that links to renamed objects keep leading to them.
    let parts = target.split(|b| *b == b'/').map(|part| match encode_path(part) {
        Some(_) => String::from_utf8_lossy(part).into_owned(),
        None => translate(part, 0),
    });
    let changed = parts.collect::<Vec<_>>().join("/");
    let components = encode_path(changed.as_bytes()).unwrap_or_default();
    let read = text(&components);
    (components, Some((read, NOT_RECORDABLE)))
}

/// Blocks that a link target needs besides the file entry, and how it changes.
pub(super) fn measure_target(target: &[u8], room: usize) -> (u32, Option<(String, &'static str)>) {
    let (components, change) = recorded_target(target);
    let blocks = if components.len() <= room { 0 } else { components.len().div_ceil(SECTOR) };
    (u32::try_from(blocks).unwrap_or(u32::MAX), change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_change_say_so() {
        assert_eq!(recorded_target(b"../a/b").1, None);
        assert_eq!(recorded_target(b"/").1, None);
        assert_eq!(recorded_target(b"a//b/").1.unwrap().0, "a/b");
        let changed = recorded_target(b"x/\xFF").1.unwrap().0;
        assert!(changed.starts_with("x/_#"), "{changed}");
    }
}
