//! The Linux kernel mounts every form of volume and shows every file as it is in the source. Skipped where User Mode
//! Linux is not installed, except in CI.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation)]

mod image;

use std::fs;
use std::path::{Path, PathBuf};

use glassmaster_disc::{Extent, SECTOR};
use glassmaster_testkit::manifest::{Also, Entry, Kind, Manifest};
use glassmaster_testkit::witness::{Kernel, Mount, MountMode};
use glassmaster_tree::Kind as Object;
use glassmaster_udf::{AccessType, Layout, Options, Revision};
use image::{Planned, Source, options, pattern, plan, plan_session, recorded_paths};
use sha2::{Digest, Sha256};

/// What the kernel should show; `content` has the bytes of every file.
fn expected(source: &Source, layout: &Layout, content: &dyn Fn(usize) -> Vec<u8>) -> Manifest {
    let mut manifest = Manifest::default();
    for (path, id) in recorded_paths(source, layout) {
        let node = source.tree.node(id);
        let kind = match node.kind() {
            Object::Directory => Kind::Directory,
            Object::File => Kind::File,
            Object::Symlink => Kind::Symlink,
            _ => Kind::Special,
        };
        let bytes = node.data().map(|data| content(data.index()));
        let entry = Entry {
            kind,
            size: bytes.as_ref().map_or(0, |b| b.len() as u64),
            mode: u32::from(node.meta().mode),
            mtime: node.modified().secs,
            links: 1,
            inode: 0,
            target: node.target().unwrap_or_default().to_vec(),
            sha256: bytes.map(|b| Sha256::digest(b).into()),
        };
        manifest.entries.insert(path.into_bytes(), entry);
    }
    manifest
}

struct Case {
    what: String,
    path: PathBuf,
    manifest: Manifest,
    options: Option<String>,
}

fn case(folder: &Path, what: &str, source: &Source, planned: &Planned, image: &[u8]) -> Case {
    let path = folder.join(format!("{}.udf", what.replace(' ', "-")));
    fs::write(&path, image).unwrap();
    let manifest = expected(source, &planned.layout, &|n| source.contents[n].clone());
    Case { what: what.to_owned(), path, manifest, options: None }
}

fn judge(kernel: &Kernel, cases: &[Case]) {
    let mounts: Vec<_> = cases
        .iter()
        .map(|case| Mount { image: case.path.clone(), mode: MountMode::Udf, options: case.options.clone() })
        .collect();
    for (case, mounted) in cases.iter().zip(kernel.mount(&mounts).unwrap()) {
        let found = match &mounted.outcome {
            Ok(found) => found,
            Err(code) => panic!("{}: mount exits with {code}: {:#?}", case.what, mounted.messages),
        };
        assert_eq!(mounted.complaints, "", "{}", case.what);
        let differences =
            case.manifest.differences(found, Also { modes: true, times: true, hard_links: false });
        assert!(differences.is_empty(), "{}: {differences:#?} {:#?}", case.what, mounted.messages);
    }
}

#[test]
fn every_revision_with_and_without_mirror_and_embedding() {
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let source = Source::with_everything(800);
    let folder = tempfile::tempdir().unwrap();
    let mut cases = Vec::new();
    for revision in Revision::ALL {
        for (embed, mirror, access) in [
            (None, true, AccessType::READ_ONLY),
            (Some(1872), false, AccessType::READ_ONLY),
            (None, true, AccessType::OVERWRITABLE),
        ] {
            let options = Options { embed_up_to: embed, mirror, access, ..options(revision) };
            let planned = plan(&source, options);
            let what = format!("{revision} {embed:?} {mirror} {}", access.0);
            cases.push(case(folder.path(), &what, &source, &planned, &planned.image(&source)));
        }
    }
    judge(&kernel, &cases);
}

#[test]
fn virtual_allocation_tables() {
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut few = Source::new();
    let root = few.tree.root();
    few.file(root, b"one", pattern(4000));
    let dir = few.dir(root, "dir");
    let two = few.file(dir, b"two", pattern(1));
    few.stream(two, b"stream", pattern(10));
    let mut cases = Vec::new();
    for (name, source) in [("few", few), ("many", Source::with_everything(800))] {
        for revision in &Revision::ALL[1..] {
            let access = AccessType::WRITE_ONCE;
            let planned = plan(&source, Options { vat: true, access, ..options(*revision) });
            let what = format!("vat {name} {revision}");
            cases.push(case(folder.path(), &what, &source, &planned, &planned.image(&source)));
        }
    }
    judge(&kernel, &cases);
}

#[test]
fn a_later_session_shows_old_and_new_files() {
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut cases = Vec::new();
    for revision in Revision::ALL {
        let first = Source::with_everything(800);
        let planned = plan(&first, options(revision));
        let image = planned.image(&first);

        let mut second = Source::new();
        let root = second.tree.root();
        second.file(root, b"new", pattern(12_345));
        let dir = second.dir(root, "old");
        let mut whole = Vec::new();
        let mut pieces = Vec::new();
        for (number, content) in first.contents.iter().enumerate() {
            let lba = planned.lba[number];
            if lba == 0 || content.len() < 2 * SECTOR {
                continue;
            }
            let extent = Extent { lba: Some(lba), bytes: content.len() as u64 };
            second.old(dir, format!("{number}").as_bytes(), extent.bytes, &[extent]);
            *second.contents.last_mut().unwrap() = content.clone();
            // Sectors of many files, again and again, and a hole, make one file.
            for sector in 0..2 {
                let bytes = SECTOR as u64;
                pieces.push(Extent { lba: Some(lba + sector), bytes });
                whole.extend_from_slice(&content[sector as usize * SECTOR..][..SECTOR]);
                pieces.push(Extent { lba: None, bytes });
                whole.resize(whole.len() + SECTOR, 0);
            }
        }
        for _ in 0..8 {
            let (more, bytes) = (pieces.clone(), whole.clone());
            pieces.extend(more);
            whole.extend(bytes);
            if pieces.len() > 400 {
                break;
            }
        }
        second.old(dir, b"patchwork", whole.len() as u64, &pieces);
        *second.contents.last_mut().unwrap() = whole;

        let session_start = planned.blocks.next_multiple_of(32);
        let options = Options {
            session_start,
            next_unique_id: Some(planned.layout.next_unique_id()),
            volume_set: Some("kept".to_owned()),
            ..options(revision)
        };
        let later = plan_session(&second, options, Some(planned.partition));
        let disc = later.append(&second, image);
        let mut case = case(folder.path(), &format!("session {revision}"), &second, &later, &disc);
        case.options = Some(format!("anchor={}", session_start + 256));
        cases.push(case);
    }
    judge(&kernel, &cases);
}
