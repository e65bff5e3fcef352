//! What the reader gives back of volumes of our own.

#![allow(clippy::unwrap_used, clippy::panic)]

mod image;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use glassmaster_disc::{BlockSource, SECTOR};
use glassmaster_tree::{Content, Entry, Kind, Visit, Volume, WalkLimits, walk};
use glassmaster_udf::{Revision, UdfVolume, check, recognise};
use image::{Source, options, plan, recorded_paths};

fn all(volume: &dyn Volume) -> BTreeMap<String, Entry> {
    let mut out = BTreeMap::new();
    walk(volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
        match visit {
            Visit::Entry { dir, entry } => {
                let mut path = dir.to_vec();
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(&entry.name);
                out.insert(String::from_utf8(path).unwrap(), entry.clone());
            }
            Visit::Damaged { error, .. } => panic!("{error}"),
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

fn bytes_of(image: &[u8], content: &Content) -> Vec<u8> {
    match content {
        Content::Inline(bytes) => bytes.clone(),
        Content::Extents(extents) => extents
            .iter()
            .flat_map(|e| {
                let at = usize::try_from(e.lba.unwrap()).unwrap() * SECTOR;
                image[at..at + usize::try_from(e.bytes).unwrap()].to_vec()
            })
            .collect(),
    }
}

#[test]
fn everything_comes_back_in_every_revision() {
    let source = Source::varied();
    for revision in Revision::ALL {
        for embed in [None, Some(1872)] {
            let mut options = options(revision);
            options.embed_up_to = embed;
            options.third_anchor = embed.is_some();
            let planned = plan(&source, options);
            let image = planned.image(&source);
            assert!(recognise(&image));
            check(&image, &mut |finding| panic!("{finding}"));
            let volume = UdfVolume::open(&image).unwrap();
            assert_eq!(volume.file_system(), revision.name());
            assert_eq!(volume.label(), "Glass Ω master");
            let found = all(&volume);
            let expected = recorded_paths(&source, &planned.layout);
            assert!(found.keys().eq(expected.keys()));
            for (path, id) in expected {
                let (entry, node) = (&found[&path], source.tree.node(id));
                let meta = node.meta();
                assert_eq!(entry.kind, node.kind(), "{path}");
                assert_eq!(entry.mode, Some(meta.mode), "{path}");
                assert_eq!((entry.uid, entry.gid), (Some(meta.uid), Some(meta.gid)));
                assert_eq!(entry.modified, Some(meta.modified));
                assert_eq!(entry.target.as_deref(), node.target());
                if let Some(data) = node.data() {
                    assert_eq!(entry.size, node.size());
                    assert_eq!(entry.links, Some(node.links()));
                    assert!(bytes_of(&image, &entry.content) == source.contents[data.index()], "{path}");
                    let inline = matches!(entry.content, Content::Inline(_));
                    assert_eq!(inline, embed.is_some() && (1..=1872).contains(&entry.size), "{path}");
                }
                if entry.kind == Kind::Directory {
                    let subdirectories = node.children().filter(|c| c.is_dir()).count();
                    assert_eq!(entry.links, Some(1 + u32::try_from(subdirectories).unwrap()), "{path}");
                }
            }
            assert_eq!(found["hello.txt"].id, found["sub/link to hello"].id);
        }
    }
}

#[test]
fn names_that_change_are_listed_before_anything_is_written() {
    let source = Source::varied();
    let planned = plan(&source, options(Revision::V102));
    let changed: Vec<_> =
        planned.layout.changes().iter().map(|c| source.tree.node(c.node).name().to_vec()).collect();
    assert_eq!(changed, [vec![b'n'; 255], b"not\xFFutf8.txt".to_vec()]);
    assert!(planned.layout.changes().iter().all(|c| c.file_system == "UDF 1.02"));
}

#[test]
fn the_reserve_sequence_and_the_last_anchor_serve() {
    let source = Source::varied();
    let planned = plan(&source, options(Revision::V150));
    let mut image = planned.image(&source);
    image[256 * SECTOR..273 * SECTOR].fill(0xFF);
    assert_eq!(UdfVolume::open(&image).unwrap().label(), "Glass Ω master");
    let last = image.len() - SECTOR;
    image[last..].fill(0);
    let error = UdfVolume::open(&image).err().unwrap();
    assert_eq!((error.structure, error.lba), ("anchor volume descriptor pointer", 256));
}

/// A disc whose only content is what one asks for: one huge file, its blocks never looked at.
struct Sparse {
    blocks: u64,
    sectors: BTreeMap<u64, Vec<u8>>,
}

impl BlockSource for Sparse {
    fn block_count(&self) -> u64 {
        self.blocks
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        self.check_range(lba, buf.len())?;
        for (sector, lba) in buf.chunks_exact_mut(SECTOR).zip(lba..) {
            match self.sectors.get(&lba) {
                Some(bytes) => sector.copy_from_slice(bytes),
                None => sector.fill(0),
            }
        }
        Ok(())
    }
}

/// 700 GiB need three blocks of allocation descriptors; the reader joins them to one extent again.
#[test]
fn files_of_many_extents() {
    use glassmaster_disc::Extent;
    use glassmaster_udf::{Cursor, DataMap, Layout, area};
    let mut source = Source::new();
    let root = source.tree.root();
    for (name, size) in [("5g", 5u64 << 30), ("234", 234 * 0x3FFF_F800), ("700g", (700u64 << 30) + 5)] {
        let data = source.tree.add_data(size, 0).unwrap();
        source.tree.add_file(root, name.as_bytes(), image::meta(0o644, 0), data).unwrap();
    }
    let mut layout = Layout::new(&source.tree, options(Revision::V201)).unwrap();
    let metadata = layout.areas()[area::METADATA].blocks;
    let mut next = 288 + metadata;
    let lba: Vec<u32> = source
        .tree
        .contents()
        .map(|(_, data)| {
            let at = next;
            next += u32::try_from(data.size.div_ceil(2048)).unwrap();
            at
        })
        .collect();
    for (number, at) in [
        (area::RECOGNITION, 16),
        (area::MAIN_SEQUENCE, 257),
        (area::INTEGRITY, 273),
        (area::METADATA, 288),
        (area::RESERVE_SEQUENCE, next),
        (area::LAST_ANCHOR, next + 16),
    ] {
        layout.place(number, at);
    }
    layout.finish(288, next - 288, next + 17).unwrap();
    let mut sectors = BTreeMap::new();
    for (number, area) in layout.areas().iter().enumerate() {
        for block in 0..area.blocks {
            let mut out = vec![0; SECTOR];
            let data = DataMap { lba: &lba, read: None };
            layout.render(&source.tree, &data, number, block, &mut out, &mut Cursor::default()).unwrap();
            sectors.insert(u64::from(area.lba.unwrap() + block), out);
        }
    }
    let volume = UdfVolume::open(Sparse { blocks: u64::from(next) + 17, sectors }).unwrap();
    let found = all(&volume);
    for ((name, size), lba) in
        [("5g", 5u64 << 30), ("234", 234 * 0x3FFF_F800), ("700g", (700u64 << 30) + 5)].into_iter().zip(lba)
    {
        assert_eq!(found[name].size, size);
        assert_eq!(
            found[name].content,
            Content::Extents(vec![Extent { lba: Some(lba), bytes: size }]),
            "{name}"
        );
    }
}
