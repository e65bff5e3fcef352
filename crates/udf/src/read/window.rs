//! A few runs of sectors kept for the next reads: file entries are one sector each, but stand together.

use std::io;

use glassmaster_disc::{BlockSource, SECTOR};

/// Runs that are kept.
const WINDOWS: usize = 4;
/// Sectors read where nothing near was read before, and at most.
const LEAST: u64 = 4;
const MOST: u64 = 32;
/// Sectors between a run and the next read that still count as reading on.
const NEAR: u64 = 64;

#[derive(Clone, Debug, Default)]
struct Window {
    first: u64,
    bytes: Vec<u8>,
    used: u64,
}

impl Window {
    fn end(&self) -> u64 {
        self.first + (self.bytes.len() / SECTOR) as u64
    }
}

/// Runs of sectors, the one unused for longest replaced first.
#[derive(Debug, Default)]
pub(super) struct Windows {
    windows: [Window; WINDOWS],
    clock: u64,
}

impl Windows {
    /// One sector, with its neighbours when it has to be fetched.
    pub(super) fn sector<S: BlockSource + ?Sized>(
        &mut self,
        source: &S,
        lba: u64,
    ) -> io::Result<[u8; SECTOR]> {
        self.clock += 1;
        let clock = self.clock;
        if let Some(window) = self.windows.iter_mut().find(|w| (w.first..w.end()).contains(&lba)) {
            window.used = clock;
            return copy(window, lba);
        }
        let near = self.windows.iter().filter(|w| !w.bytes.is_empty());
        let grown =
            near.filter(|w| lba >= w.end() && lba - w.end() < NEAR).map(|w| (w.end() - w.first) * 4).max();
        let wanted = grown.unwrap_or(LEAST).clamp(LEAST, MOST);
        let blocks = wanted.min(source.block_count().saturating_sub(lba)).max(1);
        let Some(window) = self.windows.iter_mut().min_by_key(|w| w.used) else {
            return Err(io::Error::other("no window"));
        };
        window.used = clock;
        window.first = lba;
        window.bytes.resize(usize::try_from(blocks).map_err(io::Error::other)? * SECTOR, 0);
        if source.read_blocks(lba, &mut window.bytes).is_err() {
            // A neighbour may be the unreadable one.
            window.bytes.truncate(SECTOR);
            if let Err(error) = source.read_blocks(lba, &mut window.bytes) {
                window.bytes.clear();
                return Err(error);
            }
        }
        copy(window, lba)
    }
}

fn copy(window: &Window, lba: u64) -> io::Result<[u8; SECTOR]> {
    let at = usize::try_from(lba - window.first).map_err(io::Error::other)? * SECTOR;
    let mut sector = [0; SECTOR];
    match window.bytes.get(at..at + SECTOR) {
        Some(bytes) => sector.copy_from_slice(bytes),
        None => return Err(io::ErrorKind::UnexpectedEof.into()),
    }
    Ok(sector)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Sector n is filled with n; sector 50 cannot be read.
    struct Counting(AtomicUsize);

    impl BlockSource for Counting {
        fn block_count(&self) -> u64 {
            100
        }

        fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
            self.check_range(lba, buf.len())?;
            self.0.fetch_add(1, Ordering::Relaxed);
            for (sector, n) in buf.chunks_exact_mut(SECTOR).zip(lba..) {
                if n == 50 {
                    return Err(io::Error::other("unreadable"));
                }
                sector.fill(u8::try_from(n).unwrap());
            }
            Ok(())
        }
    }

    #[test]
    fn reads_ahead_and_around_damage() {
        let source = Counting(AtomicUsize::new(0));
        let mut windows = Windows::default();
        for lba in 0..100 {
            let sector = windows.sector(&source, lba);
            assert_eq!(sector.is_err(), lba == 50);
            assert!(lba == 50 || sector.unwrap()[7] == u8::try_from(lba).unwrap());
        }
        assert!(source.0.load(Ordering::Relaxed) < 40);
        assert!(windows.sector(&source, 100).is_err());
    }
}
