//! SHA-256 of a stream together with the hashes of its beginnings.
//!
//! The hash of every beginning of the stream (4 MiB, 8 MiB, ...) is kept. A reader that hashes the disc the same way
//! finds the first piece that differs without holding the data, and without reading the source again as long as all is
//! well.

use std::fmt;

use glassmaster_disc::SECTOR;
use sha2::{Digest as _, Sha256};

/// A SHA-256 value; prints as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Sum(pub [u8; 32]);

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Sectors between two kept hashes: 4 MiB, so that 128 GB need 1 MB of hashes.
pub(crate) const MARK_SECTORS: u64 = 2048;
const MARK_BYTES: usize = 2048 * SECTOR;

/// Hashes of a whole stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Digest {
    /// Hash of the first (n + 1) x [`MARK_SECTORS`] sectors; a shorter last piece has none of its own.
    pub(crate) marks: Vec<Sha256Sum>,
    pub(crate) whole: Sha256Sum,
}

/// Takes the stream in pieces of any size.
#[derive(Clone)]
pub(crate) struct DigestBuilder {
    hasher: Sha256,
    until_mark: usize,
    marks: Vec<Sha256Sum>,
}

impl DigestBuilder {
    pub(crate) fn new() -> Self {
        Self { hasher: Sha256::new(), until_mark: MARK_BYTES, marks: Vec::new() }
    }

    pub(crate) fn update(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let (now, later) = data.split_at(data.len().min(self.until_mark));
            self.hasher.update(now);
            self.until_mark -= now.len();
            if self.until_mark == 0 {
                self.marks.push(Sha256Sum(self.hasher.clone().finalize().into()));
                self.until_mark = MARK_BYTES;
            }
            data = later;
        }
    }

    /// Hashes of the beginnings seen so far.
    pub(crate) fn marks(&self) -> &[Sha256Sum] {
        &self.marks
    }

    pub(crate) fn finish(self) -> Digest {
        Digest { marks: self.marks, whole: Sha256Sum(self.hasher.finalize().into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 example "abc", from the published test vectors.
    #[test]
    fn the_published_vector() {
        let mut builder = DigestBuilder::new();
        builder.update(b"a");
        builder.update(b"bc");
        let digest = builder.finish();
        assert_eq!(
            digest.whole.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(digest.marks.is_empty());
    }

    #[test]
    fn pieces_of_any_size_give_the_same_marks() {
        let data: Vec<u8> = (0..MARK_BYTES * 2 + 5000).map(|i| u8::try_from(i % 253).unwrap()).collect();
        let digest_in = |piece: usize| {
            let mut builder = DigestBuilder::new();
            data.chunks(piece).for_each(|chunk| builder.update(chunk));
            builder.finish()
        };
        let one = digest_in(data.len());
        assert_eq!(one.marks.len(), 2);
        assert_eq!(one, digest_in(1_000_003));
        let mut first = DigestBuilder::new();
        first.update(&data[..MARK_BYTES]);
        assert_eq!(first.finish().whole, one.marks[0]);
    }
}
