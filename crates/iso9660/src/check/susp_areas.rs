//! System Use areas and their continuations (SUSP 1.12): that fields can be told apart, wherever they stand.

use glassmaster_disc::SECTOR_U64;

use super::Checker;
use super::rock_ridge::{Posix, Seen};
use super::space::Holds;
use crate::raw::number::get_both32;
use crate::raw::record::DirectoryRecord;
use crate::raw::susp::{self, Continuation, Field};

/// Continuation areas of one record, at most.
const MOST_CONTINUATIONS: u32 = 64;

/// Fields of which this version is the only one (SUSP 5, RRIP 4.1). Others belong to other protocols.
const VERSION_ONE: [&[u8; 2]; 17] = [
    b"CE", b"PD", b"SP", b"ST", b"ER", b"ES", b"RR", b"PX", b"PN", b"SL", b"NM", b"CL", b"PL", b"RE", b"TF",
    b"SF", b"ZF",
];

/// Fields whose like no other use of the area has at the root.
const ROCK_RIDGE: [&[u8; 2]; 4] = [b"SP", b"ER", b"PX", b"RR"];

fn name(signature: [u8; 2]) -> String {
    signature.escape_ascii().to_string()
}

impl Checker<'_> {
    /// Whether the root's own record starts the protocol, and what it says to skip (SUSP 5.3).
    pub(super) fn skip(&mut self, root: u32) -> Option<usize> {
        if !self.inside(u64::from(root), 1) {
            return None;
        }
        let sector = self.sectors("ECMA-119 6.8", u64::from(root), 1)?;
        let Ok(Some(record)) = DirectoryRecord::parse(&sector) else { return None };
        // Behind CD-ROM XA attributes the protocol begins 14 bytes later.
        let skip = [0, 14].into_iter().find_map(|start| {
            let field = susp::fields(record.system_use.get(start..)?).next()?.ok()?;
            susp::skip_of_sp(&field).map(usize::from)
        });
        if skip.is_some() {
            return skip;
        }
        // Readers then see no Rock Ridge at all, and say nothing.
        let mut fields = susp::fields(record.system_use).map_while(Result::ok);
        let found = fields.find(|f| ROCK_RIDGE.contains(&&f.signature))?;
        let what = format!(
            "the root's own record has '{}', but does not begin with a right SP: readers take the protocol for absent",
            name(found.signature)
        );
        self.error("SUSP 5.3", u64::from(root), what);
        Some(0)
    }

    /// All fields of a record, those of its continuation areas included.
    pub(super) fn areas(&mut self, posix: &mut Posix, area: &[u8], lba: u64, seen: &mut Seen) {
        let mut next = self.fields(area, lba, seen);
        let mut hops = 0;
        while let Some(ce) = next {
            hops += 1;
            if hops > MOST_CONTINUATIONS {
                let what = format!("more than {MOST_CONTINUATIONS} continuation areas of one record: a loop");
                self.error("SUSP 5.1", lba, what);
                return;
            }
            self.both("SUSP 5.1", lba, || "block of a continuation area".to_owned(), ce.block);
            self.both("SUSP 5.1", lba, || "offset of a continuation area".to_owned(), ce.offset);
            self.both("SUSP 5.1", lba, || "length of a continuation area".to_owned(), ce.length);
            let (offset, length) = (u64::from(ce.offset.little), u64::from(ce.length.little));
            let block = u64::from(ce.block.little);
            if offset + length > SECTOR_U64 {
                let what = format!(
                    "a continuation area of {length} bytes at byte {offset} of sector {block} leaves the sector"
                );
                self.error("SUSP 5.1", lba, what);
                return;
            }
            let Some(sector) = self.sectors("SUSP 5.1", block, 1) else { return };
            self.space.add(block, 1, Holds::Continuation);
            let start = block * SECTOR_U64 + offset;
            posix.continued.push((start, start + length));
            let (from, to) = (ce.offset.little as usize, (ce.offset.little + ce.length.little) as usize);
            next = self.fields(sector.get(from..to).unwrap_or_default(), block, seen);
        }
    }

    fn fields(&mut self, area: &[u8], lba: u64, seen: &mut Seen) -> Option<Continuation> {
        let mut next = None;
        let mut used = 0;
        let mut stopped = false;
        for field in susp::fields(area) {
            let field = match field {
                Ok(field) => field,
                Err(bad) => {
                    let what = format!(
                        "field '{}' says {} bytes, its area has {} left",
                        name(bad.signature),
                        bad.length,
                        area.len() - used
                    );
                    self.error("SUSP 4.1", lba, what);
                    return next;
                }
            };
            used += field.data.len() + 4;
            if field.version != 1 && VERSION_ONE.contains(&&field.signature) {
                let what = format!("field '{}' has version {}, not 1", name(field.signature), field.version);
                self.warn("SUSP 4.1", lba, what);
            }
            match &field.signature {
                b"ST" => {
                    stopped = true;
                    if !field.data.is_empty() {
                        self.warn("SUSP 5.4", lba, format!("ST of {} bytes, not 4", field.data.len() + 4));
                    }
                    break;
                }
                b"CE" => self.continuation(&field, lba, &mut next),
                _ => self.field(&field, lba, seen),
            }
        }
        let rest = area.get(used..).unwrap_or_default();
        if !stopped && rest.iter().any(|b| *b != 0) {
            let what = format!("{} bytes behind the last field are not 0", rest.len());
            self.warn("SUSP 4.1", lba, what);
        }
        next
    }

    fn continuation(&mut self, field: &Field<'_>, lba: u64, next: &mut Option<Continuation>) {
        let length = field.data.len() + 4;
        let Some(ce) = Continuation::parse(field.data) else {
            self.error("SUSP 5.1", lba, format!("CE of {length} bytes, not 28"));
            return;
        };
        if length != 28 {
            self.warn("SUSP 5.1", lba, format!("CE of {length} bytes, not 28"));
        }
        if next.replace(ce).is_some() {
            self.warn("SUSP 5.1", lba, "more than one CE in an area");
        }
    }

    /// Fields of the protocol itself.
    pub(super) fn susp_field(&mut self, field: &Field<'_>, lba: u64, seen: &mut Seen) {
        let length = field.data.len() + 4;
        match &field.signature {
            b"SP" => {
                seen.sp |= susp::skip_of_sp(field).is_some();
                if length != 7 || susp::skip_of_sp(field).is_none() {
                    let what = format!("SP of {length} bytes, {:02x?}; wanted are 7, BE EF", field.data);
                    self.error("SUSP 5.3", lba, what);
                }
            }
            b"ER" => match susp::er_id(field) {
                Some(id) => {
                    seen.er |= crate::raw::rrip::EXTENSIONS.contains(&id);
                    let lengths = field.data.iter().take(3).map(|n| usize::from(*n)).sum::<usize>();
                    if lengths + 8 != length {
                        let what = format!("ER of {length} bytes, its texts make {}", lengths + 8);
                        self.warn("SUSP 5.5", lba, what);
                    }
                }
                None => self.error("SUSP 5.5", lba, "the lengths in ER pass its end"),
            },
            b"ES" if length != 5 => self.error("SUSP 5.6", lba, format!("ES of {length} bytes, not 5")),
            _ => {}
        }
    }

    /// `count` numbers in both byte orders at the start of a field, named for a finding.
    pub(super) fn pairs(
        &mut self,
        field: &Field<'_>,
        clause: &'static str,
        lba: u64,
        names: &[&'static str],
    ) {
        for (n, name) in names.iter().enumerate().take(field.data.len() / 8) {
            self.both(clause, lba, || (*name).to_owned(), get_both32(field.data, n * 8));
        }
    }

    /// Continuation areas must not overlap.
    pub(super) fn continuation_areas(&mut self, areas: &[(u64, u64)]) {
        let mut areas = areas.to_vec();
        areas.sort_unstable();
        for pair in areas.windows(2) {
            if let [(start, end), (next, _)] = pair
                && next < end
            {
                let what = format!(
                    "continuation areas at bytes {} and {} of the sector overlap",
                    start % SECTOR_U64,
                    next % SECTOR_U64
                );
                self.error("SUSP 5.1", next / SECTOR_U64, what);
            }
        }
    }
}
