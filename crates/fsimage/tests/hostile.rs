//! Sources that change under the walk, outputs that are not what they seem, work that is ended half way.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glassmaster_disc::BlockSource;
use glassmaster_fsimage::{
    CancelHandle, Error, ExtractOptions, FileSystems, HostSource, HostTree, Image, ImageOptions, OnChanged,
    WalkOptions, compare, extract, open,
};
use glassmaster_tree::Timestamp;
use tempfile::TempDir;

fn walk_with(sources: &[HostSource], options: &WalkOptions) -> Result<HostTree, Error> {
    HostTree::walk(sources, options, &mut |_| ControlFlow::Continue(()))
}

fn walk(path: &Path) -> HostTree {
    walk_with(&[HostSource { path: path.to_path_buf(), contents_only: true }], &WalkOptions::default())
        .unwrap()
}

fn options(on_changed: OnChanged) -> ImageOptions {
    ImageOptions {
        file_systems: FileSystems::all(),
        on_changed,
        ..ImageOptions::new("TEST", Timestamp::from_secs(1_700_000_000))
    }
}

fn image(path: &Path) -> Image {
    Image::new(walk(path), &options(OnChanged::Fail)).unwrap()
}

fn write(image: &Image, path: &Path) -> Result<(), Error> {
    image.write_file(path, &mut |_| ControlFlow::Continue(()), &CancelHandle::default())
}

#[test]
fn an_output_that_is_a_link_stays_one() {
    let dir = TempDir::new().unwrap();
    let at = |p: &str| dir.path().join(p);
    fs::create_dir_all(at("source")).unwrap();
    fs::create_dir_all(at("out")).unwrap();
    fs::write(at("source/file"), b"some bytes").unwrap();
    let image = image(&at("source"));
    symlink("../out/second", at("source/first")).unwrap();
    symlink("third.iso", at("out/second")).unwrap();
    // Leads nowhere yet, then to a file.
    for _ in 0..2 {
        write(&image, &at("source/first")).unwrap();
        assert!(at("source/first").is_symlink() && at("out/second").is_symlink());
        assert_eq!(fs::symlink_metadata(at("out/third.iso")).unwrap().len(), image.bytes());
    }
    assert_eq!(fs::read_dir(at("out")).unwrap().count(), 2, "a temporary file is left");
    assert_eq!(fs::read_dir(at("source")).unwrap().count(), 2, "a temporary file is left");
    symlink("circle", at("circle")).unwrap();
    assert!(matches!(write(&image, &at("circle")), Err(Error::Output { .. })));
}

#[test]
fn an_output_may_have_the_longest_name_and_needs_one() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("file"), b"some bytes").unwrap();
    let image = image(dir.path());
    let out = TempDir::new().unwrap();
    let long = out.path().join("n".repeat(255));
    write(&image, &long).unwrap();
    assert_eq!(fs::metadata(&long).unwrap().len(), image.bytes());
    for name in ["missing/", "", "..", "."] {
        let error = write(&image, &out.path().join(name)).unwrap_err();
        assert!(matches!(error, Error::Output { .. }), "{name}: {error}");
    }
    assert!(matches!(write(&image, Path::new("")), Err(Error::Output { .. })));
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}

#[test]
fn a_source_that_is_the_output_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("image.iso");
    fs::write(&file, b"precious").unwrap();
    let meta = fs::metadata(&file).unwrap();
    let options = WalkOptions { exclude: vec![(meta.dev(), meta.ino())], ..WalkOptions::default() };
    let source = |path: &Path| HostSource { path: path.to_path_buf(), contents_only: true };
    let refused = walk_with(&[source(&file)], &options);
    assert!(matches!(&refused, Err(Error::Options(what)) if what.contains("image.iso")), "{refused:?}");
    // Inside a folder it is left out and said so.
    let walked = walk_with(&[source(dir.path())], &options).unwrap();
    assert_eq!((walked.tree.len(), walked.left_out.len()), (1, 1));
}

/// What this thread has been given of a processor, which is the same on a busy machine: the first number, in nanoseconds.
fn time_on_processor() -> Duration {
    let numbers = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(numbers.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn twenty_thousand_sources_take_no_longer_than_a_folder_of_them() {
    // In memory, where there is such a place: the disk's journal takes half a minute for them.
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let dir = TempDir::new_in(place).unwrap();
    let sources: Vec<_> = (0..20_000)
        .map(|n| {
            let path = dir.path().join(format!("a name of some length {n}"));
            if n % 2 == 0 {
                fs::write(&path, b"").unwrap()
            } else {
                fs::create_dir(&path).unwrap()
            }
            HostSource { path, contents_only: false }
        })
        .collect();
    let before = time_on_processor();
    let walked = walk_with(&sources, &WalkOptions::default()).unwrap();
    // Looking at every earlier source for each one takes 20 s even in an optimised build.
    let time = time_on_processor() - before;
    assert!(time < Duration::from_secs(15), "{time:?}");
    assert_eq!(walked.tree.len(), 20_001);
    let twice = [sources[0].clone(), sources[1].clone(), sources[0].clone()];
    assert!(matches!(walk_with(&twice, &WalkOptions::default()), Err(Error::DuplicateName(_))));
    let merged = [sources[1].clone(), sources[1].clone()];
    assert_eq!(walk_with(&merged, &WalkOptions::default()).unwrap().tree.len(), 2);
}

#[test]
fn a_directory_that_became_a_link_is_not_followed() {
    let dir = TempDir::new().unwrap();
    let elsewhere = TempDir::new().unwrap();
    fs::write(elsewhere.path().join("secret"), b"not of this tree").unwrap();
    // More than are listed ahead, so that the last one has not been looked into when the first progress comes.
    let last = dir.path().join("d199");
    for n in 100..200 {
        fs::create_dir(dir.path().join(format!("d{n}"))).unwrap();
    }
    let source = HostSource { path: dir.path().to_path_buf(), contents_only: true };
    let result = HostTree::walk(&[source], &WalkOptions::default(), &mut |_| {
        if !last.is_symlink() {
            fs::remove_dir(&last).unwrap();
            symlink(elsewhere.path(), &last).unwrap();
        }
        ControlFlow::Continue(())
    });
    assert!(matches!(&result, Err(Error::Source { path, .. }) if *path == last), "{result:?}");
    // The source itself may be a link.
    assert_eq!(walk(&last).tree.len(), 2);
}

#[test]
fn a_long_file_written_to_between_two_reads_is_noticed_at_the_second() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("long");
    fs::write(&file, vec![1; 1 << 20]).unwrap();
    for on_changed in [OnChanged::Fail, OnChanged::Pad] {
        let image = Image::new(walk(dir.path()), &options(on_changed)).unwrap();
        let (data, _) = image.tree().contents().next().unwrap();
        let mut stream = image.stream();
        let mut piece = vec![0; 256 << 10];
        stream.seek(SeekFrom::Start(u64::from(image.data_lba(data).unwrap()) * 2048)).unwrap();
        stream.read_exact(&mut piece).unwrap();
        fs::write(&file, vec![2; 1 << 20]).unwrap();
        let read = stream.read_exact(&mut piece);
        match on_changed {
            OnChanged::Fail => {
                let error = read.unwrap_err().downcast::<Error>().unwrap();
                assert!(matches!(error, Error::SourceChanged { .. }), "{error}");
            }
            OnChanged::Pad => {
                read.unwrap();
                assert_eq!(image.repairs().len(), 1);
            }
        }
    }
}

/// A folder of one file of 16 MiB, and its image.
fn large_image() -> (TempDir, Arc<dyn BlockSource>) {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("large"), vec![7; 16 << 20]).unwrap();
    let source = image(dir.path()).source();
    (dir, Arc::new(source))
}

/// A source that stops after 4 MiB until it is let go.
struct Halting {
    inner: Arc<dyn BlockSource>,
    read: AtomicUsize,
    go: Mutex<Receiver<()>>,
}

impl BlockSource for Halting {
    fn block_count(&self) -> u64 {
        self.inner.block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        if self.read.fetch_add(buf.len(), Ordering::SeqCst) > 4 << 20 {
            // Once it is let go, the sender is gone and nobody waits any more.
            let _ = self.go.lock().unwrap().recv();
        }
        self.inner.read_blocks(lba, buf)
    }
}

#[test]
fn extraction_can_be_ended_in_the_middle_of_a_file() {
    let (_dir, inner) = large_image();
    let (go, gate) = channel();
    let source: Arc<dyn BlockSource> =
        Arc::new(Halting { inner, read: AtomicUsize::new(0), go: Mutex::new(gate) });
    let volume = open(&source, None).unwrap();
    let target = TempDir::new().unwrap();
    let (mut go, mut largest) = (Some(go), 0);
    let result = extract(
        &*volume,
        &source,
        target.path(),
        &ExtractOptions::default(),
        &mut |p| {
            if largest > 0 {
                // That it is over has been heard; the file goes on no further.
                go = None;
            }
            largest = largest.max(p.done);
            if p.done > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
        &CancelHandle::default(),
    );
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    assert!(largest > 0 && largest < 16 << 20, "{largest}");
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0, "half a file is left");
}

#[test]
fn comparison_can_be_ended_in_the_middle_of_a_file() {
    let (_dir, source) = large_image();
    let volume = open(&source, None).unwrap();
    let mut largest = 0;
    let result = compare(
        (&*volume, &source),
        (&*volume, &source),
        &mut |p| {
            largest = p.done;
            if p.done > 1 << 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
        &CancelHandle::default(),
    );
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    assert!(largest > 1 << 20 && largest < 16 << 20, "{largest}");
}

/// The first source with one name of it written over another, as no honest program records it.
struct Renamed<S>(S, &'static [u8], &'static [u8]);

impl<S: BlockSource> BlockSource for Renamed<S> {
    fn block_count(&self) -> u64 {
        self.0.block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        self.0.read_blocks(lba, buf)?;
        for at in 0..=buf.len() - self.1.len() {
            if buf[at..].starts_with(self.1) {
                buf[at..at + self.1.len()].copy_from_slice(self.2);
            }
        }
        Ok(())
    }
}

#[test]
fn two_objects_of_one_name_never_replace_each_other_or_lead_out() {
    let dir = TempDir::new().unwrap();
    let outside = TempDir::new().unwrap();
    let at = |p: &str| dir.path().join(p);
    fs::create_dir_all(at("folder")).unwrap();
    symlink(outside.path(), at("name-one")).unwrap();
    fs::create_dir(at("name-two")).unwrap();
    fs::write(at("name-two/passwd"), b"not yours").unwrap();
    fs::write(at("folder/name-one"), vec![1; 100_000]).unwrap();
    fs::write(at("folder/name-two"), vec![2; 100_000]).unwrap();
    let planned = Image::new(
        walk(dir.path()),
        &ImageOptions { file_systems: FileSystems::ROCK_RIDGE, ..options(OnChanged::Fail) },
    );
    let source: Arc<dyn BlockSource> = Arc::new(Renamed(planned.unwrap().source(), b"name-two", b"name-one"));
    let volume = open(&source, None).unwrap();
    for overwrite in [false, true] {
        let target = TempDir::new().unwrap();
        let choices = ExtractOptions { overwrite, ..ExtractOptions::default() };
        let out = extract(
            &*volume,
            &source,
            target.path(),
            &choices,
            &mut |_| ControlFlow::Continue(()),
            &CancelHandle::default(),
        )
        .unwrap();
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "something was written outside");
        assert_eq!(out.files, 1, "{out:?}");
        assert!(out.problem_count >= 2, "{out:?}");
        let kept = fs::read(target.path().join("folder/name-one")).unwrap();
        assert!(kept == vec![1; 100_000] || (!overwrite && kept == vec![2; 100_000]));
    }
}

#[test]
fn a_file_that_lost_its_name_is_written_where_it_is() {
    use std::os::fd::AsRawFd;
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("file"), b"some bytes").unwrap();
    let image = image(dir.path());
    let out = TempDir::new().unwrap();
    let path = out.path().join("gone");
    let mut file = fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    // Longer than the image.
    file.set_len(image.bytes() + 5000).unwrap();
    fs::remove_file(&path).unwrap();
    write(&image, Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd()))).unwrap();
    let mut written = Vec::new();
    file.read_to_end(&mut written).unwrap();
    let mut expected = Vec::new();
    image.stream().read_to_end(&mut expected).unwrap();
    assert!(written == expected, "{} and {} bytes", written.len(), expected.len());
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0, "a file with a made-up name");
}
