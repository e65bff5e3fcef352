//! The volume descriptor set (ECMA-119 8).

use glassmaster_disc::SECTOR;

use super::space::Holds;
use super::{Checker, Hierarchy};
use crate::raw::date::{NO_VOLUME_DATE, decode_volume_date};
use crate::raw::descriptor::{FIRST_SECTOR, FoundDescriptor, kind};
use crate::raw::record::DirectoryRecord;

/// Descriptors before a set counts as endless.
const MOST: u64 = 64;

impl Checker<'_> {
    pub(super) fn descriptors(&mut self, session_start: u32) -> Vec<Hierarchy> {
        let first = u64::from(session_start) + u64::from(FIRST_SECTOR);
        let mut found = Vec::new();
        let (mut primary, mut terminated) = (false, false);
        let mut lba = first;
        while lba < (first + MOST).min(self.source.block_count()) {
            let Some(sector) = self.sectors("ECMA-119 6.7.1", lba, 1) else { break };
            let Some(descriptor) = FoundDescriptor::recognise(&sector) else { break };
            if descriptor.version() != 1 && descriptor.kind() != kind::SUPPLEMENTARY {
                let what = format!("volume descriptor version is {}, not 1", descriptor.version());
                self.error("ECMA-119 8.1.3", lba, what);
            }
            match descriptor.kind() {
                kind::PRIMARY => {
                    primary = true;
                    found.extend(self.volume_descriptor(descriptor, lba, false));
                }
                kind::SUPPLEMENTARY if descriptor.is_joliet() => {
                    found.extend(self.volume_descriptor(descriptor, lba, true));
                }
                kind::TERMINATOR => {
                    self.zeros(descriptor.bytes(), 7..SECTOR, "ECMA-119 8.3.4", lba, "set terminator");
                    terminated = true;
                    break;
                }
                _ => {}
            }
            lba += 1;
        }
        if !primary {
            self.error("ECMA-119 6.7.1.1", first, "there is no primary volume descriptor");
        }
        if !terminated {
            self.error("ECMA-119 6.7.1.6", lba, "the volume descriptor set has no terminator");
        }
        found
    }

    fn zeros(
        &mut self,
        bytes: &[u8],
        range: std::ops::Range<usize>,
        clause: &'static str,
        lba: u64,
        what: &str,
    ) {
        let start = range.start;
        if let Some(at) = bytes.get(range).unwrap_or_default().iter().position(|b| *b != 0) {
            self.warn(clause, lba, format!("byte {} of the {what} is reserved but not 0", start + at));
        }
    }

    fn volume_descriptor(&mut self, d: FoundDescriptor<'_>, lba: u64, joliet: bool) -> Option<Hierarchy> {
        let name = if joliet { "Joliet volume descriptor" } else { "primary volume descriptor" };
        self.both("ECMA-119 8.4.8", lba, "volume space size", d.blocks());
        self.both("ECMA-119 8.4.10", lba, "volume set size", d.set_size());
        self.both("ECMA-119 8.4.11", lba, "volume sequence number", d.sequence());
        self.both("ECMA-119 8.4.12", lba, "logical block size", d.block_size());
        self.both("ECMA-119 8.4.13", lba, "path table size", d.path_table_size());
        if d.sequence().little > d.set_size().little {
            self.error("ECMA-119 8.4.11", lba, "the volume's number is larger than its set");
        }
        if d.structure_version() != 1 {
            self.error(
                "ECMA-119 8.4.31",
                lba,
                format!("file structure version is {}", d.structure_version()),
            );
        }
        let blocks = self.source.block_count();
        if u64::from(d.blocks().little) > blocks {
            let what = format!("volume space of {} sectors, but there are {blocks}", d.blocks().little);
            self.error("ECMA-119 8.4.8", lba, what);
        }
        if !joliet {
            self.zeros(d.bytes(), 7..8, "ECMA-119 8.4.4", lba, name);
            self.zeros(d.bytes(), 88..120, "ECMA-119 8.4.9", lba, name);
            self.characters(d, lba);
        }
        self.zeros(d.bytes(), 72..80, "ECMA-119 8.4.7", lba, name);
        self.zeros(d.bytes(), 882..883, "ECMA-119 8.4.32", lba, name);
        self.zeros(d.bytes(), 1395..SECTOR, "ECMA-119 8.4.34", lba, name);
        for (date, what) in d.dates().iter().zip(["creation", "modification", "expiration", "effective"]) {
            let unspecified = *date == NO_VOLUME_DATE || *date == [0; 17];
            if !unspecified && decode_volume_date(date).is_none() {
                let text = format!("{what} date is no date: '{}'", String::from_utf8_lossy(date));
                self.warn("ECMA-119 8.4.26.1", lba, text);
            }
        }
        if usize::from(d.block_size().little) != SECTOR {
            let what = format!("logical blocks of {} bytes; the rest is not checked", d.block_size().little);
            self.error("ECMA-119 8.4.12", lba, what);
            return None;
        }
        let root = match DirectoryRecord::parse(d.root()) {
            Ok(Some(root)) => root,
            Ok(None) => {
                self.error("ECMA-119 8.4.18", lba, "there is no record of the root directory");
                return None;
            }
            Err(what) => {
                self.error("ECMA-119 8.4.18", lba, format!("record of the root directory: {what}"));
                return None;
            }
        };
        self.both("ECMA-119 9.1.3", lba, "address of the root directory", root.extent);
        self.both("ECMA-119 9.1.4", lba, "length of the root directory", root.size);
        if root.length != 34 || root.identifier != [0] || !root.is_dir() {
            self.error(
                "ECMA-119 8.4.18",
                lba,
                "the record of the root is not a directory's of 34 bytes, named 00",
            );
        }
        self.space.add(lba, 1, Holds::Descriptor);
        Some(Hierarchy {
            joliet,
            descriptor: lba,
            root: root.content_lba()?,
            root_size: root.size.little,
            path_table_size: d.path_table_size().little,
            path_table_l: d.path_table_l(),
            path_table_m: d.path_table_m(),
        })
    }

    fn characters(&mut self, d: FoundDescriptor<'_>, lba: u64) {
        let d_character = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_' || *b == b' ';
        let a_character = |b: &u8| d_character(b) || b"!\"%&'()*+,-./:;<=>?".contains(b);
        let [set, publisher, preparer, application] = d.identifiers();
        for (what, clause, text, only_d) in [
            ("system identifier", "ECMA-119 8.4.5", d.system(), false),
            ("volume identifier", "ECMA-119 8.4.6", d.volume(), true),
            ("volume set identifier", "ECMA-119 8.4.19", set, true),
            ("publisher identifier", "ECMA-119 8.4.20", publisher, false),
            ("data preparer identifier", "ECMA-119 8.4.21", preparer, false),
            ("application identifier", "ECMA-119 8.4.22", application, false),
        ] {
            let fine = text.iter().all(|b| if only_d { d_character(b) } else { a_character(b) });
            if !fine {
                let kind = if only_d { "d" } else { "a" };
                let what = format!(
                    "the {what} has others than {kind}-characters: '{}'",
                    String::from_utf8_lossy(text)
                );
                self.warn(clause, lba, what);
            }
        }
    }
}
