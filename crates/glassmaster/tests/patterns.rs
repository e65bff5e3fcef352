//! What programs written for the original do with these objects (contract section 21).

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod imaging;

use std::fs;
use std::io::{Cursor, Read};

use glassmaster::disc::{HResult, MediaType};
use glassmaster::imapi2fs::el_torito::{Emulation, Platform};
use glassmaster::imapi2fs::{BootOptions, DataStream, FileSystemImage, VolumeKind};
use imaging::*;

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    dir
}

#[test]
fn options_come_in_any_order() {
    let dir = folder();
    type Put<'a> = &'a dyn Fn(&FileSystemImage);
    for revision in [0x102, 0x201, 0x250] {
        let puts: [Put<'_>; 5] = [
            &|image| assert!(image.set_file_systems_to_create(UDF).is_ok()),
            &|image| image.set_udf_revision(revision).unwrap(),
            &|image| image.set_free_media_blocks(0).unwrap(),
            &|image| image.set_volume_name("DATA").unwrap(),
            &|image| image.root().add_tree(dir.path(), false).unwrap(),
        ];
        let made = |order: [usize; 5]| {
            let image = fresh();
            order.iter().for_each(|n| puts[*n](&image));
            read(&image.create_result_image().unwrap())
        };
        let first = made([0, 1, 2, 3, 4]);
        assert_eq!(listing(&first, VolumeKind::Udf).len(), 6);
        for order in [[4, 3, 2, 1, 0], [1, 0, 4, 2, 3], [3, 4, 0, 2, 1]] {
            // Reading the sources changes their access times, which are recorded; all else is the same.
            let other = made(order);
            assert_eq!(other.len(), first.len());
            assert!(listing(&other, VolumeKind::Udf) == listing(&first, VolumeKind::Udf), "{order:?}");
            assert!(other[257 * 2048..][..512] == first[257 * 2048..][..512], "{revision:x} {order:?}");
        }
    }
}

#[test]
fn what_is_put_after_the_defaults_of_a_medium_wins() {
    for (media, blocks) in
        [(MediaType::DISK, 0), (MediaType::DVD_PLUS_RW_DL, 4_173_824), (MediaType::BD_R, 12_219_392)]
    {
        let image = fresh();
        image.set_volume_name("BEFORE").unwrap();
        image.choose_image_defaults_for_media_type(media).unwrap();
        assert_eq!((image.file_systems_to_create(), image.free_media_blocks()), (UDF, blocks));
        let _ = image.set_file_systems_to_create(ISO | JOLIET).unwrap();
        assert_eq!(image.file_systems_to_create(), ISO | JOLIET);
        assert_eq!((image.volume_name().as_str(), image.free_media_blocks()), ("BEFORE", blocks));
        let bytes = read(&image.create_result_image().unwrap());
        assert_eq!(&bytes[16 * 2048 + 40..][..6], b"BEFORE");
    }
}

#[test]
fn a_bridge_with_the_latest_revision() {
    let dir = folder();
    let image = fresh();
    let _ = image.set_file_systems_to_create(ISO | JOLIET | UDF).unwrap();
    image.set_udf_revision(0x250).unwrap();
    image.root().add_tree(dir.path(), false).unwrap();
    let bytes = read(&image.create_result_image().unwrap());
    assert!(listing(&bytes, VolumeKind::Udf) == listing(&bytes, VolumeKind::Joliet));
}

#[test]
fn three_ways_to_read_give_the_same_bytes() {
    let dir = folder();
    let image = fresh();
    image.root().add_tree(dir.path(), false).unwrap();
    let result = image.create_result_image().unwrap();
    let all = read(&result);
    let total = usize::try_from(result.total_blocks()).unwrap() * result.block_size();
    assert_eq!(all.len(), total);
    let mut one = vec![0; total];
    let second = image.create_result_image().unwrap();
    second.image_stream().read_exact(&mut one).unwrap();
    assert!(one == all);
    let third = image.create_result_image().unwrap();
    let mut copied = Vec::new();
    assert_eq!(third.image_stream().copy_to(&mut copied, total as u64).unwrap(), total as u64);
    assert!(copied == all);
}

#[test]
fn a_stream_that_is_released_after_the_call_is_kept() {
    let image = fresh();
    {
        // Nothing but reading, seeking and the length; left at some position by the caller.
        let mut stream = Lying { says: 10_000, there: Cursor::new(content(10_000)) };
        stream.read_exact(&mut [0; 77]).unwrap();
        image.root().add_file("file", DataStream::new(stream)).unwrap();
    }
    let bytes = read(&image.create_result_image().unwrap());
    assert!(listing(&bytes, VolumeKind::Udf) == [("/file".to_owned(), Some(content(10_000)))]);
}

#[test]
fn directories_are_added_level_by_level_without_looking() {
    let image = fresh();
    for path in ["a/b/c", "a/b/d"] {
        for (end, _) in path.match_indices('/').chain([(path.len(), "")]) {
            if let Err(error) = image.root().add_directory(&path[..end]) {
                assert_eq!(HResult(error.hresult()), HResult::DUP_NAME);
            }
        }
    }
    assert_eq!((image.directory_count(), image.change_point()), (5, 4));
}

#[test]
fn a_file_is_replaced_by_removing_and_adding() {
    let image = fresh();
    let root = image.root();
    root.add_file("file", bytes(10)).unwrap();
    assert_eq!(code(root.add_file("file", bytes(20))), HResult::DUP_NAME);
    root.remove("file").unwrap();
    root.add_file("file", bytes(20)).unwrap();
    assert_eq!(root.item("file").unwrap().as_file().unwrap().data_size(), 20);
}

#[test]
fn a_tree_may_be_a_single_file() {
    let dir = folder();
    for base in [false, true] {
        let image = fresh();
        image.root().add_tree(dir.path().join("sub/b.bin"), base).unwrap();
        assert_eq!((image.file_count(), image.directory_count()), (1, 1));
        assert_eq!(image.root().item("b.bin").unwrap().as_file().unwrap().data_size(), 100_000);
    }
}

#[test]
fn boot_options_are_filled_in_any_order() {
    let floppy = || bytes(1_474_560);
    let one = BootOptions::new();
    one.set_manufacturer("Somebody").unwrap();
    one.set_platform_id(Platform::EFI);
    one.assign_boot_image(floppy()).unwrap();
    one.set_emulation(Emulation::NONE).unwrap();
    let other = BootOptions::new();
    other.set_emulation(Emulation::NONE).unwrap();
    other.assign_boot_image(floppy()).unwrap();
    other.set_platform_id(Platform::EFI);
    other.set_manufacturer("Somebody").unwrap();
    assert_eq!((one.emulation(), other.emulation()), (Emulation::NONE, Emulation::FLOPPY_1_44));
    for options in [one, other] {
        assert_eq!((options.manufacturer().as_str(), options.image_size()), ("Somebody", 1_474_560));
        assert_eq!(options.platform_id(), Platform::EFI);
    }
}

#[test]
fn bios_comes_first_and_uefi_second() {
    let entry = |platform, len| {
        let options = BootOptions::new();
        options.assign_boot_image(bytes(len)).unwrap();
        options.set_platform_id(platform);
        options
    };
    for file_systems in [ISO | JOLIET | UDF, UDF] {
        let image = fresh();
        let _ = image.set_file_systems_to_create(file_systems).unwrap();
        image
            .set_boot_image_options_array(&[entry(Platform::X86, 2048), entry(Platform::EFI, 4096)])
            .unwrap();
        let disc = read(&image.create_result_image().unwrap());
        let at = u32::from_le_bytes(disc[17 * 2048 + 0x47..][..4].try_into().unwrap());
        let catalog = &disc[usize::try_from(at).unwrap() * 2048..][..128];
        // Platform of the validation entry, then of the section header (El Torito figures 2 and 4).
        assert_eq!((catalog[1], catalog[32], catalog[64], catalog[65]), (0, 0x88, 0x91, 0xEF));
    }
}

#[test]
fn without_staging_the_working_directory_is_not_needed() {
    let dir = folder();
    let work = tempfile::tempdir().unwrap();
    let image = fresh();
    image.set_working_directory(work.path()).unwrap();
    image.root().add_tree(dir.path(), false).unwrap();
    assert_eq!(fs::read_dir(work.path()).unwrap().count(), 0);
    work.close().unwrap();
    read(&image.create_result_image().unwrap());
    assert!(image.working_directory().to_string_lossy().ends_with('/'));
}

#[test]
fn with_staging_the_sources_are_not_needed() {
    let dir = folder();
    let image = fresh();
    image.set_stage_files(true);
    image.root().add_tree(dir.path(), false).unwrap();
    let staged = read(&image.create_result_image().unwrap());
    dir.close().unwrap();
    assert!(read(&image.create_result_image().unwrap()) == staged);
}

#[test]
fn the_root_is_gone_through_and_every_file_read() {
    let dir = folder();
    let image = fresh();
    image.root().add_tree(dir.path(), false).unwrap();
    let mut seen = Vec::new();
    for item in image.root().items() {
        match (item.as_file(), item.as_directory()) {
            (Some(file), None) => {
                let mut all = Vec::new();
                file.data().unwrap().read_to_end(&mut all).unwrap();
                assert_eq!(all, content(10));
                seen.push(file.full_path());
            }
            (None, Some(directory)) => seen.push(format!("{}\\", directory.full_path())),
            _ => panic!("neither or both"),
        }
    }
    assert_eq!(seen, ["\\a.txt", "\\empty\\", "\\sub\\"]);
}
