//! Damaged volumes: errors, never a panic, never without end.

#![allow(clippy::unwrap_used)] // test code, though outside of test functions

mod image;

use std::ops::ControlFlow;

use glassmaster_disc::SECTOR;
use glassmaster_iso9660::el_torito::{BootCatalog, BootEntry, BootSettings};
use glassmaster_iso9660::{IsoVolume, Namespace, Options, boot_catalog, check, facts, namespaces};
use glassmaster_tree::{Kind, Times, Timestamp, Visit, WalkLimits, walk};
use image::{Grower, Image, Seeded};

fn small_image() -> (Vec<u8>, usize) {
    let mut g = Grower::new();
    let root = g.tree.root();
    let mut deep = g.dir(root, "deep");
    for n in 0..10 {
        g.file(deep, format!("file {n}"), 3000);
        deep = g.dir(deep, format!("level {n}"));
    }
    g.link(root, "link", "../to/somewhere/else");
    g.link(root, "long", "abc/".repeat(1000));
    g.file(root, "N".repeat(250), 10);
    for n in 0..60 {
        g.file(root, format!("many {n}"), n % 2);
    }
    for (name, kind) in [("tty", Kind::CharDevice), ("pipe", Kind::Fifo)] {
        g.tree.add_special(root, name.as_bytes(), kind, image::meta(0o600, 5), (4, 64)).unwrap();
    }
    let timed = g.file(root, "timed", 5);
    let times = Times { accessed: Timestamp::from_secs(1), created: Timestamp::from_secs(2) };
    g.tree.set_times(timed, times).unwrap();
    let entries = (0..3).map(|n| {
        let data = g.tree.add_data(2048, n).unwrap();
        BootEntry::for_image(data, 2048, &[], BootSettings::default()).unwrap()
    });
    let boot = Some(BootCatalog::new(entries.collect()).unwrap());
    let plan = Image::plan(&g.tree, Options { boot, ..Options::default() });
    let end = plan.layout.areas().iter().map(|a| a.lba.unwrap() + a.blocks).max().unwrap();
    (plan.bytes(&g.tree), end as usize * SECTOR)
}

fn exercise(bytes: &[u8]) {
    let mut findings = 0u64;
    check(&bytes.to_vec(), 0, &mut |_| findings += 1);
    assert!(findings < 1_000_000);
    let source = bytes.to_vec();
    let _ = (namespaces(&source, 0), facts(&source, 0));
    if let Ok(Some(catalog)) = boot_catalog(&source, 0) {
        assert!(catalog.entries.len() + catalog.findings.len() < 32 * 64 * 4);
    }
    for namespace in [Namespace::Plain, Namespace::RockRidge, Namespace::Joliet] {
        let Ok(volume) = IsoVolume::open(&source, Some(namespace)) else { continue };
        let mut visits = 0u64;
        let limits = WalkLimits::for_blocks((bytes.len() / SECTOR) as u64);
        let _ = walk(&volume, limits, &mut |visit| {
            visits += 1;
            if let Visit::Entry { entry, .. } = visit
                && let glassmaster_tree::Content::Extents(extents) = &entry.content
            {
                assert!(!entry.name.is_empty() && !entry.name.contains(&b'/'));
                for extent in extents {
                    let end = u64::from(extent.lba.unwrap()) + extent.bytes.div_ceil(2048);
                    assert!(end <= (bytes.len() / SECTOR) as u64, "{entry:?}");
                }
            }
            ControlFlow::Continue(())
        });
        assert!(visits <= limits.entries * 2 + 10);
    }
}

#[test]
fn bytes_changed_at_random() {
    let (good, structures) = small_image();
    let mut rng = Seeded(20_240_101);
    let first = 16 * SECTOR;
    let span = u32::try_from(structures - first).unwrap();
    for _ in 0..3000 {
        let mut bad = good.clone();
        for _ in 0..=rng.below(8) {
            let at = first + rng.below(span) as usize;
            bad[at] = match rng.below(4) {
                0 => 0,
                1 => 0xFF,
                2 => bad[at] ^ (1 << rng.below(8)),
                _ => rng.next().to_le_bytes()[0],
            };
        }
        exercise(&bad);
    }
}

#[test]
fn images_cut_short_and_sectors_exchanged() {
    let (good, structures) = small_image();
    let mut rng = Seeded(77);
    for end in (0..structures / SECTOR + 4).step_by(1) {
        exercise(&good[..end * SECTOR]);
    }
    let sectors = u32::try_from(structures / SECTOR - 18).unwrap();
    for _ in 0..500 {
        let mut bad = good.clone();
        let (a, b) = (18 + rng.below(sectors) as usize, 18 + rng.below(sectors) as usize);
        bad.copy_within(a * SECTOR..(a + 1) * SECTOR, b * SECTOR);
        exercise(&bad);
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for (name, evil) in [("ab", ".."), ("abc", "a/b"), ("abcd", "/etc"), ("a", ".")] {
        let mut g = Grower::new();
        let root = g.tree.root();
        g.file(root, name, 5);
        g.file(root, "other", 5);
        let plan = Image::plan(&g.tree, Options { joliet: None, ..Options::default() });
        let mut bytes = plan.bytes(&g.tree);
        let dirs = plan.layout.areas()[glassmaster_iso9660::DIRECTORIES].lba.unwrap() as usize * SECTOR;
        let mut needle = vec![b'N', b'M', u8::try_from(name.len() + 5).unwrap(), 1, 0];
        needle.extend_from_slice(name.as_bytes());
        let at = (dirs..).find(|at| bytes[*at..].starts_with(&needle)).unwrap();
        bytes[at + 5..at + 5 + evil.len()].copy_from_slice(evil.as_bytes());
        let volume = IsoVolume::open(&bytes, None).unwrap();
        let (mut names, mut damage) = (Vec::new(), Vec::new());
        walk(&volume, WalkLimits::for_blocks(100), &mut |visit| {
            match visit {
                Visit::Entry { entry, .. } => names.push(entry.name.clone()),
                Visit::Damaged { error, .. } => damage.push(error.to_string()),
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(names, [b"other".to_vec()], "{evil}");
        assert!(damage[0].contains(evil), "{damage:?}");
    }
}
