//! Why a configuration cannot be used: one line that says where, what, and what would be right.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::origin::Origin;

/// Why a configuration cannot be used. `Display` is one line that begins with the place and never holds a secret.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    place: Place,
    message: String,
    source: Option<io::Error>,
}

/// A place in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The file.
    pub path: Arc<Path>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
}

impl Place {
    /// A file as a whole.
    pub(super) fn file(path: &Arc<Path>) -> Self {
        let path = Arc::clone(path);
        Self {
            path,
            line: None,
            column: None,
        }
    }

    /// Where a value comes from; `path` where that is no file.
    pub(super) fn of(origin: &Origin, path: &Arc<Path>) -> Self {
        match origin {
            Origin::File { path, line } => Self {
                line: *line,
                ..Self::file(path)
            },
            _ => Self::file(path),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        let numbers = [self.line, self.column];
        numbers
            .iter()
            .flatten()
            .try_for_each(|number| write!(f, ":{number}"))
    }
}

impl ConfigError {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            source: None,
        }
    }

    pub(super) fn unreadable(
        path: &Arc<Path>,
        message: impl Into<String>,
        source: io::Error,
    ) -> Self {
        Self {
            source: Some(source),
            ..Self::new(Place::file(path), message)
        }
    }

    /// Where the mistake is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What the mistake is, without its place.
    pub fn message(&self) -> &str {
        &self.message
    }
}
