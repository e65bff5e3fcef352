//! The boot images of an image (contract 9.8, 10, 16.2).

use glassmaster_disc::{HResult, sectors_for};

use super::FileSystemImage;
use super::state::State;
use crate::boot_options::{BootOptions, check_boot_set};
use crate::code::Failure;
use crate::error::Error;

/// The boot images, in the order of the boot catalog.
#[derive(Default)]
pub(super) struct BootSet {
    pub(super) entries: Vec<BootOptions>,
}

impl BootSet {
    /// Sectors of the images and the catalog, with what a volume of UDF alone needs besides, at most.
    pub(super) fn sectors(&self) -> u64 {
        let images = self.entries.iter().map(|e| sectors_for(u64::from(e.image_size())) + 1);
        if self.entries.is_empty() { 0 } else { images.sum::<u64>() + 16 }
    }
}

impl FileSystemImage {
    /// The boot image that is started by default, `None` for an image that does not boot.
    #[doc(alias = "BootImageOptions")]
    #[must_use]
    pub fn boot_image_options(&self) -> Option<BootOptions> {
        self.shared.lock().boot.entries.first().cloned()
    }

    /// Makes the image boot from a copy of `options`, boot image included, in place of everything set before; `None`: from
    /// nothing.
    ///
    /// # Errors
    /// `IMAPI_E_BOOT_OBJECT_CONFLICT` after an import: only a first session boots; `IMAPI_E_BOOT_IMAGE_DATA` without data
    /// or with data that cannot be read; `IMAPI_E_READONLY`, [`Error::Busy`].
    pub fn set_boot_image_options(&self, options: Option<&BootOptions>) -> Result<(), Error> {
        self.shared.lock().check_boot()?;
        // Reads the whole image.
        let copy = options.map(BootOptions::copy).transpose()?;
        let before = self.set(|s| {
            s.check_boot()?;
            Ok(std::mem::replace(&mut s.boot.entries, copy.into_iter().collect()))
        });
        // Streams of the caller are let go of without the lock.
        before.map(drop)
    }

    /// The boot images in the order in which they stand on the disc; none for an image that does not boot.
    #[doc(alias = "BootImageOptionsArray")]
    #[must_use]
    pub fn boot_image_options_array(&self) -> Vec<BootOptions> {
        self.shared.lock().boot.entries.clone()
    }

    /// Makes the image boot from several boot images, the first of which is the default one, in place of everything set
    /// before. They are not copied: what becomes of them until a result is created, counts.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for more than 32; else as [`set_boot_image_options`](Self::set_boot_image_options).
    pub fn set_boot_image_options_array(&self, options: &[BootOptions]) -> Result<(), Error> {
        let before = self.set(|s| {
            s.check_boot()?;
            check_boot_set(options)?;
            Ok(std::mem::replace(&mut s.boot.entries, options.to_vec()))
        });
        before.map(drop)
    }
}

impl State {
    fn check_boot(&self) -> Result<(), Error> {
        self.writable()?;
        if self.session.is_imported() {
            return Err(Failure::new(HResult::BOOT_OBJECT_CONFLICT).into());
        }
        Ok(())
    }
}
