//! One pass over the tree that gives every directory its length and every object its file entry.

use glassmaster_disc::Area;
use glassmaster_tree::{Kind, NameChange, Node, NodeId, Tree};

use super::content::{self, entry_room};
use super::directory::{self, Checkpoint, Directory};
use super::metadata::Files;
use super::names::Translator;
use super::scheme::Scheme;
use super::stream::{self, StreamDirectory};
use super::{ANCHOR_OFFSET, INTEGRITY_BLOCKS, Layout, PartitionPlace, SEQUENCE_BLOCKS, entry, vat};
use crate::cs0::Name;
use crate::limits;
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
    let mut targets = Vec::new();
    let mut streams: Vec<StreamDirectory> = Vec::new();
    let mut file_names = 0u32;
    let scheme = Scheme::of(&options);

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
                    // A stream directory is one link more.
                    let links = content.links.saturating_add(u32::from(node.streams().next().is_some()));
                    if links > limits::MAX_LINKS {
                        return Err(LayoutError::Links(tree.path(id)));
                    }
                    if let Some(why) = content::old_fault(tree, data) {
                        return Err(LayoutError::OldContent { path: tree.path(id), why });
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
                if parent.subdirectories > limits::MAX_SUBDIRECTORIES {
                    return Err(LayoutError::Subdirectories(tree.path(node.parent())));
                }
            } else {
                file_names += 1;
            }
        }

        let room = entry_room(entry::needs_extension(&options, node));
        if let Some(data) = node.data() {
            if tree.data(data).first == id {
                if !entry::embeds(&options, tree, data) {
                    let blocks = content::content_blocks(tree, data, room, scheme.data_form());
                    if blocks > 0 {
                        extras.push(content::Extra { node: id, start: 0, blocks });
                    }
                }
                measure_streams(tree, &options, node, scheme, &mut changes, &mut streams)?;
            }
        } else if let Some(target) = node.target() {
            let (blocks, change) = content::measure_target(target, room);
            if blocks > 0 {
                targets.push(content::Extra { node: id, start: 0, blocks });
            }
            if let Some((recorded, reason)) = change {
                changes.push(NameChange { node: id, file_system, recorded: Some(recorded), reason });
            }
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
    let streams_at = address(next)?;
    for directory in &mut streams {
        directory.start = address(next)?;
        next += directory.blocks();
    }
    let mut target_blocks = 0u64;
    for target in &mut targets {
        target.start = address(target_blocks)?;
        target_blocks += u64::from(target.blocks);
    }
    let used = address(next)?;
    let target_blocks = address(target_blocks)?;
    let (files_of_metadata, targets_at, metadata_blocks, mirror_blocks) = match scheme {
        Scheme::Metadata => {
            let (files, targets_at) =
                Files::measure(&options, used, target_blocks).ok_or(LayoutError::TooLarge)?;
            (files, targets_at, files.head + files.blocks, files.mirror(&options))
        }
        Scheme::Plain | Scheme::Virtual => {
            let blocks = used.checked_add(target_blocks).ok_or(LayoutError::TooLarge)?;
            (Files { used, ..Files::default() }, used, blocks, 0)
        }
    };
    let vat_blocks = match scheme {
        Scheme::Virtual => vat::blocks(&options, used).ok_or(LayoutError::TooLarge)?,
        Scheme::Plain | Scheme::Metadata => 0,
    };
    for (icb, node) in icbs.iter_mut().zip(tree.nodes()) {
        *icb = if node.is_dir() { directories[*icb as usize].start } else { files_at + *icb };
    }

    let anchor = options.session_start.checked_add(ANCHOR_OFFSET).ok_or(LayoutError::TooLarge)?;
    // A disc that ends with a table is not closed: one anchor is enough, and its end moves (UDF 2.2.3).
    let last = u32::from(scheme != Scheme::Virtual);
    let third = u32::from(options.third_anchor).min(last);
    let areas = [
        Area::floating("UDF volume recognition sequence", 3),
        Area::fixed("UDF anchor", anchor, 1),
        Area::floating("UDF main volume descriptor sequence", SEQUENCE_BLOCKS),
        Area::floating("UDF logical volume integrity sequence", INTEGRITY_BLOCKS),
        Area::floating("UDF file set, directories and file entries", metadata_blocks),
        Area::floating("UDF reserve volume descriptor sequence", SEQUENCE_BLOCKS),
        Area::floating("UDF third anchor", third),
        Area::floating("UDF last anchor", last),
        Area::floating("UDF metadata mirror file", mirror_blocks),
        Area::floating("UDF virtual allocation table", vat_blocks),
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
        streams,
        streams_at,
        targets,
        targets_at,
        files_of_metadata,
        scheme,
        translations: translator.finish(),
        file_names,
        objects: tree.len() as u64,
    })
}

/// Measures the streams of a file, or notes that they are lost.
fn measure_streams(
    tree: &Tree,
    options: &Options,
    node: Node<'_>,
    scheme: Scheme,
    changes: &mut Vec<NameChange>,
    streams: &mut Vec<StreamDirectory>,
) -> Result<(), LayoutError> {
    let file_system = options.revision.name();
    if node.streams().next().is_none() {
        return Ok(());
    }
    let mut change = |recorded, reason| {
        changes.push(NameChange { node: node.id(), file_system, recorded, reason });
    };
    if !options.revision.has_streams() {
        change(None, stream::NOT_RECORDED);
        return Ok(());
    }
    for stream in node.streams() {
        if let Some(why) = content::old_fault(tree, stream.data) {
            return Err(LayoutError::OldContent { path: tree.data_path(stream.data), why });
        }
    }
    let form = scheme.data_form();
    let measured = stream::measure(tree, options, node.id(), form, &mut |recorded, reason| {
        change(Some(recorded), reason);
    });
    streams.push(measured.ok_or(LayoutError::TooLarge)?);
    Ok(())
}
