//! File entry (ECMA-167 4/14.9) and extended file entry (4/14.17), UDF 2.3.6 and 3.3.3.

use super::field::{put, put_u16, put_u32, put_u64, u16_at, u32_at, u64_at};
use super::icb_tag::IcbTag;
use super::regid::Regid;
use super::tag::{EXTENDED_FILE_ENTRY, FILE_ENTRY, Tag, TagError};
use super::timestamp::TIMESTAMP_LEN;

/// Bytes of a file entry before extended attributes.
pub(crate) const HEADER_LEN: usize = 176;
/// Bytes of an extended file entry before extended attributes.
const EXTENDED_HEADER_LEN: usize = 216;

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
    pub(crate) modified: [u8; TIMESTAMP_LEN],
    pub(crate) unique_id: u64,
    pub(crate) attributes_len: u32,
    pub(crate) allocation_len: u32,
}

impl FileEntry {
    /// Writes everything but the tag to a zeroed block; all three times are the modification.
    pub(crate) fn write(&self, out: &mut [u8]) {
        self.icb.write(out, 16);
        put_u32(out, 36, self.uid);
        put_u32(out, 40, self.gid);
        put_u32(out, 44, self.permissions);
        put_u16(out, 48, self.links);
        put_u64(out, 56, self.size);
        put_u64(out, 64, self.blocks);
        put(out, 72, &self.modified); // access
        put(out, 84, &self.modified);
        put(out, 96, &self.modified); // attributes
        put_u32(out, 108, 1); // checkpoint
        Regid::implementation().write(out, 128);
        put_u64(out, 160, self.unique_id);
        put_u32(out, 168, self.attributes_len);
        put_u32(out, 172, self.allocation_len);
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
        let (extended, header) = match tag.identifier {
            EXTENDED_FILE_ENTRY => (true, EXTENDED_HEADER_LEN),
            _ => (false, HEADER_LEN),
        };
        if !extended {
            tag.is(FILE_ENTRY)?;
        }
        if tag.location != location {
            return Err(TagError::Location { found: tag.location, wanted: location }.into());
        }
        if block.len() < header {
            return Err(TagError::Short(block.len()).into());
        }
        // Extended entries have the object size before the blocks, the creation time before the attribute time,
        // and the stream directory before the identifier.
        let (blocks, modified, unique_id) = if extended { (72, 92, 200) } else { (64, 84, 160) };
        let (attributes_len, allocation_len) = (u32_at(block, header - 8), u32_at(block, header - 4));
        let lengths = FileEntryError::Lengths { attributes: attributes_len, allocation: allocation_len };
        let split = |from: usize, length: u32| {
            let end = from.checked_add(usize::try_from(length).ok()?)?;
            block.get(from..end)
        };
        let attributes = split(header, attributes_len).ok_or(lengths)?;
        let allocation = split(header + attributes.len(), allocation_len).ok_or(lengths)?;
        let mut stamp = [0; TIMESTAMP_LEN];
        stamp.copy_from_slice(&block[modified..modified + TIMESTAMP_LEN]);
        Ok(Self {
            entry: FileEntry {
                icb: IcbTag::read(block, 16),
                uid: u32_at(block, 36),
                gid: u32_at(block, 40),
                permissions: u32_at(block, 44),
                links: u16_at(block, 48),
                size: u64_at(block, 56),
                blocks: u64_at(block, blocks),
                modified: stamp,
                unique_id: u64_at(block, unique_id),
                attributes_len,
                allocation_len,
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
            modified: [0x00, 0x10, 0xD0, 0x07, 2, 29, 1, 2, 3, 12, 34, 56],
            unique_id: 17,
            attributes_len: 0,
            allocation_len: 8,
        }
    }

    #[test]
    fn fields_stand_where_the_standard_puts_them() {
        let mut out = [0; 2048];
        entry().write(&mut out);
        assert_eq!(out[20..28], [4, 0, 0, 0, 1, 0, 0, 5]);
        assert_eq!(out[36..50], [0xE8, 3, 0, 0, 100, 0, 0, 0, 0x85, 0x10, 0, 0, 2, 0]);
        assert_eq!((out[56], out[64], out[72], out[84], out[96], out[108]), (5, 1, 0, 0, 0, 1));
        assert_eq!(out[129..141], *b"*Glassmaster");
        assert_eq!((out[160], out[168], out[172]), (17, 0, 8));
        Tag { identifier: FILE_ENTRY, version: 2, location: 9 }.seal(&mut out[..184]);
        let read = FileEntryRead::read(&out, 9).unwrap();
        assert_eq!((read.entry, read.extended, read.allocation.len()), (entry(), false, 8));
        assert!(FileEntryRead::read(&out, 8).is_err());
    }

    #[test]
    fn extended_entries_are_read() {
        let mut out = [0; 2048];
        entry().icb.write(&mut out, 16);
        put_u64(&mut out, 56, 5);
        put_u64(&mut out, 64, 5); // object size
        put_u64(&mut out, 72, 1);
        put_u64(&mut out, 200, 99);
        put_u32(&mut out, 208, 4);
        put_u32(&mut out, 212, 8);
        Tag { identifier: EXTENDED_FILE_ENTRY, version: 3, location: 0 }.seal(&mut out[..228]);
        let read = FileEntryRead::read(&out, 0).unwrap();
        assert!(read.extended);
        assert_eq!((read.entry.size, read.entry.blocks, read.entry.unique_id), (5, 1, 99));
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
