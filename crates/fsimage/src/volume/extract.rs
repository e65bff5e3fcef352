//! From a volume back to the host, without ever writing outside the target folder.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use glassmaster_disc::{BlockSource, SECTOR_U64};
use glassmaster_tree::{Content, Entry, Kind, Timestamp, Visit, Volume, WalkLimits, walk};
use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use crate::error::Error;
use crate::progress::{CancelHandle, Progress, ProgressSink};
use crate::volume::content::ContentReader;

/// Choices of an extraction.
#[derive(Clone, Debug, Default)]
pub struct ExtractOptions {
    /// Replace files that exist; otherwise they are problems and stay as they are.
    pub overwrite: bool,
    /// Bytes that may be written in all; `None` stands for 16 times the volume, which only a volume with thousands of
    /// files over the same sectors exceeds.
    pub max_bytes: Option<u64>,
    /// Named streams become extended attributes `user.NAME` of their file; what the host cannot hold is a problem that
    /// leaves the file.
    pub streams: bool,
}

/// Something that was not extracted, or not as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path in the volume.
    pub path: String,
    /// What is wrong and what was done.
    pub what: String,
}

/// What an extraction did.
#[derive(Clone, Debug, Default)]
pub struct Extracted {
    /// Regular files written, hard links included.
    pub files: u64,
    /// Directories made or found.
    pub directories: u64,
    /// Symbolic links made.
    pub symlinks: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// What went wrong, at most [`Extracted::PROBLEMS_KEPT`] of it.
    pub problems: Vec<Problem>,
    /// How many problems there were.
    pub problem_count: u64,
}

impl Extracted {
    /// Problems that are kept in words; the others are counted.
    pub const PROBLEMS_KEPT: usize = 1000;

    fn problem(&mut self, path: impl Into<String>, what: impl Into<String>) {
        self.problem_count += 1;
        if self.problems.len() < Self::PROBLEMS_KEPT {
            self.problems.push(Problem { path: path.into(), what: what.into() });
        }
    }
}

/// Threads that write files.
const WORKERS: usize = 2;
/// Files handed over at once, and such batches that may wait.
const BATCH: usize = 32;
const WAITING: usize = 8;
/// Bytes read from the volume at once.
const PIECE: usize = 256 * 1024;

/// Permissions of what the volume records none for.
const FILE_MODE: u16 = 0o644;
const DIR_MODE: u16 = 0o755;

struct FileJob {
    dir: Arc<OwnedFd>,
    dir_path: Arc<[u8]>,
    entry: Entry,
}

/// What the threads share.
struct Shared<'a> {
    volume: &'a dyn Volume,
    source: &'a dyn BlockSource,
    options: &'a ExtractOptions,
    budget: AtomicU64,
    done: AtomicU64,
    stop: AtomicBool,
    result: Mutex<Extracted>,
    failure: Mutex<Option<Error>>,
}

/// Directories get their times and permissions when everything below them is written.
struct Finish {
    path: Vec<u8>,
    modified: Option<Timestamp>,
    mode: Option<u16>,
}

/// Extracts everything below the root of `volume` into the folder `target`, which is made when missing.
///
/// Names that would leave the folder (`..`, `/`, NUL) are refused, symbolic links are never followed, an existing file
/// is kept unless the options say otherwise. Damage in the volume is collected in the result; the rest is extracted.
///
/// # Errors
/// [`Error::Output`] when the target cannot be written, [`Error::Volume`] when the root cannot be read,
/// [`Error::Cancelled`].
pub fn extract(
    volume: &dyn Volume,
    source: &dyn BlockSource,
    target: &Path,
    options: &ExtractOptions,
    progress: ProgressSink<'_>,
    cancel: &CancelHandle,
) -> Result<Extracted, Error> {
    std::fs::create_dir_all(target).map_err(|e| Error::output(target, e))?;
    let root = rustix::fs::open(target, DIR_FLAGS.difference(OFlags::NOFOLLOW), Mode::empty())
        .map_err(|e| Error::output(target, e))?;
    let volume_bytes = volume.block_count().saturating_mul(SECTOR_U64);
    let shared = Shared {
        volume,
        source,
        options,
        budget: AtomicU64::new(options.max_bytes.unwrap_or(volume_bytes.saturating_mul(16))),
        done: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        result: Mutex::default(),
        failure: Mutex::new(None),
    };
    let mut walker = Walker {
        shared: &shared,
        root: Arc::new(root),
        current: None,
        batch: Vec::new(),
        links: HashMap::new(),
        made: HashSet::new(),
        later_links: Vec::new(),
        finish: Vec::new(),
    };
    let walked = std::thread::scope(|scope| {
        let (send, receive) = mpsc::sync_channel::<Vec<FileJob>>(WAITING);
        let receive = Arc::new(Mutex::new(receive));
        let (ended, wait) = mpsc::channel::<()>();
        for _ in 0..WORKERS {
            let receive = Arc::clone(&receive);
            let shared = &shared;
            let ended = ended.clone();
            scope.spawn(move || {
                let _ended = ended;
                write_files(shared, &receive);
            });
        }
        drop(ended);
        // The threads hold the only receivers: when they end, sending fails instead of waiting.
        drop(receive);
        let limits = WalkLimits::for_blocks(volume.block_count());
        let walker = &mut walker;
        let walking = scope.spawn(move || {
            let walked = walk(volume, limits, &mut |visit| walker.visit(visit, &send));
            walker.send_batch(&send);
            walked
        });
        // The channel closes when the last writing thread is through, which is after the walk.
        loop {
            let done = shared.done.load(Ordering::Relaxed);
            if progress(Progress { done, total: volume_bytes }).is_break() || cancel.is_cancelled() {
                shared.fail(Error::Cancelled);
            }
            if wait.recv_timeout(Duration::from_millis(100)) != Err(RecvTimeoutError::Timeout) {
                break;
            }
        }
        walking.join()
    });
    match walked {
        Ok(walked) => walked?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    if !shared.stop.load(Ordering::Relaxed) {
        walker.link_files();
        walker.finish_directories();
    }
    drop(walker);
    if let Some(error) = shared.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    Ok(shared.result.into_inner().unwrap_or_else(PoisonError::into_inner))
}

const DIR_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);

impl Shared<'_> {
    fn fail(&self, error: Error) {
        self.stop.store(true, Ordering::Relaxed);
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    fn note(&self, act: impl FnOnce(&mut Extracted)) {
        act(&mut self.result.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Reserves bytes of the budget; `false` when it is spent.
    fn reserve(&self, bytes: u64) -> bool {
        self.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = dir.to_vec();
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

fn shown(path: &[u8]) -> String {
    format!("/{}", String::from_utf8_lossy(path))
}

/// Why a name cannot be a component of a host path.
fn name_problem(name: &[u8]) -> Option<&'static str> {
    match name {
        b"" => Some("it has no name"),
        b"." | b".." => Some("its name would lead out of its folder"),
        _ if name.contains(&b'/') || name.contains(&0) => Some("its name contains '/' or NUL"),
        _ if name.len() > 255 => Some("its name is longer than the 255 bytes a file system here can hold"),
        _ => None,
    }
}

/// A directory of the target.
struct OpenDir {
    path: Arc<[u8]>,
    /// `None` when it could not be opened.
    fd: Option<Arc<OwnedFd>>,
}

struct Walker<'a> {
    shared: &'a Shared<'a>,
    root: Arc<OwnedFd>,
    /// The directory of the last entry.
    current: Option<OpenDir>,
    batch: Vec<FileJob>,
    /// Files with several names: length, place and first path.
    links: HashMap<u64, (u64, Option<u32>, Vec<u8>)>,
    /// With `overwrite`: names made in the directory of the last entry, so that nothing extracted is replaced by a second
    /// object of its name.
    made: HashSet<Vec<u8>>,
    later_links: Vec<(u64, Vec<u8>)>,
    finish: Vec<Finish>,
}

impl Walker<'_> {
    fn visit(&mut self, visit: Visit<'_>, send: &mpsc::SyncSender<Vec<FileJob>>) -> ControlFlow<()> {
        match visit {
            Visit::Damaged { dir, error } => self.shared.note(|r| r.problem(shown(dir), error.to_string())),
            Visit::Entry { dir, entry } => {
                if let Err((path, what)) = self.entry(dir, entry) {
                    self.shared.note(|r| r.problem(shown(&path), what));
                }
            }
        }
        if self.batch.len() >= BATCH {
            self.send_batch(send);
        }
        if self.shared.stop.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn send_batch(&mut self, send: &mpsc::SyncSender<Vec<FileJob>>) {
        if !self.batch.is_empty() {
            // Fails only when every thread has ended, which is after a failure that is reported already.
            let _ = send.send(std::mem::take(&mut self.batch));
        }
    }

    fn entry(&mut self, dir: &[u8], entry: &Entry) -> Result<(), (Vec<u8>, String)> {
        let path = join(dir, &entry.name);
        if let Some(problem) = name_problem(&entry.name) {
            return Err((path, format!("left out: {problem}")));
        }
        let Some((dir_path, fd)) = self.directory(dir) else {
            return Err((path, "left out: its folder could not be made".to_owned()));
        };
        if self.shared.options.overwrite && !self.made.insert(entry.name.clone()) {
            return Err((path, "left out: its name stands in the folder a second time".to_owned()));
        }
        let name = OsStr::from_bytes(&entry.name);
        match entry.kind {
            Kind::Directory => {
                match rustix::fs::mkdirat(&*fd, name, Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(e) => return Err((path, format!("folder not made: {e}"))),
                }
                self.shared.note(|r| r.directories += 1);
                self.finish.push(Finish { path, modified: entry.modified, mode: entry.mode });
            }
            Kind::File => {
                if entry.links.is_some_and(|n| n > 1) {
                    let place = first_lba(entry);
                    match self.links.get(&entry.id) {
                        Some((size, lba, _)) if (*size, *lba) == (entry.size, place) => {
                            self.later_links.push((entry.id, path));
                            return Ok(());
                        }
                        // Serial numbers of two file systems that were mastered together may be equal by chance.
                        Some(_) => {}
                        None => drop(self.links.insert(entry.id, (entry.size, place, path))),
                    }
                }
                self.batch.push(FileJob { dir: fd, dir_path, entry: entry.clone() });
            }
            Kind::Symlink => {
                let target = entry.target.as_deref().unwrap_or_default();
                if target.is_empty() || target.contains(&0) {
                    return Err((path, "left out: a symbolic link without a usable target".to_owned()));
                }
                if self.shared.options.overwrite {
                    remove(&fd, name).map_err(|e| (path.clone(), format!("cannot replace it: {e}")))?;
                }
                rustix::fs::symlinkat(OsStr::from_bytes(target), &*fd, name)
                    .map_err(|e| (path.clone(), format!("symbolic link not made: {e}")))?;
                if let Some(time) = entry.modified {
                    rustix::fs::utimensat(&*fd, name, &times(time), AtFlags::SYMLINK_NOFOLLOW)
                        .map_err(|e| (path, format!("time not set: {e}")))?;
                }
                self.shared.note(|r| r.symlinks += 1);
            }
            Kind::Fifo | Kind::Socket | Kind::CharDevice | Kind::BlockDevice => {
                return Err((path, "left out: a device, pipe or socket is not made from a disc".to_owned()));
            }
        }
        Ok(())
    }

    /// The open directory at `path`, without following symbolic links.
    fn directory(&mut self, path: &[u8]) -> Option<(Arc<[u8]>, Arc<OwnedFd>)> {
        if let Some(known) = &self.current
            && *known.path == *path
        {
            return known.fd.as_ref().map(|fd| (Arc::clone(&known.path), Arc::clone(fd)));
        }
        self.made.clear();
        let now = OpenDir { path: path.into(), fd: self.open(path).ok() };
        let now = self.current.insert(now);
        now.fd.as_ref().map(|fd| (Arc::clone(&now.path), Arc::clone(fd)))
    }

    fn open(&self, path: &[u8]) -> Result<Arc<OwnedFd>, Errno> {
        let mut at = Arc::clone(&self.root);
        for part in path.split(|b| *b == b'/').filter(|p| !p.is_empty()) {
            if name_problem(part).is_some() {
                return Err(Errno::INVAL);
            }
            at = Arc::new(rustix::fs::openat(&*at, OsStr::from_bytes(part), DIR_FLAGS, Mode::empty())?);
        }
        Ok(at)
    }

    fn split<'p>(&self, path: &'p [u8]) -> Result<(Arc<OwnedFd>, &'p OsStr), Errno> {
        let (dir, name) = match path.iter().rposition(|b| *b == b'/') {
            Some(cut) => (&path[..cut], &path[cut + 1..]),
            None => (&path[..0], path),
        };
        Ok((self.open(dir)?, OsStr::from_bytes(name)))
    }

    fn link_files(&mut self) {
        for (id, path) in std::mem::take(&mut self.later_links) {
            let Some((_, _, first)) = self.links.get(&id) else { continue };
            let linked = self.split(first).and_then(|(from, old)| {
                let (to, new) = self.split(&path)?;
                if self.shared.options.overwrite {
                    remove(&to, new)?;
                }
                rustix::fs::linkat(&*from, old, &*to, new, AtFlags::empty())
            });
            match linked {
                Ok(()) => self.shared.note(|r| r.files += 1),
                Err(e) => {
                    let what = format!("hard link to {} not made: {e}", shown(first));
                    self.shared.note(|r| r.problem(shown(&path), what));
                }
            }
        }
    }

    /// Deepest first, so that no directory is touched after its times are set.
    fn finish_directories(&mut self) {
        for Finish { path, modified, mode } in std::mem::take(&mut self.finish).into_iter().rev() {
            let set = self.open(&path).and_then(|fd| {
                if let Some(time) = modified {
                    rustix::fs::futimens(&*fd, &times(time))?;
                }
                let mode = u32::from(mode.unwrap_or(DIR_MODE) & 0o7777);
                rustix::fs::fchmod(&*fd, Mode::from_raw_mode(mode))
            });
            if let Err(e) = set {
                let what = format!("time and permissions not set: {e}");
                self.shared.note(|r| r.problem(shown(&path), what));
            }
        }
    }
}

/// Where the first recorded byte of a file is.
fn first_lba(entry: &Entry) -> Option<u32> {
    match &entry.content {
        Content::Extents(list) => list.iter().find_map(|e| e.lba),
        Content::Inline(_) => None,
    }
}

fn remove(dir: &OwnedFd, name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(e) => Err(e),
    }
}

fn times(time: Timestamp) -> Timestamps {
    let stamp = Timespec { tv_sec: time.secs, tv_nsec: i64::from(time.nanos) };
    Timestamps { last_access: stamp, last_modification: stamp }
}

/// Body of a writing thread.
fn write_files(shared: &Shared<'_>, jobs: &Mutex<mpsc::Receiver<Vec<FileJob>>>) {
    let mut buffer = vec![0; PIECE];
    let mut reader = ContentReader::default();
    loop {
        let batch = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(batch) = batch else { return };
        let mut files = 0;
        let mut bytes = 0;
        for job in batch {
            if shared.stop.load(Ordering::Relaxed) {
                break;
            }
            match write_file(shared, &job, &mut buffer, &mut reader) {
                Ok(n) => {
                    files += 1;
                    bytes += n;
                }
                Err(what) => {
                    let path = join(&job.dir_path, &job.entry.name);
                    shared.note(|r| r.problem(shown(&path), what));
                }
            }
        }
        shared.note(|r| {
            r.files += files;
            r.bytes += bytes;
        });
    }
}

fn write_file(
    shared: &Shared<'_>,
    job: &FileJob,
    buffer: &mut [u8],
    reader: &mut ContentReader,
) -> Result<u64, String> {
    let entry = &job.entry;
    let name = OsStr::from_bytes(&entry.name);
    let recorded = match &entry.content {
        Content::Inline(bytes) => bytes.len() as u64,
        Content::Extents(list) => {
            list.iter().filter(|e| e.lba.is_some()).map(|e| e.bytes).fold(0, u64::saturating_add)
        }
    };
    if !shared.reserve(recorded) {
        return Err(
            "left out: together the files are many times larger than the volume that holds them".to_owned()
        );
    }
    if shared.options.overwrite {
        remove(&job.dir, name).map_err(|e| format!("cannot replace it: {e}"))?;
    }
    let mode = Mode::from_raw_mode(u32::from(entry.mode.unwrap_or(FILE_MODE) & 0o777));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(&*job.dir, name, flags, mode).map_err(|e| format!("not written: {e}"))?;
    let file = File::from(fd);
    let written = reader.copy(shared.source, entry, buffer, &mut |offset, piece| {
        if shared.stop.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("cancelled"));
        }
        shared.done.fetch_add(piece.len() as u64, Ordering::Relaxed);
        std::os::unix::fs::FileExt::write_all_at(&file, piece, offset)
    });
    let result = written
        .and_then(|()| {
            // Pieces that are not recorded are holes; the last one gives the file its length.
            match &entry.content {
                Content::Extents(list) if list.iter().any(|e| e.lba.is_none()) => {
                    file.set_len(entry.size).map_err(|e| e.to_string())
                }
                _ => Ok(()),
            }
        })
        .inspect(|()| {
            if shared.options.streams && entry.has_streams {
                set_streams(shared, job, &file, buffer, reader);
            }
        })
        .and_then(|()| match entry.modified {
            Some(time) => rustix::fs::futimens(&file, &times(time)).map_err(|e| format!("time not set: {e}")),
            None => Ok(()),
        });
    match result {
        Ok(()) => Ok(entry.size),
        Err(what) => {
            // Half a file under its full name would look like a whole one.
            let removed = remove(&job.dir, name);
            Err(match removed {
                Ok(()) => format!("not extracted: {what}"),
                Err(e) => format!("half extracted: {what}; and not removed: {e}"),
            })
        }
    }
}

/// Longest value of an extended attribute on Linux (XATTR_SIZE_MAX).
const LONGEST_ATTRIBUTE: u64 = 65_536;

/// Gives a file its named streams; what cannot be set is noted.
fn set_streams(
    shared: &Shared<'_>,
    job: &FileJob,
    file: &File,
    buffer: &mut [u8],
    reader: &mut ContentReader,
) {
    let path = shown(&join(&job.dir_path, &job.entry.name));
    let streams = match shared.volume.streams(&job.entry) {
        Ok(streams) => streams,
        Err(error) => return shared.note(|r| r.problem(path, format!("streams left out: {error}"))),
    };
    for stream in streams {
        if let Err(what) = set_stream(shared, &stream, file, buffer, reader) {
            let name = String::from_utf8_lossy(&stream.name);
            shared.note(|r| r.problem(format!("{path}:{name}"), format!("stream left out: {what}")));
        }
    }
}

fn set_stream(
    shared: &Shared<'_>,
    stream: &Entry,
    file: &File,
    buffer: &mut [u8],
    reader: &mut ContentReader,
) -> Result<(), String> {
    if stream.size > LONGEST_ATTRIBUTE {
        return Err(format!("it has {} bytes; an attribute holds {LONGEST_ATTRIBUTE}", stream.size));
    }
    if let Some(problem) = name_problem(&stream.name) {
        return Err(problem.to_owned());
    }
    if !shared.reserve(stream.size) {
        return Err("together the files are many times larger than the volume that holds them".to_owned());
    }
    let mut value = vec![0; usize::try_from(stream.size).map_err(|e| e.to_string())?];
    reader.copy(shared.source, stream, buffer, &mut |offset, piece| {
        let at = usize::try_from(offset).map_err(std::io::Error::other)?;
        let place = value.get_mut(at..).and_then(|rest| rest.get_mut(..piece.len()));
        place.ok_or_else(|| std::io::Error::other("longer than recorded"))?.copy_from_slice(piece);
        Ok(())
    })?;
    let name = [b"user.", &stream.name[..]].concat();
    rustix::fs::fsetxattr(file, OsStr::from_bytes(&name), &value, rustix::fs::XattrFlags::empty())
        .map_err(|e| format!("attribute not set: {e}"))
}
