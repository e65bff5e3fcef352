//! Compact Disc coding of ECMA-130 and the Red Book: sectors, their codes, subcode, table of contents, CD-TEXT, and the raw
//! image of a whole disc. Pure: bytes in, bytes out.

mod bcd;
pub mod cd_text;
pub mod cue_file;
pub mod cue_sheet;
pub mod ecc;
mod edc;
mod isrc;
mod mcn;
pub mod raw_image;
mod scramble;
pub mod sector;
pub mod session;
pub mod subcode;
pub mod toc;

pub use edc::edc;
pub use isrc::{Isrc, IsrcError};
pub use mcn::{Mcn, McnError};
pub use scramble::scramble;
