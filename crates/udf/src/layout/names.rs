//! Names that UDF cannot hold, and what is recorded in their place. Rare, so kept apart from the objects.

use std::collections::HashSet;

use glassmaster_tree::{NodeId, Tree};

use crate::cs0::{Name, NameFault, translate};

/// Translated names by object, in the order of the tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Translations {
    names: Vec<(NodeId, String)>,
}

impl Translations {
    pub(super) fn get(&self, node: NodeId) -> Option<&str> {
        let at = self.names.binary_search_by_key(&node, |(n, _)| *n).ok()?;
        Some(&self.names[at].1)
    }

    /// The identifier of an object as it is recorded; measuring and rendering both come here.
    pub(super) fn recorded<'a>(&'a self, node: NodeId, name: &'a [u8]) -> Result<Name<'a>, NameFault> {
        Name::new(name).or_else(|fault| match self.get(node) {
            Some(other) => Name::new(other.as_bytes()),
            None => Err(fault),
        })
    }
}

/// Makes translations that meet no other name of their directory.
#[derive(Default)]
pub(super) struct Translator<'t> {
    done: Translations,
    /// The directory looked at last, with every name in it, translated ones included.
    taken: Option<(NodeId, HashSet<Box<[u8]>>)>,
    earlier: HashSet<(NodeId, Box<str>)>,
    tree: Option<&'t Tree>,
}

impl<'t> Translator<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        Self { tree: Some(tree), ..Self::default() }
    }

    /// Translates the name of `node`, which must come after every node translated before. `None` when 65,536
    /// attempts met taken names.
    pub(super) fn add(&mut self, node: NodeId, parent: NodeId, name: &[u8]) -> Option<&str> {
        let taken = match &mut self.taken {
            Some((dir, taken)) if *dir == parent => taken,
            other => {
                let names = self.tree.map(|tree| tree.node(parent).children()).into_iter().flatten();
                &mut other.insert((parent, names.map(|child| child.name().into()).collect())).1
            }
        };
        let found = (0..=u16::MAX).map(|attempt| translate(name, attempt)).find(|candidate| {
            !taken.contains(candidate.as_bytes())
                && !self.earlier.contains(&(parent, candidate.as_str().into()))
        })?;
        self.earlier.insert((parent, found.as_str().into()));
        self.done.names.push((node, found));
        self.done.names.last().map(|(_, name)| name.as_str())
    }

    pub(super) fn finish(self) -> Translations {
        self.done
    }
}
