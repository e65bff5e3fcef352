//! Named streams (ECMA-167 4/9.2, UDF 3.3.5): for each file that has some a stream directory, then the file entries of
//! the streams, all in one group of blocks behind the files.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;

use glassmaster_disc::SECTOR;
use glassmaster_tree::{DataId, NodeId, Tree};

use super::content::{content_blocks, entry_room};
use super::directory::PARENT_LEN;
use super::entry::{Shape, embeds};
use super::run::Run;
use super::{BLOCK, DataMap, Layout};
use crate::cs0::{Name, NameFault, translate};
use crate::options::Options;
use crate::raw::allocation::LongAd;
use crate::raw::file_identifier::{self, PARENT};
use crate::raw::icb_tag::{STREAM, TYPE_FILE, TYPE_STREAM_DIRECTORY};
use crate::raw::timestamp::Calendar;

/// Names of streams that UDF keeps for itself begin so (UDF 3.3.5.2).
const RESERVED: &[u8] = b"*UDF";
const RESERVED_REASON: &str = "named stream: names that begin with '*UDF' are reserved (UDF 3.3.5.2)";
/// Why a file loses its streams.
pub(super) const NOT_RECORDED: &str = "named streams: only UDF 2.00 and later record them (UDF 3.3.5)";

/// The streams of one file.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamDirectory {
    /// The first file with the content they belong to.
    pub(super) owner: NodeId,
    /// Block of the directory's file entry in the metadata.
    pub(super) start: u32,
    /// Bytes of its descriptors.
    bytes: u64,
    streams: u32,
    /// Allocation extents of all streams together.
    extensions: u64,
}

impl StreamDirectory {
    pub(super) fn blocks(&self) -> u64 {
        1 + self.bytes.div_ceil(BLOCK) + u64::from(self.streams) + self.extensions
    }

    /// Whether a block of the metadata, not before the group, is one of its file entries.
    pub(super) fn is_entry(&self, block: u32) -> bool {
        let number = u64::from(block.saturating_sub(self.start));
        let first = 1 + self.bytes.div_ceil(BLOCK);
        number == 0 || (first..first + u64::from(self.streams)).contains(&number)
    }
}

/// A stream under the name it is recorded by.
struct Recorded<'t> {
    name: Cow<'t, [u8]>,
    data: DataId,
    /// Why it is not the name of the source.
    reason: Option<&'static str>,
}

fn reason(fault: NameFault) -> &'static str {
    match fault {
        NameFault::NotUnicode => "named stream: not UTF-8 (UDF 2.1.1)",
        NameFault::Forbidden => "named stream: holds U+0000, '/', U+FEFF or U+FFFE (UDF 2.1.1)",
        NameFault::TooLong => "named stream: longer than 254 8-bit or 127 16-bit characters (UDF 2.1.1)",
        NameFault::Empty => "named stream: empty (UDF 2.3.4.6)",
    }
}

/// The streams of a file with names that UDF can hold; measuring and rendering both come here.
fn recorded(tree: &Tree, owner: NodeId) -> Vec<Recorded<'_>> {
    let mut taken: Option<HashSet<Vec<u8>>> = None;
    let all = || tree.node(owner).streams();
    all()
        .map(|stream| {
            let reason = match Name::new(stream.name) {
                Ok(_) if !stream.name.starts_with(RESERVED) => {
                    return Recorded { name: Cow::Borrowed(stream.name), data: stream.data, reason: None };
                }
                Ok(_) => RESERVED_REASON,
                Err(fault) => reason(fault),
            };
            let source = stream.name.strip_prefix(RESERVED).unwrap_or(stream.name);
            let taken = taken.get_or_insert_with(|| all().map(|s| s.name.to_vec()).collect());
            let found = (0..=u16::MAX).map(|attempt| translate(source, attempt).into_bytes());
            let name = found.into_iter().find(|name| !taken.contains(name)).unwrap_or_default();
            taken.insert(name.clone());
            Recorded { name: Cow::Owned(name), data: stream.data, reason: Some(reason) }
        })
        .collect()
}

/// Measures the streams of a file and hands over every name that changes; `None` when there are none, or more than can
/// be numbered.
pub(super) fn measure(
    tree: &Tree,
    options: &Options,
    owner: NodeId,
    form: Option<u16>,
    changed: &mut dyn FnMut(String, &'static str),
) -> Option<StreamDirectory> {
    let mut directory = StreamDirectory { owner, start: 0, bytes: PARENT_LEN, streams: 0, extensions: 0 };
    for stream in recorded(tree, owner) {
        if let Some(reason) = stream.reason {
            changed(String::from_utf8_lossy(&stream.name).into_owned(), reason);
        }
        // More streams of one translation than can be told apart have no name.
        let name = Name::new(&stream.name).ok()?.len();
        directory.bytes += file_identifier::length(directory.bytes, name) as u64;
        directory.streams = directory.streams.checked_add(1)?;
        if !embeds(options, tree, stream.data) {
            directory.extensions += u64::from(content_blocks(tree, stream.data, entry_room(true), form));
        }
    }
    (directory.streams > 0).then_some(directory)
}

impl Layout {
    /// Whether named streams are recorded: they are from UDF 2.00 up. Where they are not, their contents need no
    /// sectors.
    #[must_use]
    pub fn records_streams(&self) -> bool {
        self.options.revision.has_streams()
    }

    /// The pointer from a file to its stream directory, and the bytes of all streams; zeros without streams.
    pub(super) fn stream_directory(&self, tree: &Tree, owner: NodeId) -> (LongAd, u64) {
        let Ok(at) = self.streams.binary_search_by_key(&owner, |d| d.owner) else {
            return (LongAd::default(), 0);
        };
        let icb = LongAd {
            bytes: 2048,
            block: self.icb_block(self.streams[at].start),
            partition: self.scheme.icb_partition(),
            // Only file identifier descriptors carry it (UDF 2.3.4.3).
            unique_id: 0,
        };
        (icb, tree.node(owner).streams().map(|s| tree.data(s.data).size).sum())
    }

    /// Renders one block of the groups of streams to a zeroed sector.
    pub(super) fn render_stream(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        block: u32,
        sector: &mut [u8],
        calendar: &mut Calendar,
    ) -> io::Result<()> {
        let behind = self.streams.partition_point(|d| d.start <= block);
        let Some(directory) = behind.checked_sub(1).map(|at| self.streams[at]) else { return Ok(()) };
        let number = u64::from(block - directory.start);
        let identifiers = directory.bytes.div_ceil(BLOCK);
        if number == 0 {
            self.render_stream_directory(tree, &directory, sector, calendar);
            return Ok(());
        }
        let all = recorded(tree, directory.owner);
        if number <= identifiers {
            self.render_stream_identifiers(tree, &directory, &all, number - 1, sector);
            return Ok(());
        }
        let entry = number - 1 - identifiers;
        match usize::try_from(entry).ok().and_then(|entry| all.get(entry)) {
            Some(stream) => {
                let next = self.stream_extension(tree, &directory, &all, stream.data);
                self.render_stream_entry(tree, data, &directory, stream.data, next, block, sector, calendar)
            }
            None => {
                let first = directory.start + self.first_stream_extension(&directory);
                let mut at = u64::from(first);
                for stream in &all {
                    let blocks = self.stream_extensions(tree, stream.data);
                    if u64::from(block) < at + blocks {
                        let number = u32::try_from(u64::from(block) - at).unwrap_or(u32::MAX);
                        let run = self.run(tree, data, stream.data)?;
                        self.render_extension(run, number, entry_room(true), block, sector);
                        break;
                    }
                    at += blocks;
                }
                Ok(())
            }
        }
    }

    fn first_stream_extension(&self, directory: &StreamDirectory) -> u32 {
        u32::try_from(directory.blocks() - directory.extensions).unwrap_or(u32::MAX)
    }

    fn stream_extensions(&self, tree: &Tree, stream: DataId) -> u64 {
        if embeds(&self.options, tree, stream) {
            return 0;
        }
        u64::from(content_blocks(tree, stream, entry_room(true), self.scheme.data_form()))
    }

    /// Where the descriptors of a stream go on.
    fn stream_extension(
        &self,
        tree: &Tree,
        directory: &StreamDirectory,
        all: &[Recorded<'_>],
        stream: DataId,
    ) -> Option<(u16, u32)> {
        if directory.extensions == 0 || self.stream_extensions(tree, stream) == 0 {
            return None;
        }
        let before = all.iter().take_while(|s| s.data != stream);
        let blocks: u64 = before.map(|s| self.stream_extensions(tree, s.data)).sum();
        let first = u64::from(directory.start) + u64::from(self.first_stream_extension(directory));
        Some(self.extension_at(u32::try_from(first + blocks).unwrap_or(u32::MAX)))
    }

    fn render_stream_directory(
        &self,
        tree: &Tree,
        directory: &StreamDirectory,
        sector: &mut [u8],
        calendar: &mut Calendar,
    ) {
        let block = self.metadata_block(directory.start + 1);
        let run = Run::contiguous(block, directory.bytes, self.scheme.directory_form());
        let mut shape = Shape::new(TYPE_STREAM_DIRECTORY);
        shape.flags = run.flags();
        // No file identifier descriptor leads to it, only the field of the file entry (ECMA-167 4/14.9.6).
        shape.links = 0;
        shape.size = directory.bytes;
        shape.object_size = directory.bytes;
        shape.blocks = run.blocks();
        let room = entry_room(true);
        shape.allocation_len = run.write(0, &mut sector[SECTOR - room..], None);
        self.seal_entry(tree, directory.owner, directory.start, &shape, true, sector, calendar);
    }

    /// The descriptors in the block `number` of a stream directory: of the file itself, then of its streams.
    fn render_stream_identifiers(
        &self,
        tree: &Tree,
        directory: &StreamDirectory,
        all: &[Recorded<'_>],
        number: u64,
        sector: &mut [u8],
    ) {
        let (begin, end) = (number * BLOCK, (number + 1) * BLOCK);
        let first_entry = directory.start + 1 + u32::try_from(directory.bytes.div_ceil(BLOCK)).unwrap_or(0);
        let owner = tree.node(directory.owner);
        let mut at = 0;
        let parent = (None, self.icb_of(owner.id()), PARENT);
        let streams = all.iter().zip(first_entry..).map(|(stream, block)| {
            let icb = LongAd {
                bytes: 2048,
                block: self.icb_block(block),
                partition: self.scheme.icb_partition(),
                unique_id: self.fid_unique_id(directory.owner),
            };
            (Name::new(&stream.name).ok(), icb, 0)
        });
        for (name, icb, flags) in std::iter::once(parent).chain(streams) {
            let length = file_identifier::length(at, name.map_or(0, Name::len));
            let after = at + length as u64;
            if after > begin && at < end {
                let block = u64::from(directory.start) + 1 + at / BLOCK;
                let location = self.metadata_block(u32::try_from(block).unwrap_or(u32::MAX));
                let mut whole = [0; file_identifier::MAX_LEN];
                file_identifier::write(&mut whole[..length], name, flags, icb, self.version(), location);
                let (from, to) = (at.max(begin), after.min(end));
                let offset = |of: u64, base: u64| usize::try_from(of - base).unwrap_or_default();
                sector[offset(from, begin)..offset(to, begin)]
                    .copy_from_slice(&whole[offset(from, at)..offset(to, at)]);
            }
            at = after;
            if at >= end {
                break;
            }
        }
    }

    #[allow(clippy::too_many_arguments)] // what a file entry is rendered from
    fn render_stream_entry(
        &self,
        tree: &Tree,
        data: &DataMap<'_>,
        directory: &StreamDirectory,
        stream: DataId,
        next: Option<(u16, u32)>,
        block: u32,
        sector: &mut [u8],
        calendar: &mut Calendar,
    ) -> io::Result<()> {
        let mut shape = Shape::new(TYPE_FILE);
        let room = entry_room(true);
        self.shape_content(tree, data, stream, &mut shape, next, &mut sector[SECTOR - room..])?;
        shape.flags |= STREAM;
        shape.object_size = shape.size;
        self.seal_entry(tree, directory.owner, block, &shape, true, sector, calendar);
        Ok(())
    }
}
