//! What is told of a disc: its state in words, and a picture of it.

mod medium;
mod picture;
mod svg;

pub use medium::medium_in_words;
pub use picture::{Band, BandKind, Mark, Picture};
