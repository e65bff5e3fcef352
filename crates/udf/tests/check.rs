//! The verifier finds single faults, each behind checksums that fit, and says where they are.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation)]

mod image;
mod kinds;

use glassmaster_disc::{Finding, SECTOR};
use glassmaster_udf::{Revision, check, check_session};
use image::reseal;
use kinds::{SPARING, START, plain, with_metadata, with_sparing, with_streams, with_virtual};

fn findings(image: &[u8]) -> Vec<Finding> {
    let mut out = Vec::new();
    check(image, &mut |finding| out.push(finding));
    out
}

/// One fault: bytes put into a descriptor, which is sealed again where its checksums are not the fault.
struct Fault {
    what: &'static str,
    sector: usize,
    /// Byte of the sector at which the descriptor begins.
    start: usize,
    /// Byte of the descriptor.
    at: usize,
    bytes: &'static [u8],
    sealed: bool,
    clause: &'static str,
    /// Sector that is named; that of the fault if not said.
    named: Option<usize>,
}

fn fault(what: &'static str, sector: usize, at: usize, bytes: &'static [u8], clause: &'static str) -> Fault {
    Fault { what, sector, start: 0, at, bytes, sealed: true, clause, named: None }
}

impl Fault {
    fn in_descriptor(self, start: usize) -> Self {
        Self { start, ..self }
    }

    fn unsealed(self) -> Self {
        Self { sealed: false, ..self }
    }

    fn named(self, sector: usize) -> Self {
        Self { named: Some(sector), ..self }
    }
}

/// Every fault alone, and found with its clause and its place.
fn expect(kind: &str, image: &[u8], faults: Vec<Fault>) -> usize {
    let count = faults.len();
    for fault in faults {
        let mut copy = image.to_vec();
        let begin = fault.sector * SECTOR + fault.start;
        copy[begin + fault.at..begin + fault.at + fault.bytes.len()].copy_from_slice(fault.bytes);
        assert!(copy != image, "{kind}: {} changes nothing", fault.what);
        if fault.sealed {
            reseal(&mut copy[begin..]);
        }
        let found = findings(&copy);
        let named = fault.named.unwrap_or(fault.sector) as u64;
        assert!(
            found.iter().any(|finding| finding.clause == fault.clause && finding.lba == named),
            "{kind}: {}: {} at sector {named} is missing in {found:#?}",
            fault.what,
            fault.clause
        );
    }
    count
}

const fn block(number: usize) -> usize {
    START + number
}

/// Where things are in the plain volume: 257 primary, 258 implementation use, 259 partition, 260 logical volume, 261
/// unallocated space, 262 terminator, 273 integrity; in the partition 0 file set, 2 root, 3 its names (the parent at 0,
/// others from 40 on), 4 and 5 "dir", 6 "one", 7 "two".
fn sectors(image: &[u8], identifier: u16) -> usize {
    (257..273).find(|sector| kinds::u16_at(image, sector * SECTOR) == identifier).unwrap()
}

#[test]
fn nothing_is_found_in_order() {
    for revision in Revision::ALL {
        assert_eq!(findings(&plain(revision)), []);
    }
}

#[test]
fn faults_of_volume_structures() {
    let image = plain(Revision::V201);
    let [primary, use_, partition, logical, space, terminator] =
        [1, 4, 5, 6, 7, 8].map(|identifier| sectors(&image, identifier));
    let integrity = 273;
    let last = image.len() / SECTOR - 1;
    let faults = vec![
        fault("no NSR", 17, 1, b"XXXXX", "ECMA-167 3/9.1").unsealed().named(16),
        fault("NSR of another revision", 17, 5, b"2", "UDF 2.1.7").unsealed(),
        fault("no TEA01", 18, 1, b"XXXXX", "ECMA-167 2/9.3").unsealed().named(16),
        fault("structure version", 16, 6, &[2], "ECMA-167 2/9.1.3").unsealed(),
        fault("anchor elsewhere", last, 24, &[0, 0x90], "ECMA-167 3/10.2").named(256),
        fault("one anchor", 256, 0, &[9], "UDF 2.2.3").unsealed(),
        fault("anchor CRC", 256, 40, &[1], "ECMA-167 3/7.2.6").unsealed(),
        fault("checksum", primary, 4, &[0xEE], "ECMA-167 3/7.2.3").unsealed(),
        fault("descriptor CRC", primary, 30, &[0xEE], "ECMA-167 3/7.2.6").unsealed(),
        fault("descriptor version", logical, 2, &[2], "UDF 2.2.1"),
        fault("unknown version", logical, 2, &[7], "ECMA-167 3/7.2.2"),
        fault("CRC length", logical, 10, &[0xFF, 0xFF], "ECMA-167 3/7.2.7"),
        fault("CRC of a part", partition, 10, &[16, 0], "UDF 2.2.1.2"),
        fault("tag location", partition, 12, &[1], "ECMA-167 3/7.2.8"),
        fault("reserved byte of a tag", partition, 5, &[1], "ECMA-167 3/7.2.4"),
        fault("serial number", partition, 6, &[9], "UDF 2.2.1.1"),
        fault("no terminator", terminator, 0, &[0; 2048], "ECMA-167 3/8.4.2").unsealed().named(257),
        fault("volume identifier", primary, 24, &[7], "UDF 2.1.3"),
        fault("volume number", primary, 56, &[3], "ECMA-167 3/10.1.5"),
        fault("interchange level", primary, 60, &[1], "UDF 2.2.2.1"),
        fault("character set", primary, 200, &[1], "UDF 2.1.2"),
        fault("recording time", primary, 380, &[13], "ECMA-167 1/7.3"),
        fault("type of time", primary, 377, &[0x20], "UDF 2.1.4.1"),
        fault("implementation", primary, 389, b"X", "UDF 2.1.5.2"),
        fault("partition contents", partition, 30, b"2", "ECMA-167 3/10.5.5"),
        fault("partition flags", partition, 20, &[0], "ECMA-167 3/10.5.3"),
        fault("access type", partition, 184, &[9], "ECMA-167 3/10.5.7"),
        fault("partition length", partition, 194, &[9], "ECMA-167 3/10.5.9"),
        fault("bitmap of a read-only partition", partition, 64, &[0, 8], "UDF 2.3.3"),
        fault("block size", logical, 213, &[4], "UDF 2.2.4.2"),
        fault("domain", logical, 217, b"+", "UDF 2.1.5.2"),
        fault("revision", logical, 240, &[0x77], "UDF 2.1.5.3"),
        fault("map table length", logical, 264, &[7], "ECMA-167 3/10.6.9"),
        fault("map type", logical, 440, &[3], "ECMA-167 3/10.7"),
        fault("integrity extent", logical, 432, &[0, 0], "ECMA-167 3/10.6.12"),
        fault("logical volume information", use_, 118, b"Z", "UDF 2.2.7.2.2"),
        fault("unallocated space", space, 20, &[0xFF, 0xFF], "ECMA-167 3/10.8.3"),
        fault("next UniqueID", integrity, 40, &[17], "UDF 3.2.1.1"),
        fault("reserved next UniqueID", integrity, 40, &[1], "UDF 3.2.1.1"),
        fault("number of files", integrity, 120, &[7], "UDF 2.2.6.4"),
        fault("number of directories", integrity, 124, &[7], "UDF 2.2.6.4"),
        fault("revisions", integrity, 128, &[0x99], "UDF 2.2.6.4"),
        fault("left open", integrity, 28, &[0], "ECMA-167 3/10.10.3"),
        fault("integrity type", integrity, 28, &[5], "ECMA-167 3/10.10.3"),
        fault("partition size", integrity, 84, &[1], "ECMA-167 3/10.10.9"),
        fault("free blocks", integrity, 82, &[1], "ECMA-167 3/10.10.8"),
        fault("partitions", integrity, 72, &[2], "ECMA-167 3/10.10.6"),
        fault("integrity lost", integrity, 0, &[0; 2048], "ECMA-167 3/8.8.2").unsealed(),
    ];
    assert!(expect("volume", &image, faults) >= 40);
}

#[test]
fn main_and_reserve_differ() {
    let image = plain(Revision::V102);
    let [partition, logical] = [5, 6].map(|identifier| sectors(&image, identifier));
    for main in [partition, logical] {
        let mut copy = image.clone();
        copy[main * SECTOR + 400] ^= 1;
        reseal(&mut copy[main * SECTOR..]);
        let reserve = findings(&copy).into_iter().find(|f| f.clause == "ECMA-167 3/8.4.2.2").unwrap();
        let at = reserve.lba as usize * SECTOR;
        assert_eq!(kinds::u16_at(&copy, at), kinds::u16_at(&copy, main * SECTOR));
        assert!(reserve.what.contains("from byte 400 on"), "{}", reserve.what);
    }
}

#[test]
fn faults_of_file_structures() {
    for revision in [Revision::V102, Revision::V201] {
        let image = plain(revision);
        let (set, root, names, dir, one, two) = (block(0), block(2), block(3), block(5), block(6), block(7));
        let mut faults = vec![
            fault("file set interchange", set, 28, &[1], "UDF 2.3.2.1"),
            fault("file set characters", set, 241, b"X", "UDF 2.1.2"),
            fault("name of the file set's volume", set, 114, b"Z", "ECMA-167 4/14.1.10"),
            fault("domain of the file set", set, 440, &[0x77], "UDF 2.1.5.3"),
            fault("file set tag", set, 12, &[1], "ECMA-167 3/8.4"),
            fault("link count of a file", one, 48, &[2], "ECMA-167 4/14.9.6"),
            fault("link count of the root", root, 48, &[1], "ECMA-167 4/14.9.6"),
            fault("UniqueID twice", two, 160, &[16], "UDF 3.2.1.1"),
            fault("UniqueID of the root", root, 160, &[99], "UDF 3.2.1.1"),
            fault("reserved UniqueID", one, 160, &[3], "UDF 3.2.1.1"),
            fault("next UniqueID is behind", one, 160, &[0xEE], "UDF 3.2.1.1").named(273),
            fault("files share a sector", two, 180, &[9], "ECMA-167 4/8.7").named(block(9)),
            fault("data over a file entry", two, 180, &[6], "ECMA-167 4/8.7").named(block(6)),
            fault("extent outside", two, 182, &[9], "ECMA-167 4/14.14"),
            fault("extent too short", one, 177, &[8], "ECMA-167 4/14.9.10"),
            fault("blocks recorded", one, 64, &[1], "ECMA-167 4/14.9.11"),
            fault("modification time", one, 88, &[13], "ECMA-167 1/7.3"),
            fault("zone", one, 85, &[0x17], "ECMA-167 1/7.3.1"),
            fault("hundredths", one, 93, &[200], "ECMA-167 1/7.3.8"),
            fault("tag location of an entry", one, 12, &[7], "ECMA-167 4/7.2.8"),
            fault("CRC of an entry", one, 100, &[0xEE], "ECMA-167 4/7.2.6").unsealed(),
            fault("checksum of an entry", one, 4, &[0xEE], "ECMA-167 4/7.2.3").unsealed(),
            fault("kind of descriptor", one, 0, &[2], "ECMA-167 4/7.2.1"),
            fault("strategy", one, 20, &[5], "UDF 2.3.5.1"),
            fault("entries of an ICB", one, 24, &[7], "ECMA-167 4/14.6.4"),
            fault("parent ICB", one, 28, &[1], "UDF 2.3.5.3"),
            fault("reserved byte of an ICB", one, 26, &[1], "ECMA-167 4/14.6.5"),
            fault("file type", one, 27, &[77], "ECMA-167 4/14.6.6"),
            fault("directory bit of a file", one, 27, &[4], "ECMA-167 4/14.4.3"),
            fault("reserved flags", one, 35, &[0xC0], "ECMA-167 4/14.6.8"),
            fault("extended descriptors", one, 34, &[2], "UDF 2.3.5.4"),
            fault("unknown descriptors", one, 34, &[6], "UDF 2.3.5.4"),
            fault("embedded beyond its field", one, 34, &[3], "ECMA-167 4/14.6.8"),
            fault("permissions", one, 47, &[0x80], "ECMA-167 4/14.9.5"),
            fault("record format", one, 50, &[1], "UDF 2.3.6.1"),
            fault("lengths", one, 168, &[0xFF, 0xFF], "ECMA-167 4/14.9"),
            fault("implementation of an entry", one, 129, b"X", "UDF 2.1.5.2"),
            fault("parent elsewhere", dir, 24, &[4], "ECMA-167 4/8.6"),
            fault("no parent", dir, 18, &[2], "ECMA-167 4/8.6"),
            fault("tag location of a name", names, 12, &[4], "ECMA-167 4/7.2.8").in_descriptor(40),
            fault("a name twice", names, 39, b"two", "ECMA-167 4/8.6").in_descriptor(40),
            fault("compression id", names, 38, &[9], "UDF 2.1.1").in_descriptor(40),
            fault("slash in a name", names, 40, b"/", "UDF 4.2.2.1").in_descriptor(40),
            fault("file version", names, 16, &[2], "UDF 2.3.4.1").in_descriptor(40),
            fault("characteristics", names, 18, &[0x40], "ECMA-167 4/14.4.3").in_descriptor(40),
            fault("ICB without length", names, 20, &[0; 4], "ECMA-167 4/14.4.5").in_descriptor(40),
            fault("ICB outside", names, 26, &[9], "ECMA-167 4/14.14.2").in_descriptor(40),
            fault("partition of an ICB", names, 28, &[9], "ECMA-167 4/14.14.2").in_descriptor(40),
            fault("CRC of a name", names, 40, b"x", "ECMA-167 4/14.4").in_descriptor(40).unsealed(),
        ];
        if revision == Revision::V201 {
            faults.push(fault("UDF Unique ID", names, 32, &[77], "UDF 2.3.4.3").in_descriptor(40));
        } else {
            faults.push(fault("real-time file", one, 27, &[249], "UDF 2.3.5.2.1"));
        }
        assert!(expect(revision.name(), &image, faults) >= 40);
    }
}

#[test]
fn faults_of_virtual_partitions() {
    let image = with_virtual(Revision::V201);
    let vat = image.len() / SECTOR - 1;
    let faults = vec![
        fault("entry outside", vat, 176 + 152 + 5 * 4, &[0xFF, 0xFF], "UDF 2.2.11"),
        fault("entry twice", vat, 176 + 152 + 5 * 4, &[6], "UDF 2.2.11"),
        fault("previous table", vat, 176 + 132, &[0, 0xFF, 0, 0], "UDF 2.2.11"),
        fault("name in the table", vat, 176 + 5, b"Z", "UDF 2.2.11"),
        fault("revision of the table", vat, 176 + 144, &[0x99], "UDF 2.2.11"),
        fault("files by the table", vat, 176 + 136, &[9], "UDF 2.2.6.4"),
        fault("size of the virtual partition", 273, 92, &[1], "UDF 2.2.6.2"),
        fault("revision of the map", 260, 440 + 6 + 28, &[0x50], "UDF 2.1.5.3"),
    ];
    expect("virtual", &image, faults);
    // Header length beyond the table: there is no table then.
    let mut copy = image;
    copy[vat * SECTOR + 176] = 255;
    copy[vat * SECTOR + 177] = 255;
    reseal(&mut copy[vat * SECTOR..]);
    assert!(findings(&copy).iter().any(|f| f.clause == "ECMA-167 3/8.4" && f.lba == vat as u64));
}

#[test]
fn faults_of_sparable_partitions() {
    let image = with_sparing(Revision::V201);
    let (one, two, packet) = SPARING;
    let faults = vec![
        fault("table CRC", one, 60, &[0xEE], "ECMA-167 3/7.2.6").unsealed(),
        fault("table location", two, 12, &[1], "ECMA-167 3/7.2.8"),
        fault("table identifier", two, 20, b"x", "UDF 2.1.5.2"),
        fault("tables differ", two, 52, &[6], "UDF 2.2.12"),
        fault("entries beyond the table", one, 48, &[0xFF, 0xFF], "UDF 2.2.12"),
        fault("original inside a packet", one, 56, &[1], "UDF 2.2.12"),
        fault("mapped behind the end", one, 62, &[9], "UDF 2.2.12"),
        fault("packet length", 260, 440 + 40, &[33], "UDF 2.2.9"),
        fault("number of tables", 260, 440 + 42, &[9], "UDF 2.2.9"),
        // What is behind the map is checked as everywhere.
        fault("link count", packet + 6, 48, &[2], "ECMA-167 4/14.9.6"),
    ];
    expect("sparable", &image, faults);
}

#[test]
fn faults_of_metadata_partitions() {
    let made = with_metadata();
    let faults = vec![
        fault("type of the main file", made.main, 27, &[249], "UDF 2.50 2.2.13"),
        fault("type of the mirror file", made.mirror, 27, &[250], "UDF 2.50 2.2.13"),
        fault("mirror content", made.copy + 5, 1000, &[1], "UDF 2.50 2.2.13.1").unsealed().named(made.mirror),
        fault("mirror length", made.mirror, 57, &[0x38], "UDF 2.50 2.2.13.1"),
        fault("mirror over the main file", made.mirror, 180, &[0, 0], "ECMA-167 4/8.7").named(block(0)),
        fault("no copy, but other extents", 260, 440 + 6 + 58, &[0], "UDF 2.50 2.2.10").named(made.mirror),
        // Named where the entry of the mirror file is said to be.
        fault("no entry of the mirror file", 260, 440 + 6 + 44, &[0; 4], "UDF 2.50 2.2.13").named(block(0)),
        fault("unit of 0 blocks", 260, 440 + 6 + 52, &[0], "UDF 2.50 2.2.10"),
        fault("blocks of the partition", 273, 92, &[1], "UDF 2.2.6.3"),
        fault("link count", block(6), 48, &[2], "ECMA-167 4/14.9.6"),
        fault("data in the metadata file", block(7), 180, &[3], "ECMA-167 4/8.7").named(block(3)),
    ];
    expect("metadata", &made.image, faults);
}

#[test]
fn faults_of_streams() {
    let (image, directory, names) = with_streams();
    let stream = directory + 2;
    let faults = vec![
        fault("type of the stream directory", directory, 27, &[4], "ECMA-167 4/14.6.6"),
        fault("parent of the stream directory", names, 24, &[7], "ECMA-167 4/8.6"),
        fault("stream that is a directory", names, 18, &[2], "UDF 3.3.5.1").in_descriptor(40),
        fault("stream bit", stream, 35, &[0], "ECMA-167 4/14.6.8"),
        fault("links of a stream", stream, 48, &[9], "ECMA-167 4/14.9.6"),
        fault("object size", block(6), 64, &[1, 0], "ECMA-167 4/14.17.11"),
        fault("creation time", block(6), 108, &[13], "ECMA-167 1/7.3"),
        fault("CRC of the stream directory", directory, 100, &[0xEE], "ECMA-167 4/7.2.6").unsealed(),
        // Named where it would be.
        fault("stream directory nowhere", block(6), 158, &[9], "ECMA-167 4/14.14.2")
            .named(directory + 0x9_0000),
    ];
    expect("streams", &image, faults);
}

/// A volume that the Linux kernel wrote, with a space bitmap.
#[test]
fn faults_of_bitmaps() {
    let image = image::unpack(include_bytes!("fixtures/linux-1.50.sectors"));
    let before = findings(&image);
    assert!(before.iter().all(|f| f.severity == glassmaster_disc::Severity::Note), "{before:#?}");
    let bitmap = (0..image.len() / SECTOR).find(|sector| image[sector * SECTOR..][..2] == [8, 1]).unwrap();
    // The root directory's entry is in one of the first blocks.
    let used = image[bitmap * SECTOR + 24..].iter().position(|byte| *byte != 0xFF).unwrap();
    let mut copy = image.clone();
    copy[bitmap * SECTOR + 24 + used] = 0xFF;
    reseal(&mut copy[bitmap * SECTOR..]);
    let found = findings(&copy);
    let error = found.iter().find(|f| f.clause == "ECMA-167 4/10.1").unwrap();
    assert!(error.what.contains("marked free, but hold"), "{error}");
    assert!(found.iter().any(|f| f.clause == "UDF 2.2.6.2"), "the free blocks of the integrity descriptor");
    let faults = vec![
        fault("bitmap tag", bitmap, 12, &[0xEE], "ECMA-167 4/7.2.8"),
        fault("bits of a bitmap", bitmap, 16, &[0xEE], "ECMA-167 4/14.12.2"),
        fault("bytes of a bitmap", bitmap, 20, &[1, 0], "ECMA-167 4/14.12.3"),
    ];
    expect("bitmap", &image, faults);
    // Blocks that nobody has are worth a note.
    let mut copy = image.clone();
    let length = kinds::u32_at(&image, bitmap * SECTOR + 20) as usize;
    let free = image[bitmap * SECTOR + 24..][..length].iter().rposition(|byte| *byte == 0xFF).unwrap();
    copy[bitmap * SECTOR + 24 + free] = 0;
    reseal(&mut copy[bitmap * SECTOR..]);
    assert!(findings(&copy).iter().any(|f| f.clause == "ECMA-167 4/10.1" && f.what.starts_with("8 blocks")));
}

/// Blocks of the metadata partition that are in use, but marked free.
#[test]
fn faults_of_metadata_bitmaps() {
    let mut source = image::Source::new();
    let root = source.tree.root();
    source.file(root, b"file", image::pattern(5000));
    let mut options = image::options(Revision::V260);
    options.access = glassmaster_udf::AccessType::OVERWRITABLE;
    let image = image::plan(&source, options).image(&source);
    assert_eq!(findings(&image), []);
    let facts = glassmaster_udf::UdfVolume::open(&image).unwrap().facts();
    let metadata = facts.metadata.unwrap();
    assert!(metadata.bitmap.is_some());
    let blocks = metadata.extents.iter().map(|extent| extent.bytes / SECTOR as u64).sum::<u64>() as u32;
    let bitmap = (0..image.len() / SECTOR)
        .find(|n| image[n * SECTOR..][..2] == [8, 1] && kinds::u32_at(&image, n * SECTOR + 16) == blocks)
        .unwrap();
    let mut copy = image.clone();
    copy[bitmap * SECTOR + 24] = 0xFF;
    reseal(&mut copy[bitmap * SECTOR..]);
    let found = findings(&copy);
    let error = found.iter().find(|f| f.clause == "ECMA-167 4/10.1").unwrap();
    assert_eq!(error.lba, u64::from(metadata.extents[0].lba.unwrap()), "{error}");
    // A bitmap of another size is named at the file entry of its file.
    let mut copy = image.clone();
    copy[bitmap * SECTOR + 16] ^= 1;
    reseal(&mut copy[bitmap * SECTOR..]);
    let entry = facts.partitions[0].start + metadata.bitmap.unwrap();
    assert!(findings(&copy).iter().any(|f| f.clause == "ECMA-167 4/14.12.2" && f.lba == u64::from(entry)));
}

#[test]
fn a_check_can_be_ended() {
    let image = plain(Revision::V201);
    let mut count = 0;
    check_session(&image, Some(0), &|| false, &mut |_| count += 1);
    assert_eq!(count, 0);
}
