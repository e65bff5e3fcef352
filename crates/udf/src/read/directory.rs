//! Directories, read in pieces of up to 64 KiB.

use std::ops::ControlFlow;

use glassmaster_disc::{BlockSource, Extent, SECTOR};
use glassmaster_tree::{Content, Entry, ReadError};

use super::{BlockAddress, UdfVolume};
use crate::cs0::{decode, shown};
use crate::raw::file_identifier::{DELETED, FileIdentifier, FileIdentifierError, HIDDEN, PARENT};

const NAME: &str = "file identifier descriptor";
/// Bytes of a directory read at once.
const PIECE: u64 = 65_536;

impl<S: BlockSource> UdfVolume<S> {
    pub(super) fn read_identifiers(
        &self,
        dir: &Entry,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let mut stream = match &dir.content {
            Content::Inline(bytes) => {
                Stream { buffer: bytes.clone(), at: 0, pieces: &[], into: 0, lba: dir.id }
            }
            Content::Extents(extents) => {
                Stream { buffer: Vec::new(), at: 0, pieces: extents, into: 0, lba: dir.id }
            }
        };
        loop {
            let fid = match FileIdentifier::read(&stream.buffer[stream.at..]) {
                Ok(fid) => fid,
                Err(error) => {
                    let short = matches!(error, FileIdentifierError::Short(_));
                    if short && stream.fetch(&self.source)? {
                        continue;
                    }
                    if stream.at == stream.buffer.len() {
                        return Ok(());
                    }
                    return Err(ReadError::invalid(NAME, stream.lba, error.to_string()));
                }
            };
            let entry = if fid.has(DELETED) || fid.has(PARENT) {
                None
            } else {
                let name = decode(fid.name)
                    .map_err(|error| ReadError::invalid(NAME, stream.lba, error.to_string()))?;
                let address = BlockAddress { block: fid.icb.block, partition: fid.icb.partition };
                let name = shown(&name).into_owned().into_bytes();
                Some(self.entry(address, name, fid.has(HIDDEN))?)
            };
            stream.at += fid.length;
            if let Some(entry) = entry
                && each(entry).is_break()
            {
                return Ok(());
            }
        }
    }
}

/// Bytes of a directory on their way.
struct Stream<'a> {
    buffer: Vec<u8>,
    /// Start of the next descriptor in the buffer.
    at: usize,
    /// Extents not read completely.
    pieces: &'a [Extent],
    /// Bytes of the first of them that were read: whole sectors.
    into: u64,
    /// Sector of the last piece, for messages.
    lba: u64,
}

impl Stream<'_> {
    /// Reads on; `false` at the end.
    fn fetch<S: BlockSource>(&mut self, source: &S) -> Result<bool, ReadError> {
        let Some((extent, rest)) = self.pieces.split_first() else { return Ok(false) };
        let bytes = (extent.bytes - self.into).min(PIECE);
        let Some(lba) = extent.lba else {
            let what = "a directory with unrecorded extents (ECMA-167 4/8.6)";
            return Err(ReadError::invalid(NAME, self.lba, what));
        };
        let lba = u64::from(lba) + self.into / SECTOR as u64;
        self.buffer.drain(..self.at);
        self.at = 0;
        let kept = self.buffer.len();
        let length = usize::try_from(bytes).unwrap_or_default();
        self.buffer.resize(kept + length.div_ceil(SECTOR) * SECTOR, 0);
        source
            .read_blocks(lba, &mut self.buffer[kept..])
            .map_err(|error| ReadError::io("directory", lba, error))?;
        self.buffer.truncate(kept + length);
        self.lba = lba;
        self.into += bytes;
        if self.into >= extent.bytes {
            self.pieces = rest;
            self.into = 0;
        }
        Ok(true)
    }
}
