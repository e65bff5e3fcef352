//! The estimate of an image object against what its results then take.
#![allow(clippy::unwrap_used)] // test code, though outside of test functions

use std::io::{self, Read, Seek, SeekFrom};

use glassmaster_disc::HResult;
use glassmaster_fsimage::{
    BootOptions, DataStream, DirectoryItem, FileSystemImage, FileSystems, Surroundings,
};
use glassmaster_tree::Timestamp;

/// Zeros of any length that nobody keeps.
struct Zeros {
    len: u64,
    at: u64,
}

impl Read for Zeros {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = usize::try_from(self.len - self.at).unwrap_or(usize::MAX).min(out.len());
        out[..n].fill(0);
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Zeros {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(n) => n,
            SeekFrom::End(n) => self.len.saturating_add_signed(n),
            SeekFrom::Current(n) => self.at.saturating_add_signed(n),
        };
        Ok(self.at)
    }
}

fn zeros(len: u64) -> DataStream {
    DataStream::new(Zeros { len, at: 0 })
}

/// Numbers of a fixed sequence.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn name(dice: &mut Dice, n: usize) -> String {
    let letter = ["x", "é", "中", "Y"][usize::try_from(dice.below(4)).unwrap()];
    let length = [1, 3, 20, 60, 110, 200][usize::try_from(dice.below(6)).unwrap()];
    let extension = ["", ".txt", ".longextension"][usize::try_from(dice.below(3)).unwrap()];
    format!("{n}{}{extension}", letter.repeat(length))
}

fn fill(root: &DirectoryItem, dice: &mut Dice, count: usize) {
    let mut dirs = vec![root.clone()];
    for n in 0..count {
        let dir = dirs[usize::try_from(dice.below(dirs.len() as u64)).unwrap()].clone();
        let name = name(dice, n);
        if dice.below(5) == 0 {
            dir.add_directory(&name).unwrap();
            dirs.push(dir.item(&name).unwrap().as_directory().unwrap());
            continue;
        }
        let sizes = [0, 1, 2048, 2049, 65_536, 65_537, 5_000_000, 3 << 30];
        dir.add_file(&name, zeros(sizes[usize::try_from(dice.below(8)).unwrap()])).unwrap();
        if dice.below(7) == 0 {
            let file = dir.item(&name).unwrap().as_file().unwrap();
            for s in 0..dice.below(4) {
                let _ = file.add_stream(&format!("stream{s}"), zeros(dice.below(9000))).unwrap();
            }
        }
    }
}

fn check(image: &FileSystemImage, what: &str) {
    let used = image.used_blocks();
    let result = image.create_result_image().unwrap();
    let total = i32::try_from(result.total_blocks()).unwrap();
    assert!(used >= total, "{what}: estimated {used}, took {total}");
    // An estimate that is far off would refuse what fits.
    assert!(used <= total + total / 4 + 1500, "{what}: estimated {used}, took {total}");
    drop(result);
}

const ISO: FileSystems = FileSystems::ISO9660;
const JOLIET: FileSystems = FileSystems::JOLIET;
const UDF: FileSystems = FileSystems::UDF;

#[test]
fn the_estimate_is_never_below_the_image() {
    for (seed, count) in [(1, 0), (2, 1), (3, 40), (4, 700), (5, 3000)] {
        let mut dice = Dice(seed);
        let image = FileSystemImage::new(Surroundings::at(Timestamp::from_secs(1_700_000_000)));
        image.set_free_media_blocks(0).unwrap();
        fill(&image.root(), &mut dice, count);
        for fs in [ISO, JOLIET, UDF, ISO | UDF, ISO | JOLIET | UDF] {
            let _ = image.set_file_systems_to_create(fs).unwrap();
            for revision in image.udf_revisions_supported() {
                image.set_udf_revision(revision).unwrap();
                let level = 1 + i32::from(revision > 0x150);
                image.set_iso9660_interchange_level(level).unwrap();
                for mirror in [true, false] {
                    let _ = image.set_create_redundant_udf_metadata_files(mirror).unwrap();
                    check(&image, &format!("seed {seed}, {fs}, revision {revision:x}, mirror {mirror}"));
                }
                if !fs.contains(UDF) {
                    break;
                }
            }
        }
        let boot = BootOptions::new();
        boot.assign_boot_image(zeros(1_474_560)).unwrap();
        image.set_boot_image_options_array(&vec![boot; 5]).unwrap();
        let _ = image.set_file_systems_to_create(UDF).unwrap();
        check(&image, &format!("seed {seed} with boot images"));
    }
}

#[test]
fn native_trees_are_estimated_too() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..400 {
        let long = format!("{n}{}", "n".repeat(n % 240));
        let sub = dir.path().join(format!("sub{}", n % 7)).join(format!("deeper{}", n % 3));
        std::fs::create_dir_all(&sub).unwrap();
        std::os::unix::fs::symlink("t/".repeat(1 + n % 700), sub.join(&long)).unwrap();
        std::fs::write(sub.join(format!("f{long}")), vec![1; n * 10]).unwrap();
    }
    let deep: std::path::PathBuf = (0..40).map(|n| format!("level{n}")).collect();
    std::fs::create_dir_all(dir.path().join(deep)).unwrap();
    let image = FileSystemImage::native(Surroundings::at(Timestamp::from_secs(1_700_000_000)));
    image.set_free_media_blocks(0).unwrap();
    image.root().add_tree(dir.path(), false).unwrap();
    image.root().add_file("large", zeros(30 << 30)).unwrap();
    for revision in image.udf_revisions_supported() {
        image.set_udf_revision(revision).unwrap();
        check(&image, &format!("native, revision {revision:x}"));
    }
}

#[test]
fn files_above_the_limit_of_iso_9660_are_refused_at_the_end() {
    let image = FileSystemImage::new(Surroundings::at(Timestamp::from_secs(1)));
    image.set_free_media_blocks(0).unwrap();
    image.root().add_file("large", zeros(0xFFFF_F801)).unwrap();
    let refused = image.create_result_image().unwrap_err();
    assert_eq!(refused.hresult(), HResult::DATA_TOO_BIG.0);
    assert!(refused.to_string().contains("ISO9660/Joliet"), "{refused}");
    assert!(!image.is_read_only());
    let _ = image.set_file_systems_to_create(FileSystems::UDF).unwrap();
    assert!(image.create_result_image().unwrap().total_blocks() > 0x1F_FFFF);
    let fits = FileSystemImage::new(Surroundings::at(Timestamp::from_secs(1)));
    fits.set_free_media_blocks(0).unwrap();
    fits.root().add_file("large", zeros(0xFFFF_F800)).unwrap();
    fits.create_result_image().unwrap();
    let strict = FileSystemImage::new(Surroundings::at(Timestamp::from_secs(1)));
    strict.set_strict_file_system_compliance(true).unwrap();
    strict.set_free_media_blocks(0).unwrap();
    strict.root().add_file("large", zeros(0x8000_0000)).unwrap();
    let refused = strict.create_result_image().unwrap_err();
    assert_eq!(refused.hresult(), HResult::DATA_TOO_BIG.0);
}
