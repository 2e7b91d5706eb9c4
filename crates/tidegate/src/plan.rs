//! From a configuration and a request to where the run may go. Pure.

mod error;
mod resolve;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use tidegate_core::quota::{Limits, Priority};
use tidegate_core::{Conditions, FailureKind, LimitKey, Price, Target};
use tidegate_providers::Provider;

pub use self::error::PlanError;
use self::resolve::Resolver;
use crate::config::{
    Config, ContextConfig, DeliveryMode, EndpointConfig, Origin, ProviderConfig, Settings, Sourced,
};
use crate::run_request::{EmbedRun, RunRequest};

/// Where a run may go, first choice first, and what holds for it as a whole.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The endpoint, as it was asked for.
    pub endpoint: String,
    /// The targets in order. Never empty.
    pub targets: Vec<Choice>,
    /// The endpoint's system prompt.
    pub system: Option<String>,
    /// How the prompt's files are packed.
    pub context: ContextConfig,
    /// Time for the whole run, waiting included.
    pub deadline: Duration,
    /// When a streamed answer is handed over.
    pub delivery: DeliveryMode,
    /// Who goes first in a line.
    pub priority: Priority,
}

/// A target the run may come to.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The target.
    pub target: Target,
    /// What it costs, as far as that is known.
    pub price: Price,
    /// The failures elsewhere that bring a run here; `None`: all but refused content.
    pub on: Option<Conditions>,
}

impl Plan {
    /// The targets not among `tried` that take a failure of this kind, the best first: one that names the failure goes
    /// before one that names none.
    pub fn takers(&self, tried: &[usize], kind: FailureKind) -> impl Iterator<Item = usize> {
        let open = move |index: &usize| !tried.contains(index);
        let named = |choice: &Choice| choice.on.is_some_and(|on| on.take(kind));
        let usual = |choice: &Choice| choice.on.is_none() && Conditions::usual().take(kind);
        let those = |takes: &dyn Fn(&Choice) -> bool| -> Vec<usize> {
            let choices = self.targets.iter().enumerate();
            let takers = choices.filter(|(_, choice)| takes(choice));
            takers.map(|(index, _)| index).filter(open).collect()
        };
        those(&named).into_iter().chain(those(&usual))
    }
}

/// Resolves a request to its targets. `provider` finds a provider by its type.
///
/// # Errors
/// [`PlanError`], which says what to set and where. A fallback that cannot be used is one too: the night it is needed
/// is too late to learn of it.
pub fn plan<'p, 'r>(
    config: &Config,
    provider: impl Fn(&str) -> Option<&'p dyn Provider>,
    asked: impl Into<Asked<'r>>,
) -> Result<Plan, PlanError> {
    let asked = asked.into();
    let endpoint = find_endpoint(config, &provider, asked.endpoint)?;
    let resolve = |endpoint: &EndpointConfig, model: Option<&str>| {
        let account = find_provider(config, &provider, endpoint)?;
        let kind = account.kind.value.as_str();
        let speaks = provider(kind).ok_or_else(|| unknown_type(&account))?;
        let settings = (asked.settings.clone())
            .or(&endpoint.settings)
            .or(&account.settings)
            .or(&config.defaults);
        let resolver = Resolver {
            config,
            account: &account,
            provider: speaks,
        };
        let target = resolver.target(endpoint, model, &settings)?;
        Ok((target, settings))
    };
    let (target, settings) = resolve(&endpoint, asked.model)?;
    let own_model = asked
        .model
        .is_none_or(|model| model == endpoint.model.value);
    let mut targets = vec![Choice {
        target,
        price: if own_model {
            endpoint.price()
        } else {
            Price::default()
        },
        on: None,
    }];
    for fallback in &endpoint.fallbacks {
        let other = find_endpoint(config, &provider, Some(&fallback.endpoint.value));
        match other.and_then(|other| Ok((resolve(&other, None)?.0, other.price()))) {
            Ok((target, price)) => targets.push(Choice {
                target,
                price,
                on: fallback.on,
            }),
            // Switched off on purpose.
            Err(PlanError::Disabled { .. }) => {}
            Err(error) => {
                return Err(PlanError::Fallback {
                    endpoint: endpoint.name.clone(),
                    origin: fallback.endpoint.origin.to_string(),
                    error: Box::new(error),
                });
            }
        }
    }
    Ok(Plan {
        endpoint: endpoint.name.clone(),
        targets,
        system: endpoint.system.as_ref().map(|system| system.value.clone()),
        context: endpoint.context.clone().or(&config.context),
        deadline: settings.deadline(),
        delivery: settings.delivery(),
        priority: asked.priority,
    })
}

/// Whom a run asks, and how patiently.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'r> {
    /// The endpoint; without one, the configured default.
    pub endpoint: Option<&'r str>,
    /// Another model than the endpoint's; its fallbacks keep theirs.
    pub model: Option<&'r str>,
    /// The run's own settings.
    pub settings: &'r Settings,
    /// Who goes first in a line.
    pub priority: Priority,
}

impl<'r> From<&'r RunRequest> for Asked<'r> {
    fn from(request: &'r RunRequest) -> Self {
        Self {
            endpoint: request.endpoint.as_deref(),
            model: request.model.as_deref(),
            settings: &request.settings,
            priority: request.priority,
        }
    }
}

impl<'r> From<&'r EmbedRun> for Asked<'r> {
    fn from(request: &'r EmbedRun) -> Self {
        Self {
            endpoint: request.endpoint.as_deref(),
            model: request.model.as_deref(),
            settings: &request.settings,
            priority: request.priority,
        }
    }
}

pub(crate) fn find_endpoint<'c, 'p>(
    config: &'c Config,
    provider: &impl Fn(&str) -> Option<&'p dyn Provider>,
    name: Option<&str>,
) -> Result<Cow<'c, EndpointConfig>, PlanError> {
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
        Some(endpoint) => Cow::Borrowed(endpoint),
        None => direct(config, provider, name)
            .map(Cow::Owned)
            .ok_or_else(|| match name.trim_end_matches('/') {
                account if is_provider(config, provider, account) => PlanError::NoModel {
                    provider: account.to_owned(),
                },
                _ => unknown_endpoint(name, known()),
            })?,
    };
    if endpoint.enabled {
        return Ok(endpoint);
    }
    let origin = endpoint.model.origin.to_string();
    Err(PlanError::Disabled {
        what: "endpoint",
        name: endpoint.name.clone(),
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
    let known = is_provider(config, provider, account);
    let flag = |value: &str| Sourced::new(value.to_owned(), Origin::Flag("--endpoint"));
    (known && !model.is_empty()).then(|| EndpointConfig::new(name, flag(account), flag(model)))
}

/// Whether it is one of the file, or one that works without configuration.
fn is_provider<'p>(
    config: &Config,
    provider: &impl Fn(&str) -> Option<&'p dyn Provider>,
    name: &str,
) -> bool {
    let works_alone = provider(name).is_some_and(|speaks| speaks.default_base_url().is_some());
    works_alone || config.providers.contains_key(name)
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

fn find_provider<'c, 'p>(
    config: &'c Config,
    provider: &impl Fn(&str) -> Option<&'p dyn Provider>,
    endpoint: &EndpointConfig,
) -> Result<Cow<'c, ProviderConfig>, PlanError> {
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
        Some(account) => Ok(Cow::Borrowed(account)),
        None => provider(name)
            .map(|_| Cow::Owned(ProviderConfig::built_in(name)))
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

/// Where a run would go that asks this provider for this model, with no endpoint between them.
///
/// # Errors
/// As [`plan`].
pub fn direct_target(config: &Config, provider: &str, model: &str) -> Result<Target, PlanError> {
    let value = |value: &str| Sourced::default_of(value.to_owned());
    let name = format!("{provider}/{model}");
    let endpoint = EndpointConfig::new(name.clone(), value(provider), value(model));
    let mut config = config.clone();
    config.insert_endpoint(endpoint);
    let asked = Asked {
        endpoint: Some(&name),
        model: None,
        settings: &Settings::default(),
        priority: Priority::default(),
    };
    let mut plan = plan(&config, built_in, asked)?;
    Ok(plan.targets.swap_remove(0).target)
}

/// What is configured of the limits that the endpoints run into, by their keys. Endpoints that cannot be used as they are
/// have none; a credential is not needed.
pub fn limits(config: &Config) -> BTreeMap<LimitKey, Limits> {
    let of = |endpoint: &EndpointConfig| {
        let account = find_provider(config, &built_in, endpoint).ok()?;
        let resolver = Resolver {
            config,
            account: &account,
            provider: built_in(&account.kind.value)?,
        };
        let settings = (endpoint.settings.clone())
            .or(&account.settings)
            .or(&config.defaults);
        let key = resolver.limit_key_of(&endpoint.model.value).ok()?;
        Some((key, settings.limits()))
    };
    config.endpoints.values().filter_map(of).collect()
}

/// The built-in providers that work without configuration, by name.
pub fn without_configuration() -> impl Iterator<Item = &'static str> {
    let providers = tidegate_providers::PROVIDERS.iter();
    providers
        .filter(|provider| provider.default_base_url().is_some())
        .map(|provider| provider.name())
}
