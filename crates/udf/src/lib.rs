//! UDF: the file system of DVD and Blu-ray discs (ECMA-167 3rd edition, OSTA UDF 1.02 to 2.01).
//!
//! [`Layout`] turns a [`Tree`](glassmaster_tree::Tree) into the areas of a volume: measured first, rendered in any
//! order afterwards.

mod crc;
#[allow(dead_code)]
mod cs0;
mod layout;
mod options;
#[allow(dead_code)] // decoders come into use with the reader
mod raw;
mod revision;

pub use layout::{Cursor, DataMap, Layout, ReadContent, area};
pub use options::{AccessType, LayoutError, Options};
pub use revision::{Revision, UnknownRevision};
