//! The plan of a session: which track, index and subcode every address has (ECMA-130 20 and 22).

use glassmaster_disc::{Lba, Msf};

use crate::subcode::{Control, Q, TocPoint};
use crate::{Isrc, Mcn};

/// Where a raw image of a first session begins: MSF 95:00:00, earlier than the lead-in of any medium.
pub const LEAD_IN_START: i32 = -22_650;
/// First sector of the program area.
pub const PROGRAM_START: i32 = -150;
/// Sectors of the lead-out of a first session: 90 s.
pub const LEAD_OUT_SECTORS: i32 = 6750;
/// Track number of the lead-out.
pub const LEAD_OUT: u8 = 0xAA;
/// Sectors the P flag announces a track, at least: 2 s.
const START_FLAG: i32 = 150;
/// The same, unsigned: sectors of the pause before a track.
pub(crate) const START_FLAG_SECTORS: u32 = 150;
/// Distance of the frames with the catalogue number, and of those with ISRC: the standard wants one in 100 sectors.
const SPECIAL_PERIOD: i32 = 90;
/// How far behind the catalogue number the ISRC comes.
const ISRC_PHASE: i32 = 50;

/// Disc type in the lead-in (PSEC of point A0h) and in the answer to READ TOC format 2.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum DiscType {
    /// Audio, or data in Mode 1.
    #[default]
    CdDa = 0x00,
    /// CD-I.
    CdI = 0x10,
    /// CD-ROM XA: Mode 2 with subheaders.
    Xa = 0x20,
}

/// What may be done with a track's sound digitally; the numbers are IMAPI's.
#[doc(alias = "IMAPI_CD_TRACK_DIGITAL_COPY_SETTING")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum CopySetting {
    /// Copies are allowed: the copy bit is set.
    #[doc(alias = "IMAPI_CD_TRACK_DIGITAL_COPY_PERMITTED")]
    #[default]
    Permitted = 0,
    /// Consumer recorders refuse: the copy bit is clear.
    #[doc(alias = "IMAPI_CD_TRACK_DIGITAL_COPY_PROHIBITED")]
    Prohibited = 1,
    /// The track is a copy already: the copy bit changes every four sectors.
    #[doc(alias = "IMAPI_CD_TRACK_DIGITAL_COPY_SCMS")]
    Scms = 2,
}

/// A track of a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Track {
    /// Kind of track; the copy bit comes from `copy`.
    pub control: Control,
    /// Copy bit.
    pub copy: CopySetting,
    /// First sector of the pause before the track (index 0); the same as `start` where there is none.
    pub pause: Lba,
    /// First sector of the track (index 1).
    pub start: Lba,
    /// First sectors of index 2, 3 and so on, ascending.
    pub indexes: Vec<Lba>,
    /// ISRC, of an audio track.
    pub isrc: Option<Isrc>,
}

impl Track {
    /// The control field at an address.
    fn control_at(&self, lba: i32) -> Control {
        self.control.copy_permitted(match self.copy {
            CopySetting::Permitted => true,
            CopySetting::Prohibited => false,
            // 9.4 Hz: between the 4 and 10 Hz that recorders look for (IEC 60958-3, category 1 sources).
            CopySetting::Scms => lba.rem_euclid(8) < 4,
        })
    }

    /// The control field in the table of contents; of an alternating copy bit there the careful side.
    fn control_in_toc(&self) -> Control {
        self.control.copy_permitted(self.copy == CopySetting::Permitted)
    }
}

/// Why tracks make no session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// None, or numbers outside 1 to 99.
    #[error("a session has at least one track, and tracks have the numbers 1 to 99")]
    Numbers,
    /// Pauses, starts, indexes and lead-out do not follow each other.
    #[error("the addresses of track {0} do not ascend")]
    Order(u8),
    /// More than 99 indexes.
    #[error("track {0} has more than 99 indexes")]
    Indexes(u8),
    /// The lead-out would pass 89:59:74.
    #[error("the lead-out at block {0} ends behind 89:59:74")]
    Length(i32),
}

/// Checked plan of a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    first: u8,
    tracks: Vec<Track>,
    lead_out: i32,
    mcn: Option<Mcn>,
    disc_type: DiscType,
}

/// P flag and Q frame of a sector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// P flag.
    pub p: bool,
    /// Q frame.
    pub q: Q,
}

impl Session {
    /// A session with tracks from number `first` on.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn new(
        first: u8,
        tracks: Vec<Track>,
        lead_out: Lba,
        mcn: Option<Mcn>,
        disc_type: DiscType,
    ) -> Result<Self, SessionError> {
        let last = u8::try_from(tracks.len()).ok().and_then(|count| first.checked_add(count)?.checked_sub(1));
        if tracks.is_empty() || first == 0 || last.is_none_or(|last| last > 99) {
            return Err(SessionError::Numbers);
        }
        if lead_out.0 > 404_850 - LEAD_OUT_SECTORS {
            return Err(SessionError::Length(lead_out.0));
        }
        let mut end = PROGRAM_START - 1;
        let mut number = first;
        for track in &tracks {
            let mut ascends = track.pause.0 > end && track.start >= track.pause && track.start.0 >= 0;
            end = track.start.0;
            for index in &track.indexes {
                ascends &= index.0 > end;
                end = index.0;
            }
            if !ascends || end >= lead_out.0 {
                return Err(SessionError::Order(number));
            }
            if track.indexes.len() > 98 {
                return Err(SessionError::Indexes(number));
            }
            number = number.saturating_add(1);
        }
        Ok(Self { first, tracks, lead_out: lead_out.0, mcn, disc_type })
    }

    /// Number of the first track.
    #[must_use]
    pub const fn first(&self) -> u8 {
        self.first
    }

    /// Number of the last track.
    #[must_use]
    pub fn last(&self) -> u8 {
        self.first.saturating_add(u8::try_from(self.tracks.len().saturating_sub(1)).unwrap_or(98))
    }

    /// The tracks in their order.
    #[must_use]
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// First sector of the lead-out.
    #[must_use]
    pub const fn lead_out(&self) -> Lba {
        Lba(self.lead_out)
    }

    /// Catalogue number.
    #[must_use]
    pub const fn mcn(&self) -> Option<Mcn> {
        self.mcn
    }

    /// Disc type.
    #[must_use]
    pub const fn disc_type(&self) -> DiscType {
        self.disc_type
    }

    /// The points of the lead-in in the order they are repeated in: tracks, then A0h, A1h, A2h. Their running time is 0.
    #[must_use]
    pub fn points(&self) -> Vec<TocPoint> {
        let point =
            |control, point, target| TocPoint { adr: 1, control, point, time: [0; 3], zero: 0, target };
        let time = |lba: i32| {
            // Checked when the session was made: 0 to 89:59:74.
            Msf::try_from(Lba(lba)).map_or([0; 3], |msf| {
                let (minute, second, frame) = msf.fields();
                [minute, second, frame]
            })
        };
        let mut out = Vec::with_capacity(self.tracks.len() + 3);
        for (number, track) in (self.first..).zip(&self.tracks) {
            out.push(point(track.control_in_toc(), number, time(track.start.0)));
        }
        let control_of = |track: Option<&Track>| track.map_or(Control::AUDIO, Track::control_in_toc);
        let (first, last) = (control_of(self.tracks.first()), control_of(self.tracks.last()));
        out.push(point(first, 0xA0, [self.first, self.disc_type as u8, 0]));
        out.push(point(last, 0xA1, [self.last(), 0, 0]));
        out.push(point(last, 0xA2, time(self.lead_out)));
        out
    }

    /// The track at an address of the program area: in its pause already it counts.
    fn track_at(&self, lba: i32) -> Option<(u8, &Track)> {
        let at = self.tracks.partition_point(|track| track.pause.0 <= lba).max(1) - 1;
        Some((self.first.saturating_add(u8::try_from(at).ok()?), self.tracks.get(at)?))
    }

    /// Whether a sector is the first of a track, a pause, an index or the lead-out: those tell the position.
    fn is_boundary(&self, lba: i32) -> bool {
        if lba >= self.lead_out {
            return lba == self.lead_out;
        }
        self.track_at(lba).is_some_and(|(_, track)| {
            lba == track.pause.0 || lba == track.start.0 || track.indexes.binary_search(&Lba(lba)).is_ok()
        })
    }

    /// Whether the frame of a kind whose turn is at multiples of the period plus `phase` stands here: at the first place from there on
    /// that is no boundary.
    fn is_turn(&self, lba: i32, phase: i32) -> bool {
        let late = (lba - phase).rem_euclid(SPECIAL_PERIOD);
        late < 100 - SPECIAL_PERIOD
            && !self.is_boundary(lba)
            && (lba - late..lba).all(|earlier| self.is_boundary(earlier))
    }

    /// P and Q at an address from the lead-in to the lead-out. The lead-in's points come three times each, in an order that depends on the
    /// address alone; `points` are those of [`Session::points`], or others in their place.
    ///
    /// `None` outside the 100 minutes of the clock, and when `points` is empty in the lead-in.
    #[must_use]
    pub fn position(&self, lba: Lba, points: &[TocPoint]) -> Option<Position> {
        let absolute = Msf::try_from(lba).ok()?;
        if lba.0 < PROGRAM_START {
            let turn = usize::try_from(
                (lba.0 - LEAD_IN_START)
                    .checked_div(3)?
                    .rem_euclid(i32::try_from(points.len()).ok().filter(|count| *count > 0)?),
            );
            let mut point = *points.get(turn.ok()?)?;
            // Points of ADR 5 have something else in place of the running time.
            if point.adr == 1 {
                let (minute, second, frame) = absolute.fields();
                point.time = [minute, second, frame];
            }
            return Some(Position { p: false, q: Q::Toc(point) });
        }
        let relative = |sectors: i32| Msf::try_from(Lba(sectors.checked_add(PROGRAM_START)?)).ok();
        if lba.0 >= self.lead_out {
            let since = lba.0 - self.lead_out;
            let control = self.tracks.last()?.control_in_toc();
            let (_, _, frame) = absolute.fields();
            let q = match self.mcn {
                Some(mcn) if self.is_turn(lba.0, 0) => Q::Catalog { control, mcn, frame },
                _ => Q::Position { control, track: LEAD_OUT, index: 1, relative: relative(since)?, absolute },
            };
            // 2 s of silence, then 2 Hz (ECMA-130 22.2): 4 changes in 75 sectors.
            let p = since >= START_FLAG && (i64::from(since - START_FLAG) * 4 / 75) % 2 == 0;
            return Some(Position { p, q });
        }
        let (number, track) = self.track_at(lba.0)?;
        let control = track.control_at(lba.0);
        let (_, _, frame) = absolute.fields();
        let q = if let Some(mcn) = self.mcn.filter(|_| self.is_turn(lba.0, 0)) {
            Q::Catalog { control, mcn, frame }
        } else if let Some(isrc) = track.isrc.filter(|_| self.is_turn(lba.0, ISRC_PHASE)) {
            Q::Isrc { control, isrc, frame }
        } else if lba < track.start {
            // The last sector of a pause has nothing left.
            let left = relative(track.start.0 - 1 - lba.0)?;
            Q::Position { control, track: number, index: 0, relative: left, absolute }
        } else {
            let passed = track.indexes.partition_point(|index| *index <= lba);
            let index = u8::try_from(passed + 1).ok()?;
            Q::Position {
                control,
                track: number,
                index,
                relative: relative(lba.0 - track.start.0)?,
                absolute,
            }
        };
        let next = self.tracks.get(usize::from(number - self.first) + 1);
        let end = next.map_or(self.lead_out, |next| next.start.0);
        Some(Position { p: lba < track.start || lba.0 >= end - START_FLAG, q })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(pause: i32, start: i32, indexes: &[i32]) -> Track {
        Track {
            control: Control::AUDIO,
            copy: CopySetting::Permitted,
            pause: Lba(pause),
            start: Lba(start),
            indexes: indexes.iter().copied().map(Lba).collect(),
            isrc: None,
        }
    }

    fn session(tracks: Vec<Track>, lead_out: i32) -> Result<Session, SessionError> {
        Session::new(1, tracks, Lba(lead_out), "0123456789012".parse().ok(), DiscType::CdDa)
    }

    #[test]
    fn what_makes_no_session_is_told() {
        assert_eq!(session(vec![], 300), Err(SessionError::Numbers));
        assert_eq!(session(vec![track(-150, 0, &[]); 100], 300), Err(SessionError::Numbers));
        assert_eq!(session(vec![track(-151, 0, &[])], 300), Err(SessionError::Order(1)));
        assert_eq!(session(vec![track(-150, 0, &[300])], 300), Err(SessionError::Order(1)));
        assert_eq!(session(vec![track(-150, 0, &[]), track(0, 9, &[])], 300), Err(SessionError::Order(2)));
        assert_eq!(session(vec![track(-150, 0, &[])], 398_101), Err(SessionError::Length(398_101)));
        assert!(session(vec![track(-150, 0, &[])], 398_100).is_ok());
    }

    #[test]
    fn the_special_frames_come_often_enough_and_never_at_a_boundary() {
        let mut two = track(310, 460, &[540, 550, 630]);
        two.isrc = "USK7Y9812345".parse().ok();
        let session = session(vec![track(-150, 0, &[90, 91, 180]), two], 2000).unwrap();
        let points = session.points();
        let (mut mcn, mut isrc) = (-150, 310);
        for lba in -150..2000 {
            match session.position(Lba(lba), &points).unwrap().q {
                Q::Catalog { .. } => {
                    assert!(lba - mcn < 100 && !session.is_boundary(lba), "{lba}");
                    mcn = lba;
                }
                Q::Isrc { .. } => {
                    assert!(lba - isrc < 100 && lba >= 310 && !session.is_boundary(lba), "{lba}");
                    isrc = lba;
                }
                Q::Position { .. } => {}
                Q::Toc(_) => panic!("{lba}"),
            }
        }
        assert!(mcn > 1900 && isrc > 1900);
    }

    #[test]
    fn an_alternating_copy_bit_changes_every_four_sectors() {
        let mut only = track(-150, 0, &[]);
        only.copy = CopySetting::Scms;
        let session = session(vec![only], 400).unwrap();
        let points = session.points();
        assert_eq!(points[0].control.nibble(), 0);
        let bits: Vec<u8> =
            (8..24).map(|lba| session.position(Lba(lba), &points).unwrap().q.to_bytes()[0] >> 4).collect();
        assert_eq!(bits, [2, 2, 2, 2, 0, 0, 0, 0, 2, 2, 2, 2, 0, 0, 0, 0]);
    }
}
