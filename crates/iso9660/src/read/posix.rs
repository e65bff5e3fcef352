//! Rock Ridge fields of one record, continuation areas followed.

use glassmaster_disc::{BlockSource, SECTOR, SECTOR_U64};
use glassmaster_tree::{Entry, Kind, ReadError};

use crate::raw::number::get_both32;
use crate::raw::rrip::{self, LinkTarget, Px, Stamps, flag};
use crate::raw::susp::{self, Continuation, Field};

/// Continuation areas of one record, at most; a link target of 4,095 bytes needs three.
const MOST_CONTINUATIONS: u32 = 64;
/// Longest continuation area; writers keep it inside one sector.
const LONGEST_CONTINUATION: u64 = 65_536;
/// Longest name; POSIX has 255.
const LONGEST_NAME: usize = 4096;
/// Sectors fetched at once: continuation areas of neighbouring records are neighbours, too.
const FETCH: u64 = 32;

/// Reads continuation areas; keeps the sectors around the last one.
#[derive(Default)]
pub(super) struct Continuations {
    first: u64,
    sectors: Vec<u8>,
}

impl Continuations {
    /// Hands all fields of a System Use area to `each`, those of its continuation areas included (SUSP 5.1: a CE takes
    /// effect where its own area ends). `lba` is the sector of the record, for errors.
    pub(super) fn each_field(
        &mut self,
        source: &dyn BlockSource,
        area: &[u8],
        lba: u64,
        each: &mut dyn FnMut(&Field<'_>) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let mut next = fields_of(area, lba, each)?;
        let mut seen = 0;
        while let Some(ce) = next {
            seen += 1;
            if seen > MOST_CONTINUATIONS {
                let what = format!("more than {MOST_CONTINUATIONS} continuation areas of one record: a loop");
                return Err(ReadError::invalid("System Use area", lba, what));
            }
            let area = self.area(source, &ce, lba)?;
            next = fields_of(area, u64::from(ce.block.little), each)?;
        }
        Ok(())
    }

    fn area(&mut self, source: &dyn BlockSource, ce: &Continuation, lba: u64) -> Result<&[u8], ReadError> {
        let (offset, length) = (u64::from(ce.offset.little), u64::from(ce.length.little));
        let first = u64::from(ce.block.little) + offset / SECTOR_U64;
        let start = offset % SECTOR_U64;
        let end = (start + length).div_ceil(SECTOR_U64) + first;
        if length > LONGEST_CONTINUATION || end > source.block_count() {
            let what = format!(
                "CE leads to {length} bytes at sector {first}, which is too long or past the end (SUSP 5.1)"
            );
            return Err(ReadError::invalid("System Use area", lba, what));
        }
        let held = self.first + (self.sectors.len() / SECTOR) as u64;
        if first < self.first || end > held {
            let wanted = (end - first).max(FETCH).min(source.block_count() - first);
            let bytes = usize::try_from(wanted * SECTOR_U64).unwrap_or(0);
            self.sectors.resize(bytes, 0);
            self.first = first;
            if let Err(error) = source.read_blocks(first, &mut self.sectors) {
                // More than asked for: what was asked for may still be readable.
                self.sectors.truncate(usize::try_from((end - first) * SECTOR_U64).unwrap_or(0));
                let retry = source.read_blocks(first, &mut self.sectors);
                if retry.is_err() {
                    self.sectors.clear();
                    return Err(ReadError::io("continuation area", first, error));
                }
            }
        }
        let from = usize::try_from((first - self.first) * SECTOR_U64 + start).unwrap_or(usize::MAX);
        let to = from.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(self.sectors.get(from..to).unwrap_or_default())
    }
}

fn fields_of(
    area: &[u8],
    lba: u64,
    each: &mut dyn FnMut(&Field<'_>) -> Result<(), ReadError>,
) -> Result<Option<Continuation>, ReadError> {
    let mut next = None;
    for field in susp::fields(area) {
        // A length that lies ends the area, as in other readers: bytes of other formats follow there on real discs.
        let Ok(field) = field else { break };
        match &field.signature {
            b"ST" => break,
            b"CE" => {
                let ce = Continuation::parse(field.data);
                next = Some(ce.ok_or_else(|| {
                    ReadError::invalid("System Use area", lba, "CE is shorter than 28 bytes (SUSP 5.1)")
                })?);
            }
            _ => each(&field)?,
        }
    }
    Ok(next)
}

/// What Rock Ridge says of one object.
#[derive(Default)]
pub(super) struct PosixFields {
    pub(super) name: Option<Vec<u8>>,
    pub(super) px: Option<Px>,
    stamps: Stamps,
    device: Option<(u32, u32)>,
    target: Option<LinkTarget>,
    /// The directory that a placeholder stands for.
    pub(super) child: Option<u32>,
    /// Belongs elsewhere.
    pub(super) relocated: bool,
    /// Why the bytes of the extent are not those of the file.
    pub(super) encoded: Option<&'static str>,
}

impl PosixFields {
    pub(super) fn read(
        source: &dyn BlockSource,
        continuations: &mut Continuations,
        area: &[u8],
        lba: u64,
    ) -> Result<Self, ReadError> {
        let mut this = Self::default();
        let mut name_ended = false;
        let invalid = |what: &str| ReadError::invalid("System Use area", lba, what);
        continuations.each_field(source, area, lba, &mut |field| {
            match &field.signature {
                b"PX" => this.px = this.px.or(Px::parse(field.data)),
                b"TF" => this.stamps.add(field.data),
                b"PN" => this.device = this.device.or(rrip::device_of_pn(field.data)),
                b"NM" => {
                    let (flags, text) =
                        rrip::nm(field).ok_or_else(|| invalid("NM without flags (RRIP 4.1.4)"))?;
                    if !name_ended && flags & (flag::CURRENT | flag::PARENT) == 0 {
                        let name = this.name.get_or_insert_default();
                        name.extend_from_slice(text);
                        if name.len() > LONGEST_NAME {
                            return Err(invalid("a name of more than 4096 bytes"));
                        }
                        name_ended = flags & flag::CONTINUE == 0;
                    }
                }
                b"SL" => this.target.get_or_insert_default().add(field.data).map_err(invalid)?,
                b"CL" if field.data.len() >= 8 => this.child = Some(get_both32(field.data, 0).little),
                b"RE" => this.relocated = true,
                b"ZF" if matches!(field.data, [b'p' | b'P', b'z' | b'Z', ..]) => {
                    this.encoded = Some("is compressed as zisofs");
                }
                b"SF" => this.encoded = Some("is a sparse file (RRIP 4.1.7)"),
                _ => {}
            }
            Ok(())
        })?;
        Ok(this)
    }

    /// Puts what is known into an entry, but not its name and place.
    pub(super) fn describe(self, entry: &mut Entry) {
        if let Some(px) = self.px {
            entry.mode = Some(px.permissions());
            entry.uid = Some(px.uid);
            entry.gid = Some(px.gid);
            entry.links = Some(px.links);
        }
        entry.modified = self.stamps.modified.or(entry.modified);
        entry.created = self.stamps.created;
        entry.accessed = self.stamps.accessed;
        entry.changed = self.stamps.changed;
        if entry.kind == Kind::Directory {
            return;
        }
        // The record decides what is a directory; a mode that says so of a file is wrong.
        entry.kind = match self.px.and_then(|p| p.kind()) {
            Some(Kind::Directory) | None if self.target.is_some() => Kind::Symlink,
            Some(Kind::Directory) | None => Kind::File,
            Some(kind) => kind,
        };
        if matches!(entry.kind, Kind::CharDevice | Kind::BlockDevice) {
            entry.device = self.device;
        }
        if entry.kind == Kind::Symlink {
            entry.target = Some(self.target.unwrap_or_default().finish());
        }
    }
}
