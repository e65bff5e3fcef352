//! What the tests of the file-system half share: images at a fixed time, sources, discs.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use glassmaster::disc::{BlockSource, HResult, Multisession, SessionAddresses};
use glassmaster::imapi2fs::{
    DataStream, Error, FileSystemImage, FileSystems, ImageResult, Surroundings, VolumeKind, open,
};
use glassmaster::tree::{Content, Entry, Timestamp, Volume};

/// 2023-11-14 22:13:20.
pub const NOW: Timestamp = Timestamp { secs: 1_700_000_000, nanos: 0 };

pub const ISO: FileSystems = FileSystems::ISO9660;
pub const JOLIET: FileSystems = FileSystems::JOLIET;
pub const UDF: FileSystems = FileSystems::UDF;

/// A fresh object.
pub fn fresh() -> FileSystemImage {
    FileSystemImage::new(Surroundings::at(NOW))
}

pub fn bytes(len: usize) -> DataStream {
    DataStream::from_bytes(content(len))
}

pub fn content(len: usize) -> Vec<u8> {
    (0..len).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect()
}

/// The code of what failed.
pub fn code<T>(result: Result<T, Error>) -> HResult {
    match result {
        Ok(_) => panic!("it succeeded"),
        Err(error) => HResult(error.hresult()),
    }
}

/// All bytes of a result.
pub fn read(result: &ImageResult) -> Vec<u8> {
    let mut all = Vec::new();
    let mut stream = result.image_stream();
    stream.seek(SeekFrom::Start(0)).unwrap();
    stream.read_to_end(&mut all).unwrap();
    all
}

/// Everything in one file system of an image: paths with the bytes of files.
pub fn listing(image: &[u8], kind: VolumeKind) -> Vec<(String, Option<Vec<u8>>)> {
    let source: Arc<dyn BlockSource> = Arc::new(image.to_vec());
    volume_listing(open(&source, Some(kind)).unwrap().as_ref(), image)
}

/// Everything in a volume of `image`.
pub fn volume_listing(volume: &dyn Volume, image: &[u8]) -> Vec<(String, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    walk(volume, &volume.root().unwrap(), String::new(), image, &mut found);
    found.sort();
    found
}

fn walk(
    volume: &dyn Volume,
    dir: &Entry,
    path: String,
    image: &[u8],
    found: &mut Vec<(String, Option<Vec<u8>>)>,
) {
    let mut entries = Vec::new();
    volume
        .read_dir(dir, &mut |entry| {
            entries.push(entry);
            ControlFlow::Continue(())
        })
        .unwrap();
    for entry in entries {
        let path = format!("{path}/{}", String::from_utf8_lossy(&entry.name));
        if entry.is_dir() {
            found.push((path.clone(), None));
            walk(volume, &entry, path, image, found);
        } else {
            found.push((path, Some(entry_bytes(&entry, image))));
        }
    }
}

/// The bytes of a file of an image.
pub fn entry_bytes(entry: &Entry, image: &[u8]) -> Vec<u8> {
    match &entry.content {
        Content::Inline(bytes) => bytes.clone(),
        Content::Extents(extents) => extents
            .iter()
            .flat_map(|e| {
                let len = usize::try_from(e.bytes).unwrap();
                match e.lba {
                    Some(lba) => image[lba as usize * 2048..][..len].to_vec(),
                    None => vec![0; len],
                }
            })
            .collect(),
    }
}

/// A folder with a few files and folders: `a.txt`, `sub/b.bin`, `sub/deep/c`, `empty`.
pub fn sample(dir: &Path) {
    fs::create_dir_all(dir.join("sub/deep")).unwrap();
    fs::create_dir(dir.join("empty")).unwrap();
    fs::write(dir.join("a.txt"), content(10)).unwrap();
    fs::write(dir.join("sub/b.bin"), content(100_000)).unwrap();
    fs::write(dir.join("sub/deep/c"), content(2048)).unwrap();
}

/// A stream that says it has `says` bytes and holds `there`.
pub struct Lying {
    pub says: u64,
    pub there: Cursor<Vec<u8>>,
}

pub fn lying(says: u64, there: usize) -> DataStream {
    DataStream::new(Lying { says, there: Cursor::new(content(there)) })
}

impl Read for Lying {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.there.read(buf)
    }
}

impl Seek for Lying {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        match to {
            SeekFrom::End(n) => Ok(self.says.checked_add_signed(n).unwrap()),
            other => self.there.seek(other),
        }
    }
}

/// A medium that grows: one session from 0 to the end of `disc`, the next one 160 sectors behind it.
pub fn sequential(disc: Vec<u8>) -> Multisession {
    let blocks = u32::try_from(disc.len() / 2048).unwrap();
    let addresses = SessionAddresses::Sequential {
        first_data_session: false,
        previous_start: Some(0),
        previous_last: Some(blocks - 1),
        next_writable: blocks + 160,
        free: 200_000,
        write_unit: 16,
    };
    Multisession { supported: true, in_use: false, addresses, source: Arc::new(disc) }
}

/// A medium of 10,000 sectors that can be overwritten and begins with `disc`.
pub fn rewritable(mut disc: Vec<u8>) -> Multisession {
    disc.resize(10_000 * 2048, 0);
    let addresses = SessionAddresses::RandomWrite { write_unit: 16, last_written: None, total: 10_000 };
    Multisession { supported: true, in_use: false, addresses, source: Arc::new(disc) }
}

/// The first session of a disc, with the sample folder.
pub fn first_session(file_systems: FileSystems) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let image = fresh();
    let _ = image.set_file_systems_to_create(file_systems).unwrap();
    image.set_volume_name("FIRST").unwrap();
    image.root().add_tree(dir.path(), false).unwrap();
    read(&image.create_result_image().unwrap())
}

/// An object with a disc to import from.
pub fn with_disc(disc: Multisession) -> FileSystemImage {
    let image = fresh();
    image.set_multisession_interfaces(vec![disc]).unwrap();
    image
}
