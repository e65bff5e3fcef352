//! The object that holds the settings of data writes, and the rules of when they may change.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use glassmaster_disc::{BlockRangeList, BlockSource, MediaType, SECTOR_U64};
use glassmaster_mmc::cmd::{DiscStatus, PageControl};
use glassmaster_mmc::page::{Capabilities, PageData};
use glassmaster_recorder::{
    DiscRecorder, Error as DriveError, HResult, MediaState, Medium, RecordedSession, RestoreSpeed,
    WriteProtectState, WriteSpeed, check_client_name,
};

use super::data::{BurnReport, DataBurn};
use super::error::FormatError;
use super::multisession::{MultisessionInterfaces, clamp, free};
use super::section::Work;
use crate::cancel::CancelHandle;
use crate::event::Event;
use crate::options::DataOptions;
use crate::recipe;
use crate::verify::VerifyLevel;

/// What is written: sectors, how many bytes of them count, and which ranges of an overwritable medium they are for.
#[derive(Clone)]
pub struct DataStream {
    source: Arc<dyn BlockSource>,
    bytes: u64,
    ranges: Option<BlockRangeList>,
}

impl DataStream {
    /// A whole number of sectors.
    #[must_use]
    pub fn new(source: Arc<dyn BlockSource>) -> Self {
        let bytes = source.block_count().saturating_mul(SECTOR_U64);
        Self { source, bytes, ranges: None }
    }

    /// A stream of `bytes` bytes, of which `source` gives the whole sectors. One that ends inside a sector is refused when it
    /// is written, as IMAPI does.
    #[must_use]
    pub fn of_bytes(source: Arc<dyn BlockSource>, bytes: u64) -> Self {
        Self { source, bytes, ranges: None }
    }

    /// A picture of the whole medium, of which only these ranges are written, in their order.
    #[doc(alias = "IBlockRangeList")]
    #[must_use]
    pub fn with_ranges(source: Arc<dyn BlockSource>, ranges: BlockRangeList) -> Self {
        Self { ranges: Some(ranges), ..Self::new(source) }
    }
}

impl fmt::Debug for DataStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataStream").field("bytes", &self.bytes).field("ranges", &self.ranges).finish()
    }
}

#[derive(Debug)]
struct State {
    recorder: Option<DiscRecorder>,
    options: DataOptions,
    /// Keeps the drive at the speed that was asked for.
    speed: Option<(WriteSpeed, RestoreSpeed)>,
    running: Option<CancelHandle>,
}

/// Writes data discs, with IMAPI's properties, defaults and order of checks.
///
/// A write blocks the thread that asked for it; others may meanwhile read the settings and cancel. Settings cannot be
/// changed during a write.
#[doc(alias = "IDiscFormat2Data")]
#[doc(alias = "MsftDiscFormat2Data")]
#[doc(alias = "IDiscFormat2")]
#[doc(alias = "IBurnVerification")]
#[derive(Debug)]
pub struct DiscFormatData {
    state: Mutex<State>,
}

impl Default for DiscFormatData {
    fn default() -> Self {
        Self::new()
    }
}

impl DiscFormatData {
    /// Without recorder and name of the owner; everything else as the contract's defaults.
    #[must_use]
    pub fn new() -> Self {
        let options = DataOptions { client_name: String::new(), ..DataOptions::default() };
        Self { state: Mutex::new(State { recorder: None, options, speed: None, running: None }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings, unless a write runs.
    fn idle(&self) -> Result<MutexGuard<'_, State>, FormatError> {
        let state = self.lock();
        if state.running.is_some() { Err(FormatError::WriteInProgress) } else { Ok(state) }
    }

    /// The recorder, for questions about what lies in it.
    fn asked(&self) -> Result<DiscRecorder, FormatError> {
        self.lock().recorder.clone().ok_or(FormatError::NoRecorder)
    }

    /// The recorder, for what cannot be without.
    fn required(&self) -> Result<DiscRecorder, FormatError> {
        self.lock().recorder.clone().ok_or(FormatError::RecorderRequired)
    }

    /// Types of media that this implementation writes, whatever the recorder.
    #[doc(alias = "SupportedMediaTypes")]
    #[must_use]
    pub fn supported_media_types() -> &'static [MediaType] {
        &recipe::MEDIA
    }

    /// Whether a recorder can write some data disc.
    ///
    /// # Errors
    /// What the drive says.
    #[doc(alias = "IsRecorderSupported")]
    pub fn is_recorder_supported(&self, recorder: &DiscRecorder) -> Result<bool, FormatError> {
        let profiles = recorder.supported_profiles()?;
        Ok(profiles.iter().any(|p| recipe::MEDIA.contains(&p.media_type())))
    }

    /// Whether the type of the medium can be written; in which state it is, tells
    /// [`DiscFormatData::current_media_status`].
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium; each of them means no.
    #[doc(alias = "IsCurrentMediaSupported")]
    pub fn is_current_media_supported(&self, recorder: &DiscRecorder) -> Result<bool, FormatError> {
        recorder.wait_ready()?;
        Ok(recipe::MEDIA.contains(&recorder.media_type()?))
    }

    /// The drive itself calls the medium blank.
    ///
    /// # Errors
    /// [`FormatError::NoRecorder`]; "feature is not current" for media that cannot be written; what the drive says.
    #[doc(alias = "MediaPhysicallyBlank")]
    pub fn media_physically_blank(&self) -> Result<bool, FormatError> {
        physically_blank(&self.asked()?)
    }

    /// The medium is blank, or an overwritable one whose first and last 2 MiB are zeros.
    ///
    /// # Errors
    /// As [`DiscFormatData::media_physically_blank`].
    #[doc(alias = "MediaHeuristicallyBlank")]
    pub fn media_heuristically_blank(&self) -> Result<bool, FormatError> {
        heuristically_blank(&self.asked()?)
    }

    /// The recorder that is written with.
    #[doc(alias = "Recorder")]
    #[must_use]
    pub fn recorder(&self) -> Option<DiscRecorder> {
        self.lock().recorder.clone()
    }

    /// Sets the recorder; `None` clears it. The one before goes back to its default speed; the speed that was asked for last is
    /// asked of the new one when it writes.
    ///
    /// # Errors
    /// [`FormatError::WriteInProgress`], [`FormatError::RecorderNotSupported`]; what the drive says.
    pub fn set_recorder(&self, recorder: Option<DiscRecorder>) -> Result<(), FormatError> {
        drop(self.idle()?);
        if let Some(recorder) = &recorder
            && !self.is_recorder_supported(recorder)?
        {
            return Err(FormatError::RecorderNotSupported);
        }
        let speed = {
            let mut state = self.idle()?;
            state.recorder = recorder;
            state.speed.take()
        };
        // Not under the lock: the drive of before is told.
        drop(speed);
        Ok(())
    }

    /// Name under which the drive is held while writing; empty until it is set.
    #[doc(alias = "ClientName")]
    #[must_use]
    pub fn client_name(&self) -> String {
        self.lock().options.client_name.clone()
    }

    /// Sets the name, which a write cannot do without.
    ///
    /// # Errors
    /// [`FormatError::WriteInProgress`], [`FormatError::ClientName`].
    pub fn set_client_name(&self, name: &str) -> Result<(), FormatError> {
        let mut state = self.idle()?;
        check_client_name(name).map_err(FormatError::ClientName)?;
        name.clone_into(&mut state.options.client_name);
        Ok(())
    }

    /// What is checked after a write. Default: nothing.
    #[doc(alias = "BurnVerificationLevel")]
    #[must_use]
    pub fn burn_verification_level(&self) -> VerifyLevel {
        self.lock().options.verify
    }

    /// Sets what is checked after a write.
    ///
    /// # Errors
    /// [`FormatError::WriteInProgress`].
    pub fn set_burn_verification_level(&self, level: VerifyLevel) -> Result<(), FormatError> {
        self.idle()?.options.verify = level;
        Ok(())
    }

    /// Protection against buffer under-run is off; CD and DVD-R/-RW only. Default: on.
    #[doc(alias = "BufferUnderrunFreeDisabled")]
    #[must_use]
    pub fn buffer_underrun_free_disabled(&self) -> bool {
        self.lock().options.disable_underrun_protection
    }

    /// Sets whether the protection is off.
    ///
    /// # Errors
    /// [`FormatError::WriteInProgress`].
    pub fn set_buffer_underrun_free_disabled(&self, on: bool) -> Result<(), FormatError> {
        self.idle()?.options.disable_underrun_protection = on;
        Ok(())
    }

    /// CD: the stream ends with its post-gap of 150 sectors, so that none is added. Default: no.
    #[doc(alias = "PostgapAlreadyInImage")]
    #[must_use]
    pub fn postgap_already_in_image(&self) -> bool {
        self.lock().options.postgap_in_image
    }

    /// Sets whether the stream has its post-gap.
    ///
    /// # Errors
    /// [`FormatError::WriteInProgress`].
    pub fn set_postgap_already_in_image(&self, on: bool) -> Result<(), FormatError> {
        self.idle()?.options.postgap_in_image = on;
        Ok(())
    }

    /// The next write closes the disc for good. It is closed anyway when 2 % of it or less stay free. Default: no.
    #[doc(alias = "ForceMediaToBeClosed")]
    #[must_use]
    pub fn force_media_to_be_closed(&self) -> bool {
        self.lock().options.force_close
    }

    /// Sets whether the next write closes the disc.
    ///
    /// # Errors
    /// [`FormatError::WriteInProgress`].
    pub fn set_force_media_to_be_closed(&self, on: bool) -> Result<(), FormatError> {
        self.idle()?.options.force_close = on;
        Ok(())
    }

    /// What makes DVD+R and DVD+RW readable in the most players is left out. Default: no, and a DVD+R is closed by
    /// its first session.
    #[doc(alias = "DisableConsumerDvdCompatibilityMode")]
    #[must_use]
    pub fn disable_consumer_dvd_compatibility_mode(&self) -> bool {
        self.lock().options.disable_dvd_compatibility
    }

    /// Sets whether compatibility is left out.
    ///
    /// # Errors
    /// [`FormatError::WriteInProgress`].
    pub fn set_disable_consumer_dvd_compatibility_mode(&self, on: bool) -> Result<(), FormatError> {
        self.idle()?.options.disable_dvd_compatibility = on;
        Ok(())
    }

    /// Overwritable media are overwritten although they hold data. Default: no.
    #[doc(alias = "ForceOverwrite")]
    #[must_use]
    pub fn force_overwrite(&self) -> bool {
        self.lock().options.force_overwrite
    }

    /// Sets whether data is overwritten.
    ///
    /// # Errors
    /// [`FormatError::WriteInProgress`].
    pub fn set_force_overwrite(&self, on: bool) -> Result<(), FormatError> {
        self.idle()?.options.force_overwrite = on;
        Ok(())
    }

    fn medium(&self) -> Result<Medium, FormatError> {
        let mut medium = self.asked()?.medium()?;
        if !recipe::MEDIA.contains(&medium.kind) {
            medium.state |= MediaState::UNSUPPORTED_MEDIA;
        }
        let once = matches!(medium.kind, MediaType::DVD_R_DL | MediaType::DVD_PLUS_R_DL);
        if once && medium.state.contains(MediaState::APPENDABLE) {
            medium.state |= MediaState::FINAL_SESSION;
        }
        Ok(medium)
    }

    /// The medium, for figures that only writable ones have.
    fn usable(&self) -> Result<Medium, FormatError> {
        let medium = self.medium()?;
        if medium.state.is_unusable() {
            return Err(FormatError::InvalidMediaState(medium.state));
        }
        Ok(medium)
    }

    /// State of the medium in flags.
    ///
    /// # Errors
    /// [`FormatError::NoRecorder`]; what the drive says.
    #[doc(alias = "CurrentMediaStatus")]
    pub fn current_media_status(&self) -> Result<MediaState, FormatError> {
        Ok(self.medium()?.state)
    }

    /// Why the medium cannot be written; empty when it is not protected.
    ///
    /// # Errors
    /// As [`DiscFormatData::current_media_status`].
    #[doc(alias = "WriteProtectStatus")]
    pub fn write_protect_status(&self) -> Result<WriteProtectState, FormatError> {
        Ok(self.medium()?.protection)
    }

    /// Sectors of the medium, used and free.
    ///
    /// # Errors
    /// [`FormatError::NoRecorder`], [`FormatError::InvalidMediaState`]; what the drive says.
    #[doc(alias = "TotalSectorsOnMedia")]
    pub fn total_sectors_on_media(&self) -> Result<i32, FormatError> {
        Ok(clamp(self.usable()?.total))
    }

    /// Sectors that the next write can take; what gaps and run-out need is deducted. Overwritable media tell all they
    /// have, whatever they hold.
    ///
    /// # Errors
    /// As [`DiscFormatData::total_sectors_on_media`].
    #[doc(alias = "FreeSectorsOnMedia")]
    pub fn free_sectors_on_media(&self) -> Result<i32, FormatError> {
        let medium = self.usable()?;
        if medium.state.contains(MediaState::OVERWRITE_ONLY) {
            return Ok(clamp(medium.total));
        }
        let postgap_in_image = self.lock().options.postgap_in_image;
        Ok(clamp(free(&medium, postgap_in_image)))
    }

    /// Block at which the next write begins; 0 on blank and on overwritable media.
    ///
    /// # Errors
    /// As [`DiscFormatData::total_sectors_on_media`].
    #[doc(alias = "NextWritableAddress")]
    pub fn next_writable_address(&self) -> Result<i32, FormatError> {
        Ok(self.usable()?.next_writable.0)
    }

    /// The last complete session; `None` on blank and on overwritable media.
    fn previous(&self) -> Result<Option<RecordedSession>, FormatError> {
        let medium = self.usable()?;
        if medium.state.intersects(MediaState::OVERWRITE_ONLY | MediaState::BLANK) {
            return Ok(None);
        }
        Ok(self.asked()?.sessions()?.pop())
    }

    /// First sector of the last complete session; -1 on blank and on overwritable media.
    ///
    /// # Errors
    /// As [`DiscFormatData::total_sectors_on_media`].
    #[doc(alias = "StartAddressOfPreviousSession")]
    pub fn start_address_of_previous_session(&self) -> Result<i32, FormatError> {
        Ok(self.previous()?.map_or(-1, |s| clamp(u64::from(s.start))))
    }

    /// Last sector of the last complete session that holds data, without the run-out of a CD track written at once; -1 on
    /// blank and on overwritable media. See [`DiscRecorder::last_written`].
    ///
    /// # Errors
    /// As [`DiscFormatData::total_sectors_on_media`].
    #[doc(alias = "LastWrittenAddressOfPreviousSession")]
    pub fn last_written_address_of_previous_session(&self) -> Result<i32, FormatError> {
        let Some(session) = self.previous()? else { return Ok(-1) };
        Ok(clamp(u64::from(self.asked()?.last_written(&session)?)))
    }

    /// Type of the medium, [`MediaType::UNKNOWN`] without one.
    ///
    /// # Errors
    /// [`FormatError::RecorderRequired`]; what the drive says.
    #[doc(alias = "CurrentPhysicalMediaType")]
    pub fn current_physical_media_type(&self) -> Result<MediaType, FormatError> {
        Ok(self.required()?.media_type()?)
    }

    /// The speed that was asked for last, in sectors a second; `None` for the fastest, the default.
    #[doc(alias = "RequestedWriteSpeed")]
    #[must_use]
    pub fn requested_write_speed(&self) -> Option<u32> {
        self.lock().options.speed
    }

    /// Whether constant angular velocity was asked for last. Default: no.
    #[doc(alias = "RequestedRotationTypeIsPureCAV")]
    #[must_use]
    pub fn requested_rotation_type_is_pure_cav(&self) -> bool {
        self.lock().options.pure_cav
    }

    /// The speed in force: what was set since the last write, else what the drive tells of itself, else the fastest there is.
    fn current_speed(&self) -> Result<Option<WriteSpeed>, FormatError> {
        let recorder = self.required()?;
        let speeds = recorder.write_speeds()?;
        if let Some((speed, _)) = &self.lock().speed
            && speeds.contains(speed)
        {
            return Ok(Some(*speed));
        }
        let selected = match recorder.mode_page(Capabilities::CODE, PageControl::Current) {
            Ok(page) => page.decode::<Capabilities>().ok().and_then(|c| c.write_speed).map(u32::from),
            Err(e) if e.is_unsupported() || matches!(e, DriveError::Answer { .. }) => None,
            Err(e) => return Err(e.into()),
        };
        let told = selected.and_then(|kb| speeds.iter().find(|s| s.kilobytes_per_second == kb));
        Ok(told.or(speeds.first()).copied())
    }

    /// Sectors a second that the drive writes with now; 0 where it tells no speed.
    ///
    /// # Errors
    /// [`FormatError::RecorderRequired`]; what the drive says.
    #[doc(alias = "CurrentWriteSpeed")]
    pub fn current_write_speed(&self) -> Result<u32, FormatError> {
        Ok(self.current_speed()?.map_or(0, |s| s.sectors_per_second))
    }

    /// Whether the drive writes with constant angular velocity now.
    ///
    /// # Errors
    /// As [`DiscFormatData::current_write_speed`].
    #[doc(alias = "CurrentRotationTypeIsPureCAV")]
    pub fn current_rotation_type_is_pure_cav(&self) -> Result<bool, FormatError> {
        Ok(self.current_speed()?.is_some_and(|s| s.pure_cav))
    }

    /// Speeds of drive and medium in sectors a second, fastest first, each once.
    ///
    /// # Errors
    /// As [`DiscFormatData::current_write_speed`].
    #[doc(alias = "SupportedWriteSpeeds")]
    pub fn supported_write_speeds(&self) -> Result<Vec<u32>, FormatError> {
        let mut speeds: Vec<u32> =
            self.supported_write_speed_descriptors()?.iter().map(|s| s.sectors_per_second).collect();
        speeds.dedup();
        Ok(speeds)
    }

    /// The same with medium and rotation.
    ///
    /// # Errors
    /// As [`DiscFormatData::current_write_speed`].
    #[doc(alias = "SupportedWriteSpeedDescriptors")]
    pub fn supported_write_speed_descriptors(&self) -> Result<Vec<WriteSpeed>, FormatError> {
        Ok(self.required()?.write_speeds()?)
    }

    /// Asks for a speed in sectors a second, `None` for the fastest, and applies it. The closest that the drive has is taken;
    /// the result is [`HResult::OK`] or says what was replaced.
    ///
    /// # Errors
    /// [`FormatError::WriteInProgress`], [`FormatError::RecorderRequired`]; [`FormatError::Device`] while another object writes
    /// or erases with this recorder; what the drive says.
    #[doc(alias = "SetWriteSpeed")]
    pub fn set_write_speed(
        &self,
        sectors_per_second: Option<u32>,
        pure_cav: bool,
    ) -> Result<HResult, FormatError> {
        drop(self.idle()?);
        let recorder = self.required()?;
        // Nobody's write is to go on at another speed.
        drop(recorder.occupy()?);
        // What was set before goes first: given back later, it would undo what is set now.
        let before = self.idle()?.speed.take();
        drop(before);
        let occupied = recorder.occupy()?;
        let (setting, guard) = recorder.set_write_speed(sectors_per_second, pure_cav)?;
        let mut state = self.idle()?;
        state.options.speed = sectors_per_second;
        state.options.pure_cav = pure_cav;
        state.speed = setting.speed.map(|speed| (speed, guard.unless_occupied()));
        drop(state);
        drop(occupied);
        Ok(setting.result)
    }

    /// The ways to add a session to what lies in the recorder: both of them always, whatever the medium, and also without one.
    /// Each one tells whether it fits, and asks the drive again at every call.
    ///
    /// # Errors
    /// [`FormatError::NoRecorder`].
    #[doc(alias = "MultisessionInterfaces")]
    pub fn multisession_interfaces(&self) -> Result<MultisessionInterfaces, FormatError> {
        let state = self.lock();
        let recorder = state.recorder.as_ref().ok_or(FormatError::NoRecorder)?;
        Ok(MultisessionInterfaces::new(recorder, state.options.postgap_in_image))
    }

    /// Whether a write runs.
    #[doc(alias = "WriteInProgress")]
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.lock().running.is_some()
    }

    /// Writes a stream as a new session or, on overwritable media, from sector 0 or to its ranges; blocks until all is done.
    /// `events` hears what happens, on this thread, and may end the write.
    ///
    /// [`BurnReport::speed_result`] is the success code.
    ///
    /// # Errors
    /// In this order: a write runs, no recorder, no or a bad name, a stream of no whole sectors, a recorder that cannot write
    /// data, no medium or one that does not get ready, one in a state that cannot be written, one that holds data and may not
    /// be overwritten, one with too little room; only then the drive is locked, the same is checked once more, and the
    /// medium is touched. Afterwards what [`DataBurn::write`] meets.
    #[doc(alias = "Write")]
    pub fn write(
        &self,
        stream: &DataStream,
        events: &mut dyn FnMut(&Event) -> ControlFlow<()>,
    ) -> Result<BurnReport, FormatError> {
        let cancel = CancelHandle::new();
        let (recorder, burn) = {
            let mut state = self.idle()?;
            let recorder = state.recorder.clone().ok_or(FormatError::RecorderRequired)?;
            check_client_name(&state.options.client_name).map_err(FormatError::ClientName)?;
            let sectors = stream.source.block_count();
            if stream.bytes == 0 || sectors.checked_mul(SECTOR_U64) != Some(stream.bytes) {
                return Err(FormatError::StreamNotSupported(stream.bytes));
            }
            state.running = Some(cancel.clone());
            (recorder, DataBurn::new(state.options.clone()))
        };
        let _running = Running(self);
        let source = Arc::clone(&stream.source);
        let work = match &stream.ranges {
            // Media that cannot be overwritten take the whole stream, whatever ranges come with it.
            Some(ranges) => Work::Either(source, ranges),
            None => Work::Whole(source),
        };
        burn.check_first(&recorder, &work, events, &cancel)?;
        // The write asks for the speed itself, and leaves the drive at its default.
        let speed = self.lock().speed.take();
        drop(speed);
        Ok(burn.begin(&recorder, &work, None, events, &cancel)?)
    }

    /// Asks the running write to end; it does so at the next safe point, and its result says what became of the disc.
    ///
    /// # Errors
    /// [`FormatError::WriteNotInProgress`].
    #[doc(alias = "CancelWrite")]
    pub fn cancel_write(&self) -> Result<(), FormatError> {
        match &self.lock().running {
            Some(cancel) => {
                cancel.cancel();
                Ok(())
            }
            None => Err(FormatError::WriteNotInProgress),
        }
    }
}

/// Ends the state of writing on every way out.
struct Running<'a>(&'a DiscFormatData);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.lock().running = None;
    }
}

/// Whether the drive itself calls the medium blank.
pub(super) fn physically_blank(recorder: &DiscRecorder) -> Result<bool, FormatError> {
    let medium = writable(recorder.medium()?)?;
    Ok(medium.disc.is_some_and(|d| d.status == DiscStatus::Empty))
}

/// Whether the medium is blank, or looks so.
pub(super) fn heuristically_blank(recorder: &DiscRecorder) -> Result<bool, FormatError> {
    Ok(writable(recorder.medium()?)?.state.contains(MediaState::BLANK))
}

/// A medium of a type that can be written.
fn writable(medium: Medium) -> Result<Medium, FormatError> {
    if medium.state.contains(MediaState::UNSUPPORTED_MEDIA) {
        let feature = "way to write this medium";
        return Err(DriveError::NoFeature { feature, elsewhere: true }.into());
    }
    Ok(medium)
}
