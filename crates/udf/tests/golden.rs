//! Fields of every descriptor at the byte positions that the tables of ECMA-167 and OSTA UDF give them.

#![allow(clippy::unwrap_used)]

mod image;

use glassmaster_disc::SECTOR;
use glassmaster_tree::Timestamp;
use glassmaster_udf::{Options, Revision, area};
use image::{Planned, Source, pattern, plan};

/// 2023-11-14 22:13:20 UTC as a timestamp of ECMA-167 1/7.3: type 1, offset 0.
const STAMP: [u8; 12] = [0x00, 0x10, 0xE7, 0x07, 11, 14, 22, 13, 20, 0, 0, 0];

struct Volume {
    planned: Planned,
    image: Vec<u8>,
}

impl Volume {
    fn new(revision: Revision) -> Self {
        let mut source = Source::new();
        let root = source.tree.root();
        source.file(root, b"file", pattern(5000));
        source.dir(root, "dir");
        let options = Options::new(revision, "Volume", Timestamp::from_secs(1_700_000_000));
        let planned = plan(&source, options);
        let image = planned.image(&source);
        Self { planned, image }
    }

    fn sector(&self, lba: u32) -> &[u8] {
        &self.image[usize::try_from(lba).unwrap() * SECTOR..][..SECTOR]
    }

    fn lba(&self, area: usize) -> u32 {
        self.planned.layout.areas()[area].lba.unwrap()
    }
}

#[track_caller]
fn at(sector: &[u8], position: usize, bytes: &[u8]) {
    assert_eq!(&sector[position..position + bytes.len()], bytes, "byte position {position}");
}

#[track_caller]
fn u32_is(sector: &[u8], position: usize, value: u32) {
    at(sector, position, &value.to_le_bytes());
}

/// Tag of 3/7.2: identifier, version, location.
#[track_caller]
fn tag(sector: &[u8], identifier: u16, version: u16, location: u32) {
    at(sector, 0, &identifier.to_le_bytes());
    at(sector, 2, &version.to_le_bytes());
    u32_is(sector, 12, location);
}

const CHARACTERS: &[u8] = b"\0OSTA Compressed Unicode\0";
const NAME: &[u8] = b"\x08Volume\0";

#[test]
fn recognition_sequence() {
    for (revision, nsr) in [(Revision::V150, b"NSR02"), (Revision::V200, b"NSR03")] {
        let v = Volume::new(revision);
        for (lba, identifier) in [(16, b"BEA01"), (17, nsr), (18, b"TEA01")] {
            at(v.sector(lba), 0, &[0]);
            at(v.sector(lba), 1, identifier);
            at(v.sector(lba), 6, &[1, 0]);
        }
    }
}

#[test]
fn anchors() {
    let v = Volume::new(Revision::V102);
    for lba in [256, v.planned.blocks - 1] {
        let s = v.sector(lba);
        tag(s, 2, 2, lba);
        u32_is(s, 16, 16 * 2048);
        u32_is(s, 20, 257);
        u32_is(s, 24, 16 * 2048);
        u32_is(s, 28, v.lba(area::RESERVE_SEQUENCE));
    }
}

#[test]
fn volume_descriptor_sequences() {
    for (revision, version, number, nsr) in
        [(Revision::V102, 2, [0x02, 0x01], b"+NSR02"), (Revision::V201, 3, [0x01, 0x02], b"+NSR03")]
    {
        let v = Volume::new(revision);
        for start in [257, v.lba(area::RESERVE_SEQUENCE)] {
            // Primary volume descriptor, 3/10.1.
            let s = v.sector(start);
            tag(s, 1, version, start);
            u32_is(s, 20, 0);
            at(s, 24, NAME);
            at(s, 55, &[7]);
            at(s, 56, &[1, 0, 1, 0, 2, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
            at(s, 72, b"\x086553f100");
            at(s, 89, b"Volume");
            at(s, 199, &[23]);
            at(s, 200, CHARACTERS);
            at(s, 264, CHARACTERS);
            at(s, 345, b"*Glassmaster\0");
            at(s, 376, &STAMP);
            at(s, 389, b"*Glassmaster\0");
            // Implementation use volume descriptor, 3/10.4 and UDF 2.2.7.
            let s = v.sector(start + 1);
            tag(s, 4, version, start + 1);
            at(s, 21, b"*UDF LV Info\0");
            at(s, 44, &number);
            at(s, 52, CHARACTERS);
            at(s, 116, NAME);
            at(s, 353, b"*Glassmaster\0");
            // Partition descriptor, 3/10.5.
            let s = v.sector(start + 2);
            tag(s, 5, version, start + 2);
            at(s, 20, &[1, 0, 0, 0]);
            at(s, 25, nsr);
            u32_is(s, 184, 1);
            u32_is(s, 188, v.lba(area::METADATA));
            u32_is(s, 192, v.lba(area::RESERVE_SEQUENCE) - v.lba(area::METADATA));
            at(s, 197, b"*Glassmaster\0");
            // Logical volume descriptor, 3/10.6, with the type 1 map of 3/10.7.2.
            let s = v.sector(start + 3);
            tag(s, 6, version, start + 3);
            at(s, 20, CHARACTERS);
            at(s, 84, NAME);
            at(s, 211, &[7]);
            u32_is(s, 212, 2048);
            at(s, 217, b"*OSTA UDF Compliant");
            at(s, 240, &number);
            at(s, 248, &[0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            u32_is(s, 264, 6);
            u32_is(s, 268, 1);
            at(s, 273, b"*Glassmaster\0");
            u32_is(s, 432, 4 * 2048);
            u32_is(s, 436, v.lba(area::INTEGRITY));
            at(s, 440, &[1, 6, 1, 0, 0, 0]);
            // Unallocated space descriptor, 3/10.8; terminating descriptor, 3/10.9.
            tag(v.sector(start + 4), 7, version, start + 4);
            u32_is(v.sector(start + 4), 20, 0);
            tag(v.sector(start + 5), 8, version, start + 5);
            // The volume descriptor sequence numbers of 3/8.4.3 tell the descriptors' order.
            for block in 0..5 {
                u32_is(v.sector(start + block), 16, block + 1);
            }
        }
    }
}

#[test]
fn integrity() {
    let v = Volume::new(Revision::V150);
    let lba = v.lba(area::INTEGRITY);
    let s = v.sector(lba);
    tag(s, 9, 2, lba);
    at(s, 16, &STAMP);
    u32_is(s, 28, 1);
    at(s, 32, &[0; 8]);
    at(s, 40, &[18, 0, 0, 0, 0, 0, 0, 0]); // 16 and 17 are given away
    u32_is(s, 72, 1);
    u32_is(s, 76, 46);
    u32_is(s, 80, 0);
    u32_is(s, 84, v.lba(area::RESERVE_SEQUENCE) - v.lba(area::METADATA));
    at(s, 89, b"*Glassmaster\0");
    u32_is(s, 120, 1);
    u32_is(s, 124, 2);
    at(s, 128, &[0x50, 1, 0x50, 1, 0x50, 1]);
    tag(v.sector(lba + 1), 8, 2, lba + 1);
}

#[test]
fn file_set_and_root() {
    for (revision, version, unique) in [(Revision::V102, 2, 0), (Revision::V200, 3, 17)] {
        let v = Volume::new(revision);
        let lba = v.lba(area::METADATA);
        // File set descriptor, 4/14.1.
        let s = v.sector(lba);
        tag(s, 256, version, 0);
        at(s, 16, &STAMP);
        at(s, 28, &[3, 0, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        at(s, 48, CHARACTERS);
        at(s, 112, NAME);
        at(s, 240, CHARACTERS);
        at(s, 304, NAME);
        at(s, 400, &[0, 8, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        at(s, 417, b"*OSTA UDF Compliant");
        tag(v.sector(lba + 1), 8, version, 1);
        // File entry of the root, 4/14.9: strategy 4, type 4, one short_ad to the next block.
        let s = v.sector(lba + 2);
        tag(s, 261, version, 2);
        at(s, 16, &[0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
        at(s, 48, &[2, 0]);
        u32_is(s, 56, 40 + 44 + 44);
        u32_is(s, 64, 1);
        at(s, 160, &[0; 12]);
        u32_is(s, 172, 8);
        at(s, 176, &[128, 0, 0, 0, 3, 0, 0, 0]);
        // Its file identifier descriptors, 4/14.4: parent, "file", "dir".
        let s = v.sector(lba + 3);
        tag(s, 257, version, 3);
        at(s, 16, &[1, 0, 0b1010, 0, 0, 8, 0, 0, 2, 0, 0, 0]);
        let file = &s[40..84];
        tag(file, 257, version, 3);
        at(file, 16, &[1, 0, 0, 5, 0, 8, 0, 0, 6, 0, 0, 0]);
        at(file, 36, b"\0\0\x08file\0");
        let dir = &s[84..128];
        at(dir, 16, &[1, 0, 0b10, 4, 0, 8, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
        u32_is(dir, 32, unique);
        at(dir, 36, b"\0\0\x08dir\0\0");
        // File entry of the file: 5000 bytes in 3 blocks behind the metadata of 7.
        let s = v.sector(lba + 6);
        tag(s, 261, version, 6);
        assert_eq!(s[27], 5);
        u32_is(s, 56, 5000);
        u32_is(s, 64, 3);
        u32_is(s, 160, 16);
        at(s, 176, &[0x88, 0x13, 0, 0, 7, 0, 0, 0]);
    }
}
