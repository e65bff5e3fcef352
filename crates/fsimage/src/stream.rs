//! The image as a stream of bytes.

use std::io::{self, Read, Seek, SeekFrom};

use glassmaster_disc::{SECTOR, SECTOR_U64};

use crate::image::{Image, RenderState};

/// Reads an image from any position. A clone has its own position and starts at the same one.
pub struct ImageStream {
    image: Image,
    state: RenderState,
    position: u64,
    /// One sector, for reads that begin or end inside one, and its number.
    partial: Box<[u8; SECTOR]>,
    partial_at: Option<u32>,
}

impl ImageStream {
    pub(crate) fn new(image: Image) -> Self {
        Self {
            image,
            state: RenderState::default(),
            position: 0,
            partial: Box::new([0; SECTOR]),
            partial_at: None,
        }
    }

    fn render(&mut self, sector: u64, out: &mut [u8]) -> io::Result<()> {
        let start = self.image.inner.plan.regions.first().map_or(0, crate::plan::Region::start);
        let first = u32::try_from(sector + u64::from(start)).map_err(io::Error::other)?;
        self.image.inner.render(first, out, &mut self.state).map_err(io::Error::other)
    }
}

impl Clone for ImageStream {
    fn clone(&self) -> Self {
        Self { position: self.position, ..Self::new(self.image.clone()) }
    }
}

impl Read for ImageStream {
    /// Short only at the end of the image. An error carries the [`crate::Error`] and leaves the position unchanged.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.image.bytes().saturating_sub(self.position);
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        if len == 0 {
            return Ok(0);
        }
        let sector = self.position / SECTOR_U64;
        // Less than 2048.
        #[allow(clippy::cast_possible_truncation)]
        let inside = (self.position % SECTOR_U64) as usize;
        let n = if inside == 0 && len >= SECTOR {
            let whole = len - len % SECTOR;
            self.render(sector, &mut buf[..whole])?;
            whole
        } else {
            let number = u32::try_from(sector).map_err(io::Error::other)?;
            if self.partial_at != Some(number) {
                self.partial_at = None;
                let mut piece = std::mem::replace(&mut self.partial, Box::new([0; SECTOR]));
                let result = self.render(sector, &mut piece[..]);
                self.partial = piece;
                result?;
                self.partial_at = Some(number);
            }
            let n = len.min(SECTOR - inside);
            buf[..n].copy_from_slice(&self.partial[inside..inside + n]);
            n
        };
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for ImageStream {
    /// Positions past the end are allowed; reading there gives no bytes.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => self.image.bytes().checked_add_signed(n),
            SeekFrom::Current(n) => self.position.checked_add_signed(n),
        };
        self.position = target.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "seek to before the start of the image")
        })?;
        Ok(self.position)
    }
}
