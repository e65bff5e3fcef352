//! Zeros take no room: a stretch of the disc file that is known to read as zeros need not be written or read.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use glassmaster_disc::SECTOR;
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};

/// Shorter runs of zeros among other data are written like it: a hole for each would break the file to pieces and
/// cost more calls than it saves.
const SHORTEST: usize = 8 * SECTOR;

/// Whether all bytes are zeros. Compared block by block: what is not zero shows in the first.
pub(super) fn is_zero(data: &[u8]) -> bool {
    const ZERO: [u8; SECTOR] = [0; SECTOR];
    data.chunks(SECTOR).all(|piece| ZERO.get(..piece.len()) == Some(piece))
}

/// Lengths of the runs that `data` consists of, in order, each with whether it is zeros that are worth a hole.
pub(super) fn runs(data: &[u8]) -> Vec<(bool, usize)> {
    let mut runs: Vec<(bool, usize)> = Vec::with_capacity(1);
    for piece in data.chunks(SECTOR) {
        let zero = is_zero(piece);
        match runs.last_mut() {
            Some((kind, len)) if *kind == zero => *len += piece.len(),
            _ => runs.push((zero, piece.len())),
        }
    }
    if runs.len() > 1 && runs.iter().any(|(zero, len)| *zero && *len < SHORTEST) {
        let mut kept: Vec<(bool, usize)> = Vec::with_capacity(runs.len());
        for (zero, len) in runs {
            let zero = zero && len >= SHORTEST;
            match kept.last_mut() {
                Some((kind, have)) if *kind == zero => *have += len,
                _ => kept.push((zero, len)),
            }
        }
        return kept;
    }
    runs
}

/// A stretch of the file that reads as zeros, as byte offsets; empty when none is known. It holds as long as nobody
/// else writes the file, which the lock on it sees to.
#[derive(Debug, Default)]
pub(super) struct Blank(Range<u64>);

impl Blank {
    /// Whether `from..to` is known to read as zeros.
    pub(super) fn knows(&self, from: u64, to: u64) -> bool {
        self.0.start <= from && to <= self.0.end
    }

    /// Asks the file how far it holds nothing from `from` on, `end` being where it ends. A file system that cannot
    /// tell says that there is data everywhere.
    pub(super) fn look(&mut self, file: &File, from: u64, end: u64) {
        let data = match seek(file, SeekFrom::Data(from)) {
            Ok(at) => at,
            Err(rustix::io::Errno::NXIO) => end,
            Err(_) => from,
        };
        if data > from {
            self.0 = from..data.min(end);
        }
    }

    /// `from..to` has been made a hole.
    pub(super) fn punched(&mut self, from: u64, to: u64) {
        if from <= self.0.end && to >= self.0.start {
            self.0 = self.0.start.min(from)..self.0.end.max(to);
        } else {
            self.0 = from..to;
        }
    }

    /// `from..to` is about to be written; the longer part of what it leaves is kept.
    pub(super) fn written(&mut self, from: u64, to: u64) {
        let Range { start, end } = self.0;
        if to <= start || from >= end {
            return;
        }
        let (before, after) = (from.saturating_sub(start), end.saturating_sub(to));
        self.0 = if before > after { start..from } else { to.min(end)..end };
    }

    /// Makes `from..to` read as zeros: nothing is done where it does, and what holds data becomes a hole, where the
    /// file system can, or zeros.
    pub(super) fn clear(&mut self, file: &File, from: u64, to: u64, end: u64) -> io::Result<()> {
        const PIECE: u64 = 1 << 20;
        if from >= to || self.knows(from, to) {
            return Ok(());
        }
        self.look(file, from, end);
        if self.knows(from, to) {
            return Ok(());
        }
        if punch(file, from, to - from)? {
            self.punched(from, to);
            return Ok(());
        }
        let piece = usize::try_from(PIECE.min(to - from)).map_err(io::Error::other)?;
        let zeros = vec![0; piece];
        let mut at = from;
        while at < to {
            let now = usize::try_from((to - at).min(PIECE)).map_err(io::Error::other)?;
            file.write_all_at(zeros.get(..now).unwrap_or_default(), at)?;
            at = at.saturating_add(now as u64);
        }
        Ok(())
    }
}

/// Gives the storage of a stretch back; false when the file system cannot.
pub(super) fn punch(file: &File, offset: u64, len: u64) -> io::Result<bool> {
    match fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, offset, len) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS | rustix::io::Errno::INVAL) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_the_data_and_leave_short_zeros_among_it() {
        let data = |sectors: &[u8]| -> Vec<u8> { sectors.iter().flat_map(|b| [*b; SECTOR]).collect() };
        // Sectors as bytes, and the runs as sectors: negative ones are data.
        let cases: [(&[u8], &[i64]); 7] = [
            (&[0], &[1]),
            (&[1], &[-1]),
            (&[1, 0, 1], &[-3]),
            (&[0, 0, 1], &[-3]),
            (&[0, 0, 0, 0, 0, 0, 0, 0, 1], &[8, -1]),
            (&[1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[-3, 9]),
            (&[0; 40], &[40]),
        ];
        for (sectors, wanted) in cases {
            let wanted: Vec<_> =
                wanted.iter().map(|n| (*n > 0, usize::try_from(n.abs()).unwrap() * SECTOR)).collect();
            assert_eq!(runs(&data(sectors)), wanted, "{sectors:?}");
        }
        assert_eq!(runs(&[]), []);
        let mut last = vec![0; 3 * SECTOR];
        last[3 * SECTOR - 1] = 1;
        assert!(!is_zero(&last) && is_zero(&last[..3 * SECTOR - 1]));
    }

    #[test]
    fn what_is_known_shrinks_by_what_is_written() {
        let mut blank = Blank(100..200);
        for (from, to, left) in
            [(50, 100, 100..200), (90, 110, 110..200), (150, 170, 110..150), (140, 170, 110..140)]
        {
            blank.written(from, to);
            assert_eq!(blank.0, left);
        }
        blank.punched(140, 150);
        assert!(blank.knows(110, 150) && !blank.knows(109, 150) && !blank.knows(149, 151));
        blank.punched(10, 20);
        assert!(blank.knows(10, 20) && !blank.knows(110, 150));
        blank.written(0, 500);
        assert!(!blank.knows(10, 11));
    }
}
