//! Changing `tidegate.toml` without taking it away from the person who wrote it.
//!
//! A configuration is written by hand, with comments that say why, and then also by commands, by several at once. So
//! a change keeps every byte it does not mean, happens under a lock that other processes take too, and replaces the
//! file whole or not at all. What would come out is read as any file is before it is written: a change that would make
//! the file unusable is refused while the file still works.

mod change;
mod draft;
mod entry;
mod place;

use std::io;
use std::path::{Path, PathBuf};

pub use change::Change;
pub use entry::{NewEndpoint, NewProvider};

use self::place::Place;
use super::nearest::UnknownName;
use super::{Config, ConfigError, Environment, literal};

/// What a change came to.
#[derive(Debug)]
pub struct Edited {
    /// The file, as it was named.
    pub path: PathBuf,
    /// The headers of the tables that were added or written anew.
    pub written: Vec<String>,
    /// The headers of the tables that are gone, and the lists that lost a name.
    pub removed: Vec<String>,
    /// Whether others could read the file before, and cannot any more since a secret stands in it.
    pub closed: bool,
    /// What the file means now.
    pub config: Config,
}

/// Why a file was left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The file is the seed's.
    #[error(
        "{} is the file of another program and is not changed: `tidegate config init` starts a `tidegate.toml`, which is \
         read instead", path.display()
    )]
    OfAnother {
        /// The file.
        path: PathBuf,
    },
    /// There is one of that name.
    #[error("[{table}] is there already: give another name, or `--replace` to write it anew")]
    Exists {
        /// Its header.
        table: String,
    },
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// Others need it.
    #[error("{what} `{name}` is needed by {}: change them first, or {forced} with `--force`", needed_by.join(", "))]
    InUse {
        /// `provider` or `endpoint`.
        what: &'static str,
        /// Its name.
        name: String,
        /// What needs it.
        needed_by: Vec<String>,
        /// What using force would do.
        forced: &'static str,
    },
    /// The file cannot be read as it is.
    #[error(transparent)]
    Unreadable(ConfigError),
    /// The file could not be used any more.
    #[error("nothing was changed, since the file would not be right any more: {0}")]
    WouldBreak(ConfigError),
    /// It can be read and not be changed.
    #[error("the file cannot be changed by a command: {0}")]
    Unwritable(String),
    /// The system refused.
    #[error("{} cannot be {what}: {source}", path.display())]
    System {
        /// What it is about.
        path: PathBuf,
        /// What was tried: `written`, `locked`, ...
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl EditError {
    /// Whether all there is against it is a file that is there already.
    pub fn is_already_there(&self) -> bool {
        matches!(self, Self::System { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
    }
}

/// Changes the file at `path`, which is created where there is none.
///
/// # Errors
/// [`EditError`]; the file is as it was then.
pub fn edit(path: &Path, environment: &Environment, change: &Change) -> Result<Edited, EditError> {
    if is_json(path) {
        return Err(EditError::OfAnother {
            path: path.to_path_buf(),
        });
    }
    // Once without the lock: a change that cannot be made leaves no trace, not even a directory.
    revise(path, environment, change)?;
    let place = Place::take(path)?;
    let (text, mut edited) = revise(path, environment, change)?;
    edited.closed = place.write(&text, literal::secret(&edited.config).is_some())?;
    Ok(edited)
}

/// Writes `text` where there is no file yet, under the same lock and as privately.
///
/// # Errors
/// [`EditError::System`]; [`EditError::is_already_there`] where there is a file.
pub fn start(path: &Path, text: &str) -> Result<(), EditError> {
    Place::take(path)?.write_new(text)
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// The text that the change makes of the file, and what that means.
fn revise(
    path: &Path,
    environment: &Environment,
    change: &Change,
) -> Result<(String, Edited), EditError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            let error = super::read::unreadable(path, environment, error);
            return Err(EditError::Unreadable(error));
        }
    };
    let read = |text: &str| Config::from_toml(text, Some(path), environment.clone());
    read(&text).map_err(EditError::Unreadable)?;
    let revised = change.apply(&text)?;
    let config = read(&revised.text).map_err(EditError::WouldBreak)?;
    let edited = Edited {
        path: path.to_path_buf(),
        written: revised.written,
        removed: revised.removed,
        closed: false,
        config,
    };
    Ok((revised.text, edited))
}
