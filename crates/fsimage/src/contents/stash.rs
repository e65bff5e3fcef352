//! Copies of contents in one unnamed file of the working directory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use glassmaster_disc::HResult;

use crate::code::Failure;

/// Bytes copied at once: one MiB, after which progress is told (contract 11.1).
pub(super) const PIECE: u64 = 512 * 2048;
/// Copies begin on a multiple of that many bytes, so that the host's file system can share their blocks with an output.
const ALIGNMENT: u64 = 4096;

/// The file; it has no name, so nothing of it is left when the last user is gone, however that ends.
pub(super) struct Stash {
    state: Mutex<State>,
}

struct State {
    directory: PathBuf,
    /// Created with the first copy.
    file: Option<Arc<File>>,
    end: u64,
}

impl Stash {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { state: Mutex::new(State { directory, file: None, end: 0 }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.state().directory.clone()
    }

    /// Room for `size` bytes; where it begins.
    pub(super) fn reserve(&self, size: u64) -> u64 {
        let mut state = self.state();
        let start = state.end;
        state.end = start.saturating_add(size).next_multiple_of(ALIGNMENT);
        start
    }

    /// Where the next copy will begin.
    pub(super) fn end(&self) -> u64 {
        self.state().end
    }

    /// Gives up everything from `end` on, which nobody may read any more.
    pub(super) fn cut(&self, end: u64) {
        let mut state = self.state();
        if state.end <= end {
            return;
        }
        state.end = end;
        if let Some(file) = &state.file {
            // Where it does not work room is lost until the next copy takes it, and nothing else.
            let _ = file.set_len(end);
        }
    }

    pub(super) fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Failure> {
        let mut state = self.state();
        let file = match &state.file {
            Some(file) => Arc::clone(file),
            None => {
                let failed = |e| {
                    let failure = Failure::new(HResult::STASHFILE_OPEN_FAILURE);
                    failure.with(state.directory.display()).because(e)
                };
                let file = Arc::new(tempfile::tempfile_in(&state.directory).map_err(failed)?);
                state.file = Some(Arc::clone(&file));
                file
            }
        };
        file.write_all_at(bytes, at).map_err(|e| {
            let failure = Failure::new(HResult::STASHFILE_WRITE_FAILURE);
            failure.with(state.directory.display()).because(e)
        })
    }

    /// The file as it is now; `None` while nothing was copied.
    pub(super) fn file(&self) -> Option<Arc<File>> {
        self.state().file.clone()
    }

    pub(super) fn read(&self, file: &File, at: u64, out: &mut [u8]) -> Result<(), Failure> {
        file.read_exact_at(out, at).map_err(|e| {
            let failure = Failure::new(HResult::STASHFILE_READ_FAILURE);
            failure.with(self.directory().display()).because(e)
        })
    }

    /// Copies everything to a new file in `directory` and goes on there.
    pub(super) fn move_to(&self, directory: &Path) -> Result<(), Failure> {
        let invalid = |e: io::Error| {
            Failure::new(HResult::INVALID_WORKING_DIRECTORY).with(directory.display()).because(e)
        };
        // Creating a file is the only sure test that one can be created.
        let target = tempfile::tempfile_in(directory).map_err(invalid)?;
        let mut state = self.state();
        let Some(source) = state.file.clone() else {
            state.directory = directory.to_path_buf();
            return Ok(());
        };
        let moved = |e: io::Error| Failure::new(HResult::STASHFILE_MOVE).with(directory.display()).because(e);
        let used = source.metadata().map_err(moved)?.len();
        let space = rustix::fs::fstatvfs(&target).map_err(|e| invalid(e.into()))?;
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        if free < used {
            let failure = Failure::new(HResult::WORKING_DIRECTORY_SPACE);
            return Err(failure.with(directory.display()).with(free).with(used));
        }
        let mut buffer = vec![0; usize::try_from(used.min(PIECE)).unwrap_or(0)];
        let mut done = 0;
        while done < used {
            let n = usize::try_from(used - done).unwrap_or(usize::MAX).min(buffer.len());
            source.read_exact_at(&mut buffer[..n], done).map_err(moved)?;
            target.write_all_at(&buffer[..n], done).map_err(moved)?;
            done += n as u64;
        }
        state.file = Some(Arc::new(target));
        state.directory = directory.to_path_buf();
        Ok(())
    }
}
