//! Physical media types with the numbers of `IMAPI_MEDIA_PHYSICAL_TYPE`.

use std::fmt;
use std::str::FromStr;

/// Physical type of a medium. Open: numbers from 0x10000 up are free for others, unknown ones are kept.
#[doc(alias = "IMAPI_MEDIA_PHYSICAL_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MediaType(pub u32);

impl MediaType {
    /// No medium, or none that is recognised.
    #[doc(alias = "IMAPI_MEDIA_TYPE_UNKNOWN")]
    pub const UNKNOWN: Self = Self(0);
    /// Read-only CD.
    #[doc(alias = "IMAPI_MEDIA_TYPE_CDROM")]
    pub const CD_ROM: Self = Self(1);
    /// CD-R.
    #[doc(alias = "IMAPI_MEDIA_TYPE_CDR")]
    pub const CD_R: Self = Self(2);
    /// CD-RW.
    #[doc(alias = "IMAPI_MEDIA_TYPE_CDRW")]
    pub const CD_RW: Self = Self(3);
    /// Read-only DVD.
    #[doc(alias = "IMAPI_MEDIA_TYPE_DVDROM")]
    pub const DVD_ROM: Self = Self(4);
    /// DVD-RAM.
    #[doc(alias = "IMAPI_MEDIA_TYPE_DVDRAM")]
    pub const DVD_RAM: Self = Self(5);
    /// DVD+R.
    #[doc(alias = "IMAPI_MEDIA_TYPE_DVDPLUSR")]
    pub const DVD_PLUS_R: Self = Self(6);
    /// DVD+RW.
    #[doc(alias = "IMAPI_MEDIA_TYPE_DVDPLUSRW")]
    pub const DVD_PLUS_RW: Self = Self(7);
    /// DVD+R DL.
    #[doc(alias = "IMAPI_MEDIA_TYPE_DVDPLUSR_DUALLAYER")]
    pub const DVD_PLUS_R_DL: Self = Self(8);
    /// DVD-R.
    #[doc(alias = "IMAPI_MEDIA_TYPE_DVDDASHR")]
    pub const DVD_R: Self = Self(9);
    /// DVD-RW.
    #[doc(alias = "IMAPI_MEDIA_TYPE_DVDDASHRW")]
    pub const DVD_RW: Self = Self(10);
    /// DVD-R DL.
    #[doc(alias = "IMAPI_MEDIA_TYPE_DVDDASHR_DUALLAYER")]
    pub const DVD_R_DL: Self = Self(11);
    /// Randomly writable disk with its own defect management.
    #[doc(alias = "IMAPI_MEDIA_TYPE_DISK")]
    pub const DISK: Self = Self(12);
    /// DVD+RW DL.
    #[doc(alias = "IMAPI_MEDIA_TYPE_DVDPLUSRW_DUALLAYER")]
    pub const DVD_PLUS_RW_DL: Self = Self(13);
    /// HD DVD-ROM.
    #[doc(alias = "IMAPI_MEDIA_TYPE_HDDVDROM")]
    pub const HD_DVD_ROM: Self = Self(14);
    /// HD DVD-R.
    #[doc(alias = "IMAPI_MEDIA_TYPE_HDDVDR")]
    pub const HD_DVD_R: Self = Self(15);
    /// HD DVD-RAM.
    #[doc(alias = "IMAPI_MEDIA_TYPE_HDDVDRAM")]
    pub const HD_DVD_RAM: Self = Self(16);
    /// BD-ROM.
    #[doc(alias = "IMAPI_MEDIA_TYPE_BDROM")]
    pub const BD_ROM: Self = Self(17);
    /// BD-R.
    #[doc(alias = "IMAPI_MEDIA_TYPE_BDR")]
    pub const BD_R: Self = Self(18);
    /// BD-RE.
    #[doc(alias = "IMAPI_MEDIA_TYPE_BDRE")]
    pub const BD_RE: Self = Self(19);
    /// The named type with the highest number.
    #[doc(alias = "IMAPI_MEDIA_TYPE_MAX")]
    pub const MAX: Self = Self::BD_RE;

    /// Every named type, in the order of its number.
    pub const ALL: [Self; 20] = [
        Self::UNKNOWN,
        Self::CD_ROM,
        Self::CD_R,
        Self::CD_RW,
        Self::DVD_ROM,
        Self::DVD_RAM,
        Self::DVD_PLUS_R,
        Self::DVD_PLUS_RW,
        Self::DVD_PLUS_R_DL,
        Self::DVD_R,
        Self::DVD_RW,
        Self::DVD_R_DL,
        Self::DISK,
        Self::DVD_PLUS_RW_DL,
        Self::HD_DVD_ROM,
        Self::HD_DVD_R,
        Self::HD_DVD_RAM,
        Self::BD_ROM,
        Self::BD_R,
        Self::BD_RE,
    ];

    /// The field's name for it (`BD-R`, `DVD+RW DL`), or `medium type N` for a number without one.
    #[must_use]
    pub fn label(self) -> Option<&'static str> {
        ROWS.iter().find(|r| r.0 == self).map(|r| r.2)
    }
}

/// Number, name on a command line, name in prose.
const ROWS: [(MediaType, &str, &str); 20] = [
    (MediaType::UNKNOWN, "unknown", "unknown medium"),
    (MediaType::CD_ROM, "cd-rom", "CD-ROM"),
    (MediaType::CD_R, "cd-r", "CD-R"),
    (MediaType::CD_RW, "cd-rw", "CD-RW"),
    (MediaType::DVD_ROM, "dvd-rom", "DVD-ROM"),
    (MediaType::DVD_RAM, "dvd-ram", "DVD-RAM"),
    (MediaType::DVD_PLUS_R, "dvd+r", "DVD+R"),
    (MediaType::DVD_PLUS_RW, "dvd+rw", "DVD+RW"),
    (MediaType::DVD_PLUS_R_DL, "dvd+r-dl", "DVD+R DL"),
    (MediaType::DVD_R, "dvd-r", "DVD-R"),
    (MediaType::DVD_RW, "dvd-rw", "DVD-RW"),
    (MediaType::DVD_R_DL, "dvd-r-dl", "DVD-R DL"),
    (MediaType::DISK, "disk", "disk"),
    (MediaType::DVD_PLUS_RW_DL, "dvd+rw-dl", "DVD+RW DL"),
    (MediaType::HD_DVD_ROM, "hddvd-rom", "HD DVD-ROM"),
    (MediaType::HD_DVD_R, "hddvd-r", "HD DVD-R"),
    (MediaType::HD_DVD_RAM, "hddvd-ram", "HD DVD-RAM"),
    (MediaType::BD_ROM, "bd-rom", "BD-ROM"),
    (MediaType::BD_R, "bd-r", "BD-R"),
    (MediaType::BD_RE, "bd-re", "BD-RE"),
];

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label() {
            Some(name) => f.write_str(name),
            None => write!(f, "medium type {}", self.0),
        }
    }
}

/// A name that is no medium type.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no medium type is called '{0}'; known are {list}", list = ROWS.map(|r| r.1).join(", "))]
pub struct UnknownMedia(pub String);

impl FromStr for MediaType {
    type Err = UnknownMedia;

    /// Accepts `bd-r`, `dvd+rw`, `dvd+r-dl` ... in any case.
    fn from_str(s: &str) -> Result<Self, UnknownMedia> {
        let wanted = s.to_ascii_lowercase();
        ROWS.iter().find(|r| r.1 == wanted).map(|r| r.0).ok_or_else(|| UnknownMedia(s.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_a_bijection() {
        for (number, media) in MediaType::ALL.iter().enumerate() {
            assert_eq!(media.0 as usize, number);
            let row = ROWS.iter().find(|r| r.0 == *media).unwrap();
            assert_eq!(row.1.parse::<MediaType>().unwrap(), *media);
        }
        assert_eq!(MediaType::ALL.last(), Some(&MediaType::MAX));
        assert!("bd-x".parse::<MediaType>().is_err());
    }
}
