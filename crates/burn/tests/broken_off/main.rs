//! A write that breaks off at any command, in any way, and is gone on with makes the very disc that an undisturbed one makes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod cut;
mod erasing;
#[path = "../rig/mod.rs"]
mod rig;
mod snapshot;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use glassmaster_burn::{
    BurnReport, CancelHandle, DashWriteType, DataBurn, DataOptions, Error, ErrorKind, Journal, SpareAreas,
    Unsuitable, VerifyLevel,
};
use glassmaster_disc::clock::{Clock, SimulatedClock};
use glassmaster_disc::{BlockRange, BlockRangeList, BlockSource, MediaType, SECTOR};
use glassmaster_mmc::cmd::{ReadTrackInformation, TrackInformation};
use glassmaster_recorder::{DiscRecorder, MediaState, Medium, RecordedSession, RecorderOptions};
use glassmaster_scsi::Transport;
use glassmaster_vdrive::{Disc, DriveOptions, MediumOptions, VirtualDrive};
use tempfile::TempDir;

use cut::{Cut, Moment, Shared, Way};
use rig::{image, quiet};
use snapshot::Snapshot;

/// Sectors of what is written: no whole number of units of any medium, and several commands.
const SECTORS: usize = 200;
/// Sectors of what is on a disc that gets a second session.
const FIRST: usize = 300;

/// What is written.
#[derive(Clone, Copy, PartialEq, Debug)]
enum What {
    /// A first session, or everything from block 0 on.
    First,
    /// A session after one.
    Second,
    /// A part that is new and two that lead to it.
    Ranges,
}

/// A kind of write.
struct Case {
    name: String,
    media: MediaType,
    what: What,
    options: DataOptions,
}

fn open() -> DataOptions {
    DataOptions {
        disable_dvd_compatibility: true,
        dash_write_type: DashWriteType::Incremental,
        safe_point_every: 64,
        ..DataOptions::default()
    }
}

fn cases() -> Vec<Case> {
    let closed = || DataOptions { force_close: true, ..open() };
    let compatible = || DataOptions { disable_dvd_compatibility: false, ..open() };
    let auto = |options: DataOptions| DataOptions { dash_write_type: DashWriteType::Auto, ..options };
    let spare = |options: DataOptions, spare_areas| DataOptions { spare_areas, ..options };
    let checked = |options: DataOptions, verify| DataOptions { verify, ..options };
    let over = || DataOptions { force_overwrite: true, ..auto(open()) };
    let (quick, full) = (VerifyLevel::Quick, VerifyLevel::Full);
    let mut all = Vec::new();
    let mut add = |media: MediaType, what: What, how: &str, options: DataOptions| {
        all.push(Case { name: format!("{media}, {what:?}, {how}"), media, what, options });
    };
    for what in [What::First, What::Second] {
        add(MediaType::DVD_PLUS_R, what, "open", checked(open(), full));
        add(MediaType::DVD_PLUS_R, what, "compatible", compatible());
        add(MediaType::DVD_PLUS_R, what, "closed", checked(closed(), quick));
        add(MediaType::BD_R, what, "open", checked(open(), quick));
        add(MediaType::BD_R, what, "closed", checked(closed(), full));
        add(MediaType::BD_R, what, "spare areas", spare(open(), SpareAreas::With));
        add(MediaType::DVD_R, what, "open", checked(open(), full));
        add(MediaType::DVD_R, what, "closed", closed());
    }
    add(MediaType::BD_R, What::First, "spare areas, closed", spare(closed(), SpareAreas::With));
    add(MediaType::DVD_R, What::First, "as it comes", auto(open()));
    add(MediaType::DVD_RW, What::First, "sequential", checked(open(), quick));
    add(MediaType::DVD_RW, What::First, "sequential, closed", closed());
    add(MediaType::DVD_RW, What::First, "overwritten", checked(auto(open()), full));
    add(MediaType::DVD_RW, What::Second, "overwritten", over());
    add(MediaType::DVD_RW, What::Ranges, "overwritten", over());
    add(MediaType::DVD_PLUS_RW, What::First, "compatible", auto(compatible()));
    add(MediaType::DVD_PLUS_RW, What::Second, "open", over());
    add(MediaType::DVD_PLUS_RW, What::Ranges, "open", checked(over(), quick));
    add(MediaType::DVD_PLUS_RW_DL, What::First, "open", auto(open()));
    add(MediaType::DVD_RAM, What::First, "open", checked(auto(open()), full));
    add(MediaType::DVD_RAM, What::Ranges, "open", over());
    add(MediaType::BD_RE, What::First, "spare areas", spare(auto(open()), SpareAreas::With));
    add(MediaType::BD_RE, What::Ranges, "open", checked(over(), quick));
    add(MediaType::DISK, What::First, "open", checked(auto(open()), quick));
    add(MediaType::DISK, What::Ranges, "open", over());
    all
}

/// Everything that can be told of a disc.
#[derive(Clone)]
struct Facts {
    medium: Medium,
    sessions: Vec<RecordedSession>,
    tracks: Vec<TrackInformation>,
}

impl Facts {
    fn of(recorder: &DiscRecorder) -> Self {
        let medium = recorder.medium().unwrap();
        let last = medium.disc.as_ref().map_or(0, |d| d.last_track_in_last_session);
        let track = |n| recorder.track_information(&ReadTrackInformation::track(u32::from(n))).ok();
        Self {
            sessions: recorder.sessions().unwrap(),
            tracks: (1..=last).filter_map(track).collect(),
            medium,
        }
    }

    fn differs(&self, other: &Self) -> Option<String> {
        if self.medium != other.medium {
            return Some(format!("medium {:#?}\n and {:#?}", self.medium, other.medium));
        }
        if self.sessions != other.sessions || self.tracks != other.tracks {
            return Some(format!(
                "{:?} {:?} and {:?} {:?}",
                self.sessions, self.tracks, other.sessions, other.tracks
            ));
        }
        None
    }
}

/// A disc in its file, with what is written to it.
struct Bench<'a> {
    case: &'a Case,
    folder: TempDir,
    clock: SimulatedClock,
    /// The drive is as slow as a real one.
    timed: bool,
    source: Arc<dyn BlockSource>,
    ranges: BlockRangeList,
    /// What is on the disc before, where that is something.
    first: Arc<Vec<u8>>,
    /// As it is before the write.
    before: Option<Snapshot>,
    starts: Vec<u64>,
    burn: DataBurn,
}

/// What an undisturbed write leaves.
struct Expected {
    disc: Snapshot,
    /// Told by the drive that wrote it, and by the next one.
    facts: [Facts; 2],
    commands: u64,
    unkept: u64,
    kept: u64,
    writes: u64,
}

impl<'a> Bench<'a> {
    fn new(case: &'a Case) -> Self {
        let folder = rig::folder();
        drop(Disc::create(&folder.path().join("a.disc"), case.media, &MediumOptions::default()).unwrap());
        let whole =
            [(320, 447), (0, 31), (256, 287)].map(|(first, last)| BlockRange::new(first, last).unwrap());
        let (source, ranges) = match case.what {
            What::Ranges => (image(448, 2), whole.to_vec()),
            _ => (image(SECTORS, 2), Vec::new()),
        };
        let mut bench = Self {
            case,
            folder,
            clock: SimulatedClock::default(),
            timed: false,
            source: Arc::new(source),
            ranges: BlockRangeList(ranges),
            first: Arc::new(if case.what == What::First { Vec::new() } else { image(FIRST, 1) }),
            before: None,
            starts: vec![0],
            burn: DataBurn::new(case.options.clone()),
        };
        if case.what != What::First {
            let first =
                DataOptions { force_close: false, disable_dvd_compatibility: true, ..case.options.clone() };
            let recorder = bench.recorder(&bench.drive());
            let source = Arc::clone(&bench.first) as Arc<dyn BlockSource>;
            DataBurn::new(first).write(&recorder, source, &mut quiet, &CancelHandle::new()).unwrap();
            let next = u64::try_from(recorder.medium().unwrap().next_writable.0).unwrap();
            if next > 0 {
                bench.starts.push(next);
            }
        }
        bench.before = Some(bench.snapshot());
        bench
    }

    fn disc(&self) -> PathBuf {
        self.folder.path().join("a.disc")
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.disc(), &self.starts)
    }

    fn journal(&self) -> Journal {
        Journal::at(self.folder.path().join("a.journal"))
    }

    fn drive(&self) -> Shared {
        let clock = self.timed.then(|| Arc::new(self.clock.clone()) as Arc<dyn Clock>);
        let mut drive = VirtualDrive::empty(DriveOptions { clock, ..DriveOptions::default() });
        drive.insert(Disc::open(&self.disc()).unwrap()).map_err(|(e, _)| e).unwrap();
        Shared::new(drive, &self.disc())
    }

    fn recorder(&self, transport: &(impl Transport + Clone + 'static)) -> DiscRecorder {
        self.recorder_on(Box::new(transport.clone()))
    }

    fn recorder_on(&self, transport: Box<dyn Transport>) -> DiscRecorder {
        let clock = Arc::new(self.clock.clone());
        DiscRecorder::with_options(transport, RecorderOptions { clock, ..RecorderOptions::default() })
            .unwrap()
    }

    fn go(&self, recorder: &DiscRecorder, resume: bool) -> Result<BurnReport, Error> {
        let (source, journal, cancel) = (Arc::clone(&self.source), self.journal(), CancelHandle::new());
        let (burn, ranges) = (&self.burn, &self.ranges);
        match (self.case.what == What::Ranges, resume) {
            (false, false) => burn.write_with_journal(recorder, source, &journal, &mut quiet, &cancel),
            (false, true) => burn.resume(recorder, source, &journal, &mut quiet, &cancel),
            (true, false) => {
                burn.write_ranges_with_journal(recorder, source, ranges, &journal, &mut quiet, &cancel)
            }
            (true, true) => burn.resume_ranges(recorder, source, ranges, &journal, &mut quiet, &cancel),
        }
    }

    /// Writes, or goes on, and breaks off; what was there then, and what the write said.
    fn break_off(
        &self,
        drive: &Shared,
        resume: bool,
        at: Option<u64>,
        way: Way,
    ) -> (Moment, Result<BurnReport, Error>) {
        self.break_off_job(drive, at, way, |recorder| self.go(recorder, resume))
    }

    fn break_off_job<R>(
        &self,
        drive: &Shared,
        at: Option<u64>,
        way: Way,
        job: impl FnOnce(&DiscRecorder) -> R,
    ) -> (Moment, R) {
        let moment = Arc::new(Mutex::new(Moment { at, way: Some(way), ..Moment::default() }));
        let cut = Cut {
            drive: drive.clone(),
            moment: Arc::clone(&moment),
            disc: self.disc(),
            journal: self.journal().path().to_owned(),
            starts: self.starts.clone(),
        };
        let recorder = self.recorder_on(Box::new(cut));
        let result = job(&recorder);
        drop(recorder);
        let moment = std::mem::take(&mut *moment.lock().unwrap());
        (moment, result)
    }

    /// The drive that is there afterwards: the same, or another one with the disc as it was left.
    fn afterwards(&self, drive: Shared, moment: &Moment) -> Shared {
        let Some((disc, journal)) = &moment.left else { return drive };
        drop(drive);
        disc.put_back(&self.disc());
        journal.put_back(self.journal().path());
        self.drive()
    }

    /// A session that is led to by parts of the medium can be planned again: the medium is seen as it was.
    fn shows_what_was_before(&self, drive: &Shared, name: &str) {
        let Some((_, leads)) = self.ranges.0.split_first().filter(|_| self.journal().path().exists()) else {
            return;
        };
        let ways = self.burn.resume_interfaces(&self.recorder(drive), &self.journal()).unwrap();
        let way = ways.iter().find(|way| way.supported).unwrap();
        for range in leads {
            let [first, end] =
                [range.first(), range.last() + 1].map(|n| usize::try_from(n).unwrap() * SECTOR);
            let mut found = vec![0; end - first];
            way.source.read_blocks(range.first().into(), &mut found).unwrap();
            assert!(found == self.first[first..end], "{name}: sector {}", range.first());
        }
    }

    fn start_again(&self) -> Shared {
        self.before.as_ref().unwrap().put_back(&self.disc());
        self.journal().remove().unwrap();
        self.drive()
    }

    fn expected(&self) -> Expected {
        self.expected_of(|recorder| {
            self.go(recorder, false).unwrap_or_else(|e| panic!("{}: {e}", self.case.name))
        })
    }

    fn expected_of<R>(&self, job: impl FnOnce(&DiscRecorder) -> R) -> Expected {
        let drive = self.start_again();
        let (moment, _) = self.break_off_job(&drive, None, Way::Lost, job);
        let live = Facts::of(&self.recorder(&drive));
        drop(drive);
        let next = Facts::of(&self.recorder(&self.drive()));
        Expected {
            disc: self.snapshot(),
            facts: [live, next],
            commands: moment.commands,
            unkept: moment.unkept,
            kept: moment.kept,
            writes: moment.writes,
        }
    }

    /// Goes on with what was broken off; what became of it.
    fn finish(&self, drive: Shared, expected: &Expected, name: &str) -> &'static str {
        let recorder = self.recorder(&drive);
        let outcome = match self.go(&recorder, true) {
            Ok(report) => {
                let sectors =
                    if self.ranges.0.is_empty() { self.source.block_count() } else { self.ranges.blocks() };
                assert_eq!(report.sectors, sectors, "{name}");
                assert_eq!(
                    report.verified.is_some(),
                    self.burn.options.verify != VerifyLevel::None,
                    "{name}"
                );
                "gone on with"
            }
            Err(error) => self.refused(&recorder, &error, expected, name),
        };
        assert_eq!(self.journal().read().unwrap(), None, "{name}: a journal is left");
        drop(recorder);
        self.compare(drive, expected, &format!("{name}: {outcome}"));
        outcome
    }

    /// The disc is the one that an undisturbed write leaves.
    fn compare(&self, drive: Shared, expected: &Expected, name: &str) {
        let live = Facts::of(&self.recorder(&drive));
        drop(drive);
        let next = Facts::of(&self.recorder(&self.drive()));
        let found = Snapshot::of_data(&self.disc(), &self.starts);
        if let Some(difference) = found.differs(&expected.disc) {
            panic!("{name}: other data: {difference}");
        }
        for (found, expected) in [&live, &next].into_iter().zip(&expected.facts) {
            if let Some(difference) = found.differs(expected) {
                panic!("{name}: {difference}");
            }
        }
    }

    fn refused(
        &self,
        recorder: &DiscRecorder,
        error: &Error,
        expected: &Expected,
        name: &str,
    ) -> &'static str {
        let why = match error.kind() {
            ErrorKind::Unsuitable(Unsuitable::NoResume(text)) | ErrorKind::Journal { why: text, .. } => text,
            _ => panic!("{name}: {error}"),
        };
        if why.contains("no burn was broken off") && self.snapshot().differs(&expected.disc).is_none() {
            return "was complete";
        }
        panic!("{name}: {error}; {:?}", Facts::of(recorder).medium.state & MediaState::all());
    }
}

/// Breaks every kind of write off at each of its commands in each way, and goes on.
fn sweep(cases: &[Case]) {
    for case in cases {
        let bench = Bench::new(case);
        let expected = bench.expected();
        let mut outcomes = BTreeMap::new();
        for way in [Way::Lost, Way::Unheard, Way::Dead] {
            // Behind the journal there is only verification, whose commands are all alike.
            let checks = (expected.kept..expected.commands).step_by(40);
            for at in (expected.unkept..expected.kept).chain(checks) {
                let drive = bench.start_again();
                let (moment, _) = bench.break_off(&drive, false, Some(at), way);
                let Some(cdb) = moment.broken else { panic!("{}: nothing broke at {at}", case.name) };
                let name = format!("{}: {way:?} at {at} of {}, {cdb:?}", case.name, expected.commands);
                let drive = bench.afterwards(drive, &moment);
                bench.shows_what_was_before(&drive, &name);
                *outcomes.entry(bench.finish(drive, &expected, &name)).or_insert(0) += 1;
            }
        }
        println!("{}: {} commands, {} writes: {outcomes:?}", case.name, expected.commands, expected.writes);
    }
}

fn is_overwritten(case: &Case) -> bool {
    match case.media {
        MediaType::DVD_RW => case.options.dash_write_type == DashWriteType::Auto,
        media => !matches!(media, MediaType::DVD_PLUS_R | MediaType::DVD_R | MediaType::BD_R),
    }
}

#[test]
fn on_media_that_grow_it_ends_as_one_that_was_not_disturbed() {
    sweep(&cases().into_iter().filter(|case| !is_overwritten(case)).collect::<Vec<_>>());
}

#[test]
fn on_media_that_are_overwritten_it_ends_as_one_that_was_not_disturbed() {
    sweep(&cases().into_iter().filter(is_overwritten).collect::<Vec<_>>());
}

/// Whoever led to another session meanwhile, with a host that knows no journal, keeps it.
#[test]
fn what_was_written_since_by_somebody_else_is_not_overwritten() {
    for media in [MediaType::DVD_PLUS_RW, MediaType::DVD_RAM, MediaType::BD_RE, MediaType::DISK] {
        let options = DataOptions { force_overwrite: true, ..open() };
        let case = Case { name: media.to_string(), media, what: What::Ranges, options };
        let bench = Bench::new(&case);
        let expected = bench.expected();
        let drive = bench.start_again();
        // The last part is not there yet.
        let (moment, _) = bench.break_off(&drive, false, Some(expected.kept - 12), Way::Lost);
        assert!(moment.broken.is_some());
        let recorder = bench.recorder(&drive);
        let other = BlockRangeList(vec![bench.ranges.0[2]]);
        let image = Arc::new(image(448, 7));
        let cancel = CancelHandle::new();
        bench.burn.write_ranges(&recorder, image, &other, &mut quiet, &cancel).unwrap();
        let before = bench.snapshot();
        let error = bench.go(&recorder, true).unwrap_err();
        assert!(error.to_string().contains("block 256 of the disc was changed since"), "{media}: {error}");
        assert!(bench.snapshot() == before, "{media}");
    }
}

/// The drive still closes, flushes or formats when somebody goes on.
#[test]
fn a_drive_that_is_still_at_work_is_waited_for() {
    for case in cases() {
        let mut bench = Bench::new(&case);
        bench.timed = true;
        let expected = bench.expected();
        let commands = expected.unkept..expected.kept;
        let step = usize::try_from((commands.end - commands.start) / 8 + 1).unwrap();
        for at in commands.step_by(step) {
            let drive = bench.start_again();
            let (moment, _) = bench.break_off(&drive, false, Some(at), Way::Unheard);
            let name = format!("{}: at {at} of {}, {:?}", case.name, expected.kept, moment.broken);
            bench.finish(drive, &expected, &name);
        }
    }
}

/// A resumed write that breaks off as well is gone on with as the first one.
#[test]
fn a_write_that_breaks_off_twice_ends_as_one_that_was_not_disturbed() {
    for case in cases() {
        let bench = Bench::new(&case);
        let expected = bench.expected();
        let first = [expected.unkept, expected.kept].iter().sum::<u64>() / 2;
        let broken = || {
            let drive = bench.start_again();
            let (moment, _) = bench.break_off(&drive, false, Some(first), Way::Unheard);
            bench.afterwards(drive, &moment)
        };
        let drive = broken();
        let (moment, result) = bench.break_off(&drive, true, None, Way::Lost);
        drop((drive, result.unwrap_or_else(|e| panic!("{}: {e}", case.name))));
        let ends = [1, 4, 8, 14].map(|n| moment.kept.checked_sub(n));
        for (way, second) in [Way::Dead, Way::Unheard, Way::Lost].into_iter().cycle().zip(ends) {
            let drive = broken();
            let (moment, _) = bench.break_off(&drive, true, second, way);
            let name = format!("{}: at {first}, then {way:?} at {second:?}, {:?}", case.name, moment.broken);
            assert!(moment.broken.is_some(), "{name}");
            let drive = bench.afterwards(drive, &moment);
            bench.finish(drive, &expected, &name);
        }
    }
}

/// Before there is a journal there is nothing to go on with: the disc is burnt anew.
#[test]
fn a_format_that_breaks_off_is_no_obstacle() {
    for case in cases().iter().filter(|case| case.what == What::First) {
        for timed in [false, true] {
            let mut bench = Bench::new(case);
            bench.timed = timed;
            let expected = bench.expected();
            if expected.unkept == 0 {
                break;
            }
            let step = usize::try_from(expected.unkept / 12 + 1).unwrap();
            for way in [Way::Lost, Way::Unheard, Way::Dead] {
                for at in (0..expected.unkept).step_by(step) {
                    let drive = bench.start_again();
                    let (moment, _) = bench.break_off(&drive, false, Some(at), way);
                    let name = format!("{}: {way:?} at {at}, {:?}", case.name, moment.broken);
                    let drive = bench.afterwards(drive, &moment);
                    let recorder = bench.recorder(&drive);
                    if let Err(error) = bench.go(&recorder, true) {
                        assert!(error.to_string().contains("no burn was broken off"), "{name}: {error}");
                    } else {
                        panic!("{name}: there is a journal")
                    }
                    bench.go(&recorder, false).unwrap_or_else(|e| panic!("{name}: {e}"));
                    drop(recorder);
                    bench.compare(drive, &expected, &name);
                }
            }
        }
    }
}
