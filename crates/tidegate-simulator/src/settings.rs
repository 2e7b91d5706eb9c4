//! How a simulator behaves, decided once at its start; only the script grows later.

use std::fmt;
use std::time::Duration;

use crate::headers::{HeaderLie, HeaderStyle};
use crate::limits::{Charging, Hint, Lie, Limit};
use crate::script::{self, Answer, ScriptError};
use crate::service::Service;

/// Settings of a simulator. The default answers every request at once, describing what it received.
///
/// # Examples
/// ```
/// # use tidegate_simulator::{Limit, Settings};
/// let settings = Settings {
///     limits: vec![Limit::per_minute(300, 10)],
///     ..Settings::scripted("503; ok=Hello")?
/// };
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a habit of a provider, and they combine freely"
)]
pub struct Settings {
    /// Answers to the first requests, in order. Requests that are refused before (wrong key, unreadable, over a
    /// limit) take none. Default: none.
    pub script: Vec<Answer>,
    /// The answer once the script is used up. Default: a good one.
    pub otherwise: Answer,
    /// The text of good answers. Default: what was received, in a sentence or two.
    pub text: Option<String>,
    /// Tokens of good answers: the text is repeated or shortened to that. Default: the text as it is.
    pub tokens: Option<u32>,
    /// The model that good answers name. Default: the one that was asked for.
    pub served_model: Option<String>,
    /// The key that a request must carry: as `Authorization: Bearer KEY`, or as `x-api-key` on the wire of Anthropic.
    /// Default: none needed.
    pub api_key: Option<ApiKey>,
    /// Limits; each must let a request in. Default: none.
    pub limits: Vec<Limit>,
    /// A request that a limit refuses is charged too, so that hammering keeps everybody out. In a bucket that is a
    /// debt of up to its burst; a window forgets it at its end, a log after its length. Default: false.
    pub rejects_cost: bool,
    /// When the tokens of an answer are charged. Default: at admission, for good.
    pub charging: Charging,
    /// What a refusal by a limit says about when to come back. Default: whole seconds.
    pub hint: Hint,
    /// How the hint is not true. Default: it is.
    pub hint_lie: Option<Lie>,
    /// Send the headers that tell how far the limits are used up, when there are limits. Default: true.
    pub ratelimit_headers: bool,
    /// Whose headers these are. Default: those of the wire.
    pub header_style: HeaderStyle,
    /// How they are not true. Default: they are.
    pub header_lie: Option<HeaderLie>,
    /// Wait before every answer, refusals included. Default: zero.
    pub latency: Duration,
    /// The time that a good answer takes, from its admission to its headers. Default: zero.
    pub service: Service,
    /// What the drawn service times depend on, besides the number of the admission. Default: 0.
    pub seed: u64,
    /// The models that `GET /v1/models` lists. Requests may name any. Default: `simulated`.
    pub models: Vec<String>,
    /// Refuse with 400 a conversation that ends with an assistant message, as models without prefill do. Default: false.
    pub rejects_prefill: bool,
    /// The script is played to every distinct prompt from its beginning, instead of once to all.
    pub script_per_prompt: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            script: Vec::new(),
            otherwise: Answer::default(),
            text: None,
            tokens: None,
            served_model: None,
            api_key: None,
            limits: Vec::new(),
            rejects_cost: false,
            charging: Charging::default(),
            hint: Hint::default(),
            hint_lie: None,
            ratelimit_headers: true,
            header_style: HeaderStyle::default(),
            header_lie: None,
            latency: Duration::ZERO,
            service: Service::default(),
            seed: 0,
            models: vec!["simulated".into()],
            rejects_prefill: false,
            script_per_prompt: false,
        }
    }
}

impl Settings {
    /// The default with a script in the compact form: `503; 429,retry-after=1; ok=Hello`.
    pub fn scripted(script: &str) -> Result<Self, ScriptError> {
        Ok(Self {
            script: script::parse(script)?,
            ..Self::default()
        })
    }
}

/// A key that requests must carry. Never shown, not even by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// A key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// Whether this is it.
    pub(crate) fn is(&self, key: &[u8]) -> bool {
        key == self.0.as_bytes()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = ApiKey::new("secret-1");
        assert!(key.is(b"secret-1") && !key.is(b"secret-12"));
        let settings = Settings {
            api_key: Some(key),
            ..Settings::default()
        };
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
