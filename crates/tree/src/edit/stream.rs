//! Named streams, and files that stop being names of one content.

use super::change::Step;
use super::item::{Bytes, Life, NONE};
use super::totals::Turn;
use super::{Attributes, EditError, EditTree, ItemId};
use crate::Kind;

impl EditTree {
    /// Adds a named stream to a file of the tree.
    ///
    /// # Errors
    /// [`EditError::Exists`] for a name that one of its streams has, [`EditError::NotAFile`], [`EditError::Detached`],
    /// [`EditError::Stale`], [`EditError::Tree`].
    pub fn add_stream(
        &mut self,
        file: ItemId,
        name: &[u8],
        attributes: &Attributes,
        bytes: Bytes,
    ) -> Result<ItemId, EditError> {
        self.file_of_tree(file)?;
        if let Some(there) = self.stream(file, name) {
            return Err(EditError::Exists(self.path(there)));
        }
        self.unshare(file.0)?;
        let stream = self.push_stream(file.0, name, attributes, bytes)?;
        self.put_stream(file.0, stream);
        self.journal.push(Step::TakeStream(file.0, stream.0));
        Ok(stream)
    }

    /// Takes a named stream from a file of the tree.
    ///
    /// # Errors
    /// [`EditError::Stale`], [`EditError::Detached`] when the file has no such stream or is not in the tree.
    pub fn remove_stream(&mut self, file: ItemId, stream: ItemId) -> Result<(), EditError> {
        self.file_of_tree(file)?;
        let name = self.item(stream).ok_or(EditError::Stale)?.name().to_vec();
        self.unshare(file.0)?;
        // Unsharing gives the file streams of its own, of the same names.
        let own = self.stream(file, &name).ok_or_else(|| EditError::Detached(self.path(stream)))?;
        self.take_stream(file.0, own);
        self.journal.push(Step::PutStream(file.0, own.0));
        Ok(())
    }

    /// The stream of a file that is called `name`, compared as names of files are.
    #[must_use]
    pub fn stream(&self, file: ItemId, name: &[u8]) -> Option<ItemId> {
        let list = self.content_of(file.0).and_then(|content| self.streams.get(&content))?;
        list.iter().copied().find(|s| self.cases().compare(self.name(s.0), name).is_eq())
    }

    fn file_of_tree(&self, file: ItemId) -> Result<(), EditError> {
        let item = self.item(file).ok_or(EditError::Stale)?;
        if item.kind() != Kind::File || item.is_stream() {
            return Err(EditError::NotAFile(self.path(file)));
        }
        if self.is_attached(file) { Ok(()) } else { Err(EditError::Detached(self.path(file))) }
    }

    pub(super) fn push_stream(
        &mut self,
        file: u32,
        name: &[u8],
        attributes: &Attributes,
        bytes: Bytes,
    ) -> Result<ItemId, EditError> {
        let content = self.push_content(bytes)?;
        let stream = self.push(Kind::File, name, attributes)?;
        let object = self.object_mut(stream.0);
        (object.payload, object.life, object.parent) = (content, Life::Stream, file);
        Ok(stream)
    }

    pub(super) fn put_stream(&mut self, file: u32, stream: ItemId) {
        let Some(content) = self.content_of(file) else { return };
        let counted = self.contents.get(content as usize).is_some_and(|c| c.names > 0);
        let list = self.streams.entry(content).or_default();
        list.push(stream);
        if counted {
            if list.len() == 1 {
                self.totals.stream_owners += 1;
            }
            self.count_stream(stream, Turn::In);
        }
    }

    pub(super) fn take_stream(&mut self, file: u32, stream: ItemId) {
        let Some(content) = self.content_of(file) else { return };
        let counted = self.contents.get(content as usize).is_some_and(|c| c.names > 0);
        let Some(list) = self.streams.get_mut(&content) else { return };
        list.retain(|s| *s != stream);
        let empty = list.is_empty();
        if empty {
            self.streams.remove(&content);
        }
        if counted {
            self.totals.stream_owners -= u32::from(empty);
            self.count_stream(stream, Turn::Out);
        }
    }

    /// Whether a file has a stream.
    pub(super) fn has_stream(&self, file: u32, stream: u32) -> bool {
        let list = self.content_of(file).and_then(|content| self.streams.get(&content));
        list.is_some_and(|list| list.contains(&ItemId(stream)))
    }

    /// Gives a file that shares its content with others one of its own: the same bytes, other attributes and streams
    /// from now on.
    pub(super) fn unshare(&mut self, file: u32) -> Result<(), EditError> {
        let Some(content) = self.content_of(file) else { return Ok(()) };
        let Some(entry) = self.contents.get(content as usize).filter(|c| c.names > 1) else { return Ok(()) };
        let bytes = Bytes { size: entry.size, handle: entry.handle, old: entry.old.clone() };
        let own = self.push_content(bytes)?;
        let mut copies = Vec::new();
        for stream in self.streams.get(&content).cloned().unwrap_or_default() {
            let Some(item) = self.item(stream) else { continue };
            let (name, attributes) = (item.name().to_vec(), item.attributes());
            let bytes = item.bytes().unwrap_or_else(|| Bytes::new(0, 0));
            copies.push(self.push_stream(file, &name, &attributes, bytes)?);
        }
        if !copies.is_empty() {
            self.streams.insert(own, copies);
        }
        self.swap_content(file, own);
        self.journal.push(Step::Content(file, content));
        Ok(())
    }

    /// Gives a file of the tree another content; the one it had.
    pub(super) fn swap_content(&mut self, file: u32, content: u32) -> u32 {
        let Some(object) = self.objects.get_mut(file as usize) else { return NONE };
        let before = std::mem::replace(&mut object.payload, content);
        if self.is_attached(ItemId(file)) {
            self.count_content(before, Turn::Out);
            self.count_content(content, Turn::In);
        }
        before
    }
}
