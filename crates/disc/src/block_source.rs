//! Sectors by number: an image file, a rendered image, a disc in a drive.

use std::io;

use crate::SECTOR;

/// Anything that can be read in sectors of 2048 bytes, in any order, from any thread.
///
/// Implementations keep no visible position: the same range always gives the same bytes.
pub trait BlockSource: Send + Sync {
    /// Number of readable sectors.
    fn block_count(&self) -> u64;

    /// Fills `buf` with the sectors from `lba` on.
    ///
    /// # Errors
    /// `InvalidInput` when `buf` is not a multiple of 2048 bytes; `UnexpectedEof` when the range passes the
    /// end; otherwise what the device or file reported, with the address in its text. On an error the content
    /// of `buf` is unspecified.
    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()>;

    /// Checks a request against the rules of [`BlockSource::read_blocks`]; for implementations.
    ///
    /// # Errors
    /// The first two cases of [`BlockSource::read_blocks`].
    fn check_range(&self, lba: u64, len: usize) -> io::Result<()> {
        if !len.is_multiple_of(SECTOR) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("read of {len} bytes at sector {lba}: not a multiple of {SECTOR} bytes"),
            ));
        }
        let blocks = (len / SECTOR) as u64;
        match lba.checked_add(blocks) {
            Some(end) if end <= self.block_count() => Ok(()),
            _ => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "sectors {lba} to {} lie past the end: there are {} sectors",
                    lba.saturating_add(blocks).saturating_sub(1),
                    self.block_count()
                ),
            )),
        }
    }
}

impl BlockSource for [u8] {
    fn block_count(&self) -> u64 {
        (self.len() / SECTOR) as u64
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.check_range(lba, buf.len())?;
        let start = usize::try_from(lba).map_err(io::Error::other)? * SECTOR;
        buf.copy_from_slice(&self[start..start + buf.len()]);
        Ok(())
    }
}

impl BlockSource for Vec<u8> {
    fn block_count(&self) -> u64 {
        self.as_slice().block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.as_slice().read_blocks(lba, buf)
    }
}

impl<T: BlockSource + ?Sized> BlockSource for &T {
    fn block_count(&self) -> u64 {
        (**self).block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).read_blocks(lba, buf)
    }
}

impl<T: BlockSource + ?Sized> BlockSource for Box<T> {
    fn block_count(&self) -> u64 {
        (**self).block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).read_blocks(lba, buf)
    }
}

impl<T: BlockSource + ?Sized> BlockSource for std::sync::Arc<T> {
    fn block_count(&self) -> u64 {
        (**self).block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).read_blocks(lba, buf)
    }
}
