//! Opening files without being led astray.
//!
//! Between the moment a file is chosen and the moment it is read, somebody else can put a link to `/etc/shadow` or a
//! pipe in its place. A check of the name cannot notice; so the way is gone down from the allowed directory, part by
//! part, and no part may be a link, and what was opened is asked what it is. Special files are not opened at all:
//! opening one can block, or rewind a tape.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

#[cfg(not(unix))]
pub(crate) use self::by_name::Held;
#[cfg(unix)]
pub(crate) use self::unix::Held;

use crate::skip::SkipReason;

#[cfg(not(unix))]
mod by_name;
#[cfg(unix)]
mod unix;

/// A regular file, and what the system says of what was opened, not of what has its name by now.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) metadata: Metadata,
}

impl Opened {
    fn of(file: File) -> Result<Self, SkipReason> {
        let metadata = file.metadata().map_err(SkipReason::unreadable)?;
        if metadata.is_file() {
            Ok(Self { file, metadata })
        } else {
            Err(SkipReason::NotAFile)
        }
    }
}

/// The regular file at `path`, wherever links lead: for a project's rules, which are never sent.
pub(crate) fn regular(path: &Path) -> io::Result<File> {
    let special = || io::Error::other("not a regular file");
    if !path.metadata()?.is_file() {
        return Err(special());
    }
    let mut options = File::options();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(unix::NEVER_WAIT.bits().cast_signed());
    }
    let file = options.read(true).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(special())
    }
}
