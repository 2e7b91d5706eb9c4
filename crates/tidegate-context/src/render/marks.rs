//! The search for marks that no content holds.

use std::collections::BTreeSet;

use super::{Format, plain, runs, xml};
use crate::marks::Marks;
use crate::packed::PackedFile;

impl Marks {
    /// Where no content takes any.
    pub(crate) const SHORTEST: Self = Self {
        rule: runs::SHORTEST,
        tag: 1,
    };
}

/// What contents have taken of what marks are made of. Contents are looked at once, and need not all be there at once.
#[derive(Debug)]
pub(crate) struct Taken {
    rules: BTreeSet<usize>,
    tags: BTreeSet<usize>,
}

impl Taken {
    pub(crate) const fn new() -> Self {
        Self {
            rules: BTreeSet::new(),
            tags: BTreeSet::new(),
        }
    }

    /// Looks for what the contents of `files` take in each of the formats. Markdown has no marks for a pack: each content
    /// has a fence of its own.
    pub(crate) fn add(&mut self, files: &[PackedFile], formats: &[Format]) {
        for format in formats {
            match format {
                Format::Plain => self.rules.extend(plain::taken(files)),
                Format::Xml => self.tags.extend(xml::taken(files)),
                Format::Markdown => {}
            }
        }
    }

    /// The shortest marks that are free, in the formats that were looked at.
    pub(crate) fn free(&self) -> Marks {
        Marks {
            rule: runs::free(runs::SHORTEST, &self.rules),
            tag: runs::free(1, &self.tags),
        }
    }
}
