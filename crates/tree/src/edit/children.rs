//! The children of a directory in the order of their names: short sorted runs, so that one more among a million costs
//! no more than moving a run.

use std::cmp::Ordering;

/// Children of a run at most.
const RUN: usize = 512;

/// Numbers of objects in order. Every run has at least one.
#[derive(Clone, Debug, Default)]
pub(super) struct Children {
    runs: Vec<Vec<u32>>,
}

impl Children {
    /// Takes what is in order already.
    pub(super) fn from_sorted(sorted: &[u32]) -> Self {
        Self { runs: sorted.chunks(RUN).map(<[u32]>::to_vec).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.runs.iter().map(Vec::len).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.runs.iter().flatten().copied()
    }

    /// Where the child is that `order` calls equal, `Err` with where it would be.
    fn find(&self, order: &impl Fn(u32) -> Ordering) -> Result<(usize, usize), (usize, usize)> {
        let behind =
            self.runs.partition_point(|run| run.first().is_some_and(|c| order(*c) != Ordering::Greater));
        let Some(at) = behind.checked_sub(1) else { return Err((0, 0)) };
        match self.runs.get(at).map(|run| run.binary_search_by(|c| order(*c))) {
            Some(Ok(place)) => Ok((at, place)),
            Some(Err(place)) => Err((at, place)),
            None => Err((at, 0)),
        }
    }

    /// The child that `order` (of a child, compared with what is looked for) calls equal.
    pub(super) fn get(&self, order: &impl Fn(u32) -> Ordering) -> Option<u32> {
        let (run, place) = self.find(order).ok()?;
        self.runs.get(run)?.get(place).copied()
    }

    /// Puts a child in its place; the one that is there already, if any.
    pub(super) fn insert(&mut self, child: u32, order: &impl Fn(u32) -> Ordering) -> Result<(), u32> {
        match self.find(order) {
            Ok((run, place)) => Err(self.runs.get(run).and_then(|r| r.get(place)).copied().unwrap_or(child)),
            Err((at, place)) => {
                match self.runs.get_mut(at) {
                    None => self.runs.push(vec![child]),
                    Some(run) => {
                        run.insert(place.min(run.len()), child);
                        if run.len() > RUN {
                            let half = run.split_off(run.len() / 2);
                            self.runs.insert(at + 1, half);
                        }
                    }
                }
                Ok(())
            }
        }
    }

    /// Takes a child out; whether it was there.
    pub(super) fn remove(&mut self, order: &impl Fn(u32) -> Ordering) -> bool {
        let Ok((at, place)) = self.find(order) else { return false };
        if let Some(run) = self.runs.get_mut(at) {
            run.remove(place);
            if run.is_empty() {
                self.runs.remove(at);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]
        #[test]
        fn it_is_an_ordered_set(steps in proptest::collection::vec((proptest::bool::weighted(0.7), 0u32..3000), 0..4000)) {
            let mut runs = Children::default();
            let mut set = std::collections::BTreeSet::new();
            for (add, n) in steps {
                let order = |c: u32| c.cmp(&n);
                if add {
                    proptest::prop_assert_eq!(runs.insert(n, &order).is_ok(), set.insert(n));
                } else {
                    proptest::prop_assert_eq!(runs.remove(&order), set.remove(&n));
                }
                proptest::prop_assert_eq!(runs.get(&order).is_some(), set.contains(&n));
            }
            proptest::prop_assert_eq!(runs.iter().collect::<Vec<_>>(), set.iter().copied().collect::<Vec<_>>());
            proptest::prop_assert_eq!(runs.len(), set.len());
        }
    }
}
