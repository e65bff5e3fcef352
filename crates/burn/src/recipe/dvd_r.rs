//! DVD-R, and DVD-RW that is recorded sequentially: disc at once or incremental, ECC blocks of 16 sectors (MMC-6 clause 4,
//! DVD-R/-RW models, and page 05h).

use glassmaster_disc::MediaType;
use glassmaster_mmc::cmd::{CloseFunction, ReserveTrack};
use glassmaster_mmc::page::{DataBlockType, MultiSession, SessionFormat, WriteParameters, WriteType};
use glassmaster_recorder::{MediaState, Medium, Repeat, RestoreModePage};

use super::{Closing, Recipe, Supports, close_track_and, nearly_full, open_track_number, padding};
use crate::engine::Target;
use crate::error::{Error, ErrorKind};
use crate::job::Job;
use crate::options::{DashWriteType, DataOptions};

/// Sectors of an ECC block.
pub(super) const UNIT: u32 = 16;
/// LINK SIZE of drives that do not tell theirs.
const LOSSLESS_LINK: u8 = 16;
/// Control nibble of a data track that is recorded in pieces (MMC-6 7.5.4, track mode).
const DATA_INCREMENTAL: u8 = 5;

pub(super) struct DvdR {
    closing: Closing,
    pub(super) write_type: WriteType,
    /// The caller did not insist on disc at once.
    may_fall_back: bool,
    underrun_free: bool,
    link_size: u8,
    test_write: bool,
    erasable: bool,
    track: u16,
    page: Option<RestoreModePage>,
}

impl DvdR {
    /// Disc at once where the disc is to be closed by its only session, incremental otherwise. `single` media never take a
    /// second session; nor does a DVD-RW that was blanked minimally, which is recorded at once or not at all.
    pub(super) fn new(
        medium: &Medium,
        options: &DataOptions,
        sectors: u64,
        supports: &Supports,
        single: bool,
    ) -> Self {
        let needed = sectors + u64::from(padding(sectors, UNIT));
        let blank = medium.state.contains(MediaState::BLANK);
        let single = single || blank && !supports.incremental;
        let closed = single || options.force_close || nearly_full(medium, needed);
        let closes = if closed { Closing::Final } else { Closing::Appendable };
        // What a real write would make of a blank DVD-RW is told by a test, too.
        let formats = medium.kind == MediaType::DVD_RW
            && blank
            && supports.restricted_overwrite
            && options.dash_write_type == DashWriteType::Auto;
        let (write_type, closing) = match options.dash_write_type {
            _ if options.test_write && formats => (WriteType::PACKET, Closing::Overwritable),
            // A test must leave nothing behind: what disc at once reserves stays on the disc.
            _ if options.test_write => (WriteType::PACKET, closes),
            DashWriteType::DiscAtOnce => (WriteType::SESSION_AT_ONCE, Closing::Final),
            DashWriteType::Auto if closed && blank => (WriteType::SESSION_AT_ONCE, Closing::Final),
            _ => (WriteType::PACKET, closes),
        };
        Self {
            closing,
            write_type,
            may_fall_back: options.dash_write_type == DashWriteType::Auto && supports.incremental,
            underrun_free: supports.dash.is_some_and(|f| f.buffer_underrun_free)
                && !options.disable_underrun_protection,
            link_size: supports.link_size.unwrap_or(LOSSLESS_LINK),
            test_write: options.test_write,
            erasable: medium.kind == MediaType::DVD_RW,
            track: open_track_number(medium),
            page: None,
        }
    }

    fn set_parameters(&mut self, job: &Job<'_>) -> Result<(), glassmaster_recorder::Error> {
        self.page = None;
        let (write_type, closing) = (self.write_type, self.closing);
        let (underrun_free, test_write) = (self.underrun_free, self.test_write);
        let (packets, link_size) = (write_type == WriteType::PACKET, self.link_size);
        let guard = job.recorder.change_mode_page(|page: &mut WriteParameters| {
            page.write_type = write_type;
            page.buffer_underrun_free = underrun_free;
            page.test_write = test_write;
            page.multi_session = match closing {
                Closing::Final => MultiSession::NO_NEXT,
                _ => MultiSession::NEXT_ALLOWED,
            };
            page.copy = false;
            page.track_mode = DATA_INCREMENTAL;
            page.data_block_type = DataBlockType::MODE_1;
            page.session_format = SessionFormat::CD_DA_OR_ROM;
            // Packets of one ECC block with lossless linking.
            page.fixed_packet = packets;
            page.packet_size = if packets { UNIT } else { 0 };
            page.link_size_valid = packets;
            page.link_size = if packets { link_size } else { 0 };
            page.audio_pause = 0;
        })?;
        self.page = Some(guard);
        Ok(())
    }

    /// RESERVE TRACK (MMC-5 6.31): disc at once has to know where the data ends before the lead-in is written.
    fn reserve(job: &mut Job<'_>, target: Target) -> Result<(), glassmaster_recorder::Error> {
        let blocks = target.sectors.saturating_add(u64::from(target.tail));
        let blocks = u32::try_from(blocks)
            .map_err(|_| glassmaster_recorder::Error::Argument(format!("no DVD has {blocks} sectors")))?;
        let timeout = job.recorder.patience().long_command;
        match job.recorder.send(
            &ReserveTrack::Size { rmz: false, blocks },
            &[],
            timeout,
            Repeat::WhileUnchanged,
        ) {
            // Some drives take the size from the stream alone.
            Err(e) if e.is_unsupported() => {
                job.notes.push(format!("the drive was not told where the data ends ({e})"));
                Ok(())
            }
            other => other,
        }
    }
}

impl Recipe for DvdR {
    fn closing(&self) -> Closing {
        self.closing
    }

    fn target(&self, medium: &Medium, sectors: u64) -> Target {
        Target { start: medium.next_writable, lead: 0, sectors, tail: padding(sectors, UNIT), unit: UNIT }
    }

    fn is_at_once(&self) -> bool {
        self.write_type == WriteType::SESSION_AT_ONCE
    }

    fn initialise(&mut self, job: &mut Job<'_>, _medium: &Medium, target: Target) -> Result<Target, Error> {
        let at_once = self.write_type == WriteType::SESSION_AT_ONCE;
        match self.set_parameters(job) {
            Ok(()) => return Ok(target),
            Err(e) if at_once && self.may_fall_back && e.is_unsupported() => {
                job.notes
                    .push(format!("disc at once was refused, incremental recording is used instead ({e})"));
                self.write_type = WriteType::PACKET;
            }
            Err(e) if self.underrun_free && e.is_unsupported() => {
                job.notes.push(format!("buffer under-run protection was refused ({e})"));
                self.underrun_free = false;
            }
            Err(e) => return Err(job.fail(ErrorKind::Device(e))),
        }
        let again = self.set_parameters(job);
        job.check(again).map(|()| target)
    }

    fn announce(&mut self, job: &mut Job<'_>, _medium: &Medium, target: Target) -> Result<Target, Error> {
        if self.write_type == WriteType::SESSION_AT_ONCE {
            let reserved = Self::reserve(job, target);
            job.check(reserved)?;
        }
        Ok(target)
    }

    fn calibrates(&self) -> bool {
        true
    }

    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error> {
        job.synchronize()?;
        // Disc at once writes the lead-out with the last sector of the reserved track.
        if self.write_type == WriteType::SESSION_AT_ONCE {
            return Ok(());
        }
        close_track_and(job, self.track, CloseFunction::SESSION)
    }

    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error> {
        job.synchronize()?;
        if self.write_type == WriteType::SESSION_AT_ONCE {
            return Ok(super::unfinished(self.erasable));
        }
        close_track_and(job, self.track, CloseFunction::SESSION)?;
        Ok("the part that was written was closed as a session".to_owned())
    }

    fn restore(&mut self) -> Option<String> {
        let error = self.page.take()?.restore().err()?;
        Some(format!("the write parameters of the drive could not be put back ({error})"))
    }
}

#[cfg(test)]
mod tests {
    use glassmaster_disc::Lba;
    use glassmaster_mmc::Profile;
    use glassmaster_recorder::WriteProtectState;

    use super::*;

    /// Without Incremental Streaming Writable (MMC-6 5.3.11) one recording in one go is all that a blank disc takes.
    #[test]
    fn a_minimally_blanked_disc_is_recorded_at_once() {
        let medium = Medium {
            profile: Profile::DVD_RW_SEQUENTIAL,
            kind: MediaType::DVD_RW,
            disc: None,
            protection: WriteProtectState::empty(),
            state: MediaState::BLANK | MediaState::APPENDABLE,
            formatted: true,
            formatted_sectors: 0,
            open_track: None,
            total: 2_297_888,
            free: 2_297_888,
            next_writable: Lba(0),
        };
        let of = |incremental| {
            let supports = Supports { incremental, ..Supports::default() };
            let recipe = DvdR::new(&medium, &DataOptions::default(), 40, &supports, false);
            (recipe.write_type, recipe.closing, recipe.may_fall_back)
        };
        assert_eq!(of(true), (WriteType::PACKET, Closing::Appendable, true));
        assert_eq!(of(false), (WriteType::SESSION_AT_ONCE, Closing::Final, false));
    }
}
