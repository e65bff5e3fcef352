//! Glassmaster masters optical discs: a folder becomes an image, an image becomes a disc, a disc is read back and
//! verified, with real recorders or with a virtual one whose disc is a file.
//!
//! The two halves carry the names of the Image Mastering API they implement: [`imapi2fs`] makes and reads file
//! systems, [`imapi2`] drives recorders. [`disc`] and [`tree`] are the words both share; [`scsi`] and [`mmc`] are the
//! pipe and the language below.

mod error;

pub use error::{Class, Error};
pub use glassmaster_disc as disc;
pub use glassmaster_mmc as mmc;
pub use glassmaster_scsi as scsi;
pub use glassmaster_tree as tree;
pub use glassmaster_vdrive as vdrive;

/// The file-system half: trees, images, volumes.
#[doc(alias = "IMAPI2FS")]
pub mod imapi2fs {
    pub use glassmaster_fsimage::*;
    pub use glassmaster_iso9660::Level;
    pub use glassmaster_udf::Revision;
}

/// The burning half: recorders, data burns, verification.
#[doc(alias = "IMAPI2")]
pub mod imapi2 {
    pub use glassmaster_burn as burn;
    pub use glassmaster_recorder as recorder;
}
