//! Where lines are kept, as `[queue]` says.
//!
//! A store that is away must not keep a run from its answer. So what processes share is guarded: while it cannot be
//! asked, each goes on with its share. And where there is no place for a file, which nobody has to have chosen, the line
//! is kept in memory and that is told; where somebody chose what can never be right, nothing is run.

use std::sync::Arc;

use tidegate_queue::{MemoryStore, QueueStore};

use crate::config::{Config, Origin, Pacing, StoreKind};

/// A store that was opened.
#[derive(Debug)]
pub struct Opened {
    /// It.
    pub store: Arc<dyn QueueStore>,
    /// Where its lines are really kept.
    pub kind: StoreKind,
    /// Why that is not where they should be.
    pub warning: Option<String>,
}

/// Why there is no such store as `[queue]` asks for. `Display` is one line with the place and the mend.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct OpenStoreError {
    place: String,
    problem: String,
}

/// Opens the store that `[queue]` names; `otherwise` is the one of a program whose user named none. `spaced` pacing has no
/// use for any.
///
/// A server is not spoken to before it is needed.
///
/// # Errors
/// [`OpenStoreError`] where the store can never be used as it is configured, or belongs to somebody else.
pub fn open(config: &Config, otherwise: StoreKind) -> Result<Opened, OpenStoreError> {
    let queue = &config.queue;
    let chosen = queue.store.as_ref().map(|store| store.value);
    let kind = match queue.pacing() {
        Pacing::Adaptive => chosen.unwrap_or(otherwise),
        Pacing::Spaced => StoreKind::Memory,
    };
    match kind {
        StoreKind::Memory => Ok(memory(None)),
        StoreKind::Sqlite => file(config),
        StoreKind::Redis => server(config),
    }
}

fn memory(warning: Option<String>) -> Opened {
    Opened {
        store: Arc::new(MemoryStore::default()),
        kind: StoreKind::Memory,
        warning,
    }
}

/// What stands in the file, or why it is as it is where nobody wrote anything.
fn place(origin: Option<&Origin>) -> String {
    origin.map_or_else(|| "[queue]".to_owned(), ToString::to_string)
}

#[cfg(not(feature = "sqlite"))]
fn file(config: &Config) -> Result<Opened, OpenStoreError> {
    Err(left_out(config, "sqlite"))
}

#[cfg(not(feature = "redis"))]
fn server(config: &Config) -> Result<Opened, OpenStoreError> {
    Err(left_out(config, "redis"))
}

#[cfg(not(all(feature = "sqlite", feature = "redis")))]
fn left_out(config: &Config, name: &str) -> OpenStoreError {
    OpenStoreError {
        place: place(config.queue.store.as_ref().map(|store| &store.origin)),
        problem: format!("this build has no store `{name}`: it was built without that feature"),
    }
}

#[cfg(feature = "sqlite")]
fn file(config: &Config) -> Result<Opened, OpenStoreError> {
    use tidegate_queue::{Guarded, OpenError, SqliteStore};

    let queue = &config.queue;
    let Some(path) = queue.file(&config.environment) else {
        let what = "the queue is kept in memory, for this process alone: there is no place for its file; set `path` in \
                    [queue], XDG_STATE_HOME or HOME";
        return Ok(memory(Some(what.to_owned())));
    };
    match SqliteStore::open(&path) {
        Ok(store) => Ok(Opened {
            store: Arc::new(Guarded::new(Arc::new(store))),
            kind: StoreKind::Sqlite,
            warning: None,
        }),
        Err(error @ (OpenError::Foreign { .. } | OpenError::Newer { .. })) => Err(OpenStoreError {
            place: place(queue.path.as_ref().map(|path| &path.origin)),
            problem: error.to_string(),
        }),
        Err(error) => Ok(memory(Some(format!(
            "the queue is kept in memory, for this process alone: {error}"
        )))),
    }
}

#[cfg(feature = "redis")]
fn server(config: &Config) -> Result<Opened, OpenStoreError> {
    use tidegate_queue::{Guarded, RedisOptions, RedisStore};

    let queue = &config.queue;
    let url = secret(config, "url", queue.url.as_ref())?.ok_or_else(|| OpenStoreError {
        place: place(queue.store.as_ref().map(|store| &store.origin)),
        problem: "the store `redis` needs a `url` in [queue]".to_owned(),
    })?;
    let mut options = RedisOptions::new(url);
    options.hash_key = secret(config, "hash_key", queue.hash_key.as_ref())?;
    if let Some(prefix) = &queue.prefix {
        options.prefix.clone_from(&prefix.value);
    }
    let store = RedisStore::connect(&options).map_err(|error| OpenStoreError {
        place: place(queue.url.as_ref().map(|url| &url.origin)),
        problem: error.to_string(),
    })?;
    Ok(Opened {
        store: Arc::new(Guarded::new(Arc::new(store))),
        kind: StoreKind::Redis,
        warning: None,
    })
}

#[cfg(feature = "redis")]
fn secret(
    config: &Config,
    key: &str,
    value: Option<&crate::config::Sourced<crate::config::Template>>,
) -> Result<Option<tidegate_core::Secret>, OpenStoreError> {
    let Some(value) = value else { return Ok(None) };
    let text = value.value.resolve(&config.environment);
    let text = text.map_err(|missing| OpenStoreError {
        place: value.origin.to_string(),
        problem: format!("`{key}` in [queue]: {missing}"),
    })?;
    Ok(Some(tidegate_core::Secret::new(text)))
}
