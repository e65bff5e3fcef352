//! The records of one directory as entries.

use std::ops::ControlFlow;

use glassmaster_disc::{BlockSource, Extent, SECTOR, SECTOR_U64};
use glassmaster_tree::{Content, Entry, Kind, ReadError};

use super::posix::{Continuations, PosixFields};
use super::{Namespace, own_record};
use crate::raw::date::decode_record_date;
use crate::raw::record::{DirectoryRecord, FileFlags};

/// Sectors of a directory that are read at once.
const PIECE: usize = 32;
/// Extents of one file, at most: 256 TiB in extents of 4 GiB.
const MOST_SECTIONS: usize = 65_536;

/// Reads one directory.
pub(super) struct Directory<'s> {
    source: &'s dyn BlockSource,
    namespace: Namespace,
    skip: usize,
    continuations: Continuations,
    /// The file whose sections are being collected, its identifier, and where its last record stood.
    open: Option<(Entry, Vec<u8>)>,
    /// Identifier of a file that was left out while records of further extents are to come.
    skipping: Option<Vec<u8>>,
    /// First reason why an entry was left out.
    left_out: Option<ReadError>,
}

/// Why a record gives no entry.
enum Skip {
    /// As it should be: `.`, `..`, associated files, relocated directories.
    Silently,
    /// The object cannot be given; reading on is safe.
    Because(ReadError),
}

impl From<ReadError> for Skip {
    fn from(error: ReadError) -> Self {
        Self::Because(error)
    }
}

impl<'s> Directory<'s> {
    pub(super) fn new(source: &'s dyn BlockSource, namespace: Namespace, skip: usize) -> Self {
        Self {
            source,
            namespace,
            skip,
            continuations: Continuations::default(),
            open: None,
            skipping: None,
            left_out: None,
        }
    }

    pub(super) fn read(
        mut self,
        dir: &Entry,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let Content::Extents(extents) = &dir.content else {
            return Err(ReadError::invalid("directory", 0, "not an entry of this volume"));
        };
        for extent in extents {
            let Some(lba) = extent.lba.map(u64::from).filter(|_| dir.is_dir()) else {
                return Err(ReadError::invalid("directory", 0, "not a directory of this volume"));
            };
            check_extent(self.source, lba, extent.bytes, "directory")?;
            if self.read_extent(lba, extent.bytes, each)?.is_break() {
                return Ok(());
            }
        }
        if let Some((entry, _)) = self.open.take() {
            let what = format!("'{}' ends without its last extent (ECMA-119 9.1.6)", show(&entry.name));
            self.leave_out(ReadError::invalid("directory record", dir.id, what));
        }
        self.left_out.map_or(Ok(()), Err)
    }

    fn leave_out(&mut self, error: ReadError) {
        self.left_out.get_or_insert(error);
    }

    fn read_extent(
        &mut self,
        first: u64,
        bytes: u64,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ReadError> {
        let mut piece = Vec::new();
        let mut lba = first;
        let mut rest = bytes;
        while rest > 0 {
            let sectors = usize::try_from(rest.div_ceil(SECTOR_U64)).unwrap_or(PIECE).min(PIECE);
            piece.resize(sectors * SECTOR, 0);
            self.source.read_blocks(lba, &mut piece).map_err(|e| ReadError::io("directory", lba, e))?;
            for sector in piece.chunks(SECTOR) {
                let valid = usize::try_from(rest).unwrap_or(SECTOR).min(SECTOR);
                if self.read_sector(lba, sector.get(..valid).unwrap_or(sector), each)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                rest = rest.saturating_sub(SECTOR_U64);
                lba += 1;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn read_sector(
        &mut self,
        lba: u64,
        sector: &[u8],
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ReadError> {
        let mut at = 0;
        while let Some(record) = DirectoryRecord::parse(sector.get(at..).unwrap_or_default())
            .map_err(|what| ReadError::invalid("directory record", lba, format!("at byte {at}: {what}")))?
        {
            let place = lba * SECTOR_U64 + at as u64;
            at += usize::from(record.length);
            match self.take(&record, lba, place) {
                Ok(Some(entry)) => {
                    if each(entry).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(None) | Err(Skip::Silently) => {}
                Err(Skip::Because(error)) => self.leave_out(error),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The entry that a record completes. `place` is the byte of the volume where the record stands.
    fn take(&mut self, record: &DirectoryRecord<'_>, lba: u64, place: u64) -> Result<Option<Entry>, Skip> {
        if matches!(record.identifier, [0] | [1]) || record.flags.contains(FileFlags::ASSOCIATED) {
            return Err(Skip::Silently);
        }
        let more = record.flags.contains(FileFlags::MULTI_EXTENT);
        if self.skipping.take().is_some_and(|identifier| identifier == record.identifier) {
            self.skip_rest(record, more);
            return Err(Skip::Silently);
        }
        let taken = self.take_section(record, lba, place, more);
        if taken.is_err() {
            self.skip_rest(record, more);
        }
        taken
    }

    fn skip_rest(&mut self, record: &DirectoryRecord<'_>, more: bool) {
        self.skipping = more.then(|| record.identifier.to_vec());
    }

    fn take_section(
        &mut self,
        record: &DirectoryRecord<'_>,
        lba: u64,
        place: u64,
        more: bool,
    ) -> Result<Option<Entry>, Skip> {
        let (mut entry, identifier) = match self.open.take() {
            Some((entry, identifier)) if identifier == record.identifier => (entry, Some(identifier)),
            Some((entry, _)) => {
                let what = format!("'{}' ends without its last extent (ECMA-119 9.1.6)", show(&entry.name));
                self.leave_out(ReadError::invalid("directory record", lba, what));
                (self.entry(record, lba, place)?, None)
            }
            None => (self.entry(record, lba, place)?, None),
        };
        if identifier.is_some() || entry.kind == Kind::File || record.is_dir() {
            self.add_section(&mut entry, record, lba, more)?;
        }
        if more {
            self.open = Some((entry, identifier.unwrap_or_else(|| record.identifier.to_vec())));
            return Ok(None);
        }
        Ok(Some(entry))
    }

    fn add_section(
        &self,
        entry: &mut Entry,
        record: &DirectoryRecord<'_>,
        lba: u64,
        more: bool,
    ) -> Result<(), ReadError> {
        let invalid = |what: &str| {
            ReadError::invalid("directory record", lba, format!("'{}' {what}", show(&entry.name)))
        };
        if record.unit_blocks != 0 || record.gap_blocks != 0 {
            return Err(invalid("is interleaved (ECMA-119 9.1.7), which cannot be read here"));
        }
        let bytes = u64::from(record.size.little);
        if more && !bytes.is_multiple_of(SECTOR_U64) {
            return Err(invalid("has an inner extent that ends inside a sector (ECMA-119 6.4.3.2)"));
        }
        let size = entry.size.checked_add(bytes).ok_or_else(|| invalid("is too long"))?;
        if bytes > 0 {
            let first = record.content_lba().ok_or_else(|| invalid("lies past sector 4294967295"))?;
            check_extent(self.source, u64::from(first), bytes, "directory record").map_err(|e| {
                ReadError::invalid("directory record", lba, format!("'{}' {}", show(&entry.name), e.what))
            })?;
            if let Content::Extents(extents) = &mut entry.content {
                if extents.len() >= MOST_SECTIONS {
                    return Err(invalid("has more than 65536 extents"));
                }
                extents.push(Extent { lba: Some(first), bytes });
            }
        }
        entry.size = size;
        Ok(())
    }

    /// All of an entry but its extents and size.
    fn entry(&mut self, record: &DirectoryRecord<'_>, lba: u64, place: u64) -> Result<Entry, Skip> {
        let is_dir = record.is_dir();
        let mut entry = Entry {
            name: self.identifier(record),
            kind: if is_dir { Kind::Directory } else { Kind::File },
            size: 0,
            modified: decode_record_date(record.date),
            accessed: None,
            created: None,
            changed: None,
            device: None,
            real_time: false,
            has_streams: false,
            mode: None,
            uid: None,
            gid: None,
            links: None,
            target: None,
            hidden: record.flags.contains(FileFlags::HIDDEN),
            id: u64::from(record.extent.little),
            content: Content::Extents(Vec::new()),
        };
        // Contents that share an address are one; empty ones have none to share.
        let by_place = record.size.little == 0 && !is_dir;
        if by_place {
            entry.id = 1 << 63 | place;
        }
        if self.namespace == Namespace::RockRidge {
            let area = record.system_use.get(self.skip..).unwrap_or_default();
            let mut fields = PosixFields::read(self.source, &mut self.continuations, area, lba)?;
            if fields.relocated {
                return Err(Skip::Silently);
            }
            if let Some(name) = fields.name.take() {
                entry.name = name;
            }
            if let Some(child) = fields.child {
                return self.relocated(child, entry.name, lba);
            }
            if let Some(how) = fields.encoded.filter(|_| !is_dir) {
                let what =
                    format!("'{}' {how}; the plain names give its bytes as recorded", show(&entry.name));
                return Err(ReadError::invalid("System Use area", lba, what).into());
            }
            if let Some(serial) = fields.px.and_then(|px| px.serial).filter(|n| *n > 0 && !is_dir) {
                let address = if by_place { 0 } else { u64::from(record.extent.little) };
                entry.id = u64::from(serial) << 32 | address;
            }
            fields.describe(&mut entry);
        }
        check_name(&entry.name, lba)?;
        Ok(entry)
    }

    /// The directory that a CL field leads to, described by its own record (RRIP 4.1.5.1).
    fn relocated(&mut self, child: u32, name: Vec<u8>, lba: u64) -> Result<Entry, Skip> {
        check_name(&name, lba)?;
        let (source, skip) = (self.source, self.skip);
        if u64::from(child) >= source.block_count() {
            let what =
                format!("CL of '{}' leads to sector {child}, past the end (RRIP 4.1.5.1)", show(&name));
            return Err(ReadError::invalid("System Use area", lba, what).into());
        }
        let continuations = &mut self.continuations;
        let entry = own_record(source, child, |record| {
            let at = u64::from(child);
            let bytes = u64::from(record.size.little);
            check_extent(source, at, bytes, "directory")?;
            let area = record.system_use.get(skip..).unwrap_or_default();
            let fields = PosixFields::read(source, continuations, area, at)?;
            let mut entry = Entry {
                name,
                kind: Kind::Directory,
                size: bytes,
                modified: decode_record_date(record.date),
                accessed: None,
                created: None,
                changed: None,
                device: None,
                real_time: false,
                has_streams: false,
                mode: None,
                uid: None,
                gid: None,
                links: None,
                target: None,
                hidden: false,
                id: at,
                content: Content::Extents(vec![Extent { lba: Some(child), bytes }]),
            };
            fields.describe(&mut entry);
            Ok(entry)
        })?;
        Ok(entry)
    }

    /// The recorded identifier without what only the format needs: version number, dot of an empty extension.
    fn identifier(&self, record: &DirectoryRecord<'_>) -> Vec<u8> {
        let mut name = if self.namespace == Namespace::Joliet {
            let units = record.identifier.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]]));
            let text: String =
                char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            text.into_bytes()
        } else {
            record.identifier.to_vec()
        };
        if !record.is_dir() {
            if let Some(at) = name.iter().rposition(|b| *b == b';')
                && at > 0
                && name.get(at + 1..).is_some_and(|v| v.iter().all(u8::is_ascii_digit))
            {
                name.truncate(at);
            }
            if self.namespace != Namespace::Joliet && name.len() > 1 && name.last() == Some(&b'.') {
                name.pop();
            }
        }
        name
    }
}

/// Refuses names that would lead out of their directory.
fn check_name(name: &[u8], lba: u64) -> Result<(), ReadError> {
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') || name.contains(&0) {
        let what = format!("the name '{}' cannot be that of a file", show(name));
        return Err(ReadError::invalid("directory record", lba, what));
    }
    Ok(())
}

fn check_extent(
    source: &dyn BlockSource,
    lba: u64,
    bytes: u64,
    structure: &'static str,
) -> Result<(), ReadError> {
    match lba.checked_add(bytes.div_ceil(SECTOR_U64)) {
        Some(end) if end <= source.block_count() => Ok(()),
        _ => {
            let count = source.block_count();
            let what = format!("{bytes} bytes from sector {lba} pass the end: there are {count} sectors");
            Err(ReadError::invalid(structure, lba, what))
        }
    }
}

fn show(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
