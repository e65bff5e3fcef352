//! Does the disc hold what was sent?
//!
//! The answer never rests on what the drive says of itself alone: quick verification compares sectors spread over the
//! whole with those that were sent, full verification compares all of them by BLAKE3 hashes of their pieces. SHA-256 of what
//! was sent is taken while it is sent; of what was read it is taken where it is another.

mod compare;
mod hashing;
mod heuristics;
mod reading;
mod samples;

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use glassmaster_disc::{BlockSource, Lba, SECTOR};
use glassmaster_recorder::DiscSource;

pub use compare::{CompareError, Comparison, Run, UnreadableRun, compare};
pub(crate) use heuristics::check_disc;
pub use reading::{ReadSpeed, Reading};
pub(crate) use samples::Samples;

use hashing::{Back, HashedDisc, hash_back};

use crate::digest::{Digest, Sha256Sum};
use crate::engine::Target;
use crate::error::{Error, ErrorKind};
use crate::job::Job;

/// How much is checked after writing.
#[doc(alias = "IMAPI_BURN_VERIFICATION_LEVEL")]
#[doc(alias = "IBurnVerification")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub enum VerifyLevel {
    /// Nothing.
    #[doc(alias = "IMAPI_BURN_VERIFICATION_NONE")]
    #[default]
    None,
    /// Disc and track information are plausible, and sectors spread over the whole hold what was sent.
    #[doc(alias = "IMAPI_BURN_VERIFICATION_QUICK")]
    Quick,
    /// The same, and every sector is read back.
    #[doc(alias = "IMAPI_BURN_VERIFICATION_FULL")]
    Full,
}

/// A verification that found no fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verified {
    /// Level, never [`VerifyLevel::None`].
    pub level: VerifyLevel,
    /// Sectors read back and found equal.
    pub sectors: u64,
    /// SHA-256 of what was sent and of what was read, which are the same; full verification only.
    pub sha256: Option<Sha256Sum>,
}

/// What a verification found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Block of the first sector of the source.
    pub start: Lba,
    /// Statements of the drive that contradict what was written.
    pub contradictions: Vec<String>,
    /// Sectors that differ or cannot be read, counted from the first sector of the source.
    pub comparison: Comparison,
    /// SHA-256 of what was sent; full verification only.
    pub sha256_sent: Option<Sha256Sum>,
    /// SHA-256 of what was read, where all of it could be.
    pub sha256_read: Option<Sha256Sum>,
    /// How the reading went as far as it came.
    pub reading: Reading,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the disc does not hold what was written to it")?;
        let c = &self.comparison;
        if c.different > 0 {
            write!(f, ": {} sectors differ", c.different)?;
        }
        if c.unreadable + c.given_up > 0 {
            write!(f, ": {} sectors cannot be read", c.unreadable + c.given_up)?;
        }
        if let Some(sector) = c.first_fault() {
            let block = i128::from(self.start.0) + i128::from(sector);
            write!(f, ", the first is sector {sector} (block {block})")?;
        }
        if let Some(unreadable) = c.unreadable_runs.first() {
            write!(f, ": {}", unreadable.reason)?;
        }
        for text in &self.contradictions {
            write!(f, "; {text}")?;
        }
        Ok(())
    }
}

/// The evidence of a write that verification goes by.
pub(crate) struct Sent {
    pub(crate) target: Target,
    pub(crate) samples: Samples,
    /// With full verification.
    pub(crate) digest: Option<Digest>,
    pub(crate) source: Arc<dyn BlockSource>,
}

/// Reads back and compares. Events go on; a cancel ends it.
pub(crate) fn read_back(
    job: &mut Job<'_>,
    sent: &Sent,
    contradictions: Vec<String>,
) -> Result<Verified, Error> {
    let Ok(start) = u64::try_from(sent.target.start.0) else {
        return Err(job.fail(ErrorKind::Argument("a negative block cannot be read back".to_owned())));
    };
    let sectors = sent.target.sectors;
    let tail = u64::from(sent.target.tail);
    let disc = job.recorder.disc_source_of(start.saturating_add(sectors).saturating_add(tail));
    let mut failure = Failure {
        start: sent.target.start,
        contradictions,
        comparison: Comparison::default(),
        sha256_sent: None,
        sha256_read: None,
        reading: Reading::default(),
    };
    sent.samples.compare(job, &disc, start, &mut failure.comparison)?;
    let mut verified =
        Verified { level: VerifyLevel::Quick, sectors: failure.comparison.compared, sha256: None };
    // Samples are counted again by a full reading.
    if let Some(digest) = &sent.digest {
        failure.comparison = Comparison::default();
        failure.sha256_sent = Some(digest.whole);
        match hash_back(job, &disc, start, sectors, &digest.pieces)? {
            Back::Equal => {
                failure.sha256_read = Some(digest.whole);
                verified.level = VerifyLevel::Full;
                verified.sectors = sectors;
                verified.sha256 = Some(digest.whole);
            }
            Back::Differs { pieces } => {
                let read = HashedDisc::after(&disc, start, pieces, digest);
                find_differences(job, sent, &read, start, read.from, &mut failure)?;
                failure.sha256_read = read.finish(&failure.comparison);
            }
        }
        check_tail(job, &disc, start.saturating_add(sectors), tail, &mut failure)?;
    }
    if failure.contradictions.is_empty() && failure.comparison.is_equal() {
        Ok(verified)
    } else {
        failure.reading = std::mem::take(&mut job.reading);
        Err(job.fail(ErrorKind::Verification(Box::new(failure))))
    }
}

fn note_verified(job: &mut Job<'_>, start: u64, done: u64) {
    let before = job.before;
    let event = &mut job.meter.event;
    event.done = before.saturating_add(done);
    event.last_read_lba = start
        .checked_add(done)
        .and_then(|end| end.checked_sub(1))
        .and_then(|last| i32::try_from(last).ok())
        .map(Lba);
    job.tick();
}

/// Names the sectors, by reading disc and source again from a point before which all was equal.
fn find_differences(
    job: &mut Job<'_>,
    sent: &Sent,
    disc: &dyn BlockSource,
    start: u64,
    from: u64,
    failure: &mut Failure,
) -> Result<(), Error> {
    let sectors = sent.target.sectors;
    failure.comparison.compared = from;
    let result = compare::compare_range(
        &*sent.source,
        from,
        disc,
        start,
        sectors,
        &mut failure.comparison,
        &mut |done| {
            note_verified(job, start, done);
            if job.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    );
    match result {
        Ok(()) if failure.comparison.is_equal() => failure.contradictions.push(format!(
            "after sector {from} something was read that was not sent, or could not be read, but a second reading shows no \
             difference: the disc or the source does not read the same twice"
        )),
        Ok(()) => {}
        Err(CompareError::Cancelled) => return Err(job.cancelled()),
        Err(CompareError::Disc { error, .. }) => failure.contradictions.push(format!(
            "what was read differs from what was sent after sector {from}; where cannot be told: {error}"
        )),
        Err(CompareError::Source { sector, error }) => failure.contradictions.push(format!(
            "what was read differs from what was sent after sector {from}; where cannot be told, because sector \
             {sector} of the source cannot be read any more ({error})"
        )),
    }
    Ok(())
}

/// The padding after the source is part of the session and has to be zeros.
fn check_tail(
    job: &mut Job<'_>,
    disc: &DiscSource,
    at: u64,
    tail: u64,
    failure: &mut Failure,
) -> Result<(), Error> {
    job.check_stopped()?;
    let mut buf = vec![0; usize::try_from(tail).unwrap_or(0) * SECTOR];
    match disc.read(at, &mut buf) {
        Ok(()) if buf.iter().all(|b| *b == 0) => {}
        Ok(()) => failure.contradictions.push(format!("the padding from block {at} on is not zero")),
        Err(e) if e.is_about_blocks() => {
            failure.contradictions.push(format!("the padding from block {at} on cannot be read ({e})"));
        }
        Err(e) => return Err(job.fail(ErrorKind::Device(e))),
    }
    Ok(())
}
