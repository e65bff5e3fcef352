//! Members of directories.

use std::path::Path;
use std::sync::Arc;

use glassmaster_disc::HResult;
use glassmaster_tree::edit::{Bytes, ItemId};

use super::add::{Adding, Streams};
use super::file::stream_size;
use super::item::{DirectoryItem, FsiItem};
use super::names::{invalid_param, invalid_path};
use super::outcome::Outcome;
use super::state::State;
use crate::code::Failure;
use crate::contents::DataStream;
use crate::error::Error;
use crate::result::Enumerator;

impl DirectoryItem {
    /// Direct children, files and directories.
    #[doc(alias = "Count")]
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.lock().tree.item(self.id).map_or(0, |i| i.child_count())
    }

    /// The children as they are now, in the order of their names.
    #[doc(alias = "EnumFsiItems")]
    #[doc(alias = "_NewEnum")]
    #[must_use]
    pub fn items(&self) -> Enumerator<Vec<FsiItem>> {
        let state = self.shared.lock();
        let children = state.tree.item(self.id).into_iter().flat_map(|d| d.children());
        Enumerator::new(children.map(|c| FsiItem::new(Arc::clone(&self.shared), c.id())).collect())
    }

    /// A child, or something deeper.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PATH`, `IMAPI_E_ITEM_NOT_FOUND`, `IMAPI_E_DIR_NOT_FOUND` and `IMAPI_E_NOT_DIR` for what stands before
    /// the last component.
    #[doc(alias = "Item")]
    pub fn item(&self, path: &str) -> Result<FsiItem, Error> {
        let state = self.shared.lock();
        let parts = self.split(&state, path)?;
        let found = state.find(self.id, &parts)?;
        let id = found.ok_or_else(|| Failure::new(HResult::ITEM_NOT_FOUND).with(path))?;
        Ok(FsiItem::new(Arc::clone(&self.shared), id))
    }

    /// Makes one directory; everything before the last component has to be there.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PATH`, `IMAPI_E_DIR_NOT_FOUND`, `IMAPI_E_NOT_DIR`, `IMAPI_E_NOT_IN_FILE_SYSTEM`,
    /// `IMAPI_E_READONLY`, `IMAPI_E_DUP_NAME`, `IMAPI_E_RESTRICTED_NAME_VIOLATION`, `IMAPI_E_ISO9660_LEVELS`,
    /// `IMAPI_E_TOO_MANY_DIRS`, `IMAPI_E_IMAGE_SIZE_LIMIT`, [`Error::Busy`].
    #[doc(alias = "AddDirectory")]
    pub fn add_directory(&self, path: &str) -> Result<(), Error> {
        let now = self.shared.now();
        self.shared.change(|state| {
            let (parent, name) = self.place_for(state, path)?;
            let attributes = state.fresh(true, Some(now));
            let dir = state.tree.new_directory(name.as_bytes(), &attributes).map_err(|e| state.refused(e))?;
            state.tree.attach(parent, dir).map_err(|e| state.refused(e))?;
            state.check_paths(dir)?;
            let path = state.path(dir);
            state.check_fits(&path)
        })
    }

    /// Makes one file of a stream; everything before the last component has to be there. The stream is kept and read
    /// when it is needed, or copied at once when files are staged; its length counts now.
    ///
    /// # Errors
    /// As [`add_directory`](Self::add_directory), and `IMAPI_E_DATA_STREAM_READ_FAILURE`,
    /// `IMAPI_E_DATA_STREAM_INCONSISTENCY`, those of staging, [`Error::Cancelled`].
    #[doc(alias = "AddFile")]
    pub fn add_file(&self, path: &str, data: DataStream) -> Result<(), Error> {
        let check = |state: &State| self.place_for(state, path).map(drop);
        let mut adding = Adding::begin(&self.shared, &check)?;
        let full = self.path_below(path);
        let size = stream_size(&data, &full)?;
        let incoming = adding.take_in_stream(data, size, &full)?;
        let now = self.shared.now();
        adding.finish(|state| {
            let (parent, name) = self.place_for(state, path)?;
            let attributes = state.fresh(false, Some(now));
            let file = state.tree.new_file(name.as_bytes(), &attributes).map_err(|e| state.refused(e))?;
            state.tree.set_bytes(file, Bytes::new(size, u64::MAX)).map_err(|e| state.refused(e))?;
            state.tree.attach(parent, file).map_err(|e| state.refused(e))?;
            state.check_paths(file)?;
            state.check_fits(&full)?;
            state.keep(file, incoming)
        })
    }

    /// Adds a folder of the host with everything below it, or a single file. `include_base_directory`: under its own
    /// name; else its contents come directly into this directory. Files that are there already are replaced, directories
    /// merged. Symbolic links are followed. All of it is added or nothing.
    ///
    /// # Errors
    /// As [`add_directory`](Self::add_directory); [`Error::Source`] for what cannot be read, loops of links included;
    /// `IMAPI_E_DUP_NAME` for a file that meets a directory or the reverse, and for names that differ only in case;
    /// `IMAPI_E_INVALID_PATH` for names that the contract does not allow; `IMAPI_E_INVALID_PARAM` for a path without a name
    /// of its own.
    #[doc(alias = "AddTree")]
    pub fn add_tree(&self, source: impl AsRef<Path>, include_base_directory: bool) -> Result<(), Error> {
        self.add_host_tree(source.as_ref(), include_base_directory, Streams::No)
    }

    /// As [`add_tree`](Self::add_tree), and the extended attributes `user.*` of every file become its named streams.
    ///
    /// # Errors
    /// As [`add_tree`](Self::add_tree).
    #[doc(alias = "AddTreeWithNamedStreams")]
    pub fn add_tree_with_named_streams(
        &self,
        source: impl AsRef<Path>,
        include_base_directory: bool,
    ) -> Result<Outcome, Error> {
        self.add_host_tree(source.as_ref(), include_base_directory, Streams::Yes)?;
        Ok(Outcome::representable(self.shared.lock().udf_from(0x0200)))
    }

    /// Adds a detached item, under its own name. Times that nobody has set become those of now.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for an item of another image, one that is in the tree, and a file without data;
    /// `IMAPI_E_INVALID_DATE` (strict) for an item that was modified or read before it was created; else as
    /// [`add_file`](Self::add_file).
    #[doc(alias = "Add")]
    pub fn add(&self, item: &FsiItem) -> Result<(), Error> {
        item.belongs_to(&self.shared)?;
        let check = |state: &State| self.check_add(state, item.id);
        let mut adding = Adding::begin(&self.shared, &check)?;
        let mut other = adding.take_in_subtree(self.id, item.id)?;
        let now = self.shared.now();
        adding.finish(|state| {
            check(state)?;
            state.stamp(item.id, now)?;
            for taken in &mut other {
                if let Some(bytes) = taken.resized.take() {
                    state.tree.set_bytes(taken.file, bytes).map_err(|e| state.refused(e))?;
                }
            }
            state.tree.attach(self.id, item.id).map_err(|e| state.refused(e))?;
            state.check_paths(item.id)?;
            let path = state.path(item.id);
            state.check_fits(&path)?;
            for taken in &other {
                state.tree.set_handle(taken.file, taken.handle).map_err(|e| state.refused(e))?;
            }
            Ok(())
        })
    }

    /// Takes a file or an empty directory out of the tree.
    ///
    /// # Errors
    /// `IMAPI_E_DIR_NOT_EMPTY`, `IMAPI_E_ITEM_NOT_FOUND`, `IMAPI_E_INVALID_PATH`, `IMAPI_E_DIR_NOT_FOUND`,
    /// `IMAPI_E_NOT_DIR`, `IMAPI_E_NOT_IN_FILE_SYSTEM`, `IMAPI_E_READONLY`, [`Error::Busy`].
    #[doc(alias = "Remove")]
    pub fn remove(&self, path: &str) -> Result<(), Error> {
        self.shared.change(|state| {
            state.check_attached(self.id)?;
            let parts = self.split(state, path)?;
            if parts.is_empty() {
                return Err(invalid_path(path));
            }
            let found = state.find(self.id, &parts)?;
            let id = found.ok_or_else(|| Failure::new(HResult::ITEM_NOT_FOUND).with(path))?;
            if state.tree.item(id).is_some_and(|i| i.child_count() > 0) {
                return Err(Failure::new(HResult::DIR_NOT_EMPTY).with(state.path(id)).into());
            }
            state.tree.detach(id).map_err(|e| state.refused(e))
        })
    }

    /// Takes a directory with everything below it out of the tree. A separator alone empties the image, when this is the
    /// root.
    ///
    /// # Errors
    /// `IMAPI_E_NOT_DIR` for a file, `IMAPI_E_DIR_NOT_FOUND`, `IMAPI_E_INVALID_PATH`, `IMAPI_E_NOT_IN_FILE_SYSTEM`,
    /// `IMAPI_E_READONLY`, [`Error::Busy`].
    #[doc(alias = "RemoveTree")]
    pub fn remove_tree(&self, path: &str) -> Result<(), Error> {
        self.shared.change(|state| {
            state.check_attached(self.id)?;
            let parts = self.split(state, path)?;
            let found = state.find(self.id, &parts)?;
            let id = found.ok_or_else(|| Failure::new(HResult::DIR_NOT_FOUND).with(path))?;
            let Some(item) = state.tree.item(id).filter(|i| i.is_dir()) else {
                return Err(Failure::new(HResult::NOT_DIR).with(state.path(id)).into());
            };
            let gone: Vec<ItemId> =
                if parts.is_empty() { item.children().map(|c| c.id()).collect() } else { vec![id] };
            for id in gone {
                state.tree.detach(id).map_err(|e| state.refused(e))?;
            }
            Ok(())
        })
    }

    fn split<'p>(&self, state: &State, path: &'p str) -> Result<Vec<&'p str>, Error> {
        state.rules().split(path, self.id == state.tree.root())
    }

    /// Directory and name for something new.
    fn place_for<'p>(&self, state: &State, path: &'p str) -> Result<(ItemId, &'p str), Error> {
        state.check_attached(self.id)?;
        let parts = self.split(state, path)?;
        let Some(name) = parts.last() else { return Err(invalid_path(path)) };
        state.rules().check_set(name.as_bytes())?;
        let parent = state.parent_of(self.id, &parts)?;
        match state.tree.child(parent, name.as_bytes()) {
            Some(there) => Err(Failure::new(HResult::DUP_NAME).with(state.path(there)).into()),
            None => Ok((parent, name)),
        }
    }

    /// Path in the image of something below this directory.
    fn path_below(&self, path: &str) -> String {
        let state = self.shared.lock();
        let rules = state.rules();
        let below = path.trim_start_matches(|c| c == '/' || (c == '\\' && rules.separator() == '\\'));
        let separator = rules.separator();
        let below: String = below
            .chars()
            .map(|c| if c == '/' || (c == '\\' && separator == '\\') { separator } else { c })
            .collect();
        format!("{}{separator}{below}", state.path(self.id))
    }

    fn check_add(&self, state: &State, id: ItemId) -> Result<(), Error> {
        state.check_attached(self.id)?;
        let item = state.tree.item(id).ok_or_else(|| invalid_param("item"))?;
        if item.parent().is_some() || id == state.tree.root() || item.is_stream() {
            return Err(invalid_param("item"));
        }
        if item.kind() == glassmaster_tree::Kind::File && item.bytes().is_none() {
            return Err(invalid_param("item"));
        }
        state.rules().check_set(item.name())?;
        if let Some(there) = state.tree.child(self.id, item.name()) {
            return Err(Failure::new(HResult::DUP_NAME).with(state.path(there)).into());
        }
        let a = item.attributes();
        if state.settings.strict {
            for (time, name) in [(a.modified, "last modified"), (a.accessed, "last accessed")] {
                if time.is_some_and(|t| a.created.is_some_and(|c| t < c)) {
                    return Err(Failure::new(HResult::INVALID_DATE).with(name).with("creation").into());
                }
            }
        }
        Ok(())
    }
}
