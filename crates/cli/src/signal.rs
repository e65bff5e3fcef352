//! Ctrl-C and termination end the work at its next safe point.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::failure::{FAILED, Failure};

/// Something to be done when a signal comes.
type Action = Box<dyn Fn() + Send>;

/// What a signal sets off.
#[derive(Clone, Default)]
pub(crate) struct Cancel {
    flag: Arc<AtomicBool>,
    actions: Arc<Mutex<Vec<Action>>>,
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

    /// A handle for imaging work.
    pub(crate) fn imaging(&self) -> glassmaster::imapi2fs::CancelHandle {
        let handle = glassmaster::imapi2fs::CancelHandle::default();
        let inner = handle.clone();
        self.on_signal(move || inner.cancel());
        handle
    }
}

/// Installs the handler.
pub(crate) fn watch() -> Result<Cancel, Failure> {
    let cancel = Cancel::default();
    let inner = cancel.clone();
    ctrlc::set_handler(move || {
        inner.flag.store(true, Ordering::SeqCst);
        for action in inner.actions.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            action();
        }
    })
    .map_err(|e| Failure::new(FAILED, format!("cannot watch for signals: {e}")))?;
    Ok(cancel)
}
