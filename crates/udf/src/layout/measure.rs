//! One pass over the tree that gives every directory its length and every object its file entry.

use glassmaster_disc::Area;
use glassmaster_tree::{Kind, NameChange, Node, NodeId, Tree};

use super::directory::{self, Checkpoint, Directory};
use super::names::Translator;
use super::{ANCHOR_LBA, INTEGRITY_BLOCKS, Layout, PartitionPlace, SEQUENCE_BLOCKS, content, entry};
use crate::cs0::Name;
use crate::options::{LayoutError, Options};
use crate::raw::file_identifier;

pub(super) fn measure(tree: &Tree, options: Options) -> Result<Layout, LayoutError> {
    let file_system = options.revision.name();
    let mut changes = Vec::new();
    let mut translator = Translator::new(tree);
    // Until the addresses are known: for directories their number, for others the number of their file entry.
    let mut icbs: Vec<u32> = Vec::with_capacity(tree.len());
    let mut directories: Vec<Directory> = Vec::with_capacity(tree.directory_count() as usize);
    let mut files: Vec<NodeId> = Vec::with_capacity(tree.data_len());
    let mut checkpoints = Vec::new();
    let mut extras = Vec::new();
    let mut extra_blocks = 0u64;
    let mut file_names = 0u32;

    for node in tree.nodes() {
        let id = node.id();
        let mut new_file = || -> Result<u32, LayoutError> {
            let number = u32::try_from(files.len()).map_err(|_| LayoutError::TooLarge)?;
            files.push(id);
            Ok(number)
        };
        let number = match (node.kind(), node.data()) {
            (Kind::Directory, _) => {
                let number = u32::try_from(directories.len()).map_err(|_| LayoutError::TooLarge)?;
                directories.push(Directory::new(id));
                number
            }
            (_, Some(data)) => {
                let content = tree.data(data);
                if content.first == id {
                    if content.links > u32::from(u16::MAX) {
                        return Err(LayoutError::Links(tree.path(id)));
                    }
                    new_file()?
                } else {
                    icbs[content.first.index()]
                }
            }
            _ => new_file()?,
        };
        icbs.push(number);

        if node.parent() != id {
            let reason;
            let name = match Name::new(node.name()) {
                Ok(name) => name.len(),
                Err(fault) => {
                    reason = fault.reason();
                    let recorded =
                        translator.add(id, node.parent(), node.name()).ok_or(LayoutError::TooLarge)?;
                    changes.push(NameChange {
                        node: id,
                        file_system,
                        recorded: Some(recorded.to_owned()),
                        reason,
                    });
                    Name::new(recorded.as_bytes()).map_or(0, Name::len)
                }
            };
            let parent_number = icbs[node.parent().index()];
            let parent = &mut directories[parent_number as usize];
            let at = parent.bytes;
            parent.bytes += file_identifier::length(at, name) as u64;
            if parent.enters_stretch(at) {
                checkpoints.push(Checkpoint { directory: parent_number, at, node: id });
            }
            if node.is_dir() {
                parent.subdirectories += 1;
                if parent.subdirectories > u32::from(u16::MAX) - 1 {
                    return Err(LayoutError::Subdirectories(tree.path(node.parent())));
                }
            } else {
                file_names += 1;
            }
        }

        let (extra, change) = measure_content(&options, tree, node);
        if extra > 0 {
            extras.push(content::Extra { node: id, start: 0, blocks: extra });
            extra_blocks += u64::from(extra);
        }
        if let Some((recorded, reason)) = change {
            changes.push(NameChange { node: id, file_system, recorded: Some(recorded), reason });
        }
    }
    files.shrink_to_fit();
    // Directories come interleaved where the tree was not added directory by directory.
    checkpoints.sort_unstable_by_key(|c: &Checkpoint| (c.directory, c.at));

    let mut next = u64::from(directory::FIRST_BLOCK);
    let address = |next: u64| u32::try_from(next).map_err(|_| LayoutError::TooLarge);
    for directory in &mut directories {
        directory.start = address(next)?;
        next += directory.blocks();
    }
    let files_at = address(next)?;
    next += files.len() as u64;
    let extras_at = address(next)?;
    for extra in &mut extras {
        extra.start = address(next)?;
        next += u64::from(extra.blocks);
    }
    debug_assert_eq!(next, u64::from(extras_at) + extra_blocks);
    let metadata_blocks = address(next)?;
    for (icb, node) in icbs.iter_mut().zip(tree.nodes()) {
        *icb = if node.is_dir() { directories[*icb as usize].start } else { files_at + *icb };
    }

    let third = u32::from(options.third_anchor);
    let areas = [
        Area::floating("UDF volume recognition sequence", 3),
        Area::fixed("UDF anchor", ANCHOR_LBA, 1),
        Area::floating("UDF main volume descriptor sequence", SEQUENCE_BLOCKS),
        Area::floating("UDF logical volume integrity sequence", INTEGRITY_BLOCKS),
        Area::floating("UDF file set, directories and file entries", metadata_blocks),
        Area::floating("UDF reserve volume descriptor sequence", SEQUENCE_BLOCKS),
        Area::floating("UDF third anchor", third),
        Area::floating("UDF last anchor", 1),
    ];
    Ok(Layout {
        options,
        changes,
        areas,
        partition: PartitionPlace::default(),
        volume_blocks: 0,
        icbs,
        directories,
        checkpoints,
        files,
        files_at,
        extras,
        extras_at,
        translations: translator.finish(),
        file_names,
        next_unique_id: tree.len() as u64 + 15,
    })
}

/// Blocks an object needs besides its file entry and data, and how its link target changes.
fn measure_content(options: &Options, tree: &Tree, node: Node<'_>) -> (u32, Option<(String, &'static str)>) {
    if let Some(data) = node.data() {
        let content = tree.data(data);
        let own = content.first == node.id() && !entry::embeds(options, content.size);
        return (if own { content::extension_blocks(content.size) } else { 0 }, None);
    }
    match node.target() {
        Some(target) => content::measure_target(target),
        None => (0, None),
    }
}
