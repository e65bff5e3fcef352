//! Volumes with virtual, sparable and metadata partitions and with streams: read, and found in order.

#![allow(clippy::unwrap_used, clippy::panic)]

mod image;
mod kinds;

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use glassmaster_disc::{BlockSource, SECTOR, Severity};
use glassmaster_tree::{Content, Entry, Visit, Volume, WalkLimits, walk};
use glassmaster_udf::{Revision, UdfVolume, check};
use image::pattern;
use kinds::{SPARING, START, with_metadata, with_sparing, with_streams, with_virtual};

fn bytes<S: BlockSource>(volume: &UdfVolume<S>, entry: &Entry) -> Vec<u8> {
    match &entry.content {
        Content::Inline(bytes) => bytes.clone(),
        Content::Extents(extents) => {
            let mut out = Vec::new();
            for extent in extents {
                let length = usize::try_from(extent.bytes).unwrap();
                let mut sectors = vec![0; length.div_ceil(SECTOR) * SECTOR];
                volume.source().read_blocks(u64::from(extent.lba.unwrap()), &mut sectors).unwrap();
                out.extend_from_slice(&sectors[..length]);
            }
            out
        }
    }
}

fn entries<S: BlockSource>(volume: &UdfVolume<S>) -> BTreeMap<String, Entry> {
    let mut out = BTreeMap::new();
    walk(volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
        match visit {
            Visit::Entry { entry, .. } => {
                out.insert(String::from_utf8(entry.name.clone()).unwrap(), entry.clone());
            }
            Visit::Damaged { error, .. } => panic!("{error}"),
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

/// The three objects of every volume of [`kinds`].
fn expect_files<S: BlockSource>(volume: &UdfVolume<S>) {
    let found = entries(volume);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["dir", "one", "two"]);
    assert!(bytes(volume, &found["one"]) == pattern(3000));
    assert!(bytes(volume, &found["two"]) == pattern(100));
}

/// Nothing but notes about these clauses.
fn expect_notes(image: &[u8], notes: &[&str]) {
    check(image, &mut |finding| {
        assert!(
            finding.severity == Severity::Note && notes.contains(&finding.clause),
            "unexpected finding: {finding}"
        );
    });
}

#[test]
fn virtual_partitions_of_both_forms() {
    for revision in [Revision::V150, Revision::V200, Revision::V201] {
        let mut image = with_virtual(revision);
        let volume = UdfVolume::open(&image).unwrap_or_else(|error| panic!("{revision}: {error}"));
        expect_files(&volume);
        let facts = volume.facts();
        let last = image.len() / SECTOR - 1;
        assert_eq!(facts.vat.unwrap().sector, last as u64);
        assert_eq!((facts.vat.unwrap().previous, facts.next_unique_id), (None, Some(20)));
        assert!(facts.has_vat() && !facts.has_sparing() && facts.not_appendable().is_some());
        expect_notes(&image, &["UDF 2.2.3"]);
        // Zeros behind it, as in a file of the size of the medium, hide nothing.
        image.resize(image.len() + 700 * SECTOR, 0);
        expect_files(&UdfVolume::open(&image).unwrap());
        // Without the table there is no root.
        image[last * SECTOR..].fill(0);
        let error = UdfVolume::open(&image).err().unwrap();
        assert_eq!(error.structure, "virtual allocation table");
    }
}

#[test]
fn packets_that_were_spared() {
    for revision in [Revision::V150, Revision::V201] {
        let mut image = with_sparing(revision);
        let volume = UdfVolume::open(&image).unwrap();
        expect_files(&volume);
        assert!(volume.facts().has_sparing());
        // All blocks are in the packet that was moved.
        let lba = match &entries(&volume)["one"].content {
            Content::Extents(extents) => extents[0].lba.unwrap(),
            Content::Inline(_) => panic!(),
        };
        assert_eq!(usize::try_from(lba).unwrap(), SPARING.2 + 8);
        expect_notes(&image, &[]);
        // One of the tables is enough.
        image[SPARING.0 * SECTOR..(SPARING.0 + 1) * SECTOR].fill(0xFF);
        expect_files(&UdfVolume::open(&image).unwrap());
        image[SPARING.1 * SECTOR..(SPARING.1 + 1) * SECTOR].fill(0xFF);
        assert_eq!(UdfVolume::open(&image).err().unwrap().structure, "sparing table");
    }
}

/// Sectors that cannot be read.
struct Scratched<'a> {
    image: &'a [u8],
    bad: Vec<u64>,
}

impl BlockSource for Scratched<'_> {
    fn block_count(&self) -> u64 {
        self.image.block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = lba + (buf.len() / SECTOR) as u64;
        if self.bad.iter().any(|bad| (lba..end).contains(bad)) {
            return Err(io::Error::other("scratched"));
        }
        self.image.read_blocks(lba, buf)
    }
}

#[test]
fn metadata_partitions_and_their_mirror() {
    let made = with_metadata();
    let volume = UdfVolume::open(&made.image).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(volume.file_system(), "UDF 2.50");
    expect_files(&volume);
    let metadata = volume.facts().metadata.unwrap();
    assert_eq!((usize::try_from(metadata.main).unwrap(), metadata.bitmap), (made.main - START, None));
    assert!(metadata.duplicate && metadata.main_readable);
    assert_eq!(metadata.extents[0].lba, Some(u32::try_from(START).unwrap()));
    expect_notes(&made.image, &[]);

    // The entry of the main file is lost, then its blocks cannot be read, then they are damaged.
    let mut image = made.image.clone();
    image[made.main * SECTOR..(made.main + 1) * SECTOR].fill(0);
    let volume = UdfVolume::open(&image).unwrap();
    expect_files(&volume);
    assert!(!volume.facts().metadata.unwrap().main_readable);
    let bad = (START as u64..(START + made.blocks) as u64).collect();
    expect_files(&UdfVolume::open(Scratched { image: &made.image, bad }).unwrap());
    let mut image = made.image.clone();
    for block in [0, 2, 4, 6, 7] {
        image[(START + block) * SECTOR + 20] ^= 0x55;
    }
    expect_files(&UdfVolume::open(&image).unwrap());
}

#[test]
fn named_streams() {
    let (mut image, directory, names) = with_streams();
    let volume = UdfVolume::open(&image).unwrap();
    expect_files(&volume);
    let found = entries(&volume);
    assert!(found["one"].has_streams && !found["two"].has_streams);
    assert!(volume.streams(&found["two"]).unwrap().is_empty());
    let streams = volume.streams(&found["one"]).unwrap();
    assert_eq!(streams.len(), 1, "the implementation's own stream is not shown");
    assert_eq!(
        (&streams[0].name[..], bytes(&volume, &streams[0])),
        (&b"note"[..], b"stream content".to_vec())
    );
    assert!(found["one"].created.is_some() && found["two"].created.is_none());
    assert!(found["one"].accessed.is_some() && found["one"].changed.is_some());
    expect_notes(&image, &[]);
    image[names * SECTOR + 50] ^= 1;
    let volume = UdfVolume::open(&image).unwrap();
    assert!(volume.streams(&entries(&volume)["one"]).is_err());
    image[directory * SECTOR + 50] ^= 1;
    let volume = UdfVolume::open(&image).unwrap();
    let error = volume.streams(&entries(&volume)["one"]).err().unwrap();
    assert_eq!((error.structure, error.lba), ("stream directory", directory as u64));
}
