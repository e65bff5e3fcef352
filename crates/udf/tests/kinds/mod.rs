//! Small volumes of every kind of partition, made by hand from plain ones: what the standards say, byte by byte, and not
//! what the layout of this crate makes.
#![allow(dead_code)] // each test binary uses its part
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

use glassmaster_disc::SECTOR;
use glassmaster_udf::{Revision, area};

use crate::image::{Source, options, pattern, plan, reseal};

/// Partition block 0 is this sector in every volume here.
pub(crate) const START: usize = 288;

pub(crate) fn u16_at(image: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(image[at..at + 2].try_into().unwrap())
}

pub(crate) fn u32_at(image: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(image[at..at + 4].try_into().unwrap())
}

pub(crate) fn put(image: &mut [u8], at: usize, bytes: &[u8]) {
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

fn put32(image: &mut [u8], at: usize, value: usize) {
    put(image, at, &(value as u32).to_le_bytes());
}

/// CRC length, CRC and checksum of the descriptor of `size` bytes at byte `at`.
pub(crate) fn seal(image: &mut [u8], at: usize, size: usize) {
    put(image, at + 10, &((size - 16) as u16).to_le_bytes());
    reseal(&mut image[at..]);
}

/// Files of three sizes, a directory with one more, a link.
pub(crate) fn plain(revision: Revision) -> Vec<u8> {
    let mut s = Source::new();
    let root = s.tree.root();
    s.file(root, b"one", pattern(3000)); // file entry in block 6, data in 8 and 9
    s.file(root, b"two", pattern(100)); // 7 and 10
    s.dir(root, "dir"); // 4 and 5
    let planned = plan(&s, options(revision));
    assert_eq!(planned.layout.areas()[area::METADATA].lba, Some(START as u32));
    planned.image(&s)
}

/// Sectors with a descriptor of that identifier before the partition or behind it.
fn descriptors(image: &[u8], identifier: u16) -> Vec<usize> {
    (0..image.len() / SECTOR)
        .map(|sector| sector * SECTOR)
        .filter(|at| u16_at(image, *at) == identifier && u32_at(image, at + 12) as usize == at / SECTOR)
        .collect()
}

/// Makes the volume longer by `sectors`, all of them in the partition; the first of them. The anchor moves along.
fn extend(image: &mut Vec<u8>, sectors: usize) -> usize {
    let last = image.len() / SECTOR - 1;
    let anchor = image[last * SECTOR..].to_vec();
    image[last * SECTOR..].fill(0);
    let first = last + 1;
    image.resize((first + sectors + 1) * SECTOR, 0);
    let end = first + sectors;
    put(image, end * SECTOR, &anchor);
    put32(image, end * SECTOR + 12, end);
    reseal(&mut image[end * SECTOR..]);
    for at in descriptors(image, 5) {
        put32(image, at + 192, end - START);
        reseal(&mut image[at..]);
    }
    for at in descriptors(image, 9) {
        put32(image, at + 84, end - START);
        reseal(&mut image[at..]);
    }
    first
}

/// Replaces the partition maps in both logical volume descriptors.
fn put_maps(image: &mut [u8], maps: &[&[u8]]) {
    let table: Vec<u8> = maps.concat();
    for at in descriptors(image, 6) {
        image[at + 440..at + 2048].fill(0);
        put32(image, at + 264, table.len());
        put32(image, at + 268, maps.len());
        put(image, at + 440, &table);
        seal(image, at, 440 + table.len());
    }
}

fn type_2(name: &[u8], revision: u16, rest: &[u8]) -> Vec<u8> {
    let mut map = vec![0; 64];
    (map[0], map[1]) = (2, 64);
    put(&mut map, 5, name);
    put(&mut map, 28, &revision.to_le_bytes());
    put(&mut map, 36, &[1, 0, 0, 0]);
    put(&mut map, 40, rest);
    map
}

const TYPE_1: [u8; 6] = [1, 6, 1, 0, 0, 0];

/// Makes the integrity descriptor one of two partitions.
fn second_partition(image: &mut [u8], free: u32, blocks: u32) {
    for at in descriptors(image, 9) {
        let said = image[at + 80..at + 134].to_vec();
        put32(image, at + 72, 2);
        put(image, at + 80, &said[..4]);
        put(image, at + 84, &free.to_le_bytes());
        put(image, at + 88, &said[4..8]);
        put(image, at + 92, &blocks.to_le_bytes());
        put(image, at + 96, &said[8..]);
        seal(image, at, 80 + 16 + 46);
    }
}

/// Sets the partition of every ICB that a directory's descriptors lead to.
fn move_names(image: &mut [u8], block: usize, partition: u16, only_parent: bool) {
    let sector = (START + block) * SECTOR;
    let mut at = sector;
    while u16_at(image, at) == 257 {
        let length =
            (38 + usize::from(u16_at(image, at + 36)) + usize::from(image[at + 19])).next_multiple_of(4);
        if !only_parent || image[at + 18] & 8 != 0 {
            put(image, at + 28, &partition.to_le_bytes());
        }
        seal(image, at, length);
        at += length;
        if at + 40 > sector + SECTOR {
            break;
        }
    }
}

/// A file entry: `header` bytes copied from that at `from`, then embedded content.
fn entry(image: &mut [u8], from: usize, sector: usize, location: usize, file_type: u8, content: &[u8]) {
    let copy = image[from..from + 176].to_vec();
    let at = sector * SECTOR;
    put(image, at, &copy);
    put32(image, at + 12, location);
    image[at + 27] = file_type;
    put(image, at + 34, &[3, 0]);
    put(image, at + 56, &(content.len() as u64).to_le_bytes());
    put(image, at + 64, &[0; 8]);
    put32(image, at + 168, 0);
    put32(image, at + 172, content.len());
    put(image, at + 176, content);
    seal(image, at, 176 + content.len());
}

/// The root directory in a virtual partition, its entry moved to where a later write would have put it; the table is the
/// last sector.
pub(crate) fn with_virtual(revision: Revision) -> Vec<u8> {
    let mut image = plain(revision);
    let appended = extend(&mut image, 2);
    let third = revision >= Revision::V200;
    put_maps(&mut image, &[&TYPE_1, &type_2(b"*UDF Virtual Partition", revision.bcd(), &[])]);
    second_partition(&mut image, u32::MAX, u32::MAX);
    // Its entry keeps the number 2, and so does the tag.
    let root = START * SECTOR + 2 * SECTOR;
    let moved = image[root..root + SECTOR].to_vec();
    put(&mut image, appended * SECTOR, &moved);
    image[root..root + SECTOR].fill(0);
    let set = START * SECTOR;
    put(&mut image, set + 408, &[1, 0]);
    reseal(&mut image[set..]);
    move_names(&mut image, 3, 1, true);
    move_names(&mut image, 5, 1, true);
    let mut entries: Vec<u32> = (0..12).collect();
    entries[2] = (appended - START) as u32;
    entries[0] = u32::MAX;
    let mut table = Vec::new();
    if third {
        table.extend_from_slice(&[152, 0, 0, 0]);
        let name = u16_at(&image, START * SECTOR); // any descriptor: the file set's name is the volume's
        assert_eq!(name, 256);
        table.extend_from_slice(&image[set + 112..set + 240]);
        table.extend_from_slice(&u32::MAX.to_le_bytes());
        table.extend_from_slice(&[2, 0, 0, 0, 2, 0, 0, 0]);
        for _ in 0..3 {
            table.extend_from_slice(&revision.bcd().to_le_bytes());
        }
        table.extend_from_slice(&[0, 0]);
    }
    for entry in entries {
        table.extend_from_slice(&entry.to_le_bytes());
    }
    if !third {
        let mut regid = [0; 32];
        put(&mut regid, 1, b"*UDF Virtual Alloc Tbl");
        put(&mut regid, 24, &revision.bcd().to_le_bytes());
        table.extend_from_slice(&regid);
        table.extend_from_slice(&u32::MAX.to_le_bytes());
    }
    // In the place of the anchor that moved: nothing may stand behind it.
    let last = image.len() / SECTOR - 1;
    let model = appended * SECTOR;
    image[last * SECTOR..].fill(0);
    entry(&mut image, model, last, last - START, if third { 248 } else { 0 }, &table);
    let at = last * SECTOR;
    put(&mut image, at + 160, &[20, 0, 0, 0, 0, 0, 0, 0]);
    reseal(&mut image[at..]);
    for at in descriptors(&image, 5) {
        put32(&mut image, at + 192, last + 1 - START);
        reseal(&mut image[at..]);
    }
    for at in descriptors(&image, 9) {
        put32(&mut image, at + 88, last + 1 - START);
        reseal(&mut image[at..]);
    }
    image
}

/// Sectors of the two sparing tables of [`with_sparing`], and of the packet that was moved.
pub(crate) const SPARING: (usize, usize, usize) = (608, 640, 672);

/// The first packet, with all descriptors, somewhere else.
pub(crate) fn with_sparing(revision: Revision) -> Vec<u8> {
    let mut image = plain(revision);
    let (one, two, packet) = SPARING;
    let have = image.len() / SECTOR;
    // The spare space is behind the partition, as it is on discs.
    let blocks = u32_at(&image, descriptors(&image, 5)[0] + 192) as usize;
    extend(&mut image, packet + 64 - have);
    for at in descriptors(&image, 5) {
        put32(&mut image, at + 192, blocks);
        reseal(&mut image[at..]);
    }
    for at in descriptors(&image, 9) {
        put32(&mut image, at + 84, blocks);
        reseal(&mut image[at..]);
    }
    let mut rest = vec![32, 0, 2, 0, 0, 8, 0, 0];
    rest.extend_from_slice(&(one as u32).to_le_bytes());
    rest.extend_from_slice(&(two as u32).to_le_bytes());
    put_maps(&mut image, &[&type_2(b"*UDF Sparable Partition", revision.bcd(), &rest)]);
    let moved = image[START * SECTOR..(START + 32) * SECTOR].to_vec();
    put(&mut image, packet * SECTOR, &moved);
    image[START * SECTOR..(START + 10) * SECTOR].fill(0xA5);
    let version = if revision >= Revision::V200 { 3 } else { 2 };
    for table in [one, two] {
        let at = table * SECTOR;
        put(&mut image, at, &[0, 0, version, 0, 0, 0, 1, 0]);
        put32(&mut image, at + 12, table);
        put(&mut image, at + 17, b"*UDF Sparing Table");
        put(&mut image, at + 40, &revision.bcd().to_le_bytes());
        put(&mut image, at + 48, &[2, 0, 0, 0, 7, 0, 0, 0]);
        put32(&mut image, at + 56, 0);
        put32(&mut image, at + 60, packet);
        put32(&mut image, at + 64, 0xFFFF_FFFF);
        put32(&mut image, at + 68, packet + 32);
        seal(&mut image, at, 72);
    }
    image
}

/// Bytes and blocks that tests of the metadata partition damage.
pub(crate) struct Metadata {
    pub(crate) image: Vec<u8>,
    /// Sector of the entry of the main file, of the mirror file, of the mirror's copy.
    pub(crate) main: usize,
    pub(crate) mirror: usize,
    pub(crate) copy: usize,
    /// Blocks of the file.
    pub(crate) blocks: usize,
}

/// Everything but file data in a metadata partition with a mirror of its own: UDF 2.50.
pub(crate) fn with_metadata() -> Metadata {
    let mut image = plain(Revision::V201);
    // Data begins in block 8.
    let blocks = 8;
    let main = extend(&mut image, 2 + blocks);
    let (mirror, copy) = (main + 1, main + 2);
    let set = START * SECTOR;
    // The new revision wherever one is recorded.
    for identifier in [4, 6] {
        for at in descriptors(&image, identifier) {
            let suffix = if identifier == 4 { 20 + 24 } else { 216 + 24 };
            put(&mut image, at + suffix, &[0x50, 2]);
            reseal(&mut image[at..]);
        }
    }
    put(&mut image, set + 440, &[0x50, 2]);
    put(&mut image, set + 408, &[1, 0]);
    reseal(&mut image[set..]);
    let mut rest = Vec::new();
    for number in [main - START, mirror - START, 0xFFFF_FFFF, 1] {
        rest.extend_from_slice(&(number as u32).to_le_bytes());
    }
    rest.extend_from_slice(&[1, 0, 1]);
    put_maps(&mut image, &[&TYPE_1, &type_2(b"*UDF Metadata Partition", 0x0250, &rest)]);
    for at in descriptors(&image, 6) {
        put(&mut image, at + 256, &[1, 0]);
        reseal(&mut image[at..]);
    }
    second_partition(&mut image, 0, blocks as u32);
    for at in descriptors(&image, 9) {
        for revision in [136, 138, 140] {
            put(&mut image, at + revision, &[0x50, 2]);
        }
        reseal(&mut image[at..]);
    }
    move_names(&mut image, 3, 1, false);
    move_names(&mut image, 5, 1, false);
    // File data stays in the other partition, which only long descriptors can say.
    for block in [6, 7] {
        let at = (START + block) * SECTOR;
        let (bytes, first) = (u32_at(&image, at + 176), u32_at(&image, at + 180));
        put(&mut image, at + 34, &[1, 0]);
        put32(&mut image, at + 172, 16);
        put32(&mut image, at + 176, bytes as usize);
        put32(&mut image, at + 180, first as usize);
        put(&mut image, at + 184, &[0; 8]);
        seal(&mut image, at, 192);
    }
    let model = set + 2 * SECTOR;
    let content = image[set..set + blocks * SECTOR].to_vec();
    put(&mut image, copy * SECTOR, &content);
    for (sector, file_type, first) in [(main, 250, 0), (mirror, 251, copy - START)] {
        entry(&mut image, model, sector, sector - START, file_type, &[]);
        let at = sector * SECTOR;
        put(&mut image, at + 34, &[0, 0]);
        put(&mut image, at + 56, &((blocks * SECTOR) as u64).to_le_bytes());
        put(&mut image, at + 64, &(blocks as u64).to_le_bytes());
        put32(&mut image, at + 172, 8);
        put32(&mut image, at + 176, blocks * SECTOR);
        put32(&mut image, at + 180, first);
        seal(&mut image, at, 184);
    }
    Metadata { image, main, mirror, copy, blocks }
}

/// The file `one` with two streams, one of them the implementation's own; sectors of the stream directory's entry and
/// of its descriptors.
pub(crate) fn with_streams() -> (Vec<u8>, usize, usize) {
    let mut image = plain(Revision::V201);
    let directory = extend(&mut image, 4);
    let names = directory + 1;
    let file = (START + 6) * SECTOR;
    let old = image[file..file + SECTOR].to_vec();
    let model = file;
    entry(&mut image, model, directory + 2, directory + 2 - START, 5, b"stream content");
    entry(&mut image, model, directory + 3, directory + 3 - START, 5, b"resource");
    for sector in [directory + 2, directory + 3] {
        let at = sector * SECTOR;
        put(&mut image, at + 34, &[3, 0x20]);
        put(&mut image, at + 48, &[1, 0]);
        reseal(&mut image[at..]);
    }
    // The directory of streams: the parent is the file.
    let mut list = Vec::new();
    for (name, characteristics, block) in [
        (&b""[..], 8u8, 6),
        (&b"\x08note"[..], 0, directory + 2 - START),
        (&b"\x08*UDF NT ACL"[..], 16, directory + 3 - START),
    ] {
        let mut fid = vec![0; (38 + name.len()).next_multiple_of(4)];
        put(&mut fid, 0, &[1, 1, 3, 0, 0, 0, 1, 0]);
        put32(&mut fid, 12, names - START);
        put(&mut fid, 16, &[1, 0, characteristics, name.len() as u8]);
        put32(&mut fid, 20, SECTOR);
        put32(&mut fid, 24, block);
        put(&mut fid, 38, name);
        let length = fid.len();
        seal(&mut fid, 0, length);
        list.extend_from_slice(&fid);
    }
    put(&mut image, names * SECTOR, &list);
    entry(&mut image, model, directory, directory - START, 13, &[]);
    let at = directory * SECTOR;
    put(&mut image, at + 34, &[0, 0]);
    put(&mut image, at + 56, &(list.len() as u64).to_le_bytes());
    put(&mut image, at + 64, &[1, 0, 0, 0, 0, 0, 0, 0]);
    put32(&mut image, at + 172, 8);
    put32(&mut image, at + 176, list.len());
    put32(&mut image, at + 180, names - START);
    seal(&mut image, at, 184);
    // The file's entry as an extended one (ECMA-167 4/14.17).
    image[file..file + SECTOR].fill(0);
    put(&mut image, file, &old[..64]);
    put(&mut image, file, &[10, 1]);
    put(&mut image, file + 64, &(3000 + 14 + 8u64).to_le_bytes());
    put(&mut image, file + 72, &old[64..72]);
    put(&mut image, file + 80, &old[72..96]); // access and modification
    put(&mut image, file + 104, &old[84..96]); // creation
    put(&mut image, file + 116, &old[96..108]); // attributes
    put(&mut image, file + 128, &[1, 0, 0, 0]);
    put32(&mut image, file + 152, SECTOR);
    put32(&mut image, file + 156, directory - START);
    put(&mut image, file + 168, &old[128..168]);
    put32(&mut image, file + 212, 8);
    put(&mut image, file + 216, &old[176..184]);
    seal(&mut image, file, 224);
    (image, directory, names)
}
