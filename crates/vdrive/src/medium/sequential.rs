//! What all sequentially recorded media share: tracks that grow at one end, sessions that close.

use glassmaster_scsi::Sense;

use super::{
    Change, Disc, DiscSummary, Fill, Reservation, TocSession, TocTrack, TrackView, align_up, blocks_of,
};
use crate::sense;
use crate::store::{Session, Track};

/// The figures in which sequential media differ.
pub(crate) struct Sequence {
    /// Blocks recorded together.
    pub(super) unit: u32,
    /// Blocks between two tracks of a session.
    pub(super) track_gap: u32,
    /// Blocks from the lead-out of a session, given by its number and address, to the first track of the next one.
    pub(super) session_gap: fn(usize, i32) -> u32,
    /// Blocks the drive adds to a track when it closes it.
    pub(super) run_out: u8,
    /// Shortest track; shorter ones are padded.
    pub(super) shortest: u32,
    /// Most tracks on the disc.
    pub(super) max_tracks: u16,
    /// Most sessions on the disc.
    pub(super) max_sessions: u16,
    /// Most tracks that can be written to at a time, the invisible one counted.
    pub(super) max_open: u16,
    /// Blocks that tracks are recorded in, where they are recorded incrementally.
    pub(super) packet: Option<u32>,
    /// Data mode that READ TRACK INFORMATION gives for a track not yet begun.
    pub(super) blank_mode: u8,
}

/// Where a write may go.
enum Target {
    /// A track that has been begun or reserved, by its place.
    Track(usize),
    /// The invisible track, which starts here.
    Invisible(i32),
}

impl Sequence {
    /// Start of the track that does not exist yet; `None` when the last one can still grow or nothing can follow.
    pub(super) fn next_start(&self, disc: &Disc) -> Option<i32> {
        let s = &disc.state;
        if s.finalized || s.tracks.len() >= usize::from(self.max_tracks) {
            return None;
        }
        let Some(last) = s.tracks.last() else { return Some(0) };
        let session_number = usize::from(last.session);
        let closed = s.sessions.get(session_number.saturating_sub(1)).is_some_and(|x| x.closed);
        let start = if closed {
            if session_number >= usize::from(self.max_sessions) {
                return None;
            }
            let lead_out = s.sessions.get(session_number - 1).map_or(last.end(), |x| x.lead_out);
            let gap = (self.session_gap)(session_number, lead_out);
            align_up(lead_out.saturating_add_unsigned(gap), self.unit)
        } else if last.at_once || (!last.closed && last.reserved == 0) {
            return None;
        } else if last.reserved != 0 && !last.closed {
            last.start.saturating_add_unsigned(last.reserved).saturating_add_unsigned(self.track_gap)
        } else {
            let end = last.end().max(last.start.saturating_add_unsigned(last.reserved));
            align_up(end, self.unit).saturating_add_unsigned(self.track_gap)
        };
        (start < disc.user_end()).then_some(start)
    }

    /// Number of the session that a new track would belong to.
    fn next_session(disc: &Disc) -> u16 {
        let n = u16::try_from(disc.state.sessions.len()).unwrap_or(u16::MAX);
        match disc.state.sessions.last() {
            Some(s) if !s.closed => n,
            _ => n.saturating_add(1),
        }
    }

    /// Blocks that can still be written from `next` on.
    fn free(&self, disc: &Disc, next: i32) -> u32 {
        let end = i64::from(disc.user_end()) - i64::from(self.run_out);
        u32::try_from((end - i64::from(next)).max(0)).unwrap_or(u32::MAX)
    }

    pub(super) fn tracks(&self, disc: &Disc) -> Vec<TrackView> {
        let mut all: Vec<TrackView> = Vec::with_capacity(disc.state.tracks.len() + 1);
        for (number, t) in (1u16..).zip(&disc.state.tracks) {
            all.push(self.view(disc, number, t));
        }
        if let Some(start) = self.next_start(disc) {
            let free = self.free(disc, start);
            let number = u16::try_from(all.len() + 1).unwrap_or(u16::MAX);
            all.push(TrackView {
                number,
                session: Self::next_session(disc),
                start,
                size: free,
                free,
                next_writable: Some(start),
                blank: true,
                packet: self.packet,
                control: 4,
                data_mode: self.blank_mode,
                ..TrackView::default()
            });
        }
        all
    }

    fn view(&self, disc: &Disc, number: u16, t: &Track) -> TrackView {
        let growing = !t.closed && !t.damaged && !t.at_once;
        let recorded = u32::try_from(i64::from(t.end()) - i64::from(t.start)).unwrap_or(0);
        let (size, free) = if !growing {
            (recorded.max(t.reserved), 0)
        } else if t.reserved > 0 {
            let used = u32::try_from(i64::from(t.next) - i64::from(t.start)).unwrap_or(0);
            (t.reserved, t.reserved.saturating_sub(used))
        } else {
            let free = self.free(disc, t.next);
            let used = u32::try_from(i64::from(t.next) - i64::from(t.start)).unwrap_or(0);
            (used.saturating_add(free), free)
        };
        TrackView {
            number,
            session: t.session,
            start: t.start,
            size,
            free,
            next_writable: (growing && free > 0).then_some(t.next),
            last_recorded: (!t.is_blank()).then(|| t.next.saturating_sub(1)),
            reserved: t.reserved > 0 && !t.at_once && !t.closed,
            blank: t.is_blank(),
            damaged: t.damaged,
            packet: self.packet.filter(|_| !t.at_once),
            control: t.control,
            data_mode: t.mode,
            ..TrackView::default()
        }
    }

    fn target(&self, disc: &Disc, lba: i32) -> Option<Target> {
        for (n, t) in disc.state.tracks.iter().enumerate() {
            if t.closed || t.damaged || t.at_once {
                continue;
            }
            let inside = t.reserved == 0 || i64::from(lba) < i64::from(t.start) + i64::from(t.reserved);
            if lba >= t.start && inside {
                return Some(Target::Track(n));
            }
        }
        self.next_start(disc).filter(|start| lba >= *start).map(Target::Invisible)
    }

    /// Appends to the track that `lba` is the next address of, beginning it if need be.
    pub(super) fn write(&self, disc: &mut Disc, lba: i32, data: &[u8], new: Track) -> Result<Change, Sense> {
        if disc.state.finalized {
            return Err(sense::CANNOT_WRITE);
        }
        let blocks = blocks_of(data);
        let bits = super::block_bits(lba);
        if lba < disc.store.geometry().first_lba || lba >= disc.user_end() {
            return Err(sense::OUT_OF_RANGE.with_information(bits));
        }
        let target = self.target(disc, lba).ok_or(sense::INVALID_WRITE_ADDRESS.with_information(bits))?;
        let (next, limit) = match target {
            Target::Track(n) => {
                let t = disc.state.tracks.get(n).ok_or(sense::INVALID_WRITE_ADDRESS)?;
                if t.mode != new.mode || t.control & 4 != new.control & 4 {
                    return Err(sense::ILLEGAL_MODE);
                }
                let free = if t.reserved > 0 {
                    let end = i64::from(t.start) + i64::from(t.reserved);
                    u32::try_from(end - i64::from(t.next)).unwrap_or(0)
                } else {
                    self.free(disc, t.next)
                };
                (t.next, free)
            }
            Target::Invisible(start) => (start, self.free(disc, start)),
        };
        if lba != next {
            return Err(sense::INVALID_WRITE_ADDRESS.with_information(bits));
        }
        if blocks > limit {
            return Err(sense::END_OF_USER_AREA.with_information(bits));
        }
        if blocks == 0 {
            return Ok(Change::default());
        }
        disc.append(lba, data)?;
        let place = match target {
            Target::Track(n) => n,
            Target::Invisible(start) => {
                self.begin(disc, Track { start, next: start, ..new });
                disc.state.tracks.len() - 1
            }
        };
        if let Some(t) = disc.state.tracks.get_mut(place) {
            t.next = lba.saturating_add_unsigned(blocks);
        }
        disc.commit()?;
        Ok(Change::default())
    }

    /// Adds a track, and a session for it where none is open.
    pub(super) fn begin(&self, disc: &mut Disc, track: Track) {
        let session = Self::next_session(disc);
        if usize::from(session) > disc.state.sessions.len() {
            disc.state.sessions.push(Session::default());
        }
        disc.state.tracks.push(Track { session, ..track });
    }

    /// Pads what was written up to a whole unit.
    pub(super) fn pad_units(&self, disc: &mut Disc) -> Result<bool, Sense> {
        let unit = self.unit;
        let mut changed = false;
        for t in disc.state.tracks.iter_mut().filter(|t| !t.closed && !t.at_once && !t.is_blank()) {
            let whole = align_up(t.next, unit);
            changed |= whole != t.next;
            t.next = whole;
        }
        if changed {
            disc.commit()?;
        }
        Ok(changed)
    }

    /// Closes track `number`; a closed one is left as it is (MMC-6 6.3).
    pub(super) fn close_track(&self, disc: &mut Disc, number: u16) -> Result<Change, Sense> {
        let place = usize::from(number).checked_sub(1).ok_or_else(|| sense::cdb_field(4))?;
        let Some(t) = disc.state.tracks.get(place).copied() else {
            // The invisible track exists and is empty: nothing to close. Any other number does not exist.
            return if place == disc.state.tracks.len() && self.next_start(disc).is_some() {
                Ok(Change::default())
            } else {
                Err(sense::cdb_field(4))
            };
        };
        if t.closed {
            return Ok(Change::default());
        }
        if t.at_once {
            return Err(sense::SEQUENCE);
        }
        self.finish_track(disc, place)?;
        disc.commit()?;
        Ok(Change { new_media: false })
    }

    /// Pads an open track as its medium asks and closes it.
    fn finish_track(&self, disc: &mut Disc, place: usize) -> Result<(), Sense> {
        let Some(t) = disc.state.tracks.get(place).copied() else { return Ok(()) };
        let want = if t.reserved > 0 {
            // The rest of a reservation is recorded as zeros, so that the track has the size it was given.
            t.start.saturating_add_unsigned(t.reserved)
        } else {
            align_up(t.next.max(t.start.saturating_add_unsigned(self.shortest)), self.unit)
        };
        let want = want.min(disc.user_end());
        let missing = u32::try_from(i64::from(want) - i64::from(t.next)).unwrap_or(0);
        disc.put_zeros(t.next, missing)?;
        if let Some(t) = disc.state.tracks.get_mut(place) {
            t.next = want;
            t.closed = true;
            t.run_out = self.run_out;
        }
        Ok(())
    }

    /// Closes the last session, and the disc with it when `finalize` is set. Open tracks in it are closed first.
    pub(super) fn close_session(&self, disc: &mut Disc, finalize: bool) -> Result<Change, Sense> {
        let open = disc.state.sessions.last().is_some_and(|s| !s.closed);
        if disc.state.finalized || (!open && !finalize) {
            return Ok(Change::default());
        }
        if open {
            let number = u16::try_from(disc.state.sessions.len()).unwrap_or(u16::MAX);
            let places: Vec<usize> = (0..disc.state.tracks.len())
                .filter(|n| disc.state.tracks.get(*n).is_some_and(|t| t.session == number && !t.closed))
                .collect();
            for place in places {
                self.finish_track(disc, place)?;
            }
            let lead_out = disc.state.tracks.last().map_or(0, Track::end);
            if let Some(s) = disc.state.sessions.last_mut() {
                s.closed = true;
                s.lead_out = lead_out;
            }
        }
        disc.state.finalized |= finalize;
        disc.commit()?;
        Ok(Change { new_media: true })
    }

    /// Sets blocks aside for a track (MMC-6, RESERVE TRACK command).
    pub(super) fn reserve(&self, disc: &mut Disc, by: Reservation, new: Track) -> Result<(), Sense> {
        let start = self.next_start(disc).ok_or(sense::SEQUENCE)?;
        let blocks = match by {
            Reservation::Size(n) => n,
            Reservation::UpTo(lba) => {
                u32::try_from(i64::from(lba) - i64::from(start)).map_err(|_| sense::OUT_OF_RANGE)?
            }
        };
        if blocks == 0 {
            return Err(sense::cdb_field(5));
        }
        let blocks = blocks.checked_next_multiple_of(self.unit).ok_or(sense::OUT_OF_RANGE)?;
        if blocks > self.free(disc, start) {
            return Err(sense::OUT_OF_RANGE);
        }
        let open = disc.state.tracks.iter().filter(|t| !t.closed).count();
        if disc.state.tracks.len() + 1 >= usize::from(self.max_tracks)
            || open + 1 >= usize::from(self.max_open)
        {
            return Err(sense::NO_MORE_RESERVATIONS);
        }
        self.begin(disc, Track { start, next: start, reserved: blocks, ..new });
        disc.commit()
    }

    pub(super) fn summary(&self, disc: &Disc) -> DiscSummary {
        let s = &disc.state;
        let begun = u16::try_from(s.sessions.len()).unwrap_or(u16::MAX);
        let open = s.sessions.last().is_some_and(|x| !x.closed);
        let tracks = self.tracks(disc);
        let last_track = tracks.last().map_or(1, |t| t.number);
        let (disc_fill, session_fill, sessions) = if s.finalized {
            (Fill::Complete, Fill::Complete, begun.max(1))
        } else if open {
            (Fill::Incomplete, Fill::Incomplete, begun)
        } else if begun == 0 {
            (Fill::Empty, Fill::Empty, 1)
        } else if self.next_start(disc).is_none() {
            // Nothing fits any more although nobody finalized it.
            (Fill::Complete, Fill::Complete, begun)
        } else {
            (Fill::Incomplete, Fill::Empty, begun.saturating_add(1))
        };
        let complete = disc_fill == Fill::Complete;
        let first = tracks.iter().find(|t| t.session == sessions).map_or(last_track, |t| t.number);
        DiscSummary {
            disc: disc_fill,
            last_session: session_fill,
            erasable: false,
            sessions,
            first_track_in_last_session: first,
            last_track,
            background_format: 0,
            disc_type: s.sessions.iter().rfind(|x| x.closed).map_or(0xFF, |x| x.disc_type),
            next_lead_in: (!complete).then(|| tracks.last().map_or(0, |t| t.start)),
            last_lead_out: (!complete).then(|| disc.user_end()),
        }
    }

    pub(super) fn toc(&self, disc: &Disc) -> Vec<TocSession> {
        let mut all = Vec::new();
        for (number, s) in (1u16..).zip(&disc.state.sessions).filter(|(_, s)| s.closed) {
            let tracks = (1u16..)
                .zip(&disc.state.tracks)
                .filter(|(_, t)| t.session == number)
                .map(|(n, t)| TocTrack { number: n, start: t.start, control: t.control })
                .collect();
            let later = disc.state.tracks.iter().find(|t| t.session > number).map(|t| t.start);
            let next_start = later.or_else(|| self.next_start(disc));
            all.push(TocSession { number, disc_type: s.disc_type, tracks, lead_out: s.lead_out, next_start });
        }
        all
    }

    /// Last block before the last lead-out; 0 while no session is complete.
    pub(super) fn last_block(&self, disc: &Disc) -> i32 {
        disc.state.sessions.iter().rfind(|s| s.closed).map_or(0, |s| s.lead_out.saturating_sub(1).max(0))
    }

    /// Refuses a read that leaves what has been recorded.
    pub(super) fn check_read(&self, disc: &Disc, lba: i32, blocks: u32) -> Result<(), Sense> {
        let end = i64::from(lba) + i64::from(blocks);
        if lba < disc.store.geometry().first_lba || end > i64::from(disc.user_end()) {
            return Err(sense::OUT_OF_RANGE.with_information(super::block_bits(lba)));
        }
        let mut at = i64::from(lba);
        while at < end {
            let here = disc.state.tracks.iter().find(|t| {
                // A session at once on CD has recorded the pre-gaps too; elsewhere there are none.
                let pregap = if t.at_once { i64::from(disc.store.geometry().first_lba).abs() } else { 0 };
                let first = i64::from(t.start) - pregap;
                at >= first && at < i64::from(t.next)
            });
            let Some(t) = here else {
                let bits = super::block_bits(i32::try_from(at).unwrap_or(i32::MAX));
                let last = disc.state.tracks.iter().map(Track::end).max().unwrap_or(0);
                return Err(if at < i64::from(last) {
                    sense::ILLEGAL_MODE.with_information(bits)
                } else {
                    sense::OUT_OF_RANGE.with_information(bits)
                });
            };
            at = i64::from(t.next);
        }
        Ok(())
    }
}
