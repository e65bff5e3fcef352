//! Writing a planned image: to a file by several threads at once, to anything else through a ring.

mod file;
mod pipe;

pub use file::unfinished_outputs;

/// Bytes of one piece handed from reader to writer. Larger ones fall out of the processor's cache and are slower.
const PIECE: usize = 256 * 1024;
