//! What an image shall be: file systems, names, times. All of it input; nothing is taken from a clock.

use std::fmt;
use std::str::FromStr;

use glassmaster_disc::SessionInfo;
use glassmaster_tree::Timestamp;

bitflags::bitflags! {
    /// File systems of an image; the numbers are those of the contract, Rock Ridge is ours.
    #[doc(alias = "FsiFileSystems")]
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct FileSystems: u32 {
        /// ISO 9660 (ECMA-119).
        #[doc(alias = "FsiFileSystemISO9660")]
        const ISO9660 = 1;
        /// Joliet; needs and brings ISO 9660.
        #[doc(alias = "FsiFileSystemJoliet")]
        const JOLIET = 2;
        /// UDF of the revision chosen beside.
        #[doc(alias = "FsiFileSystemUDF")]
        const UDF = 4;
        /// Rock Ridge (RRIP 1.12) in the ISO 9660 tree; needs and brings ISO 9660.
        const ROCK_RIDGE = 0x100;
    }
}

impl FileSystems {
    /// No file system.
    #[doc(alias = "FsiFileSystemNone")]
    pub const NONE: Self = Self::empty();
    /// Something that none of the others is; found on discs, never created.
    #[doc(alias = "FsiFileSystemUnknown")]
    pub const UNKNOWN: Self = Self::from_bits_retain(0x4000_0000);

    /// Adds what the selected ones stand on.
    #[must_use]
    pub fn completed(self) -> Self {
        if self.intersects(Self::JOLIET | Self::ROCK_RIDGE) { self | Self::ISO9660 } else { self }
    }
}

/// Command-line names of the file systems.
const NAMES: [(&str, FileSystems); 4] = [
    ("iso9660", FileSystems::ISO9660),
    ("joliet", FileSystems::JOLIET),
    ("rock-ridge", FileSystems::ROCK_RIDGE),
    ("udf", FileSystems::UDF),
];

impl fmt::Display for FileSystems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<_> = NAMES.iter().filter(|(_, fs)| self.contains(*fs)).map(|(n, _)| *n).collect();
        f.write_str(&list.join(","))
    }
}

impl FromStr for FileSystems {
    type Err = String;

    /// A comma-separated list of `iso9660`, `joliet`, `rock-ridge` and `udf`.
    fn from_str(s: &str) -> Result<Self, String> {
        let mut all = Self::empty();
        for part in s.split(',') {
            let known = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(part.trim()));
            let (_, fs) = known.ok_or_else(|| {
                format!("no file system is called '{part}'; known are iso9660, joliet, rock-ridge, udf")
            })?;
            all |= *fs;
        }
        Ok(all)
    }
}

/// What happens to names that a file system cannot hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NamePolicy {
    /// They are mapped, uniquely and stably, and listed.
    #[default]
    Map,
    /// The image is refused with the list of them.
    Refuse,
}

/// What happens when a file is no longer what it was when the image was planned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnChanged {
    /// Writing ends with an error that names the file.
    #[default]
    Fail,
    /// Its place is filled with what can be read, then zeros, and the repair is reported.
    Pad,
}

/// Everything that decides the bytes of an image beside the tree.
#[derive(Clone, Debug)]
pub struct ImageOptions {
    /// File systems to create.
    #[doc(alias = "FileSystemsToCreate")]
    pub file_systems: FileSystems,
    /// Revision of UDF, 1.02 to 2.60.
    #[doc(alias = "UDFRevision")]
    pub udf_revision: glassmaster_udf::Revision,
    /// Level of interchange of ISO 9660, 1 to 3; 3 allows files of 4 GiB and more.
    #[doc(alias = "ISO9660InterchangeLevel")]
    pub iso_level: glassmaster_iso9660::Level,
    /// Longest Joliet name in UTF-16 units, 1 to 108; the specification has 64, which no reader minds being exceeded.
    pub joliet_units: u8,
    /// Volume name; each file system records as much of it as it can.
    #[doc(alias = "VolumeName")]
    pub volume_name: String,
    /// Creation time of the volume.
    pub created: Timestamp,
    /// Names that cannot be recorded.
    pub names: NamePolicy,
    /// Files that change between planning and writing.
    pub on_changed: OnChanged,
    /// With UDF alone: files of at most so many bytes are kept in their file entry.
    pub embed_up_to: Option<u32>,
    /// Where the session stands on its medium and how much room there is.
    pub session: SessionInfo,
    /// UDF 2.50 and later: the metadata mirror file holds a full copy of the file entries and directories instead of
    /// sharing the sectors of the main one (UDF 2.2.13). Other revisions have no such file and take no notice.
    #[doc(alias = "CreateRedundantUdfMetadataFiles")]
    pub mirror: bool,
    /// UDF 1.50 and later on media that grow: file entries are addressed through a virtual allocation table in the last
    /// sectors, so that drives and kernels can append to the volume (UDF 2.2.11). The volume is recognised only where it
    /// ends exactly with its last sector.
    pub vat: bool,
    /// What firmware is to boot, El Torito. Images are contents of the tree: of files, or without a name. With UDF alone
    /// the catalog hangs on an ISO 9660 volume without files.
    #[doc(alias = "BootImageOptionsArray")]
    pub boot: Option<glassmaster_iso9660::el_torito::BootCatalog>,
    /// Boot images that are told where they stand: bytes 8 to 63 become the boot info table that ISOLINUX and other
    /// loaders look for, of which the firmware loads only the first sectors. The file of the host stays as it is; every
    /// file system shows the changed bytes.
    pub boot_info: Vec<glassmaster_tree::DataId>,
    /// What an earlier session fixes; `None` for the first session of a medium.
    pub previous: Option<PreviousLayout>,
}

/// What a session has to know of the one before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PreviousLayout {
    /// First sector of the UDF partition, which every session keeps, so that old addresses stay valid.
    pub partition_start: Option<u32>,
    /// First UniqueID that is free (UDF 3.2.1.1).
    pub next_unique_id: Option<u64>,
}

impl ImageOptions {
    /// A bridge of ISO 9660 level 3, Joliet, Rock Ridge and UDF 1.02 from sector 0 on; changed names are mapped, changed
    /// files are errors, metadata is mirrored where the revision knows it.
    #[must_use]
    pub fn new(volume_name: impl Into<String>, created: Timestamp) -> Self {
        Self {
            file_systems: FileSystems::ISO9660
                | FileSystems::JOLIET
                | FileSystems::ROCK_RIDGE
                | FileSystems::UDF,
            udf_revision: glassmaster_udf::Revision::V102,
            iso_level: glassmaster_iso9660::Level::Three,
            joliet_units: glassmaster_iso9660::Joliet::RELAXED,
            volume_name: volume_name.into(),
            created,
            names: NamePolicy::Map,
            on_changed: OnChanged::Fail,
            embed_up_to: None,
            session: SessionInfo::default(),
            mirror: true,
            vat: false,
            previous: None,
            boot: None,
            boot_info: Vec::new(),
        }
    }
}
