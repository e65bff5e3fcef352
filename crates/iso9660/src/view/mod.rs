//! A directory hierarchy: names given, directories in order and measured. One for the primary and the Joliet volume
//! descriptor alike; naming rules come in as a type.

mod arrange;
mod build;
mod old;
mod record;
mod system_use;

use glassmaster_tree::{NodeId, Tree};

use crate::names::Naming;
pub(crate) use build::{Content, DEEPEST, LONGEST_PATH, MOST_DIRECTORIES};
pub(crate) use old::OldSections;
pub(crate) use record::{Buffers, Pos, Scene};

/// Bytes of a file in one extent, all but the last one: the largest multiple of a sector that 32 bits can count.
pub(crate) const SECTION: u64 = 0xFFFF_F800;
/// Sectors of such an extent.
pub(crate) const SECTION_BLOCKS: u32 = 0x1F_FFFF;
/// Sectors between two checkpoints of a large directory.
const STRIDE: u32 = 64;

/// Marks of an entry, kept in front of its name.
mod mark {
    /// The directory that holds relocated ones; it is in no source.
    pub(super) const MADE_UP: u8 = 1;
    /// A directory that is recorded elsewhere; here is a placeholder.
    pub(super) const AWAY: u8 = 2;
    /// A directory that belongs elsewhere.
    pub(super) const RELOCATED: u8 = 4;
    /// The stored name contains the byte `.`.
    pub(super) const DOT: u8 = 8;
}

/// A directory. Its number is its index, from 0; path tables count from 1 (ECMA-119 6.9.1).
#[derive(Clone, Debug)]
struct Dir {
    /// Itself in the tree; the root for the made-up one.
    node: NodeId,
    made_up: bool,
    /// 0, or a number for each relocated directory and what is below it.
    group: u32,
    /// Directory that holds its record.
    parent: u32,
    /// Directory that holds it in the tree; differs from `parent` when it was relocated.
    shown_parent: u32,
    /// Its first sector, counted from the start of the area.
    start: u32,
    /// Sectors of records.
    records: u32,
    /// Sectors of continuation areas, behind the records.
    continuation: u32,
    /// Its entries in `order`.
    first: u32,
    count: u32,
    /// Its first entry in `text`.
    at: u32,
    /// Its own entry in `text`; unused for the root.
    name_at: u32,
    /// Number of its first subdirectory; they are numbered in the order of their records.
    first_sub: u32,
    /// Its and its subdirectories' names for it, as POSIX counts.
    links: u32,
    /// Byte of its record in the path table.
    path_at: u32,
    /// Its first entry in `checkpoints` and `continuations`.
    checkpoint: u32,
    continuation_at: u32,
}

/// A directory recorded in another place.
#[derive(Clone, Copy, Debug)]
struct Moved {
    node: NodeId,
    /// Its number.
    dir: u32,
}

/// A directory hierarchy of a volume.
#[derive(Clone, Debug)]
pub(crate) struct View<N> {
    names: N,
    rock_ridge: bool,
    /// POSIX name of the made-up directory.
    moved_name: Vec<u8>,
    dirs: Vec<Dir>,
    /// Numbers of the directories in the order of their sectors.
    placed: Vec<u32>,
    /// Objects, directory after directory, each in the order of its records.
    order: Vec<NodeId>,
    /// For each object in the same order: length, marks and stored name. Length 0: as [`Naming::plain`] makes it.
    text: Vec<u8>,
    /// Positions every [`STRIDE`] sectors of a directory larger than that.
    checkpoints: Vec<Pos>,
    /// Position of the first record with a part in each continuation sector.
    continuations: Vec<Pos>,
    /// Sorted by node.
    moved: Vec<Moved>,
    sectors: u32,
    path_table: u32,
}

impl<N: Naming> View<N> {
    /// Sectors of all directories.
    pub(crate) fn sectors(&self) -> u32 {
        self.sectors
    }

    /// Bytes of a path table.
    pub(crate) fn path_table_size(&self) -> u32 {
        self.path_table
    }

    /// First sector (counted from the start of the area) and bytes of the root directory.
    pub(crate) fn root_extent(&self) -> (u32, u32) {
        self.dirs.first().map_or((0, 0), |root| (root.start, root.bytes()))
    }

    fn entry(&self, at: u32) -> (u8, &[u8]) {
        let at = at as usize;
        let Some(&[len, marks]) = self.text.get(at..at + 2) else { return (0, &[]) };
        (marks, self.text.get(at + 2..at + 2 + usize::from(len)).unwrap_or_default())
    }

    /// Hands every recorded object to `each` with the level of its directory record's directory (of a directory: its
    /// own; 0 for other objects) and the length of its path in the sense of ECMA-119 6.8.2.1.
    pub(crate) fn each_path(&self, tree: &Tree, each: &mut dyn FnMut(NodeId, u32, u64)) {
        // Directories are numbered level by level: a parent comes before its subdirectories.
        let mut places = vec![(1u32, 0u64); self.dirs.len()];
        for (number, dir) in self.dirs.iter().enumerate() {
            let (level, path) = places.get(number).copied().unwrap_or((1, 0));
            let (mut at, mut sub) = (dir.at, dir.first_sub);
            for index in dir.first..dir.first.saturating_add(dir.count) {
                let Some(id) = self.order.get(index as usize).copied() else { break };
                let node = tree.node(id);
                let (marks, stored) = self.entry(at);
                at = at.saturating_add(2).saturating_add(u32::try_from(stored.len()).unwrap_or(0));
                let name = if stored.is_empty() { N::plain_length(node.name()) } else { stored.len() };
                if marks & mark::AWAY != 0 {
                    continue;
                }
                let length = path + 1 + name as u64;
                if !node.is_dir() {
                    each(id, 0, length + N::suffix(marks & mark::DOT != 0).len() as u64);
                    continue;
                }
                if let Some(place) = places.get_mut(sub as usize) {
                    *place = (level + 1, length);
                }
                sub += 1;
                if marks & mark::MADE_UP == 0 {
                    each(id, level + 1, length);
                }
            }
        }
    }

    /// Fills `out` with bytes of a path table from byte `from` on; zeros behind its end.
    pub(crate) fn render_path_table(
        &self,
        tree: &Tree,
        order: crate::raw::path_table::Order,
        base: u32,
        from: u32,
        out: &mut [u8],
    ) {
        out.fill(0);
        let from = from as usize;
        let first = self.dirs.partition_point(|d| d.path_at as usize <= from).saturating_sub(1);
        let mut record = Vec::with_capacity(256);
        let mut name = Vec::with_capacity(256);
        for (number, dir) in self.dirs.iter().enumerate().skip(first) {
            let at = dir.path_at as usize;
            if at >= from + out.len() {
                break;
            }
            name.clear();
            if number == 0 {
                name.push(0);
            } else {
                match self.entry(dir.name_at) {
                    (_, []) => N::plain(tree.node(dir.node).name(), &mut name),
                    (_, stored) => name.extend_from_slice(stored),
                }
            }
            record.clear();
            // The layout refuses more than 65,535 directories.
            let parent = u16::try_from(dir.parent + 1).unwrap_or(u16::MAX);
            crate::raw::path_table::encode(order, base + dir.start, parent, &name, &mut record);
            let skip = from.saturating_sub(at);
            let to = out.get_mut(at.saturating_sub(from)..).unwrap_or_default();
            for (to, byte) in to.iter_mut().zip(record.iter().skip(skip)) {
                *to = *byte;
            }
        }
    }

    /// Fills `out` with sectors of the directories from sector `first` of the area on.
    pub(crate) fn render(
        &self,
        scene: &Scene<'_>,
        first: u32,
        out: &mut [u8],
        at: &mut Option<Pos>,
        buffers: &mut Buffers,
    ) {
        let at_rank = |rank: usize| self.placed.get(rank).and_then(|n| self.dirs.get(*n as usize));
        let start = |number: &u32| self.dirs.get(*number as usize).map_or(0, |d| d.start);
        let mut rank = self.placed.partition_point(|n| start(n) <= first).saturating_sub(1);
        for (sector, out) in (first..).zip(out.chunks_mut(glassmaster_disc::SECTOR)) {
            while at_rank(rank + 1).is_some_and(|d| d.start <= sector) {
                rank += 1;
            }
            let Some(dir) = at_rank(rank).filter(|_| sector < self.sectors) else {
                out.fill(0);
                continue;
            };
            let number = self.placed.get(rank).map_or(0, |n| *n as usize);
            let local = sector - dir.start;
            if local >= dir.records {
                self.render_continuation(scene, dir, local - dir.records, out, buffers);
                continue;
            }
            let mut pos = match at.take() {
                Some(pos) if pos.is_start_of(number, local) => pos,
                _ => self.seek(scene, number, local, buffers),
            };
            self.next_sector(scene, &mut pos, Some(out), buffers);
            *at = Some(pos);
        }
    }
}

impl Dir {
    /// Data length of its records: whole sectors (ECMA-119 6.8.1.3).
    fn bytes(&self) -> u32 {
        self.records.saturating_mul(2048)
    }
}
