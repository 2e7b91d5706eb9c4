//! From the patterns of a prompt to the text that goes before it.
//!
//! The promise is that a prompt goes out with what it names or somebody is told. A file named itself that cannot be
//! packed is an error, with the numbers and what to do; what a glob or a directory could not bring along is listed; a
//! pattern that matches nothing is handed back with the names it may have meant, or is an error for those who ask.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::cache::{self, Keeping, Steps};
use crate::directories::Directories;
use crate::fill::fill;
use crate::find::{Refusal, find};
use crate::options::{CacheOptions, PackOptions};
use crate::packed::{PackError, Packed, WriteError, Written};
use crate::parallel;
use crate::pattern::Pattern;
use crate::read;
use crate::render::Layout;
use crate::select::{Choice, Selection};
use crate::skip::SkipReason;
use crate::trail::{Stamp, Step, Trail};
use crate::unmatched::{Neighbours, Unmatched};

/// Packs the files that `patterns` name.
///
/// The result depends on the files alone, not on the order of the directories' entries; on that of the patterns only
/// where not everything fits: files named themselves come first, then what the first pattern matches, and so on. It
/// blocks while it reads: call it where that is allowed. Without patterns the file system is not touched.
pub fn pack(patterns: &[Pattern], options: &PackOptions) -> Result<Packed, PackError> {
    pack_at(cache::now(), patterns, options)
}

/// Packs the files that `patterns` name, as [`pack`] does, and writes them into `file`, which is empty, as `layout` says.
///
/// A pack that was [kept](PackOptions::cache) goes from there to the file piece by piece: in less time, and in memory that
/// does not depend on its size. After an error, what is in `file` is of no use.
pub fn pack_into(
    file: &mut File,
    layout: Layout,
    patterns: &[Pattern],
    options: &PackOptions,
) -> Result<Written, WriteError> {
    pack_into_at(cache::now(), file, layout, (patterns, options))
}

/// The same, at another time than now.
fn pack_into_at(
    now: u64,
    file: &mut File,
    layout: Layout,
    (patterns, options): (&[Pattern], &PackOptions),
) -> Result<Written, WriteError> {
    let Some(asked) = Asked::at(now, patterns, options)? else {
        return Ok(Written::default());
    };
    match asked.copied(file, layout) {
        Some(written) => Ok(written?),
        None => Ok(asked.packed()?.write_into(file, layout)?),
    }
}

/// As [`pack`], at another time than now: what is kept grows old, and what was just written is in doubt.
pub(crate) fn pack_at(
    now: u64,
    patterns: &[Pattern],
    options: &PackOptions,
) -> Result<Packed, PackError> {
    let asked = Asked::at(now, patterns, options)?;
    asked.map_or_else(
        || Ok(Packed::default()),
        |asked| asked.recalled().map_or_else(|| asked.packed(), Ok),
    )
}

/// What is to be packed, and when.
struct Asked<'p> {
    now: u64,
    patterns: &'p [Pattern],
    options: &'p PackOptions,
    directories: Arc<Directories>,
    /// Where it may be kept, and under which name.
    kept: Option<(&'p CacheOptions, String)>,
}

impl<'p> Asked<'p> {
    /// `None`: nothing is.
    fn at(
        now: u64,
        patterns: &'p [Pattern],
        options: &'p PackOptions,
    ) -> Result<Option<Self>, PackError> {
        if patterns.is_empty() {
            return Ok(None);
        }
        let directories = Arc::new(Directories::open(&options.root, &options.include_dirs)?);
        let question = || cache::question(patterns, &directories, options);
        let kept = options.cache.as_ref().map(|cache| (cache, question()));
        Ok(Some(Self {
            now,
            patterns,
            options,
            directories,
            kept,
        }))
    }

    fn recalled(&self) -> Option<Packed> {
        let (cache, question) = self.kept.as_ref()?;
        cache::recall(question, cache, self.now, (&self.directories, self.options))
    }

    fn copied(&self, file: &mut File, layout: Layout) -> Option<io::Result<Written>> {
        let (cache, question) = self.kept.as_ref()?;
        let now_there = (&*self.directories, self.options);
        cache::copy_into(file, layout, question, cache, self.now, now_there)
    }

    /// Made anew, and kept.
    fn packed(&self) -> Result<Packed, PackError> {
        let Fresh {
            packed,
            trail,
            files,
        } = fresh(self.patterns, &self.directories, self.options)?;
        let trail = trail.filter(|_| packed.unmatched().is_empty());
        let (Some((cache, question)), Some(trail)) = (&self.kept, trail) else {
            return Ok(packed);
        };
        let keeping = Keeping {
            packed: &packed,
            root: self.options.root.display().to_string(),
            patterns: self.patterns.iter().map(Pattern::to_string).collect(),
            trail,
            files,
            taken: self.now,
        };
        let marks = cache::keep(question, cache, keeping);
        Ok(packed.marked(marks))
    }
}

/// A pack, and what it rests on.
struct Fresh {
    packed: Packed,
    /// `None` where nobody asks, or nobody can tell.
    trail: Option<Steps>,
    /// Where in the trail each file stands.
    files: Vec<usize>,
}

fn fresh(
    patterns: &[Pattern],
    directories: &Arc<Directories>,
    options: &PackOptions,
) -> Result<Fresh, PackError> {
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
    let (mut choices, mut skipped) = selection.settle(directories);
    let stamps = stamped(&choices);
    let told = options.cache.is_some() && !trail.lost;
    let trail = told.then(|| steps(&choices, &stamps, trail)).flatten();
    let filled = fill(&mut choices, &stamps, directories, options)?;
    skipped.extend(filled.skipped);
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    let (numbers, files) = filled.files.into_iter().unzip();
    let packed = Packed::made(files, skipped, unmatched);
    Ok(Fresh {
        packed,
        trail,
        files: numbers,
    })
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

#[cfg(all(test, unix))]
#[expect(
    clippy::unwrap_used,
    reason = "clippy's exception for tests does not reach their helper functions"
)]
mod tests;
