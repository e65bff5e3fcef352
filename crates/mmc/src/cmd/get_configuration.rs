//! GET CONFIGURATION (MMC-6 6.5): profile and features.

use crate::bytes::{closed_code, command, read};
use crate::command::{Query, Transfer};
use crate::feature::{FeatureCode, FeatureData, FeatureDescriptor};
use crate::field::ResponseError;
use crate::profile::Profile;

closed_code! {
    /// RT: which features to return.
    RequestType {
        /// All that the drive knows, current or not.
        #[default]
        All = 0,
        /// Those that are current with this medium.
        Current = 1,
        /// The starting feature alone.
        One = 2,
    }
}

command! {
    /// Asks what the drive can do now, and with any medium.
    #[doc(alias = "46h")]
    struct GetConfiguration[10] GET_CONFIGURATION "GET CONFIGURATION"
    |c| Transfer::In(c.allocation_length.into()) => {
        /// Which features.
        request: RequestType = 1 & 0x03,
        /// STARTING FEATURE NUMBER: lower numbers are left out.
        starting_feature: FeatureCode = 2,
        /// Most bytes to return; MMC-6 advises 65530 for all.
        allocation_length: u16 = 7,
    }
}

impl Query for GetConfiguration {
    type Response = Configuration;

    fn parse_response(&self, data: &[u8]) -> Result<Configuration, ResponseError> {
        Configuration::parse(data)
    }
}

/// Feature header and descriptors.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct Configuration {
    /// CURRENT PROFILE; 0 without a medium.
    pub current_profile: Profile,
    /// Ascending by code.
    pub features: Vec<FeatureDescriptor>,
}

/// Name of the answer.
const NAME: &str = "GET CONFIGURATION data";

impl Configuration {
    /// Reads header and all whole descriptors; a last one that the allocation length cut off is dropped.
    ///
    /// # Errors
    /// [`ResponseError`] when the 8-byte header is cut.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let length: u32 = read(NAME, "data length", data, 0)?;
        let current_profile = Profile(read(NAME, "current profile", data, 6)?);
        let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(4);
        let mut rest = data.get(..end).unwrap_or(data).get(8..).unwrap_or(&[]);
        let mut features = Vec::new();
        while let Some((feature, after)) = FeatureDescriptor::split(rest) {
            features.push(feature);
            rest = after;
        }
        Ok(Self { current_profile, features })
    }

    /// The bytes; DATA LENGTH covers all descriptors.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0; 8];
        for feature in &self.features {
            out.extend_from_slice(&feature.to_bytes());
        }
        let length = u32::try_from(out.len() - 4).unwrap_or(u32::MAX);
        out[..4].copy_from_slice(&length.to_be_bytes());
        out[6..8].copy_from_slice(&self.current_profile.0.to_be_bytes());
        out
    }

    /// Length of the whole answer, from its first four bytes: what to ask for the second time.
    ///
    /// # Errors
    /// [`ResponseError`] with fewer than four bytes.
    pub fn full_length(data: &[u8]) -> Result<usize, ResponseError> {
        let length: u32 = read(NAME, "data length", data, 0)?;
        Ok(usize::try_from(length).unwrap_or(usize::MAX).saturating_add(4))
    }

    /// The descriptor of a feature.
    #[must_use]
    pub fn descriptor(&self, code: FeatureCode) -> Option<&FeatureDescriptor> {
        self.features.iter().find(|f| f.code == code)
    }

    /// Whether the feature is there and current.
    #[must_use]
    pub fn is_current(&self, code: FeatureCode) -> bool {
        self.descriptor(code).is_some_and(|f| f.current)
    }

    /// A feature as its structure; `None` where the drive does not have it or its data cannot be read.
    #[must_use]
    pub fn feature<F: FeatureData>(&self) -> Option<F> {
        self.descriptor(F::CODE)?.decode().ok()
    }

    /// Profiles of the Profile List feature, most capable first; empty without it.
    #[must_use]
    pub fn profiles(&self) -> Vec<Profile> {
        self.feature::<crate::feature::ProfileList>()
            .map(|list| list.0.iter().map(|entry| entry.profile).collect())
            .unwrap_or_default()
    }
}
