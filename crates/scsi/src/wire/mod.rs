//! A recorder process behind a unix SOCK_SEQPACKET socket: one message a command, one message an answer.
//!
//! All numbers are 32 bits in the byte order of the machine, both sides being on one.
//!
//! | request | bytes | answer | bytes |
//! |---|---|---|---|
//! | tag | 0-3 | tag of the request | 0-3 |
//! | logical unit, 0 | 4-7 | status byte | 4-7 |
//! | command block, zeros after its end | 8-23 | data length | 8-11 |
//! | its length, 6-16 | 24 | data-in, or sense data with a status other than GOOD | 12- |
//! | zeros | 25-27 | | |
//! | data length | 28-31 | | |
//! | data-out | 32- | | |
//!
//! The data length of a request is what the host sends or expects; a message with bytes after its header is
//! data-out. A connection is one opener of the drive; it lasts until either side closes it. A side that breaks the
//! rules is disconnected.

mod client;
mod frame;
mod serve;

pub use client::Client;
pub use serve::{Listener, serve};

/// Most data bytes of one message.
pub const MAX_DATA: usize = 4 << 20;
