//! A job that is cancelled at any moment says what the medium is then, and that is true: a fresh drive with the same disc
//! agrees. Drives are as slow as real ones where that makes moments to be cancelled at, on a simulated clock.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod rig;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use glassmaster_burn::{
    CancelHandle, CdWriteType, DashWriteType, DataBurn, DataOptions, DiscErase, EraseError, EraseErrorKind,
    EraseOptions, Error, ErrorKind, Journal, VerifyLevel, WriteAction,
};
use glassmaster_disc::clock::{Clock, SimulatedClock};
use glassmaster_disc::{BlockRange, BlockRangeList, BlockSource, MediaType, SECTOR};
use glassmaster_recorder::{Blame, DiscRecorder, MediaState, Medium, Patience, RecorderOptions};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Status, Transport, TransportError};
use glassmaster_vdrive::{Disc, DriveOptions, MediumOptions, VirtualDrive};
use tempfile::TempDir;

use rig::{image, quiet};

/// Moments of a first write on each medium, and of each other kind of job on all its media together.
const MOMENTS: usize = 50;
/// Fewest moments of a kind of job on one medium.
const FEWEST: usize = 10;
const SECTORS: usize = 700;
/// Commands of a full erase among which moments are chosen: what follows is more of the same, for hours.
const BEGINNING: u64 = 500;

const MEDIA: [MediaType; 13] = [
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

const OVERWRITABLE: [MediaType; 5] = [
    MediaType::DVD_RAM,
    MediaType::DVD_PLUS_RW,
    MediaType::DVD_PLUS_RW_DL,
    MediaType::BD_RE,
    MediaType::DISK,
];

/// What is done to the medium.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// The first write, closed or open as the medium likes it best; formats where that is needed.
    First,
    /// The first write, disc or session at once where the medium has that.
    AtOnce,
    /// The first write, left open, in pieces where the medium has that.
    Open,
    /// A second session, or overwriting the first.
    Second,
    /// A write with the laser at read power.
    Test,
    /// Parts of a picture of a medium that holds data: what appends to overwritable media.
    Ranges,
    /// Going on with a write that was broken off.
    Resume,
    QuickErase,
    FullErase,
}

impl Kind {
    fn is_erase(self) -> bool {
        matches!(self, Self::QuickErase | Self::FullErase)
    }

    fn options(self) -> DataOptions {
        let open = DataOptions {
            verify: VerifyLevel::Full,
            disable_dvd_compatibility: true,
            ..DataOptions::default()
        };
        match self {
            Self::First => DataOptions { verify: VerifyLevel::Quick, ..DataOptions::default() },
            Self::AtOnce => DataOptions {
                cd_write_type: CdWriteType::SessionAtOnce,
                dash_write_type: DashWriteType::DiscAtOnce,
                force_close: true,
                ..open
            },
            Self::Test => DataOptions { test_write: true, ..open },
            Self::Open | Self::Resume => DataOptions {
                cd_write_type: CdWriteType::TrackAtOnce,
                dash_write_type: DashWriteType::Incremental,
                safe_point_every: 64,
                ..open
            },
            Self::Second | Self::Ranges | Self::QuickErase | Self::FullErase => {
                DataOptions { cd_write_type: CdWriteType::TrackAtOnce, force_overwrite: true, ..open }
            }
        }
    }

    /// Blocks in the order in which they are written, and whether they are zeros: first block, sector of the image, number.
    fn places(self, before: &Medium) -> Vec<(u64, u64, u64)> {
        let next = u64::try_from(before.next_writable.0).unwrap();
        let total = before.total - before.total % u64::from(before.write_unit());
        match self {
            Self::Ranges => vec![(352, 352, 320), (0, 0, 32)],
            Self::QuickErase => vec![(0, 0, 1024), (total - 1024, 0, 1024)],
            Self::FullErase => vec![(0, 0, total)],
            _ => vec![(next, 0, SECTORS as u64)],
        }
    }
}

/// The parts that [`Kind::Ranges`] writes, whole units on every medium.
fn ranges() -> BlockRangeList {
    BlockRangeList(vec![BlockRange::new(352, 671).unwrap(), BlockRange::new(0, 31).unwrap()])
}

/// Makes the request before its command of that number reaches the drive, or takes the drive away with a WRITE.
struct Watched {
    drive: VirtualDrive,
    handle: CancelHandle,
    count: Arc<AtomicU64>,
    at: u64,
    locked: Arc<AtomicBool>,
    writes_left: u32,
}

impl Transport for Watched {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        limit: Duration,
    ) -> Result<Outcome, TransportError> {
        if self.count.fetch_add(1, Ordering::Relaxed) == self.at {
            self.handle.cancel();
        }
        if cdb.opcode() == 0x2A {
            self.writes_left = self.writes_left.saturating_sub(1);
        }
        if self.writes_left == 0 {
            let device = self.drive.name().to_owned();
            return Err(TransportError::DeviceGone { device, detail: "cut".to_owned() });
        }
        let outcome = self.drive.execute(cdb, data, limit)?;
        if cdb.opcode() == 0x1E && outcome.status == Status::GOOD {
            self.locked.store(cdb.byte(4) & 1 != 0, Ordering::Relaxed);
        }
        Ok(outcome)
    }

    fn max_transfer(&self) -> usize {
        self.drive.max_transfer()
    }

    fn name(&self) -> &str {
        self.drive.name()
    }
}

/// A disc in memory and the drives it lies in.
struct Bench {
    _folder: TempDir,
    path: PathBuf,
    journal: Journal,
    locked: Arc<AtomicBool>,
}

impl Bench {
    fn new(media: MediaType) -> Self {
        let folder = rig::folder();
        let path = folder.path().join("medium.disc");
        drop(Disc::create(&path, media, &MediumOptions::default()).unwrap());
        let journal = Journal::at(folder.path().join("burn.journal"));
        Self { _folder: folder, path, journal, locked: Arc::default() }
    }

    /// A drive that takes its time where `timed`; without a cut where `writes_left` is the largest number.
    fn drive(
        &self,
        timed: bool,
        handle: &CancelHandle,
        at: u64,
        writes_left: u32,
    ) -> (DiscRecorder, Arc<AtomicU64>) {
        let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::default());
        let options = DriveOptions { clock: timed.then(|| Arc::clone(&clock)), ..DriveOptions::default() };
        let mut drive = VirtualDrive::empty(options);
        drive.insert(Disc::open(&self.path).unwrap()).map_err(|(e, _)| e).unwrap();
        let count = Arc::new(AtomicU64::new(0));
        let transport = Watched {
            drive,
            handle: handle.clone(),
            count: Arc::clone(&count),
            at,
            locked: Arc::clone(&self.locked),
            writes_left,
        };
        let patience = Patience { poll: Duration::from_secs(2), ..Patience::default() };
        let options = RecorderOptions { clock, patience, ..RecorderOptions::default() };
        (DiscRecorder::with_options(Box::new(transport), options).unwrap(), count)
    }

    /// A fresh drive, as another program finds it.
    fn fresh(&self) -> DiscRecorder {
        self.drive(false, &CancelHandle::new(), u64::MAX, u32::MAX).0
    }

    /// What a job of this kind begins with.
    fn prepare(&self, kind: Kind) {
        let handle = CancelHandle::new();
        if kind == Kind::Resume {
            let (recorder, _) = self.drive(false, &handle, u64::MAX, 12);
            let burn = DataBurn::new(kind.options());
            let source = Arc::new(image(SECTORS, 2));
            burn.write_with_journal(&recorder, source, &self.journal, &mut quiet, &handle).unwrap_err();
            // What is taken away cannot be unlocked any more.
            self.locked.store(false, Ordering::Relaxed);
        } else if kind.is_erase() || matches!(kind, Kind::Second | Kind::Ranges) {
            let options = DataOptions { verify: VerifyLevel::None, ..Kind::Second.options() };
            let source = Arc::new(image(300, 1));
            DataBurn::new(options).write(&self.fresh(), source, &mut quiet, &handle).unwrap();
        }
    }
}

/// How a job ended.
struct Ended {
    bench: Bench,
    before: Medium,
    commands: u64,
    result: Result<(), Failed>,
}

/// What an error says.
struct Failed {
    text: String,
    blame: Blame,
    next_step: &'static str,
    said: Option<Medium>,
    phase: WriteAction,
    written: u64,
}

impl From<&Error> for Failed {
    fn from(error: &Error) -> Self {
        let written = match error.kind() {
            ErrorKind::Cancelled { written, .. } => *written,
            _ => 0,
        };
        Self {
            text: error.to_string(),
            blame: error.blame(),
            next_step: error.next_step(),
            said: error.medium().cloned(),
            phase: error.phase(),
            written,
        }
    }
}

impl From<EraseError> for Failed {
    fn from(error: EraseError) -> Self {
        let inner = match error.kind() {
            EraseErrorKind::Write(inner) => Some(Self::from(inner)),
            _ => None,
        };
        Self {
            text: error.to_string(),
            blame: error.blame(),
            next_step: error.next_step(),
            said: error.medium().cloned(),
            phase: inner.as_ref().map_or(WriteAction::ValidatingMedia, |e| e.phase),
            written: inner.map_or(0, |e| e.written),
        }
    }
}

/// What of a medium a statement is about.
fn facts(medium: &Medium) -> (MediaType, MediaState, i32, u64, bool) {
    (medium.kind, medium.state, medium.next_writable.0, medium.free, medium.formatted)
}

/// Runs the job with the request before its command `at`.
fn run(kind: Kind, media: MediaType, at: u64) -> Ended {
    let bench = Bench::new(media);
    bench.prepare(kind);
    let before = bench.fresh().medium().unwrap();
    let timed = kind.is_erase() || kind == Kind::First;
    // Opening the drive is no part of the job.
    let opened = bench.drive(timed, &CancelHandle::new(), u64::MAX, u32::MAX).1.load(Ordering::Relaxed);
    let handle = CancelHandle::new();
    let (recorder, count) = bench.drive(timed, &handle, at.saturating_add(opened), u32::MAX);
    let burn = DataBurn::new(kind.options());
    let source: Arc<dyn BlockSource> = Arc::new(image(SECTORS, 2));
    let result = match kind {
        Kind::QuickErase | Kind::FullErase => {
            let options = EraseOptions {
                full: kind == Kind::FullErase,
                limit: Duration::from_secs(24 * 3600),
                ..EraseOptions::default()
            };
            let erased = DiscErase::new(options).erase(&recorder, &mut |_| (), &handle);
            erased.map(drop).map_err(Failed::from)
        }
        Kind::Ranges => {
            let written = burn.write_ranges(&recorder, source, &ranges(), &mut quiet, &handle);
            written.map(drop).map_err(|e| Failed::from(&e))
        }
        Kind::Resume => {
            let written = burn.resume(&recorder, source, &bench.journal, &mut quiet, &handle);
            written.map(drop).map_err(|e| Failed::from(&e))
        }
        _ => burn.write(&recorder, source, &mut quiet, &handle).map(drop).map_err(|e| Failed::from(&e)),
    };
    drop(recorder);
    let commands = count.load(Ordering::Relaxed).saturating_sub(opened);
    Ended { bench, before, commands, result }
}

/// Whether the first `written` blocks of those that the job writes are on the disc.
fn holds(kind: Kind, recorder: &DiscRecorder, before: &Medium, mut written: u64) -> bool {
    let wanted = image(SECTORS, 2);
    for (first, from, number) in kind.places(before) {
        let here = number.min(written);
        written -= here;
        let mut found = vec![0; usize::try_from(here).unwrap() * SECTOR];
        if recorder.disc_source_of(first + here).read(first, &mut found).is_err() {
            return false;
        }
        let from = usize::try_from(from).unwrap() * SECTOR;
        let same = if kind.is_erase() {
            found.iter().all(|byte| *byte == 0)
        } else {
            wanted.get(from..).unwrap().starts_with(&found)
        };
        if !same {
            return false;
        }
    }
    true
}

/// Holds what the job says against the medium, as a fresh drive finds it.
fn check(kind: Kind, media: MediaType, at: u64) -> &'static str {
    let what = format!("{kind:?} on {media}, cancelled before command {at}");
    let Ended { bench, before, result, .. } = run(kind, media, at);
    assert!(!bench.locked.load(Ordering::Relaxed), "{what}: the tray is locked");
    let recorder = bench.fresh();
    let now = recorder.medium().unwrap();
    if kind == Kind::Test {
        assert_eq!(facts(&now), facts(&before), "{what}: it was a test");
    }
    let failed = match result {
        Ok(()) if kind.is_erase() => {
            assert!(now.state.contains(MediaState::BLANK), "{what}: said to be blank");
            return "came too late";
        }
        Ok(()) => {
            let number = kind.places(&before).iter().map(|place| place.2).sum();
            assert!(kind == Kind::Test || holds(kind, &recorder, &before, number), "{what}: said to be done");
            return "came too late";
        }
        Err(failed) => failed,
    };
    let text = &failed.text;
    assert_eq!(failed.blame, Blame::Cancelled, "{what}: {text}");
    assert!(!failed.next_step.is_empty(), "{what}: {text}");
    let Some(said) = &failed.said else {
        assert_eq!(failed.phase, WriteAction::ValidatingMedia, "{what}: {text}");
        assert_eq!(facts(&now), facts(&before), "{what}: nothing is said of a change");
        return "nothing was done";
    };
    assert_eq!(facts(said), facts(&now), "{what}: {text}");
    if kind == Kind::Test {
        return "told what it is";
    }
    if text.contains("cannot be used") {
        // The session was announced as a whole: nothing can be added, and it is not to be had for a whole one.
        let unusable = MediaState::NON_EMPTY_SESSION | MediaState::DAMAGED;
        let usable = MediaState::BLANK | MediaState::APPENDABLE | MediaState::FINALIZED;
        assert!(now.state.intersects(unusable) && !now.state.intersects(usable), "{what}: {text}");
        let rewritable = matches!(media, MediaType::CD_RW | MediaType::DVD_RW);
        assert_eq!(text.contains("until it is erased"), rewritable, "{what}: {text}");
        return "unusable";
    }
    let written = failed.written;
    if text.contains("no data was written") {
        assert_eq!(written, 0, "{what}: {text}");
        return "prepared only";
    }
    if kind == Kind::Resume && text.contains("can be gone on with") {
        assert_eq!(facts(&now), facts(&before), "{what}: {text}");
        assert!(bench.journal.read().unwrap().is_some(), "{what}: {text}");
        return "begun as it was";
    }
    assert!(holds(kind, &recorder, &before, written), "{what}: {written} are said to be on it: {text}");
    if text.contains("closed as a session") {
        let start = u64::try_from(before.next_writable.0).unwrap();
        let last = *recorder.sessions().unwrap().last().unwrap();
        if kind != Kind::Resume {
            assert_eq!(u64::from(last.start), start, "{what}: {text}");
        }
        assert!(u64::from(last.last) + 1 >= u64::from(last.start) + written, "{what}: {text}");
    }
    if text.contains("another one can follow") {
        assert!(now.state.contains(MediaState::APPENDABLE), "{what}: {text}");
    }
    if text.contains("only its check is missing") {
        let number = kind.places(&before).iter().map(|place| place.2).sum();
        assert!(holds(kind, &recorder, &before, number), "{what}: {text}");
        return "only unverified";
    }
    "told what is on it"
}

/// Moments spread over the whole job by a fixed seed.
fn at_any_moment(kind: Kind, media: &[MediaType]) {
    let moments = if kind == Kind::First { MOMENTS } else { MOMENTS.div_ceil(media.len()).max(FEWEST) };
    for &media in media {
        let commands = if kind == Kind::FullErase && OVERWRITABLE.contains(&media) {
            BEGINNING
        } else {
            let whole = run(kind, media, u64::MAX - 1000);
            whole.result.unwrap_or_else(|e| panic!("{kind:?} on {media}: {}", e.text));
            whole.commands
        };
        let mut state = 0x5EED ^ u64::from(media.0);
        let mut outcomes = BTreeMap::new();
        for _ in 0..moments {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *outcomes.entry(check(kind, media, (state >> 33) % commands)).or_insert(0) += 1;
        }
        println!("{kind:?} on {media}: {commands} commands, {outcomes:?}");
    }
}

/// All media but some.
fn all_but(left_out: &[MediaType]) -> Vec<MediaType> {
    MEDIA.into_iter().filter(|m| !left_out.contains(m)).collect()
}

#[test]
fn a_first_write() {
    at_any_moment(Kind::First, &MEDIA);
}

#[test]
fn a_write_at_once() {
    let media = [MediaType::CD_R, MediaType::CD_RW, MediaType::DVD_R, MediaType::DVD_R_DL, MediaType::DVD_RW];
    at_any_moment(Kind::AtOnce, &media);
}

#[test]
fn a_write_that_leaves_the_disc_open() {
    let media = [
        MediaType::CD_R,
        MediaType::CD_RW,
        MediaType::DVD_R,
        MediaType::DVD_RW,
        MediaType::DVD_PLUS_R,
        MediaType::BD_R,
    ];
    at_any_moment(Kind::Open, &media);
}

#[test]
fn a_second_session_or_overwriting() {
    at_any_moment(Kind::Second, &all_but(&[MediaType::DVD_R_DL, MediaType::DVD_PLUS_R_DL]));
}

#[test]
fn a_test_write() {
    at_any_moment(Kind::Test, &[MediaType::CD_R, MediaType::CD_RW, MediaType::DVD_R, MediaType::DVD_RW]);
}

#[test]
fn parts_of_a_medium_that_holds_data() {
    at_any_moment(Kind::Ranges, &OVERWRITABLE);
}

#[test]
fn going_on_with_a_write() {
    let grow = [MediaType::DVD_PLUS_R, MediaType::BD_R, MediaType::DVD_R];
    at_any_moment(Kind::Resume, &[&grow[..], &OVERWRITABLE].concat());
}

const ERASABLE: [MediaType; 7] = [
    MediaType::CD_RW,
    MediaType::DVD_RW,
    MediaType::DVD_RAM,
    MediaType::DVD_PLUS_RW,
    MediaType::DVD_PLUS_RW_DL,
    MediaType::BD_RE,
    MediaType::DISK,
];

#[test]
fn a_quick_erase() {
    at_any_moment(Kind::QuickErase, &ERASABLE);
}

#[test]
fn a_full_erase() {
    at_any_moment(Kind::FullErase, &ERASABLE);
}
