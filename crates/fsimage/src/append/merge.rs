//! An imported tree, less what is removed, plus what is new.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use glassmaster_disc::HResult;
use glassmaster_iso9660::{Level, joliet_form, primary_form};
use glassmaster_tree::{DataId, Kind, Node, NodeId, Tree};

use crate::code::Failure;
use crate::contents::{Contents, DataStream, ImageInput};
use crate::error::Error;
use crate::host::HostTree;
use crate::import::{Imported, title};
use crate::volume::VolumeKind;

/// Longest name of a Joliet volume, in UTF-16 units (Joliet, "SVD Identifiers").
const JOLIET_UNITS: u8 = 64;

/// What names are compared by: as they are, or as a volume records them that does not keep the source's names.
#[derive(Clone, Copy)]
struct Names(VolumeKind);

impl Names {
    fn form<'n>(self, name: &'n [u8], directory: bool) -> Cow<'n, [u8]> {
        match self.0 {
            VolumeKind::Iso9660 => Cow::Owned(primary_form(Level::Three, name, directory)),
            VolumeKind::Joliet => Cow::Owned(joliet_form(JOLIET_UNITS, name, directory)),
            VolumeKind::RockRidge | VolumeKind::Udf => Cow::Borrowed(name),
        }
    }

    /// The child of `parent` that is called `name`, byte by byte or else as it is recorded.
    fn child(self, tree: &Tree, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        tree.child(parent, name).or_else(|| {
            let recorded =
                |node: &Node<'_>| self.form(node.name(), node.is_dir()) == self.form(name, node.is_dir());
            match self.0 {
                VolumeKind::Iso9660 | VolumeKind::Joliet => {
                    tree.node(parent).children().find(recorded).map(|node| node.id())
                }
                VolumeKind::RockRidge | VolumeKind::Udf => None,
            }
        })
    }
}

/// What of one tree has been taken over.
struct Side<'t> {
    tree: &'t Tree,
    /// Contents by their number here.
    contents: Vec<Option<DataId>>,
    /// Handles in the store of the new image, by the number of the content.
    handles: Box<dyn Fn(u64) -> u64 + 't>,
}

impl<'t> Side<'t> {
    fn new(tree: &'t Tree, handles: Box<dyn Fn(u64) -> u64 + 't>) -> Self {
        Self { tree, contents: vec![None; tree.data_len()], handles }
    }

    /// The content in the merged tree, and whether it is new there.
    fn content(&mut self, data: DataId, out: &mut Tree) -> Result<(DataId, bool), Error> {
        if let Some(Some(known)) = self.contents.get(data.index()) {
            return Ok((*known, false));
        }
        let content = self.tree.data(data);
        let id = match self.tree.extents(data) {
            Some(extents) => out.add_old_data(content.size, extents)?,
            None => out.add_data(content.size, (self.handles)(content.handle))?,
        };
        if let Some(place) = self.contents.get_mut(data.index()) {
            *place = Some(id);
        }
        Ok((id, true))
    }

    /// Adds an object without what it holds.
    fn copy(&mut self, node: Node<'_>, parent: NodeId, out: &mut Tree) -> Result<NodeId, Error> {
        let (name, meta) = (node.name(), node.meta());
        let id = match node.kind() {
            Kind::Directory => out.add_directory(parent, name, meta)?,
            Kind::Symlink => out.add_symlink(parent, name, meta, node.target().unwrap_or_default())?,
            Kind::File => {
                let Some(data) = node.data() else { return Err(internal("a file without a content")) };
                let (content, first) = self.content(data, out)?;
                let id = out.add_file(parent, name, meta, content)?;
                out.set_real_time(id, node.real_time());
                if first {
                    for stream in node.streams() {
                        let (content, _) = self.content(stream.data, out)?;
                        out.add_stream(id, stream.name, content)?;
                    }
                }
                id
            }
            kind => out.add_special(parent, name, kind, meta, node.device().unwrap_or_default())?,
        };
        if let Some(times) = node.times() {
            out.set_times(id, times)?;
        }
        Ok(id)
    }
}

fn internal(what: &str) -> Error {
    Failure::new(HResult::FSI_INTERNAL_ERROR).with(what).into()
}

/// The tree of the next session: what was imported, without the objects at `removed`, and `new` over it. Names are compared
/// byte by byte; where the tree was imported from Joliet or plain ISO 9660, which do not keep names as they were, by what is
/// recorded of them: `readme.txt` takes the place of `README.TXT`. A new file takes the place of an old one, directories of one name become one with the attributes of
/// the new one.
///
/// # Errors
/// `IMAPI_E_ITEM_NOT_FOUND` for a path that is not there, `IMAPI_E_IMPORT_TYPE_COLLISION_...` where a directory meets something
/// else.
pub fn merge(imported: &Imported, new: Option<HostTree>, removed: &[Vec<u8>]) -> Result<ImageInput, Error> {
    let old = &imported.tree;
    let names = Names(imported.kind);
    let removed = find(old, names, removed)?;
    let mut contents = Contents::new(std::path::PathBuf::new());
    let mut embedded = Vec::with_capacity(imported.embedded.len());
    for bytes in &imported.embedded {
        embedded.push(contents.add_stream(DataStream::from_bytes(bytes.as_slice()))?);
    }
    let (new, base) = match new {
        Some(HostTree { tree, files, .. }) => {
            let base = contents.add_host(files, &tree)?;
            (Some(tree), base)
        }
        None => (None, 0),
    };
    let place = move |handle: u64| {
        // Handles of imported contents are places in the list of embedded ones.
        usize::try_from(handle).ok().and_then(|n| embedded.get(n)).copied().unwrap_or(u64::MAX)
    };
    let mut older = Side::new(old, Box::new(place));
    let mut newer = new.as_ref().map(|tree| Side::new(tree, Box::new(move |handle| base + handle)));

    let mut root = old.node(old.root()).meta();
    if let Some(side) = &newer {
        root.modified = root.modified.max(side.tree.node(side.tree.root()).modified());
    }
    let mut out = Tree::new(root);
    if let Some(times) = old.node(old.root()).times() {
        let top = out.root();
        out.set_times(top, times)?;
    }
    let everything_removed = removed.contains(&old.root());
    let first = (!everything_removed).then(|| old.root());
    let mut pending = vec![(out.root(), first, new.as_ref().map(Tree::root))];
    while let Some((parent, before, after)) = pending.pop() {
        let mut inner = Vec::new();
        let mut named: HashMap<Cow<'_, [u8]>, NodeId> = HashMap::new();
        if let (Some(tree), Some(after), Some(_)) = (&new, after, before) {
            for child in tree.node(after).children() {
                named.entry(names.form(child.name(), child.is_dir())).or_insert(child.id());
            }
        }
        let mut joined: HashSet<NodeId> = HashSet::new();
        for child in before.into_iter().flat_map(|id| old.node(id).children()) {
            if removed.contains(&child.id()) {
                continue;
            }
            let same = named.get(&names.form(child.name(), child.is_dir())).copied();
            match (same, &mut newer) {
                (Some(other), Some(newer)) => {
                    let replacement = newer.tree.node(other);
                    if child.is_dir() != replacement.is_dir() {
                        return Err(collision(imported, old, child, replacement));
                    }
                    if child.is_dir() {
                        joined.insert(other);
                        let id = newer.copy(replacement, parent, &mut out)?;
                        inner.push((id, Some(child.id()), Some(other)));
                    }
                }
                _ => {
                    let id = older.copy(child, parent, &mut out)?;
                    if child.is_dir() {
                        inner.push((id, Some(child.id()), None));
                    }
                }
            }
        }
        if let (Some(newer), Some(after)) = (&mut newer, after) {
            let tree = newer.tree;
            for child in tree.node(after).children().filter(|c| !joined.contains(&c.id())) {
                let id = newer.copy(child, parent, &mut out)?;
                if child.is_dir() {
                    inner.push((id, None, Some(child.id())));
                }
            }
        }
        pending.extend(inner.into_iter().rev());
    }
    drop(older);
    drop(newer);
    out.shrink();
    Ok((out, contents).into())
}

fn collision(imported: &Imported, old: &Tree, child: Node<'_>, new: Node<'_>) -> Error {
    let path = old.path(child.id());
    // As the contract sees it: what is imported collides with what is in the tree already.
    let code = if new.is_dir() {
        HResult::IMPORT_TYPE_COLLISION_FILE_EXISTS_AS_DIRECTORY
    } else {
        HResult::IMPORT_TYPE_COLLISION_DIRECTORY_EXISTS_AS_FILE
    };
    Failure::new(code).with(path).with(title(imported.kind)).into()
}

/// Objects by their paths, components divided by `/`.
fn find(tree: &Tree, names: Names, paths: &[Vec<u8>]) -> Result<HashSet<NodeId>, Error> {
    let mut found = HashSet::new();
    for path in paths {
        let mut at = tree.root();
        for part in path.split(|b| *b == b'/').filter(|p| !p.is_empty()) {
            at = names
                .child(tree, at, part)
                .ok_or_else(|| Failure::new(HResult::ITEM_NOT_FOUND).with(String::from_utf8_lossy(path)))?;
        }
        found.insert(at);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VolumeKind;
    use glassmaster_disc::Extent;
    use glassmaster_tree::{Meta, Timestamp};

    fn old() -> Imported {
        let mut tree = Tree::new(Meta::default());
        let dir = tree.add_directory(tree.root(), b"dir", Meta::default()).unwrap();
        let data = tree.add_old_data(5, &[Extent { lba: Some(300), bytes: 5 }]).unwrap();
        tree.add_file(dir, b"keep", Meta::default(), data).unwrap();
        tree.add_file(dir, b"link", Meta::default(), data).unwrap();
        let small = tree.add_data(3, 0).unwrap();
        tree.add_file(tree.root(), b"small", Meta::default(), small).unwrap();
        let gone = tree.add_old_data(9, &[Extent { lba: Some(301), bytes: 9 }]).unwrap();
        tree.add_file(tree.root(), b"gone", Meta::default(), gone).unwrap();
        Imported {
            kind: VolumeKind::RockRidge,
            tree,
            embedded: vec![b"abc".to_vec()],
            volume_name: String::new(),
        }
    }

    fn new(build: impl Fn(&mut Tree)) -> HostTree {
        let mut tree = Tree::new(Meta::default());
        build(&mut tree);
        HostTree { tree, files: Default::default(), left_out: Vec::new(), attributes: Vec::new() }
    }

    fn paths(tree: &Tree) -> Vec<String> {
        let mut all: Vec<_> = tree.nodes().skip(1).map(|n| tree.path(n.id())).collect();
        all.sort();
        all
    }

    #[test]
    fn old_extents_links_and_embedded_bytes_survive() {
        let input = merge(&old(), None, &[b"/gone".to_vec()]).unwrap();
        let tree = &input.tree;
        assert_eq!(paths(tree), ["/dir", "/dir/keep", "/dir/link", "/small"]);
        let dir = tree.child(tree.root(), b"dir").unwrap();
        let keep = tree.node(tree.child(dir, b"keep").unwrap());
        assert_eq!(keep.links(), 2);
        assert_eq!(tree.extents(keep.data().unwrap()), Some(&[Extent { lba: Some(300), bytes: 5 }][..]));
        let small = tree.node(tree.child(tree.root(), b"small").unwrap()).data().unwrap();
        let mut bytes = Vec::new();
        let mut reader = input.contents.open(tree.data(small).handle, 3, "/small");
        std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
        assert_eq!(bytes, b"abc");
    }

    #[test]
    fn directories_join_and_new_files_win() {
        let added = new(|tree| {
            let meta = Meta { modified: Timestamp::from_secs(9), ..Meta::default() };
            let dir = tree.add_directory(tree.root(), b"dir", meta).unwrap();
            tree.add_symlink(dir, b"keep", meta, b"elsewhere").unwrap();
            tree.add_directory(dir, b"sub", meta).unwrap();
        });
        let tree = merge(&old(), Some(added), &[]).unwrap().tree;
        assert_eq!(paths(&tree), ["/dir", "/dir/keep", "/dir/link", "/dir/sub", "/gone", "/small"]);
        let dir = tree.child(tree.root(), b"dir").unwrap();
        assert_eq!(tree.node(dir).modified(), Timestamp::from_secs(9));
        assert_eq!(tree.node(tree.child(dir, b"keep").unwrap()).target(), Some(&b"elsewhere"[..]));
        assert_eq!(tree.node(tree.child(dir, b"link").unwrap()).links(), 1);
    }

    #[test]
    fn names_that_are_not_kept_are_compared_as_they_are_recorded() {
        let imported = |kind, names: [&str; 3]| {
            let mut tree = Tree::new(Meta::default());
            let dir = tree.add_directory(tree.root(), names[0].as_bytes(), Meta::default()).unwrap();
            for (parent, name) in [(dir, names[1]), (tree.root(), names[2])] {
                let data = tree.add_old_data(5, &[Extent { lba: Some(300), bytes: 5 }]).unwrap();
                tree.add_file(parent, name.as_bytes(), Meta::default(), data).unwrap();
            }
            Imported { kind, tree, embedded: Vec::new(), volume_name: String::new() }
        };
        let added = || {
            new(|tree| {
                let dir = tree.add_directory(tree.root(), b"my dir", Meta::default()).unwrap();
                let data = tree.add_data(7, 0).unwrap();
                tree.add_file(dir, b"read:me.txt", Meta::default(), data).unwrap();
            })
        };
        let iso = imported(VolumeKind::Iso9660, ["MY_DIR", "READ_ME.TXT", "OTHER"]);
        let tree = merge(&iso, Some(added()), &[b"/other".to_vec()]).unwrap().tree;
        assert_eq!(paths(&tree), ["/my dir", "/my dir/read:me.txt"]);
        let joliet = imported(VolumeKind::Joliet, ["My Dir", "Read_me.txt", "Other"]);
        let tree = merge(&joliet, Some(added()), &[]).unwrap().tree;
        assert_eq!(paths(&tree), ["/Other", "/my dir", "/my dir/read:me.txt"]);
        let rock_ridge = imported(VolumeKind::RockRidge, ["MY_DIR", "READ_ME.TXT", "OTHER"]);
        assert_eq!(merge(&rock_ridge, Some(added()), &[]).unwrap().tree.len(), 6);
        assert!(merge(&rock_ridge, None, &[b"/other".to_vec()]).is_err());
    }

    #[test]
    fn clashes_and_missing_paths_are_errors() {
        let file_over_directory = new(|tree| {
            tree.add_symlink(tree.root(), b"dir", Meta::default(), b"x").unwrap();
        });
        let error = merge(&old(), Some(file_over_directory), &[]).err().unwrap();
        assert_eq!(error.hresult(), 0xC0AA_B15E);
        let directory_over_file = |tree: &mut Tree| {
            tree.add_directory(tree.root(), b"gone", Meta::default()).unwrap();
        };
        let error = merge(&old(), Some(new(directory_over_file)), &[]).err().unwrap();
        assert_eq!(error.hresult(), 0xC0AA_B155);
        assert!(merge(&old(), Some(new(directory_over_file)), &[b"gone".to_vec()]).is_ok());
        let error = merge(&old(), None, &[b"/dir/none".to_vec()]).err().unwrap();
        assert_eq!((error.hresult(), error.to_string().contains("/dir/none")), (0xC0AA_B118, true));
        assert_eq!(paths(&merge(&old(), None, &[b"/".to_vec()]).unwrap().tree), Vec::<String>::new());
    }
}
