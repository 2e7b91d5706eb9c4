//! Each file once, under one name.
//!
//! Patterns overlap and links give files a second name. A file packed twice costs twice, and packed under a name that
//! depends on the order of patterns it breaks providers' prompt caches. So files are gathered by where they really
//! lie and named by a rule that knows no order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::directories::Directories;
use crate::skip::{SkipReason, Skipped};
use crate::walk::Found;

/// A file to be packed, if it can be.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) label: String,
    pub(crate) real: PathBuf,
    /// The pattern that names just this file, as it was typed.
    pub(crate) named_by: Option<String>,
    rank: usize,
}

impl Choice {
    fn turn(&self) -> (bool, usize, &str) {
        let named = self.named_by.is_some();
        (!named, if named { 0 } else { self.rank }, &self.label)
    }
}

/// All that the patterns have found.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    patterns: usize,
    files: BTreeMap<PathBuf, Names>,
    skipped: BTreeMap<String, SkipReason>,
}

#[derive(Debug, Default)]
struct Names {
    labels: BTreeSet<String>,
    named_by: Option<String>,
    /// The place of the first pattern that found it.
    rank: usize,
}

impl Selection {
    /// Adds what `pattern` found.
    pub(crate) fn add(&mut self, pattern: &str, found: Found, directories: &Directories) {
        let rank = self.patterns;
        self.patterns += 1;
        for file in found.files {
            let first = || Names {
                rank,
                ..Names::default()
            };
            let names = self.files.entry(file.real).or_insert_with(first);
            names.labels.insert(directories.label(&file.logical));
            if file.named {
                names.named_by.get_or_insert_with(|| pattern.to_owned());
            }
        }
        for (path, reason) in found.skipped {
            self.skipped.insert(directories.label(&path), reason);
        }
    }

    /// The files in the order in which they are taken in, and what is left out: those that the prompt names themselves
    /// first, then by the first pattern that found them, then by name.
    pub(crate) fn settle(self, directories: &Directories) -> (Vec<Choice>, Vec<Skipped>) {
        let mut skipped = self.skipped;
        let mut choices = Vec::with_capacity(self.files.len());
        for (
            real,
            Names {
                mut labels,
                named_by,
                rank,
            },
        ) in self.files
        {
            let Some(label) = labels
                .take(&directories.label(&real))
                .or_else(|| labels.pop_first())
            else {
                continue;
            };
            let same = || SkipReason::SameFile {
                packed_as: label.clone(),
            };
            skipped.extend(labels.into_iter().map(|other| (other, same())));
            choices.push(Choice {
                label,
                real,
                named_by,
                rank,
            });
        }
        choices.sort_by(|a, b| a.turn().cmp(&b.turn()));
        (
            choices,
            skipped
                .into_iter()
                .map(|(path, reason)| Skipped { path, reason })
                .collect(),
        )
    }
}
