//! Everything a tree has too much of is listed at once, and only what the layout refuses is said to be refused.
#![allow(clippy::unwrap_used, clippy::panic)] // test code, though outside of test functions

mod image;

use glassmaster_disc::Extent;
use glassmaster_iso9660::limits::{Limit, Violation, violations};
use glassmaster_iso9660::{DeepDirectories, Joliet, Layout, Level, Options, RockRidge};
use glassmaster_tree::Tree;
use image::{Grower, meta, odd_tree};

fn options(level: Level, rock_ridge: Option<DeepDirectories>, joliet: bool) -> Options {
    Options {
        level,
        rock_ridge: rock_ridge.map(|deep| RockRidge { deep }),
        joliet: joliet.then(Joliet::default),
        ..Options::default()
    }
}

fn told(tree: &Tree, options: &Options) -> Vec<String> {
    violations(tree, options).iter().map(ToString::to_string).collect()
}

#[test]
fn depths() {
    let mut g = Grower::new();
    let mut dir = g.tree.root();
    // The root is level 1, so d7 is at level 8 and d8 at level 9.
    for n in 1..=10 {
        dir = g.dir(dir, format!("d{n}"));
    }
    let deep = |path: &str, level| Violation {
        path: path.into(),
        file_system: "ISO 9660",
        limit: Limit::Depth { level, most: 8 },
    };
    let base = "/d1/d2/d3/d4/d5/d6/d7/d8";
    let wanted = [deep(base, 9), deep(&format!("{base}/d9"), 10), deep(&format!("{base}/d9/d10"), 11)];
    assert_eq!(violations(&g.tree, &options(Level::One, None, true)), wanted);
    assert_eq!(violations(&g.tree, &options(Level::Three, Some(DeepDirectories::Keep), false)), wanted);
    assert_eq!(violations(&g.tree, &options(Level::Three, Some(DeepDirectories::Relocate), false)), []);
    assert!(wanted.iter().all(|v| !v.is_refused()));
    assert_eq!(
        wanted[0].to_string(),
        format!("ISO 9660: '{base}' is at level 9 of the directories; 8 are allowed (ECMA-119 6.8.2.1)")
    );
}

/// ECMA-119 6.8.2.1: the identifiers of file and directories, and one for each directory, at most 255; Joliet: 240 bytes.
#[test]
fn path_lengths() {
    let mut g = Grower::new();
    let mut dir = g.tree.root();
    for _ in 0..7 {
        dir = g.dir(dir, "d".repeat(31));
    }
    // 7 * 32 = 224, so 255 leaves a slash and 30 characters: a name of 26 with an extension of 1, dot and `;1`.
    g.file(dir, format!("{}.x", "a".repeat(26)), 1);
    assert_eq!(violations(&g.tree, &options(Level::Two, None, false)), []);
    g.file(dir, format!("{}.x", "b".repeat(27)), 1);
    let found = violations(&g.tree, &options(Level::Two, None, false));
    assert_eq!(
        found.iter().map(|v| v.limit.clone()).collect::<Vec<_>>(),
        [Limit::PathLength { length: 256, most: 255 }]
    );
    assert!(found[0].path.ends_with("bb.x") && !found[0].is_refused());

    // Joliet counts bytes: 3 * (62 + 1) = 189, so 50 bytes are left: a name of 23 and `;1`.
    let mut g = Grower::new();
    let mut dir = g.tree.root();
    for _ in 0..3 {
        dir = g.dir(dir, "d".repeat(31));
    }
    g.file(dir, "a".repeat(23), 1);
    assert_eq!(told(&g.tree, &options(Level::Two, None, true)), Vec::<String>::new());
    g.file(dir, "b".repeat(24), 1);
    let found = violations(&g.tree, &options(Level::Two, None, true));
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].file_system, &found[0].limit),
        ("Joliet", &Limit::PathLength { length: 242, most: 240 })
    );
}

#[test]
fn sizes_and_extents_are_all_listed() {
    let mut g = Grower::new();
    let root = g.tree.root();
    for (name, size) in [
        ("fits", 0xFFFF_F800),
        ("large", 0xFFFF_F801),
        ("larger", 1 << 33),
        ("largest", 1 << 43),
        ("absurd", u64::MAX),
    ] {
        g.file(root, name, size);
    }
    let pieces = [Extent { lba: Some(100), bytes: 2048 }, Extent { lba: Some(200), bytes: 2048 }];
    let hole = [Extent { lba: None, bytes: 2048 }];
    for (name, extents, size) in [("pieces", &pieces[..], 4096), ("hole", &hole[..], 2048)] {
        let data = g.tree.add_old_data(size, extents).unwrap();
        g.tree.add_file(root, name.as_bytes(), meta(0, 0), data).unwrap();
    }
    let paths = |level| -> Vec<String> {
        let found = violations(&g.tree, &options(level, None, true));
        assert!(found.iter().all(Violation::is_refused));
        found.into_iter().map(|v| v.path).collect()
    };
    assert_eq!(paths(Level::Two), ["/large", "/larger", "/largest", "/absurd", "/pieces", "/hole"]);
    assert_eq!(paths(Level::Three), ["/largest", "/absurd", "/hole"]);
    let stream = g.tree.add_data(1 << 43, 0).unwrap();
    let file = g.tree.child(root, b"fits").unwrap();
    g.tree.add_stream(file, b"icon", stream).unwrap();
    assert_eq!(violations(&g.tree, &options(Level::Three, None, true)).len(), 3, "streams are left out");
}

#[test]
fn counts() {
    let mut g = Grower::new();
    let root = g.tree.root();
    for n in 0..65_534 {
        g.dir(root, format!("{n}"));
    }
    assert_eq!(violations(&g.tree, &options(Level::One, None, true)), []);
    let last = g.dir(root, "one more");
    let found = violations(&g.tree, &options(Level::One, None, true));
    let wanted = Limit::Directories { count: 65_536, most: 65_535 };
    assert_eq!(
        found.iter().map(|v| (v.file_system, v.limit.clone())).collect::<Vec<_>>(),
        [("ISO 9660", wanted.clone()), ("Joliet", wanted)]
    );
    assert!(Layout::new(&g.tree, options(Level::One, None, true)).is_err());
    assert_eq!(g.tree.path(last), "/one more");
}

/// What is refused is what the layout refuses.
#[test]
fn the_layout_agrees() {
    let tree = odd_tree();
    for level in [Level::One, Level::Two, Level::Three] {
        for rock_ridge in [None, Some(DeepDirectories::Keep), Some(DeepDirectories::Relocate)] {
            let options = options(level, rock_ridge, true);
            let refused = violations(&tree, &options).iter().any(Violation::is_refused);
            assert_eq!(Layout::new(&tree, options).is_err(), refused);
        }
    }
}
