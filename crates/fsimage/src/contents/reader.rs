//! Reading contents: one reader a thread, and streams over single contents.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use glassmaster_disc::{Extent, HResult, SECTOR, SECTOR_U64};

use super::{Contents, Place};
use crate::code::Failure;
use crate::host::{FileReader, HostFiles, HostRef, Mismatch};

/// What is to be read.
pub(crate) struct Source<'a> {
    pub(crate) handle: u64,
    pub(crate) size: u64,
    /// Name of a host file whose store keeps none.
    pub(crate) name: &'a [u8],
    /// Where a content of an earlier session is recorded; the handle then means nothing.
    pub(crate) extents: Option<&'a [Extent]>,
}

/// A file of the host that holds a content from `base` on, for copies inside the kernel.
pub(crate) struct KernelSource<'r> {
    pub(crate) file: BorrowedFd<'r>,
    pub(crate) base: u64,
}

/// Reads contents one after the other and keeps open what the next call may need. One per thread.
#[derive(Default)]
pub(crate) struct Reader {
    host: FileReader,
    /// The walk that `host` has something open of.
    walk: Option<(u32, Arc<HostFiles>)>,
    stash: Option<Arc<File>>,
}

impl Reader {
    /// Fills `out` with the bytes of a content from `offset` on; `out` lies within its size.
    pub(crate) fn read(
        &mut self,
        contents: &Contents,
        source: &Source<'_>,
        offset: u64,
        out: &mut [u8],
    ) -> Result<(), Mismatch> {
        if let Some(extents) = source.extents {
            return read_old(contents, extents, source.size, offset, out).map_err(Mismatch::Store);
        }
        match Place::of(source.handle) {
            Some(Place::Host { store, index }) => {
                let (reader, files) = self.host(contents, store)?;
                reader.read(files, files.find(index, source.name, source.size), offset, out)
            }
            Some(Place::Stream(index)) => {
                let stream = contents.streams.get(index as usize).ok_or_else(unknown)?;
                stream.read_exact_at(source.size, offset, out)
            }
            Some(Place::Staged(index)) => {
                let start = contents.staged.get(index as usize).ok_or_else(unknown)?;
                let Some(file) = self.stash_file(contents) else { return Err(unknown()) };
                contents.stash.read(file, start + offset, out).map_err(Mismatch::Store)
            }
            None => Err(unknown()),
        }
    }

    /// Fills `out` with whatever a host file still has at `offset`, zeros behind and instead of it.
    pub(crate) fn read_what_is_there(
        &mut self,
        contents: &Contents,
        source: &Source<'_>,
        offset: u64,
        out: &mut [u8],
    ) {
        out.fill(0);
        match Place::of(source.handle) {
            Some(Place::Host { store, index }) => {
                if let Ok((reader, files)) = self.host(contents, store) {
                    let file = files.find(index, source.name, source.size);
                    reader.read_what_is_there(files, file, offset, out);
                }
            }
            Some(Place::Stream(index)) => {
                if let Some(stream) = contents.streams.get(index as usize) {
                    // What could not be read stays zero; the repair was noted.
                    let n = stream.read_at(offset, out).unwrap_or(0);
                    out[n..].fill(0);
                }
            }
            _ => {}
        }
    }

    /// The open file behind a content, checked to be what the walk saw; `None` when the bytes have to be read.
    pub(crate) fn kernel_source(
        &mut self,
        contents: &Contents,
        source: &Source<'_>,
    ) -> Option<KernelSource<'_>> {
        if source.extents.is_some() {
            return None;
        }
        match Place::of(source.handle)? {
            Place::Host { store, index } => {
                let (reader, files) = self.host(contents, store).ok()?;
                let file = reader.open(files, files.find(index, source.name, source.size)).ok()?;
                Some(KernelSource { file: file.as_fd(), base: 0 })
            }
            Place::Staged(index) => {
                let base = contents.staged.get(index as usize)?;
                Some(KernelSource { file: self.stash_file(contents)?.as_fd(), base })
            }
            Place::Stream(_) => None,
        }
    }

    /// Whether the host file that is open is still what the walk saw.
    pub(crate) fn still_unchanged(
        &mut self,
        contents: &Contents,
        source: &Source<'_>,
    ) -> Result<(), Mismatch> {
        let Some(Place::Host { store, index }) = Place::of(source.handle) else { return Ok(()) };
        let (reader, files) = self.host(contents, store)?;
        let file: HostRef<'_> = files.find(index, source.name, source.size);
        reader.still_unchanged(files, file)
    }

    fn host(&mut self, contents: &Contents, store: u32) -> Result<(&mut FileReader, &HostFiles), Mismatch> {
        if self.walk.as_ref().is_none_or(|(known, _)| *known != store) {
            self.host = FileReader::default();
            self.walk = Some((store, contents.hosts.get(store as usize).ok_or_else(unknown)?));
        }
        match &self.walk {
            Some((_, files)) => Ok((&mut self.host, files)),
            None => Err(unknown()),
        }
    }

    fn stash_file(&mut self, contents: &Contents) -> Option<&File> {
        if self.stash.is_none() {
            self.stash = contents.stash.file();
        }
        self.stash.as_deref()
    }
}

fn unknown() -> Mismatch {
    Mismatch::Store(Failure::new(HResult::FSI_INTERNAL_ERROR).with("a content that no store has"))
}

/// Bytes of a content that an earlier session recorded.
fn read_old(
    contents: &Contents,
    extents: &[Extent],
    size: u64,
    offset: u64,
    out: &mut [u8],
) -> Result<(), Failure> {
    let Some(disc) = &contents.disc else {
        return Err(Failure::new(HResult::FSI_INTERNAL_ERROR).with("no disc to read old contents from"));
    };
    let end = offset + out.len() as u64;
    let mut start = 0u64;
    let mut filled = 0;
    for Extent { lba, bytes } in extents {
        let stop = start.saturating_add(*bytes);
        let (from, to) = (offset.max(start), end.min(stop));
        if from < to {
            let index = |n: u64| usize::try_from(n - offset).unwrap_or(usize::MAX);
            let part = &mut out[index(from)..index(to)];
            match lba {
                Some(lba) => read_sectors(disc.as_ref(), u64::from(*lba), from - start, part)?,
                None => part.fill(0),
            }
            filled += to - from;
        }
        start = stop;
    }
    if filled == end - offset {
        return Ok(());
    }
    let failure = Failure::new(HResult::DATA_STREAM_INCONSISTENCY);
    Err(failure.with("content of an earlier session").with(size).with(start))
}

/// Bytes from `offset` on in the run of sectors that begins with `lba`.
fn read_sectors(
    disc: &dyn glassmaster_disc::BlockSource,
    lba: u64,
    offset: u64,
    mut out: &mut [u8],
) -> Result<(), Failure> {
    let mut at = offset;
    while !out.is_empty() {
        let sector = lba + at / SECTOR_U64;
        let failed = |e| Failure::new(HResult::IMPORT_READ_FAILURE).with(sector).because(e);
        let inside = usize::try_from(at % SECTOR_U64).unwrap_or(0);
        let n = if inside == 0 && out.len() >= SECTOR {
            let n = out.len() - out.len() % SECTOR;
            disc.read_blocks(sector, &mut out[..n]).map_err(failed)?;
            n
        } else {
            let mut one = [0; SECTOR];
            disc.read_blocks(sector, &mut one).map_err(failed)?;
            let n = out.len().min(SECTOR - inside);
            out[..n].copy_from_slice(&one[inside..inside + n]);
            n
        };
        out = &mut out[n..];
        at += n as u64;
    }
    Ok(())
}

/// Reads one content from any position; its errors carry the [`crate::Error`].
#[doc(alias = "IStream")]
pub struct DataReader {
    contents: Contents,
    handle: u64,
    size: u64,
    name: Box<[u8]>,
    extents: Option<Vec<Extent>>,
    path: String,
    reader: Reader,
    position: u64,
}

impl DataReader {
    pub(super) fn new(
        contents: Contents,
        handle: u64,
        size: u64,
        extents: Option<Vec<Extent>>,
        path: &str,
    ) -> Self {
        let path = path.to_owned();
        Self {
            contents,
            handle,
            size,
            name: [].into(),
            extents,
            path,
            reader: Reader::default(),
            position: 0,
        }
    }

    /// Gives the name of the host file for stores that keep none.
    pub(crate) fn named(mut self, name: &[u8]) -> Self {
        self.name = name.into();
        self
    }

    /// Length in bytes, fixed when the content was added.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl Clone for DataReader {
    /// At the same position, independent afterwards.
    fn clone(&self) -> Self {
        let extents = self.extents.clone();
        let mut clone = Self::new(self.contents.clone(), self.handle, self.size, extents, &self.path);
        clone.position = self.position;
        clone.named(&self.name)
    }
}

impl std::fmt::Debug for DataReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataReader")
            .field("path", &self.path)
            .field("size", &self.size)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl Read for DataReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.position);
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        if n == 0 {
            return Ok(0);
        }
        let source = Source {
            handle: self.handle,
            size: self.size,
            name: &self.name,
            extents: self.extents.as_deref(),
        };
        self.reader
            .read(&self.contents, &source, self.position, &mut buf[..n])
            .map_err(|mismatch| io::Error::other(self.contents.failure(&source, &self.path, mismatch)))?;
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for DataReader {
    /// Positions past the end are allowed; reading there gives no bytes.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => self.size.checked_add_signed(n),
            SeekFrom::Current(n) => self.position.checked_add_signed(n),
        };
        self.position = target.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "seek to before the start of the content")
        })?;
        Ok(self.position)
    }
}
