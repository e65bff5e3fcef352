//! Shared vocabulary of optical discs: addresses, extents, media, sectors by number. No I/O of its own.

mod address;
mod area;
mod block_range;
mod block_source;
pub mod clock;
mod extent;
mod finding;
mod hresult;
mod media;
mod multisession;
mod session;
pub mod stream;

pub use address::{Lba, Msf, MsfError};
pub use area::Area;
pub use block_range::{BlockRange, BlockRangeList};
pub use block_source::BlockSource;
pub use extent::Extent;
pub use finding::{Finding, Severity};
pub use hresult::HResult;
pub use media::{MediaType, UnknownMedia};
pub use multisession::{Multisession, MultisessionInterface, SessionAddresses};
pub use session::SessionInfo;

/// Bytes of one logical sector of user data (ECMA-119 6.1.2, MMC-6 mode 1 and DVD/BD sectors).
#[doc(alias = "IMAPI_SECTOR_SIZE")]
pub const SECTOR: usize = 2048;

/// [`SECTOR`] in 64 bits, for byte offsets of images.
pub const SECTOR_U64: u64 = 2048;

/// Sectors needed for `bytes` bytes, the last one padded.
#[must_use]
pub const fn sectors_for(bytes: u64) -> u64 {
    bytes.div_ceil(SECTOR_U64)
}
