//! Rendering is a pure function: any piece, in any order, with any cursor, gives the bytes of the whole.

#![allow(clippy::cast_possible_truncation)]

mod image;

use glassmaster_disc::SECTOR;
use glassmaster_udf::{AccessType, Cursor, Options, Revision, area};
use image::{Source, options, plan};

/// Numbers from a fixed seed (the constants of Knuth's MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[test]
fn random_pieces_equal_the_whole() {
    let source = Source::with_everything(4000);
    let mut random = Random(1);
    for (revision, embed, vat, access) in [
        (Revision::V102, None, false, AccessType::READ_ONLY),
        (Revision::V150, None, true, AccessType::WRITE_ONCE),
        (Revision::V201, Some(2000), false, AccessType::READ_ONLY),
        (Revision::V201, None, true, AccessType::WRITE_ONCE),
        (Revision::V250, Some(2000), false, AccessType::READ_ONLY),
        (Revision::V260, None, false, AccessType::OVERWRITABLE),
    ] {
        let options = Options { embed_up_to: embed, third_anchor: true, vat, access, ..options(revision) };
        let planned = plan(&source, options);
        let image = planned.image(&source);
        let mut cursor = Cursor::default();
        for turn in 0..2000 {
            let number =
                if turn % 3 == 0 { random.below(area::COUNT as u64) as usize } else { area::METADATA };
            let range = planned.area_range(number);
            if range.is_empty() {
                continue;
            }
            let blocks = (range.len() / SECTOR) as u64;
            let first = random.below(blocks);
            let longest = 1 << random.below(9);
            let count = 1 + random.below(longest.min(blocks - first));
            let mut out = vec![0xAA; count as usize * SECTOR];
            if random.below(4) == 0 {
                cursor = Cursor::default();
            }
            planned.render(&source, number, first as u32, &mut out, &mut cursor);
            let at = range.start + first as usize * SECTOR;
            assert!(out == image[at..at + out.len()], "area {number}, {count} blocks from {first}");
        }
        // Sector by sector forwards, then backwards.
        let range = planned.area_range(area::METADATA);
        let blocks = (range.len() / SECTOR) as u32;
        for first in (0..blocks).chain((0..blocks).rev()) {
            let mut out = [0xAA; SECTOR];
            planned.render(&source, area::METADATA, first, &mut out, &mut cursor);
            let at = range.start + first as usize * SECTOR;
            assert!(out == image[at..at + SECTOR], "block {first}");
        }
    }
}

#[test]
fn equal_inputs_give_equal_images() {
    let image = |source: &Source| plan(source, options(Revision::V150)).image(source);
    assert!(image(&Source::varied()) == image(&Source::varied()));
}
