//! Ctrl-C and termination end the work at its next safe point; asked for again, they end the program where it stands.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};

use crate::failure::{CANCELLED, FAILED, Failure};

/// Signals that come sooner after the first one are the same impatience; the work is ending.
const AGAIN: Duration = Duration::from_secs(2);
/// How long work that may be stuck in a pipe gets to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// Something to be done when a signal comes.
type Action = Box<dyn Fn() + Send>;

/// How long the last words of a program that ends at once may take, where nobody reads them.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a signal sets off.
#[derive(Clone, Default)]
pub(crate) struct Cancel {
    flag: Arc<AtomicBool>,
    actions: Arc<Mutex<Vec<Action>>>,
    /// The last words of work that may be ended where it stands.
    harmless: Arc<Mutex<Option<LastWords>>>,
}

type LastWords = Arc<dyn Fn() + Send + Sync>;

/// Until this is dropped a signal ends the program at once.
pub(crate) struct Harmless {
    words: Arc<Mutex<Option<LastWords>>>,
}

impl Drop for Harmless {
    fn drop(&mut self) {
        *self.words.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Says the last words, in a thread that may be left behind, and ends the program.
fn end(words: &LastWords) -> ! {
    let (said, wait) = std::sync::mpsc::sync_channel(1);
    let words = Arc::clone(words);
    std::thread::spawn(move || {
        words();
        // Nobody waits any more when this fails.
        let _ = said.send(());
    });
    // In either case there is nothing else to be done.
    let _ = wait.recv_timeout(LAST_WORDS);
    std::process::exit(CANCELLED.into());
}

impl Cancel {
    /// Runs `action` when a signal comes, at once when one has come.
    pub(crate) fn on_signal(&self, action: impl Fn() + Send + 'static) {
        let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        if self.flag.load(Ordering::SeqCst) {
            action();
        }
        actions.push(Box::new(action));
    }

    /// Ends the program some time after a signal, by way of `last_words`, if it is there still: for work that leaves
    /// nothing to be cleaned up and may wait without end for somebody who reads.
    pub(crate) fn end_anyway(&self, last_words: impl Fn() + Send + Sync + 'static) {
        let last_words = Arc::new(last_words);
        self.on_signal(move || {
            let last_words = Arc::clone(&last_words);
            std::thread::spawn(move || {
                std::thread::sleep(GRACE);
                last_words();
                std::process::exit(CANCELLED.into());
            });
        });
    }

    /// Ends the program on the first signal, without waiting for a safe point, until what is returned is dropped: for work
    /// that changes nothing and may wait long for somebody else, such as a drive that does not answer.
    pub(crate) fn end_at_once(&self, last_words: impl Fn() + Send + Sync + 'static) -> Harmless {
        let words: LastWords = Arc::new(last_words);
        *self.harmless.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&words));
        if self.flag.load(Ordering::SeqCst) {
            end(&words);
        }
        Harmless { words: Arc::clone(&self.harmless) }
    }

    /// A handle for imaging work.
    pub(crate) fn imaging(&self) -> glassmaster::imapi2fs::CancelHandle {
        let handle = glassmaster::imapi2fs::CancelHandle::default();
        let inner = handle.clone();
        self.on_signal(move || inner.cancel());
        handle
    }
}

/// Whether whoever started the program had hang-ups ignored: bit 0 of the mask (proc_pid_status(5)).
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}

/// Installs the handler. To be called before there are threads.
pub(crate) fn watch() -> Result<Cancel, Failure> {
    // A file over the limit of `ulimit -f` is an error of writing like a full disk, not the end of the program.
    let mut kept_out = SigSet::empty();
    kept_out.add(Signal::SIGXFSZ);
    // Under `nohup` a burn goes on when the terminal is gone; a handler would take that away.
    if hang_up_is_ignored() {
        kept_out.add(Signal::SIGHUP);
    }
    kept_out.thread_block().map_err(|e| Failure::new(FAILED, format!("cannot keep signals out: {e}")))?;
    let cancel = Cancel::default();
    let inner = cancel.clone();
    let mut first: Option<Instant> = None;
    ctrlc::set_handler(move || {
        if first.get_or_insert_with(Instant::now).elapsed() > AGAIN {
            std::process::exit(CANCELLED.into());
        }
        // Told under the lock: an action that is added at this moment runs here or there, and not twice.
        let actions = inner.actions.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.flag.swap(true, Ordering::SeqCst) {
            return;
        }
        // Held to the end: work that is harmless now does not become otherwise meanwhile.
        if let Some(words) = &*inner.harmless.lock().unwrap_or_else(PoisonError::into_inner) {
            end(words);
        }
        for action in actions.iter() {
            action();
        }
    })
    .map_err(|e| Failure::new(FAILED, format!("cannot watch for signals: {e}")))?;
    Ok(cancel)
}
