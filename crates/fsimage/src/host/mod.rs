//! Folders and files of the host as the source of an image.

mod files;
mod look;
mod mount;
mod walk;

pub use files::HostFiles;
pub(crate) use files::{FileReader, HostRef, Mismatch};
pub use walk::{HostSource, HostTree, LeftOut, Links, WalkOptions, WalkProgress};
