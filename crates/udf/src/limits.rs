//! What a UDF volume can hold at most, and everything of a tree that is more.

use glassmaster_tree::{Kind, Tree};

use crate::cs0::{Name, translate};
use crate::options::{LayoutError, Options};

/// Bytes of a path: of its recorded names, each with its compression id in place of the separator (UDF 2, maximum
/// pathsize).
pub const MAX_PATH: usize = 1023;
/// Bytes of a recorded name, its compression id included (ECMA-167 4/14.4.4).
pub const MAX_NAME: usize = crate::cs0::MAX_NAME;
/// Subdirectories of one directory: each counts as a link of it (ECMA-167 4/14.9.6).
pub const MAX_SUBDIRECTORIES: u32 = 65_534;
/// Names of one file, a stream directory counted as one (ECMA-167 4/14.9.6).
pub const MAX_LINKS: u32 = 65_535;
/// Sectors of a volume: addresses have 32 bits (ECMA-167 1/7.1).
pub const MAX_BLOCKS: u32 = u32::MAX;
/// Bytes of a file: as many as a volume has sectors.
pub const MAX_FILE: u64 = MAX_BLOCKS as u64 * 2048;

/// Everything of a tree that a volume with these options cannot hold, in the order of the tree: the volume name first,
/// then paths, numbers of subdirectories and links, contents of earlier sessions. Names that must change are not among
/// them; [`Layout::changes`](crate::Layout::changes) has those.
#[must_use]
pub fn violations(tree: &Tree, options: &Options) -> Vec<LayoutError> {
    let mut found = Vec::new();
    if !Options::is_volume_name(&options.volume_name) {
        found.push(LayoutError::VolumeName(options.volume_name.clone()));
    }
    if options.vat && options.revision == crate::Revision::V102 {
        found.push(LayoutError::NoVirtualPartition);
    }
    // By node; a tree is at most as deep as it has objects.
    let mut paths: Vec<usize> = Vec::with_capacity(tree.len());
    let mut blocks = 0u64;
    for node in tree.nodes() {
        let id = node.id();
        if node.parent() == id {
            paths.push(0);
        } else {
            let name = match Name::new(node.name()) {
                Ok(name) => name.len(),
                Err(_) => Name::new(translate(node.name(), 0).as_bytes()).map_or(0, Name::len),
            };
            let bytes = paths.get(node.parent().index()).copied().unwrap_or_default().saturating_add(name);
            paths.push(bytes);
            if bytes > MAX_PATH {
                found.push(LayoutError::Path { path: tree.path(id), bytes });
            }
        }
        blocks += 1;
        if node.is_dir() {
            let subdirectories = node.children().filter(|c| c.kind() == Kind::Directory).count();
            if subdirectories > MAX_SUBDIRECTORIES as usize {
                found.push(LayoutError::Subdirectories(tree.path(id)));
            }
        }
        let Some(data) = node.data().filter(|data| tree.data(*data).first == id) else { continue };
        let streams = options.revision.has_streams() && node.streams().next().is_some();
        if tree.data(data).links.saturating_add(u32::from(streams)) > MAX_LINKS {
            found.push(LayoutError::Links(tree.path(id)));
        }
        for content in std::iter::once(data).chain(node.streams().map(|s| s.data)) {
            if let Some(why) = crate::layout::old_fault(tree, content) {
                found.push(LayoutError::OldContent { path: tree.data_path(content), why });
            }
            blocks = blocks.saturating_add(glassmaster_disc::sectors_for(tree.data(content).size));
        }
    }
    if blocks > u64::from(MAX_BLOCKS) {
        found.push(LayoutError::TooLarge);
    }
    found
}
