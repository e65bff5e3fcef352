//! Sessions in image files, which behave as overwritable media without an end.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glassmaster_disc::{BlockSource, Multisession, SECTOR, SECTOR_U64, SessionAddresses};

use super::NextSession;
use crate::error::{Error, SourceProblem};
use crate::progress::{CancelHandle, Progress, ProgressSink};
use crate::volume::FileSource;

/// Sectors whose multiples sessions of image files begin at: one cluster of BD, so that such a file can become a disc.
const WRITE_UNIT: u32 = 32;
/// Sectors written at once: 1 MiB.
const PIECE: u64 = 512;

/// An image file that a session is to be added to, held against other writers of this program.
#[derive(Debug)]
pub struct AppendFile {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl AppendFile {
    /// Opens an image file for reading and writing. Nothing is changed.
    ///
    /// # Errors
    /// [`Error::Source`] when it cannot be opened, is no regular file, or another program adds to it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |e: io::Error| Error::source(path, SourceProblem::Open, e);
        let kind = path.metadata().map_err(failed)?;
        if !kind.is_file() {
            let what = "sessions are added to image files; for a disc in a drive use `burn --append`";
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, what)));
        }
        let file = File::options().read(true).write(true).open(path).map_err(failed)?;
        if let Err(e) = file.try_lock() {
            let what = match e {
                std::fs::TryLockError::WouldBlock => io::Error::other("another program is adding to it"),
                std::fs::TryLockError::Error(e) => e,
            };
            return Err(failed(what));
        }
        let bytes = file.metadata().map_err(failed)?.len();
        Ok(Self { file, path: path.to_path_buf(), bytes })
    }

    /// The file as the one way to add a session to it.
    ///
    /// # Errors
    /// [`Error::Source`] when it cannot be opened a second time, for reading.
    pub fn multisession(&self) -> Result<Multisession, Error> {
        let source: Arc<dyn BlockSource> = Arc::new(FileSource::open(&self.path)?);
        Ok(Multisession {
            supported: true,
            in_use: false,
            addresses: SessionAddresses::RandomWrite { write_unit: WRITE_UNIT, last_written: None, total: 0 },
            source,
        })
    }

    /// Adds a session: its sectors at the end, then, when they are on the disk, what leads to them. An interruption before the
    /// last step leaves the old session in force; a failure or cancellation takes back what was added.
    ///
    /// # Errors
    /// [`Error::Output`], [`Error::Cancelled`], and what reading the new files brings.
    pub fn write(
        &self,
        session: &NextSession,
        progress: ProgressSink<'_>,
        cancel: &CancelHandle,
    ) -> Result<(), Error> {
        self.unchanged()?;
        if let Err(error) = self.write_session(session, progress, cancel) {
            // What was there is untouched; a tail that cannot be cut off does no harm either.
            return match self.file.set_len(self.bytes) {
                Ok(()) => Err(error),
                Err(e) => {
                    Err(Error::output(&self.path, io::Error::new(e.kind(), format!("{error}; and {e}"))))
                }
            };
        }
        let failed = |e: io::Error| Error::output(&self.path, e);
        for (first, bytes) in session.pieces() {
            self.file.write_all_at(bytes, u64::from(*first) * SECTOR_U64).map_err(failed)?;
            // The descriptors of each file system are valid without those of the others, in any order.
            self.file.sync_data().map_err(failed)?;
        }
        Ok(())
    }

    fn write_session(
        &self,
        session: &NextSession,
        progress: ProgressSink<'_>,
        cancel: &CancelHandle,
    ) -> Result<(), Error> {
        let failed = |e: io::Error| Error::output(&self.path, e);
        let source = session.image().source();
        let total = source.block_count();
        let start = u64::from(session.start());
        let mut buffer = vec![0; usize::try_from(PIECE.min(total)).unwrap_or(1) * SECTOR];
        let mut at = 0;
        while at < total {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let blocks = PIECE.min(total - at);
            buffer.resize(usize::try_from(blocks).unwrap_or(1) * SECTOR, 0);
            source.read_blocks(at, &mut buffer).map_err(|e| e.downcast::<Error>().unwrap_or_else(failed))?;
            self.file.write_all_at(&buffer, (start + at) * SECTOR_U64).map_err(failed)?;
            at += blocks;
            let step = Progress { done: at * SECTOR_U64, total: total * SECTOR_U64 };
            if progress(step).is_break() {
                return Err(Error::Cancelled);
            }
        }
        self.file.sync_all().map_err(failed)
    }

    /// Whether the file still is as long as it was when the session was planned.
    fn unchanged(&self) -> Result<(), Error> {
        let failed = |e: io::Error| Error::source(&self.path, SourceProblem::Status, e);
        let now = self.file.metadata().map_err(failed)?.len();
        if now == self.bytes {
            return Ok(());
        }
        let what = format!("its length changed from {} to {now} bytes", self.bytes);
        Err(Error::SourceChanged { path: self.path.clone(), what })
    }
}
