//! Running sums over what is in the tree, so that limits and estimates cost nothing to look at.

use super::EditTree;
use super::item::ItemId;
use crate::Kind;

/// Contents from that many bytes on may be given a place on an even sector.
const LARGE: u64 = 64 * 1024;
/// Most subdirectories of a directory that 16-bit link counts leave (ECMA-167 4/14.9.6).
pub const MOST_SUBDIRECTORIES: u32 = 65_534;

/// Sums over everything that hangs below the root; what is detached does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Regular files, hard links counted each.
    #[doc(alias = "FileCount")]
    pub files: u32,
    /// Directories, the root included.
    #[doc(alias = "DirectoryCount")]
    pub directories: u32,
    /// Links, pipes, sockets and devices.
    pub others: u32,
    /// Bytes of all names.
    pub name_bytes: u64,
    /// Bytes of the names of directories among them.
    pub directory_name_bytes: u64,
    /// Bytes of the targets of symbolic links.
    pub target_bytes: u64,
    /// Sectors of all contents that are still to be placed, streams included, shared ones once.
    pub data_blocks: u64,
    /// Such contents of 64 KiB and more.
    pub large_contents: u32,
    /// Pieces of at most 1 GiB - 2048 bytes that contents of more than one such piece have, and extents of old contents.
    pub pieces: u64,
    /// Named streams.
    pub streams: u32,
    /// Bytes of their names.
    pub stream_name_bytes: u64,
    /// Contents that have streams.
    pub stream_owners: u32,
    /// Files marked as real-time.
    pub real_time_files: u32,
    /// Directories with more than [`MOST_SUBDIRECTORIES`] subdirectories.
    pub overfull_directories: u32,
}

/// Whether something enters or leaves the tree.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    In,
    Out,
}

impl Turn {
    fn small(self, sum: &mut u32, n: u32) {
        *sum = if self == Self::In { sum.saturating_add(n) } else { sum.saturating_sub(n) };
    }

    fn large(self, sum: &mut u64, n: u64) {
        *sum = if self == Self::In { sum.saturating_add(n) } else { sum.saturating_sub(n) };
    }
}

impl EditTree {
    /// The sums.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Bytes of the largest file in the tree, contents of earlier sessions and streams left out; looks at all.
    #[must_use]
    pub fn largest_file(&self) -> u64 {
        self.contents.iter().filter(|c| c.names > 0 && c.old.is_none()).map(|c| c.size).max().unwrap_or(0)
    }

    /// Levels of directories, the root being the first (ECMA-119 6.8.2.1).
    #[must_use]
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// Counts a subtree in or out; `level` is that of its top, were it a directory.
    pub(super) fn count_subtree(&mut self, top: u32, level: usize, turn: Turn) {
        let mut stack = vec![(top, level)];
        while let Some((id, level)) = stack.pop() {
            self.count_one(id, level, turn);
            if let Some(dir) = self.directory(id) {
                stack.extend(dir.children.iter().map(|c| (c, level + 1)));
            }
        }
    }

    /// Counts one object.
    pub(super) fn count_one(&mut self, id: u32, level: usize, turn: Turn) {
        let Some(object) = self.objects.get(id as usize) else { return };
        let (kind, name, target) = (object.kind, u64::from(object.name_len), u64::from(object.extra));
        let content = (kind == Kind::File).then_some(object.payload);
        let real_time = object.real_time;
        let overfull = self.directory(id).is_some_and(|d| d.subdirectories > MOST_SUBDIRECTORIES);
        let sums = &mut self.totals;
        turn.large(&mut sums.name_bytes, name);
        match kind {
            Kind::Directory => {
                turn.small(&mut sums.directories, 1);
                turn.large(&mut sums.directory_name_bytes, name);
                turn.small(&mut sums.overfull_directories, u32::from(overfull));
                if turn == Turn::In && self.levels.len() < level {
                    self.levels.resize(level, 0);
                }
                if let Some(count) = self.levels.get_mut(level.saturating_sub(1)) {
                    turn.small(count, 1);
                }
                while self.levels.last() == Some(&0) {
                    self.levels.pop();
                }
            }
            Kind::File => {
                turn.small(&mut sums.files, 1);
                turn.small(&mut sums.real_time_files, u32::from(real_time));
            }
            Kind::Symlink => {
                turn.small(&mut sums.others, 1);
                turn.large(&mut sums.target_bytes, target);
            }
            _ => turn.small(&mut sums.others, 1),
        }
        if let Some(content) = content {
            self.count_content(content, turn);
        }
    }

    /// Counts a name of a content; the first in and the last out count the content itself and its streams.
    pub(super) fn count_content(&mut self, content: u32, turn: Turn) {
        let Some(entry) = self.contents.get_mut(content as usize) else { return };
        let counts = match turn {
            Turn::In => entry.names == 0,
            Turn::Out => entry.names == 1,
        };
        turn.small(&mut entry.names, 1);
        if !counts {
            return;
        }
        self.sum_content(content, turn);
        let streams = self.streams.get(&content).cloned().unwrap_or_default();
        if !streams.is_empty() {
            turn.small(&mut self.totals.stream_owners, 1);
        }
        for stream in streams {
            self.count_stream(stream, turn);
        }
    }

    pub(super) fn count_stream(&mut self, stream: ItemId, turn: Turn) {
        let Some(object) = self.objects.get(stream.0 as usize) else { return };
        let (name, content) = (u64::from(object.name_len), object.payload);
        turn.small(&mut self.totals.streams, 1);
        turn.large(&mut self.totals.stream_name_bytes, name);
        self.sum_content(content, turn);
    }

    fn sum_content(&mut self, content: u32, turn: Turn) {
        let Some(entry) = self.contents.get(content as usize) else { return };
        let sums = &mut self.totals;
        match &entry.old {
            Some(extents) => turn.large(&mut sums.pieces, extents.len() as u64),
            None => {
                turn.large(&mut sums.data_blocks, glassmaster_disc::sectors_for(entry.size));
                turn.small(&mut sums.large_contents, u32::from(entry.size >= LARGE));
                let pieces = entry.size.div_ceil(0x3FFF_F800);
                turn.large(&mut sums.pieces, if pieces > 1 { pieces } else { 0 });
            }
        }
    }

    /// Counts a subdirectory of a directory in or out; `counted` when the directory is in the tree.
    pub(super) fn count_subdirectory(&mut self, dir: u32, counted: bool, turn: Turn) {
        let Some(directory) = self.directory_mut(dir) else { return };
        let before = directory.subdirectories > MOST_SUBDIRECTORIES;
        turn.small(&mut directory.subdirectories, 1);
        let after = directory.subdirectories > MOST_SUBDIRECTORIES;
        if counted && before != after {
            turn.small(&mut self.totals.overfull_directories, 1);
        }
    }
}
