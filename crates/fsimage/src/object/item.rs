//! Items: handles of the objects of an image.

use std::ops::Deref;
use std::sync::Arc;

use glassmaster_disc::HResult;
use glassmaster_tree::edit::{Attributes, ItemId};
use glassmaster_tree::{Kind, Timestamp};

use super::names::invalid_param;
use super::state::{Shared, State};
use super::{FileSystemImage, ItemType};
use crate::FileSystems;
use crate::code::Failure;
use crate::error::Error;

/// A directory, a file, a named stream, or (natively) a link or special file of an image.
///
/// An item stays valid after it has left the tree; it keeps its name, its times and what it holds, and may be added again.
/// Clones are the same item.
#[doc(alias = "IFsiItem")]
#[derive(Clone)]
pub struct FsiItem {
    pub(super) shared: Arc<Shared>,
    pub(super) id: ItemId,
}

/// A directory of an image.
#[doc(alias = "IFsiDirectoryItem")]
#[doc(alias = "IFsiDirectoryItem2")]
#[doc(alias = "FsiDirectoryItem")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectoryItem(pub(super) FsiItem);

/// A file of an image, or a named stream of one.
#[doc(alias = "IFsiFileItem")]
#[doc(alias = "IFsiFileItem2")]
#[doc(alias = "FsiFileItem")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileItem(pub(super) FsiItem);

impl Deref for DirectoryItem {
    type Target = FsiItem;

    fn deref(&self) -> &FsiItem {
        &self.0
    }
}

impl Deref for FileItem {
    type Target = FsiItem;

    fn deref(&self) -> &FsiItem {
        &self.0
    }
}

impl From<DirectoryItem> for FsiItem {
    fn from(item: DirectoryItem) -> Self {
        item.0
    }
}

impl From<FileItem> for FsiItem {
    fn from(item: FileItem) -> Self {
        item.0
    }
}

impl PartialEq for FsiItem {
    /// Whether both are the same item of the same image.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for FsiItem {}

impl std::fmt::Debug for FsiItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FsiItem").field(&self.full_path()).finish()
    }
}

impl FsiItem {
    pub(super) fn new(shared: Arc<Shared>, id: ItemId) -> Self {
        Self { shared, id }
    }

    /// The image it belongs to.
    #[must_use]
    pub fn image(&self) -> FileSystemImage {
        FileSystemImage { shared: Arc::clone(&self.shared) }
    }

    fn kind_in(state: &State, id: ItemId) -> Kind {
        state.tree.item(id).map_or(Kind::File, |i| i.kind())
    }

    /// What it is.
    #[must_use]
    pub fn item_type(&self) -> ItemType {
        match Self::kind_in(&self.shared.lock(), self.id) {
            Kind::Directory => ItemType::Directory,
            Kind::File => ItemType::File,
            _ => ItemType::Other,
        }
    }

    /// The item as a directory; `None` for everything else.
    #[must_use]
    pub fn as_directory(&self) -> Option<DirectoryItem> {
        (self.item_type() == ItemType::Directory).then(|| DirectoryItem(self.clone()))
    }

    /// The item as a file; `None` for everything else.
    #[must_use]
    pub fn as_file(&self) -> Option<FileItem> {
        (self.item_type() == ItemType::File).then(|| FileItem(self.clone()))
    }

    /// Last component of its path; empty for the root.
    #[doc(alias = "Name")]
    #[must_use]
    pub fn name(&self) -> String {
        let state = self.shared.lock();
        state.tree.item(self.id).map_or_else(String::new, |i| String::from_utf8_lossy(i.name()).into_owned())
    }

    /// Its path in the image, beginning with a separator; empty for the root, the bare name of a detached item. A stream
    /// stands behind `:`.
    #[doc(alias = "FullPath")]
    #[must_use]
    pub fn full_path(&self) -> String {
        self.shared.lock().path(self.id)
    }

    /// Whether it is part of the tree.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.shared.lock().tree.is_attached(self.id)
    }

    pub(super) fn attributes(&self) -> Attributes {
        self.shared.lock().tree.item(self.id).map_or_else(Attributes::default, |i| i.attributes())
    }

    /// Changes attributes; of an item of the tree that is one change.
    fn set(&self, work: impl FnOnce(&mut Attributes)) -> Result<(), Error> {
        let mut state = self.shared.lock();
        state.writable()?;
        state.set_attributes(self.id, work)
    }

    /// Birth of the item; `None` when nobody has said. An item gets the time at which it is added.
    #[doc(alias = "CreationTime")]
    #[must_use]
    pub fn creation_time(&self) -> Option<Timestamp> {
        self.attributes().created
    }

    /// Sets the birth; `None` for never.
    ///
    /// # Errors
    /// `IMAPI_E_READONLY`, [`Error::Busy`].
    pub fn set_creation_time(&self, time: Option<Timestamp>) -> Result<(), Error> {
        self.set(|a| a.created = time)
    }

    /// Last reading of the content; `None` when nobody has said.
    #[doc(alias = "LastAccessedTime")]
    #[must_use]
    pub fn last_accessed_time(&self) -> Option<Timestamp> {
        self.attributes().accessed
    }

    /// Sets the last reading; `None` for never.
    ///
    /// # Errors
    /// `IMAPI_E_READONLY`, [`Error::Busy`].
    pub fn set_last_accessed_time(&self, time: Option<Timestamp>) -> Result<(), Error> {
        self.set(|a| a.accessed = time)
    }

    /// Last modification of the content; `None` when nobody has said.
    #[doc(alias = "LastModifiedTime")]
    #[must_use]
    pub fn last_modified_time(&self) -> Option<Timestamp> {
        self.attributes().modified
    }

    /// Sets the last modification; `None` for never.
    ///
    /// # Errors
    /// `IMAPI_E_READONLY`, [`Error::Busy`].
    pub fn set_last_modified_time(&self, time: Option<Timestamp>) -> Result<(), Error> {
        self.set(|a| a.modified = time)
    }

    /// Whether it is not to be shown by default.
    #[doc(alias = "IsHidden")]
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.attributes().hidden
    }

    /// Chooses whether it is not to be shown by default.
    ///
    /// # Errors
    /// `IMAPI_E_READONLY`, [`Error::Busy`].
    pub fn set_hidden(&self, hidden: bool) -> Result<(), Error> {
        self.set(|a| a.hidden = hidden)
    }

    /// POSIX permissions, owner and group, which Rock Ridge and UDF record.
    #[must_use]
    pub fn permissions(&self) -> (u16, u32, u32) {
        let a = self.attributes();
        (a.mode, a.uid, a.gid)
    }

    /// Sets POSIX permissions (0 to 0o7777), owner and group.
    ///
    /// # Errors
    /// `IMAPI_E_READONLY`, [`Error::Busy`], `IMAPI_E_INVALID_PARAM` for other bits of `mode`.
    pub fn set_permissions(&self, mode: u16, uid: u32, gid: u32) -> Result<(), Error> {
        if mode > 0o7777 {
            return Err(invalid_param("mode"));
        }
        self.set(|a| (a.mode, a.uid, a.gid) = (mode, uid, gid))
    }

    /// Target of a symbolic link; `None` for everything else.
    #[must_use]
    pub fn link_target(&self) -> Option<Vec<u8>> {
        self.shared.lock().tree.item(self.id)?.target().map(<[u8]>::to_vec)
    }

    /// Its name as one file system records it, without version number. The file system need not be selected.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for anything but ISO 9660, Joliet or UDF; `IMAPI_E_NO_UNIQUE_NAME`.
    #[doc(alias = "FileSystemName")]
    pub fn file_system_name(&self, file_system: FileSystems) -> Result<String, Error> {
        self.shared.lock().recorded_name(self.id, file_system)
    }

    /// Its path as one file system records it. In a native image a directory that Rock Ridge moves away from below the
    /// eighth level (RRIP 4.1.5) has the path at which it is shown, not the one in `RR_MOVED`.
    ///
    /// # Errors
    /// As [`file_system_name`](Self::file_system_name).
    #[doc(alias = "FileSystemPath")]
    pub fn file_system_path(&self, file_system: FileSystems) -> Result<String, Error> {
        self.shared.lock().recorded_path(self.id, file_system)
    }

    /// Refuses an item of another image.
    pub(super) fn belongs_to(&self, shared: &Arc<Shared>) -> Result<(), Error> {
        if Arc::ptr_eq(&self.shared, shared) { Ok(()) } else { Err(invalid_param("item")) }
    }
}

impl State {
    /// Changes attributes of an item; counts when it is part of the tree.
    pub(super) fn set_attributes(
        &mut self,
        id: ItemId,
        work: impl FnOnce(&mut Attributes),
    ) -> Result<(), Error> {
        let item = self.tree.item(id).ok_or_else(|| invalid_param("item"))?;
        let mut attributes = item.attributes();
        work(&mut attributes);
        let counts = self.tree.is_attached(id);
        let done = self.tree.set_attributes(id, &attributes).map_err(|e| self.refused(e));
        match (&done, counts) {
            (Ok(()), true) => self.tree.commit(),
            (Err(_), true) => self.tree.abort(),
            (_, false) => {}
        }
        done
    }
}

/// The failure of a property that this kind of item does not have.
pub(super) fn not_accessible(property: &str) -> Error {
    Failure::new(HResult::PROPERTY_NOT_ACCESSIBLE).with(property).into()
}
