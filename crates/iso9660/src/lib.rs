//! ISO 9660 (ECMA-119), Joliet, Rock Ridge and El Torito volumes: planned and rendered, read, and checked.
//!
//! [`Layout`] turns a [`glassmaster_tree::Tree`] into areas whose bytes can be rendered in any order;
//! [`IsoVolume`] reads one through its plain, Rock Ridge or Joliet names.

mod check;
pub mod el_torito;
mod joliet;
mod layout;
mod level;
pub mod limits;
mod names;
mod options;
mod raw;
mod read;
mod same_name;
mod view;

pub use check::check;
pub use layout::{
    BOOT_CATALOG, Cursor, DIRECTORIES, DataMap, JOLIET_DIRECTORIES, Layout, LayoutError, PATH_TABLES,
    VOLUME_DESCRIPTORS,
};
pub use level::Level;
pub use options::{DeepDirectories, Joliet, Options, RockRidge};
pub use read::{
    Facts, FoundCatalog, FoundEntry, IsoVolume, Namespace, PathTables, boot_catalog, facts, namespaces,
    recognise,
};
pub use same_name::{joliet_form, primary_form};
