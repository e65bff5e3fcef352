//! What an image object tells while it works.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;

use super::FileSystemImage;

/// A file on its way into the image.
///
/// For each file the events come in this order: one before the first sector, one after each full MiB (512 sectors), one
/// after the last sector if the file does not end at such a place. An empty file has one. A file that is not staged goes
/// through them at once, without being read. They come before the file is in the tree; directories have none.
#[doc(alias = "DFileSystemImageEvents")]
#[doc(alias = "Update")]
#[derive(Clone, Debug)]
pub struct UpdateEvent {
    /// The image; may be read in the sink, not changed.
    #[doc(alias = "object")]
    pub image: FileSystemImage,
    /// Path of the file in the image; that of a stream has its name behind `:`.
    #[doc(alias = "currentFile")]
    pub current_file: String,
    /// Sectors of this file copied so far.
    #[doc(alias = "copiedSectors")]
    pub copied_sectors: u64,
    /// Sectors of this file.
    #[doc(alias = "totalSectors")]
    pub total_sectors: u64,
}

/// Sectors between two events.
pub(super) const CADENCE: u64 = 512;

type Callback<E> = Box<dyn FnMut(&E) -> ControlFlow<()> + Send>;

/// One sink, called without any lock of the image being held.
pub(super) struct Sink<E> {
    callback: Mutex<Option<Callback<E>>>,
    /// The thread that is in the callback now.
    inside: Mutex<Option<ThreadId>>,
}

impl<E> Default for Sink<E> {
    fn default() -> Self {
        Self { callback: Mutex::new(None), inside: Mutex::new(None) }
    }
}

struct Leave<'s>(&'s Mutex<Option<ThreadId>>);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl<E> Sink<E> {
    pub(super) fn set(&self, callback: Option<Callback<E>>) {
        if self.is_inside() {
            return;
        }
        let before = {
            let mut known = self.callback.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *known, callback)
        };
        // What it holds may be the last of something that tells events.
        drop(before);
    }

    fn is_inside(&self) -> bool {
        let inside = *self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside == Some(std::thread::current().id())
    }

    /// Whether anybody listens.
    pub(super) fn is_set(&self) -> bool {
        !self.is_inside() && self.callback.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Tells an event. What a sink itself causes is not told.
    pub(super) fn tell(&self, event: impl FnOnce() -> E) -> ControlFlow<()> {
        if self.is_inside() {
            return ControlFlow::Continue(());
        }
        let mut callback = self.callback.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(callback) = callback.as_mut() else { return ControlFlow::Continue(()) };
        *self.inside.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current().id());
        let _leave = Leave(&self.inside);
        callback(&event())
    }
}
