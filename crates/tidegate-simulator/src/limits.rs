//! Rate limits as providers enforce them.
//!
//! Clients differ most in how they behave when a limit says no, so the limit must be exact and repeatable: every
//! answer is a pure function of (limit, state, now), with `now` counted from the simulator's start. Three things
//! decide how hard a limit is on its clients: its form (bucket or window), whether a refused request costs too (then
//! hammering keeps everybody out), and what hint the refusal carries.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration;

/// A limit on requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// A token bucket: full at the start, one request more every `period`.
    Bucket {
        /// Time in which one request grows back.
        period: Duration,
        /// Requests that may come at once; 0 counts as 1.
        burst: u32,
    },
    /// A fixed window: `requests` in each window, the first of which begins with the simulator.
    Window {
        /// Requests per window.
        requests: u32,
        /// The length of a window.
        window: Duration,
    },
}

/// What a refusal tells the client about when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// Nothing, neither in headers nor in the text.
    None,
    /// `retry-after` in whole seconds, rounded up: what most providers send, hence the default.
    #[default]
    Seconds,
    /// `retry-after` in seconds with a fraction, exact to the microsecond.
    Exact,
    /// `retry-after-ms`, rounded up.
    Ms,
    /// `retry-after` as an HTTP date, rounded up to a whole second.
    Date,
}

/// How far one limit is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    /// Bucket: when it is full again. Window: when the window counted in `used` began.
    mark: Duration,
    /// Window: requests counted in it.
    used: u32,
}

/// What `x-ratelimit-*-requests` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Time until the limit is untouched again.
    pub(crate) reset: Duration,
}

impl Limit {
    /// A bucket of `burst` that regains `requests` a minute. Zeros count as 1.
    pub fn per_minute(requests: u32, burst: u32) -> Self {
        Self::bucket(Duration::from_secs(60), requests, burst)
    }

    /// A bucket of `burst` that regains `requests` a second. Zeros count as 1.
    pub fn per_second(requests: u32, burst: u32) -> Self {
        Self::bucket(Duration::from_secs(1), requests, burst)
    }

    fn bucket(span: Duration, requests: u32, burst: u32) -> Self {
        Self::Bucket {
            period: span / requests.max(1),
            burst,
        }
    }

    /// `requests` in every window of that length. A window shorter than a microsecond counts as one.
    pub fn window(requests: u32, window: Duration) -> Self {
        Self::Window {
            requests,
            window: window.max(Duration::from_micros(1)),
        }
    }

    /// How long until one more request is let in: zero means now.
    pub(crate) fn wait(self, usage: Usage, now: Duration) -> Duration {
        match self {
            Self::Bucket { period, burst } => {
                let full_again = usage.mark.max(now) + period;
                full_again.saturating_sub(now + period * burst.max(1))
            }
            Self::Window { requests, window } => {
                let usage = current(usage, window, now);
                let next = usage.mark + window;
                if usage.used < requests.max(1) {
                    Duration::ZERO
                } else {
                    next.saturating_sub(now)
                }
            }
        }
    }

    /// The state after one more request, let in or not. The debt of a bucket is bounded by its burst.
    pub(crate) fn charge(self, usage: Usage, now: Duration) -> Usage {
        match self {
            Self::Bucket { period, burst } => {
                let deepest = now + period * burst.max(1).saturating_mul(2);
                let mark = (usage.mark.max(now) + period).min(deepest);
                Usage { mark, used: 0 }
            }
            Self::Window { window, .. } => {
                let usage = current(usage, window, now);
                let used = usage.used.saturating_add(1);
                Usage { used, ..usage }
            }
        }
    }

    /// What is left at `now`.
    pub(crate) fn standing(self, usage: Usage, now: Duration) -> Standing {
        match self {
            Self::Bucket { period, burst } => {
                let reset = usage.mark.saturating_sub(now);
                let used = reset.as_nanos().div_ceil(period.as_nanos().max(1));
                let used = u32::try_from(used).unwrap_or(u32::MAX);
                standing(burst.max(1), used, reset)
            }
            Self::Window { requests, window } => {
                let usage = current(usage, window, now);
                let reset = (usage.mark + window).saturating_sub(now);
                standing(requests.max(1), usage.used, reset)
            }
        }
    }
}

fn standing(limit: u32, used: u32, reset: Duration) -> Standing {
    Standing {
        limit,
        remaining: limit.saturating_sub(used),
        reset,
    }
}

/// The usage of the window that holds `now`: that of an older window is forgotten.
fn current(usage: Usage, window: Duration, now: Duration) -> Usage {
    let into = now.as_nanos() % window.as_nanos().max(1);
    let into = Duration::from_nanos(u64::try_from(into).unwrap_or(u64::MAX));
    let began = now.saturating_sub(into);
    if usage.mark == began {
        return usage;
    }
    Usage {
        mark: began,
        used: 0,
    }
}

/// A text that is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitError {
    text: String,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(
            f,
            "`{text}` is no window: write REQUESTS/LENGTH, such as 10/1s or 300/1m"
        )
    }
}

impl std::error::Error for LimitError {}

impl FromStr for Limit {
    type Err = LimitError;

    /// Reads a window: `10/1s`.
    fn from_str(text: &str) -> Result<Self, LimitError> {
        let error = || LimitError { text: text.into() };
        let (requests, window) = text.split_once('/').ok_or_else(error)?;
        let requests: u32 = requests.trim().parse().map_err(|_| error())?;
        let window = duration::parse(window).map_err(|_| error())?;
        if requests == 0 || window.is_zero() {
            return Err(error());
        }
        Ok(Self::window(requests, window))
    }
}

/// A text that names no hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HintError {
    text: String,
}

impl fmt::Display for HintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no hint: none, seconds, exact, ms or date",
            self.text
        )
    }
}

impl std::error::Error for HintError {}

impl FromStr for Hint {
    type Err = HintError;

    fn from_str(text: &str) -> Result<Self, HintError> {
        match text {
            "none" => Ok(Self::None),
            "seconds" => Ok(Self::Seconds),
            "exact" => Ok(Self::Exact),
            "ms" => Ok(Self::Ms),
            "date" => Ok(Self::Date),
            other => Err(HintError { text: other.into() }),
        }
    }
}

/// A refusal: how long to wait, and at which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) wait: Duration,
    pub(crate) standing: Standing,
}

/// All limits of a simulator: a request must pass every one of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    limits: Vec<(Limit, Usage)>,
    rejects_cost: bool,
}

impl Meter {
    pub(crate) fn new(limits: &[Limit], rejects_cost: bool) -> Self {
        let limits = limits.iter().map(|&limit| (limit, Usage::default()));
        Self {
            limits: limits.collect(),
            rejects_cost,
        }
    }

    /// Lets one request in, charging it, or says how long it would have to wait. Where refusals cost, that counts
    /// this one, so that whoever obeys is not too early by his own doing.
    pub(crate) fn take(&mut self, now: Duration) -> Result<(), Refused> {
        let refused = self.refusal(now);
        if refused.is_none() || self.rejects_cost {
            self.charge(now);
        }
        match refused {
            None => Ok(()),
            Some(free) => Err(self
                .refusal(now)
                .filter(|_| self.rejects_cost)
                .unwrap_or(free)),
        }
    }

    /// The standing of the limit that is nearest to refusing, for the headers.
    pub(crate) fn standing(&self, now: Duration) -> Option<Standing> {
        let standings = self
            .limits
            .iter()
            .map(|(limit, usage)| limit.standing(*usage, now));
        standings.min_by_key(|standing| standing.remaining)
    }

    /// The limit with the longest wait, unless none has any.
    fn refusal(&self, now: Duration) -> Option<Refused> {
        let refusals = self.limits.iter().map(|(limit, usage)| Refused {
            wait: limit.wait(*usage, now),
            standing: limit.standing(*usage, now),
        });
        let waiting = refusals.filter(|refused| !refused.wait.is_zero());
        waiting.max_by_key(|refused| refused.wait)
    }

    fn charge(&mut self, now: Duration) {
        for (limit, usage) in &mut self.limits {
            *usage = limit.charge(*usage, now);
        }
    }
}

#[cfg(test)]
mod tests;
