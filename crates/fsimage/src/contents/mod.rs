//! Where the bytes of an image's files come from: files of the host, streams of the caller, copies in the working
//! directory, sectors of the disc that is added to.

mod place;
mod reader;
mod stash;
mod stream;
mod versions;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use glassmaster_disc::{BlockSource, Extent, sectors_for};
use glassmaster_tree::{DataId, Tree};

use crate::code::Failure;
use crate::error::Error;
use crate::host::{HostFiles, HostTree};

pub(crate) use place::Place;
pub use reader::DataReader;
pub(crate) use reader::{KernelSource, Reader};
use stash::Stash;
pub use stream::DataStream;
use versions::Versions;

/// The store of all contents behind an image. A content is found by its handle
/// ([`Data::handle`](glassmaster_tree::Data)), which this store gives out; handles stay valid as long as the store or a
/// clone of it lives. A clone is cheap and sees nothing of what is added later; the copies in the working directory are
/// shared, and gone when the last clone is.
#[derive(Clone)]
pub struct Contents {
    hosts: Versions<Arc<HostFiles>>,
    streams: Versions<DataStream>,
    /// Where each copy begins in the stash.
    staged: Versions<u64>,
    disc: Option<Arc<dyn BlockSource>>,
    /// Shared by all clones, so that no later clone copies into a place that an earlier one uses.
    stash: Arc<Stash>,
}

impl Contents {
    /// An empty store. Copies of contents, should some be made, go to an unnamed file in `working_directory`; nothing is
    /// created there before.
    #[must_use]
    pub fn new(working_directory: impl Into<PathBuf>) -> Self {
        Self {
            hosts: Versions::default(),
            streams: Versions::default(),
            staged: Versions::default(),
            disc: None,
            stash: Arc::new(Stash::new(working_directory.into())),
        }
    }

    /// Takes over the files of a walk. The result is to be added to the handle of each content of `tree`, the tree of
    /// that walk, which then may be changed in any way.
    ///
    /// # Errors
    /// `IMAPI_E_FSI_INTERNAL_ERROR` after 16 million walks.
    pub fn add_host(&mut self, mut files: HostFiles, tree: &Tree) -> Result<u64, Error> {
        files.keep_names(tree);
        let store = place::number(self.hosts.len())?;
        let base = Place::Host { store, index: 0 }.handle()?;
        self.hosts.push(Arc::new(files));
        Ok(base)
    }

    /// Takes a stream in; the handle of its content.
    ///
    /// # Errors
    /// `IMAPI_E_FSI_INTERNAL_ERROR` after 4 billion streams.
    pub fn add_stream(&mut self, stream: DataStream) -> Result<u64, Error> {
        let handle = Place::Stream(place::number(self.streams.len())?).handle()?;
        self.streams.push(stream);
        Ok(handle)
    }

    /// Gives the disc that contents of earlier sessions are read from.
    pub fn set_disc(&mut self, disc: Arc<dyn BlockSource>) {
        self.disc = Some(disc);
    }

    /// The disc that contents of earlier sessions are read from.
    #[must_use]
    pub fn disc(&self) -> Option<&Arc<dyn BlockSource>> {
        self.disc.as_ref()
    }

    /// Copies a content into the working directory, so that later changes of its source do not matter; the handle of the
    /// copy. `path` is what messages call it. `progress` is told the sectors copied after each full MiB and at an end
    /// that is none; what it returns ends the copying.
    ///
    /// # Errors
    /// What `progress` gives;
    /// `IMAPI_E_DATA_STREAM_INCONSISTENCY`, `IMAPI_E_DATA_STREAM_READ_FAILURE`, [`Error::Source`] or
    /// [`Error::SourceChanged`] for the source, `IMAPI_E_STASHFILE_...` for the copy.
    pub fn stage(
        &mut self,
        handle: u64,
        size: u64,
        path: &str,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let handle_of_copy = Place::Staged(place::number(self.staged.len())?).handle()?;
        let mut reader = Reader::default();
        let source = reader::Source { handle, size, name: &[], extents: None };
        let start = self.stash.reserve(size);
        let mut done = 0;
        let mut buffer = vec![0; usize::try_from(size.min(stash::PIECE)).unwrap_or(0)];
        while done < size {
            let n = usize::try_from(size - done).unwrap_or(usize::MAX).min(buffer.len());
            let piece = &mut buffer[..n];
            let read = reader.read(self, &source, done, piece);
            read.map_err(|mismatch| self.failure(&source, path, mismatch))?;
            self.stash.write(start + done, piece)?;
            done += n as u64;
            progress(sectors_for(done))?;
        }
        self.staged.push(start);
        Ok(handle_of_copy)
    }

    /// Where in the working directory the next copy will begin.
    pub(crate) fn stash_end(&self) -> u64 {
        self.stash.end()
    }

    /// Gives up the copies made since [`stash_end`](Self::stash_end) was `end`, in this store and its clones.
    pub(crate) fn cut_stash(&self, end: u64) {
        self.stash.cut(end);
    }

    /// The caller's stream behind a content; `None` for a content that is something else.
    pub(crate) fn stream(&self, handle: u64) -> Option<DataStream> {
        let Some(Place::Stream(index)) = Place::of(handle) else { return None };
        self.streams.get(index as usize)
    }

    /// Whether a content was copied into the working directory.
    #[must_use]
    pub fn is_staged(&self, handle: u64) -> bool {
        matches!(Place::of(handle), Some(Place::Staged(_)))
    }

    /// Where copies are made.
    #[doc(alias = "WorkingDirectory")]
    #[must_use]
    pub fn working_directory(&self) -> PathBuf {
        self.stash.directory()
    }

    /// Moves the copies to another directory, in which later ones are made as well. Streams that read them go on.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_WORKING_DIRECTORY`, `IMAPI_E_WORKING_DIRECTORY_SPACE`, `IMAPI_E_STASHFILE_MOVE`; the old
    /// directory then stays in use.
    pub fn set_working_directory(&mut self, directory: &Path) -> Result<(), Error> {
        Ok(self.stash.move_to(directory)?)
    }

    /// A stream over the content with `handle`, at position 0. `path` is what messages call it.
    #[doc(alias = "Data")]
    #[must_use]
    pub fn open(&self, handle: u64, size: u64, path: &str) -> DataReader {
        DataReader::new(self.clone(), handle, size, None, path)
    }

    /// A stream over a content of the disc that is recorded in `extents`, at position 0.
    #[must_use]
    pub fn open_old(&self, extents: &[Extent], size: u64, path: &str) -> DataReader {
        DataReader::new(self.clone(), 0, size, Some(extents.to_vec()), path)
    }

    /// What is to be read for a content of `tree`.
    pub(crate) fn source<'a>(tree: &'a Tree, data: DataId) -> reader::Source<'a> {
        let content = tree.data(data);
        let name = if content.links > 0 { tree.node(content.first).name() } else { &[] };
        reader::Source { handle: content.handle, size: content.size, name, extents: tree.extents(data) }
    }

    /// Path of a content on the host; `None` for one that is no file of the host.
    pub(crate) fn host_path(&self, source: &reader::Source<'_>) -> Option<PathBuf> {
        if source.extents.is_some() {
            return None;
        }
        let Some(Place::Host { store, index }) = Place::of(source.handle) else { return None };
        let files = self.hosts.get(store as usize)?;
        Some(files.path(files.find(index, source.name, source.size)))
    }

    /// The error for a content that is not what was planned; `path` is its path in the image.
    #[cold]
    pub(crate) fn failure(
        &self,
        source: &reader::Source<'_>,
        path: &str,
        mismatch: crate::host::Mismatch,
    ) -> Error {
        use crate::host::Mismatch;
        use glassmaster_disc::HResult;
        if let Mismatch::Store(failure) = mismatch {
            return failure.into();
        }
        if let Some(host) = self.host_path(source) {
            return match mismatch {
                Mismatch::Unreadable(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    Error::source(&host, crate::error::SourceProblem::Read, e)
                }
                other if host.ends_with(path.trim_start_matches('/')) => {
                    Error::SourceChanged { path: host, what: other.to_string() }
                }
                other => {
                    Error::SourceChanged { path: host, what: format!("{other} ('{path}' of the image)") }
                }
            };
        }
        match mismatch {
            Mismatch::Length { expected, found } => {
                let failure = Failure::new(HResult::DATA_STREAM_INCONSISTENCY);
                failure.with(path).with(expected).with(found).into()
            }
            Mismatch::Unreadable(e) => {
                Failure::new(HResult::DATA_STREAM_READ_FAILURE).with(path).because(e).into()
            }
            other => Failure::new(HResult::DATA_STREAM_READ_FAILURE)
                .with(path)
                .because(std::io::Error::other(other.to_string()))
                .into(),
        }
    }
}

/// A tree and the store of its contents: what an image is made from.
#[derive(Clone)]
pub struct ImageInput {
    /// Names, attributes, contents.
    pub tree: Tree,
    /// The bytes.
    pub contents: Contents,
}

impl From<HostTree> for ImageInput {
    /// Names of the files are those in the tree, so nothing but the tree is kept.
    fn from(walked: HostTree) -> Self {
        let mut contents = Contents::new(PathBuf::new());
        contents.hosts.push(Arc::new(walked.files));
        let mut tree = walked.tree;
        for (data, value) in walked.attributes {
            // A store that is full, at four billion of them, leaves the handle that reads as an error.
            if let Ok(handle) = contents.add_stream(DataStream::from_bytes(value)) {
                tree.set_handle(data, handle);
            }
        }
        Self { tree, contents }
    }
}

impl From<(Tree, Contents)> for ImageInput {
    fn from((tree, contents): (Tree, Contents)) -> Self {
        Self { tree, contents }
    }
}
