//! Contents that already are on the disc and are only referred to.

use glassmaster_disc::Extent;

use crate::tree::{DataId, Tree, TreeError, count};

/// Extents of old contents, in the order of the content numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct OldData {
    contents: Vec<(DataId, u32, u32)>,
    extents: Vec<Extent>,
}

impl Tree {
    /// Registers a content of `size` bytes that an earlier session recorded in `extents` (absolute sectors, in the
    /// order of the file). It gets no new place.
    ///
    /// # Errors
    /// [`TreeError::Full`].
    pub fn add_old_data(&mut self, size: u64, extents: &[Extent]) -> Result<DataId, TreeError> {
        let first = count(self.old.extents.len())?;
        let len = count(extents.len())?;
        first.checked_add(len).ok_or(TreeError::Full)?;
        let id = self.add_data(size, 0)?;
        self.old.extents.extend_from_slice(extents);
        self.old.contents.push((id, first, len));
        Ok(id)
    }

    /// Where an old content stands; `None` for a content that is still to be placed.
    #[must_use]
    pub fn extents(&self, data: DataId) -> Option<&[Extent]> {
        if self.old.contents.is_empty() {
            return None;
        }
        let at = self.old.contents.binary_search_by_key(&data, |c| c.0).ok()?;
        let (_, first, len) = *self.old.contents.get(at)?;
        self.old.extents.get(first as usize..first as usize + len as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Meta;

    #[test]
    fn old_and_new_contents_are_told_apart() {
        let mut tree = Tree::new(Meta::default());
        let new = tree.add_data(5, 1).unwrap();
        let pieces = [Extent { lba: Some(300), bytes: 4096 }, Extent { lba: Some(900), bytes: 10 }];
        let old = tree.add_old_data(4106, &pieces).unwrap();
        let empty = tree.add_old_data(0, &[]).unwrap();
        assert_eq!(tree.extents(new), None);
        assert_eq!(tree.extents(old), Some(&pieces[..]));
        assert_eq!(tree.extents(empty), Some(&[][..]));
    }
}
