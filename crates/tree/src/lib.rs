//! Neutral directory tree: names, times, sizes, links and data handles. No addresses, no format rules.
//!
//! [`Tree`] is what a file system is made from; [`Entry`] and [`Volume`] are what a file-system reader gives
//! back. Neither knows where a byte stands on a disc.

mod change;
pub mod edit;
mod entry;
mod node;
mod old;
mod stream;
mod time;
mod tree;
mod volume;

pub use change::NameChange;
pub use entry::{Content, Entry};
pub use node::{Kind, Meta, Node, Times};
pub use stream::Stream;
pub use time::{Civil, Timestamp};
pub use tree::{Data, DataId, NodeId, Tree, TreeError};
pub use volume::{ReadError, Visit, Volume, WalkLimits, walk};
