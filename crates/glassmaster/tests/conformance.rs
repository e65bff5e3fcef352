//! The conformance checklist of the file-system half (contract section 22), one test a point. Point 1, names of members,
//! is what `cargo xtask names` looks after.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, missing_docs)]

mod imaging;

use std::fs;
use std::io::{Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use glassmaster::disc::{BlockSource, HResult};
use glassmaster::imapi2fs::el_torito::{Emulation, Platform};
use glassmaster::imapi2fs::{
    BootOptions, DataStream, FileSystemImage, IsoImageManager, ItemType, Outcome, VolumeKind, open,
    open_session,
};
use glassmaster_testkit::witness;
use imaging::*;

const FRESH_USED: i32 = 528;

#[test]
fn point_02_a_fresh_object_has_the_documented_values() {
    let image = fresh();
    let root = image.root();
    assert_eq!((root.name(), root.full_path()), (String::new(), String::new()));
    assert_eq!(
        (root.creation_time(), root.last_accessed_time(), root.last_modified_time()),
        (None, None, None)
    );
    assert!(!root.is_hidden());
    assert_eq!(root.count(), 0);
    assert_eq!(image.session_start_block(), 0);
    assert_eq!(image.free_media_blocks(), 332_800);
    // An estimate, which may differ.
    assert!((FRESH_USED / 4..=FRESH_USED * 4).contains(&image.used_blocks()), "{}", image.used_blocks());
    for name in [
        image.volume_name(),
        image.volume_name_udf(),
        image.volume_name_joliet(),
        image.volume_name_iso9660(),
    ] {
        assert_eq!(name, "");
    }
    assert_eq!(image.imported_volume_name(), None);
    assert!(image.boot_image_options().is_none());
    assert!(image.boot_image_options_array().is_empty());
    assert_eq!((image.file_count(), image.directory_count()), (0, 1));
    assert!(image.working_directory().is_absolute());
    assert_eq!(image.change_point(), 0);
    assert!(!image.strict_file_system_compliance());
    assert!(!image.use_restricted_character_set());
    assert_eq!(image.file_systems_to_create().bits(), 7);
    assert_eq!(image.file_systems_supported().bits(), 7);
    assert_eq!(image.udf_revision(), 258);
    assert_eq!(image.udf_revisions_supported(), [0x102, 0x150, 0x200, 0x201, 0x250]);
    assert_eq!(image.iso9660_interchange_level(), 1);
    assert_eq!(image.iso9660_interchange_levels_supported(), [1, 2]);
    assert!(!image.stage_files());
    assert!(image.multisession_interfaces().is_empty());
    assert!(image.create_redundant_udf_metadata_files());
}

#[test]
fn point_03_an_empty_image_has_one_directory() {
    let image = fresh();
    assert_eq!(image.directory_count(), 1);
    image.root().add_directory("a").unwrap();
    assert_eq!((image.directory_count(), image.file_count()), (2, 0));
}

#[test]
fn point_04_free_media_blocks_limit_and_do_not() {
    let image = fresh();
    assert_eq!(code(image.set_free_media_blocks(1)), HResult::IMAGE_TOO_BIG);
    assert_eq!(image.free_media_blocks(), 332_800);
    let room = image.used_blocks() + 100;
    image.set_free_media_blocks(room).unwrap();
    assert_eq!(code(image.root().add_file("big", bytes(200 * 2048))), HResult::IMAGE_SIZE_LIMIT);
    assert_eq!(image.file_count(), 0);
    image.set_free_media_blocks(0).unwrap();
    image.root().add_file("big", bytes(200 * 2048)).unwrap();
    let result = image.create_result_image().unwrap();
    assert!(i32::try_from(result.total_blocks()).unwrap() <= image.used_blocks());
}

#[test]
fn point_05_volume_names_follow_at_once() {
    let image = fresh();
    image.set_volume_name("Test_FileSystem").unwrap();
    assert_eq!(image.volume_name_iso9660(), "TEST_FILESYSTEM");
    for name in [image.volume_name(), image.volume_name_udf(), image.volume_name_joliet()] {
        assert_eq!(name, "Test_FileSystem");
    }
}

#[test]
fn point_06_without_a_name_the_volume_is_named_by_the_date() {
    let image = fresh();
    let bytes = read(&image.create_result_image().unwrap());
    assert_eq!(&bytes[16 * 2048 + 40..][..32], b"20231114_221320                 ");
    assert_eq!(image.volume_name(), "");
}

#[test]
fn point_07_levels_and_revisions_outside_the_lists_are_refused() {
    let image = fresh();
    assert_eq!(code(image.set_iso9660_interchange_level(3)), HResult::INVALID_PARAM);
    for revision in [0x260, 0x123, 0, -1] {
        assert_eq!(code(image.set_udf_revision(revision)), HResult::INVALID_PARAM);
    }
    assert_eq!((image.iso9660_interchange_level(), image.udf_revision()), (1, 0x102));
}

#[test]
fn point_08_a_file_too_large_for_iso_is_found_when_the_result_is_created() {
    let dir = tempfile::tempdir().unwrap();
    let file = fs::File::create(dir.path().join("large")).unwrap();
    file.set_len(5 << 30).unwrap();
    let image = fresh();
    image.set_free_media_blocks(0).unwrap();
    image.root().add_tree(dir.path(), false).unwrap();
    let error = image.create_result_image().unwrap_err();
    assert_eq!(HResult(error.hresult()), HResult::DATA_TOO_BIG);
    assert!(error.to_string().contains("ISO9660/Joliet"), "{error}");
    let _ = image.set_file_systems_to_create(UDF).unwrap();
    let result = image.create_result_image().unwrap();
    assert!(result.total_blocks() > (5 << 30) / 2048);
}

#[test]
fn point_09_a_failing_add_tree_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let image = fresh();
    image.root().add_file("there", bytes(5)).unwrap();
    let before = |i: &FileSystemImage| {
        let names: Vec<_> = i.root().items().map(|c| c.full_path()).collect();
        (names, i.file_count(), i.directory_count(), i.change_point(), i.used_blocks())
    };
    let state = before(&image);
    // A name that the contract does not allow, deep inside and last in order.
    fs::write(dir.path().join("sub/deep/z:"), "x").unwrap();
    let error = image.root().add_tree(dir.path(), false).unwrap_err();
    assert_eq!(HResult(error.hresult()), HResult::INVALID_PATH);
    assert!(error.to_string().contains("z:"), "{error}");
    assert_eq!(before(&image), state);
    fs::remove_file(dir.path().join("sub/deep/z:")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("sub/dangling")).unwrap();
    assert_eq!(code(image.root().add_tree(dir.path(), false)), HResult::DATA_STREAM_CREATE_FAILURE);
    assert_eq!(before(&image), state);
    fs::remove_file(dir.path().join("sub/dangling")).unwrap();
    image.root().add_tree(dir.path(), false).unwrap();
    assert_eq!((image.file_count(), image.directory_count()), (4, 4));
    assert_eq!(image.change_point(), state.3 + 1);
}

#[test]
fn point_10_trees_merge_files_are_replaced_and_clashes_refused() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    sample(one.path());
    fs::create_dir_all(two.path().join("sub")).unwrap();
    fs::write(two.path().join("sub/b.bin"), content(7)).unwrap();
    fs::write(two.path().join("sub/new"), content(8)).unwrap();
    let image = fresh();
    image.root().add_tree(one.path(), false).unwrap();
    image.root().add_tree(two.path(), false).unwrap();
    assert_eq!((image.file_count(), image.directory_count()), (4, 4));
    assert_eq!(image.root().item("sub/b.bin").unwrap().as_file().unwrap().data_size(), 7);
    let clash = tempfile::tempdir().unwrap();
    fs::create_dir(clash.path().join("A.TXT")).unwrap();
    assert_eq!(code(image.root().add_tree(clash.path(), false)), HResult::DUP_NAME);
    fs::remove_dir(clash.path().join("A.TXT")).unwrap();
    fs::write(clash.path().join("Sub"), "x").unwrap();
    assert_eq!(code(image.root().add_tree(clash.path(), false)), HResult::DUP_NAME);
    assert_eq!((image.file_count(), image.directory_count()), (4, 4));
}

#[test]
fn point_11_removing() {
    let image = fresh();
    let root = image.root();
    root.add_directory("dir").unwrap();
    root.add_file("dir/file", bytes(3)).unwrap();
    assert_eq!(code(root.remove("dir")), HResult::DIR_NOT_EMPTY);
    assert_eq!(code(root.remove_tree("dir/file")), HResult::NOT_DIR);
    root.remove("dir/file").unwrap();
    root.remove("dir").unwrap();
    root.add_directory("dir").unwrap();
    root.add_file("file", bytes(3)).unwrap();
    root.remove_tree("\\").unwrap();
    assert_eq!((root.count(), image.file_count(), image.directory_count()), (0, 0, 1));
}

#[test]
fn point_12_a_detached_directory_takes_nothing() {
    let image = fresh();
    let dir = image.create_directory_item("dir").unwrap();
    let host = tempfile::tempdir().unwrap();
    let detached = HResult::NOT_IN_FILE_SYSTEM;
    assert_eq!(code(dir.add_directory("a")), detached);
    assert_eq!(code(dir.add_file("a", bytes(1))), detached);
    assert_eq!(code(dir.add_tree(host.path(), false)), detached);
    assert_eq!(code(dir.add_tree_with_named_streams(host.path(), false)), detached);
    assert_eq!(code(dir.add(&image.create_directory_item("b").unwrap())), detached);
    assert_eq!(code(dir.remove("a")), detached);
    assert_eq!(code(dir.remove_tree("a")), detached);
    image.root().add(&dir).unwrap();
    dir.add_directory("a").unwrap();
    image.root().remove_tree("dir").unwrap();
    assert_eq!(code(dir.add_directory("b")), detached);
}

#[test]
fn point_13_a_living_result_makes_the_image_read_only() {
    let image = fresh();
    let root = image.root();
    root.add_file("file", bytes(3)).unwrap();
    root.add_directory("dir").unwrap();
    let file = root.item("file").unwrap().as_file().unwrap();
    let host = tempfile::tempdir().unwrap();
    let refused = || {
        let all = [
            code(root.add_directory("x")),
            code(root.add_file("x", bytes(1))),
            code(root.add_tree(host.path(), false)),
            code(root.add_tree_with_named_streams(host.path(), false)),
            code(root.add(&image.create_directory_item("x").unwrap())),
            code(root.remove("file")),
            code(root.remove_tree("dir")),
            code(file.set_hidden(true)),
            code(file.set_creation_time(Some(NOW))),
            code(file.set_last_accessed_time(Some(NOW))),
            code(file.set_last_modified_time(Some(NOW))),
            code(file.add_stream("s", bytes(1))),
            code(file.remove_stream("s")),
            code(image.set_volume_name("X")),
            code(image.set_udf_revision(0x150)),
            code(image.set_working_directory("/")),
            code(image.set_file_systems_to_create(UDF)),
        ];
        assert!(all.iter().all(|c| *c == HResult::READONLY), "{all:?}");
        let _ = file.set_real_time(true).unwrap();
    };
    let result = image.create_result_image().unwrap();
    refused();
    let stream = result.image_stream();
    drop(result);
    refused();
    // A second result of the same tree (contract 21).
    let second = image.create_result_image().unwrap();
    assert_eq!(u64::from(second.total_blocks()) * 2048, stream.size());
    drop(stream);
    refused();
    drop(second);
    root.add_directory("x").unwrap();
    file.set_hidden(true).unwrap();
    root.remove("file").unwrap();
}

#[test]
fn point_14_rollback_and_lock() {
    let image = fresh();
    let root = image.root();
    root.add_directory("one").unwrap();
    let point = image.change_point();
    root.add_file("one/file", bytes(5_000)).unwrap();
    root.remove_tree("one").unwrap();
    root.add_directory("two").unwrap();
    assert_eq!(image.change_point(), point + 3);
    image.rollback_to_change_point(point).unwrap();
    assert_eq!(image.change_point(), point);
    assert_eq!((image.file_count(), image.directory_count()), (0, 2));
    assert_eq!(image.exists("\\one").unwrap(), ItemType::Directory);
    assert_eq!(image.exists("\\two").unwrap(), ItemType::NotFound);
    root.add_directory("three").unwrap();
    let locked = image.change_point();
    image.lock_in_change_point().unwrap();
    assert_eq!(image.change_point(), locked);
    assert_eq!(code(image.rollback_to_change_point(point)), HResult::INVALID_PARAM);
    assert_eq!(code(image.rollback_to_change_point(locked + 1)), HResult::INVALID_PARAM);
    assert_eq!(code(image.rollback_to_change_point(-1)), HResult::INVALID_PARAM);
    root.add_directory("four").unwrap();
    image.rollback_to_change_point(locked).unwrap();
    assert_eq!(image.exists("\\three").unwrap(), ItemType::Directory);
}

#[test]
fn point_15_exists() {
    let image = fresh();
    image.root().add_directory("dir").unwrap();
    image.root().add_file("dir/file", bytes(1)).unwrap();
    for (path, found) in [
        ("\\", ItemType::Directory),
        ("\\dir", ItemType::Directory),
        ("/DIR/File", ItemType::File),
        ("\\dir\\none", ItemType::NotFound),
    ] {
        assert_eq!(image.exists(path).unwrap(), found, "{path}");
    }
    assert_eq!(code(image.exists("dir")), HResult::INVALID_PATH);
    assert_eq!(code(image.exists("")), HResult::INVALID_PATH);
    assert_eq!(code(image.exists("\\none\\file")), HResult::DIR_NOT_FOUND);
}

#[test]
fn point_16_the_restricted_set_is_for_new_names() {
    let image = fresh();
    let root = image.root();
    root.add_file("\u{e9}", bytes(1)).unwrap();
    image.set_use_restricted_character_set(true).unwrap();
    let refused = HResult::RESTRICTED_NAME_VIOLATION;
    assert_eq!(code(root.add_file("caf\u{e9}", bytes(1))), refused);
    assert_eq!(code(root.add_directory("caf\u{e9}")), refused);
    assert_eq!(code(image.create_file_item("\u{e9}")), refused);
    assert_eq!(code(image.create_directory_item("\u{e9}")), refused);
    root.add_directory("plain").unwrap();
    assert_eq!(image.exists("\\\u{e9}").unwrap(), ItemType::File);
}

#[test]
fn point_17_update_events_come_after_every_megabyte() {
    for stage in [false, true] {
        let image = fresh();
        image.set_stage_files(stage);
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        image.on_update(move |event| {
            // A sink may read the image.
            assert_eq!(event.image.file_count(), 0);
            let row = (event.current_file.clone(), event.copied_sectors, event.total_sectors);
            sink.lock().unwrap().push(row);
            ControlFlow::Continue(())
        });
        image.root().add_directory("d").unwrap();
        image.root().add_file("d\\f", bytes(3 * 1024 * 1024 + 1)).unwrap();
        let expected: Vec<_> =
            [0, 512, 1024, 1536, 1537].iter().map(|n| ("\\d\\f".to_owned(), *n, 1537)).collect();
        assert_eq!(*told.lock().unwrap(), expected);
    }
}

#[test]
fn point_18_import_events_announce_directories() {
    for (kind, total) in [(UDF, Some(3)), (JOLIET, None), (ISO, None)] {
        let image = with_disc(sequential(first_session(ISO | JOLIET | UDF)));
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        image.on_update_import(move |event| {
            sink.lock().unwrap().push(event.clone());
            ControlFlow::Continue(())
        });
        image.import_specific_file_system(kind).unwrap();
        let told = told.lock().unwrap();
        let at = |name: &str| {
            told.iter().position(|e| e.item.eq_ignore_ascii_case(name)).unwrap_or_else(|| panic!("{name}"))
        };
        assert_eq!(told[0].item, "\\");
        assert!(at("\\sub\\") < at("\\sub\\b.bin") && at("\\sub\\deep\\") < at("\\sub\\deep\\c"));
        assert_eq!(told.len(), 7);
        let last = told.last().unwrap();
        assert_eq!((last.directories, last.files), (4, 3));
        assert!(told.iter().all(|e| e.total_files == total), "{told:?}");
    }
}

#[test]
fn point_19_streams_wait_for_a_revision_that_has_them() {
    let image = fresh();
    image.root().add_file("file", bytes(3)).unwrap();
    let file = image.root().item("file").unwrap().as_file().unwrap();
    let outcome = file.add_stream("side", bytes(5_000)).unwrap();
    assert_eq!((outcome, outcome.hresult()), (Outcome::Stored, HResult(0x00AA_B15F)));
    assert_eq!(file.named_streams().unwrap().count(), 1);
    let streams = |image: &FileSystemImage| {
        let bytes = read(&image.create_result_image().unwrap());
        let source: Arc<dyn BlockSource> = Arc::new(bytes.clone());
        let volume = open(&source, Some(VolumeKind::Udf)).unwrap();
        let mut found = Vec::new();
        volume
            .read_dir(&volume.root().unwrap(), &mut |entry| {
                for stream in volume.streams(&entry).unwrap() {
                    found.push((stream.name.clone(), entry_bytes(&stream, &bytes)));
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        found
    };
    assert!(streams(&image).is_empty());
    image.set_udf_revision(0x200).unwrap();
    let found = streams(&image);
    assert!(found == [(b"side".to_vec(), content(5_000))], "{} streams", found.len());
    assert_eq!(file.add_stream("more", bytes(1)).unwrap(), Outcome::Done);
}

#[test]
fn point_20_streams_have_no_streams() {
    let image = fresh();
    image.root().add_file("file", bytes(3)).unwrap();
    let file = image.root().item("file").unwrap().as_file().unwrap();
    let _ = file.add_stream("side", bytes(5)).unwrap();
    let stream = file.named_streams().unwrap().item(0).unwrap();
    assert!(stream.is_named_stream() && !file.is_named_stream());
    assert_eq!(stream.full_path(), "\\file:side");
    let refused = HResult::PROPERTY_NOT_ACCESSIBLE;
    assert_eq!(code(stream.named_streams()), refused);
    assert_eq!(code(stream.is_real_time()), refused);
    assert_eq!(code(stream.set_real_time(true)), refused);
    assert_eq!(code(stream.add_stream("x", bytes(1))), refused);
    assert_eq!(code(file.named_streams().unwrap().item(1)), HResult::INVALID_PARAM);
    assert_eq!(code(file.named_streams().unwrap().item(-1)), HResult::INVALID_PARAM);
}

#[test]
fn point_21_an_image_of_a_floppy_disk_sets_its_emulation() {
    let options = BootOptions::new();
    options.assign_boot_image(bytes(1_474_560)).unwrap();
    assert_eq!(options.emulation(), Emulation::FLOPPY_1_44);
    options.set_emulation(Emulation::NONE).unwrap();
    assert_eq!(options.emulation(), Emulation::NONE);
    assert_eq!(
        code(options.set_emulation(Emulation::FLOPPY_1_2)),
        HResult::BOOT_EMULATION_IMAGE_SIZE_MISMATCH
    );
    assert_eq!(options.emulation(), Emulation::NONE);
}

fn boot(len: usize) -> BootOptions {
    let options = BootOptions::new();
    options.assign_boot_image(bytes(len)).unwrap();
    options
}

/// The sector of the boot catalog, by El Torito figure 7; `None` for an image that is not bootable.
fn boot_catalog(image: &[u8]) -> Option<&[u8]> {
    let record = &image[17 * 2048..][..2048];
    if !record.starts_with(b"\0CD001\x01EL TORITO SPECIFICATION") {
        return None;
    }
    let lba = u32::from_le_bytes(record[0x47..0x4B].try_into().unwrap());
    Some(&image[lba as usize * 2048..][..2048])
}

#[test]
fn point_22_one_boot_object_is_copied_and_an_array_is_not() {
    let image = fresh();
    let options = boot(2048);
    image.set_boot_image_options(Some(&options)).unwrap();
    options.set_platform_id(Platform::EFI);
    assert_eq!(image.boot_image_options().unwrap().platform_id(), Platform::X86);
    let bytes = read(&image.create_result_image().unwrap());
    assert_eq!(boot_catalog(&bytes).unwrap()[1], 0);
    image.set_boot_image_options_array(std::slice::from_ref(&options)).unwrap();
    options.set_platform_id(Platform::POWER_PC);
    assert_eq!(image.boot_image_options().unwrap().platform_id(), Platform::POWER_PC);
    let bytes = read(&image.create_result_image().unwrap());
    assert_eq!(boot_catalog(&bytes).unwrap()[1], 1);
    image.set_boot_image_options(Some(&options)).unwrap();
    assert_eq!(image.boot_image_options_array().len(), 1);
    image.set_boot_image_options(None).unwrap();
    assert!(image.boot_image_options_array().is_empty());
}

#[test]
fn point_23_a_catalog_has_32_entries() {
    let image = fresh();
    let many: Vec<_> = (0..33).map(|_| boot(2048)).collect();
    image.set_boot_image_options_array(&many[..32]).unwrap();
    let bytes = read(&image.create_result_image().unwrap());
    let catalog = boot_catalog(&bytes).unwrap();
    let entries = catalog.chunks(32).filter(|record| record[0] == 0x88).count();
    assert_eq!(entries, 32);
    assert_eq!(code(image.set_boot_image_options_array(&many)), HResult::INVALID_PARAM);
    assert_eq!(image.boot_image_options_array().len(), 32);
    image.set_boot_image_options_array(&[]).unwrap();
    assert_eq!(boot_catalog(&read(&image.create_result_image().unwrap())), None);
}

#[test]
fn point_24_modified_blocks() {
    let image = fresh();
    assert_eq!(code(image.create_result_image().unwrap().modified_blocks()), HResult::NOT_IMPLEMENTED);
    let grown = with_disc(sequential(first_session(UDF)));
    grown.import_file_system().unwrap();
    assert_eq!(code(grown.create_result_image().unwrap().modified_blocks()), HResult::NOT_IMPLEMENTED);
    let first = first_session(UDF);
    let image = with_disc(rewritable(first.clone()));
    image.import_file_system().unwrap();
    image.root().add_file("new", bytes(5_000)).unwrap();
    let start = u32::try_from(image.session_start_block()).unwrap();
    assert!(start as usize >= first.len() / 2048 && start.is_multiple_of(16));
    let result = image.create_result_image().unwrap();
    let list = result.modified_blocks().unwrap().0;
    assert_eq!(list[0].first(), start);
    let last = list.last().unwrap();
    assert!((last.first()..=last.last()).contains(&256));
    for range in &list {
        assert!(range.first().is_multiple_of(16) && range.blocks().is_multiple_of(16), "{range:?}");
    }
    // Nothing else differs from what is on the disc, and with the ranges written the disc is the result.
    let all = read(&result);
    let mut disc = first;
    disc.resize(all.len(), 0);
    for range in &list {
        let bytes = range.first() as usize * 2048..(range.last() as usize + 1) * 2048;
        disc[bytes.clone()].copy_from_slice(&all[bytes]);
    }
    assert!(disc == all);
    assert_eq!(result.image_stream().modified_blocks().unwrap().0, list);
    let items = result.progress_items();
    let ends = items.enumerate().fold(0, |next, item| {
        assert_eq!(item.first, next, "{item:?}");
        item.last + 1
    });
    assert_eq!((ends, image.root().count()), (result.total_blocks(), 4));
    assert!(items.from_description("\\new").unwrap().first >= start);
    let names: Vec<_> = listing(&all, VolumeKind::Udf).into_iter().map(|(path, _)| path).collect();
    assert!(names.contains(&"/new".to_owned()) && names.contains(&"/sub/deep/c".to_owned()), "{names:?}");
}

#[test]
fn point_25_without_an_import_the_disc_identifier_is_zeros() {
    let image = fresh();
    image.set_volume_name("NAME").unwrap();
    assert_eq!(image.create_result_image().unwrap().disc_id(), "0000000000000000");
}

#[test]
fn point_26_progress_items_cover_every_block() {
    for file_systems in [ISO | JOLIET | UDF, UDF, ISO] {
        let dir = tempfile::tempdir().unwrap();
        sample(dir.path());
        let image = fresh();
        let _ = image.set_file_systems_to_create(file_systems).unwrap();
        image.root().add_tree(dir.path(), false).unwrap();
        let result = image.create_result_image().unwrap();
        let items = result.progress_items();
        let mut next = 0;
        for n in 0..items.count() {
            let item = items.item(n).unwrap();
            assert_eq!(item.first, next);
            assert_eq!(item.last + 1, item.first + item.block_count());
            assert_eq!(items.from_block(item.last).unwrap(), item);
            next = item.last + 1;
        }
        assert_eq!(next, result.total_blocks());
        let item = items.from_description("\\sub\\b.bin").unwrap();
        assert_eq!(item.block_count(), 49);
        assert!(read(&result)[item.first as usize * 2048..][..100_000] == content(100_000));
        assert_eq!(code(items.item(items.count())), HResult::INVALID_ARGUMENT);
    }
}

#[test]
fn point_27_other_readers_agree() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let image = fresh();
    image.root().add_tree(dir.path(), false).unwrap();
    let set = [boot(2048), boot(512)];
    set[1].set_platform_id(Platform::EFI);
    image.set_boot_image_options_array(&set).unwrap();
    let result = image.create_result_image().unwrap();
    let bytes = read(&result);
    let udf = listing(&bytes, VolumeKind::Udf);
    assert_eq!(udf.len(), 6);
    assert!(listing(&bytes, VolumeKind::Joliet) == udf);
    let upper: Vec<_> = udf.iter().map(|(path, data)| (path.to_uppercase(), data.clone())).collect();
    assert!(listing(&bytes, VolumeKind::Iso9660) == upper);
    // Tag identifier 2 and location (ECMA-167 3/10.2).
    for sector in [256, bytes.len() / 2048 - 1] {
        let tag = &bytes[sector * 2048..][..16];
        assert_eq!((tag[0], tag[1]), (2, 0));
        assert_eq!(u32::from_le_bytes(tag[12..].try_into().unwrap()) as usize, sector);
        let sum = tag.iter().enumerate().filter(|(n, _)| *n != 4).fold(0u8, |s, (_, b)| s.wrapping_add(*b));
        assert_eq!(sum, tag[4]);
    }
    let catalog = boot_catalog(&bytes).unwrap();
    let words = catalog[..32].chunks(2).map(|w| u16::from_le_bytes([w[0], w[1]]));
    assert_eq!(words.fold(0, u16::wrapping_add), 0);
    let path = dir.path().join("image.iso");
    fs::write(&path, &bytes).unwrap();
    for kind in ["Iso", "Udf"] {
        witness::seven_zip(&path, Some(kind)).unwrap();
    }
    if let Some(trees) = witness::pycdlib(&path).unwrap() {
        assert!(!trees.is_empty());
    }
}

#[test]
fn point_28_the_image_manager() {
    let mut manager = IsoImageManager::new();
    assert_eq!(code(manager.validate()), HResult::IMAGEMANAGER_NO_IMAGE);
    manager.set_stream(DataStream::from_bytes(vec![0; 2048 * 400 + 1]));
    assert_eq!(code(manager.validate()), HResult::IMAGEMANAGER_IMAGE_NOT_ALIGNED);
    manager.set_stream(DataStream::from_bytes(vec![0; 2048 * 400]));
    assert_eq!(code(manager.validate()), HResult::IMAGEMANAGER_NO_VALID_VD_FOUND);
    let dir = tempfile::tempdir().unwrap();
    for (n, file_systems) in [ISO | JOLIET | UDF, UDF, ISO, ISO | JOLIET].into_iter().enumerate() {
        let image = fresh();
        let _ = image.set_file_systems_to_create(file_systems).unwrap();
        let result = image.create_result_image().unwrap();
        manager.set_stream(DataStream::new(result.image_stream()));
        manager.validate().unwrap();
        let path = dir.path().join(n.to_string());
        fs::write(&path, read(&result)).unwrap();
        manager.set_path(&path).unwrap();
        assert_eq!(manager.path(), path);
        manager.validate().unwrap();
    }
    assert_eq!(code(manager.set_path(Path::new(""))), HResult::INVALID_PATH);
}

#[test]
fn point_29_a_second_session_refers_to_the_first() {
    for file_systems in [UDF, ISO | JOLIET, ISO | JOLIET | UDF] {
        let first = first_session(file_systems);
        let image = with_disc(sequential(first.clone()));
        image.root().add_file("sub2", bytes(3_000)).unwrap();
        let imported = image.import_file_system().unwrap();
        assert_eq!(imported, if file_systems.contains(UDF) { UDF } else { JOLIET });
        assert_eq!(image.imported_volume_name().as_deref(), Some("FIRST"));
        assert_eq!((image.volume_name().as_str(), image.file_systems_to_create()), ("", file_systems));
        let start = first.len() / 2048 + 160;
        assert_eq!(usize::try_from(image.session_start_block()).unwrap(), start);
        image.root().remove("a.txt").unwrap();
        let result = image.create_result_image().unwrap();
        assert_ne!(result.disc_id(), "0000000000000000");
        assert_eq!(result.disc_id(), image.calculate_disc_identifier().unwrap());
        // The old file of 100,000 bytes is not in the new session, but found through it.
        let session = read(&result);
        assert!(session.len() < 400 * 2048 + 100_000, "{}", session.len());
        let mut disc = first.clone();
        disc.resize(start * 2048, 0);
        disc.extend_from_slice(&session);
        let source: Arc<dyn BlockSource> = Arc::new(disc.clone());
        let kind = if file_systems.contains(UDF) { VolumeKind::Udf } else { VolumeKind::Joliet };
        let volume = open_session(&source, start as u32, Some(kind)).unwrap();
        let found = volume_listing(volume.as_ref(), &disc);
        let names: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["/empty", "/sub", "/sub/b.bin", "/sub/deep", "/sub/deep/c", "/sub2"]);
        assert!(found[2].1.as_deref() == Some(&content(100_000)[..]));
        assert!(found[5].1.as_deref() == Some(&content(3_000)[..]));
    }
    let image = with_disc(sequential(first_session(UDF)));
    image.set_boot_image_options(Some(&boot(2048))).unwrap();
    assert_eq!(code(image.import_file_system()), HResult::BOOT_OBJECT_CONFLICT);
    image.set_boot_image_options(None).unwrap();
    image.import_file_system().unwrap();
    assert_eq!(code(image.set_boot_image_options(Some(&boot(2048)))), HResult::BOOT_OBJECT_CONFLICT);
    assert_eq!(code(image.set_boot_image_options_array(&[boot(2048)])), HResult::BOOT_OBJECT_CONFLICT);
}

/// What a script shows its user: the text with the inserts of the code filled in.
#[test]
fn point_30_texts_have_their_inserts() {
    let image = fresh();
    let root = image.root();
    root.add_directory("dir").unwrap();
    root.add_file("dir/file", bytes(1)).unwrap();
    let detached = image.create_directory_item("loose").unwrap();
    let told = [
        (root.remove("dir"), "\\dir"),
        (root.remove_tree("dir/file"), "\\dir\\file"),
        (root.add_directory("dir"), "dir"),
        (root.add_directory("a:b"), "a:b"),
        (root.item("none").map(drop), "none"),
        (root.add_file("none/file", bytes(1)), "none"),
        (detached.add_directory("x"), "loose"),
        (image.exists("relative").map(drop), "relative"),
        (image.set_udf_revision(1), "'newVal'"),
        (image.set_working_directory("/nonexistent/dir"), "/nonexistent/dir"),
        (root.add_file("short", lying(10, 3)).and_then(|()| read_all(&image)), "10 bytes and has 3"),
    ];
    for (result, insert) in told {
        let text = result.unwrap_err().to_string();
        assert!(text.contains(insert) && !text.contains('%'), "{text}");
    }
}

fn read_all(image: &FileSystemImage) -> Result<(), glassmaster::imapi2fs::Error> {
    let result = image.create_result_image()?;
    let mut all = Vec::new();
    let mut stream = result.image_stream();
    stream.rewind().unwrap();
    stream.read_to_end(&mut all).map(drop).map_err(|e| e.downcast().unwrap())
}
