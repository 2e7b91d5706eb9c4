//! Providers' limits as the providers enforce them, in virtual microseconds. Written apart from the state under test.

use std::collections::VecDeque;
use std::time::Duration;

use tidegate_core::Cost;
use tidegate_core::quota::{Observed, ObservedLimits};

pub(crate) const SECOND: u64 = 1_000_000;

/// What a refusal tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    Bare,
    Exact,
    Seconds,
    /// Always this, whatever is true.
    Lie(u64),
}

#[derive(Debug, Clone)]
pub(crate) enum Model {
    Bucket {
        period: u64,
        burst: u64,
        full_at: u64,
    },
    Window {
        units: u64,
        length: u64,
        opened: u64,
        used: u64,
    },
    Log {
        units: usize,
        length: u64,
        sent: VecDeque<u64>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) requests: Model,
    /// Tokens: units, period of one in nanoseconds, burst.
    pub(crate) tokens: Option<Tokens>,
    pub(crate) rejects_cost: bool,
    pub(crate) hint: Hint,
    pub(crate) tells: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) per_second: u64,
    pub(crate) burst: u64,
    pub(crate) full_at: u64,
}

impl Tokens {
    fn span(&self, tokens: u64) -> u64 {
        tokens * SECOND / self.per_second
    }

    fn wait(&self, tokens: u64, now: u64) -> u64 {
        let full_at = self.full_at.max(now) + self.span(tokens.min(self.burst));
        full_at.saturating_sub(now + self.span(self.burst))
    }
}

impl Model {
    pub(crate) fn bucket(period: u64, burst: u64) -> Self {
        Self::Bucket {
            period,
            burst,
            full_at: 0,
        }
    }

    pub(crate) fn window(units: u64, length: u64) -> Self {
        Self::Window {
            units,
            length,
            opened: 0,
            used: 0,
        }
    }

    pub(crate) fn log(units: usize, length: u64) -> Self {
        Self::Log {
            units,
            length,
            sent: VecDeque::new(),
        }
    }

    /// How long until one more is let in.
    pub(crate) fn wait(&mut self, now: u64) -> u64 {
        match self {
            Self::Bucket {
                period,
                burst,
                full_at,
            } => ((*full_at).max(now) + *period).saturating_sub(now + *period * *burst),
            Self::Window {
                units,
                length,
                opened,
                used,
            } => {
                if now >= *opened + *length {
                    *opened += (now - *opened) / *length * *length;
                    *used = 0;
                }
                if *used < *units {
                    0
                } else {
                    *opened + *length - now
                }
            }
            Self::Log {
                units,
                length,
                sent,
            } => {
                while sent.front().is_some_and(|at| at + *length <= now) {
                    sent.pop_front();
                }
                if sent.len() < *units {
                    0
                } else {
                    sent[sent.len() - *units] + *length - now
                }
            }
        }
    }

    pub(crate) fn charge(&mut self, now: u64) {
        match self {
            Self::Bucket {
                period,
                burst,
                full_at,
            } => {
                let deepest = now + *period * *burst * 2;
                *full_at = ((*full_at).max(now) + *period).min(deepest);
            }
            Self::Window { used, .. } => *used += 1,
            Self::Log { sent, .. } => sent.push_back(now),
        }
    }

    fn standing(&self, now: u64) -> Option<Observed> {
        let (limit, used, reset) = match self {
            Self::Bucket {
                period,
                burst,
                full_at,
            } => {
                let reset = full_at.saturating_sub(now);
                (*burst, reset.div_ceil(*period), reset)
            }
            Self::Window {
                units,
                length,
                opened,
                used,
            } => (*units, *used, opened + length - now),
            Self::Log { .. } => return None,
        };
        Some(Observed {
            limit,
            remaining: limit.saturating_sub(used),
            reset: Some(Duration::from_micros(reset)),
        })
    }
}

impl Server {
    pub(crate) fn of(requests: Model, hint: Hint) -> Self {
        Self {
            requests,
            tokens: None,
            rejects_cost: false,
            hint,
            tells: false,
        }
    }

    /// Lets an attempt in and says what its headers tell, or refuses it with a hint.
    pub(crate) fn admit(&mut self, cost: Cost, now: u64) -> Result<ObservedLimits, Option<u64>> {
        let tokens = cost.input_tokens + cost.output_tokens;
        let mut wait = self.requests.wait(now);
        if let Some(limit) = &self.tokens {
            wait = wait.max(limit.wait(tokens, now));
        }
        if wait == 0 || self.rejects_cost {
            self.requests.charge(now);
        }
        if wait == 0 {
            if let Some(limit) = &mut self.tokens {
                limit.full_at = limit.full_at.max(now) + limit.span(tokens);
            }
            let requests = self.tells.then(|| self.requests.standing(now)).flatten();
            return Ok(ObservedLimits {
                requests,
                ..ObservedLimits::default()
            });
        }
        let wait = if self.rejects_cost {
            self.requests.wait(now)
        } else {
            wait
        };
        Err(match self.hint {
            Hint::Bare => None,
            Hint::Exact => Some(wait),
            Hint::Seconds => Some(wait.div_ceil(SECOND) * SECOND),
            Hint::Lie(hint) => Some(hint),
        })
    }
}
