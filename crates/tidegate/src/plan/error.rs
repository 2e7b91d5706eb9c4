//! Why a plan cannot be made, and what to set where.

/// Why there is nowhere to go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No endpoint was named and none is the default.
    #[error("no endpoint: name one with `-e`, or set `endpoint` in [defaults]{}", listed(.known))]
    NoEndpoint {
        /// The configured endpoints.
        known: Vec<String>,
    },
    /// There is no such endpoint.
    #[error("unknown endpoint `{name}`{}", suggestions(.near, .known))]
    UnknownEndpoint {
        /// What was asked for.
        name: String,
        /// Configured endpoints with names like it.
        near: Vec<String>,
        /// All configured endpoints.
        known: Vec<String>,
    },
    /// A provider was named where an endpoint is wanted.
    #[error(
        "`{provider}` is a provider, not an endpoint: say which model, as in `{provider}/MODEL`"
    )]
    NoModel {
        /// The provider.
        provider: String,
    },
    /// The endpoint, or its provider, is switched off.
    #[error("{what} `{name}` is disabled ({origin})")]
    Disabled {
        /// `endpoint` or `provider`.
        what: &'static str,
        /// Its name.
        name: String,
        /// Where it is configured.
        origin: String,
    },
    /// The provider's type is not one this build knows.
    #[error("provider `{provider}` has the type `{kind}`, which this version does not speak (it speaks {})", .known.join(", "))]
    UnknownProviderType {
        /// The configured provider.
        provider: String,
        /// Its type.
        kind: String,
        /// The types there are.
        known: Vec<String>,
    },
    /// The provider needs a key and has none.
    #[error("no API key for provider `{provider}`: set {}`api_key` in [providers.{provider}]", variable_or(*.variable))]
    MissingKey {
        /// The provider.
        provider: String,
        /// The variable its key is usually kept in.
        variable: Option<&'static str>,
    },
    /// A value names an environment variable that is not set.
    #[error(
        "`{key}` of provider `{provider}` ({origin}) needs the environment variable {variable}, which is not set"
    )]
    MissingVariable {
        /// The provider.
        provider: String,
        /// The setting.
        key: String,
        /// Where it is configured.
        origin: String,
        /// The variable.
        variable: String,
    },
    /// The provider has no base URL.
    #[error("provider `{provider}` has no `base_url`")]
    NoBaseUrl {
        /// The provider.
        provider: String,
    },
    /// The provider's base URL is none.
    #[error("the `base_url` of provider `{provider}` cannot be used: {problem}")]
    BadBaseUrl {
        /// The provider.
        provider: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A fallback cannot be used.
    #[error("a fallback of endpoint `{endpoint}` ({origin}) cannot be used: {error}")]
    Fallback {
        /// The endpoint.
        endpoint: String,
        /// Where the fallback is named.
        origin: String,
        /// Why.
        error: Box<PlanError>,
    },
    /// The provider's proxy is none.
    #[error("the `proxy` of provider `{provider}` cannot be used: {problem}")]
    BadProxy {
        /// The provider.
        provider: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The provider has no command.
    #[error("provider `{provider}` has no command: set `argv` or `preset`")]
    NoCommand {
        /// The provider.
        provider: String,
    },
}

impl PlanError {
    /// Whether all that is missing is a credential.
    pub fn is_missing_credential(&self) -> bool {
        match self {
            Self::MissingKey { .. } => true,
            Self::Fallback { error, .. } => error.is_missing_credential(),
            Self::MissingVariable { key, .. } => {
                matches!(key.as_str(), "api_key" | "proxy")
                    || key.starts_with("env.")
                    || key.starts_with("headers.")
            }
            _ => false,
        }
    }
}

fn listed(known: &[String]) -> String {
    match known {
        [] => " (there are none yet: `tidegate config init` starts a file, `-e openai/gpt-4o` needs none, `-e demo` needs \
               no key)"
            .to_owned(),
        known => format!(" (there are {})", known.join(", ")),
    }
}

fn suggestions(near: &[String], known: &[String]) -> String {
    match near {
        [] => listed(known),
        near => format!(
            ", did you mean {}?",
            near.iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(" or ")
        ),
    }
}

fn variable_or(variable: Option<&'static str>) -> String {
    variable
        .map(|name| format!("{name} or "))
        .unwrap_or_default()
}
