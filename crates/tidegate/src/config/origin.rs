//! Where a value comes from.
//!
//! "Why does it retry five times?" is answered by the line that says so. Every value of a configuration carries its
//! origin from the moment it is read, so that no one has to repeat the search for it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody chose it.
    Default,
    /// A configuration file.
    File {
        /// The file.
        path: Arc<Path>,
        /// The line, where the format tells it.
        line: Option<usize>,
    },
    /// An environment variable, by its name.
    Environment(String),
    /// An option of the command, or of the call.
    Flag(&'static str),
    /// Something that is part of the program, by what it is.
    BuiltIn(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File {
                path,
                line: Some(line),
            } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "${name}"),
            Self::Flag(name) | Self::BuiltIn(name) => f.write_str(name),
        }
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// A value with its origin.
    pub const fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// A value nobody chose.
    pub const fn default_of(value: T) -> Self {
        Self::new(value, Origin::Default)
    }
}
