//! A planner for tests: areas one behind the other, then the file data.
#![allow(dead_code)] // each test binary uses its part
#![allow(clippy::unwrap_used, clippy::cast_possible_wrap, clippy::cast_possible_truncation)]

use std::collections::BTreeMap;
use std::ops::Range;

use glassmaster_disc::{Extent, SECTOR, sectors_for};
use glassmaster_tree::{Kind, Meta, NodeId, Times, Timestamp, Tree};
use glassmaster_udf::{Cursor, DataMap, Layout, Options, Revision, area};

/// A tree whose contents are in memory.
pub(crate) struct Source {
    pub(crate) tree: Tree,
    pub(crate) contents: Vec<Vec<u8>>,
}

pub(crate) fn meta(mode: u16, secs: i64) -> Meta {
    Meta { mode, uid: 1000, gid: 100, modified: Timestamp { secs, nanos: 123_456_000 }, hidden: false }
}

impl Source {
    pub(crate) fn new() -> Self {
        Self { tree: Tree::new(meta(0o755, 1_600_000_000)), contents: Vec::new() }
    }

    pub(crate) fn dir(&mut self, parent: NodeId, name: &str) -> NodeId {
        self.tree.add_directory(parent, name.as_bytes(), meta(0o750, 1_500_000_000)).unwrap()
    }

    pub(crate) fn file(&mut self, parent: NodeId, name: &[u8], bytes: Vec<u8>) -> NodeId {
        let size = bytes.len() as u64;
        let data = self.tree.add_data(size, self.contents.len() as u64).unwrap();
        self.contents.push(bytes);
        self.tree.add_file(parent, name, meta(0o644, 1_400_000_000 + size as i64), data).unwrap()
    }

    /// Adds a named stream to a file.
    pub(crate) fn stream(&mut self, file: NodeId, name: &[u8], bytes: Vec<u8>) {
        let data = self.tree.add_data(bytes.len() as u64, self.contents.len() as u64).unwrap();
        self.contents.push(bytes);
        self.tree.add_stream(file, name, data).unwrap();
    }

    /// Adds a file whose content an earlier session recorded.
    pub(crate) fn old(&mut self, parent: NodeId, name: &[u8], size: u64, extents: &[Extent]) -> NodeId {
        let data = self.tree.add_old_data(size, extents).unwrap();
        self.contents.push(Vec::new());
        self.tree.add_file(parent, name, meta(0o644, 1_400_000_000), data).unwrap()
    }

    /// [`Source::varied_of`] with named streams, a real-time file and objects that have a creation time.
    pub(crate) fn with_everything(files: usize) -> Self {
        let mut s = Self::varied_of(files);
        let root = s.tree.root();
        let file = s.file(root, b"with streams", pattern(3000));
        s.stream(file, b"icon", pattern(70_000));
        s.stream(file, b"*UDF reserved", pattern(9));
        s.stream(file, "中文".as_bytes(), pattern(1500));
        for n in 0..100 {
            s.stream(file, format!("stream number {n}").as_bytes(), pattern(n));
        }
        let film = s.file(root, b"film", pattern(9000));
        s.tree.set_real_time(film, true);
        let born = Timestamp::from_secs(1_234_567_890);
        for id in s.tree.nodes().map(|n| n.id()).step_by(3).collect::<Vec<_>>() {
            let times = Times { accessed: born, created: born };
            s.tree.set_times(id, times).unwrap();
        }
        s
    }

    /// A bit of everything that a file system has to hold.
    pub(crate) fn varied() -> Self {
        Self::varied_of(10_000)
    }

    /// [`Source::varied`] with that many files in its largest directory.
    pub(crate) fn varied_of(files: usize) -> Self {
        let mut s = Self::new();
        let root = s.tree.root();
        s.file(root, b"empty", Vec::new());
        let hello = s.file(root, b"hello.txt", b"hello, world\n".to_vec());
        s.file(root, b"big.bin", pattern(100_001));
        s.file(root, "中文 عربي 😀.txt".as_bytes(), pattern(2048));
        s.file(root, "Ünïcödé".as_bytes(), pattern(2049));
        s.file(root, "case".as_bytes(), b"lower".to_vec());
        s.file(root, "CASE".as_bytes(), b"upper".to_vec());
        s.file(root, &[b'n'; 254], b"254".to_vec());
        s.file(root, &[b'n'; 255], b"255".to_vec());
        s.file(root, b"not\xFFutf8.txt", b"raw".to_vec());
        let data = s.tree.node(hello).data().unwrap();
        let sub = s.dir(root, "sub");
        s.tree.add_file(sub, b"link to hello", meta(0o644, 1_400_000_013), data).unwrap();
        s.tree.add_symlink(sub, b"up", meta(0o777, 1_300_000_000), b"../hello.txt").unwrap();
        s.tree.add_symlink(sub, b"absolute", meta(0o777, 1_300_000_000), b"/usr/./share").unwrap();
        // 1960 bytes recorded: more than a file entry holds, less than the block that Linux reads.
        let long = vec!["directory"; 140].join("/");
        s.tree.add_symlink(sub, b"long", meta(0o777, 1_300_000_000), long.as_bytes()).unwrap();
        s.tree.add_special(sub, b"pipe", Kind::Fifo, meta(0o600, 1), (0, 0)).unwrap();
        s.tree.add_special(sub, b"socket", Kind::Socket, meta(0o600, 1), (0, 0)).unwrap();
        s.tree.add_special(sub, b"null", Kind::CharDevice, meta(0o666, 1), (1, 3)).unwrap();
        s.tree.add_special(sub, b"disk", Kind::BlockDevice, meta(0o4660, 1), (8, 0)).unwrap();
        let mut deep = sub;
        for level in 0..70 {
            deep = s.dir(deep, &format!("level {level}"));
        }
        s.file(deep, b"bottom", b"deep".to_vec());
        let many = s.dir(root, "many");
        for n in 0..files {
            s.file(many, format!("file number {n} {}", "x".repeat(n % 37)).as_bytes(), pattern(n % 3));
        }
        s.dir(root, "no files");
        s
    }
}

pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 7 + n / 251 + len) as u8).collect()
}

pub(crate) struct Planned {
    pub(crate) layout: Layout,
    pub(crate) lba: Vec<u32>,
    /// First sector of the session.
    pub(crate) session: u32,
    /// First sector of the partition.
    pub(crate) partition: u32,
    /// Sector behind the volume.
    pub(crate) blocks: u32,
}

pub(crate) fn options(revision: Revision) -> Options {
    Options::new(revision, "Glass Ω master", Timestamp::from_secs(1_700_000_000))
}

/// Gives every area and every content its address.
pub(crate) fn plan(source: &Source, options: Options) -> Planned {
    plan_session(source, options, None)
}

/// [`plan`], for a session that keeps the partition start of the first one.
pub(crate) fn plan_session(source: &Source, options: Options, partition: Option<u32>) -> Planned {
    let third = options.third_anchor && !options.vat;
    let session = options.session_start;
    let mut layout = Layout::new(&source.tree, options).unwrap();
    layout.place(area::RECOGNITION, session + 16);
    let mut next = session + 257;
    let put = |layout: &mut Layout, number: usize, next: &mut u32| {
        layout.place(number, *next);
        *next += layout.areas()[number].blocks;
    };
    put(&mut layout, area::MAIN_SEQUENCE, &mut next);
    put(&mut layout, area::INTEGRITY, &mut next);
    let vat = layout.areas()[area::VAT].blocks;
    if vat > 0 {
        next = next.next_multiple_of(32);
        put(&mut layout, area::RESERVE_SEQUENCE, &mut next);
    }
    next = next.next_multiple_of(32);
    let start = partition.unwrap_or(next);
    next = start + (next - start).next_multiple_of(layout.alignment(area::METADATA));
    put(&mut layout, area::METADATA, &mut next);
    let lba = source
        .tree
        .contents()
        .map(|(id, data)| {
            let lost = source.tree.is_stream(id) && !layout.records_streams();
            let old = source.tree.extents(id).is_some();
            if data.size == 0 || lost || old || layout.embedded(data) {
                return 0;
            }
            let lba = next;
            next += u32::try_from(sectors_for(data.size)).unwrap();
            lba
        })
        .collect();
    if layout.areas()[area::METADATA_MIRROR].blocks > 0 {
        next = start + (next - start).next_multiple_of(layout.alignment(area::METADATA_MIRROR));
        put(&mut layout, area::METADATA_MIRROR, &mut next);
    }
    if vat > 0 {
        put(&mut layout, area::VAT, &mut next);
        layout.finish(start, next - start, next).unwrap();
        return Planned { layout, lba, session, partition: start, blocks: next };
    }
    let partition_blocks = next - start;
    layout.place(area::RESERVE_SEQUENCE, next);
    next = next + 16 + 257;
    let last = next - 1;
    if third {
        layout.place(area::THIRD_ANCHOR, last - 256);
    }
    layout.place(area::LAST_ANCHOR, last);
    layout.finish(start, partition_blocks, next).unwrap();
    Planned { layout, lba, session, partition: start, blocks: next }
}

impl Planned {
    pub(crate) fn area_range(&self, number: usize) -> Range<usize> {
        let area = &self.layout.areas()[number];
        let start = area.lba.unwrap_or(0) as usize * SECTOR;
        start..start + area.blocks as usize * SECTOR
    }

    /// Renders part of an area.
    pub(crate) fn render(
        &self,
        source: &Source,
        number: usize,
        first: u32,
        out: &mut [u8],
        cursor: &mut Cursor,
    ) {
        let read = |id: glassmaster_tree::DataId, out: &mut [u8]| {
            out.copy_from_slice(&source.contents[id.index()]);
            Ok(())
        };
        let data = DataMap { lba: &self.lba, read: Some(&read) };
        self.layout.render(&source.tree, &data, number, first, out, cursor).unwrap();
    }

    /// The whole image; of a later session the disc before it is empty.
    pub(crate) fn image(&self, source: &Source) -> Vec<u8> {
        self.append(source, Vec::new())
    }

    /// The disc that `image` becomes with this session.
    pub(crate) fn append(&self, source: &Source, mut image: Vec<u8>) -> Vec<u8> {
        assert!(image.len() <= self.session as usize * SECTOR);
        image.resize(self.blocks as usize * SECTOR, 0);
        let mut cursor = Cursor::default();
        for number in 0..area::COUNT {
            let range = self.area_range(number);
            self.render(source, number, 0, &mut image[range], &mut cursor);
        }
        for (content, lba) in source.contents.iter().zip(&self.lba) {
            if *lba != 0 {
                let at = *lba as usize * SECTOR;
                image[at..at + content.len()].copy_from_slice(content);
            }
        }
        image
    }
}

/// Every path of the tree below the root as it is recorded, with its object.
pub(crate) fn recorded_paths(source: &Source, layout: &Layout) -> BTreeMap<String, NodeId> {
    let name = |id| match layout.translated(id) {
        Some(name) => name.to_owned(),
        None => String::from_utf8(source.tree.node(id).name().to_vec()).unwrap(),
    };
    let mut paths: Vec<String> = Vec::new();
    let mut out = BTreeMap::new();
    for node in source.tree.nodes() {
        let path = if node.parent() == node.id() {
            String::new()
        } else {
            let parent = &paths[node.parent().index()];
            let slash = if parent.is_empty() { "" } else { "/" };
            format!("{parent}{slash}{}", name(node.id()))
        };
        if !path.is_empty() {
            out.insert(path.clone(), node.id());
        }
        paths.push(path);
    }
    out
}

/// CRC and checksum of ECMA-167 3/7.2, bit by bit.
pub(crate) fn reseal(descriptor: &mut [u8]) {
    let length = usize::from(u16::from_le_bytes([descriptor[10], descriptor[11]]));
    let Some(body) = descriptor.get(16..16 + length) else { return };
    let mut crc = 0u16;
    for byte in body {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
        }
    }
    descriptor[8..10].copy_from_slice(&crc.to_le_bytes());
    descriptor[4] = 0;
    descriptor[4] = descriptor[..16].iter().fold(0, |sum, b| sum.wrapping_add(*b));
}

/// A volume of `fixtures`, whose form its README tells.
pub(crate) fn unpack(packed: &[u8]) -> Vec<u8> {
    let word =
        |at: usize| usize::try_from(u32::from_le_bytes(packed[at..at + 4].try_into().unwrap())).unwrap();
    let mut image = vec![0; word(0) * SECTOR];
    let mut at = 4;
    while at < packed.len() {
        let sector = word(at) * SECTOR;
        let length = usize::from(u16::from_le_bytes([packed[at + 4], packed[at + 5]]));
        image[sector..sector + length].copy_from_slice(&packed[at + 6..at + 6 + length]);
        at += 6 + length;
    }
    image
}
