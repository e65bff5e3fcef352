//! Read-ahead between source and drive: a thread fills buffers, the writer empties them, and a third hashes what was
//! written before they are filled again.
//!
//! A drive that runs out of data stops its laser and has to find its place again, so the source is read ahead by a
//! bounded amount and writing begins with a full ring.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use glassmaster_disc::clock::{Clock, Signal};
use glassmaster_disc::{BlockSource, SECTOR, SECTOR_U64};

use crate::digest::{Digest, DigestBuilder};

/// The source could not deliver a sector.
#[derive(Debug)]
pub(crate) struct SourceError {
    /// First sector of the read that failed.
    pub(crate) sector: u64,
    pub(crate) error: io::Error,
}

/// How the ring is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RingOptions {
    /// Number of buffers, 2 to 1024.
    pub slots: usize,
    /// Sectors of one buffer, 1 to 2048; a multiple of 32 keeps buffers and ECC blocks of all media in step.
    pub slot_sectors: usize,
}

impl Default for RingOptions {
    /// 8 x 256 KiB: more falls out of the processor's cache and is slower where the drive is faster than the source.
    fn default() -> Self {
        Self { slots: 8, slot_sectors: 128 }
    }
}

impl RingOptions {
    /// 128 x 256 KiB = 32 MiB, for drives that must not run dry. A source may fall silent for as long as its data lasts,
    /// and that of the drive's buffer: 0.5 s at 16x BD (72 MB/s), 1.5 s at 16x DVD, 1.9 s at 4x BD, 4 s at 52x CD. A hard disk
    /// that calibrates itself, or wakes up another one, takes up to a second.
    #[must_use]
    pub const fn deep() -> Self {
        Self { slots: 128, slot_sectors: 128 }
    }

    /// Bytes of all buffers.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.slots.saturating_mul(self.slot_sectors))
            .unwrap_or(u64::MAX)
            .saturating_mul(SECTOR_U64)
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if !(2..=1024).contains(&self.slots) {
            return Err(format!("a ring has 2 to 1024 buffers, not {}", self.slots));
        }
        if !(1..=2048).contains(&self.slot_sectors) {
            return Err(format!("a buffer of the ring has 1 to 2048 sectors, not {}", self.slot_sectors));
        }
        Ok(())
    }
}

/// How often a thread without work looks whether it has missed something. It has not: every wait has a limit.
const THREAD_WAIT: Duration = Duration::from_secs(3600);

/// What the writer got.
#[derive(Debug)]
pub(crate) enum Next {
    /// The next sectors, in order.
    Piece(Vec<u8>),
    /// All sectors were delivered.
    End,
    /// The source has not delivered in the time given.
    Pending,
}

struct State {
    filled: VecDeque<Vec<u8>>,
    free: Vec<Vec<u8>>,
    /// Written, and still to be hashed.
    spent: VecDeque<Vec<u8>>,
    sectors_read: u64,
    /// Set once by the reader.
    ended: Option<Result<(), SourceError>>,
    hashing: Hashing,
    /// The writer is gone.
    closed: bool,
}

/// How far hashing is.
enum Hashing {
    NotAsked,
    Runs,
    Done(Digest),
    /// Its thread has gone without a result.
    Broken,
}

struct Shared {
    state: Mutex<State>,
    changed: Signal,
    clock: Arc<dyn Clock>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, result: Result<(), SourceError>) {
        let mut state = self.lock();
        if state.ended.is_none() {
            state.ended = Some(result);
        }
        drop(state);
        self.changed.notify();
    }
}

/// The writer's end. Dropping it stops the reader at its next buffer.
pub(crate) struct Ring {
    shared: Arc<Shared>,
    slots: usize,
    started: bool,
    starving: bool,
    /// Since it last ran dry the ring was full while the drive had no room for more.
    was_ahead: bool,
    /// Bytes taken since the ring last ran dry.
    taken: usize,
    /// Times that the source was too slow: the ring ran dry although the source had been ahead of the drive, or the drive
    /// had got more than a buffer full.
    pub(crate) underruns: u64,
}

/// What the buffer of a drive holds at most; until so much has gone to it the drive has not begun to record.
const DRIVE_BUFFER: usize = 4 << 20;

/// Ends the ring when the reader ends, even when the source panics.
struct Reader {
    shared: Arc<Shared>,
    sector: u64,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let error = io::Error::other("the source ended without delivering its data");
        self.shared.finish(Err(SourceError { sector: self.sector, error }));
    }
}

impl Reader {
    fn run(&mut self, source: &dyn BlockSource, sectors: u64, slot_sectors: usize) {
        while self.sector < sectors {
            let Some(mut buf) = self.free_buffer() else { return };
            let left = usize::try_from(sectors - self.sector).unwrap_or(usize::MAX);
            let count = left.min(slot_sectors);
            buf.resize(count * SECTOR, 0);
            if let Err(error) = source.read_blocks(self.sector, &mut buf) {
                self.shared.finish(Err(SourceError { sector: self.sector, error }));
                return;
            }
            self.sector += u64::try_from(count).unwrap_or(0);
            let mut state = self.shared.lock();
            state.sectors_read = self.sector;
            state.filled.push_back(buf);
            drop(state);
            self.shared.changed.notify();
        }
        self.shared.finish(Ok(()));
    }

    /// Waits for an empty buffer; `None` when the writer is gone.
    fn free_buffer(&self) -> Option<Vec<u8>> {
        loop {
            let seen = self.shared.changed.generation();
            let mut state = self.shared.lock();
            if state.closed {
                return None;
            }
            if let Some(buf) = state.free.pop() {
                return Some(buf);
            }
            drop(state);
            self.shared.clock.wait(&self.shared.changed, seen, THREAD_WAIT);
        }
    }
}

/// Hashes what was written, in the order of writing, and gives the buffers back to the reader.
struct Hasher {
    shared: Arc<Shared>,
}

impl Drop for Hasher {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if matches!(state.hashing, Hashing::Runs) {
            state.hashing = Hashing::Broken;
        }
        drop(state);
        self.shared.changed.notify();
    }
}

impl Hasher {
    fn run(&self, sectors: u64, mut builder: DigestBuilder) {
        let mut left = sectors;
        while left > 0 {
            let Some(buf) = self.spent_buffer() else { return };
            builder.update(&buf);
            left = left.saturating_sub(u64::try_from(buf.len() / SECTOR).unwrap_or(0));
            self.shared.lock().free.push(buf);
            self.shared.changed.notify();
        }
        self.shared.lock().hashing = Hashing::Done(builder.finish());
    }

    /// Waits for a buffer that was written; `None` when the writer is gone.
    fn spent_buffer(&self) -> Option<Vec<u8>> {
        loop {
            let seen = self.shared.changed.generation();
            let mut state = self.shared.lock();
            if state.closed {
                return None;
            }
            if let Some(buf) = state.spent.pop_front() {
                return Some(buf);
            }
            drop(state);
            self.shared.clock.wait(&self.shared.changed, seen, THREAD_WAIT);
        }
    }
}

impl Ring {
    /// Starts reading `sectors` sectors from sector 0 of the source. With `digest` everything that is given back by
    /// [`Ring::recycle`] goes into it.
    ///
    /// The threads are not joined: a source that hangs must not hang the one who gave up on it.
    pub(crate) fn start(
        clock: &Arc<dyn Clock>,
        source: Arc<dyn BlockSource>,
        sectors: u64,
        options: RingOptions,
        digest: Option<DigestBuilder>,
    ) -> io::Result<Self> {
        let free = (0..options.slots).map(|_| Vec::with_capacity(options.slot_sectors * SECTOR)).collect();
        let state = State {
            filled: VecDeque::new(),
            free,
            spent: VecDeque::new(),
            sectors_read: 0,
            ended: None,
            hashing: if digest.is_some() { Hashing::Runs } else { Hashing::NotAsked },
            closed: false,
        };
        let (clock, seat, hasher_seat) = (Arc::clone(clock), clock.reserve(), clock.reserve());
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Signal::default(), clock });
        let reader = Reader { shared: Arc::clone(&shared), sector: 0 };
        thread::Builder::new().name("source reader".to_owned()).spawn(move || {
            // Left last: the writer has to hear how the reader ended before time goes on.
            let _attendance = seat.take();
            let mut reader = reader;
            reader.run(&*source, sectors, options.slot_sectors);
        })?;
        let ring = Self {
            shared,
            slots: options.slots,
            started: false,
            starving: false,
            was_ahead: false,
            taken: 0,
            underruns: 0,
        };
        if let Some(builder) = digest {
            let hasher = Hasher { shared: Arc::clone(&ring.shared) };
            thread::Builder::new().name("source hasher".to_owned()).spawn(move || {
                let _attendance = hasher_seat.take();
                let hasher = hasher;
                hasher.run(sectors, builder);
            })?;
        }
        Ok(ring)
    }

    /// Waits until the ring is full or the source has ended, at most for `limit`. Returns whether it is so.
    pub(crate) fn prefill(&self, limit: Duration) -> bool {
        let Shared { clock, changed, .. } = &*self.shared;
        let deadline = clock.now().saturating_add(limit);
        loop {
            let seen = changed.generation();
            let state = self.shared.lock();
            if state.filled.len() >= self.slots || state.ended.is_some() {
                return true;
            }
            drop(state);
            let left = deadline.saturating_sub(clock.now());
            if left.is_zero() {
                return false;
            }
            clock.wait(changed, seen, left);
        }
    }

    /// The next buffer, waiting for the source at most for `limit`. Once the ring has run dry it is filled again before
    /// there is a next one.
    pub(crate) fn next(&mut self, limit: Duration) -> Result<Next, SourceError> {
        let shared = Arc::clone(&self.shared);
        let Shared { clock, changed, .. } = &*shared;
        let begun = clock.now();
        let mut waited = Duration::ZERO;
        loop {
            let seen = changed.generation();
            let mut state = shared.lock();
            // A ring that ran dry is filled again first: a drive that got one buffer at a time would stop after each.
            let dry = self.starving || (self.started && !waited.is_zero());
            let enough = if dry { self.slots.saturating_sub(1) } else { 1 };
            let piece = if state.filled.len() >= enough || state.ended.is_some() {
                state.filled.pop_front()
            } else {
                None
            };
            if piece.is_none() {
                match &mut state.ended {
                    Some(Ok(())) => return Ok(Next::End),
                    Some(Err(e)) => {
                        let error = io::Error::new(e.error.kind(), "already reported");
                        let error = std::mem::replace(&mut e.error, error);
                        return Err(SourceError { sector: e.sector, error });
                    }
                    None => {}
                }
            }
            drop(state);
            if let Some(buf) = piece {
                self.note_wait(waited);
                self.started = true;
                self.starving = false;
                self.taken = self.taken.saturating_add(buf.len());
                return Ok(Next::Piece(buf));
            }
            let left = limit.saturating_sub(waited);
            if left.is_zero() {
                self.note_wait(waited);
                return Ok(Next::Pending);
            }
            clock.wait(changed, seen, left);
            waited = clock.now().saturating_sub(begun);
        }
    }

    /// The drive refused a block of the last buffer because its own is full.
    pub(crate) fn note_drive_full(&mut self) {
        self.was_ahead |= self.shared.lock().filled.len() >= self.slots.saturating_sub(1);
    }

    /// An empty ring is an under-run when time passed over it, unless all that was in it went to a drive that has not
    /// begun to record.
    fn note_wait(&mut self, waited: Duration) {
        if self.started && !self.starving && !waited.is_zero() {
            self.starving = true;
            if self.was_ahead || self.taken > DRIVE_BUFFER {
                self.underruns += 1;
            }
            self.was_ahead = false;
            self.taken = 0;
        }
    }

    /// Gives a buffer back that was written.
    pub(crate) fn recycle(&self, buf: Vec<u8>) {
        let mut state = self.shared.lock();
        match state.hashing {
            Hashing::Runs => state.spent.push_back(buf),
            _ => state.free.push(buf),
        }
        drop(state);
        self.shared.changed.notify();
    }

    /// Bytes read and not yet taken, and sectors read so far.
    pub(crate) fn level(&self) -> (u64, u64) {
        let state = self.shared.lock();
        let bytes = state.filled.iter().map(Vec::len).sum::<usize>();
        (u64::try_from(bytes).unwrap_or(u64::MAX), state.sectors_read)
    }

    /// Hashes of everything that was written, where they were asked for; waits for the last buffers. To be called once all
    /// buffers were given back.
    ///
    /// # Errors
    /// When the thread that hashes has died.
    pub(crate) fn digest(&self) -> io::Result<Option<Digest>> {
        let Shared { clock, changed, .. } = &*self.shared;
        loop {
            let seen = changed.generation();
            let mut state = self.shared.lock();
            match std::mem::replace(&mut state.hashing, Hashing::NotAsked) {
                Hashing::NotAsked => return Ok(None),
                Hashing::Done(digest) => return Ok(Some(digest)),
                Hashing::Broken => {
                    return Err(io::Error::other("hashing what was written ended without a result"));
                }
                Hashing::Runs => state.hashing = Hashing::Runs,
            }
            drop(state);
            clock.wait(changed, seen, THREAD_WAIT);
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use glassmaster_disc::clock::{SimulatedClock, SystemClock};

    const WAIT: Duration = Duration::from_secs(20);

    fn real() -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    fn image(sectors: usize) -> Vec<u8> {
        (0..sectors * SECTOR).map(|i| u8::try_from((i / 7 + i / SECTOR) % 251).unwrap()).collect()
    }

    fn drain(ring: &mut Ring) -> Result<Vec<u8>, SourceError> {
        let mut out = Vec::new();
        loop {
            match ring.next(WAIT)? {
                Next::Piece(buf) => {
                    out.extend_from_slice(&buf);
                    ring.recycle(buf);
                }
                Next::End => return Ok(out),
                Next::Pending => panic!("the source is in memory"),
            }
        }
    }

    #[test]
    fn delivers_every_sector_in_order_through_few_buffers() {
        for (sectors, slots, slot_sectors) in [(1, 2, 1), (7, 2, 3), (300, 3, 16), (64, 4, 128)] {
            let data = image(sectors);
            let options = RingOptions { slots, slot_sectors };
            let count = u64::try_from(sectors).unwrap();
            let mut ring =
                Ring::start(&real(), Arc::new(data.clone()), count, options, Some(DigestBuilder::default()))
                    .unwrap();
            assert!(ring.prefill(WAIT));
            assert!(ring.level().0 <= options.bytes());
            assert_eq!(drain(&mut ring).unwrap(), data);
            let mut whole = DigestBuilder::default();
            whole.update(&data);
            assert_eq!(ring.digest().unwrap().unwrap().whole, whole.finish().whole);
            assert!(ring.digest().unwrap().is_none());
        }
    }

    struct Flawed;

    impl BlockSource for Flawed {
        fn block_count(&self) -> u64 {
            100
        }

        fn read_blocks(&self, lba: u64, _: &mut [u8]) -> io::Result<()> {
            if lba >= 40 { Err(io::Error::other("file vanished")) } else { Ok(()) }
        }
    }

    #[test]
    fn an_error_comes_after_the_sectors_before_it() {
        let options = RingOptions { slots: 2, slot_sectors: 20 };
        let mut ring = Ring::start(&real(), Arc::new(Flawed), 100, options, None).unwrap();
        let mut good = 0;
        let error = loop {
            match ring.next(WAIT) {
                Ok(Next::Piece(buf)) => {
                    good += buf.len() / SECTOR;
                    ring.recycle(buf);
                }
                Ok(other) => panic!("{other:?}"),
                Err(error) => break error,
            }
        };
        assert_eq!((good, error.sector), (40, 40));
        assert_eq!(error.error.to_string(), "file vanished");
    }

    struct Panicking;

    impl BlockSource for Panicking {
        fn block_count(&self) -> u64 {
            8
        }

        fn read_blocks(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
            panic!("a broken source")
        }
    }

    #[test]
    fn a_source_that_panics_ends_the_ring() {
        let mut ring = Ring::start(&real(), Arc::new(Panicking), 8, RingOptions::default(), None).unwrap();
        assert!(ring.next(WAIT).is_err());
    }

    struct Slow(SimulatedClock);

    impl BlockSource for Slow {
        fn block_count(&self) -> u64 {
            4
        }

        fn read_blocks(&self, lba: u64, _: &mut [u8]) -> io::Result<()> {
            if lba == 2 {
                self.0.sleep(Duration::from_millis(200));
            }
            Ok(())
        }
    }

    #[test]
    fn a_slow_source_is_counted_once_per_gap() {
        // A drive that had room all the time has not begun to record.
        for (drive_was_full, underruns) in [(true, 1), (false, 0)] {
            let options = RingOptions { slots: 2, slot_sectors: 1 };
            let time = SimulatedClock::default();
            let _attendance = time.attend();
            let clock: Arc<dyn Clock> = Arc::new(time.clone());
            let mut ring = Ring::start(&clock, Arc::new(Slow(time.clone())), 4, options, None).unwrap();
            assert!(ring.prefill(Duration::from_millis(1)));
            if drive_was_full {
                ring.note_drive_full();
            }
            let mut pieces = 0;
            let mut pending = 0;
            loop {
                match ring.next(Duration::from_millis(10)).unwrap() {
                    Next::Piece(buf) => {
                        pieces += 1;
                        ring.recycle(buf);
                    }
                    Next::Pending => pending += 1,
                    Next::End => break,
                }
            }
            assert_eq!(pieces, 4);
            // 200 ms in waits of 10 ms, the last of which the source ends.
            assert_eq!((pending, ring.underruns), (19, underruns));
            assert_eq!(time.now(), Duration::from_millis(200));
        }
    }

    /// After it ran dry the ring is filled before the drive gets the next buffer.
    #[test]
    fn a_dry_ring_is_filled_again_first() {
        struct Halting(SimulatedClock);
        impl BlockSource for Halting {
            fn block_count(&self) -> u64 {
                12
            }

            fn read_blocks(&self, lba: u64, _: &mut [u8]) -> io::Result<()> {
                self.0.sleep(Duration::from_millis(if lba == 4 { 1000 } else { 10 }));
                Ok(())
            }
        }
        let options = RingOptions { slots: 4, slot_sectors: 1 };
        let time = SimulatedClock::default();
        let _attendance = time.attend();
        let clock: Arc<dyn Clock> = Arc::new(time.clone());
        let mut ring = Ring::start(&clock, Arc::new(Halting(time.clone())), 12, options, None).unwrap();
        assert!(ring.prefill(Duration::from_secs(1)));
        let mut came = Vec::new();
        while let Next::Piece(buf) = ring.next(Duration::from_secs(10)).unwrap() {
            came.push(time.now().as_millis());
            ring.recycle(buf);
        }
        // Four at once, then the fifth to the seventh together after the halt, and so on.
        assert_eq!(came, [40, 40, 40, 40, 1060, 1060, 1060, 1090, 1090, 1090, 1110, 1110]);
    }
}
