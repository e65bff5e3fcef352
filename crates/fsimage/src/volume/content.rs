//! The bytes of a file of a volume.

use std::io;

use glassmaster_disc::{BlockSource, Extent, SECTOR, SECTOR_U64};
use glassmaster_tree::{Content, Entry};

/// Sectors read ahead for files smaller than that: neighbours in a directory are neighbours on the disc.
const WINDOW: usize = 64 * 1024;

/// Reads contents, keeping a window of sectors so that runs of small files take few reads. One per thread.
#[derive(Default)]
pub(crate) struct ContentReader {
    window: Vec<u8>,
    window_at: u64,
}

impl ContentReader {
    /// Hands the recorded bytes of `entry` to `write`, in order, with their offset in the file; pieces that are not
    /// recorded are passed over. The error is a sentence for people.
    pub(crate) fn copy(
        &mut self,
        source: &dyn BlockSource,
        entry: &Entry,
        buffer: &mut [u8],
        write: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> Result<(), String> {
        let extents = match &entry.content {
            Content::Inline(bytes) => {
                if bytes.len() as u64 != entry.size {
                    return Err(format!(
                        "its length is {}, but {} bytes are recorded",
                        entry.size,
                        bytes.len()
                    ));
                }
                return write(0, bytes).map_err(|e| e.to_string());
            }
            Content::Extents(list) => list,
        };
        let total = extents.iter().map(|e| e.bytes).fold(0, u64::saturating_add);
        if total != entry.size {
            return Err(format!("its length is {}, but its extents hold {total} bytes", entry.size));
        }
        let mut offset = 0;
        for Extent { lba, bytes } in extents {
            if let Some(lba) = lba {
                self.extent(source, u64::from(*lba), *bytes, buffer, &mut |at, piece| {
                    write(offset + at, piece)
                })?;
            }
            offset += bytes;
        }
        Ok(())
    }

    /// Fills `out` with the bytes of `entry` from `offset` on; pieces that are not recorded are zeros.
    pub(crate) fn piece(
        &mut self,
        source: &dyn BlockSource,
        entry: &Entry,
        offset: u64,
        out: &mut [u8],
    ) -> Result<(), String> {
        let end = offset + out.len() as u64;
        let extents = match &entry.content {
            Content::Inline(bytes) => {
                let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
                let bytes = range.and_then(|(from, to)| bytes.get(from..to));
                out.copy_from_slice(bytes.ok_or("less is recorded than its length says")?);
                return Ok(());
            }
            Content::Extents(list) => list,
        };
        let mut start = 0u64;
        let mut filled = 0u64;
        for Extent { lba, bytes } in extents {
            let stop = start.saturating_add(*bytes);
            let (from, to) = (offset.max(start), end.min(stop));
            if from < to {
                let index = |n: u64| usize::try_from(n - offset).unwrap_or(usize::MAX);
                let part = &mut out[index(from)..index(to)];
                match lba {
                    Some(lba) => self.read(source, u64::from(*lba), from - start, part)?,
                    None => part.fill(0),
                }
                filled += to - from;
            }
            start = stop;
        }
        if filled == end - offset {
            Ok(())
        } else {
            Err("its extents are shorter than its length".to_owned())
        }
    }

    /// Bytes from `offset` on in a run of sectors.
    fn read(
        &mut self,
        source: &dyn BlockSource,
        lba: u64,
        offset: u64,
        mut out: &mut [u8],
    ) -> Result<(), String> {
        let mut at = offset;
        while !out.is_empty() {
            let sector = lba + at / SECTOR_U64;
            let inside = usize::try_from(at % SECTOR_U64).unwrap_or(0);
            let n = if inside == 0 && out.len() > WINDOW / 2 {
                let n = out.len() - out.len() % SECTOR;
                let read = source.read_blocks(sector, &mut out[..n]);
                read.map_err(|e| format!("sectors from {sector} on cannot be read: {e}"))?;
                n
            } else {
                let n = out.len().min(WINDOW / 2 - inside);
                let bytes = self.window(source, sector, inside + n)?;
                out[..n].copy_from_slice(&bytes[inside..]);
                n
            };
            out = &mut out[n..];
            at += n as u64;
        }
        Ok(())
    }

    fn extent(
        &mut self,
        source: &dyn BlockSource,
        lba: u64,
        bytes: u64,
        buffer: &mut [u8],
        write: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> Result<(), String> {
        let mut done = 0;
        while done < bytes {
            let at = lba + done / SECTOR_U64;
            let left = usize::try_from(bytes - done).unwrap_or(usize::MAX);
            let piece = if left <= WINDOW / 2 {
                self.window(source, at, left)?
            } else {
                let n = left.min(buffer.len());
                let sectors = n.next_multiple_of(SECTOR);
                source
                    .read_blocks(at, &mut buffer[..sectors])
                    .map_err(|e| format!("sectors from {at} on cannot be read: {e}"))?;
                &buffer[..n]
            };
            write(done, piece).map_err(|e| e.to_string())?;
            done += piece.len() as u64;
        }
        Ok(())
    }

    /// `len` bytes from sector `at` on, by way of the window.
    fn window(&mut self, source: &dyn BlockSource, at: u64, len: usize) -> Result<&[u8], String> {
        let sectors = len.div_ceil(SECTOR) as u64;
        let have = (self.window.len() / SECTOR) as u64;
        if at < self.window_at || at + sectors > self.window_at + have {
            let end = source.block_count();
            if at.checked_add(sectors).is_none_or(|last| last > end) {
                return Err(format!("sectors from {at} on lie past the end of the volume"));
            }
            let want = ((WINDOW / SECTOR) as u64).min(end - at);
            self.window.resize(usize::try_from(want).unwrap_or(0) * SECTOR, 0);
            self.window_at = at;
            if source.read_blocks(at, &mut self.window).is_err() {
                // A bad sector in the window need not be one of these.
                self.window.resize(usize::try_from(sectors).unwrap_or(0) * SECTOR, 0);
                if let Err(e) = source.read_blocks(at, &mut self.window) {
                    self.window.clear();
                    return Err(format!("sectors from {at} on cannot be read: {e}"));
                }
            }
        }
        let start = usize::try_from(at - self.window_at).unwrap_or(0) * SECTOR;
        Ok(&self.window[start..start + len])
    }
}
