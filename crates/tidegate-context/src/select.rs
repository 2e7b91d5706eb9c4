//! Each file once, under one name.
//!
//! Patterns overlap and links give files a second name. A file packed twice costs twice, and packed under a name that
//! depends on the order of patterns it breaks providers' prompt caches. So files are gathered by where they really
//! lie and named by a rule that knows no order.

use std::collections::BTreeMap;
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

impl From<Sighting> for Choice {
    fn from(sighting: Sighting) -> Self {
        let Sighting {
            real,
            label,
            rank,
            named_by,
        } = sighting;
        Self {
            label,
            real,
            named_by,
            rank,
        }
    }
}

impl Choice {
    /// The file was found once more: tells the name that it is not packed under, if that is another. Its own name goes
    /// first, then the least.
    fn seen_again(&mut self, again: Sighting, directories: &Directories) -> Option<String> {
        if self.named_by.is_none() {
            self.named_by = again.named_by;
        }
        if again.label == self.label {
            return None;
        }
        let own = directories.label(&self.real);
        let turn = |label: &str| (label != own, label.to_owned());
        let better = turn(&again.label) < turn(&self.label);
        Some(if better {
            std::mem::replace(&mut self.label, again.label)
        } else {
            again.label
        })
    }
}

/// All that the patterns have found.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    patterns: usize,
    sightings: Vec<Sighting>,
    skipped: BTreeMap<String, SkipReason>,
}

/// A file, as one pattern found it.
#[derive(Debug)]
struct Sighting {
    real: PathBuf,
    label: String,
    /// The place of the pattern.
    rank: usize,
    named_by: Option<String>,
}

impl Selection {
    /// Adds what `pattern` found.
    pub(crate) fn add(&mut self, pattern: &str, found: Found, directories: &Directories) {
        let rank = self.patterns;
        self.patterns += 1;
        self.sightings
            .extend(found.files.into_iter().map(|file| Sighting {
                label: directories.label(file.way()),
                real: file.real,
                rank,
                named_by: file.named.then(|| pattern.to_owned()),
            }));
        for (path, reason) in found.skipped {
            self.skipped.insert(directories.label(&path), reason);
        }
    }

    /// The files in the order in which they are taken in, and what is left out: those that the prompt names themselves
    /// first, then by the first pattern that found them, then by name.
    pub(crate) fn settle(self, directories: &Directories) -> (Vec<Choice>, Vec<Skipped>) {
        let (mut skipped, mut sightings) = (self.skipped, self.sightings);
        // Bytes are compared: the parts of a path would be taken apart anew each time. The order is stable, so that the
        // first pattern comes first.
        sightings.sort_by(|a, b| a.real.as_os_str().cmp(b.real.as_os_str()));
        let mut choices: Vec<Choice> = Vec::with_capacity(sightings.len());
        let mut second_names = Vec::new();
        for sighting in sightings {
            let place = choices.len().saturating_sub(1);
            match choices.last_mut() {
                Some(choice) if choice.real.as_os_str() == sighting.real.as_os_str() => {
                    let second = choice.seen_again(sighting, directories);
                    second_names.extend(second.map(|name| (place, name)));
                }
                _ => choices.push(sighting.into()),
            }
        }
        skipped.extend(second_names.into_iter().map(|(place, name)| {
            let packed_as = choices[place].label.clone();
            (name, SkipReason::SameFile { packed_as })
        }));
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
