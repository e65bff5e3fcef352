//! Result codes of copies in the working directory, from a host that really runs out of room or loses the data: a limit on
//! the size of files, and a stash file that is cut or grown behind the back of the object that holds it.
#![allow(clippy::unwrap_used, clippy::panic)] // test code, though outside of test functions

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;

use glassmaster_disc::HResult;
use glassmaster_fsimage::{DataStream, Error, FileSystemImage, Surroundings};
use glassmaster_tree::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const MIB: usize = 1 << 20;

/// An object that stages into `directory`, with one staged file of a MiB.
fn staged(directory: &Path) -> FileSystemImage {
    let image = FileSystemImage::new(Surroundings::at(Timestamp::from_secs(1_700_000_000)));
    image.set_working_directory(directory).unwrap();
    image.set_stage_files(true);
    image.root().add_file("staged", bytes()).unwrap();
    image
}

fn bytes() -> DataStream {
    DataStream::from_bytes(vec![7; MIB])
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> u32 {
    result.unwrap_err().hresult()
}

fn read(image: &FileSystemImage) -> io::Result<usize> {
    let mut all = Vec::new();
    let item = image.root().item("staged").unwrap().as_file().unwrap();
    item.data().unwrap().read_to_end(&mut all)
}

/// The stash file in `directory`: it has no name, but this process has it open.
fn stash_file(directory: &Path) -> File {
    for entry in fs::read_dir("/proc/self/fd").unwrap() {
        let entry = entry.unwrap().path();
        if fs::read_link(&entry).is_ok_and(|target| target.starts_with(directory)) {
            return OpenOptions::new().write(true).open(entry).unwrap();
        }
    }
    panic!("no file is open in {}", directory.display())
}

/// Limits the size of every file that this process writes.
fn limit(bytes: Option<usize>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = bytes.map(|n| n as u64).or(maximum);
    setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

const INSIDE: &str = "GLASSMASTER_STASH_TEST";

#[test]
fn a_working_directory_without_room() {
    if std::env::var_os(INSIDE).is_none() {
        // The limit is for the whole process, and its signal has to be ignored: a process of its own.
        let script = "trap '' XFSZ; exec \"$0\" --exact a_working_directory_without_room --nocapture";
        let mut child = Command::new("sh");
        child.args(["-c", script]).arg(std::env::current_exe().unwrap()).env(INSIDE, "1");
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let image = staged(here.path());
    limit(Some(MIB / 2));
    let moved = image.set_working_directory(there.path()).unwrap_err();
    assert_eq!(HResult(moved.hresult()), HResult::STASHFILE_MOVE, "{moved}");
    assert_eq!(moved.hresult(), 0xC0AA_B142);
    // The old directory stays in use, with what it holds.
    assert_eq!(image.working_directory(), here.path().join(""));
    assert_eq!(read(&image).unwrap(), MIB);
    let before = (image.change_point(), image.file_count(), image.used_blocks());
    assert_eq!(code(image.root().add_file("more", bytes())), 0xC0AA_B13A);
    assert_eq!((image.change_point(), image.file_count(), image.used_blocks()), before);
    limit(None);
    image.root().add_file("more", bytes()).unwrap();
    image.set_working_directory(there.path()).unwrap();
    assert_eq!((image.working_directory(), read(&image).unwrap()), (there.path().join(""), MIB));
}

#[test]
fn a_stash_file_that_loses_its_data() {
    let here = tempfile::tempdir().unwrap();
    let image = staged(here.path());
    let result = image.create_result_image().unwrap();
    stash_file(here.path()).set_len(0).unwrap();
    let number = |e: io::Error| e.downcast::<Error>().unwrap().hresult();
    let mut stream = result.image_stream();
    assert_eq!(number(io::copy(&mut stream, &mut io::sink()).unwrap_err()), 0xC0AA_B13B);
    assert_eq!(number(read(&image).unwrap_err()), 0xC0AA_B13B);
}

#[test]
fn a_stash_file_larger_than_what_is_free() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let image = staged(here.path());
    let space = rustix::fs::statvfs(there.path()).unwrap();
    let free = space.f_bavail * space.f_frsize;
    // Grown without taking up anything; what a copy takes is the length of the file. Others may free room meanwhile.
    stash_file(here.path()).set_len(free * 2 + (1 << 30)).unwrap();
    let refused = image.set_working_directory(there.path()).unwrap_err();
    assert_eq!(refused.hresult(), 0xC0AA_B141, "{refused}");
    assert!(refused.to_string().contains(&there.path().display().to_string()), "{refused}");
    assert_eq!((image.working_directory(), read(&image).unwrap()), (here.path().join(""), MIB));
}

#[test]
fn what_fails_leaves_no_copies_behind() {
    let (here, tree) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let image = staged(here.path());
    let stash = stash_file(here.path());
    let before = stash.metadata().unwrap().len();
    for name in ["a", "b", "c"] {
        fs::write(tree.path().join(name), vec![1; 3 * MIB]).unwrap();
    }
    image.set_free_media_blocks(image.used_blocks() + 4000).unwrap();
    assert_eq!(code(image.root().add_tree(tree.path(), false)), 0xC0AA_B120);
    assert_eq!(stash.metadata().unwrap().len(), before);
    image.set_free_media_blocks(0).unwrap();
    image.root().add_directory("c").unwrap();
    assert_eq!(code(image.root().add_tree(tree.path(), false)), 0xC0AA_B112);
    assert_eq!((stash.metadata().unwrap().len(), read(&image).unwrap()), (before, MIB));
    image.root().remove("c").unwrap();
    image.root().add_tree(tree.path(), false).unwrap();
    assert!(stash.metadata().unwrap().len() >= before + 9 * MIB as u64);
    for name in ["a", "b", "c"] {
        fs::remove_file(tree.path().join(name)).unwrap();
        let item = image.root().item(name).unwrap().as_file().unwrap();
        let mut all = Vec::new();
        item.data().unwrap().read_to_end(&mut all).unwrap();
        assert_eq!(all, vec![1; 3 * MIB]);
    }
    assert_eq!(read(&image).unwrap(), MIB);
}
