//! The fields of a primary, supplementary or enhanced volume descriptor (ECMA-119 8.4, 8.5; Joliet).

use glassmaster_disc::SECTOR;

use super::identifiers::{Names, a_character, d_character, file_identifier, lone_surrogate};
use super::{Checker, Hierarchy, NamedFile, PathTables, show};
use crate::raw::date::{NO_VOLUME_DATE, decode_volume_date};
use crate::raw::descriptor::FoundDescriptor;
use crate::raw::number::array;
use crate::raw::path_table::Order;
use crate::raw::record::DirectoryRecord;

/// Quarter hours from Greenwich that a date may have (ECMA-119 8.4.26.1, 9.1.5).
pub(super) const ZONES: std::ops::RangeInclusive<i8> = -48..=52;

impl Checker<'_> {
    pub(super) fn volume_descriptor(
        &mut self,
        d: FoundDescriptor<'_>,
        lba: u64,
        names: Names,
    ) -> Option<Hierarchy> {
        self.volume_numbers(d, lba, names);
        self.volume_reserved(d, lba, names);
        match names {
            Names::Primary => self.characters(d, lba),
            Names::Joliet => self.joliet_texts(d, lba),
            Names::Enhanced | Names::Other => {}
        }
        self.volume_dates(d, lba);
        if usize::from(d.block_size().little) != SECTOR {
            let what = format!("logical blocks of {} bytes; the rest is not checked", d.block_size().little);
            self.error("ECMA-119 8.4.12", lba, what);
            return None;
        }
        let (root, root_size) = self.root_record(d, lba)?;
        if names == Names::Other {
            let what = format!(
                "a supplementary descriptor of the character sets {}, which are not known here",
                d.bytes().get(88..96).unwrap_or_default().escape_ascii()
            );
            self.note("ECMA-119 8.5.6", lba, what);
        }
        let optional = |at| array::<4>(d.bytes(), at);
        let occurrences = [
            (Order::L, d.path_table_l(), "ECMA-119 8.4.14", false),
            (Order::M, d.path_table_m(), "ECMA-119 8.4.16", false),
            (Order::L, u32::from_le_bytes(optional(144)), "ECMA-119 8.4.15", true),
            (Order::M, u32::from_be_bytes(optional(152)), "ECMA-119 8.4.17", true),
        ];
        let present = occurrences.into_iter().filter(|o| !o.3 || o.1 != 0);
        let tables = PathTables {
            descriptor: lba,
            size: d.path_table_size().little,
            occurrences: present.map(|(order, at, clause, _)| (order, at, clause)).collect(),
        };
        Some(Hierarchy {
            names,
            descriptor: lba,
            root,
            root_size,
            set_size: d.set_size().little,
            sequence: d.sequence().little,
            tables: vec![tables],
            files: self.named_files(d, lba, names),
            contents: std::cell::Cell::default(),
        })
    }

    fn volume_numbers(&mut self, d: FoundDescriptor<'_>, lba: u64, names: Names) {
        let name = |what: &'static str| move || what.to_owned();
        self.both("ECMA-119 8.4.8", lba, name("volume space size"), d.blocks());
        self.both("ECMA-119 8.4.10", lba, name("volume set size"), d.set_size());
        self.both("ECMA-119 8.4.11", lba, name("volume sequence number"), d.sequence());
        self.both("ECMA-119 8.4.12", lba, name("logical block size"), d.block_size());
        self.both("ECMA-119 8.4.13", lba, name("path table size"), d.path_table_size());
        let (number, count) = (d.sequence().little, d.set_size().little);
        if number == 0 || count == 0 {
            let what = format!("volume {number} of a set of {count}: both are counted from 1");
            self.error("ECMA-119 8.4.11", lba, what);
        } else if number > count {
            self.error("ECMA-119 8.4.11", lba, format!("volume {number} of a set of {count}"));
        }
        let wanted = if names == Names::Enhanced { 2 } else { 1 };
        if d.structure_version() != wanted {
            let what = format!("file structure version is {}, not {wanted}", d.structure_version());
            self.error("ECMA-119 8.4.30", lba, what);
        }
        let blocks = self.source.block_count();
        if u64::from(d.blocks().little) > blocks {
            let what = format!("volume space of {} sectors, but there are {blocks}", d.blocks().little);
            self.error("ECMA-119 8.4.8", lba, what);
        }
    }

    fn volume_reserved(&mut self, d: FoundDescriptor<'_>, lba: u64, names: Names) {
        let (bytes, name) = (d.bytes(), names.descriptor());
        self.zeros(bytes, 72..80, "ECMA-119 8.4.7", lba, name);
        self.zeros(bytes, 882..883, "ECMA-119 8.4.31", lba, name);
        self.zeros(bytes, 1395..SECTOR, "ECMA-119 8.4.33", lba, name);
        if names == Names::Primary {
            self.zeros(bytes, 7..8, "ECMA-119 8.4.4", lba, name);
            self.zeros(bytes, 88..120, "ECMA-119 8.4.9", lba, name);
            return;
        }
        let flags = bytes.get(7).copied().unwrap_or(0);
        if flags & 0xFE != 0 {
            let what = format!("volume flags of the {name} are {flags:#04x}; only bit 0 has a meaning");
            self.warn("ECMA-119 8.5.3", lba, what);
        }
        if names == Names::Joliet && flags & 1 != 0 {
            let what = "volume flags say that an escape sequence is not registered; Joliet's are";
            self.warn("ECMA-119 8.5.3", lba, what);
        }
    }

    fn volume_dates(&mut self, d: FoundDescriptor<'_>, lba: u64) {
        let names = [
            ("creation", "ECMA-119 8.4.26"),
            ("modification", "ECMA-119 8.4.27"),
            ("expiration", "ECMA-119 8.4.28"),
            ("effective", "ECMA-119 8.4.29"),
        ];
        for (date, (what, clause)) in d.dates().iter().zip(names) {
            if *date == NO_VOLUME_DATE {
                continue;
            }
            if *date == [0; 17] {
                self.note(clause, lba, format!("the {what} date is 17 bytes of 0; none is 16 digits 0"));
            } else if decode_volume_date(date).is_none() {
                let text = format!(
                    "the {what} date is no date: '{}' (ECMA-119 8.4.26.1)",
                    date.get(..16).unwrap_or_default().escape_ascii()
                );
                self.warn(clause, lba, text);
            } else if !ZONES.contains(&date[16].cast_signed()) {
                let quarters = date[16].cast_signed();
                let text =
                    format!("the {what} date is {quarters} quarter hours from Greenwich, past -48 to 52");
                self.warn(clause, lba, text);
            }
        }
    }

    fn root_record(&mut self, d: FoundDescriptor<'_>, lba: u64) -> Option<(u32, u32)> {
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
        self.both("ECMA-119 9.1.3", lba, || "address of the root directory".to_owned(), root.extent);
        self.both("ECMA-119 9.1.4", lba, || "length of the root directory".to_owned(), root.size);
        self.both("ECMA-119 9.1.9", lba, || "volume of the root directory".to_owned(), root.volume);
        if root.length != 34 || root.identifier != [0] || !root.is_dir() {
            let what = format!(
                "the record of the root is of {} bytes, flags {:#04x}, named {:02x?}; wanted are 34 bytes, a \
                 directory, and 00",
                root.length,
                root.flags.bits(),
                root.identifier
            );
            self.error("ECMA-119 8.4.18", lba, what);
        }
        Some((root.content_lba()?, root.size.little))
    }

    fn characters(&mut self, d: FoundDescriptor<'_>, lba: u64) {
        let [set, publisher, preparer, application] = d.identifiers();
        for (what, clause, text, only_d) in [
            ("system identifier", "ECMA-119 8.4.5", d.system(), false),
            ("volume identifier", "ECMA-119 8.4.6", d.volume(), true),
            ("volume set identifier", "ECMA-119 8.4.19", set, true),
            ("publisher identifier", "ECMA-119 8.4.20", publisher, false),
            ("data preparer identifier", "ECMA-119 8.4.21", preparer, false),
            ("application identifier", "ECMA-119 8.4.22", application, false),
        ] {
            if text.iter().all(|b| *b == 0) {
                self.note(clause, lba, format!("the {what} is filled with 0, not with blanks"));
                continue;
            }
            let fits = |b: &u8| *b == b' ' || if only_d { d_character(b) } else { a_character(b) };
            // In front of a name of a file of the root directory (8.4.20 to 8.4.22).
            let rest = if only_d { text } else { text.strip_prefix(b"_").unwrap_or(text) };
            if let Some(at) = rest.iter().position(|b| !fits(b)) {
                let kind = if only_d { "d" } else { "a" };
                let shown = text.trim_ascii_end().escape_ascii().to_string();
                let byte = rest.get(at).copied().unwrap_or(0);
                let what = format!("the {what} '{shown}' has {byte:#04x}, which is no {kind}-character");
                self.warn(clause, lba, what);
            }
        }
    }

    fn joliet_texts(&mut self, d: FoundDescriptor<'_>, lba: u64) {
        let [set, publisher, preparer, application] = d.identifiers();
        for (what, clause, text) in [
            ("system identifier", "ECMA-119 8.5.4", d.system()),
            ("volume identifier", "ECMA-119 8.5.5", d.volume()),
            ("volume set identifier", "ECMA-119 8.5.13", set),
            ("publisher identifier", "ECMA-119 8.5.14", publisher),
            ("data preparer identifier", "ECMA-119 8.5.15", preparer),
            ("application identifier", "ECMA-119 8.5.16", application),
        ] {
            if let Some(unit) = lone_surrogate(text) {
                let shown = show(text, true);
                let what = format!("the {what} '{}' has the half character {unit:04X}", shown.trim_end());
                self.warn(clause, lba, what);
            }
        }
    }

    /// The files of the root directory that a descriptor names, if it names any.
    fn named_files(&mut self, d: FoundDescriptor<'_>, lba: u64, names: Names) -> Vec<NamedFile> {
        let mut files = Vec::new();
        for (at, what, clause) in [
            (702, "copyright file", "ECMA-119 8.4.23"),
            (739, "abstract file", "ECMA-119 8.4.24"),
            (776, "bibliographic file", "ECMA-119 8.4.25"),
        ] {
            let field = d.bytes().get(at..at + 37).unwrap_or_default();
            if field.iter().all(|b| matches!(b, 0 | b' ')) {
                continue;
            }
            let identifier = match names {
                Names::Joliet => {
                    // 18 characters and a byte that belongs to none.
                    let text = field.chunks_exact(2).take_while(|pair| !matches!(pair, [0, 0 | b' ']));
                    text.flatten().copied().collect()
                }
                _ => field.trim_ascii_end().to_vec(),
            };
            if names == Names::Primary
                && let Err(why) = file_identifier(&identifier)
            {
                let shown = show(&identifier, false);
                self.warn(clause, lba, format!("the {what} '{shown}' is one of the {why}"));
            }
            files.push(NamedFile { what, clause, identifier });
        }
        files
    }
}
