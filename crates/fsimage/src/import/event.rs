//! What an import tells while it runs.

use std::ops::ControlFlow;

use crate::VolumeKind;

/// An object that is being taken over.
///
/// A directory is told once, before it is read; a file once, after it was taken over. The root comes first and counts as a
/// directory. Named streams are not told.
#[doc(alias = "DFileSystemImageImportEvents")]
#[doc(alias = "UpdateImport")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportEvent {
    /// The file system it is read from.
    pub file_system: VolumeKind,
    /// Its path, components divided by `\`; that of a directory ends with one.
    #[doc(alias = "currentItem")]
    pub item: String,
    /// Directories told so far, this one included.
    #[doc(alias = "importedDirectoryItems")]
    pub directories: u32,
    /// Directories of the file system: as it says itself, else those that are known by now.
    #[doc(alias = "totalDirectoryItems")]
    pub total_directories: u32,
    /// Objects that are no directories told so far, this one included.
    #[doc(alias = "importedFileItems")]
    pub files: u32,
    /// All of them; `None` for ISO 9660 and Joliet, which do not say (-1 in the contract).
    #[doc(alias = "totalFileItems")]
    pub total_files: Option<u32>,
}

/// Hears the events of an import; `Break` ends it.
pub type ImportSink<'a> = dyn FnMut(&ImportEvent) -> ControlFlow<()> + 'a;
