//! What a caller may choose for a data write.

use std::time::Duration;

use crate::ring::RingOptions;
use crate::verify::VerifyLevel;

/// How a CD-R is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CdWriteType {
    /// Session at once on a blank disc where the drive has it, else track at once.
    #[default]
    Auto,
    /// Session at once (MMC-6 7.5.4.9, write type 2): lead-in, data and lead-out in one go. Blank discs only.
    SessionAtOnce,
    /// Track at once (MMC-6 7.5.4.9, write type 1): two run-out sectors follow the data.
    TrackAtOnce,
}

/// How DVD-R and DVD-RW are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DashWriteType {
    /// DVD-R: disc at once when the only session closes the disc, incremental otherwise. Two layers: disc at once, or
    /// layer jump where the medium is in that mode. Blank DVD-RW: formatted and overwritten where the drive can.
    #[default]
    Auto,
    /// Disc at once (MMC-6 7.5.4.9, write type 2): one session, which closes the disc. Blank discs only.
    DiscAtOnce,
    /// Incremental (write type 0): ECC blocks with lossless links; another session may follow. A DVD-RW is not
    /// formatted.
    Incremental,
    /// Layer jump (write type 4): DVD-R of two layers only; the recording changes between the layers.
    LayerJump,
}

/// Whether the drive may replace bad clusters of BD-R and BD-RE by spare ones. Decided when a blank disc is formatted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SpareAreas {
    /// BD-R: without, which needs no format. BD-RE: as the drive formats by itself.
    #[default]
    Auto,
    /// With spare areas of the drive's usual size: less room, and BD-R is slower.
    With,
    /// Without.
    Without,
}

/// Whether the disc may be ejected and loaded again before it is verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reload {
    /// Never: the tray stays as it is.
    Never,
    /// Where the drive can and does not read the new data otherwise.
    #[default]
    IfNeeded,
    /// Always, so that nothing comes from the drive's cache. An error where the drive cannot.
    Always,
}

/// Options of a data write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataOptions {
    /// Name under which the drive is held while writing, by the rules of
    /// [`check_client_name`](glassmaster_recorder::check_client_name).
    #[doc(alias = "ClientName")]
    pub client_name: String,
    /// Sectors per second, the closest the drive has; `None` for its fastest.
    #[doc(alias = "RequestedWriteSpeed")]
    pub speed: Option<u32>,
    /// Ask for constant angular velocity.
    #[doc(alias = "RequestedRotationTypeIsPureCAV")]
    pub pure_cav: bool,
    /// Close the disc for good. It is closed anyway when 2 % of it or less stay free.
    #[doc(alias = "ForceMediaToBeClosed")]
    pub force_close: bool,
    /// Skip what makes DVD+R and DVD+RW readable in the most players. As long as this is `false` a DVD+R is closed for good
    /// by its first session.
    #[doc(alias = "DisableConsumerDvdCompatibilityMode")]
    pub disable_dvd_compatibility: bool,
    /// Overwrite an overwritable medium that holds data.
    #[doc(alias = "ForceOverwrite")]
    pub force_overwrite: bool,
    /// Switch buffer under-run protection off (CD only).
    #[doc(alias = "BufferUnderrunFreeDisabled")]
    pub disable_underrun_protection: bool,
    /// CD: the source ends with its post-gap of 150 sectors, so none is added.
    #[doc(alias = "PostgapAlreadyInImage")]
    pub postgap_in_image: bool,
    /// Check of the disc after writing.
    #[doc(alias = "BurnVerificationLevel")]
    pub verify: VerifyLevel,
    /// Seed that chooses the sectors of a quick verification; the same seed chooses the same sectors.
    pub verify_seed: u64,
    /// How a CD-R is written.
    pub cd_write_type: CdWriteType,
    /// How DVD-R and DVD-RW are written.
    pub dash_write_type: DashWriteType,
    /// Spare areas of a BD that is formatted.
    pub spare_areas: SpareAreas,
    /// Go through the whole write with the laser at read power (TEST WRITE of mode page 05h): nothing is recorded, closed or
    /// verified. CD and, incrementally, DVD-R and sequential DVD-RW, where the drive can; other media are refused.
    pub test_write: bool,
    /// Ejecting and loading before verification.
    pub reload: Reload,
    /// Read-ahead between source and drive.
    pub ring: RingOptions,
    /// Longest time the drive may refuse one block with "later".
    pub stall_limit: Duration,
    /// Longest time the source may deliver nothing.
    pub source_limit: Duration,
    /// Longest time for formatting a medium so far that it can be written.
    pub format_limit: Duration,
    /// Longest time for flushing and closing.
    pub close_limit: Duration,
    /// Sectors between two safe points of a write with a journal.
    pub safe_point_every: u64,
}

impl Default for DataOptions {
    fn default() -> Self {
        Self {
            client_name: "Glassmaster".to_owned(),
            speed: None,
            pure_cav: false,
            force_close: false,
            disable_dvd_compatibility: false,
            force_overwrite: false,
            disable_underrun_protection: false,
            postgap_in_image: false,
            verify: VerifyLevel::None,
            verify_seed: 0x676C_6173_735F_6D61,
            cd_write_type: CdWriteType::Auto,
            dash_write_type: DashWriteType::Auto,
            spare_areas: SpareAreas::Auto,
            test_write: false,
            reload: Reload::IfNeeded,
            ring: RingOptions::default(),
            stall_limit: Duration::from_secs(180),
            source_limit: Duration::from_secs(300),
            format_limit: Duration::from_secs(2 * 3600),
            close_limit: Duration::from_secs(3600),
            // 64 MiB: flushing a disc that is overwritten costs a moment.
            safe_point_every: 32_768,
        }
    }
}
