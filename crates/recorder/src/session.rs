//! The sessions of a disc as the drive tells of them.

use glassmaster_mmc::cmd::{DiscStatus, ReadTrackInformation, SessionState};

use crate::medium::{is_cd, is_overwritable};
use crate::{DiscRecorder, Error};

/// A session that is complete. Numbers are sectors of 2048 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct RecordedSession {
    /// Its number, from 1 up.
    pub number: u16,
    /// First sector of its first track; descriptors of file systems count from here.
    pub start: u32,
    /// Last sector of its last track, run-out of the drive included.
    pub last: u32,
    /// Whether it holds a data track.
    pub data: bool,
}

/// Most tracks a disc of any kind can have, those of BD-R.
const MOST_TRACKS: u16 = 7927;

impl DiscRecorder {
    /// The complete sessions of the medium, in the order of their numbers; empty on a blank one. Overwritable media have
    /// one session, which begins at sector 0.
    ///
    /// # Errors
    /// What the drive says; [`Error::MediaState`] when its answers contradict each other.
    pub fn sessions(&self) -> Result<Vec<RecordedSession>, Error> {
        self.wait_ready()?;
        let whole = |blocks: u64| {
            let last = blocks.checked_sub(1).and_then(|last| u32::try_from(last).ok());
            last.map(|last| RecordedSession { number: 1, start: 0, last, data: true }).into_iter().collect()
        };
        let profile = self.configuration()?.current_profile;
        if is_overwritable(profile) {
            return Ok(whole(self.readable_blocks()?));
        }
        let disc = match self.disc_information() {
            Ok(disc) => disc,
            // Read-only drives and media answer with their capacity alone.
            Err(e) if e.is_unsupported() => return Ok(whole(self.readable_blocks()?)),
            Err(e) => return Err(e),
        };
        if disc.status == DiscStatus::Empty {
            return Ok(Vec::new());
        }
        // The session that is open, or the empty one that could be written next, is counted too.
        let open = disc.status != DiscStatus::Complete
            && matches!(disc.last_session_state, SessionState::Empty | SessionState::Incomplete);
        let complete = if open { disc.sessions.saturating_sub(1) } else { disc.sessions };
        let mut found: Vec<RecordedSession> = Vec::new();
        for number in 1..=disc.last_track_in_last_session.min(MOST_TRACKS) {
            let track = match self.track_information(&ReadTrackInformation::track(u32::from(number))) {
                Ok(track) => track,
                // Drives that number tracks from another one than 1, or have no answer for the last one.
                Err(e) if e.is_unsupported() => continue,
                Err(e) => return Err(e),
            };
            let Ok(start) = u32::try_from(track.start.0) else { continue };
            if track.session == 0 || track.session > complete || track.size == 0 {
                continue;
            }
            let last = start.checked_add(track.size - 1).ok_or_else(|| {
                Error::MediaState(format!("track {number} is said to have {} sectors", track.size))
            })?;
            // Only CD has other tracks (MMC-6 4.2.3.4, control field); drives leave the field 0 for DVD and BD.
            let data = !is_cd(profile) || track.track_mode & 4 != 0;
            match found.last_mut() {
                Some(session) if session.number == track.session => {
                    session.last = session.last.max(last);
                    session.data |= data;
                }
                Some(session) if session.number > track.session || session.start >= start => {
                    return Err(Error::MediaState(format!(
                        "track {number} of session {} stands before session {}",
                        track.session, session.number
                    )));
                }
                _ => found.push(RecordedSession { number: track.session, start, last, data }),
            }
        }
        Ok(found)
    }
}
