//! Damaged volumes: the reader and the verifier may refuse, but neither panics nor runs away.

#![allow(clippy::unwrap_used)]

mod image;
mod kinds;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use glassmaster_disc::SECTOR;
use glassmaster_testkit::Random;
use glassmaster_testkit::damage::Damager;
use glassmaster_tree::{Visit, Volume, WalkLimits, walk};
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

/// Findings of one clause that are handed over one by one, and the clauses there are.
const MOST_FINDINGS: u32 = 1001 * 150;

fn read_all(image: &[u8]) {
    let start = Instant::now();
    recognise(image);
    let mut findings = 0u32;
    check(image, &mut |_| findings += 1);
    assert!(findings < MOST_FINDINGS);
    if let Ok(volume) = UdfVolume::open(image) {
        let _ = volume.facts();
        let mut entries = 0u64;
        // An error means that the root itself is damaged.
        let _ = walk(&volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
            entries += 1;
            if let Visit::Entry { entry, .. } = visit {
                let _ = volume.streams(entry);
            }
            ControlFlow::Continue(())
        });
        assert!(entries < 200_000);
    }
    // It takes milliseconds; a loop would take hours.
    assert!(start.elapsed() < Duration::from_secs(60));
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
    believable(&image, &blocks, 3000, 7);
}

fn believable(image: &[u8], blocks: &[usize], count: u32, seed: u64) {
    let mut random = Random::new(seed);
    for _ in 0..count {
        let mut copy = image.to_vec();
        for _ in 0..1 + random.below(4) {
            let block = blocks[random.index(blocks.len())];
            let sector = &mut copy[block * SECTOR..(block + 1) * SECTOR];
            // Directories hold one descriptor behind the other.
            let mut starts = vec![0];
            if sector[..2] == [1, 1] {
                for at in (0..SECTOR - 40).step_by(4) {
                    if sector[at..at + 2] == [1, 1] && sector[at + 3] == 0 && at > 0 {
                        starts.push(at);
                    }
                }
            }
            let start = starts[random.index(starts.len())];
            // The maps of a logical volume and the entries of a table stand far behind.
            let reach = match sector[..2] {
                [1, 1] => 12,
                [6, 0] => 260,
                _ => 170,
            };
            let at = (start + 16 + 2 * random.index(reach)).min(SECTOR - 8);
            let value = match random.below(6) {
                0 => 0,
                1 => u64::MAX,
                2 => random.below(600),
                3 => 1 << random.below(33),
                4 => random.below(12),
                _ => random.next(),
            };
            let width = [1, 2, 4, 8][random.index(4)];
            sector[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
            reseal(&mut sector[start..]);
        }
        read_all(&copy);
    }
}

/// Ten thousand damages of volumes with virtual, sparable and metadata partitions and with streams.
#[test]
fn damage_of_every_kind() {
    for (seed, image) in [
        kinds::plain(Revision::V102),
        kinds::with_virtual(Revision::V150),
        kinds::with_virtual(Revision::V201),
        kinds::with_sparing(Revision::V201),
        kinds::with_metadata().image,
        kinds::with_streams().0,
    ]
    .into_iter()
    .enumerate()
    {
        read_all(&image);
        let damager = Damager::new(&image);
        for n in 0..700 {
            read_all(&damager.damaged(&image, n));
        }
        believable(&image, damager.structures(), 1000, seed as u64);
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
