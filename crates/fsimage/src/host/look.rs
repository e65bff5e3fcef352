//! Looking at what stands in one directory of the host.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use glassmaster_tree::{Kind, Meta, Times, Timestamp};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, Stat, StatxFlags};
use rustix::io::Errno;

use super::files::{Follow, display, open_path, timestamp};
use super::walk::{Links, WalkOptions};
use crate::error::{Error, SourceProblem};

/// Extended attributes: name and value.
type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// What is asked for beyond one status call; its place stands in [`Found::more`].
#[derive(Default)]
pub(super) struct More {
    pub(super) times: Option<Times>,
    /// A directory that a link led to.
    pub(super) linked: bool,
    pub(super) attributes: Attributes,
}

/// Nothing more was asked for.
const NO_MORE: u32 = u32::MAX;

/// One object of a listing; its name stands in [`Listing::text`].
pub(super) struct Found {
    pub(super) name: (u32, u16),
    pub(super) target: (u32, u32),
    pub(super) kind: Kind,
    pub(super) meta: Meta,
    pub(super) size: u64,
    /// Device and inode, where several names may lead to it or it may be excluded; else 0.
    pub(super) inode: (u64, u64),
    pub(super) shared: bool,
    pub(super) device: (u32, u32),
    pub(super) more: u32,
}

/// Objects that were looked at, and the targets of the links among them.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) found: Vec<Found>,
    pub(super) targets: Vec<u8>,
    pub(super) more: Vec<More>,
}

impl Looked {
    pub(super) fn append(&mut self, mut other: Self) -> Result<(), Errno> {
        let shift = length(&self.targets)?;
        let shift_more = u32::try_from(self.more.len()).map_err(|_| Errno::NAMETOOLONG)?;
        for found in &mut other.found {
            found.target.0 = found.target.0.checked_add(shift).ok_or(Errno::NAMETOOLONG)?;
            if found.more != NO_MORE {
                found.more = found.more.checked_add(shift_more).ok_or(Errno::NAMETOOLONG)?;
            }
        }
        self.found.append(&mut other.found);
        self.targets.append(&mut other.targets);
        self.more.append(&mut other.more);
        Ok(())
    }
}

/// Content of one directory, sorted by name.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) text: Vec<u8>,
    pub(super) looked: Looked,
}

impl Listing {
    /// Appends a name; where it stands.
    pub(super) fn keep(&mut self, name: &[u8]) -> Result<(u32, u16), Errno> {
        let len = u16::try_from(name.len()).map_err(|_| Errno::NAMETOOLONG)?;
        let place = (length(&self.text)?, len);
        self.text.extend_from_slice(name);
        Ok(place)
    }

    pub(super) fn name(&self, found: &Found) -> &[u8] {
        piece(&self.text, found.name)
    }
}

pub(super) fn piece(text: &[u8], place: (u32, u16)) -> &[u8] {
    &text[place.0 as usize..][..usize::from(place.1)]
}

fn length(text: &[u8]) -> Result<u32, Errno> {
    u32::try_from(text.len()).map_err(|_| Errno::NAMETOOLONG)
}

pub(super) fn meta(stat: &Stat) -> Meta {
    Meta {
        mode: u16::try_from(stat.st_mode & 0o7777).unwrap_or(0),
        uid: stat.st_uid,
        gid: stat.st_gid,
        modified: timestamp(stat),
        hidden: false,
    }
}

pub(super) fn inode(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

/// Entries of one directory from which on a second thread looks at half of them: a crowd in one folder is one listing,
/// and the other listing threads have nothing to do meanwhile.
const CROWD: usize = 4096;

pub(super) fn list(
    path: &Path,
    follow: Follow,
    options: &WalkOptions,
    buffer: &mut Vec<u8>,
) -> Result<Listing, Error> {
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
            status(&fd, name, *place, &mut seen, false, options).map_err(|(problem, e)| {
                let mut full = path.as_os_str().as_bytes().to_vec();
                full.push(b'/');
                full.extend_from_slice(name);
                Error::source(&display(&full), problem, e)
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
/// link's target, and what the options ask for. `follow` takes what a symbolic link leads to instead of the link.
pub(super) fn status(
    dir: &OwnedFd,
    name: &[u8],
    place: (u32, u16),
    seen: &mut Looked,
    follow: bool,
    options: &WalkOptions,
) -> Result<(), (SourceProblem, Errno)> {
    let here = |e| (SourceProblem::Status, e);
    let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    let mut stat = rustix::fs::statat(dir, name, flags).map_err(here)?;
    let link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink && options.links == Links::Follow;
    if link {
        // A link to itself is a loop, one to nothing a file that is not there.
        stat = rustix::fs::statat(dir, name, AtFlags::empty()).map_err(|e| match e {
            Errno::LOOP => (SourceProblem::List, e),
            _ => (SourceProblem::Open, e),
        })?;
    }
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Kind::Directory,
        FileType::RegularFile => Kind::File,
        FileType::Symlink => Kind::Symlink,
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        FileType::CharacterDevice => Kind::CharDevice,
        FileType::BlockDevice => Kind::BlockDevice,
        FileType::Unknown => return Err(here(Errno::INVAL)),
    };
    if options.refuse_special && !matches!(kind, Kind::Directory | Kind::File | Kind::Symlink) {
        return Err((SourceProblem::Open, Errno::OPNOTSUPP));
    }
    let mut more = NO_MORE;
    let linked = link && kind == Kind::Directory;
    if options.all_times || linked || (options.named_streams && kind == Kind::File) {
        let flags = if follow || link { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        let times =
            if options.all_times { Some(all_times(dir, name, flags, &stat).map_err(here)?) } else { None };
        let attributes = if options.named_streams && kind == Kind::File {
            attributes(dir, name).map_err(|e| (SourceProblem::Open, e))?
        } else {
            Vec::new()
        };
        more = u32::try_from(seen.more.len()).map_err(|_| here(Errno::NAMETOOLONG))?;
        seen.more.push(More { times, linked, attributes });
    }
    let mut target = (0, 0);
    if kind == Kind::Symlink {
        let link = rustix::fs::readlinkat(dir, name, Vec::new()).map_err(here)?;
        target = (length(&seen.targets).map_err(here)?, length(link.as_bytes()).map_err(here)?);
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
        inode: if kind == Kind::File || (kind == Kind::Directory && options.links == Links::Follow) {
            (stat.st_dev, stat.st_ino)
        } else {
            (0, 0)
        },
        shared,
        device: (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev)),
        more,
    });
    Ok(())
}

/// Access and birth; file systems that keep no birth have the last modification for it.
fn all_times(dir: &OwnedFd, name: &[u8], flags: AtFlags, stat: &Stat) -> Result<Times, Errno> {
    #[allow(clippy::useless_conversion)] // the width of the field differs between machines
    let secs = i64::from(stat.st_atime);
    let accessed = Timestamp { secs, nanos: u32::try_from(stat.st_atime_nsec).unwrap_or(0) };
    let created = match rustix::fs::statx(dir, name, flags, StatxFlags::BTIME) {
        Ok(extended) if extended.stx_mask & StatxFlags::BTIME.bits() != 0 => {
            Timestamp { secs: extended.stx_btime.tv_sec, nanos: extended.stx_btime.tv_nsec }
        }
        // Kernels before 4.11 have no such call.
        Ok(_) | Err(Errno::NOSYS) => timestamp(stat),
        Err(e) => return Err(e),
    };
    Ok(Times { accessed, created })
}

/// Prefix of the attributes that are the user's own.
const USER: &[u8] = b"user.";

/// The extended attributes `user.*` of a file without that prefix, in the order of their names; none where the file system
/// has no such thing.
fn attributes(dir: &OwnedFd, name: &[u8]) -> Result<Attributes, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::openat(dir, name, flags, Mode::empty())?;
    let list = match whole(|buffer| rustix::fs::flistxattr(&file, buffer)) {
        Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for full in list.split(|b| *b == 0).filter(|n| n.starts_with(USER)) {
        match whole(|buffer| rustix::fs::fgetxattr(&file, full, buffer)) {
            Ok(value) => found.push((full[USER.len()..].to_vec(), value)),
            // Gone since it was listed.
            Err(Errno::NODATA) => {}
            Err(e) => return Err(e),
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Lists and values of attributes are no longer on Linux (XATTR_LIST_MAX, XATTR_SIZE_MAX).
const LONGEST_ATTRIBUTE: usize = 64 * 1024;

/// What a call gives, in a buffer that is usually long enough or in the longest.
fn whole(mut call: impl FnMut(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut buffer = vec![0; 1024];
    let used = match call(&mut buffer) {
        Err(Errno::RANGE) => {
            buffer.resize(LONGEST_ATTRIBUTE, 0);
            call(&mut buffer)?
        }
        other => other?,
    };
    buffer.truncate(used);
    Ok(buffer)
}
