//! One directory's names: mapped, made unique, put in order.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

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

/// Digits of the numbers that tell names apart; a directory has fewer than 2^32 objects.
const MOST_DIGITS: u32 = 9;

/// Works on one directory after the other; keeps its buffers.
#[derive(Debug, Default)]
pub(super) struct Arranger {
    text: Vec<u8>,
    candidates: Vec<Candidate>,
    /// Sort key, and which candidate.
    order: Vec<(u64, u64, u32)>,
    /// Hashes of folded names, by hash.
    table: Vec<u64>,
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
        let later = if N::IGNORES_CASE { self.folded_clashes::<N>() } else { self.clashes() };
        if later.is_empty() {
            return Ok(());
        }
        let fold = |stored: &[u8]| {
            let mut folded = Vec::new();
            N::fold(stored, &mut folded);
            folded
        };
        let mut taken: HashSet<Vec<u8>> = self.candidates.iter().map(|c| fold(self.stored(c))).collect();
        let mut variant = Vec::new();
        // The least number that may be free behind a part of a name, by its first variant and the number of digits: names
        // that share this part need not try again what others have taken.
        let mut next: HashMap<(Vec<u8>, u32), u32> = HashMap::new();
        for this in later.into_iter().map(|(_, this)| this) {
            let candidate = self.candidates[this];
            let stored = self.stored(&candidate);
            let mut free = false;
            for digits in 1..=MOST_DIGITS {
                let first = if digits == 1 { 0 } else { 10u32.pow(digits - 1) };
                variant.clear();
                if !names.numbered(stored, candidate.dir, first, &mut variant) {
                    return Err(candidate.node);
                }
                let number = next.entry((variant.clone(), digits)).or_insert(first);
                while !free && *number < 10u32.pow(digits) {
                    variant.clear();
                    if !names.numbered(stored, candidate.dir, *number, &mut variant) {
                        return Err(candidate.node);
                    }
                    *number += 1;
                    free = taken.insert(fold(&variant));
                }
                if free {
                    break;
                }
            }
            if !free {
                return Err(candidate.node);
            }
            let at = self.text.len();
            self.text.extend_from_slice(&variant);
            let slot = &mut self.candidates[this];
            (slot.at, slot.len) = (at, variant.len());
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

    /// Pairs of candidates with one stored name: the first of its group, and each later one.
    fn clashes(&self) -> Vec<(usize, usize)> {
        let mut later = Vec::new();
        let mut group = 0;
        for n in 1..self.order.len() {
            if let (Some(first), Some(this)) = (self.order.get(group), self.order.get(n))
                && (first.0, first.1) == (this.0, this.1)
                && self.stored(self.at(first)) == self.stored(self.at(this))
            {
                later.push((first.2 as usize, this.2 as usize));
            } else {
                group = n;
            }
        }
        later
    }

    /// The same for names that are one when folded, which need not stand together in the order of the records.
    fn folded_clashes<N: Naming>(&mut self) -> Vec<(usize, usize)> {
        if !self.hashes_clash::<N>() {
            return Vec::new();
        }
        let mut groups: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut later = Vec::new();
        for order in &self.order {
            let mut key = Vec::new();
            N::fold(self.stored(self.at(order)), &mut key);
            match groups.entry(key) {
                Entry::Occupied(first) => later.push((*first.get(), order.2 as usize)),
                Entry::Vacant(free) => {
                    free.insert(order.2 as usize);
                }
            }
        }
        // Numbers count up within a group.
        later.sort_by_key(|pair| pair.0);
        later
    }

    /// Whether two names have one hash, which equal names have and others hardly ever.
    fn hashes_clash<N: Naming>(&mut self) -> bool {
        let slots = (self.order.len() * 2).next_power_of_two();
        let mut table = std::mem::take(&mut self.table);
        table.clear();
        table.resize(slots, 0);
        let mut clash = false;
        'names: for candidate in &self.candidates {
            // 0 marks a free slot.
            let hash = N::fold_hash(self.stored(candidate)) | 1;
            let mut at = usize::try_from(hash >> 32).unwrap_or(0) & (slots - 1);
            while let Some(slot) = table.get_mut(at) {
                if *slot == hash {
                    clash = true;
                    break 'names;
                }
                if *slot == 0 {
                    *slot = hash;
                    break;
                }
                at = (at + 1) & (slots - 1);
            }
        }
        self.table = table;
        clash
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
}

#[cfg(test)]
mod tests {
    use glassmaster_tree::Meta;

    use super::*;
    use crate::joliet::JolietNames;
    use crate::level::{Level, PrimaryNames};

    /// Every candidate tries every number from 0 on.
    fn one_by_one<N: Naming>(names: &N, sources: &[String]) -> Vec<String> {
        let fold = |stored: &[u8]| {
            let mut folded = Vec::new();
            N::fold(stored, &mut folded);
            folded
        };
        let mut all: Vec<Vec<u8>> = Vec::new();
        for source in sources {
            let mut stored = Vec::new();
            names.map(source.as_bytes(), false, &mut stored);
            all.push(stored);
        }
        let mut order: Vec<_> = (0..all.len()).collect();
        order.sort_by(|a, b| N::compare(&all[*a], &all[*b]).then(sources[*a].cmp(&sources[*b])));
        let mut firsts: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut later = Vec::new();
        for n in order {
            match firsts.entry(fold(&all[n])) {
                Entry::Occupied(first) => later.push((*first.get(), n)),
                Entry::Vacant(free) => {
                    free.insert(n);
                }
            }
        }
        if N::IGNORES_CASE {
            later.sort_by_key(|pair| pair.0);
        }
        let mut taken: HashSet<Vec<u8>> = all.iter().map(|n| fold(n)).collect();
        for (_, n) in later {
            let variant = (0..).find_map(|number| {
                let mut variant = Vec::new();
                assert!(names.numbered(&all[n], false, number, &mut variant));
                taken.insert(fold(&variant)).then_some(variant)
            });
            all[n] = variant.unwrap();
        }
        let mut shown: Vec<_> = all.iter().map(|n| N::display(n)).collect();
        shown.sort();
        shown
    }

    fn arranged<N: Naming>(names: &N, sources: &[String]) -> Vec<String> {
        let mut tree = Tree::new(Meta::default());
        let data = tree.add_data(0, 0).unwrap();
        let mut arranger = Arranger::default();
        for source in sources {
            let id = tree.add_file(tree.root(), source.as_bytes(), Meta::default(), data).unwrap();
            arranger.add(names, id, source.as_bytes(), false, 0);
        }
        arranger.arrange(names, &tree).unwrap();
        let mut shown: Vec<_> = arranger.in_order().map(|c| N::display(arranger.stored(c))).collect();
        shown.sort();
        shown
    }

    #[test]
    fn numbers_are_those_that_trying_one_by_one_gives() {
        let mut sources: Vec<_> =
            (0..1500).map(|n| format!("file{n:06}.{}", ["txt", "b", ""][n % 3])).collect();
        sources.extend((0..300).map(|n| format!("FILE{n}")));
        sources.extend((0..300).map(|n| format!("file {n} \u{e9}.TXT")));
        for level in [Level::One, Level::Two] {
            let names = PrimaryNames { level };
            assert_eq!(arranged(&names, &sources), one_by_one(&names, &sources), "{level:?}");
        }
        let names = JolietNames { units: 8 };
        assert_eq!(arranged(&names, &sources), one_by_one(&names, &sources));
    }
}
