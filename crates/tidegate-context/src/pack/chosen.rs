//! Which files, before any of them is read.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::cache::Steps;
use crate::directories::Directories;
use crate::find::{Refusal, find};
use crate::options::PackOptions;
use crate::packed::PackError;
use crate::parallel;
use crate::pattern::Pattern;
use crate::read;
use crate::select::{Choice, Selection};
use crate::skip::{SkipReason, Skipped};
use crate::trail::{Stamp, Step, Trail};
use crate::unmatched::{Neighbours, Unmatched};

/// What patterns have found.
pub(super) struct Chosen {
    /// In the order in which they are taken in.
    pub(super) choices: Vec<Choice>,
    /// What the system says of each.
    pub(super) stamps: Vec<Result<Stamp, SkipReason>>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) unmatched: Vec<Unmatched>,
    /// What the pack rests on; `None` where nobody asks, or nobody can tell.
    pub(super) trail: Option<Steps>,
}

impl Chosen {
    pub(super) fn by(
        patterns: &[Pattern],
        directories: &Arc<Directories>,
        options: &PackOptions,
    ) -> Result<Self, PackError> {
        let mut selection = Selection::default();
        let mut unmatched = Vec::new();
        let mut neighbours = Neighbours::of(directories);
        let mut trail = Trail::default();
        for pattern in distinct(patterns) {
            let mut found = find(pattern, directories, &options.progress)
                .map_err(|refusal| refused(pattern, refusal, directories))?;
            if found.is_empty() {
                unmatched.extend(text_after_all(
                    pattern,
                    directories,
                    &mut neighbours,
                    options,
                )?);
            }
            trail.sought(pattern.text(), directories);
            trail.append(std::mem::take(&mut found.trail));
            selection.add(&pattern.to_string(), found, directories);
        }
        let (choices, skipped) = selection.settle(directories);
        let stamps = stamped(&choices);
        let told = options.cache.is_some() && !trail.lost && unmatched.is_empty();
        let trail = told.then(|| steps(&choices, &stamps, trail)).flatten();
        Ok(Self {
            choices,
            stamps,
            skipped,
            unmatched,
            trail,
        })
    }

    /// Whether they are taken in as they stand in a pack.
    pub(super) fn are_in_order(&self) -> bool {
        self.choices.is_sorted_by(|a, b| a.label <= b.label)
    }
}

/// The files in the order of `choices`, then everything else that was looked at, and what the system says of it before
/// anything is read.
fn steps(choices: &[Choice], stamps: &[Result<Stamp, SkipReason>], trail: Trail) -> Option<Steps> {
    let files = choices.iter().zip(stamps).map(|(choice, stamp)| {
        let stamp = *stamp.as_ref().unwrap_or(&Stamp::ABSENT);
        (&*choice.real, Step::Unchanged, stamp)
    });
    let rest: BTreeSet<_> = trail.steps.into_iter().collect();
    let stamped = rest
        .iter()
        .map(|(path, step)| (&**path, *step, Stamp::at(path, *step)));
    Steps::of(choices.len() + rest.len(), files.chain(stamped))
}

fn distinct(patterns: &[Pattern]) -> impl Iterator<Item = &Pattern> {
    let mut seen = HashSet::new();
    patterns.iter().filter(move |&pattern| seen.insert(pattern))
}

/// What to tell of a pattern that matched nothing: nothing at all if it is a mere word.
fn text_after_all(
    pattern: &Pattern,
    directories: &Directories,
    neighbours: &mut Neighbours<'_>,
    options: &PackOptions,
) -> Result<Option<Unmatched>, PackError> {
    if !options.strict && !pattern.looks_like_path() {
        return Ok(None);
    }
    let unmatched = neighbours.unmatched(pattern);
    if options.strict {
        return Err(PackError::NoMatch {
            unmatched,
            searched: directories.to_vec(),
        });
    }
    Ok(Some(unmatched))
}

/// What the system says of each file before anything is read; asking is most of the time that a pack takes to begin.
fn stamped(choices: &[Choice]) -> Vec<Result<Stamp, SkipReason>> {
    let stamp = |(): &mut (), number: usize| read::stamp(&choices[number].real);
    parallel::each(choices.len(), 256, || (), stamp)
}

fn refused(pattern: &Pattern, refusal: Refusal, directories: &Directories) -> PackError {
    let pattern = pattern.to_string();
    match refusal {
        Refusal::Outside { resolved } => PackError::Outside {
            pattern,
            resolved,
            allowed: directories.to_vec(),
        },
        Refusal::NotAFile => PackError::Unpackable {
            pattern,
            reason: SkipReason::NotAFile,
        },
        Refusal::Unreadable(error) => PackError::Unpackable {
            pattern,
            reason: SkipReason::unreadable(error),
        },
        Refusal::TooBroad { limit } => PackError::TooBroad { pattern, limit },
    }
}
