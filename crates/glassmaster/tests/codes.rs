//! Every result code of the file-system half (contract section 5) that can come about, raised through the public objects
//! and named by its number. Codes of conformance points are raised there as well; here each has its line.
//!
//! Without a line: the four that `glassmaster::imapi2fs::message_form` says do not come about, and those of a host that fails
//! under the stash file (`IMAPI_E_STASHFILE_WRITE_FAILURE`, `..._READ_FAILURE`, `..._MOVE`,
//! `IMAPI_E_WORKING_DIRECTORY_SPACE`), which are raised in `crates/fsimage/tests/stash_codes.rs`.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod imaging;

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use glassmaster::disc::{BlockSource, MediaType, Multisession, SessionAddresses};
use glassmaster::imapi2fs::el_torito::Emulation;
use glassmaster::imapi2fs::{
    BootOptions, DataStream, FileSystemImage, FileSystems, IsoImageManager, Outcome, Surroundings,
};
use glassmaster::tree::Timestamp;
use glassmaster_testkit::witness::Witness;
use imaging::*;

/// The number of what failed.
fn number<T>(result: Result<T, glassmaster::imapi2fs::Error>) -> u32 {
    code(result).0
}

fn with_file() -> FileSystemImage {
    let image = fresh();
    image.root().add_directory("dir").unwrap();
    image.root().add_file("dir/file", bytes(3)).unwrap();
    image
}

struct Unreadable;

impl Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("scratched"))
    }
}

impl Seek for Unreadable {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        Ok(if matches!(to, SeekFrom::End(_)) { 100 } else { 0 })
    }
}

#[test]
fn codes_of_the_tree() {
    let image = with_file();
    let root = image.root();
    assert_eq!(number(image.set_udf_revision(0x123)), 0xC0AA_B101);
    assert_eq!(number(root.remove_tree("dir/file")), 0xC0AA_B109);
    assert_eq!(number(root.add_file("dir/file/below", bytes(1))), 0xC0AA_B109);
    assert_eq!(number(root.remove("dir")), 0xC0AA_B10A);
    assert_eq!(number(image.create_directory_item("d").unwrap().add_directory("x")), 0xC0AA_B10B);
    for path in ["", "a//b", "a/../b", "a*", "a.", "nul\u{1}"] {
        assert_eq!(number(root.add_directory(path)), 0xC0AA_B110, "{path:?}");
    }
    assert_eq!(number(root.add_directory("DIR")), 0xC0AA_B112);
    assert_eq!(number(root.item("none")), 0xC0AA_B118);
    assert_eq!(number(root.remove("none")), 0xC0AA_B118);
    let file = root.item("dir/file").unwrap().as_file().unwrap();
    assert_eq!(number(file.remove_stream("none")), 0xC0AA_B119);
    assert_eq!(number(image.exists("\\none\\file")), 0xC0AA_B11A);
    assert_eq!(number(root.add_directory("none/below")), 0xC0AA_B11A);
    image.set_use_restricted_character_set(true).unwrap();
    assert_eq!(number(root.add_directory("\u{fc}")), 0xC0AA_B111);
    let result = image.create_result_image().unwrap();
    assert_eq!(number(root.add_directory("x")), 0xC0AA_B102);
    drop(result);
    assert_eq!(number(file.set_data(bytes(1))), 0xC0AA_B102);
}

#[test]
fn codes_of_options() {
    let image = with_file();
    assert_eq!(number(image.set_volume_name("a/b")), 0xC0AA_B104);
    assert_eq!(number(image.set_volume_name(&"x".repeat(33))), 0xC0AA_B104);
    assert_eq!(number(image.set_strict_file_system_compliance(true)), 0xC0AA_B106);
    assert_eq!(number(image.set_free_media_blocks(1)), 0xC0AA_B121);
    assert_eq!(number(image.set_file_systems_to_create(FileSystems::from_bits_retain(8))), 0xC0AA_B101);
    assert_eq!(number(image.choose_image_defaults_for_media_type(MediaType::DVD_ROM)), 0xC0AA_B101);
    assert_eq!(number(image.choose_image_defaults(MediaType::DVD_ROM, 1000)), 0xC0AA_0203);
    let _ = image.set_file_systems_to_create(FileSystems::empty()).unwrap();
    assert_eq!(number(image.create_result_image()), 0xC0AA_B103);
    let _ = image.set_file_systems_to_create(UDF).unwrap();
    let outcome = image.set_create_redundant_udf_metadata_files(false).unwrap();
    assert_eq!((outcome, outcome.hresult().0), (Outcome::Stored, 0x00AA_B15F));
    let strict = fresh();
    strict.set_strict_file_system_compliance(true).unwrap();
    let item = strict.create_directory_item("late").unwrap();
    item.set_creation_time(Some(NOW)).unwrap();
    item.set_last_modified_time(Some(Timestamp { secs: NOW.secs - 1, nanos: 0 })).unwrap();
    assert_eq!(number(strict.root().add(&item)), 0xC0AA_B105);
}

#[test]
fn codes_of_sizes_and_counts() {
    let image = with_file();
    image.set_free_media_blocks(image.used_blocks() + 10).unwrap();
    assert_eq!(number(image.root().add_file("big", bytes(1 << 20))), 0xC0AA_B120);
    let strict = fresh();
    strict.set_strict_file_system_compliance(true).unwrap();
    let deep: Vec<String> =
        (1..=8).map(|n| (1..=n).map(|k| format!("d{k}")).collect::<Vec<_>>().join("/")).collect();
    for path in &deep[..7] {
        strict.root().add_directory(path).unwrap();
    }
    assert_eq!(number(strict.root().add_directory(&deep[7])), 0xC0AA_B131);
    let dir = tempfile::tempdir().unwrap();
    fs::File::create(dir.path().join("large")).unwrap().set_len(5 << 30).unwrap();
    let large = fresh();
    large.set_free_media_blocks(0).unwrap();
    large.root().add_tree(dir.path(), false).unwrap();
    assert_eq!(number(large.create_result_image()), 0xC0AA_B132);
}

#[test]
fn more_directories_than_path_tables_can_number() {
    let image = fresh();
    image.set_free_media_blocks(0).unwrap();
    let _ = image.set_file_systems_to_create(UDF).unwrap();
    let root = image.root();
    for outer in 0..2 {
        root.add_directory(&format!("{outer}")).unwrap();
        let dir = root.item(&format!("{outer}")).unwrap().as_directory().unwrap();
        for inner in 0..32_768 {
            dir.add_directory(&format!("{inner}")).unwrap();
        }
    }
    assert_eq!(number(image.set_file_systems_to_create(ISO)), 0xC0AA_B130);
    assert_eq!(image.file_systems_to_create(), UDF);
}

#[test]
fn codes_of_sources() {
    let image = fresh();
    let root = image.root();
    root.add_file("short", lying(10, 9)).unwrap();
    let mut all = Vec::new();
    let result = image.create_result_image().unwrap();
    let error = result.image_stream().read_to_end(&mut all).unwrap_err();
    let error = error.downcast::<glassmaster::imapi2fs::Error>().unwrap();
    assert_eq!(error.hresult(), 0xC0AA_B128);
    drop(result);
    image.set_stage_files(true);
    assert_eq!(number(root.add_file("long", lying(10, 11))), 0xC0AA_B128);
    assert_eq!(number(root.add_file("bad", DataStream::new(Unreadable))), 0xC0AA_B129);
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(number(root.add_tree(dir.path().join("none"), false)) & 0xFFFF_0000, 0x8007_0000);
    std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).unwrap();
    assert_eq!(number(root.add_tree(dir.path(), false)), 0xC0AA_B12A);
    fs::remove_file(dir.path().join("dangling")).unwrap();
    std::os::unix::fs::symlink(".", dir.path().join("loop")).unwrap();
    assert_eq!(number(root.add_tree(dir.path(), false)), 0xC0AA_B12B);
}

#[test]
fn codes_of_the_working_directory() {
    let image = fresh();
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(number(image.set_working_directory(dir.path().join("none"))), 0xC0AA_B140);
    let gone = dir.path().join("gone");
    fs::create_dir(&gone).unwrap();
    image.set_working_directory(&gone).unwrap();
    fs::remove_dir(&gone).unwrap();
    image.set_stage_files(true);
    assert_eq!(number(image.root().add_file("file", bytes(10))), 0xC0AA_B138);
}

#[test]
fn codes_of_boot_images() {
    let image = fresh();
    let options = BootOptions::new();
    assert_eq!(number(options.assign_boot_image(bytes(0))), 0xC0AA_B148);
    assert_eq!(number(options.assign_boot_image(DataStream::new(Unreadable))), 0xC0AA_B148);
    assert_eq!(number(image.set_boot_image_options(Some(&options))), 0xC0AA_B148);
    assert_eq!(number(image.set_boot_image_options_array(std::slice::from_ref(&options))), 0xC0AA_B148);
    options.assign_boot_image(bytes(2048)).unwrap();
    assert_eq!(number(options.set_emulation(Emulation::FLOPPY_1_44)), 0xC0AA_B14A);
    assert_eq!(number(options.set_emulation(Emulation(9))), 0xC0AA_B101);
    assert_eq!(number(options.set_manufacturer(&"x".repeat(25))), 0xC0AA_B101);
    image.set_boot_image_options(Some(&options)).unwrap();
    image.set_session_start_block(5_000).unwrap();
    assert_eq!(number(image.create_result_image()), 0xC0AA_B149);
}

#[test]
fn codes_of_streams_and_results() {
    let image = with_file();
    let file = image.root().item("dir/file").unwrap().as_file().unwrap();
    assert_eq!(file.add_stream("side", bytes(1)).unwrap().hresult().0, 0x00AA_B15F);
    let stream = file.named_streams().unwrap().item(0).unwrap();
    assert_eq!(number(stream.named_streams()), 0xC0AA_B160);
    let result = image.create_result_image().unwrap();
    assert_eq!(number(result.modified_blocks()), 0x8000_4001);
    assert_eq!(number(result.image_stream().stat(2)), 0x8003_0001);
    assert_eq!(number(result.progress_items().item(usize::MAX)), 0x8007_0057);
    let mut items = image.root().items();
    assert_eq!(items.pass(2).0, 1);
}

#[test]
fn codes_of_the_image_manager() {
    /// Zeros, any number of them.
    struct Huge(u64);
    impl Read for Huge {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            buf.fill(0);
            Ok(buf.len())
        }
    }
    impl Seek for Huge {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            Ok(if matches!(to, SeekFrom::End(_)) { self.0 } else { 0 })
        }
    }
    let mut manager = IsoImageManager::new();
    assert_eq!(number(manager.validate()), 0xC0AA_B202);
    for (size, expected) in [(2049, 0xC0AA_B200), (2048 * 100, 0xC0AA_B201), (2048 << 31, 0xC0AA_B203)] {
        manager.set_stream(DataStream::new(Huge(size)));
        assert_eq!(number(manager.validate()), expected);
    }
    assert_eq!(number(manager.set_path("".as_ref())), 0xC0AA_B110);
    assert_eq!(number(manager.set_path("/nonexistent".as_ref())), 0x8007_0002);
}

/// A disc that fails in some sectors.
struct Scratched(Vec<u8>, std::ops::Range<u64>);

impl BlockSource for Scratched {
    fn block_count(&self) -> u64 {
        self.0.block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = lba + (buf.len() / 2048) as u64;
        if lba < self.1.end && end > self.1.start {
            return Err(io::Error::other("scratched"));
        }
        self.0.read_blocks(lba, buf)
    }
}

/// A disc that is changed behind the back of whoever holds it.
struct Changing(Mutex<Vec<u8>>);

impl BlockSource for Changing {
    fn block_count(&self) -> u64 {
        self.0.lock().unwrap().block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.0.lock().unwrap().read_blocks(lba, buf)
    }
}

#[test]
fn codes_of_multisession_interfaces() {
    let disc = sequential(first_session(UDF));
    let image = fresh();
    assert_eq!(number(image.import_file_system()), 0xC0AA_B15D);
    assert_eq!(number(image.import_specific_file_system(UDF)), 0xC0AA_B15D);
    assert_eq!(number(image.calculate_disc_identifier()), 0xC0AA_B15D);
    assert_eq!(number(image.identify_file_systems_on_disc(None)), 0xC0AA_B15D);
    assert_eq!(number(image.probe_specific_file_system(UDF)), 0xC0AA_B15D);
    assert_eq!(number(image.probe_specific_file_system(UDF | ISO)), 0xC0AA_B101);
    assert_eq!(number(image.default_file_system_for_import(FileSystems::empty())), 0xC0AA_B101);
    let set = |supported, in_use| {
        image.set_multisession_interfaces(vec![Multisession { supported, in_use, ..disc.clone() }])
    };
    assert_eq!(number(set(false, true)), 0xC0AA_B15B);
    assert_eq!(number(set(false, false)), 0xC0AA_B15C);
    assert_eq!(number(image.set_multisession_interfaces(Vec::<Multisession>::new())), 0xC0AA_B159);
    let mut blank = disc.clone();
    blank.addresses = SessionAddresses::Sequential {
        first_data_session: true,
        previous_start: None,
        previous_last: None,
        next_writable: 0,
        free: 300_000,
        write_unit: 16,
    };
    assert_eq!(number(image.set_multisession_interfaces(vec![blank])), 0xC0AA_B156);
    let mut wrong = disc.clone();
    wrong.addresses = SessionAddresses::RandomWrite { write_unit: 0, last_written: None, total: 10_000 };
    assert_eq!(number(image.set_multisession_interfaces(vec![wrong])), 0xC0AA_B162);
    set(true, true).unwrap();
    assert_eq!(number(image.import_specific_file_system(JOLIET)), 0xC0AA_B152);
    assert_eq!(number(image.import_specific_file_system(UDF | ISO)), 0xC0AA_B101);
    image.import_file_system().unwrap();
    assert_eq!(number(image.set_udf_revision(0x200)), 0xC0AA_B161);
    assert_eq!(number(image.set_file_systems_to_create(ISO)), 0xC0AA_B163);
    assert_eq!(number(image.set_session_start_block(5_000)), 0xC0AA_B101);
}

#[test]
fn codes_of_discs_that_cannot_be_imported() {
    let import = |disc: Multisession| number(with_disc(disc).import_file_system());
    let mut empty = rewritable(Vec::new());
    empty.source = Arc::new(Vec::new());
    assert_eq!(import(empty), 0xC0AA_B150);
    assert_eq!(import(sequential(vec![0; 400 * 2048])), 0xC0AA_B151);
    // ISO 9660 in the first session of a medium that can be overwritten (contract 19.2).
    assert_eq!(import(rewritable(first_session(ISO | JOLIET))), 0xC0AA_B133);
    let boots = with_disc(sequential(first_session(UDF)));
    let options = BootOptions::new();
    options.assign_boot_image(bytes(2048)).unwrap();
    boots.set_boot_image_options(Some(&options)).unwrap();
    assert_eq!(number(boots.import_file_system()), 0xC0AA_B149);
    // The location of the root directory in the primary descriptor (ECMA-119 8.4.18), pointing past the end.
    let mut damaged = first_session(ISO);
    damaged[16 * 2048 + 158..][..8].copy_from_slice(&[0, 0, 0xFF, 0, 0, 0xFF, 0, 0]);
    assert_eq!(import(sequential(damaged)), 0xC0AA_B153);
    let disc = first_session(ISO);
    let mut scratched = sequential(disc.clone());
    scratched.source = Arc::new(Scratched(disc, 18..400));
    assert_eq!(import(scratched), 0xC0AA_B157);
    let mut full = sequential(first_session(UDF));
    if let SessionAddresses::Sequential { free, .. } = &mut full.addresses {
        *free = 100;
    }
    let image = with_disc(full);
    image.root().add_file("large", bytes(1 << 20)).unwrap();
    assert_eq!(number(image.import_file_system()), 0xC0AA_B121);
    assert_eq!((image.file_count(), image.session_start_block()), (1, 0));
}

#[test]
fn codes_of_what_collides_or_changes() {
    let image = with_disc(sequential(first_session(UDF)));
    image.root().add_directory("a.txt").unwrap();
    assert_eq!(number(image.import_file_system()), 0xC0AA_B155);
    let image = with_disc(sequential(first_session(UDF)));
    image.root().add_file("sub", bytes(1)).unwrap();
    assert_eq!(number(image.import_file_system()), 0xC0AA_B15E);
    assert_eq!((image.file_count(), image.directory_count(), image.change_point()), (1, 1, 1));
    let changing = Arc::new(Changing(Mutex::new(first_session(ISO))));
    let mut disc = sequential(first_session(ISO));
    disc.source = Arc::clone(&changing) as Arc<dyn BlockSource>;
    let image = with_disc(disc);
    image.import_file_system().unwrap();
    // The volume identifier (ECMA-119 8.4.7): another disc was laid into the drive.
    changing.0.lock().unwrap()[16 * 2048 + 40] = b'X';
    assert_eq!(number(image.create_result_image()), 0xC0AA_B158);
    assert_eq!(number(image.import_file_system()), 0xC0AA_B158);
}

#[test]
fn codes_of_volumes_of_other_kinds() {
    let image = FileSystemImage::native(Surroundings::at(NOW));
    let _ = image.set_file_systems_to_create(UDF).unwrap();
    image.set_udf_revision(0x260).unwrap();
    let late = sequential(read(&image.create_result_image().unwrap()));
    assert_eq!(number(with_disc(late).import_file_system()), 0xC0AA_B15A);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sparing");
    fs::write(&path, vec![0; 8 << 20]).unwrap();
    let Some(program) = Witness::find("mkudffs").unwrap() else { return };
    let arguments = ["--media-type=cdrw", "--udfrev=0x0201", "--blocksize=2048"];
    program.must(arguments.map(OsStr::new).into_iter().chain([path.as_os_str()])).unwrap();
    let disc = rewritable(fs::read(&path).unwrap());
    assert_eq!(number(with_disc(disc).import_file_system()), 0xC0AA_B154);
}
