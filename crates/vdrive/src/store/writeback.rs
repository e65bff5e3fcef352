//! Keeps the storage below at work while a disc is written: what has come is written out in the background, so that little
//! is left when the host wants it safe.

use std::fs::File;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Bytes after which the next part is written out. A system left alone lets gigabytes pile up first.
const PART: u64 = 256 << 20;

/// Counts what is written and, for discs that get much, runs a thread that hands it to the storage.
#[derive(Default)]
pub(super) struct Writeback {
    since: u64,
    worker: Option<Worker>,
}

struct Worker {
    /// Dropped to end the thread.
    more: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// The system tells of a failed write once, to whoever asks first.
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Writeback {
    /// `bytes` more have gone to the file.
    pub(super) fn note(&mut self, file: &File, bytes: u64) {
        self.since = self.since.saturating_add(bytes);
        if self.since < PART {
            return;
        }
        self.since = 0;
        if self.worker.is_none() {
            // Without it all is left for the end, as for small discs.
            self.worker = Worker::start(file).ok();
        }
        if let Some(more) = self.worker.as_ref().and_then(|w| w.more.as_ref()) {
            // One that is still at the last part takes this one along with the next.
            let _ = more.try_send(());
        }
    }

    /// Hands everything to the storage below and waits for it.
    pub(super) fn sync(&mut self, file: &File) -> io::Result<()> {
        self.since = 0;
        let earlier = self.worker.as_ref().and_then(Worker::take_failure);
        file.sync_data()?;
        earlier.or(self.worker.as_ref().and_then(Worker::take_failure)).map_or(Ok(()), Err)
    }
}

impl Worker {
    fn start(file: &File) -> io::Result<Self> {
        let (more, parts) = sync_channel::<()>(1);
        let file = file.try_clone()?;
        let failed = Arc::new(Mutex::new(None));
        let report = Arc::clone(&failed);
        let thread = thread::Builder::new().name("disc writeback".to_owned()).spawn(move || {
            for () in parts {
                // Held meanwhile: who asks for a failure hears of one that is just being told.
                let mut failed = report.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(e) = file.sync_data() {
                    failed.get_or_insert(e);
                }
            }
        })?;
        Ok(Self { more: Some(more), thread: Some(thread), failed })
    }

    fn take_failure(&self) -> Option<io::Error> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Worker {
    /// The lock of the file is shared with the thread: the disc is free for the next drive only when it has ended.
    fn drop(&mut self) {
        drop(self.more.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_writes_are_written_out_meanwhile_and_the_file_is_free_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let file = File::create(&path).unwrap();
        file.lock().unwrap();
        let mut writeback = Writeback::default();
        writeback.note(&file, PART - 1);
        assert!(writeback.worker.is_none());
        writeback.note(&file, 1);
        writeback.note(&file, 3 * PART);
        let worker = writeback.worker.as_ref().unwrap();
        *worker.failed.lock().unwrap() = Some(io::Error::other("the disk is broken"));
        assert_eq!(writeback.sync(&file).unwrap_err().to_string(), "the disk is broken");
        writeback.sync(&file).unwrap();
        drop((writeback, file));
        File::open(&path).unwrap().try_lock().unwrap();
    }
}
