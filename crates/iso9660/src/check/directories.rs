//! Directories (ECMA-119 6.8) level by level: what their records are to each other.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher as _};

use glassmaster_disc::{SECTOR, SECTOR_U64, Severity, sectors_for};

use super::identifiers::Names;
use super::rock_ridge::{Posix, Seen};
use super::space::Holds;
use super::{Checker, Hierarchy, order, show};
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
    flags: FileFlags,
    date: [u8; 7],
}

impl Before {
    fn more(&self) -> bool {
        self.flags.contains(FileFlags::MULTI_EXTENT)
    }
}

/// The directory in progress.
struct Progress {
    records: u64,
    before: Option<Before>,
    /// Hashes of identifiers, and of names.
    identifiers: HashSet<u64>,
    names: HashSet<u64>,
    inner: Vec<Found>,
    /// Which of the files that the descriptor names were met.
    named: Vec<bool>,
}

impl Checker<'_> {
    pub(super) fn hierarchy(&mut self, hierarchy: &Hierarchy) {
        let joliet = hierarchy.names == Names::Joliet;
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
        // Directories that overlap could otherwise be read for ever.
        let mut budget = self.source.block_count();
        let mut number = 0;
        while let Some(dir) = found.get(number) {
            let sectors = sectors_for(u64::from(dir.size));
            let Some(rest) = budget.checked_sub(sectors) else {
                let what = "directories together are larger than the medium; the rest is not checked";
                self.error("ECMA-119 6.8.1", u64::from(dir.lba), what);
                break;
            };
            budget = rest;
            for dir in self.directory(hierarchy, &found, number, &mut posix) {
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
            && hierarchy.names == Names::Primary
            && let Some(deep) = found.iter().find(|d| d.level > 8)
        {
            let what = format!("'{}' is below the eighth level", show(&deep.identifier, false));
            self.note("ECMA-119 6.8.2.1", u64::from(deep.lba), what);
        }
        for tables in &hierarchy.tables {
            self.path_tables(joliet, tables, &found);
        }
        self.posix_totals(&posix);
        self.report_habits();
    }

    fn directory(
        &mut self,
        hierarchy: &Hierarchy,
        found: &[Found],
        number: usize,
        posix: &mut Posix,
    ) -> Vec<Found> {
        let Some(dir) = found.get(number) else { return Vec::new() };
        let (lba, size) = (u64::from(dir.lba), u64::from(dir.size));
        if size == 0 || !size.is_multiple_of(SECTOR_U64) {
            self.error("ECMA-119 6.8.1.3", lba, format!("directory of {size} bytes, not of whole sectors"));
        }
        if !self.inside(lba, size) {
            let end = self.source.block_count();
            self.error("ECMA-119 9.1.3", lba, format!("directory of {size} bytes passes the end at {end}"));
            return Vec::new();
        }
        self.space.add(lba, sectors_for(size), Holds::Directory);
        let mut progress = Progress {
            records: 0,
            before: None,
            identifiers: HashSet::new(),
            names: HashSet::new(),
            inner: Vec::new(),
            named: vec![number != 0; hierarchy.files.len()],
        };
        let mut first = lba;
        let end = lba + sectors_for(size);
        'pieces: while first < end {
            let blocks = (end - first).min(PIECE);
            let Some(piece) = self.sectors("ECMA-119 6.8", first, usize::try_from(blocks).unwrap_or(1))
            else {
                break;
            };
            for (sector_lba, sector) in (first..).zip(piece.chunks(SECTOR)) {
                if !self.sector(hierarchy, found, number, posix, &mut progress, sector_lba, sector) {
                    break 'pieces;
                }
            }
            first += blocks;
        }
        if first >= end {
            self.directory_end(hierarchy, lba, &progress);
        }
        self.own_links(posix);
        progress.inner
    }

    /// The records of one sector; false when the rest of the directory cannot be trusted.
    #[allow(clippy::too_many_arguments)] // the place, and what is known of it
    fn sector(
        &mut self,
        hierarchy: &Hierarchy,
        found: &[Found],
        number: usize,
        posix: &mut Posix,
        progress: &mut Progress,
        lba: u64,
        sector: &[u8],
    ) -> bool {
        let names = hierarchy.names;
        let Some(dir) = found.get(number) else { return false };
        let mut at = 0;
        loop {
            let record = match DirectoryRecord::parse(sector.get(at..).unwrap_or_default()) {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(what) => {
                    self.error("ECMA-119 9.1", lba, format!("record at byte {at}: {what}"));
                    return false;
                }
            };
            let count = progress.records;
            self.record(hierarchy, &record, lba, at);
            let seen = self.posix_record(posix, &record, lba, dir.lba, count);
            if count < 2 {
                self.dot(found, number, &record, lba, count == 1);
            } else {
                let placeholder = seen.as_ref().is_some_and(|s| s.child.is_some());
                self.identifier(names, &record, lba, placeholder);
                self.sequence(names, &record, lba, progress);
                self.posix_name(&record, seen.as_ref(), lba, progress);
                for (file, met) in hierarchy.files.iter().zip(&mut progress.named) {
                    *met |= file.identifier == record.identifier;
                }
                progress.before = Some(Before {
                    identifier: record.identifier.to_vec(),
                    flags: record.flags,
                    date: record.date,
                });
                if record.is_dir() {
                    progress.inner.extend(record.content_lba().map(|child| Found {
                        lba: child,
                        size: record.size.little,
                        parent: number,
                        identifier: record.identifier.to_vec(),
                        level: dir.level + 1,
                    }));
                } else {
                    self.content(hierarchy, &record, lba);
                }
            }
            progress.records += 1;
            at += usize::from(record.length);
        }
        if sector.get(at..).unwrap_or_default().iter().any(|b| *b != 0) {
            let what = format!("bytes after the last record, from {at} on, are not 0");
            self.warn("ECMA-119 6.8.1.1", lba, what);
        }
        true
    }

    fn directory_end(&mut self, hierarchy: &Hierarchy, lba: u64, progress: &Progress) {
        if progress.records < 2 {
            self.error("ECMA-119 6.8.2.2", lba, "the directory has no records for itself and its parent");
        }
        if progress.before.as_ref().is_some_and(Before::more) {
            self.error("ECMA-119 9.1.6", lba, "the last file of the directory lacks its final extent");
        }
        for (file, met) in hierarchy.files.iter().zip(&progress.named) {
            if !met {
                let name = show(&file.identifier, hierarchy.names == Names::Joliet);
                let what = format!("the {} '{name}' is not in the root directory", file.what);
                self.warn(file.clause, hierarchy.descriptor, what);
            }
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
        let which = u8::from(parent) + 1;
        if right && size != wanted_size {
            let what = format!("record {which} says {size} bytes, the directory has {wanted_size}");
            self.warn("ECMA-119 6.8.2.2", lba, what);
        }
        if right {
            return;
        }
        if parent && record.identifier == [1] && record.is_dir() {
            // Readers find parents by themselves.
            let what = "records for the parent that lead elsewhere";
            self.gather(Severity::Warning, "ECMA-119 6.8.2.2", lba, what, || {
                format!("to sector {}, the parent is at {}", record.extent.little, wanted.lba)
            });
            return;
        }
        let whose = if parent { "parent's" } else { "own" };
        let what = format!(
            "record {which} is not the directory's {whose}: it is named {:02x?}, flags {:#04x}, and leads to sector \
             {}; wanted are [{:02x}], a directory, sector {}",
            record.identifier,
            record.flags.bits(),
            record.extent.little,
            u8::from(parent),
            wanted.lba
        );
        self.error("ECMA-119 6.8.2.2", lba, what);
    }

    /// Order, sections and duplicates (ECMA-119 9.1.6, 9.2, 9.3).
    fn sequence(&mut self, names: Names, record: &DirectoryRecord<'_>, lba: u64, progress: &mut Progress) {
        let joliet = names == Names::Joliet;
        let name = || show(record.identifier, joliet);
        let section = progress.before.as_ref().is_some_and(|b| b.more() && b.identifier == record.identifier);
        if let Some(before) = &progress.before {
            if before.more() && !section {
                let what = format!("'{}' lacks its final extent", show(&before.identifier, joliet));
                self.error("ECMA-119 9.1.6", lba, what);
            }
            let ends = FileFlags::MULTI_EXTENT;
            if section && (before.flags - ends, before.date) != (record.flags - ends, record.date) {
                let what = format!("the records of the sections of '{}' differ in flags or date", name());
                self.warn("ECMA-119 9.2", lba, what);
            }
            let ordered = if joliet {
                order::joliet_allows(&before.identifier, record.identifier)
            } else {
                order::primary(&before.identifier, record.identifier).is_le()
                    || names != Names::Primary && before.identifier.as_slice() <= record.identifier
            };
            if !ordered {
                let what = format!("'{}' stands behind '{}'", name(), show(&before.identifier, joliet));
                self.warn("ECMA-119 9.3", lba, what);
            }
        }
        // An associated file has the identifier of the file it belongs to (ECMA-119 6.5.4).
        let associated = record.flags.contains(FileFlags::ASSOCIATED);
        if !progress.identifiers.insert(hash(&(record.identifier, associated))) && !section {
            self.error("ECMA-119 9.3", lba, format!("'{}' is there twice", name()));
        }
    }

    /// Rock Ridge names must be unique, too.
    fn posix_name(
        &mut self,
        record: &DirectoryRecord<'_>,
        seen: Option<&Seen>,
        lba: u64,
        progress: &mut Progress,
    ) {
        let Some(seen) = seen else { return };
        let apart = FileFlags::ASSOCIATED | FileFlags::MULTI_EXTENT;
        let Some(name) = seen.name.as_ref().filter(|_| !seen.relocated && !record.flags.intersects(apart))
        else {
            return;
        };
        if !progress.names.insert(hash(name)) {
            self.error("RRIP 4.1.4", lba, format!("the name '{}' is there twice", show(name, false)));
        }
    }

    /// Whether the hierarchies lead to the same contents; they need not (ECMA-119 6.8.3).
    pub(super) fn hierarchies_agree(&mut self, hierarchies: &[Hierarchy]) {
        let Some((first, others)) = hierarchies.split_first() else { return };
        let wanted = first.contents.get();
        for other in others {
            let found = other.contents.get();
            if found != wanted {
                let what = format!(
                    "this hierarchy does not have the same contents as that of sector {}: {} sections, there {}",
                    first.descriptor, found.sections, wanted.sections
                );
                self.note("ECMA-119 6.8.3", other.descriptor, what);
            }
        }
    }
}

fn hash(value: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
