//! The sessions of a disc as the drive tells of them.

use glassmaster_disc::{Lba, SECTOR};
use glassmaster_mmc::cmd::{DiscStatus, ReadTrackInformation, SessionState};
use glassmaster_scsi::SenseKey;

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

/// Run-out sectors of a CD track that was written at once (MMC-6 4.2).
const RUN_OUT: u32 = 2;

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

    /// Last sector of a complete session that holds data.
    ///
    /// Drives tell the last recorded address of a track on most media (MMC-6 6.26, LRA_V), and on CD its end alone. That end
    /// counts two run-out sectors where a data track was written at once, and none where the session was, and nothing the
    /// drive tells distinguishes both: RT, Blank and Packet are the same. Run-out cannot be read, though, so where both of
    /// the last two sectors cannot be, they are taken for it. Audio tracks have no sectors to try; theirs is the end.
    ///
    /// # Errors
    /// What the drive says, but for that these two sectors cannot be read.
    pub fn last_written(&self, session: &RecordedSession) -> Result<u32, Error> {
        let end = session.last;
        let Ok(address) = i32::try_from(end) else { return Ok(end) };
        let track = match self.track_information(&ReadTrackInformation::lba(Lba(address))) {
            Ok(track) => track,
            Err(e) if e.sense().is_some_and(|s| s.key == SenseKey::ILLEGAL_REQUEST) => return Ok(end),
            Err(e) => return Err(e),
        };
        let told = track.last_recorded.and_then(|last| u32::try_from(last.0).ok());
        if let Some(last) = told.filter(|last| (session.start..=end).contains(last)) {
            return Ok(last);
        }
        if !is_cd(self.configuration()?.current_profile) || track.track_mode & 4 == 0 {
            return Ok(end);
        }
        let mut sector = [0; SECTOR];
        let source = self.disc_source_of(u64::from(end) + 1);
        for at in [end, end.saturating_sub(1)] {
            match source.read(u64::from(at), &mut sector) {
                Ok(()) => return Ok(end),
                Err(e) if e.is_about_blocks() => {}
                Err(e) => return Err(e),
            }
        }
        Ok(end.saturating_sub(RUN_OUT).max(session.start))
    }
}
