//! A strict verifier, written from ECMA-167 and OSTA UDF and not from the layout: it shares the byte forms of `raw`
//! and the reader's address arithmetic, nothing of what makes volumes.

mod files;
mod space;
mod volume;

use glassmaster_disc::{BlockSource, Finding, Severity};
use glassmaster_tree::ReadError;

use crate::read::UdfVolume;

/// Where findings go.
struct Report<'a> {
    each: &'a mut dyn FnMut(Finding),
}

impl Report<'_> {
    fn add(
        &mut self,
        severity: Severity,
        clause: &'static str,
        lba: impl Into<u64>,
        what: impl Into<String>,
    ) {
        (self.each)(Finding { severity, clause, lba: lba.into(), what: what.into() });
    }

    fn error(&mut self, clause: &'static str, lba: impl Into<u64>, what: impl Into<String>) {
        self.add(Severity::Error, clause, lba, what);
    }

    fn warning(&mut self, clause: &'static str, lba: impl Into<u64>, what: impl Into<String>) {
        self.add(Severity::Warning, clause, lba, what);
    }

    fn unreadable(&mut self, clause: &'static str, error: &ReadError) {
        self.error(clause, error.lba, format!("{}: {}", error.structure, error.what));
    }
}

/// Verifies a UDF volume and hands every deviation to `each`: recognition sequence, anchors, both volume descriptor
/// sequences, integrity, file set, every directory and file entry, link counts, unique ids, extents in range and not
/// shared.
///
/// Needs memory for each file entry and extent, nothing for file data, which is not read. A volume that cannot be
/// mounted at all ends the check after its finding.
pub fn check<S: BlockSource>(source: S, each: &mut dyn FnMut(Finding)) {
    let mut report = Report { each };
    let described = volume::check(&source, &mut report);
    match UdfVolume::open(source) {
        Err(error) => report.unreadable("ECMA-167 3/8.4", &error),
        Ok(mounted) => {
            let counts = files::check(&mounted, &mut report);
            if let Some(integrity) = described.integrity {
                volume::compare(integrity, &counts, &mut report);
            }
        }
    }
}
