//! Output to a regular file: two threads on disjoint pieces, kernel-side copies where the file systems offer them,
//! and the final name only for a finished image.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use glassmaster_disc::{SECTOR, SECTOR_U64};
use glassmaster_tree::DataId;
use rustix::io::Errno;

use super::PIECE;
use crate::contents::{Contents, KernelSource};
use crate::error::Error;
use crate::image::{Image, Inner, RenderState, blocks_of};
use crate::plan::{Part, Region};
use crate::progress::{CancelHandle, Progress, ProgressSink};

/// Threads that render and write.
const WORKERS: usize = 2;
/// Sectors of the smallest and largest piece a thread takes at once: 1 MiB, 64 MiB.
const JOB: (u32, u32) = (512, 32_768);
/// Files from this size on are worth a call that lets the kernel copy or share their blocks.
const KERNEL_COPY_FROM: u64 = 64 * 1024;
/// Symbolic links that are followed one after the other, as many as Linux follows.
const LINKS: usize = 40;
/// Bytes of the final name in the temporary one; a name has at most 255.
const PREFIX: usize = 200;
/// Blocks of the host that can be shared.
const SHARED_BLOCK: u64 = 4096;

/// A run of sectors for one thread.
#[derive(Clone, Copy)]
struct Job {
    first: u32,
    blocks: u32,
    data: bool,
}

/// What the threads share.
struct Work<'a> {
    inner: &'a Inner,
    out: &'a File,
    name: &'a Path,
    start: u32,
    jobs: Vec<Job>,
    next: AtomicUsize,
    done: AtomicU64,
    stop: AtomicBool,
    failure: Mutex<Option<Error>>,
    /// File systems (device numbers) whose files the kernel does not copy to the output.
    no_kernel_copy: Mutex<Vec<u64>>,
}

impl Image {
    /// Writes the image to the file `path`, which appears whole or not at all: the bytes go to a temporary file beside
    /// it (`.NAME.RANDOM.partial`), which is flushed to the disk and renamed. A path that exists and is no regular file
    /// (a device, a pipe) is written in order instead. A symbolic link stays; what it leads to is written.
    ///
    /// # Errors
    /// [`Error::Output`], [`Error::Cancelled`], whatever reading the sources gives. The temporary file is removed, an
    /// existing file of the final name is untouched.
    pub fn write_file(
        &self,
        path: &Path,
        progress: ProgressSink<'_>,
        cancel: &CancelHandle,
    ) -> Result<(), Error> {
        let Some(target) = target(path)? else {
            // Cutting means nothing to devices and pipes, but to a file that lost its name it does.
            let opened = File::options().write(true).truncate(true).open(path);
            let mut out = opened.map_err(|e| Error::output(path, e))?;
            return self.write_to(&mut out, path, progress, cancel);
        };
        let dir = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temp = tempfile::Builder::new()
            .prefix(&temporary_prefix(&target))
            .suffix(SUFFIX)
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
            .tempfile_in(dir)
            .map_err(|e| Error::output(path, e))?;
        temp.as_file().set_len(self.bytes()).map_err(|e| Error::output(path, e))?;
        self.fill(temp.as_file(), path, progress, cancel)?;
        temp.as_file().sync_all().map_err(|e| Error::output(path, e))?;
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        temp.persist(&target).map_err(|e| Error::output(path, e.error))?;
        // The name itself is on the disk only when the directory is.
        File::open(dir).and_then(|d| d.sync_all()).map_err(|e| Error::output(path, e))
    }

    fn fill(
        &self,
        out: &File,
        name: &Path,
        progress: ProgressSink<'_>,
        cancel: &CancelHandle,
    ) -> Result<(), Error> {
        let work = Work {
            inner: &self.inner,
            out,
            name,
            start: self.inner.plan.regions.first().map_or(0, Region::start),
            jobs: jobs(&self.inner.plan.regions),
            next: AtomicUsize::new(0),
            done: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            failure: Mutex::new(None),
            no_kernel_copy: Mutex::default(),
        };
        let total: u64 = work.jobs.iter().map(|j| u64::from(j.blocks) * SECTOR_U64).sum();
        let mut cancelled = false;
        std::thread::scope(|scope| {
            let (ended, wait) = mpsc::channel::<()>();
            for _ in 0..WORKERS {
                let ended = ended.clone();
                let work = &work;
                scope.spawn(move || {
                    let _ended = ended;
                    work.run();
                });
            }
            drop(ended);
            // The channel closes when the last thread is through.
            loop {
                let done = work.done.load(Ordering::Relaxed);
                if progress(Progress { done, total }).is_break() || cancel.is_cancelled() {
                    cancelled = true;
                    work.stop.store(true, Ordering::Relaxed);
                }
                if wait.recv_timeout(Duration::from_millis(100)) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
        });
        let failure = work.failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = failure {
            return Err(error);
        }
        if cancelled {
            return Err(Error::Cancelled);
        }
        let _ = progress(Progress { done: total, total });
        Ok(())
    }
}

/// The file that a path stands for: itself, or what its symbolic links lead to, which need not exist. `None` for what
/// is there and can only be written in place.
fn target(path: &Path) -> Result<Option<PathBuf>, Error> {
    let there = std::fs::metadata(path);
    match &there {
        Ok(meta) if !meta.is_file() => return Ok(None),
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            return Err(Error::output(path, io::Error::from(e.kind())));
        }
        _ => {}
    }
    if path.file_name().is_none() || path.as_os_str().as_bytes().ends_with(b"/") {
        let what = "it names a folder; give the name of a file";
        return Err(Error::output(path, io::Error::new(io::ErrorKind::IsADirectory, what)));
    }
    let mut target = path.to_path_buf();
    for _ in 0..LINKS {
        let Ok(next) = std::fs::read_link(&target) else { break };
        // An absolute one replaces everything before it.
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }
    let id = |m: &std::fs::Metadata| (m.dev(), m.ino());
    match (there, std::fs::metadata(&target)) {
        // Links of /proc to open files that have lost their name lead to no path.
        (Ok(a), b) if b.as_ref().is_ok_and(|b| id(&a) != id(b)) || b.is_err() => Ok(None),
        _ => Ok(Some(target)),
    }
}

/// End of the name of an unfinished output.
const SUFFIX: &str = ".partial";

/// Temporary files that killed runs of [`Image::write_file`] for `path` have left beside it. They can be removed, unless
/// such a run is still going on.
///
/// # Errors
/// [`Error::Output`] when the folder of the output cannot be listed.
pub fn unfinished_outputs(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let Some(target) = target(path)? else { return Ok(Vec::new()) };
    let dir = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = temporary_prefix(&target);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|e| Error::output(path, e))? {
        let entry = entry.map_err(|e| Error::output(path, e))?;
        let name = entry.file_name();
        let name = name.as_bytes();
        if name.starts_with(prefix.as_bytes())
            && name.ends_with(SUFFIX.as_bytes())
            && name.len() > prefix.len() + SUFFIX.len()
        {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// `.NAME.`, of a long name only as much as leaves room for what follows.
fn temporary_prefix(target: &Path) -> OsString {
    let name = target.file_name().unwrap_or_default().as_bytes();
    let mut prefix = OsString::from(".");
    prefix.push(OsStr::from_bytes(&name[..name.len().min(PREFIX)]));
    prefix.push(".");
    prefix
}

/// Cuts the regions into pieces: enough of them that the threads end together, few enough that large files stay whole.
fn jobs(regions: &[Region]) -> Vec<Job> {
    let total: u32 = regions.iter().map(|r| r.area.blocks).sum();
    let size = (total / 64).next_multiple_of(JOB.0).clamp(JOB.0, JOB.1);
    let mut jobs = Vec::new();
    // The output starts as a hole, so regions of zeros are there already.
    for region in regions.iter().filter(|r| r.part != Part::Zero) {
        let mut at = 0;
        while at < region.area.blocks {
            let blocks = size.min(region.area.blocks - at);
            jobs.push(Job { first: region.start() + at, blocks, data: region.part == Part::Data });
            at += blocks;
        }
    }
    jobs
}

impl Work<'_> {
    fn run(&self) {
        let mut state = RenderState::default();
        let mut buffer = vec![0; PIECE];
        while let Some(&job) = self.jobs.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = self.job(job, &mut state, &mut buffer) {
                self.stop.store(true, Ordering::Relaxed);
                self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    fn job(&self, job: Job, state: &mut RenderState, buffer: &mut [u8]) -> Result<(), Error> {
        let mut at = job.first;
        let end = job.first + job.blocks;
        while at < end && !self.stop.load(Ordering::Relaxed) {
            let copied = if job.data { self.kernel_copy(at, end, state)? } else { 0 };
            if copied > 0 {
                at += copied;
                continue;
            }
            let limit = if job.data { self.next_kernel_copy(at, end) } else { end };
            let n = ((limit - at) as usize * SECTOR).min(buffer.len());
            let piece = &mut buffer[..n];
            self.inner.render(at, piece, state)?;
            self.write(at, piece)?;
            at += blocks_of(n);
            self.done.fetch_add(n as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    fn offset(&self, at: u32) -> u64 {
        u64::from(at - self.start) * SECTOR_U64
    }

    fn write(&self, at: u32, mut piece: &[u8]) -> Result<(), Error> {
        let mut offset = self.offset(at);
        while !piece.is_empty() {
            match rustix::io::pwrite(self.out, piece, offset) {
                Ok(0) => return Err(Error::output(self.name, Errno::IO)),
                Ok(n) => {
                    piece = &piece[n..];
                    offset += n as u64;
                }
                Err(Errno::INTR) => {}
                Err(e) => return Err(Error::output(self.name, e)),
            }
        }
        Ok(())
    }

    /// Where rendering has to stop so that the next file worth a kernel-side copy is met at its first block; `end` when
    /// there is none, or when a file system has refused such copies already.
    fn next_kernel_copy(&self, at: u32, end: u32) -> u32 {
        if !self.no_kernel_copy.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return end;
        }
        let plan = &self.inner.plan;
        let lba = |d: &DataId| plan.data_lba[d.index()];
        let behind = plan.placed.partition_point(|d| lba(d) <= at);
        let until = end.min(at.saturating_add(blocks_of(PIECE)));
        plan.placed[behind..]
            .iter()
            .take_while(|d| lba(d) < until)
            .find(|d| self.inner.tree.data(**d).size >= KERNEL_COPY_FROM)
            .map_or(end, lba)
    }

    /// Has the kernel copy the file at sector `at` into the output; gives the sectors done, 0 when the bytes have to go
    /// through a buffer.
    fn kernel_copy(&self, at: u32, end: u32, state: &mut RenderState) -> Result<u32, Error> {
        let plan = &self.inner.plan;
        let n = plan.placed.partition_point(|d| plan.data_lba[d.index()] <= at);
        let Some(&data) = n.checked_sub(1).and_then(|n| plan.placed.get(n)) else { return Ok(0) };
        if self.inner.is_patched(data) {
            return Ok(0);
        }
        let (start, _) = self.inner.run(data);
        let size = self.inner.tree.data(data).size;
        let from = u64::from(at - start) * SECTOR_U64;
        let left = size.saturating_sub(from).min(u64::from(end - at) * SECTOR_U64);
        // Whole blocks only: what follows the last one is rendered, padding included.
        let length = left - left % SHARED_BLOCK;
        if size < KERNEL_COPY_FROM || length == 0 {
            return Ok(0);
        }
        let content = Contents::source(&self.inner.tree, data);
        let Some(KernelSource { file, base }) = state.reader.kernel_source(&self.inner.contents, &content)
        else {
            // The rendering path says what is wrong with it, if anything is.
            return Ok(0);
        };
        let device = rustix::fs::fstat(file).map_or(0, |s| s.st_dev);
        let refused = || self.no_kernel_copy.lock().unwrap_or_else(PoisonError::into_inner);
        if refused().contains(&device) {
            return Ok(0);
        }
        let (mut source, mut target) = (base + from, self.offset(at));
        let mut left = length;
        while left > 0 {
            let chunk = usize::try_from(left).unwrap_or(usize::MAX);
            match rustix::fs::copy_file_range(
                file,
                Some(&mut source),
                self.out.as_fd(),
                Some(&mut target),
                chunk,
            ) {
                // The file ends early: the rendering path says so.
                Ok(0) => break,
                Ok(n) => left -= (n as u64).min(left),
                Err(Errno::INTR) => {}
                Err(_) if left == length => {
                    refused().push(device);
                    return Ok(0);
                }
                // Going on by way of a buffer shows whether the source or the output is to blame.
                Err(_) => break,
            }
        }
        let copied = length - left;
        if let Err(mismatch) = state.reader.still_unchanged(&self.inner.contents, &content) {
            self.inner.mismatch(data, mismatch)?;
        }
        let sectors = copied / SECTOR_U64;
        self.done.fetch_add(sectors * SECTOR_U64, Ordering::Relaxed);
        Ok(u32::try_from(sectors).unwrap_or(0))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::ops::ControlFlow;

    use glassmaster_tree::Timestamp;

    use super::*;
    use crate::{FileSystems, HostSource, HostTree, ImageOptions, OnChanged, WalkOptions};

    fn image(path: &Path, on_changed: OnChanged) -> Image {
        let source = HostSource { path: path.to_path_buf(), contents_only: true };
        let walked =
            HostTree::walk(&[source], &WalkOptions::default(), &mut |_| ControlFlow::Continue(())).unwrap();
        let options = ImageOptions {
            file_systems: FileSystems::UDF,
            udf_revision: glassmaster_udf::Revision::V201,
            on_changed,
            ..ImageOptions::new("TEST", Timestamp::from_secs(1_700_000_000))
        };
        Image::new(walked, &options).unwrap()
    }

    /// The length leaves nothing for a buffer to do, so the copy itself has to look.
    #[test]
    fn a_file_written_to_during_a_kernel_copy_is_noticed() {
        for on_changed in [OnChanged::Fail, OnChanged::Pad] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("file");
            std::fs::write(&path, vec![1; 1 << 20]).unwrap();
            let image = image(dir.path(), on_changed);
            let out = tempfile::tempfile().unwrap();
            let work = Work {
                inner: &image.inner,
                out: &out,
                name: Path::new("out"),
                start: 0,
                jobs: Vec::new(),
                next: AtomicUsize::new(0),
                done: AtomicU64::new(0),
                stop: AtomicBool::new(false),
                failure: Mutex::new(None),
                no_kernel_copy: Mutex::default(),
            };
            let mut state = RenderState::default();
            let data = image.inner.plan.placed[0];
            let (first, blocks) = image.inner.run(data);
            // Opened and found as planned, then written to: the length stays.
            let content = Contents::source(&image.inner.tree, data);
            assert!(state.reader.kernel_source(&image.inner.contents, &content).is_some());
            std::fs::write(&path, vec![2; 1 << 20]).unwrap();
            let copied = work.kernel_copy(first, first + blocks, &mut state);
            if !work.no_kernel_copy.lock().unwrap().is_empty() {
                // This file system copies nothing; a buffer does, and looks (tests/hostile.rs).
                return;
            }
            match on_changed {
                OnChanged::Fail => assert!(matches!(copied, Err(Error::SourceChanged { .. })), "{copied:?}"),
                OnChanged::Pad => assert_eq!((copied.unwrap(), image.repairs().len()), (blocks, 1)),
            }
        }
    }
}
