//! The file on disk: locked while it is changed, replaced whole, and never more readable than it was.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::EditError;

/// A file that this process alone may change, as long as it holds this.
///
/// The lock is on a file beside it and not on the file itself, which is replaced: whoever waits for a file that is
/// gone would go on with its old text. It is never removed, for the same reason.
pub(super) struct Place {
    path: PathBuf,
    directory: PathBuf,
    _lock: File,
}

impl Place {
    /// Takes the file at `path`, waiting for whoever has it. Its directory is made where there is none. A symbolic link is
    /// followed, so that it is still one afterwards.
    pub(super) fn take(path: &Path) -> Result<Self, EditError> {
        let error = |what| move |source| system(path, what, source);
        let path = if path.is_symlink() {
            path.canonicalize().map_err(error("followed"))?
        } else {
            path.to_path_buf()
        };
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .map_or_else(|| PathBuf::from("."), Path::to_path_buf);
        make_directory(&directory).map_err(|source| system(&directory, "made", source))?;
        // Two ways to one directory must lead to one lock.
        let directory = directory.canonicalize().map_err(error("found"))?;
        let name = path.file_name().unwrap_or_default();
        let lock = directory.join(format!(".{}.lock", name.display()));
        let held = open_lock(&lock).and_then(|file| file.lock().map(|()| file));
        Ok(Self {
            path: directory.join(name),
            directory,
            _lock: held.map_err(|source| system(&lock, "locked", source))?,
        })
    }

    /// Replaces the file. With a secret in it, its owner alone may read it; says whether others could before.
    pub(super) fn write(&self, text: &str, secret: bool) -> Result<bool, EditError> {
        let write = || {
            let file = self.draft(text)?;
            let closed = match self.path.metadata() {
                Ok(old) => like(file.as_file(), &old, secret)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                Err(error) => return Err(error),
            };
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            self.sync()?;
            Ok(closed)
        };
        write().map_err(|source| system(&self.path, "written", source))
    }

    /// Writes a file where there is none.
    pub(super) fn write_new(&self, text: &str) -> Result<(), EditError> {
        let write = || {
            let file = self.draft(text)?;
            file.as_file().sync_all()?;
            file.persist_noclobber(&self.path)
                .map_err(|error| error.error)?;
            self.sync()
        };
        write().map_err(|source| system(&self.path, "written", source))
    }

    /// The text in a file of its own, which its owner alone may read.
    fn draft(&self, text: &str) -> io::Result<NamedTempFile> {
        let mut file = NamedTempFile::new_in(&self.directory)?;
        file.write_all(text.as_bytes())?;
        Ok(file)
    }

    /// A name that is lost with the power would be the old file.
    fn sync(&self) -> io::Result<()> {
        if cfg!(unix) {
            File::open(&self.directory)?.sync_all()?;
        }
        Ok(())
    }
}

fn system(path: &Path, what: &'static str, source: io::Error) -> EditError {
    let path = path.to_path_buf();
    EditError::System { path, what, source }
}

#[cfg(unix)]
fn make_directory(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make_directory(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Gives a file the owner and the permissions of the one it replaces, for a secret its owner's alone.
#[cfg(unix)]
fn like(file: &File, old: &fs::Metadata, secret: bool) -> io::Result<bool> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    const OTHERS: u32 = 0o077;
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    let mode = old.mode() & 0o777;
    let kept = if secret { mode & !OTHERS } else { mode };
    file.set_permissions(Permissions::from_mode(kept))?;
    Ok(kept != mode)
}

#[cfg(not(unix))]
fn like(file: &File, old: &fs::Metadata, _: bool) -> io::Result<bool> {
    file.set_permissions(old.permissions())?;
    Ok(false)
}
