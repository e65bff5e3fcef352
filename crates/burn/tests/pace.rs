//! Hours of burning in seconds: drives as slow as real ones on a simulated clock, sources as slow as real ones. The discs are
//! burnt whole; all that is left out is data that takes room.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sectors and bytes of a disc are far below 2^53"
)]

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glassmaster_burn::{
    BurnReport, CancelHandle, CdWriteType, DashWriteType, DataBurn, DataOptions, Error, Event, RingOptions,
    VerifyLevel, WriteAction,
};
use glassmaster_disc::clock::{Clock, SimulatedClock};
use glassmaster_disc::{BlockSource, MediaType};
use glassmaster_recorder::{DiscRecorder, RecorderOptions};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Transport, TransportError};
use glassmaster_vdrive::{Disc, DriveOptions, MediumOptions, VirtualDrive};

/// A drive that tells how often its buffer ran empty while it recorded.
struct Counted {
    drive: VirtualDrive,
    underruns: Arc<AtomicU32>,
}

impl Transport for Counted {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let outcome = self.drive.execute(cdb, data, timeout);
        self.underruns.store(self.drive.underruns(), Ordering::Relaxed);
        outcome
    }

    fn max_transfer(&self) -> usize {
        self.drive.max_transfer()
    }

    fn name(&self) -> &str {
        self.drive.name()
    }
}

/// How fast a drive records, in bytes of user data a second. Said here from the books and not asked of the drive.
#[derive(Clone, Copy)]
struct Drive {
    media: MediaType,
    /// Blocks of the whole disc.
    blocks: u64,
    /// At the rim.
    peak: f64,
    /// Radii of the first and the last block in millimetres, where the disc turns evenly.
    radii: Option<(f64, f64)>,
    /// What the drive is asked for, in sectors a second.
    speed: u32,
}

impl Drive {
    fn rate(&self, block: u64) -> f64 {
        let Some((inner, outer)) = self.radii else { return self.peak };
        let share = block as f64 / self.blocks as f64;
        self.peak * (inner * inner + (outer * outer - inner * inner) * share).sqrt() / outer
    }

    /// Time for the first `sectors` blocks: the integral of 1/rate.
    fn time(&self, sectors: u64) -> f64 {
        let bytes = self.blocks as f64 * 2048.0;
        let share = sectors as f64 / self.blocks as f64;
        match self.radii {
            None => bytes * share / self.peak,
            Some((inner, outer)) => {
                let span = outer * outer - inner * inner;
                2.0 * outer * ((inner * inner + span * share).sqrt() - inner) / span * bytes / self.peak
            }
        }
    }
}

/// 4 times 4,495.5 kB/s, everywhere.
const BD: Drive =
    Drive { media: MediaType::BD_R, blocks: 12_219_392, peak: 17_982_000.0, radii: None, speed: 4 * 2195 };
/// 16 times 1,385 kB/s at the rim.
const DVD: Drive = Drive {
    media: MediaType::DVD_R,
    blocks: 2_297_888,
    peak: 22_160_000.0,
    radii: Some((24.0, 58.0)),
    speed: 10_820,
};
/// 52 times 75 blocks a second at the rim.
const CD: Drive = Drive {
    media: MediaType::CD_R,
    blocks: 359_847,
    peak: 52.0 * 75.0 * 2048.0,
    radii: Some((25.0, 58.0)),
    speed: 52 * 75,
};

/// Zeros that come so many times as fast as the drive records them where they go.
struct Source {
    clock: SimulatedClock,
    drive: Drive,
    sectors: u64,
    pace: Pace,
    state: Mutex<State>,
}

enum Pace {
    /// Evenly.
    Even(f64),
    /// In bursts at 6 times the drive's rate and pauses of random length up to so much, 1.5 times the rate on average.
    Jitter(Duration),
    /// Evenly at 1.5 times, with a stall before each of these sectors.
    Stalls(Vec<u64>, Duration),
}

#[derive(Default)]
struct State {
    seed: u64,
    /// Bytes until the next pause.
    burst: f64,
    stalled: usize,
}

impl Source {
    fn take(&self, lba: u64, bytes: usize) -> Duration {
        let rate = self.drive.rate(lba);
        let bytes = bytes as f64;
        let mut state = self.state.lock().unwrap();
        match &self.pace {
            Pace::Even(factor) => Duration::from_secs_f64(bytes / rate / factor),
            Pace::Stalls(at, length) => {
                let even = Duration::from_secs_f64(bytes / rate / 1.5);
                match at.get(state.stalled) {
                    Some(sector) if *sector <= lba => {
                        state.stalled += 1;
                        even + *length
                    }
                    _ => even,
                }
            }
            Pace::Jitter(longest) => {
                let mut time = bytes / rate / 6.0;
                state.burst -= bytes;
                while state.burst <= 0.0 {
                    state.seed = state
                        .seed
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let pause = longest.as_secs_f64() * (state.seed >> 40) as f64 / (1u64 << 24) as f64;
                    // A pause p and n bytes at 6 times the rate r take as long as n bytes at 1.5 r: n = 2 r p.
                    state.burst += 2.0 * rate * pause;
                    time += pause;
                }
                Duration::from_secs_f64(time)
            }
        }
    }
}

impl BlockSource for Source {
    fn block_count(&self) -> u64 {
        self.sectors
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        let time = self.take(lba, buf.len());
        self.clock.sleep(time);
        buf.fill(0);
        Ok(())
    }
}

/// What came of a burn.
struct Burnt {
    result: Result<BurnReport, Error>,
    /// Times the buffer of the drive ran empty.
    underruns: u64,
    events: Vec<Event>,
}

fn burn(drive: Drive, sectors: u64, pace: Pace, options: DataOptions) -> Burnt {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("medium.disc");
    drop(Disc::create(&path, drive.media, &MediumOptions::default()).unwrap());
    let clock = SimulatedClock::default();
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let mut slow =
        VirtualDrive::empty(DriveOptions { clock: Some(Arc::clone(&shared)), ..DriveOptions::default() });
    slow.insert(Disc::open(&path).unwrap()).map_err(|(e, _)| e).unwrap();
    let underruns = Arc::new(AtomicU32::new(0));
    let transport = Counted { drive: slow, underruns: Arc::clone(&underruns) };
    let recorder = DiscRecorder::with_options(
        Box::new(transport),
        RecorderOptions { clock: shared, ..RecorderOptions::default() },
    )
    .unwrap();
    let state = Mutex::new(State { seed: 1, ..State::default() });
    let source = Source { clock, drive, sectors, pace, state };
    let mut events = Vec::new();
    let mut sink = |event: &Event| {
        events.push(*event);
        ControlFlow::Continue(())
    };
    let result = DataBurn::new(options).write(&recorder, Arc::new(source), &mut sink, &CancelHandle::new());
    Burnt { result, underruns: underruns.load(Ordering::Relaxed).into(), events }
}

/// The ring is the one that the program uses for real drives.
fn options(drive: Drive) -> DataOptions {
    DataOptions {
        ring: RingOptions::deep(),
        speed: Some(drive.speed),
        pure_cav: drive.radii.is_some(),
        verify: VerifyLevel::None,
        ..DataOptions::default()
    }
}

/// Seconds for which the ring holds data at the speed of the rim.
fn ring_lasts(ring: RingOptions, drive: Drive) -> f64 {
    ring.bytes() as f64 / drive.peak
}

/// A burn without an under-run, in the time that the speed stands for, the end of which was foreseen.
fn holds(drive: Drive, sectors: u64, pace: Pace, name: &str) {
    let burnt = burn(drive, sectors, pace, options(drive));
    let report = burnt.result.unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(report.sectors, sectors, "{name}");
    assert_eq!((report.underruns, burnt.underruns), (0, 0), "{name}: in the ring, in the drive");
    let expected = drive.time(sectors);
    let took = report.writing.as_secs_f64();
    // It begins with a full ring.
    let filling = RingOptions::deep().bytes() as f64 / drive.rate(0) / 1.5;
    assert!(
        (0.98 * expected..1.02 * expected + filling).contains(&took),
        "{name}: {took:.1} s instead of {expected:.1} s"
    );
    let writing: Vec<&Event> = burnt.events.iter().filter(|e| e.action == WriteAction::WritingData).collect();
    let (Some(first), Some(last)) = (writing.first(), writing.last()) else { panic!("{name}: no events") };
    assert!(last.elapsed.as_secs_f64() >= first.elapsed.as_secs_f64() + 0.98 * took, "{name}");
    let end = first.elapsed.as_secs_f64() + took;
    let mut foreseen = 0;
    for event in writing.iter().filter(|e| e.elapsed >= first.elapsed + Duration::from_secs(60)) {
        let (left, told) = (end - event.elapsed.as_secs_f64(), event.remaining.unwrap().as_secs_f64());
        // What is in the buffer of the drive has been written as far as anybody can tell.
        assert!(
            (told - left).abs() <= 0.1 * left + 1.0,
            "{name} at {:?}: {told:.1} s, {left:.1} s",
            event.elapsed
        );
        foreseen += 1;
    }
    assert!(foreseen > 100, "{name}: {foreseen} estimates");
}

#[test]
fn a_whole_bd_r_at_4x() {
    holds(BD, BD.blocks, Pace::Even(1.5), "BD-R, even");
}

#[test]
fn a_whole_dvd_r_at_16x_and_a_whole_cd_r_at_52x() {
    // The last blocks of a CD are run-out and post-gap.
    for (drive, sectors) in [(DVD, DVD.blocks), (CD, CD.blocks - 200)] {
        holds(drive, sectors, Pace::Even(1.5), &format!("{}, even", drive.media));
    }
}

/// Pauses as long as the ring lasts at the rim, less than a tenth.
#[test]
fn a_source_of_bursts_and_pauses() {
    for (drive, sectors) in [(BD, BD.blocks / 4), (DVD, DVD.blocks), (CD, CD.blocks - 200)] {
        let longest = Duration::from_secs_f64(0.9 * ring_lasts(RingOptions::deep(), drive));
        holds(drive, sectors, Pace::Jitter(longest), &format!("{}, jitter up to {longest:?}", drive.media));
    }
}

/// 3 s are more than ring and drive hold of BD and DVD. Each is counted once, by the program and by the drive, and costs
/// no more than its time.
#[test]
fn stalls_are_counted_one_by_one() {
    for (drive, sectors) in [(BD, 1_500_000), (DVD, DVD.blocks)] {
        for count in [1u64, 5] {
            let at: Vec<u64> = (1..=count).map(|n| sectors * n / (count + 1)).collect();
            let pace = Pace::Stalls(at, Duration::from_secs(3));
            let burnt = burn(drive, sectors, pace, options(drive));
            let name = format!("{}, {count} stalls", drive.media);
            let report = burnt.result.unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(
                (report.underruns, burnt.underruns),
                (count, count),
                "{name}: in the ring, in the drive"
            );
            let (took, undisturbed) = (report.writing.as_secs_f64(), drive.time(sectors));
            assert!(
                took > undisturbed && took < undisturbed + 3.5 * count as f64,
                "{name}: {took:.1} s, {undisturbed:.1} s without"
            );
        }
    }
}

/// On a CD, the slowest of all, the ring bridges the same 3 s; the small one of fast drives does not.
#[test]
fn the_ring_for_real_drives_bridges_what_the_small_one_does_not() {
    let sectors = CD.blocks - 200;
    let at: Vec<u64> = (1..=5).map(|n| sectors * n / 6).collect();
    for (ring, underruns) in [(RingOptions::deep(), 0), (RingOptions::default(), 5)] {
        let pace = Pace::Stalls(at.clone(), Duration::from_secs(3));
        let burnt = burn(CD, sectors, pace, DataOptions { ring, ..options(CD) });
        let report = burnt.result.unwrap();
        assert_eq!((report.underruns, burnt.underruns), (underruns, underruns), "{ring:?}");
    }
}

/// Without protection a CD and a DVD-R are lost, and the error says by what.
#[test]
fn without_protection_a_stall_is_the_end() {
    for drive in [CD, DVD] {
        let sectors = drive.blocks / 2;
        let options = DataOptions {
            ring: RingOptions::default(),
            disable_underrun_protection: true,
            cd_write_type: CdWriteType::TrackAtOnce,
            dash_write_type: DashWriteType::Incremental,
            ..options(drive)
        };
        let pace = Pace::Stalls(vec![sectors / 2], Duration::from_secs(3));
        let burnt = burn(drive, sectors, pace, options);
        let error = burnt.result.unwrap_err();
        assert_eq!(burnt.underruns, 1, "{}", drive.media);
        assert_eq!(error.phase(), WriteAction::WritingData);
        let text = error.to_string().to_lowercase();
        assert!(text.contains("loss of streaming"), "{}: {text}", drive.media);
    }
}
