//! One disc as one sparse file that survives a process killed at any moment.
//!
//! Order of writes is what makes it survive: data in place first, then the bit that says the unit is recorded,
//! then a new state in the slot that is not current. Tracks that grow need two writes instead of three: their bits go with
//! the state, and to the map when the disc is flushed. A state counts only with a right checksum and the higher
//! sequence number, so a half-written one is as if it had never been begun. See `docs/virtual-disc.md`.

mod blank;
mod bytes;
mod error;
mod slot;
mod state;
mod superblock;
mod writeback;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use glassmaster_disc::{SECTOR, SECTOR_U64};

use blank::Blank;
pub use error::StoreError;
use state::Unmarked;
pub(crate) use state::{DiscState, FormatState, Session, Track};
pub(crate) use superblock::{Geometry, Superblock};
use superblock::{SLOT_LEN, SUPERBLOCK_LEN};
use writeback::Writeback;

/// CRC-32 of ISO 3309 and zlib, which every language has at hand.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    CRC.checksum(bytes)
}

/// An open disc file, locked against other processes for as long as it lives.
pub(crate) struct Store {
    file: File,
    path: PathBuf,
    sb: Superblock,
    /// The map of recorded units as in the file; bit 0 of byte 0 is the unit of `first_lba`.
    map: Vec<u8>,
    /// Recorded units whose bits go to the file with the next state, not to the map in it yet.
    unmarked: Option<Unmarked>,
    sequence: u64,
    blank: Blank,
    writeback: Writeback,
}

impl Store {
    /// Makes a new disc file. It appears under `path` complete, or not at all.
    pub(crate) fn create(
        path: &Path,
        geometry: Geometry,
        id: [u8; 16],
        state: &DiscState,
    ) -> Result<Self, StoreError> {
        let io = |action| move |e| StoreError::io(path, action, e);
        if path.symlink_metadata().is_ok() {
            return Err(StoreError::Exists { path: path.to_owned() });
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".partial");
        let part = PathBuf::from(part);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&part)
            .map_err(io("create the disc"))?;
        claim(&file, &part, path)?;
        let made =
            Self::fill(file, path, geometry, id, state).and_then(|store| place(&part, path).map(|()| store));
        if made.is_err() {
            // The half-made file is worthless; the reason it failed is what counts.
            let _ = std::fs::remove_file(&part);
        }
        made
    }

    /// Makes a disc of a file that may hold what a killed process left.
    fn fill(
        file: File,
        path: &Path,
        geometry: Geometry,
        id: [u8; 16],
        state: &DiscState,
    ) -> Result<Self, StoreError> {
        let io = |action| move |e| StoreError::io(path, action, e);
        file.set_len(0).map_err(io("create the disc"))?;
        let sb = Superblock::new(geometry, id);
        file.write_all_at(&sb.to_bytes(), 0).map_err(io("write the superblock"))?;
        let end = sb.data_offset + u64::from(geometry.blocks) * SECTOR_U64;
        file.set_len(end).map_err(io("size the disc"))?;
        let map = vec![0; usize::try_from(sb.map_len).unwrap_or(usize::MAX)];
        let mut store = Self {
            file,
            path: path.to_owned(),
            sb,
            map,
            unmarked: None,
            sequence: 0,
            blank: Blank::default(),
            writeback: Writeback::default(),
        };
        store.commit(state).map_err(io("write the state"))?;
        Ok(store)
    }

    /// Opens a disc file, checks all of its structure and takes its lock. One that the host lets nobody write to is a disc
    /// that is write protected.
    pub(crate) fn open(path: &Path) -> Result<(Self, DiscState), StoreError> {
        match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => Self::from_file(file, path),
            Err(refused)
                if matches!(
                    refused.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                // One that cannot be read either is told as it was first refused.
                let file = File::open(path).map_err(|_| StoreError::io(path, "open the disc", refused))?;
                let (store, state) = Self::from_file(file, path)?;
                Ok((store, DiscState { protected: true, ..state }))
            }
            Err(error) => Err(StoreError::io(path, "open the disc", error)),
        }
    }

    fn from_file(file: File, path: &Path) -> Result<(Self, DiscState), StoreError> {
        let io = |action| move |e| StoreError::io(path, action, e);
        let meta = file.metadata().map_err(io("open the disc"))?;
        if !meta.is_file() {
            return Err(StoreError::NotADisc {
                path: path.to_owned(),
                why: "it is not a regular file".to_owned(),
            });
        }
        lock(&file, path)?;
        let mut head = vec![0; SUPERBLOCK_LEN];
        let got = read_some(&file, &mut head, 0).map_err(io("read the superblock"))?;
        let sb = Superblock::parse(path, &head[..got])?;
        let end = sb.data_offset + u64::from(sb.geometry.blocks) * SECTOR_U64;
        if meta.len() != end {
            return Err(StoreError::damaged(
                path,
                format!("the file has {} bytes where its geometry asks for {end}", meta.len()),
            ));
        }
        let (sequence, state, unmarked) = newest(&file, path, &sb)?;
        let mut map = vec![0; usize::try_from(sb.map_len).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut map, sb.map_offset).map_err(io("read the map"))?;
        let mut store = Self {
            file,
            path: path.to_owned(),
            sb,
            map,
            unmarked,
            sequence,
            blank: Blank::default(),
            writeback: Writeback::default(),
        };
        if let Some(Unmarked { first, last }) = unmarked {
            store.set_bits(first.into(), last.into());
        }
        let mut state = state;
        if state.clearing {
            store.finish_clear(&mut state).map_err(io("finish an interrupted format"))?;
        }
        Ok((store, state))
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.sb.geometry
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes `state` the current one.
    pub(crate) fn commit(&mut self, state: &DiscState) -> io::Result<()> {
        let next =
            self.sequence.checked_add(1).ok_or_else(|| io::Error::other("state sequence exhausted"))?;
        let offset = self.sb.slots[usize::from(next % 2 == 1)];
        slot::write(&self.file, offset, next, &state.to_bytes(self.unmarked))?;
        self.sequence = next;
        Ok(())
    }

    /// The state that stands in the file, after a commit that failed.
    pub(crate) fn current(&self) -> Result<DiscState, StoreError> {
        newest(&self.file, &self.path, &self.sb).map(|(_, state, _)| state)
    }

    /// Hands everything to the storage below. A file without a name is gone as soon as it is closed: nothing in it is safe.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.mark_unmarked()?;
        self.writeback.sync(&self.file)?;
        if self.file.metadata()?.nlink() == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the file of the disc was deleted"));
        }
        Ok(())
    }

    fn unit_of(&self, lba: i32) -> Option<usize> {
        let g = &self.sb.geometry;
        let block = u32::try_from(i64::from(lba) - i64::from(g.first_lba)).ok().filter(|b| *b < g.blocks)?;
        usize::try_from(block / g.unit).ok()
    }

    /// Whether the unit that holds `lba` has ever been recorded since the last [`Store::clear`].
    pub(crate) fn is_recorded(&self, lba: i32) -> bool {
        self.unit_of(lba).is_some_and(|u| self.map.get(u / 8).is_some_and(|b| b & (1 << (u % 8)) != 0))
    }

    /// First and one-past-last byte of `len` bytes of data at `lba`.
    fn span(&self, lba: i32, len: usize) -> io::Result<(u64, u64)> {
        let outside =
            || io::Error::new(io::ErrorKind::InvalidInput, format!("{len} bytes at block {lba} are outside"));
        let g = &self.sb.geometry;
        let first = u64::try_from(i64::from(lba) - i64::from(g.first_lba)).map_err(|_| outside())?;
        let blocks = u64::try_from(len.div_ceil(SECTOR)).map_err(|_| outside())?;
        if !len.is_multiple_of(SECTOR) || first + blocks > u64::from(g.blocks) {
            return Err(outside());
        }
        let start = self.sb.data_offset + first * SECTOR_U64;
        Ok((start, start + blocks * SECTOR_U64))
    }

    /// Where the file ends.
    fn end(&self) -> u64 {
        self.sb.data_offset + u64::from(self.sb.geometry.blocks) * SECTOR_U64
    }

    /// Fills `buf` with the blocks from `lba` on; units that are not recorded give zeros.
    pub(crate) fn read(&mut self, lba: i32, buf: &mut [u8]) -> io::Result<()> {
        let (start, end) = self.span(lba, buf.len())?;
        if self.blank.knows(start, end) {
            buf.fill(0);
            return Ok(());
        }
        self.file.read_exact_at(buf, start)?;
        if blank::is_zero(buf) {
            // Where there is nothing here there may be nothing for long.
            self.blank.look(&self.file, start, self.end());
            return Ok(());
        }
        let unit_bytes = u64::from(self.sb.geometry.unit) * SECTOR_U64;
        let mut at = start;
        let mut rest = buf;
        while !rest.is_empty() {
            let unit = (at - self.sb.data_offset) / unit_bytes;
            let next = (self.sb.data_offset + (unit + 1) * unit_bytes).min(end);
            let (now, later) =
                rest.split_at_mut(usize::try_from(next - at).map_err(io::Error::other)?.min(rest.len()));
            if !self.unit_marked(unit) {
                now.fill(0);
            }
            at = next;
            rest = later;
        }
        Ok(())
    }

    /// Writes whole blocks in place and marks their units recorded. What a unit held besides reads as zeros
    /// when the unit was not recorded before. Zeros take no room.
    pub(crate) fn write(&mut self, lba: i32, data: &[u8]) -> io::Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let (first, last) = self.put(lba, data)?;
        self.mark(first, last)
    }

    /// [`Store::write`] for what goes on where the last one ended: the units count as recorded with the next
    /// [`Store::commit`], which has to follow, and the map in the file learns of them later.
    pub(crate) fn append(&mut self, lba: i32, data: &[u8]) -> io::Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let (first, last) = self.put(lba, data)?;
        let units = u32::try_from(first).ok().zip(u32::try_from(last).ok());
        let (first, last) = units.ok_or_else(|| io::Error::other("more units than a disc has"))?;
        let known = match self.unmarked {
            Some(known) if (known.first..=known.last.saturating_add(1)).contains(&first) => known,
            Some(_) => {
                self.mark_unmarked()?;
                Unmarked { first, last }
            }
            None => Unmarked { first, last },
        };
        self.unmarked = Some(Unmarked { last: known.last.max(last), ..known });
        self.set_bits(first.into(), last.into());
        Ok(())
    }

    /// Writes whole blocks in place, one at least; the first and the last unit that hold them.
    fn put(&mut self, lba: i32, data: &[u8]) -> io::Result<(u64, u64)> {
        let (start, end) = self.span(lba, data.len())?;
        self.record(start, end, |store| {
            let (mut at, mut rest) = (start, data);
            for (zero, len) in blank::runs(data) {
                let (now, later) = rest.split_at(len.min(rest.len()));
                let next = at.saturating_add(now.len() as u64);
                if zero {
                    store.blank.clear(&store.file, at, next, store.end())?;
                } else {
                    store.blank.written(at, next);
                    store.file.write_all_at(now, at)?;
                    store.writeback.note(&store.file, now.len() as u64);
                }
                at = next;
                rest = later;
            }
            Ok(())
        })
    }

    /// Records zeros, without storing them where the file system can keep holes.
    pub(crate) fn write_zeros(&mut self, lba: i32, blocks: u32) -> io::Result<()> {
        if blocks == 0 {
            return Ok(());
        }
        let len = usize::try_from(blocks).map_err(io::Error::other)?.saturating_mul(SECTOR);
        let (start, end) = self.span(lba, len)?;
        let (first, last) =
            self.record(start, end, |store| store.blank.clear(&store.file, start, end, store.end()))?;
        self.mark(first, last)
    }

    /// Puts something at `start..end` of the file, which is not empty; the first and the last unit of it.
    fn record(
        &mut self,
        start: u64,
        end: u64,
        put: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<(u64, u64)> {
        let unit_bytes = u64::from(self.sb.geometry.unit) * SECTOR_U64;
        let base = self.sb.data_offset;
        let (first, last) = ((start - base) / unit_bytes, (end - 1 - base) / unit_bytes);
        // Only the first and the last unit can be covered in part, and stale bytes of an earlier life of the
        // disc may stand there.
        let limit = self.end();
        let head = base + first * unit_bytes;
        if head < start && !self.unit_marked(first) {
            self.blank.clear(&self.file, head, start, limit)?;
        }
        let tail = (base + (last + 1) * unit_bytes).min(limit);
        if end < tail && !self.unit_marked(last) {
            self.blank.clear(&self.file, end, tail, limit)?;
        }
        put(self)?;
        Ok((first, last))
    }

    fn unit_marked(&self, unit: u64) -> bool {
        usize::try_from(unit)
            .ok()
            .and_then(|u| self.map.get(u / 8).map(|b| b & (1 << (u % 8)) != 0))
            .unwrap_or(false)
    }

    /// Sets the bits of these units here; whether one of them was clear.
    fn set_bits(&mut self, first: u64, last: u64) -> bool {
        let mut changed = false;
        for unit in first..=last {
            let Ok(unit) = usize::try_from(unit) else { break };
            let Some(byte) = self.map.get_mut(unit / 8) else { break };
            let bit = 1u8 << (unit % 8);
            changed |= *byte & bit == 0;
            *byte |= bit;
        }
        changed
    }

    /// Marks units recorded, here and in the file.
    fn mark(&mut self, first: u64, last: u64) -> io::Result<()> {
        if self.set_bits(first, last) { self.store_bits(first, last) } else { Ok(()) }
    }

    /// Brings the map in the file up to date.
    fn mark_unmarked(&mut self) -> io::Result<()> {
        if let Some(Unmarked { first, last }) = self.unmarked {
            self.store_bits(first.into(), last.into())?;
            self.unmarked = None;
        }
        Ok(())
    }

    fn store_bits(&self, first: u64, last: u64) -> io::Result<()> {
        let (a, b) = (first / 8, last / 8);
        let range =
            usize::try_from(a).map_err(io::Error::other)?..=usize::try_from(b).map_err(io::Error::other)?;
        let bytes = self.map.get(range).unwrap_or_default();
        self.file.write_all_at(bytes, self.sb.map_offset + a)
    }

    /// Makes every unit unrecorded and `state` current, as one step: a process killed in between leaves a disc
    /// that finishes the step when it is opened.
    pub(crate) fn clear(&mut self, state: &mut DiscState) -> io::Result<()> {
        state.clearing = true;
        self.commit(state)?;
        self.finish_clear(state)
    }

    fn finish_clear(&mut self, state: &mut DiscState) -> io::Result<()> {
        self.map.fill(0);
        self.unmarked = None;
        self.file.write_all_at(&self.map, self.sb.map_offset)?;
        let len = u64::from(self.sb.geometry.blocks) * SECTOR_U64;
        // Only thrift: the map already says that nothing is recorded there.
        if blank::punch(&self.file, self.sb.data_offset, len)? {
            self.blank.punched(self.sb.data_offset, self.end());
        }
        state.clearing = false;
        self.commit(state)
    }
}

/// Sequence number, state, and units that the map in the file may not tell of.
type Current = (u64, DiscState, Option<Unmarked>);

/// The good state with the higher sequence number.
fn newest(file: &File, path: &Path, sb: &Superblock) -> Result<Current, StoreError> {
    let mut newest: Option<Current> = None;
    let mut faults = Vec::new();
    for (n, offset) in sb.slots.iter().enumerate() {
        let slot = slot::read(file, *offset).map_err(|e| StoreError::io(path, "read the state", e))?;
        match slot {
            Ok((sequence, payload)) => match DiscState::parse(&payload, &sb.geometry) {
                Ok((state, unmarked)) => {
                    if newest.as_ref().is_none_or(|(s, ..)| *s < sequence) {
                        newest = Some((sequence, state, unmarked));
                    }
                }
                // A checksum that fits over a state that makes no sense: no torn write does that.
                Err(what) => return Err(StoreError::damaged(path, format!("state {n}: {what}"))),
            },
            Err(what) => faults.push(format!("state {n}: {what}")),
        }
    }
    newest.ok_or_else(|| StoreError::damaged(path, format!("no usable state ({})", faults.join("; "))))
}

/// Takes the lock that keeps a disc out of two drives at once.
///
/// A process that another thread is starting shares all open files until it executes its program, so that a disc which has
/// just been closed may stay locked for a moment: tried again for a fifth of a second.
fn lock(file: &File, path: &Path) -> Result<(), StoreError> {
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Error(e)) => return Err(StoreError::io(path, "lock the disc", e)),
        }
    }
    Err(StoreError::Locked { path: path.to_owned() })
}

/// Locks the file of a disc that is being made. Whoever had it while this one waited has finished it, so that it bears its
/// own name and must not be touched, or has given it up.
fn claim(file: &File, part: &Path, path: &Path) -> Result<(), StoreError> {
    lock(file, path)?;
    let same = |(a, b): (std::fs::Metadata, std::fs::Metadata)| (a.dev(), a.ino()) == (b.dev(), b.ino());
    if file.metadata().ok().zip(part.symlink_metadata().ok()).is_some_and(same) {
        return Ok(());
    }
    let path = path.to_owned();
    Err(if path.exists() { StoreError::Exists { path } } else { StoreError::Locked { path } })
}

/// Gives the finished file its name unless somebody took it meanwhile.
fn place(part: &Path, path: &Path) -> Result<(), StoreError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, part, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::EXIST) => Err(StoreError::Exists { path: path.to_owned() }),
        // File systems without that flag: a hard link refuses to replace just the same.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            std::fs::hard_link(part, path).and_then(|()| std::fs::remove_file(part)).map_err(|e| {
                if e.kind() == io::ErrorKind::AlreadyExists {
                    StoreError::Exists { path: path.to_owned() }
                } else {
                    StoreError::io(path, "name the disc", e)
                }
            })
        }
        Err(e) => Err(StoreError::io(path, "name the disc", e.into())),
    }
}

/// Reads until `buf` is full or the file ends; the number of bytes read.
fn read_some(file: &File, buf: &mut [u8], at: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < buf.len() {
        match file.read_at(&mut buf[got..], at + got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests;
