//! The fields of one directory record (ECMA-119 9.1) and the extent it leads to.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use glassmaster_disc::{SECTOR_U64, sectors_for};

use super::identifiers::Names;
use super::space::Holds;
use super::volume_descriptor::ZONES;
use super::{Checker, Contents, Hierarchy, show};
use crate::raw::date::decode_record_date;
use crate::raw::descriptor::FIRST_SECTOR;
use crate::raw::record::{DirectoryRecord, FileFlags};

/// Where the version of an extended attribute record stands (ECMA-119 9.5.9).
const ATTRIBUTES_VERSION: usize = 180;

impl Checker<'_> {
    pub(super) fn record(
        &mut self,
        hierarchy: &Hierarchy,
        record: &DirectoryRecord<'_>,
        lba: u64,
        at: usize,
    ) {
        let name = || match record.identifier {
            [0] => "the directory itself".to_owned(),
            [1] => "its parent".to_owned(),
            other => format!("'{}'", show(other, hierarchy.names == Names::Joliet)),
        };
        let of = |what: &'static str| move || format!("{what} of {} at byte {at}", name());
        self.both("ECMA-119 9.1.3", lba, of("address"), record.extent);
        self.both("ECMA-119 9.1.4", lba, of("length"), record.size);
        self.both("ECMA-119 9.1.9", lba, of("volume"), record.volume);
        if record.length % 2 == 1 {
            let what = format!("the record of {} has the odd length {}", name(), record.length);
            self.warn("ECMA-119 9.1.13", lba, what);
        }
        self.record_date(record, lba, name);
        let flags = record.flags;
        if flags.bits() & 0x60 != 0 {
            let what = format!("flags of {} are {:#04x}: bits 5 and 6 are reserved", name(), flags.bits());
            self.warn("ECMA-119 9.1.6", lba, what);
        }
        let files_only = FileFlags::ASSOCIATED | FileFlags::RECORD | FileFlags::MULTI_EXTENT;
        if record.is_dir() && flags.intersects(files_only) {
            let what = format!("{} is a directory, but its flags {:#04x} are a file's", name(), flags.bits());
            self.error("ECMA-119 9.1.6", lba, what);
        }
        let described = FileFlags::RECORD | FileFlags::PROTECTION;
        if flags.intersects(described) && record.attribute_blocks == 0 {
            let what = format!("flags of {} want an extended attribute record; there is none", name());
            self.warn("ECMA-119 9.1.6", lba, what);
        }
        if (record.unit_blocks == 0) != (record.gap_blocks == 0) {
            let what = format!(
                "{}: file unit size {}, interleave gap size {}; both or none are 0",
                name(),
                record.unit_blocks,
                record.gap_blocks
            );
            self.error("ECMA-119 9.1.8", lba, what);
        }
        let volume = record.volume.little;
        if volume == 0 || volume > hierarchy.set_size {
            let what = format!("{} is on volume {volume} of {}", name(), hierarchy.set_size);
            self.error("ECMA-119 9.1.9", lba, what);
        }
        if record.attribute_blocks > 0 && volume == hierarchy.sequence {
            self.attributes(record, lba, name);
        }
    }

    fn record_date(&mut self, record: &DirectoryRecord<'_>, lba: u64, name: impl Fn() -> String) {
        if record.date == [0; 7] {
            return;
        }
        if decode_record_date(record.date).is_none() {
            let what = format!("the date of {} is none: {:?}", name(), record.date);
            self.warn("ECMA-119 9.1.5", lba, what);
        } else if !ZONES.contains(&record.date[6].cast_signed()) {
            let quarters = record.date[6].cast_signed();
            let what =
                format!("the date of {} is {quarters} quarter hours from Greenwich, past -48 to 52", name());
            self.warn("ECMA-119 9.1.5", lba, what);
        }
    }

    /// The extended attribute record in front of a content (ECMA-119 9.5).
    fn attributes(&mut self, record: &DirectoryRecord<'_>, lba: u64, name: impl Fn() -> String) {
        let first = u64::from(record.extent.little);
        let blocks = u64::from(record.attribute_blocks);
        if !self.inside(first, blocks * SECTOR_U64) {
            let end = self.source.block_count();
            let what = format!(
                "the extended attribute record of {}, {blocks} sectors from {first}, passes the end at {end}",
                name()
            );
            self.error("ECMA-119 9.1.2", lba, what);
            return;
        }
        self.space.add(first, blocks, Holds::Content);
        let Some(sector) = self.sectors("ECMA-119 9.5", first, 1) else { return };
        let version = sector.get(ATTRIBUTES_VERSION).copied().unwrap_or(0);
        if version != 1 {
            let what = format!("the extended attribute record of {} has version {version}, not 1", name());
            self.warn("ECMA-119 9.5.9", first, what);
        }
    }

    /// The section of a file that a record describes (ECMA-119 6.4).
    pub(super) fn content(&mut self, hierarchy: &Hierarchy, record: &DirectoryRecord<'_>, lba: u64) {
        let bytes = u64::from(record.size.little);
        let name = || show(record.identifier, hierarchy.names == Names::Joliet);
        if record.flags.contains(FileFlags::MULTI_EXTENT) && !bytes.is_multiple_of(SECTOR_U64) {
            let what = format!("an inner extent of '{}', {bytes} bytes, ends inside a sector", name());
            self.error("ECMA-119 6.4.3.2", lba, what);
        }
        if bytes == 0 || record.volume.little != hierarchy.sequence {
            return;
        }
        let mut span = sectors_for(bytes);
        let (unit, gap) = (u64::from(record.unit_blocks), u64::from(record.gap_blocks));
        if unit > 0 {
            self.habit("ECMA-119 9.1.7", lba, "interleaved files, which most readers refuse", || {
                format!("'{}'", name())
            });
            span += (span.div_ceil(unit) - 1) * gap;
        }
        let first = record.content_lba().map(u64::from);
        let Some(first) = first.filter(|f| self.inside(*f, span * SECTOR_U64)) else {
            let what = format!(
                "'{}': {bytes} bytes from sector {} pass the end at {}",
                name(),
                record.extent.little,
                self.source.block_count()
            );
            self.error("ECMA-119 9.1.3", lba, what);
            return;
        };
        if first < u64::from(FIRST_SECTOR) {
            let what = format!("'{}' begins at sector {first}, in the system area", name());
            self.warn("ECMA-119 6.2.1", lba, what);
        }
        if first + span > self.volume_end {
            let end = self.volume_end;
            self.habit("ECMA-119 8.4.8", lba, "files outside the volume space", || {
                format!(
                    "'{}', sectors {first} to {}, with the space ending at {end}",
                    name(),
                    first + span - 1
                )
            });
        }
        if unit == 0 {
            self.space.add(first, span, Holds::Content);
        }
        let Contents { sections, sum } = hierarchy.contents.get();
        let mut hasher = DefaultHasher::new();
        (first, bytes).hash(&mut hasher);
        hierarchy.contents.set(Contents { sections: sections + 1, sum: sum.wrapping_add(hasher.finish()) });
    }
}
