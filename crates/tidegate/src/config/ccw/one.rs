//! One endpoint of the seed's file, looked up as its first callers do: by id, and whatever else stands in the file.
//!
//! Those callers know the file by ids and by what a provider is called, and what is wrong with one entry is no concern
//! of the calls to another. So everything but the endpoint and its provider is left out before the file is understood.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use super::super::error::{ConfigError, Place};
use super::super::locate::{ccw_home, directory};
use super::super::origin::{Origin, Sourced};
use super::super::provider::ProviderConfig;
use super::super::read::unreadable;
use super::super::template::Template;
use super::super::{Config, Environment};
use super::written::File;
use super::{UNNAMED, understand, written};

/// An endpoint of the seed's file and its provider, and nothing else of the file.
#[derive(Debug, Clone)]
pub struct CcwEndpoint {
    /// The configuration with this endpoint alone.
    pub config: Config,
    /// The endpoint's id: its name in `config`.
    pub id: String,
    /// The model, as the file names it.
    pub model: String,
    /// The provider's type, as the file names it.
    pub kind: String,
    /// Whether its prompts bring their files along.
    pub packs: bool,
}

/// Why a call cannot begin. `Display` is, word for word, what the first callers look for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CcwMiss {
    /// No endpoint has this id.
    #[error("Endpoint not found: {0}")]
    Endpoint(String),
    /// The endpoint's provider is not in the file.
    #[error("Provider not found: {0}")]
    Provider(String),
    /// The provider has no key.
    #[error("API key not configured for provider: {name}")]
    Key {
        /// What the provider is called.
        name: String,
        /// The endpoint's model.
        model: String,
        /// The provider's type.
        kind: String,
    },
    /// The file cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl CcwEndpoint {
    /// Reads the endpoint `id` from `config/litellm-api-config.json` under `$CCW_DATA_DIR`, or under `~/.ccw`. Without a
    /// file there are no endpoints.
    ///
    /// # Errors
    /// [`CcwMiss`], also for a provider without a key: those callers never take one from elsewhere.
    pub fn load(id: &str, environment: Environment) -> Result<Self, CcwMiss> {
        let missing = || CcwMiss::Endpoint(id.to_owned());
        let path = path(&environment).ok_or_else(missing)?;
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::read(id, &text, Some(&path), environment),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing()),
            Err(error) => Err(unreadable(&path, &environment, error).into()),
        }
    }

    /// Reads the endpoint `id` from the text of such a file. `path` is where it comes from, for origins and errors.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn read(
        id: &str,
        text: &str,
        path: Option<&Path>,
        environment: Environment,
    ) -> Result<Self, CcwMiss> {
        let mut file = super::parse(text, path.unwrap_or(Path::new(UNNAMED)))?;
        let named = Named::keep(&mut file, id)?;
        let config = understand(file, path, environment)?;
        let provider = config.providers.get(&named.provider);
        let key = provider.and_then(|provider| provider.api_key.as_ref());
        let key = key.and_then(|key| key.value.resolve(&config.environment).ok());
        if key.is_none_or(|key| key.is_empty()) {
            return Err(CcwMiss::Key {
                name: named.title,
                model: named.model,
                kind: named.kind,
            });
        }
        Ok(Self {
            config,
            id: id.to_owned(),
            model: named.model,
            kind: named.kind,
            packs: named.packs,
        })
    }

    /// The same endpoint reached as its first callers reach it: through the command line of `ccw_litellm`, with the
    /// credential and the base URL in the child's environment. What the file says of time-outs and retries was never
    /// said to that command.
    ///
    /// # Errors
    /// [`ConfigError`] when a header names a variable that is not set.
    pub fn through_command(&self, python: &str) -> Result<Config, ConfigError> {
        let mut config = self.config.clone();
        let providers = std::mem::take(&mut config.providers);
        for provider in providers.into_values() {
            let command = self.command(provider, python)?;
            config.insert_provider(command);
        }
        Ok(config)
    }

    fn command(
        &self,
        provider: ProviderConfig,
        python: &str,
    ) -> Result<ProviderConfig, ConfigError> {
        const SINCE: Origin = Origin::BuiltIn("the call through ccw_litellm");
        let argv = tidegate_providers::providers::command::CCW_LITELLM.iter();
        let mut argv: Vec<String> = argv.map(|argument| (*argument).to_owned()).collect();
        python.clone_into(&mut argv[0]);
        let headers = self.headers(&provider)?;
        let written = |url: &Sourced<Template>| !matches!(url.origin, Origin::Default);
        let prefix = variables(&self.kind);
        let values = [
            (format!("{prefix}_API_KEY"), provider.api_key),
            (
                format!("{prefix}_API_BASE"),
                provider.base_url.filter(written),
            ),
            ("CCW_LITELLM_EXTRA_HEADERS".to_owned(), headers),
        ];
        let values = values.into_iter();
        Ok(ProviderConfig {
            argv: Some(Sourced::new(argv, SINCE)),
            env: values
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            enabled: provider.enabled,
            ..ProviderConfig::new(provider.name, Sourced::new("command".to_owned(), SINCE))
        })
    }

    /// Further headers, as one JSON object.
    fn headers(&self, provider: &ProviderConfig) -> Result<Option<Sourced<Template>>, ConfigError> {
        let mut object = Map::new();
        for (name, value) in &provider.headers {
            let resolved = value.value.resolve(&self.config.environment);
            let refuse = |message: String| ConfigError::new(self.place(), message);
            let resolved = resolved.map_err(|error| {
                refuse(format!(
                    "the header `{name}` of provider `{}`: {error}",
                    provider.name
                ))
            })?;
            object.insert(name.clone(), Json::String(resolved));
        }
        let origin = provider
            .headers
            .values()
            .next()
            .map(|value| value.origin.clone());
        let text = Template::parse(&Template::escaped(&Json::Object(object).to_string())).ok();
        Ok(origin
            .zip(text)
            .map(|(origin, text)| Sourced::new(text, origin)))
    }

    fn place(&self) -> Place {
        let path = self.config.path.clone();
        Place::file(&path.unwrap_or_else(|| Path::new(UNNAMED).into()))
    }
}

/// What the variables of a provider's type begin with. A server of somebody's own speaks as `OpenAI`'s does.
fn variables(kind: &str) -> String {
    match kind {
        "custom" => "OPENAI".to_owned(),
        kind => kind.to_ascii_uppercase().replace('-', "_"),
    }
}

fn path(environment: &Environment) -> Option<PathBuf> {
    let default = || Some(directory(environment, "HOME")?.join(".ccw"));
    let base = environment.get("CCW_DATA_DIR").map(PathBuf::from);
    Some(ccw_home(&base.or_else(default)?))
}

/// What the file says of one endpoint that a [`Config`] does not keep.
struct Named {
    provider: String,
    title: String,
    kind: String,
    model: String,
    packs: bool,
}

impl Named {
    /// Leaves in the file the endpoint `id` and its provider.
    fn keep(file: &mut File, id: &str) -> Result<Self, CcwMiss> {
        let is = |value: &Option<super::Value<String>>, id: &str| {
            value.as_ref().is_some_and(|value| value.0 == id)
        };
        let endpoints = file.endpoints.get_or_insert_default();
        endpoints.retain(|endpoint| is(&endpoint.id, id));
        endpoints.truncate(1);
        let endpoint = endpoints.first();
        let endpoint = endpoint.ok_or_else(|| CcwMiss::Endpoint(id.to_owned()))?;
        let said = |value: &Option<super::Value<String>>| {
            value
                .as_ref()
                .map_or_else(String::new, |value| value.0.clone())
        };
        let (provider, model) = (said(&endpoint.provider_id), said(&endpoint.model));
        let strategy = endpoint.cache_strategy.as_ref();
        let packs = strategy.and_then(written::CacheStrategy::is_enabled);
        file.default_endpoint = None;
        let providers = file.providers.get_or_insert_default();
        providers.retain(|other| is(&other.id, &provider));
        providers.truncate(1);
        let Some(found) = providers.first() else {
            return Err(CcwMiss::Provider(provider));
        };
        let title = found
            .name
            .as_ref()
            .map_or(&provider, |name| &name.0)
            .clone();
        Ok(Self {
            kind: said(&found.kind),
            title,
            provider,
            model,
            packs: packs.unwrap_or(false),
        })
    }
}
