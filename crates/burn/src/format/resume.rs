//! Going on with a write that was broken off.

use std::ops::ControlFlow;
use std::sync::Arc;

use glassmaster_disc::{BlockRangeList, BlockSource, Lba, Multisession, SECTOR, SessionAddresses};
use glassmaster_recorder::{DiscRecorder, MediaState, Medium};

use super::data::{BurnReport, DataBurn, check_work};
use super::found::{begun, can_go_on};
use super::multisession::free as session_room;
use super::section::{Begun, Section, Window, Work};
use crate::cancel::CancelHandle;
use crate::digest::DigestBuilder;
use crate::engine::Target;
use crate::error::{Error, ErrorKind, Unsuitable};
use crate::event::{Event, WriteAction};
use crate::former_sectors::FormerSectors;
use crate::job::Job;
use crate::journal::{Journal, JournalRecord, Keeper, Left, mark_of};
use crate::recipe::Recipe;
use crate::verify::{Samples, VerifyLevel};

/// Sectors compared at once.
const PIECE: u64 = 128;

impl DataBurn {
    /// [`DataBurn::write`] with a journal: while it runs, and after the program or the machine has died, `journal` tells
    /// how far it came, and [`DataBurn::resume`] goes on from there. The journal is removed at every end after which there is
    /// nothing to go on with. Media on which a broken-off write cannot be gone on with get none.
    ///
    /// # Errors
    /// As [`DataBurn::write`]. A journal that cannot be written is a note of the report and no reason not to burn.
    pub fn write_with_journal(
        &self,
        recorder: &DiscRecorder,
        source: Arc<dyn BlockSource>,
        journal: &Journal,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &CancelHandle,
    ) -> Result<BurnReport, Error> {
        self.begin(recorder, &Work::Whole(source), Some(journal), events, cancel)
    }

    /// [`DataBurn::write_ranges`] with a journal, as [`DataBurn::write_with_journal`]; [`DataBurn::resume_ranges`] goes on. The
    /// journal keeps what all ranges but the first overwrite, as long as that is no more than 512 sectors, for
    /// [`DataBurn::resume_interfaces`].
    ///
    /// # Errors
    /// As [`DataBurn::write_ranges`].
    pub fn write_ranges_with_journal(
        &self,
        recorder: &DiscRecorder,
        image: Arc<dyn BlockSource>,
        ranges: &BlockRangeList,
        journal: &Journal,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &CancelHandle,
    ) -> Result<BurnReport, Error> {
        self.begin(recorder, &Work::Ranges(image, ranges), Some(journal), events, cancel)
    }

    /// Goes on with a write that was broken off, to the same disc that an uninterrupted one would have made: the options
    /// have to be the same. Before anything is written, what is on the disc already is compared with `source`. The report
    /// and the verification are about the whole. Whatever the write had come to is gone on from: nothing at all, a closed
    /// track, and a disc that is complete, of which only the end was not heard.
    ///
    /// # Errors
    /// As [`DataBurn::write`]; [`ErrorKind::Journal`] where there is no journal, or it is of another image;
    /// [`Unsuitable::NoResume`] where the medium is another one, does not allow it, or holds something else:
    /// [`Error::medium`] says what it is.
    pub fn resume(
        &self,
        recorder: &DiscRecorder,
        source: Arc<dyn BlockSource>,
        journal: &Journal,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &CancelHandle,
    ) -> Result<BurnReport, Error> {
        self.go_on(recorder, &Work::Whole(source), journal, events, cancel)
    }

    /// Goes on with [`DataBurn::write_ranges_with_journal`], as [`DataBurn::resume`] does with a whole image: `ranges` are the
    /// same as then.
    ///
    /// # Errors
    /// As [`DataBurn::resume`].
    pub fn resume_ranges(
        &self,
        recorder: &DiscRecorder,
        image: Arc<dyn BlockSource>,
        ranges: &BlockRangeList,
        journal: &Journal,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &CancelHandle,
    ) -> Result<BurnReport, Error> {
        self.go_on(recorder, &Work::Ranges(image, ranges), journal, events, cancel)
    }

    /// [`DataBurn::multisession_interfaces`] as they were before the write that `journal` tells of was begun, so that the same
    /// session can be planned again: of media that grow nothing is seen from its start on, and media that are overwritten
    /// show what stood there. Where the medium does not fit the journal they are as it is now.
    ///
    /// # Errors
    /// [`ErrorKind::Journal`] where there is no journal; what the drive says.
    pub fn resume_interfaces(
        &self,
        recorder: &DiscRecorder,
        journal: &Journal,
    ) -> Result<Vec<Multisession>, Error> {
        let mut go = |_: &Event| ControlFlow::Continue(());
        let cancel = CancelHandle::new();
        let mut job = Job::new(recorder, &self.options, &mut go, &cancel, 0);
        let record = read_journal(&job, journal)?;
        let interfaces = self.multisession_interfaces(recorder);
        let mut interfaces = job.check(interfaces)?;
        let Ok(found) = begun(&mut job, &record, record.sectors) else { return Ok(interfaces) };
        let sessions = recorder.sessions();
        // Of a session that is complete, and only was not known to be, nothing is seen either.
        let start = u32::try_from(record.start.0).unwrap_or(0);
        let before = job.check(sessions)?.into_iter().rfind(|s| s.data && s.start < start);
        let last = before.map_or(0, |s| u64::from(s.last) + 1);
        for way in &mut interfaces {
            if let SessionAddresses::Sequential {
                first_data_session,
                previous_start,
                previous_last,
                next_writable,
                free,
                ..
            } = &mut way.addresses
            {
                *first_data_session = before.is_none();
                *previous_start = before.map(|s| s.start);
                *previous_last = before.map(|s| s.last);
                *next_writable = start;
                *free = session_room(&found.medium, self.options.postgap_in_image);
                way.supported = true;
                way.source = Arc::new(recorder.disc_source_of(last));
            } else if way.supported && !record.former.is_empty() {
                way.source = record.former.over(Arc::clone(&way.source));
            }
        }
        Ok(interfaces)
    }

    fn go_on(
        &self,
        recorder: &DiscRecorder,
        work: &Work<'_>,
        journal: &Journal,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &CancelHandle,
    ) -> Result<BurnReport, Error> {
        self.go_on_if_it_fits(recorder, work, journal, events, cancel).map_err(|mut error| {
            // Whoever hears that a burn cannot be gone on with wants to know what there is instead.
            let refused = match error.kind() {
                ErrorKind::Argument(_) | ErrorKind::Journal { .. } => true,
                ErrorKind::Unsuitable(why) => matches!(why, Unsuitable::NoResume(_)),
                _ => false,
            };
            if refused
                && error.medium().is_none()
                && let Ok(medium) = recorder.medium()
            {
                error.set_medium(medium);
            }
            error
        })
    }

    fn go_on_if_it_fits(
        &self,
        recorder: &DiscRecorder,
        work: &Work<'_>,
        journal: &Journal,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
        cancel: &CancelHandle,
    ) -> Result<BurnReport, Error> {
        let mut job = Job::new(recorder, &self.options, events, cancel, work.amount());
        check_work(&job, work)?;
        let record = read_journal(&job, journal)?;
        let mark = work.mark(record.start);
        let mark = mark.map_err(|error| job.fail(ErrorKind::Source { sector: 0, error }))?;
        if record.sectors != work.amount() || record.image != mark {
            // A new session is planned after what the disc holds: where that was closed meanwhile the plan is another one,
            // and not the image is to blame.
            begun(&mut job, &record, work.wanted().sectors())?;
            let why = format!(
                "the journal '{}' is of another image, of {} sectors",
                journal.path().display(),
                record.sectors
            );
            let next =
                "give the files and options of the burn that broke off, or leave resuming out to burn anew";
            return Err(job.fail(ErrorKind::Journal { why, next }));
        }
        self.with_drive(&mut job, |job| {
            let found = begun(job, &record, work.wanted().sectors())?;
            let sections = work.sections(found.whole).map_err(|text| job.fail(ErrorKind::Argument(text)))?;
            let flushes = found.medium.state.contains(MediaState::OVERWRITE_ONLY);
            let sections = rest_of(job, sections, found.on_disc, flushes)?;
            check_rest(job, &sections, &record.former)?;
            job.written = sections.iter().map(Section::done).sum();
            job.keeper = Some(Keeper {
                journal: journal.clone(),
                record: record.clone(),
                flushes,
                every: self.options.safe_point_every,
                left: found.left,
            });
            Ok((found.medium, found.recipe, sections))
        })
    }
}

fn read_journal(job: &Job<'_>, journal: &Journal) -> Result<JournalRecord, Error> {
    let path = journal.path().display();
    let why = match journal.read() {
        Ok(Some(record)) => return Ok(record),
        Ok(None) => format!(
            "no burn was broken off that can be gone on with: there is no journal '{path}' (what is written in one go, \
             such as a CD, keeps none, and a disc that was moved leaves it behind)"
        ),
        Err(e) => format!("the journal '{path}' cannot be used: {e}"),
    };
    let next = "leave resuming out to burn anew, on another disc where this one takes nothing more";
    Err(job.fail(ErrorKind::Journal { why, next }))
}

/// Sets up the journal of a write that begins; a note where it cannot be kept.
pub(super) fn keep_journal(job: &mut Job<'_>, medium: &Medium, recipe: &dyn Recipe, sections: &[Section]) {
    let (Some(journal), Some(first)) = (job.journal.take(), sections.first()) else { return };
    let start = first.target.start;
    if !can_go_on(medium) || recipe.is_at_once() || start.0 < 0 || job.options.test_write {
        return;
    }
    let sectors = sections.iter().map(|s| s.target.sectors).sum();
    let former = keep_former(job, sections);
    let kept = mark_of(sections.iter().map(|s| (s.target.start, &*s.source))).and_then(|image| {
        let Medium { kind: media, total, free, .. } = *medium;
        let record = JournalRecord { image, sectors, media, total, free, start, written: 0, former };
        journal.put(&record).map(|()| record)
    });
    match kept {
        Ok(record) => {
            let flushes = medium.state.contains(MediaState::OVERWRITE_ONLY);
            let every = job.options.safe_point_every;
            job.keeper = Some(Keeper { journal, record, flushes, every, left: Left::Data });
        }
        Err(e) => job.notes.push(format!("no journal is kept: '{}': {e}", journal.path().display())),
    }
}

/// What stands where the parts behind the first one go. Without it the session can be gone on with only as long as the
/// former one is in force.
fn keep_former(job: &mut Job<'_>, sections: &[Section]) -> FormerSectors {
    let place =
        |section: &Section| (u64::try_from(section.target.start.0).unwrap_or(0), section.target.sectors);
    let ranges: Vec<_> = sections.iter().skip(1).map(place).collect();
    let end = ranges.iter().map(|(first, sectors)| first.saturating_add(*sectors)).max().unwrap_or(0);
    let disc = job.recorder.disc_source_of(end);
    match FormerSectors::read(ranges, |lba, sector| disc.read(lba, sector)) {
        Ok(former) => former.unwrap_or_default(),
        Err(e) => {
            job.notes.push(format!("the journal does not keep what is overwritten: {e}"));
            FormerSectors::default()
        }
    }
}

/// Whether what is still to be overwritten is what it was, or new already: somebody else may have led to a later session
/// meanwhile, which must not be lost. What cannot be read was being written.
fn check_rest(job: &Job<'_>, sections: &[Section], former: &FormerSectors) -> Result<(), Error> {
    let (mut found, mut wanted) = (vec![0; SECTOR], vec![0; SECTOR]);
    for section in sections.iter().skip(1).filter(|_| !former.is_empty()) {
        let start = u64::try_from(section.target.start.0).unwrap_or(0);
        let disc = job.recorder.disc_source_of(start.saturating_add(section.target.sectors));
        for at in 0..section.target.sectors {
            job.check_stopped()?;
            let lba = start.saturating_add(at);
            match disc.read(lba, &mut found) {
                Ok(()) if former.was(lba, &found) => continue,
                Ok(()) => {}
                Err(e) if e.is_about_blocks() => continue,
                Err(e) => return Err(job.fail(ErrorKind::Device(e))),
            }
            let read = section.source.read_blocks(at, &mut wanted);
            read.map_err(|error| job.fail(ErrorKind::Source { sector: at, error }))?;
            if found != wanted {
                let text = format!("block {lba} of the disc was changed since the burn broke off");
                return Err(job.fail(ErrorKind::Unsuitable(Unsuitable::NoResume(text))));
            }
        }
    }
    Ok(())
}

/// What is left of the pieces after `on_disc` sectors of them, each held against what is on the disc. On media that can be
/// overwritten whole units count: a drive that had only part of one writes it again.
fn rest_of(
    job: &mut Job<'_>,
    sections: Vec<Section>,
    mut on_disc: u64,
    whole_units: bool,
) -> Result<Vec<Section>, Error> {
    let mut rest = Vec::with_capacity(sections.len());
    for section in sections {
        let all = section.target.sectors.saturating_add(u64::from(section.target.tail));
        let here = on_disc.min(all);
        on_disc -= here;
        let unit = if whole_units { u64::from(section.target.unit.max(1)) } else { 1 };
        rest.push(section_from(job, section, here - here % unit)?);
    }
    Ok(rest)
}

fn section_from(job: &mut Job<'_>, section: Section, on_disc: u64) -> Result<Section, Error> {
    if on_disc == 0 {
        return Ok(section);
    }
    let Section { target: whole, source, .. } = section;
    let start = u64::try_from(whole.start.0).unwrap_or(0);
    let done = on_disc.min(whole.sectors);
    let (samples, digest) = compare_begun(job, &*source, start, done)?;
    let all = whole.sectors.saturating_add(u64::from(whole.tail));
    let (Some(first), Ok(tail)) = (
        start.checked_add(on_disc).and_then(|n| i32::try_from(n).ok()),
        u32::try_from(all - on_disc.max(whole.sectors)),
    ) else {
        let text = "its addresses are beyond those of any disc".to_owned();
        return Err(job.fail(ErrorKind::Unsuitable(Unsuitable::NoResume(text))));
    };
    let target = Target { start: Lba(first), lead: 0, sectors: whole.sectors - done, tail, unit: whole.unit };
    let rest = Window { image: Arc::clone(&source), first: done, sectors: target.sectors };
    let begun = Begun { whole, source, done, samples, digest };
    Ok(Section { target, source: Arc::new(rest), begun: Some(begun) })
}

/// Holds what is on the disc against the source; what verification wants to know of it is kept.
fn compare_begun(
    job: &mut Job<'_>,
    source: &dyn BlockSource,
    start: u64,
    done: u64,
) -> Result<(Samples, Option<DigestBuilder>), Error> {
    let mut samples = match job.options.verify {
        VerifyLevel::None => Samples::none(),
        _ => Samples::choose(source.block_count(), job.options.verify_seed),
    };
    let mut digest = (job.options.verify == VerifyLevel::Full).then(DigestBuilder::default);
    let disc = job.recorder.disc_source_of(start.saturating_add(done));
    let (mut wanted, mut found) = (Vec::new(), Vec::new());
    job.enter(WriteAction::ValidatingMedia, done)?;
    let mut at = 0;
    while at < done {
        job.check_stopped()?;
        let sectors = (done - at).min(PIECE);
        let bytes = usize::try_from(sectors).unwrap_or(0).saturating_mul(SECTOR);
        wanted.resize(bytes, 0);
        found.resize(bytes, 0);
        let read = source.read_blocks(at, &mut wanted);
        read.map_err(|error| job.fail(ErrorKind::Source { sector: at, error }))?;
        let refused = |text: String| job.fail(ErrorKind::Unsuitable(Unsuitable::NoResume(text)));
        match disc.read(start.saturating_add(at), &mut found) {
            Ok(()) if wanted == found => {}
            Ok(()) => {
                return Err(refused(format!(
                    "what is on the disc from block {} on is not the image",
                    start + at
                )));
            }
            Err(e) if e.is_about_blocks() => {
                return Err(refused(format!("what was written cannot be read: {e}")));
            }
            Err(e) => return Err(job.fail(ErrorKind::Device(e))),
        }
        samples.note_sent(at, &wanted);
        if let Some(digest) = &mut digest {
            digest.update(&wanted);
        }
        at = at.saturating_add(sectors);
        job.meter.event.done = at;
        job.tick();
    }
    samples.go_on_from(done);
    Ok((samples, digest))
}

/// A safe point, where one is due: from here the write can be gone on with.
pub(crate) fn safe_point(job: &mut Job<'_>) -> Result<(), Error> {
    let written = job.written;
    let Some(mut keeper) = job.keeper.take_if(|k| k.is_due(written)) else { return Ok(()) };
    if keeper.flushes {
        job.synchronize()?;
    }
    keeper.record.written = written;
    if let Err(e) = keeper.journal.put(&keeper.record) {
        job.notes.push(format!("the journal was given up: {e}"));
        // What it said last is true, and still to be taken away at the end.
        keeper.every = u64::MAX;
    }
    job.keeper = Some(keeper);
    Ok(())
}

/// There is nothing to go on with any more.
pub(super) fn end_journal(job: &mut Job<'_>) {
    if let Some(keeper) = job.keeper.take()
        && let Err(e) = keeper.journal.remove()
    {
        job.notes
            .push(format!("the journal '{}' could not be removed: {e}", keeper.journal.path().display()));
    }
}
