//! What lies in the drive: kind, state, room, and where the next write goes.

use glassmaster_disc::{Lba, MediaType, Msf};
use glassmaster_mmc::Profile;
use glassmaster_mmc::cmd::{
    BackgroundFormat, CapacityType, DiscInformation, DiscStatus, FormatCapacities, FormatType,
    ReadTrackInformation, SessionState, TrackInformation,
};
use glassmaster_mmc::feature::{FeatureData, IncrementalStreamingWritable};
use glassmaster_scsi::SenseKey;

use crate::{DiscRecorder, Error, MediaState, WriteProtectState};

/// The medium as it was when asked for. Numbers of blocks and addresses are in sectors of 2048 bytes.
#[derive(Clone, PartialEq, Debug)]
pub struct Medium {
    /// Current profile.
    pub profile: Profile,
    /// Type.
    pub kind: MediaType,
    /// Disc information; `None` where the drive has none for this medium.
    pub disc: Option<DiscInformation>,
    /// Write protection.
    pub protection: WriteProtectState,
    /// State in IMAPI's flags.
    #[doc(alias = "CurrentMediaStatus")]
    pub state: MediaState,
    /// Overwritable medium: formatted, or being formatted. Always `true` for the others.
    pub formatted: bool,
    /// Sectors of an overwritable medium that are formatted. Behind them a DVD-RW takes data only when it has been
    /// formatted further; on other media this is everything. 0 on sequential media.
    pub formatted_sectors: u64,
    /// The track that takes the next write, on sequential media that can be written.
    pub open_track: Option<TrackInformation>,
    /// Sectors of the whole medium; for CD the last possible lead-out start. 0 when it cannot be written.
    #[doc(alias = "TotalSectorsOnMedia")]
    pub total: u64,
    /// Sectors that can be written next: on sequential media the free blocks of the open track, on overwritable ones
    /// everything. A post-gap comes out of this.
    #[doc(alias = "FreeSectorsOnMedia")]
    pub free: u64,
    /// Where the next write begins; 0 on blank and on overwritable media.
    #[doc(alias = "NextWritableAddress")]
    pub next_writable: Lba,
}

/// Profiles whose every block can be written at any time (MMC-6 random and rigid restricted writing).
#[must_use]
pub(crate) fn is_overwritable(profile: Profile) -> bool {
    matches!(
        profile,
        Profile::REMOVABLE_DISK
            | Profile::DVD_RAM
            | Profile::DVD_RW_RESTRICTED_OVERWRITE
            | Profile::DVD_PLUS_RW
            | Profile::DVD_PLUS_RW_DL
            | Profile::BD_RE
    )
}

/// Profiles that grow track by track.
fn is_sequential(profile: Profile) -> bool {
    matches!(
        profile,
        Profile::CD_R
            | Profile::CD_RW
            | Profile::DVD_R
            | Profile::DVD_RW_SEQUENTIAL
            | Profile::DVD_R_DL_SEQUENTIAL
            | Profile::DVD_R_DL_LAYER_JUMP
            | Profile::DVD_PLUS_R
            | Profile::DVD_PLUS_R_DL
            | Profile::BD_R_SEQUENTIAL
    )
}

/// Profiles that this crate can write with some recorder.
pub(crate) fn is_writable(profile: Profile) -> bool {
    is_overwritable(profile) || is_sequential(profile)
}

pub(crate) fn is_cd(profile: Profile) -> bool {
    matches!(profile, Profile::CD_ROM | Profile::CD_R | Profile::CD_RW)
}

/// Sectors that block addresses of 31 bits reach.
const ADDRESSABLE: u64 = 1 << 31;
/// Sectors at each end of an overwritable medium that have to be zero for it to pass as blank.
const BLANK_CHECK: u64 = 1024;

impl Medium {
    /// Sectors that are written together: 1 on CD and disks, 16 (an ECC block) on DVD, 32 (a cluster) on BD.
    #[must_use]
    pub fn write_unit(&self) -> u32 {
        match self.kind {
            MediaType::CD_ROM | MediaType::CD_R | MediaType::CD_RW | MediaType::DISK => 1,
            MediaType::BD_ROM | MediaType::BD_R | MediaType::BD_RE => 32,
            _ => 16,
        }
    }
}

impl DiscRecorder {
    /// Whether every block of the medium in the drive can be written at any time, by its current profile. Waits until the
    /// medium is ready; nothing of it is read.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium.
    pub fn is_overwritable(&self) -> Result<bool, Error> {
        self.wait_ready()?;
        Ok(is_overwritable(self.configuration()?.current_profile))
    }

    /// Looks at the medium: waits until it is ready, then asks for everything that a write depends on. Changes nothing.
    ///
    /// An overwritable medium passes as blank when its first and last 2 MiB are zeros; that is read here.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium.
    pub fn medium(&self) -> Result<Medium, Error> {
        self.wait_ready()?;
        let configuration = self.configuration()?;
        let profile = configuration.current_profile;
        let disc = match self.disc_information() {
            Ok(disc) => Some(disc),
            Err(e) if e.is_unsupported() => None,
            Err(e) => return Err(e),
        };
        let mut medium = Medium {
            profile,
            kind: profile.media_type(),
            protection: WriteProtectState::empty(),
            disc,
            state: MediaState::empty(),
            formatted: true,
            formatted_sectors: 0,
            open_track: None,
            total: 0,
            free: 0,
            next_writable: Lba(0),
        };
        medium.protection = self.protection_of(&configuration)?;
        if !is_writable(profile) {
            medium.state = MediaState::UNSUPPORTED_MEDIA;
            return Ok(medium);
        }
        if !medium.protection.is_empty() {
            medium.state |= MediaState::WRITE_PROTECTED;
        }
        if is_overwritable(profile) {
            self.look_at_overwritable(&mut medium)?;
        } else {
            self.look_at_sequential(&mut medium)?;
            // Such a disc takes one session, written in one go (MMC-6 4.3, recording on DVD-R DL and on minimally
            // blanked DVD-RW).
            let one_session = match profile {
                Profile::DVD_R_DL_SEQUENTIAL | Profile::DVD_R_DL_LAYER_JUMP => true,
                Profile::DVD_RW_SEQUENTIAL => !configuration.is_current(IncrementalStreamingWritable::CODE),
                _ => false,
            };
            if one_session && medium.state.contains(MediaState::BLANK) {
                medium.state |= MediaState::FINAL_SESSION;
            }
        }
        Ok(medium)
    }

    fn look_at_overwritable(&self, medium: &mut Medium) -> Result<(), Error> {
        medium.state |= MediaState::OVERWRITE_ONLY;
        let capacities = match self.format_capacities() {
            Ok(capacities) => Some(capacities),
            Err(e) if e.is_unsupported() => None,
            Err(e) => return Err(e),
        };
        medium.formatted = is_formatted(medium, capacities.as_ref());
        let formattable = capacities.as_ref().and_then(|c| largest_format(medium.kind, c));
        let empty = medium.disc.as_ref().is_some_and(|d| d.status == DiscStatus::Empty) || !medium.formatted;
        medium.total = match (medium.formatted, formattable) {
            (false, Some(blocks)) => blocks,
            (false, None) => capacities.map_or(0, |c| u64::from(c.current.blocks)),
            (true, _) => {
                let Some(announced) = self.announced(medium.kind)? else {
                    medium.state |= MediaState::UNSUPPORTED_MEDIA;
                    return Ok(());
                };
                medium.formatted_sectors = announced;
                // While a DVD+RW is formatted in the background some drives announce the finished part only, though
                // all of it can be written (MMC-6 clause 4, DVD+RW model). A DVD-RW may be formatted in part, and further
                // later on (MMC-6 6.4, format types 13h and 15h).
                let grows = matches!(medium.kind, MediaType::DVD_PLUS_RW | MediaType::DVD_RW);
                formattable.filter(|_| grows).map_or(announced, |blocks| blocks.max(announced))
            }
        };
        if medium.formatted && medium.kind != MediaType::DVD_RW {
            medium.formatted_sectors = medium.total;
        }
        medium.free = medium.total;
        let used = if medium.kind == MediaType::DVD_RW { medium.formatted_sectors } else { medium.total };
        if empty || self.looks_blank(used)? {
            medium.state |= MediaState::BLANK;
        }
        Ok(())
    }

    /// What READ CAPACITY says of a formatted medium. A DVD-RW in intermediate state, where the end of the last border is open,
    /// may have no answer before something was written to it. `None` for a disk whose blocks are no sectors of 2048 bytes: its
    /// block numbers are no sector numbers.
    fn announced(&self, kind: MediaType) -> Result<Option<u64>, Error> {
        match self.read_capacity() {
            Ok(capacity)
                if kind == MediaType::DISK
                    && usize::try_from(capacity.block_length).ok() != Some(glassmaster_disc::SECTOR) =>
            {
                Ok(None)
            }
            Ok(capacity) if capacity.last.0 == 0 && kind == MediaType::DVD_RW => Ok(Some(0)),
            // Beyond 2^31 sectors, and where FFFFFFFFh says that the number does not fit (SBC-3 5.15), all counts that
            // addresses reach.
            Ok(capacity) => Ok(Some((u64::from(capacity.last.0.cast_unsigned()) + 1).min(ADDRESSABLE))),
            Err(e)
                if kind == MediaType::DVD_RW
                    && e.sense().is_some_and(|s| s.key == SenseKey::ILLEGAL_REQUEST) =>
            {
                Ok(Some(0))
            }
            Err(e) => Err(e),
        }
    }

    /// Whether both ends are zeros, or blocks the drive calls unwritten.
    fn looks_blank(&self, total: u64) -> Result<bool, Error> {
        let edge = total.min(BLANK_CHECK);
        let source = self.disc_source_of(total);
        let mut buf = vec![0; 32 * glassmaster_disc::SECTOR];
        let zeros = buf.clone();
        for start in [0, total - edge] {
            let mut at = start;
            while at < start + edge {
                let blocks = (start + edge - at).min(32);
                let bytes = usize::try_from(blocks).unwrap_or(0) * glassmaster_disc::SECTOR;
                let Some(piece) = buf.get_mut(..bytes) else { break };
                match source.read(at, piece) {
                    Ok(()) if zeros.starts_with(piece) => {}
                    Ok(()) => return Ok(false),
                    Err(e) if is_unwritten(&e) => {}
                    // What cannot be read may be data.
                    Err(Error::Refused { failure, .. })
                        if failure.sense.is_some_and(|s| s.key == SenseKey::MEDIUM_ERROR) =>
                    {
                        return Ok(false);
                    }
                    Err(e) => return Err(e),
                }
                at += blocks;
            }
        }
        Ok(true)
    }

    fn look_at_sequential(&self, medium: &mut Medium) -> Result<(), Error> {
        let Some(disc) = medium.disc.clone() else {
            medium.state |= MediaState::DAMAGED;
            return Ok(());
        };
        match (disc.status, disc.last_session_state) {
            (DiscStatus::Empty, _) => medium.state |= MediaState::BLANK | MediaState::APPENDABLE,
            (DiscStatus::Incomplete, SessionState::Empty) => medium.state |= MediaState::APPENDABLE,
            (DiscStatus::Incomplete, SessionState::Incomplete) => {
                medium.state |= MediaState::NON_EMPTY_SESSION;
            }
            (DiscStatus::Complete, _) => {
                medium.state |= MediaState::FINALIZED;
                if disc.erasable {
                    medium.state |= MediaState::ERASE_REQUIRED;
                }
            }
            _ => medium.state |= MediaState::DAMAGED,
        }
        if !medium.state.contains(MediaState::APPENDABLE) {
            return Ok(());
        }
        let Some(track) = self.open_track(medium.profile, &disc)? else {
            medium.state |= MediaState::DAMAGED;
            return Ok(());
        };
        // Before its own track, so among what is recorded, none takes data. (The invisible track of a blank CD may begin behind
        // its pre-gap.)
        let can_be = |n: &Lba| is_cd(medium.profile) || *n >= track.start.max(Lba(0));
        let Some(next) = track.next_writable.filter(can_be) else {
            medium.state |= MediaState::DAMAGED;
            return Ok(());
        };
        // Before the cue sheet of a blank CD some drives answer -150, the start of the pre-gap.
        medium.next_writable = next.max(Lba(0));
        medium.free = u64::from(track.free_blocks);
        medium.total = total_of_sequential(medium, &disc);
        medium.open_track = Some(track);
        if medium.free.saturating_mul(50) <= medium.total && !medium.state.contains(MediaState::BLANK) {
            medium.state |= MediaState::FINAL_SESSION;
        }
        Ok(())
    }

    /// The track that takes the next write: the last one of the last session, which drives also answer for as
    /// "invisible track" FFh (MMC-6 6.26).
    fn open_track(
        &self,
        profile: Profile,
        disc: &DiscInformation,
    ) -> Result<Option<TrackInformation>, Error> {
        let last = ReadTrackInformation::track(u32::from(disc.last_track_in_last_session.max(1)));
        let invisible = ReadTrackInformation::invisible();
        let order = if is_cd(profile) { [invisible, last] } else { [last, invisible] };
        for query in order {
            match self.track_information(&query) {
                Ok(track) if track.next_writable.is_some() && !track.damage => return Ok(Some(track)),
                Ok(_) => {}
                Err(e) if e.sense().is_some_and(|s| s.key == SenseKey::ILLEGAL_REQUEST) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    }

    /// Sectors that can be read: the answer of READ CAPACITY, or the end of the last recorded track.
    pub(crate) fn readable_blocks(&self) -> Result<u64, Error> {
        self.wait_ready()?;
        let disc = match self.disc_information() {
            Ok(disc) => Some(disc),
            Err(e) if e.is_unsupported() => None,
            Err(e) => return Err(e),
        };
        if let Some(disc) = &disc
            && disc.status == DiscStatus::Empty
            && disc.background_format == BackgroundFormat::None
        {
            return Ok(0);
        }
        match self.read_capacity() {
            Ok(capacity) if capacity.last.0 > 0 => {
                return Ok(u64::try_from(capacity.last.0).map_or(0, |last| last + 1));
            }
            Ok(_) => {}
            Err(e) if e.sense().is_some_and(|s| s.key == SenseKey::ILLEGAL_REQUEST) => {}
            Err(e) => return Err(e),
        }
        let Some(disc) = disc else { return Ok(0) };
        for number in (1..=disc.last_track_in_last_session).rev() {
            let track = self.track_information(&ReadTrackInformation::track(u32::from(number)))?;
            if let Some(last) = track.last_recorded {
                return Ok(u64::try_from(last.0).map_or(0, |last| last + 1));
            }
            if !track.blank && track.next_writable.is_none() {
                let start = u64::try_from(track.start.0).unwrap_or(0);
                return Ok(start + u64::from(track.size));
            }
        }
        Ok(0)
    }
}

/// Blocks that were never written: 8/xx/xx, 5/21/00 within the capacity, 5/64/00; 3/11/xx is not among them.
fn is_unwritten(error: &Error) -> bool {
    error.sense().is_some_and(|s| {
        s.key == SenseKey::BLANK_CHECK
            || (s.key == SenseKey::ILLEGAL_REQUEST && matches!(s.code.asc(), 0x21 | 0x64))
    })
}

fn is_formatted(medium: &Medium, capacities: Option<&FormatCapacities>) -> bool {
    let by_capacities = capacities.is_none_or(|c| c.current.kind != CapacityType::UNFORMATTED);
    let by_background = medium.disc.as_ref().is_none_or(|d| d.background_format != BackgroundFormat::None);
    match medium.kind {
        // The background format status is the one thing that a DVD+RW never misreports (MMC-6 6.21, BG FORMAT STATUS).
        MediaType::DVD_PLUS_RW | MediaType::DVD_PLUS_RW_DL => by_background,
        _ => by_capacities,
    }
}

/// Blocks after the format that [`Medium`] of this type needs before its first write.
fn largest_format(kind: MediaType, capacities: &FormatCapacities) -> Option<u64> {
    let wanted: &[FormatType] = match kind {
        MediaType::DVD_PLUS_RW | MediaType::DVD_PLUS_RW_DL => &[FormatType::DVD_PLUS_RW],
        MediaType::BD_RE => {
            &[FormatType::FULL, FormatType::BD_RE_WITH_SPARE, FormatType::BD_RE_WITHOUT_SPARE]
        }
        _ => &[FormatType::FULL],
    };
    wanted.iter().find_map(|kind| {
        capacities.formattable.iter().filter(|f| f.kind == *kind).map(|f| u64::from(f.blocks)).max()
    })
}

fn total_of_sequential(medium: &Medium, disc: &DiscInformation) -> u64 {
    let next = u64::try_from(medium.next_writable.0).unwrap_or(0);
    let by_track = next.saturating_add(medium.free);
    if !is_cd(medium.profile) {
        return by_track;
    }
    // The last possible lead-out start is given as MSF in bytes 1 to 3, all FFh when there is none.
    let [_, minute, second, frame] = disc.last_possible_lead_out;
    match Msf::new(minute, second, frame) {
        Ok(msf) => u64::try_from(msf.lba().0).ok().filter(|lba| *lba > 0).unwrap_or(by_track),
        Err(_) => by_track,
    }
}
