//! Streams of bytes that can be read anywhere, and the ones that programs put together for tests and for images of parts.
//!
//! All of them can only be read. A [`Sectors`] makes a stream a source of sectors for the writers.

mod concatenate;
mod interleave;
mod pseudo_random;
mod sectors;
mod zero;

use std::io;

pub use concatenate::Concatenate;
pub use interleave::Interleave;
pub use pseudo_random::PseudoRandom;
pub use sectors::Sectors;
pub use zero::Zero;

use crate::HResult;

/// Bytes by position; the same range always gives the same bytes.
pub trait ByteStream: Send + Sync {
    /// Size in bytes.
    fn size(&self) -> u64;

    /// Fills `buf` with the bytes from `offset` on, as far as the stream goes, and says how many there were. Fewer than asked for
    /// come only at the end.
    ///
    /// # Errors
    /// What the file or device behind it says.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;
}

impl ByteStream for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|at| self.get(at..)).unwrap_or(&[]);
        let moved = rest.len().min(buf.len());
        buf[..moved].copy_from_slice(&rest[..moved]);
        Ok(moved)
    }
}

impl ByteStream for Vec<u8> {
    fn size(&self) -> u64 {
        self.as_slice().size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buf)
    }
}

impl<T: ByteStream + ?Sized> ByteStream for std::sync::Arc<T> {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buf)
    }
}

/// Why a stream was not put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A stream is put together once.
    #[error("the stream has been put together already")]
    Initialized,
    /// No streams, or more sizes than streams, or a size of 0.
    #[error("every part needs a size above 0, and there has to be one part at least")]
    Parts,
    /// All parts together have more bytes than can be counted.
    #[error("the parts have more than 2^64 bytes together")]
    TooLong,
    /// The generator of pseudo-random bytes has a seed of 32 bits only.
    #[error("the generator takes no seed of more than 32 bits")]
    ExtendedSeed,
}

impl StreamError {
    /// IMAPI's result code.
    #[must_use]
    pub const fn hresult(self) -> HResult {
        match self {
            Self::Initialized | Self::Parts | Self::TooLong => HResult::INVALID_ARGUMENT,
            Self::ExtendedSeed => HResult::NOT_IMPLEMENTED,
        }
    }
}
