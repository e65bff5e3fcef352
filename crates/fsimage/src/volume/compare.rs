//! Two volumes side by side: names, kinds, sizes, times, link targets and every byte.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use glassmaster_disc::{BlockSource, SECTOR_U64};
use glassmaster_tree::{Entry, Kind, Volume, WalkLimits};

use crate::error::Error;
use crate::progress::{CancelHandle, Progress, ProgressSink};
use crate::volume::content::ContentReader;

/// One thing in which two volumes differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Path in the volumes.
    pub path: String,
    /// What differs.
    pub what: String,
}

/// Outcome of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// Objects that both have.
    pub objects: u64,
    /// Bytes compared.
    pub bytes: u64,
    /// Differences in words, at most [`Compared::KEPT`].
    pub differences: Vec<Difference>,
    /// How many differences there are.
    pub count: u64,
}

impl Compared {
    /// Differences that are kept in words; the others are counted.
    pub const KEPT: usize = 1000;

    /// Whether nothing differs.
    #[must_use]
    pub fn equal(&self) -> bool {
        self.count == 0
    }

    fn differ(&mut self, path: &str, what: impl Into<String>) {
        self.count += 1;
        if self.differences.len() < Self::KEPT {
            self.differences.push(Difference { path: path.to_owned(), what: what.into() });
        }
    }
}

/// A volume and the sectors behind it.
pub type Side<'a> = (&'a dyn Volume, &'a dyn BlockSource);

/// Bytes of each side read at once.
const PIECE: usize = 256 * 1024;

/// Compares everything below the roots. Modification times are compared to the second where both record them,
/// permissions where both do; owners are not compared.
///
/// # Errors
/// [`Error::Volume`] when a root cannot be read, [`Error::Cancelled`]. Damage elsewhere is a difference.
pub fn compare(
    left: Side<'_>,
    right: Side<'_>,
    progress: ProgressSink<'_>,
    cancel: &CancelHandle,
) -> Result<Compared, Error> {
    let total = left.0.block_count().saturating_mul(SECTOR_U64);
    let limits = WalkLimits::for_blocks(left.0.block_count().max(right.0.block_count()));
    let mut out = Compared::default();
    let mut readers = (ContentReader::default(), ContentReader::default());
    let mut buffers = (vec![0; PIECE], vec![0; PIECE]);
    // Length of the parent's path, nesting, both directories; as in the walk over one volume, one path serves all.
    let mut pending = vec![(0, 0, left.0.root()?, right.0.root()?)];
    let mut path = String::new();
    let mut seen = HashSet::new();
    // Only volumes with thousands of files over the same sectors are larger than this in all.
    let mut budget = total.saturating_mul(16);
    while let Some((parent, depth, a, b)) = pending.pop() {
        path.truncate(parent);
        if depth > 0 {
            path.push('/');
            path.push_str(&String::from_utf8_lossy(&a.name));
        }
        let shown = if path.is_empty() { "/" } else { &path };
        if !seen.insert(a.id) || depth > limits.depth {
            out.differ(shown, "not compared: the directory is reached a second time or is nested too deep");
            continue;
        }
        let first = read_dir(left.0, &a, limits.entries);
        let second = read_dir(right.0, &b, limits.entries);
        let (mut ours, mut theirs) = match (first, second) {
            (Ok(a), Ok(b)) => (a, b),
            (a, b) => {
                for (side, error) in [("first", a.err()), ("second", b.err())] {
                    if let Some(error) = error {
                        out.differ(shown, format!("cannot be read on the {side} side: {error}"));
                    }
                }
                continue;
            }
        };
        let mut deeper = Vec::new();
        while let Some((name, a)) = ours.pop_first() {
            let base = out.bytes;
            let mut go_on = |bytes: u64| {
                let done = base.saturating_add(bytes);
                if progress(Progress { done, total }).is_break() || cancel.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                Ok(())
            };
            go_on(0)?;
            let below = format!("{path}/{}", String::from_utf8_lossy(&name));
            let Some(b) = theirs.remove(&name) else {
                out.differ(&below, "only on the first side");
                continue;
            };
            out.objects += 1;
            attributes(&below, &a, &b, &mut out);
            if a.kind == Kind::File && b.kind == Kind::File && a.size == b.size {
                let Some(left_over) = budget.checked_sub(a.size) else {
                    out.differ(
                        &below,
                        "not compared: together the files are many times larger than the volume",
                    );
                    continue;
                };
                budget = left_over;
                match contents(left.1, right.1, &a, &b, &mut readers, &mut buffers, &mut go_on)? {
                    Ok(None) => out.bytes += a.size,
                    Ok(Some(at)) => out.differ(&below, format!("the contents differ from byte {at} on")),
                    Err(what) => out.differ(&below, what),
                }
            }
            if a.is_dir() && b.is_dir() {
                deeper.push((path.len(), depth + 1, a, b));
            }
        }
        for name in theirs.into_keys() {
            out.differ(&format!("{path}/{}", String::from_utf8_lossy(&name)), "only on the second side");
        }
        pending.extend(deeper.into_iter().rev());
    }
    Ok(out)
}

fn read_dir(volume: &dyn Volume, dir: &Entry, limit: u64) -> Result<BTreeMap<Vec<u8>, Entry>, String> {
    let mut entries = BTreeMap::new();
    let mut twice = None;
    volume
        .read_dir(dir, &mut |entry| {
            let name = entry.name.clone();
            if entries.insert(name.clone(), entry).is_some() {
                twice = Some(name);
            }
            if entries.len() as u64 > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .map_err(|e| e.to_string())?;
    match twice {
        Some(name) => Err(format!("the name '{}' stands in it twice", String::from_utf8_lossy(&name))),
        None => Ok(entries),
    }
}

fn attributes(path: &str, a: &Entry, b: &Entry, out: &mut Compared) {
    if a.kind != b.kind {
        out.differ(path, format!("{:?} on the first side, {:?} on the second", a.kind, b.kind));
        return;
    }
    if a.kind == Kind::File && a.size != b.size {
        out.differ(path, format!("{} bytes on the first side, {} on the second", a.size, b.size));
    }
    if a.target != b.target {
        out.differ(path, "the symbolic links lead to different targets");
    }
    // Permissions of a symbolic link mean nothing and are made up by most systems.
    let kind_has_mode = a.kind != Kind::Symlink;
    if let (Some(a), Some(b)) = (a.mode, b.mode)
        && a != b
        && kind_has_mode
    {
        out.differ(path, format!("permissions {a:04o} on the first side, {b:04o} on the second"));
    }
    if let (Some(a), Some(b)) = (a.modified, b.modified)
        && a.secs != b.secs
    {
        out.differ(path, format!("modified {} s apart", a.secs.abs_diff(b.secs)));
    }
}

/// Offset of the first differing byte, or why the contents cannot be compared. `go_on` is asked with every piece.
fn contents(
    left: &dyn BlockSource,
    right: &dyn BlockSource,
    a: &Entry,
    b: &Entry,
    readers: &mut (ContentReader, ContentReader),
    buffers: &mut (Vec<u8>, Vec<u8>),
    go_on: &mut dyn FnMut(u64) -> Result<(), Error>,
) -> Result<Result<Option<u64>, String>, Error> {
    let mut at = 0;
    while at < a.size {
        go_on(at)?;
        let n = usize::try_from(a.size - at).unwrap_or(usize::MAX).min(PIECE);
        if let Err(e) = readers.0.piece(left, a, at, &mut buffers.0[..n]) {
            return Ok(Err(format!("first side: {e}")));
        }
        if let Err(e) = readers.1.piece(right, b, at, &mut buffers.1[..n]) {
            return Ok(Err(format!("second side: {e}")));
        }
        if buffers.0[..n] != buffers.1[..n] {
            let inside = buffers.0[..n].iter().zip(&buffers.1[..n]).position(|(x, y)| x != y);
            return Ok(Ok(Some(at + inside.unwrap_or(0) as u64)));
        }
        at += n as u64;
    }
    Ok(Ok(None))
}
