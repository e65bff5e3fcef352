//! Keeps the machine awake while a disc is written: logind's inhibitor locks
//! (<https://systemd.io/INHIBITOR_LOCKS/>), where there is a logind.

use std::sync::mpsc;
use std::time::Duration;

use zbus::{Connection, OwnedFd};

/// Longest time that a system bus may take. A burn does not wait for one that hangs.
const PATIENCE: Duration = Duration::from_secs(2);
/// Suspending and switching off, and closing the lid, which suspends without regard to the others.
const WHAT: &str = "shutdown:sleep:handle-lid-switch";

/// What became of the wish to stay awake. The machine stays so until this is dropped, or the process ends.
pub(crate) struct Inhibit {
    lock: Option<OwnedFd>,
    /// Why there is no lock, where somebody wanted one.
    pub(crate) note: Option<String>,
}

impl Inhibit {
    /// Holds suspend off, `why` being what a person is told who asks for it meanwhile. No lock is no error: work goes on.
    pub(crate) fn hold(wanted: bool, why: &'static str) -> Self {
        if !wanted {
            return Self { lock: None, note: None };
        }
        match within_patience(why) {
            Ok(lock) => Self { lock: Some(lock), note: None },
            Err(reason) => Self { lock: None, note: Some(format!("suspend is not held off: {reason}")) },
        }
    }

    /// Whether suspend is held off.
    pub(crate) fn is_held(&self) -> bool {
        self.lock.is_some()
    }
}

/// Asks in a thread that may be left behind: connecting and authentication have no limit of their own. A lock that comes
/// too late is dropped there, and with it given back.
fn within_patience(why: &'static str) -> Result<OwnedFd, String> {
    let (answer, wait) = mpsc::sync_channel(1);
    let asking = move || {
        let lock = zbus::block_on(lock(why)).map_err(|e| e.to_string());
        // Nobody waits any more: what was sent comes back and is dropped.
        let _ = answer.send(lock);
    };
    let thread = std::thread::Builder::new().name("inhibit".to_owned());
    thread.spawn(asking).map_err(|e| e.to_string())?;
    wait.recv_timeout(PATIENCE)
        .unwrap_or_else(|_| Err(format!("the system bus did not answer within {} s", PATIENCE.as_secs())))
}

/// `org.freedesktop.login1.Manager.Inhibit`; the lock is held while the descriptor is open, whatever becomes of the
/// connection.
async fn lock(why: &str) -> zbus::Result<OwnedFd> {
    let bus = Connection::system().await?;
    let message = bus
        .call_method(
            Some("org.freedesktop.login1"),
            "/org/freedesktop/login1",
            Some("org.freedesktop.login1.Manager"),
            "Inhibit",
            &(WHAT, "Glassmaster", why, "block"),
        )
        .await?;
    message.body().deserialize()
}
