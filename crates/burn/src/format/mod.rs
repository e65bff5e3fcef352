//! Whole operations on a disc.

pub(crate) mod data;
mod multisession;
mod section;
