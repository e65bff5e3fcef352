//! `burn --report DIR`: what was done and what was found, for programs, for people, and as a picture.

use std::fmt::Write as _;
use std::path::Path;

use glassmaster::disc::SECTOR_U64;
use glassmaster::imapi2::burn::report::{Mark, medium_in_words};
use glassmaster::imapi2::burn::{
    BurnReport, Error as BurnError, ErrorKind, Failure as Difference, ReadSpeed, Reading, Run,
};
use glassmaster::imapi2::recorder::{DiscRecorder, Medium};
use serde_json::{Value, json};

use super::burn::closing;
use super::picture;
use crate::device;
use crate::failure::{FAILED, Failure};

/// Makes the folder, so that a burn does not end with a report that cannot be written.
pub(crate) fn prepare(dir: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(dir)
        .map_err(|e| Failure::new(FAILED, format!("the folder '{}' cannot be made: {e}", dir.display())))
}

/// Writes `report.json`, `report.txt` and `picture.svg` into `dir`.
pub(crate) fn write(
    dir: &Path,
    recorder: &DiscRecorder,
    result: &Result<BurnReport, BurnError>,
) -> Result<(), Failure> {
    let medium = recorder.medium().ok();
    let json = facts(result, medium.as_ref());
    picture::put(&dir.join("report.json"), &format!("{json:#}\n"))?;
    picture::put(&dir.join("report.txt"), &words(recorder, result, medium.as_ref()))?;
    let reading = reading_of(result);
    let drawn = device::open_disc(recorder, None).and_then(|opened| {
        let title = match result {
            Ok(report) => format!("{}: written, {}", report.media, closing(report.closing)),
            Err(error) => format!("not written as it should be: {}", error.kind()),
        };
        let mut picture = picture::of_disc(recorder, Some(&opened), &title)?;
        if let Some(reading) = reading {
            picture.curve.clone_from(&reading.curve);
            picture.marks.extend(reading.slow.iter().map(|s| Mark { run: s.run, what: slow(s) }));
            let again = reading.retried.iter().map(|run| (*run, "read only when asked again".to_owned()));
            picture.marks.extend(again.map(|(run, what)| Mark { run, what }));
        }
        if let Some(difference) = difference_of(result) {
            picture.marks.extend(faults(difference).map(|(run, what)| Mark { run, what }));
        }
        Ok(picture)
    });
    match drawn {
        Ok(picture) => picture::put(&dir.join("picture.svg"), &picture.to_svg()),
        // A disc that can no longer be asked has no picture; an old one must not pass for its own.
        Err(_) if result.is_err() => {
            let _ = std::fs::remove_file(dir.join("picture.svg"));
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

fn reading_of(result: &Result<BurnReport, BurnError>) -> Option<&Reading> {
    match result {
        Ok(report) => report.reading.as_ref(),
        Err(_) => difference_of(result).map(|d| &d.reading),
    }
}

fn difference_of(result: &Result<BurnReport, BurnError>) -> Option<&Difference> {
    match result.as_ref().err()?.kind() {
        ErrorKind::Verification(difference) => Some(difference),
        _ => None,
    }
}

/// Bad places in blocks of the disc.
fn faults(difference: &Difference) -> impl Iterator<Item = (Run, String)> {
    let start = u64::try_from(difference.start.0).unwrap_or(0);
    let block =
        move |run: Run| Run { first: run.first.saturating_add(start), last: run.last.saturating_add(start) };
    let compared = &difference.comparison;
    let differing =
        compared.different_runs.iter().map(move |r| (block(*r), "differs from what was sent".to_owned()));
    let unreadable =
        compared.unreadable_runs.iter().map(move |u| (block(u.run), format!("cannot be read: {}", u.reason)));
    differing.chain(unreadable)
}

fn slow(place: &ReadSpeed) -> String {
    format!("slow: {:.1} s for {} sectors", place.time.as_secs_f64(), place.run.sectors())
}

fn run_fields(run: Run) -> Value {
    json!({ "first": run.first, "last": run.last })
}

fn place_fields(place: &ReadSpeed) -> Value {
    json!({ "first": place.run.first, "last": place.run.last, "seconds": place.time.as_secs_f64() })
}

fn reading_fields(reading: &Reading) -> Value {
    json!({
        "sectors": reading.sectors,
        "seconds": reading.time.as_secs_f64(),
        "retries": reading.retries,
        "retried": reading.retried.iter().map(|r| run_fields(*r)).collect::<Vec<_>>(),
        "slow_ranges": reading.slow_ranges,
        "slow": reading.slow.iter().map(place_fields).collect::<Vec<_>>(),
        "curve": reading.curve.iter().map(place_fields).collect::<Vec<_>>(),
    })
}

pub(crate) fn medium_fields(medium: &Medium) -> Value {
    let flags: Vec<_> = medium.state.iter_names().map(|(name, _)| name.to_lowercase()).collect();
    json!({
        "type": medium.kind.to_string(), "state": flags, "total": medium.total, "free": medium.free,
        "next_writable": medium.next_writable.0, "words": medium_in_words(medium),
    })
}

fn facts(result: &Result<BurnReport, BurnError>, medium: Option<&Medium>) -> Value {
    let mut fields = match result {
        Ok(report) => json!({
            "ok": true,
            "media": report.media.to_string(),
            "start": report.start_lba.0,
            "sectors": report.sectors,
            "padding": report.padding,
            "closing": closing(report.closing),
            "sectors_per_second": report.speed.as_ref().map(|s| s.sectors_per_second),
            "seconds": report.elapsed.as_secs_f64(),
            "writing_seconds": report.writing.as_secs_f64(),
            "underruns": report.underruns,
            "stalls": report.stalls,
            "sha256_sent": report.sha256.map(|s| s.to_string()),
            "sha256_read": report.verified.and_then(|v| v.sha256).map(|s| s.to_string()),
            "verified_sectors": report.verified.map(|v| v.sectors),
            "verification": report.verified.map(|v| format!("{:?}", v.level).to_lowercase()),
            "notes": report.notes,
        }),
        Err(error) => json!({
            "ok": false,
            "error": error.to_string(),
            "phase": error.phase().to_string(),
            "blame": error.blame().to_string(),
            "hresult": format!("0x{:08X}", error.hresult().0),
            "next_step": error.next_step(),
            "aftermath": error.aftermath(),
        }),
    };
    if let Some(difference) = difference_of(result) {
        let compared = &difference.comparison;
        let unreadable = compared.unreadable_runs.iter();
        fields["verification"] = json!("failed");
        fields["start"] = json!(difference.start.0);
        fields["sha256_sent"] = json!(difference.sha256_sent.map(|s| s.to_string()));
        fields["sha256_read"] = json!(difference.sha256_read.map(|s| s.to_string()));
        fields["contradictions"] = json!(difference.contradictions);
        fields["different_sectors"] = json!(compared.different);
        fields["different"] = compared.different_runs.iter().map(|r| run_fields(*r)).collect();
        fields["unreadable_sectors"] = json!(compared.unreadable);
        fields["unreadable"] = unreadable
            .map(|u| json!({ "first": u.run.first, "last": u.run.last, "reason": u.reason }))
            .collect();
        fields["not_looked_at"] = json!(compared.given_up);
    }
    fields["reading"] = reading_of(result).map_or(Value::Null, reading_fields);
    fields["medium"] = medium.map_or(Value::Null, medium_fields);
    fields
}

fn words(recorder: &DiscRecorder, result: &Result<BurnReport, BurnError>, medium: Option<&Medium>) -> String {
    let mut out = String::new();
    let identity = recorder.identity();
    // Writing to memory does not fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    match result {
        Ok(report) if report.verified.is_some() => {
            line("The disc was written and holds what was sent.".to_owned())
        }
        Ok(_) => line("The disc was written; it was not read back.".to_owned()),
        Err(error) if error.is_verification() => {
            line("The disc was written but DOES NOT HOLD what was sent.".to_owned());
        }
        Err(_) => line("The disc was not written as it should be.".to_owned()),
    }
    line(String::new());
    line(format!("Drive: {} {} {}", identity.vendor, identity.product, identity.revision));
    if let Some(medium) = medium {
        line(format!("The disc is now {}.", medium_in_words(medium)));
    }
    match result {
        Ok(report) => {
            line(format!(
                "Written: {} sectors ({} bytes) from block {} on, {} of padding, in {:.1} s.",
                report.sectors,
                report.sectors.saturating_mul(SECTOR_U64),
                report.start_lba,
                report.padding,
                report.writing.as_secs_f64(),
            ));
            line(format!(
                "The source was too slow {} times; the drive asked to wait {} times.",
                report.underruns, report.stalls
            ));
            if let Some(verified) = &report.verified {
                line(format!("Verified: {} sectors read back and equal.", verified.sectors));
            }
            if let Some(sum) = &report.sha256 {
                line(format!("SHA-256 of what was sent: {sum}"));
            }
            if let Some(sum) = report.verified.and_then(|v| v.sha256) {
                line(format!("SHA-256 of what was read: {sum}"));
            }
            report.notes.iter().for_each(|note| line(format!("Note: {note}.")));
        }
        Err(error) => {
            line(format!("What happened: {error}."));
            line(format!("What to do: {}.", error.next_step()));
        }
    }
    if let Some(difference) = difference_of(result) {
        for (run, what) in faults(difference) {
            line(format!("Blocks {} to {}: {what}.", run.first, run.last));
        }
        for (name, sum) in [("sent", difference.sha256_sent), ("read", difference.sha256_read)] {
            if let Some(sum) = sum {
                line(format!("SHA-256 of what was {name}: {sum}"));
            }
        }
    }
    if let Some(reading) = reading_of(result) {
        let seconds = reading.time.as_secs_f64();
        line(format!("Read back: {} sectors in {seconds:.1} s.", reading.sectors));
        if reading.slow_ranges + reading.retries == 0 {
            line("No place was slow and none had to be read again.".to_owned());
        }
        for place in &reading.slow {
            line(format!("Blocks {} to {}: {}.", place.run.first, place.run.last, slow(place)));
        }
        for run in &reading.retried {
            line(format!("Blocks {} to {}: read only when asked again.", run.first, run.last));
        }
    }
    out
}
