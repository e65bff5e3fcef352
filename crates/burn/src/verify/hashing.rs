//! Full verification: the disc is read on one thread and hashed on another, so that neither waits for the other's work.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use glassmaster_disc::{BlockSource, SECTOR};
use glassmaster_recorder::DiscSource;
use sha2::{Digest as _, Sha256};

use super::{Comparison, note_verified};
use crate::digest::{Digest, PIECE_SECTORS, PieceHash, PieceHasher, Sha256Sum};
use crate::error::{Error, ErrorKind};
use crate::job::Job;

/// Sectors read back at once.
const PIECE: u64 = 128;
/// Buffers between the two threads; more fall out of the processor's cache.
const BUFFERS: usize = 4;

/// What reading back found.
pub(super) enum Back {
    Equal,
    Differs {
        /// Pieces before the first that differs.
        pieces: usize,
    },
}

/// Reads `sectors` sectors from block `start` on and compares the hashes of their pieces with those of what was sent, to the
/// first that differs.
pub(super) fn hash_back(
    job: &mut Job<'_>,
    disc: &DiscSource,
    start: u64,
    sectors: u64,
    sent: &[PieceHash],
) -> Result<Back, Error> {
    let (full, filled) = mpsc::sync_channel(BUFFERS);
    let (empty, free) = mpsc::channel();
    for _ in 0..BUFFERS {
        // The other end is held here.
        let _ = empty.send(Vec::new());
    }
    thread::scope(|scope| {
        let hasher = thread::Builder::new()
            .name("disc hasher".to_owned())
            .spawn_scoped(scope, || hash(sent, filled, empty))
            .map_err(|e| job.fail(ErrorKind::Thread(e)))?;
        let complete = read(job, disc, start, sectors, &full, &free);
        drop(full);
        let hashed = hasher.join();
        let complete = complete?;
        let hashed = hashed.map_err(|_| {
            job.fail(ErrorKind::Thread(io::Error::other("hashing what was read ended without a result")))
        })?;
        Ok(if complete && hashed.equal { Back::Equal } else { Back::Differs { pieces: hashed.good } })
    })
}

/// Whether all was read: not when a block cannot be, nor when a difference was found meanwhile. Which block and why is
/// found out by the comparison that follows.
fn read(
    job: &mut Job<'_>,
    disc: &DiscSource,
    start: u64,
    sectors: u64,
    full: &SyncSender<Vec<u8>>,
    free: &Receiver<Vec<u8>>,
) -> Result<bool, Error> {
    let mut at = 0;
    while at < sectors {
        job.check_stopped()?;
        let Ok(mut buf) = free.recv() else { return Ok(false) };
        let blocks = (sectors - at).min(PIECE);
        buf.resize(usize::try_from(blocks).unwrap_or(0) * SECTOR, 0);
        let (began, repeats) = (job.recorder.clock().now(), disc.repeats());
        match disc.read(start.saturating_add(at), &mut buf) {
            Ok(()) => {
                let time = job.recorder.clock().now().saturating_sub(began);
                let again = disc.repeats().saturating_sub(repeats);
                job.reading.note(start.saturating_add(at), blocks, time, again);
            }
            Err(e) if e.is_about_blocks() => return Ok(false),
            Err(e) => return Err(job.fail(ErrorKind::Device(e))),
        }
        if full.send(buf).is_err() {
            return Ok(false);
        }
        at += blocks;
        note_verified(job, start, at);
    }
    Ok(true)
}

struct Hashed {
    /// Pieces that were complete and equal.
    good: usize,
    /// Everything that came is all that was sent.
    equal: bool,
}

/// Hashes what comes until there is no more or a piece differs, and gives the buffers back.
#[expect(clippy::needless_pass_by_value, reason = "the reader hears that this ended by the ends that go")]
fn hash(sent: &[PieceHash], filled: Receiver<Vec<u8>>, empty: Sender<Vec<u8>>) -> Hashed {
    let mut hasher = PieceHasher::default();
    let mut good = 0;
    for buf in &filled {
        hasher.update(&buf);
        for piece in hasher.pieces().iter().skip(good) {
            if sent.get(good) != Some(piece) {
                return Hashed { good, equal: false };
            }
            good += 1;
        }
        // A reader that is done needs no buffers.
        let _ = empty.send(buf);
    }
    Hashed { good, equal: hasher.finish() == sent }
}

/// A disc that is read once more from a piece on, in order, with the SHA-256 of what is read.
pub(super) struct HashedDisc<'a> {
    disc: &'a DiscSource,
    /// Sector of the source at which it begins.
    pub(super) from: u64,
    /// Next block, and the hash of everything before it.
    hashed: Mutex<(u64, Sha256)>,
}

impl<'a> HashedDisc<'a> {
    /// After so many pieces, from block `start` on, that hold what was `sent`.
    pub(super) fn after(disc: &'a DiscSource, start: u64, pieces: usize, sent: &Digest) -> Self {
        let from = u64::try_from(pieces).unwrap_or(u64::MAX).saturating_mul(PIECE_SECTORS);
        Self { disc, from, hashed: Mutex::new((start.saturating_add(from), sent.up_to(pieces))) }
    }

    /// SHA-256 of what is on the disc, unless some of it was not read.
    pub(super) fn finish(self, comparison: &Comparison) -> Option<Sha256Sum> {
        let whole = comparison.unreadable == 0 && comparison.given_up == 0;
        let (_, hash) = self.hashed.into_inner().unwrap_or_else(PoisonError::into_inner);
        whole.then(|| Sha256Sum(hash.finalize().into()))
    }
}

impl BlockSource for HashedDisc<'_> {
    fn block_count(&self) -> u64 {
        self.disc.block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.disc.read_blocks(lba, buf)?;
        let mut hashed = self.hashed.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, hash) = &mut *hashed;
        if *next == lba {
            hash.update(&*buf);
            *next = lba.saturating_add(u64::try_from(buf.len() / SECTOR).unwrap_or(0));
        }
        Ok(())
    }
}
