//! What a pattern ranges over: a directory, and what is wanted of it.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// The part of a pattern that starts with its first wildcard.
#[derive(Debug)]
pub(crate) struct Glob {
    matcher: GlobMatcher,
    /// How many directories below its base it can match; `None` with `**`.
    pub(crate) depth: Option<usize>,
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
    pub(crate) fn below<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.logical).ok()
    }

    pub(crate) fn wants(&self, below: &Path) -> bool {
        self.glob
            .as_ref()
            .is_none_or(|glob| glob.matcher.is_match(below))
    }

    /// Whether something wanted could lie in the directory `below`.
    pub(crate) fn ranges_over(&self, below: &Path) -> bool {
        let depth = self.glob.as_ref().and_then(|glob| glob.depth);
        depth.is_none_or(|depth| below.components().count() < depth)
    }
}
