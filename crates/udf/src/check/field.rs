//! Fields that many descriptors have: tags, time stamps, characters, identifiers.

use super::Rules;
use super::report::Report;
use crate::crc::crc;
use crate::cs0::{decode, dstring};
use crate::raw::field::{u16_at, u32_at};
use crate::raw::tag::TAG_LEN;

/// What a descriptor should be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) name: &'static str,
    pub(super) identifier: u16,
    /// Block it stands in: absolute in part 3, in the partition in part 4.
    pub(super) location: u32,
    /// Bytes that the CRC has to cover, tag included.
    pub(super) size: usize,
    /// Part of ECMA-167: 3 or 4.
    pub(super) part: u8,
}

fn clause(part: u8, three: &'static str, four: &'static str) -> &'static str {
    if part == 3 { three } else { four }
}

/// Checks a tag. `false` when the descriptor is another one or damaged: its fields say nothing then.
pub(super) fn descriptor(
    report: &mut Report<'_>,
    rules: Rules,
    sector: u64,
    bytes: &[u8],
    wanted: &Expected,
) -> bool {
    let (name, part) = (wanted.name, wanted.part);
    let Some(tag) = bytes.get(..TAG_LEN) else {
        let what = format!("{name}: {} bytes are too few for a tag", bytes.len());
        report.error(clause(part, "ECMA-167 3/7.2", "ECMA-167 4/7.2"), sector, what);
        return false;
    };
    let sum = tag.iter().enumerate().filter(|(at, _)| *at != 4).fold(0u8, |sum, (_, b)| sum.wrapping_add(*b));
    if sum != tag[4] {
        let what = format!("{name}: tag checksum {:#04x}, its bytes give {sum:#04x}", tag[4]);
        report.error(clause(part, "ECMA-167 3/7.2.3", "ECMA-167 4/7.2.3"), sector, what);
        return false;
    }
    let identifier = u16_at(tag, 0);
    if identifier != wanted.identifier {
        let what = format!("{name}: tag identifier {identifier} instead of {}", wanted.identifier);
        report.error(clause(part, "ECMA-167 3/7.2.1", "ECMA-167 4/7.2.1"), sector, what);
        return false;
    }
    let version = u16_at(tag, 2);
    if !matches!(version, 2 | 3) {
        let what = format!("{name}: descriptor version {version} instead of 2 or 3");
        report.error(clause(part, "ECMA-167 3/7.2.2", "ECMA-167 4/7.2.2"), sector, what);
        return false;
    }
    if (version == 3) != rules.third_edition() {
        let what = format!(
            "{name}: descriptor version {version} does not belong to UDF {:x}.{:02x}: 2 up to 1.50, then 3",
            rules.revision >> 8,
            rules.revision & 0xFF
        );
        report.warning(clause(part, "UDF 2.2.1", "UDF 2.3.1"), sector, what);
    }
    let length = u16_at(tag, 10);
    let Some(body) = bytes.get(TAG_LEN..TAG_LEN + usize::from(length)) else {
        let what = format!("{name}: CRC length {length} exceeds the {} bytes there are", bytes.len());
        report.error(clause(part, "ECMA-167 3/7.2.7", "ECMA-167 4/7.2.7"), sector, what);
        return false;
    };
    let (found, computed) = (u16_at(tag, 8), crc(body));
    if found != computed {
        let what = format!("{name}: CRC {found:#06x}, its {length} bytes give {computed:#06x}");
        report.error(clause(part, "ECMA-167 3/7.2.6", "ECMA-167 4/7.2.6"), sector, what);
        return false;
    }
    let body = wanted.size.saturating_sub(TAG_LEN);
    if usize::from(length) < body {
        let what = format!("{name}: the CRC covers {length} of {body} bytes");
        report.warning(clause(part, "UDF 2.2.1.2", "UDF 2.3.1.2"), sector, what);
    }
    if tag[5] != 0 {
        let what = format!("{name}: reserved byte of the tag is {} instead of 0", tag[5]);
        report.warning(clause(part, "ECMA-167 3/7.2.4", "ECMA-167 4/7.2.4"), sector, what);
    }
    let serial = u16_at(tag, 6);
    let first = *report.serial.get_or_insert(serial);
    if serial != first {
        let what = format!("{name}: tag serial number {serial}, that of the anchor is {first}");
        report.note(clause(part, "UDF 2.2.1.1", "UDF 2.3.1.1"), sector, what);
    }
    let location = u32_at(tag, 12);
    if location != wanted.location {
        let what = format!("{name}: tag location {location} instead of {}", wanted.location);
        report.error(clause(part, "ECMA-167 3/7.2.8", "ECMA-167 4/7.2.8"), sector, what);
    }
    true
}

/// Checks a time stamp (ECMA-167 1/7.3, UDF 2.1.4): local time, a zone of at most a day, a date that exists.
pub(super) fn timestamp(report: &mut Report<'_>, sector: u64, bytes: &[u8], what: &str) {
    let Some(stamp) = bytes.get(..12) else { return };
    if stamp.iter().all(|b| *b == 0) {
        report.warning("ECMA-167 1/7.3", sector, format!("{what} is not recorded: all zeros"));
        return;
    }
    let type_and_zone = u16_at(stamp, 0);
    if type_and_zone >> 12 != 1 {
        let what = format!("{what}: type {} instead of 1, local time", type_and_zone >> 12);
        report.warning("UDF 2.1.4.1", sector, what);
    }
    let zone = i32::from(type_and_zone & 0xFFF);
    let zone = if zone >= 0x800 { zone - 0x1000 } else { zone };
    if !(-1440..=1440).contains(&zone) && zone != -2047 {
        let what = format!("{what}: {zone} minutes from UTC, -1440 to 1440 are possible");
        report.warning("ECMA-167 1/7.3.1", sector, what);
    }
    if crate::raw::timestamp::decode(stamp).is_none() {
        let year = i16::from_le_bytes([stamp[2], stamp[3]]);
        let [month, day, hour, minute, second] = [stamp[4], stamp[5], stamp[6], stamp[7], stamp[8]];
        let what = format!("{what} is no date: {year}-{month}-{day} {hour}:{minute}:{second}");
        report.warning("ECMA-167 1/7.3", sector, what);
    }
    if let Some(part) = stamp[9..12].iter().find(|b| **b > 99) {
        let what = format!("{what}: {part} hundredths, 0 to 99 are possible");
        report.warning("ECMA-167 1/7.3.8", sector, what);
    }
}

/// Checks a charspec: type 0, `OSTA Compressed Unicode` (UDF 2.1.2).
pub(super) fn charspec(report: &mut Report<'_>, sector: u64, bytes: &[u8], what: &str) {
    let text = b"OSTA Compressed Unicode";
    let rest = bytes.get(1..).unwrap_or_default();
    if bytes.first() != Some(&0) || !rest.starts_with(text) || rest[text.len()..].iter().any(|b| *b != 0) {
        let shown: String = rest.iter().take_while(|b| **b != 0).map(|b| char::from(*b)).collect();
        let what = format!(
            "{what}: type {} '{shown}' instead of type 0 'OSTA Compressed Unicode'",
            bytes.first().copied().unwrap_or_default()
        );
        report.warning("UDF 2.1.2", sector, what);
    }
}

/// Checks a dstring (ECMA-167 1/7.2.12, UDF 2.1.3) and gives its text; `None` when damaged.
pub(super) fn text(report: &mut Report<'_>, sector: u64, bytes: &[u8], what: &str) -> Option<String> {
    let decoded = match dstring(bytes) {
        Ok(decoded) => decoded,
        Err(error) => {
            report.error("UDF 2.1.3", sector, format!("{what}: {error}"));
            return None;
        }
    };
    let (length, room) = bytes.split_last().map_or((0, bytes), |(length, room)| (usize::from(*length), room));
    if length == 0 && room.iter().any(|b| *b != 0) {
        report.note("UDF 2.1.3", sector, format!("{what}: length 0, but bytes that are not 0"));
    } else if length == 1 {
        report.warning("UDF 2.1.3", sector, format!("{what}: no characters must be recorded as zeros only"));
    } else if room.get(length..).is_some_and(|rest| rest.iter().any(|b| *b != 0)) {
        let what = format!("{what}: bytes behind its length of {length} are not 0");
        report.note("ECMA-167 1/7.2.12", sector, what);
    }
    characters(report, sector, &decoded, what);
    Some(decoded)
}

/// Characters that CS0 must not have (UDF 2.1.1).
pub(super) fn characters(report: &mut Report<'_>, sector: u64, text: &str, what: &str) {
    if let Some(bad) = text.chars().find(|c| matches!(c, '\u{FEFF}' | '\u{FFFE}')) {
        let what = format!("{what}: byte order mark U+{:04X} in '{text}'", u32::from(bad));
        report.warning("UDF 2.1.1", sector, what);
    }
}

/// Name of an identifier field of a file: CS0 without the length at the end.
pub(super) fn name(report: &mut Report<'_>, sector: u64, bytes: &[u8]) -> Option<String> {
    match decode(bytes) {
        Ok(name) => {
            characters(report, sector, &name, "name");
            Some(name)
        }
        Err(error) => {
            report.error("UDF 2.1.1", sector, format!("name: {error}"));
            None
        }
    }
}

/// Characters of a regid without zeros at the end.
pub(super) fn identifier(bytes: &[u8]) -> String {
    let bytes = bytes.get(1..24).unwrap_or_default();
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |at| at + 1);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Checks a regid that has to be `wanted` with a suffix of the volume's revision (UDF 2.1.5.3).
pub(super) fn udf_identifier(report: &mut Report<'_>, rules: Rules, sector: u64, bytes: &[u8], wanted: &str) {
    let found = identifier(bytes);
    if found != wanted {
        let what = format!("identifier '{found}' instead of '{wanted}'");
        report.error("UDF 2.1.5.2", sector, what);
        return;
    }
    let revision = u16_at(bytes, 24);
    if revision != rules.revision {
        let what = format!(
            "'{wanted}' says UDF {:x}.{:02x}, the logical volume {:x}.{:02x}",
            revision >> 8,
            revision & 0xFF,
            rules.revision >> 8,
            rules.revision & 0xFF
        );
        report.warning("UDF 2.1.5.3", sector, what);
    }
    if bytes.first() != Some(&0) {
        let what = format!("flags of the identifier '{wanted}' are not 0");
        report.warning("UDF 2.1.5.1", sector, what);
    }
}

/// Checks the regid of who wrote a descriptor (UDF 2.1.5.2, 2.1.5.3).
pub(super) fn implementation(report: &mut Report<'_>, sector: u64, bytes: &[u8], what: &str) {
    let Some(regid) = bytes.get(..32) else { return };
    let found = identifier(regid);
    if found.is_empty() {
        report.note("UDF 2.1.5.2", sector, format!("{what}: the implementation identifier is empty"));
    } else if !found.starts_with('*') {
        let what = format!("{what}: implementation identifier '{found}' does not begin with '*'");
        report.warning("UDF 2.1.5.2", sector, what);
    }
    // Implementation suffix: class, identifier, six bytes for the implementation (UDF 6.3).
    if regid[24] > 9 {
        let what = format!("{what}: operating system class {} is not defined", regid[24]);
        report.note("UDF 6.3", sector, what);
    }
}

/// Whether a revision is one of OSTA's.
pub(super) fn is_revision(revision: u16) -> bool {
    matches!(revision, 0x0100 | 0x0101 | 0x0102 | 0x0150 | 0x0200 | 0x0201 | 0x0250 | 0x0260)
}
