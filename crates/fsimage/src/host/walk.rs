//! One walk with one status call a file: directories are listed by several threads ahead of the one that builds the
//! tree, in an order that does not depend on the threads.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use glassmaster_tree::{DataId, Kind, Meta, NodeId, Timestamp, Tree};
use rustix::fs::{AtFlags, FileType, Stat};
use rustix::io::Errno;

use super::files::{Follow, HostDir, HostFile, HostFiles, open_path};
use super::look::{Listing, inode, list, meta, status};
use crate::error::{Error, SourceProblem};

/// One source on the command line or in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSource {
    /// Folder, regular file or symbolic link of the host.
    pub path: PathBuf,
    /// For a folder: `true` puts its contents into the root of the image, `false` the folder itself. Ignored for a file.
    pub contents_only: bool,
}

/// What becomes of symbolic links below the sources.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Links {
    /// They are taken as what they are.
    #[default]
    Keep,
    /// What they lead to is taken under their name. A link to a directory that it is in is an error.
    Follow,
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
    /// Symbolic links below the sources.
    pub links: Links,
    /// Pipes, sockets and devices are errors instead of being taken.
    pub refuse_special: bool,
    /// The times of last access and birth are asked for as well, one call more for each object.
    pub all_times: bool,
    /// The extended attributes `user.*` of files become named streams; every file is opened for that.
    pub named_streams: bool,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self {
            root_time: Timestamp::default(),
            neutral_owners: false,
            exclude: Vec::new(),
            threads: 2,
            links: Links::Keep,
            refuse_special: false,
            all_times: false,
            named_streams: false,
        }
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
    /// Contents of the named streams; in the tree their handles are all ones.
    pub attributes: Vec<(DataId, Vec<u8>)>,
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
            out: Self {
                tree: Tree::new(root),
                files: HostFiles::default(),
                left_out: Vec::new(),
                attributes: Vec::new(),
            },
            options,
            places: Vec::new(),
            inodes: Vec::new(),
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
                scope.spawn(|| list_directories(&shared, options));
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
    /// Where each host directory is, by its number, while links are followed.
    inodes: Vec<(u64, u64)>,
    /// Set while a directory is merged into one that has children already, and while the sources are looked at: the
    /// names of these children.
    merge_into: Option<HashMap<Box<[u8]>, NodeId>>,
    links: HashMap<(u64, u64), DataId>,
    progress: WalkProgress,
}

impl Build<'_> {
    fn start(&mut self, source: &HostSource, shared: &Shared) -> Result<(), Error> {
        let path = source.path.as_os_str().as_bytes();
        let stat = rustix::fs::statat(rustix::fs::CWD, &source.path, AtFlags::empty()).map_err(|e| {
            let folder = source.path.parent().filter(|p| !p.as_os_str().is_empty());
            let lost = e == Errno::NOENT && folder.is_some_and(|folder| !folder.exists());
            let problem = if lost { SourceProblem::Folder } else { SourceProblem::Status };
            Error::source(&source.path, problem, e)
        })?;
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
                self.enqueue(shared, path.into(), None, inode(&stat), root, source.path.clone());
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
            self.enqueue(shared, path.into(), None, inode(&stat), node, source.path.clone());
            return Ok(());
        }
        // A single file: its folder becomes a host directory of its own, so that reading it needs no other way.
        let name = base_name(&source.path)?;
        let parent = source.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let dir = self.host_dir(parent.as_os_str().as_bytes().into(), None, (0, 0));
        let fd = open_path(parent.as_os_str().as_bytes(), Follow::Yes)
            .map_err(|e| Error::source(parent, SourceProblem::Open, e))?;
        let mut listing = Listing::default();
        let file_name = source.path.file_name().map_or(&name[..], OsStrExt::as_bytes);
        let place =
            listing.keep(file_name).map_err(|e| Error::source(&source.path, SourceProblem::Status, e))?;
        status(&fd, file_name, place, &mut listing.looked, true, self.options)
            .map_err(|(problem, e)| Error::source(&source.path, problem, e))?;
        self.insert(&listing, dir, root, shared)
    }

    fn host_dir(&mut self, name: Box<[u8]>, parent: Option<u32>, inode: (u64, u64)) -> u32 {
        if self.options.links == Links::Follow {
            self.inodes.push(inode);
            self.out.files.devices.push(inode.0);
        }
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
        inode: (u64, u64),
        node: NodeId,
        path: PathBuf,
    ) {
        let dir = self.host_dir(name, parent, inode);
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
            let more = listing.looked.more.get(found.more as usize);
            if more.is_some_and(|m| m.linked) && self.is_inside(dir, found.inode) {
                return Err(Error::source(&path(), SourceProblem::List, Errno::LOOP));
            }
            let known = self.merge_into.as_ref().and_then(|names| names.get(name).copied());
            if let Some(known) = known {
                let both = (self.out.tree.node(known).is_dir(), found.kind == Kind::Directory);
                match both {
                    (true, true) => self.enqueue(shared, name.into(), Some(dir), found.inode, known, path()),
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
                    self.enqueue(shared, name.into(), Some(dir), found.inode, node, path());
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
                    let node = tree.add_file(parent, name, meta, data)?;
                    // Further names of a file lead to the streams of the first.
                    let streams = more.filter(|_| tree.node(node).streams().next().is_none());
                    for (name, value) in streams.map_or(&[][..], |m| &m.attributes) {
                        let data = tree.add_data(value.len() as u64, u64::MAX)?;
                        tree.add_stream(node, name, data)?;
                        self.out.attributes.push((data, value.clone()));
                    }
                    node
                }
                Kind::Symlink => {
                    let (at, len) = found.target;
                    let target = &listing.looked.targets[at as usize..][..len as usize];
                    tree.add_symlink(parent, name, meta, target)?
                }
                kind => tree.add_special(parent, name, kind, meta, found.device)?,
            };
            if let Some(times) = more.and_then(|m| m.times) {
                self.out.tree.set_times(node, times)?;
            }
            if let Some(names) = &mut self.merge_into {
                names.insert(name.into(), node);
            }
        }
        Ok(())
    }

    /// Whether a host directory is, or is below, the one with `inode`.
    fn is_inside(&self, dir: u32, inode: (u64, u64)) -> bool {
        let mut at = dir;
        loop {
            if self.inodes.get(at as usize) == Some(&inode) {
                return true;
            }
            match self.out.files.dirs.get(at as usize) {
                Some(host) if host.parent != at => at = host.parent,
                _ => return false,
            }
        }
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

/// Body of a listing thread.
fn list_directories(shared: &Shared, options: &WalkOptions) {
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
            let linked = number < queue.sources || options.links == Links::Follow;
            let follow = if linked { Follow::Yes } else { Follow::No };
            (number, std::mem::take(&mut queue.dirs[number]), follow)
        };
        let listing = list(&path, follow, options, &mut buffer);
        shared.lock().done.insert(number, listing);
        shared.ready.notify_one();
    }
}
