//! The verifier: silent on what is right, and not on single faults.

#![allow(clippy::unwrap_used, clippy::panic)] // test code, though outside of test functions

mod image;

use glassmaster_disc::{BlockSource, Finding, SECTOR, Severity};
use glassmaster_iso9660::{DIRECTORIES, JOLIET_DIRECTORIES, Level, Options, PATH_TABLES, RockRidge, check};
use image::{Image, odd_tree};

fn findings(source: &dyn BlockSource, session: u32) -> Vec<Finding> {
    let mut all = Vec::new();
    check(source, session, &mut |f| all.push(f));
    all
}

#[test]
fn volumes_made_here_have_no_findings() {
    let tree = odd_tree();
    for level in [Level::One, Level::Two, Level::Three] {
        for session_start in [0, 1000] {
            let options = Options { level, session_start, ..Options::default() };
            let bytes = Image::plan(&tree, options).bytes(&tree);
            assert_eq!(findings(&bytes, session_start), []);
        }
    }
    let plain = Options { rock_ridge: None, ..Options::default() };
    let bytes = Image::plan(&tree, plain).bytes(&tree);
    let notes: Vec<_> = findings(&bytes, 0).iter().map(|f| (f.severity, f.clause)).collect();
    assert_eq!(notes, [(Severity::Note, "ECMA-119 6.8.2.1")]);
}

/// Byte of the record of `identifier` in the directories of an area.
fn record(bytes: &[u8], first: u32, blocks: u32, identifier: &[u8]) -> usize {
    let start = first as usize * SECTOR;
    for sector in (start..start + blocks as usize * SECTOR).step_by(SECTOR) {
        let mut at = sector;
        while at < sector + SECTOR && bytes[at] != 0 {
            if &bytes[at + 33..at + 33 + usize::from(bytes[at + 32])] == identifier {
                return at;
            }
            at += usize::from(bytes[at]);
        }
    }
    panic!("no record of {identifier:?}");
}

/// Byte of the first field with a signature behind `from`.
fn field(bytes: &[u8], from: usize, signature: &[u8; 2]) -> usize {
    (from..).find(|at| bytes[*at..].starts_with(signature) && bytes[*at + 3] == 1).unwrap()
}

#[test]
fn single_faults_are_found() {
    let tree = odd_tree();
    let options = Options { rock_ridge: Some(RockRidge::default()), ..Options::default() };
    let plan = Image::plan(&tree, options);
    let good = plan.bytes(&tree);
    let areas = plan.layout.areas();
    let (dirs, blocks) = (areas[DIRECTORIES].lba.unwrap(), areas[DIRECTORIES].blocks);
    let joliet = areas[JOLIET_DIRECTORIES].lba.unwrap() as usize * SECTOR;
    let tables = areas[PATH_TABLES].lba.unwrap() as usize * SECTOR;
    let root = dirs as usize * SECTOR;
    let pvd = 16 * SECTOR;
    let file = record(&good, dirs, blocks, b"CASE.TXT;1");
    let many = record(&good, dirs, blocks, b"MANY");
    let px = field(&good, file, b"PX");
    let ce = field(&good, root, b"CE");
    let sl = field(&good, record(&good, dirs, blocks, b"REL.;1"), b"SL");
    let cl = field(&good, root, b"CL");
    let pl = field(&good, root, b"PL");
    let faults: &[(usize, u8, &str)] = &[
        (pvd + 6, 2, "ECMA-119 8.1.3"),
        (pvd + 84, 9, "ECMA-119 8.4.8"),
        (pvd + 123, 9, "ECMA-119 8.4.10"),
        (pvd + 130, 9, "ECMA-119 8.4.12"),
        (pvd + 139, 9, "ECMA-119 8.4.13"),
        (pvd + 75, 1, "ECMA-119 8.4.7"),
        (pvd + 40, b'a', "ECMA-119 8.4.6"),
        (pvd + 817, b'9', "ECMA-119 8.4.26"),
        (pvd + 881, 2, "ECMA-119 8.4.30"),
        (pvd + 165, 9, "ECMA-119 9.1.3"),
        (pvd + 2 * SECTOR, 7, "ECMA-119 6.7.1.6"),
        (pvd + 2 * SECTOR + 99, 7, "ECMA-119 8.3.4"),
        (tables + 2, 99, "ECMA-119 6.9.1"),
        (tables + SECTOR + 12, 99, "ECMA-119 6.9.2"),
        (file + 7, 99, "ECMA-119 9.1.3"),
        (file + 5, 99, "ECMA-119 9.1.3"),
        (file + 17, 99, "ECMA-119 9.1.4"),
        (file + 19, 13, "ECMA-119 9.1.5"),
        (file + 25, 0x40, "ECMA-119 9.1.6"),
        (file + 25, 0x80, "ECMA-119 9.1.6"),
        (file + 31, 2, "ECMA-119 9.1.9"),
        (file + 33, b'Z', "ECMA-119 9.3"),
        (file + 34, b'a', "ECMA-119 7.5"),
        (file, 30, "ECMA-119 9.1"),
        (root + 2, 99, "ECMA-119 6.8.2.2"),
        (many + 10, 1, "ECMA-119 6.8.1.3"),
        (px + 2, 3, "SUSP 4.1"),
        (px + 2, 40, "RRIP 4.1.1"),
        (px + 4, 0x3F, "RRIP 4.1.1"),
        (px + 11, 0x3F, "RRIP 4.1.1"),
        (px + 12, 5, "RRIP 4.1.1"),
        (px, b'Q', "RRIP 4.1.1"),
        (ce + 4, 250, "SUSP 5.1"),
        (ce + 13, 8, "SUSP 5.1"),
        (sl + 5, 0x70, "RRIP 4.1.3"),
        (sl + 6, 0x70, "RRIP 4.1.3"),
        (sl, b'X', "RRIP 4.1.3"),
        (cl + 4, 1, "RRIP 4.1.5"),
        (pl + 4, 1, "RRIP 4.1.5"),
        (ce + 12, 200, "SUSP 5.1"),
        (joliet + 2, 99, "ECMA-119 6.8.2.2"),
    ];
    for (at, value, clause) in faults {
        let mut bad = good.clone();
        assert_ne!(bad[*at], *value, "no change at {at}");
        bad[*at] = *value;
        let found = findings(&bad, 0);
        assert!(
            found.iter().any(|f| f.clause.starts_with(clause)),
            "byte {at} = {value} should break {clause}: {found:#?}"
        );
    }
}

#[test]
fn contents_that_share_sectors_are_found() {
    let tree = odd_tree();
    let plan = Image::plan(&tree, Options { joliet: None, ..Options::default() });
    let mut bytes = plan.bytes(&tree);
    let dirs = plan.layout.areas()[DIRECTORIES].clone();
    let at = record(&bytes, dirs.lba.unwrap(), dirs.blocks, b"A_B_C.D;1");
    let first = u32::from_le_bytes(bytes[at + 2..at + 6].try_into().unwrap()) - 1;
    bytes[at + 2..at + 6].copy_from_slice(&first.to_le_bytes());
    bytes[at + 6..at + 10].copy_from_slice(&first.to_be_bytes());
    bytes[at + 11] = 0x0A;
    bytes[at + 16] = 0x0A;
    assert!(findings(&bytes, 0).iter().any(|f| f.clause == "ECMA-119 6.4"));
}

/// Directories that overlap each other to the end of the volume: as many sectors as there are are read, not their square.
#[test]
fn directories_in_each_other_end() {
    const SECTORS: usize = 4096;
    let tree = image::Grower::new().tree;
    let mut bytes =
        Image::plan(&tree, Options { joliet: None, rock_ridge: None, ..Options::default() }).bytes(&tree);
    bytes.resize(SECTORS * SECTOR, 0);
    let root = u32::from_le_bytes(bytes[16 * SECTOR + 158..][..4].try_into().unwrap()) as usize;
    let both = |value: usize| {
        let value = u32::try_from(value).unwrap();
        [value.to_le_bytes(), value.to_be_bytes()].concat()
    };
    // Every sector is full of records of directories that begin behind it and reach to the end.
    for sector in root..SECTORS {
        for n in 0..60 {
            let lba = root + 1 + (sector * 60 + n) % (SECTORS - root - 1);
            let mut record = vec![34, 0];
            record.extend(both(lba));
            record.extend(both((SECTORS - lba) * SECTOR));
            record.extend([
                100,
                1,
                1,
                0,
                0,
                0,
                0,
                2,
                0,
                0,
                1,
                0,
                0,
                1,
                1,
                b'A' + u8::try_from(n % 26).unwrap(),
            ]);
            bytes[sector * SECTOR + n * 34..][..34].copy_from_slice(&record);
        }
    }
    let start = std::time::Instant::now();
    let found = findings(&bytes, 0);
    assert!(found.iter().any(|f| f.clause == "ECMA-119 6.8.1"), "no end");
    assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
}
