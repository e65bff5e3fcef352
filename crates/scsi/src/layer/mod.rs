//! Transports around transports: write a conversation down, play one back, spoil one.

mod fault;
mod record;
mod replay;
mod trace;

#[cfg(target_os = "linux")]
pub(crate) use record::fnv1a;

pub use fault::{Fault, FaultRule, FaultRuleError, Faulty};
pub use record::{Record, RecordError};
pub use replay::Replay;
pub use trace::{Detail, Trace};
