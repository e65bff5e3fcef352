//! File entries as entries of the tree.

use glassmaster_disc::{BlockSource, Extent, SECTOR};
use glassmaster_tree::{Content, Entry, Kind, ReadError};

use super::extents::Form;
use super::{BlockAddress, UdfVolume};
use crate::raw::file_entry::FileEntryRead;
use crate::raw::icb_tag::{
    AD_EMBEDDED, STRATEGY_4, TYPE_BLOCK_DEVICE, TYPE_CHAR_DEVICE, TYPE_DIRECTORY, TYPE_FIFO, TYPE_FILE,
    TYPE_REAL_TIME, TYPE_SOCKET, TYPE_SYMLINK, TYPE_UNSPECIFIED, mode,
};
use crate::raw::path_component::decode_path;
use crate::raw::tag::{INDIRECT_ENTRY, TERMINAL_ENTRY, Tag};
use crate::raw::timestamp::decode;

const NAME: &str = "file entry";
/// Recorded bytes of a link target, at most.
const TARGET_LIMIT: u64 = 65_536;

impl<S: BlockSource> UdfVolume<S> {
    /// The object whose ICB is at `at`.
    pub(crate) fn entry(&self, at: BlockAddress, name: Vec<u8>, hidden: bool) -> Result<Entry, ReadError> {
        let lba = self.resolve(NAME, at, 1)?;
        let sector = self.sector(NAME, lba)?;
        let invalid = |what: String| ReadError::invalid(NAME, u64::from(lba), what);
        if let Ok(tag) = Tag::read(&sector)
            && matches!(tag.identifier, INDIRECT_ENTRY | TERMINAL_ENTRY)
        {
            return Err(invalid(
                "ICB of strategy 4096 is not supported (ECMA-167 4/A.5, UDF 2.3.5.1)".to_owned(),
            ));
        }
        let read = FileEntryRead::read(&sector, at.block).map_err(|error| invalid(error.to_string()))?;
        let fields = read.entry;
        if fields.icb.strategy != STRATEGY_4 {
            return Err(invalid(format!(
                "ICB strategy {} is not supported, only 4 (ECMA-167 4/A.5, UDF 2.3.5.1)",
                fields.icb.strategy
            )));
        }
        let kind = match fields.icb.file_type {
            TYPE_DIRECTORY => Kind::Directory,
            TYPE_UNSPECIFIED | TYPE_FILE | TYPE_REAL_TIME => Kind::File,
            TYPE_BLOCK_DEVICE => Kind::BlockDevice,
            TYPE_CHAR_DEVICE => Kind::CharDevice,
            TYPE_FIFO => Kind::Fifo,
            TYPE_SOCKET => Kind::Socket,
            TYPE_SYMLINK => Kind::Symlink,
            other => {
                return Err(invalid(format!(
                    "file type {other} has no place in a directory (ECMA-167 4/14.6.6)"
                )));
            }
        };
        let content = match Form::of(fields.icb.flags) {
            Some(form) if matches!(kind, Kind::Directory | Kind::File | Kind::Symlink) => {
                Content::Extents(self.extents(at, lba, form, read.allocation, fields.size)?)
            }
            None if fields.icb.flags & 7 == AD_EMBEDDED => {
                let size = usize::try_from(fields.size).ok();
                let bytes = size.and_then(|size| read.allocation.get(..size)).ok_or_else(|| {
                    invalid(format!(
                        "{} bytes are said to be in the {} bytes of its descriptor field (ECMA-167 4/14.6.8)",
                        fields.size,
                        read.allocation.len()
                    ))
                })?;
                Content::Inline(bytes.to_vec())
            }
            Some(_) => Content::Inline(Vec::new()),
            None => {
                return Err(invalid(format!(
                    "allocation descriptors of kind {} (ECMA-167 4/14.6.8)",
                    fields.icb.flags & 7
                )));
            }
        };
        let target = match kind {
            Kind::Symlink => Some(self.target(&content, fields.size, lba)?),
            _ => None,
        };
        Ok(Entry {
            name,
            kind,
            size: fields.size,
            modified: decode(&fields.modified),
            accessed: None,
            created: None,
            changed: None,
            device: None,
            real_time: false,
            has_streams: false,
            mode: Some(mode(fields.permissions, fields.icb.flags)),
            uid: (fields.uid != u32::MAX).then_some(fields.uid),
            gid: (fields.gid != u32::MAX).then_some(fields.gid),
            links: Some(u32::from(fields.links)),
            target,
            hidden,
            id: u64::from(lba),
            content,
        })
    }

    fn target(&self, content: &Content, size: u64, lba: u32) -> Result<Vec<u8>, ReadError> {
        let invalid = |what: String| ReadError::invalid("symbolic link", u64::from(lba), what);
        let bytes = match content {
            Content::Inline(bytes) => bytes.clone(),
            Content::Extents(extents) if size <= TARGET_LIMIT => self.read_all(extents)?,
            Content::Extents(_) => return Err(invalid(format!("target of {size} bytes"))),
        };
        decode_path(&bytes).map_err(|error| invalid(error.to_string()))
    }

    /// Bytes of a small object.
    fn read_all(&self, extents: &[Extent]) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        for extent in extents {
            let length = usize::try_from(extent.bytes).unwrap_or(usize::MAX);
            let end = bytes.len().saturating_add(length);
            if let Some(lba) = extent.lba {
                let mut sectors = vec![0; length.div_ceil(SECTOR) * SECTOR];
                self.source
                    .read_blocks(u64::from(lba), &mut sectors)
                    .map_err(|error| ReadError::io("file extent", u64::from(lba), error))?;
                bytes.extend_from_slice(&sectors[..length]);
            }
            bytes.resize(end, 0);
        }
        Ok(bytes)
    }
}
