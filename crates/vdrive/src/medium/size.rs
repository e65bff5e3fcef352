//! Size classes of the media, in blocks of 2,048 bytes of the largest user area.

use glassmaster_disc::MediaType;

use crate::store::StoreError;

/// A size in which a medium is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediumSize {
    media: MediaType,
    label: &'static str,
    blocks: u32,
}

/// The usual size of each medium comes first.
///
/// CD: last possible start of the lead-out, 79:59:74 and 74:02:00. DVD-R and DVD-RW: free blocks that blank 4.7 GB
/// discs report (up to FF ECC blocks below the 2,298,496 of their books). DVD+R, DVD+RW: ECMA-349, ECMA-337
/// (30000h to 26053Fh); DL: ECMA-364, ECMA-374. DVD-R DL: ECMA-382. DVD-RAM: ECMA-330 and ECMA-272 as drives
/// report them. BD: the basic format specifications, as in MMC-6 clause 4. Disks: any size would do.
const SIZES: &[MediumSize] = &[
    of(MediaType::CD_R, "80min", 359_849),
    of(MediaType::CD_R, "74min", 333_000),
    of(MediaType::CD_RW, "80min", 359_849),
    of(MediaType::CD_RW, "74min", 333_000),
    of(MediaType::DVD_R, "4.7gb", 2_297_888),
    of(MediaType::DVD_RW, "4.7gb", 2_297_888),
    of(MediaType::DVD_R_DL, "8.5gb", 4_171_712),
    of(MediaType::DVD_RAM, "4.7gb", 2_295_072),
    of(MediaType::DVD_RAM, "2.6gb", 1_218_960),
    of(MediaType::DVD_PLUS_R, "4.7gb", 2_295_104),
    of(MediaType::DVD_PLUS_R_DL, "8.5gb", 4_173_824),
    of(MediaType::DVD_PLUS_RW, "4.7gb", 2_295_104),
    of(MediaType::DVD_PLUS_RW_DL, "8.5gb", 4_173_824),
    of(MediaType::BD_R, "25gb", 12_219_392),
    of(MediaType::BD_R, "50gb", 24_438_784),
    of(MediaType::BD_R, "100gb", 48_878_592),
    of(MediaType::BD_R, "128gb", 62_500_864),
    of(MediaType::BD_RE, "25gb", 12_219_392),
    of(MediaType::BD_RE, "50gb", 24_438_784),
    of(MediaType::BD_RE, "100gb", 48_878_592),
    of(MediaType::DISK, "2gb", 1_000_000),
    of(MediaType::DISK, "640mb", 310_352),
    of(MediaType::DISK, "32gb", 15_625_000),
];

const fn of(media: MediaType, label: &'static str, blocks: u32) -> MediumSize {
    MediumSize { media, label, blocks }
}

impl MediumSize {
    /// The sizes of a medium, the usual one first; none for media that are not emulated.
    pub fn all(media: MediaType) -> impl Iterator<Item = Self> {
        SIZES.iter().copied().filter(move |s| s.media == media)
    }

    /// The size of this name (`80min`, `4.7gb`, `50gb` ..., in any case).
    ///
    /// # Errors
    /// [`StoreError::Media`] for a medium that is not emulated, [`StoreError::Size`] for one that is not made so.
    pub fn named(media: MediaType, label: &str) -> Result<Self, StoreError> {
        let wanted = label.to_ascii_lowercase();
        match Self::all(media).find(|s| s.label == wanted) {
            Some(size) => Ok(size),
            None if Self::all(media).next().is_none() => Err(StoreError::Media { media }),
            None => Err(StoreError::Size { media, label: label.to_owned() }),
        }
    }

    /// The names of all sizes of a medium, in one line.
    pub(crate) fn labels(media: MediaType) -> String {
        Self::all(media).map(|s| s.label).collect::<Vec<_>>().join(", ")
    }

    /// The medium that is made in this size.
    #[must_use]
    pub const fn media(self) -> MediaType {
        self.media
    }

    /// Name of the size.
    #[must_use]
    pub const fn label(self) -> &'static str {
        self.label
    }

    /// Blocks of 2,048 bytes that can be recorded, before anything is set aside for spare areas.
    #[must_use]
    pub const fn blocks(self) -> u32 {
        self.blocks
    }

    /// Recording layers, as far as the size tells.
    pub(crate) const fn layers(media: MediaType, blocks: u32) -> u8 {
        match media {
            MediaType::DVD_R_DL | MediaType::DVD_PLUS_R_DL | MediaType::DVD_PLUS_RW_DL => 2,
            MediaType::BD_R | MediaType::BD_RE => match blocks {
                0..=12_219_392 => 1,
                12_219_393..=24_438_784 => 2,
                24_438_785..=48_878_592 => 3,
                _ => 4,
            },
            _ => 1,
        }
    }
}
