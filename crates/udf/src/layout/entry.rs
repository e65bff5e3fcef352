//! File entries: one block an object.

use std::io;

use glassmaster_disc::SECTOR;
use glassmaster_tree::{DataId, Kind, Node, NodeId, Tree};

use super::content::{entry_room, recorded_target};
use super::directory::Directory;
use super::run::Run;
use super::{DataMap, Layout};
use crate::options::Options;
use crate::raw::allocation::LongAd;
use crate::raw::extended_attribute::{DEVICE_SPACE_LEN, write_device};
use crate::raw::file_entry::{Extension, FileEntry};
use crate::raw::icb_tag::{
    AD_EMBEDDED, AD_SHORT, IcbTag, STRATEGY_4, TYPE_BLOCK_DEVICE, TYPE_CHAR_DEVICE, TYPE_DIRECTORY,
    TYPE_FIFO, TYPE_FILE, TYPE_REAL_TIME, TYPE_SOCKET, TYPE_SYMLINK, mode_flags, permissions,
};
use crate::raw::tag::Tag;
use crate::raw::timestamp::Calendar;

/// Whether a new content of that size is kept in its file entry. From UDF 2.00 up the entry may be an extended one.
pub(super) fn embeds_size(options: &Options, size: u64) -> bool {
    let limit = options.embed_up_to.unwrap_or(0);
    let room = entry_room(options.revision.is_third_edition());
    size > 0 && size <= u64::from(limit) && size <= room as u64
}

/// Whether a content is kept in its file entry; one that is on the disc already stays where it is.
pub(super) fn embeds(options: &Options, tree: &Tree, id: DataId) -> bool {
    embeds_size(options, tree.data(id).size) && tree.extents(id).is_none()
}

/// The part of a file entry that depends on what the object is.
pub(super) struct Shape {
    pub(super) file_type: u8,
    /// Flags of the ICB tag but for the mode.
    pub(super) flags: u16,
    pub(super) links: u32,
    pub(super) size: u64,
    /// Bytes of the object and its streams.
    pub(super) object_size: u64,
    pub(super) blocks: u64,
    pub(super) attributes_len: usize,
    pub(super) allocation_len: usize,
    pub(super) stream_directory: LongAd,
}

impl Shape {
    pub(super) fn new(file_type: u8) -> Self {
        Self {
            file_type,
            flags: AD_SHORT,
            links: 1,
            size: 0,
            object_size: 0,
            blocks: 0,
            attributes_len: 0,
            allocation_len: 0,
            stream_directory: LongAd::default(),
        }
    }
}

impl Layout {
    /// Whether an object gets an extended file entry: where it has a creation time or streams to record.
    pub(super) fn extended(&self, node: Node<'_>) -> bool {
        needs_extension(&self.options, node)
    }

    pub(super) fn render_directory_entry(
        &self,
        tree: &Tree,
        directory: &Directory,
        sector: &mut [u8],
        calendar: &mut Calendar,
    ) {
        let extended = self.extended(tree.node(directory.node));
        let block = self.metadata_block(directory.start + 1);
        let run = Run::contiguous(block, directory.bytes, self.scheme.directory_form());
        let mut shape = Shape::new(TYPE_DIRECTORY);
        shape.flags = run.flags();
        // The name in the parent (of the root: its own parent descriptor), and a parent descriptor in each subdirectory
        // (ECMA-167 4/14.9.6).
        shape.links = 1 + directory.subdirectories;
        shape.size = directory.bytes;
        shape.object_size = directory.bytes;
        shape.blocks = run.blocks();
        // 255 bytes of name times 2^32 objects fill no more descriptors than fit.
        shape.allocation_len = run.write(0, &mut sector[SECTOR - entry_room(extended)..], None);
        self.seal_entry(tree, directory.node, directory.start, &shape, extended, sector, calendar);
    }

    /// Renders the file entry of what is no directory to a zeroed sector.
    pub(super) fn render_file(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        id: NodeId,
        block: u32,
        sector: &mut [u8],
        calendar: &mut Calendar,
    ) -> io::Result<()> {
        let node = tree.node(id);
        let extended = self.extended(node);
        let room = &mut sector[SECTOR - entry_room(extended)..];
        let mut shape = Shape::new(TYPE_FILE);
        match node.kind() {
            Kind::File | Kind::Directory => {
                if let Some(content) = node.data() {
                    self.shape_content(tree, data, content, &mut shape, self.extension_of(id), room)?;
                    shape.links = tree.data(content).links;
                    if node.real_time() && self.options.revision.has_real_time_files() {
                        shape.file_type = TYPE_REAL_TIME;
                    }
                    if extended {
                        let (icb, bytes) = self.stream_directory(tree, id);
                        // The stream directory has a descriptor of its parent, the file (ECMA-167 4/14.9.6).
                        shape.links += u32::from(icb.bytes > 0);
                        shape.stream_directory = icb;
                        shape.object_size = bytes;
                    }
                }
            }
            Kind::Symlink => {
                let components = recorded_target(node.target().unwrap_or_default()).0;
                let (used, run) = self.write_target(&components, id, room);
                shape.file_type = TYPE_SYMLINK;
                shape.size = components.len() as u64;
                shape.allocation_len = used;
                shape.flags = run.map_or(AD_EMBEDDED, Run::flags);
                shape.blocks = run.map_or(0, Run::blocks);
            }
            Kind::Fifo => shape.file_type = TYPE_FIFO,
            Kind::Socket => shape.file_type = TYPE_SOCKET,
            kind @ (Kind::CharDevice | Kind::BlockDevice) => {
                shape.file_type = if kind == Kind::CharDevice { TYPE_CHAR_DEVICE } else { TYPE_BLOCK_DEVICE };
                shape.attributes_len = DEVICE_SPACE_LEN;
                let (major, minor) = node.device().unwrap_or_default();
                write_device(room, self.version(), self.icb_block(block), major, minor);
            }
        }
        shape.object_size += shape.size;
        self.seal_entry(tree, id, block, &shape, extended, sector, calendar);
        Ok(())
    }

    /// Writes a content, or where it stands, to the room of its file entry; `next` is where its descriptors go on.
    pub(super) fn shape_content(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        content: DataId,
        shape: &mut Shape,
        next: Option<(u16, u32)>,
        room: &mut [u8],
    ) -> io::Result<()> {
        shape.size = tree.data(content).size;
        if embeds(&self.options, tree, content) {
            shape.flags = AD_EMBEDDED;
            shape.allocation_len = usize::try_from(shape.size).map_err(io::Error::other)?;
            let read = data
                .read
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "embedded files need a reader"))?;
            return read(content, &mut room[..shape.allocation_len]);
        }
        let run = self.run(tree, data, content)?;
        shape.flags = run.flags();
        shape.blocks = run.blocks();
        shape.allocation_len = run.write(0, room, next);
        Ok(())
    }

    /// Writes everything of a file entry but extended attributes and allocation descriptors; times, owner and mode are
    /// those of the node `id`.
    #[allow(clippy::too_many_arguments)] // what a file entry is rendered from
    pub(super) fn seal_entry(
        &self,
        tree: &Tree,
        id: NodeId,
        block: u32,
        shape: &Shape,
        extended: bool,
        sector: &mut [u8],
        calendar: &mut Calendar,
    ) {
        let node = tree.node(id);
        let meta = node.meta();
        let length = |n: usize| u32::try_from(n).unwrap_or_default();
        let modified = calendar.encode(meta.modified);
        let (mut accessed, mut created) = (modified, modified);
        if let Some(times) = node.times() {
            accessed = calendar.encode(times.accessed);
            created = calendar.encode(times.created);
        }
        let extension = extended.then_some(Extension {
            object_size: shape.object_size,
            created,
            stream_directory: shape.stream_directory,
        });
        let entry = FileEntry {
            icb: IcbTag {
                strategy: STRATEGY_4,
                file_type: shape.file_type,
                flags: shape.flags | mode_flags(meta.mode),
            },
            uid: meta.uid,
            gid: meta.gid,
            permissions: permissions(meta.mode),
            links: u16::try_from(shape.links).unwrap_or(u16::MAX),
            size: shape.size,
            blocks: shape.blocks,
            accessed,
            modified,
            changed: modified,
            unique_id: self.unique_id(id),
            attributes_len: length(shape.attributes_len),
            allocation_len: length(shape.allocation_len),
            extension,
        };
        entry.write(sector);
        let used = entry.header_len() + shape.attributes_len + shape.allocation_len;
        let tag =
            Tag { identifier: entry.identifier(), version: self.version(), location: self.icb_block(block) };
        tag.seal(&mut sector[..used.min(SECTOR)]);
    }
}

/// Whether an object needs an extended file entry, and the revision has them.
pub(super) fn needs_extension(options: &Options, node: Node<'_>) -> bool {
    options.revision.is_third_edition() && (node.times().is_some() || node.streams().next().is_some())
}
