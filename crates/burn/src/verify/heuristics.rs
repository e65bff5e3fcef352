//! What the drive says of a disc it has just written.

use glassmaster_mmc::cmd::{DiscStatus, ReadTrackInformation, SessionState, TrackInformation};
use glassmaster_recorder::Error as DriveError;
use glassmaster_scsi::SenseKey;

use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;
use crate::recipe::Closing;

/// Most tracks a disc of any kind can have, those of BD-R; more is nonsense of the drive.
const MOST_TRACKS: u16 = 7927;

/// Statements of the drive that contradict the write; empty when disc and track information are plausible. A disc of which
/// the drive cannot tell is one of them; a drive that cannot answer is an error.
pub(crate) fn check_disc(job: &mut Job<'_>, target: Target, closing: Closing) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    if let Err(e) = look(job, target, closing, &mut found) {
        if !is_about_disc(&e) {
            return job.check(Err(e));
        }
        found.push(e.to_string());
    }
    Ok(found)
}

/// Whether a question failed for the sake of the disc: it cannot be read, or what should be on it is not.
fn is_about_disc(error: &DriveError) -> bool {
    match error {
        DriveError::Refused { failure, .. } => failure.sense.is_some_and(|s| {
            let of_disc = [SenseKey::MEDIUM_ERROR, SenseKey::BLANK_CHECK, SenseKey::ILLEGAL_REQUEST];
            !s.deferred && of_disc.contains(&s.key)
        }),
        DriveError::Contradiction { .. } => true,
        _ => false,
    }
}

fn look(
    job: &mut Job<'_>,
    target: Target,
    closing: Closing,
    found: &mut Vec<String>,
) -> Result<(), DriveError> {
    let recorder = job.recorder;
    let first = i64::from(target.start.0);
    let last = first.saturating_add(i64::try_from(target.sectors).unwrap_or(i64::MAX)).saturating_sub(1);
    let disc = match recorder.disc_information() {
        Ok(disc) => disc,
        // Disks have neither sessions nor tracks.
        Err(e) if closing == Closing::Overwritable && e.is_unsupported() => return Ok(()),
        Err(e) => return Err(e),
    };
    let expected = match closing {
        Closing::Appendable => Some(DiscStatus::Incomplete),
        Closing::Final => Some(DiscStatus::Complete),
        Closing::Overwritable => None,
    };
    // A drive that sees no room for another session may close the disc with this one: that loses no data.
    let closed_by_drive = closing == Closing::Appendable && disc.status == DiscStatus::Complete;
    job.closed_by_drive |= closed_by_drive;
    if let Some(expected) = expected
        && disc.status != expected
        && !closed_by_drive
    {
        found.push(format!("the drive reports disc status {:?} instead of {expected:?}", disc.status));
    }
    // An open session after the closed one is empty; one that is not was never closed.
    if closing == Closing::Appendable && !closed_by_drive && disc.last_session_state != SessionState::Empty {
        found.push(format!(
            "the drive reports the last session as {:?} instead of closed",
            disc.last_session_state
        ));
    }
    if disc.sessions == 0 || disc.last_track_in_last_session == 0 {
        found.push("the drive reports a disc without sessions or tracks".to_owned());
    }
    if disc.last_track_in_last_session > MOST_TRACKS {
        found.push(format!("the drive reports {} tracks", disc.last_track_in_last_session));
        return Ok(());
    }
    let mut holder: Option<TrackInformation> = None;
    for number in 1..=disc.last_track_in_last_session {
        let track = recorder.track_information(&ReadTrackInformation::track(u32::from(number)))?;
        let start = i64::from(track.start.0);
        if start <= first && first < start.saturating_add(i64::from(track.size)) {
            holder = Some(track);
        }
    }
    match holder {
        None => found.push(format!("no track holds block {first}")),
        Some(track) => {
            let end = i64::from(track.start.0).saturating_add(i64::from(track.size)).saturating_sub(1);
            if end < last {
                found.push(format!("track {} ends at block {end}, before block {last}", track.track));
            }
            if track.damage {
                found.push(format!("track {} is marked as damaged", track.track));
            }
            if track.blank && closing != Closing::Overwritable {
                found.push(format!("track {} is reported as blank", track.track));
            }
            if let Some(recorded) = track.last_recorded
                && i64::from(recorded.0) < last
                && closing != Closing::Overwritable
            {
                found.push(format!(
                    "the last recorded block of track {} is {recorded}, before block {last}",
                    track.track
                ));
            }
        }
    }
    Ok(())
}
