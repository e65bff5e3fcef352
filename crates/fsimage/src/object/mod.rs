//! The image as an object: a tree of items that is edited step by step, options, and the results made of them.

mod add;
mod boot;
mod directory;
mod estimate;
mod event;
mod file;
mod file_system_image;
mod item;
mod names;
mod outcome;
mod path_length;
mod recorded;
mod result;
mod session;
mod state;
mod surroundings;
mod volume_name;

pub use event::UpdateEvent;
pub use file::NamedStreams;
pub use file_system_image::{FileSystemImage, ItemType};
pub use item::{DirectoryItem, FileItem, FsiItem};
pub use outcome::Outcome;
pub use surroundings::{LocalTime, Surroundings};
