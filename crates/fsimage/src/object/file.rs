//! Members of files.

use std::sync::Arc;

use glassmaster_disc::{HResult, sectors_for};
use glassmaster_tree::edit::{Bytes, ItemId};

use super::add::Adding;
use super::item::{FileItem, FsiItem, not_accessible};
use super::names::invalid_param;
use super::outcome::Outcome;
use super::state::State;
use crate::code::Failure;
use crate::contents::{DataReader, DataStream};
use crate::error::Error;
use crate::result::Enumerator;

impl FileItem {
    /// Bytes of its content; 0 while it has none.
    #[doc(alias = "DataSize")]
    #[must_use]
    pub fn data_size(&self) -> u64 {
        self.shared.lock().tree.item(self.id).map_or(0, |i| i.size())
    }

    /// Low half of the size, as the bit pattern it is.
    #[doc(alias = "DataSize32BitLow")]
    #[must_use]
    pub fn data_size_32bit_low(&self) -> i32 {
        let [a, b, c, d, ..] = self.data_size().to_le_bytes();
        i32::from_le_bytes([a, b, c, d])
    }

    /// High half of the size.
    #[doc(alias = "DataSize32BitHigh")]
    #[must_use]
    pub fn data_size_32bit_high(&self) -> i32 {
        let [.., a, b, c, d] = self.data_size().to_le_bytes();
        i32::from_le_bytes([a, b, c, d])
    }

    /// A new read-only stream over the content, at position 0; `None` while it has none. What was imported is read from
    /// the disc.
    #[doc(alias = "Data")]
    #[must_use]
    pub fn data(&self) -> Option<DataReader> {
        let state = self.shared.lock();
        let bytes = state.tree.item(self.id)?.bytes()?;
        let path = state.path(self.id);
        Some(match &bytes.old {
            Some(extents) => state.contents.open_old(extents, bytes.size, &path),
            None => state.contents.open(bytes.handle, bytes.size, &path),
        })
    }

    /// Gives a detached file its content. The stream is kept and read when it is needed; the length that it has when the
    /// file is added counts.
    ///
    /// # Errors
    /// `IMAPI_E_READONLY` for a file that is in the tree or belongs to a read-only image, and for a named stream;
    /// `IMAPI_E_DATA_STREAM_READ_FAILURE` when the stream does not tell its length; [`Error::Busy`].
    pub fn set_data(&self, data: DataStream) -> Result<(), Error> {
        let path = {
            let state = self.shared.lock();
            state.check_loose(self.id)?;
            state.path(self.id)
        };
        // The stream is the caller's and may look at the image: it is asked without the lock.
        let size = stream_size(&data, &path)?;
        let mut state = self.shared.lock();
        state.check_loose(self.id)?;
        let handle = state.contents.add_stream(data)?;
        state.tree.set_bytes(self.id, Bytes::new(size, handle)).map_err(|e| state.refused(e))
    }

    /// Its named streams in the order in which they were added.
    ///
    /// # Errors
    /// `IMAPI_E_PROPERTY_NOT_ACCESSIBLE` on a stream: streams have none.
    #[doc(alias = "FsiNamedStreams")]
    pub fn named_streams(&self) -> Result<NamedStreams, Error> {
        let state = self.shared.lock();
        let item = state.tree.item(self.id).ok_or_else(|| invalid_param("item"))?;
        if item.is_stream() {
            return Err(not_accessible("FsiNamedStreams"));
        }
        let streams =
            item.streams().map(|s| FileItem(FsiItem::new(Arc::clone(&self.shared), s.id()))).collect();
        Ok(NamedStreams { streams })
    }

    /// Whether it is a named stream of a file.
    #[doc(alias = "IsNamedStream")]
    #[must_use]
    pub fn is_named_stream(&self) -> bool {
        self.shared.lock().tree.item(self.id).is_some_and(|i| i.is_stream())
    }

    /// Adds a named stream to a file of the tree.
    ///
    /// # Errors
    /// `IMAPI_E_PROPERTY_NOT_ACCESSIBLE` on a stream, `IMAPI_E_INVALID_PARAM` for what is no name,
    /// `IMAPI_E_RESTRICTED_NAME_VIOLATION`, `IMAPI_E_NOT_IN_FILE_SYSTEM`, `IMAPI_E_DUP_NAME`, `IMAPI_E_READONLY`,
    /// `IMAPI_E_IMAGE_SIZE_LIMIT`, `IMAPI_E_DATA_STREAM_READ_FAILURE`, `IMAPI_E_DATA_STREAM_INCONSISTENCY`, those of
    /// staging, [`Error::Busy`], [`Error::Cancelled`].
    #[doc(alias = "AddStream")]
    pub fn add_stream(&self, name: &str, data: DataStream) -> Result<Outcome, Error> {
        let check = |state: &State| {
            state.check_stream_owner(self.id)?;
            state.rules().check_new(name, "name")?;
            let there = state.tree.stream(self.id, name.as_bytes());
            match there {
                Some(id) => Err(Failure::new(HResult::DUP_NAME).with(state.path(id)).into()),
                None => Ok(()),
            }
        };
        let mut adding = Adding::begin(&self.shared, &check)?;
        let path = format!("{}:{name}", self.full_path());
        let size = stream_size(&data, &path)?;
        let incoming = adding.take_in_stream(data, size, &path)?;
        let now = self.shared.now();
        adding.finish(|state| {
            check(state)?;
            let attributes = state.fresh(false, Some(now));
            let bytes = Bytes::new(size, u64::MAX);
            let added = state.tree.add_stream(self.id, name.as_bytes(), &attributes, bytes);
            let added = added.map_err(|e| state.refused(e))?;
            state.check_fits(&path)?;
            state.keep(added, incoming)?;
            Ok(Outcome::representable(state.udf_from(0x0200)))
        })
    }

    /// Takes a named stream away from a file of the tree.
    ///
    /// # Errors
    /// `IMAPI_E_FILE_NOT_FOUND` for a name that none of its streams has, `IMAPI_E_NOT_IN_FILE_SYSTEM`,
    /// `IMAPI_E_PROPERTY_NOT_ACCESSIBLE` on a stream, `IMAPI_E_READONLY`, [`Error::Busy`].
    #[doc(alias = "RemoveStream")]
    pub fn remove_stream(&self, name: &str) -> Result<Outcome, Error> {
        self.shared.change(|state| {
            state.check_stream_owner(self.id)?;
            let Some(stream) = state.tree.stream(self.id, name.as_bytes()) else {
                let path = format!("{}:{name}", state.path(self.id));
                return Err(Failure::new(HResult::FILE_NOT_FOUND).with(path).into());
            };
            state.tree.remove_stream(self.id, stream).map_err(|e| state.refused(e))?;
            Ok(Outcome::representable(state.udf_from(0x0200)))
        })
    }

    /// Whether the content needs a minimum rate when it is read.
    ///
    /// # Errors
    /// `IMAPI_E_PROPERTY_NOT_ACCESSIBLE` on a stream.
    #[doc(alias = "IsRealTime")]
    pub fn is_real_time(&self) -> Result<bool, Error> {
        if self.is_named_stream() {
            Err(not_accessible("IsRealTime"))
        } else {
            Ok(self.attributes().real_time)
        }
    }

    /// Marks a file whose content needs a minimum rate (UDF 2.01 and later record it). Possible while the image is
    /// read-only: a result that was made already does not change.
    ///
    /// # Errors
    /// `IMAPI_E_PROPERTY_NOT_ACCESSIBLE` on a stream, [`Error::Busy`].
    pub fn set_real_time(&self, on: bool) -> Result<Outcome, Error> {
        let mut state = self.shared.lock();
        if state.busy {
            return Err(Error::Busy);
        }
        if state.tree.item(self.id).is_some_and(|i| i.is_stream()) {
            return Err(not_accessible("IsRealTime"));
        }
        let read_only = state.is_read_only();
        state.set_attributes(self.id, |a| a.real_time = on)?;
        Ok(Outcome::representable(read_only || state.udf_from(0x0201)))
    }
}

impl State {
    /// Refuses a file whose content is fixed.
    fn check_loose(&self, id: ItemId) -> Result<(), Error> {
        self.writable()?;
        if self.tree.item(id).is_some_and(|i| i.is_stream()) || self.tree.is_attached(id) {
            return Err(Failure::new(HResult::READONLY).into());
        }
        Ok(())
    }

    fn check_stream_owner(&self, id: ItemId) -> Result<(), Error> {
        if self.tree.item(id).is_some_and(|i| i.is_stream()) {
            return Err(not_accessible("FsiNamedStreams"));
        }
        self.check_attached(id)?;
        // What an earlier session recorded is not changed.
        if self.tree.item(id).and_then(|i| i.bytes()).is_some_and(|b| b.old.is_some()) {
            return Err(Failure::new(HResult::READONLY).into());
        }
        Ok(())
    }
}

/// Length of a stream of the caller.
pub(super) fn stream_size(data: &DataStream, path: &str) -> Result<u64, Error> {
    let size = data.size();
    let size = size.map_err(|e| Failure::new(HResult::DATA_STREAM_READ_FAILURE).with(path).because(e))?;
    if u32::try_from(sectors_for(size)).is_err() {
        return Err(Failure::new(HResult::IMAGE_SIZE_LIMIT).with(path).into());
    }
    Ok(size)
}

/// The named streams of a file as they were when it was made.
#[doc(alias = "IFsiNamedStreams")]
#[doc(alias = "FsiNamedStreams")]
#[derive(Clone, Debug)]
pub struct NamedStreams {
    streams: Vec<FileItem>,
}

impl NamedStreams {
    /// A stream by its place, from 0.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PARAM` for a place that none has.
    #[doc(alias = "Item")]
    pub fn item(&self, index: i32) -> Result<FileItem, Error> {
        let found = usize::try_from(index).ok().and_then(|n| self.streams.get(n));
        found.cloned().ok_or_else(|| invalid_param("index"))
    }

    /// Number of streams.
    #[doc(alias = "Count")]
    #[must_use]
    pub fn count(&self) -> usize {
        self.streams.len()
    }

    /// The streams, one after the other.
    #[doc(alias = "EnumNamedStreams")]
    #[doc(alias = "_NewEnum")]
    #[must_use]
    pub fn iter(&self) -> Enumerator<Vec<FsiItem>> {
        Enumerator::new(self.streams.iter().map(|s| s.0.clone()).collect())
    }
}
