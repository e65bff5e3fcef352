//! Whether and why a medium cannot be written.

use glassmaster_mmc::Profile;
use glassmaster_mmc::cmd::{
    Configuration, DiscStructure, MediumStatus, PageControl, ReadDiscStructure, StructureFormat,
    StructureMedia, WriteProtection,
};
use glassmaster_mmc::feature::WriteProtect;
use glassmaster_mmc::page::{PageData, TimeoutAndProtect};
use glassmaster_scsi::SenseKey;

use crate::medium::{is_cd, is_writable};
use crate::{DiscRecorder, Error, WriteProtectState};

/// Content descriptor of the write inhibit disc control block, `WDC` and a zero; the address of format 30h.
const WRITE_INHIBIT: u32 = 0x5744_4300;
/// Where its write protect actions stand: behind a header of 40 bytes and the number of updates.
const ACTIONS: std::ops::Range<usize> = 44..48;
/// Bytes that are asked for: the header of the structure and the block up to its actions.
const INHIBIT_BYTES: u16 = 4 + 48;

impl DiscRecorder {
    /// Write protection of the medium in the drive: empty when it can be written.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium.
    #[doc(alias = "IDiscFormat2Data.WriteProtectStatus")]
    pub fn write_protection(&self) -> Result<WriteProtectState, Error> {
        self.wait_ready()?;
        self.protection_of(&self.configuration()?)
    }

    /// The statuses of READ DISC STRUCTURE formats C0h and 09h (MMC-6 6.22) for DVD and BD, mode page 1Dh where there is no
    /// such status, and the disc control block of DVD+RW where the drive heeds it. What a drive does not tell counts as
    /// no protection; a write will.
    pub(crate) fn protection_of(&self, configuration: &Configuration) -> Result<WriteProtectState, Error> {
        let profile = configuration.current_profile;
        if !is_writable(profile) {
            return Ok(WriteProtectState::READ_ONLY_MEDIA);
        }
        let feature = configuration.feature::<WriteProtect>().unwrap_or_default();
        let mut state = WriteProtectState::empty();
        let general = match is_cd(profile) {
            true => None,
            false => self.protection_structure(profile, StructureFormat::WRITE_PROTECTION, 0, 8)?,
        };
        match general.map(|structure| WriteProtection::parse(&structure)) {
            Some(Ok(bits)) => {
                state.set(WriteProtectState::UNTIL_POWERDOWN, bits.until_power_down);
                state.set(WriteProtectState::BY_SOFTWARE_WRITE_PROTECT, bits.persistent);
                state.set(WriteProtectState::BY_CARTRIDGE, bits.cartridge);
                state.set(WriteProtectState::BY_MEDIA_SPECIFIC_REASON, bits.medium_specific);
            }
            Some(Err(_)) | None if feature.until_power_down => {
                state.set(WriteProtectState::UNTIL_POWERDOWN, self.protected_by_page()?);
            }
            Some(Err(_)) | None => {}
        }
        let cartridge = match profile {
            Profile::DVD_RAM | Profile::BD_RE => {
                self.protection_structure(profile, StructureFormat::MEDIUM_STATUS, 0, 8)?
            }
            _ => None,
        };
        if let Some(Ok(status)) = cartridge.map(|structure| MediumStatus::parse(&structure)) {
            state.set(
                WriteProtectState::BY_CARTRIDGE,
                state.contains(WriteProtectState::BY_CARTRIDGE) || status.cartridge_protect,
            );
            if profile == Profile::DVD_RAM && (status.medium_specific || status.inhibit != 0) {
                state |= WriteProtectState::BY_MEDIA_SPECIFIC_REASON;
            }
        }
        let inhibited = match profile {
            Profile::DVD_PLUS_RW | Profile::DVD_PLUS_RW_DL if feature.write_inhibit_dcb => {
                let format = StructureFormat::DISC_CONTROL_BLOCK;
                self.protection_structure(profile, format, WRITE_INHIBIT, INHIBIT_BYTES)?
            }
            _ => None,
        };
        let is_inhibit = |block: &DiscStructure| {
            block.data.starts_with(&WRITE_INHIBIT.to_be_bytes())
                && block.data.get(ACTIONS).is_some_and(|actions| actions.iter().any(|b| *b != 0))
        };
        state.set(WriteProtectState::BY_DISC_CONTROL_BLOCK, inhibited.as_ref().is_some_and(is_inhibit));
        Ok(state)
    }

    /// SWPP of mode page 1Dh.
    fn protected_by_page(&self) -> Result<bool, Error> {
        match self.mode_page(TimeoutAndProtect::CODE, PageControl::Current) {
            Ok(page) => {
                Ok(page.decode::<TimeoutAndProtect>().is_ok_and(|page| page.write_protect_until_power_down))
            }
            Err(e) if e.is_unsupported() => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// A structure; `None` where drive or medium has none of this format, cannot read it, or answers with nothing that can be
    /// read as one. A drive that is not ready, or cannot be reached, is an error.
    fn protection_structure(
        &self,
        profile: Profile,
        format: StructureFormat,
        address: u32,
        allocation_length: u16,
    ) -> Result<Option<DiscStructure>, Error> {
        let bd = matches!(profile, Profile::BD_R_SEQUENTIAL | Profile::BD_RE);
        let media = if bd { StructureMedia::BD } else { StructureMedia::DVD };
        let query =
            ReadDiscStructure { media, address, format, allocation_length, ..ReadDiscStructure::default() };
        match self.query(&query) {
            Ok(structure) => Ok(Some(structure)),
            Err(Error::Answer { .. }) => Ok(None),
            Err(Error::Refused { origin, failure }) => match failure.sense {
                Some(s) if s.key != SenseKey::NOT_READY && s.key != SenseKey::UNIT_ATTENTION => Ok(None),
                _ => Err(Error::Refused { origin, failure }),
            },
            Err(e) => Err(e),
        }
    }
}
