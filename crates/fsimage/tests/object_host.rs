//! Folders of the host enter an image object.
#![allow(clippy::unwrap_used)] // test code, though outside of test functions

use std::fs;
use std::io::Read;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, Mutex};

use glassmaster_disc::HResult;
use glassmaster_fsimage::{DataStream, Error, FileSystemImage, FileSystems, ItemType, Outcome, Surroundings};
use glassmaster_tree::{Entry, Timestamp, Volume};

fn image() -> FileSystemImage {
    FileSystemImage::new(Surroundings::at(Timestamp::from_secs(1_700_000_000)))
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> HResult {
    HResult(result.unwrap_err().hresult())
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(image: &FileSystemImage, path: &str) -> String {
    let mut text = String::new();
    let file = image.root().item(path).unwrap().as_file().unwrap();
    file.data().unwrap().read_to_string(&mut text).unwrap();
    text
}

fn entries(volume: &dyn Volume, dir: &Entry) -> Vec<Entry> {
    let mut found = Vec::new();
    volume
        .read_dir(dir, &mut |entry| {
            found.push(entry);
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

/// Everything that must not change when a call fails.
fn state(image: &FileSystemImage) -> (i32, i32, i32, i32, Vec<String>) {
    let names = image.root().items().map(|i| i.full_path()).collect();
    (image.file_count(), image.directory_count(), image.change_point(), image.used_blocks(), names)
}

#[test]
fn same_names_merge_and_the_source_wins() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    write(&one.join("sub/a.txt"), "first");
    write(&one.join("sub/b.txt"), "b");
    fs::create_dir(one.join("empty")).unwrap();
    write(&two.join("SUB/A.TXT"), "second");
    write(&two.join("sub2/c"), "c");
    let image = image();
    image.root().add_tree(&one, false).unwrap();
    assert_eq!((image.file_count(), image.directory_count(), image.change_point()), (2, 3, 1));
    image.root().add_tree(two.join(""), false).unwrap();
    assert_eq!((image.file_count(), image.directory_count(), image.change_point()), (3, 4, 2));
    assert_eq!((read(&image, "sub/a.txt").as_str(), read(&image, "sub/b.txt").as_str()), ("second", "b"));
    assert_eq!(image.root().item("sub/a.txt").unwrap().name(), "A.TXT");
    image.rollback_to_change_point(1).unwrap();
    assert_eq!(read(&image, "sub/a.txt"), "first");
    image.root().add_tree(&one, true).unwrap();
    assert_eq!(read(&image, "one/sub/a.txt"), "first");
    image.root().add_tree(two.join("sub2/c"), true).unwrap();
    assert_eq!(read(&image, "c"), "c");
    let times = image.root().item("c").unwrap();
    assert!(times.creation_time().is_some() && times.last_accessed_time().is_some());
    let modified = fs::metadata(two.join("sub2/c")).unwrap().modified().unwrap();
    let secs = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(times.last_modified_time().unwrap().secs, i64::try_from(secs).unwrap());
    assert_eq!(code(image.root().add_tree("/", true)), HResult::INVALID_PARAM);
    assert_eq!(code(image.root().add_tree("", false)), HResult::INVALID_PARAM);
}

#[test]
fn a_failing_call_leaves_everything_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let image = image();
    image.root().add_directory("x").unwrap();
    image.root().add_file("x/file", DataStream::from_bytes(vec![1; 5000])).unwrap();
    let before = state(&image);
    let fails = |source: &Path, wanted: HResult, names: &str| {
        let error = image.root().add_tree(source, false).unwrap_err();
        assert_eq!(HResult(error.hresult()), wanted, "{error}");
        assert!(error.to_string().contains(names), "{error}");
        assert_eq!(state(&image), before);
    };
    write(&path.join("clash/early"), "x");
    write(&path.join("clash/x/file/deep"), "x");
    fails(&path.join("clash"), HResult::DUP_NAME, "\\x\\file");
    write(&path.join("case/same"), "x");
    write(&path.join("case/SAME"), "x");
    fails(&path.join("case"), HResult::DUP_NAME, "\\");
    write(&path.join("name/sub/a:b"), "x");
    fails(&path.join("name"), HResult::INVALID_PATH, "a:b");
    fs::create_dir(path.join("links")).unwrap();
    symlink("nowhere", path.join("links/dangling")).unwrap();
    fails(&path.join("links"), HResult::DATA_STREAM_CREATE_FAILURE, "dangling");
    fs::create_dir_all(path.join("loop/a/b")).unwrap();
    symlink("../..", path.join("loop/a/b/up")).unwrap();
    fails(&path.join("loop"), HResult::DIRECTORY_READ_FAILURE, "up");
    fs::create_dir(path.join("self")).unwrap();
    symlink("self", path.join("self/self")).unwrap();
    fails(&path.join("self"), HResult::DIRECTORY_READ_FAILURE, "self");
    fs::create_dir(path.join("special")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path.join("special/pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    fails(&path.join("special"), HResult::DATA_STREAM_CREATE_FAILURE, "pipe");
    let error = image.root().add_tree(path.join("gone/leaf"), false).unwrap_err();
    assert_eq!(error.hresult(), HResult::HOST_PATH_NOT_FOUND.0, "{error}");
    let error = image.root().add_tree(path.join("gone"), false).unwrap_err();
    assert_eq!(error.hresult(), HResult::HOST_FILE_NOT_FOUND.0, "{error}");
    let error = image.root().add_tree(path.join("clash/early/x"), false).unwrap_err();
    assert_eq!(error.hresult(), HResult::HOST_NOT_A_DIRECTORY.0, "{error}");
    image.set_free_media_blocks(700).unwrap();
    write(&path.join("large/early"), "x");
    fs::write(path.join("large/z"), vec![0; 3_000_000]).unwrap();
    fails(&path.join("large"), HResult::IMAGE_SIZE_LIMIT, "\\large");
}

#[test]
fn links_are_followed_and_shared_data_is_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    write(&tree.join("real/file"), "content");
    symlink("real", tree.join("linked")).unwrap();
    symlink("real/file", tree.join("also")).unwrap();
    fs::hard_link(tree.join("real/file"), tree.join("hard")).unwrap();
    let image = image();
    image.root().add_tree(&tree, false).unwrap();
    for path in ["real/file", "linked/file", "also", "hard"] {
        assert_eq!(read(&image, path), "content", "{path}");
    }
    assert_eq!(image.exists("\\linked").unwrap(), ItemType::Directory);
    let result = image.create_result_image().unwrap();
    assert!(result.total_blocks() <= u32::try_from(image.used_blocks()).unwrap());
    drop(result);
    // One of two names gets other times: the files are separate from then on, their bytes the same.
    let hard = image.root().item("hard").unwrap();
    hard.set_last_modified_time(Some(Timestamp::from_secs(1))).unwrap();
    assert_ne!(image.root().item("real/file").unwrap().last_modified_time(), hard.last_modified_time());
    assert_eq!(read(&image, "hard"), "content");
}

#[test]
fn native_images_keep_links_owners_and_every_name() {
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    write(&tree.join("a:b"), "1");
    write(&tree.join("A:b"), "2");
    symlink("a:b", tree.join("link")).unwrap();
    let image = FileSystemImage::native(Surroundings::at(Timestamp::from_secs(1)));
    image.root().add_tree(&tree, false).unwrap();
    let link = image.root().item("link").unwrap();
    assert_eq!((link.item_type(), link.link_target().unwrap()), (ItemType::Other, b"a:b".to_vec()));
    assert_eq!(link.full_path(), "/link");
    assert_eq!(read(&image, "/A:b"), "2");
    assert_eq!(image.file_count(), 2);
    let result = image.create_result_image().unwrap();
    let opened =
        glassmaster_fsimage::open(&result.source(), Some(glassmaster_fsimage::VolumeKind::RockRidge))
            .unwrap();
    let root = opened.root().unwrap();
    let mut names: Vec<_> = entries(&*opened, &root).into_iter().map(|e| e.name).collect();
    names.sort();
    assert_eq!(names, [b"A:b".to_vec(), b"a:b".to_vec(), b"link".to_vec()]);
}

#[test]
fn attributes_of_the_user_become_streams() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = dir.path().join("tree/file");
    write(&file, "content");
    write(&dir.path().join("tree/plain"), "content");
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(&file, "user.comment", b"words", flags).is_err() {
        assert!(std::env::var_os("CI").is_none(), "the file system of the build keeps no attributes");
        return;
    }
    rustix::fs::setxattr(&file, "user.empty", b"", flags).unwrap();
    rustix::fs::setxattr(&file, "user.long", &[b'l'; 3000], flags).unwrap();
    let image = image();
    image.root().add_tree(dir.path().join("tree"), false).unwrap();
    let item = image.root().item("file").unwrap().as_file().unwrap();
    assert_eq!(item.named_streams().unwrap().count(), 0);
    let outcome = image.root().add_tree_with_named_streams(dir.path().join("tree"), false).unwrap();
    assert_eq!(outcome, Outcome::Stored);
    let item = image.root().item("file").unwrap().as_file().unwrap();
    let streams = item.named_streams().unwrap();
    let names: Vec<_> = streams.iter().map(|s| s.full_path()).collect();
    assert_eq!(names, ["\\file:comment", "\\file:empty", "\\file:long"]);
    let mut text = String::new();
    streams.item(0).unwrap().data().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "words");
    assert_eq!(streams.item(2).unwrap().data_size(), 3000);
    image.set_udf_revision(0x200).unwrap();
    let again = image.root().add_tree_with_named_streams(dir.path().join("tree"), false).unwrap();
    assert_eq!(again, Outcome::Done);
}

#[test]
fn updates_come_at_every_mib() {
    for stage in [false, true] {
        let image = image();
        image.set_stage_files(stage);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        image.on_update(move |event| {
            // A sink may read the image.
            let count = event.image.file_count();
            assert!(event.image.root().add_directory("no").is_err());
            let line = (event.current_file.clone(), event.copied_sectors, event.total_sectors, count);
            sink.lock().unwrap().push(line);
            ControlFlow::Continue(())
        });
        image.root().add_file("f", DataStream::from_bytes(vec![1; (3 << 20) + 1])).unwrap();
        image.root().add_file("empty", DataStream::from_bytes(vec![])).unwrap();
        image.root().add_directory("dir").unwrap();
        image.root().add_file("dir/g", DataStream::from_bytes(vec![1; 1 << 20])).unwrap();
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        let copied: Vec<_> = seen.iter().filter(|e| e.0 == "\\f").map(|e| (e.1, e.2)).collect();
        assert_eq!(copied, [(0, 1537), (512, 1537), (1024, 1537), (1536, 1537), (1537, 1537)], "{stage}");
        let rest: Vec<_> = seen.iter().filter(|e| e.0 != "\\f").cloned().collect();
        let dir = "\\dir\\g".to_owned();
        let wanted = [("\\empty".to_owned(), 0, 0, 1), (dir.clone(), 0, 512, 2), (dir, 512, 512, 2)];
        assert_eq!(rest, wanted, "{stage}");
        image.on_update(|_| ControlFlow::Break(()));
        let before = state(&image);
        let ended = image.root().add_file("never", DataStream::from_bytes(vec![1; 10])).unwrap_err();
        assert!(matches!(ended, Error::Cancelled));
        assert_eq!(state(&image), before);
        image.clear_on_update();
        image.root().add_file("again", DataStream::from_bytes(vec![1; 10])).unwrap();
    }
}

#[test]
fn staged_files_no_longer_depend_on_their_source() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("tree/file"), "as it was");
    write(&dir.path().join("tree/direct"), "direct");
    let image = image();
    image.set_working_directory(dir.path()).unwrap();
    image.set_stage_files(true);
    image.root().add_tree(dir.path().join("tree/file"), false).unwrap();
    image.set_stage_files(false);
    image.root().add_tree(dir.path().join("tree/direct"), false).unwrap();
    write(&dir.path().join("tree/file"), "changed and longer");
    assert_eq!(read(&image, "file"), "as it was");
    let loose = image.create_file_item("loose").unwrap();
    loose.set_data(DataStream::from_bytes(b"kept".to_vec())).unwrap();
    image.set_stage_files(true);
    image.root().add(&loose).unwrap();
    assert_eq!(read(&image, "loose"), "kept");
    assert_eq!(image.working_directory(), dir.path().join(""));
    let missing = image.set_working_directory(dir.path().join("missing"));
    assert_eq!(code(missing), HResult::INVALID_WORKING_DIRECTORY);
    assert_eq!(image.working_directory(), dir.path().join(""));
}

#[test]
fn recorded_names_are_those_on_the_disc() {
    let image = image();
    let root = image.root();
    let names = [
        "Long name one.text",
        "Long name two.text",
        "README.txt",
        "readme_2.md",
        "ünï.c",
        "a.b.c",
        "semi;colon",
    ];
    for name in names {
        root.add_file(name, DataStream::from_bytes(name.as_bytes().to_vec())).unwrap();
    }
    root.add_directory("Directory.With.Dots").unwrap();
    root.add_file("Directory.With.Dots/inner file.txt", DataStream::from_bytes(vec![])).unwrap();
    root.add_file(&format!("{}.txt", "x".repeat(200)), DataStream::from_bytes(vec![])).unwrap();
    for level in [1, 2] {
        image.set_iso9660_interchange_level(level).unwrap();
        let result = image.create_result_image().unwrap();
        for (fs, kind) in [
            (FileSystems::ISO9660, glassmaster_fsimage::VolumeKind::Iso9660),
            (FileSystems::JOLIET, glassmaster_fsimage::VolumeKind::Joliet),
            (FileSystems::UDF, glassmaster_fsimage::VolumeKind::Udf),
        ] {
            let volume = glassmaster_fsimage::open(&result.source(), Some(kind)).unwrap();
            let mut there = Vec::new();
            let dir = volume.root().unwrap();
            for entry in entries(&*volume, &dir) {
                let name = String::from_utf8(entry.name.clone()).unwrap();
                if entry.is_dir() {
                    for inner in entries(&*volume, &entry) {
                        there.push(format!("\\{name}\\{}", String::from_utf8(inner.name).unwrap()));
                    }
                }
                there.push(format!("\\{name}"));
            }
            let mut said: Vec<_> = root.items().map(|i| i.file_system_path(fs).unwrap()).collect();
            let inner = root.item("Directory.With.Dots/inner file.txt").unwrap();
            said.push(inner.file_system_path(fs).unwrap());
            let last = inner.file_system_name(fs).unwrap();
            assert!(said.last().unwrap().ends_with(&format!("\\{last}")));
            there.sort();
            said.sort();
            assert_eq!(said, there, "{kind:?} at level {level}");
        }
        drop(result);
    }
    let item = root.item("README.txt").unwrap();
    assert_eq!(item.file_system_name(FileSystems::ISO9660).unwrap(), "README.TXT");
    let both = FileSystems::ISO9660 | FileSystems::UDF;
    assert_eq!(code(item.file_system_name(both)), HResult::INVALID_PARAM);
    assert_eq!(code(item.file_system_path(FileSystems::NONE)), HResult::INVALID_PARAM);
    assert_eq!(root.file_system_name(FileSystems::UDF).unwrap(), "");
    assert_eq!(root.file_system_path(FileSystems::UDF).unwrap(), "");
}
