//! Where files may come from, and what they are called.
//!
//! A prompt can come from someone else than the files' owner. So every file is judged by where it really lies, after
//! all links are resolved, and directories are compared component by component: `/a/app` does not admit
//! `/a/app-secrets`. The name in a header depends only on the tree, never on where the tree lies, so that the same
//! files give the same bytes on every machine.

use std::io;
use std::path::{Component, Path, PathBuf};

use crate::name::spell;
use crate::open::Held;
use crate::skip::SkipReason;

/// The allowed directories, resolved: the working directory first, then the include directories in their order.
#[derive(Debug)]
pub(crate) struct Directories {
    all: Vec<Directory>,
}

/// One of them is missing or is something else.
#[derive(Debug)]
pub(crate) struct NotADirectory {
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

#[derive(Debug)]
struct Directory {
    path: PathBuf,
    /// What its files' names start with; empty for the working directory.
    prefix: String,
    held: Held,
}

impl Directories {
    pub(crate) fn open(root: &Path, include_dirs: &[PathBuf]) -> Result<Self, NotADirectory> {
        let mut all = vec![Directory::open(resolve(root)?, String::new())?];
        for include in include_dirs {
            let path = resolve(include)?;
            if all.iter().all(|known| known.path != path) {
                let prefix = free_prefix(&path, &all);
                all.push(Directory::open(path, prefix)?);
            }
        }
        Ok(Self { all })
    }

    /// In the order in which patterns are looked up.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.all.iter().map(|directory| directory.path.as_path())
    }

    pub(crate) fn to_vec(&self) -> Vec<PathBuf> {
        self.paths().map(Path::to_path_buf).collect()
    }

    /// Whether `real`, a path without links, lies inside.
    pub(crate) fn admit(&self, real: &Path) -> bool {
        self.holding(real).is_some()
    }

    /// The allowed directory that `path` lies in.
    pub(crate) fn holding(&self, path: &Path) -> Option<&Path> {
        self.paths().find(|directory| path.starts_with(directory))
    }

    /// The directory at `path`, gone down to from the allowed directory it lies in.
    pub(crate) fn hold(&self, path: &Path) -> Result<Held, SkipReason> {
        let way_down = |directory: &Directory| {
            let way = path.strip_prefix(&directory.path).ok()?;
            Some(directory.held.below(way))
        };
        let held = self.all.iter().find_map(way_down);
        held.unwrap_or(Err(SkipReason::Replaced))
    }

    /// The name of `path` in headers and reports: forward slashes, relative, on one line whatever the file is called.
    pub(crate) fn label(&self, path: &Path) -> String {
        for Directory {
            path: directory,
            prefix,
            ..
        } in &self.all
        {
            if let Ok(rest) = path.strip_prefix(directory) {
                return match (prefix.as_str(), slashed(rest)) {
                    ("", rest) if rest.is_empty() => ".".to_owned(),
                    ("", rest) => rest,
                    (prefix, rest) if rest.is_empty() => prefix.to_owned(),
                    (prefix, rest) => format!("{prefix}/{rest}"),
                };
            }
        }
        slashed(path)
    }
}

impl Directory {
    fn open(path: PathBuf, prefix: String) -> Result<Self, NotADirectory> {
        match Held::open(&path) {
            Ok(held) => Ok(Self { path, prefix, held }),
            Err(source) => Err(NotADirectory { path, source }),
        }
    }
}

fn resolve(path: &Path) -> Result<PathBuf, NotADirectory> {
    let failed = |source| NotADirectory {
        path: path.to_path_buf(),
        source,
    };
    let real = path.canonicalize().map_err(failed)?;
    if real.is_dir() {
        Ok(real)
    } else {
        Err(failed(io::ErrorKind::NotADirectory.into()))
    }
}

/// The directory's own name, numbered where another include directory or an entry of the working directory has it.
fn free_prefix(path: &Path, known: &[Directory]) -> String {
    let name = path.file_name().map_or_else(|| "include".to_owned(), spell);
    let taken = |prefix: &String| {
        known.iter().any(|other| other.prefix == *prefix)
            || known[0].path.join(prefix).symlink_metadata().is_ok()
    };
    let numbered = (2..).map(|n: u32| format!("{name}-{n}"));
    std::iter::once(name.clone())
        .chain(numbered)
        .find(|prefix| !taken(prefix))
        .unwrap_or(name)
}

fn slashed(path: &Path) -> String {
    let named = path
        .components()
        .filter(|part| !matches!(part, Component::RootDir | Component::Prefix(_)));
    let parts: Vec<_> = named.map(|part| spell(part.as_os_str())).collect();
    parts.join("/")
}
