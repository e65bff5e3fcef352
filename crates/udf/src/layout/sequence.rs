//! Structures outside the file system proper: recognition, anchors, volume descriptor and integrity sequences, and
//! the file set descriptor.

use super::scheme::Scheme;
use super::{Layout, SEQUENCE_BLOCKS, area};
use crate::raw::allocation::LongAd;
use crate::raw::anchor::{Anchor, ExtentAd};
use crate::raw::integrity::Integrity;
use crate::raw::partition::Partition;
use crate::raw::partition_map::PartitionMap;
use crate::raw::regid::Regid;
use crate::raw::tag::{
    ANCHOR, FILE_SET, IMPLEMENTATION_USE, INTEGRITY, LOGICAL_VOLUME, PARTITION, PRIMARY_VOLUME, TERMINATING,
    Tag, UNALLOCATED_SPACE,
};
use crate::raw::timestamp::Calendar;
use crate::raw::{file_set, logical_volume, primary_volume, recognition, volume_space};

/// Bytes of the descriptors that fill no more of their sector.
const DESCRIPTOR_LEN: usize = 512;
/// Bytes of an unallocated space descriptor without extents (ECMA-167 3/10.8).
const UNALLOCATED_LEN: usize = 24;

impl Layout {
    /// Renders one block of an area outside the partition to a zeroed sector.
    pub(super) fn render_fixed(&self, area: usize, block: u32, sector: &mut [u8], calendar: &mut Calendar) {
        match area {
            area::RECOGNITION => {
                let nsr = if self.options.revision.is_third_edition() { b"NSR03" } else { b"NSR02" };
                if let Some(identifier) = [b"BEA01", nsr, b"TEA01"].get(block as usize) {
                    recognition::write(sector, identifier);
                }
            }
            area::MAIN_SEQUENCE | area::RESERVE_SEQUENCE => {
                self.render_sequence(area, block, sector, calendar)
            }
            area::INTEGRITY => self.render_integrity(block, sector, calendar),
            area::ANCHOR | area::THIRD_ANCHOR | area::LAST_ANCHOR => {
                let extent = |area| ExtentAd { bytes: SEQUENCE_BLOCKS * 2048, lba: self.lba_of(area) };
                Anchor { main: extent(area::MAIN_SEQUENCE), reserve: extent(area::RESERVE_SEQUENCE) }
                    .write(sector);
                self.seal(ANCHOR, self.lba_of(area), &mut sector[..DESCRIPTOR_LEN]);
            }
            area::VAT => self.render_vat(block, sector, calendar),
            _ => {}
        }
    }

    fn seal(&self, identifier: u16, location: u32, descriptor: &mut [u8]) {
        Tag { identifier, version: self.version(), location }.seal(descriptor);
    }

    fn render_sequence(&self, area: usize, block: u32, sector: &mut [u8], calendar: &mut Calendar) {
        let options = &self.options;
        let revision = options.revision.bcd();
        let sequence = block + 1;
        let (identifier, length) = match block {
            0 => {
                let set = match &options.volume_set {
                    Some(set) => set.clone(),
                    None => volume_set_identifier(&options.volume_name, options.recorded.secs),
                };
                let recorded = calendar.encode(self.recorded());
                primary_volume::write(sector, sequence, &options.volume_name, &set, recorded);
                (PRIMARY_VOLUME, DESCRIPTOR_LEN)
            }
            1 => {
                volume_space::write_logical_volume_info(sector, sequence, revision, &options.volume_name);
                (IMPLEMENTATION_USE, DESCRIPTOR_LEN)
            }
            2 => {
                let nsr: &[u8] = if options.revision.is_third_edition() { b"+NSR03" } else { b"+NSR02" };
                Partition {
                    sequence,
                    number: 0,
                    contents: Regid::standard(nsr),
                    access: options.access.0,
                    start: self.partition.start,
                    blocks: self.partition.blocks,
                }
                .write(sector);
                (PARTITION, DESCRIPTOR_LEN)
            }
            3 => {
                let file_set = LongAd {
                    bytes: 2 * 2048,
                    block: self.icb_block(0),
                    partition: self.scheme.icb_partition(),
                    unique_id: 0,
                };
                let integrity = ExtentAd {
                    bytes: self.areas[area::INTEGRITY].blocks * 2048,
                    lba: self.lba_of(area::INTEGRITY),
                };
                let physical = PartitionMap::Type1 { volume: 1, number: 0 };
                let maps: &[PartitionMap] = match self.scheme {
                    Scheme::Plain => &[physical],
                    Scheme::Metadata => &[physical, self.metadata_map()],
                    Scheme::Virtual => &[physical, PartitionMap::Virtual { revision, volume: 1, number: 0 }],
                };
                let fields = logical_volume::Fields { sequence, revision, file_set, integrity, maps };
                (LOGICAL_VOLUME, logical_volume::write(sector, &options.volume_name, fields))
            }
            4 => {
                volume_space::write_unallocated_space(sector, sequence);
                (UNALLOCATED_SPACE, UNALLOCATED_LEN)
            }
            5 => (TERMINATING, DESCRIPTOR_LEN),
            _ => return,
        };
        self.seal(identifier, self.lba_of(area) + block, &mut sector[..length]);
    }

    fn render_integrity(&self, block: u32, sector: &mut [u8], calendar: &mut Calendar) {
        let location = self.lba_of(area::INTEGRITY) + block;
        match block {
            0 => {
                let integrity = self.integrity();
                integrity.write(sector, calendar.encode(self.recorded()));
                self.seal(INTEGRITY, location, &mut sector[..integrity.len()]);
            }
            1 => self.seal(TERMINATING, location, &mut sector[..DESCRIPTOR_LEN]),
            _ => {}
        }
    }

    fn integrity(&self) -> Integrity {
        let files = self.files_of_metadata;
        let revision = self.options.revision;
        Integrity {
            closed: true,
            next: ExtentAd::default(),
            unique_id: self.next_unique_id(),
            free_blocks: 0,
            blocks: self.partition.blocks,
            second: match self.scheme {
                Scheme::Plain => None,
                // What is behind the used blocks is free only where a bitmap says so.
                Scheme::Metadata if files.bitmap > 0 => Some((files.blocks - files.used, files.blocks)),
                Scheme::Metadata => Some((0, files.blocks)),
                // Not known (UDF 2.2.6.2, 2.2.6.3).
                Scheme::Virtual => Some((u32::MAX, u32::MAX)),
            },
            files: self.file_names,
            directories: u32::try_from(self.directories.len()).unwrap_or(u32::MAX),
            min_read: revision.min_read(),
            min_write: revision.bcd(),
            max_write: revision.bcd(),
        }
    }

    /// The two blocks of the file set: descriptor and terminator.
    pub(super) fn render_file_set(&self, block: u32, sector: &mut [u8], calendar: &mut Calendar) {
        let identifier = if block == 0 {
            let mut root = self.directories.first().map(|d| self.icb_of(d.node)).unwrap_or_default();
            root.unique_id = 0;
            let recorded = calendar.encode(self.recorded());
            file_set::write(sector, &self.options.volume_name, self.options.revision.bcd(), root, recorded);
            FILE_SET
        } else {
            TERMINATING
        };
        self.seal(identifier, self.icb_block(block), &mut sector[..DESCRIPTOR_LEN]);
    }
}

/// Volume set identifier: 8 hexadecimal digits of the recording time, 8 that differ with the name, the name
/// (UDF 2.2.2.5).
fn volume_set_identifier(name: &str, secs: i64) -> String {
    // FNV-1a, 32 bits.
    let hash = name.bytes().fold(0x811C_9DC5_u32, |hash, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193));
    format!("{:08x}{hash:08x}{name}", secs & 0xFFFF_FFFF)
}
