//! Volumes that the Linux kernel wrote read as it reads them itself.

#![allow(clippy::unwrap_used, clippy::panic)]

mod image;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use glassmaster_disc::{SECTOR, Severity};
use glassmaster_tree::{Content, Kind, Visit, Volume, WalkLimits, walk};
use glassmaster_udf::{UdfVolume, check};
use image::unpack;
use sha2::{Digest, Sha256};

fn hash(image: &[u8], content: &Content) -> String {
    let mut digest = Sha256::new();
    match content {
        Content::Inline(bytes) => digest.update(bytes),
        Content::Extents(extents) => {
            for extent in extents {
                let length = usize::try_from(extent.bytes).unwrap();
                match extent.lba {
                    Some(lba) => digest.update(&image[usize::try_from(lba).unwrap() * SECTOR..][..length]),
                    None => digest.update(vec![0; length]),
                }
            }
        }
    }
    digest.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn compare(packed: &[u8], list: &str, revision: &str) {
    let image = unpack(packed);
    let volume = UdfVolume::open(&image).unwrap();
    assert_eq!((volume.file_system().as_str(), volume.label().as_str()), (revision, "written by Linux"));
    let mut found = BTreeMap::new();
    let mut most_extents = 0;
    walk(&volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
        let (dir, entry) = match visit {
            Visit::Entry { dir, entry } => (dir, entry),
            Visit::Damaged { error, .. } => panic!("{error}"),
        };
        let (kind, size) = match entry.kind {
            Kind::Directory => ("d", entry.size),
            Kind::File => ("f", entry.size),
            Kind::Symlink => ("l", entry.target.as_ref().unwrap().len() as u64),
            Kind::Fifo => ("p", entry.size),
            Kind::CharDevice => ("c", entry.size),
            other => panic!("{other:?}"),
        };
        if let Content::Extents(extents) = &entry.content {
            most_extents = most_extents.max(extents.len());
        }
        let links = entry.links.unwrap() + u32::from(entry.is_dir());
        let time = entry.modified.unwrap();
        let hash = if entry.kind == Kind::File { hash(&image, &entry.content) } else { "-".to_owned() };
        let target = String::from_utf8(entry.target.clone().unwrap_or_default()).unwrap();
        let slash = if dir.is_empty() { "" } else { "/" };
        let path = format!("{}{slash}{}", str::from_utf8(dir).unwrap(), str::from_utf8(&entry.name).unwrap());
        let line = format!(
            "{kind}\t{size}\t{:o}\t{links}\t{}.{:09}0\t{hash}\t{path}\t{target}",
            entry.mode.unwrap(),
            time.secs,
            time.nanos,
        );
        found.insert(path, line);
        ControlFlow::Continue(())
    })
    .unwrap();
    let expected: BTreeMap<_, _> =
        list.lines().map(|line| (line.split('\t').nth(6).unwrap().to_owned(), line.to_owned())).collect();
    assert_eq!(found, expected);
    assert_eq!(most_extents, 250);
    check(&image, &mut |finding| assert_ne!(finding.severity, Severity::Error, "{finding}"));
}

#[test]
fn short_descriptors_and_embedded_files() {
    let packed = include_bytes!("fixtures/linux-1.50.sectors");
    compare(packed, include_str!("fixtures/linux-1.50.list"), "UDF 1.50");
}

#[test]
fn long_descriptors() {
    let packed = include_bytes!("fixtures/linux-2.01.sectors");
    compare(packed, include_str!("fixtures/linux-2.01.list"), "UDF 2.01");
}
