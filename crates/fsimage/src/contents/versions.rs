//! A list that only grows, and of which older versions stay as they were.

use std::sync::{Arc, PoisonError, RwLock};

/// A version of a list. Clones share their entries; what is added to one does not show in another. Adding to the newest
/// version costs what it costs a `Vec`, adding to an older one copies it.
pub(super) struct Versions<T> {
    shared: Arc<RwLock<Vec<T>>>,
    len: usize,
}

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Self { shared: Arc::default(), len: 0 }
    }
}

impl<T> Clone for Versions<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), len: self.len }
    }
}

impl<T: Clone> Versions<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, index: usize) -> Option<T> {
        if index >= self.len {
            return None;
        }
        self.shared.read().unwrap_or_else(PoisonError::into_inner).get(index).cloned()
    }

    pub(super) fn push(&mut self, entry: T) {
        let older = {
            let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
            if shared.len() == self.len {
                shared.push(entry);
                self.len += 1;
                return;
            }
            shared[..self.len].to_vec()
        };
        let mut own = older;
        own.push(entry);
        self.len = own.len();
        self.shared = Arc::new(RwLock::new(own));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_do_not_see_each_other() {
        let mut one = Versions::default();
        one.push('a');
        let old = one.clone();
        one.push('b');
        let mut other = old.clone();
        other.push('c');
        one.push('d');
        let all = |v: &Versions<char>| (0..4).filter_map(|n| v.get(n)).collect::<String>();
        assert_eq!((all(&old), all(&one), all(&other)), ("a".into(), "abd".into(), "ac".into()));
        assert_eq!((old.len(), one.len(), other.len()), (1, 3, 2));
    }
}
