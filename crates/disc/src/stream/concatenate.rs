//! One stream after the other.

use std::io;
use std::sync::Arc;

use super::{ByteStream, StreamError};

/// Several streams as one. Parts that change their size or bytes afterwards make its content undefined.
#[doc(alias = "IStreamConcatenate")]
#[doc(alias = "MsftStreamConcatenate")]
#[derive(Clone, Default)]
pub struct Concatenate {
    /// Each part with the position behind its last byte.
    parts: Vec<(Arc<dyn ByteStream>, u64)>,
}

impl Concatenate {
    /// Without parts.
    #[must_use]
    pub const fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// Takes its first parts.
    ///
    /// # Errors
    /// [`StreamError::Initialized`] when there are some, [`StreamError::Parts`] when none are given,
    /// [`StreamError::TooLong`].
    #[doc(alias = "Initialize")]
    #[doc(alias = "Initialize2")]
    pub fn initialize(&mut self, parts: &[Arc<dyn ByteStream>]) -> Result<(), StreamError> {
        if !self.parts.is_empty() {
            return Err(StreamError::Initialized);
        }
        if parts.is_empty() {
            return Err(StreamError::Parts);
        }
        self.append(parts)
    }

    /// Takes more parts. The original leaves this out.
    ///
    /// # Errors
    /// [`StreamError::TooLong`]; then nothing was added.
    #[doc(alias = "Append")]
    #[doc(alias = "Append2")]
    pub fn append(&mut self, parts: &[Arc<dyn ByteStream>]) -> Result<(), StreamError> {
        let mut end = self.size();
        let mut more = Vec::with_capacity(parts.len());
        for part in parts {
            end = end.checked_add(part.size()).ok_or(StreamError::TooLong)?;
            more.push((Arc::clone(part), end));
        }
        self.parts.append(&mut more);
        Ok(())
    }
}

impl std::fmt::Debug for Concatenate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.parts.iter().map(|(_, end)| end)).finish()
    }
}

impl ByteStream for Concatenate {
    fn size(&self) -> u64 {
        self.parts.last().map_or(0, |(_, end)| *end)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let first = self.parts.partition_point(|(_, end)| *end <= offset);
        let mut start = first.checked_sub(1).and_then(|n| self.parts.get(n)).map_or(0, |(_, end)| *end);
        let (mut at, mut done) = (offset, 0);
        for (part, end) in self.parts.get(first..).unwrap_or(&[]) {
            let room = usize::try_from(end - at).unwrap_or(usize::MAX).min(buf.len() - done);
            if room == 0 && done == buf.len() {
                break;
            }
            let got = part.read_at(at - start, &mut buf[done..done + room])?;
            done += got;
            if got < room {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a part has become shorter"));
            }
            at = at.saturating_add(u64::try_from(got).unwrap_or(0));
            start = *end;
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other() {
        let part = |bytes: &[u8]| -> Arc<dyn ByteStream> { Arc::new(bytes.to_vec()) };
        let mut stream = Concatenate::new();
        assert_eq!(stream.initialize(&[]), Err(StreamError::Parts));
        stream.initialize(&[part(b"abc"), part(b""), part(b"defg")]).unwrap();
        assert_eq!(stream.initialize(&[part(b"x")]), Err(StreamError::Initialized));
        stream.append(&[part(b"h")]).unwrap();
        let whole = b"abcdefgh";
        for from in 0..10u8 {
            for length in 0..10 {
                let mut buf = vec![0; length];
                let got = stream.read_at(from.into(), &mut buf).unwrap();
                let from = usize::from(from).min(8);
                assert_eq!(buf[..got], whole[from..(from + length).min(8)]);
            }
        }
        let vast: Arc<dyn ByteStream> = Arc::new(crate::stream::Zero::new(u64::MAX));
        assert_eq!(stream.append(&[vast]), Err(StreamError::TooLong));
        assert_eq!(stream.size(), 8);
    }
}
