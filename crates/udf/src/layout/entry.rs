//! File entries: one block an object.

use std::io;

use glassmaster_disc::SECTOR;
use glassmaster_tree::{Kind, NodeId, Tree};

use super::content::{ENTRY_ROOM, recorded_target};
use super::directory::Directory;
use super::{BLOCK, DataMap, Layout, unique_id};
use crate::options::Options;
use crate::raw::allocation::{ExtentType, MAX_EXTENT, SHORT_LEN, put_short};
use crate::raw::extended_attribute::{DEVICE_SPACE_LEN, write_device};
use crate::raw::file_entry::{FileEntry, HEADER_LEN};
use crate::raw::icb_tag::{
    AD_EMBEDDED, AD_SHORT, IcbTag, STRATEGY_4, TYPE_BLOCK_DEVICE, TYPE_CHAR_DEVICE, TYPE_DIRECTORY,
    TYPE_FIFO, TYPE_FILE, TYPE_SOCKET, TYPE_SYMLINK, mode_flags, permissions,
};
use crate::raw::tag::Tag;
use crate::raw::timestamp::Calendar;

/// Whether a content of that size is kept in its file entry.
pub(super) fn embeds(options: &Options, size: u64) -> bool {
    let limit = options.embed_up_to.unwrap_or(0);
    size > 0 && size <= u64::from(limit) && size <= ENTRY_ROOM as u64
}

/// The part of a file entry that depends on what the object is.
struct Shape {
    file_type: u8,
    allocation: u16,
    links: u32,
    size: u64,
    blocks: u64,
    attributes_len: usize,
    allocation_len: usize,
}

impl Layout {
    pub(super) fn render_directory_entry(
        &self,
        tree: &Tree,
        directory: &Directory,
        sector: &mut [u8],
        calendar: &mut Calendar,
    ) {
        let data = directory.start + 1;
        let mut allocation_len = 0;
        let mut left = directory.bytes;
        let mut block = data;
        // 255 bytes of name times 2^32 objects fill no more descriptors than fit.
        while left > 0 && allocation_len + SHORT_LEN <= ENTRY_ROOM {
            let bytes = u32::try_from(left).unwrap_or(u32::MAX).min(MAX_EXTENT);
            let at = HEADER_LEN + allocation_len;
            put_short(sector, at, ExtentType::Recorded, bytes, self.metadata_block(block));
            left -= u64::from(bytes);
            block = block.wrapping_add(bytes / 2048);
            allocation_len += SHORT_LEN;
        }
        let shape = Shape {
            file_type: TYPE_DIRECTORY,
            allocation: AD_SHORT,
            // The name in the parent (of the root: its own parent descriptor), and a parent descriptor in each
            // subdirectory (ECMA-167 4/14.9.6).
            links: 1 + directory.subdirectories,
            size: directory.bytes,
            blocks: directory.blocks() - 1,
            attributes_len: 0,
            allocation_len,
        };
        self.seal_entry(tree, directory.node, directory.start, &shape, sector, calendar);
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
        let room = &mut sector[HEADER_LEN..];
        let mut shape = Shape {
            file_type: TYPE_FILE,
            allocation: AD_SHORT,
            links: 1,
            size: 0,
            blocks: 0,
            attributes_len: 0,
            allocation_len: 0,
        };
        match node.kind() {
            Kind::File | Kind::Directory => {
                if let Some(content) = node.data() {
                    shape.size = tree.data(content).size;
                    shape.links = tree.data(content).links;
                    if embeds(&self.options, shape.size) {
                        shape.allocation = AD_EMBEDDED;
                        shape.allocation_len = usize::try_from(shape.size).map_err(io::Error::other)?;
                        let read = data.read.ok_or_else(|| {
                            io::Error::new(io::ErrorKind::InvalidInput, "embedded files need a reader")
                        })?;
                        read(content, &mut room[..shape.allocation_len])?;
                    } else {
                        shape.blocks = shape.size.div_ceil(BLOCK);
                        shape.allocation_len = self.write_run(self.run(tree, data, content)?, id, room);
                    }
                }
            }
            Kind::Symlink => {
                let components = recorded_target(node.target().unwrap_or_default()).0;
                let (used, embedded) = self.write_target(&components, id, room);
                shape.file_type = TYPE_SYMLINK;
                shape.size = components.len() as u64;
                shape.allocation_len = used;
                if embedded {
                    shape.allocation = AD_EMBEDDED;
                } else {
                    shape.blocks = shape.size.div_ceil(BLOCK);
                }
            }
            Kind::Fifo => shape.file_type = TYPE_FIFO,
            Kind::Socket => shape.file_type = TYPE_SOCKET,
            kind @ (Kind::CharDevice | Kind::BlockDevice) => {
                shape.file_type = if kind == Kind::CharDevice { TYPE_CHAR_DEVICE } else { TYPE_BLOCK_DEVICE };
                shape.attributes_len = DEVICE_SPACE_LEN;
                let (major, minor) = node.device().unwrap_or_default();
                write_device(room, self.version(), self.metadata_block(block), major, minor);
            }
        }
        self.seal_entry(tree, id, block, &shape, sector, calendar);
        Ok(())
    }

    fn seal_entry(
        &self,
        tree: &Tree,
        id: NodeId,
        block: u32,
        shape: &Shape,
        sector: &mut [u8],
        calendar: &mut Calendar,
    ) {
        let meta = tree.node(id).meta();
        let length = |n: usize| u32::try_from(n).unwrap_or_default();
        let entry = FileEntry {
            icb: IcbTag {
                strategy: STRATEGY_4,
                file_type: shape.file_type,
                flags: shape.allocation | mode_flags(meta.mode),
            },
            uid: meta.uid,
            gid: meta.gid,
            permissions: permissions(meta.mode),
            links: u16::try_from(shape.links).unwrap_or(u16::MAX),
            size: shape.size,
            blocks: shape.blocks,
            accessed: calendar.encode(tree.node(id).accessed()),
            modified: calendar.encode(meta.modified),
            changed: calendar.encode(meta.modified),
            unique_id: unique_id(id),
            attributes_len: length(shape.attributes_len),
            allocation_len: length(shape.allocation_len),
            extension: None,
        };
        entry.write(sector);
        let used = entry.header_len() + shape.attributes_len + shape.allocation_len;
        let location = self.metadata_block(block);
        let tag = Tag { identifier: entry.identifier(), version: self.version(), location };
        tag.seal(&mut sector[..used.min(SECTOR)]);
    }
}
