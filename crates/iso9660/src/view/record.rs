//! Records of a directory, one after the other: measured and written by the same steps.

use glassmaster_disc::SECTOR;
use glassmaster_tree::{Kind, Node, Tree};

use super::system_use::{Chunk, divide};
use super::{Dir, OldSections, SECTION, SECTION_BLOCKS, STRIDE, View, mark};
use crate::names::Naming;
use crate::raw::date::RecordDates;
use crate::raw::record::{FileFlags, HEAD, LONGEST, RecordHead, base_length};
use crate::raw::rrip::{self, NM_ROOM, PX_LENGTH, Px, TF_LENGTH};
use crate::raw::susp;

/// Extents of a file of 2^32 sectors, the largest there is.
const MOST_SECTIONS: u32 = 2049;

/// What rendering needs besides the view.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) tree: &'a Tree,
    /// First sector of each content of this session.
    pub(crate) data: &'a [u32],
    /// Where contents of earlier sessions stand.
    pub(crate) old: &'a OldSections,
    /// First sector of the area of this view's directories.
    pub(crate) base: u32,
}

/// Where a record stands, and all that its successors need to be found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pos {
    dir: u32,
    /// 0 for the directory's own record, 1 for its parent's, then its entries.
    entry: u32,
    /// Its entry in the names.
    at: u32,
    /// Subdirectories before it.
    sub: u32,
    /// Extents of the same file before it.
    section: u32,
    sector: u32,
    offset: u32,
    /// Bytes of continuation sectors used before it.
    continued: u32,
}

impl Pos {
    pub(super) fn is_start_of(&self, dir: usize, sector: u32) -> bool {
        (self.dir as usize, self.sector, self.offset) == (dir, sector, 0)
    }
}

/// Memory that steps use again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers {
    dates: RecordDates,
    fields: Vec<u8>,
    chunks: Vec<Chunk>,
    name: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Own,
    Parent,
    Child,
}

/// One record to be: what the position means.
#[derive(Clone, Copy)]
struct Item<'v, 't> {
    role: Role,
    node: Node<'t>,
    marks: u8,
    stored: &'v [u8],
    /// Bytes of the identifier.
    identifier: usize,
    /// Extents of the file, at least 1.
    sections: u32,
}

/// How the fields of a record are arranged.
#[derive(Clone, Copy)]
struct Shape {
    length: usize,
    /// PX, TF and one NM, written without detour.
    plain: bool,
    /// Bytes of `Buffers::fields` that stay in the record, when not plain.
    inline: usize,
    /// `Pos::continued` of the next record.
    continued: u32,
}

impl Item<'_, '_> {
    /// Whether the record is one of a directory.
    fn is_dir(&self) -> bool {
        self.node.is_dir() && self.marks & mark::AWAY == 0
    }
}

impl<N: Naming> View<N> {
    pub(super) fn start_of(&self, number: u32) -> Pos {
        let at = self.dirs.get(number as usize).map_or(0, |d| d.at);
        Pos { dir: number, entry: 0, at, sub: 0, section: 0, sector: 0, offset: 0, continued: 0 }
    }

    fn item<'t>(&self, scene: &Scene<'t>, dir: &Dir, pos: &Pos) -> Option<Item<'_, 't>> {
        let tree = scene.tree;
        let fixed = |role, node| Item {
            role,
            node: tree.node(node),
            marks: 0,
            stored: &[],
            identifier: 1,
            sections: 1,
        };
        let index = match pos.entry {
            0 => return Some(fixed(Role::Own, dir.node)),
            1 => {
                // Not known yet while relocated directories are measured.
                let parent = self.dirs.get(dir.shown_parent as usize).unwrap_or(dir);
                return Some(fixed(Role::Parent, parent.node));
            }
            n if n - 2 < dir.count => dir.first + n - 2,
            _ => return None,
        };
        let node = tree.node(*self.order.get(index as usize)?);
        let (marks, stored) = self.entry(pos.at);
        let name = if stored.is_empty() { N::plain_length(node.name()) } else { stored.len() };
        let is_dir = node.is_dir() && marks & mark::AWAY == 0;
        let suffix = if is_dir { 0 } else { N::suffix(marks & mark::DOT != 0).len() };
        // The layout refuses larger files.
        let sections = match (node.data().and_then(|data| scene.old.of(data)), node.size()) {
            (Some(old), _) => u32::try_from(old.len()).unwrap_or(u32::MAX).max(1),
            (None, 0..=SECTION) => 1,
            (None, size) => {
                u32::try_from(size.div_ceil(SECTION)).map_or(MOST_SECTIONS, |n| n.min(MOST_SECTIONS))
            }
        };
        Some(Item { role: Role::Child, node, marks, stored, identifier: name + suffix, sections })
    }

    /// Directory whose attributes and links an item carries, if it is one.
    fn directory_of(&self, dir: &Dir, item: &Item<'_, '_>, pos: &Pos) -> Option<u32> {
        match item.role {
            Role::Own => Some(pos.dir),
            Role::Parent => Some(dir.shown_parent),
            Role::Child if item.marks & mark::AWAY != 0 => {
                let found = self.moved.binary_search_by_key(&item.node.id(), |m| m.node).ok()?;
                self.moved.get(found).map(|m| m.dir)
            }
            Role::Child if item.node.is_dir() => Some(dir.first_sub + pos.sub),
            Role::Child => None,
        }
    }

    fn px(&self, tree: &Tree, dir: &Dir, item: &Item<'_, '_>, pos: &Pos) -> Px {
        let meta = item.node.meta();
        let holder = self.directory_of(dir, item, pos).and_then(|n| self.dirs.get(n as usize));
        let made_up = holder.is_some_and(|d| d.made_up);
        let permissions = if made_up { 0o755 } else { meta.mode };
        // Serial numbers count from 1: some readers take 0 for "none". Names of one content share the first's.
        let object = item.node.data().map_or(item.node.id(), |d| tree.data(d).first);
        let index = if made_up { tree.len() } else { object.index() };
        Px {
            mode: rrip::posix_mode(item.node.kind(), permissions),
            links: holder.map_or(item.node.links(), |d| d.links),
            uid: meta.uid,
            gid: meta.gid,
            serial: Some(u32::try_from(index).unwrap_or(u32::MAX - 1) + 1),
        }
    }

    /// All System Use fields of an item, in their order; addresses are 0 while measuring.
    fn fields(&self, scene: &Scene<'_>, dir: &Dir, item: &Item<'_, '_>, pos: &Pos, buffers: &mut Buffers) {
        let root = pos.dir == 0;
        let start = |number: u32| scene.base + self.dirs.get(number as usize).map_or(0, |d| d.start);
        let px = self.px(scene.tree, dir, item, pos).encode();
        let modified = buffers.dates.encode(item.node.modified());
        let times = item.node.times().map(|t| [t.created, t.accessed].map(|time| buffers.dates.encode(time)));
        let out = &mut buffers.fields;
        out.clear();
        if root && item.role == Role::Own {
            susp::put_sp(out);
        }
        out.extend_from_slice(&px);
        match times {
            None => out.extend_from_slice(&rrip::tf_modify(modified)),
            Some([created, accessed]) => rrip::put_tf_all(created, modified, accessed, out),
        }
        match item.role {
            Role::Own if root => {
                susp::put_er(rrip::EXTENSIONS[0], rrip::DESCRIPTION, rrip::SOURCE, out);
            }
            Role::Own => {}
            Role::Parent => {
                if dir.parent != dir.shown_parent {
                    rrip::put_link(*b"PL", start(dir.shown_parent), out);
                }
            }
            Role::Child => {
                let made_up = item.marks & mark::MADE_UP != 0;
                rrip::put_nm(if made_up { &self.moved_name } else { item.node.name() }, out);
                if let Some(target) = item.node.target() {
                    rrip::put_sl(target, out);
                }
                if let Some(device) = item.node.device() {
                    rrip::put_pn(device, out);
                }
                if item.marks & mark::AWAY != 0 {
                    let lba = self.directory_of(dir, item, pos).map_or(0, start);
                    rrip::put_link(*b"CL", lba, out);
                }
                // RE also keeps the directory that holds the relocated ones from being shown: it is no part of
                // the tree.
                if item.marks & (mark::RELOCATED | mark::MADE_UP) != 0 {
                    susp::put(*b"RE", &[], out);
                }
            }
        }
    }

    fn shape(
        &self,
        scene: &Scene<'_>,
        dir: &Dir,
        item: &Item<'_, '_>,
        pos: &Pos,
        buffers: &mut Buffers,
    ) -> Shape {
        let base = base_length(item.identifier);
        if !self.rock_ridge {
            return Shape { length: base, plain: false, inline: 0, continued: pos.continued };
        }
        let name = item.node.name().len();
        let plain = base + PX_LENGTH + TF_LENGTH + 5 + name;
        let special = mark::MADE_UP | mark::AWAY | mark::RELOCATED;
        let simple = item.role == Role::Child
            && item.marks & special == 0
            && matches!(item.node.kind(), Kind::File | Kind::Directory)
            && name <= NM_ROOM
            && item.node.times().is_none();
        if simple && plain <= LONGEST {
            return Shape {
                length: plain.next_multiple_of(2),
                plain: true,
                inline: 0,
                continued: pos.continued,
            };
        }
        self.fields(scene, dir, item, pos, buffers);
        let mut continued = pos.continued;
        let inline = divide(&buffers.fields, LONGEST - base, &mut continued, &mut buffers.chunks);
        let ce = if buffers.chunks.is_empty() { 0 } else { susp::CE_LENGTH };
        Shape { length: (base + inline + ce).next_multiple_of(2), plain: false, inline, continued }
    }

    fn advance(pos: &mut Pos, item: &Item<'_, '_>, shape: &Shape) {
        pos.continued = shape.continued;
        if pos.section + 1 < item.sections {
            pos.section += 1;
            return;
        }
        pos.section = 0;
        pos.entry += 1;
        if item.role == Role::Child {
            pos.sub += u32::from(item.is_dir());
            pos.at = pos.at.saturating_add(u32::try_from(item.stored.len()).unwrap_or(0) + 2);
        }
    }

    /// One sector of records from `pos`, which stands at its start; measured only when `out` is `None`. `false` when
    /// it holds the last record.
    pub(super) fn next_sector(
        &self,
        scene: &Scene<'_>,
        pos: &mut Pos,
        mut out: Option<&mut [u8]>,
        buffers: &mut Buffers,
    ) -> bool {
        let mut more = false;
        if let Some(dir) = self.dirs.get(pos.dir as usize) {
            while let Some(item) = self.item(scene, dir, pos) {
                let shape = self.shape(scene, dir, &item, pos, buffers);
                let offset = pos.offset as usize;
                if offset + shape.length > SECTOR {
                    more = true;
                    break;
                }
                if let Some(record) =
                    out.as_deref_mut().and_then(|o| o.get_mut(offset..offset + shape.length))
                {
                    self.write(scene, dir, &item, pos, &shape, buffers, record);
                }
                pos.offset += u32::try_from(shape.length).unwrap_or(0);
                Self::advance(pos, &item, &shape);
            }
        }
        if let Some(rest) = out.and_then(|o| o.get_mut(pos.offset as usize..)) {
            rest.fill(0);
        }
        pos.sector += 1;
        pos.offset = 0;
        more
    }

    #[allow(clippy::too_many_arguments)] // one call, in the loop above
    fn write(
        &self,
        scene: &Scene<'_>,
        dir: &Dir,
        item: &Item<'_, '_>,
        pos: &Pos,
        shape: &Shape,
        buffers: &mut Buffers,
        out: &mut [u8],
    ) {
        let extent_of = |number: u32| {
            self.dirs.get(number as usize).map_or((0, 0), |d| (scene.base + d.start, d.bytes()))
        };
        let date = buffers.dates.encode(item.node.modified());
        let mut flags = if item.node.meta().hidden { FileFlags::HIDDEN } else { FileFlags::empty() };
        let (extent, size) = if item.role == Role::Parent {
            flags = FileFlags::DIRECTORY;
            extent_of(dir.parent)
        } else if item.is_dir() {
            if item.role == Role::Own || item.marks & mark::MADE_UP != 0 {
                flags = FileFlags::empty();
            }
            flags |= FileFlags::DIRECTORY;
            self.directory_of(dir, item, pos).map_or((0, 0), extent_of)
        } else {
            if pos.section + 1 < item.sections {
                flags |= FileFlags::MULTI_EXTENT;
            }
            self.section(scene, item, pos)
        };
        let head = RecordHead { extent, size, date, flags };
        let byte = |n: usize| n.to_le_bytes()[0];
        // Padding: one byte behind the identifier, one at the end.
        if let Some(last) = out.last_mut() {
            *last = 0;
        }
        let (head_out, rest) = out.split_at_mut(HEAD.min(out.len()));
        head_out.copy_from_slice(&head.encode(byte(shape.length), byte(item.identifier)));
        let (name_out, use_out) = rest.split_at_mut((base_length(item.identifier) - HEAD).min(rest.len()));
        self.write_identifier(item, buffers, name_out);
        if shape.plain {
            let px = self.px(scene.tree, dir, item, pos).encode();
            let name = item.node.name();
            if let Some((px_out, rest)) = use_out.split_first_chunk_mut::<PX_LENGTH>()
                && let Some((tf_out, nm_out)) = rest.split_first_chunk_mut::<TF_LENGTH>()
                && let Some((nm_head, nm_name)) = nm_out.split_first_chunk_mut::<5>()
                && let Some(nm_name) = nm_name.get_mut(..name.len())
            {
                *px_out = px;
                *tf_out = rrip::tf_modify(date);
                *nm_head = [b'N', b'M', byte(name.len() + 5), 1, 0];
                nm_name.copy_from_slice(name);
            }
        } else if self.rock_ridge {
            let inline = buffers.fields.get(..shape.inline).unwrap_or_default();
            if let Some(to) = use_out.get_mut(..inline.len()) {
                to.copy_from_slice(inline);
            }
            if let Some(chunk) = buffers.chunks.first()
                && let Some(to) = use_out.get_mut(shape.inline..shape.inline + susp::CE_LENGTH)
            {
                to.copy_from_slice(&continuation(scene, dir, chunk));
            }
        }
    }

    fn write_identifier(&self, item: &Item<'_, '_>, buffers: &mut Buffers, out: &mut [u8]) {
        let name = match item.role {
            Role::Own => &[0][..],
            Role::Parent => &[1],
            Role::Child if item.stored.is_empty() => {
                buffers.name.clear();
                N::plain(item.node.name(), &mut buffers.name);
                &buffers.name
            }
            Role::Child => item.stored,
        };
        let suffix = if item.role != Role::Child || item.is_dir() {
            &[][..]
        } else {
            N::suffix(item.marks & mark::DOT != 0)
        };
        if let Some(to) = out.get_mut(..name.len()) {
            to.copy_from_slice(name);
        }
        let (end, padding) = (name.len() + suffix.len(), item.identifier);
        if let Some(to) = out.get_mut(name.len()..end) {
            to.copy_from_slice(suffix);
        }
        if let Some(byte) = out.get_mut(padding) {
            *byte = 0;
        }
    }

    /// Address and length of one extent of a file; 0 and 0 for what has no content. Two empty files are not taken for
    /// one by a reader that goes by addresses, since those compare lengths, too.
    fn section(&self, scene: &Scene<'_>, item: &Item<'_, '_>, pos: &Pos) -> (u32, u32) {
        let Some(data) = item.node.data() else { return (0, 0) };
        if let Some(old) = scene.old.of(data) {
            return old.get(pos.section as usize).map_or((0, 0), |s| (s.lba, s.bytes));
        }
        let size = scene.tree.data(data).size;
        if size == 0 {
            return (0, 0);
        }
        let lba = scene.data.get(data.index()).copied().unwrap_or(0);
        let rest = size.saturating_sub(u64::from(pos.section) * SECTION).min(SECTION);
        let lba = lba.saturating_add(pos.section.saturating_mul(SECTION_BLOCKS));
        (lba, u32::try_from(rest).unwrap_or(u32::MAX))
    }

    /// Position at the start of a sector of records.
    pub(super) fn seek(&self, scene: &Scene<'_>, dir: usize, sector: u32, buffers: &mut Buffers) -> Pos {
        let number = u32::try_from(dir).unwrap_or(u32::MAX);
        let first = self.dirs.get(dir).map_or(0, |d| d.checkpoint);
        let mut pos = match sector / STRIDE {
            0 => self.start_of(number),
            n => self
                .checkpoints
                .get((first + n - 1) as usize)
                .copied()
                .unwrap_or_else(|| self.start_of(number)),
        };
        while pos.sector < sector && self.next_sector(scene, &mut pos, None, buffers) {}
        pos
    }

    /// Measures directory `number`, whose entries are complete: sectors of records and continuation, checkpoints.
    pub(super) fn measure(&mut self, tree: &Tree, old: &OldSections, number: u32, buffers: &mut Buffers) {
        let scene = Scene { tree, data: &[], old, base: 0 };
        let mut pos = self.start_of(number);
        while self.next_sector(&scene, &mut pos, None, buffers) {
            if pos.sector.is_multiple_of(STRIDE) {
                self.checkpoints.push(pos);
            }
        }
        let (records, continued) = (pos.sector, pos.continued);
        let sectors = continued.div_ceil(2048);
        if sectors > 0 {
            self.mark_continuations(&scene, number, sectors, buffers);
        }
        if let Some(dir) = self.dirs.get_mut(number as usize) {
            (dir.records, dir.continuation) = (records, sectors);
        }
    }

    fn mark_continuations(&mut self, scene: &Scene<'_>, number: u32, sectors: u32, buffers: &mut Buffers) {
        let Some(dir) = self.dirs.get(number as usize) else { return };
        let mut pos = self.start_of(number);
        let mut found = Vec::new();
        let mut marked = 0;
        while let Some(item) = self.item(scene, dir, &pos) {
            let shape = self.shape(scene, dir, &item, &pos, buffers);
            if shape.continued > pos.continued {
                let last = (shape.continued - 1) / 2048;
                while marked <= last && marked < sectors {
                    found.push(pos);
                    marked += 1;
                }
            }
            Self::advance(&mut pos, &item, &shape);
        }
        self.continuations.append(&mut found);
    }

    /// One continuation sector: the fields of the records that have a part in it.
    pub(super) fn render_continuation(
        &self,
        scene: &Scene<'_>,
        dir: &Dir,
        sector: u32,
        out: &mut [u8],
        buffers: &mut Buffers,
    ) {
        out.fill(0);
        let Some(&(mut pos)) = self.continuations.get((dir.continuation_at + sector) as usize) else {
            return;
        };
        let end = (sector + 1).saturating_mul(2048);
        while pos.continued < end
            && let Some(item) = self.item(scene, dir, &pos)
        {
            let shape = self.shape(scene, dir, &item, &pos, buffers);
            if shape.continued > pos.continued {
                for (n, chunk) in buffers.chunks.iter().enumerate() {
                    if chunk.at / 2048 != sector {
                        continue;
                    }
                    let from = (chunk.at % 2048) as usize;
                    let fields = buffers.fields.get(chunk.start..chunk.end).unwrap_or_default();
                    let end = from + fields.len();
                    if let Some(to) = out.get_mut(from..end) {
                        to.copy_from_slice(fields);
                    }
                    if let Some(next) = buffers.chunks.get(n + 1)
                        && let Some(to) = out.get_mut(end..end + susp::CE_LENGTH)
                    {
                        to.copy_from_slice(&continuation(scene, dir, next));
                    }
                }
            }
            Self::advance(&mut pos, &item, &shape);
        }
    }
}

fn continuation(scene: &Scene<'_>, dir: &Dir, chunk: &Chunk) -> [u8; susp::CE_LENGTH] {
    let sector = scene.base + dir.start + dir.records + chunk.at / 2048;
    susp::ce(sector, chunk.at % 2048, chunk.length)
}
