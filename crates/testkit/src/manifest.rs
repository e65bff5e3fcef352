//! What a folder holds, object by object, and how two folders differ.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::{Failure, Result};

/// What kind of object an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, a FIFO or a socket.
    Special,
}

/// One object below the root of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Bytes of a file's data; 0 for the rest.
    pub size: u64,
    /// Permission bits with set-id and sticky bits (`0o7777`).
    pub mode: u32,
    /// Modification time, whole seconds since 1970-01-01 UTC.
    pub mtime: i64,
    /// Names this object has (hard links).
    pub links: u64,
    /// Inode number: equal for two names of one object.
    pub inode: u64,
    /// Target of a symbolic link, empty for the rest.
    pub target: Vec<u8>,
    /// SHA-256 of a file's data; `None` for the rest.
    pub sha256: Option<[u8; 32]>,
}

/// Which properties two manifests must share besides names, kinds, sizes, contents and link targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Also {
    /// Permission bits of files and directories.
    pub modes: bool,
    /// Modification times of everything, to the second.
    pub times: bool,
    /// Which names belong to one object.
    pub hard_links: bool,
}

/// Every object below a folder, keyed by its path from there (bytes, `/` between names).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// The entries; the folder itself is not one.
    pub entries: BTreeMap<Vec<u8>, Entry>,
}

impl Manifest {
    /// Walks a folder of the host, links not followed, and hashes every file.
    ///
    /// # Errors
    /// Names the first object that cannot be read.
    pub fn of_folder(root: &Path) -> Result<Self> {
        let mut manifest = Self::default();
        let mut open = vec![Vec::new()];
        while let Some(folder) = open.pop() {
            let path = root.join(OsStr::from_bytes(&folder));
            for entry in fs::read_dir(&path).map_err(Failure::at(&path))? {
                let entry = entry.map_err(Failure::at(&path))?;
                let path = entry.path();
                let mut key = folder.clone();
                if !key.is_empty() {
                    key.push(b'/');
                }
                key.extend_from_slice(entry.file_name().as_bytes());
                let described = describe(&path)?;
                if described.kind == Kind::Directory {
                    open.push(key.clone());
                }
                manifest.entries.insert(key, described);
            }
        }
        Ok(manifest)
    }

    /// Number of objects of one kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.entries.values().filter(|entry| entry.kind == kind).count()
    }

    /// How `found` differs from `self`: one line for each object that is missing, extra or different, none when the
    /// two agree.
    #[must_use]
    pub fn differences(&self, found: &Self, also: Also) -> Vec<String> {
        let mut out = Vec::new();
        for (path, wanted) in &self.entries {
            match found.entries.get(path) {
                None => out.push(format!("missing: {}", path.escape_ascii())),
                Some(entry) => out.extend(
                    wanted
                        .differences(entry, also)
                        .into_iter()
                        .map(|what| format!("{}: {what}", path.escape_ascii())),
                ),
            }
        }
        for path in found.entries.keys().filter(|path| !self.entries.contains_key(*path)) {
            out.push(format!("extra: {}", path.escape_ascii()));
        }
        if also.hard_links {
            let wanted = self.linked();
            let have = found.linked();
            out.extend(wanted.iter().filter(|group| !have.contains(group)).map(|group| {
                let names: Vec<_> = group.iter().map(|path| path.escape_ascii().to_string()).collect();
                format!("no longer one object: {}", names.join(", "))
            }));
        }
        out
    }

    /// How the contents differ when names may have been changed: the files of both as multisets of size and hash.
    /// For name trees that cannot hold every name (ISO 9660 without extensions, Joliet).
    #[must_use]
    pub fn content_differences(&self, found: &Self) -> Vec<String> {
        let count = |manifest: &Self| {
            let mut contents = BTreeMap::<(u64, Option<[u8; 32]>), i64>::new();
            for entry in manifest.entries.values().filter(|entry| entry.kind == Kind::File) {
                *contents.entry((entry.size, entry.sha256)).or_default() += 1;
            }
            contents
        };
        let (wanted, mut have) = (count(self), count(found));
        let mut out = Vec::new();
        for (content, times) in wanted {
            let there = have.remove(&content).unwrap_or(0);
            if there != times {
                let (size, hash) = content;
                out.push(format!("{times} files of {size} bytes with {}, found {there}", Hex(hash)));
            }
        }
        out.extend(have.iter().map(|((size, hash), times)| {
            format!("{times} files of {size} bytes with {}, not in the source", Hex(*hash))
        }));
        out
    }

    /// Groups of file names that share an object, each group sorted.
    fn linked(&self) -> Vec<Vec<&[u8]>> {
        let mut groups = BTreeMap::<u64, Vec<&[u8]>>::new();
        for (path, entry) in &self.entries {
            if entry.kind == Kind::File {
                groups.entry(entry.inode).or_default().push(path);
            }
        }
        let mut groups: Vec<_> = groups.into_values().filter(|group| group.len() > 1).collect();
        groups.sort();
        groups
    }
}

impl Entry {
    fn differences(&self, found: &Self, also: Also) -> Vec<String> {
        let mut out = Vec::new();
        let mut hold = |name: &str, same: bool, wanted: &dyn fmt::Display, have: &dyn fmt::Display| {
            if !same {
                out.push(format!("{name} {wanted}, found {have}"));
            }
        };
        hold("kind", self.kind == found.kind, &format!("{:?}", self.kind), &format!("{:?}", found.kind));
        hold("size", self.size == found.size, &self.size, &found.size);
        hold("sha256", self.sha256 == found.sha256, &Hex(self.sha256), &Hex(found.sha256));
        hold(
            "target",
            self.target == found.target,
            &self.target.escape_ascii(),
            &found.target.escape_ascii(),
        );
        if also.modes && self.kind != Kind::Symlink {
            hold("mode", self.mode == found.mode, &format!("{:o}", self.mode), &format!("{:o}", found.mode));
        }
        if also.times {
            hold("mtime", self.mtime == found.mtime, &self.mtime, &found.mtime);
        }
        out
    }
}

/// SHA-256 of a file's data.
///
/// # Errors
/// When the file cannot be read.
pub fn sha256_of(path: &Path) -> Result<[u8; 32]> {
    let mut file = File::open(path).map_err(Failure::at(path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0u8; 256 * 1024];
    loop {
        let got = file.read(&mut buffer).map_err(Failure::at(path))?;
        if got == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(buffer.get(..got).unwrap_or_default());
    }
}

fn describe(path: &Path) -> Result<Entry> {
    let meta = fs::symlink_metadata(path).map_err(Failure::at(path))?;
    let kind = if meta.is_file() {
        Kind::File
    } else if meta.is_dir() {
        Kind::Directory
    } else if meta.is_symlink() {
        Kind::Symlink
    } else {
        Kind::Special
    };
    let target = if kind == Kind::Symlink {
        fs::read_link(path).map_err(Failure::at(path))?.as_os_str().as_bytes().to_vec()
    } else {
        Vec::new()
    };
    Ok(Entry {
        kind,
        size: if kind == Kind::File { meta.len() } else { 0 },
        mode: meta.mode() & 0o7777,
        mtime: meta.mtime(),
        links: meta.nlink(),
        inode: meta.ino(),
        target,
        sha256: if kind == Kind::File { Some(sha256_of(path)?) } else { None },
    })
}

/// A hash in print.
struct Hex(Option<[u8; 32]>);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("no data"),
            Some(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("d")).unwrap();
        fs::write(place.path().join("d/abc"), "abc").unwrap();
        fs::hard_link(place.path().join("d/abc"), place.path().join("again")).unwrap();
        std::os::unix::fs::symlink("d/abc", place.path().join("link")).unwrap();
        place
    }

    #[test]
    fn hashes_are_sha256() {
        let place = folder();
        let manifest = Manifest::of_folder(place.path()).unwrap();
        // FIPS 180-4's example for "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Hex(manifest.entries[&b"d/abc"[..]].sha256).to_string(), expected);
        assert_eq!(manifest.count(Kind::File), 2);
        assert_eq!(manifest.entries[&b"link"[..]].target, b"d/abc");
    }

    #[test]
    fn every_kind_of_difference_is_named() {
        let all = Also { modes: true, times: true, hard_links: true };
        let place = folder();
        let before = Manifest::of_folder(place.path()).unwrap();
        assert_eq!(before.differences(&before, all), Vec::<String>::new());
        let mut after = before.clone();
        after.entries.remove(&b"link"[..]);
        let entry = after.entries.get_mut(&b"again"[..]).unwrap();
        entry.inode += 1;
        entry.mode ^= 1;
        entry.mtime += 1;
        entry.size += 1;
        entry.sha256 = Some([0; 32]);
        let extra = entry.clone();
        after.entries.insert(b"new".to_vec(), extra);
        let text = before.differences(&after, all).join("\n");
        for word in [
            "missing: link",
            "extra: new",
            "size 3, found 4",
            "sha256",
            "mode",
            "mtime",
            "no longer one object: again, d/abc",
        ] {
            assert!(text.contains(word), "{word} in {text}");
        }
        assert_eq!(before.content_differences(&after).len(), 2);
        assert_eq!(before.content_differences(&before), Vec::<String>::new());
    }
}
