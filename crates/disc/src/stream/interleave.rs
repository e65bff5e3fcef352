//! Streams that take turns.

use std::io;
use std::sync::Arc;

use super::{ByteStream, StreamError};

/// So many bytes of the first stream, so many of the second, and over again. A stream that is at its end is left out; the
/// others go on.
#[doc(alias = "IStreamInterleave")]
#[doc(alias = "MsftStreamInterleave")]
#[derive(Clone, Default)]
pub struct Interleave {
    parts: Vec<(Arc<dyn ByteStream>, u32)>,
    size: u64,
}

impl Interleave {
    /// Without parts.
    #[must_use]
    pub const fn new() -> Self {
        Self { parts: Vec::new(), size: 0 }
    }

    /// Takes its parts, each with the bytes it gives at a turn.
    ///
    /// # Errors
    /// [`StreamError::Initialized`], [`StreamError::Parts`], [`StreamError::TooLong`].
    #[doc(alias = "Initialize")]
    pub fn initialize(&mut self, parts: &[(Arc<dyn ByteStream>, u32)]) -> Result<(), StreamError> {
        if !self.parts.is_empty() {
            return Err(StreamError::Initialized);
        }
        if parts.is_empty() || parts.iter().any(|(_, turn)| *turn == 0) {
            return Err(StreamError::Parts);
        }
        let size = parts.iter().try_fold(0u64, |sum, (part, _)| sum.checked_add(part.size()));
        self.size = size.ok_or(StreamError::TooLong)?;
        self.parts = parts.to_vec();
        Ok(())
    }

    /// Bytes that all parts have given after so many whole rounds.
    fn after(&self, rounds: u64) -> u64 {
        self.parts
            .iter()
            .map(|(part, turn)| rounds.saturating_mul(u64::from(*turn)).min(part.size()))
            .fold(0, u64::saturating_add)
    }

    /// The last round that begins at or before `offset`.
    fn round_of(&self, offset: u64) -> u64 {
        let longest = self.parts.iter().map(|(part, turn)| part.size().div_ceil(u64::from(*turn))).max();
        let (mut low, mut high) = (0, longest.unwrap_or(0));
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.after(middle) <= offset { low = middle } else { high = middle - 1 }
        }
        low
    }
}

impl std::fmt::Debug for Interleave {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.parts.iter().map(|(part, turn)| (part.size(), turn))).finish()
    }
}

impl ByteStream for Interleave {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if offset >= self.size || buf.is_empty() {
            return Ok(0);
        }
        let mut round = self.round_of(offset);
        let mut skip = offset - self.after(round);
        let mut done = 0;
        // A round in which nobody has anything left is the end.
        while done < buf.len() && self.after(round) < self.size {
            for (part, turn) in &self.parts {
                let from = round.saturating_mul(u64::from(*turn)).min(part.size());
                let turn = u64::from(*turn).min(part.size() - from);
                let skipped = skip.min(turn);
                skip -= skipped;
                let room = usize::try_from(turn - skipped).unwrap_or(usize::MAX).min(buf.len() - done);
                if room == 0 {
                    continue;
                }
                let got = part.read_at(from + skipped, &mut buf[done..done + room])?;
                if got < room {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a part has become shorter"));
                }
                done += got;
            }
            round += 1;
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_take_turns_and_the_longest_goes_on_alone() {
        let part = |bytes: &[u8], turn| -> (Arc<dyn ByteStream>, u32) { (Arc::new(bytes.to_vec()), turn) };
        let mut stream = Interleave::new();
        assert_eq!(stream.initialize(&[]), Err(StreamError::Parts));
        assert_eq!(stream.initialize(&[part(b"a", 0)]), Err(StreamError::Parts));
        stream.initialize(&[part(b"abcde", 2), part(b"1", 3), part(b"UVWXYZ", 1)]).unwrap();
        assert_eq!(stream.initialize(&[part(b"a", 1)]), Err(StreamError::Initialized));
        let whole = b"ab1UcdVeWXYZ";
        assert_eq!(stream.size(), 12);
        for from in 0..14u8 {
            for length in 0..14 {
                let mut buf = vec![0; length];
                let got = stream.read_at(from.into(), &mut buf).unwrap();
                let from = usize::from(from).min(12);
                assert_eq!(buf[..got], whole[from..(from + length).min(12)], "{from}, {length}");
            }
        }
    }
}
