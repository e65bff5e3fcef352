//! CD-R: data tracks recorded track at once or session at once (MMC-6 4.2, Orange Book part II).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::sequential::Sequence;
use super::{Change, Disc, DiscSummary, MediumOptions, Reservation, Rules, TocSession, TrackView};
use crate::record::{CueSheet, SessionAtOnce, WriteParameters, WriteType};
use crate::sense;
use crate::store::{DiscState, Geometry, Track};

/// Last possible start of the lead-out of an 80-minute disc: 79:59:74.
const BLOCKS_80_MINUTES: u32 = 359_849;
/// The same for 74 minutes: 74:02:00.
const BLOCKS_74_MINUTES: u32 = 333_000;
/// Pre-gap before the first track.
const PREGAP: u32 = 150;
/// Lead-out of the first session 6,750, of later ones 2,250; lead-in 4,500; pre-gap 150 (Orange Book).
const SEQUENCE: Sequence = Sequence {
    unit: 1,
    track_gap: PREGAP,
    first_session_gap: 6_750 + 4_500 + PREGAP,
    session_gap: 2_250 + 4_500 + PREGAP,
    run_out: 2,
    // Four seconds, the shortest track the Red Book allows.
    shortest: 300,
    max_tracks: 99,
    max_sessions: 99,
    blank_mode: 0xF,
};

pub(super) struct CdR;

impl CdR {
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

impl Rules for CdR {
    fn media(&self) -> MediaType {
        MediaType::CD_R
    }

    fn geometry(&self, options: &MediumOptions) -> Geometry {
        let blocks = if options.seventy_four_minutes { BLOCKS_74_MINUTES } else { BLOCKS_80_MINUTES };
        Geometry { media: self.media(), first_lba: -150, blocks: blocks + PREGAP, unit: 1 }
    }

    fn new_state(&self, options: &MediumOptions) -> DiscState {
        let user_blocks = self.geometry(options).blocks - PREGAP;
        DiscState { user_blocks, format_type: 0xFF, ..DiscState::default() }
    }

    fn profile(&self, _disc: &Disc) -> Profile {
        Profile(0x0009)
    }

    fn write_speeds(&self) -> &'static [u32] {
        // 48, 32, 24, 16, 8 and 4 times 176.4 kB/s.
        &[8_467, 5_645, 4_234, 2_822, 1_411, 706]
    }

    fn read_speed(&self) -> u32 {
        8_467
    }

    fn mount(&self, disc: &mut Disc) -> Result<(), Sense> {
        // A session at once that lost its power cannot be taken up again.
        let mut broken = false;
        for t in disc.state.tracks.iter_mut().filter(|t| t.at_once && !t.closed && !t.damaged) {
            t.damaged = true;
            broken = true;
        }
        if broken { disc.commit() } else { Ok(()) }
    }

    fn summary(&self, disc: &Disc) -> DiscSummary {
        let mut s = SEQUENCE.summary(disc);
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

    fn toc(&self, disc: &Disc) -> Vec<TocSession> {
        SEQUENCE.toc(disc)
    }

    fn last_block(&self, disc: &Disc) -> i32 {
        SEQUENCE.last_block(disc)
    }

    fn check_read(&self, disc: &Disc, lba: i32, blocks: u32) -> Result<(), Sense> {
        SEQUENCE.check_read(disc, lba, blocks)
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
            WriteType::Incremental => Err(sense::ILLEGAL_MODE),
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
                if disc.state.tracks.get(place).is_some_and(partly_reserved) {
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
                if disc.state.tracks.iter().any(partly_reserved) {
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

/// A reservation that has not been filled.
fn partly_reserved(t: &Track) -> bool {
    !t.closed
        && !t.at_once
        && t.reserved > 0
        && i64::from(t.next) < i64::from(t.start) + i64::from(t.reserved)
}

/// 97:10:00. The start of the lead-in in the ATIP also tells who made a disc; this one is nobody's.
pub(crate) const START_OF_LEAD_IN: i32 = -12_900;
