//! Directories: a file entry, then the file identifier descriptors in the blocks behind it. They stream: nothing is
//! kept of a descriptor but its place in the tree.

use glassmaster_disc::SECTOR;
use glassmaster_tree::{Node, NodeId, Tree};

use super::{BLOCK, Cursor, Layout};
use crate::raw::allocation::LongAd;
use crate::raw::file_identifier::{self, DIRECTORY, HIDDEN, MAX_LEN, PARENT};

/// Blocks of the metadata area before the first directory: file set descriptor and its terminator.
pub(super) const FIRST_BLOCK: u32 = 2;
/// Bytes of the descriptor of the parent, the first of every directory (ECMA-167 4/8.6).
pub(super) const PARENT_LEN: u64 = 40;
/// A large directory can be entered once in that many bytes.
const STRETCH: u64 = 64 * BLOCK;

/// One directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Directory {
    pub(super) node: NodeId,
    /// Block of its file entry in the metadata area.
    pub(super) start: u32,
    /// Bytes of its descriptors.
    pub(super) bytes: u64,
    pub(super) subdirectories: u32,
    /// Last stretch that has a checkpoint (the first needs none).
    stretch: u32,
}

impl Directory {
    pub(super) fn new(node: NodeId) -> Self {
        Self { node, start: 0, bytes: PARENT_LEN, subdirectories: 0, stretch: 0 }
    }

    /// Blocks of file entry and descriptors.
    pub(super) fn blocks(&self) -> u64 {
        1 + self.bytes.div_ceil(BLOCK)
    }

    /// Whether a descriptor at byte `at` is the first of a stretch; notes it.
    pub(super) fn enters_stretch(&mut self, at: u64) -> bool {
        let stretch = u32::try_from(at / STRETCH).unwrap_or(u32::MAX);
        let new = stretch > self.stretch;
        self.stretch = stretch;
        new
    }
}

/// The first descriptor of a stretch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checkpoint {
    pub(super) directory: u32,
    pub(super) at: u64,
    pub(super) node: NodeId,
}

/// Before a descriptor of a directory: at byte 0 the parent's, else that of `next`, or the end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    directory: usize,
    at: u64,
    next: Option<NodeId>,
}

impl Layout {
    /// Renders sectors from a block that belongs to a directory on; how many, at least 1.
    pub(super) fn render_directories(
        &self,
        tree: &Tree,
        block: u32,
        out: &mut [u8],
        cursor: &mut Cursor,
    ) -> usize {
        let holds = |number: usize| {
            self.directories.get(number).is_some_and(|d| {
                (u64::from(d.start)..u64::from(d.start) + d.blocks()).contains(&u64::from(block))
            })
        };
        let number = match cursor.directory {
            same if holds(same) => same,
            before if holds(before.wrapping_add(1)) => before + 1,
            _ => self.directories.partition_point(|d| d.start <= block).saturating_sub(1),
        };
        cursor.directory = number;
        let directory = &self.directories[number];
        let behind = u64::from(block - directory.start);
        if behind == 0 {
            let sector = &mut out[..SECTOR];
            sector.fill(0);
            self.render_directory_entry(tree, directory, sector, &mut cursor.calendar);
            return 1;
        }
        let left = usize::try_from(directory.blocks() - behind).unwrap_or(usize::MAX);
        let sectors = left.min(out.len() / SECTOR);
        self.render_identifiers(tree, number, (behind - 1) * BLOCK, &mut out[..sectors * SECTOR], cursor);
        sectors
    }

    /// Fills `out` with the bytes of a directory from `begin` on.
    fn render_identifiers(
        &self,
        tree: &Tree,
        number: usize,
        begin: u64,
        out: &mut [u8],
        cursor: &mut Cursor,
    ) {
        let directory = &self.directories[number];
        let end = begin + out.len() as u64;
        let mut position = self.position_before(number, begin, cursor.position);
        let mut spill = [0; MAX_LEN];
        loop {
            let child = match position {
                Position { at: 0, .. } => None,
                Position { next: Some(next), .. } => Some(tree.node(next)),
                Position { at, next: None, .. } => {
                    let tail = usize::try_from(at.saturating_sub(begin)).unwrap_or(usize::MAX);
                    if let Some(tail) = out.get_mut(tail..) {
                        tail.fill(0);
                    }
                    break;
                }
            };
            let at = position.at;
            if at >= end {
                break;
            }
            let name = child.and_then(|c| self.translations.recorded(c.id(), c.name()).ok());
            let length = file_identifier::length(at, name.map_or(0, |n| n.len()));
            let after = at + length as u64;
            if after > begin {
                let (icb, flags) = match child {
                    Some(child) => self.link(child.id(), child),
                    None => {
                        let parent = tree.node(directory.node).parent();
                        (self.icb_of(parent), PARENT | DIRECTORY)
                    }
                };
                let block = u64::from(directory.start) + 1 + at / BLOCK;
                let location = self.metadata_block(u32::try_from(block).unwrap_or(u32::MAX));
                let whole = at >= begin && after <= end;
                if whole {
                    let from = usize::try_from(at - begin).unwrap_or_default();
                    let target = &mut out[from..from + length];
                    file_identifier::write(target, name, flags, icb, self.version(), location);
                } else {
                    let target = &mut spill[..length];
                    file_identifier::write(target, name, flags, icb, self.version(), location);
                    let (from, to) = (at.max(begin), after.min(end));
                    let offset = |of: u64, base: u64| usize::try_from(of - base).unwrap_or_default();
                    out[offset(from, begin)..offset(to, begin)]
                        .copy_from_slice(&target[offset(from, at)..offset(to, at)]);
                }
            }
            if after > end {
                break;
            }
            position.at = after;
            position.next = match child {
                Some(child) => child.next_sibling().map(Node::id),
                None => tree.node(directory.node).children().next().map(Node::id),
            };
        }
        cursor.position = position;
    }

    /// The nearest known position at or before a byte of a directory.
    fn position_before(&self, number: usize, begin: u64, last: Position) -> Position {
        let behind = self.checkpoints.partition_point(|c| (c.directory as usize, c.at) <= (number, begin));
        let checkpoint = behind
            .checked_sub(1)
            .map(|at| self.checkpoints[at])
            .filter(|c| c.directory as usize == number)
            .map(|c| Position { directory: number, at: c.at, next: Some(c.node) });
        let known = checkpoint.unwrap_or(Position { directory: number, at: 0, next: None });
        if last.directory == number && (known.at..=begin).contains(&last.at) { last } else { known }
    }

    fn link(&self, id: NodeId, child: Node<'_>) -> (LongAd, u8) {
        let directory = if child.is_dir() { DIRECTORY } else { 0 };
        let hidden = if child.meta().hidden { HIDDEN } else { 0 };
        (self.icb_of(id), directory | hidden)
    }

    /// The pointer to an object's file entry, with the number of this name of it (UDF 2.3.4.3).
    pub(super) fn icb_of(&self, node: NodeId) -> LongAd {
        LongAd {
            bytes: 2048,
            block: self.icb_block(self.icbs[node.index()]),
            partition: self.scheme.icb_partition(),
            unique_id: self.fid_unique_id(node),
        }
    }

    /// UDF Unique ID in a file identifier descriptor: recorded from UDF 2.00 up.
    pub(super) fn fid_unique_id(&self, node: NodeId) -> u32 {
        let number = if self.options.revision.is_third_edition() { self.unique_id(node) } else { 0 };
        u32::try_from(number & 0xFFFF_FFFF).unwrap_or_default()
    }
}
