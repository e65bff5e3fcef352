//! What descriptors say of a volume as a whole.

use glassmaster_disc::Extent;
use glassmaster_tree::Timestamp;

use super::mount::Shape;
use super::partition::Mapping;
use crate::AccessType;
use crate::raw::partition_map::PartitionMap;

/// How a partition reference leads to sectors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum PartitionKind {
    /// Block n is n blocks behind the start (ECMA-167 3/10.7.2).
    Plain,
    /// Packets may be elsewhere (UDF 2.2.9).
    Sparable,
    /// Through a virtual allocation table (UDF 2.2.8).
    Virtual,
    /// Blocks of the metadata file (UDF 2.50 2.2.10).
    Metadata,
}

/// A partition reference of the logical volume.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartitionFacts {
    /// Number of the partition descriptor it leads to.
    pub number: u16,
    /// How.
    pub kind: PartitionKind,
    /// First block of that partition, absolute.
    pub start: u32,
    /// Blocks of that partition by its descriptor.
    pub blocks: u32,
    /// Access type by its descriptor (ECMA-167 3/10.5.7).
    pub access: AccessType,
}

/// The metadata partition (UDF 2.50 2.2.10).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetadataFacts {
    /// Number of its partition reference.
    pub reference: u16,
    /// Block of the partition that holds the file entry of the metadata file.
    pub main: u32,
    /// The same of the mirror file.
    pub mirror: u32,
    /// The same of the bitmap file, where there is one.
    pub bitmap: Option<u32>,
    /// Blocks in whose multiples the files are extended.
    pub allocation_unit: u32,
    /// Blocks at whose multiples their extents begin.
    pub alignment_unit: u16,
    /// Whether the mirror file has sectors of its own.
    pub duplicate: bool,
    /// Where the file in use is: the main one, or the mirror when that cannot be read. Empty where its extents cannot
    /// be expressed in sectors of 2048 bytes.
    pub extents: Vec<Extent>,
    /// Whether the main file could be read.
    pub main_readable: bool,
}

/// The virtual allocation table in use (UDF 2.2.11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VatFacts {
    /// Sector of its file entry.
    pub sector: u64,
    /// Block of the partition with the file entry of the table before it, if there was one.
    pub previous: Option<u32>,
}

/// Facts of a mounted volume.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Revision of the domain identifier, 0x0201 for 2.01.
    pub revision: u16,
    /// Oldest revision an implementation must support to read it (UDF 2.2.6.4), where recorded.
    pub min_read: Option<u16>,
    /// Oldest revision an implementation must support to write it, where recorded.
    pub min_write: Option<u16>,
    /// Newest revision that wrote it, where recorded.
    pub max_write: Option<u16>,
    /// Bytes of a block.
    pub block_bytes: u32,
    /// Volume identifier of the primary volume descriptor.
    pub volume_id: String,
    /// Volume set identifier.
    pub volume_set_id: String,
    /// Logical volume identifier.
    pub logical_volume_id: String,
    /// File set identifier.
    pub file_set_id: String,
    /// Partition references, in the order of the maps.
    pub partitions: Vec<PartitionFacts>,
    /// The metadata partition, if it has one.
    pub metadata: Option<MetadataFacts>,
    /// The virtual allocation table, if it has one.
    pub vat: Option<VatFacts>,
    /// Next UniqueID that is free (UDF 3.2.1.1); of a volume with virtual partition the UniqueID
    /// of the file entry of its table. `None` without either.
    pub next_unique_id: Option<u64>,
    /// Files as counted by the integrity descriptor, or by the virtual allocation table.
    pub files: Option<u32>,
    /// Directories as counted there.
    pub directories: Option<u32>,
    /// Whether the last integrity descriptor says that the volume was left in order.
    pub closed: bool,
    /// When the last integrity descriptor was recorded.
    pub recorded: Option<Timestamp>,
    /// Whether the domain identifier says that the volume must not be written: hard or soft (UDF 2.1.5.3).
    pub write_protected: bool,
    /// Sector of the anchor that was used.
    pub anchor: u32,
    /// The sector behind the last one of any partition.
    pub volume_end: u64,
}

impl Facts {
    /// Whether it has a virtual partition.
    #[must_use]
    pub fn has_vat(&self) -> bool {
        self.vat.is_some()
    }

    /// Whether it has a sparable partition.
    #[must_use]
    pub fn has_sparing(&self) -> bool {
        self.partitions.iter().any(|p| p.kind == PartitionKind::Sparable)
    }

    /// Why no session of this crate can follow, in a few words; `None` when one can.
    #[must_use]
    pub fn not_appendable(&self) -> Option<String> {
        let numbers: std::collections::BTreeSet<u16> = self.partitions.iter().map(|p| p.number).collect();
        if ![0x0102, 0x0150, 0x0200, 0x0201, 0x0250, 0x0260].contains(&self.revision) {
            return Some(format!("UDF {:x}.{:02x} is not written", self.revision >> 8, self.revision & 0xFF));
        }
        if let Some(min) = self.min_write.filter(|min| *min > 0x0260) {
            return Some(format!("writers need UDF {:x}.{:02x}", min >> 8, min & 0xFF));
        }
        if self.has_vat() {
            return Some("it has a virtual partition".to_owned());
        }
        if self.has_sparing() {
            return Some("it has a sparable partition".to_owned());
        }
        if self.block_bytes != 2048 {
            return Some(format!("its blocks have {} bytes instead of 2048", self.block_bytes));
        }
        (numbers.len() != 1).then(|| format!("it has {} partitions", numbers.len()))
    }
}

pub(super) fn facts(shape: &Shape) -> Facts {
    let sequence = &shape.sequence;
    let logical = &sequence.logical;
    let described = |number: u16| sequence.partitions.get(&number);
    let partitions: Vec<PartitionFacts> = logical
        .maps
        .iter()
        .zip(&shape.partitions)
        .map(|(map, place)| PartitionFacts {
            number: place.number,
            kind: match map {
                PartitionMap::Virtual { .. } => PartitionKind::Virtual,
                PartitionMap::Sparable(_) => PartitionKind::Sparable,
                PartitionMap::Metadata(_) => PartitionKind::Metadata,
                PartitionMap::Type1 { .. } | PartitionMap::Other(_) => PartitionKind::Plain,
            },
            start: place.start,
            blocks: described(place.number).map_or(0, |p| p.blocks),
            access: AccessType(described(place.number).map_or(0, |p| p.access)),
        })
        .collect();
    let metadata = logical.maps.iter().zip(0u16..).find_map(|(map, reference)| match map {
        PartitionMap::Metadata(map) => Some(MetadataFacts {
            reference,
            main: map.file,
            mirror: map.mirror,
            bitmap: map.bitmap,
            allocation_unit: map.allocation_unit,
            alignment_unit: map.alignment_unit,
            duplicate: map.duplicate,
            extents: shape.metadata_extents.clone(),
            main_readable: shape.metadata_main_readable,
        }),
        _ => None,
    });
    let integrity = shape.integrity;
    let udf = integrity.and_then(|integrity| integrity.udf);
    let vat = shape.vat.as_ref();
    let header = vat.and_then(|vat| vat.header);
    let revisions = header.map(|h| [h.min_read, h.min_write, h.max_write]).or(udf.map(|(_, _, r)| r));
    let (volume_id, volume_set_id) =
        sequence.primary.as_ref().map_or_else(Default::default, |p| (p.volume.clone(), p.volume_set.clone()));
    let end = sequence.partitions.values().map(|p| u64::from(p.start) + u64::from(p.blocks)).max();
    let sector = |block: u64| super::sector_of_block(block, shape.block_bytes);
    Facts {
        revision: logical.domain.revision(),
        min_read: revisions.map(|r| r[0]),
        min_write: revisions.map(|r| r[1]),
        max_write: revisions.map(|r| r[2]),
        block_bytes: shape.block_bytes,
        volume_id,
        volume_set_id,
        logical_volume_id: logical.name.clone(),
        file_set_id: shape.file_set_id.clone(),
        next_unique_id: vat.map(|vat| vat.next_unique_id).or(integrity.map(|i| i.next_unique_id)),
        files: header.map(|h| h.files).or(udf.map(|(files, ..)| files)),
        directories: header.map(|h| h.directories).or(udf.map(|(_, directories, _)| directories)),
        closed: integrity.is_some_and(|integrity| integrity.closed),
        recorded: integrity.and_then(|integrity| integrity.recorded),
        write_protected: logical.domain.suffix[2] & 3 != 0,
        anchor: u32::try_from(sector(u64::from(shape.anchor))).unwrap_or(u32::MAX),
        volume_end: sector(end.unwrap_or(0)),
        partitions,
        metadata,
        vat: vat.map(|vat| VatFacts {
            sector: sector(vat.block),
            previous: (vat.previous != u32::MAX).then_some(vat.previous),
        }),
    }
}

/// Whether a mapping is one of UDF's own.
pub(super) fn is_physical(mapping: &Mapping) -> bool {
    matches!(mapping, Mapping::Plain | Mapping::Sparable { .. })
}
