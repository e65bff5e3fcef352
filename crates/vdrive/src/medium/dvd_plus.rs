//! What the DVD+R media share: fragments and sessions in ECC blocks of 16 (MMC-6 clause 4, DVD+R model; ECMA-349,
//! ECMA-364).

use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

use super::facts::Facts;
use super::sequential::Sequence;
use super::{Change, Disc, DiscSummary, Layout, Reservation, Rules};
use crate::record::WriteParameters;
use crate::sense;
use crate::store::Track;

/// Closure at the end of a session; the intro of the next one is as long.
const CLOSURE: i32 = 1_024;

const fn session_gap(_session: usize, _lead_out: i32) -> u32 {
    1_024 + 1_024
}

/// Fragments of a session are parted by one run-in ECC block; a closed session ends in a closure of 1,024
/// blocks and the next one begins with an intro of the same length (ECMA-349 22 to 24). 15 fragments can be
/// open besides the one at the end (MMC-5 4.3.6.2).
static SEQUENCE: Sequence = Sequence {
    unit: 16,
    track_gap: 16,
    session_gap,
    run_out: 0,
    shortest: 16,
    max_tracks: 255,
    max_sessions: 191,
    max_open: 16,
    packet: None,
    blank_mode: 1,
};

/// A track as DVD and BD begin it.
pub(super) const DATA_TRACK: Track = Track {
    session: 0,
    start: 0,
    reserved: 0,
    next: 0,
    run_out: 0,
    closed: false,
    damaged: false,
    at_once: false,
    control: 4,
    mode: 1,
};

/// A DVD+R of one layer or two.
pub(super) struct DvdPlus {
    pub(super) facts: Facts,
    pub(super) profile: Profile,
}

impl Rules for DvdPlus {
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
        let mut s = SEQUENCE.summary(disc);
        // Where the next intro will stand; 0 while there is no session (MMC-6 6.21, Last Session Lead-in Start Address).
        s.next_lead_in = s.next_lead_in.map(|_| {
            disc.state.sessions.iter().rfind(|x| x.closed).map_or(0, |x| x.lead_out.saturating_add(CLOSURE))
        });
        s
    }

    fn write(&self, disc: &mut Disc, _p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense> {
        SEQUENCE.write(disc, lba, data, DATA_TRACK)
    }

    fn close(
        &self,
        disc: &mut Disc,
        _p: &WriteParameters,
        function: u8,
        number: u16,
    ) -> Result<Change, Sense> {
        let change = match function {
            1 => SEQUENCE.close_track(disc, number)?,
            2 => SEQUENCE.close_session(disc, false)?,
            // With the lead-out out to 30 mm at least, or only as far as needed: the same on a disc without radii.
            5 | 6 => SEQUENCE.close_session(disc, true)?,
            _ => return Err(sense::cdb_bit(2, 2)),
        };
        disc.sync()?;
        Ok(change)
    }

    fn reserve(&self, disc: &mut Disc, _p: &WriteParameters, by: Reservation) -> Result<(), Sense> {
        SEQUENCE.reserve(disc, by, DATA_TRACK)
    }
}
