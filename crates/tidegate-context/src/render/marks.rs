//! The marks that no content holds.
//!
//! To find them takes a search through everything. It is done once: a pack that is kept keeps them, too.

use super::{Format, plain, runs, xml};
use crate::packed::PackedFile;

/// What a format's marks are made of, so that none of the contents has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Signs of a rule in the plain format.
    pub(crate) rule: usize,
    /// The number of a tag in XML; 1 for tags without a number.
    pub(crate) tag: usize,
}

impl Marks {
    const SHORTEST: Self = Self {
        rule: runs::SHORTEST,
        tag: 1,
    };

    /// Those of all formats. Markdown has none for a pack: each content has a fence of its own.
    pub(crate) fn of(files: &[PackedFile]) -> Self {
        Self {
            rule: plain::free_rule(files),
            tag: xml::free_tag(files),
        }
    }

    /// Those of one format; the others are not looked for.
    pub(super) fn in_format(files: &[PackedFile], format: Format) -> Self {
        let mut marks = Self::SHORTEST;
        match format {
            Format::Plain => marks.rule = plain::free_rule(files),
            Format::Xml => marks.tag = xml::free_tag(files),
            Format::Markdown => {}
        }
        marks
    }
}
