//! Which file it is that a name stands for.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A file as it was found under its name. Somebody may delete it, or find it broken and begin another, while processes have it
/// open: these would wait in a line of their own from then on.
#[derive(Debug)]
pub(super) struct Standing {
    path: PathBuf,
    found: Option<Number>,
}

/// The device and the file's number on it.
type Number = (u64, u64);

impl Standing {
    /// The file that has this name now.
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            found: number(path),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the name stands for another file now, or for none.
    pub(super) fn is_lost(&self) -> bool {
        number(&self.path) != self.found
    }
}

fn number(path: &Path) -> Option<Number> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}
