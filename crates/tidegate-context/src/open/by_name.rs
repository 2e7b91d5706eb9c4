//! Where directories cannot be held: a path is resolved once more right before it is opened.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::Opened;
use crate::skip::SkipReason;

/// A directory, by its path without links.
#[derive(Debug)]
pub(crate) struct Held(PathBuf);

impl Held {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        Ok(Self(directory.canonicalize()?))
    }

    /// The directory at `way` below, through no link.
    pub(crate) fn below(&self, way: &Path) -> Result<Self, SkipReason> {
        Ok(Self(self.0.join(way)))
    }

    /// The regular file `name` in it.
    pub(crate) fn file(&self, name: &OsStr) -> Result<Opened, SkipReason> {
        let path = self.0.join(name);
        let now = path.canonicalize().map_err(SkipReason::unreadable)?;
        if now != path {
            return Err(SkipReason::Replaced);
        }
        if !now.metadata().map_err(SkipReason::unreadable)?.is_file() {
            return Err(SkipReason::NotAFile);
        }
        Opened::of(File::open(now).map_err(SkipReason::unreadable)?)
    }
}
