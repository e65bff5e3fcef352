//! What creating an image gives: the stream to be burnt, what its blocks hold, what of it is new (contract section 12).

mod enumerator;
mod progress_items;
mod stream;

use std::sync::{Arc, Mutex, OnceLock};

use glassmaster_disc::{BlockRangeList, BlockSource, HResult, SECTOR};

use crate::append::NextSession;
use crate::code::Failure;
use crate::error::Error;
use crate::image::Image;

pub use enumerator::{Enumerator, Snapshot};
pub use progress_items::ProgressItems;
pub use stream::{ResultStream, StreamStat};

/// Identifier of a result that belongs to no disc.
const NO_DISC: &str = "0000000000000000";

/// Something that lives as long as a result or a stream of it: while it does, the image object is read-only.
pub type Guard = Arc<dyn std::any::Any + Send + Sync>;

/// An image that was planned, with everything a burner wants to know of it. Clones are one object, and so are all streams
/// that [`ImageResult::image_stream`] gives.
#[doc(alias = "IFileSystemImageResult")]
#[doc(alias = "IFileSystemImageResult2")]
#[doc(alias = "FileSystemImageResult")]
#[derive(Clone)]
pub struct ImageResult {
    inner: Arc<Inner>,
    stream: Arc<Mutex<stream::Cursor>>,
}

struct Inner {
    planned: Planned,
    total_blocks: u32,
    disc_id: String,
    backslashes: bool,
    items: OnceLock<Arc<progress_items::Table>>,
    _guard: Option<Guard>,
}

enum Planned {
    Image(Image),
    Session(NextSession),
}

impl Planned {
    fn source(&self) -> Arc<dyn BlockSource> {
        match self {
            Self::Image(image) => Arc::new(image.source()),
            Self::Session(session) => session.source(),
        }
    }

    fn image(&self) -> &Image {
        match self {
            Self::Image(image) => image,
            Self::Session(session) => session.image(),
        }
    }
}

/// Facts that a result is given beside its image.
#[derive(Clone, Default)]
pub struct ResultFacts {
    /// What `CalculateDiscIdentifier` gave for the disc that was imported; `None` without one.
    pub disc_id: Option<String>,
    /// Paths are shown with `\` between their components, as scripts know them, instead of `/`.
    pub backslashes: bool,
    /// Kept until the result and all its streams are gone.
    pub guard: Option<Guard>,
}

impl ImageResult {
    /// The result of an image that is written as a whole.
    #[must_use]
    pub fn new(image: Image, facts: ResultFacts) -> Self {
        Self::made(Planned::Image(image), facts)
    }

    /// The result of a further session.
    #[must_use]
    pub fn of_session(session: NextSession, facts: ResultFacts) -> Self {
        Self::made(Planned::Session(session), facts)
    }

    fn made(planned: Planned, facts: ResultFacts) -> Self {
        let source = planned.source();
        let inner = Arc::new(Inner {
            // Addresses of images have 32 bits.
            total_blocks: u32::try_from(source.block_count()).unwrap_or(u32::MAX),
            planned,
            disc_id: facts.disc_id.unwrap_or_else(|| NO_DISC.to_owned()),
            backslashes: facts.backslashes,
            items: OnceLock::new(),
            _guard: facts.guard,
        });
        let stream = Arc::new(Mutex::new(stream::Cursor::new(source)));
        Self { inner, stream }
    }

    /// The stream over all blocks; block 0 is the first of the session on media that grow, else sector 0 of the medium.
    /// Each call gives the same stream, with one position; [`ResultStream::clone`] makes another.
    #[doc(alias = "ImageStream")]
    #[must_use]
    pub fn image_stream(&self) -> ResultStream {
        ResultStream::shared(Arc::clone(&self.inner), Arc::clone(&self.stream))
    }

    /// The blocks as a burner takes them.
    #[must_use]
    pub fn source(&self) -> Arc<dyn BlockSource> {
        Arc::new(stream::Held { source: self.inner.planned.source(), _result: Arc::clone(&self.inner) })
    }

    /// What is in which blocks.
    #[doc(alias = "ProgressItems")]
    #[must_use]
    pub fn progress_items(&self) -> ProgressItems {
        let table = self.inner.items.get_or_init(|| Arc::new(self.inner.table()));
        ProgressItems::new(Arc::clone(&self.inner), Arc::clone(table))
    }

    /// Blocks of the stream, a multiple of 32.
    #[doc(alias = "TotalBlocks")]
    #[must_use]
    pub fn total_blocks(&self) -> u32 {
        self.inner.total_blocks
    }

    /// Bytes of a block: 2048.
    #[doc(alias = "BlockSize")]
    #[must_use]
    pub fn block_size(&self) -> usize {
        SECTOR
    }

    /// Identifier of the disc that the session is for, 16 hexadecimal digits; zeros where none was imported.
    #[doc(alias = "DiscId")]
    #[must_use]
    pub fn disc_id(&self) -> &str {
        &self.inner.disc_id
    }

    /// The blocks that differ from what is on the disc, in the order in which they have to be recorded so that the old
    /// session stays valid until the last one is.
    ///
    /// # Errors
    /// `E_NOTIMPL` when every block has to be written: first sessions, and sessions on media that grow.
    #[doc(alias = "ModifiedBlocks")]
    pub fn modified_blocks(&self) -> Result<BlockRangeList, Error> {
        self.inner.modified_blocks()
    }

    /// The image, or that of the session.
    #[must_use]
    pub fn image(&self) -> &Image {
        self.inner.planned.image()
    }
}

impl Inner {
    fn modified_blocks(&self) -> Result<BlockRangeList, Error> {
        match &self.planned {
            Planned::Session(session) => session.modified_blocks(),
            Planned::Image(_) => None,
        }
        .ok_or_else(|| Failure::new(HResult::NOT_IMPLEMENTED).into())
    }
}

impl std::fmt::Debug for ImageResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageResult")
            .field("total_blocks", &self.inner.total_blocks)
            .field("disc_id", &self.inner.disc_id)
            .finish_non_exhaustive()
    }
}
