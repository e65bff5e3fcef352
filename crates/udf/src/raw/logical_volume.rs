//! Logical volume descriptor with its partition maps (ECMA-167 3/10.6 and 3/10.7, UDF 2.2.4).

use super::allocation::LongAd;
use super::anchor::ExtentAd;
use super::charspec::{is_osta, put_osta};
use super::field::{put_u16, put_u32, u16_at, u32_at};
use super::regid::Regid;
use crate::cs0::{dstring, put_dstring};

/// Bytes before the partition maps.
pub(crate) const MAPS_AT: usize = 440;
/// Bytes of a type 1 map.
const TYPE_1_LEN: usize = 6;
/// Bytes of a type 2 map.
const TYPE_2_LEN: usize = 64;
/// Bytes of the descriptor that [`write`] makes, with its one map.
pub(crate) const LEN: usize = MAPS_AT + TYPE_1_LEN;

/// How partition reference numbers lead to partitions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PartitionMap {
    /// A partition of the volume by its number (3/10.7.2).
    Type1 { volume: u16, number: u16 },
    /// Something that the identifier defines (3/10.7.3): virtual, sparable, metadata.
    Type2(Regid),
}

/// A logical volume as recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LogicalVolume {
    pub(crate) sequence: u32,
    pub(crate) name: String,
    pub(crate) osta_characters: bool,
    pub(crate) block_size: u32,
    pub(crate) domain: Regid,
    pub(crate) file_set: LongAd,
    pub(crate) integrity: ExtentAd,
    pub(crate) maps: Vec<PartitionMap>,
}

/// A volume of one type 1 partition, number 0, with the file set descriptor at `file_set`; [`LEN`] bytes.
pub(crate) fn write(
    out: &mut [u8],
    sequence: u32,
    name: &str,
    revision: u16,
    file_set: LongAd,
    integrity: ExtentAd,
) {
    put_u32(out, 16, sequence);
    put_osta(&mut out[20..84]);
    put_dstring(name, &mut out[84..212]);
    put_u32(out, 212, 2048);
    Regid::domain(revision).write(out, 216);
    file_set.write(out, 248);
    put_u32(out, 264, 6);
    put_u32(out, 268, 1);
    Regid::implementation().write(out, 272);
    integrity.write(out, 432);
    out[MAPS_AT] = 1;
    out[MAPS_AT + 1] = 6;
    put_u16(out, MAPS_AT + 2, 1); // volume sequence number
    put_u16(out, MAPS_AT + 4, 0); // partition number
}

/// What is wrong with the partition maps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum MapError {
    #[error("map table of {0} bytes exceeds the sector (ECMA-167 3/10.6.9)")]
    Table(u32),
    #[error("partition map {0} is cut off or of unknown type or length (ECMA-167 3/10.7)")]
    Map(u32),
}

impl LogicalVolume {
    /// Reads a verified descriptor.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, MapError> {
        let length = u32_at(bytes, 264);
        let table = usize::try_from(length)
            .ok()
            .and_then(|length| bytes.get(MAPS_AT..MAPS_AT.checked_add(length)?))
            .ok_or(MapError::Table(length))?;
        let mut maps = Vec::new();
        let mut rest = table;
        for index in 0..u32_at(bytes, 268) {
            let bad = MapError::Map(index);
            let (kind, length) = match rest {
                [kind, length, ..] => (*kind, usize::from(*length)),
                _ => return Err(bad),
            };
            let map = rest.get(..length).ok_or(bad)?;
            maps.push(match (kind, length) {
                (1, TYPE_1_LEN) => PartitionMap::Type1 { volume: u16_at(map, 2), number: u16_at(map, 4) },
                (2, TYPE_2_LEN) => PartitionMap::Type2(Regid::read(map, 4)),
                _ => return Err(bad),
            });
            rest = &rest[length..];
        }
        Ok(Self {
            sequence: u32_at(bytes, 16),
            name: bytes.get(84..212).and_then(|f| dstring(f).ok()).unwrap_or_default(),
            osta_characters: bytes.get(20..84).is_some_and(is_osta),
            block_size: u32_at(bytes, 212),
            domain: Regid::read(bytes, 216),
            file_set: LongAd::read(&bytes[248..264]),
            integrity: ExtentAd::read(bytes, 432),
            maps,
        })
    }
}
