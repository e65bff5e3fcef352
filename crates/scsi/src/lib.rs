//! The pipe to a drive: command blocks out, data and status back (SAM-5, SPC-4).
//!
//! Everything that can execute a command is a [`Transport`]: the kernel's SG_IO, a recorder process behind a
//! socket, an emulator in this process, and the layers that trace, replay or spoil a conversation. What the
//! drive says is an [`Outcome`]; what went wrong on the way to it is a [`TransportError`]. The two never mix.

mod cdb;
pub mod layer;
pub mod sense;
pub mod sys;
mod system;
mod transport;
#[cfg(target_os = "linux")]
pub mod wire;

pub use cdb::{Cdb, CdbLengthError};
pub use sense::{AdditionalSense, FieldPointer, Sense, SenseKey};
pub use system::{Bus, Claim, SystemFacts, TransferLimits};
pub use transport::{CommandFailure, DataPhase, Direction, Outcome, Status, Transport, TransportError};
