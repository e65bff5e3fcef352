//! A track of a raw image.

use std::fmt;
use std::sync::Arc;

use glassmaster_disc::stream::ByteStream;
use glassmaster_disc::{HResult, Lba};

use super::RawImageError;
use crate::isrc::Isrc;
use crate::sector::SectorType;
use crate::session::{CopySetting, START_FLAG_SECTORS, Track};
use crate::subcode::Control;

/// Sectors of an index, at least.
const SHORTEST_INDEX: u32 = 10;
/// Indexes of a track, index 1 among them, at most.
const MOST_INDEXES: usize = 99;

/// What became of a new index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IndexAdded {
    /// It is new.
    Added,
    /// It was there.
    AlreadyThere,
}

impl IndexAdded {
    /// IMAPI's result code, a success in both cases.
    #[must_use]
    pub const fn hresult(self) -> HResult {
        match self {
            Self::Added => HResult::OK,
            Self::AlreadyThere => HResult::RAW_IMAGE_TRACK_INDEX_ALREADY_EXISTS,
        }
    }
}

/// A track, with what can be set of it until the result is made.
#[doc(alias = "IRawCDImageTrackInfo")]
#[derive(Clone)]
pub struct TrackInfo {
    pub(super) data: Arc<dyn ByteStream>,
    pub(super) start: i32,
    pub(super) sectors: u32,
    pub(super) number: u8,
    /// Sectors at the end that the pause of the next track lies over.
    pub(super) lent: u32,
    isrc: Option<Isrc>,
    copy: CopySetting,
    pre_emphasis: bool,
    /// Offsets of index 2 and on, ascending.
    indexes: Vec<u32>,
}

impl fmt::Debug for TrackInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "track {}: {} sectors from {}", self.number, self.sectors, self.start)
    }
}

impl TrackInfo {
    pub(super) fn new(data: Arc<dyn ByteStream>, start: i32, sectors: u32, number: u8) -> Self {
        Self {
            data,
            start,
            sectors,
            number,
            lent: 0,
            isrc: None,
            copy: CopySetting::default(),
            pre_emphasis: false,
            indexes: Vec::new(),
        }
    }

    pub(super) fn plan(&self, pause: i32) -> Track {
        Track {
            control: Control::AUDIO.pre_emphasis(self.pre_emphasis),
            copy: self.copy,
            pause: Lba(pause),
            start: Lba(self.start),
            // Offsets lie inside the track, whose end is below 2^19.
            indexes: self
                .indexes
                .iter()
                .filter_map(|offset| self.start.checked_add_unsigned(*offset).map(Lba))
                .collect(),
            isrc: self.isrc,
        }
    }

    /// First sector of the track itself, index 1.
    #[doc(alias = "StartingLba")]
    #[must_use]
    pub const fn starting_lba(&self) -> Lba {
        Lba(self.start)
    }

    /// Sectors of the track's data.
    #[doc(alias = "SectorCount")]
    #[must_use]
    pub const fn sector_count(&self) -> u32 {
        self.sectors
    }

    /// Number it will have on disc.
    #[doc(alias = "TrackNumber")]
    #[must_use]
    pub const fn track_number(&self) -> u8 {
        self.number
    }

    /// Kind of sector it was added as.
    #[doc(alias = "SectorType")]
    #[must_use]
    pub const fn sector_type(&self) -> SectorType {
        SectorType::Audio
    }

    /// ISRC; none at first.
    #[doc(alias = "ISRC")]
    #[must_use]
    pub const fn isrc(&self) -> Option<Isrc> {
        self.isrc
    }

    /// Sets the ISRC, with or without hyphens; an empty text clears it.
    ///
    /// # Errors
    /// [`RawImageError::Isrc`].
    pub fn set_isrc(&mut self, text: &str) -> Result<(), RawImageError> {
        self.isrc = if text.is_empty() { None } else { Some(text.parse()?) };
        Ok(())
    }

    /// Whether digital copies are allowed; they are at first.
    #[doc(alias = "DigitalAudioCopySetting")]
    #[must_use]
    pub const fn digital_audio_copy_setting(&self) -> CopySetting {
        self.copy
    }

    /// Sets whether digital copies are allowed.
    pub const fn set_digital_audio_copy_setting(&mut self, setting: CopySetting) {
        self.copy = setting;
    }

    /// Whether the sound is marked as having pre-emphasis; it is not at first.
    #[doc(alias = "AudioHasPreemphasis")]
    #[must_use]
    pub const fn audio_has_preemphasis(&self) -> bool {
        self.pre_emphasis
    }

    /// Marks the sound as having pre-emphasis. The samples are not changed: they have to have it already.
    pub const fn set_audio_has_preemphasis(&mut self, yes: bool) {
        self.pre_emphasis = yes;
    }

    /// Offsets of all indexes from the start of the track, ascending; the first is 0, index 1.
    #[doc(alias = "TrackIndexes")]
    #[must_use]
    pub fn track_indexes(&self) -> Vec<u32> {
        std::iter::once(0).chain(self.indexes.iter().copied()).collect()
    }

    /// Makes an index begin at a sector of the track, counted from its start. All later indexes get the next number.
    ///
    /// # Errors
    /// [`RawImageError::Argument`] behind the end of the track, [`RawImageError::IndexTooClose`] when an index would be
    /// shorter than ten sectors, [`RawImageError::TooManyIndexes`] beyond 99.
    #[doc(alias = "AddTrackIndex")]
    pub fn add_track_index(&mut self, offset: u32) -> Result<IndexAdded, RawImageError> {
        if offset >= self.sectors {
            return Err(RawImageError::Argument("the index lies behind the end of the track"));
        }
        let at = match self.indexes.binary_search(&offset) {
            Ok(_) => return Ok(IndexAdded::AlreadyThere),
            Err(_) if offset == 0 => return Ok(IndexAdded::AlreadyThere),
            Err(at) => at,
        };
        if self.indexes.len() + 1 >= MOST_INDEXES {
            return Err(RawImageError::TooManyIndexes);
        }
        let before = at.checked_sub(1).and_then(|n| self.indexes.get(n)).copied().unwrap_or(0);
        let behind = self.indexes.get(at).copied().unwrap_or(self.sectors - self.lent);
        if offset - before < SHORTEST_INDEX || behind.saturating_sub(offset) < SHORTEST_INDEX {
            return Err(RawImageError::IndexTooClose(offset));
        }
        self.indexes.insert(at, offset);
        Ok(IndexAdded::Added)
    }

    /// Removes the index that begins at a sector of the track.
    ///
    /// # Errors
    /// [`RawImageError::IndexZero`] at 0, [`RawImageError::IndexNotFound`] where none begins.
    #[doc(alias = "ClearTrackIndex")]
    pub fn clear_track_index(&mut self, offset: u32) -> Result<(), RawImageError> {
        if offset == 0 {
            return Err(RawImageError::IndexZero);
        }
        let at = self.indexes.binary_search(&offset).map_err(|_| RawImageError::IndexNotFound(offset))?;
        self.indexes.remove(at);
        Ok(())
    }

    /// Lets the pause of a next track lie over the end of this one.
    ///
    /// # Errors
    /// [`RawImageError::IndexTooClose`] when an index begins there.
    pub(super) fn lend(&mut self) -> Result<(), RawImageError> {
        let end = self.sectors.saturating_sub(START_FLAG_SECTORS);
        match self.indexes.last() {
            Some(last) if end.saturating_sub(*last) < SHORTEST_INDEX => {
                Err(RawImageError::IndexTooClose(*last))
            }
            _ => {
                self.lent = START_FLAG_SECTORS;
                Ok(())
            }
        }
    }
}
