//! The one place that decides whether an attempt is repeated.
//!
//! [`decide`] is a pure function of a policy, a situation and a failure, and always says why it stops: "no" is not
//! an answer a person can act on. Effects stay outside: the run rolls the dice, counts the budget, waits and tells.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::backoff::Backoff;
use crate::duration::as_millis;
use crate::failure::{Delivery, Failure, FailureClass, FailureKind, Status};

/// What the user allows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RetryPolicy {
    /// Retries per target. 0, the default, means one attempt.
    pub max_retries: u32,
    /// How the delays grow.
    pub backoff: Backoff,
    /// The longest wait a server may ask for and be obeyed. A longer one ends the attempts at this target: waking
    /// sooner would be refused again, and counted.
    #[serde(rename = "max_retry_after_ms", serialize_with = "as_millis")]
    pub max_retry_after: Duration,
    /// The longest wait a server may ask for while another target could answer. A longer one falls back at once.
    #[serde(rename = "fallback_after_ms", serialize_with = "as_millis")]
    pub fallback_after: Duration,
    /// Whether a request that may already have been served, and billed, is sent again.
    pub resend_unknown: bool,
}

impl RetryPolicy {
    /// Five minutes: longer than any rate-limit window in use, shorter than the quotas that reset by the day.
    pub const DEFAULT_MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

    /// Five seconds: about what an answer from elsewhere takes.
    pub const DEFAULT_FALLBACK_AFTER: Duration = Duration::from_secs(5);
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 0,
            backoff: Backoff::default(),
            max_retry_after: Self::DEFAULT_MAX_RETRY_AFTER,
            fallback_after: Self::DEFAULT_FALLBACK_AFTER,
            resend_unknown: true,
        }
    }
}

/// Where the run stands when an attempt has failed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent facts, each of them asked by name"
)]
pub struct Situation {
    /// Retries already made at this target.
    pub retries: u32,
    /// Targets not yet tried that take a failure of this kind.
    pub targets_left: u32,
    /// Time until the run's deadline; `None` without one.
    pub time_left: Option<Duration>,
    /// Whether output already reached the caller.
    pub output_started: bool,
    /// Whether an earlier attempt at this target failed in the same kind.
    pub repeated: bool,
    /// Whether the target's retry budget allows one more.
    pub budget_left: bool,
    /// Whether a queue that knows the limit does the waiting (`adaptive` pacing). Going back into its line is then no
    /// retry: it is bounded by time, not by number.
    pub queued: bool,
    /// The dice, 0.0 to 1.0.
    pub roll: f64,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Decision {
    /// The run waits, then tries the same target again.
    Retry {
        /// How long the run waits.
        #[serde(rename = "after_ms", serialize_with = "as_millis")]
        after: Duration,
    },
    /// The queue waits: the run takes a place in the line of its limit.
    Requeue {
        /// How long it must wait at least.
        #[serde(rename = "after_ms", serialize_with = "as_millis")]
        after: Duration,
        /// How far behind the one before it in the line it leaves at least; zero where the line knows the pace.
        #[serde(rename = "spacing_ms", serialize_with = "as_millis")]
        spacing: Duration,
    },
    /// The next target, at once.
    Fallback,
    /// Stop.
    GiveUp {
        /// Why.
        why: GiveUp,
    },
}

/// Why a run stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GiveUp {
    /// Trying again cannot help.
    Permanent,
    /// All allowed retries were made.
    AttemptsExhausted,
    /// The wait would reach past the run's deadline.
    DeadlineTooClose,
    /// The server asked for a longer wait than the policy obeys.
    ServerAskedTooLong,
    /// Output already reached the caller and cannot be taken back.
    OutputStarted,
    /// The target's retry budget is spent: others retry already.
    BudgetExhausted,
    /// It may have been billed, and the policy forbids to send it twice.
    ResendForbidden,
}

impl fmt::Display for GiveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permanent => "trying again cannot help",
            Self::AttemptsExhausted => "no retries left",
            Self::DeadlineTooClose => "the deadline is too close",
            Self::ServerAskedTooLong => "the server asked for too long a wait",
            Self::OutputStarted => "output had already started",
            Self::BudgetExhausted => "the retry budget is spent",
            Self::ResendForbidden => "it may have been billed and must not be sent twice",
        })
    }
}

/// Decides what follows a failed attempt.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use tidegate_core::retry::{Decision, GiveUp, RetryPolicy, Situation, decide};
/// # use tidegate_core::{Backoff, Delivery, Failure, FailureKind};
/// let policy = RetryPolicy { max_retries: 3, backoff: Backoff::exact(Duration::from_millis(100)), ..Default::default() };
/// let situation = Situation::first(Duration::from_secs(60));
/// let failure = Failure::new(FailureKind::ServerError, Delivery::Answered);
/// assert_eq!(decide(&policy, &situation, &failure), Decision::Retry { after: Duration::from_millis(100) });
///
/// let failure = Failure::new(FailureKind::AuthFailed, Delivery::Answered);
/// assert_eq!(decide(&policy, &situation, &failure), Decision::GiveUp { why: GiveUp::Permanent });
/// ```
pub fn decide(policy: &RetryPolicy, situation: &Situation, failure: &Failure) -> Decision {
    if situation.output_started {
        return Decision::GiveUp {
            why: GiveUp::OutputStarted,
        };
    }
    if failure.delivery == Delivery::Unknown && !policy.resend_unknown {
        return Decision::GiveUp {
            why: GiveUp::ResendForbidden,
        };
    }
    match class(failure) {
        // Refused content goes elsewhere only where somebody decided that it may; a wrong request is wrong everywhere.
        FailureClass::Request if failure.kind != FailureKind::ContentFiltered => Decision::GiveUp {
            why: GiveUp::Permanent,
        },
        FailureClass::Request | FailureClass::Target => elsewhere(situation, GiveUp::Permanent),
        FailureClass::Timeout if situation.targets_left > 0 => {
            elsewhere(situation, GiveUp::AttemptsExhausted)
        }
        FailureClass::Unreadable if situation.repeated => elsewhere(situation, GiveUp::Permanent),
        FailureClass::RateLimit
        | FailureClass::Transient
        | FailureClass::Timeout
        | FailureClass::Unreadable => again(policy, situation, failure),
    }
}

/// The class with the server's own advice in it. Advice never makes a credential or a quota retryable: asking again
/// with the same key is what locks accounts.
fn class(failure: &Failure) -> FailureClass {
    let refused = matches!(failure.status, Some(Status::Http(401 | 403)));
    match (failure.retry_advised, failure.kind) {
        (Some(false), FailureKind::ContentFiltered | FailureKind::InvalidRequest) => {
            FailureClass::Request
        }
        (Some(false), _) => FailureClass::Target,
        (Some(true), FailureKind::InvalidRequest | FailureKind::NotFound) if !refused => {
            FailureClass::Transient
        }
        (Some(true) | None, kind) => kind.class(),
    }
}

/// The same target again, if policy, server and time allow it.
fn again(policy: &RetryPolicy, situation: &Situation, failure: &Failure) -> Decision {
    let asked = failure.retry_after.unwrap_or_default();
    let spacing = policy.backoff.delay(situation.retries, situation.roll);
    let after = asked.max(spacing);
    if situation.time_left.is_some_and(|left| left.is_zero()) {
        return elsewhere(situation, GiveUp::DeadlineTooClose);
    }
    if asked > policy.max_retry_after {
        return elsewhere(situation, GiveUp::ServerAskedTooLong);
    }
    if situation.targets_left > 0 && asked > policy.fallback_after {
        return Decision::Fallback;
    }
    let limited = failure.kind.class() == FailureClass::RateLimit;
    if limited && situation.queued {
        return back_in_line(situation, asked);
    }
    if situation.retries >= policy.max_retries {
        return elsewhere(situation, GiveUp::AttemptsExhausted);
    }
    if situation.time_left.is_some_and(|left| after >= left) {
        return elsewhere(situation, GiveUp::DeadlineTooClose);
    }
    if limited {
        return Decision::Requeue { after, spacing };
    }
    if !situation.budget_left {
        return elsewhere(situation, GiveUp::BudgetExhausted);
    }
    Decision::Retry { after }
}

/// Back to its old place in the line, which knows better than a backoff when to go on.
fn back_in_line(situation: &Situation, asked: Duration) -> Decision {
    if situation.time_left.is_some_and(|left| asked >= left) {
        return elsewhere(situation, GiveUp::DeadlineTooClose);
    }
    Decision::Requeue {
        after: asked,
        spacing: Duration::ZERO,
    }
}

/// The next target, or the end for the reason given.
fn elsewhere(situation: &Situation, why: GiveUp) -> Decision {
    let no_time = situation.time_left.is_some_and(|left| left.is_zero());
    match situation.targets_left {
        0 => Decision::GiveUp { why },
        _ if no_time => Decision::GiveUp {
            why: GiveUp::DeadlineTooClose,
        },
        _ => Decision::Fallback,
    }
}

impl Situation {
    /// After a first attempt at an only target, with `time_left` until the deadline and the budget untouched.
    pub const fn first(time_left: Duration) -> Self {
        Self {
            retries: 0,
            targets_left: 0,
            time_left: Some(time_left),
            output_started: false,
            repeated: false,
            budget_left: true,
            queued: false,
            roll: 0.0,
        }
    }
}
