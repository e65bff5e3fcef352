//! Whole operations on a disc.

pub(crate) mod data;
