//! Descriptors of ECMA-167 as bytes, one file per structure, both directions. No policy.
//!
//! All integers are little-endian (ECMA-167 1/7.1). Writers fill zeroed memory; readers take what was checked to be
//! long enough.

pub(crate) mod allocation;
pub(crate) mod anchor;
pub(crate) mod charspec;
pub(crate) mod extended_attribute;
pub(crate) mod field;
pub(crate) mod file_entry;
pub(crate) mod file_identifier;
pub(crate) mod file_set;
pub(crate) mod icb_tag;
pub(crate) mod integrity;
pub(crate) mod logical_volume;
pub(crate) mod partition;
pub(crate) mod partition_map;
pub(crate) mod path_component;
pub(crate) mod primary_volume;
pub(crate) mod recognition;
pub(crate) mod regid;
pub(crate) mod space_bitmap;
pub(crate) mod sparing;
pub(crate) mod tag;
pub(crate) mod timestamp;
pub(crate) mod vat;
pub(crate) mod volume_space;
