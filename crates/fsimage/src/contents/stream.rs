//! Streams that callers give as contents.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use crate::host::Mismatch;

/// A stream given as a content; clones are the same stream. Of the caller's object only reading, seeking and asking for
/// the length are used, its position is not relied on, and nothing of it is used at the same time by two threads.
#[doc(alias = "IStream")]
#[derive(Clone)]
pub struct DataStream(Source);

#[derive(Clone)]
enum Source {
    Bytes(Arc<[u8]>),
    Stream(Arc<Mutex<dyn Positioned>>),
}

trait Positioned: Read + Seek + Send {}
impl<T: Read + Seek + Send> Positioned for T {}

impl DataStream {
    /// A stream: an open file, a buffer with a position, an object of a script behind an adapter. Its length is where
    /// seeking to the end leads.
    #[must_use]
    pub fn new(stream: impl Read + Seek + Send + 'static) -> Self {
        Self(Source::Stream(Arc::new(Mutex::new(stream))))
    }

    /// Bytes in memory.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(Source::Bytes(bytes.into()))
    }

    /// Length in bytes as the stream tells it now.
    ///
    /// # Errors
    /// What seeking gives.
    #[doc(alias = "Stat")]
    pub fn size(&self) -> io::Result<u64> {
        match &self.0 {
            Source::Bytes(bytes) => Ok(bytes.len() as u64),
            Source::Stream(stream) => {
                stream.lock().unwrap_or_else(PoisonError::into_inner).seek(SeekFrom::End(0))
            }
        }
    }

    /// Fills `out` with what there is from `offset` on; the number of bytes, less than asked for only at the end.
    ///
    /// # Errors
    /// What seeking and reading give.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        match &self.0 {
            Source::Bytes(bytes) => {
                let mut cursor = Cursor::new(bytes);
                cursor.set_position(offset);
                cursor.read(out)
            }
            Source::Stream(stream) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                stream.seek(SeekFrom::Start(offset))?;
                read_full(&mut *stream, out)
            }
        }
    }

    /// Does `work`, after which the caller's stream stands where it stood before.
    pub(crate) fn keeping_position<T>(&self, work: impl FnOnce() -> T) -> T {
        let Source::Stream(stream) = &self.0 else { return work() };
        let lock = || stream.lock().unwrap_or_else(PoisonError::into_inner);
        let before = lock().stream_position();
        let done = work();
        if let Ok(before) = before {
            // The work has found out already if the stream no longer seeks.
            let _ = lock().seek(SeekFrom::Start(before));
        }
        done
    }

    /// Fills `out` from a stream that has to be `size` bytes long, no fewer and no more.
    pub(super) fn read_exact_at(&self, size: u64, offset: u64, out: &mut [u8]) -> Result<(), Mismatch> {
        let n = self.read_at(offset, out).map_err(Mismatch::Unreadable)?;
        let end = offset + n as u64;
        if n < out.len() {
            return Err(Mismatch::Length { expected: size, found: end });
        }
        // At its end a stream has to have nothing more; one in memory cannot have changed.
        if end == size && matches!(self.0, Source::Stream(_)) {
            let more = self.read_at(size, &mut [0]).map_err(Mismatch::Unreadable)?;
            if more > 0 {
                let found = self.size().unwrap_or(0).max(size + 1);
                return Err(Mismatch::Length { expected: size, found });
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for DataStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Source::Bytes(bytes) => write!(f, "DataStream({} bytes in memory)", bytes.len()),
            Source::Stream(_) => f.write_str("DataStream(of the caller)"),
        }
    }
}

/// Reads until `out` is full or the stream ends.
fn read_full(stream: &mut dyn Positioned, out: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < out.len() {
        match stream.read(&mut out[done..]) {
            Ok(0) => break,
            // A broken stream may claim more than it was given room for.
            Ok(n) => done = out.len().min(done + n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says 10 bytes and gives another number of them.
    struct Lying(Cursor<Vec<u8>>);

    impl Read for Lying {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            // Short reads on the way.
            let n = buf.len().min(3);
            self.0.read(&mut buf[..n])
        }
    }

    impl Seek for Lying {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            if matches!(to, SeekFrom::End(_)) { Ok(10) } else { self.0.seek(to) }
        }
    }

    #[test]
    fn streams_give_as_many_bytes_as_they_said() {
        for (there, ok) in [(10, true), (9, false), (11, false)] {
            let bytes: Vec<u8> = (0..there).collect();
            let stream = DataStream::new(Lying(Cursor::new(bytes)));
            assert_eq!(stream.size().unwrap(), 10);
            let mut out = [0; 6];
            stream.read_exact_at(10, 1, &mut out).unwrap();
            assert_eq!(out, [1, 2, 3, 4, 5, 6]);
            match stream.read_exact_at(10, 4, &mut out) {
                Ok(()) => assert!(ok),
                Err(Mismatch::Length { expected: 10, found }) => assert_eq!(found, u64::from(there)),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn bytes_in_memory_end_where_they_end() {
        let stream = DataStream::from_bytes(vec![1, 2, 3]);
        let mut out = [0; 4];
        assert_eq!(stream.read_at(1, &mut out).unwrap(), 2);
        assert_eq!(stream.read_at(9, &mut out).unwrap(), 0);
        assert_eq!(stream.size().unwrap(), 3);
    }
}
