//! UDF: the file system of DVD and Blu-ray discs (ECMA-167 3rd edition, OSTA UDF 1.02 to 2.60).
//!
//! [`Layout`] turns a [`Tree`](glassmaster_tree::Tree) into the areas of a volume: measured first, rendered in any
//! order afterwards. [`UdfVolume`] reads volumes, also those
//! of other writers; [`check`] holds them against the standard.

mod check;
mod crc;
mod cs0;
mod layout;
pub mod limits;
mod moved_anchor;
mod options;
mod raw;
mod read;
mod revision;

pub use check::{check, check_session};
pub use layout::{Cursor, DataMap, Layout, ReadContent, area};
pub use limits::violations;
pub use moved_anchor::{FoundAnchor, anchor_at};
pub use options::{AccessType, LayoutError, Options};
pub use read::{Facts, MetadataFacts, PartitionFacts, PartitionKind, UdfVolume, VatFacts, recognise};
pub use revision::{Revision, UnknownRevision};
