//! What a format's marks are made of, so that no content holds them.
//!
//! To find them takes a search through everything. So they go with a pack once they are known, and a pack that is kept keeps
//! them, too.

/// What the marks of one pack are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Signs of a rule in the plain format.
    pub(crate) rule: usize,
    /// The number of a tag in XML; 1 for tags without a number.
    pub(crate) tag: usize,
}
