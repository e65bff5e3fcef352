//! What CD-R and CD-RW share: data tracks recorded track at once or session at once (MMC-6 4.2, Orange Book).

use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::facts::Facts;
use super::sequential::Sequence;
use super::{Change, Disc, DiscSummary, Layout, Reservation, Rules, TrackView, erase};
use crate::record::{CueSheet, SessionAtOnce, WriteParameters, WriteType};
use crate::sense;
use crate::store::Track;

/// Pre-gap before the first track.
const PREGAP: u32 = 150;
/// Lead-out of the first session 6,750, of later ones 2,250; lead-in 4,500; pre-gap 150 (Orange Book).
const fn session_gap(session: usize, _lead_out: i32) -> u32 {
    let lead_out = if session == 1 { 6_750 } else { 2_250 };
    lead_out + 4_500 + PREGAP
}

static SEQUENCE: Sequence = Sequence {
    unit: 1,
    track_gap: PREGAP,
    session_gap,
    run_out: 2,
    // Four seconds, the shortest track the Red Book allows.
    shortest: 300,
    max_tracks: 99,
    max_sessions: 99,
    max_open: 99,
    packet: None,
    blank_mode: 0xF,
};

/// A recordable CD.
pub(super) struct Cd {
    pub(super) facts: Facts,
    pub(super) profile: Profile,
}

impl Cd {
    fn new_track(p: &WriteParameters) -> Track {
        Track {
            session: 0,
            start: 0,
            reserved: 0,
            next: 0,
            run_out: 0,
            closed: false,
            damaged: false,
            at_once: false,
            control: p.track_mode | 4,
            mode: p.data_mode,
        }
    }

    /// Closes the session on the disc; the multi-session field decides whether another one may follow.
    fn close_session(disc: &mut Disc, p: &WriteParameters) -> Result<Change, Sense> {
        if disc.state.sessions.last().is_none_or(|s| s.closed) {
            return Ok(Change::default());
        }
        if let Some(s) = disc.state.sessions.last_mut() {
            s.disc_type = p.session_format;
        }
        SEQUENCE.close_session(disc, !p.next_session_allowed)
    }
}

impl Rules for Cd {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn profile(&self, _disc: &Disc) -> Profile {
        self.profile
    }

    fn layout(&self, _disc: &Disc) -> Layout {
        Layout::Sequential(&SEQUENCE)
    }

    fn summary(&self, disc: &Disc) -> DiscSummary {
        let mut s = DiscSummary { erasable: self.facts.erasable, ..SEQUENCE.summary(disc) };
        // The lead-in that is still to be recorded starts 4,500 blocks before the pre-gap of its first track;
        // the first one starts where the ATIP says.
        s.next_lead_in = s.next_lead_in.map(|_| match disc.state.sessions.iter().rposition(|x| x.closed) {
            None => START_OF_LEAD_IN,
            Some(_) => {
                let first = SEQUENCE
                    .tracks(disc)
                    .iter()
                    .find(|t| t.number == s.first_track_in_last_session)
                    .map_or(0, |t| t.start);
                first.saturating_sub(4_650)
            }
        });
        s
    }

    fn tracks(&self, disc: &Disc) -> Vec<TrackView> {
        // The last recorded address is a field of DVD and BD; on CD it is not valid (MMC-6 6.26, LRA_V).
        let mut all = SEQUENCE.tracks(disc);
        all.iter_mut().for_each(|t| t.last_recorded = None);
        all
    }

    fn write(&self, disc: &mut Disc, p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense> {
        if let Some(mut recording) = disc.at_once.take() {
            if p.write_type != WriteType::SessionAtOnce {
                disc.at_once = Some(recording);
                return Err(sense::ILLEGAL_MODE);
            }
            let done = recording.write(disc, lba, data, p.data_mode);
            if !matches!(done, Ok(true)) {
                disc.at_once = Some(recording);
                return done.map(|_| Change::default());
            }
            // The lead-out follows the last block without being asked for (MMC-6, SEND CUE SHEET command).
            for t in disc.state.tracks.iter_mut().filter(|t| t.at_once) {
                t.closed = true;
            }
            return Self::close_session(disc, p);
        }
        match p.write_type {
            WriteType::TrackAtOnce => SEQUENCE.write(disc, lba, data, Self::new_track(p)),
            WriteType::SessionAtOnce => Err(sense::SEQUENCE),
            WriteType::Incremental | WriteType::LayerJump => Err(sense::ILLEGAL_MODE),
        }
    }

    fn synchronize(&self, disc: &mut Disc, _p: &WriteParameters) -> Result<Change, Sense> {
        // In track at once the end of the data is the end of the track (MMC-6 4.2, CD model).
        let growing = (1u16..)
            .zip(&disc.state.tracks)
            .find(|(_, t)| !t.closed && !t.at_once && t.reserved == 0 && !t.is_blank())
            .map(|(n, _)| n);
        if let Some(number) = growing {
            SEQUENCE.close_track(disc, number)?;
        }
        // A host that flushes a session at once before its last block has no more blocks: written out, the laser goes off.
        // The standard does not say so; a drive that waited would have to be told apart from one that was let down.
        disc.break_off()?;
        disc.sync()?;
        Ok(Change::default())
    }

    fn close(
        &self,
        disc: &mut Disc,
        p: &WriteParameters,
        function: u8,
        number: u16,
    ) -> Result<Change, Sense> {
        let change = match function {
            1 => {
                let place = usize::from(number).wrapping_sub(1);
                if disc.state.tracks.get(place).is_some_and(Track::is_reservation_open) {
                    return Err(sense::RESERVED_TRACK_NOT_FULL);
                }
                SEQUENCE.close_track(disc, number)?
            }
            2 => {
                if disc.at_once.as_ref().is_some_and(SessionAtOnce::has_begun) {
                    return Err(sense::SEQUENCE);
                }
                if disc.state.tracks.iter().any(|t| t.at_once && !t.closed) {
                    return Err(sense::INCOMPLETE_TRACK);
                }
                if disc.state.tracks.iter().any(Track::is_reservation_open) {
                    return Err(sense::RESERVED_TRACK_NOT_FULL);
                }
                disc.at_once = None;
                Self::close_session(disc, p)?
            }
            _ => return Err(sense::cdb_bit(2, 2)),
        };
        disc.sync()?;
        Ok(change)
    }

    fn reserve(&self, disc: &mut Disc, p: &WriteParameters, by: Reservation) -> Result<(), Sense> {
        match by {
            Reservation::Size(_) => SEQUENCE.reserve(disc, by, Self::new_track(p)),
            Reservation::UpTo(_) => Err(sense::cdb_bit(1, 0)),
        }
    }

    fn blank(&self, disc: &mut Disc, kind: u8, start: u32) -> Result<Change, Sense> {
        if !self.facts.erasable {
            return Err(sense::CANNOT_WRITE);
        }
        erase::blank(disc, kind, start)
    }

    fn cue_sheet(&self, disc: &mut Disc, p: &WriteParameters, sheet: &[u8]) -> Result<(), Sense> {
        if p.write_type != WriteType::SessionAtOnce {
            return Err(sense::SEQUENCE);
        }
        if disc.at_once.as_ref().is_some_and(SessionAtOnce::has_begun)
            || disc.state.sessions.last().is_some_and(|s| !s.closed)
        {
            return Err(sense::PROGRAM_AREA_NOT_EMPTY);
        }
        let start = SEQUENCE.next_start(disc).ok_or(sense::CANNOT_WRITE)?;
        let number = disc.state.tracks.len().checked_add(1).and_then(|n| u8::try_from(n).ok());
        let sheet_len = sheet.len();
        let sheet = CueSheet::parse(sheet, number.ok_or(sense::CANNOT_WRITE)?)?;
        if sheet.pieces.first().is_none_or(|p| i64::from(p.start) != i64::from(start) - 150) {
            // Byte of the first track entry's address.
            return Err(sense::list_field(8 + 5));
        }
        if sheet.lead_out > disc.user_end() {
            let address = sheet_len.saturating_sub(8).saturating_add(5);
            return Err(sense::list_field(u16::try_from(address).unwrap_or(u16::MAX)));
        }
        disc.at_once = Some(SessionAtOnce::new(disc, sheet));
        Ok(())
    }
}

/// 97:10:00. The start of the lead-in in the ATIP also tells who made a disc; this one is nobody's.
pub(crate) const START_OF_LEAD_IN: i32 = -12_900;
