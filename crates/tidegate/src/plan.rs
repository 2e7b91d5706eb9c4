//! From a configuration and a request to where the run may go. Pure.

mod error;
mod resolve;

use std::time::Duration;

use tidegate_core::Target;
use tidegate_providers::Provider;

pub use self::error::PlanError;
use self::resolve::Resolver;
use crate::config::{
    Config, ContextConfig, EndpointConfig, Origin, ProviderConfig, Settings, Sourced,
};
use crate::run_request::RunRequest;

/// Where a run may go, first choice first, and what holds for it as a whole.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The endpoint, as it was asked for.
    pub endpoint: String,
    /// The targets in order. Never empty.
    pub targets: Vec<Target>,
    /// The endpoint's system prompt.
    pub system: Option<String>,
    /// How the prompt's files are packed.
    pub context: ContextConfig,
    /// Time for the whole run, waiting included.
    pub deadline: Duration,
}

/// Resolves a request to its targets. `provider` finds a provider by its type.
///
/// # Errors
/// [`PlanError`], which says what to set and where.
pub fn plan<'p>(
    config: &Config,
    provider: impl Fn(&str) -> Option<&'p dyn Provider>,
    request: &RunRequest,
) -> Result<Plan, PlanError> {
    let endpoint = find_endpoint(config, &provider, request.endpoint.as_deref())?;
    let account = find_provider(config, &provider, &endpoint)?;
    let kind = account.kind.value.as_str();
    let speaks = provider(kind).ok_or_else(|| unknown_type(&account))?;
    let settings = request
        .settings
        .clone()
        .or(&endpoint.settings)
        .or(&account.settings)
        .or(&config.defaults);
    let resolver = Resolver {
        config,
        account: &account,
        provider: speaks,
    };
    let target = resolver.target(&endpoint, request.model.as_deref(), &settings)?;
    Ok(Plan {
        endpoint: endpoint.name.clone(),
        targets: vec![target],
        system: endpoint.system.map(|system| system.value),
        context: endpoint.context.or(&config.context),
        deadline: settings.deadline(),
    })
}

fn find_endpoint<'p>(
    config: &Config,
    provider: &impl Fn(&str) -> Option<&'p dyn Provider>,
    name: Option<&str>,
) -> Result<EndpointConfig, PlanError> {
    let known = || config.endpoints.keys().cloned().collect::<Vec<_>>();
    let default = || {
        config
            .default_endpoint
            .as_ref()
            .map(|name| name.value.as_str())
    };
    let only = || match config.endpoints.len() {
        1 => config.endpoints.keys().next().map(String::as_str),
        _ => None,
    };
    let name = name
        .or_else(default)
        .or_else(only)
        .ok_or_else(|| PlanError::NoEndpoint { known: known() })?;
    let endpoint = match config.endpoints.get(name) {
        Some(endpoint) => endpoint.clone(),
        None => direct(config, provider, name).ok_or_else(|| unknown_endpoint(name, known()))?,
    };
    if endpoint.enabled {
        return Ok(endpoint);
    }
    let origin = endpoint.model.origin.to_string();
    Err(PlanError::Disabled {
        what: "endpoint",
        name: endpoint.name,
        origin,
    })
}

/// `provider/model`, of a configured provider or of one that works without configuration.
fn direct<'p>(
    config: &Config,
    provider: &impl Fn(&str) -> Option<&'p dyn Provider>,
    name: &str,
) -> Option<EndpointConfig> {
    let (account, model) = name.split_once('/')?;
    let built_in = provider(account).is_some_and(|provider| provider.default_base_url().is_some());
    let known = config.providers.contains_key(account) || built_in;
    (known && !model.is_empty()).then(|| EndpointConfig {
        name: name.to_owned(),
        provider: Sourced {
            value: account.to_owned(),
            origin: Origin::Flag("--endpoint"),
        },
        model: Sourced {
            value: model.to_owned(),
            origin: Origin::Flag("--endpoint"),
        },
        system: None,
        enabled: true,
        settings: Settings::default(),
        context: ContextConfig::default(),
    })
}

fn unknown_endpoint(name: &str, known: Vec<String>) -> PlanError {
    let mut near: Vec<_> = known
        .iter()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .collect();
    near.retain(|(likeness, other)| *likeness >= 0.75 || other.contains(name));
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let near = near
        .into_iter()
        .take(3)
        .map(|(_, other)| other.clone())
        .collect();
    PlanError::UnknownEndpoint {
        name: name.to_owned(),
        near,
        known,
    }
}

fn find_provider<'p>(
    config: &Config,
    provider: &impl Fn(&str) -> Option<&'p dyn Provider>,
    endpoint: &EndpointConfig,
) -> Result<ProviderConfig, PlanError> {
    let name = &endpoint.provider.value;
    match config.providers.get(name) {
        Some(account) if !account.enabled => {
            let origin = account.kind.origin.to_string();
            Err(PlanError::Disabled {
                what: "provider",
                name: name.clone(),
                origin,
            })
        }
        Some(account) => Ok(account.clone()),
        None => provider(name)
            .map(|_| ProviderConfig::built_in(name))
            .ok_or_else(|| {
                unknown_endpoint(&endpoint.name, config.endpoints.keys().cloned().collect())
            }),
    }
}

fn unknown_type(account: &ProviderConfig) -> PlanError {
    PlanError::UnknownProviderType {
        provider: account.name.clone(),
        kind: account.kind.value.clone(),
        known: tidegate_providers::PROVIDERS
            .iter()
            .map(|provider| provider.name().to_owned())
            .collect(),
    }
}

/// Finds a provider among those built in.
pub fn built_in(name: &str) -> Option<&'static dyn Provider> {
    tidegate_providers::find(name)
}

/// The built-in providers that work without configuration, by name.
pub fn without_configuration() -> impl Iterator<Item = &'static str> {
    let providers = tidegate_providers::PROVIDERS.iter();
    providers
        .filter(|provider| provider.default_base_url().is_some())
        .map(|provider| provider.name())
}
