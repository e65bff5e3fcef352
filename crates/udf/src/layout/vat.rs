//! The virtual allocation table (UDF 1.50 2.2.10, UDF 2.00 and later 2.2.11): where the file entries are. A drive that
//! appends writes a new one; that of the last session ends with its file entry in the last sector.

use glassmaster_disc::SECTOR;

use super::entry::Shape;
use super::run::Run;
use super::{BLOCK, Layout, area, directory};
use crate::cs0::put_dstring;
use crate::options::Options;
use crate::raw::field::{put, put_u16, put_u32};
use crate::raw::file_entry::{FileEntry, HEADER_LEN};
use crate::raw::icb_tag::{AD_EMBEDDED, IcbTag, STRATEGY_4, TYPE_UNSPECIFIED};
use crate::raw::regid::{REGID_LEN, Regid};
use crate::raw::tag::{FILE_ENTRY, Tag};
use crate::raw::timestamp::Calendar;
use crate::raw::vat::{TYPE_VAT, UNUSED};

/// Bytes before the entries from UDF 2.00 up.
const HEADER: usize = 152;
/// Bytes behind the entries in UDF 1.50.
const TRAILER: usize = REGID_LEN + 4;
/// No table before this one.
const NONE: u32 = u32::MAX;

/// Bytes of a table of `entries` entries.
fn size(options: &Options, entries: u32) -> u64 {
    let rest = if options.revision.is_third_edition() { HEADER } else { TRAILER };
    u64::from(entries) * 4 + rest as u64
}

fn fits_entry(size: u64) -> bool {
    size <= (SECTOR - HEADER_LEN) as u64
}

/// Blocks of a table and its file entry.
pub(super) fn blocks(options: &Options, entries: u32) -> Option<u32> {
    let size = size(options, entries);
    let data = if fits_entry(size) { 0 } else { size.div_ceil(BLOCK) };
    u32::try_from(data + 1).ok()
}

impl Layout {
    /// Renders a block of the table's area to a zeroed sector.
    pub(super) fn render_vat(&self, block: u32, sector: &mut [u8], calendar: &mut Calendar) {
        if block + 1 < self.areas[area::VAT].blocks {
            self.vat_bytes(u64::from(block) * BLOCK, sector);
        } else {
            self.render_vat_entry(sector, calendar);
        }
    }

    fn render_vat_entry(&self, sector: &mut [u8], calendar: &mut Calendar) {
        let blocks = self.areas[area::VAT].blocks;
        let first = self.lba_of(area::VAT).wrapping_sub(self.partition.start);
        let recorded = calendar.encode(self.options.recorded);
        let third = self.options.revision.is_third_edition();
        let mut shape = Shape::new(if third { TYPE_VAT } else { TYPE_UNSPECIFIED });
        shape.size = size(&self.options, self.files_of_metadata.used);
        let room = &mut sector[HEADER_LEN..];
        if fits_entry(shape.size) {
            shape.flags = AD_EMBEDDED;
            shape.allocation_len = usize::try_from(shape.size).unwrap_or_default();
            self.vat_bytes(0, &mut room[..shape.allocation_len]);
        } else {
            let run = Run::contiguous(first, shape.size, None);
            shape.flags = run.flags();
            shape.blocks = run.blocks();
            shape.allocation_len = run.write(0, room, None);
        }
        FileEntry {
            icb: IcbTag { strategy: STRATEGY_4, file_type: shape.file_type, flags: shape.flags },
            uid: u32::MAX,
            gid: u32::MAX,
            permissions: 0,
            links: 0,
            size: shape.size,
            blocks: shape.blocks,
            accessed: recorded,
            modified: recorded,
            changed: recorded,
            unique_id: 0,
            attributes_len: 0,
            allocation_len: u32::try_from(shape.allocation_len).unwrap_or_default(),
            extension: None,
        }
        .write(sector);
        let location = first.wrapping_add(blocks - 1);
        let tag = Tag { identifier: FILE_ENTRY, version: self.version(), location };
        tag.seal(&mut sector[..HEADER_LEN + shape.allocation_len]);
    }

    /// Fills `out` with the bytes of the table from `begin` on, as far as they go.
    fn vat_bytes(&self, begin: u64, out: &mut [u8]) {
        let entries = self.files_of_metadata.used;
        let third = self.options.revision.is_third_edition();
        let header = if third { self.vat_header() } else { Vec::new() };
        let trailer = if third { Vec::new() } else { vat_trailer(self.options.revision.bcd()) };
        copy(&header, 0, begin, out);
        let at = header.len() as u64;
        let first = begin.saturating_sub(at) / 4;
        let first = u32::try_from(first).unwrap_or(u32::MAX).min(entries);
        let last = u32::try_from((begin + out.len() as u64).div_ceil(4)).unwrap_or(u32::MAX).min(entries);
        for block in first..last {
            let entry = if self.is_icb(block) { self.physical_block(block) } else { UNUSED };
            copy(&entry.to_le_bytes(), at + u64::from(block) * 4, begin, out);
        }
        copy(&trailer, at + u64::from(entries) * 4, begin, out);
    }

    fn vat_header(&self) -> Vec<u8> {
        let revision = self.options.revision;
        let mut out = vec![0; HEADER];
        put_u16(&mut out, 0, 152);
        put_dstring(&self.options.volume_name, &mut out[4..132]);
        put_u32(&mut out, 132, NONE);
        put_u32(&mut out, 136, self.file_names);
        put_u32(&mut out, 140, u32::try_from(self.directories.len()).unwrap_or(u32::MAX));
        put_u16(&mut out, 144, revision.min_read());
        put_u16(&mut out, 146, revision.bcd());
        put_u16(&mut out, 148, revision.bcd());
        out
    }

    /// Whether a block of the metadata is addressed through the table: the file set and every file entry.
    fn is_icb(&self, block: u32) -> bool {
        if block < directory::FIRST_BLOCK {
            return true;
        }
        if block < self.files_at {
            return self.directories.binary_search_by_key(&block, |d| d.start).is_ok();
        }
        if block < self.extras_at {
            return true;
        }
        let behind = self.streams.partition_point(|d| d.start <= block);
        behind.checked_sub(1).is_some_and(|at| self.streams[at].is_entry(block))
    }
}

fn vat_trailer(revision: u16) -> Vec<u8> {
    let mut out = vec![0; TRAILER];
    Regid::udf(b"*UDF Virtual Alloc Tbl", revision).write(&mut out, 0);
    put_u32(&mut out, REGID_LEN, NONE);
    out
}

/// Copies what `out`, which begins at byte `begin` of the whole, shows of `piece` at byte `at`.
fn copy(piece: &[u8], at: u64, begin: u64, out: &mut [u8]) {
    let (from, to) = (at.max(begin), (at + piece.len() as u64).min(begin + out.len() as u64));
    if from < to {
        let offset = |of: u64, base: u64| usize::try_from(of - base).unwrap_or_default();
        put(out, offset(from, begin), &piece[offset(from, at)..offset(to, at)]);
    }
}
