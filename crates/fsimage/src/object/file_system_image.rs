//! The image object itself.

use std::path::PathBuf;
use std::sync::Arc;

use glassmaster_disc::{HResult, MediaType};
use glassmaster_udf::Revision;

use super::event::UpdateEvent;
use super::item::{DirectoryItem, FileItem, FsiItem};
use super::names::{invalid_param, invalid_path};
use super::outcome::Outcome;
use super::path_length::PathLimits;
use super::state::{Shared, State};
use super::surroundings::Surroundings;
use super::volume_name;
use crate::FileSystems;
use crate::code::Failure;
use crate::error::Error;

/// What a path of the image leads to.
#[doc(alias = "FsiItemType")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ItemType {
    /// Nothing.
    #[doc(alias = "FsiItemNotFound")]
    NotFound = 0,
    /// A directory.
    #[doc(alias = "FsiItemDirectory")]
    Directory = 1,
    /// A file.
    #[doc(alias = "FsiItemFile")]
    File = 2,
    /// A link, pipe, socket or device, which only native images hold.
    Other = 3,
}

/// An image in the making: a tree of items and the options it is recorded with.
///
/// Clones are handles of one image. Every method may be called from any thread. Work that takes long is done without a
/// lock; whoever tries to change the image meanwhile gets [`Error::Busy`], reading is always possible.
///
/// While a result of the image or a stream of one lives, the image is read-only: what would change the tree or an option
/// gives `IMAPI_E_READONLY`.
#[doc(alias = "IFileSystemImage")]
#[doc(alias = "IFileSystemImage2")]
#[doc(alias = "IFileSystemImage3")]
#[doc(alias = "MsftFileSystemImage")]
#[derive(Clone)]
pub struct FileSystemImage {
    pub(super) shared: Arc<Shared>,
}

impl std::fmt::Debug for FileSystemImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSystemImage").finish_non_exhaustive()
    }
}

/// Revisions of the contract, beyond which only native images go.
pub(super) const LATEST_OF_CONTRACT: u16 = 0x0250;

impl FileSystemImage {
    /// An empty image as IMAPI has it: its defaults, its limits, its names.
    #[must_use]
    pub fn new(surroundings: Surroundings) -> Self {
        Self { shared: Arc::new(Shared::new(surroundings, true)) }
    }

    /// An empty image without the limits that only IMAPI has: names of any bytes that differ in case, links and special
    /// files, Rock Ridge, ISO 9660 level 3, every UDF revision. Paths are divided by `/`.
    #[must_use]
    pub fn native(surroundings: Surroundings) -> Self {
        Self { shared: Arc::new(Shared::new(surroundings, false)) }
    }

    /// Changes an option.
    pub(super) fn set<T>(&self, work: impl FnOnce(&mut State) -> Result<T, Error>) -> Result<T, Error> {
        let mut state = self.shared.lock();
        state.writable()?;
        work(&mut state)
    }

    /// The root directory: the same item on every call.
    #[doc(alias = "Root")]
    #[must_use]
    pub fn root(&self) -> DirectoryItem {
        let root = self.shared.lock().tree.root();
        DirectoryItem(FsiItem::new(Arc::clone(&self.shared), root))
    }

    /// First sector of the session; 0 unless set or an earlier session was imported.
    #[doc(alias = "SessionStartBlock")]
    #[must_use]
    pub fn session_start_block(&self) -> i32 {
        self.shared.lock().settings.session_start
    }

    /// Says where the session will begin.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for a negative number and after an import, which fixes it.
    pub fn set_session_start_block(&self, block: i32) -> Result<(), Error> {
        self.set(|s| {
            if block < 0 || s.session.is_imported() {
                return Err(invalid_param("newVal"));
            }
            s.settings.session_start = block;
            Ok(())
        })
    }

    /// Most sectors that the image may take, 0 for no limit.
    #[doc(alias = "FreeMediaBlocks")]
    #[must_use]
    pub fn free_media_blocks(&self) -> i32 {
        self.shared.lock().settings.free_blocks
    }

    /// Sets the most sectors that the image may take, 0 for no limit.
    ///
    /// # Errors
    /// `IMAPI_E_IMAGE_TOO_BIG` for fewer than [`used_blocks`](Self::used_blocks), `IMAPI_E_INVALID_PARAM` for a negative
    /// number.
    pub fn set_free_media_blocks(&self, blocks: i32) -> Result<(), Error> {
        self.set(|s| s.set_free_blocks(blocks))
    }

    /// Takes over the number of sectors that a medium has left, which a recorder tells; 0 where it is not known.
    ///
    /// # Errors
    /// As [`set_free_media_blocks`](Self::set_free_media_blocks).
    #[doc(alias = "SetMaxMediaBlocksFromDevice")]
    pub fn set_max_media_blocks(&self, free_sectors: u64) -> Result<(), Error> {
        self.set_free_media_blocks(i32::try_from(free_sectors).unwrap_or(i32::MAX))
    }

    /// Sectors that the image will take: an upper bound, never below the length of the result.
    #[doc(alias = "UsedBlocks")]
    #[must_use]
    pub fn used_blocks(&self) -> i32 {
        i32::try_from(self.shared.lock().used_blocks()).unwrap_or(i32::MAX)
    }

    /// The volume name as it was set; empty while none was.
    #[doc(alias = "VolumeName")]
    #[must_use]
    pub fn volume_name(&self) -> String {
        self.shared.lock().settings.volume_name.clone()
    }

    /// Sets the volume name. An empty one brings back the automatic name: local date and time when the result is made.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_VOLUME_NAME` for more than 32 UTF-16 units (strict: 15) or characters that it must not have.
    pub fn set_volume_name(&self, name: &str) -> Result<(), Error> {
        self.set(|s| {
            let iso = s.settings.file_systems.completed().contains(FileSystems::ISO9660);
            volume_name::check(name, s.settings.strict, iso)?;
            name.clone_into(&mut s.settings.volume_name);
            Ok(())
        })
    }

    /// The volume name as UDF records it.
    #[doc(alias = "VolumeNameUDF")]
    #[must_use]
    pub fn volume_name_udf(&self) -> String {
        self.volume_name()
    }

    /// The volume name as Joliet records it.
    #[doc(alias = "VolumeNameJoliet")]
    #[must_use]
    pub fn volume_name_joliet(&self) -> String {
        volume_name::joliet(&self.volume_name())
    }

    /// The volume name as ISO 9660 records it.
    #[doc(alias = "VolumeNameISO9660")]
    #[must_use]
    pub fn volume_name_iso9660(&self) -> String {
        volume_name::iso9660(&self.volume_name())
    }

    /// Files in the tree, named streams not counted.
    #[doc(alias = "FileCount")]
    #[must_use]
    pub fn file_count(&self) -> i32 {
        i32::try_from(self.shared.lock().tree.totals().files).unwrap_or(i32::MAX)
    }

    /// Directories in the tree, the root included.
    #[doc(alias = "DirectoryCount")]
    #[must_use]
    pub fn directory_count(&self) -> i32 {
        i32::try_from(self.shared.lock().tree.totals().directories).unwrap_or(i32::MAX)
    }

    /// Directory of the host in which staged data is kept; given back with a separator at the end.
    #[doc(alias = "WorkingDirectory")]
    #[must_use]
    pub fn working_directory(&self) -> PathBuf {
        // Joining nothing ends a path with a separator.
        self.shared.lock().contents.working_directory().join("")
    }

    /// Moves the staged data to another directory, in which later data is staged too.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for an empty path, `IMAPI_E_INVALID_WORKING_DIRECTORY`,
    /// `IMAPI_E_WORKING_DIRECTORY_SPACE`, `IMAPI_E_STASHFILE_MOVE`; the old directory then stays in use.
    pub fn set_working_directory(&self, directory: impl Into<PathBuf>) -> Result<(), Error> {
        let directory = directory.into();
        if directory.as_os_str().is_empty() {
            return Err(invalid_param("newVal"));
        }
        self.set(|s| s.contents.set_working_directory(&directory))
    }

    /// Number of changes of the tree since the image was made.
    #[doc(alias = "ChangePoint")]
    #[must_use]
    pub fn change_point(&self) -> i32 {
        i32::try_from(self.shared.lock().tree.change_point()).unwrap_or(i32::MAX)
    }

    /// Restores the tree as it was at a change point. Items that were added since become detached.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for a point that lies ahead, before a lock, or is negative; `IMAPI_E_TOO_MANY_DIRS` and
    /// `IMAPI_E_ISO9660_LEVELS`, and `IMAPI_E_INVALID_PATH` (strict), when the file systems selected now cannot hold the
    /// restored tree.
    #[doc(alias = "RollbackToChangePoint")]
    pub fn rollback_to_change_point(&self, change_point: i32) -> Result<(), Error> {
        let mut state = self.shared.lock();
        state.writable()?;
        let to = u32::try_from(change_point).map_err(|_| invalid_param("changePoint"))?;
        let (fs, strict) = (state.settings.file_systems, state.settings.strict);
        let (limits, rules) = (PathLimits::of(&state.settings, fs), state.rules());
        let mut refused = None;
        let done = state.tree.rollback(to, |tree| {
            let checked = State::check_structure(tree, fs, strict).and_then(|()| {
                let beyond = limits.and_then(|limits| limits.first_beyond(tree, tree.root()));
                beyond.map_or(Ok(()), |id| Err(invalid_path(&rules.shown(&tree.path(id)))))
            });
            checked.map_err(|e| {
                refused = Some(e);
                glassmaster_tree::edit::EditError::Stale
            })
        });
        done.map_err(|e| refused.take().unwrap_or_else(|| state.refused(e)))
    }

    /// Forbids going back to before now. The count stays.
    ///
    /// # Errors
    /// [`Error::Busy`], `IMAPI_E_READONLY`.
    #[doc(alias = "LockInChangePoint")]
    pub fn lock_in_change_point(&self) -> Result<(), Error> {
        self.set(|s| {
            s.tree.lock();
            Ok(())
        })
    }

    /// Whether what breaks a rule of a file system is refused.
    #[doc(alias = "StrictFileSystemCompliance")]
    #[must_use]
    pub fn strict_file_system_compliance(&self) -> bool {
        self.shared.lock().settings.strict
    }

    /// Chooses whether what breaks a rule of a file system is refused: more than 8 levels of directories, volume names
    /// beyond the documented, files of 2 GiB and more in ISO 9660, Joliet names of more than 64 units.
    ///
    /// # Errors
    /// `IMAPI_E_FILE_SYSTEM_NOT_EMPTY` when switched on while the tree has items.
    pub fn set_strict_file_system_compliance(&self, strict: bool) -> Result<(), Error> {
        self.set(|s| {
            let empty = s.tree.item(s.tree.root()).is_none_or(|root| root.child_count() == 0);
            if strict && (!empty || s.session.is_imported()) {
                return Err(Failure::new(HResult::FILE_SYSTEM_NOT_EMPTY).into());
            }
            s.settings.strict = strict;
            Ok(())
        })
    }

    /// Whether new names may only have code points 32 to 127.
    #[doc(alias = "UseRestrictedCharacterSet")]
    #[must_use]
    pub fn use_restricted_character_set(&self) -> bool {
        self.shared.lock().settings.restricted
    }

    /// Chooses whether new names may only have code points 32 to 127; items that are there stay.
    ///
    /// # Errors
    /// `IMAPI_E_READONLY`.
    pub fn set_use_restricted_character_set(&self, restricted: bool) -> Result<(), Error> {
        self.set(|s| {
            s.settings.restricted = restricted;
            Ok(())
        })
    }

    /// File systems that will be created, as they were set.
    #[doc(alias = "FileSystemsToCreate")]
    #[must_use]
    pub fn file_systems_to_create(&self) -> FileSystems {
        self.shared.lock().settings.file_systems
    }

    /// Selects the file systems. Joliet alone brings ISO 9660; none at all makes creating a result fail.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for other bits than those of
    /// [`file_systems_supported`](Self::file_systems_supported), `IMAPI_E_TOO_MANY_DIRS` and `IMAPI_E_ISO9660_LEVELS` when
    /// the present tree does not fit, `IMAPI_E_INVALID_PATH` (strict) for one with paths that are too long,
    /// `IMAPI_E_FILE_SYSTEM_CHANGE_NOT_ALLOWED` after an import.
    pub fn set_file_systems_to_create(&self, file_systems: FileSystems) -> Result<Outcome, Error> {
        let supported = self.file_systems_supported();
        self.set(|s| {
            if !supported.contains(file_systems) {
                return Err(invalid_param("newVal"));
            }
            s.check_selection(file_systems)?;
            State::check_structure(&s.tree, file_systems, s.settings.strict)?;
            s.check_all_paths(file_systems)?;
            let mirrored = s.settings.mirror && s.udf_from(0x0250);
            s.settings.file_systems = file_systems;
            let mirror_lost = mirrored && !s.udf_from(0x0250);
            Ok(Outcome::representable(s.is_representable() && !mirror_lost))
        })
    }

    /// File systems that can be selected.
    #[doc(alias = "FileSystemsSupported")]
    #[must_use]
    pub fn file_systems_supported(&self) -> FileSystems {
        let all = FileSystems::ISO9660 | FileSystems::JOLIET | FileSystems::UDF;
        if self.shared.lock().compat { all } else { all | FileSystems::ROCK_RIDGE }
    }

    /// The UDF revision that will be written, 0x102 for 1.02.
    #[doc(alias = "UDFRevision")]
    #[must_use]
    pub fn udf_revision(&self) -> i32 {
        i32::from(self.shared.lock().settings.udf_revision.bcd())
    }

    /// Chooses the UDF revision.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for one that is not among
    /// [`udf_revisions_supported`](Self::udf_revisions_supported), `IMAPI_E_UDF_REVISION_CHANGE_NOT_ALLOWED` after an
    /// import.
    pub fn set_udf_revision(&self, revision: i32) -> Result<(), Error> {
        self.set(|s| {
            if s.session.is_imported() {
                return Err(Failure::new(HResult::UDF_REVISION_CHANGE_NOT_ALLOWED).into());
            }
            let known = s.revisions().find(|r| i32::from(r.bcd()) == revision);
            s.settings.udf_revision = known.ok_or_else(|| invalid_param("newVal"))?;
            Ok(())
        })
    }

    /// The UDF revisions that can be chosen, ascending.
    #[doc(alias = "UDFRevisionsSupported")]
    #[must_use]
    pub fn udf_revisions_supported(&self) -> Vec<i32> {
        self.shared.lock().revisions().map(|r| i32::from(r.bcd())).collect()
    }

    /// Sets file systems and room from the type of a medium, with its nominal capacity. Everything else stays.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for types that cannot be written, `IMAPI_E_IMAGE_TOO_BIG` when the tree does not fit;
    /// nothing is changed then.
    #[doc(alias = "ChooseImageDefaultsForMediaType")]
    pub fn choose_image_defaults_for_media_type(&self, media: MediaType) -> Result<(), Error> {
        let (file_systems, revision, blocks) =
            crate::defaults::of_contract(media).ok_or_else(|| invalid_param("value"))?;
        self.set(|s| s.choose(file_systems, revision, blocks))
    }

    /// Sets file systems and room from the medium in a recorder: its type, and the sectors that are free on it.
    ///
    /// # Errors
    /// `E_IMAPI_RECORDER_MEDIA_INCOMPATIBLE` for types that cannot be written, `IMAPI_E_IMAGE_TOO_BIG` when the tree does
    /// not fit, as nothing fits a medium without a free sector; nothing is changed then.
    #[doc(alias = "ChooseImageDefaults")]
    pub fn choose_image_defaults(&self, media: MediaType, free_sectors: u64) -> Result<(), Error> {
        let defaults = crate::defaults::of_contract(media);
        let (file_systems, revision, _) =
            defaults.ok_or_else(|| Failure::new(HResult::MEDIA_INCOMPATIBLE))?;
        let blocks = i32::try_from(free_sectors).unwrap_or(i32::MAX);
        self.set(|s| {
            // As a limit 0 would mean that there is none.
            if blocks == 0 {
                return Err(Failure::new(HResult::IMAGE_TOO_BIG).into());
            }
            s.choose(file_systems, revision, blocks)
        })
    }

    /// The level of interchange of ISO 9660.
    #[doc(alias = "ISO9660InterchangeLevel")]
    #[must_use]
    pub fn iso9660_interchange_level(&self) -> i32 {
        self.shared.lock().settings.iso_level
    }

    /// Chooses the level of interchange of ISO 9660.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for one that is not among
    /// [`iso9660_interchange_levels_supported`](Self::iso9660_interchange_levels_supported), `IMAPI_E_INVALID_PATH` (strict)
    /// when the longer names of level 2 make paths too long.
    pub fn set_iso9660_interchange_level(&self, level: i32) -> Result<(), Error> {
        let supported = self.iso9660_interchange_levels_supported();
        self.set(|s| {
            if !u32::try_from(level).is_ok_and(|l| supported.contains(&l)) {
                return Err(invalid_param("newVal"));
            }
            let before = std::mem::replace(&mut s.settings.iso_level, level);
            let fits = s.check_all_paths(s.settings.file_systems);
            if fits.is_err() {
                s.settings.iso_level = before;
            }
            fits
        })
    }

    /// The levels of interchange that can be chosen: 1 and 2, natively 3 as well.
    #[doc(alias = "ISO9660InterchangeLevelsSupported")]
    #[must_use]
    pub fn iso9660_interchange_levels_supported(&self) -> Vec<u32> {
        if self.shared.lock().compat { vec![1, 2] } else { vec![1, 2, 3] }
    }

    /// What an absolute path leads to.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PATH` for a path that does not begin with a separator or is malformed, `IMAPI_E_DIR_NOT_FOUND` and
    /// `IMAPI_E_NOT_DIR` when something before the last component is missing or no directory.
    #[doc(alias = "Exists")]
    pub fn exists(&self, full_path: &str) -> Result<ItemType, Error> {
        let state = self.shared.lock();
        let rules = state.rules();
        if !rules.is_absolute(full_path) {
            return Err(invalid_path(full_path));
        }
        let parts = rules.split(full_path, true)?;
        let found = state.find(state.tree.root(), &parts)?.and_then(|id| state.tree.item(id));
        Ok(match found.map(|i| i.kind()) {
            None => ItemType::NotFound,
            Some(glassmaster_tree::Kind::Directory) => ItemType::Directory,
            Some(glassmaster_tree::Kind::File) => ItemType::File,
            Some(_) => ItemType::Other,
        })
    }

    /// Makes a detached directory, to be added with [`DirectoryItem::add`]. Possible at any time.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for what is no name, `IMAPI_E_RESTRICTED_NAME_VIOLATION`.
    #[doc(alias = "CreateDirectoryItem")]
    pub fn create_directory_item(&self, name: &str) -> Result<DirectoryItem, Error> {
        let mut state = self.shared.lock();
        state.rules().check_new(name, "name")?;
        let attributes = state.fresh(true, None);
        let id = state.tree.new_directory(name.as_bytes(), &attributes).map_err(|e| state.refused(e))?;
        Ok(DirectoryItem(FsiItem::new(Arc::clone(&self.shared), id)))
    }

    /// Makes a detached file without data, to be added with [`DirectoryItem::add`]. Possible at any time.
    ///
    /// # Errors
    /// As [`create_directory_item`](Self::create_directory_item).
    #[doc(alias = "CreateFileItem")]
    pub fn create_file_item(&self, name: &str) -> Result<FileItem, Error> {
        let mut state = self.shared.lock();
        state.rules().check_new(name, "name")?;
        let attributes = state.fresh(false, None);
        let id = state.tree.new_file(name.as_bytes(), &attributes).map_err(|e| state.refused(e))?;
        Ok(FileItem(FsiItem::new(Arc::clone(&self.shared), id)))
    }

    /// Whether files that are added are copied into the working directory at once.
    #[doc(alias = "StageFiles")]
    #[must_use]
    pub fn stage_files(&self) -> bool {
        self.shared.lock().settings.stage
    }

    /// Chooses whether files that are added from now on are copied into the working directory at once, so that later
    /// changes of their sources do not matter. May be set at any time.
    pub fn set_stage_files(&self, stage: bool) {
        self.shared.lock().settings.stage = stage;
    }

    /// Whether UDF 2.50 and later have a full second copy of their metadata.
    #[doc(alias = "CreateRedundantUdfMetadataFiles")]
    #[must_use]
    pub fn create_redundant_udf_metadata_files(&self) -> bool {
        self.shared.lock().settings.mirror
    }

    /// Chooses whether UDF 2.50 and later have a full second copy of their metadata (UDF 2.2.13).
    ///
    /// # Errors
    /// `IMAPI_E_READONLY`.
    pub fn set_create_redundant_udf_metadata_files(&self, mirror: bool) -> Result<Outcome, Error> {
        self.set(|s| {
            s.settings.mirror = mirror;
            Ok(Outcome::representable(s.udf_from(0x0250)))
        })
    }

    /// Sets who hears of files that are added; `Break` ends the work, which then leaves the image as it was. Replaces the
    /// sink that was set before; a sink cannot replace itself.
    #[doc(alias = "DFileSystemImageEvents")]
    pub fn on_update(&self, sink: impl FnMut(&UpdateEvent) -> std::ops::ControlFlow<()> + Send + 'static) {
        self.shared.updates.set(Some(Box::new(sink)));
    }

    /// Nobody hears of files that are added any more.
    pub fn clear_on_update(&self) {
        self.shared.updates.set(None);
    }

    /// Ends the long work under way, if any, with [`Error::Cancelled`]; the image is then as it was before.
    pub fn cancel(&self) {
        self.shared.cancel();
    }

    /// Whether a result or one of its streams keeps the image from being changed.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.shared.lock().is_read_only()
    }
}

impl State {
    /// The UDF revisions that can be chosen.
    fn revisions(&self) -> impl Iterator<Item = Revision> + use<> {
        let compat = self.compat;
        Revision::ALL.into_iter().filter(move |r| !compat || r.bcd() <= LATEST_OF_CONTRACT)
    }

    pub(super) fn set_free_blocks(&mut self, blocks: i32) -> Result<(), Error> {
        let wanted = u64::try_from(blocks).map_err(|_| invalid_param("newVal"))?;
        if wanted > 0 && self.used_blocks() > wanted {
            return Err(Failure::new(HResult::IMAGE_TOO_BIG).into());
        }
        self.settings.free_blocks = blocks;
        Ok(())
    }

    /// Takes over what a medium suggests, or nothing of it.
    fn choose(
        &mut self,
        file_systems: FileSystems,
        revision: Option<Revision>,
        blocks: i32,
    ) -> Result<(), Error> {
        self.check_selection(file_systems)?;
        Self::check_structure(&self.tree, file_systems, self.settings.strict)?;
        self.check_all_paths(file_systems)?;
        let before = self.settings.clone();
        self.settings.file_systems = file_systems;
        if let Some(revision) = revision.filter(|_| !self.session.is_imported()) {
            self.settings.udf_revision = revision;
        }
        let done = self.set_free_blocks(blocks);
        if done.is_err() {
            self.settings = before;
        }
        done
    }

    /// Whether UDF of at least a revision is selected.
    pub(super) fn udf_from(&self, revision: u16) -> bool {
        self.settings.file_systems.contains(FileSystems::UDF) && self.settings.udf_revision.bcd() >= revision
    }

    /// Whether everything in the tree and the options can be recorded.
    fn is_representable(&self) -> bool {
        let totals = self.tree.totals();
        (totals.streams == 0 || self.udf_from(0x0200))
            && (totals.real_time_files == 0 || self.udf_from(0x0201))
    }
}
