//! Volumes made here, read back here.

mod image;

use glassmaster_disc::SECTOR;
use glassmaster_iso9660::{
    Cursor, DIRECTORIES, DataMap, DeepDirectories, IsoVolume, JOLIET_DIRECTORIES, Joliet, Layout,
    LayoutError, Level, Namespace, Options, PATH_TABLES, RockRidge, namespaces, recognise,
};
use glassmaster_tree::{Content, Kind, Meta, Timestamp, Volume};
use image::{Grower, Image, Seeded, Sparse, expected, listing, odd_tree};

fn options() -> Options {
    Options {
        volume: "Round Trip".into(),
        created: Timestamp::from_secs(1_700_000_000),
        ..Options::default()
    }
}

#[test]
fn rock_ridge_shows_the_tree_as_it_was() {
    let tree = odd_tree();
    let wanted = expected(&tree);
    for deep in [DeepDirectories::Relocate, DeepDirectories::Keep] {
        let plan = Image::plan(&tree, Options { rock_ridge: Some(RockRidge { deep }), ..options() });
        let bytes = plan.bytes(&tree);
        let volume = IsoVolume::open(&bytes, None).unwrap();
        assert_eq!((volume.file_system().as_str(), volume.label().as_str()), ("Rock Ridge", "ROUND_TRIP"));
        let found = listing(&volume, &bytes);
        for (path, line) in &wanted {
            assert_eq!(found.get(path), Some(line), "{}", String::from_utf8_lossy(path));
        }
        assert_eq!(found.len(), wanted.len());
        assert!(plan.layout.changes().iter().all(|c| c.file_system != "ISO 9660"));
    }
}

#[test]
fn every_difference_of_the_other_namespaces_is_listed() {
    let tree = odd_tree();
    for rock_ridge in [None, Some(RockRidge::default())] {
        let plan = Image::plan(&tree, Options { rock_ridge, ..options() });
        let bytes = plan.bytes(&tree);
        let mut wanted: Vec<(Namespace, &str)> = vec![(Namespace::Joliet, "Joliet")];
        if rock_ridge.is_none() {
            wanted.push((Namespace::Plain, "ISO 9660"));
        }
        for (namespace, file_system) in wanted {
            let volume = IsoVolume::open(&bytes, Some(namespace)).unwrap();
            let found = listing(&volume, &bytes);
            let mut recorded = 0;
            for node in tree.nodes().filter(|n| n.id() != tree.root()) {
                let mut parts = Vec::new();
                let mut at = node;
                let mut left_out = false;
                while at.id() != tree.root() {
                    let own = std::str::from_utf8(at.name()).unwrap_or("?").to_owned();
                    let name = match plan
                        .layout
                        .changes()
                        .iter()
                        .find(|c| c.node == at.id() && c.file_system == file_system)
                    {
                        Some(change) => change.recorded.clone(),
                        None if namespace == Namespace::Plain => Some(own.to_ascii_uppercase()),
                        None => Some(own),
                    };
                    left_out |= name.is_none();
                    parts.push(name.unwrap_or_default());
                    at = tree.node(at.parent());
                }
                parts.reverse();
                let mut path = parts.join("/");
                if parts.len() == 1 {
                    path.insert(0, '/');
                }
                assert_eq!(found.contains_key(path.as_bytes()), !left_out, "{file_system}: {path}");
                recorded += usize::from(!left_out);
            }
            assert_eq!(found.len(), recorded);
        }
    }
}

#[test]
fn levels_bound_the_names() {
    let tree = odd_tree();
    for (level, name, extension) in [(Level::One, 8, 3), (Level::Two, 30, 30), (Level::Three, 30, 30)] {
        let plan = Image::plan(&tree, Options { level, rock_ridge: None, joliet: None, ..options() });
        let bytes = plan.bytes(&tree);
        assert_eq!(namespaces(&bytes, 0).unwrap(), [Namespace::Plain]);
        let volume = IsoVolume::open(&bytes, None).unwrap();
        for (path, line) in listing(&volume, &bytes) {
            let last = path.rsplit(|b| *b == b'/').next().unwrap();
            let (stem, rest) = match last.iter().position(|b| *b == b'.') {
                Some(dot) => (&last[..dot], &last[dot + 1..]),
                None => (last, &[][..]),
            };
            let limit = if line.starts_with("Directory") && level != Level::One { 31 } else { name };
            assert!(stem.len() <= limit && rest.len() <= extension, "{}", String::from_utf8_lossy(last));
        }
    }
}

/// One call, or many in any order with cursors that fit or do not: the same bytes.
#[test]
fn pieces_in_any_order_are_the_whole() {
    let tree = odd_tree();
    let plan = Image::plan(&tree, options());
    let map = DataMap { lba: &plan.lba };
    let mut rng = Seeded(7);
    let mut cursors = vec![Cursor::default(); 3];
    for area in 0..4 {
        let whole = plan.area(&tree, area);
        let blocks = plan.layout.areas()[area].blocks;
        for _ in 0..400 {
            let first = rng.below(blocks);
            let count = 1 + rng.below((blocks - first).min(20));
            let mut out = vec![0; count as usize * SECTOR];
            let which = rng.below(3) as usize;
            plan.layout.render(&tree, &map, area, first, &mut out, &mut cursors[which]);
            let at = first as usize * SECTOR;
            assert!(out == whole[at..at + out.len()], "area {area}, {count} sectors from {first}");
        }
        let mut behind = vec![1; SECTOR];
        plan.layout.render(&tree, &map, area, blocks, &mut behind, &mut Cursor::default());
        assert!(behind.iter().all(|b| *b == 0));
    }
}

#[test]
fn links_of_4095_bytes_survive() {
    let mut g = Grower::new();
    let root = g.tree.root();
    g.link(root, "components", ["abc"; 1024].join("/").split_at(4095).0);
    g.link(root, "long", "c".repeat(4095));
    g.link(root, "parents", ["..", "."].repeat(800).join("/"));
    g.link(root, "N".repeat(250), format!("/{}", "d/".repeat(2000)));
    g.file(root, "M".repeat(255), 1);
    let plan = Image::plan(&g.tree, options());
    let bytes = plan.bytes(&g.tree);
    let volume = IsoVolume::open(&bytes, None).unwrap();
    assert_eq!(listing(&volume, &bytes), expected(&g.tree));
    let long: Vec<_> = plan.layout.changes().iter().filter(|c| c.file_system == "Rock Ridge").collect();
    assert_eq!(long.len(), 1, "a name that Linux does not show whole");
}

#[test]
fn files_of_several_extents() {
    let mut g = Grower::new();
    let root = g.tree.root();
    let sizes = [0xFFFF_F800, 0xFFFF_F801, 5 << 30, 0x3_0000_0000, 1];
    for (n, size) in sizes.iter().enumerate() {
        g.file(root, format!("file{n}"), *size);
    }
    let plan = Image::plan(&g.tree, options());
    let source = Sparse { runs: plan.structures(&g.tree), blocks: u64::from(plan.blocks) };
    for namespace in [Namespace::Plain, Namespace::RockRidge, Namespace::Joliet] {
        let volume = IsoVolume::open(&source, Some(namespace)).unwrap();
        let mut found = Vec::new();
        volume
            .read_dir(&volume.root().unwrap(), &mut |entry| {
                let Content::Extents(extents) = &entry.content else { panic!() };
                let mut next = extents[0].lba.unwrap();
                for extent in extents {
                    assert_eq!(extent.lba, Some(next));
                    next += u32::try_from(extent.bytes / 2048).unwrap();
                }
                assert_eq!(extents.iter().map(|e| e.bytes).sum::<u64>(), entry.size);
                found.push((entry.size, extents.len()));
                std::ops::ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(found, [(0xFFFF_F800, 1), (0xFFFF_F801, 2), (5 << 30, 2), (0x3_0000_0000, 4), (1, 1)]);
    }
    for level in [Level::One, Level::Two] {
        let error = Layout::new(&g.tree, Options { level, ..options() }).unwrap_err();
        assert!(matches!(&error, LayoutError::FileTooLarge { path, .. } if path == "/file1"), "{error}");
    }
}

#[test]
fn more_directories_than_path_tables_can_number() {
    let mut g = Grower::new();
    let root = g.tree.root();
    for n in 0..65_534 {
        g.dir(root, format!("d{n}"));
    }
    let layout = Layout::new(&g.tree, options()).unwrap();
    assert!(layout.areas()[PATH_TABLES].blocks > 0);
    g.dir(root, "one too many");
    let error = Layout::new(&g.tree, options()).unwrap_err();
    assert_eq!(error, LayoutError::TooManyDirectories(65_536));
    assert!(error.to_string().contains("UDF"));
}

#[test]
fn addresses_of_a_later_session_are_absolute() {
    let tree = odd_tree();
    let plan = Image::plan(&tree, Options { session_start: 5000, ..options() });
    assert_eq!(plan.layout.areas()[0].lba, Some(5016));
    let bytes = plan.bytes(&tree);
    assert!(!recognise(&bytes, 0).unwrap());
    assert!(recognise(&bytes, 5000).unwrap());
    let volume = IsoVolume::open_session(&bytes, 5000, Some(Namespace::Joliet)).unwrap();
    assert!(listing(&volume, &bytes).len() > 5000);
    assert!(IsoVolume::open(&bytes, None).is_err());
}

#[test]
fn names_do_not_depend_on_the_order_of_the_walk() {
    let names: Vec<String> =
        (0..500).map(|n| format!("the same thirty characters and more {n:03}.txt")).collect();
    let grow = |names: &mut dyn Iterator<Item = &String>| {
        let mut g = Grower::new();
        let root = g.tree.root();
        for name in names {
            g.file(root, name, 0);
        }
        let layout = Layout::new(&g.tree, Options { rock_ridge: None, ..options() }).unwrap();
        let mut changes: Vec<_> = layout
            .changes()
            .iter()
            .map(|c| (g.tree.path(c.node), c.file_system, c.recorded.clone(), c.reason))
            .collect();
        changes.sort();
        changes
    };
    let forward = grow(&mut names.iter());
    assert_eq!(forward.len(), 500);
    assert_eq!(forward, grow(&mut names.iter().rev()));
    assert_eq!(forward[0].2.as_deref(), Some("THE_SAME_THIRTY_CHARACTERS_.TXT"));
    assert_eq!(forward[1].2.as_deref(), Some("THE_SAME_THIRTY_CHARACTERS0.TXT"));
}

#[test]
fn an_empty_tree_is_a_volume() {
    let tree = glassmaster_tree::Tree::new(Meta { mode: 0o700, ..Meta::default() });
    let plan = Image::plan(&tree, Options { joliet: Some(Joliet { name_units: 0 }), ..options() });
    assert_eq!(plan.layout.areas()[DIRECTORIES].blocks, 2, "records and the ER behind them");
    assert_eq!(plan.layout.areas()[JOLIET_DIRECTORIES].blocks, 1);
    let bytes = plan.bytes(&tree);
    assert_eq!(namespaces(&bytes, 0).unwrap(), [Namespace::RockRidge, Namespace::Joliet, Namespace::Plain]);
    let root = IsoVolume::open(&bytes, None).unwrap().root().unwrap();
    assert_eq!((root.kind, root.mode, root.links), (Kind::Directory, Some(0o700), Some(2)));
    assert!(listing(&IsoVolume::open(&bytes, Some(Namespace::Joliet)).unwrap(), &bytes).is_empty());
}

#[test]
fn hard_links_are_one_object_and_empty_files_are_not() {
    let tree = odd_tree();
    let bytes = Image::plan(&tree, options()).bytes(&tree);
    for namespace in [Namespace::RockRidge, Namespace::Joliet] {
        let volume = IsoVolume::open(&bytes, Some(namespace)).unwrap();
        let mut ids = std::collections::HashMap::new();
        let limits = glassmaster_tree::WalkLimits::for_blocks(volume.block_count());
        glassmaster_tree::walk(&volume, limits, &mut |visit| {
            if let glassmaster_tree::Visit::Entry { entry, .. } = visit
                && entry.kind == Kind::File
            {
                ids.entry(entry.id).or_insert_with(Vec::new).push((entry.name.clone(), entry.links));
            }
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        let shared: Vec<_> = ids.into_values().filter(|names| names.len() > 1).collect();
        let links = (namespace == Namespace::RockRidge).then_some(2);
        assert_eq!(shared, [vec![(b"hard1".to_vec(), links), (b"hard2".to_vec(), links)]]);
    }
}
