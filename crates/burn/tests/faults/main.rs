//! The fault sweep: every command of a whole burn, spoiled in every way, once and for good, on each medium.
//!
//! A burn with full verification is a row of commands. Each one by its place is spoiled by each of [`fault::FAULTS`],
//! once, and then from it on for all commands of its kind. The limits are the usual ones; an hour of waiting passes in a
//! moment, because everything waits by a simulated clock. Every run ends in a disc that a drive nobody spoils reads
//! correctly, or in an error that names the phase, the command, the address and the sense in words and says what to
//! do, with the tray free and the drive released.
//!
//! Erasing by BLANK is swept in the same way. FORMAT UNIT is one of the commands of a burn to DVD-RW, DVD+RW and BD-RE.
//!
//! What came of each run stands in `snapshot/`, one file a medium, a row for each command and a column for each fault.
//! A change of the engine that changes an outcome shows there: read the difference, and when it is meant, run this test
//! with `GLASSMASTER_BLESS=1`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod fault;
mod table;

#[path = "../rig/mod.rs"]
mod rig;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glassmaster_burn::{
    BurnReport, CancelHandle, DataBurn, DataOptions, DiscErase, EraseError, Error, ErrorKind, VerifyLevel,
};
use glassmaster_disc::clock::{Clock, SimulatedClock};
use glassmaster_disc::{BlockSource, MediaType, SECTOR};
use glassmaster_recorder::{DiscRecorder, Error as DriveError, MediaState, Patience, RecorderOptions};
use glassmaster_vdrive::{Disc, DriveOptions, MediumOptions, VirtualDrive};

use fault::{FAULTS, Fault, MOST_COMMANDS, Spoiler, Step, Tape};
use rig::{image, quiet};

/// Three WRITE commands.
const SECTORS: usize = 96;
/// More than all limits of one burn together.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What is spoiled.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Work {
    /// A burn to a blank disc.
    Burn,
    /// BLANK of a disc with a session.
    Erase,
}

/// How a run ended.
#[derive(Debug)]
enum End {
    /// The drive could not be taken into use.
    Opening(DriveError),
    Written(Box<BurnReport>),
    Failed(Error),
    Erased,
    NotErased(EraseError),
}

/// What is burnt, and where.
struct Bench {
    _folder: tempfile::TempDir,
    path: PathBuf,
    media: MediaType,
    work: Work,
    image: Arc<Vec<u8>>,
}

/// A fault at a place.
#[derive(Clone, Copy, Debug)]
struct Plan {
    fault: Option<Fault>,
    at: usize,
    lasting: bool,
}

const UNSPOILED: Plan = Plan { fault: None, at: usize::MAX, lasting: false };

impl Bench {
    fn new(media: MediaType, work: Work) -> Self {
        let folder = rig::folder();
        let path = folder.path().join("medium.disc");
        Self { _folder: folder, path, media, work, image: Arc::new(image(SECTORS, 1)) }
    }

    /// A burn by a drive that nobody spoils.
    fn fill(&self) {
        let recorder = DiscRecorder::open(Box::new(VirtualDrive::open(&self.path).unwrap())).unwrap();
        let source = Arc::clone(&self.image) as Arc<dyn BlockSource>;
        let burn = DataBurn::new(DataOptions { client_name: "filler".to_owned(), ..DataOptions::default() });
        burn.write(&recorder, source, &mut quiet, &CancelHandle::new()).unwrap();
    }

    /// The work on a new disc.
    fn run(&self, plan: Plan, record: bool) -> (End, Tape) {
        let _ = std::fs::remove_file(&self.path);
        drop(Disc::create(&self.path, self.media, &MediumOptions::default()).unwrap());
        if self.work == Work::Erase {
            self.fill();
        }
        let clock = SimulatedClock::default();
        let mut drive = VirtualDrive::empty(DriveOptions::default());
        drive.insert(Disc::open(&self.path).unwrap()).map_err(|(e, _)| e).unwrap();
        let tape = Arc::new(Mutex::new(Tape::default()));
        let Plan { fault, at, lasting } = plan;
        let spoiler = Spoiler { drive, fault, at, lasting, opcode: None, record, tape: Arc::clone(&tape) };
        let options = RecorderOptions {
            clock: Arc::new(clock.clone()),
            // The limits are the usual ones; a drive that is asked less often makes an hour shorter.
            patience: Patience { poll: Duration::from_secs(20), ..Patience::default() },
            ..RecorderOptions::default()
        };
        let end = match DiscRecorder::with_options(Box::new(spoiler), options) {
            Err(error) => End::Opening(error),
            Ok(recorder) => {
                let end = self.work_with(&recorder);
                assert_eq!(recorder.exclusive_access_owner(), None, "the drive is still held");
                end
            }
        };
        assert!(clock.now() < LONGEST, "it took {:?}", clock.now());
        let tape = std::mem::take(&mut *tape.lock().unwrap());
        (end, tape)
    }

    fn work_with(&self, recorder: &DiscRecorder) -> End {
        let cancel = CancelHandle::new();
        match self.work {
            Work::Burn => {
                let burn = DataBurn::new(DataOptions { verify: VerifyLevel::Full, ..DataOptions::default() });
                let source = Arc::clone(&self.image) as Arc<dyn BlockSource>;
                match burn.write(recorder, source, &mut quiet, &cancel) {
                    Ok(report) => End::Written(Box::new(report)),
                    Err(error) => End::Failed(error),
                }
            }
            Work::Erase => match DiscErase::default().erase(recorder, &mut |_| {}, &cancel) {
                Ok(_) => End::Erased,
                Err(error) => End::NotErased(error),
            },
        }
    }

    /// Whether the disc is blank, by a drive that nobody spoils.
    fn is_blank(&self) -> bool {
        let drive = VirtualDrive::open(&self.path).unwrap();
        let recorder = DiscRecorder::open(Box::new(drive)).unwrap();
        recorder.wait_ready().unwrap();
        recorder.medium().unwrap().state.contains(MediaState::BLANK)
    }

    /// What is on the disc, looked at by a drive that nobody spoils.
    fn holds_the_image(&self, report: &BurnReport) -> bool {
        let drive = VirtualDrive::open(&self.path).unwrap();
        let recorder = DiscRecorder::open(Box::new(drive)).unwrap();
        recorder.wait_ready().unwrap();
        let start = u64::try_from(report.start_lba.0).unwrap();
        let mut found = vec![0; SECTORS * SECTOR];
        let disc = recorder.disc_source_of(start + u64::try_from(SECTORS).unwrap());
        disc.read(start, &mut found).is_ok() && found == *self.image
    }

    /// Runs, checks everything that has to be so whatever happens, and says how it ended.
    fn outcome(&self, plan: Plan, complaints: &mut Vec<String>) -> char {
        let fault = plan.fault.expect("something to do");
        let how = if plan.lasting { "from then on" } else { "once" };
        let label = format!("{}, command {} {how}, {}", self.media, plan.at + 1, fault.heading());
        let mut claim = |holds: bool, what: &dyn Fn() -> String| {
            if !holds {
                complaints.push(format!("{label}: {}", what()));
            }
        };
        let Ok((end, tape)) = catch_unwind(AssertUnwindSafe(|| self.run(plan, false))) else {
            claim(false, &|| "panic".to_owned());
            return '!';
        };
        claim(tape.commands < MOST_COMMANDS, &|| "it does not end".to_owned());
        let Some(struck) = tape.struck.as_deref() else {
            claim(false, &|| "never reached".to_owned());
            return '!';
        };
        // A command to unlock that never reaches the drive cannot unlock it.
        claim(!tape.locked || struck[0] == 0x1E, &|| "the tray stays locked".to_owned());
        let error = match end {
            End::Written(report) => {
                claim(report.verified.is_some(), &|| "not verified".to_owned());
                claim(self.holds_the_image(&report), &|| "verified, but the disc is wrong".to_owned());
                return table::VERIFIED;
            }
            End::Opening(error) => {
                let text = error.to_string();
                claim(names_all(fault, struck, &text), &|| text.clone());
                claim(!error.next_step().is_empty(), &|| format!("no advice: {text}"));
                return table::OPENING;
            }
            End::Erased => {
                claim(self.is_blank(), &|| "erased, but the disc is not blank".to_owned());
                return table::VERIFIED;
            }
            End::NotErased(error) => {
                let text = error.to_string();
                claim(!error.next_step().is_empty(), &|| format!("no advice: {text}"));
                claim(!error.hresult().succeeded() && !error.is_cancelled(), &|| {
                    format!("wrong code: {text}")
                });
                let letter = table::not_erased(error.kind());
                let verdict = [table::UNSUITABLE, table::DIFFERS].contains(&letter);
                claim(verdict || names_all(fault, struck, &text), &|| {
                    format!("something is missing: {text}")
                });
                return letter;
            }
            End::Failed(error) => error,
        };
        let text = error.to_string();
        let phase = error.phase();
        claim(text.starts_with(&format!("while {phase}: ")), &|| format!("no phase: {text}"));
        claim(!error.next_step().is_empty(), &|| format!("no advice: {text}"));
        claim(!error.hresult().succeeded() && !error.is_cancelled(), &|| format!("wrong code: {text}"));
        match error.kind() {
            ErrorKind::Verification(_) => table::DIFFERS,
            ErrorKind::Unsuitable(_) => table::UNSUITABLE,
            _ => {
                claim(names_all(fault, struck, &text), &|| format!("something is missing: {text}"));
                table::failed_in(phase)
            }
        }
    }
}

/// Whether an error says which command it was, at which address, and what the drive said, in words and numbers.
fn names_all(fault: Fault, struck: &[u8], text: &str) -> bool {
    let Some(words) = fault.words() else { return true };
    text.contains(words)
        && fault.digits().is_none_or(|digits| text.contains(&digits))
        && text.contains(table::name_of(struck[0]))
        && table::address_of(struck).is_none_or(|lba| text.contains(&format!("block {lba}")))
}

/// The commands that are swept, with their places: all of them, but of more than three alike in a row - the reads of a
/// look for data, the samples of a verification - the first, one in the middle and the last.
fn swept(steps: Vec<Step>) -> Vec<(usize, Step)> {
    let placed: Vec<(usize, Step)> = steps.into_iter().enumerate().collect();
    let runs = placed.chunk_by(|(_, a), (_, b)| a.cdb[0] == b.cdb[0]);
    let chosen = runs.flat_map(|run| match run {
        [first, .., last] if run.len() > 3 => vec![first.clone(), run[run.len() / 2].clone(), last.clone()],
        all => all.to_vec(),
    });
    chosen.collect()
}

/// Sweeps one medium and compares with its table.
fn sweep(media: MediaType, work: Work) {
    let bench = Bench::new(media, work);
    let (end, tape) = bench.run(UNSPOILED, true);
    match end {
        End::Written(report) => assert!(bench.holds_the_image(&report)),
        End::Erased => assert!(bench.is_blank()),
        other => panic!("{media}: {other:?}"),
    }
    let steps = swept(tape.steps);
    let mut complaints = Vec::new();
    let rows = [false, true].map(|lasting| {
        let mut rows = Vec::with_capacity(steps.len());
        for (at, step) in &steps {
            let mut row = String::with_capacity(FAULTS.len());
            for fault in FAULTS {
                row.push(if fault.applies(step.wanted) {
                    bench.outcome(Plan { fault: Some(fault), at: *at, lasting }, &mut complaints)
                } else {
                    table::NOT_RUN
                });
            }
            rows.push(row);
        }
        rows
    });
    let some = complaints.iter().take(60).cloned().collect::<Vec<_>>().join("\n");
    assert!(complaints.is_empty(), "{} complaints, such as\n{some}", complaints.len());
    table::compare(media, work, &steps, &rows);
}

macro_rules! sweeps {
    ($($name:ident: $media:ident, $work:ident;)*) => {$(
        #[test]
        fn $name() {
            sweep(MediaType::$media, Work::$work);
        }
    )*};
}

sweeps! {
    cd_r: CD_R, Burn;
    cd_rw: CD_RW, Burn;
    dvd_r: DVD_R, Burn;
    dvd_r_dl: DVD_R_DL, Burn;
    dvd_rw: DVD_RW, Burn;
    dvd_ram: DVD_RAM, Burn;
    dvd_plus_r: DVD_PLUS_R, Burn;
    dvd_plus_r_dl: DVD_PLUS_R_DL, Burn;
    dvd_plus_rw: DVD_PLUS_RW, Burn;
    dvd_plus_rw_dl: DVD_PLUS_RW_DL, Burn;
    bd_r: BD_R, Burn;
    bd_re: BD_RE, Burn;
    disk: DISK, Burn;
    erase_cd_rw: CD_RW, Erase;
    erase_dvd_rw: DVD_RW, Erase;
}
