//! The table of contents as the lead-in has it and as READ TOC gives it (MMC-6 6.26, formats 0 and 2).

use glassmaster_disc::{Lba, Msf};

use crate::session::{DiscType, LEAD_OUT, Session};
use crate::subcode::{Control, TocPoint};

/// A line of format 0: where a track or, as number AAh, the lead-out begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TocTrack {
    /// 1: position.
    pub adr: u8,
    /// Kind of track.
    pub control: Control,
    /// Track number.
    pub number: u8,
    /// First sector.
    pub start: Lba,
}

/// The table of contents in the form of READ TOC format 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Toc {
    /// Number of the first track.
    pub first: u8,
    /// Number of the last track.
    pub last: u8,
    /// The tracks and the lead-out.
    pub tracks: Vec<TocTrack>,
}

/// Why bytes are no table of contents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TocError {
    /// Shorter than it says, or no whole number of entries.
    #[error("the table of contents is cut: it says {said} bytes and has {has}")]
    Length {
        /// Bytes behind the length field, by the length field.
        said: usize,
        /// Bytes that are there.
        has: usize,
    },
}

/// Splits an answer into its two bytes of numbers and its entries.
fn entries<const N: usize>(bytes: &[u8]) -> Result<([u8; 2], &[[u8; N]]), TocError> {
    let has = bytes.len().saturating_sub(2);
    let said = match bytes {
        [high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    let cut = TocError::Length { said, has };
    let (numbers, rest) =
        bytes.get(2..).and_then(|rest| rest.get(..said)).ok_or(cut)?.split_at_checked(2).ok_or(cut)?;
    let (list, over) = rest.as_chunks::<N>();
    if over.is_empty() { Ok(([numbers[0], numbers[1]], list)) } else { Err(cut) }
}

fn answer<const N: usize>(numbers: [u8; 2], list: impl ExactSizeIterator<Item = [u8; N]>) -> Vec<u8> {
    // At most 99 tracks and some points: far below 64 KiB.
    let length = u16::try_from(list.len() * N + 2).unwrap_or(u16::MAX);
    let mut out = Vec::with_capacity(usize::from(length) + 2);
    out.extend(length.to_be_bytes());
    out.extend(numbers);
    list.for_each(|entry| out.extend(entry));
    out
}

impl Toc {
    /// What a drive will say of the disc of this session.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        let mut tracks: Vec<TocTrack> = session
            .points()
            .iter()
            .zip(session.tracks())
            .map(|(point, track)| TocTrack {
                adr: 1,
                control: point.control,
                number: point.point,
                start: track.start,
            })
            .collect();
        let control = tracks.last().map_or(Control::AUDIO, |track| track.control);
        tracks.push(TocTrack { adr: 1, control, number: LEAD_OUT, start: session.lead_out() });
        Self { first: session.first(), last: session.last(), tracks }
    }

    /// The answer of format 0, with block addresses.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let line = |track: &TocTrack| {
            let [a, b, c, d] = track.start.0.to_be_bytes();
            [0, track.adr << 4 | track.control.nibble(), track.number, 0, a, b, c, d]
        };
        answer([self.first, self.last], self.tracks.iter().map(line))
    }

    /// Reads an answer of format 0 with block addresses.
    ///
    /// # Errors
    /// [`TocError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TocError> {
        let ([first, last], list) = entries::<8>(bytes)?;
        let tracks = list.iter().map(|[_, kind, number, _, start @ ..]| TocTrack {
            adr: kind >> 4,
            control: Control::from_nibble(*kind),
            number: *number,
            start: Lba(i32::from_be_bytes(*start)),
        });
        Ok(Self { first, last, tracks: tracks.collect() })
    }
}

/// A point of the lead-in with the session it is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FullTocPoint {
    /// Number of the session.
    pub session: u8,
    /// The point.
    pub point: TocPoint,
}

/// The points of all lead-ins: READ TOC format 2. Times are binary there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FullToc {
    /// First and last session.
    pub sessions: [u8; 2],
    /// Their points.
    pub points: Vec<FullTocPoint>,
}

impl FullToc {
    /// What a drive will say of the disc of this one session: A0h, A1h and A2h first, as drives order them.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        let mut points = session.points();
        points.sort_by_key(|point| point.point <= 99);
        let points = points.into_iter().map(|point| FullTocPoint { session: 1, point });
        Self { sessions: [1, 1], points: points.collect() }
    }

    /// The disc type by the first point A0h.
    #[must_use]
    pub fn disc_type(&self) -> Option<DiscType> {
        let [_, kind, _] = self.points.iter().find(|p| p.point.point == 0xA0)?.point.target;
        [DiscType::CdDa, DiscType::CdI, DiscType::Xa].into_iter().find(|known| *known as u8 == kind)
    }

    /// Where tracks and lead-out of a session begin, from points 1 to 99 and A2h.
    pub fn starts(&self, session: u8) -> impl Iterator<Item = (u8, Lba)> + '_ {
        self.points.iter().filter(move |p| p.session == session && p.point.adr == 1).filter_map(|p| {
            let number = match p.point.point {
                0xA2 => LEAD_OUT,
                number @ 1..=99 => number,
                _ => return None,
            };
            let [minute, second, frame] = p.point.target;
            Some((number, Msf::new(minute, second, frame).ok()?.lba()))
        })
    }

    /// The answer of format 2.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let line = |entry: &FullTocPoint| {
            let TocPoint { adr, control, point, time: [m, s, f], zero, target: [pm, ps, pf] } = entry.point;
            [entry.session, adr << 4 | control.nibble(), 0, point, m, s, f, zero, pm, ps, pf]
        };
        answer(self.sessions, self.points.iter().map(line))
    }

    /// Reads an answer of format 2.
    ///
    /// # Errors
    /// [`TocError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TocError> {
        let (sessions, list) = entries::<11>(bytes)?;
        let points = list.iter().map(|[session, kind, _, point, m, s, f, zero, pm, ps, pf]| FullTocPoint {
            session: *session,
            point: TocPoint {
                adr: kind >> 4,
                control: Control::from_nibble(*kind),
                point: *point,
                time: [*m, *s, *f],
                zero: *zero,
                target: [*pm, *ps, *pf],
            },
        });
        Ok(Self { sessions, points: points.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_of_one_track() {
        // One data track at 0, lead-out at 1000 (MSF 00:15:25), as the tables of READ TOC lay it out.
        let bytes = [
            0, 18, 1, 1, //
            0, 0x14, 1, 0, 0, 0, 0, 0, //
            0, 0x14, 0xAA, 0, 0, 0, 3, 0xE8,
        ];
        let toc = Toc::parse(&bytes).unwrap();
        assert_eq!(toc.tracks[1].start, Lba(1000));
        assert_eq!(toc.to_bytes(), bytes);
        let full = [
            0, 46, 1, 1, //
            1, 0x14, 0, 0xA0, 0, 0, 0, 0, 1, 0, 0, //
            1, 0x14, 0, 0xA1, 0, 0, 0, 0, 1, 0, 0, //
            1, 0x14, 0, 0xA2, 0, 0, 0, 0, 0, 15, 25, //
            1, 0x14, 0, 1, 0, 0, 0, 0, 0, 2, 0,
        ];
        let toc = FullToc::parse(&full).unwrap();
        assert_eq!(toc.starts(1).collect::<Vec<_>>(), [(0xAA, Lba(1000)), (1, Lba(0))]);
        assert_eq!(toc.disc_type(), Some(DiscType::CdDa));
        assert_eq!(toc.to_bytes(), full);
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_the_parsers_panic(bytes in proptest::collection::vec(0u8..40, 0..80)) {
            if let Ok(toc) = Toc::parse(&bytes) {
                let said = usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) + 2;
                proptest::prop_assert_eq!(toc.to_bytes().len(), said);
            }
            if let Ok(toc) = FullToc::parse(&bytes) {
                let again = FullToc::parse(&toc.to_bytes());
                proptest::prop_assert_eq!(again, Ok(toc));
            }
        }
    }
}
