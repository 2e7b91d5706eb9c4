//! Where a configuration is looked for.
//!
//! Never in the working directory: a cloned repository must not redirect keys or start commands. For the same reason
//! a relative directory in a variable that many programs share is not followed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::environment::Environment;

/// The variable that names a file.
pub(super) const VARIABLE: &str = "TIDEGATE_CONFIG";

/// The file to read: the one given (`--config`), the one `$TIDEGATE_CONFIG` names, `tidegate/tidegate.toml` in the
/// user's configuration directory, or `config/litellm-api-config.json` under `$CCW_DATA_DIR`; the last two where they
/// exist, or may exist in a directory that cannot be looked into: to read them then says so.
pub fn locate(explicit: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    let named = explicit.or_else(|| environment.get(VARIABLE).map(Path::new));
    let existing = |path: PathBuf| (!is_absent(&path)).then_some(path);
    named
        .map(Path::to_path_buf)
        .or_else(|| default_path(environment).and_then(existing))
        .or_else(|| ccw_path(environment).and_then(existing))
}

/// Whether there is surely nothing. A file that only cannot be seen must not count as none: everything would go on
/// without what it says.
fn is_absent(path: &Path) -> bool {
    match path.metadata() {
        Ok(_) => false,
        Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

/// Where the user's own file belongs: `$XDG_CONFIG_HOME/tidegate/tidegate.toml`, or the same under `~/.config`.
pub fn default_path(environment: &Environment) -> Option<PathBuf> {
    let home = || Some(directory(environment, "HOME")?.join(".config"));
    let base = directory(environment, "XDG_CONFIG_HOME").or_else(home)?;
    Some(base.join("tidegate").join("tidegate.toml"))
}

/// Where what can be made again belongs: `$XDG_CACHE_HOME/tidegate`, or the same under `~/.cache`.
pub(super) fn default_cache(environment: &Environment) -> Option<PathBuf> {
    let home = || Some(directory(environment, "HOME")?.join(".cache"));
    let base = directory(environment, "XDG_CACHE_HOME").or_else(home)?;
    Some(base.join("tidegate"))
}

/// Where what outlives a run belongs that is no setting: `$XDG_STATE_HOME/tidegate`, or the same under `~/.local/state`.
pub(super) fn default_state(environment: &Environment) -> Option<PathBuf> {
    let home = || Some(directory(environment, "HOME")?.join(".local").join("state"));
    let base = directory(environment, "XDG_STATE_HOME").or_else(home)?;
    Some(base.join("tidegate"))
}

/// Where the seed keeps its file.
fn ccw_path(environment: &Environment) -> Option<PathBuf> {
    Some(ccw_home(&directory(environment, "CCW_DATA_DIR")?))
}

/// The seed's file in the directory where the seed keeps its things.
pub(super) fn ccw_home(directory: &Path) -> PathBuf {
    directory.join("config").join("litellm-api-config.json")
}

pub(super) fn directory(environment: &Environment, name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(environment.get(name)?);
    path.is_absolute().then_some(path)
}

/// A path from a file, as its author meant it: `~` is home, and relative means beside the file.
pub(super) fn meant(path: &str, file: &Path, environment: &Environment) -> PathBuf {
    let home = path
        .strip_prefix('~')
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .and_then(|rest| Some(directory(environment, "HOME")?.join(rest.trim_start_matches('/'))));
    let beside = || {
        file.parent()
            .map_or_else(|| PathBuf::from(path), |parent| parent.join(path))
    };
    home.unwrap_or_else(beside)
}
