//! ISO 9660 (ECMA-119), Joliet and Rock Ridge volumes: planned and rendered, read, and checked.
//!
//! [`Layout`] turns a [`glassmaster_tree::Tree`] into areas whose bytes can be rendered in any order;
//! [`IsoVolume`] reads one through its plain, Rock Ridge or Joliet names.

mod check;
mod joliet;
mod layout;
mod level;
mod names;
mod options;
mod raw;
mod read;
mod view;

pub use check::check;
pub use layout::{
    Cursor, DIRECTORIES, DataMap, JOLIET_DIRECTORIES, Layout, LayoutError, PATH_TABLES, VOLUME_DESCRIPTORS,
};
pub use level::Level;
pub use options::{DeepDirectories, Joliet, Options, RockRidge};
pub use read::{IsoVolume, Namespace, namespaces, recognise};
