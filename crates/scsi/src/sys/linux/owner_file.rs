//! The owner's name of a drive in a file that other processes can read.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;

use crate::layer::fnv1a;
use crate::sys::{Owner, OwnerError};

/// Says who holds a drive for as long as it lives: a file that is locked (flock(2)) and holds name and process number.
///
/// A lock ends with its process, so that the file of a program that crashed counts for nothing. The directory is given
/// by the program, such as `/run/lock` or one of the user; all programs that are to see each other use the same.
#[derive(Debug)]
pub struct OwnerFile {
    _file: File,
    path: PathBuf,
}

/// Times that a lock is tried while a reader or a vanishing owner may be in the way, and the wait between them.
const ATTEMPTS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(2);
/// Longest content that is read.
const MOST: u64 = 256;
/// Longest part of a key that becomes a part of a file name.
const MOST_KEY: usize = 120;

impl OwnerFile {
    /// Writes `owner` down for the drive `key` ([`SystemFacts::key`](crate::SystemFacts::key)).
    ///
    /// # Errors
    /// [`OwnerError::Held`] with the name of the one who was first, in this process or another;
    /// [`OwnerError::Io`] when the directory cannot be used.
    pub fn acquire(directory: &Path, key: &str, owner: &str) -> Result<Self, OwnerError> {
        let path = directory.join(file_name(key));
        let trouble = |source: io::Error| OwnerError::Io { path: path.clone(), source };
        for attempt in 1.. {
            let file = open_or_make(&path).map_err(trouble)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => {
                    thread::sleep(PAUSE);
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    let held = read(&file).map_err(trouble)?;
                    return Err(OwnerError::Held(held));
                }
                Err(TryLockError::Error(error)) => return Err(trouble(error)),
            }
            // The owner before removes the file while it still has the lock: what is locked now may be no file any more.
            if !is_same(&file, &path) {
                continue;
            }
            let mut writer = &file;
            file.set_len(0)
                .and_then(|()| writeln!(writer, "{owner}\n{}", std::process::id()))
                .map_err(trouble)?;
            return Ok(Self { _file: file, path });
        }
        Err(trouble(io::ErrorKind::WouldBlock.into()))
    }

    /// Who holds the drive `key`, `None` when nobody does.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn owner(directory: &Path, key: &str) -> io::Result<Option<Owner>> {
        let path = directory.join(file_name(key));
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match open(&path, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => read(&file).map(Some),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for OwnerFile {
    fn drop(&mut self) {
        // A file that stays behind is free all the same; the lock goes with the descriptor.
        let _ = fs::remove_file(&self.path);
    }
}

/// The file, made where it is missing. Another user's file is opened as it is: systems refuse to create over one in a
/// directory that everybody may write to (fs.protected_regular).
fn open_or_make(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for _ in 0..ATTEMPTS {
        match open(path, flags, Mode::empty()) {
            Ok(fd) => return Ok(File::from(fd)),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        match open(path, flags | OFlags::CREATE | OFlags::EXCL, Mode::from_raw_mode(0o666)) {
            Ok(fd) => {
                let file = File::from(fd);
                // The umask took the right of others to lock it after us.
                file.set_permissions(Permissions::from_mode(0o666))?;
                return Ok(file);
            }
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn is_same(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

fn read(file: &File) -> io::Result<Owner> {
    let mut text = Vec::new();
    file.take(MOST).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines();
    let name = lines.next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    Ok(Owner { name, pid: lines.next().and_then(|pid| pid.parse().ok()).unwrap_or(0) })
}

/// One file name for one key, whatever characters and length it has.
fn file_name(key: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
    let start: String = key.chars().take(MOST_KEY).map(plain).collect();
    format!("glassmaster-{start}-{:016x}.owner", fnv1a(key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time_and_the_file_goes_with_them() {
        let root = tempfile::tempdir().unwrap();
        let owner = |key| OwnerFile::owner(root.path(), key).unwrap();
        assert_eq!(owner("scsi:1:0:0:0"), None);
        let held = OwnerFile::acquire(root.path(), "scsi:1:0:0:0", "Glassmaster").unwrap();
        let expected = Owner { name: "Glassmaster".to_owned(), pid: std::process::id() };
        assert_eq!(owner("scsi:1:0:0:0"), Some(expected.clone()));
        assert_eq!(owner("scsi:2:0:0:0"), None);
        let file = fs::read_dir(root.path()).unwrap().next().unwrap().unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o666, "other users take it over after a crash");
        let late = OwnerFile::acquire(root.path(), "scsi:1:0:0:0", "late");
        assert!(matches!(late, Err(OwnerError::Held(by)) if by == expected));
        drop(held);
        assert_eq!(owner("scsi:1:0:0:0"), None);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    /// A process that was killed leaves its file behind; the lock is gone.
    #[test]
    fn the_file_of_a_dead_owner_counts_for_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(file_name("virtual:/a b"));
        fs::write(&path, "A long name of somebody who crashed\n4000000\n").unwrap();
        assert_eq!(OwnerFile::owner(root.path(), "virtual:/a b").unwrap(), None);
        let _held = OwnerFile::acquire(root.path(), "virtual:/a b", "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("new\n{}\n", std::process::id()));
    }

    #[test]
    fn links_are_not_followed_and_missing_directories_are_errors() {
        let root = tempfile::tempdir().unwrap();
        let victim = root.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, root.path().join(file_name("k"))).unwrap();
        assert!(matches!(OwnerFile::acquire(root.path(), "k", "x"), Err(OwnerError::Io { .. })));
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        let missing = OwnerFile::acquire(&root.path().join("nowhere"), "k", "x");
        assert!(matches!(missing, Err(OwnerError::Io { .. })));
    }

    #[test]
    fn keys_of_any_kind_have_names_of_their_own() {
        assert_ne!(file_name("a/b"), file_name("a_b"));
        assert!(file_name(&"\u{e9}/".repeat(4000)).len() < 255);
    }

    #[test]
    fn racing_owners_are_never_two() {
        let root = tempfile::tempdir().unwrap();
        let inside = std::sync::atomic::AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        if let Ok(_held) = OwnerFile::acquire(root.path(), "k", "racer") {
                            use std::sync::atomic::Ordering::SeqCst;
                            assert_eq!(inside.fetch_add(1, SeqCst), 0);
                            thread::yield_now();
                            inside.fetch_sub(1, SeqCst);
                        }
                    }
                });
            }
        });
    }
}
