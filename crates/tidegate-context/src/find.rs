//! From a pattern to the files it names.
//!
//! The same word can be a file, a directory or a glob, under several directories. The order is fixed, so that a name
//! means one thing: what exists under just this name first (`app/[id]/page.tsx` is a file of many web projects, not a
//! glob), then the glob; the working directory first, then the include directories; the first that has anything wins.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::area::{Area, Glob};
use crate::directories::Directories;
use crate::pattern::Pattern;
use crate::progress::Progress;
use crate::walk::{self, Found, FoundFile, TooBroad};

/// Why a pattern may not be answered.
#[derive(Debug)]
pub(crate) enum Refusal {
    Outside { resolved: PathBuf },
    NotAFile,
    Unreadable(io::Error),
    TooBroad { limit: usize },
}

impl From<TooBroad> for Refusal {
    fn from(TooBroad { limit }: TooBroad) -> Self {
        Self::TooBroad { limit }
    }
}

/// An existing path: as it was typed, and where it really lies.
struct Place {
    logical: PathBuf,
    real: PathBuf,
}

/// What `pattern` names; empty if it names nothing.
pub(crate) fn find(
    pattern: &Pattern,
    directories: &Arc<Directories>,
    progress: &Progress,
) -> Result<Found, Refusal> {
    let text = native(pattern.text());
    let found = first(directories, |directory| {
        named(directory, &text, directories, progress)
    })?;
    if !found.is_empty() || !pattern.is_glob() {
        return Ok(found);
    }
    first(directories, |directory| {
        globbed(directory, &text, directories, progress)
    })
}

fn native(text: &str) -> String {
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.to_owned()
    }
}

fn first(
    directories: &Directories,
    mut look: impl FnMut(&Path) -> Result<Found, Refusal>,
) -> Result<Found, Refusal> {
    for directory in directories.paths() {
        let found = look(directory)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Found::default())
}

/// The file of just this name, or all files under the directory of just this name.
fn named(
    directory: &Path,
    text: &str,
    directories: &Arc<Directories>,
    progress: &Progress,
) -> Result<Found, Refusal> {
    let Some(Place { logical, real }) = place(directory, text, directories)? else {
        return Ok(Found::default());
    };
    let kind = real.metadata().map_err(Refusal::Unreadable)?;
    if kind.is_dir() {
        return Ok(walk::walk(
            Area {
                logical,
                real,
                glob: None,
            },
            directories,
            progress,
        )?);
    }
    if !kind.is_file() {
        return Err(Refusal::NotAFile);
    }
    Ok(Found {
        files: vec![FoundFile::of(real, logical, true)],
        ..Found::default()
    })
}

fn globbed(
    directory: &Path,
    text: &str,
    directories: &Arc<Directories>,
    progress: &Progress,
) -> Result<Found, Refusal> {
    let (base, rest) = split(directory, text);
    let Some(glob) = Glob::new(rest) else {
        return Ok(Found::default());
    };
    let Some(Place { logical, real }) = place(directory, base, directories)? else {
        return Ok(Found::default());
    };
    Ok(walk::walk(
        Area {
            logical,
            real,
            glob: Some(glob),
        },
        directories,
        progress,
    )?)
}

/// Splits a glob after the directories that exist as they are written, so that only what lies under them is walked
/// and `app/[id]/*.tsx` finds the directory `[id]`.
fn split<'a>(directory: &Path, text: &'a str) -> (&'a str, &'a str) {
    let mut end = 0;
    while let Some(length) = text[end..].find('/') {
        let next = end + length + 1;
        if !directory.join(&text[..next]).is_dir() {
            break;
        }
        end = next;
    }
    text.split_at(end)
}

/// Where `text` leads, if it exists, and only if that is inside the allowed directories.
fn place(
    directory: &Path,
    text: &str,
    directories: &Directories,
) -> Result<Option<Place>, Refusal> {
    let typed = directory.join(text);
    let real = match typed.canonicalize() {
        Ok(real) => real,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(Refusal::Unreadable(error)),
    };
    if !directories.admit(&real) {
        return Err(Refusal::Outside { resolved: real });
    }
    let logical = if is_below(text) {
        typed.components().collect()
    } else {
        real.clone()
    };
    Ok(Some(Place { logical, real }))
}

/// Whether the name itself stays below the directory it is looked up in.
fn is_below(text: &str) -> bool {
    Path::new(text)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Names that no file can have are as absent as names that no file has.
fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    matches!(
        error.kind(),
        NotFound | NotADirectory | InvalidInput | InvalidFilename
    )
}
