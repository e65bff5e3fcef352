//! One directory's names: mapped, made unique, put in order.

use std::collections::HashSet;

use glassmaster_tree::{NodeId, Tree};

use crate::names::{Mapped, Naming};

/// An object on its way into a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// The object; the root where `flags` say that it is made up.
    pub(super) node: NodeId,
    /// Place of its stored name in [`Arranger::text`].
    at: usize,
    len: usize,
    pub(super) flags: u8,
    pub(super) dir: bool,
    pub(super) mapped: Mapped,
}

/// Works on one directory after the other; keeps its buffers.
#[derive(Debug, Default)]
pub(super) struct Arranger {
    text: Vec<u8>,
    candidates: Vec<Candidate>,
    /// Sort key, and which candidate.
    order: Vec<(u64, u64, u32)>,
}

impl Arranger {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.candidates.clear();
        self.order.clear();
    }

    pub(super) fn add<N: Naming>(&mut self, names: &N, node: NodeId, name: &[u8], dir: bool, flags: u8) {
        let at = self.text.len();
        let mapped = names.map(name, dir, &mut self.text);
        let len = self.text.len() - at;
        self.push::<N>(Candidate { node, at, len, flags, dir, mapped });
    }

    fn push<N: Naming>(&mut self, candidate: Candidate) {
        let (high, low) = N::key(self.stored(&candidate));
        // A tree has fewer than 2^32 objects.
        let n = u32::try_from(self.candidates.len()).unwrap_or(u32::MAX);
        self.candidates.push(candidate);
        self.order.push((high, low, n));
    }

    pub(super) fn stored(&self, candidate: &Candidate) -> &[u8] {
        self.text.get(candidate.at..candidate.at + candidate.len).unwrap_or_default()
    }

    /// The candidates in the order of their records.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &Candidate> {
        self.order.iter().filter_map(|o| self.candidates.get(o.2 as usize))
    }

    /// Puts the directory in order and gives numbers to names that are not unique: the first of equal ones by its
    /// source name keeps its own. `Err` with the object whose every variant is taken.
    pub(super) fn arrange<N: Naming>(&mut self, names: &N, tree: &Tree) -> Result<(), NodeId> {
        self.sort::<N>(tree);
        let equal = |a: &(u64, u64, u32), b: &(u64, u64, u32)| {
            (a.0, a.1) == (b.0, b.1) && self.stored(self.at(a)) == self.stored(self.at(b))
        };
        if !self.order.windows(2).any(|pair| matches!(pair, [a, b] if equal(a, b))) {
            return Ok(());
        }
        let mut later = Vec::new();
        let mut group = 0;
        for n in 1..self.order.len() {
            if let (Some(first), Some(this)) = (self.order.get(group), self.order.get(n))
                && equal(first, this)
            {
                later.push((first.2 as usize, this.2 as usize));
            } else {
                group = n;
            }
        }
        // Applied at the end: until then `order` must be sorted by what the candidates are called.
        let mut renamed = Vec::new();
        let mut taken: HashSet<Vec<u8>> = HashSet::new();
        let mut variant = Vec::new();
        let mut number = 0;
        let mut last_first = usize::MAX;
        for (first, this) in later {
            if first != last_first {
                (last_first, number) = (first, 0);
            }
            let candidate = self.candidates[this];
            loop {
                variant.clear();
                if !names.numbered(self.stored(&candidate), candidate.dir, number, &mut variant) {
                    return Err(candidate.node);
                }
                number += 1;
                if !self.recorded::<N>(&variant) && !taken.contains(&variant) {
                    break;
                }
            }
            taken.insert(variant.clone());
            renamed.push((this, self.text.len(), variant.len()));
            self.text.extend_from_slice(&variant);
        }
        for (this, at, len) in renamed {
            let slot = &mut self.candidates[this];
            (slot.at, slot.len) = (at, len);
            if slot.mapped == Mapped::Plain {
                slot.mapped = Mapped::Clash;
            }
        }
        self.order.clear();
        for n in 0..self.candidates.len() {
            let (high, low) = N::key(self.stored(&self.candidates[n]));
            self.order.push((high, low, u32::try_from(n).unwrap_or(u32::MAX)));
        }
        self.sort::<N>(tree);
        Ok(())
    }

    fn at(&self, order: &(u64, u64, u32)) -> &Candidate {
        &self.candidates[order.2 as usize]
    }

    /// By recorded name, equal ones by source name, what is made up first.
    fn sort<N: Naming>(&mut self, tree: &Tree) {
        let mut order = std::mem::take(&mut self.order);
        order.sort_unstable_by(|a, b| {
            (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| {
                let (x, y) = (self.at(a), self.at(b));
                N::compare(self.stored(x), self.stored(y)).then_with(|| {
                    let name = |c: &Candidate| tree.node(c.node).name();
                    name(x).cmp(name(y)).then(a.2.cmp(&b.2))
                })
            })
        });
        self.order = order;
    }

    /// Whether a name that is still in `order` as it was mapped is `stored`.
    fn recorded<N: Naming>(&self, stored: &[u8]) -> bool {
        let key = N::key(stored);
        let found = self.order.binary_search_by(|o| {
            (o.0, o.1).cmp(&key).then_with(|| N::compare(self.stored(self.at(o)), stored))
        });
        found.is_ok()
    }
}
