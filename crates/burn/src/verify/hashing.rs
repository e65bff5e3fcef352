//! Full verification: the disc is read on one thread and hashed on another, so that neither waits for the other's work.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use glassmaster_disc::SECTOR;
use glassmaster_recorder::DiscSource;

use super::note_verified;
use crate::digest::{Digest, DigestBuilder, MARK_SECTORS, Sha256Sum};
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
        /// A sector before which all is equal.
        from: u64,
        read: Option<Sha256Sum>,
    },
}

/// Reads `sectors` sectors from block `start` on and compares their hashes with those of what was sent, to the first mark
/// that differs.
pub(super) fn hash_back(
    job: &mut Job<'_>,
    disc: &DiscSource,
    start: u64,
    sectors: u64,
    sent: &Digest,
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
        Ok(match hashed.digest.filter(|_| complete) {
            Some(read) if read == *sent => Back::Equal,
            read => Back::Differs { from: hashed.good_until, read: read.map(|r| r.whole) },
        })
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
    /// A sector before which all is equal.
    good_until: u64,
    /// Of everything that came; `None` after a mark that differs.
    digest: Option<Digest>,
}

/// Hashes what comes until there is no more or a mark differs, and gives the buffers back.
#[expect(clippy::needless_pass_by_value, reason = "the reader hears that this ended by the ends that go")]
fn hash(sent: &Digest, filled: Receiver<Vec<u8>>, empty: Sender<Vec<u8>>) -> Hashed {
    let mut builder = DigestBuilder::new();
    let mut good_until = 0;
    let mut checked = 0;
    for buf in &filled {
        builder.update(&buf);
        for mark in builder.marks().iter().skip(checked) {
            if sent.marks.get(checked) != Some(mark) {
                return Hashed { good_until, digest: None };
            }
            checked += 1;
            good_until += MARK_SECTORS;
        }
        // A reader that is done needs no buffers.
        let _ = empty.send(buf);
    }
    Hashed { good_until, digest: Some(builder.finish()) }
}
