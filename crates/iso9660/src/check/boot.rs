//! The boot catalog (El Torito 1.0, 2.1 to 2.4).

use glassmaster_disc::SECTOR;

use super::Checker;
use super::boot_image::BootImage;
use super::space::Holds;
use crate::raw::number::array;

const ENTRY: usize = 32;
/// Sectors of a catalog, at most: 4,096 entries.
const MOST_SECTORS: usize = 64;

/// Header and boot indicators.
const VALIDATION: u8 = 0x01;
const MORE_HEADERS: u8 = 0x90;
const LAST_HEADER: u8 = 0x91;
const EXTENSION: u8 = 0x44;
const BOOTABLE: u8 = 0x88;
/// Platforms: 80x86, PowerPC, Mac (El Torito 2.1), EFI (UEFI 13.3.2.1).
const PLATFORMS: [u8; 4] = [0, 1, 2, 0xEF];

/// The catalog, read as far as it goes.
struct Catalog {
    first: u64,
    bytes: Vec<u8>,
}

impl Catalog {
    fn entry(&self, number: usize) -> Option<[u8; ENTRY]> {
        let bytes = self.bytes.get(number * ENTRY..(number + 1) * ENTRY)?;
        Some(array(bytes, 0))
    }

    fn lba(&self, number: usize) -> u64 {
        self.first + (number * ENTRY / SECTOR) as u64
    }
}

impl Checker<'_> {
    /// Checks the catalog at sector `at`, which the boot record at sector `record` names.
    pub(super) fn boot_catalog(&mut self, record: u64, at: u32) {
        let first = u64::from(at);
        if first == 0 || !self.inside(first, 1) {
            let end = self.source.block_count();
            let what = format!("the boot catalog is said to be at sector {at}; sectors end at {end}");
            self.error("El Torito 2.0", record, what);
            return;
        }
        let Some(bytes) = self.sectors("El Torito 2.1", first, 1) else { return };
        let mut catalog = Catalog { first, bytes };
        let Some(platform) = self.validation(&catalog) else { return };
        let Some(initial) = catalog.entry(1) else { return };
        self.boot_entry(&catalog, 1, &initial, platform, true);
        let mut next = 2;
        // Without a header the catalog ends here.
        loop {
            let Some(header) = self.catalog_entry(&mut catalog, next) else { return };
            match header[0] {
                MORE_HEADERS | LAST_HEADER => {}
                0 => break,
                other => {
                    let what =
                        format!("entry {next} begins with {other:#04x}, not with 90 or 91 of a header");
                    self.error("El Torito 2.3", catalog.lba(next), what);
                    break;
                }
            }
            let Some(after) = self.section(&mut catalog, next, &header) else { return };
            next = after;
            if header[0] == LAST_HEADER {
                break;
            }
            if catalog.entry(next).is_none_or(|e| e[0] == 0) {
                let what = format!("the header before entry {next} says that another follows; none does");
                self.error("El Torito 2.3", catalog.lba(next), what);
            }
        }
        let rest = catalog.bytes.get(next * ENTRY..).unwrap_or_default();
        if rest.iter().any(|b| *b != 0) {
            let what = format!("bytes behind the last entry, from {} on, are not 0", next * ENTRY % SECTOR);
            self.warn("El Torito 2.1", catalog.lba(next), what);
        }
        let sectors = (catalog.bytes.len() / SECTOR) as u64;
        self.space.add(first, sectors, Holds::BootCatalog);
    }

    /// An entry, with the next sector of the catalog where it stands there.
    fn catalog_entry(&mut self, catalog: &mut Catalog, number: usize) -> Option<[u8; ENTRY]> {
        if (number + 1) * ENTRY > catalog.bytes.len() {
            let sectors = catalog.bytes.len() / SECTOR;
            if sectors >= MOST_SECTORS {
                let what = format!("a boot catalog of more than {MOST_SECTORS} sectors");
                self.error("El Torito 2.1", catalog.first, what);
                return None;
            }
            let more = self.sectors("El Torito 2.1", catalog.first + sectors as u64, 1)?;
            catalog.bytes.extend_from_slice(&more);
        }
        catalog.entry(number)
    }

    /// The validation entry; its platform is that of the initial entry.
    fn validation(&mut self, catalog: &Catalog) -> Option<u8> {
        let entry = catalog.entry(0)?;
        let lba = catalog.first;
        if entry[0] != VALIDATION {
            let what =
                format!("the catalog begins with {:#04x}, not with 01 of a validation entry", entry[0]);
            self.error("El Torito 2.1", lba, what);
            return None;
        }
        self.platform(entry[1], lba);
        self.zeros(&entry, 2..4, "El Torito 2.1", lba, "validation entry");
        if [entry[30], entry[31]] != [0x55, 0xAA] {
            let what = format!("the key bytes are {:02X} {:02X}, not 55 AA", entry[30], entry[31]);
            self.error("El Torito 2.1", lba, what);
        }
        let sum = entry.chunks_exact(2).fold(0u16, |s, w| s.wrapping_add(u16::from_le_bytes([w[0], w[1]])));
        if sum != 0 {
            let found = u16::from_le_bytes([entry[28], entry[29]]);
            let wanted = found.wrapping_sub(sum);
            let what = format!("the checksum of the validation entry is {found:04X}, not {wanted:04X}");
            self.error("El Torito 2.1", lba, what);
        }
        Some(entry[1])
    }

    fn platform(&mut self, platform: u8, lba: u64) {
        if !PLATFORMS.contains(&platform) {
            let what = format!("the platform {platform:#04x} is none of 00, 01, 02, EF");
            self.warn("El Torito 2.1", lba, what);
        }
    }

    /// The entries behind a section header; the number of the first one after them.
    fn section(&mut self, catalog: &mut Catalog, number: usize, header: &[u8; ENTRY]) -> Option<usize> {
        let platform = header[1];
        let count = usize::from(u16::from_le_bytes([header[2], header[3]]));
        self.platform(platform, catalog.lba(number));
        if count == 0 {
            self.warn(
                "El Torito 2.3",
                catalog.lba(number),
                format!("section header {number} has no entries"),
            );
        }
        let mut next = number + 1;
        for _ in 0..count {
            let entry = self.catalog_entry(catalog, next)?;
            if matches!(entry[0], MORE_HEADERS | LAST_HEADER | EXTENSION) {
                let what = format!(
                    "entry {next} begins with {:#04x}; the header before it says that an entry is here ({count} \
                     in all)",
                    entry[0]
                );
                self.error("El Torito 2.3", catalog.lba(next), what);
                return Some(next);
            }
            self.boot_entry(catalog, next, &entry, platform, false);
            let mut extended = entry[1] & 0x20 != 0;
            next += 1;
            while extended {
                let extension = self.catalog_entry(catalog, next)?;
                if extension[0] != EXTENSION {
                    let what = format!(
                        "entry {next} begins with {:#04x}, not with 44 of an extension",
                        extension[0]
                    );
                    self.error("El Torito 2.4", catalog.lba(next), what);
                    break;
                }
                extended = extension[1] & 0x20 != 0;
                next += 1;
            }
        }
        Some(next)
    }

    /// An initial or section entry (El Torito 2.2, 2.4): what it says, and its image.
    fn boot_entry(
        &mut self,
        catalog: &Catalog,
        number: usize,
        entry: &[u8; ENTRY],
        platform: u8,
        initial: bool,
    ) {
        let lba = catalog.lba(number);
        let clause = if initial { "El Torito 2.2" } else { "El Torito 2.4" };
        if !matches!(entry[0], 0 | BOOTABLE) {
            let what = format!("the boot indicator of entry {number} is {:#04x}, not 88 or 00", entry[0]);
            self.error(clause, lba, what);
            return;
        }
        // Section entries say with the high bits what follows and which drivers the image has.
        let reserved = if initial { 0xF0 } else { 0x10 };
        if entry[1] & reserved != 0 {
            let what = format!("media byte of entry {number} is {:#04x}: reserved bits are set", entry[1]);
            self.warn(clause, lba, what);
        }
        self.zeros(entry, 5..6, clause, lba, "boot entry");
        if initial {
            self.zeros(entry, 12..ENTRY, clause, lba, "initial entry");
        }
        let segment = u16::from_le_bytes([entry[2], entry[3]]);
        let bios = platform == 0;
        if bios && segment != 0 && segment < 0x60 {
            let what = format!(
                "entry {number} loads to segment {segment:04X}, into the interrupt table and BIOS data"
            );
            self.warn(clause, lba, what);
        }
        self.boot_image(BootImage {
            entry: u32::try_from(number).unwrap_or(u32::MAX),
            catalog: lba,
            bios,
            bootable: entry[0] == BOOTABLE,
            media: entry[1] & 0x0F,
            system: entry[4],
            count: u16::from_le_bytes([entry[6], entry[7]]),
            lba: u32::from_le_bytes(array(entry, 8)),
        });
    }
}
