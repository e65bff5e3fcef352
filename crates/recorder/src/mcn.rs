//! Media change notification: news about the medium, and switching them off.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use glassmaster_mmc::cmd::{Event, EventClasses, GetEventStatusNotification, MediaEvent, MediaEventCode};
use glassmaster_scsi::{Claim, TransportError};

use crate::command::Device;
use crate::{DiscRecorder, Error, exclusive};

/// How often notification of a drive is switched off in this process.
static DISABLED: Mutex<BTreeMap<String, Disabled>> = Mutex::new(BTreeMap::new());

struct Disabled {
    count: u32,
    /// Ends the system's own polling while it is kept.
    _claim: Option<Arc<Claim>>,
}

/// Keeps notification off until dropped. Counted for each drive: it comes back with the last, or when the process ends.
#[doc(alias = "EnableMcn")]
#[doc(alias = "IDiscRecorder2.EnableMcn")]
#[derive(Debug)]
#[must_use = "notification comes back as soon as the guard is dropped"]
pub struct McnDisabled {
    device: Arc<Device>,
}

impl DiscRecorder {
    /// Switches media change notification off: [`DiscRecorder::media_event`] has no news, and the system neither asks the
    /// drive for changes nor mounts what lies in it. A disc that is mounted already stays so, and is still asked about.
    ///
    /// # Errors
    /// [`Error::Locked`] while another owner holds the drive; [`Error::System`] when the system denies it.
    #[doc(alias = "DisableMcn")]
    pub fn disable_mcn(&self) -> Result<McnDisabled, Error> {
        let device = self.device();
        exclusive::check_free(device)?;
        let claim = match exclusive::claim(device) {
            Ok(claim) => claim,
            Err(TransportError::InUse { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let mut disabled = DISABLED.lock().unwrap_or_else(PoisonError::into_inner);
        let entry =
            disabled.entry(device.key().to_owned()).or_insert_with(|| Disabled { count: 0, _claim: claim });
        entry.count = entry.count.saturating_add(1);
        Ok(McnDisabled { device: Arc::clone(device) })
    }

    /// Whether news of the medium are told: nobody of this process has switched them off.
    #[must_use]
    pub fn is_mcn_enabled(&self) -> bool {
        !DISABLED.lock().unwrap_or_else(PoisonError::into_inner).contains_key(self.device().key())
    }

    /// The oldest news of the medium that nobody has asked for yet (MMC-6 6.6, GET EVENT STATUS NOTIFICATION, polled);
    /// `None` without news. While notification is off the drive is not asked, and keeps its news.
    ///
    /// # Errors
    /// What the drive says: 5/20/00 where it lacks the command; [`Error::NoFeature`] where it has no events of media.
    pub fn media_event(&self) -> Result<Option<MediaEvent>, Error> {
        if !self.is_mcn_enabled() {
            return Ok(None);
        }
        let status = self.query(&GetEventStatusNotification::poll(EventClasses::MEDIA))?;
        match status.event {
            Some(Event::Media(event)) if event.code == MediaEventCode::NO_CHANGE => Ok(None),
            Some(Event::Media(event)) => Ok(Some(event)),
            Some(Event::Other(..)) => Ok(None),
            None => Err(Error::NoFeature { feature: "events of media", elsewhere: false }),
        }
    }
}

impl Drop for McnDisabled {
    fn drop(&mut self) {
        let mut disabled = DISABLED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = disabled.get_mut(self.device.key()) {
            entry.count = entry.count.saturating_sub(1);
            if entry.count == 0 {
                disabled.remove(self.device.key());
            }
        }
    }
}
