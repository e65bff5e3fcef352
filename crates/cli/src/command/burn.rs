//! `glassmaster burn`

use std::cell::RefCell;
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glassmaster::disc::{BlockSource, HResult, MediaType, SECTOR_U64};
use glassmaster::imapi2::burn::{
    BurnReport, CancelHandle, Closing, DataBurn, DataOptions, Error as BurnError, ErrorKind, Event, Journal,
    RingOptions, Suitability, Unsuitable, VerifyLevel, WriteAction,
};
use glassmaster::imapi2::recorder::{DiscRecorder, MediaState, Medium};
use glassmaster::imapi2fs::{SourceProblem, select};
use serde_json::{Value, json};

use crate::args::{Burn, Imaging, Verify};
use crate::command::imaging::{Planned, as_image, plan, refuse_what_is_no_file};
use crate::command::next_session::Request;
use crate::command::report;
use crate::device::{Drive, Held, parse_drive};
use crate::failure::{FAILED, Failure, UNSUITABLE, USAGE};
use crate::inhibit::Inhibit;
use crate::signal::Cancel;
use crate::ui::Ui;
use crate::{journal, owner};

pub(crate) fn run(args: &Burn, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let drive = parse_drive(&args.drive)?;
    // Before a disc is made for it.
    if args.resume && args.dry_run {
        return Err(Failure::new(USAGE, "--resume goes on with a burn; it has no --dry-run"));
    }
    if !args.append && !args.removals.remove.is_empty() {
        return Err(Failure::new(
            USAGE,
            "--remove leaves out what an earlier session holds; it needs --append",
        ));
    }
    refuse_what_is_no_file(&args.sources)?;
    for path in &args.sources {
        path.metadata().map_err(|source| glassmaster::imapi2fs::Error::Source {
            path: path.clone(),
            problem: SourceProblem::Status,
            source,
        })?;
    }
    let image = if args.append { None } else { as_image(&args.sources)? };
    if let Some(image) = &image {
        image.check_whole()?;
    }
    let early = if args.append || image.is_some() { None } else { no_image(&args.sources)? };
    if let Some(dir) = &args.report {
        report::prepare(dir)?;
    }
    // A virtual disc may have to be made, and answers at once.
    let harmless = (!drive.is_virtual()).then(|| ui.end_at_once(cancel));
    let (recorder, access) = drive.take(args.imaging.media)?;
    let _passing = Passing::of(&drive, args.dry_run && access.has_made_disc());
    let medium = recorder.medium().map_err(glassmaster::Error::from)?;
    drop(harmless);
    if let Some(wanted) = args.imaging.media
        && wanted != medium.kind
    {
        let what = format!("the drive holds a {}, not a {wanted}; change the disc or --media", medium.kind);
        return Err(Failure::new(UNSUITABLE, what));
    }
    // A test leaves nothing to report on.
    let reporting = args.report.as_deref().filter(|_| !args.dry_run).map(|dir| (dir, &recorder));
    let work = Work {
        ui,
        cancel,
        reporting,
        inhibit: !args.no_inhibit,
        held: &access,
        notes: RefCell::default(),
        medium: &medium,
    };
    if let Some(note) = early {
        work.note(note);
    }
    if args.close && medium.state.contains(MediaState::OVERWRITE_ONLY) {
        work.note(format!("a {} stays writable: --close closes write-once discs and CD-RW", medium.kind));
    }
    let mut burn = DataBurn::new(options(args, &drive, medium.kind));
    if args.append {
        return append(args, &drive, &recorder, &medium, &burn, &work);
    }
    let mut result = json!({});
    let mut planned = None;
    let source: Arc<dyn BlockSource> = match &image {
        Some(image) => Arc::clone(&image.source),
        None => {
            let plan = from_folders(args, &drive, &medium, ui, cancel)?;
            result = plan.summary();
            ui.remark(&plan.line());
            let source = Arc::new(plan.image.source());
            planned = Some(plan);
            source
        }
    };
    let journal = journal::of(args, &drive);
    let done = if args.resume {
        let journal = journal?;
        work.run(|events, handle| burn.resume(&recorder, source, &journal, events, handle))?
    } else {
        let suitable =
            burn.check(&recorder, source.block_count()).map_err(|error| refusal(error, &medium))?;
        if suitable.start_lba.0 != 0 {
            let what = format!(
                "the disc holds a session already and the next one would begin at sector {}",
                suitable.start_lba
            );
            let next = match medium.disc.as_ref().is_some_and(|d| d.erasable) {
                true => {
                    "go on from it with --append, erase it with `glassmaster erase`, or insert a blank disc"
                }
                false => "go on from it with --append, or insert a blank disc",
            };
            return Err(Failure::unsuitable(HResult::DATA_MEDIA_NOT_BLANK, what, next));
        }
        if args.dry_run {
            burn.options.test_write = true;
            if let Err(error) = burn.check(&recorder, source.block_count()) {
                if !matches!(error.kind(), ErrorKind::Unsuitable(Unsuitable::NoTestWrite(_))) {
                    return Err(refusal(error, &medium));
                }
                planned_only(&suitable, &mut result, ui);
                result["notes"] = json!(work.notes.take());
                return Ok(result);
            }
            result["dry_run"] = json!("test write");
        }
        match journal {
            Ok(journal) => work
                .run(|events, handle| burn.write_with_journal(&recorder, source, &journal, events, handle))?,
            Err(failure) => {
                work.note(format!("no journal is kept: {}", failure.message));
                work.run(|events, handle| burn.write(&recorder, source, events, handle))?
            }
        }
    };
    ui.progress_end();
    describe(&done, &mut result, ui);
    if let Some(planned) = planned {
        let repairs = planned.repairs(ui);
        result["padded"] = json!(repairs);
    }
    if let Some(image) = image {
        image.check_unchanged().map_err(|failure| failure.with_details(result.clone()))?;
    }
    eject(args, &recorder, result)
}

/// What is called like an image and is none becomes a file on the disc, which is seldom what was meant; nothing at all
/// never is.
fn no_image(sources: &[PathBuf]) -> Result<Option<String>, Failure> {
    let [path] = sources else { return Ok(None) };
    let named = path
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|end| ["iso", "udf", "img"].iter().any(|usual| end.eq_ignore_ascii_case(usual)));
    if !named || !path.is_file() {
        return Ok(None);
    }
    if path.metadata().is_ok_and(|m| m.len() == 0) {
        let what = format!("the image '{}' is empty; next: make or copy it again", path.display());
        return Err(Failure::new(FAILED, what));
    }
    Ok(Some(format!("'{}' holds no file system that is known here: it is burnt as a file", path.display())))
}

/// What the library refuses, with the next step in words of this program's options, which the library does not know.
fn refusal(error: BurnError, medium: &Medium) -> Failure {
    let now = error.medium().unwrap_or(medium);
    let erasable = now.disc.as_ref().is_some_and(|d| d.erasable);
    let next = match error.kind() {
        ErrorKind::Unsuitable(Unsuitable::NotBlank) => {
            Some("add --overwrite if the data on it is no longer needed, or insert a blank disc")
        }
        ErrorKind::Unsuitable(Unsuitable::Closed | Unsuitable::Damaged(_)) if erasable => {
            Some("erase it with `glassmaster erase`, or insert a blank disc")
        }
        ErrorKind::Unsuitable(Unsuitable::UnfinishedSession) => Some(
            "go on with the burn that began it, by --resume with its sources and options, or insert a blank disc",
        ),
        // The drive would take another session, but the files of this one are cut off and cannot be gone on from.
        ErrorKind::Cancelled { .. }
            if error.phase() == WriteAction::WritingData && now.state.contains(MediaState::APPENDABLE) =>
        {
            Some(if erasable {
                "erase this disc with `glassmaster erase` and burn again, or burn to another one"
            } else {
                "burn again to a new disc; what is on this one is cut off"
            })
        }
        _ => None,
    };
    let what = error.to_string();
    let failure = Failure::from(glassmaster::Error::from(error));
    match next {
        Some(next) => Failure { message: format!("{what}; next: {next}"), next, ..failure },
        None => failure,
    }
}

/// The disc that is made for a test and goes with it.
struct Passing<'a>(Option<&'a Path>);

impl<'a> Passing<'a> {
    /// A disc that was there already, or that somebody else made meanwhile, is tried and stays as it is.
    fn of(drive: &'a Drive, passes: bool) -> Self {
        match drive {
            Drive::Virtual(file) if passes => Self(Some(file)),
            _ => Self(None),
        }
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        if let Some(file) = self.0 {
            // Whoever took it away already has done the same.
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Opens the tray where that is wanted. A tray that does not open takes nothing from the disc.
fn eject(args: &Burn, recorder: &DiscRecorder, result: Value) -> Result<Value, Failure> {
    if !args.eject {
        return Ok(result);
    }
    match recorder.eject() {
        Ok(()) => Ok(result),
        Err(error) => {
            let mut failure = Failure::from(glassmaster::Error::from(error)).with_details(result);
            failure.message.insert_str(0, "the disc is written and stays in the drive: ");
            Err(failure)
        }
    }
}

/// What all writes have around them: events for people and programs, an end by signals, no suspend meanwhile, a report.
struct Work<'a> {
    ui: &'a Ui,
    cancel: &'a Cancel,
    reporting: Option<(&'a Path, &'a DiscRecorder)>,
    inhibit: bool,
    held: &'a Held,
    /// What was told before the disc was written; programs find it in the result.
    notes: RefCell<Vec<String>>,
    /// The disc as it was.
    medium: &'a Medium,
}

/// A write that went well, and whether suspend was held off.
struct Done {
    report: BurnReport,
    awake: bool,
    /// What people were told before.
    notes: Vec<String>,
}

impl Work<'_> {
    /// Tells people at once, and programs with the result.
    fn note(&self, note: String) {
        self.ui.remark(&format!("note: {note}"));
        self.notes.borrow_mut().push(note);
    }

    fn run(
        &self,
        write: impl FnOnce(
            &mut dyn FnMut(&Event) -> ControlFlow<()>,
            &CancelHandle,
        ) -> Result<BurnReport, BurnError>,
    ) -> Result<Done, Failure> {
        let handle = CancelHandle::new();
        let signal = handle.clone();
        self.cancel.on_signal(move || signal.cancel());
        let mut last = None;
        let mut events = |event: &Event| {
            show(event, &mut last, self.ui);
            ControlFlow::Continue(())
        };
        let mut inhibit = Inhibit::hold(self.inhibit, "A disc is being written");
        let (awake, note) = (inhibit.is_held(), inhibit.note.take());
        let mut result = write(&mut events, &handle);
        drop(inhibit);
        match (&mut result, &note) {
            (Ok(report), Some(note)) => report.notes.push(note.clone()),
            (Err(_), Some(note)) => self.ui.remark(&format!("note: {note}")),
            (_, None) => {}
        }
        self.report(&result)?;
        let mut notes = self.notes.take();
        let report = result.map_err(|e| {
            notes.extend(note);
            let details = json!({
                "phase": e.phase().to_string(), "blame": e.blame().to_string(), "aftermath": e.aftermath(),
                "medium": e.medium().map(report::medium_fields), "suspend_held_off": awake, "notes": notes,
                "verified": false,
            });
            let what = e.to_string();
            let failure = refusal(e, self.medium).with_details(details);
            self.held.blame_host(failure, what)
        })?;
        Ok(Done { report, awake, notes })
    }

    fn report(&self, result: &Result<BurnReport, BurnError>) -> Result<(), Failure> {
        let Some((dir, recorder)) = self.reporting else { return Ok(()) };
        match (result, report::write(dir, recorder, result)) {
            (_, Ok(())) => Ok(()),
            // The disc is written: a run that says so, and that its report is missing.
            (Ok(_), Err(failure)) => {
                let what = format!("the disc is written, but its report is not: {}", failure.message);
                Err(Failure::new(FAILED, what))
            }
            // What became of the disc matters more.
            (Err(_), Err(failure)) => {
                self.ui.remark(&format!("note: no report: {}", failure.message));
                Ok(())
            }
        }
    }
}

/// Goes on from the last session of the disc.
fn append(
    args: &Burn,
    drive: &Drive,
    recorder: &DiscRecorder,
    medium: &Medium,
    burn: &DataBurn,
    work: &Work<'_>,
) -> Result<Value, Failure> {
    let ui = work.ui;
    let disc = match drive {
        Drive::Virtual(file) => Some(file.as_path()),
        Drive::Socket(_) | Drive::Device(_) => None,
    };
    let request =
        Request { sources: &args.sources, removals: &args.removals, imaging: &args.imaging, output: disc };
    request.check()?;
    if medium.state.contains(MediaState::BLANK) {
        let what = "the disc is blank, there is nothing to go on from";
        return Err(Failure::unsuitable(HResult::DATA_INVALID_MEDIA_STATE, what, "leave --append out"));
    }
    let journal = journal::of(args, drive);
    if let Ok(journal) = &journal
        && !args.resume
    {
        refuse_half_a_disc(journal, medium)?;
    }
    let ways = match &journal {
        // The same session is planned once more, from what was there before it.
        Ok(journal) if args.resume => {
            burn.resume_interfaces(recorder, journal).map_err(glassmaster::Error::from)?
        }
        _ => burn.multisession_interfaces(recorder).map_err(glassmaster::Error::from)?,
    };
    let way = select(&ways).ok().and_then(|place| ways.get(place)).ok_or_else(|| {
        let (why, next) = not_appendable(medium);
        let what = format!("no session can be added to this {}: {why}", medium.kind);
        Failure::unsuitable(HResult::DATA_INVALID_MEDIA_STATE, what, next)
    })?;
    let planned = request.plan(way, ui, work.cancel)?;
    let mut result = planned.summary();
    ui.remark(&planned.line());
    let source = planned.next.source();
    if args.dry_run {
        result["dry_run"] = json!("plan");
        ui.print(&format!(
            "nothing was written: the session would begin at sector {} of this {}",
            planned.next.start(),
            medium.kind
        ));
        return Ok(result);
    }
    let ranges = planned.next.modified_blocks();
    if ranges.is_none() && !args.resume {
        let suitable = burn.check(recorder, source.block_count()).map_err(|error| refusal(error, medium))?;
        if i64::from(suitable.start_lba.0) != i64::from(planned.next.start()) {
            let what = format!(
                "the drive would write to sector {} and not to {}, where the session belongs",
                suitable.start_lba,
                planned.next.start()
            );
            return Err(Failure::new(UNSUITABLE, what));
        }
    }
    let done = match (ranges, journal) {
        (_, Err(failure)) if args.resume => return Err(failure),
        (Some(ranges), Ok(journal)) if args.resume => work
            .run(|events, handle| burn.resume_ranges(recorder, source, &ranges, &journal, events, handle))?,
        (None, Ok(journal)) if args.resume => {
            work.run(|events, handle| burn.resume(recorder, source, &journal, events, handle))?
        }
        (Some(ranges), Ok(journal)) => work.run(|events, handle| {
            burn.write_ranges_with_journal(recorder, source, &ranges, &journal, events, handle)
        })?,
        (None, Ok(journal)) => {
            work.run(|events, handle| burn.write_with_journal(recorder, source, &journal, events, handle))?
        }
        (ranges, Err(failure)) => {
            work.note(format!("no journal is kept: {}", failure.message));
            work.run(|events, handle| match &ranges {
                Some(ranges) => burn.write_ranges(recorder, source, ranges, events, handle),
                None => burn.write(recorder, source, events, handle),
            })?
        }
    };
    ui.progress_end();
    describe(&done, &mut result, ui);
    let repairs = planned.repairs(ui);
    result["padded"] = json!(repairs);
    eject(args, recorder, result)
}

/// A disc that can be overwritten does not show that the image on it is half there; the journal of the burn does. One that
/// began behind the start is an appended session: what stood there before it is whole.
fn refuse_half_a_disc(journal: &Journal, medium: &Medium) -> Result<(), Failure> {
    // One that cannot be read says nothing about this disc.
    let Ok(Some(record)) = journal.read() else { return Ok(()) };
    let same = record.media == medium.kind && record.total == medium.total;
    if !same || record.start.0 != 0 || !medium.state.contains(MediaState::OVERWRITE_ONLY) {
        return Ok(());
    }
    let what = format!(
        "the burn of this {} broke off after {} of {} sectors: the files on it are not whole (journal '{}')",
        medium.kind,
        record.written,
        record.sectors,
        journal.path().display()
    );
    let next = "go on with that burn by --resume with its sources and options, or burn anew with --overwrite; if another \
                disc lies in the drive by now, remove the journal";
    Err(Failure::unsuitable(HResult::DATA_INVALID_MEDIA_STATE, what, next))
}

/// Why no session can follow, and what to do.
fn not_appendable(medium: &Medium) -> (String, &'static str) {
    let state = medium.state;
    let erasable = medium.disc.as_ref().is_some_and(|d| d.erasable);
    if state.contains(MediaState::NON_EMPTY_SESSION) && !state.contains(MediaState::DAMAGED) {
        let next = "go on with the burn that began it, by --resume with its sources and options, or insert another disc";
        return ("its last session was begun and never finished".to_owned(), next);
    }
    let flags: Vec<_> = state.iter_names().map(|(name, _)| name.to_lowercase().replace('_', " ")).collect();
    let next = if state.contains(MediaState::WRITE_PROTECTED) {
        "remove the write protection, or insert another disc"
    } else if erasable {
        "erase it, or insert another disc"
    } else {
        "insert another disc"
    };
    (format!("it is {}", flags.join(", ")), next)
}

/// What would be done to a disc whose drive cannot go through it without recording.
fn planned_only(suitable: &Suitability, result: &mut Value, ui: &Ui) {
    result["dry_run"] = json!("plan");
    result["media"] = json!(suitable.medium.kind.to_string());
    result["start"] = json!(suitable.start_lba.0);
    result["needed"] = json!(suitable.needed);
    result["free"] = json!(suitable.medium.free);
    result["format"] = json!(suitable.format);
    result["closing"] = json!(closing(suitable.closing));
    ui.print(&format!(
        "{}: the drive has no test write for it, so this is the plan only: {}{} of {} free sectors would be written from \
         sector {} on, then {}",
        suitable.medium.kind,
        if suitable.format { "a format, then " } else { "" },
        suitable.needed,
        suitable.medium.free,
        suitable.start_lba,
        closing(suitable.closing)
    ));
}

fn from_folders(
    args: &Burn,
    drive: &Drive,
    medium: &Medium,
    ui: &Ui,
    cancel: &Cancel,
) -> Result<Planned, Failure> {
    // A disc that lies in the folder is no part of it: it changes while it is read.
    let disc = match drive {
        Drive::Virtual(file) => Some(file.as_path()),
        Drive::Socket(_) | Drive::Device(_) => None,
    };
    let imaging = Imaging { media: Some(medium.kind), ..args.imaging.clone() };
    plan(&args.sources, &imaging, disc, 0, ui, cancel)
}

fn options(args: &Burn, drive: &Drive, media: MediaType) -> DataOptions {
    // 1x in sectors a second (contract 1.1).
    let one = match media {
        MediaType::CD_R | MediaType::CD_RW => 75.0,
        MediaType::BD_R | MediaType::BD_RE => 2195.0,
        _ => 680.0,
    };
    // At most 2,195,000.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let speed = args.speed.map(|times| (times * one).round() as u32);
    DataOptions {
        client_name: owner::client_name(),
        speed,
        force_close: args.close,
        // Without --close a DVD+R stays open for further sessions.
        disable_dvd_compatibility: !args.close,
        force_overwrite: args.overwrite,
        safe_point_every: u64::from(args.journal_every).saturating_mul(512),
        verify: match args.verify {
            Verify::None => VerifyLevel::None,
            Verify::Quick => VerifyLevel::Quick,
            Verify::Full => VerifyLevel::Full,
        },
        // A real drive must not starve while a disk or network is slow for a moment; a virtual one takes no harm, and
        // more would only fall out of the processor's cache.
        ring: if matches!(drive, Drive::Device(_)) { RingOptions::deep() } else { RingOptions::default() },
        ..DataOptions::default()
    }
}

fn show(event: &Event, last: &mut Option<WriteAction>, ui: &Ui) {
    let phase = event.action.to_string();
    if *last != Some(event.action) {
        *last = Some(event.action);
        ui.event("phase", json!({ "phase": phase, "action": event.action.number() }));
        if event.of == 0 {
            ui.progress_end();
        }
        if event.of == 0 || !ui.has_bar() {
            ui.remark(&phase);
        }
    }
    let sectors = matches!(event.action, WriteAction::WritingData | WriteAction::Verifying);
    if event.of > 0 {
        let ring = percent(event.system_buffer.used, event.system_buffer.total);
        let drive = event.drive_buffer.map(|b| percent(b.used, b.total));
        let words = match (event.action, drive) {
            (WriteAction::WritingData, Some(drive)) => format!("buffer {ring}%, drive {drive}%"),
            (WriteAction::WritingData, None) => format!("buffer {ring}%"),
            _ => String::new(),
        };
        let extra = [
            ("buffer_percent", json!(ring)),
            ("drive_buffer_percent", json!(drive)),
            ("seconds_left", json!(event.remaining.map(|r| r.as_secs()))),
        ];
        if sectors {
            let bytes = |sectors: u64| sectors.saturating_mul(SECTOR_U64);
            ui.progress(&phase, bytes(event.done), bytes(event.of), &words, &extra);
        } else {
            ui.progress_share(&phase, event.done, event.of, &words, &extra);
        }
    }
}

fn percent(used: u64, total: u64) -> u64 {
    used.saturating_mul(100).checked_div(total).unwrap_or(0)
}

fn describe(Done { report, awake, notes }: &Done, result: &mut Value, ui: &Ui) {
    let verified = report.verified.is_some();
    result["media"] = json!(report.media.to_string());
    result["start"] = json!(report.start_lba.0);
    result["sectors"] = json!(report.sectors);
    result["padding"] = json!(report.padding);
    result["closing"] = json!(closing(report.closing));
    result["speed"] = json!(report.speed.as_ref().map(|s| s.sectors_per_second));
    result["seconds"] = json!(report.elapsed.as_secs_f64());
    result["underruns"] = json!(report.underruns);
    result["stalls"] = json!(report.stalls);
    result["verified"] = json!(verified);
    let level = report.verified.as_ref().map_or(VerifyLevel::None, |v| v.level);
    result["verification"] = json!(format!("{level:?}").to_lowercase());
    result["verified_sectors"] = json!(report.verified.as_ref().map(|v| v.sectors));
    result["sha256"] = json!(report.sha256.as_ref().map(ToString::to_string));
    result["notes"] = notes.iter().chain(&report.notes).map(String::as_str).collect();
    result["suspend_held_off"] = json!(awake);
    for note in &report.notes {
        ui.remark(&format!("note: {note}"));
    }
    if report.test_write {
        let would = closing(report.closing);
        ui.print(&format!(
            "{}: test write of {} sectors went well and recorded nothing; a real one would leave: {would}",
            report.media, report.sectors
        ));
        return;
    }
    let mut line =
        format!("{}: {} sectors written, {}", report.media, report.sectors, closing(report.closing));
    match &report.verified {
        Some(v) if v.level == VerifyLevel::Full => {
            line.push_str(&format!("; verified: all {} sectors read back and equal", v.sectors));
        }
        Some(v) => line.push_str(&format!("; quickly verified: {} sectors read back and equal", v.sectors)),
        None => line.push_str("; not verified"),
    }
    if let Some(sum) = &report.sha256 {
        line.push_str(&format!("; sha256 {sum}"));
    }
    ui.print(&line);
}

/// The state a disc is left in, for people.
pub(crate) fn closing(closing: Closing) -> &'static str {
    match closing {
        Closing::Appendable => "session closed, disc appendable",
        Closing::Final => "disc closed",
        Closing::Overwritable => "overwritable",
    }
}
