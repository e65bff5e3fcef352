//! Inputs of a volume: everything the image depends on besides the tree.

use glassmaster_tree::Timestamp;

use crate::el_torito::BootCatalog;
use crate::level::Level;

/// What is written, and how. Nothing else (no clock, no environment) has a part in the bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// First sector of the session; the volume descriptors stand 16 sectors further (ECMA-119 6.7.1).
    pub session_start: u32,
    /// Interchange level: lengths of identifiers, and whether files of 4 GiB and more are possible.
    pub level: Level,
    /// POSIX names and attributes in the primary hierarchy; `None` leaves them out.
    pub rock_ridge: Option<RockRidge>,
    /// Second hierarchy with Unicode names; `None` leaves it out.
    pub joliet: Option<Joliet>,
    /// Volume identifier; mapped to 32 d-characters, and to 16 UCS-2 characters for Joliet (ECMA-119 8.4.6).
    #[doc(alias = "VolumeName")]
    pub volume: String,
    /// System identifier, 32 a-characters (ECMA-119 8.4.5).
    pub system: String,
    /// Volume set identifier, 128 d-characters (ECMA-119 8.4.19).
    pub volume_set: String,
    /// Publisher identifier, 128 a-characters (ECMA-119 8.4.20).
    pub publisher: String,
    /// Data preparer identifier, 128 a-characters (ECMA-119 8.4.21).
    pub preparer: String,
    /// Application identifier, 128 a-characters (ECMA-119 8.4.22).
    pub application: String,
    /// What firmware is to boot; `None` for a disc that does not boot. Only in the first session.
    #[doc(alias = "BootImageOptions")]
    pub boot: Option<BootCatalog>,
    /// Creation and modification time of the volume (ECMA-119 8.4.26, 8.4.27).
    pub created: Timestamp,
}

/// Rock Ridge (SUSP 1.12, RRIP 1.12).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RockRidge {
    /// What becomes of directories below the eighth level.
    pub deep: DeepDirectories,
}

/// Treatment of directories below the eighth level, which ECMA-119 6.8.2.1 does not allow. Only with Rock Ridge is
/// there a choice; a plain volume always keeps them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DeepDirectories {
    /// Moved into a directory `RR_MOVED` of the root and shown in their place by CL, PL and RE (RRIP 4.1.5).
    #[default]
    Relocate,
    /// Recorded where they are, below the eighth level.
    Keep,
}

/// Joliet (UCS-2 level 3, escape sequence `%/E`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Joliet {
    /// Longest name in UTF-16 units, at most [`Joliet::RELAXED`]; 0 counts as 1.
    pub name_units: u8,
}

impl Joliet {
    /// Longest name of the Joliet specification.
    pub const STRICT: u8 = 64;
    /// Longest name that fits a directory record together with `;1`: 254 - 33 = 221 bytes. Every reader takes its
    /// length from the record, so all show it.
    pub const RELAXED: u8 = 108;
}

impl Joliet {
    /// Longest name as it is kept to.
    pub(crate) fn units(self) -> usize {
        usize::from(self.name_units.clamp(1, Self::RELAXED))
    }
}

impl Default for Joliet {
    fn default() -> Self {
        Self { name_units: Self::RELAXED }
    }
}

impl Default for Options {
    /// Level 3 with Rock Ridge and Joliet, made in 1970, called `CDROM`, application `GLASSMASTER`.
    fn default() -> Self {
        Self {
            session_start: 0,
            level: Level::Three,
            rock_ridge: Some(RockRidge::default()),
            joliet: Some(Joliet::default()),
            volume: "CDROM".to_owned(),
            system: String::new(),
            volume_set: String::new(),
            publisher: String::new(),
            preparer: String::new(),
            application: "GLASSMASTER".to_owned(),
            boot: None,
            created: Timestamp::default(),
        }
    }
}
