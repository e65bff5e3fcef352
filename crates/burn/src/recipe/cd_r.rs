//! CD-R and CD-RW with one data track in mode 1: session at once on a blank disc, track at once otherwise (MMC-6 clause 4, CD model, and page 05h).

use glassmaster_disc::{Lba, MediaType, Msf};
use glassmaster_mmc::U24;
use glassmaster_mmc::cmd::{CloseFunction, CueSheetEntry, SendCueSheet};
use glassmaster_mmc::page::{DataBlockType, MultiSession, SessionFormat, WriteParameters, WriteType};
use glassmaster_recorder::{MediaState, Medium, Repeat, RestoreModePage};

use super::{Closing, Recipe, Supports};
use crate::engine::Target;
use crate::error::{Error, ErrorKind};
use crate::job::Job;
use crate::options::{CdWriteType, DataOptions};

/// Sectors of the pre-gap of the first track, and of the post-gap after the data (ECMA-130 clause 20).
const GAP: u32 = 150;
/// Shortest track: 4 seconds (ECMA-130 clause 20).
const SHORTEST_TRACK: u64 = 300;
/// Run-out sectors that track at once leaves behind the track (MMC-6 clause 4, CD model).
const RUN_OUT: u64 = 2;
/// Sectors between the first session and the next one: lead-out of 90 s, lead-in of 60 s, pre-gap of 2 s (MMC-6 clause 4, CD
/// model).
const FIRST_GAP: u64 = 6_750 + 4_500 + 150;
/// The same between later ones, whose lead-out takes 30 s.
const LATER_GAP: u64 = 2_250 + 4_500 + 150;
/// Control nibble of a data track, not to be copied bit clear (ECMA-130 22.3.1).
const DATA_TRACK: u8 = 4;

pub(super) struct CdR {
    closing: Closing,
    session_at_once: bool,
    /// The caller did not insist on session at once.
    may_fall_back: bool,
    underrun_free: [bool; 2],
    test_write: bool,
    erasable: bool,
    post_gap: u32,
    page: Option<RestoreModePage>,
}

impl CdR {
    pub(super) fn new(medium: &Medium, options: &DataOptions, sectors: u64, supports: &Supports) -> Self {
        let blank = medium.state.contains(MediaState::BLANK);
        let session_at_once = match options.cd_write_type {
            CdWriteType::SessionAtOnce => true,
            CdWriteType::TrackAtOnce => false,
            // Drives refuse session at once on a disc that already has a session.
            CdWriteType::Auto => blank && supports.session_at_once.is_some(),
        };
        let post_gap = if options.postgap_in_image { 0 } else { GAP };
        let needed = sectors + u64::from(post_gap);
        // What the session needs to let another one follow is not free afterwards.
        let between = if blank { FIRST_GAP } else { LATER_GAP };
        let closing = if options.force_close || super::nearly_full(medium, needed + between) {
            Closing::Final
        } else {
            Closing::Appendable
        };
        let protection =
            |feature: Option<bool>| feature == Some(true) && !options.disable_underrun_protection;
        let at_once = supports.session_at_once.map(|f| f.buffer_underrun_free);
        let by_track = supports.track_at_once.map(|f| f.buffer_underrun_free);
        Self {
            closing,
            session_at_once,
            may_fall_back: options.cd_write_type == CdWriteType::Auto,
            underrun_free: [protection(by_track), protection(at_once)],
            test_write: options.test_write,
            erasable: medium.kind == MediaType::CD_RW,
            post_gap,
            page: None,
        }
    }

    fn set_parameters(&mut self, job: &mut Job<'_>) -> Result<(), glassmaster_recorder::Error> {
        // Not both pages at once: the guard of the first attempt puts the drive's own values back.
        self.page = None;
        let (closing, test_write) = (self.closing, self.test_write);
        let (write_type, underrun_free) = if self.session_at_once {
            (WriteType::SESSION_AT_ONCE, self.underrun_free[1])
        } else {
            (WriteType::TRACK_AT_ONCE, self.underrun_free[0])
        };
        let guard = job.recorder.change_mode_page(|page: &mut WriteParameters| {
            page.write_type = write_type;
            page.buffer_underrun_free = underrun_free;
            page.link_size_valid = false;
            page.test_write = test_write;
            page.multi_session = match closing {
                Closing::Final => MultiSession::NO_NEXT,
                _ => MultiSession::NEXT_ALLOWED,
            };
            page.fixed_packet = false;
            page.copy = false;
            page.track_mode = DATA_TRACK;
            page.data_block_type = DataBlockType::MODE_1;
            page.link_size = 0;
            page.session_format = SessionFormat::CD_DA_OR_ROM;
            page.packet_size = 0;
            page.audio_pause = 150;
        })?;
        self.page = Some(guard);
        Ok(())
    }

    fn send_cue_sheet(job: &Job<'_>, target: Target) -> Result<(), glassmaster_recorder::Error> {
        let sheet = cue_sheet(target).map_err(glassmaster_recorder::Error::Argument)?;
        let size = u32::try_from(sheet.len()).ok().and_then(U24::new).unwrap_or(U24::MAX);
        let timeout = job.recorder.patience().long_command;
        job.recorder.send(&SendCueSheet { cue_sheet_size: size }, &sheet, timeout, Repeat::WhileUnchanged)
    }

    /// The page of the write type; without under-run protection where the drive has none for this medium, which is no
    /// reason not to write.
    fn take_up(&mut self, job: &mut Job<'_>) -> Result<(), glassmaster_recorder::Error> {
        match self.set_parameters(job) {
            Err(e) if self.underrun_free[usize::from(self.session_at_once)] && e.is_unsupported() => {
                job.notes.push(format!("buffer under-run protection was refused ({e})"));
                self.underrun_free = [false, false];
                self.set_parameters(job)
            }
            other => other,
        }
    }

    /// A drive that announces session at once and then refuses it still has track at once.
    fn fall_back(
        &mut self,
        job: &mut Job<'_>,
        medium: &Medium,
        target: Target,
        refusal: glassmaster_recorder::Error,
    ) -> Result<Target, Error> {
        if !(self.session_at_once && self.may_fall_back && refusal.is_unsupported()) {
            return Err(job.fail(ErrorKind::Device(refusal)));
        }
        job.notes.push(format!("session at once was refused, track at once is used instead ({refusal})"));
        self.session_at_once = false;
        let again = self.take_up(job);
        job.check(again).map(|()| self.target(medium, target.sectors))
    }
}

/// The plan of a session with one data track (MMC-6 SEND CUE SHEET): lead-in, pre-gap, data, lead-out.
///
/// The main data of lead-in and lead-out comes from the drive (data form 14h), that of the pre-gap and the track from
/// the host in blocks of 2048 bytes (10h).
fn cue_sheet(target: Target) -> Result<Vec<u8>, String> {
    let sectors = target.sectors.saturating_add(u64::from(target.tail));
    let end = i32::try_from(sectors).ok().and_then(|n| target.start.0.checked_add(n));
    let lead_out = end.and_then(|lba| Msf::try_from(Lba(lba)).ok());
    let lead_out = lead_out.ok_or_else(|| format!("{sectors} sectors are more than a CD can address"))?;
    let start = Msf::try_from(target.start).map_err(|e| e.to_string())?;
    let line = |track, index, data_form, time: Msf| {
        let (minute, second, frame) = time.fields();
        CueSheetEntry {
            control: DATA_TRACK,
            adr: 1,
            track,
            index,
            data_form,
            scms: 0,
            time: [minute, second, frame],
        }
        .to_bytes()
    };
    let zero = Msf::try_from(Lba(-150)).map_err(|e| e.to_string())?;
    Ok([
        line(0x00, 0, 0x14, zero),
        line(0x01, 0, 0x10, zero),
        line(0x01, 1, 0x10, start),
        line(0xAA, 1, 0x14, lead_out),
    ]
    .concat())
}

impl Recipe for CdR {
    fn closing(&self) -> Closing {
        self.closing
    }

    fn target(&self, medium: &Medium, sectors: u64) -> Target {
        let with_gap = sectors + u64::from(self.post_gap);
        let short = SHORTEST_TRACK.saturating_sub(with_gap);
        let tail = self.post_gap + u32::try_from(short).unwrap_or(0);
        let lead = if self.session_at_once { GAP } else { 0 };
        Target { start: medium.next_writable, lead, sectors, tail, unit: 1 }
    }

    fn overhead(&self) -> u64 {
        RUN_OUT
    }

    fn initialise(&mut self, job: &mut Job<'_>, medium: &Medium, target: Target) -> Result<Target, Error> {
        match self.take_up(job) {
            Ok(()) => Ok(target),
            Err(e) => self.fall_back(job, medium, target, e),
        }
    }

    fn announce(&mut self, job: &mut Job<'_>, medium: &Medium, target: Target) -> Result<Target, Error> {
        if !self.session_at_once {
            return Ok(target);
        }
        match Self::send_cue_sheet(job, target) {
            Ok(()) => Ok(target),
            Err(e) => self.fall_back(job, medium, target, e),
        }
    }

    fn calibrates(&self) -> bool {
        true
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()?;
        if self.session_at_once {
            // The drive wrote the lead-out with the last of the announced sectors.
            return Ok(());
        }
        // The track ended with the flush; drives are known that answer CLOSE TRACK with an error then.
        job.close_or_fail(CloseFunction::SESSION, 0)
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        if self.session_at_once {
            return Ok(super::unfinished(self.erasable));
        }
        job.close_or_fail(CloseFunction::SESSION, 0)?;
        Ok("the part that was written was closed as a session".to_owned())
    }

    fn restore(&mut self) -> Option<String> {
        let error = self.page.take()?.restore().err()?;
        Some(format!("the write parameters of the drive could not be put back ({error})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sample cue sheet of MMC for one data track of 45000 sectors: 10:00:00 of data, lead-out at 10:02:00.
    #[test]
    fn cue_sheet_of_one_data_track() {
        let target = Target { start: Lba(0), lead: 150, sectors: 44850, tail: 150, unit: 1 };
        let expected: [u8; 32] = [
            0x41, 0x00, 0x00, 0x14, 0x00, 0, 0, 0, //
            0x41, 0x01, 0x00, 0x10, 0x00, 0, 0, 0, //
            0x41, 0x01, 0x01, 0x10, 0x00, 0, 2, 0, //
            0x41, 0xAA, 0x01, 0x14, 0x00, 10, 2, 0, //
        ];
        assert_eq!(cue_sheet(target).unwrap(), expected);
    }

    #[test]
    fn a_track_longer_than_the_clock_is_refused() {
        let target = Target { start: Lba(0), lead: 150, sectors: 500_000, tail: 0, unit: 1 };
        assert!(cue_sheet(target).is_err());
    }
}
