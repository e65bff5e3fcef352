//! Whole operations on a disc.

pub(crate) mod data;
pub(crate) mod erase;
mod multisession;
mod section;
