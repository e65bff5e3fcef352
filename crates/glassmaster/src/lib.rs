//! Glassmaster masters optical discs: a folder becomes an image, an image becomes a disc, a disc is read back and
//! verified, with real recorders or with a virtual one whose disc is a file.
//!
//! The two halves carry the names of the Image Mastering API they implement: [`imapi2fs`] makes and reads file
//! systems, [`imapi2`] drives recorders. [`disc`] and [`tree`] are the words both share; [`cd`] is what Compact
//! Discs have of their own; [`scsi`] and [`mmc`] are the pipe and the language below.
//!
//! A folder, mastered, burnt to a blank BD-R of the virtual recorder, and verified:
//!
//! ```
//! use std::ops::ControlFlow;
//! use std::sync::Arc;
//!
//! use glassmaster::disc::MediaType;
//! use glassmaster::imapi2::burn::{CancelHandle, DataBurn, DataOptions, VerifyLevel};
//! use glassmaster::imapi2::recorder::DiscRecorder;
//! use glassmaster::imapi2fs::{
//!     FileSystems, HostSource, HostTree, Image, ImageOptions, Revision, WalkOptions,
//! };
//! use glassmaster::tree::Timestamp;
//! use glassmaster::vdrive::{MediumOptions, VirtualDrive};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
//! # let work = tempfile::tempdir()?;
//! # let disc = work.path().join("archive.disc");
//! let source = HostSource { path: folder, contents_only: true };
//! let tree = HostTree::walk(&[source], &WalkOptions::default(), &mut |_| ControlFlow::Continue(()))?;
//! let options = ImageOptions {
//!     file_systems: FileSystems::ISO9660 | FileSystems::ROCK_RIDGE | FileSystems::UDF,
//!     udf_revision: Revision::V201,
//!     ..ImageOptions::new("ARCHIVE", Timestamp::from_secs(1_700_000_000))
//! };
//! let image = Image::new(tree, &options)?;
//!
//! let drive = VirtualDrive::create(&disc, MediaType::BD_R, &MediumOptions::default())?;
//! let recorder = DiscRecorder::open(Box::new(drive))?;
//! let burn = DataBurn::new(DataOptions { verify: VerifyLevel::Full, ..DataOptions::default() });
//! let report = burn.write(
//!     &recorder,
//!     Arc::new(image.source()),
//!     &mut |event| {
//!         println!("{}: {} of {}", event.action, event.done, event.of);
//!         ControlFlow::Continue(())
//!     },
//!     &CancelHandle::new(),
//! )?;
//! assert_eq!(report.verified.ok_or("nothing was read back")?.sectors, u64::from(image.blocks()));
//! # Ok(())
//! # }
//! ```

mod error;

pub use error::{Class, Error};
pub use glassmaster_cd as cd;
pub use glassmaster_disc as disc;
pub use glassmaster_mmc as mmc;
pub use glassmaster_scsi as scsi;
pub use glassmaster_tree as tree;
pub use glassmaster_vdrive as vdrive;

/// The file-system half: trees, images, volumes.
#[doc(alias = "IMAPI2FS")]
pub mod imapi2fs {
    pub use glassmaster_fsimage::*;
    pub use glassmaster_iso9660::{Level, el_torito};
    pub use glassmaster_udf::Revision;
}

/// The burning half: recorders, data burns, verification.
#[doc(alias = "IMAPI2")]
pub mod imapi2 {
    pub use glassmaster_burn as burn;
    pub use glassmaster_recorder as recorder;

    /// Version of the type library whose names these are, the part before the point.
    #[doc(alias = "IMAPILib2_MajorVersion")]
    pub const MAJOR_VERSION: u32 = 1;
    /// The part behind the point.
    #[doc(alias = "IMAPILib2_MinorVersion")]
    pub const MINOR_VERSION: u32 = 0;
}
