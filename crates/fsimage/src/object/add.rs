//! What enters an image: staging, events, folders of the host.

use std::path::{Component, Path};
use std::sync::Arc;

use glassmaster_disc::sectors_for;
use glassmaster_tree::edit::{Bytes, Collision, ItemId};
use glassmaster_tree::{DataId, Kind, Tree};

use super::FileSystemImage;
use super::event::{CADENCE, UpdateEvent};
use super::file::stream_size;
use super::item::DirectoryItem;
use super::names::invalid_param;
use super::state::{Job, Shared, State};
use crate::contents::{Contents, DataStream};
use crate::error::Error;
use crate::host::{HostSource, HostTree, Links, WalkOptions};

/// Whether extended attributes of the host become streams.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Streams {
    No,
    Yes,
}

/// Contents on their way in. Nothing of it shows before it is finished.
pub(super) struct Adding<'a> {
    shared: &'a Arc<Shared>,
    job: Job,
    /// The store with what is new, once something is. A copy of it is cheap, the first change of a copy is not.
    contents: Option<Contents>,
    stage: bool,
}

/// A file of a detached subtree on its way in.
pub(super) struct TakenIn {
    pub(super) file: ItemId,
    /// Its content as it is, where that has another length by now.
    pub(super) resized: Option<Bytes>,
    /// Where its content is found once it is in the tree.
    pub(super) handle: u64,
}

/// A stream of the caller on its way in.
pub(super) enum Incoming {
    /// To be kept.
    Stream(DataStream),
    /// Copied; the handle of the copy.
    Staged(u64),
}

impl State {
    /// Keeps the bytes of what has been added.
    pub(super) fn keep(&mut self, item: ItemId, incoming: Incoming) -> Result<(), Error> {
        let handle = match incoming {
            Incoming::Stream(stream) => self.contents.add_stream(stream)?,
            Incoming::Staged(handle) => handle,
        };
        self.tree.set_handle(item, handle).map_err(|e| self.refused(e))
    }
}

impl<'a> Adding<'a> {
    /// Begins, after a look at whether it makes sense.
    pub(super) fn begin(
        shared: &'a Arc<Shared>,
        check: &dyn Fn(&State) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let job = shared.begin()?;
        let state = shared.lock();
        check(&state)?;
        let stage = state.settings.stage;
        drop(state);
        Ok(Self { shared, job, contents: None, stage })
    }

    /// The store that the new contents go to.
    pub(super) fn contents(&mut self) -> &mut Contents {
        let shared = self.shared;
        self.contents.get_or_insert_with(|| shared.lock().contents.clone())
    }

    /// Tells of a stream of the caller, and copies it when files are staged.
    pub(super) fn take_in_stream(
        &mut self,
        stream: DataStream,
        size: u64,
        path: &str,
    ) -> Result<Incoming, Error> {
        if !self.stage {
            self.shared.check_cancelled()?;
            self.tell_all(path, size)?;
            return Ok(Incoming::Stream(stream));
        }
        let handle = self.contents().add_stream(stream)?;
        self.take_in(handle, size, path).map(Incoming::Staged)
    }

    /// Tells of a content, and copies it when files are staged; the handle that it then has.
    pub(super) fn take_in(&mut self, handle: u64, size: u64, path: &str) -> Result<u64, Error> {
        self.shared.check_cancelled()?;
        let total = sectors_for(size);
        self.tell(path, 0, total)?;
        if !self.stage {
            return self.tell_rest(path, total).map(|()| handle);
        }
        let shared = self.shared;
        self.contents().stage(handle, size, path, &mut |done| tell(shared, path, done, total))
    }

    /// Tells of a content that is there already.
    pub(super) fn tell_all(&self, path: &str, size: u64) -> Result<(), Error> {
        self.tell(path, 0, sectors_for(size))?;
        self.tell_rest(path, sectors_for(size))
    }

    fn tell_rest(&self, path: &str, total: u64) -> Result<(), Error> {
        if !self.shared.updates.is_set() {
            return Ok(());
        }
        for n in 1..=total / CADENCE {
            self.tell(path, n * CADENCE, total)?;
        }
        if total.is_multiple_of(CADENCE) { Ok(()) } else { self.tell(path, total, total) }
    }

    fn tell(&self, path: &str, copied: u64, total: u64) -> Result<(), Error> {
        tell(self.shared, path, copied, total)
    }

    /// Tells of and stages the files of a detached subtree that is to be added to `dir`; those whose content is found
    /// elsewhere now, or has another length than when it was given.
    pub(super) fn take_in_subtree(&mut self, dir: ItemId, top: ItemId) -> Result<Vec<TakenIn>, Error> {
        let mut files = Vec::new();
        let contents = {
            let state = self.shared.lock();
            let base = state.path(dir);
            let separator = state.rules().separator();
            let mut stack: Vec<_> = state.tree.item(top).map(|i| (i, base)).into_iter().collect();
            while let Some((item, above)) = stack.pop() {
                let path = format!("{above}{separator}{}", String::from_utf8_lossy(item.name()));
                if let Some(bytes) = item.bytes() {
                    files.push((item.id(), bytes, path));
                } else {
                    stack.extend(item.children().map(|c| (c, path.clone())));
                }
            }
            state.contents.clone()
        };
        let mut other = Vec::new();
        for (id, bytes, path) in files {
            let (handle, old) = (bytes.handle, bytes.old.is_some());
            let stream = if old { None } else { contents.stream(handle) };
            let size = stream.map_or(Ok(bytes.size), |stream| stream_size(&stream, &path))?;
            let copy = if !self.stage || old || contents.is_staged(handle) {
                self.tell_all(&path, size)?;
                handle
            } else {
                self.take_in(handle, size, &path)?
            };
            if size != bytes.size || copy != handle {
                let resized = (size != bytes.size).then(|| Bytes::new(size, handle));
                other.push(TakenIn { file: id, resized, handle: copy });
            }
        }
        Ok(other)
    }

    /// The change that it comes down to.
    pub(super) fn finish<T>(self, work: impl FnOnce(&mut State) -> Result<T, Error>) -> Result<T, Error> {
        let mut contents = self.contents;
        // What was kept until now, streams of the caller above all, is let go of without the lock.
        self.job.finish(|state| {
            let done = work(state)?;
            if let Some(contents) = &mut contents {
                std::mem::swap(&mut state.contents, contents);
            }
            Ok(done)
        })
    }

    /// The same, and there is no way back to before it.
    pub(super) fn finish_for_good<T>(
        self,
        work: impl FnOnce(&mut State) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut contents = self.contents;
        self.job.finish_and_lock(|state| {
            let done = work(state)?;
            if let Some(contents) = &mut contents {
                std::mem::swap(&mut state.contents, contents);
            }
            Ok(done)
        })
    }
}

fn tell(shared: &Arc<Shared>, path: &str, copied: u64, total: u64) -> Result<(), Error> {
    shared.check_cancelled()?;
    let event = || UpdateEvent {
        image: FileSystemImage { shared: Arc::clone(shared) },
        current_file: path.to_owned(),
        copied_sectors: copied,
        total_sectors: total,
    };
    if shared.updates.tell(event).is_break() { Err(Error::Cancelled) } else { Ok(()) }
}

impl DirectoryItem {
    pub(super) fn add_host_tree(&self, source: &Path, base: bool, streams: Streams) -> Result<(), Error> {
        let check = |state: &State| state.check_attached(self.id);
        let mut adding = Adding::begin(&self.shared, &check)?;
        if source.as_os_str().is_empty() || (base && names_no_component(source)) {
            return Err(invalid_param("sourceDirectory"));
        }
        let (rules, path, compat) = {
            let state = self.shared.lock();
            (state.rules(), state.path(self.id), state.compat)
        };
        let options = WalkOptions {
            links: if compat { Links::Follow } else { Links::Keep },
            refuse_special: compat,
            all_times: true,
            named_streams: streams == Streams::Yes,
            // Windows knows no owners, and a disc is for everybody.
            neutral_owners: compat,
            root_time: self.shared.now(),
            ..WalkOptions::default()
        };
        let sources = [HostSource { path: source.to_path_buf(), contents_only: !base }];
        let shared = &self.shared;
        let mut go_on = |_| match shared.check_cancelled() {
            Ok(()) => std::ops::ControlFlow::Continue(()),
            Err(_) => std::ops::ControlFlow::Break(()),
        };
        let walked = HostTree::walk(&sources, &options, &mut go_on);
        let mut walked = walked.map_err(|e| match e {
            Error::NoName(_) => invalid_param("sourceDirectory"),
            other => other,
        })?;
        rules.check_tree(&walked.tree)?;
        let attributes = std::mem::take(&mut walked.attributes);
        let tree = walked.tree;
        // Sources that may be gone when the image is written are always copied, as IMAPI does.
        let passing = if compat { walked.files.passing() } else { None };
        let mut handles = Handles::new(&mut adding, walked.files, &tree, attributes)?;
        let always = adding.stage;
        if always || passing.is_some() || self.shared.updates.is_set() {
            for (data, content) in tree.contents() {
                let number = usize::try_from(content.handle).unwrap_or(usize::MAX);
                let passes = passing.as_ref().and_then(|files| files.get(number)).copied();
                adding.stage = always || passes.unwrap_or(false);
                let below = rules.shown(&tree.data_path(data));
                let handle =
                    adding.take_in(handles.of(&tree, data), content.size, &format!("{path}{below}"))?;
                handles.replace(data, handle);
            }
        }
        adding.finish(|state| {
            check(state)?;
            let mut bytes = |data: DataId| Bytes::new(tree.data(data).size, handles.of(&tree, data));
            let merged = state.tree.merge(self.id, &tree, tree.root(), Collision::Replace, &mut bytes);
            merged.map_err(|e| state.refused(e))?;
            state.check_paths(self.id)?;
            let name = source.file_name().unwrap_or(source.as_os_str()).to_string_lossy();
            state.check_fits(&format!("{path}{}{name}", rules.separator()))
        })
    }
}

/// Handles in the store for the contents of a walk.
struct Handles {
    base: u64,
    /// Where they are not `base` and the number that the walk gave.
    other: Vec<u64>,
}

/// No handle has all bits set.
const AS_WALKED: u64 = u64::MAX;

impl Handles {
    fn new(
        adding: &mut Adding<'_>,
        files: crate::host::HostFiles,
        tree: &Tree,
        attributes: Vec<(DataId, Vec<u8>)>,
    ) -> Result<Self, Error> {
        let mut handles = Self { base: adding.contents().add_host(files, tree)?, other: Vec::new() };
        for (data, value) in attributes {
            let handle = adding.contents().add_stream(DataStream::from_bytes(value))?;
            handles.replace(data, handle);
        }
        debug_assert!(tree.nodes().all(|n| n.kind() != Kind::File || n.data().is_some()));
        Ok(handles)
    }

    fn of(&self, tree: &Tree, data: DataId) -> u64 {
        match self.other.get(data.index()).copied() {
            Some(handle) if handle != AS_WALKED => handle,
            _ => self.base + tree.data(data).handle,
        }
    }

    fn replace(&mut self, data: DataId, handle: u64) {
        if self.other.len() <= data.index() {
            self.other.resize(data.index() + 1, AS_WALKED);
        }
        if let Some(slot) = self.other.get_mut(data.index()) {
            *slot = handle;
        }
    }
}

/// Whether a path is the root of the host.
fn names_no_component(path: &Path) -> bool {
    path.components().all(|c| matches!(c, Component::RootDir | Component::Prefix(_)))
}
