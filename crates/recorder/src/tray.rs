//! Tray and medium removal.

use std::sync::Arc;

use glassmaster_mmc::Command;
use glassmaster_mmc::cmd::{PreventAllowMediumRemoval, StartStopUnit};

use crate::command::{Device, Repeat};
use crate::{DiscRecorder, Error};

impl DiscRecorder {
    /// Ejects the medium, if any, and opens the tray (MMC-6 6.42, START STOP UNIT with LoEj).
    ///
    /// # Errors
    /// 5/53/02 when removal is prevented, by this or another program; otherwise what the drive says.
    #[doc(alias = "EjectMedia")]
    pub fn eject(&self) -> Result<(), Error> {
        self.send_repeated(&StartStopUnit::eject(), self.patience().long_command)
    }

    /// Closes the tray and loads the medium. Drives without motor and slot-in drives cannot; see
    /// [`DiscRecorder::can_load`].
    ///
    /// # Errors
    /// What the drive says.
    #[doc(alias = "CloseTray")]
    pub fn load(&self) -> Result<(), Error> {
        self.send_repeated(&StartStopUnit::load(), self.patience().long_command)
    }

    /// Spins the medium up.
    ///
    /// # Errors
    /// What the drive says.
    pub fn start(&self) -> Result<(), Error> {
        self.send_repeated(&StartStopUnit::start(), self.patience().long_command)
    }

    fn send_repeated<C: Command>(&self, command: &C, timeout: std::time::Duration) -> Result<(), Error> {
        self.device().send(command, &[], timeout, Repeat::Freely)
    }

    /// Locks the medium in the drive until the guard is dropped (MMC-6 6.13, PREVENT ALLOW MEDIUM REMOVAL, not
    /// persistent).
    ///
    /// # Errors
    /// What the drive says.
    pub fn prevent_removal(&self) -> Result<PreventRemoval, Error> {
        let guard = PreventRemoval { device: Arc::clone(self.device()), locked: true };
        // Made before the command is sent: an answer that is lost must not leave the tray locked.
        self.device().send(
            &PreventAllowMediumRemoval::prevent(),
            &[],
            self.patience().command,
            Repeat::Freely,
        )?;
        Ok(guard)
    }
}

/// Keeps the medium in the drive. Dropping it unlocks the tray, whatever way that happens.
#[derive(Debug)]
#[must_use = "the tray is unlocked as soon as the guard is dropped"]
pub struct PreventRemoval {
    device: Arc<Device>,
    locked: bool,
}

impl PreventRemoval {
    /// Unlocks the tray and says whether it worked.
    ///
    /// # Errors
    /// What the drive says at the last of three attempts.
    pub fn release(mut self) -> Result<(), Error> {
        self.unlock()
    }

    fn unlock(&mut self) -> Result<(), Error> {
        if !self.locked {
            return Ok(());
        }
        self.locked = false;
        let allow = PreventAllowMediumRemoval::allow();
        let attempt = || self.device.send(&allow, &[], self.device.patience().command, Repeat::Freely);
        attempt().or_else(|_| attempt()).or_else(|_| attempt())
    }
}

impl Drop for PreventRemoval {
    fn drop(&mut self) {
        // There is nobody left to tell; who wants to know calls `release`.
        let _ = self.unlock();
    }
}
