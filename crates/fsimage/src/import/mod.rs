//! What earlier sessions hold, as a tree that a new session can go on from.
//!
//! Only the last session is read: its directories name every file of the disc that is still to be seen, whichever session
//! recorded it. Contents are not read but taken over by their sectors; only what is embedded in descriptors is.

mod event;
mod identifier;
mod select;
mod walk;

use std::sync::Arc;

use glassmaster_disc::{BlockSource, HResult, Multisession, SessionAddresses};
use glassmaster_tree::{ReadError, Timestamp, Tree};
use glassmaster_udf::Revision;

use crate::FileSystems;
use crate::code::Failure;
use crate::error::Error;
use crate::volume::{VolumeKind, identify_session, open_session, open_udf};

pub use event::{ImportEvent, ImportSink};
pub use identifier::disc_identifier;
pub use select::select;

/// How an import treats what it finds.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Refuse names that IMAPI's object model cannot hold (contract section 7) instead of taking them over as they are.
    pub strict_names: bool,
}

/// The last session of a medium: which file systems it has, and what they say of themselves.
pub struct PreviousSession {
    source: Arc<dyn BlockSource>,
    addresses: SessionAddresses,
    start: u32,
    kinds: Vec<VolumeKind>,
    udf: Option<glassmaster_udf::Facts>,
}

/// A file system of an earlier session as a tree.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The file system it was read from.
    pub kind: VolumeKind,
    /// Every object; contents are old ones, but for the embedded.
    pub tree: Tree,
    /// Contents that were kept in descriptors and were read; the handle of such a content is its place here.
    pub embedded: Vec<Vec<u8>>,
    /// Name of the volume, empty when it has none.
    #[doc(alias = "ImportedVolumeName")]
    pub volume_name: String,
}

/// What a UDF volume fixes for the session after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UdfPrevious {
    /// Its revision, which the next session keeps.
    pub revision: Revision,
    /// First sector of its partition, to which all addresses are relative.
    pub partition_start: u32,
    /// First UniqueID that is free (UDF 3.2.1.1).
    pub next_unique_id: u64,
    /// When it was recorded; a later session must not look older.
    pub recorded: Option<Timestamp>,
}

/// File systems of a set of kinds.
pub(crate) fn file_systems(kinds: &[VolumeKind]) -> FileSystems {
    kinds.iter().map(|kind| as_file_system(*kind)).fold(FileSystems::empty(), |all, fs| all | fs).completed()
}

fn as_file_system(kind: VolumeKind) -> FileSystems {
    match kind {
        VolumeKind::RockRidge => FileSystems::ROCK_RIDGE,
        VolumeKind::Udf => FileSystems::UDF,
        VolumeKind::Joliet => FileSystems::JOLIET,
        VolumeKind::Iso9660 => FileSystems::ISO9660,
    }
}

/// The file system that IMAPI imports when it has the choice: UDF, then Joliet, then ISO 9660; `None` when none of the three
/// is in the set.
#[doc(alias = "GetDefaultFileSystemForImport")]
#[must_use]
pub fn default_for_import(file_systems: FileSystems) -> Option<VolumeKind> {
    [
        (FileSystems::UDF, VolumeKind::Udf),
        (FileSystems::JOLIET, VolumeKind::Joliet),
        (FileSystems::ISO9660, VolumeKind::Iso9660),
    ]
    .into_iter()
    .find_map(|(fs, kind)| file_systems.contains(fs).then_some(kind))
}

impl PreviousSession {
    /// Looks at the last session of a medium: a few sectors of each file system are read.
    ///
    /// # Errors
    /// `IMAPI_E_EMPTY_DISC` when there is none, `IMAPI_E_IMPORT_READ_FAILURE` when the places of descriptors cannot be
    /// read.
    pub fn look(multisession: &Multisession) -> Result<Self, Error> {
        let source = Arc::clone(&multisession.source);
        let addresses = multisession.addresses;
        let blank = matches!(addresses, SessionAddresses::Sequential { previous_start: None, .. });
        if blank || source.block_count() == 0 {
            return Err(Failure::new(HResult::EMPTY_DISC).into());
        }
        let start = addresses.last_session();
        let kinds = identify_session(&source, start).map_err(|e| unreadable(e, start))?;
        let udf = if kinds.contains(&VolumeKind::Udf) {
            // A damaged one says so when it is imported or a session is planned behind it.
            open_udf(Arc::clone(&source), start).ok().map(|volume| volume.facts())
        } else {
            None
        };
        Ok(Self { source, addresses, start, kinds, udf })
    }

    /// First sector of the session.
    #[must_use]
    pub fn start(&self) -> u32 {
        self.start
    }

    /// The medium.
    #[must_use]
    pub fn source(&self) -> &Arc<dyn BlockSource> {
        &self.source
    }

    /// Where sessions stand and the next one goes.
    #[must_use]
    pub fn addresses(&self) -> SessionAddresses {
        self.addresses
    }

    /// Ways to look at it, best first.
    #[must_use]
    pub fn kinds(&self) -> &[VolumeKind] {
        &self.kinds
    }

    /// The file systems it has.
    #[doc(alias = "IdentifyFileSystemsOnDisc")]
    #[must_use]
    pub fn file_systems(&self) -> FileSystems {
        if self.kinds.is_empty() { FileSystems::empty() } else { file_systems(&self.kinds) }
    }

    /// Name of the volume in the file system that keeps most of it: UDF, then the longest of ISO 9660 and Joliet; `None`
    /// without a name.
    #[must_use]
    pub fn volume_name(&self) -> Option<String> {
        let udf = self.udf.as_ref().map(|f| f.logical_volume_id.clone()).filter(|name| !name.is_empty());
        udf.or_else(|| {
            let facts = glassmaster_iso9660::facts(&*self.source, self.start).ok()??;
            let joliet = facts.joliet_volume.unwrap_or_default();
            // Joliet has half the room, but upper and lower case (ECMA-119 8.4.7).
            let name =
                if joliet.chars().count() >= facts.volume.chars().count() { joliet } else { facts.volume };
            (!name.is_empty()).then_some(name)
        })
    }

    /// What its UDF volume says of itself, where it has one that can be opened.
    #[must_use]
    pub fn udf_facts(&self) -> Option<&glassmaster_udf::Facts> {
        self.udf.as_ref()
    }

    /// What its UDF volume fixes for the next session; `None` without UDF.
    ///
    /// # Errors
    /// `IMAPI_E_UDF_NOT_WRITE_COMPATIBLE`, `IMAPI_E_FILE_SYSTEM_FEATURE_NOT_SUPPORTED` or
    /// `IMAPI_E_INCOMPATIBLE_PREVIOUS_SESSION` with the reason why no session can follow;
    /// `IMAPI_E_FILE_SYSTEM_READ_CONSISTENCY_ERROR` when the volume cannot be opened.
    pub fn udf_previous(&self) -> Result<Option<UdfPrevious>, Error> {
        if !self.kinds.contains(&VolumeKind::Udf) {
            return Ok(None);
        }
        let facts = match &self.udf {
            Some(facts) => facts,
            None => {
                let volume = open_udf(Arc::clone(&self.source), self.start);
                &volume.map_err(|e| damaged(VolumeKind::Udf, e))?.facts()
            }
        };
        let Some(revision) = Revision::ALL.into_iter().find(|r| r.bcd() == facts.revision) else {
            return Err(Failure::new(HResult::UDF_NOT_WRITE_COMPATIBLE).into());
        };
        if let Some(reason) = facts.not_appendable() {
            let failure = Failure::new(HResult::FILE_SYSTEM_FEATURE_NOT_SUPPORTED).with("UDF").with(reason);
            return Err(failure.into());
        }
        let refused = |why: &str| {
            Error::from(
                Failure::new(HResult::INCOMPATIBLE_PREVIOUS_SESSION)
                    .because(std::io::Error::other(why.to_owned())),
            )
        };
        let physical = facts.partitions.iter().find(|p| p.kind == glassmaster_udf::PartitionKind::Plain);
        let Some(partition) = physical else { return Err(refused("its UDF volume has no plain partition")) };
        if partition.access != glassmaster_udf::AccessType::READ_ONLY {
            return Err(refused(
                "the partition of its UDF volume is not read-only: it is one that an operating system writes files to, \
                 not a mastered one",
            ));
        }
        // A domain marked as protected against writing (UDF 2.1.5.3), as genisoimage marks its own, is no obstacle: nothing
        // of that volume is written to, another one refers to its files.
        if !facts.closed {
            return Err(refused("its UDF volume was not left in order: the integrity descriptor is open"));
        }
        Ok(Some(UdfPrevious {
            revision,
            partition_start: partition.start,
            next_unique_id: facts.next_unique_id.unwrap_or(16).max(16),
            recorded: facts.recorded,
        }))
    }

    /// Whether a new session can go on from one of its file systems. Changes nothing.
    #[doc(alias = "ProbeSpecificFileSystem")]
    #[must_use]
    pub fn probe(&self, kind: VolumeKind) -> bool {
        if !self.kinds.contains(&kind) || self.udf_previous().is_err() {
            return false;
        }
        open_session(&self.source, self.start, Some(kind)).is_ok_and(|volume| volume.root().is_ok())
    }

    /// The file system that keeps most of a POSIX tree: Rock Ridge, unless UDF holds what it cannot; then UDF, Joliet,
    /// ISO 9660.
    #[must_use]
    pub fn richest(&self) -> Option<VolumeKind> {
        let streams = self.udf.as_ref().is_some_and(|f| f.revision >= 0x0200)
            && self.kinds.contains(&VolumeKind::RockRidge)
            && self.has_streams().unwrap_or(true);
        if streams { Some(VolumeKind::Udf) } else { self.kinds.first().copied() }
    }

    /// Whether the UDF volume has named streams or real-time files, which no other file system records.
    fn has_streams(&self) -> Result<bool, Error> {
        let volume = open_session(&self.source, self.start, Some(VolumeKind::Udf))?;
        let mut found = false;
        let limits = glassmaster_tree::WalkLimits::for_blocks(volume.block_count());
        glassmaster_tree::walk(&*volume, limits, &mut |visit| {
            if let glassmaster_tree::Visit::Entry { entry, .. } = visit {
                found |= entry.has_streams || entry.real_time;
            }
            if found { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }

    /// Takes over one file system. Nothing is changed when it fails.
    ///
    /// `events` hears of every object, directories before what they hold, the root first; it may end the import by
    /// `Break`.
    ///
    /// # Errors
    /// `IMAPI_E_NO_SUPPORTED_FILE_SYSTEM`, `IMAPI_E_FILE_SYSTEM_NOT_FOUND`,
    /// `IMAPI_E_FILE_SYSTEM_READ_CONSISTENCY_ERROR` for damage, `IMAPI_E_IMPORT_READ_FAILURE` for what the medium does not
    /// deliver, `IMAPI_E_FILE_SYSTEM_FEATURE_NOT_SUPPORTED`, `IMAPI_E_INVALID_PATH` with strict names;
    /// [`Error::Cancelled`].
    #[doc(alias = "ImportFileSystem")]
    #[doc(alias = "ImportSpecificFileSystem")]
    pub fn import(
        &self,
        kind: VolumeKind,
        options: ImportOptions,
        events: &mut ImportSink<'_>,
    ) -> Result<Imported, Error> {
        if self.kinds.is_empty() {
            return Err(Failure::new(HResult::NO_SUPPORTED_FILE_SYSTEM).into());
        }
        if !self.kinds.contains(&kind) {
            return Err(Failure::new(HResult::FILE_SYSTEM_NOT_FOUND).with(title(kind)).into());
        }
        let volume = open_session(&self.source, self.start, Some(kind)).map_err(|e| match e {
            Error::Volume(e) => damaged(kind, e),
            other => other,
        })?;
        let totals = match (&self.udf, kind) {
            (Some(facts), VolumeKind::Udf) => {
                walk::Totals { directories: facts.directories, files: facts.files }
            }
            _ => walk::Totals::default(),
        };
        let (tree, embedded) = walk::import(&*volume, kind, totals, options, events)?;
        Ok(Imported { kind, tree, embedded, volume_name: volume.label() })
    }
}

/// The name of a file system in messages.
pub(crate) fn title(kind: VolumeKind) -> &'static str {
    match kind {
        VolumeKind::RockRidge => "Rock Ridge",
        VolumeKind::Udf => "UDF",
        VolumeKind::Joliet => "Joliet",
        VolumeKind::Iso9660 => "ISO 9660",
    }
}

/// The contract's code for a structure that cannot be used.
pub(crate) fn damaged(kind: VolumeKind, error: ReadError) -> Error {
    if error.source.is_some() {
        return Failure::new(HResult::IMPORT_READ_FAILURE)
            .with(error.lba)
            .because(std::io::Error::other(error))
            .into();
    }
    Failure::new(HResult::FILE_SYSTEM_READ_CONSISTENCY_ERROR)
        .with(title(kind))
        .because(std::io::Error::other(error))
        .into()
}

fn unreadable(error: Error, start: u32) -> Error {
    match error {
        Error::Volume(e) => {
            let lba = if e.lba == 0 { u64::from(start) } else { e.lba };
            Failure::new(HResult::IMPORT_READ_FAILURE).with(lba).because(std::io::Error::other(e)).into()
        }
        other => other,
    }
}
