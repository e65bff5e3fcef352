//! Damaged volumes: the reader and the verifier may refuse, but neither panics nor runs away.

#![allow(clippy::unwrap_used)]

mod image;

use std::ops::ControlFlow;

use glassmaster_disc::SECTOR;
use glassmaster_testkit::Random;
use glassmaster_testkit::damage::Damager;
use glassmaster_tree::{Volume, WalkLimits, walk};
use glassmaster_udf::{Revision, UdfVolume, area, check, recognise};
use image::{Source, options, pattern, plan, reseal};

fn small() -> (Vec<u8>, Vec<usize>) {
    let mut s = Source::new();
    let root = s.tree.root();
    for n in 0..8 {
        let dir = s.dir(root, &format!("dir {n}"));
        for m in 0..4 {
            s.file(dir, format!("file {m}").as_bytes(), pattern(m * 900));
        }
        s.tree.add_symlink(dir, b"link", image::meta(0o777, 0), b"../x/y").unwrap();
        s.dir(dir, "below");
    }
    let mut options = options(Revision::V201);
    options.embed_up_to = Some(1000);
    let planned = plan(&s, options);
    let image = planned.image(&s);
    // Where descriptors are.
    let blocks = (0..image.len() / SECTOR)
        .filter(|n| {
            let id = u16::from_le_bytes([image[n * SECTOR], image[n * SECTOR + 1]]);
            matches!(id, 1..=9 | 256..=266)
        })
        .collect();
    (image, blocks)
}

fn read_all(image: &[u8]) {
    recognise(image);
    let mut findings = 0u32;
    check(image, &mut |_| findings += 1);
    if let Ok(volume) = UdfVolume::open(image) {
        let mut entries = 0u64;
        // An error means that the root itself is damaged.
        let _ = walk(&volume, WalkLimits::for_blocks(volume.block_count()), &mut |_| {
            entries += 1;
            ControlFlow::Continue(())
        });
        assert!(entries < 200_000);
    }
}

#[test]
fn random_damage() {
    let (image, _) = small();
    let damager = Damager::new(&image);
    for seed in 0..1000 {
        read_all(&damager.damaged(&image, seed));
    }
}

/// Damage behind a CRC that fits: what a hostile writer would make. Numbers become small, huge or those of other
/// structures.
#[test]
fn believable_damage() {
    let (image, blocks) = small();
    let mut random = Random::new(7);
    for _ in 0..3000 {
        let mut copy = image.clone();
        for _ in 0..1 + random.below(4) {
            let block = blocks[random.index(blocks.len())];
            let sector = &mut copy[block * SECTOR..(block + 1) * SECTOR];
            // Directories hold one descriptor behind the other.
            let mut starts = vec![0];
            if sector[..2] == [1, 1] {
                for at in (0..SECTOR - 40).step_by(4) {
                    if sector[at..at + 4] == [1, 1, 3, 0] && at > 0 {
                        starts.push(at);
                    }
                }
            }
            let start = starts[random.index(starts.len())];
            let at = start + 16 + 2 * random.index(if sector[..2] == [1, 1] { 12 } else { 110 });
            let value = match random.below(5) {
                0 => 0,
                1 => u64::MAX,
                2 => random.below(600),
                3 => 1 << random.below(33),
                _ => random.next(),
            };
            let width = [1, 2, 4, 8][random.index(4)];
            sector[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
            reseal(&mut sector[start..]);
        }
        read_all(&copy);
    }
}

/// The root directory given two extents, each by itself in order.
fn with_root_extents(extents: [(u32, u32); 2]) -> String {
    let mut s = Source::new();
    let root = s.tree.root();
    s.file(root, b"file", pattern(10));
    let planned = plan(&s, options(Revision::V102));
    let mut image = planned.image(&s);
    let entry = planned.area_range(area::METADATA).start + 2 * SECTOR;
    let sector = &mut image[entry..entry + SECTOR];
    assert_eq!(sector[..2], 261u16.to_le_bytes());
    sector[10..12].copy_from_slice(&(160u16 + 16).to_le_bytes());
    sector[172..176].copy_from_slice(&16u32.to_le_bytes());
    let mut size = 0u64;
    for (n, (bytes, block)) in extents.into_iter().enumerate() {
        sector[176 + n * 8..180 + n * 8].copy_from_slice(&bytes.to_le_bytes());
        sector[180 + n * 8..184 + n * 8].copy_from_slice(&block.to_le_bytes());
        size += u64::from(bytes);
    }
    sector[56..64].copy_from_slice(&size.to_le_bytes());
    reseal(sector);
    UdfVolume::open(&image).and_then(|v| v.root().map(drop)).err().map(|e| e.to_string()).unwrap_or_default()
}

#[test]
fn extents_that_cannot_be_are_refused() {
    assert_eq!(with_root_extents([(2048, 3), (84, 4)]), "");
    for (extents, reason) in [
        ([(2048, 3), (2048, 3)], "two of them share sector 291"),
        ([(2048, 3), (0x3FFF_F800, 3)], "lie outside the partition"),
        ([(2048, 3), (100, u32::MAX)], "lie outside the partition"),
        ([(2047, 3), (100, 4)], "ends inside a block"),
        ([(2048, 3), (0xC000_0800, 3)], "allocation extent descriptor"),
    ] {
        let error = with_root_extents(extents);
        assert!(error.contains(reason), "{error}");
    }
}
