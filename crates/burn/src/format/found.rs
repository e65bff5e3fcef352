//! What a write that was broken off has left on the medium.

use glassmaster_disc::{Lba, MediaType};
use glassmaster_mmc::cmd::{ReadTrackInformation, TrackInformation};
use glassmaster_recorder::{MediaState, Medium};

use super::data::look;
use crate::engine::Target;
use crate::error::{Error, ErrorKind, Unsuitable};
use crate::job::Job;
use crate::journal::{JournalRecord, Left};
use crate::recipe::{self, Closing, Recipe, Supports};

/// Whether a write to this type can be gone on with: a track that grows block by block, or blocks that can be written at any
/// time. Not CD, whose tracks end with their recording, and not two-layer discs, whose layers are laid out before.
pub(super) fn can_go_on(medium: &Medium) -> bool {
    medium.state.contains(MediaState::OVERWRITE_ONLY)
        || matches!(
            medium.kind,
            MediaType::DVD_PLUS_R | MediaType::BD_R | MediaType::DVD_R | MediaType::DVD_RW
        )
}

/// A medium on which a write was begun.
pub(super) struct Found {
    /// As it was before.
    pub(super) medium: Medium,
    pub(super) recipe: Box<dyn Recipe>,
    /// Where the medium took the data.
    pub(super) whole: Target,
    /// Sectors that are on it, padding included.
    pub(super) on_disc: u64,
    pub(super) left: Left,
}

/// Whether the write that `record` tells of can be gone on with on the medium in the drive; `sectors` is what the recipe
/// was asked for then.
pub(super) fn begun(job: &mut Job<'_>, record: &JournalRecord, sectors: u64) -> Result<Found, Error> {
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
