//! The drives there are: those of the system and those that the program has registered.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use std::vec;

use glassmaster_scsi::sys::{self, Access, Device, DriveNode, Place, Uevents, Wake, Waker};
use glassmaster_scsi::{Transport, TransportError};

use crate::{DiscRecorder, Error, RecorderOptions};

/// Makes the transport to a registered drive, each time it is taken into use.
pub type OpenDrive = dyn Fn() -> Result<Box<dyn Transport>, TransportError> + Send + Sync;

/// A drive of the program's own, such as the virtual recorder.
#[derive(Clone)]
pub struct RegisteredDrive {
    /// Its id: not empty, no control characters, no other drive has it. `virtual:FILE` by custom.
    pub id: String,
    /// Makes the transport.
    pub open: Arc<OpenDrive>,
}

impl fmt::Debug for RegisteredDrive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredDrive").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A drive that can be taken into use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DriveEntry {
    /// Unique, and the same after the next start where the system can tell drives apart; may be stored.
    pub id: String,
    /// What the system says of it; `None` for a registered drive.
    pub node: Option<DriveNode>,
}

/// Lists drives and opens them. Clones share what is registered.
///
/// Ids of the system's drives are their links below `/dev/disk/by-id`. A drive can also be opened by its node or any link
/// to it. Read-only drives and everything else of SCSI device type 5 are listed.
#[doc(alias = "IDiscMaster2")]
#[doc(alias = "MsftDiscMaster2")]
#[derive(Clone, Debug)]
pub struct DiscMaster {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Whether drives of the system are listed.
    system: bool,
    registered: Mutex<Registered>,
}

#[derive(Debug, Default)]
struct Registered {
    drives: Vec<Registration>,
    /// Who has to hear that the list has changed.
    listeners: Vec<Weak<Waker>>,
}

#[derive(Debug)]
struct Registration {
    drive: RegisteredDrive,
    /// Where it is to be found; `None` when it is there as long as it is registered.
    place: Option<Place>,
}

impl Default for DiscMaster {
    fn default() -> Self {
        Self::new()
    }
}

impl DiscMaster {
    /// Lists the drives of the system, and registered ones behind them.
    #[must_use]
    pub fn new() -> Self {
        Self::with(true)
    }

    /// Lists registered drives only.
    #[must_use]
    pub fn registered_only() -> Self {
        Self::with(false)
    }

    fn with(system: bool) -> Self {
        Self { shared: Arc::new(Shared { system, registered: Mutex::default() }) }
    }

    fn registered(&self) -> MutexGuard<'_, Registered> {
        self.shared.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a drive to the end of the list, where it stays until [`DiscMaster::unregister`].
    ///
    /// # Errors
    /// [`Error::Argument`] for an id that is empty, has control characters or is taken.
    pub fn register(&self, drive: RegisteredDrive) -> Result<(), Error> {
        self.add(Registration { drive, place: None })
    }

    /// Adds a drive that is on the list while its file is there, or while somebody listens on its socket. It can be opened at
    /// any time: that says what is missing.
    ///
    /// # Errors
    /// As [`DiscMaster::register`].
    pub fn register_at(&self, drive: RegisteredDrive, place: Place) -> Result<(), Error> {
        self.add(Registration { drive, place: Some(place) })
    }

    fn add(&self, new: Registration) -> Result<(), Error> {
        let id = &new.drive.id;
        check_id(id)?;
        let of_system = self.nodes()?.iter().any(|node| node.id == *id);
        let mut registered = self.registered();
        if of_system || registered.drives.iter().any(|known| known.drive.id == *id) {
            return Err(Error::Argument(format!("there is a drive '{id}' already")));
        }
        registered.drives.push(new);
        registered.tell();
        Ok(())
    }

    /// Takes a registered drive off the list; `false` when there is none of this id. Recorders that are in use stay so.
    pub fn unregister(&self, id: &str) -> bool {
        let mut registered = self.registered();
        let before = registered.drives.len();
        registered.drives.retain(|known| known.drive.id != id);
        let gone = registered.drives.len() != before;
        if gone {
            registered.tell();
        }
        gone
    }

    /// All drives now: those of the system by their numbers, then registered ones in their order.
    ///
    /// # Errors
    /// [`Error::System`] when the system's list cannot be read.
    pub fn entries(&self) -> Result<Vec<DriveEntry>, Error> {
        let nodes = self.nodes()?.into_iter();
        let mut entries: Vec<_> =
            nodes.map(|node| DriveEntry { id: node.id.clone(), node: Some(node) }).collect();
        let of = |known: &Registration| (known.drive.id.clone(), known.place.clone());
        // Looking at places may take its time; the list is free meanwhile.
        let registered: Vec<_> = self.registered().drives.iter().map(of).collect();
        let there = |place: &Option<Place>| place.as_ref().is_none_or(Place::is_there);
        let present = registered.into_iter().filter(|(_, place)| there(place));
        entries.extend(present.map(|(id, _)| DriveEntry { id, node: None }));
        Ok(entries)
    }

    fn nodes(&self) -> Result<Vec<DriveNode>, Error> {
        if !self.shared.system {
            return Ok(Vec::new());
        }
        let trouble = |source| TransportError::Io { device: "the list of drives".to_owned(), source };
        Ok(sys::drives().map_err(trouble)?)
    }

    fn places(&self) -> Vec<Place> {
        self.registered().drives.iter().filter_map(|known| known.place.clone()).collect()
    }

    /// Ids of the drives there are at this moment. What comes and goes later does not change the iterator.
    ///
    /// # Errors
    /// As [`DiscMaster::entries`].
    #[doc(alias = "_NewEnum")]
    pub fn ids(&self) -> Result<vec::IntoIter<String>, Error> {
        let ids: Vec<_> = self.entries()?.into_iter().map(|entry| entry.id).collect();
        Ok(ids.into_iter())
    }

    /// Number of drives now.
    ///
    /// # Errors
    /// As [`DiscMaster::entries`].
    #[doc(alias = "Count")]
    pub fn count(&self) -> Result<usize, Error> {
        Ok(self.entries()?.len())
    }

    /// Id of the drive that is number `index` now, counted from 0. Another drive may have that number a moment later; the
    /// id stays that of the drive.
    ///
    /// # Errors
    /// [`Error::Argument`] when there are not so many drives; as [`DiscMaster::entries`].
    #[doc(alias = "Item")]
    pub fn item(&self, index: usize) -> Result<String, Error> {
        let mut entries = self.entries()?;
        if index < entries.len() {
            return Ok(entries.swap_remove(index).id);
        }
        Err(Error::Argument(format!("there is no drive {index}; there are {}", entries.len())))
    }

    /// Whether there is a drive that can be taken into use by this user: each is tried, until one is.
    #[doc(alias = "IsSupportedEnvironment")]
    #[must_use]
    pub fn is_supported_environment(&self) -> bool {
        let mut ids = self.ids().into_iter().flatten();
        ids.any(|id| self.open(&id, RecorderOptions::default()).is_ok())
    }

    /// Takes a drive into use by its id, or by its node. Drives that another owner holds open too.
    ///
    /// # Errors
    /// [`Error::Argument`] for an id that is none; [`Error::System`] when there is no such drive, or the system does not let
    /// us have it; else as [`DiscRecorder::open`].
    #[doc(alias = "IDiscRecorder2.InitializeDiscRecorder")]
    pub fn open(&self, id: &str, mut options: RecorderOptions) -> Result<DiscRecorder, Error> {
        check_id(id)?;
        options.id = Some(id.to_owned());
        let registered =
            self.registered().drives.iter().find(|d| d.drive.id == id).map(|d| Arc::clone(&d.drive.open));
        let transport: Box<dyn Transport> = match registered {
            Some(open) => open()?,
            None if self.shared.system => Box::new(Device::open(id.as_ref(), Access::Shared)?),
            None => {
                let detail = "no drive of this id is registered".to_owned();
                return Err(TransportError::DeviceGone { device: id.to_owned(), detail }.into());
            }
        };
        DiscRecorder::with_options(transport, options)
    }

    /// Watches drives come and go from now on: those of the system, registrations, and the files and sockets of
    /// [`DiscMaster::register_at`]. Nothing is missed between [`DriveWatcher::known`] and the first change that is told.
    ///
    /// # Errors
    /// [`Error::System`] when the system has no events of drives for this process, or keeps the folder of a registered
    /// drive from it.
    #[doc(alias = "DDiscMaster2Events")]
    pub fn watch(&self) -> Result<DriveWatcher, Error> {
        let events = if self.shared.system { Uevents::open() } else { Uevents::quiet() };
        let mut events = events.map_err(trouble)?;
        let waker = Arc::new(events.waker());
        self.registered().listeners.push(Arc::downgrade(&waker));
        // Listed after listening began: what comes in between is told, and not told twice.
        events.watch_places(&self.places()).map_err(trouble)?;
        let known = self.ids()?.collect();
        let (cancelled, pending) = (Arc::default(), Vec::new());
        Ok(DriveWatcher { master: self.clone(), events, waker, known, pending, looks_again: 0, cancelled })
    }
}

impl Registered {
    fn tell(&mut self) {
        self.listeners.retain(|listener| match listener.upgrade() {
            Some(waker) => {
                waker.wake();
                true
            }
            None => false,
        });
    }
}

fn trouble(source: io::Error) -> TransportError {
    TransportError::Io { device: "the events of drives".to_owned(), source }
}

fn check_id(id: &str) -> Result<(), Error> {
    if id.is_empty() || id.chars().any(char::is_control) {
        return Err(Error::Argument(format!("'{}' is no id of a drive", id.escape_debug())));
    }
    Ok(())
}

/// A drive came or went.
#[doc(alias = "DDiscMaster2Events")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DriveChange {
    /// It is on the list now.
    #[doc(alias = "NotifyDeviceAdded")]
    Added(String),
    /// It is off the list.
    #[doc(alias = "NotifyDeviceRemoved")]
    Removed(String),
}

/// Tells which drives come and go. May wait on a thread of its own; [`DriveWatcher::cancel_handle`] ends that.
#[derive(Debug)]
pub struct DriveWatcher {
    master: DiscMaster,
    events: Uevents,
    waker: Arc<Waker>,
    known: Vec<String>,
    /// Changes that have been seen and not yet told, the last one first.
    pending: Vec<DriveChange>,
    /// How often it was looked again without news, since the last ones.
    looks_again: u32,
    cancelled: Arc<Mutex<bool>>,
}

/// A socket exists a moment before its server listens, of which no system tells: it is looked at this often, after this
/// time and then after twice the time before, some 3 s in all.
const LOOKS_AGAIN: u32 = 6;
const FIRST_LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Ends the wait of a [`DriveWatcher`] from any thread, for good.
#[derive(Clone, Debug)]
pub struct WatchCancel {
    waker: Waker,
    cancelled: Arc<Mutex<bool>>,
}

impl WatchCancel {
    /// Ends the wait that is going on, and all later ones.
    pub fn cancel(&self) {
        *self.cancelled.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.waker.wake();
    }
}

impl DriveWatcher {
    /// Ids of the drives that were there when the watch began, or after the changes that it has seen since.
    #[must_use]
    pub fn known(&self) -> &[String] {
        &self.known
    }

    /// What ends the wait.
    #[must_use]
    pub fn cancel_handle(&self) -> WatchCancel {
        WatchCancel { waker: (*self.waker).clone(), cancelled: Arc::clone(&self.cancelled) }
    }

    /// The next change, waited for at most for `timeout`, or for ever without one; `None` when the time is over or the
    /// watcher was cancelled. A drive is told as removed after it left the list, and before another that came with it. One
    /// that went and was back before anybody looked has not changed the list and is not told.
    ///
    /// # Errors
    /// [`Error::System`] when the system's list or events cannot be read.
    pub fn next(&mut self, timeout: Option<Duration>) -> Result<Option<DriveChange>, Error> {
        let start = Instant::now();
        loop {
            if *self.cancelled.lock().unwrap_or_else(PoisonError::into_inner) {
                return Ok(None);
            }
            if let Some(change) = self.pending.pop() {
                return Ok(Some(change));
            }
            let left = timeout.map(|t| t.saturating_sub(start.elapsed()));
            let again = self.look_again();
            let first = again.into_iter().chain(left).min();
            match self.events.wait(first).map_err(trouble)? {
                Wake::TimedOut if first == left => return Ok(None),
                Wake::TimedOut => self.looks_again += 1,
                Wake::Drives | Wake::Woken => self.looks_again = 0,
            }
            self.look()?;
        }
    }

    /// After how long to look without being told to.
    fn look_again(&self) -> Option<Duration> {
        let wanted = self.looks_again < LOOKS_AGAIN && self.events.is_place_refusing();
        wanted.then(|| FIRST_LOOK_AGAIN.saturating_mul(1 << self.looks_again))
    }

    /// Compares the list with what it was.
    fn look(&mut self) -> Result<(), Error> {
        self.events.watch_places(&self.master.places()).map_err(trouble)?;
        let now: Vec<String> = self.master.ids()?.collect();
        let missing = |of: &[String], from: &[String]| -> Vec<String> {
            of.iter().filter(|id| !from.contains(id)).cloned().collect()
        };
        let added = missing(&now, &self.known);
        let removed = missing(&self.known, &now);
        self.pending.extend(added.into_iter().rev().map(DriveChange::Added));
        self.pending.extend(removed.into_iter().rev().map(DriveChange::Removed));
        self.known = now;
        Ok(())
    }
}
