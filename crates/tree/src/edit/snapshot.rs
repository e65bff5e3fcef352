//! The tree an image is made of.

use super::item::NONE;
use super::{EditTree, Item};
use crate::Timestamp;
use crate::node::{Kind, Meta, Times};
use crate::tree::{DataId, NodeId, Tree, TreeError};

impl EditTree {
    /// A tree of everything below the root as it is now: directory by directory, level by level, children in the order
    /// of their names. Times that nobody has set become `unset`.
    ///
    /// # Errors
    /// [`TreeError::Full`].
    pub fn snapshot(&self, unset: Timestamp) -> Result<Tree, TreeError> {
        let meta = |item: Item<'_>| {
            let a = item.attributes();
            Meta {
                mode: a.mode,
                uid: a.uid,
                gid: a.gid,
                modified: a.modified.unwrap_or(unset),
                hidden: a.hidden,
            }
        };
        let Some(root) = self.item(self.root()) else { return Ok(Tree::new(Meta::default())) };
        let mut tree = Tree::new(meta(root));
        let mut known = vec![NONE; self.contents.len()];
        set_times(&mut tree, NodeId(0), root)?;
        let mut queue = std::collections::VecDeque::from([(root, tree.root())]);
        while let Some((dir, node)) = queue.pop_front() {
            for child in dir.children() {
                let (name, meta) = (child.name(), meta(child));
                let id = match child.kind() {
                    Kind::Directory => {
                        let id = tree.add_directory(node, name, meta)?;
                        queue.push_back((child, id));
                        id
                    }
                    Kind::File => self.file(&mut tree, &mut known, node, child, meta)?,
                    Kind::Symlink => {
                        tree.add_symlink(node, name, meta, child.target().unwrap_or_default())?
                    }
                    kind => tree.add_special(node, name, kind, meta, child.device().unwrap_or_default())?,
                };
                set_times(&mut tree, id, child)?;
            }
        }
        tree.shrink();
        Ok(tree)
    }

    fn file(
        &self,
        tree: &mut Tree,
        known: &mut [u32],
        dir: NodeId,
        item: Item<'_>,
        meta: Meta,
    ) -> Result<NodeId, TreeError> {
        let content = self.content_of(item.id().0);
        let seen = content.and_then(|c| known.get(c as usize)).copied().unwrap_or(NONE);
        let data = if seen == NONE { add_data(tree, item)? } else { DataId(seen) };
        let id = tree.add_file(dir, item.name(), meta, data)?;
        tree.set_real_time(id, item.attributes().real_time);
        if seen == NONE {
            if let Some(slot) = content.and_then(|c| known.get_mut(c as usize)) {
                *slot = data.0;
            }
            for stream in item.streams() {
                let data = add_data(tree, stream)?;
                tree.add_stream(id, stream.name(), data)?;
            }
        }
        Ok(id)
    }
}

fn add_data(tree: &mut Tree, item: Item<'_>) -> Result<DataId, TreeError> {
    match item.bytes() {
        None => tree.add_data(0, 0),
        Some(bytes) => match bytes.old {
            Some(extents) => tree.add_old_data(bytes.size, &extents),
            None => tree.add_data(bytes.size, bytes.handle),
        },
    }
}

fn set_times(tree: &mut Tree, id: NodeId, item: Item<'_>) -> Result<(), TreeError> {
    let a = item.attributes();
    if a.accessed.is_none() && a.created.is_none() {
        return Ok(());
    }
    let modified = tree.node(id).modified();
    let times = Times { accessed: a.accessed.unwrap_or(modified), created: a.created.unwrap_or(modified) };
    tree.set_times(id, times)
}
