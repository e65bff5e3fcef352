//! What Rock Ridge says (RRIP 1.12), record by record and together.

use std::collections::{HashMap, HashSet};

use glassmaster_disc::Severity;

use super::{Checker, show};
use crate::raw::date::{NO_VOLUME_DATE, decode_record_date, decode_volume_date};
use crate::raw::number::{array, get_both32};
use crate::raw::record::{DirectoryRecord, FileFlags};
use crate::raw::rrip::{LinkTarget, Px, flag, nm};
use crate::raw::susp::Field;

/// File types of `st_mode` (RRIP 4.1.1.1).
const TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const SYMLINK: u32 = 0o120_000;
const DEVICES: [u32; 2] = [0o020_000, 0o060_000];
const TYPES: [u32; 7] = [DIRECTORY, REGULAR, SYMLINK, 0o010_000, 0o020_000, 0o060_000, 0o140_000];

/// Fields that an RR field announces (RRIP 1.09), in the order of its bits.
const ANNOUNCED: [&[u8; 2]; 8] = [b"PX", b"PN", b"SL", b"NM", b"CL", b"PL", b"RE", b"TF"];

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
    pub(super) continued: Vec<(u64, u64)>,
    /// The directory in progress.
    own: Option<Own>,
}

/// Links that a directory claims for itself, and those that there are.
struct Own {
    links: u32,
    /// Subdirectories that belong to it, and that it only holds.
    shown: u32,
    held: u32,
    lba: u64,
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
pub(super) struct Seen {
    signatures: Vec<[u8; 2]>,
    announced: Option<u8>,
    px: Option<Px>,
    pub(super) name: Option<Vec<u8>>,
    name_open: bool,
    link: Option<LinkTarget>,
    link_open: bool,
    device: bool,
    pub(super) child: Option<u32>,
    parent: Option<u32>,
    pub(super) relocated: bool,
    compressed: bool,
    pub(super) sp: bool,
    pub(super) er: bool,
}

impl Checker<'_> {
    pub(super) fn protocol(&mut self, root: u32) -> Posix {
        Posix { root, skip: self.skip(root), ..Posix::none() }
    }

    /// `count` is the number of the record in the directory at sector `dir`. Nothing without the protocol.
    pub(super) fn posix_record(
        &mut self,
        posix: &mut Posix,
        record: &DirectoryRecord<'_>,
        lba: u64,
        dir: u32,
        count: u64,
    ) -> Option<Seen> {
        let skip = posix.skip?;
        let root = count == 0 && dir == posix.root;
        let area = record.system_use.get(skip..).unwrap_or_default();
        let mut seen = Seen::default();
        self.areas(posix, area, lba, &mut seen);
        let name = || match record.identifier {
            [0] => "the directory itself".to_owned(),
            [1] => "its parent".to_owned(),
            other => format!("'{}'", show(other, false)),
        };
        self.protocol_fields(&seen, root, lba, &name);
        self.names_and_links(&seen, record, lba, count, &name);
        let Some(px) = seen.px else {
            self.error("RRIP 4.1.1", lba, format!("{} has no PX", name()));
            return Some(seen);
        };
        if count == 0 {
            posix.own = Some(Own { links: px.links, shown: 0, held: 0, lba });
        }
        if count == 1
            && let Some(parent) = seen.parent
        {
            posix.parents.insert(dir, parent);
        }
        if count == 1 && px.mode & TYPE != DIRECTORY {
            // Nobody asks the record for the parent what it is.
            let what = "records for the parent whose mode is not a directory's";
            self.gather(Severity::Warning, "RRIP 4.1.1", lba, what, || format!("{:o}", px.mode));
        } else {
            self.file_type(&seen, &px, record, lba, &name);
        }
        if count >= 2 {
            self.totals(posix, &seen, &px, record, lba, dir);
        }
        Some(seen)
    }

    fn protocol_fields(&mut self, seen: &Seen, root: bool, lba: u64, name: &dyn Fn() -> String) {
        if root && !(seen.sp && seen.er) {
            let what = "the root's own record has no SP, or no ER of a known extension";
            self.warn("SUSP 5.5", lba, what);
        }
        if !root && seen.sp {
            self.warn("SUSP 5.3", lba, format!("{} has SP, which is the root's own record's", name()));
        }
        if let Some(announced) = seen.announced {
            let there = (0u8..).zip(ANNOUNCED).filter(|(_, s)| seen.signatures.contains(s));
            let there = there.fold(0u8, |bits, (bit, _)| bits | 1 << bit);
            if there != announced {
                let what =
                    format!("RR of {} announces fields {announced:#04x}, there are {there:#04x}", name());
                self.warn("RRIP 1.09", lba, what);
            }
        }
    }

    fn names_and_links(
        &mut self,
        seen: &Seen,
        record: &DirectoryRecord<'_>,
        lba: u64,
        count: u64,
        name: &dyn Fn() -> String,
    ) {
        if seen.name_open {
            self.error("RRIP 4.1.4", lba, format!("the name of {} is continued nowhere", name()));
        }
        if seen.link_open {
            self.error("RRIP 4.1.3", lba, format!("the target of {} is continued nowhere", name()));
        }
        if count < 2 {
            return;
        }
        match seen.name.as_deref() {
            None => self.habit("RRIP 4.1.4", lba, "records without NM, whose identifier is the name", name),
            Some(b"" | b"." | b"..") => {
                self.error(
                    "RRIP 4.1.4",
                    lba,
                    format!("the name of {} is empty or that of a directory", name()),
                );
            }
            Some(text) if text.iter().any(|b| matches!(b, 0 | b'/')) => {
                let shown = text.escape_ascii();
                self.error("RRIP 4.1.4", lba, format!("the name '{shown}' of {} has a slash or a 0", name()));
            }
            Some(_) => {}
        }
        if record.is_dir() && (seen.link.is_some() || seen.child.is_some()) {
            self.error("RRIP 4.1.5", lba, format!("{} is a directory, but has SL or CL", name()));
        }
    }

    /// The type that PX gives against the record's and the other fields (RRIP 4.1.1 to 4.1.3).
    fn file_type(
        &mut self,
        seen: &Seen,
        px: &Px,
        record: &DirectoryRecord<'_>,
        lba: u64,
        name: &dyn Fn() -> String,
    ) {
        let kind = px.mode & TYPE;
        if !TYPES.contains(&kind) || px.mode > 0o177_777 {
            self.error("RRIP 4.1.1", lba, format!("the mode {:o} of {} has no known type", px.mode, name()));
        } else if record.is_dir() != (kind == DIRECTORY) && seen.child.is_none() {
            let is = if record.is_dir() { "is a directory" } else { "is a file" };
            self.error("RRIP 4.1.1", lba, format!("{} {is}, its mode {:o} is not", name(), px.mode));
        }
        if (kind == SYMLINK) != seen.link.is_some() && !record.is_dir() {
            let there = if seen.link.is_some() { "there is SL" } else { "there is no SL" };
            self.error("RRIP 4.1.3", lba, format!("the mode of {} is {:o}, and {there}", name(), px.mode));
        }
        if DEVICES.contains(&kind) != seen.device {
            let there = if seen.device { "there is PN" } else { "there is no PN" };
            let what = format!("the mode of {} is {:o}, and {there}", name(), px.mode);
            if seen.device { self.warn("RRIP 4.1.2", lba, what) } else { self.error("RRIP 4.1.2", lba, what) }
        }
        if px.links == 0 {
            self.warn("RRIP 4.1.1", lba, format!("{} has 0 links; there is at least this one", name()));
        }
        if seen.compressed {
            self.habit("RRIP 4.1", lba, "files compressed as zisofs, which many readers do not expand", name);
        }
    }

    /// What only several records together show.
    fn totals(
        &mut self,
        posix: &mut Posix,
        seen: &Seen,
        px: &Px,
        record: &DirectoryRecord<'_>,
        lba: u64,
        dir: u32,
    ) {
        if let Some(own) = &mut posix.own {
            own.shown += u32::from(record.is_dir() && !seen.relocated || seen.child.is_some());
            own.held += u32::from(record.is_dir());
        }
        if seen.relocated {
            posix.relocated.extend(record.content_lba());
        }
        if let Some(child) = seen.child {
            posix.placeholders.push((child, dir, lba));
        }
        if let Some(serial) = px.serial.filter(|s| *s != 0)
            && px.mode & TYPE == REGULAR
            && !record.flags.contains(FileFlags::MULTI_EXTENT)
        {
            let address = record.extent.little;
            let entry = posix.files.entry(serial).or_insert((0, px.links, address, lba));
            entry.0 += 1;
            let name = || show(record.identifier, false);
            if entry.2 != address {
                let what = format!(
                    "'{}' shares the serial number {serial} with another content: sector {address}, there {}",
                    name(),
                    entry.2
                );
                self.error("RRIP 4.1.1", lba, what);
            } else if entry.1 != px.links {
                let what = format!(
                    "'{}' has {} links, another name of serial number {serial} {}",
                    name(),
                    px.links,
                    entry.1
                );
                self.warn("RRIP 4.1.1", lba, what);
            }
        }
    }

    pub(super) fn field(&mut self, field: &Field<'_>, lba: u64, seen: &mut Seen) {
        if ANNOUNCED.contains(&&field.signature) && !seen.signatures.contains(&field.signature) {
            seen.signatures.push(field.signature);
        }
        let length = field.data.len() + 4;
        let flags = field.data.first().copied().unwrap_or(0);
        match &field.signature {
            b"SP" | b"ER" | b"ES" => self.susp_field(field, lba, seen),
            b"RR" => seen.announced = field.data.first().copied(),
            b"PX" => {
                if !matches!(length, 36 | 44) {
                    self.error("RRIP 4.1.1", lba, format!("PX of {length} bytes, not 36 or 44"));
                }
                let names = ["mode", "links", "user", "group", "serial number"];
                self.pairs(field, "RRIP 4.1.1", lba, &names);
                if seen.px.is_some() {
                    self.warn("RRIP 4.1.1", lba, "more than one PX in a record");
                }
                seen.px = seen.px.or(Px::parse(field.data));
            }
            b"PN" => {
                if length != 20 {
                    self.error("RRIP 4.1.2", lba, format!("PN of {length} bytes, not 20"));
                }
                self.pairs(field, "RRIP 4.1.2", lba, &["high half of a device", "low half of a device"]);
                seen.device = true;
            }
            b"SL" => self.link(field, lba, seen),
            b"NM" => self.name_part(field, lba, seen),
            b"CL" | b"PL" => {
                if length != 12 {
                    self.error("RRIP 4.1.5", lba, format!("CL or PL of {length} bytes, not 12"));
                    return;
                }
                self.pairs(field, "RRIP 4.1.5", lba, &["address in CL or PL"]);
                let address = get_both32(field.data, 0).little;
                let which = if field.signature == *b"CL" { &mut seen.child } else { &mut seen.parent };
                *which = Some(address);
            }
            b"RE" => {
                seen.relocated = true;
                if length != 4 {
                    self.warn("RRIP 4.1.5.3", lba, format!("RE of {length} bytes, not 4"));
                }
            }
            b"TF" => self.times(field, lba, flags),
            b"SF" => {
                if !matches!(length, 12 | 21) {
                    self.error("RRIP 4.1.7", lba, format!("SF of {length} bytes, not 21"));
                }
                self.pairs(field, "RRIP 4.1.7", lba, &["virtual size", "low half of the virtual size"]);
            }
            b"ZF" => {
                seen.compressed = true;
                if length == 16 {
                    let size = get_both32(field.data, 4);
                    self.both("RRIP 4.1", lba, || "size of a compressed file".to_owned(), size);
                } else {
                    self.error("RRIP 4.1", lba, format!("ZF of {length} bytes, not 16"));
                }
            }
            _ => {}
        }
    }

    fn name_part(&mut self, field: &Field<'_>, lba: u64, seen: &mut Seen) {
        let Some((flags, text)) = nm(field) else {
            self.error("RRIP 4.1.4", lba, "NM without flags");
            return;
        };
        let special = flags & (flag::CURRENT | flag::PARENT) != 0;
        if flags & 0xD8 != 0 {
            self.warn(
                "RRIP 4.1.4",
                lba,
                format!("flags of NM are {flags:#04x}; bits 3, 4, 6, 7 are reserved"),
            );
        }
        if special && (!text.is_empty() || flags & flag::CONTINUE != 0) {
            let what = format!("NM for . or .. (flags {flags:#04x}) with {} bytes of a name", text.len());
            self.error("RRIP 4.1.4", lba, what);
        }
        if seen.name.is_some() && !seen.name_open {
            self.warn("RRIP 4.1.4", lba, "NM behind an NM that was the last one of the name");
        } else if !special {
            seen.name.get_or_insert_default().extend_from_slice(text);
        }
        seen.name_open = flags & flag::CONTINUE != 0;
    }

    fn link(&mut self, field: &Field<'_>, lba: u64, seen: &mut Seen) {
        if let Err(what) = seen.link.get_or_insert_default().add(field.data) {
            self.error("RRIP 4.1.3", lba, what);
        }
        let (flags, mut rest) = field.data.split_first().map_or((0, &[][..]), |(f, rest)| (*f, rest));
        if flags & !flag::CONTINUE != 0 {
            self.warn("RRIP 4.1.3", lba, format!("flags of SL are {flags:#04x}; only bit 0 has a meaning"));
        }
        seen.link_open = flags & flag::CONTINUE != 0;
        while let &[bits, length, ref tail @ ..] = rest {
            if bits & (flag::CURRENT | flag::PARENT | flag::ROOT) != 0 && length > 0 {
                let what = format!("a component of SL with flags {bits:#04x} has {length} bytes, not 0");
                self.error("RRIP 4.1.3.1", lba, what);
            }
            rest = tail.get(usize::from(length)..).unwrap_or_default();
        }
        if !rest.is_empty() {
            self.error("RRIP 4.1.3.1", lba, "a component of SL is cut off");
        }
    }

    fn times(&mut self, field: &Field<'_>, lba: u64, flags: u8) {
        let long = flags & 0x80 != 0;
        let each = if long { 17 } else { 7 };
        let stamps = (flags & 0x7F).count_ones() as usize;
        let length = field.data.len() + 4;
        if length != 5 + stamps * each {
            let what = format!("TF with {stamps} stamps has {length} bytes, not {}", 5 + stamps * each);
            self.error("RRIP 4.1.6", lba, what);
            return;
        }
        for stamp in field.data.get(1..).unwrap_or_default().chunks_exact(each) {
            let none = stamp.iter().all(|b| *b == 0) || stamp == NO_VOLUME_DATE;
            let fine = if long {
                decode_volume_date(&array(stamp, 0)).is_some()
            } else {
                decode_record_date(array(stamp, 0)).is_some()
            };
            if !none && !fine {
                self.warn("RRIP 4.1.6", lba, format!("a stamp of TF is no date: {stamp:?}"));
            }
        }
    }

    /// A directory's own link count against the subdirectories it shows.
    pub(super) fn own_links(&mut self, posix: &mut Posix) {
        let Some(own) = posix.own.take() else { return };
        let Own { links, shown, held, lba } = own;
        if links == shown + 2 || links == held + 2 {
            return;
        }
        if links == 1 {
            let example = || format!("1 link, {shown} subdirectories make {}", shown + 2);
            self.habit("RRIP 4.1.1", lba, "directories do not count their subdirectories as links", example);
            return;
        }
        let what = format!("the directory has {links} links, {shown} subdirectories make {}", shown + 2);
        self.warn("RRIP 4.1.1", lba, what);
    }

    pub(super) fn posix_totals(&mut self, posix: &Posix) {
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
        self.continuation_areas(&posix.continued);
    }
}
