//! The seed's `litellm-api-config.json`, read as it is.
//!
//! Another program writes this file and puts much into it that is not for us, so unknown keys are left alone here.
//! What it means there it means here: no retries unless asked for, a disabled entry is disabled.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tidegate_providers::find;

use super::Config;
use super::context::{CacheConfig, ContextConfig};
use super::endpoint::EndpointConfig;
use super::environment::Environment;
use super::error::{ConfigError, Place};
use super::locate::meant;
use super::origin::{Origin, Sourced};
use super::provider::ProviderConfig;
use super::queue::{Pacing, QueueConfig};
use super::settings::Settings;
use super::template::Template;
use super::time::Time;
use super::validate::{self, Wording};
use super::value::Value;

mod mistake;
mod one;
mod written;

pub use one::{CcwEndpoint, CcwMiss};

use written::{Advanced, CacheStrategy, Endpoint, File, GlobalCache, Provider};

/// The name of a file nobody named.
const UNNAMED: &str = "litellm-api-config.json";

/// What the seed's types are here, and where their APIs live unless the file says.
const TYPES: &[(&str, &str, Option<&str>)] = &[
    ("openai", "openai", None),
    ("anthropic", "anthropic", None),
    ("custom", "openai-compatible", None),
    (
        "deepseek",
        "openai-compatible",
        Some("https://api.deepseek.com/v1"),
    ),
    (
        "mistral",
        "openai-compatible",
        Some("https://api.mistral.ai/v1"),
    ),
    (
        "ollama",
        "openai-compatible",
        Some("http://localhost:11434/v1"),
    ),
];

pub(super) fn read(
    text: &str,
    path: Option<&Path>,
    environment: Environment,
) -> Result<Config, ConfigError> {
    let file = parse(text, path.unwrap_or(Path::new(UNNAMED)))?;
    understand(file, path, environment)
}

fn parse(text: &str, place: &Path) -> Result<File, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|error| mistake::of(&error, text, &place.into()))
}

fn understand(
    file: File,
    path: Option<&Path>,
    environment: Environment,
) -> Result<Config, ConfigError> {
    let mut reader = Reader {
        path: path.unwrap_or(Path::new(UNNAMED)).into(),
        environment,
        warnings: Vec::new(),
    };
    let mut config = reader.config(file)?;
    config.path = path.map(Arc::from);
    config.environment = reader.environment;
    config.warnings = reader.warnings;
    validate::check(&mut config, &reader.path, Wording::Ccw)?;
    Ok(config)
}

struct Reader {
    path: Arc<Path>,
    environment: Environment,
    warnings: Vec<String>,
}

impl Reader {
    fn origin(&self) -> Origin {
        Origin::File {
            path: Arc::clone(&self.path),
            line: None,
        }
    }

    fn sourced<T>(&self, value: T) -> Sourced<T> {
        Sourced::new(value, self.origin())
    }

    fn value<T>(&self, value: Option<Value<T>>) -> Option<Sourced<T>> {
        value.map(|value| self.sourced(value.0))
    }

    fn warn(&mut self, message: impl std::fmt::Display) {
        let warning = format!("{}: {message}", self.path.display());
        self.warnings.push(warning);
    }

    fn refuse<T>(&self, message: impl Into<String>) -> Result<T, ConfigError> {
        Err(ConfigError::new(Place::file(&self.path), message))
    }

    fn config(&mut self, file: File) -> Result<Config, ConfigError> {
        let mut config = Config {
            default_endpoint: self.sourced_text(file.default_endpoint),
            cache: file
                .global_cache_settings
                .map(|cache| self.cache(cache))
                .unwrap_or_default(),
            // What the file's own program does, and what its users count on.
            queue: QueueConfig {
                pacing: Some(Sourced::default_of(Pacing::Spaced)),
                ..QueueConfig::default()
            },
            ..Config::default()
        };
        for (number, written) in file.providers.unwrap_or_default().into_iter().enumerate() {
            let provider = self.provider(number, written)?;
            if config.providers.contains_key(&provider.name) {
                self.warn(format_args!(
                    "provider `{}` is there twice: the first one is used",
                    provider.name
                ));
            } else {
                config.insert_provider(provider);
            }
        }
        for (number, written) in file.endpoints.unwrap_or_default().into_iter().enumerate() {
            let endpoint = self.endpoint(number, written)?;
            if config.endpoints.contains_key(&endpoint.name) {
                self.warn(format_args!(
                    "endpoint `{}` is there twice: the first one is used",
                    endpoint.name
                ));
            } else {
                config.insert_endpoint(endpoint);
            }
        }
        Ok(config)
    }

    fn sourced_text(&self, value: Option<Value<String>>) -> Option<Sourced<String>> {
        self.value(value.filter(|text| !text.0.is_empty()))
    }

    fn sourced_template(&self, value: Option<Value<Template>>) -> Option<Sourced<Template>> {
        self.value(value.filter(|template| !template.0.raw().is_empty()))
    }

    fn cache(&self, cache: GlobalCache) -> CacheConfig {
        let dir = cache
            .cache_dir
            .map(|dir| meant(&dir.0, &self.path, &self.environment));
        CacheConfig {
            enabled: self.value(cache.enabled),
            dir: dir.map(|dir| self.sourced(dir)),
            max_total_bytes: cache
                .max_total_size_mb
                .map(|size| self.sourced(bytes(size.0, 1024 * 1024))),
        }
    }

    fn provider(
        &mut self,
        number: usize,
        written: Provider,
    ) -> Result<ProviderConfig, ConfigError> {
        let Some(name) = text(written.id) else {
            return self.refuse(format!(
                "providers[{number}] has no `id`: endpoints need one to name it by"
            ));
        };
        let Some(kind) = text(written.kind) else {
            return self.refuse(format!(
                "provider `{name}` has no `type`, such as \"openai\""
            ));
        };
        let enabled = written.enabled.is_none_or(|enabled| enabled.0);
        let known = TYPES.iter().find(|(theirs, ..)| *theirs == kind);
        let (kind, default_url) =
            known.map_or((kind.as_str(), None), |(_, ours, url)| (*ours, *url));
        let base_url = self.sourced_template(written.api_base);
        let default_url = default_url
            .and_then(|url| Template::parse(url).ok())
            .map(Sourced::default_of);
        let base_url = base_url.or(default_url);
        if known.is_none() && find(kind).is_none() && enabled {
            self.warn(format_args!(
                "provider `{name}` has the type `{kind}`, which this version does not speak"
            ));
        }
        if kind == "openai-compatible" && base_url.is_none() && enabled {
            return self.refuse(format!(
                "provider `{name}` has the type `custom` and needs an `apiBase`"
            ));
        }
        let mut provider = ProviderConfig::new(name, self.sourced(kind.to_owned()));
        provider.enabled = enabled;
        provider.base_url = base_url;
        let keys = self.keys(&provider, written.api_keys.unwrap_or_default());
        provider.api_key = self.sourced_template(keys.or(written.api_key));
        self.advanced(&mut provider, written.advanced_settings.unwrap_or_default())?;
        Ok(provider)
    }

    /// The first key of the list that is enabled.
    fn keys(
        &mut self,
        provider: &ProviderConfig,
        keys: Vec<written::ApiKey>,
    ) -> Option<Value<Template>> {
        let enabled = keys
            .into_iter()
            .filter(|key| key.enabled.as_ref().is_none_or(|enabled| enabled.0));
        let mut keys = enabled
            .filter_map(|key| key.key)
            .filter(|key| !key.0.raw().is_empty());
        let first = keys.next();
        let more = keys.count();
        if more > 0 && provider.enabled {
            let name = &provider.name;
            self.warn(format_args!(
                "provider `{name}` has {} keys: this version uses the first alone",
                more + 1
            ));
        }
        first
    }

    fn advanced(
        &mut self,
        provider: &mut ProviderConfig,
        advanced: Advanced,
    ) -> Result<(), ConfigError> {
        let unused = [
            ("apiVersion", advanced.api_version.is_some()),
            ("rpm", advanced.rpm.is_some()),
            ("tpm", advanced.tpm.is_some()),
        ];
        for (key, _) in unused.iter().filter(|(_, set)| *set && provider.enabled) {
            self.warn(format_args!(
                "`{key}` of provider `{}` is not used yet",
                provider.name
            ));
        }
        provider.proxy = self.sourced_template(advanced.proxy);
        provider.headers = self.headers(advanced.custom_headers.unwrap_or_default());
        if let Some(organization) = self.sourced_template(advanced.organization) {
            provider
                .headers
                .insert("OpenAI-Organization".to_owned(), organization);
        }
        let timeout = advanced
            .timeout
            .map(|seconds| self.seconds(provider, seconds.0))
            .transpose()?;
        provider.settings = Settings {
            timeout: timeout.map(|timeout| self.sourced(timeout)),
            max_retries: self.value(advanced.max_retries),
            ..Settings::default()
        };
        Ok(())
    }

    fn headers(
        &self,
        written: BTreeMap<String, Option<Value<Template>>>,
    ) -> BTreeMap<String, Sourced<Template>> {
        let sourced =
            |(name, value): (String, Option<Value<Template>>)| Some((name, self.sourced(value?.0)));
        written.into_iter().filter_map(sourced).collect()
    }

    fn seconds(&self, provider: &ProviderConfig, seconds: f64) -> Result<Time, ConfigError> {
        match Duration::try_from_secs_f64(seconds) {
            Ok(time) if time <= Time::LONGEST => Ok(Time(time)),
            _ => self.refuse(format!(
                "`timeout` of provider `{}` must be a number of seconds, found {seconds}",
                provider.name
            )),
        }
    }

    fn endpoint(
        &mut self,
        number: usize,
        written: Endpoint,
    ) -> Result<EndpointConfig, ConfigError> {
        let Some(name) = text(written.id) else {
            return self.refuse(format!(
                "endpoints[{number}] has no `id`: runs need one to name it by"
            ));
        };
        let Some(provider) = text(written.provider_id) else {
            return self.refuse(format!("endpoint `{name}` has no `providerId`"));
        };
        let Some(model) = text(written.model) else {
            return self.refuse(format!("endpoint `{name}` has no `model`"));
        };
        let context = written
            .cache_strategy
            .map(|strategy| self.context(strategy));
        Ok(EndpointConfig {
            enabled: written.enabled.is_none_or(|enabled| enabled.0),
            context: context.unwrap_or_default(),
            ..EndpointConfig::new(name, self.sourced(provider), self.sourced(model))
        })
    }

    /// The strategy's size bounds what is packed, as it does there; one that is off bounds nothing.
    fn context(&self, strategy: CacheStrategy) -> ContextConfig {
        let enabled = strategy.enabled.as_ref().is_some_and(|enabled| enabled.0);
        let size = strategy.max_size_kb.filter(|size| enabled && size.0 > 0);
        let size = size.map(|size| self.sourced(bytes(size.0, 1024)));
        let ttl = strategy
            .ttl_minutes
            .and_then(|minutes| Duration::try_from_secs_f64(minutes.0 * 60.0).ok());
        let patterns = strategy.file_patterns.unwrap_or_default();
        let patterns: Vec<_> = patterns.into_iter().map(|pattern| pattern.0).collect();
        ContextConfig {
            max_file_bytes: size.clone(),
            max_total_bytes: size,
            cache_enabled: self.value(strategy.enabled),
            cache_ttl: ttl.map(|ttl| self.sourced(Time(ttl))),
            file_patterns: (!patterns.is_empty()).then(|| self.sourced(patterns)),
            ..ContextConfig::default()
        }
    }
}

fn text(value: Option<Value<String>>) -> Option<String> {
    value.map(|text| text.0).filter(|text| !text.is_empty())
}

const fn bytes(size: u64, unit: u64) -> u64 {
    size.saturating_mul(unit)
}
