//! The smallest planner: areas one after the other, then the contents of the files. And trees to plan.
#![allow(dead_code)] // each test binary uses its part
#![allow(clippy::unwrap_used, clippy::panic)] // test code, though outside of test functions

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use glassmaster_disc::{BlockSource, SECTOR, SECTOR_U64};
use glassmaster_iso9660::{Cursor, DataMap, Layout, Options};
use glassmaster_tree::{Content, Kind, Meta, NodeId, Timestamp, Tree, Visit, Volume, WalkLimits, walk};

/// A planned volume with the addresses of its contents.
pub(crate) struct Image {
    pub(crate) layout: Layout,
    pub(crate) lba: Vec<u32>,
    pub(crate) blocks: u32,
}

impl Image {
    pub(crate) fn plan(tree: &Tree, options: Options) -> Self {
        let mut layout = Layout::new(tree, options).unwrap();
        let areas = layout.areas();
        let mut at = areas[0].lba.unwrap() + areas[0].blocks;
        for n in 1..layout.areas().len() {
            let blocks = layout.areas()[n].blocks;
            layout.place(n, at);
            at += blocks;
        }
        let mut lba = vec![0; tree.data_len()];
        for (id, data) in tree.contents().filter(|(id, d)| d.size > 0 && tree.extents(*id).is_none()) {
            lba[id.index()] = at;
            at += u32::try_from(data.size.div_ceil(SECTOR_U64)).unwrap();
        }
        layout.finish(at);
        Self { layout, lba, blocks: at }
    }

    pub(crate) fn area(&self, tree: &Tree, area: usize) -> Vec<u8> {
        let mut out = vec![0xEE; self.layout.areas()[area].blocks as usize * SECTOR];
        self.layout.render(tree, &DataMap { lba: &self.lba }, area, 0, &mut out, &mut Cursor::default());
        out
    }

    /// Everything but the contents of files.
    pub(crate) fn structures(&self, tree: &Tree) -> Vec<(u32, Vec<u8>)> {
        (0..self.layout.areas().len())
            .map(|n| (self.layout.areas()[n].lba.unwrap(), self.area(tree, n)))
            .collect()
    }

    pub(crate) fn bytes(&self, tree: &Tree) -> Vec<u8> {
        let mut image = vec![0; self.blocks as usize * SECTOR];
        for (lba, bytes) in self.structures(tree) {
            let at = lba as usize * SECTOR;
            image[at..at + bytes.len()].copy_from_slice(&bytes);
        }
        for (id, data) in tree.contents().filter(|(id, _)| tree.extents(*id).is_none()) {
            let at = self.lba[id.index()] as usize * SECTOR;
            let content = content(data.handle, data.size);
            image[at..at + content.len()].copy_from_slice(&content);
        }
        image
    }
}

/// Structures alone, for volumes whose files are too large to be held; contents read as zeros.
pub(crate) struct Sparse {
    pub(crate) runs: Vec<(u32, Vec<u8>)>,
    pub(crate) blocks: u64,
}

impl BlockSource for Sparse {
    fn block_count(&self) -> u64 {
        self.blocks
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        self.check_range(lba, buf.len())?;
        for (n, out) in (lba..).zip(buf.chunks_mut(SECTOR)) {
            out.fill(0);
            for (first, bytes) in &self.runs {
                if let Some(at) =
                    n.checked_sub(u64::from(*first)).map(|s| usize::try_from(s).unwrap() * SECTOR)
                    && let Some(sector) = bytes.get(at..at + SECTOR)
                {
                    out.copy_from_slice(sector);
                }
            }
        }
        Ok(())
    }
}

/// Numbers that are the same in every run (SplitMix64).
pub(crate) struct Seeded(pub u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).unwrap()
    }
}

/// Bytes of a content: a text that says which it is, over and over.
pub(crate) fn content(handle: u64, size: u64) -> Vec<u8> {
    format!("content {handle}\n")
        .into_bytes()
        .into_iter()
        .cycle()
        .take(usize::try_from(size).unwrap())
        .collect()
}

pub(crate) fn meta(mode: u16, secs: i64) -> Meta {
    Meta { mode, uid: 1000, gid: 100, modified: Timestamp::from_secs(secs), hidden: false }
}

/// A tree under construction.
pub(crate) struct Grower {
    pub(crate) tree: Tree,
    next: u64,
}

impl Grower {
    pub(crate) fn new() -> Self {
        Self { tree: Tree::new(meta(0o755, 1_600_000_000)), next: 0 }
    }

    pub(crate) fn dir(&mut self, parent: NodeId, name: impl AsRef<[u8]>) -> NodeId {
        self.tree.add_directory(parent, name.as_ref(), meta(0o750, 1_500_000_000)).unwrap()
    }

    pub(crate) fn file(&mut self, parent: NodeId, name: impl AsRef<[u8]>, size: u64) -> NodeId {
        self.next += 1;
        let data = self.tree.add_data(size, self.next).unwrap();
        let secs = 1_400_000_000 + i64::try_from(self.next).unwrap() * 86_399;
        self.tree.add_file(parent, name.as_ref(), meta(0o644, secs), data).unwrap()
    }

    pub(crate) fn link(
        &mut self,
        parent: NodeId,
        name: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
    ) -> NodeId {
        self.tree.add_symlink(parent, name.as_ref(), meta(0o777, 1_300_000_000), target.as_ref()).unwrap()
    }
}

/// Every kind of object, and names that are hard to record. Link targets stay short: see `long_links`.
pub(crate) fn odd_tree() -> Tree {
    let mut g = Grower::new();
    let root = g.tree.root();
    for name in ["empty1", "empty2"] {
        g.file(root, name, 0);
    }
    for name in [
        "Case.txt",
        "case.txt",
        "CASE.TXT",
        ".hidden",
        "trail.",
        "a.b.c.d",
        "sp ace",
        "-dash",
        "con.tent-x.y",
        "\u{4e2d}\u{6587}\u{6587}\u{4ef6}.txt",
        "\u{645}\u{631}\u{62d}\u{628}\u{627}.txt",
        "emoji \u{1f600}.md",
        "a_b_c_d_e_f",
        "dir",
    ] {
        g.file(root, name, 17);
    }
    g.file(root, b"bad\xff\xfename", 5);
    g.file(root, b"a*b?c:d;e\\f", 5);
    g.file(root, "A".repeat(250), 3000);
    g.file(root, "B".repeat(130), 2048);
    g.file(root, "\u{1f600}".repeat(62), 1);
    let many = g.dir(root, "many");
    for n in 0..300 {
        g.file(many, format!("a long name number {n:06} that begins as everybody's does.text"), n);
    }
    let big = g.dir(root, "big");
    for n in 0..5000u64 {
        g.file(big, format!("f{}", n * 7919 % 5000), n % 3);
    }
    let long = g.dir(root, "long");
    for n in 0..60 {
        g.file(long, format!("{n:03}{}", "x".repeat(190)), 1);
    }
    let mut deep = g.dir(root, "deep");
    for n in 0..40 {
        deep = g.dir(deep, format!("d{n}"));
        if n % 5 == 4 {
            g.file(deep, "beside", 9);
            g.dir(deep, "empty");
        }
    }
    g.file(deep, "bottom", 10);
    for (name, target) in
        [("abs", "/usr/lib/x"), ("rel", "../../x/./y"), ("root", "/"), ("plain", "empty1"), ("odd", "a//b/")]
    {
        g.link(root, name, target);
    }
    g.link(root, "long component", format!("{}/t", "s".repeat(255)));
    for (name, kind, device) in [
        ("fifo", Kind::Fifo, (0, 0)),
        ("socket", Kind::Socket, (0, 0)),
        ("tty", Kind::CharDevice, (4, 64)),
        ("disk", Kind::BlockDevice, (8, 1)),
    ] {
        g.tree.add_special(root, name.as_bytes(), kind, meta(0o600, 5), device).unwrap();
    }
    let shared = g.file(root, "hard1", 100);
    let data = g.tree.node(shared).data().unwrap();
    g.tree.add_file(many, b"hard2", meta(0o4755, 1_444_000_000), data).unwrap();
    let etc = g.dir(root, "conf.d");
    g.dir(root, "conf_d");
    g.dir(etc, "DIR");
    g.tree
}

/// A short form of what a volume or a tree shows, by path.
pub(crate) type Listing = BTreeMap<Vec<u8>, String>;

/// What a volume shows: kind, size, time, attributes, link, and a digest of the content.
pub(crate) fn listing(volume: &dyn Volume, source: &dyn BlockSource) -> Listing {
    let mut out = Listing::new();
    walk(volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
        match visit {
            Visit::Entry { dir, entry } => {
                let mut path = dir.to_vec();
                path.push(b'/');
                path.extend_from_slice(&entry.name);
                let mut line = format!("{:?} {:?}", entry.kind, entry.modified.map(|t| t.secs));
                if let Some(mode) = entry.mode {
                    line += &format!(" {mode:o} {:?} {:?}", entry.uid, entry.gid);
                }
                if let Some(target) = &entry.target {
                    line += &format!(" -> {}", String::from_utf8_lossy(target));
                }
                if entry.kind == Kind::File {
                    line += &format!(" {} {:?}", entry.size, digest(&entry.content, source));
                }
                assert!(out.insert(path, line).is_none(), "{:?} twice", String::from_utf8_lossy(&entry.name));
            }
            Visit::Damaged { dir, error } => panic!("{}: {error}", String::from_utf8_lossy(dir)),
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

fn digest(content: &Content, source: &dyn BlockSource) -> (u64, u64) {
    let Content::Extents(extents) = content else { panic!("{content:?}") };
    let mut all = Vec::new();
    for extent in extents {
        let mut bytes = vec![0; usize::try_from(extent.bytes.div_ceil(SECTOR_U64)).unwrap() * SECTOR];
        source.read_blocks(u64::from(extent.lba.unwrap()), &mut bytes).unwrap();
        bytes.truncate(usize::try_from(extent.bytes).unwrap());
        all.extend(bytes);
    }
    sum(&all)
}

/// Size and digest of a content as a listing ends with them.
pub(crate) fn described(bytes: &[u8]) -> String {
    format!(" {} {:?}", bytes.len(), sum(bytes))
}

fn sum(bytes: &[u8]) -> (u64, u64) {
    bytes.iter().fold((1, 0), |(a, b), v| ((a + u64::from(*v)) % 65521, (b + a) % 65521))
}

/// What a Rock Ridge volume of the tree must show.
pub(crate) fn expected(tree: &Tree) -> Listing {
    tree.nodes()
        .filter(|n| n.id() != tree.root())
        .map(|n| {
            let mut path = n.name().to_vec();
            let mut at = n.parent();
            while at != tree.root() {
                path.splice(..0, [tree.node(at).name(), b"/"].concat());
                at = tree.node(at).parent();
            }
            if n.parent() == tree.root() {
                path.insert(0, b'/');
            }
            let m = n.meta();
            let mut line = format!(
                "{:?} {:?} {:o} {:?} {:?}",
                n.kind(),
                Some(m.modified.secs),
                m.mode,
                Some(m.uid),
                Some(m.gid)
            );
            if let Some(target) = n.target() {
                line += &format!(" -> {}", String::from_utf8_lossy(target));
            }
            if let Some(data) = n.data() {
                let data = tree.data(data);
                line += &format!(" {} {:?}", data.size, sum(&content(data.handle, data.size)));
            }
            (path, line)
        })
        .collect()
}
