//! The stream of a result.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use glassmaster_disc::{BlockRangeList, BlockSource, HResult, SECTOR, SECTOR_U64};

use super::Inner;
use crate::code::Failure;
use crate::error::Error;

/// Bytes that are copied at once.
const PIECE: usize = 256 * 1024;

/// Reads a result from any position. Streams that [`ImageResult::image_stream`](super::ImageResult::image_stream) gives are
/// one object with one position; a clone has its own and starts at the same. Any of them keeps the result alive, and with
/// it the read-only state of the image.
#[doc(alias = "IStream")]
#[doc(alias = "FsiStream")]
pub struct ResultStream {
    result: Arc<Inner>,
    cursor: Arc<Mutex<Cursor>>,
}

/// What a stream tells about itself.
#[doc(alias = "STATSTG")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamStat {
    /// What it is: 2, a stream.
    #[doc(alias = "STGTY_STREAM")]
    pub kind: u32,
    /// Bytes: blocks times 2048.
    #[doc(alias = "cbSize")]
    pub size: u64,
    /// Access: 0, reading.
    #[doc(alias = "grfMode")]
    pub mode: u32,
}

impl ResultStream {
    pub(super) fn shared(result: Arc<Inner>, cursor: Arc<Mutex<Cursor>>) -> Self {
        Self { result, cursor }
    }

    fn cursor(&self) -> MutexGuard<'_, Cursor> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes from the first to the last.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::from(self.result.total_blocks) * SECTOR_U64
    }

    /// What the stream is; `flag` 0 or 1, as streams without a name have nothing that could be left out.
    ///
    /// # Errors
    /// `STG_E_INVALIDFUNCTION` for other flags.
    #[doc(alias = "Stat")]
    pub fn stat(&self, flag: u32) -> Result<StreamStat, Error> {
        if flag > 1 {
            return Err(Failure::new(HResult::STORAGE_INVALID_FUNCTION).into());
        }
        Ok(StreamStat { kind: 2, size: self.size(), mode: 0 })
    }

    /// Copies up to `bytes` bytes from the position on to `out`, and gives how many; the position moves as far.
    ///
    /// # Errors
    /// What reading and writing give. What was copied before stays copied, and the position behind it.
    #[doc(alias = "CopyTo")]
    pub fn copy_to(&mut self, out: &mut dyn Write, bytes: u64) -> io::Result<u64> {
        let mut buffer = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX).min(PIECE)];
        let mut done = 0;
        while done < bytes {
            let want = usize::try_from(bytes - done).unwrap_or(usize::MAX).min(buffer.len());
            let (at, n) = {
                let mut cursor = self.cursor();
                (cursor.position, cursor.read(&mut buffer[..want])?)
            };
            if n == 0 {
                break;
            }
            // The output is the caller's and may look at this stream.
            if let Err(e) = out.write_all(&buffer[..n]) {
                self.cursor().position = at;
                return Err(e);
            }
            done += n as u64;
        }
        Ok(done)
    }

    /// The blocks that differ from what is on the disc, as
    /// [`ImageResult::modified_blocks`](super::ImageResult::modified_blocks).
    ///
    /// # Errors
    /// `E_NOTIMPL` when every block has to be written.
    #[doc(alias = "BlockRanges")]
    pub fn modified_blocks(&self) -> Result<BlockRangeList, Error> {
        self.result.modified_blocks()
    }
}

impl Clone for ResultStream {
    fn clone(&self) -> Self {
        let position = self.cursor().position;
        let cursor = Cursor { position, ..Cursor::new(self.result.planned.source()) };
        Self { result: Arc::clone(&self.result), cursor: Arc::new(Mutex::new(cursor)) }
    }
}

impl Read for ResultStream {
    /// Short only at the end. An error carries the [`Error`] and leaves the position unchanged.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.cursor().read_full(buf)
    }
}

impl Seek for ResultStream {
    /// Positions past the end are allowed; reading there gives no bytes.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let size = self.size();
        let mut cursor = self.cursor();
        let target = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => size.checked_add_signed(n),
            SeekFrom::Current(n) => cursor.position.checked_add_signed(n),
        };
        cursor.position = target.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "seek to before the start of the image")
        })?;
        Ok(cursor.position)
    }
}

/// Source and position of one stream.
pub(super) struct Cursor {
    source: Arc<dyn BlockSource>,
    position: u64,
    /// One sector, for reads that begin or end inside one, and its number.
    partial: Box<[u8; SECTOR]>,
    partial_at: Option<u64>,
}

impl Cursor {
    pub(super) fn new(source: Arc<dyn BlockSource>) -> Self {
        Self { source, position: 0, partial: Box::new([0; SECTOR]), partial_at: None }
    }

    fn read_full(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let start = self.position;
        let mut done = 0;
        while done < buf.len() {
            match self.read(&mut buf[done..]) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) => {
                    self.position = start;
                    return Err(e);
                }
            }
        }
        Ok(done)
    }

    /// The rest of a sector, or as many whole ones as there are; nothing at the end.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let end = self.source.block_count().saturating_mul(SECTOR_U64);
        let left = usize::try_from(end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let len = left.min(buf.len());
        if len == 0 {
            return Ok(0);
        }
        let sector = self.position / SECTOR_U64;
        let inside = usize::try_from(self.position % SECTOR_U64).map_err(io::Error::other)?;
        let n = if inside == 0 && len >= SECTOR {
            let whole = len - len % SECTOR;
            self.source.read_blocks(sector, &mut buf[..whole])?;
            whole
        } else {
            if self.partial_at != Some(sector) {
                self.partial_at = None;
                self.source.read_blocks(sector, &mut self.partial[..])?;
                self.partial_at = Some(sector);
            }
            let n = len.min(SECTOR - inside);
            buf[..n].copy_from_slice(&self.partial[inside..inside + n]);
            n
        };
        self.position += n as u64;
        Ok(n)
    }
}

/// Blocks that keep their result alive.
pub(super) struct Held {
    pub(super) source: Arc<dyn BlockSource>,
    pub(super) _result: Arc<Inner>,
}

impl BlockSource for Held {
    fn block_count(&self) -> u64 {
        self.source.block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.source.read_blocks(lba, buf)
    }
}
