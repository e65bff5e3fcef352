//! Sentences of the contract about callers that do several things at once: streams and sinks that look at the image from
//! inside, contents that change before they are added, limits that come into force later.
#![allow(clippy::unwrap_used)] // test code, though outside of test functions

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use glassmaster_disc::{HResult, MediaType, Multisession, SessionAddresses};
use glassmaster_fsimage::{
    BootOptions, DataStream, DirectoryItem, Error, FileSystemImage, FileSystems, FsiItem, ItemType,
    Surroundings, VolumeKind,
};
use glassmaster_tree::{Entry, Timestamp, Volume};

const SYSTEMS: [(FileSystems, VolumeKind); 3] = [
    (FileSystems::ISO9660, VolumeKind::Iso9660),
    (FileSystems::JOLIET, VolumeKind::Joliet),
    (FileSystems::UDF, VolumeKind::Udf),
];

fn image() -> FileSystemImage {
    FileSystemImage::new(Surroundings::at(Timestamp::from_secs(1_700_000_000)))
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> HResult {
    HResult(result.unwrap_err().hresult())
}

fn bytes(n: usize) -> DataStream {
    DataStream::from_bytes(vec![7; n])
}

fn file(parent: &DirectoryItem, name: &str) -> Option<FsiItem> {
    parent.item(name).ok()
}

/// A stream whose every call looks at an image, and whose end tries to change it.
struct Curious {
    image: FileSystemImage,
    inner: Cursor<Vec<u8>>,
}

impl Curious {
    fn look(&self) {
        let root = self.image.root();
        let _ = (self.image.used_blocks(), self.image.change_point(), root.full_path(), root.items());
        let _ = self.image.exists("\\none");
    }
}

impl Read for Curious {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.look();
        self.inner.read(buf)
    }
}

impl Seek for Curious {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.look();
        self.inner.seek(to)
    }
}

impl Drop for Curious {
    fn drop(&mut self) {
        self.look();
        let _ = self.image.root().add_directory("dropped");
    }
}

fn curious(image: &FileSystemImage, n: usize) -> DataStream {
    DataStream::new(Curious { image: image.clone(), inner: Cursor::new(vec![1; n]) })
}

#[test]
fn streams_of_the_caller_may_look_at_the_image_at_any_time() {
    // A lock held around any of these calls would never come free.
    let image = image();
    let root = image.root();
    for stage in [false, true] {
        image.set_stage_files(stage);
        root.add_file(&format!("added {stage}"), curious(&image, 5000)).unwrap();
        let item = image.create_file_item(&format!("item {stage}")).unwrap();
        item.set_data(curious(&image, 10)).unwrap();
        item.set_data(curious(&image, 20)).unwrap();
        assert_eq!(item.data_size(), 20);
        root.add(&item).unwrap();
        let _ = item.add_stream("side", curious(&image, 30)).unwrap();
        let mut read = Vec::new();
        item.data().unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read.len(), 20);
    }
    let boot = BootOptions::new();
    boot.assign_boot_image(curious(&image, 2048)).unwrap();
    image.set_boot_image_options(Some(&boot)).unwrap();
    image.set_boot_image_options_array(std::slice::from_ref(&boot)).unwrap();
    drop(boot);
    image.set_boot_image_options_array(&[]).unwrap();
    let result = image.create_result_image().unwrap();
    io::copy(&mut result.image_stream(), &mut io::sink()).unwrap();
}

#[test]
fn a_sink_inside_of_long_work_gets_busy() {
    let image = image();
    image.root().add_file("held", bytes(3)).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&seen);
    image.on_update(move |event| {
        let (image, root) = (&event.image, event.image.root());
        let held = root.items().next().unwrap();
        let named = held.file_system_path(FileSystems::ISO9660).unwrap();
        assert_eq!((named.as_str(), image.preflight().unwrap().len()), ("\\HELD", 0));
        assert_eq!(image.exists(&event.current_file).unwrap(), ItemType::NotFound);
        let loose = image.create_file_item("loose").unwrap();
        let busy = [
            root.add_directory("inner"),
            root.remove("held"),
            root.remove_tree("\\"),
            root.add_tree("/nonexistent", false),
            root.add_file("inner", DataStream::from_bytes(vec![1])),
            root.add(&loose),
            loose.set_data(DataStream::from_bytes(vec![1])),
            held.set_hidden(true),
            held.as_file().unwrap().set_real_time(true).map(drop),
            held.as_file().unwrap().add_stream("s", DataStream::from_bytes(vec![1])).map(drop),
            image.rollback_to_change_point(0),
            image.lock_in_change_point(),
            image.set_volume_name("X"),
            image.set_working_directory("/tmp"),
            image.set_multisession_interfaces(Vec::<Multisession>::new()),
            image.set_boot_image_options(None),
            image.create_result_image().map(drop),
        ];
        assert!(busy.iter().all(|result| matches!(result, Err(Error::Busy))), "{busy:?}");
        // A sink cannot take itself away.
        image.clear_on_update();
        list.lock().unwrap().push(event.copied_sectors);
        ControlFlow::Continue(())
    });
    image.root().add_file("large", bytes((1 << 20) + 1)).unwrap();
    assert_eq!(*seen.lock().unwrap(), [0, 512, 513]);
    assert_eq!((image.change_point(), image.file_count(), image.directory_count()), (2, 2, 1));
}

/// A stream of a length that others may change.
struct Growing(Arc<AtomicU64>, u64);

impl Read for Growing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.0.load(Ordering::Relaxed).saturating_sub(self.1);
        let n = usize::try_from(left).unwrap().min(out.len());
        out[..n].fill(3);
        self.1 += n as u64;
        Ok(n)
    }
}

impl Seek for Growing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.1 = match to {
            SeekFrom::Start(n) => n,
            SeekFrom::End(n) => self.0.load(Ordering::Relaxed).saturating_add_signed(n),
            SeekFrom::Current(n) => self.1.saturating_add_signed(n),
        };
        Ok(self.1)
    }
}

#[test]
fn the_length_that_a_stream_has_when_it_is_added_counts() {
    for stage in [false, true] {
        let image = image();
        image.set_stage_files(stage);
        let length = Arc::new(AtomicU64::new(100));
        let dir = image.create_directory_item("dir").unwrap();
        image.root().add(&dir).unwrap();
        let item = image.create_file_item("log").unwrap();
        item.set_data(DataStream::new(Growing(Arc::clone(&length), 0))).unwrap();
        assert_eq!(item.data_size(), 100);
        length.store(5000, Ordering::Relaxed);
        // What fails leaves the item as something that can still be added.
        image.root().add_directory("LOG").unwrap();
        assert_eq!(code(image.root().add(&item)), HResult::DUP_NAME);
        dir.add(&item).unwrap();
        assert_eq!(item.data_size(), 5000);
        let mut all = Vec::new();
        item.data().unwrap().read_to_end(&mut all).unwrap();
        assert_eq!(all, vec![3; 5000]);
        // From here on it is fixed.
        length.store(5001, Ordering::Relaxed);
        let result = image.create_result_image().unwrap();
        let read = io::copy(&mut result.image_stream(), &mut io::sink());
        assert_eq!(read.is_ok(), stage, "{read:?}");
    }
}

#[test]
fn copying_into_the_working_directory_ends_where_it_is_ended() {
    struct Counting(Growing, Arc<AtomicU64>);
    impl Read for Counting {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.0.read(out)?;
            self.1.fetch_add(n as u64, Ordering::Relaxed);
            Ok(n)
        }
    }
    impl Seek for Counting {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }
    let image = image();
    image.set_stage_files(true);
    let read = Arc::new(AtomicU64::new(0));
    image.on_update(|event| match event.copied_sectors {
        0 | 512 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    let long = Growing(Arc::new(AtomicU64::new(100 << 20)), 0);
    let stream = DataStream::new(Counting(long, Arc::clone(&read)));
    assert!(matches!(image.root().add_file("long", stream), Err(Error::Cancelled)));
    assert_eq!(read.load(Ordering::Relaxed), 2 << 20);
    assert_eq!((image.file_count(), image.change_point()), (0, 0));
}

#[test]
fn limits_on_paths_hold_when_file_systems_come_back() {
    let image = image();
    image.set_strict_file_system_compliance(true).unwrap();
    let root = image.root();
    let only_udf = |image: &FileSystemImage| {
        let _ = image.set_file_systems_to_create(FileSystems::UDF).unwrap();
    };
    only_udf(&image);
    let long = "n".repeat(60);
    root.add_directory(&long).unwrap();
    let path = format!("{long}/{}", "x".repeat(59));
    root.add_file(&path, bytes(1)).unwrap();
    // 61 and 60 units of two bytes; the limit of Joliet is 240 bytes.
    let widened = image.set_file_systems_to_create(FileSystems::JOLIET).unwrap_err();
    assert_eq!(widened.hresult(), HResult::INVALID_PATH.0);
    assert!(widened.to_string().contains("\\xxx"), "{widened}");
    assert_eq!(image.file_systems_to_create(), FileSystems::UDF);
    assert_eq!(code(image.choose_image_defaults_for_media_type(MediaType::CD_R)), HResult::INVALID_PATH);
    assert_eq!(image.file_systems_to_create(), FileSystems::UDF);
    let with = image.change_point();
    root.remove(&path).unwrap();
    let _ = image.set_file_systems_to_create(FileSystems::JOLIET | FileSystems::UDF).unwrap();
    let without = image.change_point();
    assert_eq!(code(image.rollback_to_change_point(with)), HResult::INVALID_PATH);
    assert_eq!((image.change_point(), image.file_count()), (without, 0));
    only_udf(&image);
    image.rollback_to_change_point(with).unwrap();
    assert_eq!((image.change_point(), image.file_count()), (with, 1));
    // Level 1 cuts every component to 8 or 12 characters, level 2 to 31.
    let levels = self::image();
    levels.set_strict_file_system_compliance(true).unwrap();
    let _ = levels.set_file_systems_to_create(FileSystems::ISO9660).unwrap();
    let deep: Vec<String> = (0..7).map(|n| format!("{n}{}", "d".repeat(35))).collect();
    for n in 1..=7 {
        levels.root().add_directory(&deep[..n].join("\\")).unwrap();
    }
    levels.root().add_file(&format!("{}\\{}", deep.join("\\"), "f".repeat(40)), bytes(1)).unwrap();
    assert_eq!(code(levels.set_iso9660_interchange_level(2)), HResult::INVALID_PATH);
    assert_eq!(levels.iso9660_interchange_level(), 1);
}

#[test]
fn a_medium_without_a_free_sector_is_no_medium_without_a_limit() {
    let image = image();
    assert_eq!(code(image.choose_image_defaults(MediaType::CD_R, 0)), HResult::IMAGE_TOO_BIG);
    assert_eq!((image.free_media_blocks(), image.file_systems_to_create().bits()), (332_800, 7));
    let mut disc = Vec::new();
    let _ = image.set_file_systems_to_create(FileSystems::UDF).unwrap();
    image.create_result_image().unwrap().image_stream().read_to_end(&mut disc).unwrap();
    let last = u32::try_from(disc.len() / 2048).unwrap() - 1;
    let addresses = SessionAddresses::Sequential {
        first_data_session: false,
        previous_start: Some(0),
        previous_last: Some(last),
        next_writable: last + 200,
        free: 0,
        write_unit: 1,
    };
    let full = Multisession { supported: true, in_use: false, addresses, source: Arc::new(disc) };
    image.set_multisession_interfaces(vec![full]).unwrap();
    assert_eq!(code(image.import_file_system()), HResult::IMAGE_TOO_BIG);
    assert_eq!((image.free_media_blocks(), image.session_start_block()), (332_800, 0));
}

#[test]
fn nothing_is_left_of_a_tree_that_fails_at_any_place() {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().join("tree");
    let files = ["a/1", "a/b/2", "a/b/c/3", "d/4", "5", "z/y/6"];
    for name in files {
        fs::create_dir_all(base.join(name).parent().unwrap()).unwrap();
        fs::write(base.join(name), name).unwrap();
    }
    let working = tempfile::tempdir().unwrap();
    for stage in [false, true] {
        let image = image();
        image.set_working_directory(working.path()).unwrap();
        image.set_stage_files(stage);
        let root = image.root();
        root.add_directory("a").unwrap();
        root.add_file("a/1", bytes(70_000)).unwrap();
        let state = || {
            let data = file(&root, "a/1").unwrap().as_file().unwrap();
            (image.file_count(), image.directory_count(), image.change_point(), image.used_blocks(), data)
        };
        let before = state();
        for name in files {
            let spoilt = base.join(Path::new(name).parent().unwrap());
            let fails = |wanted: HResult| {
                assert_eq!(code(root.add_tree(&base, false)), wanted, "{name}");
                assert_eq!((state(), before.4.data_size()), (before.clone(), 70_000), "{name}");
            };
            let dangling = spoilt.join("zz");
            std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
            fails(HResult::DATA_STREAM_CREATE_FAILURE);
            fs::remove_file(&dangling).unwrap();
            std::os::unix::fs::symlink(".", &dangling).unwrap();
            fails(HResult::DIRECTORY_READ_FAILURE);
            fs::remove_file(&dangling).unwrap();
            let twin = spoilt.join(Path::new(name).file_name().unwrap()).with_file_name("ZZ");
            fs::write(spoilt.join("zz"), "").unwrap();
            fs::write(&twin, "").unwrap();
            fails(HResult::DUP_NAME);
            fs::remove_file(&twin).unwrap();
            fs::remove_file(spoilt.join("zz")).unwrap();
            fs::write(spoilt.join("q?"), "").unwrap();
            fails(HResult::INVALID_PATH);
            fs::remove_file(spoilt.join("q?")).unwrap();
        }
        // The last one clashes with what is there.
        fs::create_dir_all(base.join("z/y")).unwrap();
        root.add_directory("z").unwrap();
        root.add_directory("z/y").unwrap();
        root.add_directory("z/y/6").unwrap();
        let point = image.change_point();
        assert_eq!(code(root.add_tree(&base, false)), HResult::DUP_NAME);
        assert_eq!((image.file_count(), image.change_point()), (1, point));
        assert_eq!(file(&root, "a/1").unwrap().as_file().unwrap().data_size(), 70_000);
        // An ended call leaves nothing either, at whichever file it ends.
        root.remove("z/y/6").unwrap();
        let point = image.change_point();
        for end in 0..files.len() {
            let left = Mutex::new(end);
            image.on_update(move |_| {
                let mut left = left.lock().unwrap();
                *left = left.saturating_sub(1);
                if *left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert!(matches!(root.add_tree(&base, false), Err(Error::Cancelled)));
            assert_eq!((image.file_count(), image.change_point()), (1, point));
        }
        image.clear_on_update();
        root.add_tree(&base, false).unwrap();
        assert_eq!((image.file_count(), image.change_point()), (6, point + 1));
    }
}

#[test]
fn several_threads_edit_read_and_cancel_one_image() {
    let image = image();
    image.on_update(|event| {
        let _ = event.image.used_blocks();
        ControlFlow::Continue(())
    });
    let added = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (image, added) = (image.clone(), &added);
            scope.spawn(move || {
                for n in 0..200 {
                    match image.root().add_file(&format!("{thread}-{n}"), bytes(n)) {
                        Ok(()) => {
                            added.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(Error::Busy | Error::Cancelled) => {}
                        Err(e) if e.hresult() == HResult::READONLY.0 => {}
                        Err(e) => panic!("{e}"),
                    }
                    if n % 50 == 0 {
                        image.cancel();
                    }
                }
            });
        }
        let image = image.clone();
        scope.spawn(move || {
            for _ in 0..60 {
                let names: Vec<_> = image.root().items().map(|i| i.full_path()).collect();
                for name in names.iter().step_by(17) {
                    let _ = image.root().item(name).unwrap().file_system_name(FileSystems::JOLIET).unwrap();
                }
                let _ = image.exists("\\0-7").unwrap();
                match image.create_result_image() {
                    Ok(result) => assert!(result.total_blocks() > 0),
                    Err(Error::Busy) => {}
                    Err(e) => panic!("{e}"),
                }
            }
        });
    });
    let files = added.load(Ordering::Relaxed);
    assert_eq!(image.file_count(), i32::try_from(files).unwrap());
    assert_eq!(image.change_point(), image.file_count());
    assert!(!image.is_read_only());
    assert!(files > 0);
}

/// Numbers of a fixed sequence.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// Names that clash once they are cut, folded, or rid of what a file system does not allow.
fn odd_name(dice: &mut Dice) -> String {
    let stems = [
        "README",
        "readme1",
        "a long name that is cut",
        "A Long Name That Is Cut",
        "ünïcödé",
        "中文名字",
        "😀 and more 😀",
        "semi;colon",
        "a.b.c",
        ".dot",
        "~x",
        "_",
        "LONGNAME0",
        "LONGNAME1",
        "\u{FEFF}mark",
        "\u{FFFE}",
        "e\u{301}",
        "+,=[]",
    ];
    let tails = ["", "", "0", "1", "12", ".txt", ".TXT", ".html", ".tar.gz", ".ü", ".;1", ";1"];
    let mut name = stems[dice.below(stems.len())].to_owned();
    match dice.below(12) {
        0 => name.push_str(&"x".repeat(60)),
        1 => name.push_str(&"é".repeat(120)),
        2 => name.push_str(&"中".repeat(130)),
        3 => name.push_str(&"😀".repeat(70)),
        _ => {}
    }
    name.push_str(tails[dice.below(tails.len())]);
    name
}

fn walk(volume: &dyn Volume, dir: &Entry, path: &str, out: &mut Vec<String>) {
    let mut inner = Vec::new();
    let mut take = |entry: Entry| {
        inner.push(entry);
        ControlFlow::Continue(())
    };
    volume.read_dir(dir, &mut take).unwrap();
    for entry in inner {
        let path = format!("{path}\\{}", String::from_utf8(entry.name.clone()).unwrap());
        if entry.is_dir() {
            walk(volume, &entry, &path, out);
        }
        out.push(path);
    }
}

fn said(dir: &DirectoryItem, fs: FileSystems, out: &mut Vec<String>) {
    for item in dir.items() {
        let path = item.file_system_path(fs).unwrap();
        let name = item.file_system_name(fs).unwrap();
        assert!(path.ends_with(&format!("\\{name}")));
        out.push(path);
        if let Some(dir) = item.as_directory() {
            said(&dir, fs, out);
        }
    }
}

#[test]
fn names_are_recorded_as_they_are_said_to_be() {
    for seed in 0..24 {
        let mut dice = Dice(seed);
        let image = image();
        let strict = seed % 4 == 3;
        image.set_strict_file_system_compliance(strict).unwrap();
        image.set_free_media_blocks(0).unwrap();
        if seed % 2 == 1 {
            image.set_iso9660_interchange_level(2).unwrap();
        }
        image.set_udf_revision([0x102, 0x150, 0x200, 0x201, 0x250][dice.below(5)]).unwrap();
        let mut dirs = vec![image.root()];
        for _ in 0..120 {
            let dir = dirs[dice.below(dirs.len())].clone();
            let name = odd_name(&mut dice);
            let done = match dice.below(6) {
                0 => dir.add_directory(&name),
                1 => dir.items().last().map_or(Ok(()), |last| match last.as_directory() {
                    Some(gone) => {
                        dirs.retain(|d| *d != gone && !d.full_path().starts_with(&gone.full_path()));
                        dir.remove_tree(&last.name())
                    }
                    None => dir.remove(&last.name()),
                }),
                _ => dir.add_file(&name, bytes(1)),
            };
            match done {
                Ok(()) => {}
                Err(e) if e.hresult() == HResult::DUP_NAME.0 => {}
                Err(e) if strict && e.hresult() == HResult::INVALID_PATH.0 => {}
                Err(e) if strict && e.hresult() == HResult::ISO9660_LEVELS.0 => {}
                Err(e) => panic!("{e}"),
            }
            dirs.extend(dir.item(&name).ok().and_then(|i| i.as_directory()).filter(|d| !dirs.contains(d)));
        }
        let bound = image.used_blocks();
        let result = image.create_result_image().unwrap();
        assert!(result.total_blocks() <= u32::try_from(bound).unwrap(), "seed {seed}");
        for (fs, kind) in SYSTEMS {
            let volume = glassmaster_fsimage::open(&result.source(), Some(kind)).unwrap();
            let (mut there, mut names) = (Vec::new(), Vec::new());
            walk(&*volume, &volume.root().unwrap(), "", &mut there);
            said(&image.root(), fs, &mut names);
            there.sort();
            names.sort();
            assert_eq!(names, there, "{kind:?}, seed {seed}");
        }
    }
}

#[test]
fn names_inside_of_what_left_the_tree_stay_apart() {
    let image = image();
    let root = image.root();
    root.add_directory("dir").unwrap();
    let names = ["a long name 1", "a long name 2"];
    for name in names {
        root.add_file(&format!("dir/{name}"), bytes(1)).unwrap();
    }
    let items = names.map(|name| root.item(&format!("dir/{name}")).unwrap());
    let recorded = || items.clone().map(|i| i.file_system_name(FileSystems::ISO9660).unwrap());
    let before = recorded();
    assert_ne!(before[0], before[1]);
    root.remove_tree("dir").unwrap();
    assert_eq!(recorded(), before);
}

#[test]
fn names_below_the_eighth_level_are_as_they_are_said_to_be() {
    let image = image();
    let mut path = String::new();
    for level in 0..11 {
        path.push_str(&format!("/Level number {level}"));
        image.root().add_directory(&path).unwrap();
        image.root().add_file(&format!("{path}/a file of level {level}.text"), bytes(1)).unwrap();
    }
    let result = image.create_result_image().unwrap();
    for (fs, kind) in SYSTEMS {
        let volume = glassmaster_fsimage::open(&result.source(), Some(kind)).unwrap();
        let (mut there, mut names) = (Vec::new(), Vec::new());
        walk(&*volume, &volume.root().unwrap(), "", &mut there);
        said(&image.root(), fs, &mut names);
        there.sort();
        names.sort();
        assert_eq!(names, there, "{kind:?}");
    }
}
