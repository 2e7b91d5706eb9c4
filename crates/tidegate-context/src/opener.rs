//! The files below the allowed directories, opened one after the other.
//!
//! They come in the order of their names, so that the directory of one is mostly that of the next, and it is gone down to
//! once.

use std::path::{Path, PathBuf};

use crate::directories::Directories;
use crate::open::{Held, Opened};
use crate::skip::SkipReason;

/// Opens files; remembers the directory of the last one.
#[derive(Debug)]
pub(crate) struct Opener<'d> {
    directories: &'d Directories,
    last: Option<(PathBuf, Held)>,
}

impl<'d> Opener<'d> {
    pub(crate) const fn new(directories: &'d Directories) -> Self {
        Self {
            directories,
            last: None,
        }
    }

    /// The regular file at `real`, a path without links when it was chosen.
    pub(crate) fn open(&mut self, real: &Path) -> Result<Opened, SkipReason> {
        let (Some(parent), Some(name)) = (real.parent(), real.file_name()) else {
            return Err(SkipReason::NotAFile);
        };
        match &self.last {
            Some((path, held)) if path == parent => held.file(name),
            _ => {
                let held = self.directories.hold(parent)?;
                let file = held.file(name);
                self.last = Some((parent.to_path_buf(), held));
                file
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
