//! What every file-system reader offers, and the one walk over it.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::{Entry, Kind};

/// A structure of a volume that cannot be trusted or read.
#[derive(Debug, thiserror::Error)]
#[error("{structure} at sector {lba}: {what}")]
pub struct ReadError {
    /// Its name in the standard.
    pub structure: &'static str,
    /// Sector where it stands (or should).
    pub lba: u64,
    /// What is wrong, with the clause.
    pub what: String,
    /// The failing read, when that was the cause.
    #[source]
    pub source: Option<std::io::Error>,
}

impl ReadError {
    /// A structure whose content breaks the standard.
    #[must_use]
    pub fn invalid(structure: &'static str, lba: u64, what: impl Into<String>) -> Self {
        Self { structure, lba, what: what.into(), source: None }
    }

    /// A structure that the device or file did not deliver.
    #[must_use]
    pub fn io(structure: &'static str, lba: u64, source: std::io::Error) -> Self {
        Self { structure, lba, what: source.to_string(), source: Some(source) }
    }
}

/// A mounted file system, read-only. Implementations never trust a length or pointer from the volume.
pub trait Volume: Send + Sync {
    /// `ISO 9660`, `Joliet`, `Rock Ridge`, `UDF 2.01`, ...
    fn file_system(&self) -> String;

    /// Volume identifier, empty when none is recorded.
    fn label(&self) -> String;

    /// The root directory.
    ///
    /// # Errors
    /// When its structures cannot be read.
    fn root(&self) -> Result<Entry, ReadError>;

    /// Hands the entries of `dir` to `each`, in the order of the disc, without `.` and `..`. Memory does not grow
    /// with the number of entries.
    ///
    /// # Errors
    /// An object that cannot be trusted is left out and reported as the error at the end of the directory, after all
    /// others; a structure without which the records that follow cannot be found ends the reading at once.
    fn read_dir(&self, dir: &Entry, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> Result<(), ReadError>;

    /// Named streams of a file as files without a directory, in the order of the disc; none for what has none and for
    /// file systems that know no streams.
    ///
    /// # Errors
    /// When the structures that list them cannot be trusted.
    fn streams(&self, entry: &Entry) -> Result<Vec<Entry>, ReadError> {
        let _ = entry;
        Ok(Vec::new())
    }

    /// Sectors of the volume, to judge sizes by.
    fn block_count(&self) -> u64;
}

/// Bounds of a [`walk`] over a volume that may be hostile.
#[derive(Clone, Copy, Debug)]
pub struct WalkLimits {
    /// Directories below the root, at most.
    pub depth: usize,
    /// Objects altogether, at most.
    pub entries: u64,
    /// Recorded bytes of all directories together, at most. Keeps a volume whose directories share their sectors from
    /// being read for longer than it is large.
    pub directory_bytes: u64,
}

impl WalkLimits {
    /// Limits no honest volume of that many sectors meets: an object takes at least 34 bytes (ECMA-119 9.1).
    #[must_use]
    pub fn for_blocks(blocks: u64) -> Self {
        Self {
            depth: 1024,
            entries: blocks.saturating_mul(60).saturating_add(1000),
            directory_bytes: blocks.saturating_mul(2048).saturating_add(1 << 20),
        }
    }
}

/// What a [`walk`] reports.
pub enum Visit<'a> {
    /// An object, after its directory; with the path of the directory, components divided by `/`, no `/` at either end.
    Entry {
        /// Path of the directory that holds it; empty for children of the root.
        dir: &'a [u8],
        /// The object.
        entry: &'a Entry,
    },
    /// A directory that could not be read (any further); the walk goes on elsewhere.
    Damaged {
        /// Path of the directory; empty for the root.
        dir: &'a [u8],
        /// What is wrong with it.
        error: ReadError,
    },
}

/// Visits every object below the root depth first, each directory's entries together and in the order of the disc.
///
/// A directory met twice (a loop, or two names of one directory), one deeper than the limit, and the object past the
/// count limit are reported as damage; damage never ends the walk, only `each` and the count limit do. Keeps the
/// subdirectories of the directories on the current path, nothing else.
///
/// # Errors
/// Only when the root itself cannot be read.
pub fn walk(
    volume: &dyn Volume,
    limits: WalkLimits,
    each: &mut dyn FnMut(Visit<'_>) -> ControlFlow<()>,
) -> Result<(), ReadError> {
    let root = volume.root()?;
    let mut seen = HashSet::from([root.id]);
    let mut count = 0u64;
    let mut directory_bytes = 0u64;
    // Directories still to be visited: length of their parent's path, nesting, entry; reversed per directory so that the
    // first comes first. The parent of what is taken next is always the last directory or one above it, so one path
    // serves all, and deep and wide volumes cost no memory for paths.
    let mut pending = vec![(0, 0usize, root)];
    let mut path = Vec::new();
    while let Some((parent, depth, dir)) = pending.pop() {
        path.truncate(parent);
        append(&mut path, &dir.name);
        directory_bytes = directory_bytes.saturating_add(dir.size);
        if directory_bytes > limits.directory_bytes {
            let what = format!(
                "the directories together are larger than the {} bytes they can have",
                limits.directory_bytes
            );
            let error = ReadError::invalid("directory", first_lba(&dir), what);
            let _ = each(Visit::Damaged { dir: &path, error });
            return Ok(());
        }
        let mut inner = Vec::new();
        let mut stop = false;
        let mut overflow = false;
        let read = volume.read_dir(&dir, &mut |entry| {
            count += 1;
            if count > limits.entries {
                overflow = true;
                return ControlFlow::Break(());
            }
            if each(Visit::Entry { dir: &path, entry: &entry }).is_break() {
                stop = true;
                return ControlFlow::Break(());
            }
            if entry.kind == Kind::Directory {
                inner.push(entry);
            }
            ControlFlow::Continue(())
        });
        if stop {
            return Ok(());
        }
        let lba = first_lba(&dir);
        let mut damage = |dir: &[u8], error| each(Visit::Damaged { dir, error }).is_break();
        if overflow {
            let what = format!("more than {} objects, more than the volume can hold", limits.entries);
            damage(&path, ReadError::invalid("directory", lba, what));
            return Ok(());
        }
        if let Err(error) = read
            && damage(&path, error)
        {
            return Ok(());
        }
        for entry in inner.into_iter().rev() {
            let lba = first_lba(&entry);
            if depth + 1 > limits.depth {
                let what = format!("nested deeper than {} directories", limits.depth);
                if damage(&joined(&path, &entry.name), ReadError::invalid("directory", lba, what)) {
                    return Ok(());
                }
            } else if !seen.insert(entry.id) {
                let what = "reached a second time: a loop, or two parents".to_owned();
                if damage(&joined(&path, &entry.name), ReadError::invalid("directory", lba, what)) {
                    return Ok(());
                }
            } else {
                pending.push((path.len(), depth + 1, entry));
            }
        }
    }
    Ok(())
}

fn append(path: &mut Vec<u8>, name: &[u8]) {
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
}

fn joined(path: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = path.to_vec();
    append(&mut path, name);
    path
}

fn first_lba(entry: &Entry) -> u64 {
    match &entry.content {
        crate::Content::Extents(list) => list.first().and_then(|e| e.lba).map_or(0, u64::from),
        crate::Content::Inline(_) => entry.id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Content;

    /// Every directory holds `wide` directories, down to `deep`; ids are distinct, or all the same.
    struct Nest {
        wide: u64,
        deep: u64,
        loops: bool,
    }

    fn dir(name: &str, id: u64, level: u64) -> Entry {
        Entry {
            name: name.into(),
            kind: Kind::Directory,
            size: level,
            modified: None,
            accessed: None,
            created: None,
            changed: None,
            device: None,
            real_time: false,
            has_streams: false,
            mode: None,
            uid: None,
            gid: None,
            links: None,
            target: None,
            hidden: false,
            id,
            content: Content::Extents(Vec::new()),
        }
    }

    impl Volume for Nest {
        fn file_system(&self) -> String {
            "nest".to_owned()
        }

        fn label(&self) -> String {
            String::new()
        }

        fn root(&self) -> Result<Entry, ReadError> {
            Ok(dir("", 1, 0))
        }

        fn read_dir(
            &self,
            at: &Entry,
            each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
        ) -> Result<(), ReadError> {
            for n in 0..if at.size < self.deep { self.wide } else { 0 } {
                let id = if self.loops { 1 } else { at.id * 10 + n };
                if each(dir(&n.to_string(), id, at.size + 1)).is_break() {
                    break;
                }
            }
            Ok(())
        }

        fn block_count(&self) -> u64 {
            1000
        }
    }

    fn visited(nest: &Nest, limits: WalkLimits) -> (Vec<String>, Vec<String>) {
        let (mut entries, mut damages) = (Vec::new(), Vec::new());
        walk(nest, limits, &mut |visit| {
            match visit {
                Visit::Entry { dir, entry } => {
                    entries.push(String::from_utf8(joined(dir, &entry.name)).unwrap());
                }
                Visit::Damaged { dir, error } => {
                    damages.push(format!("{}: {}", String::from_utf8_lossy(dir), error.what));
                }
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        (entries, damages)
    }

    #[test]
    fn depth_first_with_every_path_right() {
        let (entries, damages) =
            visited(&Nest { wide: 2, deep: 2, loops: false }, WalkLimits::for_blocks(1000));
        assert_eq!(entries, ["0", "1", "0/0", "0/1", "1/0", "1/1"]);
        assert!(damages.is_empty());
    }

    #[test]
    fn loops_depth_and_counts_are_damage_and_end() {
        let limits = WalkLimits::for_blocks(1000);
        let (_, damages) = visited(&Nest { wide: 1, deep: u64::MAX, loops: true }, limits);
        assert_eq!(damages, ["0: reached a second time: a loop, or two parents"]);
        let shallow = WalkLimits { depth: 2, ..limits };
        let (entries, damages) = visited(&Nest { wide: 1, deep: 9, loops: false }, shallow);
        assert_eq!(entries, ["0", "0/0", "0/0/0"]);
        assert_eq!(damages, ["0/0/0: nested deeper than 2 directories"]);
        let few = WalkLimits { entries: 5, ..limits };
        let (entries, damages) = visited(&Nest { wide: 9, deep: 3, loops: false }, few);
        assert_eq!(entries.len(), 5);
        assert!(damages[0].contains("more than 5 objects"), "{damages:?}");
    }
}
