//! Compact Disc coding of ECMA-130 and the Red Book: sectors, their codes, subcode, table of contents, CD-TEXT, and the raw
//! image of a whole disc. Pure: bytes in, bytes out.

mod bcd;
pub mod ecc;
mod edc;
mod isrc;
mod mcn;
mod scramble;
pub mod sector;
pub mod subcode;

pub use edc::edc;
pub use isrc::{Isrc, IsrcError};
pub use mcn::{Mcn, McnError};
pub use scramble::scramble;
