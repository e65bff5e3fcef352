//! Partition maps (ECMA-167 3/10.7): how partition reference numbers lead to partitions. Type 2 as UDF defines it:
//! virtual (UDF 2.2.8), sparable (UDF 2.2.9) and metadata partitions (UDF 2.50 2.2.10).

use super::field::{put_u16, put_u32, u16_at, u32_at};
use super::regid::Regid;

/// Bytes of a type 1 map (3/10.7.2).
pub(crate) const TYPE_1_LEN: usize = 6;
/// Bytes of a type 2 map (3/10.7.3).
pub(crate) const TYPE_2_LEN: usize = 64;
/// Sparing tables that fit into a map: UDF 2.2.9 asks for two to four.
pub(crate) const MAX_SPARING_TABLES: usize = 4;
/// "No metadata bitmap file" (UDF 2.50 2.2.10).
const NO_BITMAP: u32 = u32::MAX;
/// Flag bit 0: main and mirror file have extents of their own (UDF 2.50 2.2.10).
const DUPLICATE: u8 = 1;

const VIRTUAL: &[u8] = b"*UDF Virtual Partition";
const SPARABLE: &[u8] = b"*UDF Sparable Partition";
const METADATA: &[u8] = b"*UDF Metadata Partition";

/// How one partition reference number leads to sectors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PartitionMap {
    /// A partition of the volume by its number (3/10.7.2).
    Type1 { volume: u16, number: u16 },
    /// Blocks of a partition through a virtual allocation table.
    Virtual { revision: u16, volume: u16, number: u16 },
    /// A partition some packets of which are elsewhere.
    Sparable(SparableMap),
    /// Blocks of a file of the partition.
    Metadata(MetadataMap),
    /// Something else that its identifier defines (3/10.7.3).
    Other(Regid),
}

/// Map of a sparable partition (UDF 2.2.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SparableMap {
    /// UDF revision of the identifier.
    pub(crate) revision: u16,
    pub(crate) volume: u16,
    pub(crate) number: u16,
    /// Blocks of a packet; 32 up to UDF 2.01.
    pub(crate) packet_blocks: u16,
    /// Bytes of each sparing table.
    pub(crate) table_bytes: u32,
    /// Number of sparing tables as recorded; only the first [`MAX_SPARING_TABLES`] have a place.
    pub(crate) table_count: u8,
    /// First sectors of the tables, absolute; 0 behind the last.
    pub(crate) tables: [u32; MAX_SPARING_TABLES],
}

/// Map of a metadata partition (UDF 2.50 2.2.10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MetadataMap {
    /// UDF revision of the identifier.
    pub(crate) revision: u16,
    pub(crate) volume: u16,
    /// Number of the partition that holds the files, by a type 1 or sparable map of its own.
    pub(crate) number: u16,
    /// Block of the file entry of the metadata file in that partition.
    pub(crate) file: u32,
    /// Block of the file entry of the mirror file.
    pub(crate) mirror: u32,
    /// Block of the file entry of the bitmap file, where there is one.
    pub(crate) bitmap: Option<u32>,
    /// Blocks in whose multiples the files have their extents.
    pub(crate) allocation_unit: u32,
    /// Blocks at whose multiples the extents begin.
    pub(crate) alignment_unit: u16,
    /// Whether the mirror file is a copy in sectors of its own.
    pub(crate) duplicate: bool,
}

impl PartitionMap {
    /// Bytes of the recorded map.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Type1 { .. } => TYPE_1_LEN,
            _ => TYPE_2_LEN,
        }
    }

    /// Writes the map to [`PartitionMap::len`] zeroed bytes.
    pub(crate) fn write(&self, out: &mut [u8]) {
        let length = self.len();
        out[0] = if length == TYPE_1_LEN { 1 } else { 2 };
        out[1] = u8::try_from(length).unwrap_or_default();
        let mut type_2 = |name: &[u8], revision, volume, number| {
            Regid::udf(name, revision).write(out, 4);
            put_u16(out, 36, volume);
            put_u16(out, 38, number);
        };
        match *self {
            Self::Type1 { volume, number } => {
                put_u16(out, 2, volume);
                put_u16(out, 4, number);
            }
            Self::Virtual { revision, volume, number } => type_2(VIRTUAL, revision, volume, number),
            Self::Sparable(map) => {
                type_2(SPARABLE, map.revision, map.volume, map.number);
                put_u16(out, 40, map.packet_blocks);
                out[42] = map.table_count;
                put_u32(out, 44, map.table_bytes);
                for (at, table) in (48..).step_by(4).zip(map.tables) {
                    put_u32(out, at, table);
                }
            }
            Self::Metadata(map) => {
                type_2(METADATA, map.revision, map.volume, map.number);
                put_u32(out, 40, map.file);
                put_u32(out, 44, map.mirror);
                put_u32(out, 48, map.bitmap.unwrap_or(NO_BITMAP));
                put_u32(out, 52, map.allocation_unit);
                put_u16(out, 56, map.alignment_unit);
                out[58] = if map.duplicate { DUPLICATE } else { 0 };
            }
            Self::Other(identifier) => identifier.write(out, 4),
        }
    }

    /// Reads the map at the start of a map table, and its length; `None` when it is cut off or of unknown type or
    /// length.
    pub(crate) fn read(table: &[u8]) -> Option<(Self, usize)> {
        let (kind, length) = match table {
            [kind, length, ..] => (*kind, usize::from(*length)),
            _ => return None,
        };
        let map = table.get(..length)?;
        let (volume, number) = (u16_at(map, 36), u16_at(map, 38));
        let read = match (kind, length) {
            (1, TYPE_1_LEN) => Self::Type1 { volume: u16_at(map, 2), number: u16_at(map, 4) },
            (2, TYPE_2_LEN) => {
                let identifier = Regid::read(map, 4);
                let revision = identifier.revision();
                match identifier.name().as_bytes() {
                    VIRTUAL => Self::Virtual { revision, volume, number },
                    SPARABLE => Self::Sparable(SparableMap {
                        revision,
                        volume,
                        number,
                        packet_blocks: u16_at(map, 40),
                        table_bytes: u32_at(map, 44),
                        table_count: map[42],
                        tables: [48, 52, 56, 60].map(|at| u32_at(map, at)),
                    }),
                    METADATA => Self::Metadata(MetadataMap {
                        revision,
                        volume,
                        number,
                        file: u32_at(map, 40),
                        mirror: u32_at(map, 44),
                        bitmap: Some(u32_at(map, 48)).filter(|at| *at != NO_BITMAP),
                        allocation_unit: u32_at(map, 52),
                        alignment_unit: u16_at(map, 56),
                        duplicate: map[58] & DUPLICATE != 0,
                    }),
                    _ => Self::Other(identifier),
                }
            }
            _ => return None,
        };
        Some((read, length))
    }

    /// The name its standard gives it, for messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Type1 { .. } => "type 1".to_owned(),
            Self::Virtual { .. } => String::from_utf8_lossy(VIRTUAL).into_owned(),
            Self::Sparable(_) => String::from_utf8_lossy(SPARABLE).into_owned(),
            Self::Metadata(_) => String::from_utf8_lossy(METADATA).into_owned(),
            Self::Other(identifier) => identifier.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA_MAP: MetadataMap = MetadataMap {
        revision: 0x0250,
        volume: 1,
        number: 0,
        file: 0x20,
        mirror: 0x0102_0304,
        bitmap: None,
        allocation_unit: 32,
        alignment_unit: 32,
        duplicate: true,
    };

    fn recorded(map: &PartitionMap) -> Vec<u8> {
        let mut out = vec![0; map.len()];
        map.write(&mut out);
        out
    }

    /// Fields at the positions of the tables in 3/10.7.2 and UDF 2.50 2.2.8 to 2.2.10.
    #[test]
    fn fields_stand_where_the_tables_put_them() {
        assert_eq!(recorded(&PartitionMap::Type1 { volume: 1, number: 0x0203 }), [1, 6, 1, 0, 3, 2]);

        let out = recorded(&PartitionMap::Virtual { revision: 0x0150, volume: 1, number: 7 });
        assert_eq!(out[..4], [2, 64, 0, 0]);
        assert_eq!(out[4..28], *b"\0*UDF Virtual Partition\0");
        assert_eq!(out[28..40], [0x50, 1, 0, 0, 0, 0, 0, 0, 1, 0, 7, 0]);
        assert_eq!(out[40..], [0; 24]);

        let tables = [0x110, 0x330, 0, 0];
        let out = recorded(&PartitionMap::Sparable(SparableMap {
            revision: 0x0201,
            volume: 1,
            number: 0,
            packet_blocks: 32,
            table_bytes: 0x800,
            table_count: 2,
            tables,
        }));
        assert_eq!(out[4..28], *b"\0*UDF Sparable Partition");
        assert_eq!(out[28..40], [1, 2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(out[40..56], [32, 0, 2, 0, 0, 8, 0, 0, 0x10, 1, 0, 0, 0x30, 3, 0, 0]);

        let out = recorded(&PartitionMap::Metadata(METADATA_MAP));
        assert_eq!(out[..4], [2, 64, 0, 0]);
        assert_eq!(out[4..28], *b"\0*UDF Metadata Partition");
        assert_eq!(out[28..40], [0x50, 2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(out[40..52], [0x20, 0, 0, 0, 4, 3, 2, 1, 255, 255, 255, 255]);
        assert_eq!(out[52..], [32, 0, 0, 0, 32, 0, 1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_written_is_read() {
        for map in [
            PartitionMap::Type1 { volume: 1, number: 9 },
            PartitionMap::Virtual { revision: 0x0200, volume: 1, number: 3 },
            PartitionMap::Sparable(SparableMap {
                revision: 0x0150,
                volume: 1,
                number: 2,
                packet_blocks: 32,
                table_bytes: 4096,
                table_count: 4,
                tables: [1, 2, 3, 4],
            }),
            PartitionMap::Metadata(METADATA_MAP),
            PartitionMap::Metadata(MetadataMap { bitmap: Some(5), duplicate: false, ..METADATA_MAP }),
            PartitionMap::Other(Regid::udf(b"*Something else", 0)),
        ] {
            let out = recorded(&map);
            assert_eq!(PartitionMap::read(&out), Some((map, out.len())));
            assert_eq!(PartitionMap::read(&out[..out.len() - 1]), None);
        }
        assert_eq!(PartitionMap::read(&[3, 6, 0, 0, 0, 0]), None);
    }
}
