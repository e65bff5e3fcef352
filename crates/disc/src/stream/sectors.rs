//! A stream as sectors.

use std::io;

use super::ByteStream;
use crate::{BlockSource, SECTOR_U64};

/// The whole sectors of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sectors<S>(pub S);

impl<S: ByteStream> BlockSource for Sectors<S> {
    fn block_count(&self) -> u64 {
        self.0.size() / SECTOR_U64
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.check_range(lba, buf.len())?;
        let got = self.0.read_at(lba.saturating_mul(SECTOR_U64), buf)?;
        if got < buf.len() {
            let text = format!("the stream ends inside the sectors from {lba} on");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::PseudoRandom;

    #[test]
    fn only_whole_sectors_count() {
        let sectors = Sectors(PseudoRandom::new(1, 3 * 2048 + 100));
        assert_eq!(sectors.block_count(), 3);
        let mut one = vec![0; 2048];
        sectors.read_blocks(2, &mut one).unwrap();
        let mut expected = vec![0; 2048];
        assert_eq!(sectors.0.read_at(4096, &mut expected).unwrap(), 2048);
        assert_eq!(one, expected);
        assert!(sectors.read_blocks(3, &mut one).is_err());
    }
}
