//! The verifier finds nothing to object to in what image objects make.
#![allow(clippy::unwrap_used)] // test code, though outside of test functions

use std::sync::{Arc, Mutex};

use glassmaster_disc::BlockSource;
use glassmaster_fsimage::{
    BootOptions, CancelHandle, DataStream, FileSystemImage, FileSystems, Surroundings, check,
};
use glassmaster_tree::Timestamp;

/// An image in memory, so that reading it is quick.
struct Copy(Vec<u8>);

impl BlockSource for Copy {
    fn block_count(&self) -> u64 {
        self.0.len() as u64 / 2048
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        let at = usize::try_from(lba).unwrap() * 2048;
        let piece = self.0.get(at..at + buf.len()).ok_or(std::io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(piece);
        Ok(())
    }
}

fn findings(image: &FileSystemImage) -> Vec<String> {
    let mut bytes = Vec::new();
    let result = image.create_result_image().unwrap();
    std::io::Read::read_to_end(&mut result.image_stream(), &mut bytes).unwrap();
    let source: Arc<dyn BlockSource> = Arc::new(Copy(bytes));
    let found = Mutex::new(Vec::new());
    check(&source, &CancelHandle::default(), &mut |f| found.lock().unwrap().push(f.to_string())).unwrap();
    found.into_inner().unwrap()
}

fn data(n: usize) -> DataStream {
    DataStream::from_bytes(vec![9; n])
}

fn fill(image: &FileSystemImage) {
    let root = image.root();
    root.add_directory("Directory One").unwrap();
    root.add_directory("Directory One/deeper").unwrap();
    for n in 0..120 {
        root.add_file(&format!("Directory One/file number {n} \u{e9}.txt"), data(n * 37)).unwrap();
    }
    root.add_file("中文 file.dat", data(70_000)).unwrap();
    root.add_file("hidden", data(3)).unwrap();
    root.item("hidden").unwrap().set_hidden(true).unwrap();
    let old = Some(Timestamp { secs: -5, nanos: 7 });
    root.item("hidden").unwrap().set_creation_time(old).unwrap();
    let file = root.item("中文 file.dat").unwrap().as_file().unwrap();
    let _ = file.add_stream("stream one", data(5000)).unwrap();
    let _ = file.add_stream("空", data(0)).unwrap();
    let _ = file.set_real_time(true).unwrap();
    image.set_volume_name("Test-Volume 2024").unwrap();
}

#[test]
fn every_file_system_alone_and_together() {
    let (iso, joliet, udf) = (FileSystems::ISO9660, FileSystems::JOLIET, FileSystems::UDF);
    for native in [false, true] {
        let at = Surroundings::at(Timestamp::from_secs(1_700_000_000));
        let image = if native { FileSystemImage::native(at) } else { FileSystemImage::new(at) };
        fill(&image);
        let mut sets = vec![iso, iso | joliet, udf, iso | joliet | udf];
        if native {
            sets = vec![udf, iso | joliet | udf | FileSystems::ROCK_RIDGE];
        }
        for fs in sets {
            let _ = image.set_file_systems_to_create(fs).unwrap();
            for revision in image.udf_revisions_supported() {
                image.set_udf_revision(revision).unwrap();
                for mirror in [false, true] {
                    let _ = image.set_create_redundant_udf_metadata_files(mirror).unwrap();
                    let found = findings(&image);
                    assert!(found.is_empty(), "{fs}, {revision:x}, mirror {mirror}: {found:#?}");
                }
                if !fs.contains(udf) {
                    break;
                }
            }
        }
    }
}

#[test]
fn empty_and_bootable_images() {
    let image = FileSystemImage::new(Surroundings::at(Timestamp::from_secs(1_700_000_000)));
    assert_eq!(findings(&image), [""; 0]);
    let boot = BootOptions::new();
    boot.assign_boot_image(data(4000)).unwrap();
    image.set_boot_image_options_array(&vec![boot; 3]).unwrap();
    assert_eq!(findings(&image), [""; 0]);
    let _ = image.set_file_systems_to_create(FileSystems::UDF).unwrap();
    assert_eq!(findings(&image), [""; 0]);
}
