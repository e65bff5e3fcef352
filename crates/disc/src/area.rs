//! Sized pieces of an image: what a file system asks for before addresses are given out.

/// A run of sectors with one purpose. A file system says what it needs; the planner says where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Area {
    /// What the run holds, in the words of the standard; shown to people and kept in plans.
    pub label: String,
    /// First sector of the image once placed; before that, the address the standard fixes, if it does.
    pub lba: Option<u32>,
    /// Length in sectors of 2048 bytes; may be 0.
    pub blocks: u32,
}

impl Area {
    /// An area that may stand anywhere.
    #[must_use]
    pub fn floating(label: impl Into<String>, blocks: u32) -> Self {
        Self { label: label.into(), lba: None, blocks }
    }

    /// An area whose address the standard fixes.
    #[must_use]
    pub fn fixed(label: impl Into<String>, lba: u32, blocks: u32) -> Self {
        Self { label: label.into(), lba: Some(lba), blocks }
    }
}
