//! What changes on a disc besides its data: tracks, sessions, formatting. Layout in `docs/virtual-disc.md`.

use super::bytes::{Reader, Writer};
use super::superblock::Geometry;

/// Most tracks a state can hold; BD-R allows 7,927 (MMC-6 clause 4, BD-R model).
pub(crate) const MAX_TRACKS: usize = 7_927;
/// Most sessions a state can hold.
const MAX_SESSIONS: usize = 7_927;

/// How far formatting has come (MMC-6 6.21, BG Format Status, names these states for DVD+RW; the other media use the ends).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub(crate) enum FormatState {
    /// Never formatted.
    #[default]
    None = 0,
    /// Background format begun and stopped.
    Stopped = 1,
    /// Background format running.
    Running = 2,
    /// Formatted.
    Complete = 3,
}

/// A track, called logical track on DVD+R and Sequential Recording Range on BD-R. Its number is its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Track {
    /// Session it belongs to, from 1.
    pub(crate) session: u16,
    /// First block of user data.
    pub(crate) start: i32,
    /// Blocks set aside for it; 0 while it may grow to the end of the user area.
    pub(crate) reserved: u32,
    /// Next block to be written; one past the last recorded one.
    pub(crate) next: i32,
    /// Blocks after the user data that belong to the track and hold no data (CD run-out).
    pub(crate) run_out: u8,
    /// No more can be written.
    pub(crate) closed: bool,
    /// Writing ended in a way that cannot be continued.
    pub(crate) damaged: bool,
    /// Part of a session-at-once recording.
    pub(crate) at_once: bool,
    /// Control nibble of its Q subchannel (MMC-6 4.2.3.4); 4 for data.
    pub(crate) control: u8,
    /// Data mode of READ TRACK INFORMATION: 1 for mode 1 and for DVD and BD, 2 for mode 2.
    pub(crate) mode: u8,
}

impl Track {
    /// One past the last block that belongs to the track as far as recorded, run-out included.
    pub(crate) fn end(&self) -> i32 {
        self.next.saturating_add(i32::from(self.run_out))
    }

    /// A reservation that has not been filled.
    pub(crate) fn is_reservation_open(&self) -> bool {
        !self.closed
            && !self.at_once
            && self.reserved > 0
            && i64::from(self.next) < i64::from(self.start) + i64::from(self.reserved)
    }

    /// Nothing has been written to it.
    pub(crate) fn is_blank(&self) -> bool {
        self.next <= self.start
    }
}

/// A session that has been begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Session {
    /// Lead-in and lead-out are recorded.
    pub(crate) closed: bool,
    /// Start of the lead-out once closed; before that the one a cue sheet has fixed, else 0.
    pub(crate) lead_out: i32,
    /// Disc type of its lead-in: 00h CD-DA or CD-ROM, 20h CD-ROM XA (MMC-6 6.21, Disc Type).
    pub(crate) disc_type: u8,
}

/// Everything about a disc that is neither its data nor fixed when it was made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct DiscState {
    /// No further session can be added, or (rewritable media) the disc counts as complete.
    pub(crate) finalized: bool,
    /// The map is being zeroed; finished when the disc is opened again.
    pub(crate) clearing: bool,
    /// Persistent write protection is set.
    pub(crate) protected: bool,
    /// DVD-RW in restricted overwrite mode: recorded sequentially behind the formatted blocks, not closed yet
    /// (MMC-6 clause 4, intermediate state).
    pub(crate) intermediate: bool,
    /// DVD-RW blanked minimally: what the lead-in needs for incremental recording is gone.
    pub(crate) minimally_blanked: bool,
    /// Blocks of layer 0 that a host has set for a recording of two layers; 0 while it is the half.
    pub(crate) layer_0: u32,
    /// DVD-R DL recorded with layer jumps: blocks recorded in a layer before the jump into the other one; 0 in
    /// sequential recording.
    pub(crate) jump_interval: u32,
    /// Formatting.
    pub(crate) format: FormatState,
    /// Format type code of the last FORMAT UNIT (MMC-6 6.4, Format Type), 0xFF when there was none.
    pub(crate) format_type: u8,
    /// Sub-type bits of that format.
    pub(crate) format_sub_type: u8,
    /// Blocks of the user area: all of them, or fewer where spare areas were set aside.
    pub(crate) user_blocks: u32,
    /// Blocks a background format has covered from the start on.
    pub(crate) formatted_blocks: u32,
    /// Sessions, the first one first.
    pub(crate) sessions: Vec<Session>,
    /// Tracks, number 1 first.
    pub(crate) tracks: Vec<Track>,
}

/// Units that are recorded although the map in the file may not tell so, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unmarked {
    pub(crate) first: u32,
    pub(crate) last: u32,
}

impl DiscState {
    pub(crate) fn to_bytes(&self, unmarked: Option<Unmarked>) -> Vec<u8> {
        let mut w = Writer::default();
        let flags = u8::from(self.finalized)
            | u8::from(self.clearing) << 1
            | u8::from(self.protected) << 2
            | u8::from(self.intermediate) << 3
            | u8::from(self.minimally_blanked) << 4
            | u8::from(self.layer_0 != 0) << 5
            | u8::from(self.jump_interval != 0) << 6
            | u8::from(unmarked.is_some()) << 7;
        w.u8(flags);
        w.u8(self.format as u8);
        w.u8(self.format_type);
        w.u8(self.format_sub_type);
        w.u32(self.user_blocks);
        w.u32(self.formatted_blocks);
        w.u16(u16::try_from(self.sessions.len()).unwrap_or(u16::MAX));
        w.u16(u16::try_from(self.tracks.len()).unwrap_or(u16::MAX));
        for s in &self.sessions {
            w.i32(s.lead_out);
            w.u8(u8::from(s.closed));
            w.u8(s.disc_type);
            w.u16(0);
        }
        for t in &self.tracks {
            w.u16(t.session);
            w.u8(u8::from(t.closed) | u8::from(t.damaged) << 1 | u8::from(t.at_once) << 2);
            w.u8(t.run_out);
            w.i32(t.start);
            w.u32(t.reserved);
            w.i32(t.next);
            w.u8(t.control);
            w.u8(t.mode);
            w.u16(0);
        }
        for layers in [self.layer_0, self.jump_interval] {
            if layers != 0 {
                w.u32(layers);
            }
        }
        if let Some(Unmarked { first, last }) = unmarked {
            w.u32(first);
            w.u32(last);
        }
        w.into_bytes()
    }

    /// Reads a state and checks that it is one the medium can be in.
    pub(crate) fn parse(bytes: &[u8], g: &Geometry) -> Result<(Self, Option<Unmarked>), String> {
        let mut r = Reader::new(bytes);
        let state = Self::read(&mut r).ok_or("cut short")??;
        let mut unmarked = None;
        if bytes.first().is_some_and(|flags| flags & 128 != 0) {
            let (first, last) = r.u32().zip(r.u32()).ok_or("cut short")?;
            if first > last || last >= g.blocks.div_ceil(g.unit) {
                return Err(format!("units {first} to {last} are recorded"));
            }
            unmarked = Some(Unmarked { first, last });
        }
        if !r.is_empty() {
            return Err("longer than its content".to_owned());
        }
        state.check(g)?;
        Ok((state, unmarked))
    }

    /// `None` when the bytes run out.
    fn read(r: &mut Reader<'_>) -> Option<Result<Self, String>> {
        let flags = r.u8()?;
        let format = match r.u8()? {
            0 => FormatState::None,
            1 => FormatState::Stopped,
            2 => FormatState::Running,
            3 => FormatState::Complete,
            n => return Some(Err(format!("format state {n}"))),
        };
        let mut state = Self {
            finalized: flags & 1 != 0,
            clearing: flags & 2 != 0,
            protected: flags & 4 != 0,
            intermediate: flags & 8 != 0,
            minimally_blanked: flags & 16 != 0,
            format,
            format_type: r.u8()?,
            format_sub_type: r.u8()?,
            user_blocks: r.u32()?,
            formatted_blocks: r.u32()?,
            ..Self::default()
        };
        let (sessions, tracks) = (usize::from(r.u16()?), usize::from(r.u16()?));
        if sessions > MAX_SESSIONS || tracks > MAX_TRACKS {
            return Some(Err(format!("{sessions} sessions and {tracks} tracks")));
        }
        for _ in 0..sessions {
            let (lead_out, closed, disc_type, _) = (r.i32()?, r.u8()?, r.u8()?, r.u16()?);
            state.sessions.push(Session { closed: closed & 1 != 0, lead_out, disc_type });
        }
        for _ in 0..tracks {
            let (session, flags, run_out) = (r.u16()?, r.u8()?, r.u8()?);
            let (start, reserved, next) = (r.i32()?, r.u32()?, r.i32()?);
            let (control, mode, _) = (r.u8()?, r.u8()?, r.u16()?);
            state.tracks.push(Track {
                session,
                start,
                reserved,
                next,
                run_out,
                closed: flags & 1 != 0,
                damaged: flags & 2 != 0,
                at_once: flags & 4 != 0,
                control,
                mode,
            });
        }
        if flags & 32 != 0 {
            state.layer_0 = r.u32()?;
        }
        if flags & 64 != 0 {
            state.jump_interval = r.u32()?;
        }
        Some(Ok(state))
    }

    fn check(&self, g: &Geometry) -> Result<(), String> {
        let end = i64::from(g.first_lba) + i64::from(g.blocks);
        if i64::from(self.user_blocks) > end || self.formatted_blocks > self.user_blocks {
            return Err(format!("user area of {} blocks", self.user_blocks));
        }
        if self.layer_0 > self.user_blocks || self.jump_interval > self.user_blocks {
            return Err(format!("layer 0 of {} blocks, jumps of {}", self.layer_0, self.jump_interval));
        }
        let mut from = i64::from(g.first_lba);
        let mut session = 1;
        for (n, t) in self.tracks.iter().enumerate() {
            let number = n + 1;
            let (start, next) = (i64::from(t.start), i64::from(t.next));
            // A session-at-once track is written from its pre-gap on.
            if start < from || start > end || next > end || next < start - 150 {
                return Err(format!("track {number} stands at {start} to {next}"));
            }
            if t.reserved != 0
                && (start + i64::from(t.reserved) > end || next > start + i64::from(t.reserved))
            {
                return Err(format!("track {number} is longer than its reservation"));
            }
            if t.session < session || usize::from(t.session) > self.sessions.len() {
                return Err(format!("track {number} is in session {}", t.session));
            }
            session = t.session;
            from = (start + i64::from(t.reserved)).max(next);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use glassmaster_disc::MediaType;
    use proptest::prelude::*;

    use super::*;

    const G: Geometry = Geometry { media: MediaType::BD_R, first_lba: 0, blocks: 100_000, unit: 32 };

    proptest! {
        #[test]
        fn a_state_survives_the_round_trip(
            flags in 0u8..=255, starts in proptest::collection::vec((0u32..200, 0u32..200), 0..40)
        ) {
            let mut at = 0;
            let mut tracks = Vec::new();
            for (gap, len) in starts {
                let start = at + i32::try_from(gap).unwrap();
                let next = start + i32::try_from(len).unwrap();
                tracks.push(Track { session: 1, start, reserved: len, next, run_out: 0, closed: flags & 1 != 0,
                    damaged: false, at_once: flags & 2 != 0, control: 4, mode: 1 });
                at = next;
            }
            let state = DiscState { finalized: flags & 1 != 0, protected: flags & 4 != 0,
                intermediate: flags & 8 != 0, minimally_blanked: flags & 16 != 0,
                layer_0: u32::from(flags & 32), jump_interval: u32::from(flags & 64),
                format: FormatState::Complete, format_type: 0x32, user_blocks: 99_999,
                sessions: vec![Session { closed: true, lead_out: 7, disc_type: 0x20 }], tracks, ..Default::default() };
            let unmarked = (flags & 128 != 0).then_some(Unmarked { first: u32::from(flags), last: 3124 });
            prop_assert_eq!(DiscState::parse(&state.to_bytes(unmarked), &G).unwrap(), (state, unmarked));
        }

        #[test]
        fn damage_is_refused_or_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok((state, _)) = DiscState::parse(&bytes, &G) {
                prop_assert!(state.tracks.len() <= 10);
            }
        }
    }

    #[test]
    fn overlapping_tracks_are_refused() {
        let t = Track {
            session: 1,
            start: 0,
            reserved: 0,
            next: 100,
            run_out: 0,
            closed: true,
            damaged: false,
            at_once: false,
            control: 4,
            mode: 1,
        };
        let state = DiscState {
            user_blocks: 1000,
            sessions: vec![Session::default()],
            tracks: vec![t, Track { start: 50, ..t }],
            ..Default::default()
        };
        assert!(DiscState::parse(&state.to_bytes(None), &G).unwrap_err().contains("track 2"));
        let none = DiscState { user_blocks: 1000, ..Default::default() };
        for (first, last) in [(4, 3), (0, 3125), (u32::MAX, u32::MAX)] {
            let error = DiscState::parse(&none.to_bytes(Some(Unmarked { first, last })), &G).unwrap_err();
            assert!(error.contains("are recorded"), "{error}");
        }
    }
}
