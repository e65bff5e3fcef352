//! System Use fields (SUSP 1.12) and what Rock Ridge says with them (RRIP 1.12).

use std::collections::{HashMap, HashSet};

use glassmaster_disc::{SECTOR_U64, Severity};

use super::{Checker, show};
use crate::raw::number::get_both32;
use crate::raw::record::{DirectoryRecord, FileFlags};
use crate::raw::rrip::{EXTENSIONS, LinkTarget, Px, flag};
use crate::raw::susp::{self, Continuation, Field};

/// Continuation areas of one record, at most.
const MOST_CONTINUATIONS: u32 = 64;

/// What the records of a hierarchy say together.
pub(super) struct Posix {
    /// Bytes to skip, when the protocol is in use.
    skip: Option<usize>,
    /// Sector of the root, whose own record starts the protocol.
    root: u32,
    /// CL fields: the child, the directory with the placeholder, sector of the record.
    placeholders: Vec<(u32, u32, u64)>,
    /// PL fields: the directory, and its true parent.
    parents: HashMap<u32, u32>,
    /// Directories whose records carry RE.
    relocated: HashSet<u32>,
    /// By serial number: names met, links recorded, address, and the sector of the first record.
    files: HashMap<u32, (u32, u32, u32, u64)>,
    /// Continuation areas as bytes of the volume.
    continued: Vec<(u64, u64)>,
    /// Links that the directory in progress claims for itself, subdirectories it shows, and its sector.
    own: Option<(u32, u32, u64)>,
}

impl Posix {
    pub(super) fn none() -> Self {
        Self {
            skip: None,
            root: 0,
            placeholders: Vec::new(),
            parents: HashMap::new(),
            relocated: HashSet::new(),
            files: HashMap::new(),
            continued: Vec::new(),
            own: None,
        }
    }

    pub(super) fn in_use(&self) -> bool {
        self.skip.is_some()
    }
}

/// Fields of one record, as far as they are judged together.
#[derive(Default)]
struct Seen {
    px: Option<Px>,
    name: bool,
    name_open: bool,
    link: Option<LinkTarget>,
    child: Option<u32>,
    parent: Option<u32>,
    relocated: bool,
    sp: bool,
    er: bool,
}

impl Checker<'_> {
    /// Whether the root's own record starts the protocol (SUSP 5.3).
    pub(super) fn protocol(&mut self, root: u32) -> Posix {
        let mut posix = Posix { root, ..Posix::none() };
        if !self.inside(u64::from(root), 1) {
            return posix;
        }
        let Some(sector) = self.sectors("ECMA-119 6.8", u64::from(root), 1) else { return posix };
        let Ok(Some(record)) = DirectoryRecord::parse(&sector) else { return posix };
        posix.skip = [0, 14].into_iter().find_map(|start| {
            let field = susp::fields(record.system_use.get(start..)?).next()?.ok()?;
            susp::skip_of_sp(&field).map(usize::from)
        });
        posix
    }

    pub(super) fn posix_record(
        &mut self,
        posix: &mut Posix,
        record: &DirectoryRecord<'_>,
        lba: u64,
        dir: u32,
        count: u64,
    ) {
        let Some(skip) = posix.skip else { return };
        let root = count == 0 && dir == posix.root;
        if count == 0 {
            self.own_links(posix.own.take());
        }
        let area = record.system_use.get(skip..).unwrap_or_default();
        let mut seen = Seen::default();
        self.areas(posix, area, lba, &mut seen);
        let name = show(record.identifier, false);
        if root && !(seen.sp && seen.er) {
            let what = "the root's own record has no SP, or no ER of a known extension";
            self.warn("SUSP 5.5", lba, what);
        }
        if seen.name_open {
            self.error("RRIP 4.1.4", lba, format!("the name of '{name}' is continued nowhere"));
        }
        let Some(px) = seen.px else {
            self.error("RRIP 4.1.1", lba, format!("'{name}' has no PX"));
            return;
        };
        if count == 0 {
            posix.own = Some((px.links, 0, lba));
        }
        if count == 1
            && let Some(parent) = seen.parent
        {
            posix.parents.insert(dir, parent);
        }
        if count < 2 {
            return;
        }
        if !seen.name {
            self.find(
                Severity::Note,
                "RRIP 4.1.4",
                lba,
                format!("'{name}' has no NM; its identifier is its name"),
            );
        }
        let shown = record.is_dir() && !seen.relocated || seen.child.is_some();
        if let Some((_, subdirectories, _)) = &mut posix.own {
            *subdirectories += u32::from(shown);
        }
        if seen.relocated {
            posix.relocated.extend(record.content_lba());
        }
        if let Some(child) = seen.child {
            posix.placeholders.push((child, dir, lba));
        }
        let symlink = px.mode & 0o170_000 == 0o120_000;
        if symlink != seen.link.is_some() && !record.is_dir() {
            self.error("RRIP 4.1.3", lba, format!("'{name}': mode {:o} and SL do not fit", px.mode));
        }
        if record.is_dir() && px.mode & 0o170_000 != 0o040_000 {
            self.error("RRIP 4.1.1", lba, format!("'{name}' is a directory, its mode {:o} is not", px.mode));
        }
        if let Some(serial) = px.serial.filter(|s| *s != 0)
            && px.mode & 0o170_000 == 0o100_000
            && !record.flags.contains(FileFlags::MULTI_EXTENT)
        {
            let entry = posix.files.entry(serial).or_insert((0, px.links, record.extent.little, lba));
            entry.0 += 1;
            let differs = entry.2 != record.extent.little;
            let links = entry.1 != px.links;
            if differs {
                let what = format!("'{name}' shares the serial number {serial} with another content");
                self.error("RRIP 4.1.1", lba, what);
            } else if links {
                self.warn(
                    "RRIP 4.1.1",
                    lba,
                    format!("names of serial number {serial} disagree on their links"),
                );
            }
        }
    }

    fn areas(&mut self, posix: &mut Posix, area: &[u8], lba: u64, seen: &mut Seen) {
        let mut next = self.fields(area, lba, seen);
        let mut hops = 0;
        while let Some(ce) = next {
            hops += 1;
            if hops > MOST_CONTINUATIONS {
                self.error("SUSP 5.1", lba, "continuation areas without end");
                return;
            }
            self.both("SUSP 5.1", lba, "block of a continuation area", ce.block);
            self.both("SUSP 5.1", lba, "offset of a continuation area", ce.offset);
            self.both("SUSP 5.1", lba, "length of a continuation area", ce.length);
            let (offset, length) = (u64::from(ce.offset.little), u64::from(ce.length.little));
            if offset + length > SECTOR_U64 {
                let what =
                    format!("a continuation area of {length} bytes at byte {offset} crosses its sector");
                self.error("SUSP 5.1", lba, what);
                return;
            }
            let block = u64::from(ce.block.little);
            let Some(sector) = self.sectors("SUSP 5.1", block, 1) else { return };
            let start = block * SECTOR_U64 + offset;
            posix.continued.push((start, start + length));
            let (from, to) = (ce.offset.little as usize, (ce.offset.little + ce.length.little) as usize);
            next = self.fields(sector.get(from..to).unwrap_or_default(), block, seen);
        }
    }

    fn fields(&mut self, area: &[u8], lba: u64, seen: &mut Seen) -> Option<Continuation> {
        let mut next = None;
        for field in susp::fields(area) {
            let field = match field {
                Ok(field) => field,
                Err(bad) => {
                    let name = String::from_utf8_lossy(&bad.signature).into_owned();
                    self.error(
                        "SUSP 4.1",
                        lba,
                        format!("field '{name}' of {} bytes passes its area", bad.length),
                    );
                    return next;
                }
            };
            if field.version != 1 {
                let name = String::from_utf8_lossy(&field.signature).into_owned();
                self.warn("SUSP 4.1", lba, format!("field '{name}' has version {}", field.version));
            }
            match &field.signature {
                b"ST" => break,
                b"CE" => match Continuation::parse(field.data) {
                    Some(ce) => next = Some(ce),
                    None => self.error("SUSP 5.1", lba, "CE is shorter than 28 bytes"),
                },
                _ => self.field(&field, lba, seen),
            }
        }
        next
    }

    fn field(&mut self, field: &Field<'_>, lba: u64, seen: &mut Seen) {
        let pairs = |checker: &mut Self, clause, names: &[&str]| {
            for (n, name) in names.iter().enumerate().take(field.data.len() / 8) {
                checker.both(clause, lba, name, get_both32(field.data, n * 8));
            }
        };
        match &field.signature {
            b"SP" => seen.sp |= susp::skip_of_sp(field).is_some(),
            b"ER" => match susp::er_id(field) {
                Some(id) => seen.er |= EXTENSIONS.contains(&id),
                None => self.error("SUSP 5.5", lba, "the lengths in ER pass its end"),
            },
            b"PX" => {
                if !matches!(field.data.len(), 32 | 40) {
                    self.error(
                        "RRIP 4.1.1",
                        lba,
                        format!("PX has {} bytes, not 36 or 44", field.data.len() + 4),
                    );
                }
                pairs(self, "RRIP 4.1.1", &["mode", "links", "user", "group", "serial number"]);
                seen.px = Px::parse(field.data);
            }
            b"NM" => {
                let flags = field.data.first().copied().unwrap_or(0);
                seen.name = true;
                seen.name_open = flags & flag::CONTINUE != 0;
            }
            b"SL" => {
                if let Err(what) = seen.link.get_or_insert_default().add(field.data) {
                    self.error("RRIP 4.1.3", lba, what);
                }
            }
            b"TF" => {
                let flags = field.data.first().copied().unwrap_or(0);
                let each = if flags & 0x80 == 0 { 7 } else { 17 };
                let stamps = (flags & 0x7F).count_ones() as usize;
                if field.data.len() != 1 + stamps * each {
                    let what = format!("TF with {stamps} stamps has {} bytes", field.data.len() + 4);
                    self.error("RRIP 4.1.6", lba, what);
                }
            }
            b"CL" | b"PL" => {
                let child = field.signature == *b"CL";
                if field.data.len() != 8 {
                    self.error("RRIP 4.1.5", lba, "CL or PL is not of 12 bytes");
                    return;
                }
                pairs(self, "RRIP 4.1.5", &["address in CL or PL"]);
                let address = get_both32(field.data, 0).little;
                if child {
                    seen.child = Some(address);
                } else {
                    seen.parent = Some(address);
                }
            }
            b"PN" => pairs(self, "RRIP 4.1.2", &["high half of the device", "low half of the device"]),
            b"RE" => seen.relocated = true,
            _ => {}
        }
    }

    /// A directory's own link count against the subdirectories it shows.
    fn own_links(&mut self, own: Option<(u32, u32, u64)>) {
        if let Some((links, subdirectories, lba)) = own
            && links != subdirectories + 2
        {
            let what = format!(
                "{links} links recorded, {subdirectories} subdirectories make {}",
                subdirectories + 2
            );
            self.find(Severity::Note, "RRIP 4.1.1", lba, what);
        }
    }

    pub(super) fn posix_totals(&mut self, posix: &Posix) {
        self.own_links(posix.own);
        for (child, dir, lba) in &posix.placeholders {
            if posix.parents.get(child) != Some(dir) {
                let what = format!("CL leads to sector {child}, where no PL leads back to sector {dir}");
                self.error("RRIP 4.1.5", *lba, what);
            }
            if !posix.relocated.contains(child) {
                self.warn(
                    "RRIP 4.1.5.3",
                    *lba,
                    format!("the record of the directory at sector {child} has no RE"),
                );
            }
        }
        let pairs: HashSet<(u32, u32)> = posix.placeholders.iter().map(|p| (p.0, p.1)).collect();
        let mut parents: Vec<_> = posix.parents.iter().collect();
        parents.sort_unstable();
        for (dir, parent) in parents {
            if !pairs.contains(&(*dir, *parent)) {
                let what = format!("PL leads to sector {parent}, where no CL leads back");
                self.error("RRIP 4.1.5", u64::from(*dir), what);
            }
        }
        let mut files: Vec<_> = posix.files.iter().collect();
        files.sort_unstable_by_key(|f| (f.1.3, f.0));
        for (serial, (names, links, _, lba)) in files {
            if names != links {
                let what = format!("{links} links recorded, {names} names have serial number {serial}");
                self.warn("RRIP 4.1.1", *lba, what);
            }
        }
        let mut areas = posix.continued.clone();
        areas.sort_unstable();
        for pair in areas.windows(2) {
            if let [(start, end), (next, _)] = pair
                && next < end
            {
                let what = format!("continuation areas at bytes {start} and {next} of the volume overlap");
                self.error("SUSP 5.1", next / SECTOR_U64, what);
            }
        }
    }
}
