//! Anchors (ECMA-167 3/8.4.2.1, 3/10.2, UDF 2.2.3).

use glassmaster_disc::{BlockSource, SECTOR_U64};

use super::Rules;
use super::field::{Expected, descriptor};
use super::report::Report;
use crate::raw::anchor::Anchor;
use crate::raw::field::u16_at;
use crate::raw::tag::ANCHOR;
use crate::read::{Shape, read_blocks};

/// The anchor that the volume is opened with, after a look at all of them; and the blocks where anchors are.
pub(super) fn check<S: BlockSource>(
    source: &S,
    session: u32,
    rules: Rules,
    shape: Option<&Shape>,
    report: &mut Report<'_>,
) -> Option<(Anchor, Vec<u32>)> {
    let blocks = source.block_count().saturating_mul(SECTOR_U64) / u64::from(rules.block_bytes);
    let used = shape.map(|shape| u64::from(shape.anchor));
    let mut places = vec![Some(u64::from(session) + 256), blocks.checked_sub(1), blocks.checked_sub(257)];
    places.push(used);
    let mut places: Vec<u64> = places.into_iter().flatten().collect();
    places.sort_unstable();
    places.dedup();
    let mut found: Vec<(u64, Anchor)> = Vec::new();
    for block in places {
        let Ok(location) = u32::try_from(block) else { continue };
        let Ok(bytes) = read_blocks(source, "anchor", block, rules.block_bytes, 1) else { continue };
        if u16_at(&bytes, 0) != ANCHOR {
            continue;
        }
        let size = 512;
        let wanted = Expected { name: "anchor", identifier: ANCHOR, location, size, part: 3 };
        if descriptor(report, rules, rules.sector(block), &bytes, &wanted) {
            found.push((block, Anchor::read(&bytes)));
        }
    }
    let chosen = match used {
        Some(used) => found.iter().find(|(block, _)| *block == used).or(found.first()),
        None => found.first(),
    };
    let (_, first) = *chosen?;
    // A disc that is not closed has one only (UDF 6.11.1); so has what a virtual table keeps open.
    let is_virtual = shape.is_some_and(|shape| shape.vat.is_some());
    if found.len() < 2 {
        let what = format!("{} of the anchors at 256, N - 256 and N are there, two are needed", found.len());
        let at = rules.sector(u64::from(session) + 256);
        if is_virtual {
            report.note("UDF 2.2.3", at, what);
        } else {
            report.warning("UDF 2.2.3", at, what);
        }
    }
    for (block, anchor) in &found {
        if *anchor != first {
            let what = format!(
                "this anchor leads to sectors {} and {}, that at 256 or the last one to {} and {}",
                anchor.main.lba, anchor.reserve.lba, first.main.lba, first.reserve.lba
            );
            report.error("ECMA-167 3/10.2", rules.sector(*block), what);
        }
    }
    for extent in [first.main, first.reserve] {
        let at = rules.sector(u64::from(extent.lba));
        if extent.bytes / rules.block_bytes < 16 {
            let what =
                format!("a volume descriptor sequence of {} bytes, 16 sectors are needed", extent.bytes);
            report.error("UDF 2.2.3.1", at, what);
        }
        let end = u64::from(extent.lba) + u64::from(extent.bytes / rules.block_bytes);
        if end > blocks {
            let what = format!("the volume descriptor sequence ends at block {end}, the volume at {blocks}");
            report.error("ECMA-167 3/10.2.2", at, what);
        }
    }
    let (a, b) = (first.main, first.reserve);
    let end = |extent: crate::raw::anchor::ExtentAd| {
        u64::from(extent.lba) + u64::from(extent.bytes / rules.block_bytes)
    };
    if u64::from(a.lba) < end(b) && u64::from(b.lba) < end(a) {
        let what = "main and reserve volume descriptor sequence share sectors";
        report.error("ECMA-167 3/8.4.2.2", rules.sector(u64::from(a.lba)), what);
    }
    let places = found.iter().filter_map(|(block, _)| u32::try_from(*block).ok()).collect();
    Some((first, places))
}
