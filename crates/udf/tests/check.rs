//! The verifier finds single faults, each behind checksums that fit.

#![allow(clippy::unwrap_used, clippy::panic)]

mod image;

use glassmaster_disc::SECTOR;
use glassmaster_udf::{Revision, area, check};
use image::{Planned, Source, options, pattern, plan, reseal};

fn volume() -> (Planned, Vec<u8>) {
    let mut s = Source::new();
    let root = s.tree.root();
    s.file(root, b"one", pattern(3000)); // file entry in block 6, data in 8 and 9
    s.file(root, b"two", pattern(100)); // 7 and 10
    s.dir(root, "dir"); // 4 and 5
    let planned = plan(&s, options(Revision::V201));
    let image = planned.image(&s);
    (planned, image)
}

/// Clauses of what is found after `bytes` are put to `at` of a sector and the descriptor that begins at `start` is
/// sealed again.
fn found(sector: u32, start: usize, at: usize, bytes: &[u8]) -> Vec<&'static str> {
    let (_, mut image) = volume();
    let sector = &mut image[usize::try_from(sector).unwrap() * SECTOR..][..SECTOR];
    sector[start + at..start + at + bytes.len()].copy_from_slice(bytes);
    reseal(&mut sector[start..]);
    let mut clauses = Vec::new();
    check(&image, &mut |finding| clauses.push(finding.clause));
    clauses
}

#[test]
fn nothing_is_found_in_order() {
    check(&volume().1, &mut |finding| panic!("{finding}"));
}

#[test]
fn single_faults() {
    let (planned, _) = volume();
    let lba = |area: usize| planned.layout.areas()[area].lba.unwrap();
    let (metadata, integrity) = (lba(area::METADATA), lba(area::INTEGRITY));
    let entry = |block: u32| metadata + block;
    for (what, clauses, expected) in [
        ("link count of a file", found(entry(6), 0, 48, &[2]), "ECMA-167 4/14.9.6"),
        ("link count of the root", found(entry(2), 0, 48, &[1]), "ECMA-167 4/14.9.6"),
        ("UniqueID twice", found(entry(7), 0, 160, &[16]), "UDF 3.2.1.1"),
        ("UniqueID of the root", found(entry(2), 0, 160, &[99]), "UDF 3.2.1.1"),
        ("reserved UniqueID", found(entry(6), 0, 160, &[3]), "UDF 3.2.1.1"),
        ("next UniqueID", found(integrity, 0, 40, &[17]), "UDF 3.2.1.1"),
        ("number of files", found(integrity, 0, 120, &[7]), "UDF 2.2.6.4"),
        ("number of directories", found(integrity, 0, 124, &[7]), "UDF 2.2.6.4"),
        ("volume left open", found(integrity, 0, 28, &[0]), "ECMA-167 3/10.10.3"),
        ("size of the partition", found(integrity, 0, 84, &[1]), "ECMA-167 3/10.10.9"),
        ("files share a sector", found(entry(7), 0, 180, &[9]), "ECMA-167 4/8.7"),
        ("data over a file entry", found(entry(7), 0, 180, &[6]), "ECMA-167 4/8.7"),
        ("blocks recorded", found(entry(6), 0, 64, &[1]), "ECMA-167 4/14.9.11"),
        ("modification time", found(entry(6), 0, 88, &[13]), "ECMA-167 1/7.3"),
        ("tag location of an entry", found(entry(6), 0, 12, &[7]), "ECMA-167 4/7.2.8"),
        ("tag location of a name", found(entry(3), 40, 12, &[4]), "ECMA-167 4/7.2.8"),
        ("a name twice", found(entry(3), 40, 39, b"two"), "ECMA-167 4/8.6"),
        ("directory bit of a file", found(entry(3), 40, 18, &[2]), "ECMA-167 4/14.4.3"),
        ("parent elsewhere", found(entry(5), 0, 24, &[4]), "ECMA-167 4/8.6"),
        ("no parent", found(entry(5), 0, 18, &[2]), "ECMA-167 4/8.6"),
        ("main and reserve differ", found(257, 0, 30, b"x"), "ECMA-167 3/8.4.2.2"),
        ("partition contents", found(259, 0, 30, b"2"), "ECMA-167 3/10.5.5"),
        ("descriptor version", found(260, 0, 2, &[2]), "UDF 2.2.1"),
        ("anchors differ", found(256, 0, 24, &[0, 0x90]), "ECMA-167 3/10.2"),
        ("no terminator in the recognition sequence", found(18, 0, 1, b"XXXXX"), "ECMA-167 2/9.3"),
    ] {
        assert!(clauses.contains(&expected), "{what}: {clauses:?}");
    }
}
