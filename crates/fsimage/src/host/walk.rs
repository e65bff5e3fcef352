//! One walk with one status call a file: directories are listed by several threads ahead of the one that builds the
//! tree, in an order that does not depend on the threads.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use glassmaster_tree::{DataId, Kind, Meta, NodeId, Timestamp, Tree};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, RawDir, Stat};

use super::files::{Follow, HostDir, HostFile, HostFiles, display, open_path, timestamp};
use crate::error::{Error, SourceProblem};

/// One source on the command line or in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSource {
    /// Folder, regular file or symbolic link of the host.
    pub path: PathBuf,
    /// For a folder: `true` puts its contents into the root of the image, `false` the folder itself. Ignored for a file.
    pub contents_only: bool,
}

/// Choices of a walk.
#[derive(Clone, Debug)]
pub struct WalkOptions {
    /// Time of the root directory when it is not one folder's contents.
    pub root_time: Timestamp,
    /// Record owner and group 0 and permissions r-xr-xr-x / r--r--r-- instead of the source's.
    pub neutral_owners: bool,
    /// Files to be left out, by device and inode number: the image being written, above all.
    pub exclude: Vec<(u64, u64)>,
    /// Threads that list directories, at least 1.
    pub threads: usize,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self { root_time: Timestamp::default(), neutral_owners: false, exclude: Vec::new(), threads: 2 }
    }
}

/// How far a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkProgress {
    /// Objects found so far.
    pub objects: u64,
    /// Bytes of the regular files among them.
    pub bytes: u64,
}

/// Something of the source that is not in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Path on the host.
    pub path: PathBuf,
    /// Why.
    pub reason: &'static str,
}

/// A tree made from the host, and what it takes to read its files.
#[derive(Clone, Debug)]
pub struct HostTree {
    /// Names, attributes, contents.
    pub tree: Tree,
    /// The files behind the contents.
    pub files: HostFiles,
    /// What was not taken.
    pub left_out: Vec<LeftOut>,
}

/// One object of a listing; its name stands in [`Listing::text`].
struct Found {
    name: (u32, u16),
    target: (u32, u32),
    kind: Kind,
    meta: Meta,
    size: u64,
    /// Device and inode, where several names may lead to it or it may be excluded; else 0.
    inode: (u64, u64),
    shared: bool,
    device: (u32, u32),
}

/// Objects that were looked at, and the targets of the links among them.
#[derive(Default)]
struct Looked {
    found: Vec<Found>,
    targets: Vec<u8>,
}

impl Looked {
    fn append(&mut self, mut other: Self) -> Result<(), rustix::io::Errno> {
        let shift = length(&self.targets)?;
        for found in &mut other.found {
            found.target.0 = found.target.0.checked_add(shift).ok_or(rustix::io::Errno::NAMETOOLONG)?;
        }
        self.found.append(&mut other.found);
        self.targets.append(&mut other.targets);
        Ok(())
    }
}

/// Content of one directory, sorted by name.
#[derive(Default)]
struct Listing {
    text: Vec<u8>,
    looked: Looked,
}

impl Listing {
    /// Appends a name; where it stands.
    fn keep(&mut self, name: &[u8]) -> Result<(u32, u16), rustix::io::Errno> {
        let len = u16::try_from(name.len()).map_err(|_| rustix::io::Errno::NAMETOOLONG)?;
        let place = (length(&self.text)?, len);
        self.text.extend_from_slice(name);
        Ok(place)
    }

    fn name(&self, found: &Found) -> &[u8] {
        piece(&self.text, found.name)
    }
}

fn piece(text: &[u8], place: (u32, u16)) -> &[u8] {
    &text[place.0 as usize..][..usize::from(place.1)]
}

fn length(text: &[u8]) -> Result<u32, rustix::io::Errno> {
    u32::try_from(text.len()).map_err(|_| rustix::io::Errno::NAMETOOLONG)
}

/// How many directories may be listed and not yet in the tree; bounds memory.
const AHEAD: usize = 64;

/// Directories waiting to be listed, and listings waiting for their turn.
#[derive(Default)]
struct Queue {
    /// Host directories in the order in which they enter the tree.
    dirs: Vec<PathBuf>,
    /// How many of them, from the first on, are sources, which may be symbolic links to directories.
    sources: usize,
    /// Next to be listed.
    claimed: usize,
    /// Next to enter the tree.
    merged: usize,
    done: HashMap<usize, Result<Listing, Error>>,
    closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    ready: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HostTree {
    /// Walks `sources` and builds the tree of the image. `progress` is called once a directory and can end the walk.
    ///
    /// Folders of one name that several sources bring are merged.
    ///
    /// # Errors
    /// [`Error::Source`] naming the path that cannot be read, [`Error::DuplicateName`] where two
    /// sources bring a file of one name, [`Error::Cancelled`].
    pub fn walk(
        sources: &[HostSource],
        options: &WalkOptions,
        progress: &mut dyn FnMut(WalkProgress) -> ControlFlow<()>,
    ) -> Result<Self, Error> {
        let root = Meta { mode: 0o755, modified: options.root_time, ..Meta::default() };
        let mut build = Build {
            out: Self { tree: Tree::new(root), files: HostFiles::default(), left_out: Vec::new() },
            options,
            places: Vec::new(),
            merge_into: None,
            links: HashMap::new(),
            progress: WalkProgress { objects: 0, bytes: 0 },
        };
        let shared =
            Shared { queue: Mutex::new(Queue::default()), work: Condvar::new(), ready: Condvar::new() };
        build.merge_into = Some(HashMap::new());
        for source in sources {
            build.start(source, &shared)?;
        }
        build.merge_into = None;
        {
            let mut queue = shared.lock();
            queue.sources = queue.dirs.len();
        }
        let result = std::thread::scope(|scope| {
            for _ in 0..options.threads.max(1) {
                scope.spawn(|| list_directories(&shared));
            }
            let result = build.merge(&shared, progress);
            shared.lock().closed = true;
            shared.work.notify_all();
            result
        });
        result?;
        let mut out = build.out;
        out.tree.shrink();
        out.files.files.shrink_to_fit();
        Ok(out)
    }
}

struct Build<'o> {
    out: HostTree,
    options: &'o WalkOptions,
    /// Host directory number and tree directory of each directory in the queue.
    places: Vec<(u32, NodeId)>,
    /// Set while a directory is merged into one that has children already, and while the sources are looked at: the
    /// names of these children.
    merge_into: Option<HashMap<Box<[u8]>, NodeId>>,
    links: HashMap<(u64, u64), DataId>,
    progress: WalkProgress,
}

impl Build<'_> {
    fn start(&mut self, source: &HostSource, shared: &Shared) -> Result<(), Error> {
        let path = source.path.as_os_str().as_bytes();
        let stat = rustix::fs::statat(rustix::fs::CWD, &source.path, AtFlags::empty())
            .map_err(|e| Error::source(&source.path, SourceProblem::Status, e))?;
        if self.options.exclude.contains(&(stat.st_dev, stat.st_ino)) {
            let what = format!(
                "'{}' is a source and what is to be written as well; give the image or disc another name",
                source.path.display()
            );
            return Err(Error::Options(what));
        }
        let root = self.out.tree.root();
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            if source.contents_only {
                let meta = self.meta(&stat, Kind::Directory);
                if self.out.tree.len() == 1 {
                    self.out.tree.set_meta(root, meta);
                }
                self.enqueue(shared, path.into(), None, root, source.path.clone());
                return Ok(());
            }
            let name = base_name(&source.path)?;
            let meta = self.meta(&stat, Kind::Directory);
            let known = self.merge_into.as_ref().and_then(|names| names.get(&name).copied());
            let node = match known {
                Some(node) if self.out.tree.node(node).is_dir() => node,
                Some(node) => return Err(Error::DuplicateName(self.out.tree.path(node))),
                None => self.out.tree.add_directory(root, &name, meta)?,
            };
            self.merge_into.get_or_insert_default().insert(name, node);
            self.enqueue(shared, path.into(), None, node, source.path.clone());
            return Ok(());
        }
        // A single file: its folder becomes a host directory of its own, so that reading it needs no other way.
        let name = base_name(&source.path)?;
        let parent = source.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let dir = self.host_dir(parent.as_os_str().as_bytes().into(), None);
        let fd = open_path(parent.as_os_str().as_bytes(), Follow::Yes)
            .map_err(|e| Error::source(parent, SourceProblem::Open, e))?;
        let mut listing = Listing::default();
        let file_name = source.path.file_name().map_or(&name[..], OsStrExt::as_bytes);
        let place =
            listing.keep(file_name).map_err(|e| Error::source(&source.path, SourceProblem::Status, e))?;
        status(&fd, file_name, place, &mut listing.looked, true)
            .map_err(|e| Error::source(&source.path, SourceProblem::Status, e))?;
        self.insert(&listing, dir, root, shared)
    }

    fn host_dir(&mut self, name: Box<[u8]>, parent: Option<u32>) -> u32 {
        let dirs = &mut self.out.files.dirs;
        let number = u32::try_from(dirs.len()).unwrap_or(u32::MAX);
        dirs.push(HostDir { parent: parent.unwrap_or(number), name });
        number
    }

    fn enqueue(
        &mut self,
        shared: &Shared,
        name: Box<[u8]>,
        parent: Option<u32>,
        node: NodeId,
        path: PathBuf,
    ) {
        let dir = self.host_dir(name, parent);
        self.places.push((dir, node));
        shared.lock().dirs.push(path);
        shared.work.notify_one();
    }

    /// Takes the listings in the order of the queue and adds what they hold, which extends the queue.
    fn merge(
        &mut self,
        shared: &Shared,
        progress: &mut dyn FnMut(WalkProgress) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut next = 0;
        while let Some(&(dir, node)) = self.places.get(next) {
            let listing = {
                let mut queue = shared.lock();
                loop {
                    if let Some(listing) = queue.done.remove(&next) {
                        queue.merged = next + 1;
                        shared.work.notify_all();
                        break listing;
                    }
                    queue = shared.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
            }?;
            if self.out.tree.node(node).child_count() > 0 {
                self.names_of(node);
            }
            self.insert(&listing, dir, node, shared)?;
            self.merge_into = None;
            next += 1;
            if progress(self.progress).is_break() {
                return Err(Error::Cancelled);
            }
        }
        Ok(())
    }

    fn names_of(&mut self, node: NodeId) {
        let tree = &self.out.tree;
        self.merge_into = Some(tree.node(node).children().map(|c| (c.name().into(), c.id())).collect());
    }

    fn insert(&mut self, listing: &Listing, dir: u32, parent: NodeId, shared: &Shared) -> Result<(), Error> {
        let dir_path = self.out.files.dir_path(dir);
        for found in &listing.looked.found {
            let name = listing.name(found);
            let path = || dir_path.join(std::ffi::OsStr::from_bytes(name));
            if found.inode != (0, 0) && self.options.exclude.contains(&found.inode) {
                self.out
                    .left_out
                    .push(LeftOut { path: path(), reason: "it is the image or disc being written" });
                continue;
            }
            let known = self.merge_into.as_ref().and_then(|names| names.get(name).copied());
            if let Some(known) = known {
                let both = (self.out.tree.node(known).is_dir(), found.kind == Kind::Directory);
                match both {
                    (true, true) => self.enqueue(shared, name.into(), Some(dir), known, path()),
                    _ => return Err(Error::DuplicateName(self.out.tree.path(known))),
                }
                continue;
            }
            let meta = self.owners(found.meta, found.kind);
            self.progress.objects += 1;
            let tree = &mut self.out.tree;
            let node = match found.kind {
                Kind::Directory => {
                    let node = tree.add_directory(parent, name, meta)?;
                    self.enqueue(shared, name.into(), Some(dir), node, path());
                    node
                }
                Kind::File => {
                    let data = match self.links.get(&found.inode) {
                        Some(data) if found.shared => *data,
                        _ => {
                            let files = &mut self.out.files.files;
                            let data = tree.add_data(found.size, files.len() as u64)?;
                            files.push(HostFile { dir, modified: found.meta.modified });
                            self.progress.bytes += found.size;
                            if found.shared {
                                self.links.insert(found.inode, data);
                            }
                            data
                        }
                    };
                    tree.add_file(parent, name, meta, data)?
                }
                Kind::Symlink => {
                    let (at, len) = found.target;
                    let target = &listing.looked.targets[at as usize..][..len as usize];
                    tree.add_symlink(parent, name, meta, target)?
                }
                kind => tree.add_special(parent, name, kind, meta, found.device)?,
            };
            if let Some(names) = &mut self.merge_into {
                names.insert(name.into(), node);
            }
        }
        Ok(())
    }

    fn meta(&self, stat: &Stat, kind: Kind) -> Meta {
        self.owners(meta(stat), kind)
    }

    fn owners(&self, meta: Meta, kind: Kind) -> Meta {
        if !self.options.neutral_owners {
            return meta;
        }
        let mode = if kind == Kind::Directory || meta.mode & 0o111 != 0 { 0o555 } else { 0o444 };
        Meta { mode, uid: 0, gid: 0, ..meta }
    }
}

/// Last component of a source, by the real path where the given one ends in `.` or `..`.
fn base_name(path: &Path) -> Result<Box<[u8]>, Error> {
    if let Some(name) = path.file_name() {
        return Ok(name.as_bytes().into());
    }
    let real = path.canonicalize().map_err(|e| Error::Source {
        path: path.to_path_buf(),
        problem: SourceProblem::Open,
        source: e,
    })?;
    real.file_name().map(|n| n.as_bytes().into()).ok_or_else(|| Error::NoName(path.to_path_buf()))
}

fn meta(stat: &Stat) -> Meta {
    Meta {
        mode: u16::try_from(stat.st_mode & 0o7777).unwrap_or(0),
        uid: stat.st_uid,
        gid: stat.st_gid,
        modified: timestamp(stat),
        hidden: false,
    }
}

/// Body of a listing thread.
fn list_directories(shared: &Shared) {
    let mut buffer = Vec::with_capacity(64 * 1024);
    loop {
        let (number, path, follow) = {
            let mut queue = shared.lock();
            loop {
                if queue.closed {
                    return;
                }
                if queue.claimed < queue.dirs.len() && queue.claimed < queue.merged + AHEAD {
                    break;
                }
                queue = shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            let number = queue.claimed;
            queue.claimed += 1;
            let follow = if number < queue.sources { Follow::Yes } else { Follow::No };
            (number, std::mem::take(&mut queue.dirs[number]), follow)
        };
        let listing = list(&path, follow, &mut buffer);
        shared.lock().done.insert(number, listing);
        shared.ready.notify_one();
    }
}

/// Entries of one directory from which on a second thread looks at half of them: a crowd in one folder is one listing,
/// and the other listing threads have nothing to do meanwhile.
const CROWD: usize = 4096;

fn list(path: &Path, follow: Follow, buffer: &mut Vec<u8>) -> Result<Listing, Error> {
    let fd = open_path(path.as_os_str().as_bytes(), follow)
        .map_err(|e| Error::source(path, SourceProblem::List, e))?;
    let mut listing = Listing::default();
    let mut places = Vec::new();
    let mut dir = RawDir::new(fd.as_fd(), buffer.spare_capacity_mut());
    while let Some(entry) = dir.next() {
        let entry = entry.map_err(|e| Error::source(path, SourceProblem::List, e))?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            let place = listing.keep(name).map_err(|e| Error::source(path, SourceProblem::List, e))?;
            places.push(place);
        }
    }
    let text = &listing.text;
    let look = |places: &[(u32, u16)]| -> Result<Looked, Error> {
        let mut seen = Looked::default();
        for place in places {
            let name = piece(text, *place);
            status(&fd, name, *place, &mut seen, false).map_err(|e| {
                let mut full = path.as_os_str().as_bytes().to_vec();
                full.push(b'/');
                full.extend_from_slice(name);
                Error::source(&display(&full), SourceProblem::Status, e)
            })?;
        }
        Ok(seen)
    };
    if places.len() < CROWD {
        listing.looked = look(&places)?;
    } else {
        let (first, second) = places.split_at(places.len() / 2);
        let (first, second) = std::thread::scope(|scope| {
            let other = scope.spawn(|| look(second));
            // A panic over there is one here.
            let first = look(first);
            (first, other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        listing.looked = first?;
        listing.looked.append(second?).map_err(|e| Error::source(path, SourceProblem::List, e))?;
    }
    let Listing { text, looked } = &mut listing;
    looked.found.sort_unstable_by(|a, b| piece(text, a.name).cmp(piece(text, b.name)));
    Ok(listing)
}

/// Looks at one object of directory `dir`, whose name stands at `place` in its listing: one status call, one more for a
/// link's target. `follow` takes what a symbolic link leads to instead of the link.
fn status(
    dir: &OwnedFd,
    name: &[u8],
    place: (u32, u16),
    seen: &mut Looked,
    follow: bool,
) -> Result<(), rustix::io::Errno> {
    let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    let stat = rustix::fs::statat(dir, name, flags)?;
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Kind::Directory,
        FileType::RegularFile => Kind::File,
        FileType::Symlink => Kind::Symlink,
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        FileType::CharacterDevice => Kind::CharDevice,
        FileType::BlockDevice => Kind::BlockDevice,
        FileType::Unknown => return Err(rustix::io::Errno::INVAL),
    };
    let mut target = (0, 0);
    if kind == Kind::Symlink {
        let link = rustix::fs::readlinkat(dir, name, Vec::new())?;
        target = (length(&seen.targets)?, length(link.as_bytes())?);
        seen.targets.extend_from_slice(link.as_bytes());
    }
    // Width and sign of these fields differ between machines.
    #[allow(clippy::useless_conversion)]
    let shared = kind == Kind::File && u64::from(stat.st_nlink) > 1;
    seen.found.push(Found {
        name: place,
        target,
        kind,
        meta: meta(&stat),
        size: u64::try_from(stat.st_size).unwrap_or(0),
        inode: if kind == Kind::File { (stat.st_dev, stat.st_ino) } else { (0, 0) },
        shared,
        device: (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev)),
    });
    Ok(())
}
