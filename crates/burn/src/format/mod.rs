//! Whole operations on a disc.

pub(crate) mod data;
pub(crate) mod disc_format_data;
pub(crate) mod disc_format_erase;
pub(crate) mod erase;
pub(crate) mod erase_error;
pub(crate) mod error;
mod found;
pub(crate) mod multisession;
pub(crate) mod resume;
mod section;
