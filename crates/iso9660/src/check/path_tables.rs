//! Path tables against each other and against the directories (ECMA-119 6.9, 9.4).

use std::collections::HashMap;

use glassmaster_disc::{SECTOR, sectors_for};

use super::directories::Found;
use super::order::{path_record_key, primary};
use super::space::Holds;
use super::{Checker, PathTables, show};
use crate::raw::path_table::{Order, PathRecord};

/// Largest path table: 65,535 records of the longest identifier.
const LARGEST: u32 = 65_535 * 264;
/// Largest number that a record can give for a parent (ECMA-119 9.4.4).
const LAST_NUMBER: usize = 65_535;

#[derive(PartialEq, Eq)]
struct Row {
    extent: u32,
    parent: u16,
    identifier: Vec<u8>,
}

impl Checker<'_> {
    pub(super) fn path_tables(&mut self, joliet: bool, tables: &PathTables, found: &[Found]) {
        let mut first: Option<(Vec<Row>, u64)> = None;
        for &(order, lba, clause) in &tables.occurrences {
            let Some(rows) = self.path_table(tables, order, lba, clause) else { continue };
            let Some((wanted, at)) = &first else {
                first = Some((rows, u64::from(lba)));
                continue;
            };
            let differs = wanted.iter().zip(&rows).position(|(a, b)| a != b);
            let what = if let Some(row) = differs {
                format!("record {} of this path table differs from that of sector {at}", row + 1)
            } else if wanted.len() != rows.len() {
                format!("path table of {} records, that of sector {at} has {}", rows.len(), wanted.len())
            } else {
                continue;
            };
            self.error("ECMA-119 6.9.2", u64::from(lba), what);
        }
        if let Some((rows, lba)) = first {
            self.rows(joliet, lba, &rows, found);
        }
    }

    fn path_table(
        &mut self,
        tables: &PathTables,
        order: Order,
        at: u32,
        clause: &'static str,
    ) -> Option<Vec<Row>> {
        let size = tables.size;
        let lba = u64::from(at);
        if size == 0 || size > LARGEST {
            self.error("ECMA-119 8.4.13", tables.descriptor, format!("path table size is {size} bytes"));
            return None;
        }
        let blocks = sectors_for(u64::from(size));
        if at == 0 || !self.inside(lba, u64::from(size)) {
            let what = format!(
                "a path table of {size} bytes is said to be at sector {at}; sectors end at {}",
                self.source.block_count()
            );
            self.error(clause, tables.descriptor, what);
            return None;
        }
        let bytes = self.sectors(clause, lba, usize::try_from(blocks).ok()?)?;
        let name = if order == Order::L { "path table L" } else { "path table M" };
        self.space.add(lba, blocks, Holds::PathTable);
        let table = bytes.get(..size as usize)?;
        let mut rows = Vec::new();
        let mut offset = 0;
        while offset < table.len() {
            let sector = lba + (offset / SECTOR) as u64;
            let Some((record, length)) = PathRecord::parse(order, table.get(offset..).unwrap_or_default())
            else {
                let what = format!("the {name} breaks off at byte {offset} of {size}");
                self.error("ECMA-119 9.4", sector, what);
                return None;
            };
            if let [.., padding] = table.get(offset..offset + length).unwrap_or_default()
                && record.identifier.len() % 2 == 1
                && *padding != 0
            {
                let what = format!("the padding of record {} of the {name} is not 0", rows.len() + 1);
                self.warn("ECMA-119 9.4.6", sector, what);
            }
            if rows.len() >= LAST_NUMBER {
                let what = format!("the {name} has more than the {LAST_NUMBER} records that can be numbered");
                self.error("ECMA-119 9.4.4", sector, what);
                return None;
            }
            let extent = record.extent.saturating_add(u32::from(record.attribute_blocks));
            rows.push(Row { extent, parent: record.parent, identifier: record.identifier.to_vec() });
            offset += length;
        }
        Some(rows)
    }

    fn rows(&mut self, joliet: bool, lba: u64, rows: &[Row], found: &[Found]) {
        let mut levels: Vec<u32> = Vec::with_capacity(rows.len());
        for (n, row) in rows.iter().enumerate() {
            let parent = usize::from(row.parent);
            let name = show(&row.identifier, joliet);
            if n == 0 {
                if row.parent != 1 || row.identifier != [0] {
                    self.error("ECMA-119 6.9.1", lba, "the first path table record is not the root's");
                }
                levels.push(1);
                continue;
            }
            if parent == 0 || parent > n {
                let what =
                    format!("path table record {} ('{name}') has the parent {parent}, behind it", n + 1);
                self.error("ECMA-119 9.4.4", lba, what);
                levels.push(u32::MAX);
                continue;
            }
            let level = levels.get(parent - 1).copied().unwrap_or(0).saturating_add(1);
            let before = rows.get(n - 1).filter(|_| n > 1);
            let last = levels.last().copied().unwrap_or(0);
            if let Some(before) = before {
                let keys = path_record_key(last, before.parent).cmp(&path_record_key(level, row.parent));
                let names = if joliet {
                    before.identifier.cmp(&row.identifier)
                } else {
                    primary(&before.identifier, &row.identifier)
                };
                let fine = keys.is_lt()
                    || keys.is_eq()
                        && (names.is_lt()
                            || joliet && super::order::joliet_allows(&before.identifier, &row.identifier));
                if !fine {
                    self.warn(
                        "ECMA-119 6.9.1",
                        lba,
                        format!("path table record {} ('{name}') is out of order", n + 1),
                    );
                }
            }
            levels.push(level);
        }
        let by_extent: HashMap<u32, &Row> = rows.iter().map(|r| (r.extent, r)).collect();
        for dir in found {
            let Some(row) = by_extent.get(&dir.lba) else {
                let what = format!("directory '{}' is in no path table", show(&dir.identifier, joliet));
                self.error("ECMA-119 6.9.1", u64::from(dir.lba), what);
                continue;
            };
            let parent = rows.get(usize::from(row.parent).saturating_sub(1)).map(|r| r.extent);
            let wanted = found.get(dir.parent).map(|p| p.lba);
            if row.identifier != dir.identifier || parent != wanted {
                let what = format!(
                    "path table and directory disagree on the name or parent of '{}'",
                    show(&dir.identifier, joliet)
                );
                self.error("ECMA-119 6.9.1", u64::from(dir.lba), what);
            }
        }
        if rows.len() != found.len() {
            let what = format!("path table of {} directories, but {} were found", rows.len(), found.len());
            self.error("ECMA-119 6.9.1", lba, what);
        }
    }
}
