//! Directories (ECMA-167 4/8.6, 4/14.4, UDF 2.3.4).

use std::collections::HashSet;

use glassmaster_disc::BlockSource;
use glassmaster_tree::{Content, Kind, ReadError};

use super::field;
use super::files::{Pending, Role, Walk};
use crate::raw::allocation::LongAd;
use crate::raw::field::u16_at;
use crate::raw::file_identifier::{DELETED, DIRECTORY, HEADER_LEN, PARENT};
use crate::raw::tag::{TAG_LEN, Tag};
use crate::read::BlockAddress;
use crate::read::directory::{Stream, sector_of};
use crate::read::streams::METADATA;

/// Longest path (UDF 2.1).
const PATH: usize = 1023;

/// A name that leads to an object.
pub(super) struct Link {
    pub(super) address: BlockAddress,
    pub(super) directory: bool,
    /// Sector of the descriptor.
    pub(super) sector: u64,
    pub(super) unique_id: u32,
    /// Characters of the name, in bytes as recorded.
    pub(super) name_len: usize,
}

/// What is known of a directory while it is read.
struct Reading<'a> {
    pending: &'a Pending,
    role: Role,
    names: HashSet<String>,
    links: Vec<Link>,
    parents: u32,
}

impl<S: BlockSource> Walk<'_, '_, S> {
    /// Checks the descriptors of a directory and collects where they lead.
    pub(super) fn directory(&mut self, pending: &Pending, role: Role) -> Vec<Link> {
        let mut reading = Reading { pending, role, names: HashSet::new(), links: Vec::new(), parents: 0 };
        if let Err(error) = self.read_directory(&mut reading) {
            self.counts.incomplete = true;
            self.report.unreadable("ECMA-167 4/14.4", &error);
        }
        reading.links
    }

    fn read_directory(&mut self, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        let direct = self.volume.direct("directory", reading.pending.address)?;
        let sector = self.volume.sector_of(direct.block);
        if !self.room_for(direct.fields().size, sector) {
            return Ok(());
        }
        let dir = self.volume.object(&direct, Kind::Directory, Vec::new(), false)?;
        let embedded = direct.fields().icb.flags & 7 == 3;
        let mut stream = Stream::new(&dir, sector);
        let mut first = true;
        loop {
            if let Some((lba, fault)) = stream.repaired() {
                let what = format!("file identifier descriptor: {fault}; the mirror file has a sound one");
                self.report.error("UDF 2.50 2.2.13", lba, what);
            }
            let Some((at, tag, bytes)) = stream.next_bytes(self.volume)? else { break };
            // Read into memory, a directory of small blocks has no sectors of its own either.
            let lba = match (&dir.content, embedded) {
                (Content::Inline(_), false) => self.piece_sector(reading.pending, at).unwrap_or(sector),
                _ => sector_of(&dir, at, sector),
            };
            self.identifier(reading, tag, bytes, at, lba, embedded, first);
            first = false;
        }
        if reading.parents == 0 {
            self.report.error("ECMA-167 4/8.6", sector, "a directory without parent descriptor");
        }
        Ok(())
    }

    /// Block of the partition, and bytes into it, that hold a byte of a directory.
    fn block_of(&self, pending: &Pending, at: u64) -> Option<(u32, u64)> {
        let index = pending.pieces.partition_point(|(offset, _)| *offset <= at).checked_sub(1)?;
        let (offset, block) = *pending.pieces.get(index)?;
        let bytes = u64::from(self.rules.block_bytes);
        let into = u32::try_from((at - offset) / bytes).ok()?;
        Some((block.checked_add(into)?, (at - offset) % bytes))
    }

    fn piece_sector(&self, pending: &Pending, at: u64) -> Option<u64> {
        let (block, _) = self.block_of(pending, at)?;
        let address = BlockAddress { block, partition: pending.address.partition };
        Some(self.volume.sector_of(self.volume.locate("", address).ok()?))
    }

    #[allow(clippy::too_many_arguments)] // one descriptor and where it stands
    fn identifier(
        &mut self,
        reading: &mut Reading<'_>,
        tag: Tag,
        bytes: &[u8],
        at: u64,
        lba: u64,
        embedded: bool,
        first: bool,
    ) {
        let (characteristics, name_len) = (bytes[18], usize::from(bytes[19]));
        let has = |bit: u8| characteristics & bit != 0;
        let place = match embedded {
            true => Some((reading.pending.address.block, 0)),
            false => self.block_of(reading.pending, at),
        };
        if let Some((block, into)) = place {
            if tag.location != block {
                let what = format!("file identifier: tag location {} instead of {block}", tag.location);
                self.report.error("ECMA-167 4/7.2.8", lba, what);
            }
            let left = u64::from(self.rules.block_bytes) - into;
            if !embedded && left < TAG_LEN as u64 {
                let what = "a tag crosses a block boundary, which write-once media do not allow";
                self.report.note("UDF 2.3.4.4", lba, what);
            }
        }
        if (tag.version == 3) != self.rules.third_edition() {
            let what = format!("file identifier: descriptor version {}", tag.version);
            self.report.warning("UDF 2.3.1", lba, what);
        }
        let covered = usize::from(u16_at(bytes, 10)) + TAG_LEN;
        let implementation = usize::from(u16_at(bytes, 36));
        let plain = HEADER_LEN + implementation + name_len;
        if covered < plain {
            let what = format!("file identifier: the CRC covers {covered} of {plain} bytes");
            // Allowed, so that implementation use need not be covered (UDF 2.3.4.4).
            self.report.note("UDF 2.3.4.4", lba, what);
        }
        if bytes.get(plain..).is_some_and(|rest| rest.iter().any(|b| *b != 0)) {
            self.report.note("ECMA-167 4/14.4.9", lba, "padding of a file identifier is not 0");
        }
        if implementation != 0 && implementation < 32 {
            self.report.error("UDF 2.3.4.5", lba, "implementation use without identifier");
        } else if implementation != 0 {
            if !implementation.is_multiple_of(4) {
                let what = format!("{implementation} bytes of implementation use, no multiple of 4");
                self.report.warning("UDF 2.3.4.4", lba, what);
            }
            field::implementation(self.report, lba, &bytes[HEADER_LEN..], "file identifier");
        }
        if u16_at(bytes, 16) != 1 {
            let what = format!("file version number {} instead of 1", u16_at(bytes, 16));
            self.report.warning("UDF 2.3.4.1", lba, what);
        }
        if characteristics >> 5 != 0 || (has(METADATA) && reading.role == Role::Directory) {
            let what = format!("file characteristics {characteristics:#04x} have reserved bits");
            self.report.warning("ECMA-167 4/14.4.3", lba, what);
        }
        let icb = LongAd::read(&bytes[20..36]);
        let target = BlockAddress { block: icb.block, partition: icb.partition };
        if first != has(PARENT) {
            let what = if first { "the first descriptor is not the parent's" } else { "a second parent" };
            self.report.error("ECMA-167 4/8.6", lba, what);
        }
        if has(PARENT) {
            reading.parents += 1;
            self.parent(reading, target, characteristics, name_len, lba);
            return;
        }
        let recorded = &bytes[(HEADER_LEN + implementation).min(bytes.len())..plain.min(bytes.len())];
        if has(DELETED) {
            // Its name is kept with another compression id (UDF 2.3.4.2).
            let marked = matches!(recorded.first(), Some(254 | 255) | None);
            if (icb.bytes != 0 || icb.block != 0) && !marked {
                let what = "a deleted name that keeps its compression id and its ICB";
                self.report.note("UDF 2.3.4.2", lba, what);
            }
            return;
        }
        if icb.bytes == 0 {
            self.report.error("ECMA-167 4/14.4.5", lba, "the ICB of a name has no length");
        }
        if let Some(name) = field::name(self.report, lba, recorded) {
            self.file_name(reading, name, recorded.len(), lba);
        }
        if self.rules.third_edition() && reading.role == Role::Directory {
            self.counts.highest_id = self.counts.highest_id.max(u64::from(icb.unique_id));
            if icb.unique_id >= 16 && !self.name_ids.insert(icb.unique_id) {
                let what = format!("UDF Unique ID {} is that of another name", icb.unique_id);
                self.report.warning("UDF 2.3.4.3", lba, what);
            }
        }
        if reading.role == Role::StreamDirectory && has(DIRECTORY) {
            self.report.error("UDF 3.3.5.1", lba, "a stream that is a directory");
            return;
        }
        reading.links.push(Link {
            address: target,
            directory: has(DIRECTORY),
            sector: lba,
            unique_id: icb.unique_id,
            name_len: name_len.saturating_sub(1),
        });
    }

    fn file_name(&mut self, reading: &mut Reading<'_>, name: String, recorded: usize, lba: u64) {
        if name.is_empty() {
            self.report.error("UDF 2.3.4.6", lba, "an empty name");
            return;
        }
        if name.contains(['\0', '/']) {
            let what = format!("'{}' holds '/' or U+0000", name.escape_debug());
            self.report.warning("UDF 4.2.2.1", lba, what);
        }
        let path = reading.pending.path.saturating_add(recorded);
        if path > PATH {
            let what = format!("a path of {path} bytes, {PATH} are the most");
            self.report.warning("UDF 2.1", lba, what);
        }
        if reading.names.contains(&name) {
            let what = format!("'{name}' stands twice in its directory");
            self.report.error("ECMA-167 4/8.6", lba, what);
        } else {
            reading.names.insert(name);
        }
    }

    fn parent(
        &mut self,
        reading: &Reading<'_>,
        target: BlockAddress,
        characteristics: u8,
        name_len: usize,
        lba: u64,
    ) {
        if name_len != 0 {
            self.report.error("ECMA-167 4/8.6", lba, "the parent descriptor has a name");
        }
        if characteristics & DIRECTORY == 0 && reading.role == Role::Directory {
            self.report.warning("ECMA-167 4/14.4.3", lba, "the parent descriptor lacks the directory bit");
        }
        if characteristics & DELETED != 0 {
            self.report.error("ECMA-167 4/8.6", lba, "the parent descriptor is deleted");
        }
        let system = self.volume.shape.system_streams == Some(reading.pending.address);
        if target != reading.pending.parent && !system {
            let what = format!(
                "the parent descriptor leads to block {} instead of {}",
                target.block, reading.pending.parent.block
            );
            self.report.error("ECMA-167 4/8.6", lba, what);
        } else if let Some(met) = self.met.get_mut(&target) {
            if reading.role == Role::Directory {
                met.found_links += 1;
            } else {
                met.stream_parents += 1;
            }
        }
    }
}
