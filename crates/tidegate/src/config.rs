//! What the user wants, from a file, the environment and flags, each value with the place it comes from.
//!
//! A setting that is ignored costs more than one that is refused: a misspelt `max_retry` means no retries, and nobody
//! learns of it before the night it matters. So everything that is not understood is an error with file, line and the
//! name that was probably meant. Reading is a pure function of text and environment; only [`Config::load`],
//! [`locate`], [`mod@edit`], [`ProviderConfig::out_of_reach`] and [`Environment::from_process`] look outside.

mod ccw;
mod context;
mod delivery;
mod dollars;
pub mod edit;
mod endpoint;
mod environment;
mod error;
mod explain;
mod fallback;
mod file;
mod literal;
mod locate;
mod nearest;
mod origin;
mod provider;
mod queue;
mod reach;
mod read;
mod rows;
mod settings;
mod template;
mod time;
mod validate;
mod value;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use ccw::{CcwEndpoint, CcwMiss};
pub use context::{CacheConfig, ContextConfig};
pub use delivery::DeliveryMode;
pub use dollars::Dollars;
pub use endpoint::EndpointConfig;
pub use environment::Environment;
pub use error::{ConfigError, Place};
pub use fallback::FallbackConfig;
pub use locate::{default_path, locate};
pub use nearest::UnknownName;
pub use origin::{Origin, Sourced};
pub use provider::ProviderConfig;
pub use queue::{Pacing, QueueConfig, StoreKind};
pub use rows::Row;
pub use settings::Settings;
pub use template::{MissingVariable, Template, TemplateError};
pub use time::{Time, TimeError};

/// Everything that was configured.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The file it was read from.
    pub path: Option<Arc<Path>>,
    /// The endpoint of runs that name none.
    pub default_endpoint: Option<Sourced<String>>,
    /// How patient runs are, where neither endpoint nor provider say.
    pub defaults: Settings,
    /// How runs of one limit are lined up.
    pub queue: QueueConfig,
    /// The providers, by name.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// The endpoints, by name.
    pub endpoints: BTreeMap<String, EndpointConfig>,
    /// How the files that prompts name are packed, where the endpoint does not say.
    pub context: ContextConfig,
    /// What is kept of packed files.
    pub cache: CacheConfig,
    /// The variables that values may name.
    pub environment: Environment,
    /// What is probably not meant as it is written, though it can be used.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the file at `path`, or the one [`locate`] finds; an empty configuration where there is none. A file whose
    /// name ends in `.json` is the seed's.
    ///
    /// # Errors
    /// [`ConfigError`] when the file cannot be read or used.
    pub fn load(path: Option<&Path>, environment: Environment) -> Result<Self, ConfigError> {
        match locate(path, &environment) {
            Some(path) => read::file(&path, environment),
            None => Ok(Self {
                environment,
                ..Self::default()
            }),
        }
    }

    /// Reads the text of a `tidegate.toml`. `path` is where it comes from, for origins and errors.
    ///
    /// # Errors
    /// [`ConfigError`] with the line and what would be right there.
    ///
    /// # Examples
    /// ```
    /// # use tidegate::config::{Config, Environment};
    /// let text = "[endpoints.fast]\nprovider = \"openai\"\nmodel = \"gpt-4o-mini\"\nmax_retry = 3\n";
    /// let error = Config::from_toml(text, None, Environment::of([])).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "tidegate.toml:4: unknown key `max_retry` in [endpoints.fast], did you mean `max_retries`?",
    /// );
    /// ```
    pub fn from_toml(
        text: &str,
        path: Option<&Path>,
        environment: Environment,
    ) -> Result<Self, ConfigError> {
        file::read(text, path, environment)
    }

    /// Reads the text of the seed's `litellm-api-config.json`. `path` is where it comes from, for origins and errors.
    ///
    /// # Errors
    /// [`ConfigError`] with the place and what would be right there.
    pub fn from_ccw_json(
        text: &str,
        path: Option<&Path>,
        environment: Environment,
    ) -> Result<Self, ConfigError> {
        ccw::read(text, path, environment)
    }

    /// Adds a provider; one of the same name is replaced.
    pub fn insert_provider(&mut self, provider: ProviderConfig) {
        self.providers.insert(provider.name.clone(), provider);
    }

    /// Adds an endpoint; one of the same name is replaced.
    pub fn insert_endpoint(&mut self, endpoint: EndpointConfig) {
        self.endpoints.insert(endpoint.name.clone(), endpoint);
    }

    /// Every value that applies, defaults included, with its origin. Secrets are hidden.
    pub fn rows(&self) -> Vec<Row> {
        rows::of(self)
    }
}

/// A commented file to start from. It loads as it is.
pub const fn sample() -> &'static str {
    include_str!("../../../examples/tidegate.toml")
}
