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
    // Directories still to be visited: path, nesting, entry. Reversed per directory so that the first comes first.
    let mut pending = vec![(Vec::new(), 0usize, root)];
    while let Some((path, depth, dir)) = pending.pop() {
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
            let mut below = path.clone();
            if !below.is_empty() {
                below.push(b'/');
            }
            below.extend_from_slice(&entry.name);
            let lba = first_lba(&entry);
            if depth + 1 > limits.depth {
                let what = format!("nested deeper than {} directories", limits.depth);
                if damage(&below, ReadError::invalid("directory", lba, what)) {
                    return Ok(());
                }
            } else if !seen.insert(entry.id) {
                let what = "reached a second time: a loop, or two parents".to_owned();
                if damage(&below, ReadError::invalid("directory", lba, what)) {
                    return Ok(());
                }
            } else {
                pending.push((below, depth + 1, entry));
            }
        }
    }
    Ok(())
}

fn first_lba(entry: &Entry) -> u64 {
    match &entry.content {
        crate::Content::Extents(list) => list.first().and_then(|e| e.lba).map_or(0, u64::from),
        crate::Content::Inline(_) => entry.id,
    }
}
