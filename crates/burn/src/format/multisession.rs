//! How a further session can be added to what lies in the drive: two objects that ask the drive each time.

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use glassmaster_disc::{BlockSource, MediaType, Multisession, MultisessionInterface, SessionAddresses};
use glassmaster_mmc::Profile;
use glassmaster_mmc::cmd::ReadTrackInformation;
use glassmaster_recorder::{DiscRecorder, Error as DriveError, MediaState, Medium, RecordedSession};

use super::data::DataBurn;
use super::error::FormatError;
use crate::recipe;

/// Post-gap of a CD, which a write adds unless the image has it (ECMA-130 clause 20).
const POST_GAP: u64 = 150;
/// Run-out sectors of a CD track (MMC-6 4.2).
const RUN_OUT: u64 = 2;

/// The recorder that is asked, and the caller's mark.
#[derive(Clone, Debug)]
struct Bound {
    recorder: DiscRecorder,
    in_use: Arc<AtomicBool>,
}

impl Bound {
    fn new(recorder: &DiscRecorder) -> Self {
        Self { recorder: recorder.clone(), in_use: Arc::default() }
    }

    /// The medium, when it can be overwritten as the caller wants; the other kind is told from the profile alone, so that
    /// nothing of the disc is read for it.
    fn medium(&self, overwritable: bool) -> Result<Option<Medium>, DriveError> {
        if self.recorder.is_overwritable()? != overwritable {
            return Ok(None);
        }
        self.recorder.medium().map(Some)
    }

    /// The medium, for figures that only this kind of medium has.
    fn usable(&self, overwritable: bool) -> Result<Medium, FormatError> {
        match self.medium(overwritable)? {
            Some(medium) if recipe::MEDIA.contains(&medium.kind) && !medium.state.is_unusable() => Ok(medium),
            Some(medium) => Err(FormatError::InvalidMediaState(medium.state)),
            None => Err(FormatError::InvalidMediaState(MediaState::UNKNOWN)),
        }
    }

    /// What imaging takes of a medium that this object is for.
    fn offer(&self, supported: bool, addresses: SessionAddresses) -> Result<Multisession, DriveError> {
        let source: Arc<dyn BlockSource> = Arc::new(self.recorder.disc_source()?);
        Ok(Multisession { supported, in_use: self.is_in_use(), addresses, source })
    }

    /// What imaging takes where the medium is of the other kind, unknown or missing.
    fn refuse(&self, addresses: SessionAddresses) -> Multisession {
        let source: Arc<dyn BlockSource> = Arc::new(Vec::new());
        Multisession { supported: false, in_use: self.is_in_use(), addresses, source }
    }

    fn is_in_use(&self) -> bool {
        self.in_use.load(Ordering::Relaxed)
    }
}

/// Adding sessions to a medium that grows: each one follows the last and has structures of its own.
///
/// Comes from [`DiscFormatData::multisession_interfaces`](crate::DiscFormatData::multisession_interfaces), which binds it to
/// its recorder. Everything is asked from the drive at each call. Clones share their mark.
#[doc(alias = "MsftMultisessionSequential")]
#[doc(alias = "IMultisession")]
#[doc(alias = "IMultisessionSequential")]
#[doc(alias = "IMultisessionSequential2")]
#[derive(Clone, Debug)]
pub struct MultisessionSequential {
    bound: Bound,
    postgap_in_image: bool,
}

impl MultisessionSequential {
    pub(super) fn new(recorder: &DiscRecorder, postgap_in_image: bool) -> Self {
        Self { bound: Bound::new(recorder), postgap_in_image }
    }

    /// Whether the medium can take a session this way as it is now: sequential, open, with room, and of a kind that has
    /// several sessions. A DVD-R of two layers and a DVD-RW in sequential mode have one.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium.
    #[doc(alias = "IsSupportedOnCurrentMediaState")]
    pub fn is_supported_on_current_media_state(&self) -> Result<bool, FormatError> {
        Ok(self.bound.medium(false)?.is_some_and(|medium| self.takes(&medium)))
    }

    fn takes(&self, medium: &Medium) -> bool {
        let single = medium.kind == MediaType::DVD_R_DL || medium.profile == Profile::DVD_RW_SEQUENTIAL;
        !single && grows(medium, self.postgap_in_image)
    }

    /// The caller's mark: this is the way to be used. Default: no.
    #[doc(alias = "InUse")]
    #[must_use]
    pub fn in_use(&self) -> bool {
        self.bound.is_in_use()
    }

    /// Sets the mark.
    pub fn set_in_use(&self, on: bool) {
        self.bound.in_use.store(on, Ordering::Relaxed);
    }

    /// The recorder from which earlier sessions are read.
    #[doc(alias = "ImportRecorder")]
    #[must_use]
    pub fn import_recorder(&self) -> DiscRecorder {
        self.bound.recorder.clone()
    }

    /// Whether no earlier session holds a data track, as on a blank disc and behind audio tracks.
    ///
    /// # Errors
    /// [`FormatError::InvalidMediaState`] for media that cannot be written, and those that are overwritten; what the drive says.
    #[doc(alias = "IsFirstDataSession")]
    pub fn is_first_data_session(&self) -> Result<bool, FormatError> {
        self.bound.usable(false)?;
        Ok(!self.bound.recorder.sessions()?.iter().any(|s| s.data))
    }

    /// The last complete session; `None` on a blank medium.
    fn previous(&self) -> Result<Option<RecordedSession>, FormatError> {
        if self.bound.usable(false)?.state.contains(MediaState::BLANK) {
            return Ok(None);
        }
        Ok(self.bound.recorder.sessions()?.pop())
    }

    /// First sector of the last complete session; -1 on a blank medium.
    ///
    /// # Errors
    /// As [`MultisessionSequential::is_first_data_session`].
    #[doc(alias = "StartAddressOfPreviousSession")]
    pub fn start_address_of_previous_session(&self) -> Result<i32, FormatError> {
        Ok(self.previous()?.map_or(-1, |s| clamp(u64::from(s.start))))
    }

    /// Last sector of the last complete session that holds data, without the run-out of a CD track written at once; -1 on a
    /// blank medium. See [`DiscRecorder::last_written`].
    ///
    /// # Errors
    /// As [`MultisessionSequential::is_first_data_session`].
    #[doc(alias = "LastWrittenAddressOfPreviousSession")]
    pub fn last_written_address_of_previous_session(&self) -> Result<i32, FormatError> {
        let Some(session) = self.previous()? else { return Ok(-1) };
        Ok(clamp(u64::from(self.bound.recorder.last_written(&session)?)))
    }

    /// First sector of the session to be written; 0 on a blank medium.
    ///
    /// # Errors
    /// As [`MultisessionSequential::is_first_data_session`].
    #[doc(alias = "NextWritableAddress")]
    pub fn next_writable_address(&self) -> Result<i32, FormatError> {
        Ok(self.bound.usable(false)?.next_writable.0)
    }

    /// Sectors that the next session can take; what gaps and run-out need is deducted. The post-gap counts as the format had
    /// it set when it gave this object.
    ///
    /// # Errors
    /// As [`MultisessionSequential::is_first_data_session`].
    #[doc(alias = "FreeSectorsOnMedia")]
    pub fn free_sectors_on_media(&self) -> Result<i32, FormatError> {
        Ok(clamp(free(&self.bound.usable(false)?, self.postgap_in_image)))
    }

    /// Sectors that are written together: 1 on CD, 16 on DVD, 32 on BD.
    ///
    /// # Errors
    /// As [`MultisessionSequential::is_first_data_session`].
    #[doc(alias = "WriteUnitSize")]
    pub fn write_unit_size(&self) -> Result<u32, FormatError> {
        Ok(self.bound.usable(false)?.write_unit())
    }

    /// What imaging takes of a sequential medium.
    fn offer(&self, medium: &Medium) -> Result<Multisession, DriveError> {
        let sessions = self.bound.recorder.sessions()?;
        let data = sessions.iter().rfind(|s| s.data);
        let addresses = SessionAddresses::Sequential {
            first_data_session: data.is_none(),
            previous_start: data.map(|s| s.start),
            previous_last: data.map(|s| s.last),
            next_writable: u32::try_from(medium.next_writable.0).unwrap_or(0),
            free: free(medium, self.postgap_in_image),
            write_unit: medium.write_unit(),
        };
        self.bound.offer(self.takes(medium), addresses)
    }
}

impl MultisessionInterface for MultisessionSequential {
    fn look(&self) -> Result<Multisession, Box<dyn StdError + Send + Sync>> {
        match self.bound.medium(false) {
            Ok(Some(medium)) if recipe::MEDIA.contains(&medium.kind) => Ok(self.offer(&medium)?),
            Err(e) if !e.is_no_medium() => Err(e.into()),
            _ => Ok(self.bound.refuse(SessionAddresses::Sequential {
                first_data_session: true,
                previous_start: None,
                previous_last: None,
                next_writable: 0,
                free: 0,
                write_unit: 1,
            })),
        }
    }
}

/// Adding sessions to a medium whose every sector can be written at any time: one physical session, to which logical ones
/// are added.
///
/// Comes from [`DiscFormatData::multisession_interfaces`](crate::DiscFormatData::multisession_interfaces), which binds it to
/// its recorder. Everything is asked from the drive at each call. Clones share their mark.
#[doc(alias = "MsftMultisessionRandomWrite")]
#[doc(alias = "IMultisession")]
#[doc(alias = "IMultisessionRandomWrite")]
#[derive(Clone, Debug)]
pub struct MultisessionRandomWrite {
    bound: Bound,
}

impl MultisessionRandomWrite {
    pub(super) fn new(recorder: &DiscRecorder) -> Self {
        Self { bound: Bound::new(recorder) }
    }

    /// Whether the medium can take a session this way as it is now: overwritable and not protected.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium.
    #[doc(alias = "IsSupportedOnCurrentMediaState")]
    pub fn is_supported_on_current_media_state(&self) -> Result<bool, FormatError> {
        Ok(self.bound.medium(true)?.is_some_and(|medium| takes_anywhere(&medium)))
    }

    /// The caller's mark: this is the way to be used. Default: no.
    #[doc(alias = "InUse")]
    #[must_use]
    pub fn in_use(&self) -> bool {
        self.bound.is_in_use()
    }

    /// Sets the mark.
    pub fn set_in_use(&self, on: bool) {
        self.bound.in_use.store(on, Ordering::Relaxed);
    }

    /// The recorder from which earlier sessions are read.
    #[doc(alias = "ImportRecorder")]
    #[must_use]
    pub fn import_recorder(&self) -> DiscRecorder {
        self.bound.recorder.clone()
    }

    /// Start and length of every write are multiples of that many sectors: 1 on disks, 16 on DVD, 32 on BD.
    ///
    /// # Errors
    /// [`FormatError::InvalidMediaState`] for media that cannot be written, and those that are not overwritten; what the
    /// drive says.
    #[doc(alias = "WriteUnitSize")]
    pub fn write_unit_size(&self) -> Result<u32, FormatError> {
        Ok(self.bound.usable(true)?.write_unit())
    }

    /// Where the last write ended, for wear levelling: the last recorded address of READ TRACK INFORMATION (MMC-6 6.26).
    ///
    /// # Errors
    /// As [`MultisessionRandomWrite::write_unit_size`]; [`FormatError::LastWrittenUnknown`] where the drive does not tell.
    #[doc(alias = "LastWrittenAddress")]
    pub fn last_written_address(&self) -> Result<i32, FormatError> {
        self.bound.usable(true)?;
        let told = last_written(&self.bound.recorder)?;
        told.map(|lba| clamp(u64::from(lba))).ok_or(FormatError::LastWrittenUnknown)
    }

    /// Sectors of the medium.
    ///
    /// # Errors
    /// As [`MultisessionRandomWrite::write_unit_size`].
    #[doc(alias = "TotalSectorsOnMedia")]
    pub fn total_sectors_on_media(&self) -> Result<i32, FormatError> {
        Ok(clamp(self.bound.usable(true)?.total))
    }

    /// What imaging takes of an overwritable medium.
    fn offer(&self, medium: &Medium) -> Result<Multisession, DriveError> {
        let addresses = SessionAddresses::RandomWrite {
            write_unit: medium.write_unit(),
            last_written: last_written(&self.bound.recorder)?,
            total: medium.total,
        };
        self.bound.offer(takes_anywhere(medium), addresses)
    }
}

impl MultisessionInterface for MultisessionRandomWrite {
    fn look(&self) -> Result<Multisession, Box<dyn StdError + Send + Sync>> {
        match self.bound.medium(true) {
            Ok(Some(medium)) if recipe::MEDIA.contains(&medium.kind) => Ok(self.offer(&medium)?),
            Err(e) if !e.is_no_medium() => Err(e.into()),
            _ => {
                let addresses = SessionAddresses::RandomWrite { write_unit: 1, last_written: None, total: 0 };
                Ok(self.bound.refuse(addresses))
            }
        }
    }
}

fn takes_anywhere(medium: &Medium) -> bool {
    recipe::MEDIA.contains(&medium.kind) && !medium.state.is_unusable() && medium.formatted
}

/// Whether a further session can be written behind the last one.
fn grows(medium: &Medium, postgap_in_image: bool) -> bool {
    recipe::MEDIA.contains(&medium.kind)
        && !medium.state.is_unusable()
        && medium.state.contains(MediaState::APPENDABLE)
        && free(medium, postgap_in_image) > 0
}

/// Last recorded address of the one track of an overwritable medium, where the drive has one.
fn last_written(recorder: &DiscRecorder) -> Result<Option<u32>, DriveError> {
    match recorder.track_information(&ReadTrackInformation::track(1)) {
        Ok(track) => Ok(track.last_recorded.and_then(|lba| u32::try_from(lba.0).ok())),
        Err(e) if e.is_unsupported() => Ok(None),
        Err(e) => Err(e),
    }
}

/// The ways to add a session, both of them always: which one fits the medium they tell themselves.
#[derive(Clone, Debug)]
pub struct MultisessionInterfaces {
    /// For media that grow.
    pub sequential: MultisessionSequential,
    /// For media that are overwritten.
    pub random_write: MultisessionRandomWrite,
}

impl MultisessionInterfaces {
    pub(super) fn new(recorder: &DiscRecorder, postgap_in_image: bool) -> Self {
        Self {
            sequential: MultisessionSequential::new(recorder, postgap_in_image),
            random_write: MultisessionRandomWrite::new(recorder),
        }
    }

    /// Both as the file-system half takes them.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<dyn MultisessionInterface>> {
        vec![Arc::new(self.sequential.clone()), Arc::new(self.random_write.clone())]
    }
}

impl DataBurn {
    /// The way to add a session to the medium as it is now, for the file-system half. One for every medium that is known;
    /// it is not `supported` when the medium is closed, damaged, write protected or full. Other than the objects of
    /// [`DiscFormatData`](crate::DiscFormatData) it offers what the drive can do, sessions of a sequential DVD-RW as well.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium.
    pub fn multisession_interfaces(&self, recorder: &DiscRecorder) -> Result<Vec<Multisession>, DriveError> {
        let ways = MultisessionInterfaces::new(recorder, self.options.postgap_in_image);
        let medium = recorder.medium()?;
        if !recipe::MEDIA.contains(&medium.kind) {
            return Ok(Vec::new());
        }
        Ok(vec![if medium.state.contains(MediaState::OVERWRITE_ONLY) {
            ways.random_write.offer(&medium)?
        } else {
            let supported = grows(&medium, self.options.postgap_in_image);
            Multisession { supported, ..ways.sequential.offer(&medium)? }
        }])
    }
}

/// Sectors that the data of the next session can take: run-out and the post-gap that is added are deducted, and what is no
/// whole unit.
pub(super) fn free(medium: &Medium, postgap_in_image: bool) -> u64 {
    let overhead = match (medium.kind, postgap_in_image) {
        (MediaType::CD_R | MediaType::CD_RW, false) => POST_GAP + RUN_OUT,
        (MediaType::CD_R | MediaType::CD_RW, true) => RUN_OUT,
        _ => 0,
    };
    let free = medium.free.saturating_sub(overhead);
    free - free % u64::from(medium.write_unit())
}

/// The contract's numbers have 31 bits.
pub(super) fn clamp(sectors: u64) -> i32 {
    i32::try_from(sectors).unwrap_or(i32::MAX)
}
