//! How runs of one limit are lined up, and where the line is kept.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::environment::Environment;
use super::locate::default_state;
use super::origin::{Origin, Sourced};
use super::template::Template;
use super::time::Time;

/// How runs of one limit are lined up: `[queue]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueConfig {
    /// What paces the line. `adaptive` unless chosen.
    pub pacing: Option<Sourced<Pacing>>,
    /// The longest wait in the line at one target. 2 min unless chosen.
    pub max_wait: Option<Sourced<Time>>,
    /// Where the line is kept. Unless chosen, as the program says: the library in memory, the command in a file.
    pub store: Option<Sourced<StoreKind>>,
    /// The file of `sqlite`. `tidegate/queue.db` in the user's state directory unless chosen.
    pub path: Option<Sourced<PathBuf>>,
    /// The server of `redis`; it may carry a password.
    pub url: Option<Sourced<Template>>,
    /// What every key on the server begins with. `tidegate:` unless chosen.
    pub prefix: Option<Sourced<String>>,
    /// Where it is set, limits go by keyed hashes of their names on the server.
    pub hash_key: Option<Sourced<Template>>,
}

/// What paces a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pacing {
    /// By what is known of the limit: configured, told by the provider, or found out.
    #[default]
    Adaptive,
    /// First attempts leave at once; those that were limited return one backoff apart, in order.
    Spaced,
}

/// Where lines are kept, and so who shares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreKind {
    /// In this process's memory: the tasks of one executor.
    Memory,
    /// In a file: the processes of one host.
    Sqlite,
    /// On a Redis or Valkey server: processes of many hosts.
    Redis,
}

impl QueueConfig {
    /// Two minutes: longer than a window of a minute, shorter than anyone waits for one answer.
    pub const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(120);
    /// What paces the line.
    pub fn pacing(&self) -> Pacing {
        self.pacing
            .as_ref()
            .map(|pacing| pacing.value)
            .unwrap_or_default()
    }

    /// The longest wait in the line at one target.
    pub fn max_wait(&self) -> Duration {
        let chosen = self.max_wait.as_ref();
        chosen.map_or(Self::DEFAULT_MAX_WAIT, |wait| wait.value.0)
    }

    /// The file of `sqlite`; `None`: none was chosen, and nobody has a home.
    pub fn file(&self, environment: &Environment) -> Option<PathBuf> {
        let chosen = self.path.as_ref().map(|path| path.value.clone());
        chosen.or_else(|| Some(default_state(environment)?.join("queue.db")))
    }

    /// What cannot work as it stands, and where it stands.
    pub(super) fn problem(&self) -> Option<(&Origin, &'static str)> {
        let store = self.store.as_ref()?;
        let homeless = store.value == StoreKind::Redis && self.url.is_none();
        if homeless {
            return Some((
                &store.origin,
                "`store = \"redis\"` in [queue] needs a `url`, such as \"redis://127.0.0.1\" or \"${REDIS_URL}\"",
            ));
        }
        let names_a_server = |url: &Template| {
            let schemes = ["redis://", "rediss://", "${"];
            schemes.iter().any(|scheme| url.raw().starts_with(scheme))
        };
        let url = (self.url.as_ref()).filter(|url| !names_a_server(&url.value))?;
        Some((
            &url.origin,
            "`url` in [queue] must begin with redis:// or rediss://",
        ))
    }

    /// What is set for another store than `store`, and so without effect: the place, the key, and the store it is for.
    pub fn unused(&self, store: StoreKind) -> Vec<(&Origin, &'static str, StoreKind)> {
        let keys = [
            ("path", origin(self.path.as_ref()), StoreKind::Sqlite),
            ("url", origin(self.url.as_ref()), StoreKind::Redis),
            ("prefix", origin(self.prefix.as_ref()), StoreKind::Redis),
            ("hash_key", origin(self.hash_key.as_ref()), StoreKind::Redis),
        ];
        let set = keys.into_iter().filter(|(_, _, kind)| *kind != store);
        set.filter_map(|(key, origin, kind)| Some((origin?, key, kind)))
            .collect()
    }
}

fn origin<T>(value: Option<&Sourced<T>>) -> Option<&Origin> {
    value.map(|value| &value.origin)
}

impl fmt::Display for Pacing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Adaptive => "adaptive",
            Self::Spaced => "spaced",
        })
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Redis => "redis",
        })
    }
}
