//! From a real folder to an image: what is walked, what is written, and what happens when the folder changes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation)]

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use glassmaster_disc::BlockSource;
use glassmaster_fsimage::{
    CancelHandle, Error, FileSystems, HostSource, HostTree, Image, ImageOptions, OnChanged, WalkOptions,
};
use glassmaster_tree::{Kind, Timestamp};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

fn sample() -> TempDir {
    let dir = TempDir::new().unwrap();
    let at = |p: &str| dir.path().join(p);
    fs::create_dir_all(at("b/deep/er")).unwrap();
    fs::write(at("a.txt"), b"hello").unwrap();
    fs::write(at("empty"), b"").unwrap();
    fs::write(at("b/large.bin"), (0..400_000u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()).unwrap();
    fs::write(at("b/deep/er/sector"), vec![7; 2048]).unwrap();
    fs::hard_link(at("a.txt"), at("b/same.txt")).unwrap();
    symlink("../a.txt", at("b/link")).unwrap();
    fs::set_permissions(at("a.txt"), fs::Permissions::from_mode(0o640)).unwrap();
    dir
}

fn walk(path: &Path) -> HostTree {
    let source = HostSource { path: path.to_path_buf(), contents_only: true };
    HostTree::walk(&[source], &WalkOptions::default(), &mut |_| ControlFlow::Continue(())).unwrap()
}

fn options(file_systems: FileSystems) -> ImageOptions {
    ImageOptions { file_systems, ..ImageOptions::new("TEST", Timestamp::from_secs(1_700_000_000)) }
}

fn everything() -> FileSystems {
    FileSystems::all()
}

fn bytes(image: &Image) -> Vec<u8> {
    let mut all = Vec::new();
    image.stream().read_to_end(&mut all).unwrap();
    all
}

/// A small generator with a fixed seed (xorshift).
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn the_walk_finds_everything_once_and_in_one_order() {
    let dir = sample();
    let tree = walk(dir.path()).tree;
    let paths: Vec<_> = tree.nodes().map(|n| tree.path(n.id())).collect();
    let expected = [
        "/",
        "/a.txt",
        "/b",
        "/empty",
        "/b/deep",
        "/b/large.bin",
        "/b/link",
        "/b/same.txt",
        "/b/deep/er",
        "/b/deep/er/sector",
    ];
    assert_eq!(paths, expected);
    let find = |path: &str| tree.nodes().find(|n| tree.path(n.id()) == path).unwrap();
    assert_eq!(find("/a.txt").data(), find("/b/same.txt").data());
    assert_eq!((find("/a.txt").links(), find("/a.txt").size(), find("/a.txt").meta().mode), (2, 5, 0o640));
    assert_eq!(
        (find("/b/link").kind(), find("/b/link").target().unwrap()),
        (Kind::Symlink, &b"../a.txt"[..])
    );
    assert_eq!(tree.data_len(), 4);
}

#[test]
fn several_sources_appear_under_their_names_and_folders_merge() {
    let dir = TempDir::new().unwrap();
    for name in ["one/x", "two/x"] {
        fs::create_dir_all(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join(name.replace('/', "-")), name).unwrap();
    }
    let source = |path: &str, contents_only| HostSource { path: dir.path().join(path), contents_only };
    let go = |sources: &[HostSource]| {
        HostTree::walk(sources, &WalkOptions::default(), &mut |_| ControlFlow::Continue(())).map(|t| t.tree)
    };
    let tree = go(&[source("one", false), source("two/x/two-x", false)]).unwrap();
    let paths: Vec<_> = tree.nodes().map(|n| tree.path(n.id())).collect();
    assert_eq!(paths, ["/", "/one", "/two-x", "/one/x", "/one/x/one-x"]);
    let tree = go(&[source("one", true), source("two", true)]).unwrap();
    let paths: Vec<_> = tree.nodes().map(|n| tree.path(n.id())).collect();
    assert_eq!(paths, ["/", "/x", "/x/one-x", "/x/two-x"]);
    let twice = go(&[source("one/x/one-x", false), source("one/x/one-x", false)]);
    assert!(matches!(twice, Err(Error::DuplicateName(path)) if path == "/one-x"));
    let missing = go(&[source("three", true)]);
    assert!(matches!(missing, Err(Error::Source { path, .. }) if path.ends_with("three")));
}

#[test]
fn a_path_longer_than_the_system_allows_is_walked_and_read() {
    let dir = TempDir::new().unwrap();
    let name = "d".repeat(250);
    let mut fd = rustix::fs::open(dir.path(), rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).unwrap();
    for _ in 0..20 {
        rustix::fs::mkdirat(&fd, name.as_str(), rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
        fd = rustix::fs::openat(&fd, name.as_str(), rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty())
            .unwrap();
    }
    let flags = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::CREATE;
    let file = rustix::fs::openat(&fd, "bottom", flags, rustix::fs::Mode::from_raw_mode(0o644)).unwrap();
    rustix::io::write(&file, b"5000 bytes down").unwrap();
    let image = Image::new(walk(dir.path()), &options(FileSystems::UDF)).unwrap();
    let node = image.tree().nodes().find(|n| n.name() == b"bottom").unwrap();
    let lba = image.data_lba(node.data().unwrap()).unwrap();
    let mut sector = [0; 2048];
    image.source().read_blocks(u64::from(lba), &mut sector).unwrap();
    assert_eq!(&sector[..16], b"5000 bytes down\0");
}

#[test]
fn a_stream_equals_itself_however_it_is_read() {
    let dir = sample();
    for file_systems in [everything(), FileSystems::UDF, FileSystems::ISO9660] {
        let image = Image::new(walk(dir.path()), &options(file_systems)).unwrap();
        let all = bytes(&image);
        assert_eq!(all.len() as u64, image.bytes());
        let mut stream = image.stream();
        let mut seed = 0x1234_5678_9ABC_DEF1;
        for _ in 0..2000 {
            let from = usize::try_from(random(&mut seed)).unwrap() % all.len();
            let len = 1 + usize::try_from(random(&mut seed)).unwrap() % 9000;
            stream.seek(SeekFrom::Start(from as u64)).unwrap();
            let mut clone = stream.clone();
            let mut piece = vec![0; len.min(all.len() - from)];
            stream.read_exact(&mut piece).unwrap();
            assert!(piece == all[from..from + piece.len()], "{len} bytes at {from}");
            assert_eq!(clone.stream_position().unwrap(), from as u64);
        }
        stream.seek(SeekFrom::End(5)).unwrap();
        assert_eq!(stream.read(&mut [0; 10]).unwrap(), 0);
        assert!(stream.seek(SeekFrom::Current(-1 - i64::try_from(all.len() + 5).unwrap())).is_err());
    }
}

#[test]
fn file_and_pipe_get_the_bytes_of_the_stream() {
    let dir = sample();
    let image = Image::new(walk(dir.path()), &options(everything())).unwrap();
    let all = bytes(&image);
    let out = TempDir::new().unwrap();
    let path = out.path().join("image.iso");
    fs::write(&path, b"an older file").unwrap();
    let mut last = 0;
    image
        .write_file(
            &path,
            &mut |p| {
                last = p.done;
                ControlFlow::Continue(())
            },
            &CancelHandle::default(),
        )
        .unwrap();
    assert!(fs::read(&path).unwrap() == all);
    assert!(last > 0);
    let mut piped = Vec::new();
    image
        .write_to(
            &mut piped,
            Path::new("memory"),
            &mut |_| ControlFlow::Continue(()),
            &CancelHandle::default(),
        )
        .unwrap();
    assert_eq!(Sha256::digest(&piped), Sha256::digest(&all));
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn cancelled_output_leaves_the_older_file() {
    let dir = sample();
    let image = Image::new(walk(dir.path()), &options(everything())).unwrap();
    let out = TempDir::new().unwrap();
    let path = out.path().join("image.iso");
    fs::write(&path, b"an older file").unwrap();
    let cancel = CancelHandle::default();
    cancel.cancel();
    let mut sink = Vec::new();
    let piped = image.write_to(&mut sink, Path::new("memory"), &mut |_| ControlFlow::Continue(()), &cancel);
    assert!(matches!(piped, Err(Error::Cancelled)));
    // A full device: the error names the output and nothing is left.
    let full = image.write_to(
        &mut fs::File::options().write(true).open("/dev/full").unwrap(),
        Path::new("/dev/full"),
        &mut |_| ControlFlow::Continue(()),
        &CancelHandle::default(),
    );
    assert!(matches!(full, Err(Error::Output { path, .. }) if path == Path::new("/dev/full")));
    let missing = image.write_file(
        &out.path().join("nowhere/image.iso"),
        &mut |_| ControlFlow::Continue(()),
        &CancelHandle::default(),
    );
    assert!(matches!(missing, Err(Error::Output { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"an older file");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}

/// What can happen to a file between planning and writing.
fn disturb(path: &Path, how: &str) {
    match how {
        "vanished" => fs::remove_file(path).unwrap(),
        "shrank" => fs::write(path, b"hel").unwrap(),
        "grew" => fs::write(path, b"hello, world").unwrap(),
        "written to" => {
            fs::write(path, b"HELLO").unwrap();
            let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
            fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        }
        "regular" => {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }
        _ => unreachable!(),
    }
}

#[test]
fn a_file_that_changes_is_named_and_never_silently_wrong() {
    for how in ["vanished", "shrank", "grew", "written to", "regular"] {
        let dir = sample();
        let image = Image::new(walk(dir.path()), &options(everything())).unwrap();
        disturb(&dir.path().join("a.txt"), how);
        let out = dir.path().join("image.iso");
        let error =
            image.write_file(&out, &mut |_| ControlFlow::Continue(()), &CancelHandle::default()).unwrap_err();
        assert!(matches!(&error, Error::SourceChanged { path, .. } if path.ends_with("a.txt")), "{error}");
        assert!(error.to_string().contains(how), "{how}: {error}");
        assert!(!out.exists());
        let mut all = Vec::new();
        assert!(image.stream().read_to_end(&mut all).is_err());
    }
}

#[test]
fn padding_keeps_the_image_whole_and_reports_the_file() {
    for how in ["vanished", "shrank", "grew", "written to"] {
        let dir = sample();
        let mut options = options(everything());
        options.on_changed = OnChanged::Pad;
        let image = Image::new(walk(dir.path()), &options).unwrap();
        disturb(&dir.path().join("a.txt"), how);
        let all = bytes(&image);
        assert_eq!(all.len() as u64, image.bytes());
        let repairs = image.repairs();
        assert_eq!(repairs.len(), 1, "{how}");
        assert!(repairs[0].path.ends_with("a.txt") && repairs[0].what.contains(how));
        let node = image.tree().nodes().find(|n| n.name() == b"a.txt").unwrap();
        let at = image.data_lba(node.data().unwrap()).unwrap() as usize * 2048;
        let expected: &[u8] = match how {
            "vanished" => b"\0\0\0\0\0",
            "shrank" => b"hel\0\0",
            "grew" => b"hello",
            _ => b"HELLO",
        };
        assert_eq!(&all[at..at + 5], expected, "{how}");
        assert!(all[at + 5..at + 2048].iter().all(|b| *b == 0));
    }
}

#[test]
fn large_files_stand_on_blocks_a_host_can_share() {
    let dir = sample();
    for file_systems in [everything(), FileSystems::ISO9660, FileSystems::UDF] {
        let image = Image::new(walk(dir.path()), &options(file_systems)).unwrap();
        let node = image.tree().nodes().find(|n| n.name() == b"large.bin").unwrap();
        assert_eq!(image.data_lba(node.data().unwrap()).unwrap() % 2, 0);
    }
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let dir = sample();
    let mut small = options(everything());
    small.session.free_blocks = 100;
    let error = Image::new(walk(dir.path()), &small).err().unwrap();
    assert!(matches!(error, Error::TooLarge { available: 100, .. }), "{error}");
    assert_eq!(error.hresult(), 0xC0AA_B120);
    let none = Image::new(walk(dir.path()), &options(FileSystems::empty())).err().unwrap();
    assert!(matches!(none, Error::NoFileSystem));
    let mut embedded = options(everything());
    embedded.embed_up_to = Some(1000);
    assert!(matches!(Image::new(walk(dir.path()), &embedded).err().unwrap(), Error::Options(_)));
}

#[test]
fn areas_cover_every_sector_and_items_name_them() {
    let dir = sample();
    let image = Image::new(walk(dir.path()), &options(everything())).unwrap();
    let mut next = 0;
    for area in image.areas() {
        assert_eq!(area.lba, Some(next), "{}", area.label);
        next += area.blocks;
    }
    assert_eq!(next, image.blocks());
    let node = image.tree().nodes().find(|n| n.name() == b"large.bin").unwrap();
    let lba = image.data_lba(node.data().unwrap()).unwrap();
    let item = image.item_at(lba + 3).unwrap();
    assert_eq!((item.description.as_str(), item.first, item.last), ("/b/large.bin", lba, lba + 781));
    assert_eq!(image.item_at(0).unwrap().first, 0);
    assert!(image.item_at(image.blocks()).is_none());
}

#[test]
fn small_files_can_live_in_their_entries() {
    let dir = sample();
    let mut embed = options(FileSystems::UDF);
    embed.embed_up_to = Some(1800);
    let image = Image::new(walk(dir.path()), &embed).unwrap();
    let node = image.tree().nodes().find(|n| n.name() == b"a.txt").unwrap();
    assert_eq!(image.data_lba(node.data().unwrap()), None);
    let all = bytes(&image);
    assert!(all.windows(5).any(|w| w == b"hello"));
}

#[test]
fn names_that_readers_of_joliet_confuse_are_made_distinct_and_listed() {
    let dir = TempDir::new().unwrap();
    for name in ["Read.me", "README", "read.me", "readme", "\u{C4}rger", "\u{E4}rger", "end.", "end"] {
        fs::write(dir.path().join(name), name).unwrap();
    }
    let image = Image::new(walk(dir.path()), &options(FileSystems::JOLIET)).unwrap();
    let mut changed: Vec<_> = image
        .changes()
        .iter()
        .filter(|c| c.file_system == "Joliet")
        .map(|c| (image.tree().path(c.node), c.recorded.clone().unwrap()))
        .collect();
    changed.sort();
    let expected =
        [("/end.", "end_"), ("/read.me", "read0.me"), ("/readme", "readme0"), ("/\u{E4}rger", "\u{E4}rger0")];
    assert_eq!(changed, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

/// A file entry with a wrong checksum: the neighbours are still there, and the damage is named with its sector.
#[test]
fn one_damaged_file_entry_costs_one_file() {
    let dir = sample();
    let image = Image::new(walk(dir.path()), &options(FileSystems::UDF)).unwrap();
    let mut all = bytes(&image);
    // File entry (tag 261, ECMA-167 4/14.9) whose information length is that of large.bin.
    let is_wanted =
        |sector: &[u8]| sector[..2] == [0x05, 0x01] && sector[56..64] == 1_600_000u64.to_le_bytes();
    let victim = all.chunks_exact(2048).position(is_wanted).unwrap();
    all[victim * 2048 + 4] ^= 1;
    let source: std::sync::Arc<dyn BlockSource> = std::sync::Arc::new(all);
    let volume = glassmaster_fsimage::open(&source, None).unwrap();
    let (mut found, mut damages) = (0, Vec::new());
    let limits = glassmaster_tree::WalkLimits::for_blocks(volume.block_count());
    glassmaster_tree::walk(&*volume, limits, &mut |visit| {
        match visit {
            glassmaster_tree::Visit::Entry { .. } => found += 1,
            glassmaster_tree::Visit::Damaged { error, .. } => damages.push(error),
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(found, image.tree().len() - 2, "all but the root and the damaged one");
    assert_eq!(damages.len(), 1);
    assert_eq!(damages[0].lba, victim as u64);
}
