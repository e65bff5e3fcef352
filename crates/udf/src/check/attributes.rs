//! Extended attributes (ECMA-167 4/14.10, UDF 3.3.4): header, order, lengths, checksums.

use super::Rules;
use super::field::{self, Expected, descriptor};
use super::report::Report;
use crate::raw::field::{u16_at, u32_at};
use crate::raw::tag::EXTENDED_ATTRIBUTE_HEADER;

const HEADER_LEN: usize = 24;
/// Attribute types (4/14.10.2).
const FILE_TIMES: u32 = 5;
const INFORMATION_TIMES: u32 = 6;
const DEVICE: u32 = 12;
const IMPLEMENTATION: u32 = 2048;
const APPLICATION: u32 = 65_536;

/// What the check of the object needs.
#[derive(Default)]
pub(super) struct Found {
    pub(super) device: bool,
}

/// Checks a space of extended attributes whose file entry stands in block `location`.
pub(super) fn check(report: &mut Report<'_>, rules: Rules, at: u64, location: u32, space: &[u8]) -> Found {
    let mut found = Found::default();
    if space.is_empty() {
        return found;
    }
    let name = "extended attribute header descriptor";
    let identifier = EXTENDED_ATTRIBUTE_HEADER;
    let wanted = Expected { name, identifier, location, size: HEADER_LEN, part: 4 };
    if !descriptor(report, rules, at, space.get(..HEADER_LEN.max(16)).unwrap_or(space), &wanted) {
        return found;
    }
    let place = |from: usize| usize::try_from(u32_at(space, from)).unwrap_or(usize::MAX);
    let (implementation, application) = (place(16), place(20));
    // Either the length of the space or all ones: there are none (UDF 3.3.4.1).
    let none = |place: usize| place >= space.len();
    if (!none(implementation) && !none(application) && application < implementation)
        || implementation < HEADER_LEN
        || application < HEADER_LEN
    {
        let what =
            format!("implementation attributes at byte {implementation}, application ones at {application}");
        report.error("ECMA-167 4/14.10.1", at, what);
    }
    let mut from = HEADER_LEN;
    while let Some(rest) = space.get(from..).filter(|rest| rest.len() >= 12) {
        let kind = u32_at(rest, 0);
        let length = usize::try_from(u32_at(rest, 8)).unwrap_or(usize::MAX);
        let Some(attribute) = rest.get(..length).filter(|_| length >= 12) else {
            if rest.iter().all(|b| *b == 0) {
                report.note("ECMA-167 4/14.10", at, format!("{} zeros behind the attributes", rest.len()));
            } else {
                let what = format!("attribute of type {kind} at byte {from} with a length of {length}");
                report.error("ECMA-167 4/14.10.2", at, what);
            }
            return found;
        };
        if attribute[4] != 1 {
            let what = format!("attribute of type {kind} with subtype {} instead of 1", attribute[4]);
            report.warning("ECMA-167 4/14.10.2", at, what);
        }
        if !length.is_multiple_of(4) {
            let what = format!("attribute of type {kind} has {length} bytes, no multiple of 4");
            report.note("UDF 3.3.4.2", at, what);
        }
        let section = match kind {
            IMPLEMENTATION => (implementation, application.min(space.len())),
            APPLICATION => (application, space.len()),
            _ => (HEADER_LEN, implementation.min(application).min(space.len())),
        };
        if from < section.0 || from >= section.1.max(section.0) {
            let what = format!(
                "attribute of type {kind} at byte {from}, its kind has bytes {} to {}",
                section.0, section.1
            );
            report.warning("ECMA-167 4/14.10.1", at, what);
        }
        contents(report, at, kind, attribute, &mut found);
        from += length;
    }
    if from < space.len() {
        let what = format!("{} bytes behind the last attribute", space.len() - from);
        report.warning("ECMA-167 4/14.10", at, what);
    }
    found
}

fn contents(report: &mut Report<'_>, at: u64, kind: u32, attribute: &[u8], found: &mut Found) {
    let length = u32_at(attribute, 12);
    let room = |header: usize| u32::try_from(attribute.len().saturating_sub(header)).unwrap_or(u32::MAX);
    match kind {
        DEVICE => {
            found.device = attribute.len() >= 24;
            if attribute.len() < 24 || length > room(24) {
                let what =
                    format!("device specification of {} bytes with {length} of its own", attribute.len());
                report.error("ECMA-167 4/14.10.7", at, what);
            } else if length >= 32 {
                field::implementation(report, at, &attribute[24..], "device specification");
            }
        }
        FILE_TIMES | INFORMATION_TIMES => {
            if length > room(20) || !length.is_multiple_of(12) {
                let what = format!("{length} bytes of times in an attribute of {}", attribute.len());
                report.error("ECMA-167 4/14.10.5", at, what);
                return;
            }
            let bits = u32_at(attribute, 16).count_ones();
            if bits.saturating_mul(12) > length {
                let what = format!("{bits} times are said to be in {length} bytes");
                report.error("ECMA-167 4/14.10.5.6", at, what);
            }
            let times = attribute.get(20..).unwrap_or_default();
            for time in times.chunks_exact(12).take(usize::try_from(bits).unwrap_or(0)) {
                field::timestamp(report, at, time, "file time attribute");
            }
        }
        IMPLEMENTATION | APPLICATION => {
            let (clause, name) = match kind {
                IMPLEMENTATION => ("UDF 3.3.4.5", "implementation use attribute"),
                _ => ("UDF 3.3.4.6", "application use attribute"),
            };
            if attribute.len() < 50 || length > room(48) {
                let what = format!("{name} of {} bytes with {length} of its own", attribute.len());
                report.error(clause, at, what);
                return;
            }
            // UDF's own begin with a checksum of everything before (UDF 3.3.4.5.1).
            let identifier = field::identifier(&attribute[16..48]);
            if identifier.starts_with("*UDF") {
                let sum = attribute[..48].iter().fold(0u16, |sum, b| sum.wrapping_add(u16::from(*b)));
                if sum != u16_at(attribute, 48) {
                    let what = format!(
                        "{name} '{identifier}': header checksum {:#06x}, its bytes give {sum:#06x}",
                        u16_at(attribute, 48)
                    );
                    report.error(clause, at, what);
                }
            } else if identifier.is_empty() {
                report.warning(clause, at, format!("{name} without identifier"));
            }
        }
        _ => {}
    }
}
