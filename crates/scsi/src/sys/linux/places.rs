//! News about drives that are files or sockets: inotify on the folders that lead to them, and a connection to each socket
//! that shows when its server ends without a word.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use crate::sys::Place;

/// Links that are followed one after the other, as many as the kernel does (path_resolution(7)).
const MOST_LINKS: usize = 40;
/// Times that a server which lives may hang up before it is no longer held on to.
const MOST_HANG_UPS: u8 = 3;

impl Place {
    /// Whether the drive is there now: the file is, or somebody listens on the socket. What cannot be found out, such as for
    /// want of permission, counts as there: opening it says what is wrong.
    #[must_use]
    pub fn is_there(&self) -> bool {
        match self {
            Self::File(path) => match fs::metadata(path) {
                Ok(_) => true,
                Err(e) => !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
            },
            Self::Socket(path) => matches!(call(path), Call::Listens(_)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Socket(path) => path,
        }
    }
}

/// What became of an attempt to connect.
enum Call {
    /// Somebody is there; the connection where there is one.
    Listens(Option<OwnedFd>),
    /// There is a file and nobody listens: the server died, or is not listening yet.
    Refuses,
    /// No file.
    Absent,
}

fn call(path: &Path) -> Call {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let connected = SocketAddrUnix::new(path).and_then(|address| {
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        connect(&socket, &address).map(|()| socket)
    });
    match connected {
        Ok(socket) => Call::Listens(Some(socket)),
        Err(Errno::NOENT | Errno::NOTDIR) => Call::Absent,
        Err(Errno::CONNREFUSED) => Call::Refuses,
        Err(_) => Call::Listens(None),
    }
}

/// Which names count in a watched folder, by its watch descriptor.
type Names = BTreeMap<i32, BTreeSet<OsString>>;

/// A connection that is held to learn of its end.
#[derive(Debug, Default)]
struct Held {
    connection: Option<OwnedFd>,
    hang_ups: u8,
}

/// Watches the places of some drives.
#[derive(Debug)]
pub(super) struct Places {
    inotify: OwnedFd,
    names: Names,
    held: BTreeMap<PathBuf, Held>,
    refusing: bool,
}

impl Places {
    pub(super) fn new() -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(Self { inotify, names: Names::new(), held: BTreeMap::new(), refusing: false })
    }

    /// Watches these places and no others. To be repeated after each news, since folders and links on the way to a place
    /// come and go too.
    pub(super) fn watch(&mut self, places: &[Place]) -> io::Result<()> {
        let mut names = Names::new();
        for place in places {
            self.follow(place.path(), &mut names)?;
        }
        for old in self.names.keys().filter(|watch| !names.contains_key(watch)) {
            // The kernel has taken it away already where the folder is gone.
            let _ = inotify::remove_watch(&self.inotify, *old);
        }
        self.names = names;
        self.hold(places);
        Ok(())
    }

    /// Watches every folder on the way to `path` for the name that leads on, links and their targets included. A folder is
    /// watched before it is looked into, so that nothing comes in between.
    fn follow(&self, path: &Path, names: &mut Names) -> io::Result<()> {
        let mut at = PathBuf::from(if path.is_absolute() { "/" } else { "." });
        let mut ahead = steps(path);
        let mut links = 0;
        // The folder just passed, where it may not be watched.
        let mut unseen: Option<PathBuf> = None;
        while let Some(name) = ahead.pop() {
            if name == ".." {
                at.push("..");
                continue;
            }
            let mask = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVE | WatchFlags::ONLYDIR;
            match inotify::add_watch(&self.inotify, &at, mask) {
                Ok(watch) => {
                    names.entry(watch).or_default().insert(name.clone());
                    unseen = None;
                }
                // It is news of its own when this folder comes, unless that cannot be seen.
                Err(Errno::NOENT | Errno::NOTDIR) => {
                    return unseen.map_or(Ok(()), |folder| Err(blind(&folder, Errno::ACCESS)));
                }
                Err(Errno::ACCESS) if !ahead.is_empty() => unseen = Some(at.clone()),
                Err(error) => return Err(blind(&at, error)),
            }
            at.push(&name);
            // What is no link, or is not there, is found out by the next step.
            if let Ok(target) = fs::read_link(&at) {
                links += 1;
                if links > MOST_LINKS {
                    return Ok(());
                }
                at.pop();
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                ahead.extend(steps(&target));
            }
        }
        Ok(())
    }

    /// Connects to every socket that listens, and takes note of those that do not.
    fn hold(&mut self, places: &[Place]) {
        let old = std::mem::take(&mut self.held);
        self.refusing = false;
        for (path, mut held) in old {
            if held.connection.as_ref().is_some_and(has_ended) {
                held.connection = None;
                held.hang_ups = held.hang_ups.saturating_add(1);
            }
            self.held.insert(path, held);
        }
        let wanted = |path: &PathBuf| places.iter().any(|p| matches!(p, Place::Socket(at) if at == path));
        self.held.retain(|path, _| wanted(path));
        for place in places {
            let Place::Socket(path) = place else { continue };
            match call(path) {
                Call::Listens(connection) => {
                    let held = self.held.entry(path.clone()).or_default();
                    if held.connection.is_none() && held.hang_ups < MOST_HANG_UPS {
                        held.connection = connection;
                    }
                }
                Call::Refuses => {
                    self.refusing = true;
                    self.held.remove(path);
                }
                Call::Absent => {
                    self.held.remove(path);
                }
            }
        }
    }

    /// Whether there is a socket on which nobody listens: its server may be about to.
    pub(super) fn is_refusing(&self) -> bool {
        self.refusing
    }

    /// What becomes ready when there is news.
    pub(super) fn polled(&self) -> impl Iterator<Item = PollFd<'_>> {
        let connections = self.held.values().filter_map(|held| held.connection.as_ref());
        let ends = connections.map(|socket| PollFd::new(socket, PollFlags::empty()));
        [PollFd::new(&self.inotify, PollFlags::IN)].into_iter().chain(ends)
    }

    /// Takes all news; whether some are about a place.
    pub(super) fn heard(&self) -> io::Result<bool> {
        let mut news = self.held.values().filter_map(|held| held.connection.as_ref()).any(has_ended);
        let mut buf = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.inotify, &mut buf);
        loop {
            match events.next() {
                Ok(event) => {
                    let named = event.file_name().is_some_and(|name| {
                        let name = OsStr::from_bytes(name.to_bytes());
                        self.names.get(&event.wd()).is_some_and(|names| names.contains(name))
                    });
                    // A folder's file system that was unmounted has taken its folders along.
                    let lost = event.events().intersects(ReadFlags::QUEUE_OVERFLOW | ReadFlags::UNMOUNT);
                    news |= named || lost;
                }
                Err(Errno::WOULDBLOCK) => return Ok(news),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Names on the way of a path, the first one last.
fn steps(path: &Path) -> Vec<OsString> {
    let names = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    names.collect()
}

fn blind(folder: &Path, error: Errno) -> io::Error {
    let error = io::Error::from(error);
    io::Error::new(error.kind(), format!("the folder '{}' cannot be watched: {error}", folder.display()))
}

/// Whether the other side has closed a connection.
fn has_ended(socket: &OwnedFd) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut fds = [PollFd::new(socket, PollFlags::empty())];
    matches!(poll(&mut fds, Some(&now)), Ok(ready) if ready > 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::wire::Listener;

    /// Watches anew, as is to be done after news.
    fn news(places: &mut Places, what: &[Place]) -> bool {
        let heard = places.heard().unwrap();
        places.watch(what).unwrap();
        heard
    }

    #[test]
    fn files_folders_and_links_on_the_way_are_news_and_nothing_else_is() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir(at("real")).unwrap();
        symlink("real", at("link")).unwrap();
        symlink(at("deep/er/disc"), at("real/disc")).unwrap();
        let place = [Place::File(at("link/../link/disc"))];
        let mut places = Places::new().unwrap();
        places.watch(&place).unwrap();
        assert!(!place[0].is_there(), "the link leads nowhere");
        fs::write(at("other"), "").unwrap();
        fs::write(at("real/other"), "").unwrap();
        assert!(!news(&mut places, &place));
        fs::create_dir(at("deep")).unwrap();
        assert!(news(&mut places, &place));
        fs::create_dir(at("deep/er")).unwrap();
        assert!(news(&mut places, &place));
        fs::write(at("deep/er/part"), "").unwrap();
        assert!(!news(&mut places, &place));
        fs::rename(at("deep/er/part"), at("deep/er/disc")).unwrap();
        assert!(place[0].is_there());
        assert!(news(&mut places, &place));
        fs::write(at("deep/er/disc"), "changed").unwrap();
        assert!(!news(&mut places, &place), "writing to it is not coming or going");
        fs::rename(at("deep"), at("away")).unwrap();
        assert!(news(&mut places, &place));
        assert!(!place[0].is_there());
        fs::write(at("away/er/disc2"), "").unwrap();
        assert!(!news(&mut places, &place), "what is left is no longer watched");
        fs::remove_file(at("link")).unwrap();
        assert!(news(&mut places, &place));
        symlink(at("link"), at("link")).unwrap();
        assert!(news(&mut places, &place), "a link to itself ends");
        assert!(!news(&mut places, &[]));
        fs::remove_file(at("link")).unwrap();
        assert!(!news(&mut places, &[]), "nothing is watched any more");
    }

    #[test]
    fn a_server_that_ends_is_news_even_where_its_file_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("socket");
        let place = [Place::Socket(path.clone())];
        let mut places = Places::new().unwrap();
        places.watch(&place).unwrap();
        assert!(!place[0].is_there() && !places.is_refusing());
        let listener = Listener::bind(&path).unwrap();
        assert!(place[0].is_there());
        assert!(news(&mut places, &place));
        assert!(!news(&mut places, &place), "asking is no news");
        // A hard link keeps the file when the listener takes its name away, as a kill does.
        fs::hard_link(&path, root.path().join("kept")).unwrap();
        let kept = [Place::Socket(root.path().join("kept"))];
        places.watch(&kept).unwrap();
        places.heard().unwrap();
        drop(listener);
        assert!(places.heard().unwrap(), "the connection has ended");
        places.watch(&kept).unwrap();
        assert!(!kept[0].is_there() && places.is_refusing());
        assert!(!places.heard().unwrap());
    }
}
