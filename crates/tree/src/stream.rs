//! Named streams: further contents of a file, each under a name of its own.

use std::collections::BTreeMap;

use crate::tree::{DataId, NodeId, Tree, TreeError};

/// One named stream of a file (ECMA-167 4/9.2, UDF 3.3.5).
#[doc(alias = "IFsiNamedStreams")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream<'t> {
    /// Its name, without the name of the file.
    pub name: &'t [u8],
    /// Its content; never the content of a file or of another stream.
    pub data: DataId,
}

#[derive(Clone, Debug)]
struct Kept {
    name: Box<[u8]>,
    data: DataId,
}

/// The streams of all files, by the content they belong to: hard links share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams {
    of: BTreeMap<DataId, Vec<Kept>>,
    owner: BTreeMap<DataId, DataId>,
}

impl Tree {
    /// Adds a named stream to a file. The stream belongs to the content, so every hard link shows it. Names are
    /// unique among the streams of a file; whoever adds keeps that, and gives each stream a content of its own.
    ///
    /// # Errors
    /// [`TreeError::NotAFile`] when `file` is something else, [`TreeError::NameTooLong`].
    pub fn add_stream(&mut self, file: NodeId, name: &[u8], data: DataId) -> Result<(), TreeError> {
        let owner = self.node(file).data().ok_or_else(|| TreeError::NotAFile(self.path(file)))?;
        if name.len() > usize::from(u16::MAX) {
            return Err(TreeError::NameTooLong(name.to_vec()));
        }
        self.own(data, file);
        self.streams.of.entry(owner).or_default().push(Kept { name: name.into(), data });
        self.streams.owner.insert(data, owner);
        Ok(())
    }

    /// Number of named streams of all files together.
    #[must_use]
    pub fn stream_count(&self) -> usize {
        self.streams.owner.len()
    }

    /// Whether a content belongs to a named stream.
    #[must_use]
    pub fn is_stream(&self, data: DataId) -> bool {
        !self.streams.owner.is_empty() && self.streams.owner.contains_key(&data)
    }

    /// Path of the first file with a content, `:` and the name behind it for a named stream; bytes that are not
    /// UTF-8 become U+FFFD. Empty for a content that nothing uses.
    #[must_use]
    pub fn data_path(&self, data: DataId) -> String {
        let content = self.data(data);
        if content.links == 0 {
            return String::new();
        }
        let mut path = self.path(content.first);
        let stream = self.streams.owner.get(&data).and_then(|owner| {
            self.streams.of.get(owner).and_then(|list| list.iter().find(|s| s.data == data))
        });
        if let Some(stream) = stream {
            path.push(':');
            path.push_str(&String::from_utf8_lossy(&stream.name));
        }
        path
    }

    pub(crate) fn streams_of(&self, data: Option<DataId>) -> impl Iterator<Item = Stream<'_>> + use<'_> {
        let list = data.filter(|_| !self.streams.of.is_empty()).and_then(|data| self.streams.of.get(&data));
        list.into_iter().flatten().map(|s| Stream { name: &s.name, data: s.data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Meta;

    #[test]
    fn streams_belong_to_the_content() {
        let mut tree = Tree::new(Meta::default());
        let data = tree.add_data(5, 1).unwrap();
        let one = tree.add_file(tree.root(), b"one", Meta::default(), data).unwrap();
        let two = tree.add_file(tree.root(), b"two", Meta::default(), data).unwrap();
        let side = tree.add_data(9, 2).unwrap();
        tree.add_stream(two, b"icon", side).unwrap();
        let names: Vec<_> = tree.node(one).streams().map(|s| (s.name.to_vec(), s.data)).collect();
        assert_eq!(names, [(b"icon".to_vec(), side)]);
        assert!(tree.is_stream(side) && !tree.is_stream(data));
        assert_eq!((tree.data_path(data), tree.data_path(side)), ("/one".into(), "/two:icon".into()));
        assert_eq!(tree.stream_count(), 1);
        assert_eq!(tree.node(one).links(), 2);
        let root = tree.root();
        assert!(matches!(tree.add_stream(root, b"x", side), Err(TreeError::NotAFile(p)) if p == "/"));
    }
}
