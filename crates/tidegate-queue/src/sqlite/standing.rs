//! Which file it is that a name stands for.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A file as it was found under its name. Somebody may delete it, or find it broken and begin another, while processes have it
/// open: these would wait in a line of their own from then on.
#[derive(Debug)]
pub(super) struct Standing {
    path: PathBuf,
    found: Option<Number>,
    /// A transaction found it broken.
    is_broken: bool,
}

/// The device and the file's number on it.
type Number = (u64, u64);

impl Standing {
    /// The file that has this name now.
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            found: number(path),
            is_broken: false,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn note_broken(&mut self) {
        self.is_broken = true;
    }

    /// Whether the file cannot be used any more, as far as is known: broken, or its name stands for another now, or for none.
    pub(super) fn is_lost(&self) -> bool {
        self.is_broken || number(&self.path) != self.found
    }
}

fn number(path: &Path) -> Option<Number> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}
