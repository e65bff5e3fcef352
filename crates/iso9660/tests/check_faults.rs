//! One fault at a time: the verifier names each with its clause, its sector and how much it matters, in volumes made here
//! and in those of other programs.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)] // test code, though outside of test functions

mod image;

use std::process::Command;

use glassmaster_disc::Severity::{self, Error, Note, Warning};
use glassmaster_disc::{Finding, SECTOR};
use glassmaster_iso9660::el_torito::{BootCatalog, BootEntry, BootSettings, Platform};
use glassmaster_iso9660::{
    BOOT_CATALOG, DIRECTORIES, IsoVolume, JOLIET_DIRECTORIES, Namespace, Options, PATH_TABLES, check,
};
use glassmaster_tree::{Kind, Timestamp, Tree, Volume as _};
use image::{Grower, Image, content, listing};

/// A single fault, and the finding that must name it.
struct Fault {
    edits: Vec<(usize, Vec<u8>)>,
    severity: Severity,
    clause: &'static str,
    sector: usize,
}

/// One byte, or several in a row; the finding is expected at their sector.
fn at(place: usize, bytes: impl AsRef<[u8]>, severity: Severity, clause: &'static str) -> Fault {
    Fault { edits: vec![(place, bytes.as_ref().to_vec())], severity, clause, sector: place / SECTOR }
}

impl Fault {
    fn also(mut self, place: usize, bytes: impl AsRef<[u8]>) -> Self {
        self.edits.push((place, bytes.as_ref().to_vec()));
        self
    }

    /// What is found elsewhere than where the fault is.
    fn found_in(mut self, sector: usize) -> Self {
        self.sector = sector;
        self
    }
}

/// Both byte orders of a number (ECMA-119 7.3.3).
fn both(value: usize) -> [u8; 8] {
    let value = u32::try_from(value).unwrap();
    let mut out = [0; 8];
    out[..4].copy_from_slice(&value.to_le_bytes());
    out[4..].copy_from_slice(&value.to_be_bytes());
    out
}

fn little(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap().to_le_bytes()
}

fn findings(image: &[u8]) -> Vec<Finding> {
    let mut all = Vec::new();
    check(&image.to_vec(), 0, &mut |f| all.push(f));
    all
}

/// Every fault alone must be named by a finding that the sound image does not have.
fn all_named(good: &[u8], faults: &[Fault]) {
    let usual = findings(good);
    let mut missed = Vec::new();
    for fault in faults {
        let mut bad = good.to_vec();
        for (place, bytes) in &fault.edits {
            bad[*place..place + bytes.len()].copy_from_slice(bytes);
        }
        assert_ne!(bad, good, "no change: {} at {:?}", fault.clause, fault.edits);
        let found: Vec<_> = findings(&bad).into_iter().filter(|f| !usual.contains(f)).collect();
        let named = found
            .iter()
            .any(|f| (f.severity, f.clause, f.lba) == (fault.severity, fault.clause, fault.sector as u64));
        if !named {
            let found: Vec<_> = found.iter().map(ToString::to_string).collect();
            missed.push(format!(
                "{} of {} in sector {} ({:?}):\n    {}",
                fault.severity,
                fault.clause,
                fault.sector,
                fault.edits,
                found.join("\n    ")
            ));
        }
    }
    assert!(missed.is_empty(), "{} of {} faults missed:\n{}", missed.len(), faults.len(), missed.join("\n"));
}

/// Byte of the record of `identifier` in the sectors from `first` on.
fn record(bytes: &[u8], first: usize, sectors: usize, identifier: &[u8]) -> usize {
    for sector in (first * SECTOR..(first + sectors) * SECTOR).step_by(SECTOR) {
        let mut at = sector;
        while at < sector + SECTOR && bytes[at] != 0 {
            if &bytes[at + 33..at + 33 + usize::from(bytes[at + 32])] == identifier {
                return at;
            }
            at += usize::from(bytes[at]);
        }
    }
    panic!("no record of {}", identifier.escape_ascii());
}

/// Byte of the first field with a signature behind `from`.
fn field(bytes: &[u8], from: usize, signature: &[u8; 2]) -> usize {
    (from..).find(|at| bytes[*at..].starts_with(signature) && bytes[*at + 3] == 1).unwrap()
}

fn extent(bytes: &[u8], record: usize) -> usize {
    u32::from_le_bytes(bytes[record + 2..record + 6].try_into().unwrap()) as usize
}

fn descriptor_faults(end: usize) -> Vec<Fault> {
    let (pvd, boot, svd, terminator) = (16 * SECTOR, 17 * SECTOR, 18 * SECTOR, 19 * SECTOR);
    vec![
        // The system area.
        at(446, [0x80, 1, 1, 0, 0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9], Warning, "ECMA-119 6.2.1")
            .also(510, [0x55, 0xAA]),
        at(512, b"EFI PART", Note, "ECMA-119 6.2.1").found_in(0),
        // The primary volume descriptor.
        at(pvd, [9], Error, "ECMA-119 6.7.1.1"),
        at(pvd, [9], Warning, "ECMA-119 8.1.1"),
        at(pvd + 6, [2], Error, "ECMA-119 8.1.3"),
        at(pvd + 7, [1], Warning, "ECMA-119 8.4.4"),
        at(pvd + 8, b"x", Warning, "ECMA-119 8.4.5"),
        at(pvd + 40, b"a", Warning, "ECMA-119 8.4.6"),
        at(pvd + 75, [1], Warning, "ECMA-119 8.4.7"),
        at(pvd + 84, [9], Error, "ECMA-119 8.4.8"),
        at(pvd + 80, both(end + 1), Error, "ECMA-119 8.4.8"),
        at(pvd + 90, [1], Warning, "ECMA-119 8.4.9"),
        at(pvd + 123, [9], Error, "ECMA-119 8.4.10"),
        at(pvd + 124, [9, 0, 0, 9], Error, "ECMA-119 8.4.11"),
        at(pvd + 124, [0, 0, 0, 0], Error, "ECMA-119 8.4.11"),
        at(pvd + 130, [9], Error, "ECMA-119 8.4.12"),
        at(pvd + 128, [0, 4, 4, 0], Error, "ECMA-119 8.4.12"),
        at(pvd + 139, [9], Error, "ECMA-119 8.4.13"),
        at(pvd + 132, [0; 8], Error, "ECMA-119 8.4.13"),
        at(pvd + 140, [0; 4], Error, "ECMA-119 8.4.14"),
        at(pvd + 144, little(end), Error, "ECMA-119 8.4.15"),
        at(pvd + 148, [0xFF; 4], Error, "ECMA-119 8.4.16"),
        at(pvd + 152, [0xFF; 4], Error, "ECMA-119 8.4.17"),
        at(pvd + 156, [33], Error, "ECMA-119 8.4.18"),
        at(pvd + 156, [0], Error, "ECMA-119 8.4.18"),
        at(pvd + 181, [0], Error, "ECMA-119 8.4.18"),
        at(pvd + 165, [9], Error, "ECMA-119 9.1.3"),
        at(pvd + 173, [9], Error, "ECMA-119 9.1.4"),
        at(pvd + 190, b"a", Warning, "ECMA-119 8.4.19"),
        at(pvd + 318, b"\n", Warning, "ECMA-119 8.4.20"),
        at(pvd + 446, b"{", Warning, "ECMA-119 8.4.21"),
        at(pvd + 574, [0xC4], Warning, "ECMA-119 8.4.22"),
        at(pvd + 702, b"NO.SUCH;1", Warning, "ECMA-119 8.4.23"),
        at(pvd + 739, b"none", Warning, "ECMA-119 8.4.24"),
        at(pvd + 776, b"A;1", Warning, "ECMA-119 8.4.25"),
        at(pvd + 817, b"9", Warning, "ECMA-119 8.4.26"),
        at(pvd + 829, [53], Warning, "ECMA-119 8.4.26"),
        at(pvd + 836, b"x", Warning, "ECMA-119 8.4.27"),
        at(pvd + 847, b"2", Warning, "ECMA-119 8.4.28"),
        at(pvd + 864, [0; 17], Note, "ECMA-119 8.4.29"),
        at(pvd + 881, [2], Error, "ECMA-119 8.4.30"),
        at(pvd + 882, [1], Warning, "ECMA-119 8.4.31"),
        at(pvd + 1400, [1], Warning, "ECMA-119 8.4.33"),
        // The boot record.
        at(boot, [7], Warning, "ECMA-119 8.1.1"),
        at(boot + 7, b"SOME", Note, "ECMA-119 8.2.4"),
        at(boot + 38, [1], Warning, "El Torito 2.0"),
        at(boot + 71, little(end), Error, "El Torito 2.0"),
        at(boot + 80, [1], Warning, "El Torito 2.0"),
        // The Joliet descriptor.
        at(svd + 7, [1], Warning, "ECMA-119 8.5.3"),
        at(svd + 7, [2], Warning, "ECMA-119 8.5.3"),
        at(svd + 40, [0xD8, 0], Warning, "ECMA-119 8.5.5"),
        at(svd + 90, b"X", Note, "ECMA-119 8.5.6"),
        at(svd + 6, [2], Error, "ECMA-119 8.4.30"),
        at(svd + 84, [9], Error, "ECMA-119 8.4.8"),
        // The terminator.
        at(terminator, [7], Warning, "ECMA-119 8.1.1"),
        at(terminator, [7], Error, "ECMA-119 6.7.1.6").found_in(20),
        at(terminator + 6, [2], Error, "ECMA-119 8.1.3"),
        at(terminator + 99, [7], Warning, "ECMA-119 8.3.4"),
    ]
}

fn catalog_faults(catalog: usize, end: usize, image: usize, directory: usize) -> Vec<Fault> {
    vec![
        at(catalog, [2], Error, "El Torito 2.1"),
        at(catalog + 1, [7], Warning, "El Torito 2.1"),
        at(catalog + 2, [1], Warning, "El Torito 2.1"),
        at(catalog + 28, [0x77], Error, "El Torito 2.1"),
        at(catalog + 30, [0x56], Error, "El Torito 2.1"),
        // The initial entry.
        at(catalog + 32, [0x89], Error, "El Torito 2.2"),
        at(catalog + 33, [5], Error, "El Torito 2.2"),
        at(catalog + 33, [0x10], Warning, "El Torito 2.2"),
        at(catalog + 33, [4], Error, "El Torito 2.2").found_in(image),
        at(catalog + 34, [1], Warning, "El Torito 2.2"),
        at(catalog + 37, [1], Warning, "El Torito 2.2"),
        at(catalog + 38, [0, 0], Note, "El Torito 2.2"),
        at(catalog + 40, little(end), Error, "El Torito 2.2"),
        at(catalog + 40, little(end - 1), Error, "El Torito 2.2"),
        at(catalog + 40, little(directory), Error, "ECMA-119 6.4").found_in(directory),
        at(catalog + 50, [1], Warning, "El Torito 2.2"),
        // The section.
        at(catalog + 64, [0x55], Error, "El Torito 2.3"),
        at(catalog + 64, [0x90], Error, "El Torito 2.3"),
        at(catalog + 65, [9], Warning, "El Torito 2.1"),
        at(catalog + 66, [0, 0], Warning, "El Torito 2.3"),
        at(catalog + 96, [5], Error, "El Torito 2.4"),
        at(catalog + 97, [0x10], Warning, "El Torito 2.4"),
        at(catalog + 97, [0x20], Error, "El Torito 2.4"),
        at(catalog + 500, [1], Warning, "El Torito 2.1"),
    ]
}

fn table_faults(l: usize, m: usize) -> Vec<Fault> {
    vec![
        at(l + 2, [99], Error, "ECMA-119 6.9.2").found_in(m / SECTOR),
        at(m + 5, [99], Error, "ECMA-119 6.9.2"),
        at(l + 18, b"Z", Error, "ECMA-119 6.9.2").found_in(m / SECTOR),
        at(l + 16, [9], Error, "ECMA-119 9.4.4").also(m + 17, [9]),
        at(l + 6, [2], Error, "ECMA-119 6.9.1").also(m + 7, [2]),
        at(l + 10, [0], Error, "ECMA-119 9.4"),
        at(l + 9, [1], Warning, "ECMA-119 9.4.6"),
    ]
}

/// One object of each kind, hard links, and directories so deep that they are relocated.
fn one_of_each() -> Tree {
    let mut g = Grower::new();
    let root = g.tree.root();
    for (name, size) in [("empty1", 0), ("empty2", 0), ("case.txt", 17), ("joliet name", 17)] {
        g.file(root, name, size);
    }
    let many = g.dir(root, "many");
    for n in 0..30 {
        g.file(many, format!("number {n:04} of the files in here"), n);
    }
    let mut deep = g.dir(root, "deep");
    for n in 0..12 {
        deep = g.dir(deep, format!("d{n}"));
    }
    g.file(deep, "bottom", 10);
    g.link(root, "rel", "../../x/./y");
    g.tree.add_special(root, b"tty", Kind::CharDevice, image::meta(0o600, 5), (4, 64)).unwrap();
    let shared = g.file(root, "hard1", 100);
    let data = g.tree.node(shared).data().unwrap();
    g.tree.add_file(many, b"hard2", image::meta(0o644, 1_444_000_000), data).unwrap();
    g.tree
}

/// The image of everything: Rock Ridge with relocated directories, Joliet, and two boot images.
#[test]
fn faults_in_volumes_made_here() {
    let mut tree = one_of_each();
    let root = tree.root();
    let loader = tree.add_data(5000, 9001).unwrap();
    tree.add_file(root, b"loader.bin", image::meta(0o644, 7), loader).unwrap();
    let efi = tree.add_data(1_474_560, 9002).unwrap();
    let settings = BootSettings::default();
    let entries = vec![
        BootEntry::for_image(loader, 5000, &[], settings.clone()).unwrap(),
        BootEntry::for_image(efi, 1_474_560, &[], BootSettings { platform: Platform::EFI, ..settings })
            .unwrap(),
    ];
    let boot = Some(BootCatalog::new(entries).unwrap());
    let created = Timestamp::from_secs(1_700_000_000);
    let plan = Image::plan(&tree, Options { boot, created, ..Options::default() });
    let good = plan.bytes(&tree);
    assert_eq!(findings(&good), []);
    assert_eq!(good[plan.lba[loader.index()] as usize * SECTOR..][..5000], content(9001, 5000));

    let areas = plan.layout.areas();
    let place = |area: usize| areas[area].lba.unwrap() as usize;
    let end = plan.blocks as usize;
    let (dirs, blocks) = (place(DIRECTORIES), areas[DIRECTORIES].blocks as usize);
    let (joliet, joliet_blocks) = (place(JOLIET_DIRECTORIES), areas[JOLIET_DIRECTORIES].blocks as usize);
    let l = place(PATH_TABLES) * SECTOR;
    let m = u32::from_be_bytes(good[16 * SECTOR + 148..16 * SECTOR + 152].try_into().unwrap()) as usize;
    let root = dirs * SECTOR;
    let find = |name: &[u8]| record(&good, dirs, blocks, name);
    let file = find(b"CASE.TXT;1");
    let (many, link, tty) = (find(b"MANY"), find(b"REL.;1"), find(b"TTY.;1"));
    let sub = extent(&good, many) * SECTOR;
    let (empty1, hard) = (find(b"EMPTY1.;1"), find(b"HARD1.;1"));
    let susp = |from: usize, signature: &[u8; 2]| field(&good, from, signature);
    let (px, nm, tf) = (susp(file, b"PX"), susp(file, b"NM"), susp(file, b"TF"));
    let (sp, ce) = (susp(root, b"SP"), susp(root, b"CE"));
    let er = susp(dirs * SECTOR, b"ER");
    let moved = extent(&good, find(b"RR_MOVED")) * SECTOR;
    let (cl, pl) = (susp(root, b"CL"), susp(root, b"PL"));
    let sl = susp(link, b"SL");
    let last = (joliet + 1) * SECTOR - 1;
    let joliet_file = record(
        &good,
        joliet,
        joliet_blocks,
        &"joliet name;1".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>(),
    );

    let mut faults = descriptor_faults(end);
    let image = plan.lba[loader.index()] as usize;
    faults.extend(catalog_faults(place(BOOT_CATALOG) * SECTOR, end, image, dirs));
    faults.extend(table_faults(l, m * SECTOR));
    faults.extend([
        // Directory records.
        at(file, [30], Error, "ECMA-119 9.1"),
        at(file, [255], Warning, "ECMA-119 9.1.13"),
        at(file + 1, [1], Warning, "ECMA-119 9.5.9").found_in(extent(&good, file)),
        at(file + 5, [99], Error, "ECMA-119 9.1.3"),
        at(file + 7, [99], Error, "ECMA-119 9.1.3"),
        at(file + 2, both(end), Error, "ECMA-119 9.1.3"),
        at(file + 2, both(3), Warning, "ECMA-119 6.2.1"),
        at(file + 17, [99], Error, "ECMA-119 9.1.4"),
        at(file + 19, [13], Warning, "ECMA-119 9.1.5"),
        at(file + 24, [200], Warning, "ECMA-119 9.1.5"),
        at(file + 25, [0x40], Warning, "ECMA-119 9.1.6"),
        at(file + 25, [0x08], Warning, "ECMA-119 9.1.6"),
        at(file + 25, [0x80], Error, "ECMA-119 9.1.6"),
        at(file + 25, [0x80], Error, "ECMA-119 6.4.3.2"),
        at(many + 25, [0x82], Error, "ECMA-119 9.1.6"),
        at(file + 27, [1], Error, "ECMA-119 9.1.8"),
        at(file + 26, [1, 1], Note, "ECMA-119 9.1.7"),
        at(file + 31, [2], Error, "ECMA-119 9.1.9"),
        at(file + 28, [2, 0, 0, 2], Error, "ECMA-119 9.1.9"),
        at(file + 33, b"Z", Warning, "ECMA-119 9.3").found_in(file / SECTOR),
        at(file + 34, b"a", Warning, "ECMA-119 7.5"),
        at(file + 41, b"_", Warning, "ECMA-119 7.5"),
        at(empty1 + 38, b"2", Error, "ECMA-119 9.3"),
        at(last, [1], Warning, "ECMA-119 6.8.1.1"),
        // Directories.
        at(root + 2, [99], Error, "ECMA-119 6.8.2.2"),
        at(sub + 33, [7], Error, "ECMA-119 6.8.2.2"),
        at(sub + usize::from(good[sub]) + 2, both(dirs + 1), Warning, "ECMA-119 6.8.2.2"),
        at(many + 10, [1], Error, "ECMA-119 6.8.1.3").found_in(sub / SECTOR),
        at(many + 10, both(SECTOR), Warning, "ECMA-119 6.8.2.2").found_in(sub / SECTOR),
        at(many + 2, both(dirs), Error, "ECMA-119 6.8.2").found_in(dirs),
        at(many + 2, both(end), Error, "ECMA-119 9.1.3").found_in(end),
        // System Use.
        at(sp + 4, [0xBF], Error, "SUSP 5.3"),
        at(sp, b"QQ", Error, "SUSP 5.3"),
        at(sp + 2, [8], Error, "SUSP 5.3"),
        at(px + 2, [3], Error, "SUSP 4.1"),
        at(px + 3, [2], Warning, "SUSP 4.1"),
        at(er + 4, [250], Error, "SUSP 5.5"),
        at(er + 8, b"X", Warning, "SUSP 5.5").found_in(dirs),
        at(ce + 4, [250], Error, "SUSP 5.1"),
        at(ce + 12, [200], Error, "SUSP 5.1"),
        at(ce + 13, [8], Error, "SUSP 5.1"),
        at(ce + 4, both(end), Error, "SUSP 5.1").found_in(end),
        at(tf, [0, 0], Warning, "SUSP 4.1"),
        // Rock Ridge.
        at(px, b"Q", Error, "RRIP 4.1.1"),
        at(px + 2, [40], Error, "RRIP 4.1.1"),
        at(px + 4, [0x3F], Error, "RRIP 4.1.1"),
        at(px + 11, [0x3F], Error, "RRIP 4.1.1"),
        at(px + 4, both(0o40_644), Error, "RRIP 4.1.1"),
        at(px + 4, both(0o120_644), Error, "RRIP 4.1.3"),
        at(px + 4, both(0o20_644), Error, "RRIP 4.1.2"),
        at(px + 4, both(0o644), Error, "RRIP 4.1.1"),
        at(px + 12, both(5), Warning, "RRIP 4.1.1"),
        at(px + 12, both(0), Warning, "RRIP 4.1.1"),
        at(susp(hard, b"PX") + 12, both(3), Warning, "RRIP 4.1.1"),
        at(px + 36, &good[susp(hard, b"PX") + 36..][..8], Error, "RRIP 4.1.1").found_in(hard / SECTOR),
        at(susp(sub, b"PX") + 12, both(7), Warning, "RRIP 4.1.1"),
        at(susp(sub, b"PX") + 12, both(1), Note, "RRIP 4.1.1"),
        at(susp(tty, b"PN"), b"QQ", Error, "RRIP 4.1.2"),
        at(susp(tty, b"PN") + 5, [9], Error, "RRIP 4.1.2"),
        at(nm + 4, [1], Error, "RRIP 4.1.4"),
        at(nm + 4, [2], Error, "RRIP 4.1.4"),
        at(nm + 4, [0x80], Warning, "RRIP 4.1.4"),
        at(nm + 5, b"/", Error, "RRIP 4.1.4"),
        at(nm, b"QQ", Note, "RRIP 4.1.4"),
        at(susp(empty1, b"NM") + 10, b"2", Error, "RRIP 4.1.4"),
        at(sl, b"X", Error, "RRIP 4.1.3"),
        at(sl + 4, [1], Error, "RRIP 4.1.3"),
        at(sl + 4, [2], Warning, "RRIP 4.1.3"),
        at(sl + 5, [0x70], Error, "RRIP 4.1.3"),
        at(sl + 6, [0x70], Error, "RRIP 4.1.3"),
        at(sl + 6, [1], Error, "RRIP 4.1.3.1"),
        at(cl + 4, [1], Error, "RRIP 4.1.5"),
        at(cl + 11, [1], Error, "RRIP 4.1.5"),
        at(pl + 4, [1], Error, "RRIP 4.1.5"),
        at(susp(moved, b"RE"), b"QQ", Warning, "RRIP 4.1.5.3").found_in(cl / SECTOR),
        at(tf + 4, [6], Error, "RRIP 4.1.6"),
        at(tf + 6, [99], Warning, "RRIP 4.1.6"),
        // Joliet.
        at(joliet * SECTOR + 2, [99], Error, "ECMA-119 6.8.2.2"),
        at(joliet_file + 34, b"*", Warning, "Joliet"),
        at(joliet_file + 33, [0xD8], Warning, "Joliet"),
        at(joliet_file + 7, [99], Error, "ECMA-119 9.1.3"),
        at(joliet_file + 2, both(20), Error, "ECMA-119 6.4").found_in(20),
        at(joliet_file + 2, both(end - 1), Note, "ECMA-119 6.8.3").found_in(18),
    ]);
    assert!(faults.len() >= 140, "{}", faults.len());
    all_named(&good, &faults);
}

/// The program's image of a small folder, or nothing where it is not installed.
fn made_by(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let place = tempfile::tempdir().unwrap();
    let source = place.path().join("source");
    std::fs::create_dir_all(source.join("SUB")).unwrap();
    for (name, text) in [("A.TXT", "first"), ("B.TXT", "second"), ("SUB/C.TXT", "third")] {
        std::fs::write(source.join(name), text).unwrap();
    }
    std::os::unix::fs::symlink("A.TXT", source.join("LINK")).unwrap();
    std::fs::write(source.join("LOADER"), [0x90; 2048]).unwrap();
    let image = place.path().join("image");
    let output = Command::new(program)
        .args(arguments)
        .arg("-o")
        .arg(&image)
        .arg(&source)
        .env("LC_ALL", "C.UTF-8")
        .output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
            Some(std::fs::read(image).unwrap())
        }
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{program}: {error}");
            eprintln!("skipped: {program} is not installed");
            None
        }
    }
}

/// The same faults in a bootable image with Rock Ridge and Joliet of another program.
fn faults_of_others(good: &[u8]) {
    let errors: Vec<_> = findings(good).into_iter().filter(|f| f.severity == Error).collect();
    assert_eq!(errors, []);
    let end = good.len() / SECTOR;
    let number = |at: usize| u32::from_le_bytes(good[at..at + 4].try_into().unwrap()) as usize;
    let pvd = 16 * SECTOR;
    let dirs = number(pvd + 158);
    let root = dirs * SECTOR;
    let svd = (18..24).find(|s| good[s * SECTOR..].starts_with(b"\x02CD001")).unwrap() * SECTOR;
    let catalog = number(17 * SECTOR + 71) * SECTOR;
    let m = u32::from_be_bytes(good[pvd + 148..pvd + 152].try_into().unwrap()) as usize * SECTOR;
    let find = |name: &[u8]| record(good, dirs, 1, name);
    let (file, link, sub) = (find(b"A.TXT;1"), find(b"LINK.;1"), find(b"SUB"));
    let susp = |from: usize, signature: &[u8; 2]| field(good, from, signature);
    let px = susp(file, b"PX");
    all_named(
        good,
        &[
            at(pvd + 6, [2], Error, "ECMA-119 8.1.3"),
            at(pvd + 84, [9], Error, "ECMA-119 8.4.8"),
            at(pvd + 123, [9], Error, "ECMA-119 8.4.10"),
            at(pvd + 130, [9], Error, "ECMA-119 8.4.12"),
            at(pvd + 836, b"x", Warning, "ECMA-119 8.4.27"),
            at(pvd + 881, [2], Error, "ECMA-119 8.4.30"),
            at(pvd + 165, [9], Error, "ECMA-119 9.1.3"),
            at(number(pvd + 140) * SECTOR + 2, [99], Error, "ECMA-119 6.9.2").found_in(m / SECTOR),
            at(m + 18, b"Z", Error, "ECMA-119 6.9.2"),
            at(17 * SECTOR + 71, little(end), Error, "El Torito 2.0"),
            at(catalog + 28, [good[catalog + 28] ^ 1], Error, "El Torito 2.1"),
            at(catalog + 31, [0], Error, "El Torito 2.1"),
            at(catalog + 32, [1], Error, "El Torito 2.2"),
            at(catalog + 40, little(end), Error, "El Torito 2.2"),
            at(svd + 84, [9], Error, "ECMA-119 8.4.8"),
            at(number(svd + 158) * SECTOR + 33, [7], Error, "ECMA-119 6.8.2.2"),
            at(root + 2, [99], Error, "ECMA-119 6.8.2.2"),
            at(file + 5, [99], Error, "ECMA-119 9.1.3"),
            at(file + 7, [99], Error, "ECMA-119 9.1.3"),
            at(file + 17, [99], Error, "ECMA-119 9.1.4"),
            at(file + 19, [13], Warning, "ECMA-119 9.1.5"),
            at(file + 25, [0x80], Error, "ECMA-119 9.1.6"),
            at(file + 31, [9], Error, "ECMA-119 9.1.9"),
            at(file + 33, b"b", Warning, "ECMA-119 7.5"),
            at(file + 33, b"B", Error, "ECMA-119 9.3"),
            at(file, [20], Error, "ECMA-119 9.1"),
            at(sub + 2, both(dirs), Error, "ECMA-119 6.8.2"),
            at(susp(root, b"CE") + 13, [9], Error, "SUSP 5.1"),
            at(px + 2, [2], Error, "SUSP 4.1"),
            at(px + 4, [9], Error, "RRIP 4.1.1"),
            at(px, b"QQ", Error, "RRIP 4.1.1"),
            at(susp(link, b"SL"), b"QQ", Error, "RRIP 4.1.3"),
            at(susp(link, b"SL") + 6, [0x70], Error, "RRIP 4.1.3"),
            at(susp(file, b"NM") + 4, [1], Error, "RRIP 4.1.4"),
            at(susp(file, b"NM") + 5, b"B", Error, "RRIP 4.1.4"),
            at(susp(file, b"TF") + 2, [9], Error, "SUSP 4.1"),
        ],
    );
}

const BOOT: [&str; 6] = ["-no-emul-boot", "-boot-load-size", "4", "-c", "BOOT.CAT", "-R"];

#[test]
fn faults_in_images_of_genisoimage() {
    let mut arguments = vec!["-quiet", "-J", "-b", "LOADER"];
    arguments.extend(BOOT);
    if let Some(image) = made_by("genisoimage", &arguments) {
        faults_of_others(&image);
    }
}

#[test]
fn faults_in_images_of_xorriso() {
    let mut arguments = vec!["-as", "mkisofs", "-quiet", "-J", "-b", "LOADER"];
    arguments.extend(BOOT);
    if let Some(image) = made_by("xorriso", &arguments) {
        faults_of_others(&image);
    }
}

/// A second session of genisoimage, which takes over the first one's files, checked and read where it begins.
#[test]
fn sessions_of_genisoimage() {
    let Some(mut disc) = made_by("genisoimage", &["-quiet", "-J", "-R"]) else { return };
    let start = disc.len().div_ceil(16 * SECTOR) * 16;
    disc.resize(start * SECTOR, 0);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("first");
    std::fs::write(&path, &disc).unwrap();
    let sectors = format!("0,{start}");
    let arguments = ["-quiet", "-J", "-R", "-C", &sectors, "-M", path.to_str().unwrap()];
    disc.extend(made_by("genisoimage", &arguments).unwrap());
    let start = u32::try_from(start).unwrap();
    for session in [0, start] {
        let mut found = Vec::new();
        check(&disc, session, &mut |f| found.push(f));
        assert!(found.iter().all(|f| f.severity == Note), "{session}: {found:?}");
    }
    let volume = IsoVolume::open_session(&disc, start, Some(Namespace::RockRidge)).unwrap();
    assert!(listing(&volume, &disc).contains_key(&b"SUB/C.TXT"[..]));
}

/// Bytes that are not the file's must not be taken for it.
#[test]
fn compressed_files_of_xorriso_are_not_given_for_plain_ones() {
    let place = tempfile::tempdir().unwrap();
    let source = place.path().join("source");
    std::fs::create_dir(&source).unwrap();
    std::fs::write(source.join("LARGE"), vec![b'x'; 300_000]).unwrap();
    std::fs::write(source.join("SMALL"), "small").unwrap();
    let image = place.path().join("image");
    let (image, source) = (image.to_str().unwrap(), source.to_str().unwrap());
    let filter = ["-find", "/", "-type", "f", "-exec", "set_filter", "--zisofs", "--", "-commit"];
    let arguments = [&["-outdev", image, "-map", source, "/"], &filter[..]].concat();
    let output = match Command::new("xorriso").args(arguments).output() {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "xorriso: {error}");
            eprintln!("skipped: xorriso is not installed");
            return;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = std::fs::read(image).unwrap();
    let found = findings(&bytes);
    assert!(
        found.iter().all(|f| f.severity == Note) && found.iter().any(|f| f.what.contains("zisofs")),
        "{found:?}"
    );
    let names = |namespace| {
        let volume = IsoVolume::open(&bytes, Some(namespace)).unwrap();
        let mut names = Vec::new();
        let root = volume.root().unwrap();
        let outcome = volume.read_dir(&root, &mut |entry| {
            names.push(String::from_utf8(entry.name).unwrap());
            std::ops::ControlFlow::Continue(())
        });
        (names, outcome.map_err(|e| e.to_string()))
    };
    let (read, outcome) = names(Namespace::RockRidge);
    assert_eq!(read, ["SMALL"]);
    assert!(outcome.unwrap_err().contains("zisofs"));
    assert_eq!(names(Namespace::Plain), (vec!["LARGE".to_owned(), "SMALL".to_owned()], Ok(())));
}
