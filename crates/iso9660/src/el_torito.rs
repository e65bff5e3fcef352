//! Booting from the disc (El Torito 1.0): what goes into the boot catalog.
//!
//! A [`BootCatalog`] is one sector: validation entry and initial entry, then a section of one entry for each further image,
//! which is how BIOS and UEFI firmware share a disc. The images are contents of the tree, visible as files or not.

use glassmaster_tree::DataId;

use crate::raw::el_torito::{EntryRecord, RECORD, SectionHeader, Validation, indicator};

/// Entries that fit the one sector of a catalog: 2 records for the first, 2 for each further one (El Torito 2.0).
#[doc(alias = "IMAPI2FS_BOOT_ENTRY_COUNT_MAX")]
pub const MOST_ENTRIES: usize = 32;
/// Bytes of a manufacturer in the validation entry (El Torito figure 2).
pub const MANUFACTURER_BYTES: usize = 24;
/// Bytes of the boot info table, which stands at byte 8 of a boot image that wants it.
pub const BOOT_INFO_BYTES: usize = 56;
/// Byte of the image where the boot info table begins.
pub const BOOT_INFO_OFFSET: usize = 8;
/// Bytes of the virtual sectors that sector counts are in (El Torito 1.5).
const VIRTUAL_SECTOR: u64 = 512;

/// Firmware that a boot image is for (El Torito figure 2). Any number may stand there.
#[doc(alias = "PlatformId")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Platform(pub u8);

impl Platform {
    /// PC with a BIOS.
    #[doc(alias = "PlatformX86")]
    pub const X86: Self = Self(0);
    /// PowerPC.
    #[doc(alias = "PlatformPowerPC")]
    pub const POWER_PC: Self = Self(1);
    /// Macintosh.
    #[doc(alias = "PlatformMac")]
    pub const MAC: Self = Self(2);
    /// UEFI: the image is a FAT volume (UEFI 13.3.2.1).
    #[doc(alias = "PlatformEFI")]
    pub const EFI: Self = Self(0xEF);
}

/// Drive that the firmware makes of an image: bits 0 to 3 of the media byte (El Torito figure 3).
#[doc(alias = "EmulationType")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Emulation(pub u8);

impl Emulation {
    /// None: the first sectors of the image are loaded and started.
    #[doc(alias = "EmulationNone")]
    pub const NONE: Self = Self(0);
    /// Floppy disk of 1.2 MB.
    #[doc(alias = "Emulation12MFloppy")]
    pub const FLOPPY_1_2: Self = Self(1);
    /// Floppy disk of 1.44 MB.
    #[doc(alias = "Emulation144MFloppy")]
    pub const FLOPPY_1_44: Self = Self(2);
    /// Floppy disk of 2.88 MB.
    #[doc(alias = "Emulation288MFloppy")]
    pub const FLOPPY_2_88: Self = Self(3);
    /// Hard disk with a master boot record.
    #[doc(alias = "EmulationHardDisk")]
    pub const HARD_DISK: Self = Self(4);

    /// Bytes that an image of an emulated floppy disk has; `None` for other kinds.
    #[must_use]
    pub const fn floppy_bytes(self) -> Option<u64> {
        match self {
            Self::FLOPPY_1_2 => Some(1_228_800),
            Self::FLOPPY_1_44 => Some(1_474_560),
            Self::FLOPPY_2_88 => Some(2_949_120),
            _ => None,
        }
    }

    /// The floppy disk of exactly `bytes` bytes.
    #[must_use]
    pub fn floppy_of(bytes: u64) -> Option<Self> {
        [Self::FLOPPY_1_2, Self::FLOPPY_1_44, Self::FLOPPY_2_88]
            .into_iter()
            .find(|e| e.floppy_bytes() == Some(bytes))
    }
}

/// Why an image or a set of images cannot be booted from.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BootError {
    /// An image without a byte.
    #[error("the boot image is empty; give a file that holds a boot loader")]
    Empty,
    /// The image is no disk of the emulated kind (`IMAPI_E_BOOT_EMULATION_IMAGE_SIZE_MISMATCH`).
    #[error(
        "the boot image has {size} bytes, but an emulated floppy disk of this kind has exactly {needed} \
         (El Torito figure 3); choose another emulation or none"
    )]
    FloppySize {
        /// Bytes of the image.
        size: u64,
        /// Bytes of the disk.
        needed: u64,
    },
    /// The image of a hard disk does not begin with a master boot record
    /// (`IMAPI_E_BOOT_EMULATION_IMAGE_SIZE_MISMATCH`).
    #[error(
        "a boot image for hard-disk emulation must begin with a master boot record: 512 bytes that end in 55 AA"
    )]
    NoMasterBootRecord,
    /// Media types that El Torito does not define.
    #[error(
        "emulation {0} is not defined; 0 is none, 1 to 3 are floppy disks, 4 is a hard disk (El Torito figure 3)"
    )]
    UnknownEmulation(u8),
    /// A manufacturer that does not fit its field, or is not ASCII.
    #[error("the manufacturer '{0}' must be at most 24 ASCII characters (El Torito figure 2)")]
    Manufacturer(String),
    /// No entry, or more than the catalog has room for.
    #[error("{0} boot entries: a boot catalog has 1 to 32")]
    Entries(usize),
}

/// How an image is to be booted; [`BootEntry::for_image`] holds it against the image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootSettings {
    /// Firmware that is to take it.
    pub platform: Platform,
    /// Drive that is made of it.
    pub emulation: Emulation,
    /// Whether the firmware may start it; others can only be drives.
    pub bootable: bool,
    /// Real-mode segment to load to; 0 stands for 07C0 (El Torito figure 3).
    pub load_segment: u16,
    /// Virtual sectors of 512 bytes to load, or `None` for all of an image without emulation and 1 of a disk. Boot loaders
    /// that load their rest themselves are made for 4.
    pub sector_count: Option<u16>,
    /// Developer of the disc, at most 24 ASCII characters.
    #[doc(alias = "Manufacturer")]
    pub manufacturer: String,
}

impl Default for BootSettings {
    /// A BIOS starts all of the image at 07C0:0000, without emulation.
    fn default() -> Self {
        Self {
            platform: Platform::X86,
            emulation: Emulation::NONE,
            bootable: true,
            load_segment: 0,
            sector_count: None,
            manufacturer: String::new(),
        }
    }
}

/// One image of a boot catalog; every value fits its field and its image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootEntry {
    settings: BootSettings,
    sector_count: u16,
    system_type: u8,
    image: DataId,
}

impl BootEntry {
    /// The entry of an image of `size` bytes that begins with `head` (512 bytes are enough).
    ///
    /// # Errors
    /// All [`BootError`]s but [`BootError::Entries`].
    pub fn for_image(
        image: DataId,
        size: u64,
        head: &[u8],
        settings: BootSettings,
    ) -> Result<Self, BootError> {
        if size == 0 {
            return Err(BootError::Empty);
        }
        let name = &settings.manufacturer;
        if name.len() > MANUFACTURER_BYTES || name.bytes().any(|b| !(0x20..0x7F).contains(&b)) {
            return Err(BootError::Manufacturer(name.clone()));
        }
        if let Some(needed) = settings.emulation.floppy_bytes().filter(|needed| *needed != size) {
            return Err(BootError::FloppySize { size, needed });
        }
        let (usual, system_type) = match settings.emulation {
            Emulation::NONE => (whole_count(settings.platform, size), 0),
            Emulation::FLOPPY_1_2 | Emulation::FLOPPY_1_44 | Emulation::FLOPPY_2_88 => (1, 0),
            Emulation::HARD_DISK => (1, system_type(size, head)?),
            Emulation(other) => return Err(BootError::UnknownEmulation(other)),
        };
        let sector_count = settings.sector_count.unwrap_or(usual);
        Ok(Self { settings, sector_count, system_type, image })
    }

    /// The content that is booted.
    #[must_use]
    pub fn image(&self) -> DataId {
        self.image
    }

    /// How it is booted, as given.
    #[must_use]
    pub fn settings(&self) -> &BootSettings {
        &self.settings
    }

    /// Virtual sectors of 512 bytes that the firmware loads.
    #[must_use]
    pub fn sector_count(&self) -> u16 {
        self.sector_count
    }

    fn record(&self, image: u32) -> [u8; RECORD] {
        EntryRecord {
            indicator: if self.settings.bootable { indicator::BOOTABLE } else { indicator::NOT_BOOTABLE },
            media: self.settings.emulation.0,
            load_segment: self.settings.load_segment,
            system_type: self.system_type,
            unused: 0,
            sector_count: self.sector_count,
            image,
            criteria_type: 0,
            criteria: [0; 19],
        }
        .encode()
    }

    fn name<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        for (to, from) in out.iter_mut().zip(self.settings.manufacturer.bytes()) {
            *to = from;
        }
        out
    }
}

/// Count that loads all of an image. What is larger than the field counts as much as it can; UEFI takes 0 for "to the end
/// of the disc" (UEFI 13.3.2.1).
fn whole_count(platform: Platform, size: u64) -> u16 {
    let too_large = if platform == Platform::EFI { 0 } else { u16::MAX };
    u16::try_from(size.div_ceil(VIRTUAL_SECTOR)).unwrap_or(too_large)
}

/// Type of the partition that is booted from: the active one, or the first there is (El Torito figure 3, byte 4).
fn system_type(size: u64, head: &[u8]) -> Result<u8, BootError> {
    let record = head.first_chunk::<512>().filter(|_| size >= VIRTUAL_SECTOR);
    let Some(record) = record.filter(|r| r.ends_with(&[0x55, 0xAA])) else {
        return Err(BootError::NoMasterBootRecord);
    };
    let (partitions, _) = record[446..510].as_chunks::<16>();
    let used = || partitions.iter().filter(|p| p[4] != 0);
    Ok(used().find(|p| p[0] == 0x80).or_else(|| used().next()).map_or(0, |p| p[4]))
}

/// What a disc offers to firmware: 1 to 32 entries, of which the first is the initial one that a BIOS starts.
#[doc(alias = "BootImageOptionsArray")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootCatalog {
    entries: Vec<BootEntry>,
}

impl BootCatalog {
    /// A catalog of these entries, in this order.
    ///
    /// # Errors
    /// [`BootError::Entries`].
    pub fn new(entries: Vec<BootEntry>) -> Result<Self, BootError> {
        if entries.is_empty() || entries.len() > MOST_ENTRIES {
            return Err(BootError::Entries(entries.len()));
        }
        Ok(Self { entries })
    }

    /// The entries, in the order of the disc.
    #[must_use]
    pub fn entries(&self) -> &[BootEntry] {
        &self.entries
    }

    /// Fills the catalog's sector; `lba` gives the first sector of each image.
    pub(crate) fn encode(&self, lba: impl Fn(DataId) -> u32, out: &mut [u8]) {
        out.fill(0);
        let mut records = Vec::with_capacity(2 * MOST_ENTRIES);
        for (n, entry) in self.entries.iter().enumerate() {
            let platform = entry.settings.platform.0;
            if n == 0 {
                records.push(Validation::encode(platform, &entry.name()));
            } else {
                let last = n + 1 == self.entries.len();
                let indicator = if last { indicator::LAST_HEADER } else { indicator::HEADER };
                records.push(SectionHeader { indicator, platform, entries: 1, id: entry.name() }.encode());
            }
            records.push(entry.record(lba(entry.image)));
        }
        for (to, record) in out.chunks_exact_mut(RECORD).zip(&records) {
            to.copy_from_slice(record);
        }
    }
}

/// Checksum of a boot image for its boot info table: the sum of the 32-bit words behind byte 64, the last one filled up
/// with zeros.
#[derive(Clone, Copy, Debug, Default)]
pub struct BootInfoChecksum {
    /// Bytes taken in, those before byte 64 included.
    at: u64,
    sum: u32,
}

impl BootInfoChecksum {
    /// Takes in the next bytes of the image, which begin at its first.
    pub fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.at >= 64 {
                self.sum = self.sum.wrapping_add(u32::from(*byte) << (self.at % 4 * 8));
            }
            self.at += 1;
        }
    }

    /// The checksum of all that was taken in.
    #[must_use]
    pub fn finish(self) -> u32 {
        self.sum
    }
}

/// The boot info table that goes to byte 8 of a boot image: it tells a boot loader, of which the firmware loads only the
/// first sectors, where the rest is. `descriptor` is the sector of the primary volume descriptor, `image` that of the
/// boot image, `bytes` its length; lengths past 32 bits are cut.
#[must_use]
pub fn boot_info_table(descriptor: u32, image: u32, bytes: u64, checksum: u32) -> [u8; BOOT_INFO_BYTES] {
    let mut out = [0; BOOT_INFO_BYTES];
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    for (to, value) in out.as_chunks_mut::<4>().0.iter_mut().zip([descriptor, image, bytes, checksum]) {
        *to = value.to_le_bytes();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassmaster_tree::{Meta, Tree};

    fn ids<const N: usize>() -> [DataId; N] {
        let mut tree = Tree::new(Meta::default());
        std::array::from_fn(|_| tree.add_data(1, 0).unwrap())
    }

    fn entry(size: u64, head: &[u8], settings: BootSettings) -> Result<BootEntry, BootError> {
        BootEntry::for_image(ids::<1>()[0], size, head, settings)
    }

    fn settings(platform: Platform, emulation: Emulation) -> BootSettings {
        BootSettings { platform, emulation, ..BootSettings::default() }
    }

    #[test]
    fn sector_counts() {
        let none =
            |platform, size| entry(size, &[], settings(platform, Emulation::NONE)).unwrap().sector_count();
        assert_eq!([1, 512, 513, 2048].map(|size| none(Platform::X86, size)), [1, 1, 2, 4]);
        assert_eq!(none(Platform::X86, 65_535 * 512), 65_535);
        assert_eq!(none(Platform::X86, 65_535 * 512 + 1), 65_535);
        assert_eq!(none(Platform::EFI, 65_535 * 512), 65_535);
        assert_eq!(none(Platform::EFI, 65_535 * 512 + 1), 0);
        let four = BootSettings { sector_count: Some(4), ..BootSettings::default() };
        assert_eq!(entry(38_912, &[], four).unwrap().sector_count(), 4);
    }

    #[test]
    fn images_are_what_is_emulated() {
        let x86 = |emulation| settings(Platform::X86, emulation);
        for (emulation, size) in [(1, 1_228_800), (2, 1_474_560), (3, 2_949_120)] {
            let made = entry(size, &[], x86(Emulation(emulation))).unwrap();
            assert_eq!((made.sector_count(), Emulation::floppy_of(size)), (1, Some(Emulation(emulation))));
            let wrong = entry(size - 512, &[], x86(Emulation(emulation)));
            assert_eq!(wrong, Err(BootError::FloppySize { size: size - 512, needed: size }));
        }
        assert_eq!(entry(512, &[0; 512], x86(Emulation::HARD_DISK)), Err(BootError::NoMasterBootRecord));
        assert_eq!(entry(511, &[0; 511], x86(Emulation::HARD_DISK)), Err(BootError::NoMasterBootRecord));
        let mut record = [0; 512];
        record[510..].copy_from_slice(&[0x55, 0xAA]);
        let kind = |record: &[u8]| entry(512, record, x86(Emulation::HARD_DISK)).unwrap().record(9)[4];
        assert_eq!(kind(&record), 0);
        record[446 + 4] = 0x83;
        assert_eq!(kind(&record), 0x83);
        (record[446 + 16], record[446 + 20]) = (0x80, 0x0C);
        assert_eq!(kind(&record), 0x0C);
        assert_eq!(entry(0, &[], BootSettings::default()), Err(BootError::Empty));
        assert_eq!(entry(5, &[], x86(Emulation(5))), Err(BootError::UnknownEmulation(5)));
        for name in ["1234567890123456789012345", "\u{e9}", "a\tb"] {
            let named = BootSettings { manufacturer: name.into(), ..BootSettings::default() };
            assert_eq!(entry(5, &[], named), Err(BootError::Manufacturer(name.into())));
        }
    }

    /// Records of a catalog of three, by El Torito figures 2 to 5.
    #[test]
    fn a_sector_of_records() {
        let [a, b, c] = ids::<3>();
        let named = |platform, name: &str| BootSettings {
            platform,
            manufacturer: name.into(),
            ..BootSettings::default()
        };
        let entries = vec![
            BootEntry::for_image(a, 2048, &[], named(Platform::X86, "BIOS")).unwrap(),
            BootEntry::for_image(b, 1_474_560, &[], named(Platform::EFI, "UEFI")).unwrap(),
            BootEntry::for_image(
                c,
                512,
                &[],
                BootSettings { bootable: false, load_segment: 0x1000, ..named(Platform::MAC, "") },
            )
            .unwrap(),
        ];
        let mut out = vec![7; 2048];
        let lba = |id: DataId| [100, 200, 0x0102_0304][id.index()];
        BootCatalog::new(entries.clone()).unwrap().encode(lba, &mut out);
        let record = |n: usize| &out[n * 32..n * 32 + 32];
        assert_eq!(record(0)[..9], *b"\x01\0\0\0BIOS\0");
        assert_eq!(record(1)[..13], [0x88, 0, 0, 0, 0, 0, 4, 0, 100, 0, 0, 0, 0]);
        assert_eq!(record(2)[..9], *b"\x90\xEF\x01\0UEFI\0");
        assert_eq!(record(3)[..12], [0x88, 0, 0, 0, 0, 0, 0x40, 0x0B, 200, 0, 0, 0]);
        assert_eq!(record(4)[..5], [0x91, 2, 1, 0, 0]);
        assert_eq!(record(5)[..12], [0, 0, 0, 0x10, 0, 0, 1, 0, 4, 3, 2, 1]);
        assert!(out[192..].iter().all(|b| *b == 0));
        let many = |n: usize| BootCatalog::new(entries.iter().cycle().take(n).cloned().collect());
        assert_eq!((many(0), many(33)), (Err(BootError::Entries(0)), Err(BootError::Entries(33))));
        many(32).unwrap().encode(lba, &mut out);
        assert_eq!((out[62 * 32], out[63 * 32]), (0x91, 0x88));
    }

    #[test]
    fn boot_info() {
        let mut image: Vec<u8> = (0..=255).cycle().take(70).collect();
        image[64..].copy_from_slice(&[1, 2, 3, 4, 0xFF, 0x10]);
        let mut checksum = BootInfoChecksum::default();
        for part in image.chunks(13) {
            checksum.update(part);
        }
        let sum = checksum.finish();
        assert_eq!(sum, 0x0403_0201 + 0x10FF);
        let table = boot_info_table(16, 0x0102, 70, sum);
        assert_eq!(table[..16], [16, 0, 0, 0, 2, 1, 0, 0, 70, 0, 0, 0, 0, 0x13, 3, 4]);
        assert!(table[16..].iter().all(|b| *b == 0));
    }
}
