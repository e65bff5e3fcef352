//! Going on with a write that was broken off.

use std::ops::ControlFlow;
use std::sync::Arc;

use glassmaster_disc::{BlockRangeList, BlockSource, Lba, MediaType, Multisession, SECTOR, SessionAddresses};
use glassmaster_mmc::cmd::{ReadTrackInformation, TrackInformation};
use glassmaster_recorder::{DiscRecorder, MediaState, Medium};

use super::data::{BurnReport, DataBurn, check_work, look};
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
use crate::recipe::{self, Closing, Recipe, Supports};
use crate::verify::{Samples, VerifyLevel};

/// Sectors compared at once.
const PIECE: u64 = 128;

/// Whether a write to this type can be gone on with: a track that grows block by block, or blocks that can be written at any
/// time. Not CD, whose tracks end with their recording, and not two-layer discs, whose layers are laid out before.
fn can_go_on(medium: &Medium) -> bool {
    medium.state.contains(MediaState::OVERWRITE_ONLY)
        || matches!(
            medium.kind,
            MediaType::DVD_PLUS_R | MediaType::BD_R | MediaType::DVD_R | MediaType::DVD_RW
        )
}

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

    /// [`DataBurn::write_ranges`] with a journal, as [`DataBurn::write_with_journal`]; [`DataBurn::resume_ranges`] goes on.
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
    /// session can be planned again. Where the medium does not fit the journal they are as it is now.
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

/// A medium on which a write was begun.
struct Found {
    /// As it was before.
    medium: Medium,
    recipe: Box<dyn Recipe>,
    /// Where the medium took the data.
    whole: Target,
    /// Sectors that are on it, padding included.
    on_disc: u64,
    left: Left,
}

/// Whether the write that `record` tells of can be gone on with on the medium in the drive; `sectors` is what the recipe
/// was asked for then.
fn begun(job: &mut Job<'_>, record: &JournalRecord, sectors: u64) -> Result<Found, Error> {
    let (mut medium, configuration) = look(job)?;
    let refuse = |job: &Job<'_>, text: &str| {
        Err(job.fail(ErrorKind::Unsuitable(Unsuitable::NoResume(text.to_owned()))))
    };
    if medium.kind != record.media {
        let text = format!("the burn was begun on a {}, this is a {}", record.media, medium.kind);
        return refuse(job, &text);
    }
    if medium.state.contains(MediaState::WRITE_PROTECTED) {
        return Err(
            job.fail(ErrorKind::Unsuitable(Unsuitable::WriteProtected(medium.protection.to_string())))
        );
    }
    if !can_go_on(&medium) {
        return refuse(job, "this type of disc takes its data in one go");
    }
    let start = u64::try_from(record.start.0).unwrap_or(0);
    let overwrites = medium.state.contains(MediaState::OVERWRITE_ONLY);
    let is_open = medium.state.contains(MediaState::NON_EMPTY_SESSION);
    let mut left = Left::Data;
    let mut was_final = false;
    let mut room = medium.free;
    let on_disc = if overwrites {
        if !medium.formatted || medium.total != record.total {
            return refuse(job, "the disc is not as it was when the burn was begun");
        }
        record.written
    } else if is_untouched(&medium, record) {
        0
    } else {
        let last = medium.disc.as_ref().map_or(1, |d| d.last_track_in_last_session.max(1));
        let begun = if is_open || is_last_session(job, record.start)? {
            find_track(job, last, record.start)?
        } else {
            None
        };
        // Where no session is open a track that takes data is only offered.
        let sound = |track: &TrackInformation| !track.damage && (is_open || track.next_writable.is_none());
        let Some(track) = begun.filter(sound) else {
            let text = if is_open {
                "its open track is not the one that was begun"
            } else {
                "the disc has no session that was begun and not closed"
            };
            return refuse(job, text);
        };
        if is_open && matches!(medium.kind, MediaType::DVD_R | MediaType::DVD_RW) && !track.packet {
            return refuse(job, "disc at once cannot be gone on with");
        }
        left = match track.next_writable {
            Some(_) => Left::Data,
            None if is_open => Left::Session,
            None => Left::Nothing,
        };
        was_final = medium.state.contains(MediaState::FINALIZED);
        let end = match track.next_writable {
            Some(next) => u64::try_from(next.0).ok(),
            None => start.checked_add(u64::from(track.size)),
        };
        let Some(done) = end.and_then(|end| end.checked_sub(start)) else {
            return refuse(job, "the drive names a next address before the start");
        };
        room = u64::from(track.free_blocks).saturating_add(done);
        // What the rules for closing go by is the room there was at the beginning; a closed track has none left to add up.
        medium.free = record.free;
        medium.total = record.total;
        medium.next_writable = record.start;
        medium.open_track = Some(track);
        medium
            .state
            .remove(MediaState::NON_EMPTY_SESSION | MediaState::FINALIZED | MediaState::FINAL_SESSION);
        medium.state |= MediaState::APPENDABLE;
        done
    };
    let supports = Supports::of(&configuration);
    let Some(recipe) = recipe::for_medium(&medium, job.options, sectors, &supports) else {
        return Err(job.fail(ErrorKind::Unsuitable(Unsuitable::MediaType(medium.kind))));
    };
    let whole = recipe.target(&medium, sectors);
    let all = whole.sectors.saturating_add(u64::from(whole.tail));
    if on_disc > all || all > room || (!overwrites && whole.start != record.start) {
        return refuse(job, "the disc holds more than what was begun, or has no room for the rest");
    }
    if left != Left::Data && on_disc < all {
        return refuse(job, "its track was closed before all of the data was written");
    }
    if left == Left::Nothing && was_final != (recipe.closing() == Closing::Final) {
        let text = if was_final {
            "the burn is complete and the disc closed for good, unlike what is asked for now"
        } else {
            "the burn is complete and the disc left open, unlike what is asked for now"
        };
        return refuse(job, text);
    }
    Ok(Found { medium, recipe, whole, on_disc, left })
}

/// Whether nothing came to a medium that grows: it is the one that it was when the write began.
fn is_untouched(medium: &Medium, record: &JournalRecord) -> bool {
    medium.state.contains(MediaState::APPENDABLE)
        && !medium.state.contains(MediaState::NON_EMPTY_SESSION)
        && (record.written, record.start) == (0, medium.next_writable)
        && (record.total, record.free) == (medium.total, medium.free)
}

/// Whether the last complete session is the one that begins here.
fn is_last_session(job: &Job<'_>, start: Lba) -> Result<bool, Error> {
    let sessions = job.recorder.sessions();
    Ok(job.check(sessions)?.last().is_some_and(|s| i64::from(s.start) == i64::from(start.0)))
}

/// The track that begins at `start`: the last one, or the one before it where that is closed and the next one is only
/// offered.
fn find_track(job: &Job<'_>, last: u16, start: Lba) -> Result<Option<TrackInformation>, Error> {
    for number in [last, last.saturating_sub(1)] {
        if number == 0 {
            break;
        }
        let track = job.recorder.track_information(&ReadTrackInformation::track(number.into()));
        let track = job.check(track)?;
        if track.start == start {
            return Ok(Some(track));
        }
    }
    Ok(None)
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
