//! Strict verifier: holds a volume against ECMA-119, Joliet, SUSP and RRIP, and against itself.
//!
//! Written from the standards; of the writing half it shares only the raw forms of the structures. What a structure says
//! is checked even where readers would overlook it; reading on stops only where nothing can be trusted.

mod descriptors;
mod directories;
mod order;
mod path_tables;
mod space;
mod system_use;

use std::fmt::Display;

use glassmaster_disc::{BlockSource, Finding, SECTOR, SECTOR_U64, Severity};

use crate::raw::number::Both;
use space::Space;

/// Verifies the volume whose session begins at sector `session_start` and reports every deviation, descriptors first,
/// then each hierarchy, then what only the whole shows. A volume without deviations reports nothing.
///
/// What cannot be read is reported as an error of its structure. Reads every directory once; holds a few bytes for each
/// file, never contents.
pub fn check(source: &dyn BlockSource, session_start: u32, report: &mut dyn FnMut(Finding)) {
    let mut checker = Checker { source, report, space: Space::default() };
    let hierarchies = checker.descriptors(session_start);
    for hierarchy in &hierarchies {
        checker.hierarchy(hierarchy);
    }
    checker.space();
}

/// Where a hierarchy begins.
struct Hierarchy {
    joliet: bool,
    /// Sector of its descriptor.
    descriptor: u64,
    root: u32,
    root_size: u32,
    path_table_size: u32,
    path_table_l: u32,
    path_table_m: u32,
}

struct Checker<'a> {
    source: &'a dyn BlockSource,
    report: &'a mut dyn FnMut(Finding),
    space: Space,
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

    /// Both halves of a number must agree (ECMA-119 7.2.3, 7.3.3).
    fn both<T: PartialEq + Display>(&mut self, clause: &'static str, lba: u64, what: &str, value: Both<T>) {
        if !value.agree() {
            let text = format!("{what} is {} little-endian but {} big-endian", value.little, value.big);
            self.error(clause, lba, text);
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
