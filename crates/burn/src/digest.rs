//! SHA-256 of a stream, for people, together with BLAKE3 hashes of its pieces, for reading back.
//!
//! A disc whose pieces have the hashes of those that were sent holds what was sent, and so has its SHA-256: that slower one
//! is taken once. A piece that differs is found without holding the data, and without reading the source again as long as
//! all is well.

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

/// Sectors of a piece: 4 MiB, so that 128 GB need 1 MB of hashes.
pub(crate) const PIECE_SECTORS: u64 = 2048;
const PIECE_BYTES: usize = 2048 * SECTOR;

/// BLAKE3 hash of a piece.
pub(crate) type PieceHash = [u8; 32];

/// Hashes of a whole stream.
pub(crate) struct Digest {
    /// One for each [`PIECE_SECTORS`] sectors, and one for what is left.
    pub(crate) pieces: Vec<PieceHash>,
    /// SHA-256 as it stood after each complete piece.
    after: Vec<Sha256>,
    pub(crate) whole: Sha256Sum,
}

impl Digest {
    /// SHA-256 of the first `pieces` pieces, to be gone on with.
    pub(crate) fn up_to(&self, pieces: usize) -> Sha256 {
        pieces.checked_sub(1).and_then(|last| self.after.get(last)).cloned().unwrap_or_default()
    }
}

/// Takes the pieces of a stream, cut anywhere.
#[derive(Clone, Default)]
pub(crate) struct PieceHasher {
    hasher: blake3::Hasher,
    /// Bytes of the piece that is not complete.
    begun: usize,
    pieces: Vec<PieceHash>,
}

impl PieceHasher {
    /// Takes as much of `data` as belongs to one piece, and gives back the rest. `true` when that completed the piece.
    fn update_piece<'d>(&mut self, data: &'d [u8]) -> (bool, &'d [u8]) {
        let (now, later) = data.split_at(data.len().min(PIECE_BYTES - self.begun));
        self.hasher.update(now);
        self.begun += now.len();
        let complete = self.begun == PIECE_BYTES;
        if complete {
            self.end_piece();
        }
        (complete, later)
    }

    pub(crate) fn update(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            data = self.update_piece(data).1;
        }
    }

    fn end_piece(&mut self) {
        self.pieces.push(*self.hasher.finalize().as_bytes());
        self.hasher.reset();
        self.begun = 0;
    }

    /// Hashes of the pieces that are complete.
    pub(crate) fn pieces(&self) -> &[PieceHash] {
        &self.pieces
    }

    /// Hashes of all pieces, a last incomplete one too.
    pub(crate) fn finish(mut self) -> Vec<PieceHash> {
        if self.begun > 0 {
            self.end_piece();
        }
        self.pieces
    }
}

/// Takes the stream, cut anywhere.
#[derive(Clone, Default)]
pub(crate) struct DigestBuilder {
    whole: Sha256,
    after: Vec<Sha256>,
    pieces: PieceHasher,
}

impl DigestBuilder {
    pub(crate) fn update(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let (complete, later) = self.pieces.update_piece(data);
            self.whole.update(data.get(..data.len() - later.len()).unwrap_or_default());
            if complete {
                self.after.push(self.whole.clone());
            }
            data = later;
        }
    }

    pub(crate) fn finish(self) -> Digest {
        let whole = Sha256Sum(self.whole.finalize().into());
        Digest { pieces: self.pieces.finish(), after: self.after, whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 example "abc", and the hash of "abc" by BLAKE3 as its authors' `b3sum` prints it.
    #[test]
    fn the_published_vectors() {
        let mut builder = DigestBuilder::default();
        builder.update(b"a");
        builder.update(b"bc");
        let digest = builder.finish();
        assert_eq!(
            digest.whole.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let [piece] = digest.pieces.as_slice() else { panic!("one piece") };
        assert_eq!(
            Sha256Sum(*piece).to_string(),
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
        );
        assert!(DigestBuilder::default().finish().pieces.is_empty());
    }

    #[test]
    fn the_same_stream_cut_anywhere_has_the_same_pieces() {
        let data: Vec<u8> = (0..PIECE_BYTES * 2 + 5000).map(|i| u8::try_from(i % 253).unwrap()).collect();
        let digest_in = |piece: usize| {
            let mut builder = DigestBuilder::default();
            data.chunks(piece).for_each(|chunk| builder.update(chunk));
            builder.finish()
        };
        let one = digest_in(data.len());
        assert_eq!(one.pieces.len(), 3);
        let other = digest_in(1_000_003);
        assert_eq!((one.whole, &one.pieces), (other.whole, &other.pieces));
        for (pieces, before) in [(0, 0), (1, PIECE_BYTES), (2, 2 * PIECE_BYTES)] {
            let mut rest = other.up_to(pieces);
            rest.update(&data[before..]);
            assert_eq!(Sha256Sum(rest.finalize().into()), one.whole, "{pieces}");
        }
        // A piece has its hash from its own bytes alone.
        let mut last = PieceHasher::default();
        last.update(&data[2 * PIECE_BYTES..]);
        assert!(last.pieces().is_empty());
        assert_eq!(last.finish(), one.pieces[2..]);
    }
}
