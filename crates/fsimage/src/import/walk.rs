//! From the entries of a volume to a tree whose contents stay where they are.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use glassmaster_disc::HResult;
use glassmaster_tree::{
    Content, DataId, Entry, Kind, Meta, NodeId, ReadError, Times, Tree, Volume, WalkLimits,
};

use super::{ImportEvent, ImportOptions, ImportSink, damaged};
use crate::VolumeKind;
use crate::code::Failure;
use crate::error::Error;

/// Objects that the file system says it has.
#[derive(Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) directories: Option<u32>,
    pub(super) files: Option<u32>,
}

/// Permissions of objects for which none are recorded: everybody may read, as kernels show them.
const FILE_MODE: u16 = 0o444;
const DIRECTORY_MODE: u16 = 0o555;

/// Reads every directory, depth first. The tree, and the contents that were embedded.
pub(super) fn import(
    volume: &dyn Volume,
    kind: VolumeKind,
    totals: Totals,
    options: ImportOptions,
    events: &mut ImportSink<'_>,
) -> Result<(Tree, Vec<Vec<u8>>), Error> {
    let root = volume.root().map_err(|e| damaged(kind, e))?;
    let mut import = Import {
        volume,
        kind,
        options,
        limits: WalkLimits::for_blocks(volume.block_count()),
        tree: Tree::new(meta(&root)),
        embedded: Vec::new(),
        embedded_bytes: 0,
        links: HashMap::new(),
        seen: HashSet::from([root.id]),
        entries: 0,
        directory_bytes: 0,
        totals,
        directories: 0,
        known_directories: 1,
        files: 0,
    };
    let top = import.tree.root();
    import.times(top, &root)?;
    // Directories that are known but not read, the next one last.
    let mut pending = vec![(top, 0usize, root)];
    while let Some((node, depth, entry)) = pending.pop() {
        import.directories = import.directories.saturating_add(1);
        import.tell(node, true, events)?;
        let inner = import.directory(node, depth, &entry, events)?;
        import.known_directories =
            import.known_directories.saturating_add(u32::try_from(inner.len()).unwrap_or(u32::MAX));
        pending.extend(inner.into_iter().rev().map(|(node, entry)| (node, depth + 1, entry)));
    }
    import.tree.shrink();
    Ok((import.tree, import.embedded))
}

struct Import<'a> {
    volume: &'a dyn Volume,
    kind: VolumeKind,
    options: ImportOptions,
    limits: WalkLimits,
    tree: Tree,
    embedded: Vec<Vec<u8>>,
    embedded_bytes: u64,
    /// Contents that have several names, by the number that equal objects share.
    links: HashMap<u64, DataId>,
    /// Directories that were met.
    seen: HashSet<u64>,
    entries: u64,
    directory_bytes: u64,
    totals: Totals,
    directories: u32,
    known_directories: u32,
    files: u32,
}

impl Import<'_> {
    /// Adds what a directory holds; its subdirectories, still to be read.
    fn directory(
        &mut self,
        node: NodeId,
        depth: usize,
        entry: &Entry,
        events: &mut ImportSink<'_>,
    ) -> Result<Vec<(NodeId, Entry)>, Error> {
        let invalid = |what: String| damaged(self.kind, ReadError::invalid("directory", entry.id, what));
        if depth > self.limits.depth {
            return Err(invalid(format!("nested deeper than {} directories", self.limits.depth)));
        }
        self.directory_bytes = self.directory_bytes.saturating_add(entry.size);
        if self.directory_bytes > self.limits.directory_bytes {
            return Err(invalid("the directories together are larger than the volume".to_owned()));
        }
        let mut names = HashSet::new();
        let mut inner = Vec::new();
        let mut failure = None;
        let volume = self.volume;
        let read = volume.read_dir(entry, &mut |child| {
            match self.add(node, child, &mut names, events) {
                Ok(Some(directory)) => inner.push(directory),
                Ok(None) => {}
                Err(error) => {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        match (failure, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(damaged(self.kind, error)),
            (None, Ok(())) => Ok(inner),
        }
    }

    /// Adds one object; a directory is handed back to be read.
    fn add(
        &mut self,
        parent: NodeId,
        entry: Entry,
        names: &mut HashSet<Vec<u8>>,
        events: &mut ImportSink<'_>,
    ) -> Result<Option<(NodeId, Entry)>, Error> {
        self.entries += 1;
        let name = self.name(parent, &entry)?;
        let path = || join(&self.tree.path(parent), &name);
        if self.entries > self.limits.entries {
            let what = format!("more than {} objects, more than the volume can hold", self.limits.entries);
            return Err(damaged(self.kind, ReadError::invalid("directory", entry.id, what)));
        }
        if !names.insert(name.clone()) {
            let what = format!("it has two objects called '{}'", path());
            return Err(damaged(self.kind, ReadError::invalid("directory", entry.id, what)));
        }
        let meta = meta(&entry);
        let node = match entry.kind {
            Kind::Directory => {
                if !self.seen.insert(entry.id) {
                    let what = format!("'{}' is reached a second time: a loop, or two parents", path());
                    return Err(damaged(self.kind, ReadError::invalid("directory", entry.id, what)));
                }
                let node = self.tree.add_directory(parent, &name, meta)?;
                self.times(node, &entry)?;
                return Ok(Some((node, entry)));
            }
            Kind::File => {
                let data = self.content_of_file(&entry)?;
                let first = self.tree.data(data).links == 0;
                let node = self.tree.add_file(parent, &name, meta, data)?;
                self.tree.set_real_time(node, entry.real_time);
                if first && entry.has_streams {
                    self.streams(node, &entry)?;
                }
                node
            }
            Kind::Symlink => {
                let target = entry.target.as_deref().unwrap_or_default();
                self.tree.add_symlink(parent, &name, meta, target)?
            }
            Kind::Fifo | Kind::Socket | Kind::CharDevice | Kind::BlockDevice => {
                self.tree.add_special(parent, &name, entry.kind, meta, entry.device.unwrap_or_default())?
            }
        };
        self.times(node, &entry)?;
        self.files = self.files.saturating_add(1);
        self.tell(node, false, events)?;
        Ok(None)
    }

    /// The name to be kept: ISO identifiers lose the dot that ECMA-119 7.5.1 puts behind a name without extension.
    fn name(&self, parent: NodeId, entry: &Entry) -> Result<Vec<u8>, Error> {
        let mut name = entry.name.as_slice();
        if self.kind == VolumeKind::Iso9660 {
            name = name.strip_suffix(b".").filter(|n| !n.is_empty()).unwrap_or(name);
        }
        let plain =
            !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/') && !name.contains(&0);
        if !plain {
            let path = join(&self.tree.path(parent), name);
            let what = format!("'{path}' has a name that no system can hold");
            return Err(damaged(self.kind, ReadError::invalid("directory", entry.id, what)));
        }
        if self.options.strict_names && !is_strict(name) {
            let path = join(&self.tree.path(parent), name).replace('/', "\\");
            return Err(Failure::new(HResult::INVALID_PATH).with(path).into());
        }
        Ok(name.to_vec())
    }

    /// The content of a file: that of its other names where it has some.
    fn content_of_file(&mut self, entry: &Entry) -> Result<DataId, Error> {
        // The file entry of UDF is the object itself; of other file systems several files may share one extent.
        let shared = self.kind == VolumeKind::Udf || entry.links.is_some_and(|n| n > 1);
        if !shared {
            return self.content(entry);
        }
        if let Some(data) = self.links.get(&entry.id)
            && self.tree.data(*data).size == entry.size
        {
            return Ok(*data);
        }
        let data = self.content(entry)?;
        if entry.links != Some(1) {
            self.links.insert(entry.id, data);
        }
        Ok(data)
    }

    fn content(&mut self, entry: &Entry) -> Result<DataId, Error> {
        match &entry.content {
            Content::Extents(extents) => {
                let sum = extents.iter().fold(0u64, |sum, e| sum.saturating_add(e.bytes));
                if sum != entry.size {
                    let name = String::from_utf8_lossy(&entry.name);
                    let what = format!("'{name}' has {} bytes, its extents hold {sum}", entry.size);
                    return Err(damaged(self.kind, ReadError::invalid("file", entry.id, what)));
                }
                Ok(self.tree.add_old_data(entry.size, extents)?)
            }
            Content::Inline(bytes) => {
                let size = bytes.len() as u64;
                self.embedded_bytes = self.embedded_bytes.saturating_add(size);
                if size != entry.size || self.embedded_bytes > self.limits.directory_bytes {
                    let name = String::from_utf8_lossy(&entry.name);
                    let what = format!("'{name}' has {} bytes and {size} are embedded", entry.size);
                    return Err(damaged(self.kind, ReadError::invalid("file entry", entry.id, what)));
                }
                let data = self.tree.add_data(size, self.embedded.len() as u64)?;
                self.embedded.push(bytes.clone());
                Ok(data)
            }
        }
    }

    fn streams(&mut self, file: NodeId, entry: &Entry) -> Result<(), Error> {
        let mut names = HashSet::new();
        for stream in self.volume.streams(entry).map_err(|e| damaged(self.kind, e))? {
            self.entries += 1;
            if self.entries > self.limits.entries || !names.insert(stream.name.clone()) {
                let what = "its streams cannot be told apart, or are too many".to_owned();
                return Err(damaged(self.kind, ReadError::invalid("stream directory", entry.id, what)));
            }
            let data = self.content(&stream)?;
            self.tree.add_stream(file, &stream.name, data)?;
        }
        Ok(())
    }

    fn times(&mut self, node: NodeId, entry: &Entry) -> Result<(), Error> {
        if entry.accessed.is_none() && entry.created.is_none() {
            return Ok(());
        }
        let modified = entry.modified.unwrap_or_default();
        let times = Times {
            accessed: entry.accessed.unwrap_or(modified),
            created: entry.created.unwrap_or(modified),
        };
        Ok(self.tree.set_times(node, times)?)
    }

    fn tell(&self, node: NodeId, directory: bool, events: &mut ImportSink<'_>) -> Result<(), Error> {
        let mut item = self.tree.path(node).replace('/', "\\");
        if directory && !item.ends_with('\\') {
            item.push('\\');
        }
        let event = ImportEvent {
            file_system: self.kind,
            item,
            directories: self.directories,
            total_directories: self.totals.directories.unwrap_or(self.known_directories),
            files: self.files,
            total_files: self.totals.files,
        };
        if events(&event).is_break() { Err(Error::Cancelled) } else { Ok(()) }
    }
}

fn meta(entry: &Entry) -> Meta {
    let mode = if entry.is_dir() { DIRECTORY_MODE } else { FILE_MODE };
    Meta {
        mode: entry.mode.unwrap_or(mode),
        uid: entry.uid.unwrap_or(0),
        gid: entry.gid.unwrap_or(0),
        modified: entry.modified.unwrap_or_default(),
        hidden: entry.hidden,
    }
}

fn join(dir: &str, name: &[u8]) -> String {
    let slash = if dir.ends_with('/') { "" } else { "/" };
    format!("{dir}{slash}{}", String::from_utf8_lossy(name))
}

/// Whether the contract's object model can hold a name (section 7).
fn is_strict(name: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(name) else { return false };
    let units = text.encode_utf16().count();
    (1..=255).contains(&units)
        && !text.ends_with([' ', '.'])
        && !text.chars().any(|c| c < ' ' || matches!(c, '"' | '*' | '/' | ':' | '<' | '>' | '?' | '\\' | '|'))
}
