//! Why a raw image is not made.

use glassmaster_disc::HResult;

use crate::isrc::IsrcError;
use crate::mcn::McnError;
use crate::sector::SectorType;

/// What a creator refuses.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RawImageError {
    /// Changed after the result was made, or asked for a second result.
    #[error("the raw image has been made: nothing of it can be changed any more")]
    ReadOnly,
    /// The number of the last track would pass 99.
    #[error("the track would have the number {0}, and 99 is the last")]
    TooManyTracks(u32),
    /// Images of other tracks than audio are not made.
    #[error("a raw image is made of audio tracks, not of {0:?}")]
    SectorType(SectorType),
    /// Something that needs a track.
    #[error("the raw image has no tracks")]
    NoTracks,
    /// Something that has to be set before the first track.
    #[error("this has to be set before the first track is added")]
    TracksAlreadyAdded,
    /// The lead-out would begin too late.
    #[error("the lead-out would begin at block {lead_out}, and {limit} is the last place for it")]
    InsufficientSpace {
        /// Where the lead-out would begin.
        lead_out: i64,
        /// Last place allowed.
        limit: i32,
    },
    /// More than 99 indexes.
    #[error("a track has 99 indexes at most")]
    TooManyIndexes,
    /// No index there.
    #[error("there is no index at sector {0} of the track")]
    IndexNotFound(u32),
    /// Index 1 is the start of the track.
    #[error("index 1 is the start of the track and stays")]
    IndexZero,
    /// An index would have less than ten sectors.
    #[error("an index at sector {0} of the track would leave one of less than 10 sectors")]
    IndexTooClose(u32),
    /// A stream has a wrong size.
    #[error("{0}")]
    Stream(String),
    /// A value outside its range.
    #[error("{0}")]
    Argument(&'static str),
    /// No catalogue number.
    #[error(transparent)]
    Mcn(#[from] McnError),
    /// No ISRC.
    #[error(transparent)]
    Isrc(#[from] IsrcError),
}

impl RawImageError {
    /// IMAPI's result code.
    #[must_use]
    pub const fn hresult(&self) -> HResult {
        match self {
            Self::ReadOnly => HResult::RAW_IMAGE_IS_READ_ONLY,
            Self::TooManyTracks(_) => HResult::RAW_IMAGE_TOO_MANY_TRACKS,
            Self::SectorType(_) => HResult::RAW_IMAGE_SECTOR_TYPE_NOT_SUPPORTED,
            Self::NoTracks => HResult::RAW_IMAGE_NO_TRACKS,
            Self::TracksAlreadyAdded => HResult::RAW_IMAGE_TRACKS_ALREADY_ADDED,
            Self::InsufficientSpace { .. } => HResult::RAW_IMAGE_INSUFFICIENT_SPACE,
            Self::TooManyIndexes => HResult::RAW_IMAGE_TOO_MANY_TRACK_INDEXES,
            Self::IndexNotFound(_) => HResult::RAW_IMAGE_TRACK_INDEX_NOT_FOUND,
            Self::IndexZero => HResult::RAW_IMAGE_TRACK_INDEX_OFFSET_ZERO_CANNOT_BE_CLEARED,
            Self::IndexTooClose(_) => HResult::RAW_IMAGE_TRACK_INDEX_TOO_CLOSE_TO_OTHER_INDEX,
            Self::Stream(_) | Self::Argument(_) | Self::Mcn(_) | Self::Isrc(_) => HResult::INVALID_ARGUMENT,
        }
    }
}
