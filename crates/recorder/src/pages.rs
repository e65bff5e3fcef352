//! Features, profiles and mode pages: which there are, and each as bytes.

use glassmaster_mmc::cmd::{GetConfiguration, ModeData, ModeSelect10, ModeSense10, PageControl};
use glassmaster_mmc::feature::{FeatureCode, FeatureData, FeatureDescriptor, ProfileList};
use glassmaster_mmc::page::ModePage;
use glassmaster_mmc::{Command, Profile, ResponseError};

use crate::command::{Origin, Repeat};
use crate::{DiscRecorder, Error};

/// Code that stands for all mode pages.
const ALL_PAGES: u8 = 0x3F;
/// Room for the pages of today's drives; more is asked for where the drive has more.
const ALLOCATION: u16 = 1024;

fn mode_sense(source: ResponseError) -> Error {
    let origin = Origin { command: ModeSense10::NAME, opcode: ModeSense10::OPCODE, lba: None };
    Error::Answer { origin, source }
}

impl DiscRecorder {
    /// Features of the drive, ascending: all it has, or those in force with the medium (MMC-6 6.5). Numbers that no
    /// standard lists are among them.
    ///
    /// # Errors
    /// What the drive says: 5/20/00 where it lacks GET CONFIGURATION.
    #[doc(alias = "SupportedFeaturePages")]
    #[doc(alias = "CurrentFeaturePages")]
    #[doc(alias = "GetSupportedFeaturePages")]
    #[doc(alias = "ULONG_IMAPI2_ALL_FEATURE_PAGES")]
    pub fn supported_features(&self, current_only: bool) -> Result<Vec<FeatureCode>, Error> {
        let features = self.configuration()?.features;
        Ok(features.iter().filter(|f| f.current || !current_only).map(|f| f.code).collect())
    }

    /// One feature. `current_only` demands that it is in force with the medium. [`FeatureDescriptor::to_bytes`] gives its
    /// 4 bytes of header and its data, without the header of the answer.
    ///
    /// # Errors
    /// [`Error::NoFeature`] when the drive does not have it, or not now; else what the drive says.
    #[doc(alias = "GetFeaturePage")]
    #[doc(alias = "ULONG_IMAPI2_FEATURE_PAGE")]
    pub fn feature(&self, code: FeatureCode, current_only: bool) -> Result<FeatureDescriptor, Error> {
        let configuration = self.configuration()?;
        let found = configuration.descriptor(code);
        match found {
            Some(feature) if feature.current || !current_only => Ok(feature.clone()),
            other => Err(Error::NoFeature { feature: "such feature", elsewhere: other.is_some() }),
        }
    }

    /// Profiles the drive can have with some medium, in its order: the most capable first (MMC-6 5.3.1).
    ///
    /// # Errors
    /// What the drive says; [`Error::NoFeature`] where it has no list of profiles.
    #[doc(alias = "SupportedProfiles")]
    #[doc(alias = "GetSupportedProfiles")]
    #[doc(alias = "ULONG_IMAPI2_ALL_PROFILES")]
    pub fn supported_profiles(&self) -> Result<Vec<Profile>, Error> {
        self.profiles(false)
    }

    /// Profiles that the medium has now: more than one where it can be written in several ways.
    ///
    /// # Errors
    /// As [`DiscRecorder::supported_profiles`].
    #[doc(alias = "CurrentProfiles")]
    #[doc(alias = "GetSupportedProfiles")]
    pub fn current_profiles(&self) -> Result<Vec<Profile>, Error> {
        self.profiles(true)
    }

    fn profiles(&self, current_only: bool) -> Result<Vec<Profile>, Error> {
        let descriptor = self.feature(ProfileList::CODE, false)?;
        let list: ProfileList = descriptor.decode().map_err(|source| {
            let origin =
                Origin { command: GetConfiguration::NAME, opcode: GetConfiguration::OPCODE, lba: None };
            Error::Answer { origin, source }
        })?;
        let kept = list.0.iter().filter(|entry| entry.current || !current_only);
        Ok(kept.map(|entry| entry.profile).collect())
    }

    /// Codes of the mode pages that the drive has, in its order, each once (SPC-4, MODE SENSE with page code 3Fh).
    ///
    /// # Errors
    /// What the drive says: 5/24/00 or 5/39/00 where it has no values of this kind, the result code of both is that of
    /// a page that is not there.
    #[doc(alias = "SupportedModePages")]
    #[doc(alias = "GetSupportedModePages")]
    #[doc(alias = "ULONG_IMAPI2_ALL_MODE_PAGES")]
    pub fn supported_mode_pages(&self, control: PageControl) -> Result<Vec<u8>, Error> {
        let mut bytes = self.query_bytes(&ModeSense10::page(ALL_PAGES, control, ALLOCATION))?;
        let full = ModeData::full_length_10(&bytes).map_err(mode_sense)?;
        if full > usize::from(ALLOCATION) {
            let length = u16::try_from(full).unwrap_or(u16::MAX);
            bytes = self.query_bytes(&ModeSense10::page(ALL_PAGES, control, length))?;
        }
        let mut codes = Vec::new();
        for page in ModeData::parse_10(&bytes).map_err(mode_sense)?.pages {
            // Subpages are parts of the page whose code they share.
            if !codes.contains(&page.code) {
                codes.push(page.code);
            }
        }
        Ok(codes)
    }

    /// One mode page from its page code on: header and block descriptors of the answer removed, 2 to 257 bytes.
    ///
    /// # Errors
    /// As [`DiscRecorder::mode_page`].
    #[doc(alias = "GetModePage")]
    #[doc(alias = "ULONG_IMAPI2_MODE_PAGE")]
    pub fn mode_page_bytes(&self, code: u8, control: PageControl) -> Result<Vec<u8>, Error> {
        Ok(self.mode_page(code, control)?.to_bytes())
    }

    /// Sends one mode page from its page code on; the header is put before it, PF is set, PS cleared. With
    /// [`PageControl::Saved`] the drive keeps it for the next power on (SP).
    ///
    /// # Errors
    /// [`Error::Argument`] for values that cannot be set and for bytes that are no whole page; 5/26/xx where the drive
    /// does not take them.
    #[doc(alias = "SetModePage")]
    pub fn set_mode_page_bytes(&self, control: PageControl, page: &[u8]) -> Result<(), Error> {
        let save = match control {
            PageControl::Current => false,
            PageControl::Saved => true,
            PageControl::Changeable | PageControl::Default => {
                return Err(Error::Argument("only current and saved values can be set".to_owned()));
            }
        };
        match ModePage::split(page) {
            Some((page, [])) if page.subpage.is_none() => self.select_mode_page(&page, save),
            _ => Err(Error::Argument(format!("{} bytes that are not one whole mode page", page.len()))),
        }
    }

    pub(crate) fn select_mode_page(&self, page: &ModePage, save: bool) -> Result<(), Error> {
        let list = ModeData::of(page.clone()).to_select_10();
        let length = u16::try_from(list.len())
            .map_err(|_| Error::Argument(format!("a mode page of {} bytes is too long", list.len())))?;
        let command = ModeSelect10 { page_format: true, save, parameter_list_length: length };
        self.send(&command, &list, self.patience().command, Repeat::Freely)
    }
}
