//! The image object by the contract's points: fresh values, options, names, editing, change points.
#![allow(clippy::unwrap_used)] // test code, though outside of test functions

use glassmaster_disc::{HResult, MediaType};
use glassmaster_fsimage::{
    BootOptions, DataStream, Error, FileSystemImage, FileSystems, ItemType, Outcome, Surroundings,
};
use glassmaster_tree::Timestamp;

const NOW: i64 = 1_700_000_000;

fn image() -> FileSystemImage {
    FileSystemImage::new(Surroundings::at(Timestamp::from_secs(NOW)))
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> HResult {
    HResult(result.unwrap_err().hresult())
}

fn bytes(n: usize) -> DataStream {
    DataStream::from_bytes(vec![7; n])
}

const ALL: FileSystems = FileSystems::ISO9660.union(FileSystems::JOLIET).union(FileSystems::UDF);

#[test]
fn a_fresh_object_has_the_values_of_6_2() {
    let image = image();
    let root = image.root();
    assert_eq!((root.name().as_str(), root.full_path().as_str(), root.count()), ("", "", 0));
    assert_eq!(
        (root.creation_time(), root.last_accessed_time(), root.last_modified_time()),
        (None, None, None)
    );
    assert!(!root.is_hidden());
    assert_eq!(
        (image.session_start_block(), image.free_media_blocks(), image.used_blocks()),
        (0, 332_800, 528)
    );
    assert_eq!(image.volume_name() + &image.volume_name_udf() + &image.volume_name_joliet(), "");
    assert_eq!((image.volume_name_iso9660().as_str(), image.imported_volume_name()), ("", None));
    assert!(image.boot_image_options().is_none() && image.boot_image_options_array().is_empty());
    assert_eq!((image.file_count(), image.directory_count(), image.change_point()), (0, 1, 0));
    assert_eq!(image.working_directory().to_str().unwrap(), "/tmp/");
    assert!(!image.strict_file_system_compliance() && !image.use_restricted_character_set());
    assert_eq!((image.file_systems_to_create(), image.file_systems_supported()), (ALL, ALL));
    assert_eq!((image.udf_revision(), image.iso9660_interchange_level()), (0x102, 1));
    assert!(image.udf_revisions_supported().starts_with(&[0x102, 0x150, 0x200, 0x201]));
    assert!(image.udf_revisions_supported().iter().all(|r| *r <= 0x250));
    assert_eq!(image.iso9660_interchange_levels_supported(), [1, 2]);
    assert!(!image.stage_files() && image.multisession_interfaces().is_empty());
    assert!(image.create_redundant_udf_metadata_files());
    let _ = image.set_file_systems_to_create(FileSystems::UDF).unwrap();
    assert_eq!(image.used_blocks(), 528);
}

#[test]
fn limits_of_the_medium() {
    let image = image();
    assert_eq!(code(image.set_free_media_blocks(1)), HResult::IMAGE_TOO_BIG);
    assert_eq!(code(image.set_free_media_blocks(-1)), HResult::INVALID_PARAM);
    image.set_free_media_blocks(600).unwrap();
    let root = image.root();
    root.add_file("small", bytes(2048)).unwrap();
    let full = root.add_file("large", bytes(200_000)).unwrap_err();
    assert_eq!(full.hresult(), HResult::IMAGE_SIZE_LIMIT.0);
    assert!(full.to_string().contains("'\\large'"), "{full}");
    assert_eq!((image.file_count(), image.change_point()), (1, 1));
    image.set_free_media_blocks(0).unwrap();
    root.add_file("large", bytes(2_000_000)).unwrap();
    let before = (image.free_media_blocks(), image.file_systems_to_create());
    image.choose_image_defaults_for_media_type(MediaType::CD_R).unwrap();
    assert_eq!(image.file_systems_to_create(), FileSystems::ISO9660 | FileSystems::JOLIET);
    assert_eq!(image.free_media_blocks(), 332_800);
    for media in [0, 1, 4, 14, 17, 20] {
        let refused = image.choose_image_defaults_for_media_type(MediaType(media));
        assert_eq!(code(refused), HResult::INVALID_PARAM);
    }
    assert_eq!(code(image.choose_image_defaults(MediaType::CD_R, 700)), HResult::IMAGE_TOO_BIG);
    assert_eq!(code(image.choose_image_defaults(MediaType::CD_ROM, 700)), HResult::MEDIA_INCOMPATIBLE);
    assert_ne!(before.1, image.file_systems_to_create());
    image.choose_image_defaults_for_media_type(MediaType(12)).unwrap();
    assert_eq!((image.file_systems_to_create(), image.free_media_blocks()), (FileSystems::UDF, 0));
    image.choose_image_defaults_for_media_type(MediaType(13)).unwrap();
    assert_eq!((image.file_systems_to_create(), image.free_media_blocks()), (FileSystems::UDF, 4_173_824));
    let _ = image.set_file_systems_to_create(FileSystems::ISO9660 | FileSystems::JOLIET).unwrap();
    image.set_max_media_blocks(0).unwrap();
    assert_eq!(image.free_media_blocks(), 0);
    assert_eq!(code(image.set_session_start_block(-1)), HResult::INVALID_PARAM);
    image.set_session_start_block(1000).unwrap();
}

#[test]
fn volume_names_follow_at_once() {
    let image = image();
    image.set_volume_name("Test_FileSystem").unwrap();
    assert_eq!(image.volume_name_iso9660(), "TEST_FILESYSTEM");
    assert_eq!(
        (image.volume_name_udf(), image.volume_name_joliet()),
        (image.volume_name(), image.volume_name())
    );
    assert_eq!(code(image.set_volume_name(&"x".repeat(33))), HResult::INVALID_VOLUME_NAME);
    image.set_strict_file_system_compliance(true).unwrap();
    assert_eq!(code(image.set_volume_name("20240131-101500.1234")), HResult::INVALID_VOLUME_NAME);
    image.set_volume_name("").unwrap();
    assert_eq!(image.volume_name(), "");
}

#[test]
fn what_is_not_offered_is_refused() {
    let image = image();
    assert_eq!(code(image.set_iso9660_interchange_level(3)), HResult::INVALID_PARAM);
    for revision in [0x260, 0x123, -1, 0] {
        assert_eq!(code(image.set_udf_revision(revision)), HResult::INVALID_PARAM);
    }
    let text = image.set_udf_revision(0x260).unwrap_err().to_string();
    assert!(text.contains("'newVal'"), "{text}");
    assert_eq!(code(image.set_file_systems_to_create(FileSystems::ROCK_RIDGE)), HResult::INVALID_PARAM);
    assert_eq!(code(image.set_file_systems_to_create(FileSystems::UNKNOWN)), HResult::INVALID_PARAM);
    let _ = image.set_file_systems_to_create(FileSystems::NONE).unwrap();
    assert_eq!(code(image.create_result_image()), HResult::NO_OUTPUT);
    let native = FileSystemImage::native(Surroundings::at(Timestamp::from_secs(NOW)));
    native.set_iso9660_interchange_level(3).unwrap();
    assert!(native.file_systems_supported().contains(FileSystems::ROCK_RIDGE));
}

#[test]
fn editing_and_its_codes() {
    let image = image();
    let root = image.root();
    root.add_directory("a").unwrap();
    root.add_directory("\\a\\b").unwrap();
    root.add_directory("a/b/c").unwrap();
    assert_eq!(code(root.add_directory("A/B")), HResult::DUP_NAME);
    assert_eq!(code(root.add_directory("x/y")), HResult::DIR_NOT_FOUND);
    root.add_file("a/f.txt", bytes(10)).unwrap();
    assert_eq!(code(root.add_directory("a/f.txt/x")), HResult::NOT_DIR);
    assert_eq!(code(root.add_file("a/F.TXT", bytes(1))), HResult::DUP_NAME);
    for bad in ["", "a//b", "a/..", "q?", "tail.", "a\u{1}"] {
        assert_eq!(code(root.add_directory(bad)), HResult::INVALID_PATH, "{bad}");
    }
    let a = root.item("a").unwrap().as_directory().unwrap();
    assert_eq!(code(a.item("\\b")), HResult::INVALID_PATH);
    assert_eq!(code(a.item("nothing")), HResult::ITEM_NOT_FOUND);
    let names: Vec<_> = a.items().map(|i| i.full_path()).collect();
    assert_eq!(names, ["\\a\\b", "\\a\\f.txt"]);
    assert!(a.as_file().is_none() && a.item("f.txt").unwrap().as_directory().is_none());
    assert_eq!(code(root.remove("a")), HResult::DIR_NOT_EMPTY);
    assert_eq!(code(root.remove_tree("a/f.txt")), HResult::NOT_DIR);
    assert_eq!(code(root.remove_tree("zzz")), HResult::DIR_NOT_FOUND);
    assert_eq!(code(root.remove("zzz")), HResult::ITEM_NOT_FOUND);
    assert_eq!(image.exists("\\").unwrap(), ItemType::Directory);
    assert_eq!(image.exists("/A/F.txt").unwrap(), ItemType::File);
    assert_eq!(image.exists("/nothing").unwrap(), ItemType::NotFound);
    assert_eq!(code(image.exists("a")), HResult::INVALID_PATH);
    assert_eq!(code(image.exists("\\q\\a")), HResult::DIR_NOT_FOUND);
    assert_eq!((image.file_count(), image.directory_count(), image.change_point()), (1, 4, 4));
    root.remove_tree("\\").unwrap();
    assert_eq!((image.file_count(), image.directory_count(), image.used_blocks()), (0, 1, 528));
    assert_eq!((a.full_path().as_str(), a.count(), a.is_attached()), ("a", 2, false));
    assert_eq!(code(a.add_directory("x")), HResult::NOT_IN_FILE_SYSTEM);
    assert_eq!(code(a.remove("b")), HResult::NOT_IN_FILE_SYSTEM);
    assert_eq!(code(a.remove_tree("b")), HResult::NOT_IN_FILE_SYSTEM);
    assert_eq!(code(a.add_file("x", bytes(1))), HResult::NOT_IN_FILE_SYSTEM);
    assert_eq!(code(a.add_tree("/nowhere", false)), HResult::NOT_IN_FILE_SYSTEM);
    root.add(&a).unwrap();
    assert_eq!((image.file_count(), a.full_path().as_str()), (1, "\\a"));
    assert_eq!(code(root.add(&a)), HResult::INVALID_PARAM);
}

#[test]
fn detached_items_get_the_time_at_which_they_are_added() {
    let image = image();
    let file = image.create_file_item("x").unwrap();
    assert_eq!((file.creation_time(), file.full_path().as_str()), (None, "x"));
    assert_eq!(code(image.root().add(&file)), HResult::INVALID_PARAM);
    assert_eq!(code(file.add_stream("s", bytes(1))), HResult::NOT_IN_FILE_SYSTEM);
    file.set_data(bytes(5000)).unwrap();
    file.set_last_modified_time(Some(Timestamp::from_secs(5))).unwrap();
    assert_eq!(image.change_point(), 0);
    image.root().add(&file).unwrap();
    let now = Some(Timestamp::from_secs(NOW));
    assert_eq!((file.creation_time(), file.last_accessed_time()), (now, now));
    assert_eq!(file.last_modified_time(), Some(Timestamp::from_secs(5)));
    assert_eq!(code(file.set_data(bytes(1))), HResult::READONLY);
    assert_eq!(image.change_point(), 1);
    file.set_hidden(true).unwrap();
    assert_eq!((image.change_point(), file.data_size()), (2, 5000));
    assert_eq!((file.data_size_32bit_low(), file.data_size_32bit_high()), (5000, 0));
    for bad in ["", "a/b", "..", "x*"] {
        assert_eq!(code(image.create_file_item(bad)), HResult::INVALID_PARAM);
        assert_eq!(code(image.create_directory_item(bad)), HResult::INVALID_PARAM);
    }
    let other = FileSystemImage::new(Surroundings::at(Timestamp::default()));
    assert_eq!(code(other.root().add(&file)), HResult::INVALID_PARAM);
}

#[test]
fn strict_images_hold_to_the_rules() {
    let strict = image();
    strict.set_strict_file_system_compliance(true).unwrap();
    let file = strict.create_file_item("x").unwrap();
    file.set_data(bytes(1)).unwrap();
    file.set_creation_time(Some(Timestamp::from_secs(10))).unwrap();
    file.set_last_modified_time(Some(Timestamp::from_secs(9))).unwrap();
    assert_eq!(code(strict.root().add(&file)), HResult::INVALID_DATE);
    let mut path = String::new();
    for _ in 0..7 {
        path.push_str("/d");
        strict.root().add_directory(&path).unwrap();
    }
    assert_eq!(code(strict.root().add_directory(&(path.clone() + "/d"))), HResult::ISO9660_LEVELS);
    strict.root().add_file(&(path.clone() + "/f"), bytes(1)).unwrap();
    let _ = strict.set_file_systems_to_create(FileSystems::UDF).unwrap();
    strict.root().add_directory(&(path + "/d")).unwrap();
    assert_eq!(code(strict.set_file_systems_to_create(ALL)), HResult::ISO9660_LEVELS);
    assert_eq!(strict.file_systems_to_create(), FileSystems::UDF);
    let deep = strict.change_point();
    strict.root().remove_tree("\\").unwrap();
    let _ = strict.set_file_systems_to_create(ALL).unwrap();
    assert_eq!(code(strict.rollback_to_change_point(deep)), HResult::ISO9660_LEVELS);
    assert_eq!((strict.directory_count(), strict.change_point()), (1, deep + 1));
    let relaxed = image();
    relaxed.root().add_directory("x").unwrap();
    assert_eq!(code(relaxed.set_strict_file_system_compliance(true)), HResult::FILE_SYSTEM_NOT_EMPTY);
    relaxed.set_strict_file_system_compliance(false).unwrap();
}

#[test]
fn strict_images_keep_to_path_lengths() {
    let long = "n".repeat(60);
    let strict = image();
    strict.set_strict_file_system_compliance(true).unwrap();
    strict.root().add_directory(&long).unwrap();
    // 61 and 58 units with their separators are 242 bytes; one fewer fits.
    strict.root().add_file(&format!("{long}/{}", "x".repeat(58)), bytes(1)).unwrap();
    let refused = strict.root().add_file(&format!("{long}/{}", "y".repeat(59)), bytes(1)).unwrap_err();
    assert_eq!(refused.hresult(), HResult::INVALID_PATH.0);
    assert!(refused.to_string().contains("yyy"), "{refused}");
    assert_eq!(strict.file_count(), 1);
    let _ = strict.set_file_systems_to_create(FileSystems::UDF).unwrap();
    strict.root().add_file(&format!("{long}/{}", "y".repeat(59)), bytes(1)).unwrap();
    let relaxed = image();
    relaxed.root().add_directory(&long).unwrap();
    relaxed.root().add_file(&format!("{long}/{}", "y".repeat(59)), bytes(1)).unwrap();
}

#[test]
fn handles_go_to_any_thread_and_long_work_is_exclusive() {
    fn shared<T: Send + Sync>() {}
    shared::<FileSystemImage>();
    shared::<glassmaster_fsimage::FsiItem>();
    shared::<glassmaster_fsimage::FileItem>();
    let image = image();
    let (inside, wait) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
    let blocked = std::sync::Mutex::new((inside.0, wait.1));
    image.on_update(move |_| {
        let pair = blocked.lock().unwrap();
        pair.0.send(()).unwrap();
        pair.1.recv().unwrap();
        std::ops::ControlFlow::Continue(())
    });
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| image.root().add_file("slow", bytes(1)));
        inside.1.recv().unwrap();
        assert_eq!((image.file_count(), image.exists("\\slow").unwrap()), (0, ItemType::NotFound));
        assert!(matches!(image.root().add_directory("d"), Err(Error::Busy)));
        assert!(matches!(image.create_result_image(), Err(Error::Busy)));
        assert_eq!(code(image.set_volume_name("x")).0, 0x8007_00AA);
        image.cancel();
        wait.0.send(()).unwrap();
        drop(wait.0);
        // Between two events the work looks whether it has been cancelled.
        let ended = adding.join().unwrap();
        assert!(ended.is_err(), "{ended:?}");
    });
    assert_eq!((image.file_count(), image.change_point()), (0, 0));
    image.clear_on_update();
    image.root().add_file("fast", bytes(1)).unwrap();
}

#[test]
fn obstacles_are_listed_before_anything_is_made() {
    let image = image();
    let root = image.root();
    root.add_file("README", bytes(1)).unwrap();
    assert_eq!(image.preflight().unwrap(), []);
    root.add_directory("A long name").unwrap();
    root.add_file("A long name/too long;1.text", bytes(1)).unwrap();
    let found = image.preflight().unwrap();
    let of =
        |fs: &str| found.iter().filter(|o| o.file_system == fs).map(|o| o.path.as_str()).collect::<Vec<_>>();
    assert_eq!(of("ISO 9660"), ["\\A long name", "\\A long name\\too long;1.text"]);
    assert_eq!(of("Joliet"), ["\\A long name\\too long;1.text"]);
    let _ = image.set_file_systems_to_create(FileSystems::UDF).unwrap();
    assert_eq!(image.preflight().unwrap(), []);
    assert!(!image.is_read_only());
    let _ = image.set_file_systems_to_create(FileSystems::NONE).unwrap();
    assert_eq!(code(image.preflight()), HResult::NO_OUTPUT);
}

#[test]
fn change_points_restore_and_lock() {
    let image = image();
    let root = image.root();
    root.add_file("a", bytes(3000)).unwrap();
    let file = root.item("a").unwrap();
    file.set_hidden(true).unwrap();
    root.remove("a").unwrap();
    root.add_file("a", bytes(1)).unwrap();
    assert_eq!(image.change_point(), 4);
    image.rollback_to_change_point(1).unwrap();
    assert_eq!((image.change_point(), image.file_count()), (1, 1));
    assert!(file.is_attached() && !file.is_hidden());
    assert_eq!(root.item("A").unwrap(), file);
    assert_eq!(code(image.rollback_to_change_point(2)), HResult::INVALID_PARAM);
    assert_eq!(code(image.rollback_to_change_point(-1)), HResult::INVALID_PARAM);
    image.lock_in_change_point().unwrap();
    assert_eq!(image.change_point(), 1);
    assert_eq!(code(image.rollback_to_change_point(0)), HResult::INVALID_PARAM);
    root.add_directory("b").unwrap();
    image.rollback_to_change_point(1).unwrap();
    assert_eq!(image.directory_count(), 1);
}

#[test]
fn the_restricted_set_is_for_new_names() {
    let image = image();
    let root = image.root();
    root.add_file("é", bytes(1)).unwrap();
    image.set_use_restricted_character_set(true).unwrap();
    assert_eq!(code(root.add_file("è", bytes(1))), HResult::RESTRICTED_NAME_VIOLATION);
    assert_eq!(code(root.add_directory("è")), HResult::RESTRICTED_NAME_VIOLATION);
    assert_eq!(code(image.create_file_item("è")), HResult::RESTRICTED_NAME_VIOLATION);
    assert_eq!(image.exists("\\É").unwrap(), ItemType::File);
    root.remove("é").unwrap();
}

#[test]
fn streams_and_marks_are_kept_until_they_can_be_recorded() {
    let image = image();
    let root = image.root();
    root.add_file("f", bytes(10)).unwrap();
    let file = root.item("f").unwrap().as_file().unwrap();
    assert_eq!(file.add_stream("s", bytes(9)).unwrap(), Outcome::Stored);
    assert_eq!(Outcome::Stored.hresult().0, 0x00AA_B15F);
    assert_eq!(code(file.add_stream("S", bytes(9))), HResult::DUP_NAME);
    assert_eq!(code(file.add_stream("a/b", bytes(9))), HResult::INVALID_PARAM);
    let streams = file.named_streams().unwrap();
    assert_eq!(streams.count(), 1);
    assert_eq!(code(streams.item(1)), HResult::INVALID_PARAM);
    assert_eq!(code(streams.item(-1)), HResult::INVALID_PARAM);
    let stream = streams.item(0).unwrap();
    assert_eq!((stream.full_path().as_str(), stream.data_size()), ("\\f:s", 9));
    assert!(stream.is_named_stream() && !file.is_named_stream());
    assert_eq!(code(stream.named_streams().map(drop)), HResult::PROPERTY_NOT_ACCESSIBLE);
    assert_eq!(code(stream.is_real_time()), HResult::PROPERTY_NOT_ACCESSIBLE);
    assert_eq!(code(stream.set_real_time(true)), HResult::PROPERTY_NOT_ACCESSIBLE);
    assert_eq!(code(stream.add_stream("t", bytes(1))), HResult::PROPERTY_NOT_ACCESSIBLE);
    assert_eq!(file.set_real_time(true).unwrap(), Outcome::Stored);
    assert_eq!(image.set_file_systems_to_create(FileSystems::UDF).unwrap(), Outcome::Stored);
    image.set_udf_revision(0x201).unwrap();
    assert_eq!(image.set_file_systems_to_create(FileSystems::UDF).unwrap(), Outcome::Done);
    assert_eq!(file.set_real_time(true).unwrap(), Outcome::Done);
    assert_eq!(file.add_stream("t", bytes(1)).unwrap(), Outcome::Done);
    assert_eq!(image.set_create_redundant_udf_metadata_files(false).unwrap(), Outcome::Stored);
    assert_eq!(code(file.remove_stream("u")), HResult::FILE_NOT_FOUND);
    assert_eq!(file.remove_stream("S").unwrap(), Outcome::Done);
    assert!(!stream.is_attached() && file.named_streams().unwrap().count() == 1);
    assert_eq!(image.file_count(), 1);
}

#[test]
fn a_result_keeps_the_image_read_only() {
    let image = image();
    let root = image.root();
    root.add_file("f", bytes(10)).unwrap();
    let file = root.item("f").unwrap().as_file().unwrap();
    let loose = image.create_file_item("loose").unwrap();
    let result = image.create_result_image().unwrap();
    let stream = result.image_stream();
    drop(result);
    assert!(image.is_read_only());
    let readonly = HResult::READONLY;
    assert_eq!(code(root.add_file("g", bytes(1))), readonly);
    assert_eq!(code(root.add_directory("g")), readonly);
    assert_eq!(code(root.add_tree("/tmp", false)), readonly);
    assert_eq!(code(root.add(&loose)), readonly);
    assert_eq!(code(root.remove("f")), readonly);
    assert_eq!(code(root.remove_tree("\\")), readonly);
    assert_eq!(code(file.set_hidden(true)), readonly);
    assert_eq!(code(file.add_stream("s", bytes(1))), readonly);
    assert_eq!(code(file.remove_stream("s")), readonly);
    assert_eq!(code(loose.set_data(bytes(1))), readonly);
    assert_eq!(code(image.set_volume_name("x")), readonly);
    assert_eq!(code(image.set_free_media_blocks(0)), readonly);
    assert_eq!(code(image.set_working_directory("/tmp")), readonly);
    assert_eq!(code(image.set_udf_revision(0x150)), readonly);
    assert_eq!(code(image.rollback_to_change_point(0)), readonly);
    assert_eq!(code(image.set_boot_image_options(None)), readonly);
    let _ = file.set_real_time(true).unwrap();
    image.set_stage_files(true);
    image.create_directory_item("still").unwrap();
    drop(image.create_result_image().unwrap());
    drop(stream);
    assert!(!image.is_read_only());
    root.add_file("g", bytes(1)).unwrap();
}

#[test]
fn boot_images_are_copied_or_referred_to() {
    let image = image();
    let boot = BootOptions::new();
    assert_eq!(code(image.set_boot_image_options(Some(&boot))), HResult::BOOT_IMAGE_DATA);
    boot.assign_boot_image(bytes(4096)).unwrap();
    image.set_boot_image_options(Some(&boot)).unwrap();
    boot.set_manufacturer("later").unwrap();
    assert_eq!(image.boot_image_options().unwrap().manufacturer(), "");
    image.set_boot_image_options_array(std::slice::from_ref(&boot)).unwrap();
    boot.set_manufacturer("later still").unwrap();
    assert_eq!(image.boot_image_options().unwrap().manufacturer(), "later still");
    image.set_boot_image_options_array(&vec![boot.clone(); 32]).unwrap();
    assert_eq!(code(image.set_boot_image_options_array(&vec![boot.clone(); 33])), HResult::INVALID_PARAM);
    assert_eq!(image.boot_image_options_array().len(), 32);
    let result = image.create_result_image().unwrap();
    assert!(i64::from(result.total_blocks()) <= i64::from(image.used_blocks()));
    drop(result);
    image.set_session_start_block(64).unwrap();
    assert_eq!(code(image.create_result_image()), HResult::BOOT_OBJECT_CONFLICT);
    image.set_boot_image_options_array(&[]).unwrap();
    assert!(image.boot_image_options().is_none());
}
