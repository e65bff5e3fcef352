//! Whether a file or stream is an image that can be burnt (contract section 17).

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glassmaster_disc::{BlockSource, Finding, HResult, SECTOR, SECTOR_U64};
use rustix::fs::{Mode, OFlags};

use crate::code::{Failure, host_code};
use crate::contents::DataStream;
use crate::error::Error;
use crate::progress::CancelHandle;
use crate::volume::{VolumeKind, check};

/// First sector of the volume recognition area (ECMA-167 3/8.3.1, ECMA-119 6.7.1).
const RECOGNITION: u64 = 16;
/// Identifiers of volume structure descriptors (ECMA-167 2/9.1.2), and whether one is enough for a volume.
const IDENTIFIERS: [(&[u8; 5], bool); 7] = [
    (b"CD001", true),
    (b"BEA01", false),
    (b"NSR02", true),
    (b"NSR03", true),
    (b"BOOT2", false),
    (b"TEA01", false),
    (b"CDW02", true),
];
/// Most sectors that an image can have.
const MOST_BLOCKS: u64 = 0x7FFF_FFFF;

/// Holds an image that somebody made and says whether it is one.
#[doc(alias = "IIsoImageManager")]
#[doc(alias = "MsftIsoImageManager")]
#[derive(Clone, Debug, Default)]
pub struct IsoImageManager {
    path: PathBuf,
    stream: Option<DataStream>,
}

impl IsoImageManager {
    /// Without an image.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Path of the image file; empty when there is none or a stream was given.
    #[doc(alias = "Path")]
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The image: the stream that was given, or one over the file.
    #[doc(alias = "Stream")]
    #[must_use]
    pub fn stream(&self) -> Option<&DataStream> {
        self.stream.as_ref()
    }

    /// Opens the image file at `path` in place of the image there was.
    ///
    /// # Errors
    /// `IMAPI_E_INVALID_PATH` for an empty path; the host's error for a file that cannot be opened. The image there was
    /// stays.
    #[doc(alias = "SetPath")]
    pub fn set_path(&mut self, path: &Path) -> Result<(), Error> {
        let invalid = || Failure::new(HResult::INVALID_PATH).with(path.display());
        if path.as_os_str().is_empty() {
            return Err(invalid().into());
        }
        // A pipe would wait here for somebody who writes.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from);
        let opened = opened.and_then(|fd| {
            let file = File::from(fd);
            if file.metadata()?.is_dir() { Err(rustix::io::Errno::ISDIR.into()) } else { Ok(file) }
        });
        let file = opened.map_err(|e| match e.kind() {
            // A byte 0 in the path.
            io::ErrorKind::InvalidInput => invalid().because(e),
            _ => Failure::new(host_code(&e)).with(path.display()).because(e),
        })?;
        self.stream = Some(DataStream::new(file));
        self.path = path.to_path_buf();
        Ok(())
    }

    /// Takes a stream as the image in place of what there was.
    #[doc(alias = "SetStream")]
    pub fn set_stream(&mut self, stream: DataStream) {
        self.stream = Some(stream);
        self.path = PathBuf::new();
    }

    /// Looks whether the image consists of whole sectors of user data with a volume recognition sequence. Directories and
    /// checksums are not looked at; [`IsoImageManager::verify`] does. The position of the stream is as it was.
    ///
    /// # Errors
    /// In this order: `IMAPI_E_IMAGEMANAGER_NO_IMAGE`, `..._IMAGE_TOO_BIG`, `..._IMAGE_NOT_ALIGNED`,
    /// `..._NO_VALID_VD_FOUND`; `IMAPI_E_DATA_STREAM_READ_FAILURE` when it cannot be read.
    #[doc(alias = "Validate")]
    pub fn validate(&self) -> Result<(), Error> {
        let stream = self.image()?;
        Ok(stream.keeping_position(|| self.recognise(stream))?)
    }

    fn image(&self) -> Result<&DataStream, Failure> {
        self.stream.as_ref().ok_or_else(|| Failure::new(HResult::IMAGEMANAGER_NO_IMAGE))
    }

    fn failed(&self, error: io::Error) -> Failure {
        Failure::new(HResult::DATA_STREAM_READ_FAILURE).with(self.path.display()).because(error)
    }

    fn blocks(&self, stream: &DataStream) -> Result<u64, Failure> {
        let bytes = stream.size().map_err(|e| self.failed(e))?;
        if bytes / SECTOR_U64 > MOST_BLOCKS {
            return Err(Failure::new(HResult::IMAGEMANAGER_IMAGE_TOO_BIG));
        }
        if !bytes.is_multiple_of(SECTOR_U64) {
            return Err(Failure::new(HResult::IMAGEMANAGER_IMAGE_NOT_ALIGNED));
        }
        Ok(bytes / SECTOR_U64)
    }

    fn recognise(&self, stream: &DataStream) -> Result<(), Failure> {
        let blocks = self.blocks(stream)?;
        let mut head = [0; 6];
        for sector in RECOGNITION..blocks {
            let read = stream.read_at(sector * SECTOR_U64, &mut head).map_err(|e| self.failed(e))?;
            // Structure type, then the identifier (ECMA-167 2/9.1).
            let known = IDENTIFIERS.iter().find(|(id, _)| read == head.len() && head[1..] == id[..]);
            match known {
                Some((_, true)) => return Ok(()),
                Some((_, false)) => {}
                None => break,
            }
        }
        Err(Failure::new(HResult::IMAGEMANAGER_NO_VALID_VD_FOUND))
    }

    /// Validates the image, then holds every file system on it against its standard; the kinds that were found.
    ///
    /// # Errors
    /// As [`IsoImageManager::validate`]; [`Error::NoVolume`], [`Error::Cancelled`].
    pub fn verify(
        &self,
        cancel: &CancelHandle,
        each: &mut dyn FnMut(Finding),
    ) -> Result<Vec<VolumeKind>, Error> {
        self.validate()?;
        let stream = self.image()?;
        let source: Arc<dyn BlockSource> =
            Arc::new(StreamSource { blocks: self.blocks(stream)?, stream: stream.clone() });
        stream.keeping_position(|| check(&source, cancel, each))
    }
}

/// A stream of whole sectors.
struct StreamSource {
    stream: DataStream,
    blocks: u64,
}

impl BlockSource for StreamSource {
    fn block_count(&self) -> u64 {
        self.blocks
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.check_range(lba, buf.len())?;
        debug_assert!(buf.len().is_multiple_of(SECTOR));
        match self.stream.read_at(lba * SECTOR_U64, buf)? {
            n if n == buf.len() => Ok(()),
            n => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("only {n} of {} bytes could be read from sector {lba} on", buf.len()),
            )),
        }
    }
}
