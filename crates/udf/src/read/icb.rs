//! File entries as entries of the tree.

use glassmaster_disc::BlockSource;
use glassmaster_tree::{Content, Entry, Kind, ReadError};

use super::extents::{Form, Span, unknown_form};
use super::{Block, BlockAddress, UdfVolume, attributes};
use crate::raw::allocation::LongAd;
use crate::raw::file_entry::{FileEntry, FileEntryRead};
use crate::raw::icb_tag::{
    AD_EMBEDDED, STRATEGY_4, TYPE_BLOCK_DEVICE, TYPE_CHAR_DEVICE, TYPE_DIRECTORY, TYPE_FIFO, TYPE_FILE,
    TYPE_REAL_TIME, TYPE_SOCKET, TYPE_SYMLINK, TYPE_UNSPECIFIED, mode,
};
use crate::raw::path_component::decode_path;
use crate::raw::tag::{INDIRECT_ENTRY, TERMINAL_ENTRY, Tag};
use crate::raw::timestamp::decode;

const NAME: &str = "file entry";
pub(super) const STREAM_DIRECTORY_NAME: &str = "stream directory";
/// Recorded bytes of a link target, at most.
const TARGET_LIMIT: u64 = 65_536;
/// Entries that an ICB of strategy 4096 is followed through.
const STRATEGY_4096_LIMIT: u32 = 1024;
/// A list of direct entries, each followed by an indirect entry (UDF 6.6).
pub(crate) const STRATEGY_4096: u16 = 4096;

/// A direct entry: the one that prevails in its ICB.
pub(crate) struct Direct {
    pub(crate) address: BlockAddress,
    /// Absolute block.
    pub(crate) block: u64,
    pub(crate) bytes: Block,
    fields: FileEntry,
    pub(crate) extended: bool,
    attributes: std::ops::Range<usize>,
    allocation: std::ops::Range<usize>,
}

impl Direct {
    pub(crate) fn fields(&self) -> &FileEntry {
        &self.fields
    }

    pub(crate) fn attributes(&self) -> &[u8] {
        self.bytes.get(self.attributes.clone()).unwrap_or_default()
    }

    pub(crate) fn allocation(&self) -> &[u8] {
        self.bytes.get(self.allocation.clone()).unwrap_or_default()
    }

    /// ICB of the stream directory; a length of 0 says that there is none (ECMA-167 4/14.17.16).
    pub(crate) fn streams(&self) -> Option<LongAd> {
        let icb = self.bytes.get(152..168).filter(|_| self.extended).map(LongAd::read)?;
        (icb.bytes != 0).then_some(icb)
    }
}

impl<S: BlockSource> UdfVolume<S> {
    /// The direct entry of the ICB at `at`; of the hierarchy of strategy 4096 the last one (ECMA-167 4/A.5, UDF 6.6).
    pub(crate) fn direct(&self, structure: &'static str, at: BlockAddress) -> Result<Direct, ReadError> {
        let mut at = at;
        let mut prevailing: Option<Direct> = None;
        for _ in 0..STRATEGY_4096_LIMIT {
            let (block, bytes) = match self.icb_block(structure, at) {
                Ok(found) => found,
                // The list ends where nothing is recorded.
                Err(error) => return prevailing.ok_or(error),
            };
            let tag = Tag::read(&bytes).map_or(0, |tag| tag.identifier);
            if tag == INDIRECT_ENTRY {
                at = self.indirect(structure, block, &bytes)?;
                continue;
            }
            if tag == TERMINAL_ENTRY {
                let what = "a terminal entry instead of a file entry (ECMA-167 4/14.8)";
                let error = ReadError::invalid(structure, self.sector_of(block), what);
                return prevailing.ok_or(error);
            }
            let found = self.read_direct(structure, at, block, bytes)?;
            match found.fields.icb.strategy {
                STRATEGY_4 => return Ok(found),
                STRATEGY_4096 => {
                    prevailing = Some(found);
                    let next = BlockAddress { block: at.block.saturating_add(1), ..at };
                    // What follows a direct entry is an indirect one, or nothing yet.
                    let Ok((block, bytes)) = self.icb_block(structure, next) else { break };
                    if !Tag::read(&bytes).is_ok_and(|tag| tag.identifier == INDIRECT_ENTRY) {
                        break;
                    }
                    at = self.indirect(structure, block, &bytes)?;
                }
                other => {
                    let what = format!(
                        "ICB strategy {other} is not supported, only 4 and 4096 (ECMA-167 4/A.5, UDF 2.3.5.1)"
                    );
                    return Err(ReadError::invalid(structure, self.sector_of(block), what));
                }
            }
        }
        prevailing.ok_or_else(|| {
            let what =
                format!("an ICB without direct entry, or of more than {STRATEGY_4096_LIMIT} (UDF 6.6)");
            ReadError::invalid(structure, self.partition_sector(at.partition), what)
        })
    }

    /// A verified block of an ICB: from the mirror file where the main one is damaged.
    fn icb_block(&self, structure: &'static str, at: BlockAddress) -> Result<(u64, Block), ReadError> {
        let block = self.locate(structure, at)?;
        let bytes = self.block(structure, block)?;
        let verify = |bytes: &[u8]| {
            let tag = Tag::verify(bytes)?;
            tag.expect_location(at.block)
        };
        match verify(&bytes) {
            Ok(()) => Ok((block, bytes)),
            Err(error) => {
                if let Some(mirror) = self.mirror_of(block)
                    && let Ok(bytes) = self.block(structure, mirror)
                    && verify(&bytes).is_ok()
                {
                    return Ok((block, bytes));
                }
                Err(ReadError::invalid(structure, self.sector_of(block), error.to_string()))
            }
        }
    }

    /// A block whose tag was verified before: from the mirror file where the main one is damaged.
    pub(super) fn tagged_block(&self, structure: &'static str, block: u64) -> Result<Block, ReadError> {
        let bytes = self.block(structure, block)?;
        if Tag::verify(&bytes).is_err()
            && let Some(mirror) = self.mirror_of(block)
            && let Ok(other) = self.block(structure, mirror)
            && Tag::verify(&other).is_ok()
        {
            return Ok(other);
        }
        Ok(bytes)
    }

    /// Where an indirect entry leads (ECMA-167 4/14.7).
    fn indirect(&self, structure: &'static str, block: u64, bytes: &[u8]) -> Result<BlockAddress, ReadError> {
        let icb = bytes.get(36..52).map_or(LongAd::default(), LongAd::read);
        if icb.bytes == 0 {
            let what = "an indirect entry that leads nowhere (ECMA-167 4/14.7.3)";
            return Err(ReadError::invalid(structure, self.sector_of(block), what));
        }
        Ok(BlockAddress { block: icb.block, partition: icb.partition })
    }

    fn read_direct(
        &self,
        structure: &'static str,
        address: BlockAddress,
        block: u64,
        bytes: Block,
    ) -> Result<Direct, ReadError> {
        let read = FileEntryRead::read(&bytes, address.block)
            .map_err(|error| ReadError::invalid(structure, self.sector_of(block), error.to_string()))?;
        let (fields, extended) = (read.entry, read.extended);
        let header = if extended { 216 } else { 176 };
        let split = header + read.attributes.len();
        let (attributes, allocation) = (header..split, split..split + read.allocation.len());
        Ok(Direct { address, block, bytes, fields, extended, attributes, allocation })
    }

    /// The object whose ICB is at `at`.
    pub(crate) fn entry(&self, at: BlockAddress, name: Vec<u8>, hidden: bool) -> Result<Entry, ReadError> {
        let direct = self.direct(NAME, at)?;
        self.entry_of(&direct, name, hidden)
    }

    /// A directory whose type is not asked: that of streams.
    pub(super) fn directory_of(&self, direct: Direct) -> Result<Entry, ReadError> {
        self.object(&direct, Kind::Directory, Vec::new(), false)
    }

    pub(crate) fn entry_of(&self, direct: &Direct, name: Vec<u8>, hidden: bool) -> Result<Entry, ReadError> {
        let kind = match direct.fields.icb.file_type {
            TYPE_DIRECTORY => Kind::Directory,
            TYPE_UNSPECIFIED | TYPE_FILE | TYPE_REAL_TIME => Kind::File,
            TYPE_BLOCK_DEVICE => Kind::BlockDevice,
            TYPE_CHAR_DEVICE => Kind::CharDevice,
            TYPE_FIFO => Kind::Fifo,
            TYPE_SOCKET => Kind::Socket,
            TYPE_SYMLINK => Kind::Symlink,
            other => {
                let what = format!("file type {other} has no place in a directory (ECMA-167 4/14.6.6)");
                return Err(ReadError::invalid(NAME, self.sector_of(direct.block), what));
            }
        };
        self.object(direct, kind, name, hidden)
    }

    /// Pieces of an object, or its embedded bytes.
    pub(crate) fn pieces(&self, direct: &Direct) -> Result<Result<Vec<Span>, Vec<u8>>, ReadError> {
        let sector = self.sector_of(direct.block);
        let fields = &direct.fields;
        match Form::of(fields.icb.flags) {
            Some(form) => {
                self.spans(direct.address.partition, sector, form, direct.allocation(), fields.size).map(Ok)
            }
            None if fields.icb.flags & 7 == AD_EMBEDDED => {
                let size = usize::try_from(fields.size).ok();
                let bytes = size.and_then(|size| direct.allocation().get(..size)).ok_or_else(|| {
                    let what = format!(
                        "{} bytes are said to be in the {} bytes of its descriptor field (ECMA-167 4/14.6.8)",
                        fields.size,
                        direct.allocation().len()
                    );
                    ReadError::invalid(NAME, sector, what)
                })?;
                Ok(Err(bytes.to_vec()))
            }
            None => Err(ReadError::invalid(NAME, sector, unknown_form(fields.icb.flags))),
        }
    }

    /// Content of an object that is read completely, at most `limit` bytes.
    pub(crate) fn read_whole(&self, direct: &Direct, limit: u64) -> Result<Vec<u8>, ReadError> {
        match self.pieces(direct)? {
            Ok(spans) => self.read_spans(&spans, self.sector_of(direct.block), limit),
            Err(bytes) => Ok(bytes),
        }
    }

    pub(crate) fn object(
        &self,
        direct: &Direct,
        kind: Kind,
        name: Vec<u8>,
        hidden: bool,
    ) -> Result<Entry, ReadError> {
        let fields = &direct.fields;
        let sector = self.sector_of(direct.block);
        let content = if matches!(kind, Kind::Directory | Kind::File | Kind::Symlink) {
            match self.pieces(direct)? {
                Ok(spans) => self.content(&spans, sector)?,
                Err(bytes) => Content::Inline(bytes),
            }
        } else {
            Content::Inline(Vec::new())
        };
        let target = match kind {
            Kind::Symlink => {
                let bytes = self.read_whole(direct, TARGET_LIMIT)?;
                Some(
                    decode_path(&bytes)
                        .map_err(|error| ReadError::invalid("symbolic link", sector, error.to_string()))?,
                )
            }
            _ => None,
        };
        let said = match fields.attributes_len {
            0 => attributes::Attributes::default(),
            _ => attributes::read(direct.attributes()),
        };
        let bytes: &[u8] = &direct.bytes;
        let stamp = |at: usize| bytes.get(at..).and_then(decode);
        // Access, modification, then in extended entries creation, then attribute change (ECMA-167 4/14.9.12, 4/14.17.14).
        let (accessed, created, changed) = match direct.extended {
            false => (stamp(72), said.created, stamp(96)),
            true => (stamp(80), stamp(104).or(said.created), stamp(116)),
        };
        Ok(Entry {
            name,
            kind,
            size: fields.size,
            modified: decode(&fields.modified),
            accessed,
            created,
            changed,
            mode: Some(mode(fields.permissions, fields.icb.flags)),
            uid: (fields.uid != u32::MAX).then_some(fields.uid),
            gid: (fields.gid != u32::MAX).then_some(fields.gid),
            links: Some(u32::from(fields.links)),
            target,
            device: said.device.filter(|_| matches!(kind, Kind::BlockDevice | Kind::CharDevice)),
            real_time: fields.icb.file_type == TYPE_REAL_TIME,
            has_streams: direct.streams().is_some(),
            hidden,
            id: direct.block,
            content,
        })
    }
}

impl Tag {
    /// Checks the location.
    fn expect_location(self, wanted: u32) -> Result<(), crate::raw::tag::TagError> {
        if self.location == wanted {
            Ok(())
        } else {
            Err(crate::raw::tag::TagError::Location { found: self.location, wanted })
        }
    }
}
