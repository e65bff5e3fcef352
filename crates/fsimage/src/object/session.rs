//! Earlier sessions: the ways to add one, and what was imported (contract 9.10, 19).

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use glassmaster_disc::{HResult, Multisession, MultisessionInterface, SECTOR, SessionAddresses};
use glassmaster_tree::Kind;
use glassmaster_tree::edit::{Bytes, Collision, EditError};

use super::FileSystemImage;
use super::add::Adding;
use super::file_system_image::LATEST_OF_CONTRACT;
use super::names::invalid_param;
use super::state::State;
use crate::FileSystems;
use crate::append::SessionPlace;
use crate::code::Failure;
use crate::contents::DataStream;
use crate::error::Error;
use crate::import::{
    ImportEvent, ImportOptions, PreviousSession, default_for_import, disc_identifier, select, title,
};
use crate::volume::VolumeKind;

/// What is known of earlier sessions.
#[derive(Default)]
pub(super) struct Session {
    interfaces: Vec<Arc<dyn MultisessionInterface>>,
    /// The one among them that is used.
    chosen: usize,
    pub(super) imported: Option<ImportedSession>,
}

/// The session that was imported.
#[derive(Clone)]
pub(super) struct ImportedSession {
    pub(super) previous: Arc<PreviousSession>,
    pub(super) place: SessionPlace,
    pub(super) disc_id: String,
    volume_name: String,
}

impl Session {
    /// Sectors that are written together, 0 for none in particular.
    pub(super) fn write_unit(&self) -> u32 {
        self.imported.as_ref().map_or(0, |i| i.place.session.write_unit)
    }

    /// Whether an earlier session was imported.
    pub(super) fn is_imported(&self) -> bool {
        self.imported.is_some()
    }

    /// What tells of the disc; it may ask a drive, which is not done while anything is locked.
    pub(super) fn disc(&self) -> Result<Arc<dyn MultisessionInterface>, Error> {
        let chosen = self.interfaces.get(self.chosen).cloned();
        chosen.ok_or_else(|| Failure::new(HResult::MULTISESSION_NOT_SET).into())
    }
}

/// The disc as it is now.
pub(super) fn look(disc: &dyn MultisessionInterface) -> Result<Multisession, Error> {
    disc.look()
        .map_err(|e| Failure::new(HResult::BAD_MULTISESSION_PARAMETER).because(io::Error::other(e)).into())
}

/// The one file system of a mask that has exactly one of the contract's.
fn single(file_system: FileSystems, parameter: &'static str) -> Result<VolumeKind, Error> {
    match file_system {
        FileSystems::ISO9660 => Ok(VolumeKind::Iso9660),
        FileSystems::JOLIET => Ok(VolumeKind::Joliet),
        FileSystems::UDF => Ok(VolumeKind::Udf),
        FileSystems::ROCK_RIDGE => Ok(VolumeKind::RockRidge),
        _ => Err(invalid_param(parameter)),
    }
}

fn mask(kind: VolumeKind) -> FileSystems {
    match kind {
        VolumeKind::Iso9660 => FileSystems::ISO9660,
        VolumeKind::Joliet => FileSystems::JOLIET,
        VolumeKind::Udf => FileSystems::UDF,
        VolumeKind::RockRidge => FileSystems::ROCK_RIDGE,
    }
}

impl FileSystemImage {
    /// The volume name that the last import found; `None` before one, and for a volume without a name.
    #[doc(alias = "ImportedVolumeName")]
    #[must_use]
    pub fn imported_volume_name(&self) -> Option<String> {
        let state = self.shared.lock();
        state.session.imported.as_ref().map(|i| i.volume_name.clone()).filter(|n| !n.is_empty())
    }

    /// The ways to add a session that were set.
    #[doc(alias = "MultisessionInterfaces")]
    #[must_use]
    pub fn multisession_interfaces(&self) -> Vec<Arc<dyn MultisessionInterface>> {
        self.shared.lock().session.interfaces.clone()
    }

    /// Says how a session can be added to the medium. One that is marked as used is taken, else the first that is
    /// supported. The one that is taken is asked again whenever something of the disc has to be known.
    ///
    /// # Errors
    /// `IMAPI_E_INCOMPATIBLE_MULTISESSION_TYPE`, `IMAPI_E_NO_COMPATIBLE_MULTISESSION_TYPE`,
    /// `IMAPI_E_IMPORT_MEDIA_NOT_ALLOWED`, `IMAPI_E_BAD_MULTISESSION_PARAMETER`, `IMAPI_E_IMPORT_SEEK_FAILURE` for a blank
    /// medium, `IMAPI_E_READONLY`, [`Error::Busy`].
    pub fn set_multisession_interfaces(
        &self,
        interfaces: Vec<impl MultisessionInterface + 'static>,
    ) -> Result<(), Error> {
        // Before a drive is bothered.
        self.set(|_| Ok(()))?;
        let ways = interfaces.iter().map(|i| look(i)).collect::<Result<Vec<_>, _>>()?;
        let chosen = select(&ways)?;
        let mut interfaces: Vec<Arc<dyn MultisessionInterface>> =
            interfaces.into_iter().map(|i| Arc::new(i) as Arc<dyn MultisessionInterface>).collect();
        // What was set before is let go of without the lock.
        let done = self.set(|s| {
            s.session.chosen = chosen;
            std::mem::swap(&mut s.session.interfaces, &mut interfaces);
            Ok(())
        });
        drop(interfaces);
        done
    }

    /// The file systems of the last session of a disc; `None`: of the one that
    /// [`set_multisession_interfaces`](Self::set_multisession_interfaces) named. Empty for a blank disc,
    /// [`FileSystems::UNKNOWN`] for one that holds something that is not recognised.
    ///
    /// # Errors
    /// `IMAPI_E_MULTISESSION_NOT_SET` without a disc, `IMAPI_E_IMPORT_READ_FAILURE`.
    #[doc(alias = "IdentifyFileSystemsOnDisc")]
    pub fn identify_file_systems_on_disc(&self, disc: Option<&Multisession>) -> Result<FileSystems, Error> {
        let (set, compat) = {
            let state = self.shared.lock();
            let set = if disc.is_none() { Some(state.session.disc()?) } else { None };
            (set, state.compat)
        };
        let disc = match (disc, set) {
            (Some(disc), _) => disc.clone(),
            (None, Some(set)) => look(&set)?,
            (None, None) => return Err(Failure::new(HResult::MULTISESSION_NOT_SET).into()),
        };
        let previous = match PreviousSession::look(&disc) {
            Err(e) if e.hresult() == HResult::EMPTY_DISC.0 => return Ok(FileSystems::empty()),
            other => other?,
        };
        let mut found = previous.file_systems();
        if compat {
            found -= FileSystems::ROCK_RIDGE;
        }
        if !found.is_empty() {
            return Ok(found);
        }
        Ok(if holds_something(&previous) { FileSystems::UNKNOWN } else { found })
    }

    /// The file system among several that is imported when nobody says: UDF, then Joliet, then ISO 9660.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` when none of the three is among them.
    #[doc(alias = "GetDefaultFileSystemForImport")]
    pub fn default_file_system_for_import(&self, file_systems: FileSystems) -> Result<FileSystems, Error> {
        default_for_import(file_systems).map(mask).ok_or_else(|| invalid_param("fileSystems"))
    }

    /// Takes over the files of the last session: the default file system, natively the one that keeps most of a POSIX
    /// tree. Items that are in the tree already win over imported ones of their name. What was imported.
    ///
    /// # Errors
    /// `IMAPI_E_MULTISESSION_NOT_SET`, `IMAPI_E_EMPTY_DISC`, `IMAPI_E_NO_SUPPORTED_FILE_SYSTEM`; else as
    /// [`import_specific_file_system`](Self::import_specific_file_system).
    #[doc(alias = "ImportFileSystem")]
    pub fn import_file_system(&self) -> Result<FileSystems, Error> {
        self.import(None)
    }

    /// Takes over the files of the last session from one file system.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for more than one file system, `IMAPI_E_MULTISESSION_NOT_SET`, `IMAPI_E_EMPTY_DISC`,
    /// `IMAPI_E_FILE_SYSTEM_NOT_FOUND`, `IMAPI_E_BOOT_OBJECT_CONFLICT` when boot images are set,
    /// `IMAPI_E_IMAGE_TOO_BIG` when the tree does not fit what is left, `IMAPI_E_INCOMPATIBLE_PREVIOUS_SESSION`,
    /// `IMAPI_E_UDF_NOT_WRITE_COMPATIBLE`, `IMAPI_E_DISC_MISMATCH` after an import of another disc,
    /// `IMAPI_E_INVALID_PATH` for names that the contract does not allow, `IMAPI_E_FILE_SYSTEM_...`,
    /// `IMAPI_E_IMPORT_...`, [`Error::Busy`], [`Error::Cancelled`]. The image is then as it was.
    #[doc(alias = "ImportSpecificFileSystem")]
    pub fn import_specific_file_system(&self, file_system: FileSystems) -> Result<(), Error> {
        let kind = single(file_system, "fileSystemToUse")?;
        self.import(Some(kind)).map(drop)
    }

    fn import(&self, wanted: Option<VolumeKind>) -> Result<FileSystems, Error> {
        let check = |s: &State| {
            s.session.disc()?;
            if s.boot.entries.is_empty() {
                Ok(())
            } else {
                Err(Failure::new(HResult::BOOT_OBJECT_CONFLICT).into())
            }
        };
        let mut adding = Adding::begin(&self.shared, &check)?;
        let (disc, compat, before) = {
            let state = self.shared.lock();
            let before = state.session.imported.as_ref().map(|i| i.disc_id.clone());
            (state.session.disc()?, state.compat, before)
        };
        let disc = look(&disc)?;
        let previous = PreviousSession::look(&disc)?;
        let disc_id = disc_identifier(&disc)?;
        if before.is_some_and(|before| before != disc_id) {
            return Err(Failure::new(HResult::DISC_MISMATCH).into());
        }
        let default = if compat { default_for_import(previous.file_systems()) } else { previous.richest() };
        let kind = wanted.or(default);
        let kind = kind.ok_or_else(|| Failure::new(HResult::NO_SUPPORTED_FILE_SYSTEM))?;
        let random = matches!(disc.addresses, SessionAddresses::RandomWrite { .. });
        if compat && random && !previous.kinds().contains(&VolumeKind::Udf) && !previous.kinds().is_empty() {
            return Err(Failure::new(HResult::INCOMPATIBLE_PREVIOUS_SESSION).into());
        }
        let shared = &self.shared;
        let mut events = |event: &ImportEvent| {
            if shared.check_cancelled().is_err() {
                return ControlFlow::Break(());
            }
            shared.imports.tell(|| event.clone())
        };
        let found = previous.import(kind, ImportOptions { strict_names: compat }, &mut events)?;
        let place = SessionPlace::behind(&previous, &found.tree).map_err(|e| match e {
            Error::TooLarge { .. } => Failure::new(HResult::IMAGE_TOO_BIG).into(),
            other => other,
        })?;
        if compat && place.udf.is_some_and(|u| u.revision.bcd() > LATEST_OF_CONTRACT) {
            return Err(Failure::new(HResult::UDF_NOT_WRITE_COMPATIBLE).into());
        }
        let rules = shared.lock().rules();
        let mut embedded = Vec::with_capacity(found.embedded.len());
        for bytes in &found.embedded {
            embedded.push(adding.contents().add_stream(DataStream::from_bytes(bytes.as_slice()))?);
        }
        for (data, content) in found.tree.contents() {
            if found.tree.extents(data).is_none() && content.links > 0 {
                // Was read already, as it stands in a descriptor.
                adding.tell_all(&rules.shown(&found.tree.data_path(data)), content.size)?;
            }
        }
        let handle = |number: u64| usize::try_from(number).ok().and_then(|n| embedded.get(n)).copied();
        adding.contents().set_disc(Arc::clone(previous.source()));
        let session =
            ImportedSession { previous: Arc::new(previous), place, disc_id, volume_name: found.volume_name };
        adding.finish_for_good(|state| {
            let tree = &found.tree;
            let mut bytes = |data| {
                let content = tree.data(data);
                Bytes {
                    size: content.size,
                    handle: handle(content.handle).unwrap_or(u64::MAX),
                    old: tree.extents(data).map(Into::into),
                }
            };
            let root = state.tree.root();
            let merged = state.tree.merge(root, tree, tree.root(), Collision::Keep, &mut bytes);
            merged.map_err(|e| match e {
                EditError::Clash { path, incoming } => {
                    let code = if incoming == Kind::Directory {
                        HResult::IMPORT_TYPE_COLLISION_DIRECTORY_EXISTS_AS_FILE
                    } else {
                        HResult::IMPORT_TYPE_COLLISION_FILE_EXISTS_AS_DIRECTORY
                    };
                    Failure::new(code).with(state.rules().shown(&path)).with(title(kind)).into()
                }
                other => state.refused(other),
            })?;
            state.take_over(session)
        })?;
        Ok(mask(kind))
    }

    /// Signature of the disc and its sessions, 16 hexadecimal digits.
    ///
    /// # Errors
    /// `IMAPI_E_MULTISESSION_NOT_SET`, `IMAPI_E_IMPORT_READ_FAILURE`.
    #[doc(alias = "CalculateDiscIdentifier")]
    pub fn calculate_disc_identifier(&self) -> Result<String, Error> {
        let disc = self.shared.lock().session.disc()?;
        disc_identifier(&look(&disc)?)
    }

    /// Whether a session can be added behind one file system of the disc. Changes nothing.
    ///
    /// # Errors
    /// `IMAPI_E_MULTISESSION_NOT_SET`, `IMAPI_E_INVALID_PARAM` for more than one file system.
    #[doc(alias = "ProbeSpecificFileSystem")]
    pub fn probe_specific_file_system(&self, file_system: FileSystems) -> Result<bool, Error> {
        let kind = single(file_system, "fileSystemToProbe")?;
        let disc = self.shared.lock().session.disc()?;
        Ok(look(&disc)
            .and_then(|disc| PreviousSession::look(&disc))
            .is_ok_and(|previous| previous.probe(kind)))
    }

    /// Sets who hears of items that are imported; `Break` ends the import, which then leaves the image as it was.
    #[doc(alias = "DFileSystemImageImportEvents")]
    pub fn on_update_import(&self, sink: impl FnMut(&ImportEvent) -> ControlFlow<()> + Send + 'static) {
        self.shared.imports.set(Some(Box::new(sink)));
    }

    /// Nobody hears of items that are imported any more.
    pub fn clear_on_update_import(&self) {
        self.shared.imports.set(None);
    }
}

impl State {
    /// Fixes what an imported session fixes, if the tree then is within its limits.
    fn take_over(&mut self, session: ImportedSession) -> Result<(), Error> {
        let place = session.place;
        let (settings, earlier) = (self.settings.clone(), self.session.imported.take());
        let allowed =
            if self.compat { FileSystems::all() - FileSystems::ROCK_RIDGE } else { FileSystems::all() };
        self.settings.file_systems = place.file_systems & allowed;
        self.settings.session_start = i32::try_from(place.session.start).unwrap_or(i32::MAX);
        if let Some(udf) = place.udf {
            self.settings.udf_revision = udf.revision;
        }
        self.session.imported = Some(session);
        let free = i32::try_from(place.session.free_blocks).unwrap_or(i32::MAX);
        let fits = Self::check_structure(&self.tree, self.settings.file_systems, self.settings.strict)
            .and_then(|()| self.check_all_paths(self.settings.file_systems))
            .and_then(|()| self.set_free_blocks(free));
        if fits.is_err() {
            (self.settings, self.session.imported) = (settings, earlier);
        }
        fits
    }

    /// Whether an import allows this selection.
    pub(super) fn check_selection(&self, file_systems: FileSystems) -> Result<(), Error> {
        let Some(imported) = &self.session.imported else { return Ok(()) };
        // Rock Ridge lives inside ISO 9660 and may come and go.
        let own = |fs: FileSystems| fs.completed() - FileSystems::ROCK_RIDGE;
        if own(file_systems) == own(imported.place.file_systems) {
            return Ok(());
        }
        let there = imported.place.file_systems;
        let cause = io::Error::other(format!("the last session has {there}"));
        Err(Failure::new(HResult::FILE_SYSTEM_CHANGE_NOT_ALLOWED).because(cause).into())
    }
}

/// Whether the sectors where descriptors would be hold anything but zeros.
fn holds_something(previous: &PreviousSession) -> bool {
    let mut sector = vec![0; SECTOR];
    let first = u64::from(previous.start());
    [16, 256].into_iter().any(|n| {
        let at = first + n;
        at < previous.source().block_count()
            && previous.source().read_blocks(at, &mut sector).is_ok()
            && sector.iter().any(|b| *b != 0)
    })
}
