//! What a project does not count among its files.
//!
//! `.tidegateignore`, `.ignore`, `.gitignore` and `.git/info/exclude` hold, the nearest first and in this order. They
//! are read here and not by the walk, because a tree can be hostile: one of them can be a pipe that nobody writes to, a
//! link to a device or larger than memory. A directory whose rules cannot be read is not entered, since what they keep
//! out must not be sent.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::directories::Directories;
use crate::open;

/// The strongest first.
const FILES: [&str; 4] = [
    ".tidegateignore",
    ".ignore",
    ".gitignore",
    ".git/info/exclude",
];
/// The first of the files that end at a repository: its parent's do not hold inside.
const GIT: usize = 2;

/// The longest file of rules, in bytes.
const LONGEST: u64 = 256 * 1024;

/// What the rules say of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ignored,
    /// A rule brings it back.
    Kept,
    Silent,
}

/// The rules from a project's top down to the directory last asked of.
#[derive(Debug)]
pub(crate) struct Rules {
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    directory: PathBuf,
    files: [Option<Gitignore>; FILES.len()],
    is_repository: bool,
}

impl Rules {
    /// The rules of `directory` alone.
    pub(crate) fn of(directory: &Path) -> io::Result<Self> {
        Ok(Self {
            levels: vec![Level::read(directory)?],
        })
    }

    /// Goes on to `directory`, below the first one, whose parent was asked of or entered before.
    pub(crate) fn enter(&mut self, directory: &Path) -> io::Result<()> {
        self.leave(directory);
        if self
            .levels
            .last()
            .is_none_or(|level| level.directory != directory)
        {
            self.levels.push(Level::read(directory)?);
        }
        Ok(())
    }

    /// What the rules say of `path`, whose directory was entered.
    pub(crate) fn judge(&mut self, path: &Path, is_dir: bool) -> Verdict {
        if let Some(parent) = path.parent() {
            self.leave(parent);
        }
        let mut verdicts = (0..FILES.len()).map(|file| self.judge_by(file, path, is_dir));
        verdicts
            .find(|verdict| *verdict != Verdict::Silent)
            .unwrap_or(Verdict::Silent)
    }

    fn judge_by(&self, file: usize, path: &Path, is_dir: bool) -> Verdict {
        for level in self.levels.iter().rev() {
            let matched = level.files[file]
                .as_ref()
                .map(|rules| rules.matched(path, is_dir));
            match matched {
                Some(Match::Ignore(_)) => return Verdict::Ignored,
                Some(Match::Whitelist(_)) => return Verdict::Kept,
                Some(Match::None) | None if file >= GIT && level.is_repository => break,
                Some(Match::None) | None => {}
            }
        }
        Verdict::Silent
    }

    fn leave(&mut self, directory: &Path) {
        while self.levels.len() > 1
            && self
                .levels
                .last()
                .is_some_and(|level| !directory.starts_with(&level.directory))
        {
            self.levels.pop();
        }
    }
}

/// The rules that hold in `base`: from the repository's top on, else from the allowed directory's, unless that itself
/// ignores `base`, which was named all the same.
pub(crate) fn holding_in(base: &Path, directories: &Directories) -> io::Result<Rules> {
    let repository = base
        .ancestors()
        .find(|directory| directory.join(".git").symlink_metadata().is_ok());
    for top in [repository, directories.holding(base)]
        .into_iter()
        .flatten()
    {
        if let Some(rules) = between(top, base)? {
            return Ok(rules);
        }
    }
    Rules::of(base)
}

/// The rules from `top` down to `base`; none if they ignore `base`.
fn between(top: &Path, base: &Path) -> io::Result<Option<Rules>> {
    let Ok(way) = base.strip_prefix(top) else {
        return Ok(None);
    };
    let mut rules = Rules::of(top)?;
    let mut directory = top.to_path_buf();
    for part in way {
        directory.push(part);
        if rules.judge(&directory, true) == Verdict::Ignored {
            return Ok(None);
        }
        rules.enter(&directory)?;
    }
    Ok(Some(rules))
}

impl Level {
    fn read(directory: &Path) -> io::Result<Self> {
        let repository = directory.join(".git").symlink_metadata();
        let is_repository = repository.is_ok();
        let has_excludes = repository.is_ok_and(|git| git.is_dir());
        let mut files = [const { None }; FILES.len()];
        for (name, rules) in FILES.iter().zip(&mut files) {
            if has_excludes || !name.starts_with(".git/") {
                *rules = read(directory, name)
                    .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
            }
        }
        Ok(Self {
            directory: directory.to_path_buf(),
            files,
            is_repository,
        })
    }
}

/// The rules in a file of `directory`; none if there is no such file.
fn read(directory: &Path, name: &str) -> io::Result<Option<Gitignore>> {
    let file = match open::regular(&directory.join(name)) {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::other(format!(
            "more than {LONGEST} bytes of rules"
        )));
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new(directory);
    for line in text.trim_start_matches('\u{feff}').lines() {
        // A rule that cannot be understood is no rule, as for git.
        let _ = builder.add_line(None, line);
    }
    let rules = builder.build().map_err(io::Error::other)?;
    Ok((!rules.is_empty()).then_some(rules))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
