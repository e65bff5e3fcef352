//! The language of optical drives, MMC-6, as typed bytes in both directions. No I/O.
//!
//! A driver builds a command, sends its [`Command::cdb`] through a transport and reads the answer with
//! [`Query::parse_response`]. A drive reads the same block with [`AnyCommand::parse`] and builds the same answer
//! with `to_bytes`. Codes that a drive may invent (profiles, features, pages) are open newtypes: an unknown number
//! is kept.
//!
//! Every command is a plain struct with public fields in [`cmd`]; one file has one standard name.

mod bytes;
pub mod cmd;
mod command;
pub mod feature;
mod field;
pub mod opcode;
pub mod page;
pub mod profile;

pub use bytes::U24;
pub use command::{AnyCommand, Command, Query, Refusal, Transfer};
pub use field::{FieldError, ResponseError};
pub use profile::Profile;
