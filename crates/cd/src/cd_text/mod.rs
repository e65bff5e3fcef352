//! CD-TEXT: titles and names in the lead-in, in up to eight languages (MMC-6 annex J; Red Book, "Subcode R to W").

mod charset;
mod decode;
mod encode;
mod pack;

use std::collections::BTreeMap;

pub use charset::{Charset, CharsetError};
pub use pack::{PACK, PAYLOAD, Pack, PackError, PackType, lead_in_subcode, packs_of};

/// Language of a block: a number of EBU Tech 3264 appendix 3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Language(pub u8);

impl Language {
    /// German.
    pub const GERMAN: Self = Self(0x08);
    /// English.
    pub const ENGLISH: Self = Self(0x09);
    /// Spanish.
    pub const SPANISH: Self = Self(0x0A);
    /// French.
    pub const FRENCH: Self = Self(0x0F);
    /// Italian.
    pub const ITALIAN: Self = Self(0x15);
    /// Japanese.
    pub const JAPANESE: Self = Self(0x69);
}

/// Genre of a disc: a number and, if one likes, words.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Genre {
    /// Number of the genre, 0 for none.
    pub code: u16,
    /// More about it, in ASCII.
    pub text: String,
}

/// A block: all texts in one language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Its language.
    pub language: Language,
    /// Characters of titles, names and messages. All other texts are in ISO 8859-1.
    pub charset: Charset,
    /// Copyright flags: bit 7 of the flags themselves, others of the kinds of text.
    pub copyright: u8,
    /// First track with text.
    pub first_track: u8,
    /// Last track with text.
    pub last_track: u8,
    /// Texts by kind, and by track; track 0 is the disc. An empty text is the same as none.
    pub texts: BTreeMap<PackType, BTreeMap<u8, String>>,
    /// Genre of the disc.
    pub genre: Option<Genre>,
    /// Tables of contents, as they are: kind, counter, bytes.
    pub binary: Vec<(PackType, u8, [u8; PAYLOAD])>,
}

impl Block {
    /// Without texts.
    #[must_use]
    pub fn new(language: Language, charset: Charset, first_track: u8, last_track: u8) -> Self {
        Self {
            language,
            charset,
            copyright: 0,
            first_track,
            last_track,
            texts: BTreeMap::new(),
            genre: None,
            binary: Vec::new(),
        }
    }

    /// Sets a text of a track, or of the disc as track 0; an empty one removes it.
    pub fn set(&mut self, kind: PackType, track: u8, text: impl Into<String>) {
        let text = text.into();
        let of_kind = self.texts.entry(kind).or_default();
        if text.is_empty() {
            of_kind.remove(&track);
        } else {
            of_kind.insert(track, text);
        }
        self.texts.retain(|_, of_kind| !of_kind.is_empty());
    }

    /// A text of a track, or of the disc as track 0.
    #[must_use]
    pub fn get(&self, kind: PackType, track: u8) -> Option<&str> {
        self.texts.get(&kind)?.get(&track).map(String::as_str)
    }
}

/// All of a disc's CD-TEXT.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CdText {
    /// One to eight blocks; number 0 is the first.
    pub blocks: Vec<Block>,
}

/// Why something is no CD-TEXT.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CdTextError {
    /// More blocks than numbers for them.
    #[error("CD-TEXT has 8 blocks at most, and these are {0}")]
    Blocks(usize),
    /// More packs than numbers for them.
    #[error("the texts of block {0} are too long: they need more than 256 packs")]
    TooLong(u8),
    /// Tracks outside 1 to 99, or in a wrong order.
    #[error("block {0} has tracks from {1} to {2}, and 1 to 99 are possible")]
    Tracks(u8, u8, u8),
    /// A text for a track the block does not have.
    #[error("block {0} has a text for track {1}, which is none of its tracks")]
    Track(u8, u8),
    /// A kind of pack that has no text here.
    #[error("block {0} has texts of kind {1:02X}h, which is none of texts")]
    Kind(u8, u8),
    /// A character that the block cannot have.
    #[error("block {block}, track {track}: {error}")]
    Character {
        /// Block.
        block: u8,
        /// Track, 0 for the disc.
        track: u8,
        /// The character.
        error: CharsetError,
    },
    /// A block without its size packs.
    #[error("block {0} has no complete size information")]
    NoSize(u8),
    /// An unknown character set.
    #[error("block {0} is in character set {1:02X}h, which is not known")]
    UnknownCharset(u8, u8),
}

#[cfg(test)]
mod tests;
