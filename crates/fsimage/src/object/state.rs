//! What all handles of an image share, behind one lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use glassmaster_disc::HResult;
use glassmaster_tree::Timestamp;
use glassmaster_tree::edit::{Attributes, Cases, EditError, EditTree, ItemId};
use glassmaster_udf::Revision;

use super::estimate::{self, Shape};
use super::event::{Sink, UpdateEvent};
use super::names::{Rules, invalid_param};
use super::recorded::NameCache;
use super::surroundings::Surroundings;
use crate::FileSystems;
use crate::code::Failure;
use crate::contents::Contents;
use crate::error::Error;
use crate::import::ImportEvent;

/// Directories that the 16-bit numbers of path tables can tell apart (ECMA-119 9.4.4).
const MOST_DIRECTORIES: u32 = 65_535;
/// Levels of directories (ECMA-119 6.8.2.1).
const MOST_LEVELS: usize = 8;

/// Lives as long as a result or one of its streams; while one does, the image is read-only.
#[derive(Debug)]
pub(crate) struct ResultGuard;

/// Settings of an image.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) session_start: i32,
    pub(super) free_blocks: i32,
    pub(super) volume_name: String,
    pub(super) strict: bool,
    pub(super) restricted: bool,
    pub(super) file_systems: FileSystems,
    pub(super) udf_revision: Revision,
    pub(super) iso_level: i32,
    pub(super) stage: bool,
    pub(super) mirror: bool,
}

pub(super) struct State {
    pub(super) compat: bool,
    pub(super) tree: EditTree,
    pub(super) contents: Contents,
    pub(super) settings: Settings,
    pub(super) boot: super::boot::BootSet,
    pub(super) session: super::session::Session,
    pub(super) result: Weak<ResultGuard>,
    /// Long work is under way; nothing may be changed beside it.
    pub(super) busy: bool,
    pub(super) names: NameCache,
}

/// The image behind its handles.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(super) surroundings: Surroundings,
    pub(super) updates: Sink<UpdateEvent>,
    pub(super) imports: Sink<ImportEvent>,
    cancelled: AtomicBool,
}

impl Shared {
    pub(super) fn new(surroundings: Surroundings, compat: bool) -> Self {
        let cases = if compat { Cases::Ignored } else { Cases::Distinct };
        let base = FileSystems::ISO9660 | FileSystems::JOLIET | FileSystems::UDF;
        let state = State {
            compat,
            tree: EditTree::new(cases),
            contents: Contents::new(surroundings.working_directory.clone()),
            settings: Settings {
                session_start: 0,
                free_blocks: 332_800,
                volume_name: String::new(),
                strict: false,
                restricted: false,
                file_systems: if compat { base } else { base | FileSystems::ROCK_RIDGE },
                udf_revision: Revision::V102,
                iso_level: if compat { 1 } else { 3 },
                stage: false,
                mirror: true,
            },
            boot: super::boot::BootSet::default(),
            session: super::session::Session::default(),
            result: Weak::new(),
            busy: false,
            names: NameCache::default(),
        };
        Self {
            state: Mutex::new(state),
            surroundings,
            updates: Sink::default(),
            imports: Sink::default(),
            cancelled: AtomicBool::new(false),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.surroundings.now().utc
    }

    /// Asks the long work under way to end.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn check_cancelled(&self) -> Result<(), Error> {
        if self.cancelled.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// One change of the tree: all of it or nothing.
    pub(super) fn change<T>(&self, work: impl FnOnce(&mut State) -> Result<T, Error>) -> Result<T, Error> {
        let mut state = self.lock();
        state.writable()?;
        state.change(work)
    }

    /// Begins work that takes long and is done without the lock.
    pub(super) fn begin(self: &Arc<Self>) -> Result<Job, Error> {
        let mut state = self.lock();
        state.writable()?;
        state.busy = true;
        self.cancelled.store(false, Ordering::Relaxed);
        Ok(Job { shared: Arc::clone(self), stash_end: Some(state.contents.stash_end()) })
    }
}

impl Shared {
    /// Begins making a result, which other results do not stand in the way of.
    pub(super) fn begin_result(self: &Arc<Self>) -> Result<Job, Error> {
        let mut state = self.lock();
        if state.busy {
            return Err(Error::Busy);
        }
        state.busy = true;
        Ok(Job { shared: Arc::clone(self), stash_end: None })
    }
}

/// Long work under way; dropping it lets others change the image again.
pub(super) struct Job {
    shared: Arc<Shared>,
    /// What was copied into the working directory from here on is given up unless the work succeeds.
    stash_end: Option<u64>,
}

impl Job {
    /// The change that the work comes down to.
    pub(super) fn finish<T>(mut self, work: impl FnOnce(&mut State) -> Result<T, Error>) -> Result<T, Error> {
        self.shared.check_cancelled()?;
        let done = self.shared.lock().change(work)?;
        self.stash_end = None;
        Ok(done)
    }

    /// The same, after which nothing before it can be gone back to.
    pub(super) fn finish_and_lock<T>(
        mut self,
        work: impl FnOnce(&mut State) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.shared.check_cancelled()?;
        let mut state = self.shared.lock();
        let done = state.change(work)?;
        state.tree.lock();
        drop(state);
        self.stash_end = None;
        Ok(done)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Some(end) = self.stash_end {
            state.contents.cut_stash(end);
        }
        state.busy = false;
    }
}

impl State {
    pub(super) fn rules(&self) -> Rules {
        Rules { compat: self.compat, restricted: self.settings.restricted }
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.result.strong_count() > 0
    }

    /// Whether something may be changed now.
    pub(super) fn writable(&self) -> Result<(), Error> {
        if self.is_read_only() {
            return Err(Failure::new(HResult::READONLY).into());
        }
        if self.busy { Err(Error::Busy) } else { Ok(()) }
    }

    fn change<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let done = work(self);
        if done.is_ok() {
            self.tree.commit();
        } else {
            self.tree.abort();
        }
        done
    }

    pub(super) fn shape(&self) -> Shape {
        Shape {
            file_systems: self.settings.file_systems,
            metadata_partition: self.settings.udf_revision.bcd() >= 0x0250,
            boot: self.boot.sectors(),
            write_unit: u64::from(self.session.write_unit()),
        }
    }

    /// Sectors that the image takes at most.
    pub(super) fn used_blocks(&self) -> u64 {
        estimate::sectors(self.tree.totals(), self.shape())
    }

    /// Whether the tree is within what the selected file systems can count.
    pub(super) fn check_structure(
        tree: &EditTree,
        file_systems: FileSystems,
        strict: bool,
    ) -> Result<(), Error> {
        let too_many = |name: &str| Err(Failure::new(HResult::TOO_MANY_DIRS).with(name).into());
        let iso = file_systems.completed().contains(FileSystems::ISO9660);
        if iso && tree.totals().directories > MOST_DIRECTORIES {
            return too_many("ISO 9660");
        }
        if iso && strict && tree.levels() > MOST_LEVELS {
            return Err(Failure::new(HResult::ISO9660_LEVELS).into());
        }
        if file_systems.contains(FileSystems::UDF) && tree.totals().overfull_directories > 0 {
            return too_many("UDF");
        }
        Ok(())
    }

    /// Whether what was just added, the last of it called `path`, can stay.
    pub(super) fn check_fits(&self, path: &str) -> Result<(), Error> {
        Self::check_structure(&self.tree, self.settings.file_systems, self.settings.strict)?;
        let free = self.settings.free_blocks;
        if free > 0 && self.used_blocks() > u64::from(free.unsigned_abs()) {
            return Err(Failure::new(HResult::IMAGE_SIZE_LIMIT).with(path).into());
        }
        Ok(())
    }

    /// Path of an item as it is given back: empty for the root, the bare name for what is detached.
    pub(super) fn path(&self, id: ItemId) -> String {
        let path =
            if id == self.tree.root() { String::new() } else { self.rules().shown(&self.tree.path(id)) };
        if self.tree.is_attached(id) { path } else { path.split_off_first() }
    }

    /// The code for what the tree refused.
    pub(super) fn refused(&self, error: EditError) -> Error {
        let shown = |path: &str| self.rules().shown(path);
        match error {
            EditError::Exists(path) | EditError::Clash { path, .. } => {
                Failure::new(HResult::DUP_NAME).with(shown(&path)).into()
            }
            EditError::NotADirectory(path) => Failure::new(HResult::NOT_DIR).with(shown(&path)).into(),
            EditError::NotAFile(path) => Failure::new(HResult::NOT_FILE).with(shown(&path)).into(),
            EditError::Detached(path) => Failure::new(HResult::NOT_IN_FILE_SYSTEM).with(shown(&path)).into(),
            EditError::Attached(_) | EditError::Stale => invalid_param("item"),
            EditError::NoChange { .. } => invalid_param("changePoint"),
            EditError::Tree(error) => error.into(),
        }
    }

    /// Refuses a directory item that is not part of the tree.
    pub(super) fn check_attached(&self, id: ItemId) -> Result<(), Error> {
        if self.tree.is_attached(id) {
            return Ok(());
        }
        Err(Failure::new(HResult::NOT_IN_FILE_SYSTEM).with(self.path(id)).into())
    }

    /// The directory that holds the last of `parts`, the components of `path` below `dir`.
    pub(super) fn parent_of(&self, dir: ItemId, parts: &[&str]) -> Result<ItemId, Error> {
        let mut at = dir;
        for part in parts.iter().take(parts.len().saturating_sub(1)) {
            let next = self.tree.child(at, part.as_bytes());
            let Some(next) = next else {
                let mut path = self.path(at);
                path.push(self.rules().separator());
                path.push_str(part);
                return Err(Failure::new(HResult::DIR_NOT_FOUND).with(path).into());
            };
            if !self.tree.item(next).is_some_and(|i| i.is_dir()) {
                return Err(Failure::new(HResult::NOT_DIR).with(self.path(next)).into());
            }
            at = next;
        }
        Ok(at)
    }

    /// The item that the components lead to, `None` when only the last is missing; `dir` itself for none.
    pub(super) fn find(&self, dir: ItemId, parts: &[&str]) -> Result<Option<ItemId>, Error> {
        let Some(last) = parts.last() else { return Ok(Some(dir)) };
        Ok(self.tree.child(self.parent_of(dir, parts)?, last.as_bytes()))
    }

    /// Gives an item that never had times those of now.
    pub(super) fn stamp(&mut self, id: ItemId, now: Timestamp) -> Result<(), Error> {
        let Some(item) = self.tree.item(id) else { return Err(invalid_param("item")) };
        let mut a = item.attributes();
        if a.created.is_some() && a.accessed.is_some() && a.modified.is_some() {
            return Ok(());
        }
        a.created = a.created.or(Some(now));
        a.accessed = a.accessed.or(Some(now));
        a.modified = a.modified.or(Some(now));
        self.tree.set_attributes(id, &a).map_err(|e| self.refused(e))
    }

    /// Attributes of something new.
    pub(super) fn fresh(&self, dir: bool, times: Option<Timestamp>) -> Attributes {
        Attributes {
            mode: match (self.compat, dir) {
                // Windows knows no owners, and a disc is for everybody.
                (true, true) => 0o555,
                (true, false) => 0o444,
                (false, true) => 0o755,
                (false, false) => 0o644,
            },
            created: times,
            accessed: times,
            modified: times,
            ..Attributes::default()
        }
    }
}

/// A path without what stands in front of its first component.
trait SplitFirst {
    fn split_off_first(self) -> Self;
}

impl SplitFirst for String {
    fn split_off_first(mut self) -> Self {
        if !self.is_empty() {
            self.remove(0);
        }
        self
    }
}
