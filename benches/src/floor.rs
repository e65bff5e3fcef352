//! The floor: what any maker of images must do. It walks the tree with one stat a file, sorts the names, gives
//! every file its place, and copies the bytes there; it makes no records, so nobody can mount what it writes.
//!
//! Files are placed like the image's: on 2,048-byte sectors, from 64 KiB on 4,096-byte boundaries. Reads and writes
//! are 256 KiB at most; small files are gathered into one write.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};

use crate::Result;

const SECTOR: u64 = 2048;
const LARGE: u64 = 64 * 1024;
const LARGE_ALIGNMENT: u64 = 4096;
const BUFFER: usize = 256 * 1024;

/// A file and its place; its folder by number, its name in one common string of bytes.
struct Placed {
    folder: u32,
    name: (u32, u32),
    size: u64,
    at: u64,
}

#[derive(Default)]
struct Plan {
    folders: Vec<Vec<u8>>,
    names: Vec<u8>,
    files: Vec<Placed>,
    end: u64,
}

impl Plan {
    fn name(&self, file: &Placed) -> &[u8] {
        let start = usize::try_from(file.name.0).unwrap_or(usize::MAX);
        let length = usize::try_from(file.name.1).unwrap_or(0);
        self.names.get(start..start.saturating_add(length)).unwrap_or_default()
    }
}

/// Makes the "image" of `source` with `threads` copying threads.
pub(crate) fn make(source: &Path, image: &Path, threads: usize) -> Result<()> {
    let plan = plan(source)?;
    let file = File::create(image).map_err(|e| format!("{}: {e}", image.display()))?;
    file.set_len(plan.end).map_err(|e| format!("{}: {e}", image.display()))?;
    let share = plan.end.div_ceil(u64::try_from(threads).unwrap_or(1)).next_multiple_of(LARGE_ALIGNMENT);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|n| {
                let (plan, file) = (&plan, &file);
                let from = share.saturating_mul(u64::try_from(n).unwrap_or(0));
                scope.spawn(move || copy(source, plan, file, from, from.saturating_add(share).min(plan.end)))
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| "a copying thread failed".to_owned())?)
    })
}

fn open(at: &OwnedFd, name: &[u8], flags: OFlags) -> Result<OwnedFd> {
    openat(at, name, flags | OFlags::CLOEXEC, Mode::empty())
        .map_err(|e| format!("{}: {e}", name.escape_ascii()))
}

fn plan(source: &Path) -> Result<Plan> {
    let wrong = |e: rustix::io::Errno| format!("{}: {e}", source.display());
    let root = openat(CWD, source, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(wrong)?;
    let mut plan = Plan::default();
    let mut open_folders = vec![b".".to_vec()];
    while let Some(path) = open_folders.pop() {
        let folder = open(&root, &path, OFlags::DIRECTORY)?;
        let number = u32::try_from(plan.folders.len()).map_err(|_| "too many folders")?;
        let mut found = Vec::new();
        let mut below = Vec::new();
        for entry in Dir::read_from(&folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let stat = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(wrong)?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => below.push([&path[..], b"/", name].concat()),
                FileType::RegularFile => {
                    found.push((name.to_vec(), u64::try_from(stat.st_size).unwrap_or(0)))
                }
                _ => {}
            }
        }
        found.sort_unstable();
        below.sort_unstable();
        open_folders.extend(below.into_iter().rev());
        for (name, size) in found {
            let start = u32::try_from(plan.names.len()).map_err(|_| "too many names")?;
            let length = u32::try_from(name.len()).map_err(|_| "too long a name")?;
            plan.names.extend_from_slice(&name);
            if size >= LARGE {
                plan.end = plan.end.next_multiple_of(LARGE_ALIGNMENT);
            }
            plan.files.push(Placed { folder: number, name: (start, length), size, at: plan.end });
            plan.end = plan.end.saturating_add(size).next_multiple_of(SECTOR);
        }
        plan.folders.push(path);
    }
    Ok(plan)
}

/// Copies the bytes whose places are in `from..to`.
fn copy(source: &Path, plan: &Plan, image: &File, from: u64, to: u64) -> Result<()> {
    let wrong = |e: rustix::io::Errno| format!("{}: {e}", source.display());
    let root = openat(CWD, source, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(wrong)?;
    let first = plan.files.partition_point(|file| file.at.saturating_add(file.size) <= from);
    let mut folder: Option<(u32, OwnedFd)> = None;
    let mut gather = Gather { image, buffer: vec![0; BUFFER], used: 0, at: from };
    for file in plan.files.get(first..).unwrap_or_default() {
        if file.at >= to {
            break;
        }
        if file.size == 0 {
            continue;
        }
        if folder.as_ref().is_none_or(|(number, _)| *number != file.folder) {
            let index = usize::try_from(file.folder).unwrap_or(usize::MAX);
            let path = plan.folders.get(index).ok_or("no such folder")?;
            folder = Some((file.folder, open(&root, path, OFlags::DIRECTORY)?));
        }
        let Some((_, at)) = &folder else { continue };
        let data = File::from(open(at, plan.name(file), OFlags::RDONLY)?);
        let mut offset = from.saturating_sub(file.at);
        let end = file.size.min(to - file.at);
        while offset < end {
            let room = gather.room(file.at + offset, end - offset)?;
            let got = data.read_at(room, offset).map_err(|e| e.to_string())?;
            if got == 0 {
                return Err(format!("{} shrank", plan.name(file).escape_ascii()));
            }
            gather.used += got;
            offset += u64::try_from(got).unwrap_or(0);
        }
    }
    gather.flush()
}

/// Collects neighbouring bytes of the image for one write.
struct Gather<'a> {
    image: &'a File,
    buffer: Vec<u8>,
    used: usize,
    at: u64,
}

impl Gather<'_> {
    /// Space for the bytes that belong at `at`, at most `want` of them: behind what is collected, zeros in
    /// between, where they fit; else at the beginning of the emptied buffer.
    fn room(&mut self, at: u64, want: u64) -> Result<&mut [u8]> {
        let skip = usize::try_from(at.saturating_sub(self.at)).unwrap_or(usize::MAX);
        if self.used == 0 || skip >= BUFFER {
            self.flush()?;
            self.at = at;
        } else {
            self.buffer.get_mut(self.used..skip).unwrap_or_default().fill(0);
            self.used = skip;
        }
        let end = BUFFER.min(self.used.saturating_add(usize::try_from(want).unwrap_or(BUFFER)));
        self.buffer.get_mut(self.used..end).ok_or_else(|| "places overlap".to_owned())
    }

    fn flush(&mut self) -> Result<()> {
        let bytes = self.buffer.get(..self.used).unwrap_or_default();
        self.image.write_all_at(bytes, self.at).map_err(|e| e.to_string())?;
        self.used = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassmaster_testkit::tree;

    #[test]
    fn both_floors_hold_every_byte_at_its_place() {
        let place = tempfile::tempdir().unwrap();
        let source = place.path().join("source");
        tree::sizes(&source.join("a")).unwrap();
        tree::crowd(&source.join("b"), 300).unwrap();
        let plan = plan(&source).unwrap();
        let images = [1, 2].map(|threads| {
            let image = place.path().join(threads.to_string());
            make(&source, &image, threads).unwrap();
            std::fs::read(image).unwrap()
        });
        assert_eq!(images[0], images[1]);
        assert_eq!(plan.files.len(), 316);
        for file in &plan.files {
            let folder = std::str::from_utf8(&plan.folders[file.folder as usize]).unwrap();
            let path = source.join(folder).join(std::str::from_utf8(plan.name(file)).unwrap());
            let (start, length) = (usize::try_from(file.at).unwrap(), usize::try_from(file.size).unwrap());
            assert_eq!(file.at % if file.size >= LARGE { LARGE_ALIGNMENT } else { SECTOR }, 0);
            assert!(std::fs::read(path).unwrap() == images[0][start..start + length]);
        }
    }
}
