//! The files under a directory, by the rules a project has for its own files.
//!
//! `@src` means the sources, not the build output and not 40 000 files of dependencies: the project's [rules](crate::rules)
//! hold, hidden files stay out. The rules come from the repository around the directory (without one, from the allowed
//! directory), never from the user's home or machine, so that the same tree gives the same files. What is named
//! literally overrides the rules: they judge only what a directory or a wildcard ranges over.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ignore::{DirEntry, WalkBuilder};

use crate::area::Area;
use crate::directories::Directories;
use crate::generated::is_generated;
use crate::progress::Progress;
use crate::rules::{self, Rules, Verdict};
use crate::skip::SkipReason;
use crate::trail::Trail;

/// The most entries one pattern may visit. A walk over more is a home directory or a disk, named by mistake.
const MOST_ENTRIES: usize = 500_000;

/// The most links one pattern may follow. More are links to links that multiply, and each is resolved anew.
const MOST_LINKS: usize = 10_000;

/// What a pattern names.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<FoundFile>,
    pub(crate) skipped: Vec<(PathBuf, SkipReason)>,
    /// What this rests on.
    pub(crate) trail: Trail,
}

impl Found {
    /// Whether nothing was matched: a directory passed over on the way is no match.
    pub(crate) fn is_empty(&self) -> bool {
        let passed = |(_, reason): &(PathBuf, SkipReason)| *reason == SkipReason::Generated;
        self.files.is_empty() && self.skipped.iter().all(passed)
    }
}

/// A file to pack.
#[derive(Debug)]
pub(crate) struct FoundFile {
    /// The path without links: the file's identity.
    pub(crate) real: PathBuf,
    /// The path it was reached by, links and all, where that is another.
    pub(crate) logical: Option<PathBuf>,
    /// Whether the prompt names just this file.
    pub(crate) named: bool,
}

impl FoundFile {
    pub(crate) fn of(real: PathBuf, logical: PathBuf, named: bool) -> Self {
        let differs = logical.as_os_str() != real.as_os_str();
        Self {
            real,
            logical: differs.then_some(logical),
            named,
        }
    }

    /// The path it was reached by.
    pub(crate) fn way(&self) -> &Path {
        self.logical.as_deref().unwrap_or(&self.real)
    }
}

/// More entries or links than one pattern may visit.
#[derive(Debug)]
pub(crate) struct TooBroad {
    pub(crate) limit: usize,
}

pub(crate) fn walk(
    area: Area,
    directories: &Arc<Directories>,
    progress: &Progress,
) -> Result<Found, TooBroad> {
    walk_at_most(MOST_ENTRIES, area, directories, progress)
}

fn walk_at_most(
    limit: usize,
    area: Area,
    directories: &Arc<Directories>,
    progress: &Progress,
) -> Result<Found, TooBroad> {
    let mut found = Found::default();
    if is_inside_git(&area.logical, directories) {
        return Ok(found);
    }
    let rules = match rules::holding_in(&area.logical, directories) {
        Ok(rules) => rules,
        Err(error) => {
            found.trail.lost = true;
            found
                .skipped
                .push((area.logical, SkipReason::unreadable(error)));
            return Ok(found);
        }
    };
    let gate = Arc::new(Gate::new(area, rules, directories));
    gate.state().trail.begins(&gate.area.logical);
    for (visited, entry) in gate.entries().enumerate() {
        progress.one_looked_at();
        if visited == limit {
            return Err(TooBroad { limit });
        }
        if gate.state().followed > MOST_LINKS {
            return Err(TooBroad { limit: MOST_LINKS });
        }
        match entry {
            Ok(entry) => gate.collect(&entry, &mut found),
            Err(error) => gate.report(&error, &mut found),
        }
    }
    let mut state = gate.state();
    found.trail = std::mem::take(&mut state.trail);
    found.trail.lost |= state.followed > 0
        || state
            .refused
            .iter()
            .any(|(_, reason)| *reason != SkipReason::Generated);
    found.skipped.append(&mut state.refused);
    drop(state);
    Ok(found)
}

/// Shows up to `limit` paths under the allowed directory `directory`, without a word about what is left out.
pub(crate) fn glance(
    directory: &Path,
    limit: usize,
    directories: &Arc<Directories>,
    mut look: impl FnMut(&Path),
) {
    let Ok(rules) = rules::holding_in(directory, directories) else {
        return;
    };
    let area = Area {
        logical: directory.to_path_buf(),
        real: directory.to_path_buf(),
        glob: None,
    };
    let gate = Arc::new(Gate::new(area, rules, directories));
    for entry in gate.entries().take(limit).flatten() {
        look(entry.path());
    }
}

/// A repository's own files are never wanted: they hold credentials and every old version.
fn is_inside_git(path: &Path, directories: &Directories) -> bool {
    let below = directories
        .holding(path)
        .and_then(|directory| path.strip_prefix(directory).ok());
    below.is_some_and(|below| below.components().any(|part| part.as_os_str() == ".git"))
}

/// Decides what is entered and remembers what was refused.
struct Gate {
    area: Area,
    directories: Arc<Directories>,
    state: Mutex<State>,
}

struct State {
    rules: Rules,
    /// How many links were followed. From the first one on paths are no longer what they seem.
    followed: usize,
    refused: Vec<(PathBuf, SkipReason)>,
    trail: Trail,
}

impl Gate {
    fn new(area: Area, rules: Rules, directories: &Arc<Directories>) -> Self {
        Self {
            area,
            directories: Arc::clone(directories),
            state: Mutex::new(State {
                rules,
                followed: 0,
                refused: Vec::new(),
                trail: Trail::default(),
            }),
        }
    }

    /// What lies in the area and is admitted, in the order of names.
    fn entries(self: &Arc<Self>) -> ignore::Walk {
        let gate = Arc::clone(self);
        WalkBuilder::new(&self.area.logical)
            .standard_filters(false)
            .follow_links(true)
            .max_depth(self.area.glob.as_ref().and_then(|glob| glob.depth))
            .sort_by_file_name(OsStr::cmp)
            .filter_entry(move |entry| gate.admits(entry))
            .build()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admits(&self, entry: &DirEntry) -> bool {
        let admitted = self.wants_to_see(entry);
        let trail = &mut self.state().trail;
        trail.saw(entry.path());
        if admitted && entry.file_type().is_some_and(|kind| kind.is_dir()) {
            trail.listed(entry.path());
        }
        admitted
    }

    fn wants_to_see(&self, entry: &DirEntry) -> bool {
        let path = entry.path();
        let Some(below) = self.area.below(path) else {
            return false;
        };
        if below.as_os_str().is_empty() {
            return true;
        }
        let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
        if is_hidden(entry.file_name()) {
            return false;
        }
        let verdict = self.state().rules.judge(path, is_dir);
        verdict != Verdict::Ignored
            && (!entry.path_is_symlink() || self.follows(path, below))
            && (!is_dir || self.enters(path, below, verdict))
    }

    /// A link is followed to where its target could have been named: inside, and not hidden there.
    fn follows(&self, path: &Path, below: &Path) -> bool {
        let Ok(target) = path.canonicalize() else {
            return false;
        };
        let Some(directory) = self.directories.holding(&target) else {
            let wanted = self.area.wants(below) || target.is_dir() && self.area.ranges_over(below);
            self.refuse_if(wanted, path, || SkipReason::LeadsOutside { target });
            return false;
        };
        let hidden = target
            .strip_prefix(directory)
            .is_ok_and(|below| below.iter().any(is_hidden));
        self.state().followed += usize::from(!hidden);
        !hidden
    }

    /// A directory is entered if the project wrote it, or a rule says that it did, and if its rules are known.
    fn enters(&self, path: &Path, below: &Path, verdict: Verdict) -> bool {
        let wanted = self.area.ranges_over(below);
        if verdict != Verdict::Kept && is_generated(path) {
            self.state().trail.listed(path);
            return self.refuse_if(wanted, path, || SkipReason::Generated);
        }
        let entered = self.state().rules.enter(path);
        match entered {
            Ok(()) => true,
            Err(error) => self.refuse_if(wanted, path, || SkipReason::unreadable(error)),
        }
    }

    /// Always `false`: what is refused is not entered.
    fn refuse_if(&self, wanted: bool, path: &Path, reason: impl FnOnce() -> SkipReason) -> bool {
        if wanted {
            self.state().refused.push((path.to_path_buf(), reason()));
        }
        false
    }

    fn collect(&self, entry: &DirEntry, found: &mut Found) {
        let Some(below) = self.area.below(entry.path()) else {
            return;
        };
        let Some(kind) = entry.file_type().filter(|kind| !kind.is_dir()) else {
            return;
        };
        if !self.area.wants(below) {
            return;
        }
        let logical = entry.path().to_path_buf();
        match self.identity(entry, below) {
            _ if !kind.is_file() => found.skipped.push((logical, SkipReason::NotAFile)),
            Ok(real) => found.files.push(FoundFile::of(real, logical, false)),
            Err(error) => found.skipped.push((logical, SkipReason::unreadable(error))),
        }
    }

    /// Asks the system only where links are involved: it is one call for every part of the path.
    fn identity(&self, entry: &DirEntry, below: &Path) -> io::Result<PathBuf> {
        if self.state().followed > 0 {
            entry.path().canonicalize()
        } else {
            Ok(self.area.real.join(below))
        }
    }

    fn report(&self, error: &ignore::Error, found: &mut Found) {
        self.state().trail.lost = true;
        let Some(path) = failed_path(error) else {
            return;
        };
        let Some(below) = self
            .area
            .below(path)
            .filter(|below| !below.iter().any(is_hidden))
        else {
            return;
        };
        if self.area.wants(below) || path.is_dir() && self.area.ranges_over(below) {
            found.skipped.push((path.to_path_buf(), reason(error)));
        }
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn failed_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            failed_path(err)
        }
        _ => None,
    }
}

fn reason(error: &ignore::Error) -> SkipReason {
    match error.io_error() {
        Some(error) => SkipReason::unreadable(error),
        None => SkipReason::unreadable("a link to a directory it lies in"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::Glob;

    fn walk_of_three(limit: usize) -> Result<Found, TooBroad> {
        let tree = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            std::fs::write(tree.path().join(name), "").unwrap();
        }
        let directories = Arc::new(Directories::open(tree.path(), &[]).unwrap());
        let root = directories.paths().next().unwrap().to_path_buf();
        let area = Area {
            logical: root.clone(),
            real: root,
            glob: None,
        };
        walk_at_most(limit, area, &directories, &Progress::default())
    }

    #[test]
    fn a_glob_below_a_directory_that_does_not_exist_walks_nothing() {
        assert!(Glob::new("none/*.rs").is_none());
        assert!(Glob::new("*/none.rs").is_some());
    }

    #[test]
    fn a_walk_ends_at_its_limit() {
        assert_eq!(walk_of_three(3).unwrap().files.len(), 2);
        assert_eq!(walk_of_three(2).unwrap_err().limit, 2);
    }
}
