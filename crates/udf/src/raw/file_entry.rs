//! File entry (ECMA-167 4/14.9) and extended file entry (4/14.17), UDF 2.3.6 and 3.3.3.

use super::allocation::{LONG_LEN, LongAd};
use super::field::{put, put_u16, put_u32, put_u64, u16_at, u32_at, u64_at};
use super::icb_tag::IcbTag;
use super::regid::Regid;
use super::tag::{EXTENDED_FILE_ENTRY, FILE_ENTRY, Tag, TagError};
use super::timestamp::TIMESTAMP_LEN;

/// Bytes of a file entry before extended attributes.
pub(crate) const HEADER_LEN: usize = 176;
/// Bytes of an extended file entry before extended attributes.
pub(crate) const EXTENDED_HEADER_LEN: usize = 216;

/// Places of the fields that differ: an extended entry has the object size before the blocks, the creation time before
/// the attribute time, and the stream directory before the identifier (4/14.17).
struct Places {
    blocks: usize,
    accessed: usize,
    modified: usize,
    changed: usize,
    checkpoint: usize,
    implementation: usize,
    unique_id: usize,
    header: usize,
}

const PLAIN: Places = Places {
    blocks: 64,
    accessed: 72,
    modified: 84,
    changed: 96,
    checkpoint: 108,
    implementation: 128,
    unique_id: 160,
    header: HEADER_LEN,
};

const EXTENDED: Places = Places {
    blocks: 72,
    accessed: 80,
    modified: 92,
    changed: 116,
    checkpoint: 128,
    implementation: 168,
    unique_id: 200,
    header: EXTENDED_HEADER_LEN,
};
/// Object size, creation time and stream directory of an extended entry.
const OBJECT_SIZE: usize = 64;
const CREATED: usize = 104;
const STREAM_DIRECTORY: usize = 152;

/// What one file entry has of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FileEntry {
    pub(crate) icb: IcbTag,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) permissions: u32,
    pub(crate) links: u16,
    /// Information length: bytes of the file.
    pub(crate) size: u64,
    /// Logical blocks recorded.
    pub(crate) blocks: u64,
    pub(crate) accessed: [u8; TIMESTAMP_LEN],
    pub(crate) modified: [u8; TIMESTAMP_LEN],
    /// Attribute time.
    pub(crate) changed: [u8; TIMESTAMP_LEN],
    pub(crate) unique_id: u64,
    pub(crate) attributes_len: u32,
    pub(crate) allocation_len: u32,
    /// What only an extended file entry has.
    pub(crate) extension: Option<Extension>,
}

/// Fields of an extended file entry that a plain one has not (4/14.17).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Extension {
    /// Bytes of the file and all its streams.
    pub(crate) object_size: u64,
    pub(crate) created: [u8; TIMESTAMP_LEN],
    /// ICB of the stream directory; all zeros without one.
    pub(crate) stream_directory: LongAd,
}

impl FileEntry {
    fn places(extended: bool) -> &'static Places {
        if extended { &EXTENDED } else { &PLAIN }
    }

    /// Tag identifier of the form it has.
    pub(crate) fn identifier(&self) -> u16 {
        if self.extension.is_some() { EXTENDED_FILE_ENTRY } else { FILE_ENTRY }
    }

    /// Bytes before the extended attributes.
    pub(crate) fn header_len(&self) -> usize {
        Self::places(self.extension.is_some()).header
    }

    /// Writes everything but the tag to a zeroed block.
    pub(crate) fn write(&self, out: &mut [u8]) {
        let at = Self::places(self.extension.is_some());
        self.icb.write(out, 16);
        put_u32(out, 36, self.uid);
        put_u32(out, 40, self.gid);
        put_u32(out, 44, self.permissions);
        put_u16(out, 48, self.links);
        put_u64(out, 56, self.size);
        put_u64(out, at.blocks, self.blocks);
        put(out, at.accessed, &self.accessed);
        put(out, at.modified, &self.modified);
        put(out, at.changed, &self.changed);
        put_u32(out, at.checkpoint, 1);
        Regid::implementation().write(out, at.implementation);
        put_u64(out, at.unique_id, self.unique_id);
        put_u32(out, at.header - 8, self.attributes_len);
        put_u32(out, at.header - 4, self.allocation_len);
        if let Some(extension) = &self.extension {
            put_u64(out, OBJECT_SIZE, extension.object_size);
            put(out, CREATED, &extension.created);
            extension.stream_directory.write(out, STREAM_DIRECTORY);
        }
    }
}

/// A verified file entry or extended file entry with the two fields of variable length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FileEntryRead<'a> {
    pub(crate) entry: FileEntry,
    /// Whether it is an extended file entry.
    pub(crate) extended: bool,
    pub(crate) attributes: &'a [u8],
    pub(crate) allocation: &'a [u8],
}

/// Why a block is no file entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum FileEntryError {
    #[error(transparent)]
    Tag(#[from] TagError),
    #[error(
        "{attributes} bytes of extended attributes and {allocation} of allocation descriptors exceed the block \
         (ECMA-167 4/14.9)"
    )]
    Lengths { attributes: u32, allocation: u32 },
}

impl<'a> FileEntryRead<'a> {
    /// Reads the block at partition block `location`, which must hold a file entry or an extended one.
    pub(crate) fn read(block: &'a [u8], location: u32) -> Result<Self, FileEntryError> {
        let tag = Tag::verify(block)?;
        let extended = tag.identifier == EXTENDED_FILE_ENTRY;
        let places = FileEntry::places(extended);
        let header = places.header;
        if !extended {
            tag.is(FILE_ENTRY)?;
        }
        if tag.location != location {
            return Err(TagError::Location { found: tag.location, wanted: location }.into());
        }
        if block.len() < header {
            return Err(TagError::Short(block.len()).into());
        }
        let (attributes_len, allocation_len) = (u32_at(block, header - 8), u32_at(block, header - 4));
        let lengths = FileEntryError::Lengths { attributes: attributes_len, allocation: allocation_len };
        let split = |from: usize, length: u32| {
            let end = from.checked_add(usize::try_from(length).ok()?)?;
            block.get(from..end)
        };
        let attributes = split(header, attributes_len).ok_or(lengths)?;
        let allocation = split(header + attributes.len(), allocation_len).ok_or(lengths)?;
        let stamp = |at: usize| {
            let mut stamp = [0; TIMESTAMP_LEN];
            stamp.copy_from_slice(&block[at..at + TIMESTAMP_LEN]);
            stamp
        };
        Ok(Self {
            entry: FileEntry {
                icb: IcbTag::read(block, 16),
                uid: u32_at(block, 36),
                gid: u32_at(block, 40),
                permissions: u32_at(block, 44),
                links: u16_at(block, 48),
                size: u64_at(block, 56),
                blocks: u64_at(block, places.blocks),
                accessed: stamp(places.accessed),
                modified: stamp(places.modified),
                changed: stamp(places.changed),
                unique_id: u64_at(block, places.unique_id),
                attributes_len,
                allocation_len,
                extension: extended.then(|| Extension {
                    object_size: u64_at(block, OBJECT_SIZE),
                    created: stamp(CREATED),
                    stream_directory: LongAd::read(&block[STREAM_DIRECTORY..STREAM_DIRECTORY + LONG_LEN]),
                }),
            },
            extended,
            attributes,
            allocation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> FileEntry {
        FileEntry {
            icb: IcbTag { strategy: 4, file_type: 5, flags: 0 },
            uid: 1000,
            gid: 100,
            permissions: 0x1085,
            links: 2,
            size: 5,
            blocks: 1,
            accessed: stamp(3),
            modified: stamp(4),
            changed: stamp(5),
            unique_id: 17,
            attributes_len: 0,
            allocation_len: 8,
            extension: None,
        }
    }

    fn stamp(second: u8) -> [u8; TIMESTAMP_LEN] {
        [0x00, 0x10, 0xD0, 0x07, 2, 29, 1, 2, second, 12, 34, 56]
    }

    #[test]
    fn fields_stand_where_the_standard_puts_them() {
        let mut out = [0; 2048];
        entry().write(&mut out);
        assert_eq!(out[20..28], [4, 0, 0, 0, 1, 0, 0, 5]);
        assert_eq!(out[36..50], [0xE8, 3, 0, 0, 100, 0, 0, 0, 0x85, 0x10, 0, 0, 2, 0]);
        assert_eq!((out[56], out[64], out[80], out[92], out[104], out[108]), (5, 1, 3, 4, 5, 1));
        assert_eq!(out[129..141], *b"*Glassmaster");
        assert_eq!((out[160], out[168], out[172]), (17, 0, 8));
        Tag { identifier: FILE_ENTRY, version: 2, location: 9 }.seal(&mut out[..184]);
        let read = FileEntryRead::read(&out, 9).unwrap();
        assert_eq!((read.entry, read.extended, read.allocation.len()), (entry(), false, 8));
        assert!(FileEntryRead::read(&out, 8).is_err());
    }

    /// Positions of the table in 4/14.17.
    #[test]
    fn an_extended_entry_has_more_in_other_places() {
        let mut out = [0; 2048];
        let stream_directory = LongAd { bytes: 2048, block: 0x0102, partition: 1, unique_id: 0 };
        let extension = Extension { object_size: 12, created: stamp(9), stream_directory };
        let extended = FileEntry { attributes_len: 4, extension: Some(extension), ..entry() };
        extended.write(&mut out);
        assert_eq!((extended.identifier(), extended.header_len()), (266, 216));
        assert_eq!(out[36..50], [0xE8, 3, 0, 0, 100, 0, 0, 0, 0x85, 0x10, 0, 0, 2, 0]);
        assert_eq!(out[56..80], [5, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!([80, 92, 104, 116].map(|at: usize| out[at + 8]), [3, 4, 9, 5]);
        assert_eq!(out[128..136], [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(out[136..152], [0; 16]);
        assert_eq!(out[152..168], [0, 8, 0, 0, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(out[169..181], *b"*Glassmaster");
        assert_eq!(out[200..216], [17, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0]);
        Tag { identifier: EXTENDED_FILE_ENTRY, version: 3, location: 0 }.seal(&mut out[..228]);
        let read = FileEntryRead::read(&out, 0).unwrap();
        assert!(read.extended);
        assert_eq!(read.entry, extended);
        assert_eq!((read.attributes.len(), read.allocation.len()), (4, 8));
    }

    #[test]
    fn lengths_beyond_the_block_are_refused() {
        for (attributes, allocation) in [(u32::MAX, 0), (0, 1873), (1872, 1), (8, u32::MAX)] {
            let mut out = [0; 2048];
            FileEntry { attributes_len: attributes, allocation_len: allocation, ..entry() }.write(&mut out);
            Tag { identifier: FILE_ENTRY, version: 2, location: 0 }.seal(&mut out);
            assert_eq!(FileEntryRead::read(&out, 0), Err(FileEntryError::Lengths { attributes, allocation }));
        }
    }
}
