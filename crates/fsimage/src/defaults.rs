//! Which file systems suit a medium, when nobody says.

use glassmaster_disc::MediaType;
use glassmaster_tree::Tree;
use glassmaster_udf::Revision;

use crate::FileSystems;

/// A choice and why it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// File systems to create.
    pub file_systems: FileSystems,
    /// Revision of UDF, meaningful when UDF is among them.
    pub udf_revision: Revision,
    /// One sentence for people.
    pub reason: String,
}

/// Directories that fit the 16-bit parent numbers of a path table (ECMA-119 9.4.4).
const ISO_DIRECTORIES: u32 = 65_535;

/// File systems for `media` and what is in `tree`.
///
/// CD holds ISO 9660 with Joliet and Rock Ridge, which every system since 1995 reads; DVD, BD and plain image files
/// add UDF, without which Windows and macOS show no file of 4 GiB and more; a tree with more directories than a path
/// table can number gets UDF alone.
///
/// `revision`, where somebody asks for one, is the one of UDF, and brings UDF to a CD too.
#[doc(alias = "ChooseImageDefaultsForMediaType")]
#[must_use]
pub fn choose(media: Option<MediaType>, revision: Option<Revision>, tree: &Tree) -> Choice {
    let iso = FileSystems::ISO9660 | FileSystems::JOLIET | FileSystems::ROCK_RIDGE;
    let (name, usual) = match media {
        Some(media @ (MediaType::BD_R | MediaType::BD_RE)) => (media.to_string(), Revision::V201),
        Some(media) => (media.to_string(), Revision::V102),
        None => ("an image for any medium".to_owned(), Revision::V102),
    };
    let wanted = revision.is_some();
    let revision = revision.unwrap_or(usual);
    if tree.directory_count() > ISO_DIRECTORIES {
        return Choice {
            file_systems: FileSystems::UDF,
            udf_revision: revision,
            reason: format!(
                "{} directories are more than the {ISO_DIRECTORIES} that ISO 9660 can number, so UDF {revision} alone",
                tree.directory_count()
            ),
        };
    }
    let cd = matches!(media, Some(MediaType::CD_R | MediaType::CD_RW | MediaType::CD_ROM));
    let large = tree.contents().any(|(_, data)| data.size > u64::from(u32::MAX));
    if cd && !large && !wanted {
        return Choice {
            file_systems: iso,
            udf_revision: revision,
            reason: format!("{name}: ISO 9660 with Joliet and Rock Ridge is read everywhere"),
        };
    }
    Choice {
        file_systems: iso | FileSystems::UDF,
        udf_revision: revision,
        reason: format!(
            "{name}: a bridge of ISO 9660, Joliet, Rock Ridge and UDF {revision} over one copy of the files"
        ),
    }
}

/// What IMAPI selects for a medium (contract 9.4): file systems, a UDF revision where it is not left as it is, and nominal
/// sectors, 0 for no limit. `None` for types that cannot be written.
pub(crate) fn of_contract(media: MediaType) -> Option<(FileSystems, Option<Revision>, i32)> {
    let latest = Revision::ALL.into_iter().rfind(|r| r.bcd() <= 0x0250);
    Some(match media {
        MediaType::CD_R | MediaType::CD_RW => (FileSystems::ISO9660 | FileSystems::JOLIET, None, 332_800),
        MediaType::HD_DVD_R | MediaType::HD_DVD_RAM => (FileSystems::UDF, latest, 0),
        MediaType::BD_R | MediaType::BD_RE => (FileSystems::UDF, latest, 12_219_392),
        MediaType::DISK => (FileSystems::UDF, None, 0),
        MediaType::DVD_RAM
        | MediaType::DVD_PLUS_R
        | MediaType::DVD_PLUS_RW
        | MediaType::DVD_PLUS_R_DL
        | MediaType::DVD_PLUS_RW_DL
        | MediaType::DVD_R
        | MediaType::DVD_RW
        | MediaType::DVD_R_DL => (FileSystems::UDF, None, i32::try_from(nominal_blocks(media)).unwrap_or(0)),
        _ => return None,
    })
}

/// Sectors a blank medium of that type takes: what an image for it may measure. 0 when the type has no one size.
///
/// CD is taken as the 80-minute disc less the post-gap and run-out that a data track needs (ECMA-130 20.6); BD-RE as
/// formatted with default spare areas, the others as in the contract.
#[doc(alias = "FreeMediaBlocks")]
#[must_use]
pub fn nominal_blocks(media: MediaType) -> u64 {
    match media {
        MediaType::CD_R | MediaType::CD_RW => 359_849 - 150 - 2,
        MediaType::DVD_RAM => 2_236_704,
        MediaType::DVD_PLUS_R | MediaType::DVD_PLUS_RW => 2_295_104,
        MediaType::DVD_PLUS_R_DL | MediaType::DVD_PLUS_RW_DL => 4_173_824,
        MediaType::DVD_R => 2_298_496,
        MediaType::DVD_RW => 2_297_888,
        MediaType::DVD_R_DL => 4_171_712,
        MediaType::BD_R => 12_219_392,
        MediaType::BD_RE => 11_826_176,
        _ => 0,
    }
}
