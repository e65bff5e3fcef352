//! Stopping a write from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks a running write or verification to stop. Clones stand for the same request; once given it stays.
///
/// The write stops at the next command, flushes what the drive holds and closes what can be closed, which takes up to
/// some minutes on CD, and then returns an error whose
/// [`is_cancelled`](crate::Error::is_cancelled) is true. A request that comes while the disc is being closed waits for that;
/// it then ends the verification or, where none was asked for, comes too late.
#[doc(alias = "CancelWrite")]
#[derive(Clone, Debug, Default)]
pub struct CancelHandle(Arc<AtomicBool>);

impl CancelHandle {
    /// A request that nobody has made yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the request. Returns at once; may be called any number of times, from any thread.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the request was made.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
