//! A strict verifier, written from ECMA-167 and OSTA UDF and not from the layout: it shares the byte forms of `raw` and
//! the reader's address arithmetic, nothing of what makes volumes.
//!
//! Errors are what readers may fail over, warnings are broken rules that readers overlook, notes are habits.
//!
//! Clauses of UDF are numbered as in revision 2.50; where a rule came or went with a revision, that is looked at.
//!
//! Memory: about 100 bytes for each file and directory, 16 for each extent, one bit for each block of a partition, the
//! names of one directory at a time. All of these are recorded on the volume, so that hostile numbers cost no more than
//! the volume is large; the number of allocation descriptors looked at is bounded by that of its blocks as well.

mod allocation;
mod anchor;
mod attributes;
mod directory;
mod entry;
mod field;
mod file_set;
mod files;
mod integrity;
mod logical;
mod metadata;
mod recognition;
mod report;
mod sequence;
mod space;
mod sparing;
mod streams;
mod vat;

use glassmaster_disc::{BlockSource, Finding};

use crate::read::UdfVolume;
use report::Report;

/// What every part of the check wants to know.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// Bytes of a block and of a sector of the volume.
    block_bytes: u32,
    /// Revision of the domain identifier; where none could be read one of those that the NSR descriptor is for.
    revision: u16,
}

impl Rules {
    /// Whether ECMA-167 3rd edition applies.
    fn third_edition(self) -> bool {
        self.revision >= 0x0200
    }

    fn sector(self, block: u64) -> u64 {
        crate::read::sector_of_block(block, self.block_bytes)
    }

    fn bytes(self) -> usize {
        usize::try_from(self.block_bytes).unwrap_or(2048)
    }
}

/// Verifies a UDF volume and hands every deviation to `each`: recognition sequence, anchors, both volume descriptor
/// sequences, partition maps with their tables, integrity, file set, every directory, file entry, stream and
/// allocation descriptor, link counts, unique ids, and what is used against the bitmaps.
///
/// File data is not read. Of one clause the first thousand findings are handed over, then their number. A volume that
/// cannot be mounted at all ends the check after the finding.
pub fn check<S: BlockSource>(source: S, each: &mut dyn FnMut(Finding)) {
    check_session(source, None, &|| true, each);
}

/// [`check`] of the session that begins at sector `start`, as
/// [`UdfVolume::open_session`](crate::UdfVolume::open_session) finds it, or of the last one. Ends early, without further
/// findings, when `go_on` says so; it is asked for each directory.
pub fn check_session<S: BlockSource>(
    source: S,
    start: Option<u32>,
    go_on: &dyn Fn() -> bool,
    each: &mut dyn FnMut(Finding),
) {
    let mut report = Report::new(each, go_on);
    let mounted = match start {
        None => UdfVolume::open(&source),
        Some(start) => UdfVolume::open_session(&source, start),
    };
    let shape = mounted.as_ref().ok().map(|volume| &volume.shape);
    let told = shape.map(|shape| (shape.block_bytes, shape.sequence.logical.domain.revision()));
    // What cannot be mounted may still say what it is.
    let told = told.or_else(|| crate::read::mount::described(&source, start));
    let (block_bytes, revision) = told.unwrap_or_else(|| {
        let second = recognition::is_second_edition(&source, start.unwrap_or(0));
        (2048, if second { 0x0102 } else { 0x0201 })
    });
    let rules = Rules { block_bytes, revision };
    let third = recognition::check(&source, start.unwrap_or(0), rules, &mut report);
    let anchor = anchor::check(&source, start.unwrap_or(0), rules, shape, &mut report);
    let described = anchor.map(|(anchor, places)| {
        let mut described = sequence::check(&source, anchor, rules, third, &mut report);
        described.structures.extend(places.into_iter().map(|place| (place, 1)));
        described
    });
    match mounted {
        Err(error) => report.unreadable("ECMA-167 3/8.4", &error),
        Ok(volume) => {
            let described = described.unwrap_or_default();
            files::check(&volume, rules, &described, &mut report);
        }
    }
    report.finish();
}
