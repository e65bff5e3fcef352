//! Writing a data image: from the check of the medium to the verified disc.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use glassmaster_disc::{BlockRangeList, BlockSource, Lba, MediaType, SECTOR};
use glassmaster_mmc::cmd::{Configuration, SendOpcInformation};
use glassmaster_recorder::{
    Blame, DiscRecorder, HResult, MediaState, Medium, PreventRemoval, Repeat, RestoreSpeed, SpeedSetting,
    WriteSpeed, check_client_name,
};
use glassmaster_scsi::SenseKey;

use super::resume::{end_journal, keep_journal};
use super::section::{Section, Wanted, Work};
use crate::cancel::CancelHandle;
use crate::digest::Sha256Sum;
use crate::engine::{SectionWriter, Target};
use crate::error::{Error, ErrorKind, Unsuitable};
use crate::event::{Event, WriteAction};
use crate::job::Job;
use crate::journal::{Journal, Left};
use crate::options::{DataOptions, Reload};
use crate::recipe::{self, Closing, Recipe, Supports};
use crate::ring::Ring;
use crate::verify::{self, Reading, Samples, Sent, Verified, VerifyLevel};

/// A data write with its options. May be used for any number of discs.
#[derive(Clone, Debug, Default)]
pub struct DataBurn {
    /// Options in force.
    pub options: DataOptions,
}

/// A write that went well.
#[derive(Clone, PartialEq, Debug)]
pub struct BurnReport {
    /// Type of the medium.
    pub media: MediaType,
    /// Block of the first sector of the source.
    pub start_lba: Lba,
    /// Sectors of the source.
    pub sectors: u64,
    /// Zero sectors written after them: post-gap and padding.
    pub padding: u32,
    /// In which state the medium was left, by its own account where it was verified; after a test write, would have been.
    pub closing: Closing,
    /// The laser stayed at read power: nothing was recorded.
    pub test_write: bool,
    /// Speed that was set, where the drive names any.
    pub speed: Option<WriteSpeed>,
    /// [`HResult::OK`], or which part of the requested speed was replaced.
    pub speed_result: HResult,
    /// Time for everything.
    pub elapsed: Duration,
    /// Time for the data alone.
    pub writing: Duration,
    /// Times the ring ran empty while writing: the source was too slow.
    pub underruns: u64,
    /// Times the drive said "later" to a block: its buffer was full.
    pub stalls: u64,
    /// SHA-256 of what was sent; with full verification.
    pub sha256: Option<Sha256Sum>,
    /// Result of the verification, `None` when none was asked for.
    pub verified: Option<Verified>,
    /// How the reading back went; with full verification.
    pub reading: Option<Reading>,
    /// What a person should know though all went well.
    pub notes: Vec<String>,
}

/// What the check of drive and medium found: all that is needed to decide before writing.
#[derive(Clone, PartialEq, Debug)]
pub struct Suitability {
    /// The medium as it is.
    pub medium: Medium,
    /// Block the first sector of the source would go to.
    pub start_lba: Lba,
    /// Sectors that would be written, padding and post-gap included.
    pub needed: u64,
    /// The state that the medium would be left in.
    pub closing: Closing,
    /// The medium would be formatted first.
    pub format: bool,
}

impl DataBurn {
    /// A write with these options.
    #[must_use]
    pub fn new(options: DataOptions) -> Self {
        Self { options }
    }

    /// Checks drive and medium for a source of `sectors` sectors, without changing anything.
    ///
    /// # Errors
    /// [`ErrorKind::Unsuitable`] with the reason and the next step; [`ErrorKind::Device`].
    #[doc(alias = "IsCurrentMediaSupported")]
    #[doc(alias = "IsRecorderSupported")]
    pub fn check(&self, recorder: &DiscRecorder, sectors: u64) -> Result<Suitability, Error> {
        let mut go = |_: &Event| ControlFlow::Continue(());
        let cancel = CancelHandle::new();
        let mut job = Job::new(recorder, &self.options, &mut go, &cancel, sectors);
        let (medium, recipe, target) = validate(&mut job, Wanted::Sectors(sectors))?;
        Ok(Suitability {
            start_lba: target.start,
            needed: total_of(target, &*recipe),
            closing: recipe.closing(),
            format: recipe.needs_format(&medium),
            medium,
        })
    }

    /// Writes `source` as a new session or, on overwritable media, from block 0, and verifies it as the options say.
    ///
    /// Blocks until all is done. `events` hears what happens, on this thread, in the order that
    /// [`WriteAction`] lists, and may end the write by `Break`; `cancel` does so from any thread. Nothing is
    /// written before drive, medium and source have been checked. The drive is held exclusively and its tray locked
    /// meanwhile; lock, mode page and speed are put back on every way out, a panic of `events` included.
    ///
    /// # Errors
    /// [`Error`]; see [`Error::is_unsuitable`], [`Error::is_cancelled`], [`Error::is_verification`]. After a cancel
    /// what was written is closed where the medium allows it; [`Error::aftermath`] says what became of the disc.
    #[doc(alias = "Write")]
    pub fn write(
        &self,
        recorder: &DiscRecorder,
        source: Arc<dyn BlockSource>,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &CancelHandle,
    ) -> Result<BurnReport, Error> {
        self.begin(recorder, &Work::Whole(source), None, events, cancel)
    }

    /// Writes some sectors of `image`, a picture of the whole medium, to an overwritable medium that holds data: a
    /// new logical session and what leads to it. The ranges are written in their order, and each one is on the medium before
    /// the next is begun, so that an interruption leaves what was valid before. Everything else is as with
    /// [`DataBurn::write`]; only what was written is verified, and no hash over all of it is given.
    ///
    /// # Errors
    /// As [`DataBurn::write`]; [`ErrorKind::Argument`] when a range is no multiple of the medium's write unit or the image ends
    /// inside one.
    #[doc(alias = "ModifiedBlocks")]
    pub fn write_ranges(
        &self,
        recorder: &DiscRecorder,
        image: Arc<dyn BlockSource>,
        ranges: &BlockRangeList,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &CancelHandle,
    ) -> Result<BurnReport, Error> {
        self.begin(recorder, &Work::Ranges(image, ranges), None, events, cancel)
    }

    /// Everything that a write checks, without taking the drive: what is in its way is said before anybody else is kept out. A
    /// write checks again when it has the drive, for the disc may be another one by then.
    pub(super) fn check_first(
        &self,
        recorder: &DiscRecorder,
        work: &Work<'_>,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &CancelHandle,
    ) -> Result<(), Error> {
        let mut job = Job::new(recorder, &self.options, events, cancel, work.amount());
        let _occupied = job.check(recorder.occupy())?;
        // More than any address counts is more than any disc takes, and is told as that.
        let wanted = work.wanted().at_most(u64::from(i32::MAX.unsigned_abs()));
        check_arguments(&job, wanted.sectors())?;
        validate(&mut job, wanted).map(drop)
    }

    /// Checks what was asked for, takes the drive, and does the work.
    pub(super) fn begin(
        &self,
        recorder: &DiscRecorder,
        work: &Work<'_>,
        journal: Option<&Journal>,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &CancelHandle,
    ) -> Result<BurnReport, Error> {
        let mut job = Job::new(recorder, &self.options, events, cancel, work.amount());
        check_work(&job, work)?;
        job.journal = journal.cloned();
        self.with_drive(&mut job, |job| {
            let (medium, recipe, target) = validate(job, work.wanted())?;
            let work = work.on(&medium);
            check_work(job, &work)?;
            job.meter.event.sector_count = work.amount();
            let sections = work.sections(target).map_err(|text| job.fail(ErrorKind::Argument(text)))?;
            Ok((medium, recipe, sections))
        })
    }

    /// Takes the drive, finds out what is to be done, and does it.
    pub(super) fn with_drive<'a>(
        &self,
        job: &mut Job<'a>,
        mut prepare: impl FnMut(&mut Job<'a>) -> Result<Prepared, Error>,
    ) -> Result<BurnReport, Error> {
        let recorder = job.recorder;
        let held = recorder.acquire_exclusive_access(&self.options.client_name);
        let held = job.check(held)?;
        let occupied = job.check(recorder.occupy())?;
        // Nobody is to look for another disc, or to mount this one, while it is written.
        let quiet = job.check(recorder.disable_mcn())?;
        job.enter(WriteAction::ValidatingMedia, 0)?;
        let (mut medium, mut recipe, mut sections) = prepare(job)?;
        let locked = match recorder.prevent_removal() {
            // A drive without a lock is no reason not to write.
            Err(e) if e.is_unsupported() => None,
            Err(e) if can_do_without(&e) => {
                job.notes.push(format!("the tray is not locked: do not open it before the end ({e})"));
                None
            }
            other => Some(job.check(other)?),
        };
        let mut looks = 1;
        while let Err(e) = job.is_as_it_was() {
            if looks == LOOKS {
                return Err(job.fail(ErrorKind::Device(e)));
            }
            looks += 1;
            // Somebody was quicker than the lock: it is the disc that lies in the drive now that has to be suitable.
            (medium, recipe, sections) = prepare(job)?;
        }
        let mut result = run(job, sections, &medium, &mut *recipe, locked);
        if let Err(error) = &mut result {
            // What the drive could not do before may be why.
            for note in std::mem::take(&mut job.notes) {
                error.add_aftermath(note);
            }
            tell_medium(job, error);
        }
        drop(quiet);
        drop(occupied);
        drop(held);
        result
    }
}

/// How often the medium is looked at before a drive that calls it another one each time is given up.
pub(super) const LOOKS: u32 = 3;

/// The medium, what it needs, and the pieces that go to it.
type Prepared = (Medium, Box<dyn Recipe>, Vec<Section>);

fn check_arguments(job: &Job<'_>, sectors: u64) -> Result<(), Error> {
    let wrong = |text: String| Err(job.fail(ErrorKind::Argument(text)));
    job.check(check_client_name(&job.options.client_name))?;
    if let Err(text) = job.options.ring.check() {
        return wrong(text);
    }
    if sectors == 0 {
        return wrong("the source is empty: there is nothing to write".to_owned());
    }
    if i32::try_from(sectors).is_err() {
        return wrong(format!("the source has {sectors} sectors, more than any disc"));
    }
    Ok(())
}

/// What can be said of a request without looking at the drive.
pub(super) fn check_work(job: &Job<'_>, work: &Work<'_>) -> Result<(), Error> {
    check_arguments(job, work.amount())?;
    match work {
        Work::Ranges(image, ranges)
            if ranges.0.iter().any(|range| u64::from(range.last()) >= image.block_count()) =>
        {
            let text = format!("a range ends behind the {} sectors of the image", image.block_count());
            Err(job.fail(ErrorKind::Argument(text)))
        }
        _ => Ok(()),
    }
}

/// The medium, and what the drive can do with it.
pub(super) fn look(job: &mut Job<'_>) -> Result<(Medium, Configuration), Error> {
    let loaded = wait_loaded(job);
    job.look_anew();
    let configuration = job.check(job.recorder.configuration())?;
    if !configuration.profiles().iter().any(|p| recipe::MEDIA.contains(&p.media_type())) {
        return Err(job.fail(ErrorKind::Unsuitable(Unsuitable::Recorder)));
    }
    let medium = match loaded.and_then(|()| wait_medium(job)) {
        Ok(medium) => medium,
        Err(glassmaster_recorder::Error::Cancelled { .. }) => return Err(job.cancelled()),
        Err(e) if e.is_no_medium() => return Err(job.fail(ErrorKind::Unsuitable(Unsuitable::NoMedium))),
        Err(e) => return Err(job.fail(ErrorKind::Device(e))),
    };
    // Asked again: features are current only once the medium is ready.
    let configuration = job.check(job.recorder.configuration())?;
    Ok((medium, configuration))
}

/// Everything that can be known before the first change to drive or medium.
fn validate(job: &mut Job<'_>, wanted: Wanted) -> Result<(Medium, Box<dyn Recipe>, Target), Error> {
    let (medium, configuration) = look(job)?;
    let job = &*job;
    let unsuitable = |why| job.fail(ErrorKind::Unsuitable(why));
    let supports = Supports::of(&configuration);
    check_state(&medium, job.options, wanted.on(&medium)).map_err(unsuitable)?;
    if job.options.test_write && !supports.tests(&medium) {
        return Err(unsuitable(Unsuitable::NoTestWrite(medium.kind)));
    }
    let wanted = wanted.on(&medium);
    let sectors = wanted.sectors();
    let Some(recipe) = recipe::for_medium(&medium, job.options, sectors, &supports) else {
        return Err(unsuitable(Unsuitable::MediaType(medium.kind)));
    };
    let target = recipe.target(&medium, sectors);
    let needed = match wanted {
        Wanted::UpTo(end) => end,
        Wanted::Sectors(_) | Wanted::Either { .. } => total_of(target, &*recipe),
    };
    if needed > medium.free {
        let (free, medium) = (medium.free, medium.kind);
        let beside = needed.saturating_sub(sectors);
        return Err(unsuitable(Unsuitable::TooLarge { needed, beside, free, medium }));
    }
    Ok((medium, recipe, target))
}

/// Waits for a disc that is being loaded, with events; a cancel ends the wait.
fn wait_loaded(job: &mut Job<'_>) -> Result<(), glassmaster_recorder::Error> {
    let (recorder, limit) = (job.recorder, job.recorder.patience().ready);
    recorder.wait_ready_watched("loading the medium", limit, &mut |_| {
        job.tick();
        if job.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

/// The medium; a drive that is ready and still at work on it gets its time, with events.
fn wait_medium(job: &mut Job<'_>) -> Result<Medium, glassmaster_recorder::Error> {
    let (recorder, limit) = (job.recorder, job.recorder.patience().ready);
    let mut tick = |_: &_| {
        job.tick();
        if job.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    recorder.wait_for("looking at the medium", limit, &mut tick, &mut || recorder.medium())
}

/// Sectors that a write takes from the free ones; the pre-gap stands before block 0 and takes none.
fn total_of(target: Target, recipe: &dyn Recipe) -> u64 {
    target.sectors.saturating_add(u64::from(target.tail)).saturating_add(recipe.overhead())
}

/// Sectors that the medium has to have: on overwritable ones from sector 0 on.
fn needed_by(target: Target, recipe: &dyn Recipe) -> u64 {
    let start = match recipe.closing() {
        Closing::Overwritable => u64::try_from(target.start.0).unwrap_or(0),
        Closing::Appendable | Closing::Final => 0,
    };
    total_of(target, recipe).saturating_add(start)
}

fn check_state(medium: &Medium, options: &DataOptions, wanted: Wanted) -> Result<(), Unsuitable> {
    let state = medium.state;
    if state.contains(MediaState::UNSUPPORTED_MEDIA) || !recipe::MEDIA.contains(&medium.kind) {
        return Err(Unsuitable::MediaType(medium.kind));
    }
    if state.contains(MediaState::WRITE_PROTECTED) {
        return Err(Unsuitable::WriteProtected(medium.protection.to_string()));
    }
    if state.contains(MediaState::FINALIZED) {
        return Err(Unsuitable::Closed);
    }
    if state.contains(MediaState::NON_EMPTY_SESSION) {
        return Err(Unsuitable::UnfinishedSession);
    }
    if state.is_unusable() {
        let why = "the drive's answers about it contradict each other or name no place to write".to_owned();
        return Err(Unsuitable::Damaged(why));
    }
    if let Wanted::UpTo(_) = wanted {
        // Nothing that is needed lies in the ranges: who computed them has seen to it.
        return if state.contains(MediaState::OVERWRITE_ONLY) {
            Ok(())
        } else {
            Err(Unsuitable::NotOverwritable(medium.kind))
        };
    }
    let overwrites = state.contains(MediaState::OVERWRITE_ONLY) && !state.contains(MediaState::BLANK);
    if overwrites && !options.force_overwrite {
        return Err(Unsuitable::NotBlank);
    }
    Ok(())
}

/// Whether a step that only makes things better may fail in this way: the drive answered, the disc is still in it, and
/// nothing is said of what was written before.
pub(super) fn can_do_without(error: &glassmaster_recorder::Error) -> bool {
    use glassmaster_recorder::Error as DriveError;
    match error {
        DriveError::Refused { failure, .. } => {
            !error.is_no_medium()
                && failure.sense.is_none_or(|s| !s.deferred && s.key != SenseKey::UNIT_ATTENTION)
        }
        DriveError::Answer { .. } | DriveError::Contradiction { .. } | DriveError::ShortTransfer { .. } => {
            true
        }
        _ => false,
    }
}

/// From the first change to the end.
fn run(
    job: &mut Job<'_>,
    sections: Vec<Section>,
    medium: &Medium,
    recipe: &mut dyn Recipe,
    mut locked: Option<PreventRemoval>,
) -> Result<BurnReport, Error> {
    let Some(first) = sections.first() else {
        return Err(job.fail(ErrorKind::Argument("there is nothing to write".to_owned())));
    };
    // Reading ahead begins while the drive is made ready.
    let ring = first.ring(job)?;

    let mut medium = medium.clone();
    let nothing_left = is_complete(job);
    let ready = if nothing_left {
        Ok((SpeedSetting { speed: None, result: HResult::OK }, None))
    } else {
        make_ready(job, &mut medium, recipe, &sections)
    };
    let (speed, speed_guard) = match ready {
        Ok(ready) => ready,
        Err(mut error) => {
            clean_up(job, recipe, &mut error);
            return Err(error);
        }
    };
    let result = prepare_and_write(job, &medium, recipe, sections, ring);
    let (sent, writing, underruns) = match result {
        Ok(done) => done,
        Err(mut error) => {
            clean_up(job, recipe, &mut error);
            return Err(error);
        }
    };
    job.enter(WriteAction::Finalization, 0).or_else(|e| if e.is_cancelled() { Ok(()) } else { Err(e) })?;
    // A test leaves nothing behind that could be closed.
    let finalised = match () {
        () if nothing_left => Ok(()),
        () if job.options.test_write => job.synchronize(),
        () => recipe.finalise(job),
    };
    job.notes.extend(recipe.restore());
    if let Some(Err(e)) = speed_guard.map(RestoreSpeed::restore) {
        job.notes.push(format!("the speed of the drive could not be put back ({e})"));
    }
    if let Err(mut error) = finalised {
        error.add_aftermath("all data was sent, but the disc is not closed as it should be");
        return Err(error);
    }
    // What the drive says last may be of what it took before.
    job.check(job.keeps_its_promise()).map_err(taken_back)?;

    end_journal(job);
    let sha256 = match sent.as_slice() {
        [only] => only.digest.as_ref().map(|d| d.whole),
        _ => None,
    };
    if job.options.test_write {
        job.notes.push("this was a test: nothing was recorded".to_owned());
    }
    let verified = if job.options.verify == VerifyLevel::None || job.options.test_write {
        None
    } else {
        Some(verify_disc(job, &sent, recipe.closing(), &mut locked).map_err(|mut error| {
            if !error.is_verification() {
                error
                    .add_aftermath("all data was written and closed as asked for; only its check is missing");
            }
            error
        })?)
    };
    if let Some(Err(e)) = locked.take().map(PreventRemoval::release) {
        job.notes.push(format!("the tray could not be unlocked ({e})"));
    }
    if verified.is_none() {
        job.check(job.keeps_its_promise()).map_err(taken_back)?;
    }
    if job.closed_by_drive {
        job.notes.push("the drive has closed the disc: no other session can follow".to_owned());
    }
    let report = BurnReport {
        media: medium.kind,
        start_lba: sent.first().map_or(Lba(0), |s| s.target.start),
        sectors: sent.iter().map(|s| s.target.sectors).sum(),
        padding: sent.iter().map(|s| s.target.tail).sum(),
        closing: if job.closed_by_drive { Closing::Final } else { recipe.closing() },
        test_write: job.options.test_write,
        speed: speed.speed,
        speed_result: speed.result,
        elapsed: job.meter.elapsed(),
        writing,
        underruns,
        stalls: job.stalls,
        sha256,
        verified,
        reading: (job.reading.sectors > 0).then(|| std::mem::take(&mut job.reading)),
        notes: std::mem::take(&mut job.notes),
    };
    job.completed();
    Ok(report)
}

/// Whether a write that is gone on with was complete already: then the drive is told nothing more.
fn is_complete(job: &Job<'_>) -> bool {
    job.keeper.as_ref().is_some_and(|keeper| keeper.left == Left::Nothing)
}

/// A loss that the drive tells when all is done.
fn taken_back(mut error: Error) -> Error {
    error.add_aftermath("all data was sent and the disc is closed, but the drive has lost some of it");
    error
}

/// Formats where the medium needs it, and sets the speed.
fn make_ready(
    job: &mut Job<'_>,
    medium: &mut Medium,
    recipe: &mut dyn Recipe,
    sections: &[Section],
) -> Result<(SpeedSetting, Option<RestoreSpeed>), Error> {
    if recipe.needs_format(medium) {
        job.enter(WriteAction::FormattingMedia, 0)?;
        let result = recipe.format(job, medium);
        job.formatted = true;
        if let Err(mut error) = result {
            // Nothing stops a drive that formats: the end of it is the next point at which the medium is something.
            let limit = job.options.format_limit;
            if error.is_cancelled()
                && let Err(e) = job.wait_idle("formatting the medium", limit, false)
            {
                error.add_aftermath(format!("the drive may still be formatting the disc ({})", e.kind()));
            }
            return Err(error);
        }
        let formatted = job.recorder.medium();
        *medium = job.check(formatted)?;
        job.check(job.keeps_its_promise())?;
        // Drives may call a medium new that they have formatted, and may be late with it.
        job.look_anew();
        let needed = sections.iter().map(|s| needed_by(s.target, recipe)).max().unwrap_or(0);
        if needed > medium.free {
            let (beside, free, medium) = (0, medium.free, medium.kind);
            return Err(job.fail(ErrorKind::Unsuitable(Unsuitable::TooLarge {
                needed,
                beside,
                free,
                medium,
            })));
        }
    }
    job.enter(WriteAction::InitializingHardware, 0)?;
    let (speed, guard) = match job.recorder.set_write_speed(job.options.speed, job.options.pure_cav) {
        Ok((speed, guard)) => (speed, Some(guard)),
        // The drive has a speed of its own.
        Err(e) if can_do_without(&e) => {
            job.notes.push(format!("the speed could not be set, the drive writes at its own ({e})"));
            let asked = job.options.speed.is_some();
            let result = if asked { HResult::SPEED_ADJUSTED } else { HResult::OK };
            (SpeedSetting { speed: None, result }, None)
        }
        Err(e) => return Err(job.fail(ErrorKind::Device(e))),
    };
    if speed.speed.is_some_and(|s| s.pure_cav) {
        job.meter.set_turning(medium.kind, medium.total);
    }
    Ok((speed, guard))
}

/// Evidence of every section, time for the data, times the source was too slow.
type Written = (Vec<Sent>, Duration, u64);

fn prepare_and_write(
    job: &mut Job<'_>,
    medium: &Medium,
    recipe: &mut dyn Recipe,
    mut sections: Vec<Section>,
    first: Ring,
) -> Result<Written, Error> {
    if !is_complete(job) {
        if let Some(section) = sections.first_mut() {
            section.target = recipe.initialise(job, medium, section.target)?;
            job.meter.event.start_lba = section.target.start;
        }
        keep_journal(job, medium, recipe, &sections);
        if recipe.calibrates() {
            job.enter(WriteAction::CalibratingPower, 0)?;
            calibrate(job)?;
        }
        if let Some(section) = sections.first_mut() {
            section.target = recipe.announce(job, medium, section.target)?;
            job.meter.event.start_lba = section.target.start;
        }
    }
    let total = sections.iter().map(|s| s.target.sectors.saturating_add(s.done())).sum();
    job.enter(WriteAction::WritingData, total)?;
    let begun = job.meter.elapsed();
    let mut underruns = 0;
    let mut sent: Vec<Sent> = Vec::with_capacity(sections.len());
    let mut ready = Some(first);
    for section in sections {
        let mut ring = match ready.take() {
            Some(ring) => ring,
            None => {
                // What the next section refers to has to be on the disc before it.
                job.synchronize()?;
                section.ring(job)?
            }
        };
        let target = section.target;
        job.before += section.done();
        let (whole, source, mut samples) = match section.begun {
            Some(begun) => (begun.whole, begun.source, begun.samples),
            None if job.options.verify == VerifyLevel::None => (target, section.source, Samples::none()),
            None => (target, section.source, Samples::choose(target.sectors, job.options.verify_seed)),
        };
        SectionWriter::new(job, target).run(&mut ring, &mut samples)?;
        job.before += target.sectors;
        underruns += ring.underruns;
        let digest = ring.digest().map_err(|e| job.fail(ErrorKind::Thread(e)))?;
        sent.push(Sent { target: whole, samples, digest, source });
    }
    let writing = job.meter.elapsed().saturating_sub(begun);
    Ok((sent, writing, underruns))
}

/// SEND OPC INFORMATION (MMC-6 6.38); a drive without it, or without it for this medium or in this state, calibrates by
/// itself.
fn calibrate(job: &mut Job<'_>) -> Result<(), Error> {
    let recorder = job.recorder;
    let timeout = recorder.patience().long_command;
    let limit = recorder.patience().ready;
    job.wait("calibrating the laser", limit, true, &mut || match recorder.send(
        &SendOpcInformation::calibrate(),
        &[],
        timeout,
        Repeat::Never,
    ) {
        Err(e) if e.sense().is_some_and(|s| s.key == SenseKey::ILLEGAL_REQUEST) => Ok(()),
        other => other,
    })
}

/// After a failed write: what was written is flushed and closed where drive and medium are sound, and the settings are put
/// back. What goes wrong here is told along with the first error.
fn clean_up(job: &mut Job<'_>, recipe: &mut dyn Recipe, error: &mut Error) {
    let began = job.meter.action() == WriteAction::WritingData && job.meter.event.last_written_lba.is_some();
    let sound = is_sound(error);
    if began && sound {
        let ended = if job.options.test_write {
            job.synchronize().map(|()| "this was a test: nothing was recorded".to_owned())
        } else {
            recipe.abandon(job)
        };
        match ended {
            Ok(text) => {
                error.add_aftermath(text);
                // What was closed cannot be gone on with; what can be overwritten can.
                if recipe.closing() != Closing::Overwritable {
                    end_journal(job);
                }
            }
            Err(e) => error.add_aftermath(format!("the disc could not be closed ({})", e.kind())),
        }
    } else if began {
        error.add_aftermath("the disc is only partly written");
    } else if sound {
        if job.formatted
            && let Err(e) = recipe.end_format(job)
        {
            error.add_aftermath(format!("the format could not be ended ({})", e.kind()));
        }
        if job.written > 0 {
            // What an earlier run has written is there as it was.
            error.add_aftermath("no more data was written: the burn can be gone on with");
        } else {
            error.add_aftermath("no data was written");
            end_journal(job);
        }
    }
    if let Some(text) = recipe.restore() {
        error.add_aftermath(text);
    }
}

/// Whether neither drive nor medium nor the way to them is at fault.
fn is_sound(error: &Error) -> bool {
    matches!(error.blame(), Blame::Cancelled | Blame::Source | Blame::Caller)
        || matches!(error.kind(), ErrorKind::Unsuitable(_))
}

/// Says what the medium is now, as the drive tells. Not after faults of drive, medium or transport: what they would say then
/// helps nobody, and asking can take long.
fn tell_medium(job: &Job<'_>, error: &mut Error) {
    if is_sound(error)
        && error.phase() != WriteAction::ValidatingMedia
        && let Ok(medium) = job.recorder.medium()
    {
        error.set_medium(medium);
    }
}

/// Makes the drive look at the disc it has written, and compares.
fn verify_disc(
    job: &mut Job<'_>,
    sent: &[Sent],
    closing: Closing,
    locked: &mut Option<PreventRemoval>,
) -> Result<Verified, Error> {
    job.enter(WriteAction::Verifying, sent.iter().map(|s| s.target.sectors).sum())?;
    match job.options.reload {
        Reload::Never => {}
        Reload::Always => reload(job, locked)?,
        Reload::IfNeeded => {
            let mut reads = true;
            for section in sent {
                reads = reads && reads_new_data(job, section.target)?;
            }
            if !reads && job.check(job.recorder.can_load())? {
                job.notes.push("the disc was ejected and loaded again to be verified".to_owned());
                reload(job, locked)?;
            }
        }
    }
    job.wait_idle("loading the medium", job.recorder.patience().ready, true)?;
    let mut all = Verified { level: VerifyLevel::Full, sectors: 0, sha256: None };
    job.before = 0;
    for section in sent {
        let contradictions = verify::check_disc(job, section.target, closing)?;
        let verified = verify::read_back(job, section, contradictions)?;
        all.level = all.level.min(verified.level);
        all.sectors += verified.sectors;
        all.sha256 = verified.sha256.filter(|_| sent.len() == 1);
        job.before += section.target.sectors;
    }
    Ok(all)
}

/// Whether the drive reads the first and the last sector; some know the new session only after a reload.
fn reads_new_data(job: &mut Job<'_>, target: Target) -> Result<bool, Error> {
    job.wait_idle("loading the medium", job.recorder.patience().ready, true)?;
    let Ok(start) = u64::try_from(target.start.0) else { return Ok(false) };
    let end = start.saturating_add(target.sectors);
    let disc = job.recorder.disc_source_of(end);
    let mut sector = vec![0; SECTOR];
    for lba in [start, end.saturating_sub(1)] {
        match disc.read(lba, &mut sector) {
            Ok(()) => {}
            Err(e) if e.blame() == Blame::Transport => return Err(job.fail(ErrorKind::Device(e))),
            Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

fn reload(job: &mut Job<'_>, locked: &mut Option<PreventRemoval>) -> Result<(), Error> {
    let held = locked.is_some();
    if let Some(guard) = locked.take() {
        job.check(guard.release())?;
    }
    job.check(job.recorder.eject())?;
    job.check(job.recorder.load())?;
    job.wait_idle("loading the medium", job.recorder.patience().ready, true)?;
    if held {
        let guard = job.recorder.prevent_removal();
        *locked = Some(job.check(guard)?);
    }
    Ok(())
}
