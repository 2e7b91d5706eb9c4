//! The search for marks that no content holds.

use super::{Format, plain, runs, xml};
use crate::marks::Marks;
use crate::packed::PackedFile;

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
