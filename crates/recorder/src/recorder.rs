//! The recorder itself and the questions that need no rules of their own.

use std::sync::Arc;

use glassmaster_disc::MediaType;
use glassmaster_mmc::cmd::{
    BufferCapacity, Capacity, Configuration, DiscInformation, DiscInformationAnswer, FormatCapacities,
    GetConfiguration, Inquiry, ReadBufferCapacity, ReadCapacity, ReadDiscInformation, ReadFormatCapacities,
    ReadTrackInformation, RequestType, StandardInquiry, TrackInformation,
};
use glassmaster_mmc::feature::{FeatureCode, FeatureData, FeatureDescriptor, RemovableMedium};
use glassmaster_mmc::page::LoadingMechanism;
use glassmaster_mmc::{Command, Profile, Query};
use glassmaster_scsi::Transport;

use crate::command::{Device, Origin};
use crate::exclusive::owner_of;
use crate::{Error, ExclusiveAccess, Patience};

/// Who a drive says it is, from its INQUIRY data, padding removed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Vendor, up to 8 characters.
    #[doc(alias = "VendorId")]
    pub vendor: String,
    /// Product, up to 16 characters.
    #[doc(alias = "ProductId")]
    pub product: String,
    /// Firmware revision, up to 4 characters.
    #[doc(alias = "ProductRevision")]
    pub revision: String,
}

/// One drive. Clones stand for the same drive and the same owner.
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
        let device = Device::new(transport, patience);
        let inquiry = device.query(&Inquiry::standard())?;
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

    /// What people call this drive: a path, or `virtual:FILE`.
    #[doc(alias = "ActiveDiscRecorder")]
    #[doc(alias = "VolumeName")]
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
    #[doc(alias = "GetMaximumPageAlignedTransferSize")]
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

    /// Holds the drive for `owner` until the guard is dropped. Counted: the same recorder may hold several.
    ///
    /// # Errors
    /// [`Error::ClientName`]; [`Error::Locked`] while another recorder of this process holds the drive.
    #[doc(alias = "AcquireExclusiveAccess")]
    pub fn acquire_exclusive_access(&self, owner: &str) -> Result<ExclusiveAccess, Error> {
        ExclusiveAccess::acquire(&self.device, owner)
    }

    /// Name of the owner who holds the drive; `None` when it is free.
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

    /// One feature, as bytes. `current_only` demands that it is in force with the medium.
    ///
    /// # Errors
    /// [`Error::NoFeature`] when the drive does not have it, or not now.
    #[doc(alias = "GetFeaturePage")]
    pub fn feature(&self, code: FeatureCode, current_only: bool) -> Result<FeatureDescriptor, Error> {
        let configuration = self.configuration()?;
        let found = configuration.descriptor(code);
        match found {
            Some(feature) if feature.current || !current_only => Ok(feature.clone()),
            other => Err(Error::NoFeature { feature: "such feature", elsewhere: other.is_some() }),
        }
    }

    /// Profiles the drive can have with some medium, in its order.
    ///
    /// # Errors
    /// What the drive says.
    #[doc(alias = "SupportedProfiles")]
    pub fn supported_profiles(&self) -> Result<Vec<Profile>, Error> {
        Ok(self.configuration()?.profiles())
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
    #[doc(alias = "GetDiscInformation")]
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
    #[doc(alias = "GetTrackInformation")]
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
