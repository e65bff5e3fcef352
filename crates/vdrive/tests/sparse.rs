//! Zeros cost no room: a whole disc of them is a file of next to nothing.

mod rig;

use std::os::unix::fs::MetadataExt;

use glassmaster_disc::MediaType;

use rig::{Rig, ten};

/// Blocks of one command, 1 MiB.
const BLOCKS: u16 = 512;
/// User area of a BD-RE of 25 GB without spare areas.
const WHOLE: i32 = 12_219_392;

/// Kilobytes that the disc file takes.
fn room(rig: &Rig) -> u64 {
    std::fs::metadata(&rig.path).map_or(0, |m| m.blocks() / 2)
}

#[test]
fn a_bd_re_overwritten_with_zeros_from_end_to_end_takes_no_room() {
    let mut rig = Rig::new(MediaType::BD_RE);
    // FORMAT UNIT type 31h: without spare areas.
    let mut list = [0, 0x82, 0, 8, 0, 0, 0, 0, 0x31 << 2, 0, 0, 0];
    list[4..8].copy_from_slice(&WHOLE.to_be_bytes());
    rig.send(&[0x04, 0x11, 0, 0, 0, 0], &list).unwrap();
    let empty = room(&rig);
    // Something to erase: at both ends, in the middle.
    let places = [0, i32::from(BLOCKS), 5_999_616, WHOLE - i32::from(BLOCKS)];
    let zeros = vec![0; usize::from(BLOCKS) * 2048];
    for lba in places {
        rig.write(lba, BLOCKS, 7).unwrap();
    }
    assert!(room(&rig) >= empty + 4 * 1024);
    rig.send(&ten(0x2A, 0, BLOCKS), &zeros).unwrap();
    if room(&rig) > empty + 3 * 1024 + 256 {
        eprintln!("skipped: the file system of {} keeps no holes", rig.path.display());
        return;
    }
    for lba in (0..WHOLE).step_by(BLOCKS.into()) {
        rig.send(&ten(0x2A, lba, BLOCKS), &zeros).unwrap();
    }
    rig.none(&[0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    let after = room(&rig);
    assert!(after <= empty + 256, "{after} KiB after {empty} KiB");
    // Another drive reads it back.
    rig.restart();
    for lba in (0..WHOLE).step_by(BLOCKS.into()).filter(|lba| places.contains(lba) || lba % 8192 == 0) {
        assert!(rig.read(&ten(0x28, lba, BLOCKS), zeros.len()).unwrap() == zeros, "block {lba}");
    }
    assert!(room(&rig) <= after + 64, "reading takes no room");
}
