//! Time between two moments, for the figures of a verdict.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A clock that only goes forward; what reading the disc takes is measured with it.
#[derive(Clone, Default)]
pub struct MonotonicClock(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    System,
    Given(Arc<dyn Fn() -> Duration + Send + Sync>),
}

impl MonotonicClock {
    /// A clock of the caller's: time since some fixed moment, such as that of a recorder whose time is simulated.
    #[must_use]
    pub fn new(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Kind::Given(Arc::new(now)))
    }

    /// Time since some fixed moment.
    pub(crate) fn now(&self) -> Duration {
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        match &self.0 {
            Kind::System => ORIGIN.get_or_init(Instant::now).elapsed(),
            Kind::Given(now) => now(),
        }
    }
}

impl fmt::Debug for MonotonicClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::System => "MonotonicClock::System",
            Kind::Given(_) => "MonotonicClock::Given",
        })
    }
}

/// Clocks are the same when they always show the same time.
impl PartialEq for MonotonicClock {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::System, Kind::System) => true,
            (Kind::Given(a), Kind::Given(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Eq for MonotonicClock {}
