//! What applies, line by line, as `tidegate config show` prints it.
//!
//! An endpoint's settings are those a run with it would get, from whichever table, variable or default they come: the
//! question behind "show" is never what a file says, but why something happens. How files are packed stands in
//! `[context]`; an endpoint lists there only what it changes.

use std::path::{Path, PathBuf};

use tidegate_context::{CacheOptions, Format, PackOptions};
use tidegate_core::Timeouts;
use tidegate_core::network::without_secrets;
use tidegate_core::secret::REDACTED;
use tidegate_providers::{Provider, find};

use super::Config;
use super::context::{CacheConfig, ContextConfig};
use super::endpoint::EndpointConfig;
use super::explain::{dotted, key_text};
use super::fallback::FallbackConfig;
use super::locate::default_cache;
use super::origin::{Origin, Sourced};
use super::provider::ProviderConfig;
use super::settings::Settings;
use super::template::Template;
use super::time::Time;

/// One value that applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The table, as the file would write it: `endpoints.fast`.
    pub table: String,
    /// The key.
    pub key: String,
    /// The value, as the file would write it; `"[redacted]"` for a secret.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

pub(super) fn of(config: &Config) -> Vec<Row> {
    let mut rows = Vec::new();
    defaults(config, &mut Table::new("defaults".to_owned(), &mut rows));
    queue(config, &mut Table::new("queue".to_owned(), &mut rows));
    let all = config.context.clone().or(&default_context());
    context(&all, &mut Table::new("context".to_owned(), &mut rows));
    cache(
        &with_defaults(config),
        &mut Table::new("cache".to_owned(), &mut rows),
    );
    for entry in config.providers.values() {
        let name = dotted(&["providers", &entry.name]);
        provider(config, entry, &mut Table::new(name, &mut rows));
    }
    for entry in config.endpoints.values() {
        let name = dotted(&["endpoints", &entry.name]);
        endpoint(config, entry, &mut Table::new(name, &mut rows));
    }
    rows
}

fn defaults(config: &Config, table: &mut Table<'_>) {
    table.text("endpoint", config.default_endpoint.as_ref());
    table.settings(&config.defaults.clone().complete_but_clocks());
}

fn queue(config: &Config, table: &mut Table<'_>) {
    let pacing = config.queue.pacing.clone();
    let pacing = pacing.unwrap_or(Sourced::default_of(super::Pacing::default()));
    table.push("pacing", quoted(&pacing.value.to_string()), &pacing.origin);
    let wait = config.queue.max_wait.clone();
    let wait = wait.unwrap_or(Sourced::default_of(Time(config.queue.max_wait())));
    table.push("max_wait", quoted(&wait.value.to_string()), &wait.origin);
    let queue = &config.queue;
    table.with("store", queue.store.as_ref(), |store| {
        quoted(&store.to_string())
    });
    table.path("path", queue.path.as_ref());
    table.with("url", queue.url.as_ref(), |url| {
        quoted(&without_secrets(url.raw()))
    });
    table.text("prefix", queue.prefix.as_ref());
    table.with("hash_key", queue.hash_key.as_ref(), |key| {
        quoted(key.shown(true))
    });
}

fn default_context() -> ContextConfig {
    ContextConfig {
        max_file_bytes: Some(Sourced::default_of(PackOptions::DEFAULT_MAX_FILE_BYTES)),
        max_total_bytes: Some(Sourced::default_of(PackOptions::DEFAULT_MAX_TOTAL_BYTES)),
        max_files: Some(Sourced::default_of(PackOptions::DEFAULT_MAX_FILES)),
        allow_secrets: Some(Sourced::default_of(false)),
        strict: Some(Sourced::default_of(false)),
        format: Some(Sourced::default_of(Format::default())),
        sizes: Some(Sourced::default_of(false)),
        times: Some(Sourced::default_of(false)),
        prompt_cache: Some(Sourced::default_of(true)),
        cache_enabled: Some(Sourced::default_of(true)),
        cache_ttl: Some(Sourced::default_of(Time(CacheOptions::new("").ttl))),
        ..ContextConfig::default()
    }
}

fn context(context: &ContextConfig, table: &mut Table<'_>) {
    table.with("include_dirs", context.include_dirs.as_ref(), |paths| {
        list(paths.iter().map(|at| path(at)))
    });
    table.with(
        "max_file_bytes",
        context.max_file_bytes.as_ref(),
        ToString::to_string,
    );
    table.with(
        "max_total_bytes",
        context.max_total_bytes.as_ref(),
        ToString::to_string,
    );
    table.with("max_files", context.max_files.as_ref(), ToString::to_string);
    table.with(
        "max_tokens",
        context.max_tokens.as_ref(),
        ToString::to_string,
    );
    table.with(
        "allow_secrets",
        context.allow_secrets.as_ref(),
        ToString::to_string,
    );
    table.with("strict", context.strict.as_ref(), ToString::to_string);
    table.with("format", context.format.as_ref(), |format| {
        quoted(format.name())
    });
    table.with("sizes", context.sizes.as_ref(), ToString::to_string);
    table.with("times", context.times.as_ref(), ToString::to_string);
    table.with(
        "prompt_cache",
        context.prompt_cache.as_ref(),
        ToString::to_string,
    );
    table.with(
        "cache_enabled",
        context.cache_enabled.as_ref(),
        ToString::to_string,
    );
    table.with("cache_ttl", context.cache_ttl.as_ref(), |ttl| {
        quoted(&ttl.to_string())
    });
    table.with(
        "file_patterns",
        context.file_patterns.as_ref(),
        |patterns| list(patterns.iter().cloned()),
    );
}

/// What is kept, and where, as it holds.
fn with_defaults(config: &Config) -> CacheConfig {
    let cache = config.cache.clone();
    let most = CacheOptions::new("").max_total_bytes;
    let usual = || Some(Sourced::default_of(default_cache(&config.environment)?));
    CacheConfig {
        enabled: cache.enabled.or(Some(Sourced::default_of(true))),
        dir: cache.dir.or_else(usual),
        max_total_bytes: (cache.max_total_bytes).or(Some(Sourced::default_of(most))),
    }
}

fn cache(cache: &CacheConfig, table: &mut Table<'_>) {
    table.with("enabled", cache.enabled.as_ref(), ToString::to_string);
    table.with("dir", cache.dir.as_ref(), |dir| quoted(&path(dir)));
    table.with(
        "max_total_bytes",
        cache.max_total_bytes.as_ref(),
        ToString::to_string,
    );
}

fn provider(config: &Config, entry: &ProviderConfig, table: &mut Table<'_>) {
    let speaks = find(&entry.kind.value);
    table.text("type", Some(&entry.kind));
    table.enabled(entry.enabled, &entry.kind.origin);
    table.text("base_url", base_url(config, entry, speaks).as_ref());
    table.text("api_key", api_key(config, entry, speaks).as_ref());
    table.text("account", entry.account.as_ref());
    table.text("limit_group", entry.limit_group.as_ref());
    table.secrets("headers", entry.headers.iter());
    let proxy = entry.proxy.as_ref();
    let proxy = proxy.map(|url| Sourced::new(without_secrets(url.value.raw()), url.origin.clone()));
    table.text("proxy", proxy.as_ref());
    table.path("ca_file", entry.ca_file.as_ref());
    table.path("client_cert_file", entry.client_cert_file.as_ref());
    table.path("client_key_file", entry.client_key_file.as_ref());
    table.with("argv", entry.argv.as_ref(), |argv| {
        list(argv.iter().cloned())
    });
    table.with("prompt", entry.prompt.as_ref(), |prompt| {
        serde_json::to_string(prompt).unwrap_or_default()
    });
    table.secrets("env", entry.env.iter());
    table.settings(&entry.settings);
}

/// The base URL in force: the configured one, the variable's, the provider's own.
fn base_url(
    config: &Config,
    entry: &ProviderConfig,
    speaks: Option<&dyn Provider>,
) -> Option<Sourced<String>> {
    let configured = entry.base_url.as_ref();
    let configured =
        configured.map(|url| Sourced::new(without_secrets(url.value.raw()), url.origin.clone()));
    let variable = || {
        let name = speaks?.base_url_variable()?;
        let url = without_secrets(config.environment.get(name)?);
        Some(Sourced::new(url, Origin::Environment(name.to_owned())))
    };
    let default = || Some(Sourced::default_of(speaks?.default_base_url()?.to_owned()));
    configured.or_else(variable).or_else(default)
}

/// The key in force, hidden.
fn api_key(
    config: &Config,
    entry: &ProviderConfig,
    speaks: Option<&dyn Provider>,
) -> Option<Sourced<String>> {
    let configured = entry.api_key.as_ref();
    let configured =
        configured.map(|key| Sourced::new(key.value.shown(true).to_owned(), key.origin.clone()));
    configured.or_else(|| {
        let name = speaks?.key_variable()?;
        config.environment.get(name)?;
        Some(Sourced::new(
            REDACTED.to_owned(),
            Origin::Environment(name.to_owned()),
        ))
    })
}

fn endpoint(config: &Config, entry: &EndpointConfig, table: &mut Table<'_>) {
    table.text("provider", Some(&entry.provider));
    table.text("model", Some(&entry.model));
    table.enabled(entry.enabled, &entry.model.origin);
    table.text("system", entry.system.as_ref());
    if let Some(first) = entry.fallbacks.first() {
        let all = entry.fallbacks.iter().map(fallback).collect::<Vec<_>>();
        let value = format!("[{}]", all.join(", "));
        table.push("fallbacks", value, &first.endpoint.origin);
    }
    for (key, price) in [
        ("input_price", &entry.input_price),
        ("output_price", &entry.output_price),
    ] {
        table.with(key, price.as_ref(), |dollars| dollars.get().to_string());
    }
    context(&entry.context, table);
    table.settings(&settings(config, entry));
}

fn fallback(fallback: &FallbackConfig) -> String {
    let name = quoted(&fallback.endpoint.value);
    match fallback.on {
        None => name,
        Some(on) => {
            let words = list(on.iter().map(|condition| condition.to_string()));
            format!("{{ endpoint = {name}, on = {words} }}")
        }
    }
}

/// The settings of a run with this endpoint that brings none itself.
fn settings(config: &Config, entry: &EndpointConfig) -> Settings {
    let provider = config.providers.get(&entry.provider.value);
    let kind = provider.map_or(entry.provider.value.as_str(), |provider| {
        provider.kind.value.as_str()
    });
    let is_command = find(kind).is_some_and(Provider::is_command);
    let own = entry.settings.clone();
    let with_provider = provider.map_or(own.clone(), |provider| own.or(&provider.settings));
    let clocks = if is_command {
        Timeouts::COMMAND
    } else {
        Timeouts::HTTP
    };
    with_provider.or(&config.defaults).complete(clocks)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn list(texts: impl Iterator<Item = String>) -> String {
    let quoted: Vec<_> = texts.map(|text| quoted(&text)).collect();
    format!("[{}]", quoted.join(", "))
}

/// Rows of one table, as they are collected.
struct Table<'r> {
    name: String,
    rows: &'r mut Vec<Row>,
}

impl<'r> Table<'r> {
    fn new(name: String, rows: &'r mut Vec<Row>) -> Self {
        Self { name, rows }
    }

    fn push(&mut self, key: impl Into<String>, value: String, origin: &Origin) {
        let (table, origin) = (self.name.clone(), origin.clone());
        self.rows.push(Row {
            table,
            key: key.into(),
            value,
            origin,
        });
    }

    fn with<T>(&mut self, key: &str, value: Option<&Sourced<T>>, spell: impl FnOnce(&T) -> String) {
        if let Some(value) = value {
            self.push(key, spell(&value.value), &value.origin);
        }
    }

    fn text(&mut self, key: &str, value: Option<&Sourced<String>>) {
        self.with(key, value, |text| quoted(text));
    }

    fn path(&mut self, key: &str, value: Option<&Sourced<PathBuf>>) {
        self.with(key, value, |at| quoted(&path(at)));
    }

    fn enabled(&mut self, enabled: bool, origin: &Origin) {
        if !enabled {
            self.push("enabled", "false".to_owned(), origin);
        }
    }

    fn secrets<'v>(
        &mut self,
        table: &str,
        values: impl Iterator<Item = (&'v String, &'v Sourced<Template>)>,
    ) {
        for (name, value) in values {
            let key = format!("{table}.{}", key_text(name));
            self.push(key, quoted(value.value.shown(true)), &value.origin);
        }
    }

    fn settings(&mut self, settings: &Settings) {
        settings.spell(|key, value, origin| self.push(key, value, origin));
    }
}
