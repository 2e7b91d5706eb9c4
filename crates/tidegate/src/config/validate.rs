//! What a configuration must be as a whole, whatever file it came from.

mod http;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidegate_providers::{PROVIDERS, Provider, find};

use super::Config;
use super::endpoint::EndpointConfig;
use super::error::{ConfigError, Place};
use super::explain::dotted;
use super::nearest::{hint, nearest};
use super::origin::{Origin, Sourced};
use super::provider::ProviderConfig;
use super::settings::Settings;
use super::time::Time;

/// The endpoint that the command brings along.
const DEMO: &str = "demo";
/// What the provider itself puts after a base URL.
const ROUTE: &str = "/chat/completions";

/// The words of the file that is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    /// `tidegate.toml`.
    Toml,
    /// The seed's file.
    Ccw,
}

impl Wording {
    fn provider(self, provider: &ProviderConfig) -> String {
        match self {
            Self::Toml => format!("[{}]", dotted(&["providers", &provider.name])),
            Self::Ccw => format!("provider `{}`", provider.name),
        }
    }

    fn endpoint(self, endpoint: &EndpointConfig) -> String {
        match self {
            Self::Toml => format!("[{}]", dotted(&["endpoints", &endpoint.name])),
            Self::Ccw => format!("endpoint `{}`", endpoint.name),
        }
    }

    const fn base_url(self) -> &'static str {
        match self {
            Self::Toml => "base_url",
            Self::Ccw => "apiBase",
        }
    }
}

/// Refuses what cannot work and notes what is probably not meant.
pub(super) fn check(
    config: &mut Config,
    path: &Arc<Path>,
    words: Wording,
) -> Result<(), ConfigError> {
    let mut warnings = Vec::new();
    let checker = Checker {
        config,
        path,
        words,
    };
    checker.settings(&config.defaults, "[defaults]")?;
    for provider in config.providers.values() {
        checker.provider(provider)?;
        warnings.extend(checker.route(provider));
    }
    for endpoint in config.endpoints.values() {
        checker.endpoint(endpoint)?;
    }
    if let Some((origin, problem)) = config.queue.problem() {
        checker.refuse(origin, problem)?;
    }
    warnings.extend(default_endpoint(config));
    config.warnings.extend(warnings);
    Ok(())
}

struct Checker<'c> {
    config: &'c Config,
    path: &'c Arc<Path>,
    words: Wording,
}

type Checked = Result<(), ConfigError>;

impl Checker<'_> {
    fn refuse(&self, origin: &Origin, message: impl Into<String>) -> Checked {
        Err(ConfigError::new(Place::of(origin, self.path), message))
    }

    fn settings(&self, settings: &Settings, table: &str) -> Checked {
        let Settings {
            connect_timeout,
            first_token_timeout,
            idle_timeout,
            timeout,
            deadline,
            ..
        } = settings;
        let clocks = [
            ("connect_timeout", connect_timeout),
            ("first_token_timeout", first_token_timeout),
            ("idle_timeout", idle_timeout),
            ("timeout", timeout),
            ("deadline", deadline),
        ];
        clocks
            .into_iter()
            .try_for_each(|(key, clock)| self.clock(key, clock.as_ref(), table))?;
        self.limits(settings, table)?;
        match &settings.retry_jitter {
            Some(jitter) if !(0.0..=1.0).contains(&jitter.value) => {
                let message = format!(
                    "`retry_jitter` in {table} must be from 0 to 1, found {}",
                    jitter.value
                );
                self.refuse(&jitter.origin, message)
            }
            _ => Ok(()),
        }
    }

    fn limits(&self, settings: &Settings, table: &str) -> Checked {
        let Settings {
            rpm,
            tpm,
            input_tpm,
            output_tpm,
            burst,
            token_burst,
            max_concurrency,
            ..
        } = settings;
        let counts = [
            ("rpm", rpm),
            ("tpm", tpm),
            ("input_tpm", input_tpm),
            ("output_tpm", output_tpm),
            ("burst", burst),
            ("token_burst", token_burst),
            ("max_concurrency", max_concurrency),
        ];
        for (key, count) in counts {
            if let Some(zero) = count.as_ref().filter(|count| count.value == 0) {
                let message =
                    format!("`{key}` in {table} must be at least 1: nothing could ever be sent");
                return self.refuse(&zero.origin, message);
            }
        }
        match &settings.share {
            Some(share) if !(0.001..=1.0).contains(&share.value) => {
                let message = format!(
                    "`share` in {table} must be from 0.001 to 1, found {}",
                    share.value
                );
                self.refuse(&share.origin, message)
            }
            _ => Ok(()),
        }
    }

    fn clock(&self, key: &str, clock: Option<&Sourced<Time>>, table: &str) -> Checked {
        match clock {
            Some(clock) if clock.value.0.is_zero() => self.refuse(
                &clock.origin,
                format!(
                    "`{key}` in {table} must be longer than zero: nothing can be done in no time"
                ),
            ),
            _ => Ok(()),
        }
    }

    fn provider(&self, provider: &ProviderConfig) -> Checked {
        let table = self.words.provider(provider);
        if provider.name.is_empty() {
            return self.refuse(&provider.kind.origin, "a provider's name cannot be empty");
        }
        self.settings(&provider.settings, &table)?;
        self.base_url(provider, &table)?;
        self.argv(provider, &table)?;
        // Another program writes the seed's file: one header of one provider must not cost all others.
        let unsendable = http::problem(provider, &table).filter(|_| self.words == Wording::Toml);
        if let Some((origin, problem)) = unsendable {
            self.refuse(origin, problem)?;
        }
        match find(&provider.kind.value).map(Provider::is_command) {
            Some(true) => self.only_http(provider, &table),
            Some(false) => self.only_command(provider, &table),
            None => Ok(()),
        }
    }

    fn base_url(&self, provider: &ProviderConfig, table: &str) -> Checked {
        let Some(url) = &provider.base_url else {
            return Ok(());
        };
        let begins = |with| url.value.raw().starts_with(with);
        if ["http://", "https://", "${"].into_iter().any(begins) {
            return Ok(());
        }
        self.refuse(
            &url.origin,
            format!(
                "`{}` in {table} must begin with https:// or http://",
                self.words.base_url()
            ),
        )
    }

    fn argv(&self, provider: &ProviderConfig, table: &str) -> Checked {
        match &provider.argv {
            Some(argv) if argv.value.first().is_none_or(String::is_empty) => {
                let message = format!(
                    "`argv` in {table} must begin with a program, such as [\"python\", \"ask.py\"]"
                );
                self.refuse(&argv.origin, message)
            }
            _ => Ok(()),
        }
    }

    /// Keys that mean nothing to a command.
    fn only_http(&self, provider: &ProviderConfig, table: &str) -> Checked {
        if let Some(key) = &provider.api_key {
            let message = format!(
                "`api_key` in {table} would not reach the command: put it into its `env` under the name that the command \
                 reads"
            );
            return self.refuse(&key.origin, message);
        }
        let header = provider
            .headers
            .values()
            .next()
            .map(|header| &header.origin);
        let url = provider.base_url.as_ref().map(|url| &url.origin);
        self.out_of_place(
            &[
                ("base_url", url),
                ("headers", header),
                ("proxy", provider.proxy.as_ref().map(|proxy| &proxy.origin)),
                ("ca_file", file(provider.ca_file.as_ref())),
                ("client_cert_file", file(provider.client_cert_file.as_ref())),
                ("client_key_file", file(provider.client_key_file.as_ref())),
            ],
            table,
            "a command",
        )
    }

    /// Keys that mean nothing to anything else.
    fn only_command(&self, provider: &ProviderConfig, table: &str) -> Checked {
        let argv = provider.argv.as_ref().map(|argv| &argv.origin);
        let prompt = provider.prompt.as_ref().map(|prompt| &prompt.origin);
        let env = provider
            .env
            .values()
            .next()
            .map(|variable| &variable.origin);
        let keys = [("argv", argv), ("prompt", prompt), ("env", env)];
        self.out_of_place(&keys, table, &format!("`{}`", provider.kind.value))
    }

    fn out_of_place(&self, keys: &[(&str, Option<&Origin>)], table: &str, kind: &str) -> Checked {
        keys.iter().try_for_each(|(key, origin)| match origin {
            Some(origin) => self.refuse(
                origin,
                format!("`{key}` in {table} means nothing to {kind}: remove it or change `type`"),
            ),
            None => Ok(()),
        })
    }

    fn endpoint(&self, endpoint: &EndpointConfig) -> Checked {
        let table = self.words.endpoint(endpoint);
        if endpoint.name.is_empty() {
            return self.refuse(&endpoint.model.origin, "an endpoint's name cannot be empty");
        }
        if endpoint.model.value.is_empty() {
            return self.refuse(
                &endpoint.model.origin,
                format!("`model` in {table} cannot be empty"),
            );
        }
        self.settings(&endpoint.settings, &table)?;
        self.fallbacks(endpoint, &table)?;
        self.provider_of(endpoint, &table)
    }

    fn fallbacks(&self, endpoint: &EndpointConfig, table: &str) -> Checked {
        let names = || self.config.endpoints.keys().map(String::as_str);
        endpoint.fallbacks.iter().try_for_each(|fallback| {
            let Sourced {
                value: name,
                origin,
            } = &fallback.endpoint;
            if *name == endpoint.name {
                let message = format!("{table} falls back to itself: name another endpoint");
                return self.refuse(origin, message);
            }
            if self.config.endpoints.contains_key(name) || name.contains('/') {
                return Ok(());
            }
            let hint = hint(name, names(), "there are");
            self.refuse(
                origin,
                format!("unknown endpoint `{name}` in `fallbacks` of {table}{hint}"),
            )
        })
    }

    /// A base URL with the route in it, which the provider adds itself. Only a warning: some servers nest them.
    fn route(&self, provider: &ProviderConfig) -> Option<String> {
        let url = provider.base_url.as_ref()?;
        let ends = url.value.raw().trim_end_matches('/').ends_with(ROUTE);
        ends.then(|| {
            let (key, table) = (self.words.base_url(), self.words.provider(provider));
            let origin = &url.origin;
            format!("{origin}: `{key}` in {table} should end before {ROUTE}, which is added to it")
        })
    }

    /// The provider must be there, unless nobody will ask it.
    fn provider_of(&self, endpoint: &EndpointConfig, table: &str) -> Checked {
        let Sourced {
            value: name,
            origin,
        } = &endpoint.provider;
        let configured = &self.config.providers;
        if !endpoint.enabled || configured.contains_key(name) || find(name).is_some() {
            return Ok(());
        }
        let built_in = PROVIDERS
            .iter()
            .filter(|provider| provider.default_base_url().is_some());
        let known = configured
            .keys()
            .map(String::as_str)
            .chain(built_in.map(|provider| provider.name()));
        let hint = hint(name, known, "there are");
        self.refuse(
            origin,
            format!("unknown provider `{name}` in {table}{hint}"),
        )
    }
}

fn file(path: Option<&Sourced<PathBuf>>) -> Option<&Origin> {
    path.map(|path| &path.origin)
}

/// A default that is not there. Only a warning: programs add endpoints after the file is read.
fn default_endpoint(config: &Config) -> Option<String> {
    let Sourced {
        value: name,
        origin,
    } = config.default_endpoint.as_ref()?;
    let known = config.endpoints.contains_key(name) || name.contains('/') || name == DEMO;
    (!known).then(|| {
        let near = nearest(name, config.endpoints.keys().map(String::as_str));
        let hint = near
            .map(|near| format!(", did you mean `{near}`?"))
            .unwrap_or_default();
        format!("{origin}: the default endpoint `{name}` is not configured{hint}")
    })
}
