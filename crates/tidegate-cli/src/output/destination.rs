//! Where output goes that `--to` can send into a file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

/// A file is written aside and takes its name when it is whole; what is no file, and standard output, is written as it
/// comes.
pub(crate) enum Destination {
    Stdout(io::Stdout),
    File(NamedTempFile, PathBuf),
    /// A device or a pipe: nothing may take its place.
    Special(File),
}

impl Destination {
    /// Prepares to write to `to`, or to standard output.
    pub(crate) fn open(to: Option<&Path>) -> io::Result<Self> {
        let Some(path) = to else {
            return Ok(Self::Stdout(io::stdout()));
        };
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Ok(Self::Special(File::options().write(true).open(path)?));
        }
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let file = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
        Ok(Self::File(file, path.to_owned()))
    }

    /// Ends it: a file takes its name.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Self::Stdout(_) | Self::Special(_) => Ok(()),
            Self::File(file, path) => {
                let file: File = file.persist(path).map_err(|error| error.error)?;
                file.sync_all()
            }
        }
    }

    /// The two ends of it: where another thread writes, and what gives a file its name. Without the second, what was
    /// written so far is gone.
    pub(crate) fn split(self) -> (Out, Unfinished) {
        match self {
            Self::Stdout(stdout) => (Out::Stream(Box::new(stdout)), Unfinished(None)),
            Self::Special(file) => (Out::Stream(Box::new(file)), Unfinished(None)),
            Self::File(file, path) => {
                let (file, aside) = file.into_parts();
                (Out::Aside(file), Unfinished(Some((aside, path))))
            }
        }
    }

    fn inner(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(stdout) => stdout,
            Self::File(file, _) => file,
            Self::Special(file) => file,
        }
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().flush()
    }
}

/// Where a thread writes.
pub(crate) enum Out {
    /// What is written is gone.
    Stream(Box<dyn Write + Send>),
    /// A file that has no name yet: what is written can be taken back.
    Aside(File),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stream) => stream.write(bytes),
            Self::Aside(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(stream) => stream.flush(),
            Self::Aside(file) => file.flush(),
        }
    }
}

/// What is left to do when everything is written.
pub(crate) struct Unfinished(Option<(TempPath, PathBuf)>);

impl Unfinished {
    /// Gives a file its name.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.0 {
            Some((aside, path)) => aside.persist(path).map_err(|error| error.error),
            None => Ok(()),
        }
    }
}
