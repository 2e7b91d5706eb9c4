//! How the engine would judge a failure, and why.
//!
//! "Why was this not retried?" is asked of a log line, long after the run. The judgement depends on bytes and on a
//! policy alone, so it can be made again: by the very functions that a run asks, with the reasons they gave.

mod course;
mod evidence;

use std::time::Duration;

use tidegate_core::{
    Conditions, Failure, LimitKey, RetryPolicy, Target, Timeouts, Timestamp, network,
};
pub use tidegate_providers::classify::Rule;
use tidegate_providers::{Provider, Reply, ReplyHead, classify, find, retry_after};

pub use self::course::Course;
pub use self::evidence::{BadEvidence, command_reply, http_reply};
use crate::config::{Config, Pacing, ProviderConfig, Settings, UnknownName};
use crate::plan;

/// Whose words are judged where nobody says: nothing of a vendor's own is expected of them.
const ANYBODY: &str = "openai-compatible";
const COMMAND: &str = "command";

/// Judges replies as a run at one provider would.
pub struct Judge {
    provider: &'static dyn Provider,
    target: Target,
    deadline: Duration,
    /// Whether a queue that knows the limits does the waiting.
    queued: bool,
}

/// What is said of a failure.
#[derive(Debug)]
pub struct Explanation {
    /// The failure.
    pub failure: Failure,
    /// What decided of which kind it is.
    pub rule: Rule,
    /// The header that asks for the wait; `None` where its words do, or nothing.
    pub wait_header: Option<String>,
    /// Whether output had come before it, which a caller may hold already.
    pub output_started: bool,
    /// The policy it is judged under.
    pub policy: RetryPolicy,
    /// What a run does if it fails like this every time and nobody else is left.
    pub alone: Course,
    /// The same while there is one fallback that takes the usual failures.
    pub with_fallback: Course,
}

impl Judge {
    /// For a configured provider or a type of provider, with these settings before its own.
    ///
    /// # Errors
    /// [`UnknownName`] where there is neither.
    pub fn of(
        config: &Config,
        provider: Option<&str>,
        is_command: bool,
        settings: Settings,
    ) -> Result<Self, UnknownName> {
        let name = provider.unwrap_or(if is_command { COMMAND } else { ANYBODY });
        let account = config.providers.get(name);
        let kind = account.map_or(name, |account| account.kind.value.as_str());
        let speaks = find(kind).ok_or_else(|| unknown(config, name))?;
        let settings = match account {
            Some(account) => settings.or(&account.settings),
            None => settings,
        };
        let settings = settings.or(&config.defaults);
        // As it is configured, so that its credential is taken out of what is shown; one that lacks its key will do too.
        let target = account
            .and_then(|ProviderConfig { name, .. }| plan::direct_target(config, name, "any").ok());
        let mut target = target.unwrap_or_else(|| stand_in(name, speaks));
        target.retry = settings.retry_policy();
        Ok(Self {
            provider: speaks,
            target,
            deadline: settings.deadline(),
            queued: config.queue.pacing() == Pacing::Adaptive,
        })
    }

    /// Whether the provider is a command, whose words come from standard error.
    pub fn is_command(&self) -> bool {
        self.provider.is_command()
    }

    /// How the reply would be judged; `None` where it is an answer.
    pub fn explain(&self, reply: &Reply, now: Timestamp) -> Option<Explanation> {
        let (failure, output_started) = self.failure(reply, now)?;
        let policy = self.target.retry;
        let takers = u32::from(Conditions::usual().take(failure.kind));
        Some(Explanation {
            rule: classify::rule(&self.target, reply, now),
            wait_header: wait_header(&reply.head, now),
            output_started,
            policy,
            alone: Course::of(&policy, &failure, 0, self.deadline, self.queued),
            with_fallback: Course::of(&policy, &failure, takers, self.deadline, self.queued),
            failure,
        })
    }

    /// The failure, and whether output came before it.
    fn failure(&self, reply: &Reply, now: Timestamp) -> Option<(Failure, bool)> {
        let success = reply.head.is_success();
        let decoder = self.provider.stream_decoder(&self.target, &reply.head);
        let Some(mut decoder) = decoder.filter(|_| success) else {
            let whole = self.provider.decode(&self.target, reply, now);
            return whole.err().map(|failure| (failure, false));
        };
        let mut pieces = Vec::new();
        let read = decoder.push(&reply.body, &mut pieces);
        let ended = read.and_then(|()| decoder.finish().map(drop));
        ended.err().map(|failure| (failure, !pieces.is_empty()))
    }
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

fn wait_header(head: &ReplyHead, now: Timestamp) -> Option<String> {
    let ReplyHead::Http { headers, .. } = head else {
        return None;
    };
    retry_after::asked(headers, now).map(|(name, _)| name.to_owned())
}

fn unknown(config: &Config, name: &str) -> UnknownName {
    let types = tidegate_providers::PROVIDERS.iter();
    let mut known: Vec<&str> = types.map(|provider| provider.name()).collect();
    known.extend(config.providers.keys().map(String::as_str));
    UnknownName::new("provider", name, known)
}

/// A target of this provider with nothing else known of it.
fn stand_in(name: &str, provider: &dyn Provider) -> Target {
    Target {
        endpoint: name.to_owned(),
        account: name.to_owned(),
        provider: provider.name().to_owned(),
        model: "any".to_owned(),
        base_url: None,
        credential: None,
        headers: Vec::new(),
        network: network::Network::USUAL,
        command: None,
        limit_key: LimitKey::new(name),
        timeouts: if provider.is_command() {
            Timeouts::COMMAND
        } else {
            Timeouts::HTTP
        },
        retry: RetryPolicy::default(),
        limits: tidegate_core::quota::Limits::default(),
    }
}
