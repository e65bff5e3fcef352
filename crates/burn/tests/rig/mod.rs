//! A virtual recorder whose conversation is counted, for the tests of this crate.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glassmaster_burn::Event;
use glassmaster_disc::clock::{Clock, SimulatedClock};
use glassmaster_disc::{MediaType, SECTOR};
use glassmaster_recorder::{DiscRecorder, Patience, RecorderOptions};
use glassmaster_scsi::layer::{FaultRule, Faulty};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Status, Transport, TransportError};
use glassmaster_vdrive::{Disc, DriveOptions, MediumOptions, MediumSize, VirtualDrive};

/// One of each kind of recording.
pub(crate) const FIVE: [MediaType; 5] =
    [MediaType::CD_R, MediaType::DVD_PLUS_R, MediaType::DVD_PLUS_RW, MediaType::BD_R, MediaType::BD_RE];

/// The media this engine writes.
pub(crate) const MEDIA: [MediaType; 13] = [
    MediaType::CD_R,
    MediaType::CD_RW,
    MediaType::DVD_R,
    MediaType::DVD_R_DL,
    MediaType::DVD_RW,
    MediaType::DVD_RAM,
    MediaType::DVD_PLUS_R,
    MediaType::DVD_PLUS_R_DL,
    MediaType::DVD_PLUS_RW,
    MediaType::DVD_PLUS_RW_DL,
    MediaType::BD_R,
    MediaType::BD_RE,
    MediaType::DISK,
];

/// An event sink that only listens.
pub(crate) fn quiet(_: &Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Sectors that all differ, from each other and between seeds.
pub(crate) fn image(sectors: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x2545_F491_4F6C_DD1D) | 1;
    let mut out = Vec::with_capacity(sectors * SECTOR);
    for _ in 0..sectors * SECTOR / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out
}

/// What the drive was told and how it stands.
#[derive(Default)]
pub(crate) struct Seen {
    writes: AtomicU64,
    ejects: AtomicU64,
    commands: AtomicU64,
    locked: AtomicBool,
    pub(crate) mode_pages: Mutex<Vec<Vec<u8>>>,
    pub(crate) opcodes: Mutex<Vec<u8>>,
    pub(crate) blocks: Mutex<Vec<Vec<u8>>>,
}

/// Counts what reaches the drive below.
struct Watched<T> {
    /// A disc whose file is gone cannot be written: the folder stays as long as the drive.
    _folder: Arc<tempfile::TempDir>,
    inner: T,
    seen: Arc<Seen>,
}

impl<T: Transport> Transport for Watched<T> {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        self.seen.commands.fetch_add(1, Ordering::Relaxed);
        self.seen.opcodes.lock().unwrap().push(cdb.opcode());
        self.seen.blocks.lock().unwrap().push(cdb.as_bytes().to_vec());
        if cdb.opcode() == 0x55 {
            self.seen.mode_pages.lock().unwrap().push(data.sent().to_vec());
        }
        let outcome = self.inner.execute(cdb, data, timeout)?;
        if outcome.status == Status::GOOD {
            match (cdb.opcode(), cdb.byte(4)) {
                (0x2A, _) => {
                    self.seen.writes.fetch_add(1, Ordering::Relaxed);
                }
                (0x1B, 2) => {
                    self.seen.ejects.fetch_add(1, Ordering::Relaxed);
                }
                (0x1E, prevent) => self.seen.locked.store(prevent & 1 != 0, Ordering::Relaxed),
                _ => {}
            }
        }
        Ok(outcome)
    }

    fn max_transfer(&self) -> usize {
        self.inner.max_transfer()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

/// A drive with a disc file of its own.
pub(crate) struct Rig {
    folder: Arc<tempfile::TempDir>,
    path: PathBuf,
    has_disc: bool,
    stall_every: Option<NonZeroU32>,
    /// The time of the recorder.
    pub(crate) clock: SimulatedClock,
    /// The drive lives by the same time and is as slow as a real one. Otherwise it takes none.
    pub(crate) timed: bool,
    pub(crate) patience: Patience,
    pub(crate) seen: Arc<Seen>,
}

/// A folder that vanishes with the value, in memory where there is any to be had: discs that are flushed thousands of times
/// would wait for nothing but the disk. With `TMPDIR` set, there.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let folder = match std::env::var_os("TMPDIR") {
        None if memory.is_dir() => tempfile::tempdir_in(memory),
        _ => tempfile::tempdir(),
    };
    folder.unwrap()
}

impl Rig {
    fn with(media: Option<MediaType>, options: &MediumOptions) -> Self {
        let folder = folder();
        let path = folder.path().join("medium.disc");
        if let Some(media) = media {
            drop(Disc::create(&path, media, options).unwrap());
        }
        Self {
            folder: Arc::new(folder),
            path,
            has_disc: media.is_some(),
            stall_every: None,
            clock: SimulatedClock::default(),
            timed: false,
            patience: Patience::default(),
            seen: Arc::default(),
        }
    }

    pub(crate) fn blank(media: MediaType) -> Self {
        Self::with(Some(media), &MediumOptions::default())
    }

    pub(crate) fn sized(size: MediumSize) -> Self {
        Self::with(Some(size.media()), &MediumOptions { size: Some(size), ..MediumOptions::default() })
    }

    pub(crate) fn write_protected(media: MediaType) -> Self {
        let options = MediumOptions { write_protected: true, formatted: true, ..MediumOptions::default() };
        Self::with(Some(media), &options)
    }

    pub(crate) fn empty() -> Self {
        Self::with(None, &MediumOptions::default())
    }

    pub(crate) fn stalling(media: MediaType, every: u32) -> Self {
        let mut rig = Self::blank(media);
        rig.stall_every = NonZeroU32::new(every);
        rig
    }

    /// The bare drive.
    pub(crate) fn drive(&self) -> VirtualDrive {
        let clock = self.timed.then(|| Arc::new(self.clock.clone()) as Arc<dyn Clock>);
        let options = DriveOptions { stall_every: self.stall_every, clock, ..DriveOptions::default() };
        let mut drive = VirtualDrive::empty(options);
        if self.has_disc {
            drive.insert(Disc::open(&self.path).unwrap()).map_err(|(e, _)| e).unwrap();
        }
        drive
    }

    pub(crate) fn recorder(&self) -> DiscRecorder {
        self.recorder_with("")
    }

    /// The drive behind a layer that spoils commands by these rules.
    pub(crate) fn recorder_with(&self, plan: &str) -> DiscRecorder {
        let rules = FaultRule::plan(plan).unwrap();
        let watched =
            Watched { _folder: Arc::clone(&self.folder), inner: self.drive(), seen: Arc::clone(&self.seen) };
        self.recorder_on(Box::new(Faulty::new(watched, rules)))
    }

    /// Around a drive of the test's own making.
    pub(crate) fn recorder_on(&self, transport: Box<dyn Transport>) -> DiscRecorder {
        let clock = Arc::new(self.clock.clone());
        let options = RecorderOptions { patience: self.patience, clock, ..RecorderOptions::default() };
        DiscRecorder::with_options(transport, options).unwrap()
    }

    /// The drive behind a layer of the test's own, watched below it.
    pub(crate) fn watched(&self) -> Box<dyn Transport> {
        Box::new(Watched {
            _folder: Arc::clone(&self.folder),
            inner: self.drive(),
            seen: Arc::clone(&self.seen),
        })
    }

    /// A fresh drive with the same disc, as another program finds it.
    pub(crate) fn reopened(&self) -> DiscRecorder {
        self.recorder_on(Box::new(self.drive()))
    }

    pub(crate) fn writes(&self) -> u64 {
        self.seen.writes.load(Ordering::Relaxed)
    }

    pub(crate) fn ejects(&self) -> u64 {
        self.seen.ejects.load(Ordering::Relaxed)
    }

    pub(crate) fn commands(&self) -> u64 {
        self.seen.commands.load(Ordering::Relaxed)
    }

    pub(crate) fn tray_is_locked(&self) -> bool {
        self.seen.locked.load(Ordering::Relaxed)
    }
}
