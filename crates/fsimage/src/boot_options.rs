//! What shall be booted from the disc, as an object that callers hold (contract section 16).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use glassmaster_disc::HResult;
use glassmaster_iso9660::el_torito::{
    BootCatalog, BootEntry, BootError, BootSettings, Emulation, MANUFACTURER_BYTES, MOST_ENTRIES, Platform,
};
use glassmaster_tree::Tree;

use crate::code::Failure;
use crate::contents::{Contents, DataStream};
use crate::error::Error;

/// Bytes of an image that the kind of its medium shows in: the master boot record.
const HEAD: usize = 512;

/// One boot image and how it is to be started. Clones are one object: what is changed by one is seen by all.
/// [`BootOptions::copy`] makes another.
#[doc(alias = "IBootOptions")]
#[derive(Clone, Debug, Default)]
pub struct BootOptions(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    image: Option<(DataStream, u32)>,
    settings: BootSettings,
}

impl BootOptions {
    /// For a PC with a BIOS, without emulation, manufacturer or image.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The boot image; `None` until one is assigned.
    #[doc(alias = "BootImage")]
    #[must_use]
    pub fn boot_image(&self) -> Option<DataStream> {
        self.state().image.as_ref().map(|(stream, _)| stream.clone())
    }

    /// Bytes of the boot image, 0 without one.
    #[doc(alias = "ImageSize")]
    #[must_use]
    pub fn image_size(&self) -> u32 {
        self.state().image.as_ref().map_or(0, |(_, size)| *size)
    }

    /// Takes `stream` as the boot image. One of exactly the size of a floppy disk sets the emulation of that disk, whatever
    /// was set before; with another size, an emulation of a floppy disk that was set before is taken back.
    /// [`BootOptions::set_emulation`] afterwards has the last word.
    ///
    /// # Errors
    /// `IMAPI_E_BOOT_IMAGE_DATA` for a stream that is empty, unreadable or larger than 4 GiB.
    #[doc(alias = "AssignBootImage")]
    pub fn assign_boot_image(&self, stream: DataStream) -> Result<(), Error> {
        let refused = || Failure::new(HResult::BOOT_IMAGE_DATA);
        let bytes = stream.size().map_err(|e| refused().because(e))?;
        let size = u32::try_from(bytes).map_err(|_| refused())?;
        if size == 0 || stream.read_at(0, &mut [0]).map_err(|e| refused().because(e))? == 0 {
            return Err(refused().into());
        }
        let mut state = self.state();
        let emulation = &mut state.settings.emulation;
        if let Some(floppy) = Emulation::floppy_of(bytes) {
            *emulation = floppy;
        } else if emulation.floppy_bytes().is_some() {
            *emulation = Emulation::NONE;
        }
        state.image = Some((stream, size));
        Ok(())
    }

    /// Developer of the disc.
    #[doc(alias = "Manufacturer")]
    #[must_use]
    pub fn manufacturer(&self) -> String {
        self.state().settings.manufacturer.clone()
    }

    /// Names the developer of the disc.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for more than 24 characters or other than printable ASCII.
    pub fn set_manufacturer(&self, name: &str) -> Result<(), Error> {
        if name.len() > MANUFACTURER_BYTES || name.bytes().any(|b| !(0x20..0x7F).contains(&b)) {
            return Err(Failure::new(HResult::INVALID_PARAM).with("newVal").into());
        }
        name.clone_into(&mut self.state().settings.manufacturer);
        Ok(())
    }

    /// Firmware that is to take the image.
    #[doc(alias = "PlatformId")]
    #[must_use]
    pub fn platform_id(&self) -> Platform {
        self.state().settings.platform
    }

    /// Says which firmware is to take the image. Numbers without a name are taken as well.
    pub fn set_platform_id(&self, platform: Platform) {
        self.state().settings.platform = platform;
    }

    /// Drive that the firmware makes of the image.
    #[doc(alias = "Emulation")]
    #[must_use]
    pub fn emulation(&self) -> Emulation {
        self.state().settings.emulation
    }

    /// Says which drive the firmware makes of the image. Without an image any kind is taken; a hard disk is held against
    /// its image when the disc is made.
    ///
    /// # Errors
    /// `IMAPI_E_BOOT_EMULATION_IMAGE_SIZE_MISMATCH` for a floppy disk of another size than the image,
    /// `IMAPI_E_INVALID_PARAM` for a kind that El Torito does not define.
    pub fn set_emulation(&self, emulation: Emulation) -> Result<(), Error> {
        if emulation.0 > Emulation::HARD_DISK.0 {
            return Err(Failure::new(HResult::INVALID_PARAM).with("newVal").into());
        }
        let mut state = self.state();
        let size = state.image.as_ref().map(|(_, size)| u64::from(*size));
        if let (Some(disk), Some(size)) = (emulation.floppy_bytes(), size)
            && disk != size
        {
            return Err(Failure::new(HResult::BOOT_EMULATION_IMAGE_SIZE_MISMATCH).into());
        }
        state.settings.emulation = emulation;
        Ok(())
    }

    /// Says which real-mode segment the image is loaded to; 0, the default, stands for 07C0.
    pub fn set_load_segment(&self, segment: u16) {
        self.state().settings.load_segment = segment;
    }

    /// Says how many virtual sectors of 512 bytes are loaded; `None`, the default, is all of an image without emulation.
    pub fn set_sector_count(&self, count: Option<u16>) {
        self.state().settings.sector_count = count;
    }

    /// Says whether firmware may start the image; it may by default.
    pub fn set_bootable(&self, bootable: bool) {
        self.state().settings.bootable = bootable;
    }

    /// Another object with the same values and a copy of the image in memory, on which later changes of this one have no
    /// effect.
    ///
    /// # Errors
    /// `IMAPI_E_BOOT_IMAGE_DATA` without an image, or with one that cannot be read or has changed its length;
    /// `E_OUTOFMEMORY`.
    pub fn copy(&self) -> Result<Self, Error> {
        let refused = || Failure::new(HResult::BOOT_IMAGE_DATA);
        let (image, settings) = {
            let state = self.state();
            (state.image.clone(), state.settings.clone())
        };
        let (stream, size) = image.ok_or_else(refused)?;
        let len = usize::try_from(size).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).map_err(|_| Failure::new(HResult::OUT_OF_MEMORY))?;
        bytes.resize(len, 0);
        let read = stream.read_at(0, &mut bytes).map_err(|e| refused().because(e))?;
        if read < len || stream.size().ok() != Some(u64::from(size)) {
            return Err(refused().into());
        }
        let image = Some((DataStream::from_bytes(bytes), size));
        Ok(Self(Arc::new(Mutex::new(State { image, settings }))))
    }

    /// Whether both are one object.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Checks a set of boot images as it is given: at most 32, each with data.
///
/// # Errors
/// `IMAPI_E_INVALID_PARAM`, `IMAPI_E_BOOT_IMAGE_DATA`.
#[doc(alias = "BootImageOptionsArray")]
pub fn check_boot_set(set: &[BootOptions]) -> Result<(), Error> {
    if set.len() > MOST_ENTRIES {
        return Err(Failure::new(HResult::INVALID_PARAM).with("newVal").into());
    }
    match set.iter().any(|options| options.image_size() == 0) {
        true => Err(Failure::new(HResult::BOOT_IMAGE_DATA).into()),
        false => Ok(()),
    }
}

/// The boot catalog of a set in the state it has now; its images become contents of `tree` without a name. The first
/// entry is the one that a BIOS starts. `None` for an empty set.
///
/// # Errors
/// `IMAPI_E_BOOT_OBJECT_CONFLICT` when `session_start` is not 0, `IMAPI_E_BOOT_EMULATION_IMAGE_SIZE_MISMATCH` for a hard
/// disk without a master boot record, those of [`check_boot_set`], `E_OUTOFMEMORY`.
pub fn boot_catalog(
    set: &[BootOptions],
    session_start: u32,
    tree: &mut Tree,
    contents: &mut Contents,
) -> Result<Option<BootCatalog>, Error> {
    if set.is_empty() {
        return Ok(None);
    }
    if session_start != 0 {
        return Err(Failure::new(HResult::BOOT_OBJECT_CONFLICT).into());
    }
    check_boot_set(set)?;
    let mut entries = Vec::with_capacity(set.len());
    for options in set {
        let state = options.state().clone();
        let Some((stream, size)) = state.image else {
            return Err(Failure::new(HResult::BOOT_IMAGE_DATA).into());
        };
        let mut head = [0; HEAD];
        let read = stream.read_at(0, &mut head);
        let read = read.map_err(|e| Failure::new(HResult::BOOT_IMAGE_DATA).because(e))?;
        let handle = contents.add_stream(stream)?;
        let data = tree.add_data(u64::from(size), handle)?;
        let entry = BootEntry::for_image(data, u64::from(size), &head[..read], state.settings);
        entries.push(entry.map_err(|e| refused(&e))?);
    }
    BootCatalog::new(entries).map(Some).map_err(|e| refused(&e))
}

fn refused(error: &BootError) -> Error {
    let code = match error {
        BootError::Empty => HResult::BOOT_IMAGE_DATA,
        BootError::FloppySize { .. } | BootError::NoMasterBootRecord => {
            HResult::BOOT_EMULATION_IMAGE_SIZE_MISMATCH
        }
        _ => HResult::INVALID_PARAM,
    };
    Failure::new(code).with("newVal").because(std::io::Error::other(error.to_string())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(len: usize) -> DataStream {
        DataStream::from_bytes(vec![0xEB; len])
    }

    fn code(result: Result<(), Error>) -> HResult {
        HResult(result.unwrap_err().hresult())
    }

    #[test]
    fn the_order_of_calls_decides_the_emulation() {
        let options = BootOptions::new();
        assert_eq!((options.emulation(), options.image_size()), (Emulation::NONE, 0));
        assert!(options.boot_image().is_none());
        for (len, floppy) in [(1_228_800, 1), (1_474_560, 2), (2_949_120, 3)] {
            options.set_emulation(Emulation::HARD_DISK).unwrap();
            options.assign_boot_image(image(len)).unwrap();
            assert_eq!(options.emulation(), Emulation(floppy));
            options.set_emulation(Emulation::NONE).unwrap();
            assert_eq!((options.emulation(), options.image_size() as usize), (Emulation::NONE, len));
            let others = [1, 2, 3].into_iter().filter(|n| *n != floppy);
            for other in others {
                let result = options.set_emulation(Emulation(other));
                assert_eq!(code(result), HResult::BOOT_EMULATION_IMAGE_SIZE_MISMATCH);
            }
            options.set_emulation(Emulation(floppy)).unwrap();
            options.assign_boot_image(image(2048)).unwrap();
            assert_eq!(options.emulation(), Emulation::NONE);
        }
        options.set_emulation(Emulation::HARD_DISK).unwrap();
        options.assign_boot_image(image(4096)).unwrap();
        assert_eq!(options.emulation(), Emulation::HARD_DISK);
        assert_eq!(code(options.set_emulation(Emulation(5))), HResult::INVALID_PARAM);
        // Before there is an image any floppy disk is taken.
        BootOptions::new().set_emulation(Emulation::FLOPPY_1_44).unwrap();
    }

    #[test]
    fn what_cannot_be_recorded_is_refused() {
        let options = BootOptions::new();
        options.set_manufacturer("123456789012345678901234").unwrap();
        for bad in ["1234567890123456789012345", "M\u{fc}ller", "a\u{7f}"] {
            assert_eq!(code(options.set_manufacturer(bad)), HResult::INVALID_PARAM);
        }
        assert_eq!(options.manufacturer(), "123456789012345678901234");
        assert_eq!(code(options.assign_boot_image(image(0))), HResult::BOOT_IMAGE_DATA);
        assert_eq!(code(options.copy().map(drop)), HResult::BOOT_IMAGE_DATA);
        assert_eq!(code(check_boot_set(&[options])), HResult::BOOT_IMAGE_DATA);
    }

    #[test]
    fn copies_are_apart_and_clones_are_one() {
        let options = BootOptions::new();
        options.assign_boot_image(image(3)).unwrap();
        let (copy, clone) = (options.copy().unwrap(), options.clone());
        options.set_platform_id(Platform::EFI);
        options.assign_boot_image(image(4)).unwrap();
        assert_eq!((copy.platform_id(), copy.image_size()), (Platform::X86, 3));
        assert_eq!((clone.platform_id(), clone.image_size()), (Platform::EFI, 4));
        assert!(clone.is_same(&options) && !copy.is_same(&options));
    }
}
