//! How further sessions can be added to a medium, in numbers that imaging can work with.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::{BlockSource, SessionInfo};

/// Something that tells how a session can be added, as it is at the moment of the question: an object of a drive, or a
/// [`Multisession`] that never changes.
///
/// A drive offers one for each kind of medium; the one to be used is marked, or chosen by the file-system half.
pub trait MultisessionInterface: Send + Sync + fmt::Debug {
    /// The way as it is now.
    ///
    /// # Errors
    /// What the drive says. A drive without a medium is no error: the way is not supported then.
    fn look(&self) -> Result<Multisession, Box<dyn Error + Send + Sync>>;
}

impl<T: MultisessionInterface + ?Sized> MultisessionInterface for Arc<T> {
    fn look(&self) -> Result<Multisession, Box<dyn Error + Send + Sync>> {
        (**self).look()
    }
}

/// One way to add a session to the medium in a drive, or to an image file, as it was when it was looked at.
#[derive(Clone)]
pub struct Multisession {
    /// Whether the medium could be written this way in the state it was in.
    pub supported: bool,
    /// The caller's mark: this is the way to be used.
    pub in_use: bool,
    /// Which way, and its addresses.
    pub addresses: SessionAddresses,
    /// The sectors that are there already; empty on a blank medium.
    pub source: Arc<dyn BlockSource>,
}

impl MultisessionInterface for Multisession {
    fn look(&self) -> Result<Multisession, Box<dyn Error + Send + Sync>> {
        Ok(self.clone())
    }
}

/// Where sessions stand and where the next one goes. Numbers are sectors of 2048 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionAddresses {
    /// Media that grow: each session follows the last one and has structures of its own.
    Sequential {
        /// No earlier session holds a data track.
        first_data_session: bool,
        /// First sector of the last complete session; `None` without one.
        previous_start: Option<u32>,
        /// Last sector of the last complete session; `None` without one.
        previous_last: Option<u32>,
        /// First sector of the session to be written.
        next_writable: u32,
        /// Sectors that can be written from there on, gaps and run-out already deducted.
        free: u64,
        /// Sectors that are written together: 1 for CD, 16 for DVD, 32 for BD.
        write_unit: u32,
    },
    /// Media whose every sector can be written at any time: one physical session, to which logical ones are added.
    RandomWrite {
        /// Start and length of every write are multiples of that many sectors.
        write_unit: u32,
        /// Where the last write ended, from drives that tell; serves wear levelling only.
        last_written: Option<u32>,
        /// Sectors of the medium; 0 where there is no limit but 2^32, as with image files.
        total: u64,
    },
}

impl SessionAddresses {
    /// First sector of the session whose descriptors say what is on the medium; 0 for a blank one.
    #[must_use]
    pub const fn last_session(&self) -> u32 {
        match self {
            Self::Sequential { previous_start: Some(start), .. } => *start,
            Self::Sequential { .. } | Self::RandomWrite { .. } => 0,
        }
    }

    /// Sectors that are written together, at least 1.
    #[must_use]
    pub const fn write_unit(&self) -> u32 {
        match self {
            Self::Sequential { write_unit: 0, .. } | Self::RandomWrite { write_unit: 0, .. } => 1,
            Self::Sequential { write_unit, .. } | Self::RandomWrite { write_unit, .. } => *write_unit,
        }
    }

    /// The session that would be written next on a medium that grows; `None` for the other kind, whose next session
    /// begins where the structures of the last one end.
    #[must_use]
    pub const fn next_session(&self) -> Option<SessionInfo> {
        match self {
            Self::Sequential { next_writable, free, .. } => {
                Some(SessionInfo { start: *next_writable, free_blocks: *free, write_unit: self.write_unit() })
            }
            Self::RandomWrite { .. } => None,
        }
    }
}

impl fmt::Debug for Multisession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multisession")
            .field("supported", &self.supported)
            .field("in_use", &self.in_use)
            .field("addresses", &self.addresses)
            .field("sectors", &self.source.block_count())
            .finish()
    }
}
