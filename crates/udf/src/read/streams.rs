//! Named streams (ECMA-167 4/9.2, UDF 3.3.5): the files of an object's stream directory.

use glassmaster_disc::BlockSource;
use glassmaster_tree::{Entry, Kind, ReadError};

use super::directory::{Stream, sector_of};
use super::icb::STREAM_DIRECTORY_NAME;
use super::{BlockAddress, UdfVolume};
use crate::raw::allocation::LongAd;
use crate::raw::file_identifier::{DELETED, PARENT};
use crate::raw::icb_tag::{TYPE_DIRECTORY, TYPE_STREAM_DIRECTORY};

/// Bit of the file characteristics: the stream belongs to the implementation (ECMA-167 4/14.4.3, UDF 3.3.5.2).
pub(crate) const METADATA: u8 = 1 << 4;
/// Streams of one object, at most.
const STREAM_LIMIT: usize = 65_536;

impl<S: BlockSource> UdfVolume<S> {
    pub(super) fn read_streams(&self, entry: &Entry) -> Result<Vec<Entry>, ReadError> {
        if !entry.has_streams {
            return Ok(Vec::new());
        }
        let bytes = self.tagged_block("extended file entry", entry.id)?;
        let icb = bytes.get(152..168).map_or(LongAd::default(), LongAd::read);
        let address = BlockAddress { block: icb.block, partition: icb.partition };
        let read = self.direct(STREAM_DIRECTORY_NAME, address)?;
        if read.fields().icb.file_type != TYPE_STREAM_DIRECTORY
            && read.fields().icb.file_type != TYPE_DIRECTORY
        {
            let what = format!("file type {} instead of 13 (ECMA-167 4/9.2)", read.fields().icb.file_type);
            return Err(ReadError::invalid(STREAM_DIRECTORY_NAME, self.sector_of(read.block), what));
        }
        let directory = self.directory_of(read)?;
        let mut stream = Stream::new(&directory, self.sector_of(directory.id));
        let mut streams = Vec::new();
        let mut first_error = None;
        while let Some((at, fid)) = stream.next(self)? {
            if fid.has(DELETED) || fid.has(PARENT) || fid.has(METADATA) {
                continue;
            }
            if streams.len() >= STREAM_LIMIT {
                let what = format!("more than {STREAM_LIMIT} streams of one object");
                return Err(ReadError::invalid(STREAM_DIRECTORY_NAME, self.sector_of(directory.id), what));
            }
            match self.named_entry(&fid, || sector_of(&directory, at, self.sector_of(directory.id))) {
                Ok(entry) if entry.kind == Kind::File => streams.push(entry),
                Ok(entry) => {
                    let what = "a stream that is no file (UDF 3.3.5.1)".to_owned();
                    let sector = self.sector_of(entry.id);
                    first_error.get_or_insert(ReadError::invalid(STREAM_DIRECTORY_NAME, sector, what));
                }
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error.map_or(Ok(streams), Err)
    }
}
