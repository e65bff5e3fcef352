//! Metadata and virtual partitions, streams, creation times and real-time files at the byte positions that the tables
//! of ECMA-167 and OSTA UDF give them.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod image;

use glassmaster_disc::SECTOR;
use glassmaster_tree::{Times, Timestamp};
use glassmaster_udf::{AccessType, Options, Revision, area};
use image::{Planned, Source, pattern, plan};

/// 2023-11-14 22:13:20 UTC and 2009-02-13 23:31:30 UTC as timestamps of ECMA-167 1/7.3.
const RECORDED: [u8; 12] = [0x00, 0x10, 0xE7, 0x07, 11, 14, 22, 13, 20, 0, 0, 0];
const BORN: [u8; 12] = [0x00, 0x10, 0xD9, 0x07, 2, 13, 23, 31, 30, 0, 0, 0];

struct Volume {
    planned: Planned,
    image: Vec<u8>,
}

impl Volume {
    fn new(source: &Source, options: Options) -> Self {
        let planned = plan(source, options);
        let image = planned.image(source);
        Self { planned, image }
    }

    fn sector(&self, lba: u32) -> &[u8] {
        &self.image[lba as usize * SECTOR..][..SECTOR]
    }

    fn block(&self, block: u32) -> &[u8] {
        self.sector(self.planned.partition + block)
    }

    fn area(&self, area: usize) -> (u32, u32) {
        let area = &self.planned.layout.areas()[area];
        (area.lba.unwrap(), area.blocks)
    }
}

fn options(revision: Revision) -> Options {
    Options::new(revision, "Volume", Timestamp::from_secs(1_700_000_000))
}

#[track_caller]
fn at(sector: &[u8], position: usize, bytes: &[u8]) {
    assert_eq!(&sector[position..position + bytes.len()], bytes, "byte position {position}");
}

#[track_caller]
fn words(sector: &[u8], position: usize, values: &[u32]) {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    at(sector, position, &bytes);
}

#[track_caller]
fn tag(sector: &[u8], identifier: u16, location: u32) {
    at(sector, 0, &identifier.to_le_bytes());
    words(sector, 12, &[location]);
}

fn two_files() -> Source {
    let mut source = Source::new();
    let root = source.tree.root();
    source.file(root, b"file", pattern(5000));
    source.dir(root, "dir");
    source
}

/// UDF 2.50 2.2.4, 2.2.6, 2.2.10, 2.2.13.
#[test]
fn metadata_partition() {
    let source = two_files();
    for (revision, number, read) in
        [(Revision::V250, [0x50, 2], [0x50, 2]), (Revision::V260, [0x60, 2], [0x50, 2])]
    {
        let v = Volume::new(&source, options(revision));
        let (metadata, blocks) = v.area(area::METADATA);
        assert_eq!((metadata, blocks), (v.planned.partition, 64));
        let (mirror, mirror_blocks) = v.area(area::METADATA_MIRROR);
        assert_eq!(mirror_blocks, 64);
        let mirror_block = mirror - v.planned.partition;
        assert_eq!(mirror_block % 32, 0);
        // Logical volume descriptor: the file set is in partition 1, the maps are a type 1 and a metadata map.
        let s = v.sector(260);
        at(s, 240, &number);
        words(s, 248, &[4096, 0, 1, 0]);
        words(s, 264, &[70, 2]);
        at(s, 440, &[1, 6, 1, 0, 0, 0, 2, 64, 0, 0, 0]);
        at(s, 451, b"*UDF Metadata Partition");
        at(s, 474, &number);
        at(s, 482, &[1, 0, 0, 0]);
        words(s, 486, &[0, mirror_block, u32::MAX, 32]);
        at(s, 502, &[32, 0, 1, 0, 0, 0, 0, 0, 0]);
        // Integrity: free and all blocks of both partitions.
        let (integrity, _) = v.area(area::INTEGRITY);
        let s = v.sector(integrity);
        let partition_blocks = mirror_block + 64;
        words(s, 72, &[2, 46, 0, 0, partition_blocks, 32]);
        at(s, 97, b"*Glassmaster");
        words(s, 128, &[1, 2]);
        at(s, 136, &read);
        at(s, 138, &number);
        at(s, 140, &number);
        // File entries of both files: type 250 and 251, unique id 0, one short_ad of whole units.
        for (block, file_type, first) in [(0, 250, 32), (mirror_block, 251, mirror_block + 32)] {
            let s = v.block(block);
            tag(s, 261, block);
            at(s, 16, &[0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, file_type, 0, 0, 0, 0, 0, 0, 0, 0]);
            words(s, 36, &[u32::MAX, u32::MAX, 0]);
            words(s, 48, &[0, 0, 65_536, 0, 32, 0]);
            at(s, 84, &RECORDED);
            words(s, 160, &[0, 0, 0, 8, 65_536, first]);
        }
        let main = &v.image[(metadata + 32) as usize * SECTOR..][..32 * SECTOR];
        assert!(main == &v.image[(mirror + 32) as usize * SECTOR..][..32 * SECTOR]);
        // Blocks inside count from the file set: it, its terminator, root, its directory, "dir", its directory, "file".
        let inside = |block: u32| v.block(32 + block);
        tag(inside(0), 256, 0);
        words(inside(0), 400, &[2048, 2, 1, 0]);
        tag(inside(1), 8, 1);
        tag(inside(2), 261, 2);
        words(inside(2), 172, &[8, 128, 3]);
        assert_eq!(inside(2)[34] & 7, 0);
        let s = inside(3);
        tag(s, 257, 3);
        words(s, 20, &[2048, 2, 1, 0]);
        tag(&s[40..], 257, 3);
        words(s, 60, &[2048, 6, 1]);
        at(s, 72, &[16, 0, 0, 0]);
        // The data is in the physical partition, so the descriptor is a long one and names it (2.2.13).
        tag(inside(6), 261, 6);
        assert_eq!(inside(6)[34] & 7, 1);
        words(inside(6), 172, &[16, 5000, 64, 0, 0]);
    }
}

#[test]
fn a_mirror_that_is_no_copy_shares_the_extents() {
    let source = two_files();
    let v = Volume::new(&source, Options { mirror: false, ..options(Revision::V250) });
    let (mirror, blocks) = v.area(area::METADATA_MIRROR);
    assert_eq!(blocks, 1);
    at(v.sector(260), 504, &[0]);
    let block = mirror - v.planned.partition;
    tag(v.block(block), 261, block);
    assert_eq!(v.block(block)[27], 251);
    words(v.block(block), 172, &[8, 65_536, 32]);
}

/// ECMA-167 4/14.12, UDF 2.50 2.2.13.2: 7 of 32 blocks are in use, the others free.
#[test]
fn metadata_bitmap_of_media_that_are_written_again() {
    let source = two_files();
    let v = Volume::new(&source, Options { access: AccessType::OVERWRITABLE, ..options(Revision::V250) });
    words(v.sector(260), 494, &[1]);
    words(v.sector(v.area(area::INTEGRITY).0), 80, &[0, 25]);
    let s = v.block(1);
    tag(s, 261, 1);
    assert_eq!(s[27], 252);
    words(s, 56, &[28, 0, 1, 0]);
    words(s, 172, &[8, 28, 2]);
    let s = v.block(2);
    tag(s, 264, 2);
    at(s, 8, &[0, 0, 0, 0]);
    words(s, 16, &[32, 4]);
    at(s, 24, &[0x80, 0xFF, 0xFF, 0xFF, 0]);
}

/// ECMA-167 4/9.2, 4/14.4, 4/14.17; UDF 2.00 3.2.1.1, 3.3.5.1.
#[test]
fn streams_and_creation_times() {
    let mut source = Source::new();
    let root = source.tree.root();
    let file = source.file(root, b"file", pattern(5000));
    source.stream(file, b"s", pattern(10));
    let born = Timestamp::from_secs(1_234_567_890);
    source.tree.set_times(file, Times { accessed: born, created: born }).unwrap();
    let v = Volume::new(&source, options(Revision::V200));
    // The file: its own descriptor and the parent descriptor of the stream directory lead to it.
    let s = v.block(4);
    tag(s, 266, 4);
    assert_eq!((s[27], s[48], s[49]), (5, 2, 0));
    words(s, 56, &[5000, 0, 5010, 0, 3, 0]);
    at(s, 80, &BORN);
    at(s, 104, &BORN);
    words(s, 136, &[0, 0, 0, 0, 2048, 5, 0, 0]);
    words(s, 200, &[16, 0, 0, 8, 5000, 8]);
    // The stream directory: type 13, no stream bit, no descriptor leads to it.
    let s = v.block(5);
    tag(s, 266, 5);
    assert_eq!((s[27], s[34], s[35], s[48]), (13, 0, 0, 0));
    words(s, 56, &[80, 0, 80, 0, 1, 0]);
    words(s, 152, &[0, 0, 0, 0]);
    words(s, 200, &[16, 0, 0, 8, 80, 6]);
    let s = v.block(6);
    tag(s, 257, 6);
    at(s, 16, &[1, 0, 0b1000, 0, 0, 8, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0]);
    tag(&s[40..], 257, 6);
    at(&s[40..], 16, &[1, 0, 0, 2, 0, 8, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 8, b's']);
    // The stream: type 5, stream bit, one link, the unique id of its file.
    let s = v.block(7);
    tag(s, 266, 7);
    assert_eq!((s[27], s[34] & 7, s[35], s[48]), (5, 0, 0x20, 1));
    words(s, 56, &[10, 0, 10, 0, 1, 0]);
    words(s, 200, &[16, 0, 0, 8, 10, 11]);
    at(v.block(11), 0, &pattern(10));
    // Below 2.00 there is none of that.
    let v = Volume::new(&source, options(Revision::V150));
    let s = v.block(4);
    tag(s, 261, 4);
    assert_eq!((s[27], s[48]), (5, 1));
    at(s, 72, &BORN);
    assert_eq!(v.area(area::METADATA).1, 5);
}

#[test]
fn real_time_files() {
    let mut source = Source::new();
    let film = source.file(source.tree.root(), b"film", pattern(5000));
    source.tree.set_real_time(film, true);
    for (revision, file_type) in [(Revision::V200, 5), (Revision::V201, 249)] {
        let v = Volume::new(&source, options(revision));
        assert_eq!(v.block(4)[27], file_type, "{revision}");
    }
    assert_eq!(Volume::new(&source, options(Revision::V260)).block(32 + 4)[27], 249);
}

/// UDF 1.50 2.2.8 and 2.2.10, UDF 2.00 2.2.10.
#[test]
fn virtual_partition() {
    let mut source = Source::new();
    source.file(source.tree.root(), b"file", pattern(5000));
    for revision in [Revision::V150, Revision::V201, Revision::V260] {
        let access = AccessType::WRITE_ONCE;
        let v = Volume::new(&source, Options { vat: true, access, ..options(revision) });
        let s = v.sector(260);
        words(s, 248, &[4096, 0, 1]);
        words(s, 264, &[70, 2]);
        at(s, 446, &[2, 64, 0, 0, 0]);
        at(s, 451, b"*UDF Virtual Partition\0");
        at(s, 482, &[1, 0, 0, 0]);
        // Sizes of a virtual partition are not known.
        words(v.sector(v.area(area::INTEGRITY).0), 72, &[2, 46, 0, u32::MAX]);
        // Root: virtual address 2, its directory in block 3 of partition 0.
        tag(v.block(2), 261, 2);
        assert_eq!(v.block(2)[34] & 7, 1);
        words(v.block(2), 172, &[16, 84, 3, 0, 0]);
        words(v.block(3), 60, &[2048, 4, 1]);
        // The table is embedded in the file entry in the last sector.
        let last = v.planned.blocks - 1;
        let s = v.sector(last);
        tag(s, 261, last - v.planned.partition);
        assert_eq!(s[34] & 7, 3);
        let entries = [0, 1, 2, u32::MAX, 4];
        if revision == Revision::V150 {
            assert_eq!(s[27], 0);
            words(s, 172, &[56]);
            words(s, 176, &entries);
            at(s, 196, b"\0*UDF Virtual Alloc Tbl");
            at(s, 220, &[0x50, 1]);
            words(s, 228, &[u32::MAX]);
        } else {
            assert_eq!(s[27], 248);
            words(s, 172, &[172]);
            at(s, 176, &[152, 0, 0, 0, 8, b'V', b'o', b'l', b'u', b'm', b'e', 0]);
            assert_eq!(s[176 + 131], 7);
            words(s, 176 + 132, &[u32::MAX, 1, 1]);
            words(s, 176 + 152, &entries);
        }
    }
}
