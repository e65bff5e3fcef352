//! Erasing rewritable media, so that they are blank again.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use glassmaster_disc::{BlockRange, BlockRangeList, BlockSource, MediaType, SECTOR};
use glassmaster_mmc::Profile;
use glassmaster_mmc::cmd::{Blank, BlankType, ModeSense10, PageControl, ReadDiscInformation};
use glassmaster_mmc::page::{Capabilities, PageData};
use glassmaster_recorder::{
    DiscRecorder, Error as DriveError, MediaState, Medium, Moment, Repeat, check_client_name,
};

use super::data::{DataBurn, LOOKS, can_do_without};
use super::erase_error::{EraseError, EraseErrorKind};
use crate::cancel::CancelHandle;
use crate::event::CADENCE;
use crate::options::DataOptions;

/// Types that can be erased.
#[doc(alias = "SupportedMediaTypes")]
pub(crate) const ERASABLE: [MediaType; 7] = [
    MediaType::CD_RW,
    MediaType::DVD_RAM,
    MediaType::DVD_PLUS_RW,
    MediaType::DVD_RW,
    MediaType::DISK,
    MediaType::DVD_PLUS_RW_DL,
    MediaType::BD_RE,
];

/// Sectors at each end of an overwritable medium that a quick erase writes with zeros: what a look for data reads.
const ENDS: u64 = 1024;
/// How long a minimal BLANK takes on a usual drive, the estimate until the drive tells its progress.
const QUICK: Duration = Duration::from_secs(60);
/// Slowest rewritable disc, sectors per second: single speed CD. Estimate of a drive that tells no speed.
const SLOWEST: u64 = 75;

/// Options of erasing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EraseOptions {
    /// Name under which the drive is held meanwhile, by the rules of
    /// [`check_client_name`](glassmaster_recorder::check_client_name).
    #[doc(alias = "ClientName")]
    pub client_name: String,
    /// Overwrite the whole medium at least once, instead of what makes it look blank.
    #[doc(alias = "FullErase")]
    pub full: bool,
    /// Longest time that the drive may take for BLANK. Zeros that the host writes are not under this limit: 50 GB take more
    /// than an hour, and go on visibly.
    pub limit: Duration,
}

impl Default for EraseOptions {
    fn default() -> Self {
        Self { client_name: "Glassmaster".to_owned(), full: false, limit: Duration::from_secs(3600) }
    }
}

/// How far erasing is; one comes at the start, every half second, and at the end.
#[doc(alias = "DDiscFormat2EraseEvents")]
#[doc(alias = "DDiscFormat2EraseEvents.Update")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EraseEvent {
    /// Time since it began.
    #[doc(alias = "elapsedSeconds")]
    pub elapsed: Duration,
    /// How long all of it will take; may move.
    #[doc(alias = "estimatedTotalSeconds")]
    pub estimated_total: Duration,
}

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EraseMethod {
    /// BLANK (MMC-6 6.2) of this type: CD-RW and DVD-RW.
    Blank(BlankType),
    /// That many sectors were overwritten with zeros, after a format where the medium had none.
    Zeros(u64),
}

/// A medium that is blank again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EraseReport {
    /// Its type.
    pub media: MediaType,
    /// How.
    pub method: EraseMethod,
    /// Time for everything.
    pub elapsed: Duration,
}

/// Erases rewritable media, with its options.
///
/// CD-RW and DVD-RW by BLANK; a DVD-RW in restricted overwrite mode becomes a sequential one. The others have no command
/// for it: their first and last 2 MiB are overwritten with zeros, or all of them.
#[derive(Clone, Debug, Default)]
pub struct DiscErase {
    /// Options in force.
    pub options: EraseOptions,
}

impl DiscErase {
    /// Erasing with these options.
    #[must_use]
    pub fn new(options: EraseOptions) -> Self {
        Self { options }
    }

    /// Whether the drive erases some medium.
    ///
    /// # Errors
    /// What the drive says.
    #[doc(alias = "IsRecorderSupported")]
    pub fn supports_recorder(&self, recorder: &DiscRecorder) -> Result<bool, DriveError> {
        Ok(recorder.configuration()?.profiles().iter().any(|p| ERASABLE.contains(&p.media_type())))
    }

    /// Makes the medium blank and blocks meanwhile. The drive is held exclusively and its tray locked. `events` hears what
    /// happens, on this thread. `cancel` ends the writing of zeros; a drive that blanks a disc cannot be stopped, so that then
    /// the medium is blank in the end all the same.
    ///
    /// # Errors
    /// [`EraseError`], which also says what the medium is now.
    #[doc(alias = "EraseMedia")]
    pub fn erase(
        &self,
        recorder: &DiscRecorder,
        events: &mut dyn FnMut(&EraseEvent),
        cancel: &CancelHandle,
    ) -> Result<EraseReport, EraseError> {
        let _attendance = recorder.clock().attend();
        let check_cancel = || if cancel.is_cancelled() { Err(EraseErrorKind::Cancelled) } else { Ok(()) };
        let begun = recorder.clock().now();
        let elapsed = || recorder.clock().now().saturating_sub(begun);
        check_client_name(&self.options.client_name).map_err(EraseErrorKind::ClientName)?;
        let held =
            recorder.acquire_exclusive_access(&self.options.client_name).map_err(EraseErrorKind::Device)?;
        let occupied = recorder.occupy().map_err(EraseErrorKind::Device)?;
        let quiet = recorder.disable_mcn().map_err(EraseErrorKind::Device)?;
        if !self.supports_recorder(recorder).map_err(EraseErrorKind::Device)? {
            return Err(EraseErrorKind::Recorder.into());
        }
        let limit = recorder.patience().ready;
        let loaded = recorder.wait_ready_watched("loading the medium", limit, &mut |_| {
            if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match loaded {
            Err(DriveError::Cancelled { .. }) => return Err(EraseErrorKind::Cancelled.into()),
            other => other.map_err(EraseErrorKind::Device)?,
        }
        check_cancel()?;
        recorder.start().map_err(EraseErrorKind::SpinUp)?;
        let mut looks = 1;
        let (looked, medium) = loop {
            let looked = recorder.moment();
            let (kind, medium) = look(recorder)?;
            match recorder.unchanged_since(&looked) {
                Ok(()) if medium.kind == kind => break (looked, medium),
                // It was called another type a moment ago.
                Ok(()) if looks == LOOKS => return Err(EraseErrorKind::MediaType(medium.kind).into()),
                Err(e) if looks == LOOKS => return Err(EraseErrorKind::Device(e).into()),
                // A drive that spins up may call its medium new only after a while.
                _ => looks += 1,
            }
        };
        let kind = medium.kind;
        let method = if blanks(kind) {
            check_cancel()?;
            self.blank(recorder, &medium, &looked, &elapsed, events)?
        } else {
            // The write takes the drive itself.
            drop(occupied);
            self.zero(recorder, &medium, &elapsed, events, cancel)?
        };
        let elapsed = elapsed();
        events(&EraseEvent { elapsed, estimated_total: elapsed });
        drop(quiet);
        drop(held);
        Ok(EraseReport { media: kind, method, elapsed })
    }

    fn blank(
        &self,
        recorder: &DiscRecorder,
        medium: &Medium,
        looked: &Moment,
        elapsed: &dyn Fn() -> Duration,
        events: &mut dyn FnMut(&EraseEvent),
    ) -> Result<EraseMethod, EraseError> {
        let kind = if self.options.full { BlankType::DISC } else { BlankType::MINIMAL };
        let guess = if self.options.full { full_time(recorder, medium) } else { QUICK };
        let locked = match recorder.prevent_removal() {
            // A drive that blanks a disc keeps it anyway.
            Err(e) if can_do_without(&e) => None,
            other => Some(other.map_err(EraseErrorKind::Device)?),
        };
        // Another disc is not to be erased in the place of the one that was looked at.
        recorder.unchanged_since(looked).map_err(EraseErrorKind::Device)?;
        events(&EraseEvent { elapsed: elapsed(), estimated_total: guess });
        let timeout = recorder.patience().long_command;
        let command = Blank { immediate: true, kind, start: 0 };
        match recorder.send(&command, &[], timeout, Repeat::WhileUnchanged) {
            // Without IMMED the command itself takes all the time.
            Err(e) if e.is_unsupported() => {
                let command = Blank { immediate: false, ..command };
                let limit = self.options.limit;
                recorder
                    .send(&command, &[], limit, Repeat::WhileUnchanged)
                    .map_err(EraseErrorKind::Refused)?;
            }
            other => other.map_err(EraseErrorKind::Refused)?,
        }
        let mut sent = elapsed();
        let what = "erasing the disc";
        let mut watch = |failure: &glassmaster_scsi::CommandFailure| {
            let elapsed = elapsed();
            if elapsed.saturating_sub(sent) >= CADENCE {
                sent = elapsed;
                let done = failure.sense.and_then(|s| s.progress()).filter(|done| *done > 0);
                let total = done.map_or(guess, |done| elapsed * 65536 / u32::from(done));
                events(&EraseEvent { elapsed, estimated_total: total.max(elapsed) });
            }
            ControlFlow::Continue(())
        };
        // As after CLOSE, some drives are "ready" before they answer what the disc is.
        let ready = glassmaster_mmc::cmd::TestUnitReady::default();
        let waited = recorder.wait_for(what, self.options.limit, &mut watch, &mut || {
            recorder.send(&ready, &[], timeout, Repeat::Never)?;
            recorder.disc_information().map(|_| ())
        });
        match waited {
            Ok(()) => {}
            Err(DriveError::StillBusy { waited, origin, last, .. }) => {
                let mut error = EraseError::from(EraseErrorKind::TookTooLong(waited));
                error.add_aftermath(format!("its last answer, to {origin}: {last}"));
                error.add_aftermath("the drive may still be erasing the disc");
                return Err(error);
            }
            Err(e) => {
                // Who still answers with a sense code may know what the disc is.
                let medium = if e.sense().is_some() { recorder.medium().ok() } else { None };
                let mut error = EraseError::from(EraseErrorKind::Unexpected(e));
                match medium {
                    Some(medium) => error.set_medium(medium),
                    None => error.add_aftermath("the disc may be blank, as it was, or neither"),
                }
                return Err(error);
            }
        }
        check_blank(recorder.medium().map_err(EraseErrorKind::Unexpected)?)?;
        if let Some(guard) = locked {
            guard.release().map_err(EraseErrorKind::Device)?;
        }
        Ok(EraseMethod::Blank(kind))
    }

    fn zero(
        &self,
        recorder: &DiscRecorder,
        medium: &Medium,
        elapsed: &dyn Fn() -> Duration,
        events: &mut dyn FnMut(&EraseEvent),
        cancel: &CancelHandle,
    ) -> Result<EraseMethod, EraseError> {
        let burn = DataBurn::new(DataOptions {
            client_name: self.options.client_name.clone(),
            force_overwrite: true,
            ..DataOptions::default()
        });
        let unit = u64::from(medium.write_unit());
        let total = medium.total - medium.total % unit;
        let ranges = if self.options.full { vec![(0, total)] } else { ends(total) };
        let ranges: Vec<BlockRange> = ranges
            .into_iter()
            .filter_map(|(first, end)| {
                BlockRange::new(u32::try_from(first).ok()?, u32::try_from(end.checked_sub(1)?).ok()?)
            })
            .collect();
        let ranges = BlockRangeList(ranges);
        let guess = if self.options.full { full_time(recorder, medium) } else { QUICK };
        let mut sink = |event: &crate::event::Event| {
            let elapsed = elapsed();
            let rest = event.remaining.map(|left| elapsed.saturating_add(left));
            events(&EraseEvent { elapsed, estimated_total: rest.unwrap_or(guess).max(elapsed) });
            ControlFlow::Continue(())
        };
        burn.write_ranges(recorder, Arc::new(Zeros(total)), &ranges, &mut sink, cancel)
            .map_err(EraseErrorKind::Write)?;
        let now = recorder.medium().map_err(EraseErrorKind::Unexpected)?;
        check_blank(now)?;
        Ok(EraseMethod::Zeros(ranges.blocks()))
    }
}

/// Whether a type of medium is erased by BLANK.
fn blanks(kind: MediaType) -> bool {
    matches!(kind, MediaType::CD_RW | MediaType::DVD_RW)
}

/// A medium that can be erased, and the type that it was taken for at first.
fn look(recorder: &DiscRecorder) -> Result<(MediaType, Medium), EraseError> {
    let kind = recorder.media_type().map_err(EraseErrorKind::Device)?;
    if !ERASABLE.contains(&kind) {
        return Err(EraseErrorKind::MediaType(kind).into());
    }
    if blanks(kind) {
        check_answers(recorder)?;
    }
    let medium = recorder.medium().map_err(EraseErrorKind::Device)?;
    if blanks(kind) && medium.disc.as_ref().is_some_and(|d| !d.erasable) {
        return Err(EraseErrorKind::NotErasable(kind).into());
    }
    Ok((kind, medium))
}

/// READ DISC INFORMATION and mode page 2Ah as far as the standard demands them; drives of today may lack the page.
fn check_answers(recorder: &DiscRecorder) -> Result<(), EraseError> {
    let bytes = recorder.query_bytes(&ReadDiscInformation::standard()).map_err(EraseErrorKind::Device)?;
    if bytes.len() < 34 {
        return Err(EraseErrorKind::DiscInformationTooSmall(bytes.len()).into());
    }
    let query = ModeSense10::page(Capabilities::CODE, PageControl::Current, PAGE_ROOM);
    match recorder.query_bytes(&query) {
        Ok(answer) if page_is_whole(&answer) => Ok(()),
        Ok(answer) => Err(EraseErrorKind::ModePageTooSmall(answer.len()).into()),
        Err(e) if e.is_unsupported() => Ok(()),
        Err(e) => Err(EraseErrorKind::Device(e).into()),
    }
}

/// Header, the longest short page, and a block descriptor.
const PAGE_ROOM: u16 = 272;

/// Whether an answer to MODE SENSE (10) holds all of a page of at least 18 bytes, the length of its first edition.
fn page_is_whole(answer: &[u8]) -> bool {
    let Some([_, _, _, _, _, _, high, low]) = answer.first_chunk::<8>() else { return false };
    let page = answer.get(8 + usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or(&[]);
    page.get(1).is_some_and(|length| *length >= 18 && page.len() >= 2 + usize::from(*length))
}

/// A drive may say that it is done, and be wrong.
fn check_blank(medium: Medium) -> Result<(), EraseError> {
    if medium.state.contains(MediaState::BLANK) {
        return Ok(());
    }
    let mut error = EraseError::from(EraseErrorKind::NotBlank(Words(medium.state).to_string()));
    error.set_medium(medium);
    Err(error)
}

/// First and last sectors, without overlap: first sector and the one behind the last.
fn ends(total: u64) -> Vec<(u64, u64)> {
    if total <= 2 * ENDS { vec![(0, total)] } else { vec![(0, ENDS), (total - ENDS, total)] }
}

/// Sectors of the medium divided by the speed of the drive.
fn full_time(recorder: &DiscRecorder, medium: &Medium) -> Duration {
    let total = match medium.total {
        // A closed CD-RW tells no room; none has more than 80 minutes.
        0 if medium.profile == Profile::CD_RW => 360_000,
        // ECMA-338: sectors of a DVD-RW.
        0 => 2_298_496,
        total => total,
    };
    let speeds = recorder.write_speeds().unwrap_or_default();
    let speed = speeds.first().map_or(SLOWEST, |s| u64::from(s.sectors_per_second).max(1));
    Duration::from_secs(total / speed)
}

/// A source of nothing.
struct Zeros(u64);

impl BlockSource for Zeros {
    fn block_count(&self) -> u64 {
        self.0
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        debug_assert!(buf.len().is_multiple_of(SECTOR));
        self.check_range(lba, buf.len())?;
        buf.fill(0);
        Ok(())
    }
}

/// State flags in words.
struct Words(MediaState);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (name, _)) in self.0.iter_names().enumerate() {
            f.write_str(if n == 0 { "" } else { ", " })?;
            f.write_str(&name.to_lowercase().replace('_', " "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_small_media_do_not_overlap() {
        assert_eq!(ends(512), [(0, 512)]);
        assert_eq!(ends(2048), [(0, 2048)]);
        assert_eq!(ends(2064), [(0, 1024), (1040, 2064)]);
    }
}
