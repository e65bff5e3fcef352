//! Boot images by medium (El Torito 1.0, 2.2): how long they are and what stands at their start.

use super::Checker;
use super::space::Holds;
use crate::raw::number::array;

/// Sectors of 512 bytes in a sector of the disc.
const VIRTUAL: u64 = 4;
/// Type of the first partition in a master boot record, and its signature.
const PARTITION_TYPE: usize = 446 + 4;
const SIGNATURE: usize = 510;

/// What an entry says of its image.
#[derive(Clone, Copy)]
pub(super) struct BootImage {
    /// Number of the entry in the catalog, for people.
    pub(super) entry: u32,
    /// Sector of the entry.
    pub(super) catalog: u64,
    /// Whether an 80x86 BIOS boots it.
    pub(super) bios: bool,
    pub(super) bootable: bool,
    pub(super) media: u8,
    pub(super) system: u8,
    pub(super) count: u16,
    pub(super) lba: u32,
}

impl Checker<'_> {
    pub(super) fn boot_image(&mut self, image: BootImage) {
        let BootImage { entry, catalog, .. } = image;
        // 512-byte sectors that the medium has.
        let sectors = match image.media {
            0 => Some(u64::from(image.count)),
            1 => Some(2400),
            2 => Some(2880),
            3 => Some(5760),
            4 => None,
            other => {
                let what = format!("entry {entry} has the boot media type {other}; types are 0 to 4");
                self.error("El Torito 2.2", catalog, what);
                return;
            }
        };
        if image.count == 0 && image.bootable {
            let what = format!("entry {entry} loads 0 sectors; firmware takes that for one, or for all");
            self.note("El Torito 2.2", catalog, what);
        }
        let lba = u64::from(image.lba);
        if lba == 0 || !self.inside(lba, 1) {
            let end = self.source.block_count();
            let what = format!("the image of entry {entry} is at sector {lba}; sectors end at {end}");
            self.error("El Torito 2.2", catalog, what);
            return;
        }
        let blocks = sectors.unwrap_or(1).div_ceil(VIRTUAL).max(1);
        let end = self.source.block_count();
        if lba + blocks > end {
            let what = format!(
                "the image of entry {entry}, {blocks} sectors from {lba}, passes the end at {end} (media type {})",
                image.media
            );
            // Firmware reads what is asked for; of no emulation, only the first sectors are loaded.
            if image.media == 0 && !image.bios {
                self.warn("El Torito 2.2", catalog, what);
            } else {
                self.error("El Torito 2.2", catalog, what);
            }
            return;
        }
        self.space.add(lba, blocks, Holds::BootImage);
        if image.media == 4 {
            self.hard_disk(image);
        }
        if matches!(image.media, 1..=3) && image.count > 1 {
            let what = format!("entry {entry} loads {} sectors of a floppy disk; usual is 1", image.count);
            self.note("El Torito 2.2", catalog, what);
        }
    }

    /// The image of a hard disk begins with a master boot record of one partition.
    fn hard_disk(&mut self, image: BootImage) {
        let lba = u64::from(image.lba);
        let Some(sector) = self.sectors("El Torito 2.2", lba, 1) else { return };
        if array::<2>(&sector, SIGNATURE) != [0x55, 0xAA] {
            let what = format!("the hard disk image of entry {} has no master boot record", image.entry);
            self.error("El Torito 2.2", lba, what);
            return;
        }
        let kind = sector.get(PARTITION_TYPE).copied().unwrap_or(0);
        if kind != image.system {
            let what = format!(
                "entry {} has the system type {:#04x}, the partition in its image {kind:#04x}",
                image.entry, image.system
            );
            self.warn("El Torito 2.2", image.catalog, what);
        }
    }
}
