//! BLANK (MMC-6 6.2) of CD-RW and of DVD-RW in sequential recording.

use glassmaster_scsi::Sense;

use super::{Change, Disc};
use crate::sense;
use crate::store::{DiscState, FormatState};

/// Makes the disc as it was sold; what it held cannot be read any more.
pub(super) fn whole(disc: &mut Disc) -> Result<(), Sense> {
    disc.at_once = None;
    disc.state = DiscState {
        protected: disc.state.protected,
        format: FormatState::None,
        format_type: 0xFF,
        user_blocks: disc.state.user_blocks,
        ..DiscState::default()
    };
    disc.clear()
}

/// All blanking types. `start` is the number of a track for type 010b and an address for type 100b.
pub(super) fn blank(disc: &mut Disc, kind: u8, start: u32) -> Result<Change, Sense> {
    match kind {
        // The whole disc, or only what makes it look recorded: PMA, lead-in and first pre-gap.
        0 | 1 => whole(disc)?,
        2 => track(disc, start)?,
        3 => unreserve(disc)?,
        // The end of a track made of packets; this drive records none on these media.
        4 => return Err(sense::ILLEGAL_MODE.with_information(u64::from(start))),
        5 => unclose(disc)?,
        6 => last_session(disc)?,
        _ => return Err(sense::cdb_bit(1, 2)),
    }
    Ok(Change { new_media: true })
}

/// One track of the session that is not closed; it stays as a reservation of its size.
fn track(disc: &mut Disc, number: u32) -> Result<(), Sense> {
    let open = open_session(disc).ok_or(sense::ILLEGAL_MODE)?;
    let place = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    let last = disc.state.tracks.len();
    let place = place.filter(|p| *p < last).ok_or_else(|| sense::cdb_field(2))?;
    if disc.state.tracks.get(place).is_none_or(|t| t.session != open) {
        return Err(sense::ILLEGAL_MODE);
    }
    if place + 1 == last {
        // Nothing follows it: it becomes the invisible track again.
        disc.state.tracks.pop();
        drop_empty_session(disc, open);
    } else if let Some(t) = disc.state.tracks.get_mut(place) {
        let size = u32::try_from(i64::from(t.end()) - i64::from(t.start)).unwrap_or(0);
        t.reserved = t.reserved.max(size);
        t.next = t.start;
        t.run_out = 0;
        t.closed = false;
        t.damaged = false;
        t.at_once = false;
    }
    disc.commit()
}

/// Takes the last reservation back, if nothing was written to it.
fn unreserve(disc: &mut Disc) -> Result<(), Sense> {
    let free = disc.state.tracks.last().is_some_and(|t| t.reserved > 0 && !t.closed && t.is_blank());
    let Some(session) = open_session(disc).filter(|_| free) else { return Err(sense::ILLEGAL_MODE) };
    disc.state.tracks.pop();
    drop_empty_session(disc, session);
    disc.commit()
}

/// Opens the last session again.
fn unclose(disc: &mut Disc) -> Result<(), Sense> {
    let Some(s) = disc.state.sessions.last_mut() else { return Err(sense::ILLEGAL_MODE) };
    if s.closed {
        s.closed = false;
        s.lead_out = 0;
        disc.state.finalized = false;
    }
    disc.commit()
}

/// The last session, closed or not.
fn last_session(disc: &mut Disc) -> Result<(), Sense> {
    let number = u16::try_from(disc.state.sessions.len()).unwrap_or(u16::MAX);
    if disc.state.sessions.pop().is_none() {
        return Err(sense::ILLEGAL_MODE);
    }
    disc.state.tracks.retain(|t| t.session < number);
    disc.state.finalized = false;
    disc.at_once = None;
    disc.commit()
}

/// Number of the session that has been begun and not closed.
fn open_session(disc: &Disc) -> Option<u16> {
    let s = &disc.state.sessions;
    s.last().filter(|x| !x.closed).and_then(|_| u16::try_from(s.len()).ok())
}

fn drop_empty_session(disc: &mut Disc, number: u16) {
    if disc.state.tracks.last().is_none_or(|t| t.session < number) {
        disc.state.sessions.pop();
    }
}
