//! The file set descriptor (ECMA-167 4/14.1, UDF 2.3.2).

use glassmaster_disc::BlockSource;

use super::Rules;
use super::field::{self, Expected, descriptor};
use super::logical;
use super::report::Report;
use crate::raw::allocation::LongAd;
use crate::raw::field::{u16_at, u32_at};
use crate::raw::tag::FILE_SET;
use crate::read::UdfVolume;

pub(super) fn check<S: BlockSource>(volume: &UdfVolume<S>, rules: Rules, report: &mut Report<'_>) {
    let address = volume.shape.file_set;
    let Ok(block) = volume.locate("file set descriptor", address) else { return };
    let at = volume.sector_of(block);
    let bytes = match volume.block("file set descriptor", block) {
        Ok(bytes) => bytes,
        Err(error) => return report.unreadable("ECMA-167 4/14.1", &error),
    };
    let (name, location) = ("file set descriptor", address.block);
    let wanted = Expected { name, identifier: FILE_SET, location, size: 512, part: 4 };
    if !descriptor(report, rules, at, &bytes, &wanted) {
        return;
    }
    field::timestamp(report, at, &bytes[16..], "recording time of the file set");
    let (level, most) = (u16_at(&bytes, 28), u16_at(&bytes, 30));
    if level != 3 || most != 3 {
        report.warning("UDF 2.3.2.1", at, format!("interchange level {level} of {most} instead of 3 of 3"));
    }
    if u32_at(&bytes, 32) != 1 || u32_at(&bytes, 36) != 1 {
        report.warning("UDF 2.3.2.3", at, "the character set lists are not CS0 alone");
    }
    if u32_at(&bytes, 40) != 0 {
        report.note("ECMA-167 4/14.1.7", at, format!("file set number {}", u32_at(&bytes, 40)));
    }
    field::charspec(report, at, &bytes[48..112], "character set of the logical volume identifier");
    let name = field::text(report, at, &bytes[112..240], "logical volume identifier of the file set");
    let logical_name = &volume.shape.sequence.logical.name;
    if name.as_ref().is_some_and(|name| name != logical_name) {
        let what = format!(
            "logical volume identifier '{}', the volume is called '{logical_name}'",
            name.unwrap_or_default()
        );
        report.warning("ECMA-167 4/14.1.10", at, what);
    }
    field::charspec(report, at, &bytes[240..304], "character set of the file set");
    field::text(report, at, &bytes[304..336], "file set identifier");
    field::text(report, at, &bytes[336..368], "copyright file identifier");
    field::text(report, at, &bytes[368..400], "abstract file identifier");
    let root = LongAd::read(&bytes[400..416]);
    if root.bytes == 0 {
        report.error("ECMA-167 4/14.1.15", at, "the root directory ICB has no length");
    }
    logical::domain(report, at, &bytes[416..448]);
    if u16_at(&bytes, 440) != rules.revision {
        let what = format!(
            "the domain says UDF {:x}.{:02x}, that of the logical volume {:x}.{:02x}",
            u16_at(&bytes, 440) >> 8,
            u16_at(&bytes, 440) & 0xFF,
            rules.revision >> 8,
            rules.revision & 0xFF
        );
        report.warning("UDF 2.1.5.3", at, what);
    }
    let streams = LongAd::read(&bytes[464..480]);
    if streams.bytes != 0 && !rules.third_edition() {
        report.warning("UDF 2.3.2", at, "a system stream directory before UDF 2.00");
    }
    if bytes[480..512].iter().any(|b| *b != 0) {
        report.warning("ECMA-167 4/14.1.20", at, "reserved bytes of the file set descriptor are not 0");
    }
}
