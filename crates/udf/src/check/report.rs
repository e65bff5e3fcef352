//! Where findings go.

use std::collections::HashMap;

use glassmaster_disc::{Finding, Severity};
use glassmaster_tree::ReadError;

/// Findings of one clause that are handed over one by one.
const SAME_CLAUSE: u64 = 1000;

pub(super) struct Report<'a> {
    each: &'a mut dyn FnMut(Finding),
    go_on: &'a dyn Fn() -> bool,
    counts: HashMap<&'static str, (u64, Severity, u64)>,
    /// Serial number of the first descriptor (UDF 2.2.1.1).
    pub(super) serial: Option<u16>,
    stopped: bool,
}

impl<'a> Report<'a> {
    pub(super) fn new(each: &'a mut dyn FnMut(Finding), go_on: &'a dyn Fn() -> bool) -> Self {
        Self { each, go_on, counts: HashMap::new(), serial: None, stopped: false }
    }

    /// Whether the one who asked wants no more.
    pub(super) fn stopped(&mut self) -> bool {
        self.stopped = self.stopped || !(self.go_on)();
        self.stopped
    }

    pub(super) fn add(
        &mut self,
        severity: Severity,
        clause: &'static str,
        lba: impl Into<u64>,
        what: impl Into<String>,
    ) {
        if self.stopped {
            return;
        }
        let lba = lba.into();
        let count = self.counts.entry(clause).or_insert((0, severity, lba));
        count.0 += 1;
        if count.0 <= SAME_CLAUSE {
            (self.each)(Finding { severity, clause, lba, what: what.into() });
        } else {
            count.1 = count.1.max(severity);
        }
    }

    pub(super) fn error(&mut self, clause: &'static str, lba: impl Into<u64>, what: impl Into<String>) {
        self.add(Severity::Error, clause, lba, what);
    }

    pub(super) fn warning(&mut self, clause: &'static str, lba: impl Into<u64>, what: impl Into<String>) {
        self.add(Severity::Warning, clause, lba, what);
    }

    pub(super) fn note(&mut self, clause: &'static str, lba: impl Into<u64>, what: impl Into<String>) {
        self.add(Severity::Note, clause, lba, what);
    }

    pub(super) fn unreadable(&mut self, clause: &'static str, error: &ReadError) {
        self.error(clause, error.lba, format!("{}: {}", error.structure, error.what));
    }

    /// Says how many findings were held back.
    pub(super) fn finish(mut self) {
        let mut held: Vec<_> = self.counts.drain().filter(|(_, (count, ..))| *count > SAME_CLAUSE).collect();
        held.sort_unstable();
        for (clause, (count, severity, lba)) in held {
            let what = format!("{} more findings of this kind", count - SAME_CLAUSE);
            (self.each)(Finding { severity, clause, lba, what });
        }
    }
}
