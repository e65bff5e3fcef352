//! Directories, read in pieces of up to 64 KiB.

use std::ops::ControlFlow;

use glassmaster_disc::{BlockSource, Extent, SECTOR};
use glassmaster_tree::{Content, Entry, ReadError};

use super::{BlockAddress, UdfVolume};
use crate::cs0::{decode, shown};
use crate::raw::file_identifier::{DELETED, FileIdentifier, FileIdentifierError, HIDDEN, PARENT};
use crate::raw::tag::Tag;

const NAME: &str = "file identifier descriptor";
/// Bytes of a directory read at once.
const PIECE: u64 = 65_536;

impl<S: BlockSource> UdfVolume<S> {
    pub(super) fn read_identifiers(
        &self,
        dir: &Entry,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let mut stream = Stream::new(dir, self.sector_of(dir.id));
        // An object that cannot be trusted costs itself, not its neighbours; the directory ends with the first such error.
        let mut first_error = None;
        while let Some((at, fid)) = stream.next(self)? {
            if fid.has(DELETED) || fid.has(PARENT) {
                continue;
            }
            match self.named_entry(&fid, || sector_of(dir, at, self.sector_of(dir.id))) {
                Ok(entry) => {
                    if each(entry).is_break() {
                        return Ok(());
                    }
                }
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Sectors of a directory; one by one, and from the metadata mirror file, where they cannot be read at once.
    fn read_sectors(&self, structure: &'static str, lba: u64, out: &mut [u8]) -> Result<(), ReadError> {
        if self.source.read_blocks(lba, out).is_ok() {
            return Ok(());
        }
        for (sector, lba) in out.chunks_exact_mut(SECTOR).zip(lba..) {
            let Err(error) = self.source.read_blocks(lba, sector) else { continue };
            let mirror = match self.shape.block_bytes {
                2048 => self.mirror_of(lba),
                _ => None,
            };
            if mirror.is_none_or(|mirror| self.source.read_blocks(mirror, sector).is_err()) {
                return Err(ReadError::io(structure, lba, error));
            }
        }
        Ok(())
    }

    pub(super) fn named_entry(
        &self,
        fid: &FileIdentifier<'_>,
        sector: impl Fn() -> u64,
    ) -> Result<Entry, ReadError> {
        let name = decode(fid.name).map_err(|error| ReadError::invalid(NAME, sector(), error.to_string()))?;
        let address = BlockAddress { block: fid.icb.block, partition: fid.icb.partition };
        let name = shown(&name).into_owned().into_bytes();
        self.entry(address, name, fid.has(HIDDEN))
    }
}

/// Place in the directory, tag and bytes of a descriptor.
type Recorded<'a> = (u64, Tag, &'a [u8]);

/// Descriptors of a directory on their way.
pub(crate) struct Stream<'a> {
    buffer: Vec<u8>,
    /// Start of the next descriptor in the buffer.
    at: usize,
    /// Byte of the directory the buffer starts with.
    base: u64,
    /// Extents not read completely.
    pieces: &'a [Extent],
    /// Bytes of the first of them that were read: whole sectors.
    into: u64,
    /// Sector of the last piece, for messages.
    lba: u64,
    /// All extents.
    extents: &'a [Extent],
    /// Sector and fault of the last descriptor that was taken from the metadata mirror file instead.
    repaired: Option<(u64, String)>,
}

impl<'a> Stream<'a> {
    /// `sector` is where the directory is said to be when it has no sectors of its own.
    pub(crate) fn new(dir: &'a Entry, sector: u64) -> Self {
        let (buffer, extents) = match &dir.content {
            Content::Inline(bytes) => (bytes.clone(), &[][..]),
            Content::Extents(extents) => (Vec::new(), &extents[..]),
        };
        Self { buffer, at: 0, base: 0, pieces: extents, into: 0, lba: sector, extents, repaired: None }
    }

    /// Sector and fault of a descriptor that was given as the metadata mirror file has it, since this was asked last.
    pub(crate) fn repaired(&mut self) -> Option<(u64, String)> {
        self.repaired.take()
    }

    /// The next descriptor with its place in the directory; `None` at the end.
    pub(crate) fn next<S: BlockSource>(
        &mut self,
        volume: &UdfVolume<S>,
    ) -> Result<Option<(u64, FileIdentifier<'_>)>, ReadError> {
        let found = self.next_bytes(volume)?;
        Ok(found.map(|(at, tag, bytes)| (at, FileIdentifier::of(tag, bytes))))
    }

    /// The bytes of the next descriptor, which are as many as its lengths say.
    pub(crate) fn next_bytes<S: BlockSource>(
        &mut self,
        volume: &UdfVolume<S>,
    ) -> Result<Option<Recorded<'_>>, ReadError> {
        let (tag, length) = loop {
            match FileIdentifier::verify(&self.buffer[self.at..]) {
                Ok(found) => break found,
                Err(error) => {
                    let short = matches!(error, FileIdentifierError::Short(_));
                    if short && self.fetch(volume)? {
                        continue;
                    }
                    if self.at == self.buffer.len() {
                        return Ok(None);
                    }
                    if self.repair(volume) {
                        let place = self.sector(self.base + self.at as u64);
                        let sector = place.map_or(self.lba, |(sector, _)| sector);
                        self.repaired = Some((sector, error.to_string()));
                        continue;
                    }
                    return Err(ReadError::invalid(NAME, self.lba, error.to_string()));
                }
            }
        };
        let begin = self.at;
        self.at += length;
        Ok(Some((self.base + begin as u64, tag, &self.buffer[begin..self.at])))
    }

    /// Sector that holds a byte of the directory, and the place there: extents begin with a sector.
    fn sector(&self, at: u64) -> Option<(u64, usize)> {
        let mut left = at;
        for extent in self.extents {
            match left.checked_sub(extent.bytes) {
                Some(rest) => left = rest,
                None => {
                    let into = usize::try_from(left % SECTOR as u64).ok()?;
                    return extent.lba.map(|lba| (u64::from(lba) + left / SECTOR as u64, into));
                }
            }
        }
        None
    }

    /// Puts what the metadata mirror file holds in the place of the next descriptor, or what the main file holds where
    /// the bytes in memory are the mirror's already; `false` when neither makes it one that can be trusted.
    fn repair<S: BlockSource>(&mut self, volume: &UdfVolume<S>) -> bool {
        if volume.shape.block_bytes != 2048 {
            return false;
        }
        let end = self.buffer.len().min(self.at + SECTOR);
        let Some(damaged) = self.buffer.get(self.at..end).map(<[u8]>::to_vec) else { return false };
        // Of the two sectors it may stand in, each may be sound in another file.
        for mirrored in [[true, true], [true, false], [false, true], [false, false]] {
            let mut at = self.at;
            let mut mirrored = mirrored.into_iter();
            while at < end {
                let Some((main, skip)) = self.sector(self.base + at as u64) else { break };
                let Some(mirror) = volume.mirror_of(main) else { return false };
                let Ok(bytes) = volume.block_at(if mirrored.next() == Some(true) { mirror } else { main })
                else {
                    break;
                };
                let count = (SECTOR - skip).min(end - at);
                match (self.buffer.get_mut(at..at + count), bytes.get(skip..skip + count)) {
                    (Some(to), Some(from)) => to.copy_from_slice(from),
                    _ => break,
                }
                at += count;
            }
            if FileIdentifier::verify(&self.buffer[self.at..]).is_ok() {
                return true;
            }
        }
        self.buffer[self.at..end].copy_from_slice(&damaged);
        false
    }

    /// Reads on; `false` at the end.
    fn fetch<S: BlockSource>(&mut self, volume: &UdfVolume<S>) -> Result<bool, ReadError> {
        let Some((extent, rest)) = self.pieces.split_first() else { return Ok(false) };
        let bytes = (extent.bytes - self.into).min(PIECE);
        let Some(lba) = extent.lba else {
            let what = "a directory with unrecorded extents (ECMA-167 4/8.6)";
            return Err(ReadError::invalid(NAME, self.lba, what));
        };
        let lba = u64::from(lba) + self.into / SECTOR as u64;
        self.buffer.drain(..self.at);
        self.base += self.at as u64;
        self.at = 0;
        let kept = self.buffer.len();
        let length = usize::try_from(bytes).unwrap_or_default();
        self.buffer.resize(kept + length.div_ceil(SECTOR) * SECTOR, 0);
        volume.read_sectors("directory", lba, &mut self.buffer[kept..])?;
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

/// Sector that holds a byte of a directory; `otherwise` when there is none.
pub(crate) fn sector_of(dir: &Entry, at: u64, otherwise: u64) -> u64 {
    let mut before = 0;
    if let Content::Extents(extents) = &dir.content {
        for extent in extents {
            if let (Some(lba), true) = (extent.lba, at < before + extent.bytes) {
                return u64::from(lba) + (at - before) / SECTOR as u64;
            }
            before += extent.bytes;
        }
    }
    otherwise
}
