//! Mode pages: read, changed, and put back.

use glassmaster_mmc::Command;
use glassmaster_mmc::cmd::{ModeSense10, PageControl};
use glassmaster_mmc::page::{ModePage, PageData};

use crate::command::Origin;
use crate::{DiscRecorder, Error};

/// Room for a page of the longest short form, the header and a block descriptor.
const ALLOCATION: u16 = 272;

impl DiscRecorder {
    /// One mode page (MMC-6 6.12, MODE SENSE (10), without block descriptors).
    ///
    /// # Errors
    /// What the drive says: 5/24/00 where it lacks the page; [`Error::NoModePage`] when the answer does not hold it.
    pub fn mode_page(&self, code: u8, control: PageControl) -> Result<ModePage, Error> {
        let query = ModeSense10::page(code, control, ALLOCATION);
        let data = self.query(&query)?;
        data.page(code).cloned().ok_or(Error::NoModePage { code })
    }

    /// Sends a mode page (MMC-6 6.11, MODE SELECT (10), PF set, SP clear).
    ///
    /// # Errors
    /// What the drive says: 5/26/xx where it does not take the values.
    pub fn set_mode_page(&self, page: &ModePage) -> Result<(), Error> {
        self.select_mode_page(page, false)
    }

    /// Reads a page, changes it and sends it back; the guard puts the old values back when dropped.
    ///
    /// Bytes of the page that the structure does not cover are kept as they are.
    ///
    /// # Errors
    /// As [`DiscRecorder::mode_page`] and [`DiscRecorder::set_mode_page`].
    pub fn change_mode_page<P: PageData>(
        &self,
        change: impl FnOnce(&mut P),
    ) -> Result<RestoreModePage, Error> {
        let old = self.mode_page(P::CODE, PageControl::Current)?;
        let origin = Origin { command: ModeSense10::NAME, opcode: ModeSense10::OPCODE, lba: None };
        let mut fields: P = old.decode().map_err(|source| Error::Answer { origin, source })?;
        change(&mut fields);
        let mut new = old.clone();
        for (place, byte) in new.data.iter_mut().zip(fields.to_data()) {
            *place = byte;
        }
        // Made first: a drive that took the page and then failed to say so gets its old values back as well.
        let guard = RestoreModePage { recorder: self.clone(), page: Some(old) };
        self.set_mode_page(&new)?;
        Ok(guard)
    }
}

/// Puts a mode page back when dropped.
#[derive(Debug)]
#[must_use = "the old values come back as soon as the guard is dropped"]
pub struct RestoreModePage {
    recorder: DiscRecorder,
    page: Option<ModePage>,
}

impl RestoreModePage {
    /// Puts the page back now and says whether it worked.
    ///
    /// # Errors
    /// What the drive says. Drives may refuse the page of a recordable disc once that disc is closed.
    pub fn restore(mut self) -> Result<(), Error> {
        match self.page.take() {
            Some(page) => self.recorder.set_mode_page(&page),
            None => Ok(()),
        }
    }
}

impl Drop for RestoreModePage {
    fn drop(&mut self) {
        if let Some(page) = self.page.take() {
            // There is nobody left to tell; who wants to know calls `restore`.
            let _ = self.recorder.set_mode_page(&page);
        }
    }
}
