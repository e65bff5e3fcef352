//! The text form of a cue sheet: which files a disc is made of, and where its tracks begin in them (CDRWIN User's Guide, "Cue Sheet
//! Commands"). Times are frames of 1/75 s from the start of the file.

mod parse;
mod write;

use crate::isrc::Isrc;
use crate::mcn::Mcn;

pub use parse::{CueError, CueErrorKind};
pub use write::CueWriteError;

/// Most tracks of a disc.
const LAST_TRACK: u8 = 99;
/// Frames below 100 minutes.
const FRAMES: u32 = 100 * 60 * 75;

/// Texts of the disc or of a track.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Texts {
    /// TITLE.
    pub title: Option<String>,
    /// PERFORMER.
    pub performer: Option<String>,
    /// SONGWRITER.
    pub songwriter: Option<String>,
}

/// What is in a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FileKind {
    /// Sectors; samples of sound are little-endian.
    Binary,
    /// Sectors; samples of sound are big-endian.
    Motorola,
    /// AIFF sound.
    Aiff,
    /// WAVE sound; by custom also other formats with a name of their own.
    Wave,
    /// MPEG layer 3 sound.
    Mp3,
}

impl FileKind {
    const ALL: [(Self, &str); 5] = [
        (Self::Binary, "BINARY"),
        (Self::Motorola, "MOTOROLA"),
        (Self::Aiff, "AIFF"),
        (Self::Wave, "WAVE"),
        (Self::Mp3, "MP3"),
    ];
}

/// Kind of a track and the bytes of a sector that its file has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TrackMode {
    /// 2352 bytes of sound.
    Audio,
    /// Sound with graphics: 2448 bytes.
    Cdg,
    /// Mode 1, user data.
    Mode1User,
    /// Mode 1, whole sectors.
    Mode1Raw,
    /// Mode 2 without its header.
    Mode2,
    /// Mode 2, whole sectors.
    Mode2Raw,
    /// CD-I without header.
    Cdi,
    /// CD-I, whole sectors.
    CdiRaw,
}

impl TrackMode {
    const ALL: [(Self, &str, u32); 8] = [
        (Self::Audio, "AUDIO", 2352),
        (Self::Cdg, "CDG", 2448),
        (Self::Mode1User, "MODE1/2048", 2048),
        (Self::Mode1Raw, "MODE1/2352", 2352),
        (Self::Mode2, "MODE2/2336", 2336),
        (Self::Mode2Raw, "MODE2/2352", 2352),
        (Self::Cdi, "CDI/2336", 2336),
        (Self::CdiRaw, "CDI/2352", 2352),
    ];

    /// Bytes of a sector in the file.
    #[must_use]
    pub fn bytes_per_sector(self) -> u32 {
        Self::ALL.iter().find(|(mode, _, _)| *mode == self).map_or(2352, |(_, _, bytes)| *bytes)
    }
}

/// FLAGS of a track.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Flags {
    /// DCP: digital copies permitted.
    pub copy_permitted: bool,
    /// 4CH: four channels.
    pub four_channel: bool,
    /// PRE: pre-emphasis.
    pub pre_emphasis: bool,
    /// SCMS: a copy bit that alternates.
    pub scms: bool,
}

/// A file of the disc.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CueSource {
    /// Name as it stands there.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
}

/// Start of an index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CueIndex {
    /// 0 for the pause before the track, 1 for its start.
    pub number: u8,
    /// Which of the files it begins in.
    pub file: usize,
    /// Frames from the start of that file.
    pub frames: u32,
}

/// A track.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CueTrack {
    /// 1 to 99.
    pub number: u8,
    /// Kind of its sectors.
    pub mode: TrackMode,
    /// Its flags.
    pub flags: Flags,
    /// ISRC.
    pub isrc: Option<Isrc>,
    /// Texts.
    pub texts: Texts,
    /// Frames of silence before it that are in no file.
    pub pregap: Option<u32>,
    /// Its indexes in their order; one of them is number 1.
    pub indexes: Vec<CueIndex>,
    /// Frames of silence behind it that are in no file.
    pub postgap: Option<u32>,
    /// Remarks behind its TRACK line.
    pub remarks: Vec<String>,
}

/// A cue sheet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CueFile {
    /// CATALOG.
    pub catalog: Option<Mcn>,
    /// CDTEXTFILE: name of a file with CD-TEXT packs.
    pub cd_text_file: Option<String>,
    /// Texts of the disc.
    pub texts: Texts,
    /// Remarks before the first track.
    pub remarks: Vec<String>,
    /// The files in their order.
    pub files: Vec<CueSource>,
    /// The tracks, numbered upwards without a gap.
    pub tracks: Vec<CueTrack>,
}

#[cfg(test)]
mod tests;
