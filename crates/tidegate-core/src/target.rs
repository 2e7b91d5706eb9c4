//! Where a run can go: one endpoint, resolved to everything an attempt needs.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::duration::as_millis;
use crate::network::{Network, host};
use crate::quota::{LimitKey, Limits};
use crate::retry::RetryPolicy;
use crate::secret::Secret;

/// One endpoint resolved: provider, model, credential, limits and time-outs.
#[derive(Clone)]
pub struct Target {
    /// The endpoint's name, as the user wrote it.
    pub endpoint: String,
    /// The configured provider's name: the account.
    pub account: String,
    /// The provider in the table of providers that speaks for it (`openai`, `command`, ...).
    pub provider: String,
    /// The model, as the provider names it.
    pub model: String,
    /// Where its API lives, for providers that are reached over HTTP. No trailing slash.
    pub base_url: Option<String>,
    /// The credential, for providers that want one.
    pub credential: Option<Secret>,
    /// Further headers to send, values hidden.
    pub headers: Vec<(String, Secret)>,
    /// How its API is reached, where not in the usual way.
    pub network: Network,
    /// The child process to start, for providers that are commands.
    pub command: Option<Command>,
    /// What the provider meters together with this target.
    pub limit_key: LimitKey,
    /// The clocks of an attempt here.
    pub timeouts: Timeouts,
    /// When an attempt here is repeated.
    pub retry: RetryPolicy,
    /// What is configured of the limits that apply here.
    pub limits: Limits,
}

impl Target {
    /// Everything about this target that must never be shown.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let env = self.command.iter().flat_map(|command| &command.env);
        self.credential
            .iter()
            .chain(self.headers.iter().chain(env).map(|(_, value)| value))
    }

    /// How errors and events name this target: `endpoint`, or `endpoint (account/model)` where that says more.
    pub fn label(&self) -> String {
        let place = format!("{}/{}", self.account, self.model);
        if self.endpoint == place {
            place
        } else {
            format!("{} ({place})", self.endpoint)
        }
    }
}

impl fmt::Debug for Target {
    /// Without anything that may carry a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("label", &self.label())
            .field("provider", &self.provider)
            .field("host", &self.base_url.as_deref().map(host))
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// A child process that answers prompts.
#[derive(Debug, Clone)]
pub struct Command {
    /// Program and arguments. `{model}`, `{system}` and `{prompt}` stand for what their names say.
    pub argv: Vec<String>,
    /// How the prompt reaches it.
    pub prompt: PromptBy,
    /// Environment variables it gets besides the inherited ones. Credentials travel here, never in `argv`.
    pub env: Vec<(String, Secret)>,
}

/// How a prompt reaches a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptBy {
    /// As one argument: at most 131,071 bytes, the longest single argument Linux accepts.
    #[default]
    Argument,
    /// On standard input: any size.
    Stdin,
}

/// The clocks of one attempt. Waiting in the queue and backing off lie outside all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    /// Until a connection stands.
    #[serde(rename = "connect_ms", serialize_with = "as_millis")]
    pub connect: Duration,
    /// Until the first piece of output.
    #[serde(rename = "first_token_ms", serialize_with = "as_millis")]
    pub first_token: Duration,
    /// Between two pieces of output.
    #[serde(rename = "idle_ms", serialize_with = "as_millis")]
    pub idle: Duration,
    /// For the attempt as a whole.
    #[serde(rename = "attempt_ms", serialize_with = "as_millis")]
    pub attempt: Duration,
}

impl Timeouts {
    /// The defaults over HTTP. First token and idle are the shortest limits that long reasoning still meets; an
    /// attempt gets the 600 s the OpenAI and Anthropic clients give it.
    pub const HTTP: Self = Self {
        connect: Duration::from_secs(10),
        first_token: Duration::from_secs(60),
        idle: Duration::from_secs(60),
        attempt: Duration::from_secs(600),
    };

    /// The defaults of a command: nothing is known of it before it ends, so only the attempt is timed.
    pub const COMMAND: Self = Self {
        connect: Duration::from_secs(10),
        first_token: Duration::from_secs(240),
        idle: Duration::from_secs(240),
        attempt: Duration::from_secs(240),
    };
}
