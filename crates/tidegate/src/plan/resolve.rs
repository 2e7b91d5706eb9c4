//! From a configured provider and endpoint to everything an attempt needs.

use std::path::PathBuf;

use tidegate_core::network::host;
use tidegate_core::{Command, LimitKey, Network, Proxy, Secret, Target, Timeouts};
use tidegate_providers::Provider;

use super::PlanError;
use crate::config::{
    Config, EndpointConfig, MissingVariable, ProviderConfig, Settings, Sourced, Template,
};

/// Turns one configured provider and endpoint into a target.
pub(super) struct Resolver<'r> {
    pub(super) config: &'r Config,
    pub(super) account: &'r ProviderConfig,
    pub(super) provider: &'r dyn Provider,
}

impl Resolver<'_> {
    pub(super) fn target(
        &self,
        endpoint: &EndpointConfig,
        model: Option<&str>,
        settings: &Settings,
    ) -> Result<Target, PlanError> {
        let command = self.provider.is_command();
        let base_url = if command {
            None
        } else {
            Some(self.base_url()?)
        };
        let model = model.unwrap_or(&endpoint.model.value).to_owned();
        Ok(Target {
            endpoint: endpoint.name.clone(),
            account: self.account.name.clone(),
            provider: self.provider.name().to_owned(),
            limit_key: self.limit_key(base_url.as_deref(), &model),
            model,
            base_url,
            credential: if command { None } else { self.credential()? },
            headers: self.secrets("headers", self.account.headers.iter())?,
            network: self.network()?,
            command: if command { Some(self.command()?) } else { None },
            timeouts: settings.timeouts(if command {
                Timeouts::COMMAND
            } else {
                Timeouts::HTTP
            }),
            retry: settings.retry_policy(),
            limits: settings.limits(),
        })
    }

    /// What a run with this model would stand in line for.
    pub(super) fn limit_key_of(&self, model: &str) -> Result<LimitKey, PlanError> {
        let base_url = if self.provider.is_command() {
            None
        } else {
            Some(self.base_url()?)
        };
        Ok(self.limit_key(base_url.as_deref(), model))
    }

    fn base_url(&self) -> Result<String, PlanError> {
        let environment = &self.config.environment;
        let configured = self
            .account
            .base_url
            .as_ref()
            .map(|url| self.text("base_url", url))
            .transpose()?;
        let variable = self
            .provider
            .base_url_variable()
            .and_then(|name| environment.get(name).map(str::to_owned));
        let default = || self.provider.default_base_url().map(str::to_owned);
        let url = configured.or(variable).or_else(default);
        let url = url.ok_or_else(|| PlanError::NoBaseUrl {
            provider: self.account.name.clone(),
        })?;
        let problem = match reqwest::Url::parse(&url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => None,
            Ok(_) => Some("it must begin with http:// or https://".to_owned()),
            Err(error) => Some(format!("it must begin with http:// or https:// ({error})")),
        };
        match problem {
            None => Ok(url.trim_end_matches('/').to_owned()),
            Some(problem) => Err(PlanError::BadBaseUrl {
                provider: self.account.name.clone(),
                problem,
            }),
        }
    }

    fn network(&self) -> Result<Network, PlanError> {
        let file = |key: &Option<Sourced<PathBuf>>| key.as_ref().map(|path| path.value.clone());
        Ok(Network {
            proxy: self.proxy()?,
            ca_file: file(&self.account.ca_file),
            client_cert_file: file(&self.account.client_cert_file),
            client_key_file: file(&self.account.client_key_file),
        })
    }

    fn proxy(&self) -> Result<Proxy, PlanError> {
        let Some(proxy) = &self.account.proxy else {
            return Ok(Proxy::Environment);
        };
        let url = self.text("proxy", proxy)?;
        if url == "none" {
            return Ok(Proxy::Direct);
        }
        let problem = match reqwest::Url::parse(&url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => {
                return Ok(Proxy::Url(url));
            }
            Ok(_) => "it must begin with http:// or https://, or be `none`".to_owned(),
            Err(error) => {
                format!("it must begin with http:// or https://, or be `none` ({error})")
            }
        };
        Err(PlanError::BadProxy {
            provider: self.account.name.clone(),
            problem,
        })
    }

    fn credential(&self) -> Result<Option<Secret>, PlanError> {
        let configured = self
            .account
            .api_key
            .as_ref()
            .map(|key| self.text("api_key", key))
            .transpose()?;
        let variable = self.provider.key_variable();
        let usual =
            || variable.and_then(|name| self.config.environment.get(name).map(str::to_owned));
        match configured.filter(|key| !key.is_empty()).or_else(usual) {
            Some(key) => Ok(Some(Secret::new(key))),
            None if self.provider.needs_key() => Err(PlanError::MissingKey {
                provider: self.account.name.clone(),
                variable,
            }),
            None => Ok(None),
        }
    }

    fn command(&self) -> Result<Command, PlanError> {
        let argv = self
            .account
            .argv
            .as_ref()
            .map(|argv| argv.value.clone())
            .filter(|argv| !argv.is_empty());
        Ok(Command {
            argv: argv.ok_or_else(|| PlanError::NoCommand {
                provider: self.account.name.clone(),
            })?,
            prompt: self
                .account
                .prompt
                .as_ref()
                .map(|prompt| prompt.value)
                .unwrap_or_default(),
            env: self.secrets("env", self.account.env.iter())?,
        })
    }

    fn secrets<'v>(
        &self,
        table: &str,
        values: impl Iterator<Item = (&'v String, &'v Sourced<Template>)>,
    ) -> Result<Vec<(String, Secret)>, PlanError> {
        values
            .map(|(name, value)| {
                Ok((
                    name.clone(),
                    Secret::new(self.text(&format!("{table}.{name}"), value)?),
                ))
            })
            .collect()
    }

    fn text(&self, key: &str, value: &Sourced<Template>) -> Result<String, PlanError> {
        value
            .value
            .resolve(&self.config.environment)
            .map_err(|MissingVariable { name }| PlanError::MissingVariable {
                provider: self.account.name.clone(),
                key: key.to_owned(),
                origin: value.origin.to_string(),
                variable: name,
            })
    }

    /// What the provider meters together: two configured providers with one `account` share it. It is shown to people,
    /// so of the URL it has the host alone.
    fn limit_key(&self, base_url: Option<&str>, model: &str) -> LimitKey {
        let account = self
            .account
            .account
            .as_ref()
            .map_or(self.account.name.as_str(), |account| account.value.as_str());
        let group = self
            .account
            .limit_group
            .as_ref()
            .map_or(model, |group| group.value.as_str());
        let parts = [
            self.provider.name(),
            base_url.map(host).unwrap_or_default(),
            account,
            group,
        ];
        LimitKey::new(
            parts
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
        )
    }
}
