//! Logical volume descriptor (ECMA-167 3/10.6, UDF 2.2.4).

use super::allocation::LongAd;
use super::anchor::ExtentAd;
use super::charspec::{is_osta, put_osta};
use super::field::{put_u32, u32_at};
use super::partition_map::PartitionMap;
use super::regid::Regid;
use crate::cs0::{dstring, put_dstring};

/// Bytes before the partition maps.
pub(crate) const MAPS_AT: usize = 440;

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

/// What a descriptor says besides its volume's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fields<'a> {
    pub(crate) sequence: u32,
    pub(crate) revision: u16,
    /// Extent of the file set descriptor sequence.
    pub(crate) file_set: LongAd,
    pub(crate) integrity: ExtentAd,
    pub(crate) maps: &'a [PartitionMap],
}

/// Writes a volume called `name` to a zeroed sector; bytes of the descriptor.
pub(crate) fn write(out: &mut [u8], name: &str, fields: Fields<'_>) -> usize {
    put_u32(out, 16, fields.sequence);
    put_osta(&mut out[20..84]);
    put_dstring(name, &mut out[84..212]);
    put_u32(out, 212, 2048);
    Regid::domain(fields.revision).write(out, 216);
    fields.file_set.write(out, 248);
    Regid::implementation().write(out, 272);
    fields.integrity.write(out, 432);
    let mut at = MAPS_AT;
    for map in fields.maps {
        map.write(&mut out[at..at + map.len()]);
        at += map.len();
    }
    put_u32(out, 264, u32::try_from(at - MAPS_AT).unwrap_or_default());
    put_u32(out, 268, u32::try_from(fields.maps.len()).unwrap_or_default());
    at
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
            let (map, length) = PartitionMap::read(rest).ok_or(MapError::Map(index))?;
            maps.push(map);
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
