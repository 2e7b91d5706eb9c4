//! The one place of the configuration that reads a file.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Config;
use super::environment::Environment;
use super::error::ConfigError;
use super::literal;
use super::locate::VARIABLE;

/// Reads and understands the file at `path`.
pub(super) fn file(path: &Path, environment: Environment) -> Result<Config, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| unreadable(path, &environment, error))?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let read = if is_json {
        Config::from_ccw_json
    } else {
        Config::from_toml
    };
    let mut config = read(&text, Some(path), environment)?;
    if is_open(path) {
        config.warnings.extend(exposed(&config, path));
    }
    Ok(config)
}

pub(super) fn unreadable(path: &Path, environment: &Environment, error: io::Error) -> ConfigError {
    let by_variable = environment
        .get(VARIABLE)
        .is_some_and(|named| Path::new(named) == path);
    let named = if by_variable {
        format!(", which ${VARIABLE} names")
    } else {
        String::new()
    };
    let message = match error.kind() {
        io::ErrorKind::NotFound => format!("there is no such file{named}"),
        io::ErrorKind::InvalidData => format!("the file{named} is not UTF-8 text"),
        _ => format!("the file{named} cannot be read: {error}"),
    };
    ConfigError::unreadable(&Arc::from(path), message, error)
}

/// What others can read that they should not.
fn exposed(config: &Config, path: &Path) -> Option<String> {
    let place = literal::secret(config)?;
    let path = path.display();
    Some(format!(
        "{place} in {path} can be read by other users of this machine: chmod 600 {path}"
    ))
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    path.metadata()
        .is_ok_and(|metadata| metadata.mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}
