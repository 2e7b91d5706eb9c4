//! The files under a directory, by the rules a project has for its own files.
//!
//! `@src` means the sources, not the build output and not 40 000 files of dependencies: `.gitignore`, `.ignore` and
//! `.git/info/exclude` hold, hidden files stay out. The rules come from the repository around the directory (without
//! one, from the allowed directory), never from the user's home or machine, so that the same tree gives the same
//! files. What is named literally overrides the rules: they judge only what a directory or a wildcard ranges over.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use globset::{GlobBuilder, GlobMatcher};
use ignore::{DirEntry, WalkBuilder};

use crate::directories::Directories;
use crate::skip::SkipReason;
use crate::trail::Trail;

/// The most entries one pattern may visit. A walk over more is a home directory or a disk, named by mistake, or links
/// to links that multiply.
const MOST_ENTRIES: usize = 500_000;

/// What a pattern names.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<FoundFile>,
    pub(crate) skipped: Vec<(PathBuf, SkipReason)>,
    /// What this rests on.
    pub(crate) trail: Trail,
}

impl Found {
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.skipped.is_empty()
    }
}

/// A file to pack.
#[derive(Debug)]
pub(crate) struct FoundFile {
    /// The path it was reached by, links and all.
    pub(crate) logical: PathBuf,
    /// The path without links: the file's identity.
    pub(crate) real: PathBuf,
    /// Whether the prompt names just this file.
    pub(crate) named: bool,
}

/// More entries than one pattern may visit.
#[derive(Debug)]
pub(crate) struct TooBroad {
    pub(crate) limit: usize,
}

/// The part of a pattern that starts with its first wildcard.
#[derive(Debug)]
pub(crate) struct Glob {
    matcher: GlobMatcher,
    /// How many directories below its base it can match; `None` with `**`.
    depth: Option<usize>,
}

impl Glob {
    /// `None` if it is no glob, or can match nothing since it goes on with a directory that does not exist.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let leads_nowhere = text
            .split_once('/')
            .is_some_and(|(head, _)| !head.contains(['*', '?', '[', '{']));
        if leads_nowhere {
            return None;
        }
        let text = if text.ends_with('/') {
            format!("{text}**")
        } else {
            text.to_owned()
        };
        let matcher = GlobBuilder::new(&text)
            .literal_separator(true)
            .build()
            .ok()?
            .compile_matcher();
        let depth = (!text.contains("**")).then(|| text.matches('/').count() + 1);
        Some(Self { matcher, depth })
    }
}

/// A directory, and what is wanted of it: everything without a glob.
#[derive(Debug)]
pub(crate) struct Area {
    pub(crate) logical: PathBuf,
    pub(crate) real: PathBuf,
    pub(crate) glob: Option<Glob>,
}

impl Area {
    fn below<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.logical).ok()
    }

    fn wants(&self, below: &Path) -> bool {
        self.glob
            .as_ref()
            .is_none_or(|glob| glob.matcher.is_match(below))
    }

    /// Whether something wanted could lie in the directory `below`.
    fn ranges_over(&self, below: &Path) -> bool {
        let depth = self.glob.as_ref().and_then(|glob| glob.depth);
        depth.is_none_or(|depth| below.components().count() < depth)
    }
}

pub(crate) fn walk(area: Area, directories: &Arc<Directories>) -> Result<Found, TooBroad> {
    walk_at_most(MOST_ENTRIES, area, directories)
}

fn walk_at_most(
    limit: usize,
    area: Area,
    directories: &Arc<Directories>,
) -> Result<Found, TooBroad> {
    let mut found = Found::default();
    if is_inside_git(&area.logical, directories) {
        return Ok(found);
    }
    let mut builder = rules(&ceiling(&area.logical, directories), &area);
    let gate = Arc::new(Gate {
        area,
        directories: Arc::clone(directories),
        links: Mutex::default(),
        trail: Mutex::default(),
    });
    gate.trail().begins(&gate.area.logical);
    let admits = Arc::clone(&gate);
    builder.filter_entry(move |entry| admits.admits(entry));
    for (visited, entry) in builder.build().enumerate() {
        if visited == limit {
            return Err(TooBroad { limit });
        }
        match entry {
            Ok(entry) => gate.collect(&entry, &mut found),
            Err(error) => gate.report(&error, &mut found),
        }
    }
    let links = std::mem::take(&mut *gate.links());
    found.trail = std::mem::take(&mut *gate.trail());
    found.trail.lost |= links.followed || !links.refused.is_empty();
    found.skipped.extend(links.refused);
    Ok(found)
}

/// A repository's own files are never wanted: they hold credentials and every old version.
fn is_inside_git(path: &Path, directories: &Directories) -> bool {
    let below = directories
        .holding(path)
        .and_then(|directory| path.strip_prefix(directory).ok());
    below.is_some_and(|below| below.components().any(|part| part.as_os_str() == ".git"))
}

/// A walk from `ceiling` down to the area and through it.
fn rules(ceiling: &Path, area: &Area) -> WalkBuilder {
    let way = area
        .logical
        .strip_prefix(ceiling)
        .map_or(0, |way| way.components().count());
    let depth = area.glob.as_ref().and_then(|glob| glob.depth);
    let mut builder = matching(ceiling);
    builder
        .follow_links(true)
        .max_depth(depth.map(|depth| depth + way))
        .sort_by_file_name(OsStr::cmp);
    builder
}

fn matching(ceiling: &Path) -> WalkBuilder {
    let mut builder = WalkBuilder::new(ceiling);
    builder
        .current_dir(ceiling)
        .parents(false)
        .hidden(false)
        .git_global(false)
        .require_git(false);
    builder
}

/// The directory whose rules hold at `base`: the repository's, else the allowed directory, unless that itself ignores
/// `base`, which was named all the same.
fn ceiling(base: &Path, directories: &Directories) -> PathBuf {
    let repository = base
        .ancestors()
        .find(|directory| directory.join(".git").exists());
    let mut outer = [repository, directories.holding(base)]
        .into_iter()
        .flatten();
    outer
        .find(|outer| keeps(outer, base))
        .unwrap_or(base)
        .to_path_buf()
}

fn keeps(ceiling: &Path, base: &Path) -> bool {
    let Ok(way) = base.strip_prefix(ceiling) else {
        return false;
    };
    let matched = |mut matcher: ignore::IncrementalIgnore| matcher.matched(way, true).is_ignore();
    !matching(ceiling).build_matchers().into_iter().any(matched)
}

/// Decides what is entered and remembers what was refused.
struct Gate {
    area: Area,
    directories: Arc<Directories>,
    links: Mutex<Links>,
    trail: Mutex<Trail>,
}

#[derive(Default)]
struct Links {
    /// Whether any was followed, so that paths are no longer what they seem.
    followed: bool,
    refused: Vec<(PathBuf, SkipReason)>,
}

impl Gate {
    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trail(&self) -> MutexGuard<'_, Trail> {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admits(&self, entry: &DirEntry) -> bool {
        let admitted = self.wants_to_see(entry);
        let mut trail = self.trail();
        trail.saw(entry.path());
        if admitted && entry.file_type().is_some_and(|kind| kind.is_dir()) {
            trail.listed(entry.path());
        }
        admitted
    }

    fn wants_to_see(&self, entry: &DirEntry) -> bool {
        let path = entry.path();
        let Some(below) = self.area.below(path) else {
            return self.area.logical.starts_with(path);
        };
        below.as_os_str().is_empty()
            || !is_hidden(entry.file_name())
                && (!entry.path_is_symlink() || self.follows(path, below))
    }

    /// A link is followed to where its target could have been named: inside, and not hidden there.
    fn follows(&self, path: &Path, below: &Path) -> bool {
        let Ok(target) = path.canonicalize() else {
            return false;
        };
        let Some(directory) = self.directories.holding(&target) else {
            self.refuse(path, below, target);
            return false;
        };
        let hidden = target
            .strip_prefix(directory)
            .is_ok_and(|below| below.iter().any(is_hidden));
        self.links().followed |= !hidden;
        !hidden
    }

    fn refuse(&self, path: &Path, below: &Path, target: PathBuf) {
        if self.area.wants(below) || target.is_dir() && self.area.ranges_over(below) {
            self.links()
                .refused
                .push((path.to_path_buf(), SkipReason::LeadsOutside { target }));
        }
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
            Ok(real) => found.files.push(FoundFile {
                logical,
                real,
                named: false,
            }),
            Err(error) => found.skipped.push((logical, SkipReason::unreadable(error))),
        }
    }

    /// Asks the system only where links are involved: it is one call for every part of the path.
    fn identity(&self, entry: &DirEntry, below: &Path) -> io::Result<PathBuf> {
        if self.links().followed {
            entry.path().canonicalize()
        } else {
            Ok(self.area.real.join(below))
        }
    }

    fn report(&self, error: &ignore::Error, found: &mut Found) {
        self.trail().lost = true;
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
        walk_at_most(limit, area, &directories)
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
