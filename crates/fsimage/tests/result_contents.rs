//! Contents of every kind in one image: host files of several walks, streams, bytes, staged copies, old data.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, missing_docs)]

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use glassmaster_disc::{BlockSource, Extent, HResult};
use glassmaster_fsimage::{
    CancelHandle, Contents, DataStream, Error, FileSystems, HostSource, HostTree, Image, ImageOptions,
    WalkOptions,
};
use glassmaster_tree::{DataId, Kind, Meta, Timestamp, Tree};

fn walk(path: &Path) -> HostTree {
    let source = HostSource { path: path.to_path_buf(), contents_only: true };
    HostTree::walk(&[source], &WalkOptions::default(), &mut |_| ControlFlow::Continue(())).unwrap()
}

fn options() -> ImageOptions {
    let options = ImageOptions::new("CONTENTS", Timestamp::from_secs(1_700_000_000));
    ImageOptions { file_systems: FileSystems::UDF, ..options }
}

fn bytes(seed: u64, len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (i.wrapping_mul(seed + 7).wrapping_add(seed) >> 3) as u8).collect()
}

/// Copies the files of a walked tree into another one, with other names, as an editor would.
fn take(tree: &mut Tree, contents: &mut Contents, walked: HostTree, prefix: &str) -> Vec<DataId> {
    let base = contents.add_host(walked.files, &walked.tree).unwrap();
    let mut taken = Vec::new();
    for node in walked.tree.nodes().filter(|n| n.kind() == Kind::File) {
        let data = walked.tree.data(node.data().unwrap());
        let id = tree.add_data(data.size, base + data.handle).unwrap();
        let name = format!("{prefix}{}", String::from_utf8_lossy(node.name()));
        tree.add_file(tree.root(), name.as_bytes(), Meta::default(), id).unwrap();
        taken.push(id);
    }
    taken
}

fn content(image: &Image, data: DataId) -> Vec<u8> {
    let lba = u64::from(image.data_lba(data).unwrap());
    let size = image.tree().data(data).size as usize;
    let mut sectors = vec![0; size.next_multiple_of(2048)];
    image.source().read_blocks(lba, &mut sectors).unwrap();
    sectors.truncate(size);
    sectors
}

struct Mixed {
    _dirs: [tempfile::TempDir; 3],
    image: Image,
    expected: Vec<(DataId, Vec<u8>)>,
}

fn mixed() -> Mixed {
    let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let mut tree = Tree::new(Meta::default());
    let mut contents = Contents::new(dirs[2].path());
    let mut expected = Vec::new();
    // The same names in two walks, so that a mix-up shows.
    for (n, dir) in dirs[..2].iter().enumerate() {
        for (k, len) in [(0, 5_000), (1, 300_000)] {
            fs::write(dir.path().join(format!("f{k}")), bytes(10 * n as u64 + k, len)).unwrap();
        }
        let taken = take(&mut tree, &mut contents, walk(dir.path()), &format!("renamed{n}-"));
        expected.push((taken[0], bytes(10 * n as u64, 5_000)));
        expected.push((taken[1], bytes(10 * n as u64 + 1, 300_000)));
    }
    let mut add = |tree: &mut Tree, name: &[u8], handle: u64, bytes: Vec<u8>| {
        let data = tree.add_data(bytes.len() as u64, handle).unwrap();
        tree.add_file(tree.root(), name, Meta::default(), data).unwrap();
        expected.push((data, bytes));
    };
    let memory = bytes(99, 70_000);
    let handle = contents.add_stream(DataStream::from_bytes(memory.clone())).unwrap();
    add(&mut tree, b"memory", handle, memory);
    let stream = bytes(77, 123_457);
    let handle = contents.add_stream(DataStream::new(Cursor::new(stream.clone()))).unwrap();
    add(&mut tree, b"stream", handle, stream.clone());
    let handle = contents.stage(handle, stream.len() as u64, "/stream", &mut |_| Ok(())).unwrap();
    add(&mut tree, b"staged", handle, stream);
    let side = bytes(55, 4_097);
    let handle = contents.add_stream(DataStream::from_bytes(side.clone())).unwrap();
    let data = tree.add_data(side.len() as u64, handle).unwrap();
    let owner = tree.child(tree.root(), b"memory").unwrap();
    tree.add_stream(owner, b"icon", data).unwrap();
    let image = Image::new(
        (tree, contents),
        &ImageOptions { udf_revision: glassmaster_udf::Revision::V201, ..options() },
    )
    .unwrap();
    Mixed { _dirs: dirs, image, expected }
}

#[test]
fn every_kind_of_content_is_in_the_image() {
    let mixed = mixed();
    for (data, bytes) in &mixed.expected {
        assert!(content(&mixed.image, *data) == *bytes, "{}", mixed.image.tree().data_path(*data));
    }
    // The same by way of two threads and kernel copies.
    let path = mixed._dirs[2].path().join("image");
    let mut quiet = |_| ControlFlow::Continue(());
    mixed.image.write_file(&path, &mut quiet, &CancelHandle::default()).unwrap();
    let written = fs::read(&path).unwrap();
    let mut streamed = Vec::new();
    mixed.image.stream().read_to_end(&mut streamed).unwrap();
    assert!(written == streamed);
}

#[test]
fn single_contents_are_streams() {
    let mixed = mixed();
    for (data, bytes) in &mixed.expected {
        let mut stream = mixed.image.open_data(*data);
        assert_eq!(stream.size(), bytes.len() as u64);
        stream.seek(SeekFrom::End(-100)).unwrap();
        let mut end = Vec::new();
        stream.clone().read_to_end(&mut end).unwrap();
        assert!(end == bytes[bytes.len() - 100..]);
        stream.rewind().unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        assert!(all == *bytes);
    }
}

#[test]
fn staged_copies_outlive_their_sources_and_move() {
    let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let file = dirs[0].path().join("file");
    let source = bytes(3, 3 * 1024 * 1024 + 1);
    fs::write(&file, &source).unwrap();
    let mut contents = Contents::new(dirs[1].path());
    let walked = walk(dirs[0].path());
    let data = *walked.tree.data(walked.tree.contents().next().unwrap().0);
    let base = contents.add_host(walked.files, &walked.tree).unwrap();
    let mut told = Vec::new();
    let staged = contents
        .stage(base + data.handle, data.size, "/file", &mut |n| {
            told.push(n);
            Ok(())
        })
        .unwrap();
    assert_eq!(told, [512, 1024, 1536, 1537]);
    assert!(contents.is_staged(staged) && !contents.is_staged(base));
    fs::remove_file(&file).unwrap();
    let mut before = contents.open(staged, data.size, "/file");
    let mut half = vec![0; source.len() / 2];
    before.read_exact(&mut half).unwrap();
    // Nothing with a name stands in the directory.
    assert_eq!(fs::read_dir(dirs[1].path()).unwrap().count(), 0);
    contents.set_working_directory(dirs[2].path()).unwrap();
    assert_eq!(contents.working_directory(), dirs[2].path());
    let mut all = Vec::new();
    contents.open(staged, data.size, "/file").read_to_end(&mut all).unwrap();
    assert!(all == source);
    before.read_to_end(&mut half).unwrap();
    assert!(half == source);
    // Later copies join the moved ones.
    let handle = contents.add_stream(DataStream::from_bytes(vec![9; 10])).unwrap();
    let second = contents.stage(handle, 10, "/b", &mut |_| Ok(())).unwrap();
    let mut all = Vec::new();
    contents.open(second, 10, "/b").read_to_end(&mut all).unwrap();
    assert_eq!(all, [9; 10]);
}

fn code(error: &Error) -> HResult {
    HResult(error.hresult())
}

#[test]
fn working_directories_that_cannot_be_used_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut contents = Contents::new(dir.path());
    let missing = dir.path().join("missing");
    let error = contents.set_working_directory(&missing).unwrap_err();
    assert_eq!(code(&error), HResult::INVALID_WORKING_DIRECTORY);
    assert!(error.to_string().contains("missing"), "{error}");
    assert_eq!(contents.working_directory(), dir.path());
    // Only when a copy is made does the directory matter.
    let mut contents = Contents::new(&missing);
    let handle = contents.add_stream(DataStream::from_bytes(vec![1; 10])).unwrap();
    let error = contents.stage(handle, 10, "/a", &mut |_| Ok(())).unwrap_err();
    assert_eq!(code(&error), HResult::STASHFILE_OPEN_FAILURE);
}

#[test]
fn sources_that_change_or_fail_are_named() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("scratched"))
        }
    }
    impl Seek for Broken {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            Ok(if matches!(to, SeekFrom::End(_)) { 100 } else { 0 })
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let mut contents = Contents::new(dir.path());
    let mut tree = Tree::new(Meta::default());
    let broken = contents.add_stream(DataStream::new(Broken)).unwrap();
    let short = contents.add_stream(DataStream::new(Cursor::new(vec![1; 90]))).unwrap();
    for (name, handle) in [(&b"broken"[..], broken), (b"short", short)] {
        let data = tree.add_data(100, handle).unwrap();
        tree.add_file(tree.root(), name, Meta::default(), data).unwrap();
    }
    let error = contents.stage(broken, 100, "/broken", &mut |_| Ok(())).unwrap_err();
    assert_eq!(code(&error), HResult::DATA_STREAM_READ_FAILURE);
    let error = contents.stage(short, 100, "/short", &mut |_| Ok(())).unwrap_err();
    assert_eq!(code(&error), HResult::DATA_STREAM_INCONSISTENCY);
    let image = Image::new((tree, contents), &options()).unwrap();
    let mut sector = [0; 2048];
    for (n, expected, text) in [
        (0, HResult::DATA_STREAM_READ_FAILURE, "the data of '/broken' cannot be read: scratched"),
        (1, HResult::DATA_STREAM_INCONSISTENCY, "the data of '/short' should have 100 bytes and has 90"),
    ] {
        let data = image.tree().contents().nth(n).unwrap().0;
        let lba = image.data_lba(data).unwrap();
        let error = image.source().read_blocks(u64::from(lba), &mut sector).unwrap_err();
        let error = error.downcast::<Error>().unwrap();
        assert_eq!((code(&error), error.to_string()), (expected, text.to_owned()));
    }
}

#[test]
fn old_contents_are_read_from_the_disc() {
    let mut disc = vec![0; 20 * 2048];
    let old = bytes(4, 5_000);
    disc[10 * 2048..][..4096].copy_from_slice(&old[..4096]);
    disc[3 * 2048..][..904].copy_from_slice(&old[4096..]);
    let mut contents = Contents::new("/");
    let extents = [Extent { lba: Some(10), bytes: 4096 }, Extent { lba: Some(3), bytes: 904 }];
    let mut all = Vec::new();
    let error = contents.open_old(&extents, 5_000, "/old").read_to_end(&mut all).unwrap_err();
    assert_eq!(code(&error.downcast::<Error>().unwrap()), HResult::FSI_INTERNAL_ERROR);
    contents.set_disc(Arc::new(disc));
    let mut stream = contents.open_old(&extents, 5_000, "/old");
    stream.read_to_end(&mut all).unwrap();
    assert!(all == old);
    for (at, len) in [(4_000, 200), (1, 1), (4_095, 2), (2_048, 2_048), (4_999, 5)] {
        stream.seek(SeekFrom::Start(at)).unwrap();
        let mut piece = vec![0; len.min(5_000 - at as usize)];
        stream.read_exact(&mut piece).unwrap();
        assert!(piece == old[at as usize..][..piece.len()]);
    }
    let beyond = [Extent { lba: Some(19), bytes: 5_000 }];
    let error = contents.open_old(&beyond, 5_000, "/old").read_to_end(&mut all).unwrap_err();
    assert_eq!(code(&error.downcast::<Error>().unwrap()), HResult::IMPORT_READ_FAILURE);
}
