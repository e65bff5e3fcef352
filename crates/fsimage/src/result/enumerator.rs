//! Walking through a collection as it was at one moment (contract section 15).

use std::sync::Arc;

use glassmaster_disc::HResult;

/// A collection that no longer changes.
pub trait Snapshot {
    /// What it holds.
    type Item;
    /// Number of items.
    fn item_count(&self) -> usize;
    /// The item at `index`, counted from 0; `None` past the end.
    fn item_at(&self, index: usize) -> Option<Self::Item>;
}

impl<T: Clone> Snapshot for Vec<T> {
    type Item = T;

    fn item_count(&self) -> usize {
        self.len()
    }

    fn item_at(&self, index: usize) -> Option<T> {
        self.get(index).cloned()
    }
}

/// Gives the items of a snapshot one after the other. A clone stands at the same place and goes on by itself; both go
/// through the same snapshot, whatever becomes of the collection.
#[doc(alias = "IEnumFsiItems")]
#[doc(alias = "EnumFsiItems")]
#[doc(alias = "IEnumProgressItems")]
#[doc(alias = "EnumProgressItems")]
#[doc(alias = "IEnumFsiItems.Clone")]
#[doc(alias = "IEnumProgressItems.Clone")]
#[derive(Debug)]
pub struct Enumerator<S> {
    snapshot: Arc<S>,
    at: usize,
}

impl<S> Clone for Enumerator<S> {
    fn clone(&self) -> Self {
        Self { snapshot: Arc::clone(&self.snapshot), at: self.at }
    }
}

impl<S: Snapshot> Enumerator<S> {
    /// Stands before the first item of `snapshot`.
    #[must_use]
    pub fn new(snapshot: S) -> Self {
        Self { snapshot: Arc::new(snapshot), at: 0 }
    }

    /// Up to `count` items, and `S_OK` when it is as many, `S_FALSE` when there were fewer.
    #[doc(alias = "Next")]
    pub fn fetch(&mut self, count: usize) -> (Vec<S::Item>, HResult) {
        let items: Vec<_> = self.by_ref().take(count).collect();
        let result = if items.len() == count { HResult::OK } else { HResult::FALSE };
        (items, result)
    }

    /// Passes over `count` items: `S_OK`, or `S_FALSE` when there were fewer; it then stands at the end.
    #[doc(alias = "Skip")]
    pub fn pass(&mut self, count: usize) -> HResult {
        let left = self.snapshot.item_count() - self.at;
        self.at += count.min(left);
        if count <= left { HResult::OK } else { HResult::FALSE }
    }

    /// Goes back before the first item of the same snapshot.
    #[doc(alias = "Reset")]
    pub fn reset(&mut self) {
        self.at = 0;
    }
}

impl<S: Snapshot> Iterator for Enumerator<S> {
    type Item = S::Item;

    fn next(&mut self) -> Option<S::Item> {
        let item = self.snapshot.item_at(self.at)?;
        self.at += 1;
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.snapshot.item_count().saturating_sub(self.at);
        (left, Some(left))
    }
}

impl<S: Snapshot> ExactSizeIterator for Enumerator<S> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_skip_reset_and_clone() {
        let mut one = Enumerator::new(vec!['a', 'b', 'c', 'd']);
        assert_eq!(one.fetch(0), (vec![], HResult::OK));
        assert_eq!(one.fetch(1), (vec!['a'], HResult::OK));
        assert_eq!(one.pass(1), HResult::OK);
        let mut other = one.clone();
        assert_eq!(one.fetch(3), (vec!['c', 'd'], HResult::FALSE));
        assert_eq!(one.fetch(1), (vec![], HResult::FALSE));
        assert_eq!((one.pass(0), one.pass(1)), (HResult::OK, HResult::FALSE));
        assert_eq!(other.fetch(2), (vec!['c', 'd'], HResult::OK));
        other.reset();
        assert_eq!(other.pass(usize::MAX), HResult::FALSE);
        assert_eq!(other.next(), None);
        other.reset();
        assert_eq!((other.len(), other.collect::<String>()), (4, "abcd".to_owned()));
    }
}
