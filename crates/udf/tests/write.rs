//! Every form of volume is in order for the verifier, and what the source says comes back through the reader.

#![allow(clippy::unwrap_used, clippy::panic)]

mod image;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use glassmaster_disc::{Extent, SECTOR};
use glassmaster_tree::{Content, Entry, NodeId, Times, Timestamp, Tree, Visit, Volume, WalkLimits, walk};
use glassmaster_udf::{
    AccessType, Layout, LayoutError, Options, Revision, UdfVolume, area, check, check_session, limits,
    violations,
};
use image::{Source, meta, options, pattern, plan, plan_session, recorded_paths};

fn forms() -> Vec<Options> {
    let mut out = Vec::new();
    for revision in Revision::ALL {
        for (embed, mirror, access, vat) in [
            (None, true, AccessType::READ_ONLY, false),
            (Some(1872), false, AccessType::READ_ONLY, false),
            (None, true, AccessType::OVERWRITABLE, false),
            (Some(100), true, AccessType::WRITE_ONCE, revision > Revision::V102),
        ] {
            out.push(Options { embed_up_to: embed, mirror, access, vat, ..options(revision) });
        }
    }
    out
}

fn bytes(image: &[u8], content: &Content) -> Vec<u8> {
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

fn entries(volume: &dyn Volume) -> BTreeMap<String, Entry> {
    let mut out = BTreeMap::new();
    walk(volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
        let Visit::Entry { dir, entry } = visit else { panic!("damaged") };
        let slash = if dir.is_empty() { "" } else { "/" };
        let name = String::from_utf8_lossy(&entry.name);
        out.insert(format!("{}{slash}{name}", String::from_utf8_lossy(dir)), entry.clone());
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

#[test]
fn the_verifier_finds_nothing_and_the_reader_everything() {
    let source = Source::with_everything(900);
    for options in forms() {
        let what = format!("{options:?}");
        let (revision, vat) = (options.revision, options.vat);
        let planned = plan(&source, options);
        let image = planned.image(&source);
        check(&image, &mut |finding| {
            // A disc that is not closed has one.
            assert!(vat && finding.clause == "UDF 2.2.3", "{what}: {finding}");
        });
        let volume = UdfVolume::open(&image).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(volume.file_system(), revision.name());
        let found = entries(&volume);
        let paths = recorded_paths(&source, &planned.layout);
        assert!(found.keys().eq(paths.keys()), "{what}");
        let third = revision.has_streams();
        for (path, id) in paths {
            // Names of one file share its file entry.
            let first = source.tree.node(id).data().map_or(id, |data| source.tree.data(data).first);
            let (entry, node) = (&found[&path], source.tree.node(first));
            assert_eq!(entry.accessed, Some(node.accessed()), "{path}");
            assert_eq!(entry.modified, Some(node.modified()), "{path}");
            let born = node.created().filter(|_| third);
            let extended = born.is_some() || entry.has_streams;
            assert_eq!(entry.created, extended.then(|| born.unwrap_or(node.modified())), "{path}");
            assert_eq!(entry.real_time, node.real_time() && revision.has_real_time_files(), "{path}");
            assert_eq!(entry.has_streams, third && node.streams().next().is_some(), "{path}");
            if let Some(data) = node.data() {
                assert!(bytes(&image, &entry.content) == source.contents[data.index()], "{what} {path}");
            }
        }
        let streams = volume.streams(&found["with streams"]).unwrap();
        let file = source.tree.child(source.tree.root(), b"with streams").unwrap();
        let wanted: Vec<_> = source.tree.node(file).streams().filter(|_| third).collect();
        assert_eq!(streams.len(), wanted.len());
        for (stream, wanted) in streams.iter().zip(wanted) {
            let translated = wanted.name.starts_with(b"*UDF");
            assert_eq!(stream.name == wanted.name, !translated);
            assert!(bytes(&image, &stream.content) == source.contents[wanted.data.index()]);
        }
        let changes = planned.layout.changes().iter().filter(|c| c.node == file);
        let changes: Vec<_> = changes.map(|c| (c.recorded.clone(), c.reason)).collect();
        match third {
            true => {
                assert_eq!(changes.len(), 1, "{changes:?}");
                assert!(changes[0].0.as_ref().unwrap().starts_with(" reserved#"), "{changes:?}");
            }
            false => {
                assert!(planned.layout.changes().iter().any(|c| c.recorded.is_none()));
                assert_eq!(changes[0].0, None);
                assert!(changes[0].1.contains("UDF 2.00"));
            }
        }
        assert_eq!(planned.layout.records_streams(), third);
    }
}

/// UDF 2.50 2.2.13: what is damaged in one of the files is read from the other, descriptors of directories and stream
/// directories as well as file entries.
#[test]
fn the_mirror_file_stands_in_for_every_damaged_block() {
    let source = Source::with_everything(900);
    let planned = plan(&source, options(Revision::V250));
    let whole = planned.image(&source);
    let sound = UdfVolume::open(&whole).unwrap();
    let wanted = entries(&sound);
    let area_of = |area: usize| {
        let area = &planned.layout.areas()[area];
        (area.lba.unwrap() as usize + 32, area.blocks as usize - 32)
    };
    let ((main, blocks), (mirror, copied)) = (area_of(area::METADATA), area_of(area::METADATA_MIRROR));
    assert_eq!(blocks, copied);
    let shown = |entry: &Entry| (entry.kind, entry.size, entry.modified, entry.has_streams);
    for damage in [0, 1, 2] {
        let mut image = whole.clone();
        for block in 0..blocks {
            // All of the main file, then what the mirror lacks in the main file alone.
            let at = if damage == 0 || block % 2 == damage - 1 { main } else { mirror };
            for byte in &mut image[(at + block) * SECTOR..][..SECTOR] {
                *byte ^= 0x5A;
            }
        }
        let volume = UdfVolume::open(&image).unwrap_or_else(|error| panic!("{damage}: {error}"));
        let found = entries(&volume);
        assert!(found.keys().eq(wanted.keys()), "{damage}");
        assert!(found.values().map(shown).eq(wanted.values().map(shown)), "{damage}");
        let streams = |volume: &dyn Volume, entries: &BTreeMap<String, Entry>| -> Vec<_> {
            let streams = volume.streams(&entries["with streams"]).unwrap();
            streams.into_iter().map(|s| (s.name, s.size)).collect()
        };
        assert_eq!(streams(&volume, &found), streams(&sound, &wanted));
    }

    // One bit of one directory: the verifier names the descriptor and goes on with the mirror's.
    let root = wanted.values().find(|e| e.kind == glassmaster_tree::Kind::Directory).unwrap();
    let Content::Extents(extents) = &root.content else { panic!("no sectors") };
    let sector = extents[0].lba.unwrap();
    let mut image = whole.clone();
    image[sector as usize * SECTOR + 18] ^= 1;
    let mut findings = Vec::new();
    check(&image, &mut |finding| findings.push(finding));
    let clauses: Vec<_> = findings.iter().map(|f| (f.clause, f.lba == u64::from(sector))).collect();
    assert_eq!(clauses, [("UDF 2.50 2.2.13.1", false), ("UDF 2.50 2.2.13", true)], "{findings:?}");
}

#[test]
fn a_later_session_goes_on_where_the_first_ended() {
    for revision in [Revision::V102, Revision::V201, Revision::V250] {
        let mut first = Source::new();
        let root = first.tree.root();
        first.file(root, b"kept", pattern(9000));
        first.file(root, b"removed", pattern(9000));
        let planned = plan(&first, options(revision));
        let image = planned.image(&first);
        let next = planned.layout.next_unique_id();
        assert_eq!(next, 18);

        let mut second = Source::new();
        let root = second.tree.root();
        let kept = Extent { lba: Some(planned.lba[0]), bytes: 9000 };
        second.old(root, b"kept", 9000, &[kept]);
        second.contents[0] = pattern(9000);
        second.file(root, b"new", pattern(5000));
        let session_start = planned.blocks.next_multiple_of(32);
        let options = Options {
            session_start,
            next_unique_id: Some(next),
            volume_set: Some("0123456789abcdef set".to_owned()),
            embed_up_to: Some(1800),
            ..options(revision)
        };
        let later = plan_session(&second, options, Some(planned.partition));
        assert_eq!(later.layout.areas()[area::ANCHOR].lba, Some(session_start + 256));
        assert_eq!(later.layout.next_unique_id(), 20);
        let disc = later.append(&second, image.clone());
        assert!(disc[..image.len()] == image, "the first session is not touched");
        let volume = UdfVolume::open_session(&disc, session_start).unwrap();
        let found = entries(&volume);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["kept", "new"]);
        assert!(bytes(&disc, &found["kept"].content) == pattern(9000));
        assert!(bytes(&disc, &found["new"].content) == pattern(5000));
        check_session(&disc, Some(session_start), &|| true, &mut |finding| panic!("{revision}: {finding}"));
        let lba = usize::try_from(later.layout.areas()[area::MAIN_SEQUENCE].lba.unwrap()).unwrap();
        assert_eq!(disc[lba * SECTOR + 72..][..22], *b"\x080123456789abcdef set\0");
    }
}

#[test]
fn addresses_that_cannot_be_are_refused() {
    let mut source = Source::new();
    source.file(source.tree.root(), b"file", pattern(5000));
    let placed = |metadata: u32, mirror: u32| {
        let mut layout = Layout::new(&source.tree, options(Revision::V250)).unwrap();
        layout.place(area::RECOGNITION, 16);
        for (number, lba) in [
            (area::MAIN_SEQUENCE, 257),
            (area::INTEGRITY, 273),
            (area::METADATA, metadata),
            (area::METADATA_MIRROR, mirror),
            (area::RESERVE_SEQUENCE, 500),
            (area::LAST_ANCHOR, 599),
        ] {
            layout.place(number, lba);
        }
        layout.finish(288, 192, 600)
    };
    assert_eq!(placed(288, 288 + 96), Ok(()));
    for (metadata, mirror, why) in
        [(289, 384, "multiple of 32"), (288, 385, "multiple of 32"), (288, 448, "inside the partition")]
    {
        let error = placed(metadata, mirror).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let vat = Options { vat: true, ..options(Revision::V102) };
    assert_eq!(Layout::new(&source.tree, vat).err(), Some(LayoutError::NoVirtualPartition));
    // An old content outside the partition is found out when its file entry is rendered.
    let mut source = Source::new();
    let root = source.tree.root();
    source.old(root, b"old", 10, &[Extent { lba: Some(3), bytes: 10 }]);
    let planned = plan(&source, options(Revision::V201));
    let map = glassmaster_udf::DataMap { lba: &planned.lba, read: None };
    let mut out = [0; SECTOR];
    let mut render = |block| {
        planned.layout.render(&source.tree, &map, area::METADATA, block, &mut out, &mut Default::default())
    };
    assert!(render(2).is_ok());
    assert!(render(4).unwrap_err().to_string().contains("'/old' from an earlier session"));
}

fn child(tree: &mut Tree, parent: NodeId, name: &[u8]) -> NodeId {
    tree.add_directory(parent, name, meta(0o755, 0)).unwrap()
}

#[test]
fn everything_that_is_too_much_is_listed_at_once() {
    let mut tree = Tree::new(meta(0o755, 0));
    let root = tree.root();
    let mut deep = root;
    for _ in 0..4 {
        deep = child(&mut tree, deep, &[b'd'; 254]);
    }
    let mut source = Source { tree, contents: Vec::new() };
    source.file(deep, b"two", Vec::new());
    source.file(deep, b"xyz", Vec::new());
    let mut tree = source.tree;
    let wide = child(&mut tree, root, b"wide");
    for n in 0..=limits::MAX_SUBDIRECTORIES {
        child(&mut tree, wide, n.to_string().as_bytes());
    }
    let data = tree.add_data(1, 0).unwrap();
    let links = child(&mut tree, root, b"links");
    for n in 0..limits::MAX_LINKS {
        tree.add_file(links, n.to_string().as_bytes(), meta(0o644, 0), data).unwrap();
    }
    let broken = [Extent { lba: Some(9), bytes: 100 }, Extent { lba: Some(10), bytes: 100 }];
    let old = tree.add_old_data(200, &broken).unwrap();
    let short = tree.add_old_data(200, &broken[..1]).unwrap();
    tree.add_file(root, b"broken", meta(0o644, 0), old).unwrap();
    tree.add_file(root, b"short", meta(0o644, 0), short).unwrap();
    let mut options = options(Revision::V201);
    options.volume_name = "/".repeat(200);
    let paths = |found: &[LayoutError]| {
        let name = |e: &LayoutError| match e {
            LayoutError::VolumeName(_) => "volume name".to_owned(),
            LayoutError::Path { path, bytes } => format!("{} {bytes}", &path[path.len() - 3..]),
            LayoutError::Subdirectories(path) | LayoutError::Links(path) => path.clone(),
            LayoutError::OldContent { path, .. } => path.clone(),
            other => panic!("{other}"),
        };
        found.iter().map(name).collect::<Vec<_>>()
    };
    let found = violations(&tree, &options);
    assert_eq!(paths(&found), ["volume name", "two 1024", "xyz 1024", "/wide", "/broken", "/short"]);
    // With a stream the file has a link too many.
    let stream = tree.add_data(1, 0).unwrap();
    let file = tree.child(links, b"0").unwrap();
    tree.add_stream(file, b"s", stream).unwrap();
    assert_eq!(paths(&violations(&tree, &options))[4], "/links/0");
    options.revision = Revision::V150;
    assert_eq!(paths(&violations(&tree, &options))[4], "/broken");
}

#[test]
fn times_of_directories_make_extended_entries_with_all_their_descriptors() {
    let mut source = Source::new();
    let root = source.tree.root();
    let dir = source.dir(root, "dir");
    for n in 0..500 {
        source.file(dir, format!("{n} {}", "n".repeat(200)).as_bytes(), pattern(n % 7));
    }
    let times = Times { accessed: Timestamp::from_secs(5), created: Timestamp::from_secs(6) };
    for id in [root, dir] {
        source.tree.set_times(id, times).unwrap();
    }
    for revision in [Revision::V201, Revision::V260] {
        let image = plan(&source, options(revision)).image(&source);
        check(&image, &mut |finding| panic!("{finding}"));
        let found = entries(&UdfVolume::open(&image).unwrap());
        assert_eq!(found.len(), 501);
        assert_eq!(
            (found["dir"].accessed, found["dir"].created),
            (Some(times.accessed), Some(times.created))
        );
    }
}
