//! Directories and their records (ECMA-119 6.8, 9.1), level by level.

use std::collections::HashSet;

use glassmaster_disc::{SECTOR, SECTOR_U64, Severity, sectors_for};

use super::space::Holds;
use super::system_use::Posix;
use super::{Checker, Hierarchy, order, show};
use crate::raw::date::decode_record_date;
use crate::raw::record::{DirectoryRecord, FileFlags};

/// Sectors of a directory read at once.
const PIECE: u64 = 32;

/// A directory that was met.
pub(super) struct Found {
    pub(super) lba: u32,
    size: u32,
    /// Index of its parent; the root's is its own.
    pub(super) parent: usize,
    pub(super) identifier: Vec<u8>,
    level: u32,
}

/// The record before, as far as the next one is compared with it.
struct Before {
    identifier: Vec<u8>,
    more: bool,
}

impl Checker<'_> {
    pub(super) fn hierarchy(&mut self, hierarchy: &Hierarchy) {
        let joliet = hierarchy.joliet;
        let root = Found {
            lba: hierarchy.root,
            size: hierarchy.root_size,
            parent: 0,
            identifier: vec![0],
            level: 1,
        };
        let mut known = HashSet::from([root.lba]);
        let mut found = vec![root];
        let mut posix = if joliet { Posix::none() } else { self.protocol(hierarchy.root) };
        let mut number = 0;
        while number < found.len() {
            let mut inner = Vec::new();
            self.directory(joliet, &found, number, &mut posix, &mut inner);
            for dir in inner {
                if known.insert(dir.lba) {
                    found.push(dir);
                } else {
                    let what =
                        format!("directory '{}' is reached a second time", show(&dir.identifier, joliet));
                    self.error("ECMA-119 6.8.2", u64::from(dir.lba), what);
                }
            }
            number += 1;
        }
        if !posix.in_use()
            && !joliet
            && let Some(deep) = found.iter().find(|d| d.level > 8)
        {
            let what = format!("'{}' is below the eighth level", show(&deep.identifier, false));
            self.find(Severity::Note, "ECMA-119 6.8.2.1", u64::from(deep.lba), what);
        }
        self.path_tables(hierarchy, &found);
        self.posix_totals(&posix);
    }

    fn directory(
        &mut self,
        joliet: bool,
        found: &[Found],
        number: usize,
        posix: &mut Posix,
        inner: &mut Vec<Found>,
    ) {
        let Some(dir) = found.get(number) else { return };
        let (lba, size) = (u64::from(dir.lba), u64::from(dir.size));
        if size == 0 || !size.is_multiple_of(SECTOR_U64) {
            self.error("ECMA-119 6.8.1.3", lba, format!("directory of {size} bytes, not of whole sectors"));
        }
        if !self.inside(lba, size) {
            self.error("ECMA-119 9.1.3", lba, format!("directory of {size} bytes passes the end"));
            return;
        }
        self.space.add(lba, sectors_for(size), Holds::Directory);
        let mut count = 0u64;
        let mut before: Option<Before> = None;
        let mut first = lba;
        let end = lba + sectors_for(size);
        while first < end {
            let blocks = (end - first).min(PIECE);
            let Some(piece) = self.sectors("ECMA-119 6.8", first, usize::try_from(blocks).unwrap_or(1))
            else {
                return;
            };
            for (sector_lba, sector) in (first..).zip(piece.chunks(SECTOR)) {
                let mut at = 0;
                loop {
                    let record = match DirectoryRecord::parse(sector.get(at..).unwrap_or_default()) {
                        Ok(Some(record)) => record,
                        Ok(None) => break,
                        Err(what) => {
                            self.error("ECMA-119 9.1", sector_lba, format!("record at byte {at}: {what}"));
                            return;
                        }
                    };
                    self.record(joliet, &record, sector_lba, at);
                    match count {
                        0 | 1 => self.dot(found, number, &record, sector_lba, count == 1),
                        _ => {
                            self.sequence(joliet, &record, sector_lba, before.as_ref());
                            before = Some(Before {
                                identifier: record.identifier.to_vec(),
                                more: record.flags.contains(FileFlags::MULTI_EXTENT),
                            });
                            if record.is_dir() {
                                inner.extend(record.content_lba().map(|child| Found {
                                    lba: child,
                                    size: record.size.little,
                                    parent: number,
                                    identifier: record.identifier.to_vec(),
                                    level: dir.level + 1,
                                }));
                            } else {
                                self.content(joliet, &record, sector_lba);
                            }
                        }
                    }
                    self.posix_record(posix, &record, sector_lba, dir.lba, count);
                    count += 1;
                    at += usize::from(record.length);
                }
                if sector.get(at..).unwrap_or_default().iter().any(|b| *b != 0) {
                    self.warn(
                        "ECMA-119 6.8.1.1",
                        sector_lba,
                        format!("bytes after the last record, from {at} on, are not 0"),
                    );
                }
            }
            first += blocks;
        }
        if count < 2 {
            self.error("ECMA-119 6.8.2.2", lba, "the directory has no records for itself and its parent");
        }
        if before.is_some_and(|b| b.more) {
            self.error("ECMA-119 9.1.6", lba, "the last file of the directory lacks its final extent");
        }
    }

    fn record(&mut self, joliet: bool, record: &DirectoryRecord<'_>, lba: u64, at: usize) {
        let name = show(record.identifier, joliet);
        self.both("ECMA-119 9.1.3", lba, &format!("address of '{name}' at byte {at}"), record.extent);
        self.both("ECMA-119 9.1.4", lba, &format!("length of '{name}' at byte {at}"), record.size);
        self.both("ECMA-119 9.1.9", lba, &format!("volume of '{name}' at byte {at}"), record.volume);
        if record.length % 2 == 1 {
            self.warn("ECMA-119 9.1.13", lba, format!("the record of '{name}' has an odd length"));
        }
        if record.date != [0; 7] && decode_record_date(record.date).is_none() {
            self.warn("ECMA-119 9.1.5", lba, format!("the date of '{name}' is none: {:?}", record.date));
        }
        if record.flags.bits() & 0x60 != 0 {
            self.warn("ECMA-119 9.1.6", lba, format!("reserved flags of '{name}' are set"));
        }
    }

    /// The first two records stand for the directory and its parent (ECMA-119 6.8.2.2).
    fn dot(&mut self, found: &[Found], number: usize, record: &DirectoryRecord<'_>, lba: u64, parent: bool) {
        let target = found.get(number).map_or(0, |d| if parent { d.parent } else { number });
        let Some(wanted) = found.get(target) else { return };
        let identifier = [u8::from(parent)];
        let right =
            record.identifier == identifier && record.is_dir() && record.content_lba() == Some(wanted.lba);
        let (size, wanted_size) = (record.size.little, wanted.size);
        if right && size != wanted_size {
            let what =
                format!("record {} says {size} bytes, the directory has {wanted_size}", identifier[0] + 1);
            self.warn("ECMA-119 6.8.2.2", lba, what);
        }
        if !right {
            // Readers find parents by themselves; the directory's own record they read for its attributes.
            let (severity, which) =
                if parent { (Severity::Warning, "parent's") } else { (Severity::Error, "own") };
            let what = format!("record {} is not the directory's {which}", identifier[0] + 1);
            self.find(severity, "ECMA-119 6.8.2.2", lba, what);
        }
    }

    fn sequence(&mut self, joliet: bool, record: &DirectoryRecord<'_>, lba: u64, before: Option<&Before>) {
        let name = show(record.identifier, joliet);
        if let Some(before) = before {
            let same = before.identifier == record.identifier;
            if before.more && !same {
                let what = format!("'{}' lacks its final extent", show(&before.identifier, joliet));
                self.error("ECMA-119 9.1.6", lba, what);
            } else if same && !before.more {
                self.error("ECMA-119 9.3", lba, format!("'{name}' is there twice"));
            }
            let ordered = if joliet {
                order::joliet_allows(&before.identifier, record.identifier)
            } else {
                order::primary(&before.identifier, record.identifier).is_le()
            };
            if !ordered {
                self.warn("ECMA-119 9.3", lba, format!("'{name}' is out of order"));
            }
        }
        let fine = if joliet {
            record.identifier.len().is_multiple_of(2)
        } else if record.is_dir() {
            record.identifier.len() <= 31 && record.identifier.iter().all(d_character)
        } else {
            file_identifier(record.identifier)
        };
        if !fine {
            self.warn("ECMA-119 7.5", lba, format!("'{name}' is no identifier of any interchange level"));
        }
    }

    fn content(&mut self, joliet: bool, record: &DirectoryRecord<'_>, lba: u64) {
        let bytes = u64::from(record.size.little);
        let name = show(record.identifier, joliet);
        if record.flags.contains(FileFlags::MULTI_EXTENT) && !bytes.is_multiple_of(SECTOR_U64) {
            self.error("ECMA-119 6.4.3.2", lba, format!("an inner extent of '{name}' ends inside a sector"));
        }
        if bytes == 0 {
            return;
        }
        let Some(first) = record.content_lba().map(u64::from).filter(|f| self.inside(*f, bytes)) else {
            let what = format!("'{name}': {bytes} bytes from sector {} pass the end", record.extent.little);
            self.error("ECMA-119 9.1.3", lba, what);
            return;
        };
        if record.unit_blocks == 0 {
            self.space.add(first, sectors_for(bytes), Holds::Content);
        }
    }
}

fn d_character(byte: &u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_'
}

/// Name, dot, extension, semicolon, version from 1 to 32,767; at most 30 characters of name and extension
/// (ECMA-119 7.5.1, 7.5.3).
fn file_identifier(identifier: &[u8]) -> bool {
    let mut halves = identifier.splitn(2, |b| *b == b';');
    let (Some(text), Some(version)) = (halves.next(), halves.next()) else { return false };
    let mut parts = text.splitn(2, |b| *b == b'.');
    let (Some(name), Some(extension)) = (parts.next(), parts.next()) else { return false };
    let version = std::str::from_utf8(version).ok().and_then(|v| v.parse::<u16>().ok());
    name.iter().chain(extension).all(d_character)
        && (1..=30).contains(&(name.len() + extension.len()))
        && version.is_some_and(|v| (1..=32_767).contains(&v))
}
