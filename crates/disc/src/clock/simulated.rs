//! Discrete-event time: it stands still while anybody works and jumps when everybody waits.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::{Clock, Seat, Signal};

/// Time that passes only while all who take part wait.
///
/// It stands still as long as one of the threads that attend runs. When all of them wait, and nothing that one of them
/// waits for has happened, it jumps to the earliest end of a wait and wakes that one thread; of equal ends the one that
/// was asked for first. So the order of everything that happens for the sake of time is the same in every run. A thread
/// that does not attend takes part for the length of its waits; with nobody else there, a sleep returns at once and time
/// has moved. Every wait has a limit, so there is always an end to jump to.
///
/// Clones show the same time.
#[derive(Clone, Default)]
pub struct SimulatedClock(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Duration,
    /// Attending threads that do not wait, and seats that wait for their thread.
    running: usize,
    /// How many guards each attending thread has.
    guards: HashMap<ThreadId, usize>,
    waiting: Vec<Waiter>,
    next_ticket: u64,
}

/// A thread in a wait.
struct Waiter {
    ticket: u64,
    end: Duration,
    signal: Signal,
    seen: u64,
    /// Its end has come; shared with the thread.
    due: Arc<AtomicBool>,
}

impl Waiter {
    /// Whether the thread is about to run.
    fn is_ready(&self) -> bool {
        self.due.load(Ordering::SeqCst) || self.signal.generation() != self.seen
    }

    fn wake(&self) {
        self.due.store(true, Ordering::SeqCst);
        self.signal.nudge();
    }
}

impl State {
    /// Moves time when nobody would do anything before it moves.
    fn settle(&mut self) {
        if self.running > 0 || self.waiting.iter().any(Waiter::is_ready) {
            return;
        }
        if let Some(first) = self.waiting.iter().min_by_key(|w| (w.end, w.ticket)) {
            self.now = self.now.max(first.end);
            first.wake();
        }
    }

    fn stop_running(&mut self) {
        self.running = self.running.saturating_sub(1);
        self.settle();
    }
}

impl SimulatedClock {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass, whoever works. Every wait that ends by then ends.
    pub fn advance(&self, time: Duration) {
        let mut state = self.lock();
        state.now = state.now.saturating_add(time);
        for waiter in state.waiting.iter().filter(|w| w.end <= state.now) {
            waiter.wake();
        }
    }

    /// A reserved place becomes that of the calling thread.
    pub(super) fn sit_down(&self) {
        let mut state = self.lock();
        let guards = state.guards.entry(thread::current().id()).or_insert(0);
        *guards += 1;
        if *guards > 1 {
            // The thread has a place already.
            state.running = state.running.saturating_sub(1);
        }
    }

    pub(super) fn give_up_seat(&self) {
        self.lock().stop_running();
    }

    /// The calling thread gives back one of its guards.
    pub(super) fn leave(&self) {
        let id = thread::current().id();
        let mut state = self.lock();
        let left = match state.guards.get_mut(&id) {
            Some(guards) => {
                *guards = guards.saturating_sub(1);
                *guards
            }
            None => return,
        };
        if left == 0 {
            state.guards.remove(&id);
            state.stop_running();
        }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Duration {
        self.lock().now
    }

    fn sleep(&self, time: Duration) {
        self.wait(&Signal::default(), 0, time);
    }

    fn wait(&self, signal: &Signal, seen: u64, limit: Duration) -> bool {
        if signal.generation() != seen {
            return true;
        }
        if limit.is_zero() {
            return false;
        }
        let id = thread::current().id();
        let due = Arc::new(AtomicBool::new(false));
        let mut state = self.lock();
        let ticket = state.next_ticket;
        state.next_ticket = ticket.wrapping_add(1);
        let end = state.now.saturating_add(limit);
        state.waiting.push(Waiter { ticket, end, signal: signal.clone(), seen, due: Arc::clone(&due) });
        let attends = state.guards.contains_key(&id);
        if attends {
            state.running = state.running.saturating_sub(1);
        }
        state.settle();
        drop(state);

        let happened = signal.wait_until(seen, &due);

        let mut state = self.lock();
        state.waiting.retain(|w| w.ticket != ticket);
        if attends {
            state.running += 1;
        } else {
            state.settle();
        }
        happened
    }

    fn reserve(&self) -> Seat {
        self.lock().running += 1;
        Seat(Some(self.clone()))
    }
}

impl fmt::Debug for SimulatedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("SimulatedClock")
            .field("now", &state.now)
            .field("running", &state.running)
            .field("waiting", &state.waiting.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// Starts a thread that attends from before it runs.
    fn attending<T: Send + 'static>(
        clock: &SimulatedClock,
        work: impl FnOnce(&SimulatedClock) -> T + Send + 'static,
    ) -> thread::JoinHandle<T> {
        let (seat, clock) = (clock.reserve(), clock.clone());
        thread::spawn(move || {
            let _attendance = seat.take();
            work(&clock)
        })
    }

    #[test]
    fn alone_a_sleep_takes_no_time_but_the_simulated() {
        let clock = SimulatedClock::default();
        clock.sleep(Duration::from_secs(3600));
        assert_eq!(clock.now(), Duration::from_secs(3600));
        let attendance = clock.attend();
        clock.sleep(ms(5));
        assert!(!clock.wait(&Signal::default(), 0, ms(5)));
        assert!(!clock.wait(&Signal::default(), 0, Duration::ZERO));
        drop(attendance);
        clock.advance(ms(1));
        assert_eq!(clock.clone().now(), Duration::from_secs(3600) + ms(11));
    }

    #[test]
    fn sleepers_wake_in_the_order_of_time_in_every_run() {
        for _ in 0..1000 {
            let clock = SimulatedClock::default();
            let log = Arc::new(Mutex::new(Vec::new()));
            let start = clock.reserve();
            let sleepers: Vec<_> = [(ms(3), 4), (ms(5), 3)]
                .into_iter()
                .map(|(pause, times)| {
                    let log = Arc::clone(&log);
                    attending(&clock, move |clock| {
                        for _ in 0..times {
                            clock.sleep(pause);
                            log.lock().unwrap().push((clock.now(), pause));
                        }
                    })
                })
                .collect();
            drop(start);
            for sleeper in sleepers {
                sleeper.join().unwrap();
            }
            let expected = [
                (ms(3), ms(3)),
                (ms(5), ms(5)),
                (ms(6), ms(3)),
                (ms(9), ms(3)),
                (ms(10), ms(5)),
                (ms(12), ms(3)),
                (ms(15), ms(5)),
            ];
            assert_eq!(*log.lock().unwrap(), expected);
        }
    }

    #[test]
    fn a_signal_beats_an_earlier_looking_deadline() {
        for _ in 0..1000 {
            let clock = SimulatedClock::default();
            let signal = Signal::default();
            let (heard, rings) = (signal.clone(), signal.clone());
            let start = clock.reserve();
            let hearer = attending(&clock, move |clock| {
                let heard_it = clock.wait(&heard, 0, ms(1000));
                (heard_it, clock.now())
            });
            let ringer = attending(&clock, move |clock| {
                clock.sleep(ms(10));
                rings.notify();
                // Nobody may jump over the one who was called.
                clock.sleep(ms(5000));
                clock.now()
            });
            drop(start);
            assert_eq!(hearer.join().unwrap(), (true, ms(10)));
            assert_eq!(ringer.join().unwrap(), ms(5010));
        }
    }

    #[test]
    fn time_stands_still_while_somebody_works() {
        let clock = SimulatedClock::default();
        let attendance = clock.attend();
        let nested = clock.attend();
        let slept = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&slept);
        let sleeper = attending(&clock, move |clock| {
            clock.sleep(ms(1));
            done.store(true, Ordering::SeqCst);
        });
        while clock.lock().waiting.is_empty() {
            thread::yield_now();
        }
        // One guard less is not leaving, and one more was not a second thread.
        drop(nested);
        assert!(!slept.load(Ordering::SeqCst));
        assert_eq!(clock.now(), Duration::ZERO);
        clock.sleep(ms(2));
        assert_eq!(clock.now(), ms(2));
        drop(attendance);
        sleeper.join().unwrap();
        let state = clock.lock();
        assert_eq!((state.running, state.guards.len()), (0, 0));
    }

    #[test]
    fn a_stranger_takes_part_while_it_waits() {
        let clock = SimulatedClock::default();
        let begun = clock.reserve();
        let worker = attending(&clock, |clock| {
            clock.sleep(ms(10));
            clock.now()
        });
        let stranger = {
            let clock = clock.clone();
            thread::spawn(move || {
                clock.sleep(ms(4));
                clock.now()
            })
        };
        while clock.lock().waiting.len() < 2 {
            thread::yield_now();
        }
        drop(begun);
        assert_eq!(worker.join().unwrap(), ms(10));
        // It may be told late: nothing holds the time for it once it is awake.
        assert!([ms(4), ms(10)].contains(&stranger.join().unwrap()));
    }

    #[test]
    fn one_who_panics_or_never_comes_leaves() {
        let clock = SimulatedClock::default();
        let lost = attending(&clock, |_| panic!("on purpose"));
        assert!(lost.join().is_err());
        drop(clock.reserve());
        let _attendance = clock.attend();
        clock.sleep(ms(7));
        assert_eq!(clock.now(), ms(7));
    }

    #[test]
    fn advancing_ends_the_waits_it_passes() {
        let clock = SimulatedClock::default();
        let attendance = clock.attend();
        let sleeper = attending(&clock, |clock| clock.sleep(ms(20)));
        while clock.lock().waiting.is_empty() {
            thread::yield_now();
        }
        clock.advance(ms(30));
        sleeper.join().unwrap();
        assert_eq!(clock.now(), ms(30));
        drop(attendance);
    }
}
