//! Sessions behind one another, with contents of the earlier one; times and devices; discs that boot.

#![allow(clippy::unwrap_used, clippy::panic)] // test code, though outside of test functions

mod image;

use glassmaster_disc::{BlockSource, Extent, SECTOR};
use glassmaster_iso9660::el_torito::{BootCatalog, BootEntry, BootError, BootSettings, Emulation, Platform};
use glassmaster_iso9660::{
    BOOT_CATALOG, IsoVolume, Joliet, Layout, LayoutError, Level, Namespace, Options, PATH_TABLES, RockRidge,
    boot_catalog, check, facts,
};
use glassmaster_tree::{Content, Entry, Kind, Times, Timestamp, Tree, Visit, Volume, WalkLimits, walk};
use image::{Grower, Image, content, listing, meta};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

fn options() -> Options {
    Options { created: Timestamp::from_secs(1_700_000_000), ..Options::default() }
}

fn entries(volume: &dyn Volume) -> BTreeMap<String, Entry> {
    let mut out = BTreeMap::new();
    walk(volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
        if let Visit::Entry { dir, entry } = visit {
            let path = format!("{}/{}", String::from_utf8_lossy(dir), String::from_utf8_lossy(&entry.name));
            out.insert(path, entry.clone());
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

fn extents(entry: &Entry) -> Vec<Extent> {
    match &entry.content {
        Content::Extents(list) => list.clone(),
        Content::Inline(_) => Vec::new(),
    }
}

fn findings(source: &dyn BlockSource, session: u32) -> Vec<String> {
    let mut out = Vec::new();
    check(source, session, &mut |f| out.push(f.to_string()));
    out
}

/// The second session shows what is new beside what it takes over from the first, by address.
#[test]
fn a_session_refers_to_the_one_before() {
    let mut first = Grower::new();
    let root = first.tree.root();
    let dir = first.dir(root, "docs");
    for (parent, name, size) in [(root, "keep.txt", 5000), (dir, "in.txt", 1), (root, "gone.txt", 9)] {
        first.file(parent, name, size);
    }
    first.file(root, "empty", 0);
    let plan = Image::plan(&first.tree, options());
    let mut disc = plan.bytes(&first.tree);
    let old = entries(&IsoVolume::open(&disc, None).unwrap());

    let start = plan.blocks + 150;
    let mut second = Grower::new();
    let root = second.tree.root();
    let dir = second.dir(root, "docs");
    for (parent, name, path) in
        [(root, "keep.txt", "/keep.txt"), (dir, "in.txt", "docs/in.txt"), (root, "empty", "/empty")]
    {
        let entry = &old[path];
        let data = second.tree.add_old_data(entry.size, &extents(entry)).unwrap();
        second.tree.add_file(parent, name.as_bytes(), meta(0o600, 77), data).unwrap();
    }
    second.file(root, "new.txt", 4097);
    let plan = Image::plan(&second.tree, Options { session_start: start, ..options() });
    disc.resize(plan.blocks as usize * SECTOR, 0);
    let bytes = plan.bytes(&second.tree);
    let at = start as usize * SECTOR;
    disc[at..].copy_from_slice(&bytes[at..]);
    assert!(bytes[..at].iter().all(|b| *b == 0), "nothing stands before the session");

    for namespace in [Namespace::RockRidge, Namespace::Joliet, Namespace::Plain] {
        let volume = IsoVolume::open_session(&disc, start, Some(namespace)).unwrap();
        assert_eq!(listing(&volume, &disc).len(), 5);
    }
    let found = entries(&IsoVolume::open_session(&disc, start, None).unwrap());
    assert_eq!(
        found.keys().map(String::as_str).collect::<Vec<_>>(),
        ["/docs", "/empty", "/keep.txt", "/new.txt", "docs/in.txt"]
    );
    for path in ["/keep.txt", "docs/in.txt", "/empty"] {
        assert_eq!(
            (found[path].size, extents(&found[path])),
            (old[path].size, extents(&old[path])),
            "{path}"
        );
    }
    assert!(extents(&found["/new.txt"])[0].lba.unwrap() > start + 16);
    assert_eq!(findings(&disc, start), Vec::<String>::new());
}

/// Level 3 describes a content of several extents, and readers put it together; lower levels refuse it by name.
#[test]
fn contents_in_pieces() {
    let mut g = Grower::new();
    let root = g.tree.root();
    let pieces = [
        Extent { lba: Some(2), bytes: 2048 },
        Extent { lba: Some(9), bytes: 4096 },
        Extent { lba: Some(5), bytes: 7 },
    ];
    let data = g.tree.add_old_data(2048 + 4096 + 7, &pieces).unwrap();
    g.tree.add_file(root, b"pieces.bin", meta(0o644, 1), data).unwrap();
    g.tree.add_file(root, b"again.bin", meta(0o644, 1), data).unwrap();
    g.file(root, "z", 100);
    let plan = Image::plan(&g.tree, Options { session_start: 20, ..options() });
    let bytes = plan.bytes(&g.tree);
    for namespace in [Namespace::RockRidge, Namespace::Joliet, Namespace::Plain] {
        let found = entries(&IsoVolume::open_session(&bytes, 20, Some(namespace)).unwrap());
        let name = if namespace == Namespace::Plain { "/PIECES.BIN" } else { "/pieces.bin" };
        assert_eq!((found[name].size, extents(&found[name])), (2048 + 4096 + 7, pieces.to_vec()));
        let z = if namespace == Namespace::Plain { "/Z" } else { "/z" };
        let lba = extents(&found[z])[0].lba.unwrap() as usize;
        assert_eq!(bytes[lba * SECTOR..lba * SECTOR + 100], content(1, 100));
    }
    let refused = Layout::new(&g.tree, Options { level: Level::Two, ..options() });
    assert!(matches!(refused, Err(LayoutError::Extents { path, .. }) if path == "/pieces.bin"));
}

/// RRIP 4.1.6: creation and access are recorded for objects that have them, and for no others.
#[test]
fn times_and_devices_come_back() {
    let mut g = Grower::new();
    let root = g.tree.root();
    let file = g.file(root, "timed", 10);
    let plain = g.file(root, "plain", 10);
    let long = g.file(root, format!("l{}", "o".repeat(180)), 10);
    let dir = g.dir(root, "dir");
    let at = Timestamp::from_secs;
    for id in [root, file, dir, long] {
        g.tree.set_times(id, Times { accessed: at(1_000_000_000), created: at(900_000_000) }).unwrap();
    }
    g.tree.add_special(root, b"tty", Kind::CharDevice, meta(0o600, 5), (4, 64)).unwrap();
    g.tree.add_special(root, b"sda", Kind::BlockDevice, meta(0o600, 5), (8, 0)).unwrap();
    g.tree.add_special(root, b"pipe", Kind::Fifo, meta(0o600, 5), (0, 0)).unwrap();
    let plan = Image::plan(&g.tree, options());
    let bytes = plan.bytes(&g.tree);
    let volume = IsoVolume::open(&bytes, None).unwrap();
    let found = entries(&volume);
    let times = |e: &Entry| (e.created.map(|t| t.secs), e.accessed.map(|t| t.secs), e.changed);
    let given = (Some(900_000_000), Some(1_000_000_000), None);
    assert_eq!(times(&volume.root().unwrap()), given);
    for (path, entry) in &found {
        let wanted = if path.contains("timed") || path.contains("dir") || path.contains("loo") {
            given
        } else {
            (None, None, None)
        };
        assert_eq!(times(entry), wanted, "{path}");
        let device = match path.as_str() {
            "/tty" => Some((4, 64)),
            "/sda" => Some((8, 0)),
            _ => None,
        };
        assert_eq!(entry.device, device, "{path}");
    }
    assert_eq!(found["/timed"].modified, Some(g.tree.node(file).modified()));
    assert_eq!(found["/plain"].modified, Some(g.tree.node(plain).modified()));
    assert_eq!(findings(&bytes, 0), Vec::<String>::new());
}

fn boot_tree() -> (Tree, BootCatalog) {
    let mut g = Grower::new();
    let root = g.tree.root();
    let visible = g.file(root, "isolinux.bin", 5000);
    let visible = g.tree.node(visible).data().unwrap();
    let hidden = g.tree.add_data(1_474_560, 99).unwrap();
    let settings = BootSettings { manufacturer: "Somebody".into(), ..BootSettings::default() };
    let efi = BootSettings { platform: Platform::EFI, ..BootSettings::default() };
    let entries = vec![
        BootEntry::for_image(visible, 5000, &[], settings).unwrap(),
        BootEntry::for_image(hidden, 1_474_560, &[], efi).unwrap(),
    ];
    (g.tree, BootCatalog::new(entries).unwrap())
}

#[test]
fn catalogs_are_read_back() {
    let (tree, catalog) = boot_tree();
    for (joliet, last) in [(None, 18), (Some(Joliet::default()), 19)] {
        let plan = Image::plan(&tree, Options { joliet, boot: Some(catalog.clone()), ..options() });
        let bytes = plan.bytes(&tree);
        // The boot record is the second descriptor, whatever else there is; a terminator ends the set.
        assert_eq!(&bytes[17 * SECTOR..17 * SECTOR + 30], b"\0CD001\x01EL TORITO SPECIFICATION");
        assert_eq!(&bytes[last * SECTOR..last * SECTOR + 6], b"\xFFCD001");
        let found = boot_catalog(&bytes, 0).unwrap().unwrap();
        assert_eq!(found.findings, []);
        assert_eq!(facts(&bytes, 0).unwrap().unwrap().boot_catalog, Some(found.lba));
        assert_eq!(
            (Some(found.lba), found.manufacturer.as_str()),
            (plan.layout.areas()[BOOT_CATALOG].lba, "Somebody")
        );
        let [bios, efi] = found.entries.as_slice() else { panic!("{found:?}") };
        assert_eq!((bios.platform, bios.bootable, bios.sector_count), (Platform::X86, true, 10));
        assert_eq!((efi.platform, efi.emulation, efi.sector_count), (Platform::EFI, Emulation::NONE, 2880));
        assert_eq!([bios.image, efi.image], [plan.lba[0], plan.lba[1]]);
        let volume = IsoVolume::open(&bytes, None).unwrap();
        assert_eq!(extents(&entries(&volume)["/isolinux.bin"])[0].lba, Some(bios.image));
        let at = efi.image as usize * SECTOR;
        assert_eq!(bytes[at..at + 1_474_560], content(99, 1_474_560));
        assert_eq!(findings(&bytes, 0), Vec::<String>::new());
    }
    let later = Layout::new(&tree, Options { boot: Some(catalog), session_start: 32, ..options() });
    assert_eq!(later.unwrap_err(), LayoutError::BootSession);
    assert_eq!(BootCatalog::new(Vec::new()), Err(BootError::Entries(0)));
}

#[test]
fn descriptors_tell_what_they_say() {
    let (tree, _) = boot_tree();
    let named = Options {
        volume: "Volume Name".into(),
        system: "SYS".into(),
        volume_set: "SET".into(),
        publisher: "PUB".into(),
        preparer: "PREP".into(),
        session_start: 64,
        ..options()
    };
    let plan = Image::plan(&tree, named);
    let bytes = plan.bytes(&tree);
    assert_eq!(facts(&bytes, 0).unwrap(), None);
    let told = facts(&bytes, 64).unwrap().unwrap();
    assert_eq!(told.namespaces, [Namespace::RockRidge, Namespace::Joliet, Namespace::Plain]);
    assert_eq!((told.volume.as_str(), told.joliet_volume.as_deref()), ("VOLUME_NAME", Some("Volume Name")));
    let texts = [told.system, told.volume_set, told.publisher, told.preparer, told.application];
    assert_eq!(texts, ["SYS", "SET", "PUB", "PREP", "GLASSMASTER"]);
    let made = Some(Timestamp::from_secs(1_700_000_000));
    assert_eq!((told.created, told.modified), (made, made));
    assert_eq!((told.session_start, told.blocks, told.boot_catalog), (64, plan.blocks, None));
    let l = plan.layout.areas()[PATH_TABLES].lba.unwrap();
    assert_eq!((told.path_tables.bytes, told.path_tables.l, told.path_tables.m), (10, l, l + 1));
    assert_eq!(told.joliet_path_tables.map(|t| (t.bytes, t.l, t.m)), Some((10, l + 2, l + 3)));
}

/// A disc whose files are in another file system: an empty tree, so that firmware finds descriptors 16, 17 and 18.
#[test]
fn a_stub_to_boot_from() {
    let (_, catalog) = boot_tree();
    let tree = Tree::new(meta(0o755, 1_600_000_000));
    for rock_ridge in [None, Some(RockRidge::default())] {
        let stub =
            Options { joliet: None, rock_ridge, level: Level::One, boot: Some(catalog.clone()), ..options() };
        let mut layout = Layout::new(&tree, stub).unwrap();
        assert_eq!(layout.areas()[0].blocks, 3);
        let places = [16, 300, 310, 320, 330];
        for (n, lba) in places.into_iter().enumerate() {
            layout.place(n, lba);
        }
        layout.finish(1300);
        let map = glassmaster_iso9660::DataMap { lba: &[400, 500] };
        let mut disc = vec![0; 1300 * SECTOR];
        for (n, lba) in places.into_iter().enumerate() {
            let blocks = layout.areas()[n].blocks as usize;
            let at = lba as usize * SECTOR;
            layout.render(&tree, &map, n, 0, &mut disc[at..at + blocks * SECTOR], &mut Default::default());
        }
        for (sector, kind) in [(16, 1), (17, 0), (18, 255)] {
            assert_eq!(disc[sector * SECTOR..sector * SECTOR + 6], [kind, b'C', b'D', b'0', b'0', b'1']);
        }
        let volume = IsoVolume::open(&disc, None).unwrap();
        assert!(entries(&volume).is_empty());
        let found = boot_catalog(&disc, 0).unwrap().unwrap();
        assert_eq!(found.entries.iter().map(|e| e.image).collect::<Vec<_>>(), [400, 500]);
        assert_eq!(findings(&disc, 0), Vec::<String>::new());
    }
}
