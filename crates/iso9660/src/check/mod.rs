//! Strict verifier: holds a volume against ECMA-119, Joliet, SUSP, RRIP and El Torito, and against itself.
//!
//! Written from the standards; of the writing half it shares only the raw forms of the structures. What a structure says
//! is checked even where readers would overlook it; reading on stops only where nothing can be trusted. Errors are what
//! readers stumble over or read wrongly, warnings are broken rules that they overlook, notes are habits of known
//! programs; a habit is reported once for each hierarchy, with the number of its occurrences.

mod boot;
mod boot_image;
mod descriptors;
mod directories;
mod identifiers;
mod order;
mod path_tables;
mod records;
mod rock_ridge;
mod space;
mod susp_areas;
mod system_area;
mod volume_descriptor;

use std::fmt::Display;

use glassmaster_disc::{BlockSource, Finding, SECTOR, SECTOR_U64, Severity};

use crate::raw::number::Both;
use crate::raw::path_table::Order;
use identifiers::Names;
use space::Space;

/// Verifies the volume whose session begins at sector `session_start` and reports every deviation: the system area and
/// the descriptors first, then each hierarchy, the boot catalog, and what only the whole shows. A volume without
/// deviations reports nothing.
///
/// What cannot be read is reported as an error of its structure. Reads every directory once; holds a few bytes for each
/// file, never contents.
pub fn check(source: &dyn BlockSource, session_start: u32, report: &mut dyn FnMut(Finding)) {
    let mut checker = Checker {
        source,
        report,
        space: Space::default(),
        volume_end: source.block_count(),
        habits: Vec::new(),
    };
    if session_start == 0 {
        checker.system_area();
    }
    let set = checker.descriptors(session_start);
    for hierarchy in &set.hierarchies {
        checker.hierarchy(hierarchy);
    }
    checker.hierarchies_agree(&set.hierarchies);
    for (lba, catalog) in set.boot_catalogs {
        checker.boot_catalog(lba, catalog);
    }
    checker.space();
}

/// Where a hierarchy begins.
struct Hierarchy {
    names: Names,
    /// Sector of its descriptor.
    descriptor: u64,
    root: u32,
    root_size: u32,
    /// Volumes of the set, and the number of this one.
    set_size: u16,
    sequence: u16,
    tables: Vec<PathTables>,
    /// Files that the descriptor names.
    files: Vec<NamedFile>,
    contents: std::cell::Cell<Contents>,
}

/// The path tables of one descriptor.
#[derive(Clone, PartialEq, Eq)]
struct PathTables {
    descriptor: u64,
    size: u32,
    /// Byte order, sector, and clause of the field. Optional occurrences that are not there are left out.
    occurrences: Vec<(Order, u32, &'static str)>,
}

/// A file of the root directory that a descriptor names (ECMA-119 8.4.23 to 8.4.25).
struct NamedFile {
    what: &'static str,
    clause: &'static str,
    identifier: Vec<u8>,
}

/// A fingerprint of the contents that the records of a hierarchy lead to, in any order.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Contents {
    sections: u64,
    sum: u64,
}

struct Checker<'a> {
    source: &'a dyn BlockSource,
    report: &'a mut dyn FnMut(Finding),
    space: Space,
    /// First sector behind the volume space, as far as the primary descriptor can be believed.
    volume_end: u64,
    habits: Vec<Habit>,
}

/// A deviation that programs make everywhere or nowhere.
struct Habit {
    severity: Severity,
    clause: &'static str,
    lba: u64,
    what: &'static str,
    example: String,
    count: u64,
}

impl Checker<'_> {
    fn find(&mut self, severity: Severity, clause: &'static str, lba: u64, what: impl Into<String>) {
        (self.report)(Finding { severity, clause, lba, what: what.into() });
    }

    fn error(&mut self, clause: &'static str, lba: u64, what: impl Into<String>) {
        self.find(Severity::Error, clause, lba, what);
    }

    fn warn(&mut self, clause: &'static str, lba: u64, what: impl Into<String>) {
        self.find(Severity::Warning, clause, lba, what);
    }

    fn note(&mut self, clause: &'static str, lba: u64, what: impl Into<String>) {
        self.find(Severity::Note, clause, lba, what);
    }

    /// Counts a deviation that is reported once, by [`Checker::report_habits`].
    fn gather(
        &mut self,
        severity: Severity,
        clause: &'static str,
        lba: u64,
        what: &'static str,
        example: impl FnOnce() -> String,
    ) {
        if let Some(habit) = self.habits.iter_mut().find(|h| h.what == what) {
            habit.count += 1;
        } else {
            self.habits.push(Habit { severity, clause, lba, what, example: example(), count: 1 });
        }
    }

    /// What programs do and may.
    fn habit(
        &mut self,
        clause: &'static str,
        lba: u64,
        what: &'static str,
        example: impl FnOnce() -> String,
    ) {
        self.gather(Severity::Note, clause, lba, what, example);
    }

    fn report_habits(&mut self) {
        for habit in std::mem::take(&mut self.habits) {
            let what = match habit.count {
                1 => format!("{}: {}", habit.what, habit.example),
                n => format!("{}: {n} of them, the first is {}", habit.what, habit.example),
            };
            self.find(habit.severity, habit.clause, habit.lba, what);
        }
    }

    /// Both halves of a number must agree (ECMA-119 7.2.3, 7.3.3). `what` is only made for a finding.
    fn both<T: PartialEq + Display>(
        &mut self,
        clause: &'static str,
        lba: u64,
        what: impl FnOnce() -> String,
        value: Both<T>,
    ) {
        if !value.agree() {
            let text = format!("{} is {} little-endian but {} big-endian", what(), value.little, value.big);
            self.error(clause, lba, text);
        }
    }

    /// Bytes that must be 0; the first that is not is reported.
    fn zeros(
        &mut self,
        bytes: &[u8],
        range: std::ops::Range<usize>,
        clause: &'static str,
        lba: u64,
        what: &str,
    ) {
        let start = range.start;
        let found = bytes.get(range).unwrap_or_default().iter().enumerate().find(|(_, b)| **b != 0);
        if let Some((at, value)) = found {
            let text = format!("byte {} of the {what} is {value:#04x}, not 0: it is reserved", start + at);
            self.warn(clause, lba, text);
        }
    }

    /// Whether an extent lies inside the source.
    fn inside(&self, lba: u64, bytes: u64) -> bool {
        lba.checked_add(bytes.div_ceil(SECTOR_U64)).is_some_and(|end| end <= self.source.block_count())
    }

    /// `count` sectors, or a finding.
    fn sectors(&mut self, clause: &'static str, lba: u64, count: usize) -> Option<Vec<u8>> {
        if !self.inside(lba, (count * SECTOR) as u64) {
            let end = self.source.block_count();
            self.error(clause, lba, format!("{count} sectors from {lba} pass the end at {end}"));
            return None;
        }
        let mut bytes = vec![0; count * SECTOR];
        match self.source.read_blocks(lba, &mut bytes) {
            Ok(()) => Some(bytes),
            Err(error) => {
                self.error(clause, lba, format!("cannot be read: {error}"));
                None
            }
        }
    }
}

/// An identifier for people.
fn show(identifier: &[u8], joliet: bool) -> String {
    if joliet {
        let units = identifier.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else {
        String::from_utf8_lossy(identifier).into_owned()
    }
}
