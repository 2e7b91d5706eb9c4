//! Why a target is left alone for a while when others can serve.
//!
//! A provider that is down costs every run its time-outs and retries before the run goes elsewhere, and the provider the
//! rest that it needs to come back. So after a few failures in a row a target with alternatives is passed by; then one run
//! tries it, and when that is served the others follow little by little. It only chooses among alternatives: a run that
//! has nowhere else to go is always let through.

use std::time::Duration;

use crate::failure::FailureKind;
use crate::timestamp::Timestamp;

/// Failures in a row that open a circuit. As many as Envoy's outlier detection waits for.
const FAILURES: u32 = 5;
/// How long it stays open at first; twice as long each time its probe fails.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// How long at most: an outage that is over should be noticed within minutes.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// How long one probe may be under way before another may go: an attempt's usual first-token time-out.
const PROBE: Duration = Duration::from_secs(60);
/// The time in which traffic returns after a good probe.
const SLOW_START: Duration = Duration::from_secs(30);
/// The part of the traffic that returns at once.
const FIRST_SHARE: f64 = 0.1;

/// Whether a target is passed by. Pure: `now` and the roll of the dice are arguments.
///
/// # Examples
/// ```
/// # use tidegate_core::{Circuit, FailureKind, Timestamp};
/// let (mut circuit, now) = (Circuit::default(), Timestamp::from_secs(1));
/// for _ in 0..5 {
///     assert!(circuit.admits(now, 0.5));
///     circuit.failed(FailureKind::Overloaded, now);
/// }
/// assert!(!circuit.admits(now, 0.5));
/// assert!(circuit.admits(Timestamp::from_secs(11), 0.5), "one probe");
/// assert!(!circuit.admits(Timestamp::from_secs(11), 0.5), "and no other");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circuit {
    state: State,
    /// How long it was open last.
    pause: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Everybody may go.
    Closed { failures: u32 },
    /// Nobody may, until then.
    Open { until: Timestamp },
    /// One went ahead.
    Probing { since: Timestamp },
    /// A growing part may go.
    SlowStart { since: Timestamp },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Circuit {
    /// Whether a run that could go elsewhere may go here. The one that is let through as a probe holds the others back
    /// until it is known what became of it. `roll` is drawn evenly from 0 to 1.
    pub fn admits(&mut self, now: Timestamp, roll: f64) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { until } if now < until => false,
            State::Probing { since } if now.saturating_since(since) < PROBE => false,
            State::Open { .. } | State::Probing { .. } => {
                self.state = State::Probing { since: now };
                true
            }
            State::SlowStart { since } => roll < share(now.saturating_since(since)),
        }
    }

    /// A run was served here.
    pub fn succeeded(&mut self, now: Timestamp) {
        self.state = match self.state {
            State::Open { .. } | State::Probing { .. } => State::SlowStart { since: now },
            State::SlowStart { since } if now.saturating_since(since) < SLOW_START => return,
            State::Closed { .. } | State::SlowStart { .. } => {
                self.pause = Duration::ZERO;
                State::default()
            }
        };
    }

    /// An attempt failed here. What shows that the provider is there counts as service.
    pub fn failed(&mut self, kind: FailureKind, now: Timestamp) {
        match shows(kind) {
            Health::Down => self.down(now),
            Health::Up => self.succeeded(now),
            Health::Nothing => {}
        }
    }

    /// Whether nothing is held against the target, so that it need not be remembered.
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }

    fn down(&mut self, now: Timestamp) {
        match &mut self.state {
            // Sent before it opened, or by somebody who had nowhere else to go.
            State::Open { .. } => {}
            State::Closed { failures } if *failures + 1 < FAILURES => *failures += 1,
            State::Closed { .. } | State::Probing { .. } | State::SlowStart { .. } => {
                self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                let until = now.saturating_add(self.pause);
                self.state = State::Open { until };
            }
        }
    }
}

/// The part of the traffic that may go so long after a good probe.
fn share(passed: Duration) -> f64 {
    (passed.as_secs_f64() / SLOW_START.as_secs_f64()).max(FIRST_SHARE)
}

/// What a failure shows of the provider.
enum Health {
    Down,
    Up,
    /// Nothing: it did not come so far, or it is about the request alone.
    Nothing,
}

const fn shows(kind: FailureKind) -> Health {
    match kind {
        FailureKind::Overloaded
        | FailureKind::ServerError
        | FailureKind::Unreachable
        | FailureKind::Disconnected
        | FailureKind::ConnectTimeout
        | FailureKind::FirstTokenTimeout
        | FailureKind::IdleTimeout
        | FailureKind::AttemptTimeout => Health::Down,
        FailureKind::RateLimited
        | FailureKind::AuthFailed
        | FailureKind::PermissionDenied
        | FailureKind::QuotaExhausted
        | FailureKind::NotFound
        | FailureKind::RequestTooLarge
        | FailureKind::ContextTooLong
        | FailureKind::ContentFiltered
        | FailureKind::InvalidRequest => Health::Up,
        FailureKind::NotStarted
        | FailureKind::RunTimeout
        | FailureKind::StreamBroken
        | FailureKind::Malformed
        | FailureKind::OutputTooLarge
        | FailureKind::Unsupported
        | FailureKind::CommandNotFound
        | FailureKind::CommandFailed => Health::Nothing,
    }
}
