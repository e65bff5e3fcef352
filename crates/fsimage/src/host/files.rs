//! Where the bytes of host files are, and how they are opened again when the image is written.
//!
//! Directories are kept as (parent, name) and opened step by step with `openat`, so that a path longer than the
//! host's limit works, and a file is opened relative to the directory it was found in.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use glassmaster_tree::{Timestamp, Tree};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::code::Failure;

/// One directory of the host that the walk entered.
#[derive(Clone, Debug)]
pub(super) struct HostDir {
    /// Directory that holds it; itself for a place where the walk began.
    pub(super) parent: u32,
    /// Name in the parent; a whole path where the walk began.
    pub(super) name: Box<[u8]>,
}

/// One regular file: where it is and what it looked like during the walk.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostFile {
    pub(super) dir: u32,
    pub(super) modified: Timestamp,
}

/// The host files behind the contents of a tree; the low half of a content's handle = index here.
#[derive(Clone, Debug, Default)]
pub struct HostFiles {
    pub(super) dirs: Vec<HostDir>,
    pub(super) files: Vec<HostFile>,
    /// Device of each directory, while links are followed.
    pub(super) devices: Vec<u64>,
    /// Present once the files have to be found without the tree of their walk.
    names: Option<Names>,
}

/// Names of files in their directories, by the index of the file.
#[derive(Clone, Debug, Default)]
struct Names {
    /// Where each name ends in the text; it begins where the one before ends.
    ends: Vec<usize>,
    text: Vec<u8>,
}

impl Names {
    fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|n| self.ends.get(n)).copied().unwrap_or(0);
        self.text.get(start..end)
    }
}

/// One host file, and what is to be found there.
#[derive(Clone, Copy)]
pub(crate) struct HostRef<'a> {
    index: usize,
    name: &'a [u8],
    size: u64,
}

/// Longest path handed to the kernel in one call; the limit of Linux is 4096 with the final NUL.
const PATH_PIECE: usize = 4000;

/// A directory, symbolic links to it included.
const DIR_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

impl HostFiles {
    /// Path of directory `dir` on the host.
    pub(super) fn dir_path(&self, dir: u32) -> PathBuf {
        let mut names = Vec::new();
        let mut at = dir;
        loop {
            let entry = &self.dirs[at as usize];
            names.push(&entry.name);
            if entry.parent == at {
                break;
            }
            at = entry.parent;
        }
        names.iter().rev().map(|n| OsStr::from_bytes(n)).collect()
    }

    /// Path of a file on the host, for people.
    pub(crate) fn path(&self, file: HostRef<'_>) -> PathBuf {
        let name = OsStr::from_bytes(file.name);
        self.files.get(file.index).map_or_else(|| name.into(), |f| self.dir_path(f.dir).join(name))
    }

    /// The file with number `index`, `size` bytes long; its name is `name` unless the names were kept.
    pub(crate) fn find<'a>(&'a self, index: u32, name: &'a [u8], size: u64) -> HostRef<'a> {
        let index = index as usize;
        let kept = self.names.as_ref().and_then(|names| names.get(index));
        HostRef { index, name: kept.unwrap_or(name), size }
    }

    /// Keeps the names of all files, so that they are found when the tree of the walk is gone or was changed.
    pub(crate) fn keep_names(&mut self, tree: &Tree) {
        let mut names = Names { ends: Vec::with_capacity(self.files.len()), text: Vec::new() };
        let count = self.files.len();
        // The walk numbers files in the order of their contents; others may have been added since.
        for (_, data) in tree.contents() {
            let Some(index) = usize::try_from(data.handle).ok().filter(|n| *n < count) else { continue };
            if index < names.ends.len() || data.links == 0 {
                continue;
            }
            names.ends.resize(index, names.text.len());
            names.text.extend_from_slice(tree.node(data.first).name());
            names.ends.push(names.text.len());
        }
        self.names = Some(names);
    }

    /// Opens a directory, in steps where its path is too long for one call.
    pub(super) fn open_dir(&self, dir: u32) -> Result<OwnedFd, Errno> {
        let path = self.dir_path(dir);
        open_path(path.as_os_str().as_bytes(), Follow::Yes)
    }
}

/// Whether the last component of a path may be a symbolic link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    Yes,
    No,
}

/// Opens a directory by a path of any length.
pub(super) fn open_path(path: &[u8], follow: Follow) -> Result<OwnedFd, Errno> {
    let mut base: Option<OwnedFd> = None;
    let mut rest = path;
    while rest.len() > PATH_PIECE {
        // A component is at most 255 bytes long, so there is a separator in reach.
        let cut = rest[..PATH_PIECE].iter().rposition(|b| *b == b'/').ok_or(Errno::NAMETOOLONG)?;
        base = Some(open_below(base.as_ref(), &rest[..cut.max(1)], DIR_FLAGS)?);
        rest = &rest[cut + 1..];
        // Doubled separators must not make the rest an absolute path.
        rest = &rest[rest.iter().position(|b| *b != b'/').unwrap_or(rest.len())..];
    }
    let flags = if follow == Follow::No { DIR_FLAGS | OFlags::NOFOLLOW } else { DIR_FLAGS };
    open_below(base.as_ref(), if rest.is_empty() { b"." } else { rest }, flags)
}

fn open_below(base: Option<&OwnedFd>, name: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    match base {
        Some(dir) => rustix::fs::openat(dir, name, flags, Mode::empty()),
        None => rustix::fs::openat(rustix::fs::CWD, name, flags, Mode::empty()),
    }
}

/// What differs from the walk when a file is opened or read again.
#[derive(Debug)]
pub(crate) enum Mismatch {
    /// It cannot be opened or read.
    Unreadable(std::io::Error),
    /// Its length is not what was planned.
    Length {
        /// Bytes planned.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// Same length, but written to since.
    Modified,
    /// No longer a regular file.
    NotAFile,
    /// Not the source's fault: the store behind it failed.
    Store(Failure),
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(e) if e.kind() == std::io::ErrorKind::NotFound => f.write_str("it has vanished"),
            Self::Unreadable(e) => write!(f, "it cannot be read: {e}"),
            Self::Length { expected, found } if found < expected => {
                write!(f, "it shrank from {expected} to {found} bytes")
            }
            Self::Length { expected, found } => write!(f, "it grew from {expected} to {found} bytes"),
            Self::Modified => f.write_str("it was written to"),
            Self::NotAFile => f.write_str("it is no longer a regular file"),
            Self::Store(failure) => failure.fmt(f),
        }
    }
}

/// Opens host files one after the other, keeping the last directory and the last file open. One per thread and walk.
#[derive(Debug, Default)]
pub(crate) struct FileReader {
    dir: Option<(u32, OwnedFd)>,
    file: Option<(usize, OwnedFd)>,
}

impl FileReader {
    /// Fills `out` with the bytes of a file from `offset` on; `out` lies within the planned length.
    pub(crate) fn read(
        &mut self,
        files: &HostFiles,
        file: HostRef<'_>,
        offset: u64,
        out: &mut [u8],
    ) -> Result<(), Mismatch> {
        let whole = offset == 0 && out.len() as u64 == file.size;
        let fd = self.open(files, file)?;
        let mut done = 0;
        while done < out.len() {
            match rustix::io::pread(fd, &mut out[done..], offset + done as u64) {
                Ok(0) => {
                    return Err(Mismatch::Length { expected: file.size, found: offset + done as u64 });
                }
                Ok(n) => done += n,
                Err(Errno::INTR) => {}
                Err(e) => return Err(Mismatch::Unreadable(e.into())),
            }
        }
        if !whole {
            // A long file is open for long: look again whether it stayed as it was.
            self.still_unchanged(files, file)?;
        }
        if offset + done as u64 == file.size {
            self.file = None;
        }
        Ok(())
    }

    /// Whether the file that is open is still what the walk saw. Asked after its bytes were taken, so that they are
    /// known to be those that were planned.
    pub(crate) fn still_unchanged(&self, files: &HostFiles, file: HostRef<'_>) -> Result<(), Mismatch> {
        let Some((_, fd)) = self.file.as_ref().filter(|(open, _)| *open == file.index) else { return Ok(()) };
        let stat = rustix::fs::fstat(fd).map_err(|e| Mismatch::Unreadable(e.into()))?;
        let seen = files.files.get(file.index).ok_or(Mismatch::NotAFile)?;
        unchanged(&stat, file.size, seen.modified)
    }

    /// Fills `out` with whatever the file still has at `offset`, zeros behind and instead of it.
    pub(crate) fn read_what_is_there(
        &mut self,
        files: &HostFiles,
        file: HostRef<'_>,
        offset: u64,
        out: &mut [u8],
    ) {
        out.fill(0);
        self.file = None;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let Some(seen) = files.files.get(file.index) else { return };
        let Ok(fd) = self
            .directory(files, seen.dir)
            .and_then(|dir| rustix::fs::openat(dir, file.name, flags, Mode::empty()))
        else {
            return;
        };
        let regular = rustix::fs::fstat(&fd)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
        let mut done = 0;
        while regular && done < out.len() {
            match rustix::io::pread(&fd, &mut out[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(Errno::INTR) => {}
                Err(_) => {
                    // The piece that failed may hold anything.
                    out[done..].fill(0);
                    break;
                }
            }
        }
    }

    /// The open file, checked to be what the walk saw.
    pub(crate) fn open(&mut self, files: &HostFiles, file: HostRef<'_>) -> Result<&OwnedFd, Mismatch> {
        let known = matches!(&self.file, Some((open, _)) if *open == file.index);
        if !known {
            self.file = None;
            let seen = files.files.get(file.index).copied().ok_or(Mismatch::NotAFile)?;
            let dir = self.directory(files, seen.dir).map_err(|e| Mismatch::Unreadable(e.into()))?;
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
            let fd = rustix::fs::openat(dir, file.name, flags, Mode::empty())
                .map_err(|e| Mismatch::Unreadable(e.into()))?;
            let stat = rustix::fs::fstat(&fd).map_err(|e| Mismatch::Unreadable(e.into()))?;
            unchanged(&stat, file.size, seen.modified)?;
            self.file = Some((file.index, fd));
        }
        match &self.file {
            Some((_, fd)) => Ok(fd),
            None => Err(Mismatch::NotAFile),
        }
    }

    fn directory(&mut self, files: &HostFiles, dir: u32) -> Result<&OwnedFd, Errno> {
        let fd = match self.dir.take() {
            Some((open, fd)) if open == dir => fd,
            _ => files.open_dir(dir)?,
        };
        Ok(&self.dir.insert((dir, fd)).1)
    }
}

fn unchanged(stat: &rustix::fs::Stat, size: u64, modified: Timestamp) -> Result<(), Mismatch> {
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Mismatch::NotAFile);
    }
    let found = u64::try_from(stat.st_size).unwrap_or(0);
    if found != size {
        return Err(Mismatch::Length { expected: size, found });
    }
    if timestamp(stat) != modified {
        return Err(Mismatch::Modified);
    }
    Ok(())
}

/// Modification time of a file status.
pub(super) fn timestamp(stat: &rustix::fs::Stat) -> Timestamp {
    // The kernel gives nanoseconds from 0 to 999,999,999; the width of the field differs between machines.
    #[allow(clippy::useless_conversion)]
    Timestamp { secs: i64::from(stat.st_mtime), nanos: u32::try_from(stat.st_mtime_nsec).unwrap_or(0) }
}

/// A path for messages.
pub(super) fn display(path: &[u8]) -> PathBuf {
    Path::new(OsStr::from_bytes(path)).to_path_buf()
}
