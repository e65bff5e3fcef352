//! Time, as the drive is told of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A clock that only goes forward. The program that wants a drive with real speeds supplies one.
pub trait Clock: Send {
    /// Time since some fixed moment.
    fn now(&self) -> Duration;

    /// Lets the time pass during which a command keeps the host waiting.
    fn wait(&self, time: Duration);
}

/// A clock that stands still until it is told otherwise; waiting moves it at once. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct SimulatedClock(Arc<AtomicU64>);

impl SimulatedClock {
    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanos, Ordering::SeqCst);
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }

    fn wait(&self, time: Duration) {
        self.advance(time);
    }
}
