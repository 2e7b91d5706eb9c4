//! `tidegate.toml`, as it is written.
//!
//! Tables say exactly which keys they take; everything is optional here, and every value keeps its place. What the
//! values mean together is for [`super::validate`] to say, and for the plan.

mod fallbacks;
mod tables;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use tidegate_providers::{PROVIDERS, find, providers::command};
use toml::Spanned;

use self::fallbacks::Entry;
pub(super) use self::tables::keys_of;
use self::tables::{
    ConfigFile, Directories, EndpointTable, Fallbacks, Key, List, Map, ProviderTable,
};

use super::Config;
use super::context::{CacheConfig, ContextConfig};
use super::endpoint::EndpointConfig;
use super::environment::Environment;
use super::error::{ConfigError, Place};
use super::explain::{self, dotted};
use super::fallback::FallbackConfig;
use super::locate::meant;
use super::nearest::hint;
use super::origin::{Origin, Sourced};
use super::provider::ProviderConfig;
use super::queue::QueueConfig;
use super::template::Template;
use super::validate::{self, Wording};
use super::value::Value;

/// The name of a file nobody named.
const UNNAMED: &str = "tidegate.toml";

/// The text being read, and where it comes from.
pub(super) struct Document<'d> {
    pub(super) text: &'d str,
    path: Arc<Path>,
    environment: Environment,
}

pub(super) fn read(
    text: &str,
    path: Option<&Path>,
    environment: Environment,
) -> Result<Config, ConfigError> {
    let document = Document {
        text: text.strip_prefix('\u{feff}').unwrap_or(text),
        path: path.unwrap_or(Path::new(UNNAMED)).into(),
        environment,
    };
    let parsed = toml::Deserializer::parse(document.text)
        .map_err(|error| explain::syntax(&document, &error))?;
    let file =
        ConfigFile::deserialize(parsed).map_err(|error| explain::shape(&document, &error))?;
    let mut config = document.config(file)?;
    config.path = path.map(Arc::from);
    config.environment = document.environment;
    validate::check(&mut config, &document.path, Wording::Toml)?;
    Ok(config)
}

impl Document<'_> {
    /// A mistake at `span`.
    pub(super) fn error(&self, span: Option<&Range<usize>>, message: String) -> ConfigError {
        let line = span.map(|span| self.line(span));
        let place = Place {
            line,
            ..Place::file(&self.path)
        };
        ConfigError::new(place, message)
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or_default();
        before.matches('\n').count() + 1
    }

    fn origin(&self, span: &Range<usize>) -> Origin {
        Origin::File {
            path: Arc::clone(&self.path),
            line: Some(self.line(span)),
        }
    }

    fn sourced<T>(&self, key: Key<T>) -> Option<Sourced<T>> {
        key.map(|key| self.value(key))
    }

    fn value<T>(&self, key: Spanned<Value<T>>) -> Sourced<T> {
        let origin = self.origin(&key.span());
        Sourced::new(key.into_inner().0, origin)
    }

    fn list(&self, list: List) -> Option<Sourced<Vec<String>>> {
        let list = list?;
        let origin = self.origin(&list.span());
        let texts = list.into_inner().into_iter().map(|text| text.0);
        Some(Sourced::new(texts.collect(), origin))
    }

    fn templates(&self, map: Map<Value<Template>>) -> BTreeMap<String, Sourced<Template>> {
        map.into_iter()
            .map(|(name, value)| (name, self.value(value)))
            .collect()
    }

    /// A template that is needed whatever is asked for, so that it is resolved at once.
    fn resolved(&self, value: &Spanned<Value<Template>>, key: &str) -> Result<String, ConfigError> {
        let template = &value.get_ref().0;
        template.resolve(&self.environment).map_err(|missing| {
            let name = &missing.name;
            let message = format!("`{key}`: {missing}; set it, or write `${{{name}:-...}}`");
            self.error(Some(&value.span()), message)
        })
    }

    fn directories(&self, list: Directories) -> Result<Option<Sourced<Vec<PathBuf>>>, ConfigError> {
        let Some(list) = list else { return Ok(None) };
        let origin = self.origin(&list.span());
        let directory = |template| {
            let path = self.resolved(&template, "include_dirs")?;
            Ok(meant(&path, &self.path, &self.environment))
        };
        let paths: Result<_, _> = list.into_inner().into_iter().map(directory).collect();
        Ok(Some(Sourced::new(paths?, origin)))
    }

    /// A path as it is meant where the file lies.
    fn path(
        &self,
        key: Key<Template>,
        name: &str,
    ) -> Result<Option<Sourced<PathBuf>>, ConfigError> {
        let read = |key: Spanned<Value<Template>>| {
            let path = self.resolved(&key, name)?;
            let path = meant(&path, &self.path, &self.environment);
            Ok(Sourced::new(path, self.origin(&key.span())))
        };
        key.map(read).transpose()
    }

    fn fallbacks(&self, list: Fallbacks) -> Vec<FallbackConfig> {
        let entries = list.into_iter().flatten();
        let read = |entry: Spanned<Entry>| {
            let origin = self.origin(&entry.span());
            let Entry { endpoint, on } = entry.into_inner();
            FallbackConfig {
                endpoint: Sourced::new(endpoint, origin),
                on,
            }
        };
        entries.map(read).collect()
    }

    fn config(&self, file: ConfigFile) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        for (name, table) in file.providers {
            config.insert_provider(self.provider(name, table)?);
        }
        for (name, table) in file.endpoints {
            config.insert_endpoint(self.endpoint(name, table)?);
        }
        let mut defaults = file.defaults;
        config.default_endpoint = self.sourced(defaults.endpoint.take());
        config.defaults = defaults.settings(self);
        config.queue = QueueConfig {
            pacing: self.sourced(file.queue.pacing),
            max_wait: self.sourced(file.queue.max_wait),
            store: self.sourced(file.queue.store),
            path: self.path(file.queue.path, "path")?,
            url: self.sourced(file.queue.url),
            prefix: self.sourced(file.queue.prefix),
            hash_key: self.sourced(file.queue.hash_key),
        };
        config.context = ContextConfig {
            include_dirs: self.directories(file.context.include_dirs)?,
            max_file_bytes: self.sourced(file.context.max_file_bytes),
            max_total_bytes: self.sourced(file.context.max_total_bytes),
            max_files: self.sourced(file.context.max_files),
            max_tokens: self.sourced(file.context.max_tokens),
            allow_secrets: self.sourced(file.context.allow_secrets),
            cache_enabled: self.sourced(file.context.cache_enabled),
            cache_ttl: self.sourced(file.context.cache_ttl),
            file_patterns: self.list(file.context.file_patterns),
            strict: self.sourced(file.context.strict),
            format: self.sourced(file.context.format),
            prompt_cache: self.sourced(file.context.prompt_cache),
            sizes: self.sourced(file.context.sizes),
            times: self.sourced(file.context.times),
        };
        config.cache = CacheConfig {
            enabled: self.sourced(file.cache.enabled),
            dir: self.path(file.cache.dir, "dir")?,
            max_total_bytes: self.sourced(file.cache.max_total_bytes),
        };
        Ok(config)
    }

    fn provider(
        &self,
        name: String,
        table: Spanned<ProviderTable>,
    ) -> Result<ProviderConfig, ConfigError> {
        let header = table.span();
        let mut table = table.into_inner();
        let kind = self.kind(&name, table.r#type.take(), &header)?;
        Ok(ProviderConfig {
            account: self.sourced(table.account.take()),
            base_url: self.sourced(table.base_url.take()),
            api_key: self.sourced(table.api_key.take()),
            headers: self.templates(std::mem::take(&mut table.headers)),
            proxy: self.sourced(table.proxy.take()),
            ca_file: self.path(table.ca_file.take(), "ca_file")?,
            client_cert_file: self.path(table.client_cert_file.take(), "client_cert_file")?,
            client_key_file: self.path(table.client_key_file.take(), "client_key_file")?,
            argv: self.argv(&name, table.argv.take(), table.preset.take())?,
            prompt: self.sourced(table.prompt.take()),
            env: self.templates(std::mem::take(&mut table.env)),
            limit_group: self.sourced(table.limit_group.take()),
            enabled: is_enabled(table.enabled.take()),
            settings: table.settings(self),
            ..ProviderConfig::new(name, kind)
        })
    }

    /// The type, or the name where that is a type.
    fn kind(
        &self,
        name: &str,
        key: Key<String>,
        header: &Range<usize>,
    ) -> Result<Sourced<String>, ConfigError> {
        let known = PROVIDERS.iter().map(|provider| provider.name());
        match self.sourced(key) {
            Some(kind) if find(&kind.value).is_some() => Ok(kind),
            Some(kind) => {
                let hint = hint(&kind.value, known, "this version knows");
                let table = dotted(&["providers", name]);
                let message = format!("unknown provider type `{}` in [{table}]{hint}", kind.value);
                Err(ConfigError::new(
                    Place::of(&kind.origin, &self.path),
                    message,
                ))
            }
            None if find(name).is_some() => Ok(Sourced::new(name.to_owned(), self.origin(header))),
            None => {
                let known: Vec<_> = known.map(|name| format!("\"{name}\"")).collect();
                let table = dotted(&["providers", name]);
                let message = format!("[{table}] needs a `type`: {}", known.join(", "));
                Err(self.error(Some(header), message))
            }
        }
    }

    fn argv(
        &self,
        name: &str,
        argv: List,
        preset: Key<String>,
    ) -> Result<Option<Sourced<Vec<String>>>, ConfigError> {
        let Some(preset) = self.sourced(preset) else {
            return Ok(self.list(argv));
        };
        let table = dotted(&["providers", name]);
        let refuse = |message| {
            Err(ConfigError::new(
                Place::of(&preset.origin, &self.path),
                message,
            ))
        };
        if argv.is_some() {
            return refuse(format!("[{table}] has both `preset` and `argv`: keep one"));
        }
        let Some(argv) = command::preset(&preset.value) else {
            let hint = hint(&preset.value, command::PRESETS.iter().copied(), "there is");
            return refuse(format!(
                "unknown preset `{}` in [{table}]{hint}",
                preset.value
            ));
        };
        let argv = argv.iter().map(|&argument| argument.to_owned()).collect();
        Ok(Some(Sourced::new(argv, preset.origin)))
    }

    fn endpoint(
        &self,
        name: String,
        table: Spanned<EndpointTable>,
    ) -> Result<EndpointConfig, ConfigError> {
        let header = table.span();
        let mut table = table.into_inner();
        let missing = |key: &str| {
            let table = dotted(&["endpoints", &name]);
            self.error(Some(&header), format!("[{table}] needs a `{key}`"))
        };
        let provider = self
            .sourced(table.provider.take())
            .ok_or_else(|| missing("provider"))?;
        let model = table.model.take().ok_or_else(|| missing("model"))?;
        let model_text = self.resolved(&model, "model")?;
        let model = Sourced::new(model_text, self.origin(&model.span()));
        Ok(EndpointConfig {
            system: self.sourced(table.system.take()),
            enabled: is_enabled(table.enabled.take()),
            fallbacks: self.fallbacks(table.fallbacks.take()),
            context: ContextConfig {
                include_dirs: self.directories(table.include_dirs.take())?,
                max_file_bytes: self.sourced(table.max_file_bytes.take()),
                max_total_bytes: self.sourced(table.max_total_bytes.take()),
                max_files: self.sourced(table.max_files.take()),
                max_tokens: self.sourced(table.max_tokens.take()),
                prompt_cache: self.sourced(table.prompt_cache.take()),
                ..ContextConfig::default()
            },
            input_price: self.sourced(table.input_price.take()),
            output_price: self.sourced(table.output_price.take()),
            settings: table.settings(self),
            ..EndpointConfig::new(name, provider, model)
        })
    }
}

fn is_enabled(key: Key<bool>) -> bool {
    key.is_none_or(|key| key.into_inner().0)
}
