//! Image objects go on from earlier sessions.
#![allow(clippy::unwrap_used)] // test code, though outside of test functions

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use glassmaster_disc::{BlockSource, HResult, Multisession, SessionAddresses};
use glassmaster_fsimage::{
    BootOptions, DataStream, Error, FileSystemImage, FileSystems, ImageResult, Surroundings,
};
use glassmaster_tree::Timestamp;

const ISO: FileSystems = FileSystems::ISO9660;
const JOLIET: FileSystems = FileSystems::JOLIET;
const UDF: FileSystems = FileSystems::UDF;

fn image() -> FileSystemImage {
    FileSystemImage::new(Surroundings::at(Timestamp::from_secs(1_700_000_000)))
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> HResult {
    HResult(result.unwrap_err().hresult())
}

fn data(text: &str) -> DataStream {
    DataStream::from_bytes(text.as_bytes().to_vec())
}

/// A disc in memory.
#[derive(Clone, Default)]
struct Disc {
    sectors: Arc<Mutex<Vec<u8>>>,
}

impl BlockSource for Disc {
    fn block_count(&self) -> u64 {
        self.sectors.lock().unwrap().len() as u64 / 2048
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        let sectors = self.sectors.lock().unwrap();
        let at = usize::try_from(lba).unwrap() * 2048;
        let piece = sectors.get(at..at + buf.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(piece);
        Ok(())
    }
}

const ROOM: u64 = 200_000;

impl Disc {
    /// Adds a session behind what is there, after a gap; its addresses.
    fn burn(&self, result: &ImageResult, gap: usize) -> (u32, u32) {
        let mut sectors = self.sectors.lock().unwrap();
        if !sectors.is_empty() {
            let len = sectors.len();
            sectors.resize(len + gap * 2048, 0);
        }
        let start = sectors.len() / 2048;
        let mut stream = result.image_stream();
        stream.read_to_end(&mut sectors).unwrap();
        let last = sectors.len() / 2048 - 1;
        (u32::try_from(start).unwrap(), u32::try_from(last).unwrap())
    }

    fn sequential(&self, (start, last): (u32, u32), gap: u32) -> Multisession {
        let next = last + 1 + gap;
        Multisession {
            supported: true,
            in_use: true,
            addresses: SessionAddresses::Sequential {
                first_data_session: false,
                previous_start: Some(start),
                previous_last: Some(last),
                next_writable: next,
                free: ROOM - u64::from(next),
                write_unit: 16,
            },
            source: Arc::new(self.clone()),
        }
    }

    fn overwritable(&self) -> Multisession {
        Multisession {
            supported: true,
            in_use: false,
            addresses: SessionAddresses::RandomWrite { write_unit: 16, last_written: None, total: ROOM },
            source: Arc::new(self.clone()),
        }
    }
}

fn first(fs: FileSystems, revision: i32) -> (Disc, (u32, u32)) {
    let image = image();
    let _ = image.set_file_systems_to_create(fs).unwrap();
    image.set_udf_revision(revision).unwrap();
    image.set_iso9660_interchange_level(2).unwrap();
    image.set_volume_name("First").unwrap();
    let root = image.root();
    root.add_file("kept.txt", data("kept")).unwrap();
    root.add_directory("dir").unwrap();
    root.add_file("dir/old.txt", data(&"old".repeat(3000))).unwrap();
    root.add_file("dir/gone.txt", data("gone")).unwrap();
    let disc = Disc::default();
    let result = image.create_result_image().unwrap();
    assert_eq!(result.disc_id(), "0000000000000000");
    let place = disc.burn(&result, 0);
    (disc, place)
}

fn names(image: &FileSystemImage) -> Vec<String> {
    let mut all = Vec::new();
    let mut stack: Vec<_> = image.root().items().collect();
    while let Some(item) = stack.pop() {
        all.push(item.full_path().to_ascii_uppercase());
        if let Some(dir) = item.as_directory() {
            stack.extend(dir.items());
        }
    }
    all.sort();
    all
}

fn text(image: &FileSystemImage, path: &str) -> String {
    let mut text = String::new();
    let file = image.root().item(path).unwrap().as_file().unwrap();
    file.data().unwrap().read_to_string(&mut text).unwrap();
    text
}

fn second_session(fs: FileSystems, revision: i32, sequential: bool) {
    let what = format!("{fs}, revision {revision:x}, sequential {sequential}");
    let (disc, place) = first(fs, revision);
    let way = if sequential { disc.sequential(place, 32) } else { disc.overwritable() };
    let image = image();
    assert_eq!(code(image.calculate_disc_identifier()), HResult::MULTISESSION_NOT_SET);
    assert_eq!(code(image.import_file_system()), HResult::MULTISESSION_NOT_SET);
    assert_eq!(code(image.probe_specific_file_system(ISO)), HResult::MULTISESSION_NOT_SET);
    assert_eq!(code(image.identify_file_systems_on_disc(None)), HResult::MULTISESSION_NOT_SET);
    image.set_multisession_interfaces(vec![way]).unwrap();
    let id = image.calculate_disc_identifier().unwrap();
    assert_eq!(id.len(), 16);
    assert_eq!(image.identify_file_systems_on_disc(None).unwrap(), fs, "{what}");
    let default = image.default_file_system_for_import(fs).unwrap();
    assert!(image.probe_specific_file_system(default).unwrap(), "{what}");
    image.root().add_file("early.txt", data("early")).unwrap();
    image.root().add_file("kept.txt", data("ours wins")).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    image.on_update_import(move |event| {
        sink.lock().unwrap().push((event.item.clone(), event.directories, event.files, event.total_files));
        ControlFlow::Continue(())
    });
    assert_eq!(image.import_file_system().unwrap(), default, "{what}");
    let told = told.lock().unwrap().clone();
    assert_eq!((told[0].0.as_str(), told[0].1), ("\\", 1));
    assert!(told.iter().any(|e| e.0.eq_ignore_ascii_case("\\dir\\")));
    assert!(told.iter().all(|e| e.3.is_none() == (default != UDF)), "{told:?}");
    let volume = image.imported_volume_name().unwrap();
    assert_eq!(volume.to_ascii_uppercase(), "FIRST");
    assert_eq!((image.volume_name(), image.file_systems_to_create()), (String::new(), fs));
    assert!(image.session_start_block() > i32::try_from(place.1).unwrap());
    assert_eq!(code(image.set_session_start_block(0)), HResult::INVALID_PARAM);
    assert_eq!(code(image.set_udf_revision(0x102)), HResult::UDF_REVISION_CHANGE_NOT_ALLOWED);
    let other = if fs == UDF { ISO } else { UDF };
    assert_eq!(code(image.set_file_systems_to_create(other)), HResult::FILE_SYSTEM_CHANGE_NOT_ALLOWED);
    assert_eq!(code(image.set_boot_image_options_array(&[])), HResult::BOOT_OBJECT_CONFLICT);
    assert_eq!(code(image.rollback_to_change_point(2)), HResult::INVALID_PARAM);
    assert_eq!(code(image.set_strict_file_system_compliance(true)), HResult::FILE_SYSTEM_NOT_EMPTY);
    assert_eq!(text(&image, "dir/old.txt"), "old".repeat(3000));
    assert_eq!(text(&image, "kept.txt"), "ours wins");
    let old = image.root().item("dir/old.txt").unwrap().as_file().unwrap();
    assert_eq!(code(old.add_stream("s", data("s"))), HResult::READONLY);
    image.root().remove("dir/gone.txt").unwrap();
    image.root().add_file("dir/new.txt", data("new")).unwrap();
    let used = image.used_blocks();
    let result = image.create_result_image().unwrap();
    assert_eq!(result.disc_id(), id);
    let wanted = ["\\DIR", "\\DIR\\NEW.TXT", "\\DIR\\OLD.TXT", "\\EARLY.TXT", "\\KEPT.TXT"];
    assert_eq!(names(&image), wanted);
    let after = if sequential {
        assert_eq!(code(result.modified_blocks()), HResult::NOT_IMPLEMENTED);
        assert!(i64::from(used) >= i64::from(result.total_blocks()), "{what}: {used}");
        let place = disc.burn(&result, 32);
        assert_eq!(i32::try_from(place.0).unwrap(), image.session_start_block());
        disc.sequential(place, 32)
    } else {
        assert!(!result.modified_blocks().unwrap().0.is_empty());
        let mut whole = Vec::new();
        result.image_stream().read_to_end(&mut whole).unwrap();
        *disc.sectors.lock().unwrap() = whole;
        disc.overwritable()
    };
    drop(result);
    image.set_multisession_interfaces(vec![after.clone()]).unwrap();
    assert_eq!(code(image.create_result_image()), HResult::DISC_MISMATCH, "{what}");
    let third = self::image();
    third.set_multisession_interfaces(vec![after]).unwrap();
    third.import_specific_file_system(default).unwrap();
    assert_eq!(names(&third), wanted, "{what}");
    assert_eq!(text(&third, "dir/old.txt"), "old".repeat(3000), "{what}");
    assert_eq!(text(&third, "kept.txt"), "ours wins", "{what}");
}

#[test]
fn a_second_session_on_media_that_grow() {
    for fs in [ISO, ISO | JOLIET] {
        second_session(fs, 0x102, true);
    }
    for revision in [0x102, 0x150, 0x200, 0x201, 0x250] {
        second_session(UDF, revision, true);
        second_session(ISO | JOLIET | UDF, revision, true);
    }
}

#[test]
fn a_second_session_on_overwritable_media() {
    for revision in [0x102, 0x201, 0x250] {
        second_session(UDF, revision, false);
        second_session(ISO | JOLIET | UDF, revision, false);
    }
}

#[test]
fn imports_that_cannot_be() {
    let (disc, place) = first(ISO | JOLIET, 0x102);
    let image = image();
    assert_eq!(
        code(image.set_multisession_interfaces(Vec::<Multisession>::new())),
        HResult::IMPORT_MEDIA_NOT_ALLOWED
    );
    image.set_multisession_interfaces(vec![disc.sequential(place, 0)]).unwrap();
    assert_eq!(code(image.import_specific_file_system(UDF)), HResult::FILE_SYSTEM_NOT_FOUND);
    assert_eq!(code(image.import_specific_file_system(ISO | JOLIET)), HResult::INVALID_PARAM);
    assert_eq!(code(image.probe_specific_file_system(FileSystems::NONE)), HResult::INVALID_PARAM);
    assert!(!image.probe_specific_file_system(UDF).unwrap());
    assert_eq!(code(image.default_file_system_for_import(FileSystems::NONE)), HResult::INVALID_PARAM);
    assert_eq!(image.default_file_system_for_import(ISO | UDF | JOLIET).unwrap(), UDF);
    let boot = BootOptions::new();
    boot.assign_boot_image(data("boot")).unwrap();
    image.set_boot_image_options(Some(&boot)).unwrap();
    assert_eq!(code(image.import_file_system()), HResult::BOOT_OBJECT_CONFLICT);
    image.set_boot_image_options(None).unwrap();
    image.root().add_directory("kept.txt").unwrap();
    let clash = HResult::IMPORT_TYPE_COLLISION_FILE_EXISTS_AS_DIRECTORY;
    assert_eq!(code(image.import_file_system()), clash);
    image.root().remove("kept.txt").unwrap();
    image.root().add_file("dir", data("file")).unwrap();
    let clash = HResult::IMPORT_TYPE_COLLISION_DIRECTORY_EXISTS_AS_FILE;
    let error = image.import_file_system().unwrap_err();
    assert_eq!(error.hresult(), clash.0);
    assert!(error.to_string().contains("'\\dir'") && error.to_string().contains("Joliet"), "{error}");
    assert_eq!((image.file_count(), image.change_point(), image.session_start_block()), (1, 3, 0));
    assert!(image.imported_volume_name().is_none());
    let mut full = disc.sequential(place, 0);
    if let SessionAddresses::Sequential { free, .. } = &mut full.addresses {
        *free = 100;
    }
    image.root().remove("dir").unwrap();
    image.set_multisession_interfaces(vec![full]).unwrap();
    assert_eq!(code(image.import_file_system()), HResult::IMAGE_TOO_BIG);
    assert_eq!((image.file_count(), image.file_systems_to_create()), (0, ISO | JOLIET | UDF));
    image.set_multisession_interfaces(vec![disc.overwritable()]).unwrap();
    assert_eq!(code(image.import_file_system()), HResult::INCOMPATIBLE_PREVIOUS_SESSION);
    image.on_update_import(|_| ControlFlow::Break(()));
    image.set_multisession_interfaces(vec![disc.sequential(place, 0)]).unwrap();
    assert!(matches!(image.import_file_system(), Err(Error::Cancelled)));
    image.clear_on_update_import();
    image.import_file_system().unwrap();
    let (other, place) = first(UDF, 0x102);
    image.set_multisession_interfaces(vec![other.sequential(place, 0)]).unwrap();
    assert_eq!(code(image.import_file_system()), HResult::DISC_MISMATCH);
    let blank = Disc::default();
    assert_eq!(image.identify_file_systems_on_disc(Some(&blank.overwritable())).unwrap(), FileSystems::NONE);
    blank.sectors.lock().unwrap().resize(600 * 2048, 0);
    assert_eq!(image.identify_file_systems_on_disc(Some(&blank.overwritable())).unwrap(), FileSystems::NONE);
    blank.sectors.lock().unwrap()[16 * 2048] = 9;
    assert_eq!(
        image.identify_file_systems_on_disc(Some(&blank.overwritable())).unwrap(),
        FileSystems::UNKNOWN
    );
}

#[test]
fn native_images_go_on_with_posix_trees() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("Sub")).unwrap();
    std::fs::write(dir.path().join("Sub/a:b"), "colon").unwrap();
    std::fs::write(dir.path().join("Sub/A:b"), "Colon").unwrap();
    std::os::unix::fs::symlink("Sub/a:b", dir.path().join("link")).unwrap();
    let native = || FileSystemImage::native(Surroundings::at(Timestamp::from_secs(1_700_000_000)));
    let first = native();
    first.root().add_tree(dir.path(), false).unwrap();
    let disc = Disc::default();
    let place = disc.burn(&first.create_result_image().unwrap(), 0);
    // What the contract's names cannot hold is refused by it and kept by the native object.
    let compat = image();
    compat.set_multisession_interfaces(vec![disc.sequential(place, 0)]).unwrap();
    assert_eq!(code(compat.import_file_system()), HResult::INVALID_PATH);
    assert_eq!((compat.file_count(), compat.change_point()), (0, 0));
    let second = native();
    second.set_multisession_interfaces(vec![disc.sequential(place, 0)]).unwrap();
    assert_eq!(second.import_file_system().unwrap(), FileSystems::ROCK_RIDGE);
    assert_eq!(second.root().item("link").unwrap().link_target().unwrap(), b"Sub/a:b");
    assert_eq!((text(&second, "Sub/a:b").as_str(), text(&second, "/Sub/A:b").as_str()), ("colon", "Colon"));
    second.root().remove("Sub/A:b").unwrap();
    second.root().add_file("Sub/a:B", data("third")).unwrap();
    let place = disc.burn(&second.create_result_image().unwrap(), 0);
    let third = native();
    third.set_multisession_interfaces(vec![disc.sequential(place, 0)]).unwrap();
    third.import_specific_file_system(UDF).unwrap();
    assert_eq!((text(&third, "Sub/a:b").as_str(), text(&third, "Sub/a:B").as_str()), ("colon", "third"));
    assert_eq!(third.file_count(), 2);
}

#[test]
fn streams_of_an_earlier_session_stay() {
    let image = image();
    let _ = image.set_file_systems_to_create(UDF).unwrap();
    image.set_udf_revision(0x201).unwrap();
    image.root().add_file("f", data("main")).unwrap();
    let file = image.root().item("f").unwrap().as_file().unwrap();
    let _ = file.add_stream("side", data("stream")).unwrap();
    let _ = file.set_real_time(true).unwrap();
    file.set_hidden(true).unwrap();
    file.set_creation_time(Some(Timestamp::from_secs(1_000_000_000))).unwrap();
    let disc = Disc::default();
    let place = disc.burn(&image.create_result_image().unwrap(), 0);
    let mut way = disc.sequential(place, 0);
    for n in 0..2 {
        let next = self::image();
        next.set_multisession_interfaces(vec![way.clone()]).unwrap();
        assert_eq!(next.import_file_system().unwrap(), UDF);
        let file = next.root().item("f").unwrap().as_file().unwrap();
        assert!(file.is_real_time().unwrap() && file.is_hidden());
        assert_eq!(file.creation_time().unwrap().secs, 1_000_000_000);
        let stream = file.named_streams().unwrap().item(0).unwrap();
        let mut text = String::new();
        stream.data().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!((stream.full_path().as_str(), text.as_str()), ("\\f:side", "stream"));
        next.root().add_directory(&format!("more{n}")).unwrap();
        let place = disc.burn(&next.create_result_image().unwrap(), 0);
        way = disc.sequential(place, 0);
    }
}
