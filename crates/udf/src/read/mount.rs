//! From anchor to root directory.

use std::collections::BTreeMap;

use glassmaster_disc::{BlockSource, Extent, SECTOR, SECTOR_U64};
use glassmaster_tree::{Content, ReadError};

use super::anchor::{self, FoundAnchor, anchors, read_blocks};
use super::facts::is_physical;
use super::integrity::{self, LastIntegrity};
use super::partition::{FileBlocks, Mapping, PartitionReference};
use super::sequence::{self, Sequence};
use super::{BlockAddress, UdfVolume};
use crate::cs0::dstring;
use crate::raw::allocation::LongAd;
use crate::raw::file_set;
use crate::raw::partition_map::{MetadataMap, PartitionMap, SparableMap};
use crate::raw::sparing::{FIRST_SPECIAL, SparingTable};
use crate::raw::tag::{FILE_SET, Tag};
use crate::raw::vat::{Vat, VatHeader};

/// File set descriptors that are looked at.
const FILE_SET_LIMIT: u64 = 64;
/// Sectors before the last recorded one in which a virtual allocation table is looked for: run-out and link blocks.
const VAT_SECTORS: u64 = 320;
/// Zeros at the end of a source that are passed over.
const BLANK_LIMIT: u64 = 128 << 20;
/// Bytes of a virtual allocation table, at most.
const VAT_LIMIT: u64 = 64 << 20;
/// Bytes of a sparing table, at most: its count has 16 bits.
const SPARING_LIMIT: u32 = 56 + 8 * 65_535;

const LOGICAL_NAME: &str = "logical volume descriptor";
const FILE_SET_NAME: &str = "file set descriptor";
const VAT_NAME: &str = "virtual allocation table";
const SPARING_NAME: &str = "sparing table";
const METADATA_NAME: &str = "metadata file";
/// File types of the files of a metadata partition (UDF 2.50 2.2.13).
pub(crate) const TYPE_METADATA: u8 = 250;
pub(crate) const TYPE_METADATA_MIRROR: u8 = 251;

/// A virtual allocation table that is in use.
#[derive(Clone, Debug)]
pub(crate) struct MountedVat {
    /// Absolute block of its file entry.
    pub(crate) block: u64,
    /// UniqueID of its file entry: the next free one.
    pub(crate) next_unique_id: u64,
    pub(crate) header: Option<VatHeader>,
    /// Block of the partition with the table before.
    pub(crate) previous: u32,
}

/// Everything of a volume but its source.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) block_bytes: u32,
    /// Absolute block.
    pub(crate) anchor: u32,
    pub(crate) sequence: Sequence,
    pub(crate) integrity: Option<LastIntegrity>,
    pub(crate) partitions: Vec<PartitionReference>,
    pub(crate) vat: Option<MountedVat>,
    /// Of the metadata file in use.
    pub(crate) metadata_extents: Vec<Extent>,
    pub(crate) metadata_main_readable: bool,
    pub(crate) file_set: BlockAddress,
    pub(crate) file_set_id: String,
    pub(crate) root: BlockAddress,
    /// Stream directory of the whole volume (ECMA-167 4/14.1.19).
    pub(crate) system_streams: Option<BlockAddress>,
}

pub(super) fn mount<S: BlockSource>(source: &S, session: Option<u32>) -> Result<Shape, ReadError> {
    let mut first_error = None;
    let mut best: Option<Shape> = None;
    for found in anchors(source, session)? {
        for extent in [found.anchor.main, found.anchor.reserve] {
            let shape = sequence::read(source, extent, found.block_bytes)
                .and_then(|sequence| mount_sequence(source, sequence, found));
            match shape {
                Ok(shape) if session.is_some() => return Ok(shape),
                Ok(shape) => {
                    let recorded = |shape: &Shape| shape.integrity.and_then(|integrity| integrity.recorded);
                    if best.as_ref().is_none_or(|best| recorded(&shape) > recorded(best)) {
                        best = Some(shape);
                    }
                    break;
                }
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
    }
    match (best, first_error) {
        (Some(shape), _) => Ok(shape),
        (None, Some(error)) => Err(error),
        (None, None) => Err(ReadError::invalid(anchor::NAME, 256, "none found")),
    }
}

/// Bytes of a block and revision of a volume that may not be mountable.
pub(crate) fn described<S: BlockSource>(source: &S, session: Option<u32>) -> Option<(u32, u16)> {
    let found = anchors(source, session).ok()?;
    let extents = |found: &FoundAnchor| [found.anchor.main, found.anchor.reserve];
    found.iter().find_map(|anchor| {
        let read = |extent| sequence::read(source, extent, anchor.block_bytes).ok();
        let sequence = extents(anchor).into_iter().find_map(read)?;
        Some((anchor.block_bytes, sequence.logical.domain.revision()))
    })
}

fn mount_sequence<S: BlockSource>(
    source: &S,
    sequence: Sequence,
    found: FoundAnchor,
) -> Result<Shape, ReadError> {
    let logical = &sequence.logical;
    let lba = sequence.logical_lba;
    let invalid = |what: String| ReadError::invalid(LOGICAL_NAME, lba, what);
    if logical.domain.name() != "*OSTA UDF Compliant" {
        return Err(invalid(format!("domain '{}' is not UDF (UDF 2.2.4.3)", logical.domain.name())));
    }
    if logical.block_size != found.block_bytes {
        return Err(invalid(format!(
            "logical blocks of {} bytes, the anchor stands as if they had {} (UDF 2.2.4.2)",
            logical.block_size, found.block_bytes
        )));
    }
    let mut partitions = Vec::new();
    for map in &logical.maps {
        let (number, mapping) = match map {
            PartitionMap::Type1 { number, .. } => (*number, Mapping::Plain),
            PartitionMap::Sparable(map) => (map.number, sparing(source, map, found.block_bytes)?),
            PartitionMap::Virtual { number, .. } => (*number, Mapping::Pending),
            PartitionMap::Metadata(map) => (map.number, Mapping::Pending),
            PartitionMap::Other(_) => {
                return Err(invalid(format!(
                    "partition map '{}' is none of UDF's (UDF 2.2.8 to 2.2.10)",
                    map.name()
                )));
            }
        };
        let partition = sequence.partitions.get(&number).ok_or_else(|| {
            invalid(format!("partition {number} is mapped but not described (ECMA-167 3/10.7.2)"))
        })?;
        let (start, blocks) = (partition.start, partition.blocks);
        partitions.push(PartitionReference { number, start, blocks, mapping });
    }
    let integrity = integrity::last(source, logical.integrity, found.block_bytes);
    let nowhere = BlockAddress { block: 0, partition: 0 };
    let maps = logical.maps.clone();
    let file_set = logical.file_set;
    let mut volume = UdfVolume::with(
        source,
        Shape {
            block_bytes: found.block_bytes,
            anchor: found.block,
            sequence,
            integrity,
            partitions,
            vat: None,
            metadata_extents: Vec::new(),
            metadata_main_readable: true,
            file_set: BlockAddress { block: file_set.block, partition: file_set.partition },
            file_set_id: String::new(),
            root: nowhere,
            system_streams: None,
        },
    );
    for (reference, map) in maps.iter().enumerate() {
        match map {
            PartitionMap::Virtual { number, .. } => volume.mount_virtual(reference, *number)?,
            PartitionMap::Metadata(map) => volume.mount_metadata(reference, map)?,
            _ => {}
        }
    }
    volume.mount_file_set(file_set)?;
    Ok(volume.shape)
}

/// The prevailing sparing table of a partition (UDF 2.2.12).
fn sparing<S: BlockSource>(source: &S, map: &SparableMap, block_bytes: u32) -> Result<Mapping, ReadError> {
    let mut best: Option<SparingTable> = None;
    let mut first_error = None;
    let count = usize::from(map.table_count).min(map.tables.len());
    let blocks = map.table_bytes.min(SPARING_LIMIT).div_ceil(block_bytes).max(1);
    for location in &map.tables[..count] {
        let blocks = usize::try_from(blocks).unwrap_or(1);
        let read =
            read_blocks(source, SPARING_NAME, u64::from(*location), block_bytes, blocks).and_then(|bytes| {
                SparingTable::read(&bytes, *location).map_err(|error| {
                    let sector = super::sector_of_block(u64::from(*location), block_bytes);
                    ReadError::invalid(SPARING_NAME, sector, error.to_string())
                })
            });
        match read {
            Ok(table) if best.as_ref().is_none_or(|best| table.sequence > best.sequence) => {
                best = Some(table);
            }
            Ok(_) => {}
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    match (best, first_error) {
        (Some(table), _) => {
            let moved = table.entries.iter().filter(|entry| entry.original < FIRST_SPECIAL);
            let moved: BTreeMap<u32, u32> = moved.map(|entry| (entry.original, entry.mapped)).collect();
            Ok(Mapping::Sparable { packet: u32::from(map.packet_blocks), moved })
        }
        (None, Some(error)) => Err(error),
        // Without any table nothing was ever moved.
        (None, None) => {
            Ok(Mapping::Sparable { packet: u32::from(map.packet_blocks), moved: BTreeMap::new() })
        }
    }
}

impl<S: BlockSource> UdfVolume<S> {
    /// The reference that leads to a partition without virtual or metadata addresses.
    fn physical(&self, number: u16) -> Result<u16, ReadError> {
        let places = self.shape.partitions.iter().zip(0u16..);
        places
            .filter(|(place, _)| place.number == number && is_physical(&place.mapping))
            .map(|(_, reference)| reference)
            .next()
            .ok_or_else(|| {
                let what =
                    format!("partition {number} has no type 1 or sparable map beside it (UDF 2.2.8, 2.2.10)");
                ReadError::invalid(LOGICAL_NAME, self.shape.sequence.logical_lba, what)
            })
    }

    /// Finds the table behind everything else that is recorded (UDF 2.2.11, 6.10).
    fn mount_virtual(&mut self, reference: usize, number: u16) -> Result<(), ReadError> {
        let physical = self.physical(number)?;
        let last = self.last_recorded()?;
        let block_bytes = u64::from(self.shape.block_bytes);
        let start = self.shape.partitions.get(usize::from(physical)).map_or(0, |place| place.start);
        let blocks = (last + 1).saturating_mul(SECTOR_U64) / block_bytes;
        let mut first_error = None;
        for block in (u64::from(start)..blocks).rev().take(usize::try_from(VAT_SECTORS).unwrap_or(320)) {
            let Ok(at) = u32::try_from(block - u64::from(start)) else { continue };
            let address = BlockAddress { block: at, partition: physical };
            let Ok(direct) = self.direct(VAT_NAME, address) else { continue };
            let sector = self.sector_of(direct.block);
            let vat = self.read_whole(&direct, VAT_LIMIT).and_then(|bytes| {
                Vat::read(&bytes, direct.fields().icb.file_type)
                    .map_err(|error| ReadError::invalid(VAT_NAME, sector, error.to_string()))
            });
            match vat {
                Ok(vat) => {
                    self.shape.vat = Some(MountedVat {
                        block: direct.block,
                        next_unique_id: direct.fields().unique_id,
                        header: vat.header,
                        previous: vat.previous,
                    });
                    if let Some(place) = self.shape.partitions.get_mut(reference) {
                        place.blocks = u32::try_from(vat.entries.len()).unwrap_or(u32::MAX);
                        place.mapping = Mapping::Virtual { physical, table: vat.entries };
                    }
                    return Ok(());
                }
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        let what = format!("none in the {VAT_SECTORS} blocks up to the last recorded one (UDF 2.2.11)");
        Err(first_error.unwrap_or_else(|| ReadError::invalid(VAT_NAME, last, what)))
    }

    /// The last sector that is not all zeros.
    fn last_recorded(&self) -> Result<u64, ReadError> {
        const PIECE: u64 = 256;
        let end = self.source.block_count();
        let limit = end.saturating_sub(BLANK_LIMIT / SECTOR_U64);
        let mut above = end;
        let mut bytes = vec![0; usize::try_from(PIECE).unwrap_or(0) * SECTOR];
        while above > limit {
            let first = above.saturating_sub(PIECE).max(limit);
            let length = usize::try_from(above - first).unwrap_or_default() * SECTOR;
            let piece = &mut bytes[..length];
            if self.source.read_blocks(first, piece).is_err() {
                // Sectors behind the last recorded one may be unreadable: looked at one by one.
                for lba in (first..above).rev() {
                    let sector = &mut bytes[..SECTOR];
                    if self.source.read_blocks(lba, sector).is_ok() && sector.iter().any(|b| *b != 0) {
                        return Ok(lba);
                    }
                }
            } else {
                let found = piece.chunks(SECTOR).rposition(|sector| sector.iter().any(|b| *b != 0));
                if let Some(at) = found {
                    return Ok(first + at as u64);
                }
            }
            above = first;
        }
        let what = format!("nothing is recorded in the last {} MiB", BLANK_LIMIT >> 20);
        Err(ReadError::invalid(VAT_NAME, end.saturating_sub(1), what))
    }

    /// Reads the extents of the metadata file, and of its mirror (UDF 2.50 2.2.13).
    fn mount_metadata(&mut self, reference: usize, map: &MetadataMap) -> Result<(), ReadError> {
        let physical = self.physical(map.number)?;
        let read = |block: u32, file_type: u8| {
            let direct = self.direct(METADATA_NAME, BlockAddress { block, partition: physical })?;
            let sector = self.sector_of(direct.block);
            let invalid = |what: String| ReadError::invalid(METADATA_NAME, sector, what);
            let found = direct.fields().icb.file_type;
            if found != file_type {
                return Err(invalid(format!("file type {found} instead of {file_type} (UDF 2.50 2.2.13)")));
            }
            match self.pieces(&direct)? {
                Ok(spans) => {
                    // In sectors only where it can be: it is for importers, which need 2048 bytes anyway.
                    let extents = match self.shape.block_bytes {
                        2048 => self.content(&spans, sector)?,
                        _ => Content::Extents(Vec::new()),
                    };
                    Ok((FileBlocks::new(&spans, self.shape.block_bytes), extents))
                }
                Err(_) => Err(invalid("its content is embedded (UDF 2.50 2.2.13.1)".to_owned())),
            }
        };
        let main = read(map.file, TYPE_METADATA);
        let mirror = read(map.mirror, TYPE_METADATA_MIRROR);
        self.shape.metadata_main_readable = main.is_ok();
        let ((main, extents), mirror) = match (main, mirror) {
            (Ok(main), mirror) => (main, mirror.ok().map(|(blocks, _)| blocks)),
            (Err(_), Ok(mirror)) => (mirror, None),
            (Err(error), Err(_)) => return Err(error),
        };
        if let Content::Extents(extents) = extents {
            self.shape.metadata_extents = extents;
        }
        if let Some(place) = self.shape.partitions.get_mut(reference) {
            place.blocks = u32::try_from(main.blocks).unwrap_or(u32::MAX);
            place.mapping = Mapping::Metadata { main, mirror };
        }
        Ok(())
    }

    /// The root directory of the prevailing file set descriptor (ECMA-167 4/8.3.1).
    fn mount_file_set(&mut self, at: LongAd) -> Result<(), ReadError> {
        let blocks = u64::from(at.bytes / self.shape.block_bytes).clamp(1, FILE_SET_LIMIT);
        let mut best: Option<u32> = None;
        for block in (at.block..).take(usize::try_from(blocks).unwrap_or(1)) {
            let address = BlockAddress { block, partition: at.partition };
            let found = self.locate(FILE_SET_NAME, address).and_then(|place| {
                let bytes = self.block(FILE_SET_NAME, place)?;
                if Tag::expect(&bytes, FILE_SET, block).is_ok() {
                    return Ok(bytes);
                }
                let mirror = self.mirror_of(place).and_then(|other| self.block(FILE_SET_NAME, other).ok());
                if let Some(bytes) = mirror
                    && Tag::expect(&bytes, FILE_SET, block).is_ok()
                {
                    return Ok(bytes);
                }
                match Tag::expect(&bytes, FILE_SET, block) {
                    Ok(_) => Ok(bytes),
                    Err(error) => {
                        Err(ReadError::invalid(FILE_SET_NAME, self.sector_of(place), error.to_string()))
                    }
                }
            });
            match (found, best) {
                (Ok(bytes), _) => {
                    let number = file_set::number(&bytes);
                    if best.is_none_or(|before| number >= before) {
                        best = Some(number);
                        let address =
                            |icb: LongAd| BlockAddress { block: icb.block, partition: icb.partition };
                        self.shape.file_set = BlockAddress { block, partition: at.partition };
                        self.shape.root = address(file_set::root(&bytes));
                        // Reserved before the third edition: zeros (4/14.1.19).
                        let streams = bytes.get(464..480).map_or(LongAd::default(), LongAd::read);
                        self.shape.system_streams = (streams.bytes != 0).then(|| address(streams));
                        self.shape.file_set_id =
                            bytes.get(304..336).and_then(|field| dstring(field).ok()).unwrap_or_default();
                    }
                }
                (Err(error), None) => return Err(error),
                (Err(_), Some(_)) => break,
            }
        }
        Ok(())
    }
}
