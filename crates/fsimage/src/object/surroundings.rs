//! What an image object would have to ask the system for; the caller tells it.

use std::path::PathBuf;
use std::sync::Arc;

use glassmaster_tree::Timestamp;

/// A moment, and how far the local clock is ahead of UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LocalTime {
    /// The moment.
    pub utc: Timestamp,
    /// Minutes that local time is ahead, negative west of Greenwich.
    pub offset_minutes: i32,
}

/// Clock and working directory of an image object.
#[derive(Clone)]
pub struct Surroundings {
    /// Asked for the time when an item is added and when a result is created.
    pub clock: Arc<dyn Fn() -> LocalTime + Send + Sync>,
    /// First value of [`FileSystemImage::working_directory`](super::FileSystemImage::working_directory).
    pub working_directory: PathBuf,
}

impl Surroundings {
    /// A clock that stands, so that equal calls give equal images; stash files go to `/tmp`.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        let now = LocalTime { utc: time, offset_minutes: 0 };
        Self { clock: Arc::new(move || now), working_directory: PathBuf::from("/tmp") }
    }

    pub(super) fn now(&self) -> LocalTime {
        (self.clock)()
    }
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings")
            .field("working_directory", &self.working_directory)
            .finish_non_exhaustive()
    }
}
