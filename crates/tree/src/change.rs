//! What a file system cannot hold as it is.

use crate::NodeId;

/// One name (or other property) that a file system records differently from the source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameChange {
    /// The object.
    pub node: NodeId,
    /// `ISO 9660`, `Joliet`, `Rock Ridge`, `UDF 1.02`, ...
    pub file_system: &'static str,
    /// What is recorded instead of the name, without a version number; `None` when the object is left out.
    pub recorded: Option<String>,
    /// The rule that the source breaks, in a few words with its clause.
    pub reason: &'static str,
}
