//! Image files and block devices of the host.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use glassmaster_disc::{BlockSource, SECTOR_U64};
use rustix::fs::{Mode, OFlags};

use crate::error::{Error, SourceProblem};

/// A regular file or block device of the host as numbered sectors.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    path: PathBuf,
    blocks: u64,
}

impl FileSource {
    /// Opens an image file. A last piece shorter than a sector is not reachable.
    ///
    /// # Errors
    /// [`Error::Source`], also for what is neither a regular file nor a block device.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |e: io::Error| Error::source(path, SourceProblem::Open, e);
        // A pipe would wait here for somebody who writes.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let mut file =
            File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|e| failed(e.into()))?);
        let kind = file.metadata().map_err(failed)?.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            let what = "an image is a file or a block device, not a folder, pipe, socket or other device";
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, what)));
        }
        // The end of a block device is found by seeking, its status says 0.
        let bytes = file.seek(SeekFrom::End(0)).map_err(|e| Error::source(path, SourceProblem::Status, e))?;
        Ok(Self { file, path: path.to_path_buf(), blocks: bytes / SECTOR_U64 })
    }

    /// Path it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl BlockSource for FileSource {
    fn block_count(&self) -> u64 {
        self.blocks
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        self.check_range(lba, buf.len())?;
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buf, lba * SECTOR_U64).map_err(|e| {
            let path = self.path.display();
            let what = match e.kind() {
                io::ErrorKind::UnexpectedEof => format!("'{path}' has become shorter since it was opened"),
                _ => format!("'{path}' cannot be read: {e}"),
            };
            io::Error::new(e.kind(), what)
        })
    }
}
