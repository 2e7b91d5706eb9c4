//! What to say of a pattern that matches nothing.
//!
//! A name that is off by a letter or a directory sends the prompt without its file, and the answer is wrong. Whoever
//! reads the warning should see the right name in it, so the files that are called almost so are looked for: in order,
//! within a bound, and only where packing would look.

use std::fmt;
use std::sync::Arc;

use crate::directories::Directories;
use crate::pattern::Pattern;
use crate::walk;

/// The most entries looked at in one directory.
const LOOKED_AT: usize = 20_000;
/// The most patterns that names are looked for: a pasted list of packages has hundreds that mean no file.
const ASKED: usize = 20;
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

/// What the allowed directories hold, looked at once and only if a pattern matches nothing.
pub(crate) struct Neighbours<'d> {
    directories: &'d Arc<Directories>,
    names: Option<Vec<Name>>,
    asked: usize,
}

/// A file or directory: as it is offered and as it is compared.
struct Name {
    label: String,
    whole: String,
    last: String,
}

impl<'d> Neighbours<'d> {
    pub(crate) const fn of(directories: &'d Arc<Directories>) -> Self {
        Self {
            directories,
            names: None,
            asked: 0,
        }
    }

    /// `pattern`, and what it may have meant.
    pub(crate) fn unmatched(&mut self, pattern: &Pattern) -> Unmatched {
        self.asked += 1;
        let wanted = literal(pattern).filter(|_| self.asked <= ASKED);
        Unmatched {
            pattern: pattern.to_string(),
            near: wanted.map_or_else(Vec::new, |wanted| self.near(&wanted)),
        }
    }

    fn near(&mut self, wanted: &str) -> Vec<String> {
        let names = self.names.get_or_insert_with(|| names(self.directories));
        let near = names
            .iter()
            .filter_map(|name| Some((name.distance(wanted)?, &name.label)));
        let mut near: Vec<_> = near.collect();
        near.sort();
        near.dedup();
        near.truncate(OFFERED);
        near.into_iter().map(|(_, label)| label.clone()).collect()
    }
}

fn names(directories: &Arc<Directories>) -> Vec<Name> {
    let mut names = Vec::new();
    for directory in directories.paths() {
        walk::glance(directory, LOOKED_AT, directories, |path| {
            let label = directories.label(path);
            let whole = label.to_lowercase();
            let last = whole.rsplit_once('/').map_or(&*whole, |(_, last)| last);
            names.push(Name {
                last: last.to_owned(),
                whole,
                label,
            });
        });
    }
    names
}

impl Name {
    /// How far it is from what was typed, if that is near enough to be meant: the same name elsewhere before another
    /// name, and a whole path before a mere name.
    fn distance(&self, wanted: &str) -> Option<(usize, usize)> {
        let Self { whole, last, .. } = self;
        if let Some(above) = whole.strip_suffix(wanted)
            && above.ends_with('/')
        {
            return Some((1, whole.len()));
        }
        let path = edits(wanted, whole).map(|edits| (2 * edits, 0));
        let wanted = wanted.rsplit_once('/').map_or(wanted, |(_, last)| last);
        let name = edits(wanted, last).map(|edits| (2 * edits + 1, whole.len()));
        path.into_iter().chain(name).min()
    }
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
