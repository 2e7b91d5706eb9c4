//! What an answer rests on.
//!
//! Which files a pattern names depends on directories, on rules in them and on what is *not* there. Whoever wants to know
//! later whether the answer still holds need not ask again: it is enough that nothing on the trail has changed. A trail
//! that cannot tell everything, since links lead elsewhere or something could not be read, is lost, and says so.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::directories::Directories;

/// Names of files that hold rules, or say of a directory what it is.
const RULES: &[&str] = &[".gitignore", ".ignore", ".tidegateignore", "CACHEDIR.TAG"];

/// A repository's own rules, below its `.git`.
const EXCLUDE: &str = "info/exclude";

/// The paths that were looked at.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    pub(crate) steps: Vec<(PathBuf, Step)>,
    pub(crate) lost: bool,
}

/// What must hold of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A file's content, or a directory's list, is the same; or it is still not there.
    Unchanged,
    /// It is there, or not, and of the same kind.
    Present,
}

impl Trail {
    /// A directory that was listed.
    pub(crate) fn listed(&mut self, directory: &Path) {
        self.step(directory.to_path_buf(), Step::Unchanged);
    }

    /// An entry that was seen, whatever became of it: rules count even where they are hidden.
    pub(crate) fn saw(&mut self, path: &Path) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return;
        };
        if name == ".git" {
            self.step(path.join(EXCLUDE), Step::Unchanged);
        } else if RULES.contains(&name) {
            self.step(path.to_path_buf(), Step::Unchanged);
        }
    }

    /// A walk that begins at `base`: the rules above it hold in it.
    pub(crate) fn begins(&mut self, base: &Path) {
        self.listed(base);
        for above in base.ancestors().skip(1) {
            let git = above.join(".git");
            self.step(git.join(EXCLUDE), Step::Unchanged);
            self.step(git, Step::Present);
            for rules in RULES {
                self.step(above.join(rules), Step::Unchanged);
            }
        }
    }

    /// A name that was looked up.
    pub(crate) fn sought(&mut self, text: &str, directories: &Directories) {
        for directory in directories.paths() {
            let mut path = directory.to_path_buf();
            for part in text.split('/').filter(|part| !part.is_empty()) {
                path.push(part);
                self.step(path.clone(), Step::Present);
                match path.symlink_metadata() {
                    Ok(metadata) if metadata.is_symlink() => self.lost = true,
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        }
    }

    pub(crate) fn step(&mut self, path: PathBuf, step: Step) {
        self.steps.push((path, step));
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.steps.extend(other.steps);
        self.lost |= other.lost;
    }
}

/// What the system says of a path that changes when its content does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) mode: u64,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: u64,
    /// The same, of name, mode and content: it cannot be set back.
    pub(crate) changed: u64,
}

impl Stamp {
    /// What stands for a path that is not there. Every real file has a mode.
    pub(crate) const ABSENT: Self = Self {
        device: 0,
        inode: 0,
        mode: 0,
        size: 0,
        modified: 0,
        changed: 0,
    };

    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |seconds: i64, more: i64| {
            seconds
                .wrapping_mul(1_000_000_000)
                .wrapping_add(more)
                .cast_unsigned()
        };
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            mode: metadata.mode().into(),
            size: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            mode: 1,
            ..Self::ABSENT
        }
    }

    /// What is at `path` itself, not where it leads; absent too where nobody can tell.
    pub(crate) fn at(path: &Path, step: Step) -> Self {
        let stamp = path
            .symlink_metadata()
            .map_or(Self::ABSENT, |found| Self::of(&found));
        match step {
            Step::Unchanged => stamp,
            Step::Present => Self {
                size: 0,
                modified: 0,
                changed: 0,
                ..stamp
            },
        }
    }

    /// Whether a write in the same tick of the clock could have gone unseen when the time was `taken`.
    pub(crate) fn is_in_doubt(&self, taken: u64) -> bool {
        /// The coarsest clock of a file system in use, in nanoseconds.
        const TICK: u64 = 2_000_000_000;
        self.modified.max(self.changed).saturating_add(TICK) > taken
    }
}
