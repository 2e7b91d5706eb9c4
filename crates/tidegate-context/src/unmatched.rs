//! What to say of a pattern that matches nothing.
//!
//! A name that is off by a letter or a directory sends the prompt without its file, and the answer is wrong. Whoever
//! reads the warning should see the right name in it, so the files that are called almost so are looked for: in order,
//! within a bound, and only where packing would look.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::directories::Directories;
use crate::pattern::Pattern;
use crate::walk;

/// The most entries looked at for one pattern.
const LOOKED_AT: usize = 20_000;
/// The longest name compared with others, in bytes: comparing takes time in proportion to both lengths.
const LONGEST: usize = 128;
/// The most names offered.
const OFFERED: usize = 3;

/// A pattern that matched nothing and is sent as text. `Display` is one line for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unmatched {
    /// As it was typed.
    pub pattern: String,
    /// Files and directories it may have meant, the nearest first.
    pub near: Vec<String>,
}

impl Unmatched {
    pub(crate) fn of(pattern: &Pattern, directories: &Arc<Directories>) -> Self {
        let near = literal(pattern).map_or_else(Vec::new, |name| near(&name, directories));
        Self {
            pattern: pattern.to_string(),
            near,
        }
    }
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} matches no file", self.pattern)?;
        match self.near.as_slice() {
            [] => Ok(()),
            [only] => write!(f, " (did you mean {only}?)"),
            near => write!(f, " (did you mean one of {}?)", near.join(", ")),
        }
    }
}

/// What can be compared with a name: of a glob only the directories before its first wildcard.
fn literal(pattern: &Pattern) -> Option<String> {
    let text = pattern.text();
    let literal = match text
        .find(['*', '?', '[', '{'])
        .filter(|_| pattern.is_glob())
    {
        Some(wildcard) => text[..wildcard].rsplit_once('/')?.0,
        None => text,
    };
    let parts = literal
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."));
    let name = parts.collect::<Vec<_>>().join("/").to_lowercase();
    (1..=LONGEST).contains(&name.len()).then_some(name)
}

fn near(name: &str, directories: &Arc<Directories>) -> Vec<String> {
    let mut near = Vec::new();
    for directory in directories.paths() {
        walk::glance(directory, LOOKED_AT, directories, |path| {
            let label = directories.label(path);
            near.extend(distance(name, path, &label).map(|distance| (distance, label)));
        });
    }
    near.sort();
    near.dedup();
    near.into_iter()
        .take(OFFERED)
        .map(|(_, label)| label)
        .collect()
}

/// How far a name is from what was typed, if that is near enough to be meant: the same name elsewhere before another
/// name, and a whole path before a mere name.
fn distance(wanted: &str, path: &Path, label: &str) -> Option<(usize, usize)> {
    let label = label.to_lowercase();
    if label.ends_with(wanted) && label[..label.len() - wanted.len()].ends_with('/') {
        return Some((1, label.len()));
    }
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let whole = edits(wanted, &label).map(|edits| (2 * edits, 0));
    let last = wanted.rsplit_once('/').map_or(wanted, |(_, last)| last);
    let alone = edits(last, &name).map(|edits| (2 * edits + 1, label.len()));
    whole.into_iter().chain(alone).min()
}

/// The edits from one to the other, where they are few for so long a name.
fn edits(wanted: &str, name: &str) -> Option<usize> {
    let length = wanted.chars().count();
    let allowed = (length / 3).clamp(1, 4);
    if length.abs_diff(name.chars().count()) > allowed {
        return None;
    }
    Some(strsim::osa_distance(wanted, name)).filter(|edits| *edits <= allowed)
}
