//! What the tests of the burning half share: virtual drives with a disc of their own, watched and spoiled on the way.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glassmaster::Error;
use glassmaster::disc::clock::{Clock, SimulatedClock};
use glassmaster::disc::{BlockSource, MediaType};
use glassmaster::imapi2::burn::{DataStream, DiscFormatData, DiscFormatErase, Event, WriteEngine};
use glassmaster::imapi2::recorder::{DiscRecorder, Patience, RecorderOptions};
use glassmaster::scsi::layer::{FaultRule, Faulty};
use glassmaster::scsi::{Cdb, DataPhase, Outcome, Transport, TransportError};
use glassmaster::vdrive::{Disc, DriveOptions, MediumOptions, VirtualDrive};

/// An event sink that only listens.
pub fn quiet(_: &Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The number of what failed.
pub fn number<T>(result: Result<T, impl Into<Error>>) -> u32 {
    match result {
        Ok(_) => panic!("it succeeded"),
        Err(error) => {
            let error: Error = error.into();
            // What imaging says has its advice in the message.
            let advised = matches!(error, Error::Imaging(_)) || !error.next_step().is_empty();
            assert!(!error.to_string().is_empty() && advised);
            error.hresult()
        }
    }
}

/// Sectors that differ from each other and between seeds.
pub fn image(sectors: usize, seed: u64) -> Vec<u8> {
    glassmaster_testkit::tree::bytes(seed, sectors * 2048)
}

pub fn stream(sectors: usize) -> DataStream {
    DataStream::new(Arc::new(image(sectors, 1)))
}

/// More sectors than most discs have.
pub struct Vast(pub u64);

impl BlockSource for Vast {
    fn block_count(&self) -> u64 {
        self.0
    }

    fn read_blocks(&self, _: u64, buf: &mut [u8]) -> std::io::Result<()> {
        buf.fill(0);
        Ok(())
    }
}

/// Command blocks in their order, with the data that went out with those that are no writes.
pub type Seen = Arc<Mutex<Vec<(Vec<u8>, Vec<u8>)>>>;

/// How a drive lies: it sees a command block and the bytes that came in.
pub type Lie = fn(&Cdb, &mut [u8]);

struct Layer {
    /// A disc whose file is gone cannot be written: the folder stays as long as the drive.
    _folder: Arc<tempfile::TempDir>,
    inner: Box<dyn Transport>,
    seen: Seen,
    lie: Lie,
}

impl Transport for Layer {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let sent = if matches!(cdb.opcode(), 0x2A | 0xAA) { Vec::new() } else { data.sent().to_vec() };
        self.seen.lock().unwrap().push((cdb.as_bytes().to_vec(), sent));
        let outcome = self.inner.execute(cdb, data.reborrow(), timeout)?;
        if let DataPhase::In(buf) = data {
            let moved = outcome.transferred.min(buf.len());
            (self.lie)(cdb, &mut buf[..moved]);
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

/// A drive that several recorders talk to.
struct Shared(Arc<Mutex<Box<dyn Transport>>>, String);

impl Transport for Shared {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        self.0.lock().unwrap().execute(cdb, data, timeout)
    }

    fn max_transfer(&self) -> usize {
        65536
    }

    fn name(&self) -> &str {
        &self.1
    }
}

/// A disc file and what was said to the drives that it lay in.
pub struct Rig {
    folder: Arc<tempfile::TempDir>,
    path: Option<PathBuf>,
    pub seen: Seen,
    pub patience: Patience,
    pub clock: Arc<dyn Clock>,
    /// The drive takes as long as a real one, by the clock.
    pub paced: bool,
}

impl Rig {
    pub fn with(media: MediaType, options: &MediumOptions) -> Self {
        let folder = glassmaster_testkit::scratch::folder().unwrap();
        let path = folder.path().join("medium.disc");
        drop(Disc::create(&path, media, options).unwrap());
        Self { path: Some(path), ..Self::of(folder) }
    }

    fn of(folder: tempfile::TempDir) -> Self {
        let patience = Patience {
            command: Duration::from_secs(5),
            long_command: Duration::from_secs(5),
            ready: Duration::from_millis(40),
            poll: Duration::from_millis(2),
            ..Patience::default()
        };
        let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::default());
        Self { folder: Arc::new(folder), path: None, seen: Seen::default(), patience, clock, paced: false }
    }

    pub fn blank(media: MediaType) -> Self {
        Self::with(media, &MediumOptions::default())
    }

    pub fn protected(media: MediaType) -> Self {
        Self::with(media, &MediumOptions { write_protected: true, formatted: true, ..Default::default() })
    }

    pub fn empty() -> Self {
        Self::of(glassmaster_testkit::scratch::folder().unwrap())
    }

    fn drive(&self) -> VirtualDrive {
        let clock = self.paced.then(|| Arc::clone(&self.clock));
        let mut drive = VirtualDrive::empty(DriveOptions { clock, ..DriveOptions::default() });
        if let Some(path) = &self.path {
            drive.insert(Disc::open(path).unwrap()).map_err(|(e, _)| e).unwrap();
        }
        drive
    }

    pub fn recorder(&self) -> DiscRecorder {
        self.spoiled("")
    }

    /// Behind a layer that spoils commands by these rules.
    pub fn spoiled(&self, plan: &str) -> DiscRecorder {
        self.lying(plan, |_, _| {})
    }

    /// Behind a layer that spoils commands and another that lies.
    pub fn lying(&self, plan: &str, lie: Lie) -> DiscRecorder {
        self.on(self.transport(plan, lie))
    }

    pub fn transport(&self, plan: &str, lie: Lie) -> Box<dyn Transport> {
        let inner = Box::new(Faulty::new(self.drive(), FaultRule::plan(plan).unwrap()));
        Box::new(Layer { _folder: Arc::clone(&self.folder), inner, seen: Arc::clone(&self.seen), lie })
    }

    pub fn on(&self, transport: Box<dyn Transport>) -> DiscRecorder {
        let options = RecorderOptions {
            patience: self.patience,
            clock: Arc::clone(&self.clock),
            ..RecorderOptions::default()
        };
        DiscRecorder::with_options(transport, options).unwrap()
    }

    /// Two owners of one drive.
    pub fn two(&self) -> [DiscRecorder; 2] {
        let transport = self.transport("", |_, _| {});
        let name = transport.name().to_owned();
        let shared = Arc::new(Mutex::new(transport));
        [(); 2].map(|()| self.on(Box::new(Shared(Arc::clone(&shared), name.clone()))))
    }

    /// Writing to this disc, ready to begin.
    pub fn data(&self, plan: &str) -> DiscFormatData {
        ready(&self.spoiled(plan))
    }

    pub fn erase(&self, plan: &str) -> DiscFormatErase {
        erasing(&self.spoiled(plan))
    }

    /// How often a command with this code was sent.
    pub fn count(&self, opcode: u8) -> usize {
        self.seen.lock().unwrap().iter().filter(|(cdb, _)| cdb[0] == opcode).count()
    }
}

pub fn ready(recorder: &DiscRecorder) -> DiscFormatData {
    let data = DiscFormatData::new();
    data.set_recorder(Some(recorder.clone())).unwrap();
    data.set_client_name("tests").unwrap();
    data
}

pub fn erasing(recorder: &DiscRecorder) -> DiscFormatErase {
    let erase = DiscFormatErase::new();
    erase.set_recorder(Some(recorder.clone())).unwrap();
    erase.set_client_name("tests").unwrap();
    erase
}

pub fn engine(recorder: &DiscRecorder) -> WriteEngine {
    // The news that the drive was switched on is for whoever prepares it.
    let _ = recorder.wait_ready();
    let engine = WriteEngine::new();
    engine.set_recorder(Some(recorder.clone())).unwrap();
    engine.set_bytes_per_sector(2048).unwrap();
    engine
}

/// Every profile in the list becomes DVD-ROM: a drive that only reads.
pub fn only_reads(cdb: &Cdb, bytes: &mut [u8]) {
    if cdb.opcode() == 0x46 && bytes.len() >= 12 {
        // Behind the header and the head of feature 0000h (MMC-6 5.3.1).
        let end = bytes.len().min(12 + usize::from(bytes[11]));
        for profile in bytes[12..end].chunks_exact_mut(4) {
            profile[..2].copy_from_slice(&[0x00, 0x10]);
        }
    }
}

/// The current profile becomes DVD-ROM (MMC-6 6.5.3, bytes 6 and 7): a disc that cannot be written.
pub fn disc_is_read_only(cdb: &Cdb, bytes: &mut [u8]) {
    if cdb.opcode() == 0x46 && bytes.len() >= 8 {
        bytes[6..8].copy_from_slice(&[0x00, 0x10]);
    }
}

/// The erasable bit is 0 (MMC-6 6.21, byte 2 bit 4).
pub fn disc_is_not_erasable(cdb: &Cdb, bytes: &mut [u8]) {
    if cdb.opcode() == 0x51 && bytes.len() > 2 {
        bytes[2] &= !0x10;
    }
}
