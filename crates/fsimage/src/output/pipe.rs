//! Sequential output: one thread renders ahead of the one that writes.

use std::io::Write;
use std::path::Path;
use std::sync::mpsc;

use glassmaster_disc::{SECTOR, SECTOR_U64};

use super::PIECE;
use crate::error::Error;
use crate::image::{Image, RenderState};
use crate::progress::{CancelHandle, Progress, ProgressSink};

/// Pieces that may be rendered and not yet written.
const RING: usize = 4;

impl Image {
    /// Writes the whole image to `out` in order. `name` is what messages call it.
    ///
    /// # Errors
    /// [`Error::Output`], [`Error::Cancelled`], whatever reading the sources gives. What was written before stays
    /// written.
    pub fn write_to(
        &self,
        out: &mut dyn Write,
        name: &Path,
        progress: ProgressSink<'_>,
        cancel: &CancelHandle,
    ) -> Result<(), Error> {
        let blocks = self.blocks();
        let total = u64::from(blocks) * SECTOR_U64;
        let start = self.inner.plan.regions.first().map_or(0, crate::plan::Region::start);
        std::thread::scope(|scope| {
            let (full_in, full_out) = mpsc::sync_channel::<Result<Vec<u8>, Error>>(RING);
            let (empty_in, empty_out) = mpsc::channel::<Vec<u8>>();
            for _ in 0..RING {
                // The receiver lives until the reader ends.
                let _ = empty_in.send(vec![0; PIECE]);
            }
            scope.spawn(move || {
                let mut state = RenderState::default();
                let mut at = 0;
                while at < blocks {
                    // No empty piece left and nobody to give one back: the writer has ended.
                    let Ok(mut piece) = empty_out.recv() else { return };
                    let n = ((blocks - at) as usize * SECTOR).min(PIECE);
                    piece.resize(n, 0);
                    let result = self.inner.render(start + at, &mut piece, &mut state).map(|()| piece);
                    let failed = result.is_err();
                    if full_in.send(result).is_err() || failed {
                        return;
                    }
                    at += crate::image::blocks_of(n);
                }
            });
            let mut done = 0;
            let result = (|| {
                while done < total {
                    if progress(Progress { done, total }).is_break() || cancel.is_cancelled() {
                        return Err(Error::Cancelled);
                    }
                    let Ok(piece) = full_out.recv() else { break };
                    let piece = piece?;
                    out.write_all(&piece).map_err(|e| Error::output(name, e))?;
                    done += piece.len() as u64;
                    // The reader may have finished.
                    let _ = empty_in.send(piece);
                }
                out.flush().map_err(|e| Error::output(name, e))?;
                let _ = progress(Progress { done, total });
                Ok(())
            })();
            // Lets a reader that waits for either end find nobody there.
            drop(empty_in);
            drop(full_out);
            result
        })
    }
}
