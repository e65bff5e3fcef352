//! The recorder itself and the questions that need no rules of their own.

use std::path::PathBuf;
use std::sync::Arc;

use glassmaster_disc::MediaType;
use glassmaster_disc::clock::{Clock, SystemClock};
use glassmaster_mmc::cmd::{
    BufferCapacity, Capacity, Configuration, DiscInformation, DiscInformationAnswer, FormatCapacities,
    GetConfiguration, Inquiry, ReadBufferCapacity, ReadCapacity, ReadDiscInformation, ReadFormatCapacities,
    ReadTrackInformation, RequestType, StandardInquiry, TrackInformation,
};
use glassmaster_mmc::feature::{FeatureCode, FeatureData, RemovableMedium};
use glassmaster_mmc::page::LoadingMechanism;
use glassmaster_mmc::{Command, Query};
use glassmaster_scsi::{SystemFacts, TransferLimits, Transport};

use crate::command::{Device, Origin};
use crate::exclusive::owner_of;
use crate::{Error, ExclusiveAccess, Patience};

/// Who a drive says it is, from its INQUIRY data, padding removed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Vendor, up to 8 characters.
    #[doc(alias = "VendorId")]
    #[doc(alias = "IDiscRecorder2.VendorId")]
    pub vendor: String,
    /// Product, up to 16 characters.
    #[doc(alias = "ProductId")]
    #[doc(alias = "IDiscRecorder2.ProductId")]
    pub product: String,
    /// Firmware revision, up to 4 characters.
    #[doc(alias = "ProductRevision")]
    #[doc(alias = "IDiscRecorder2.ProductRevision")]
    pub revision: String,
}

/// How a drive is taken into use.
#[derive(Clone, Debug)]
pub struct RecorderOptions {
    /// Limits of waiting and repeating.
    pub patience: Patience,
    /// What all waiting for the drive goes by, and what everything that uses the drive takes the time from. Real time
    /// unless told otherwise.
    pub clock: Arc<dyn Clock>,
    /// What [`DiscRecorder::id`] says; the name of the transport where it is missing.
    pub id: Option<String>,
    /// Where the owner of a drive writes its name down for other processes, such as `/run/lock`. It has to be the same
    /// directory in all programs that are to see each other. Without one, and where it cannot be written, exclusive access
    /// counts in this process, and others are kept out by the system alone.
    pub owner_directory: Option<PathBuf>,
}

impl Default for RecorderOptions {
    fn default() -> Self {
        Self { patience: Patience::default(), clock: Arc::new(SystemClock), id: None, owner_directory: None }
    }
}

/// One drive, in use from the moment it exists: what comes before `InitializeDiscRecorder` cannot be expressed. Clones
/// stand for the same drive and the same owner.
#[doc(alias = "IDiscRecorder2")]
#[doc(alias = "IDiscRecorder2Ex")]
#[doc(alias = "MsftDiscRecorder2")]
#[derive(Clone, Debug)]
pub struct DiscRecorder {
    device: Arc<Device>,
    identity: Identity,
}

/// Allocation length of the first GET CONFIGURATION; drives of today need less than 512 bytes.
const CONFIGURATION_BYTES: u16 = 4096;
/// Header and 31 descriptors, the most that its length byte can count.
const FORMAT_CAPACITIES_BYTES: u16 = 252;

impl DiscRecorder {
    /// Takes a drive into use. Fails neither for a missing medium nor for a drive that another owner holds.
    ///
    /// # Errors
    /// What the transport says; [`Error::Contradiction`] when the device is no optical drive.
    #[doc(alias = "InitializeDiscRecorder")]
    pub fn open(transport: Box<dyn Transport>) -> Result<Self, Error> {
        Self::with_patience(transport, Patience::default())
    }

    /// [`DiscRecorder::open`] with other time limits.
    ///
    /// # Errors
    /// As [`DiscRecorder::open`].
    pub fn with_patience(transport: Box<dyn Transport>, patience: Patience) -> Result<Self, Error> {
        Self::with_options(transport, RecorderOptions { patience, ..RecorderOptions::default() })
    }

    /// [`DiscRecorder::open`] with everything that can be chosen.
    ///
    /// # Errors
    /// As [`DiscRecorder::open`].
    pub fn with_options(transport: Box<dyn Transport>, options: RecorderOptions) -> Result<Self, Error> {
        let device = Device::new(transport, options);
        // A drive may be taken into use while another program has it: who it is can be asked all the same.
        let inquiry = device.identify()?;
        if inquiry.device_type != StandardInquiry::CD_DVD {
            let origin = Origin { command: Inquiry::NAME, opcode: Inquiry::OPCODE, lba: None };
            let detail = format!("device type {:02X}h is no optical drive (05h)", inquiry.device_type);
            return Err(Error::Contradiction { origin, detail });
        }
        let identity =
            Identity { vendor: inquiry.vendor, product: inquiry.product, revision: inquiry.revision };
        Ok(Self { device: Arc::new(device), identity })
    }

    pub(crate) fn device(&self) -> &Arc<Device> {
        &self.device
    }

    /// The clock it was opened with.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.device.clock()
    }

    /// The id it was opened by, which stands for this very drive also tomorrow, where it came from
    /// [`DiscMaster`](crate::DiscMaster).
    #[doc(alias = "ActiveDiscRecorder")]
    #[must_use]
    pub fn id(&self) -> &str {
        self.device.options().id.as_deref().unwrap_or(self.device.name())
    }

    /// What the operating system knows of the drive now: nodes, mount points, limits, connection.
    #[must_use]
    pub fn system(&self) -> SystemFacts {
        self.device.system()
    }

    /// The device node; the name of a drive that has none.
    #[doc(alias = "VolumeName")]
    #[must_use]
    pub fn volume_name(&self) -> String {
        self.system().node.map_or_else(|| self.name().to_owned(), |node| node.to_string_lossy().into_owned())
    }

    /// Where the disc is mounted now; the device node while it is not.
    #[doc(alias = "VolumePathNames")]
    #[must_use]
    pub fn volume_path_names(&self) -> Vec<PathBuf> {
        let facts = self.system();
        if facts.mount_points.is_empty() {
            vec![facts.node.unwrap_or_else(|| PathBuf::from(self.name()))]
        } else {
            facts.mount_points
        }
    }

    /// N of `/dev/srN`: the order in which the system found the drives. Not the same after the next start. `None` for
    /// drives that are no block devices.
    #[doc(alias = "LegacyDeviceNumber")]
    #[must_use]
    pub fn legacy_device_number(&self) -> Option<u32> {
        self.system().number
    }

    /// Most bytes one command moves, and how the adapter wants data to lie in memory.
    #[doc(alias = "GetByteAlignmentMask")]
    #[doc(alias = "GetMaximumNonPageAlignedTransferSize")]
    #[doc(alias = "GetMaximumPageAlignedTransferSize")]
    #[must_use]
    pub fn transfer_limits(&self) -> TransferLimits {
        self.system().limits
    }

    /// What people call this drive: a path, or `virtual:FILE`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.device.name()
    }

    /// Vendor, product and revision.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Most bytes that one command moves.
    #[must_use]
    pub fn max_transfer(&self) -> usize {
        self.device.max_transfer()
    }

    /// Time limits in force.
    #[must_use]
    pub fn patience(&self) -> &Patience {
        self.device.patience()
    }

    /// The transport, when no clone, guard or source of this recorder is left.
    ///
    /// # Errors
    /// The recorder itself while something still uses it.
    pub fn into_transport(self) -> Result<Box<dyn Transport>, Self> {
        let Self { device, identity } = self;
        match Arc::try_unwrap(device) {
            Ok(device) => Ok(device.into_transport()),
            Err(device) => Err(Self { device, identity }),
        }
    }

    /// Holds the drive for `owner` until the guard is dropped. Counted: the same recorder may hold several. Only while no
    /// file system of the drive is mounted.
    ///
    /// # Errors
    /// [`Error::ClientName`]; [`Error::Held`] while another recorder has the drive, of this process or, with
    /// [`RecorderOptions::owner_directory`], of another; [`Error::System`] when a file system is mounted or another program
    /// keeps the drive.
    #[doc(alias = "AcquireExclusiveAccess")]
    pub fn acquire_exclusive_access(&self, owner: &str) -> Result<ExclusiveAccess, Error> {
        ExclusiveAccess::acquire(&self.device, owner, false)
    }

    /// [`DiscRecorder::acquire_exclusive_access`] even if a file system of the drive is mounted. What that file system
    /// still holds in memory may then be wrong.
    ///
    /// # Errors
    /// As [`DiscRecorder::acquire_exclusive_access`], mounts aside.
    #[doc(alias = "AcquireExclusiveAccess")]
    pub fn force_exclusive_access(&self, owner: &str) -> Result<ExclusiveAccess, Error> {
        ExclusiveAccess::acquire(&self.device, owner, true)
    }

    /// Name of the owner who holds the drive, asked anew each time; `None` when it is free.
    #[doc(alias = "ExclusiveAccessOwner")]
    #[must_use]
    pub fn exclusive_access_owner(&self) -> Option<String> {
        owner_of(&self.device)
    }

    /// Asks any question that has an answer of its own.
    ///
    /// # Errors
    /// What the drive says; [`Error::Answer`] when its answer cannot be read.
    pub fn query<Q: Query>(&self, query: &Q) -> Result<Q::Response, Error> {
        self.device.query(query)
    }

    /// The answer to a question as it came.
    ///
    /// # Errors
    /// What the drive says.
    pub fn query_bytes<Q: Command>(&self, query: &Q) -> Result<Vec<u8>, Error> {
        self.device.query_bytes(query)
    }

    /// Current profile and all features (MMC-6 6.5, GET CONFIGURATION).
    ///
    /// # Errors
    /// What the drive says.
    pub fn configuration(&self) -> Result<Configuration, Error> {
        let mut query = GetConfiguration {
            request: RequestType::All,
            starting_feature: FeatureCode::default(),
            allocation_length: CONFIGURATION_BYTES,
        };
        let bytes = self.query_bytes(&query)?;
        let origin = Origin { command: GetConfiguration::NAME, opcode: GetConfiguration::OPCODE, lba: None };
        let bad = |source| Error::Answer { origin, source };
        let full = Configuration::full_length(&bytes).map_err(bad)?;
        if full > usize::from(CONFIGURATION_BYTES) {
            // MMC-6 advises no more than 65530 bytes.
            query.allocation_length = u16::try_from(full).unwrap_or(65530).min(65530);
            return self.query(&query);
        }
        Configuration::parse(&bytes).map_err(bad)
    }

    /// Type of the medium, [`MediaType::UNKNOWN`] without one.
    ///
    /// # Errors
    /// What the drive says.
    #[doc(alias = "CurrentPhysicalMediaType")]
    pub fn media_type(&self) -> Result<MediaType, Error> {
        Ok(self.configuration()?.current_profile.media_type())
    }

    /// Whether the drive ejects and loads by itself: feature 0003h (MMC-6 5.3.4), Eject and Load, no caddy.
    ///
    /// Slim drives are known to claim it wrongly: their tray comes out and stays out.
    ///
    /// # Errors
    /// What the drive says.
    #[doc(alias = "DeviceCanLoadMedia")]
    pub fn can_load(&self) -> Result<bool, Error> {
        let configuration = self.configuration()?;
        let version = configuration.descriptor(RemovableMedium::CODE).map_or(0, |f| f.version);
        let Some(feature) = configuration.feature::<RemovableMedium>() else { return Ok(false) };
        // The Load bit came with version 1 of the feature; before it, a tray was known to close.
        let load = feature.load || (version == 0 && feature.loading == LoadingMechanism::TRAY);
        Ok(feature.loading != LoadingMechanism::CADDY && feature.eject && load)
    }

    /// State of the disc (MMC-6 6.21, READ DISC INFORMATION).
    ///
    /// # Errors
    /// What the drive says.
    pub fn disc_information(&self) -> Result<DiscInformation, Error> {
        match self.query(&ReadDiscInformation::standard())? {
            DiscInformationAnswer::Standard(information) => Ok(information),
            _ => {
                let origin = Origin {
                    command: ReadDiscInformation::NAME,
                    opcode: ReadDiscInformation::OPCODE,
                    lba: None,
                };
                let detail = "another structure than the standard disc information".to_owned();
                Err(Error::Contradiction { origin, detail })
            }
        }
    }

    /// State of a track (MMC-6 6.26, READ TRACK INFORMATION).
    ///
    /// # Errors
    /// What the drive says.
    pub fn track_information(&self, query: &ReadTrackInformation) -> Result<TrackInformation, Error> {
        self.query(query)
    }

    /// Last readable block and block size (MMC-6 6.18, READ CAPACITY).
    ///
    /// # Errors
    /// What the drive says.
    pub fn read_capacity(&self) -> Result<Capacity, Error> {
        self.query(&ReadCapacity::default())
    }

    /// What the medium is formatted to and could be (MMC-6 6.23, READ FORMAT CAPACITIES).
    ///
    /// # Errors
    /// What the drive says.
    pub fn format_capacities(&self) -> Result<FormatCapacities, Error> {
        self.query(&ReadFormatCapacities { allocation_length: FORMAT_CAPACITIES_BYTES })
    }

    /// Size and free part of the drive's buffer, in bytes (MMC-6 6.17, READ BUFFER CAPACITY).
    ///
    /// # Errors
    /// What the drive says.
    pub fn buffer_capacity(&self) -> Result<BufferCapacity, Error> {
        self.query(&ReadBufferCapacity::in_bytes())
    }
}
