//! Time as something to wait for: the real one, or a simulated one in which hours pass in no time.
//!
//! Everything that waits takes a [`Clock`] and waits by it alone, so that a program runs on the time of day and a test
//! on a [`SimulatedClock`] without a difference in between.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

mod simulated;

pub use simulated::SimulatedClock;

/// A clock that only goes forward, and the waits of those who live by it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Time since a fixed moment.
    fn now(&self) -> Duration;

    /// Blocks this thread for `time`.
    fn sleep(&self, time: Duration);

    /// Blocks this thread until the generation of `signal` is another than `seen`, at most for `limit`. Returns whether
    /// it is another.
    ///
    /// Nothing is missed when `seen` was read before the state that the signal stands for was looked at.
    fn wait(&self, signal: &Signal, seen: u64, limit: Duration) -> bool;

    /// A place for a thread that is about to be started: it counts as running from now on, not from when the system
    /// gets round to it. Real time needs none, which is what an implementation gets that does not say otherwise.
    fn reserve(&self) -> Seat {
        Seat::default()
    }

    /// Makes this thread take part in the clock's time: simulated time stands still while it works, and moves only
    /// while it waits by this clock. It must then block on nothing that another thread frees by waiting for time to
    /// pass. Nothing happens for real time; several guards on one thread count as one.
    fn attend(&self) -> Attendance {
        self.reserve().take()
    }
}

/// A place in a clock's time that no thread has taken yet; given back when it is dropped.
#[derive(Debug, Default)]
#[must_use = "the place is given back as soon as it is dropped"]
pub struct Seat(Option<SimulatedClock>);

impl Seat {
    /// Gives the place to the calling thread.
    pub fn take(mut self) -> Attendance {
        let clock = self.0.take();
        if let Some(clock) = &clock {
            clock.sit_down();
        }
        Attendance { clock, _thread: PhantomData }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(clock) = &self.0 {
            clock.give_up_seat();
        }
    }
}

/// The calling thread takes part in a clock's time until this is dropped.
#[derive(Debug)]
#[must_use = "the thread leaves as soon as the guard is dropped"]
pub struct Attendance {
    clock: Option<SimulatedClock>,
    /// A guard belongs to its thread.
    _thread: PhantomData<*const ()>,
}

impl Drop for Attendance {
    fn drop(&mut self) {
        if let Some(clock) = &self.clock {
            clock.leave();
        }
    }
}

/// Counts events, for threads that wait for the next one. Clones are the same signal.
#[derive(Clone, Debug, Default)]
pub struct Signal(Arc<Bell>);

#[derive(Debug, Default)]
struct Bell {
    generation: Mutex<u64>,
    rung: Condvar,
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, u64> {
        self.0.generation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of events so far.
    #[must_use]
    pub fn generation(&self) -> u64 {
        *self.lock()
    }

    /// Counts one more and wakes all who wait.
    pub fn notify(&self) {
        let mut generation = self.lock();
        *generation = generation.wrapping_add(1);
        drop(generation);
        self.0.rung.notify_all();
    }

    /// [`Clock::wait`] in real time, for clocks.
    #[must_use]
    pub fn wait_timeout(&self, seen: u64, limit: Duration) -> bool {
        let deadline = Instant::now().checked_add(limit);
        let mut generation = self.lock();
        while *generation == seen {
            let Some(deadline) = deadline else {
                generation = self.0.rung.wait(generation).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            generation = self.0.rung.wait_timeout(generation, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Blocks until there is an event or `due` is set.
    fn wait_until(&self, seen: u64, due: &AtomicBool) -> bool {
        let mut generation = self.lock();
        while *generation == seen && !due.load(Ordering::SeqCst) {
            generation = self.0.rung.wait(generation).unwrap_or_else(PoisonError::into_inner);
        }
        *generation != seen
    }

    /// Makes those who wait look at their reasons again.
    fn nudge(&self) {
        drop(self.lock());
        self.0.rung.notify_all();
    }
}

/// Real time, since this process first asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        ORIGIN.get_or_init(Instant::now).elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn wait(&self, signal: &Signal, seen: u64, limit: Duration) -> bool {
        signal.wait_timeout(seen, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_ends_a_real_wait_and_a_limit_does() {
        let clock = SystemClock;
        let signal = Signal::default();
        let seen = signal.generation();
        let before = clock.now();
        assert!(!clock.wait(&signal, seen, Duration::from_millis(5)));
        assert!(clock.now() - before >= Duration::from_millis(5));
        let remote = signal.clone();
        let other = std::thread::spawn(move || remote.notify());
        assert!(clock.wait(&signal, seen, Duration::MAX));
        other.join().unwrap();
        // It has happened: no wait at all.
        assert!(clock.wait(&signal, seen, Duration::ZERO));
        assert_eq!(signal.generation(), seen + 1);
    }
}
