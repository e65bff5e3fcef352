//! Systems without a transport of their own yet.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::{Access, DriveNode, Holder, Owner, OwnerError, Place, Wake};
use crate::{Cdb, DataPhase, Outcome, Transport, TransportError};

/// Cannot be made on this system.
#[derive(Debug)]
pub enum Device {}

impl Device {
    /// Always [`TransportError::Unsupported`].
    ///
    /// # Errors
    /// Always.
    pub fn open(path: &Path, _access: Access) -> Result<Self, TransportError> {
        Err(TransportError::Unsupported {
            device: path.display().to_string(),
            detail: "this operating system is not supported; use virtual: drives".to_owned(),
        })
    }
}

impl Transport for Device {
    fn execute(
        &mut self,
        _cdb: &Cdb,
        _data: DataPhase<'_>,
        _timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        match *self {}
    }

    fn max_transfer(&self) -> usize {
        match *self {}
    }

    fn name(&self) -> &str {
        match *self {}
    }
}

/// None on this system.
///
/// # Errors
/// Never.
pub fn drives() -> io::Result<Vec<DriveNode>> {
    Ok(Vec::new())
}

/// None that are known on this system.
#[must_use]
pub fn holders(_path: &Path) -> Vec<Holder> {
    Vec::new()
}

/// Cannot be made on this system.
#[derive(Debug)]
pub enum OwnerFile {}

impl OwnerFile {
    /// Always [`OwnerError::Io`].
    ///
    /// # Errors
    /// Always.
    pub fn acquire(directory: &Path, _key: &str, _owner: &str) -> Result<Self, OwnerError> {
        Err(OwnerError::Io { path: PathBuf::from(directory), source: io::ErrorKind::Unsupported.into() })
    }

    /// Nobody.
    ///
    /// # Errors
    /// Never.
    pub fn owner(_directory: &Path, _key: &str) -> io::Result<Option<Owner>> {
        Ok(None)
    }
}

impl Place {
    /// Whether the file is there; sockets never are on this system.
    #[must_use]
    pub fn is_there(&self) -> bool {
        matches!(self, Self::File(path) if path.try_exists().unwrap_or(true))
    }
}

/// Waits to be woken; there are no news of drives on this system.
#[derive(Debug)]
pub struct Uevents(Waker);

/// Ends the wait of an [`Uevents`].
#[derive(Clone, Debug)]
pub struct Waker(Arc<(Mutex<bool>, Condvar)>);

impl Waker {
    /// The wait that is going on, or else the next one, ends with [`Wake::Woken`].
    pub fn wake(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }
}

impl Uevents {
    /// As [`Uevents::quiet`].
    ///
    /// # Errors
    /// Never.
    pub fn open() -> io::Result<Self> {
        Self::quiet()
    }

    /// Hears nothing and only waits to be woken.
    ///
    /// # Errors
    /// Never.
    pub fn quiet() -> io::Result<Self> {
        Ok(Self(Waker(Arc::new((Mutex::new(false), Condvar::new())))))
    }

    /// What ends a wait.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.0.clone()
    }

    /// No place can be watched on this system.
    ///
    /// # Errors
    /// When there are places.
    pub fn watch_places(&mut self, places: &[Place]) -> io::Result<()> {
        if places.is_empty() { Ok(()) } else { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// Never.
    #[must_use]
    pub fn is_place_refusing(&self) -> bool {
        false
    }

    /// Waits to be woken, at most for `timeout`; for ever without one.
    ///
    /// # Errors
    /// Never.
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<Wake> {
        let (woken, bell) = &*self.0.0;
        let guard = woken.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = timeout.unwrap_or(Duration::MAX);
        let (mut guard, _) =
            bell.wait_timeout_while(guard, limit, |woken| !*woken).unwrap_or_else(PoisonError::into_inner);
        Ok(if std::mem::take(&mut *guard) { Wake::Woken } else { Wake::TimedOut })
    }
}
