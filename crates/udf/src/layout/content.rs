//! What file entries point to besides file data: allocation descriptors that do not fit, long link targets.

use std::io;

use glassmaster_disc::SECTOR;
use glassmaster_tree::{DataId, NodeId, Tree};

use super::{BLOCK, DataMap, Layout};
use crate::cs0::translate;
use crate::raw::allocation::{EXTENT_HEADER_LEN, ExtentType, MAX_EXTENT, SHORT_LEN, put_short};
use crate::raw::field::put_u32;
use crate::raw::file_entry::HEADER_LEN;
use crate::raw::path_component::{decode_path, encode_path};
use crate::raw::tag::{ALLOCATION_EXTENT, Tag};

/// Bytes of a file entry that are free for data or allocation descriptors.
pub(super) const ENTRY_ROOM: usize = SECTOR - HEADER_LEN;
/// Allocation descriptors a file entry holds.
const IN_ENTRY: u64 = (ENTRY_ROOM / SHORT_LEN) as u64;
/// Allocation descriptors an allocation extent holds.
const IN_EXTENSION: u64 = ((SECTOR - EXTENT_HEADER_LEN) / SHORT_LEN) as u64;

/// Blocks of the metadata area that belong to one object besides its file entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extra {
    pub(super) node: NodeId,
    pub(super) start: u32,
    pub(super) blocks: u32,
}

fn extents(size: u64) -> u64 {
    size.div_ceil(u64::from(MAX_EXTENT))
}

/// Allocation extents that a file of `size` bytes needs. Every list of descriptors but the last gives its last place
/// to the pointer to the next.
pub(super) fn extension_blocks(size: u64) -> u32 {
    let count = extents(size);
    if count <= IN_ENTRY {
        return 0;
    }
    let rest = count - (IN_ENTRY - 1);
    let blocks = 1 + rest.saturating_sub(IN_EXTENSION).div_ceil(IN_EXTENSION - 1);
    u32::try_from(blocks).unwrap_or(u32::MAX)
}

/// One contiguous content as short allocation descriptors.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// First block in the partition.
    block: u32,
    size: u64,
}

impl Run {
    /// Writes descriptors from number `first` on to `out`, as many as there are and fit; the last place points to
    /// the block `next` where more are to come. Bytes used.
    fn write(self, first: u64, out: &mut [u8], next: Option<u32>) -> usize {
        let left = extents(self.size).saturating_sub(first);
        let room = out.len() / SHORT_LEN;
        let (count, link) = match usize::try_from(left) {
            Ok(left) if left <= room => (left, None),
            _ => (room - 1, next),
        };
        let mut at = 0;
        for number in (first..).take(count) {
            let begin = number * u64::from(MAX_EXTENT);
            let bytes = (self.size - begin).min(u64::from(MAX_EXTENT));
            let block = u64::from(self.block) + begin / BLOCK;
            let narrow = |v: u64| u32::try_from(v).unwrap_or(u32::MAX);
            put_short(out, at, ExtentType::Recorded, narrow(bytes), narrow(block));
            at += SHORT_LEN;
        }
        if let Some(block) = link {
            put_short(out, at, ExtentType::Continuation, 2048, block);
            at += SHORT_LEN;
        }
        at
    }
}

impl Layout {
    fn extra_of(&self, node: NodeId) -> Option<Extra> {
        let at = self.extras.binary_search_by_key(&node, |e| e.node).ok()?;
        Some(self.extras[at])
    }

    /// Where a content stands in the partition.
    pub(super) fn run(&self, tree: &Tree, data: &DataMap<'_>, id: DataId) -> io::Result<Run> {
        let size = tree.data(id).size;
        if size == 0 {
            return Ok(Run { block: 0, size });
        }
        let invalid = |what: &str| {
            let path = tree.path(tree.data(id).first);
            io::Error::new(io::ErrorKind::InvalidInput, format!("the data of '{path}' {what}"))
        };
        let lba = data.lba.get(id.index()).ok_or_else(|| invalid("has no address"))?;
        let block = lba.checked_sub(self.partition.start);
        block
            .filter(|b| u64::from(*b) + size.div_ceil(BLOCK) <= u64::from(self.partition.blocks))
            .map(|block| Run { block, size })
            .ok_or_else(|| invalid(&format!("at sector {lba} is not inside the UDF partition")))
    }

    /// Writes the allocation descriptors of a run that its file entry holds; bytes used.
    pub(super) fn write_run(&self, run: Run, node: NodeId, out: &mut [u8]) -> usize {
        let next = self.extra_of(node).map(|extra| self.metadata_block(extra.start));
        run.write(0, &mut out[..ENTRY_ROOM], next)
    }

    /// Writes recorded components of a link to its file entry, or a descriptor of the blocks that hold them; bytes
    /// used, and whether they are embedded.
    pub(super) fn write_target(&self, components: &[u8], node: NodeId, out: &mut [u8]) -> (usize, bool) {
        match self.extra_of(node) {
            None => {
                out[..components.len()].copy_from_slice(components);
                (components.len(), true)
            }
            Some(extra) => {
                let run = Run { block: self.metadata_block(extra.start), size: components.len() as u64 };
                (run.write(0, &mut out[..ENTRY_ROOM], None), false)
            }
        }
    }

    /// Renders one block that belongs to an object besides its file entry.
    pub(super) fn render_extra(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        block: u32,
        sector: &mut [u8],
    ) -> io::Result<()> {
        let behind = self.extras.partition_point(|e| e.start <= block);
        let Some(extra) = behind.checked_sub(1).map(|at| self.extras[at]) else { return Ok(()) };
        let number = u64::from(block - extra.start);
        let node = tree.node(extra.node);
        if let Some(target) = node.target() {
            let components = recorded_target(target).0;
            let begin = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(SECTOR);
            let piece = components.get(begin..).unwrap_or_default();
            let piece = &piece[..piece.len().min(SECTOR)];
            sector[..piece.len()].copy_from_slice(piece);
        } else if let Some(id) = node.data() {
            let run = self.run(tree, data, id)?;
            let first = IN_ENTRY - 1 + number * (IN_EXTENSION - 1);
            let next = self.metadata_block(block.saturating_add(1));
            let used = run.write(first, &mut sector[EXTENT_HEADER_LEN..], Some(next));
            // The previous allocation extent is not recorded (UDF 2.3.11.2).
            put_u32(sector, 20, u32::try_from(used).unwrap_or_default());
            let location = self.metadata_block(block);
            Tag { identifier: ALLOCATION_EXTENT, version: self.version(), location }
                .seal(&mut sector[..EXTENT_HEADER_LEN + used]);
        }
        Ok(())
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
pub(super) fn measure_target(target: &[u8]) -> (u32, Option<(String, &'static str)>) {
    let (components, change) = recorded_target(target);
    let blocks = if components.len() <= ENTRY_ROOM { 0 } else { components.len().div_ceil(SECTOR) };
    (u32::try_from(blocks).unwrap_or(u32::MAX), change)
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
            assert_eq!(extension_blocks(count * max), blocks, "{count} extents");
        }
        assert_eq!(extension_blocks(234 * max + 1), 1);
    }

    #[test]
    fn targets_that_change_say_so() {
        assert_eq!(recorded_target(b"../a/b").1, None);
        assert_eq!(recorded_target(b"/").1, None);
        assert_eq!(recorded_target(b"a//b/").1.unwrap().0, "a/b");
        let changed = recorded_target(b"x/\xFF").1.unwrap().0;
        assert!(changed.starts_with("x/_#"), "{changed}");
    }
}
