//! Rate limits as providers enforce them.
//!
//! Clients differ most in how they behave when a limit says no, so the limit must be exact and repeatable: every
//! verdict is a pure function of the limits, what was admitted before, and `now`, counted from the simulator's start.
//! The same code refuses over HTTP and in benchmarks on virtual time. Four things decide how hard a limit is on its
//! clients: what it meters, its form (bucket, window, log, cap), whether a refused request costs too (then hammering
//! keeps everybody out), and what the refusal tells about when to come back.

use std::fmt;
use std::time::Duration;

use crate::duration;

mod bucket;
mod concurrency;
mod counter;
mod hint;
mod limiter;
mod log;
mod text;
mod window;

pub use hint::{Hint, HintError, Lie, LieError};
pub use limiter::{Charging, Limiter, Refused, Ticket, Verdict};
pub use text::{ChargingError, LimitError};

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metered {
    /// Requests.
    Requests,
    /// Tokens read and written.
    Tokens,
    /// Tokens read.
    InputTokens,
    /// Tokens written.
    OutputTokens,
    /// Requests that are not yet finished.
    InFlight,
}

impl Metered {
    /// The word for it in `--limit ..,of=WORD`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::InputTokens => "input-tokens",
            Self::OutputTokens => "output-tokens",
            Self::InFlight => "in-flight",
        }
    }

    /// How many of these a cost has.
    fn of(self, cost: Cost) -> u64 {
        match self {
            Self::Requests => cost.requests,
            Self::Tokens => cost.input_tokens.saturating_add(cost.output_tokens),
            Self::InputTokens => cost.input_tokens,
            Self::OutputTokens => cost.output_tokens,
            Self::InFlight => 1,
        }
    }
}

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Requests; 1 for nearly everything.
    pub requests: u64,
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the answer: the most there may be at admission, those there were at the end.
    pub output_tokens: u64,
}

impl Cost {
    /// One request without tokens, for limits on requests.
    pub const REQUEST: Self = Self::of(0, 0);

    /// One request with that many tokens.
    pub const fn of(input_tokens: u64, output_tokens: u64) -> Self {
        Self {
            requests: 1,
            input_tokens,
            output_tokens,
        }
    }
}

/// How a limit is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A token bucket: full at the start, it regains `units` in each `per`, evenly.
    Bucket {
        /// Units that grow back in each `per`.
        units: u64,
        /// The time in which they do.
        per: Duration,
        /// Units that may come at once.
        burst: u64,
    },
    /// A fixed window: `units` in each window, the first of which begins with the simulator.
    Window {
        /// Units per window.
        units: u64,
        /// The length of a window.
        length: Duration,
    },
    /// A sliding log: `units` in any span of that length, wherever it begins.
    Log {
        /// Units per span.
        units: u64,
        /// The length of the span.
        length: Duration,
    },
    /// So many requests at once.
    Concurrency {
        /// The most that may be in flight.
        cap: u64,
    },
}

/// A limit of a provider. Zeros count as 1, and no time is shorter than a microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    metered: Metered,
    form: Form,
    told: Option<u64>,
}

const SHORTEST: Duration = Duration::from_micros(1);

impl Limit {
    /// A bucket of `burst` requests that regains `requests` a minute.
    pub fn per_minute(requests: u32, burst: u32) -> Self {
        Self::bucket(requests.into(), Duration::from_secs(60), burst.into())
    }

    /// A bucket of `burst` requests that regains `requests` a second.
    pub fn per_second(requests: u32, burst: u32) -> Self {
        Self::bucket(requests.into(), Duration::from_secs(1), burst.into())
    }

    /// A bucket of `burst` that regains `units` in each `per`.
    pub fn bucket(units: u64, per: Duration, burst: u64) -> Self {
        Self::requests(Form::Bucket {
            units: units.max(1),
            per: per.max(SHORTEST),
            burst: burst.max(1),
        })
    }

    /// `requests` in every fixed window of that length.
    pub fn window(requests: u32, length: Duration) -> Self {
        Self::windowed(requests.into(), length)
    }

    /// `units` in every fixed window of that length.
    pub fn windowed(units: u64, length: Duration) -> Self {
        Self::requests(Form::Window {
            units: units.max(1),
            length: length.max(SHORTEST),
        })
    }

    /// `units` per `per`, evaluated in fixed windows of `slice`: 600 a minute in slices of a second are 10 in each.
    /// Headers tell the whole number, since that is what the provider sold.
    pub fn sliced(units: u64, per: Duration, slice: Duration) -> Self {
        let (per, slice) = (per.max(SHORTEST), slice.max(SHORTEST));
        let share = u128::from(units) * slice.as_nanos() / per.as_nanos();
        let share = u64::try_from(share).unwrap_or(u64::MAX);
        Self::windowed(share, slice).told_as(units.max(1))
    }

    /// `units` in any span of that length.
    pub fn log(units: u64, length: Duration) -> Self {
        Self::requests(Form::Log {
            units: units.max(1),
            length: length.max(SHORTEST),
        })
    }

    /// At most `cap` requests at once.
    pub fn concurrency(cap: u64) -> Self {
        Self {
            metered: Metered::InFlight,
            form: Form::Concurrency { cap: cap.max(1) },
            told: None,
        }
    }

    fn requests(form: Form) -> Self {
        Self {
            metered: Metered::Requests,
            form,
            told: None,
        }
    }

    /// The same limit on something else. A limit of concurrency stays one.
    #[must_use]
    pub fn on(mut self, metered: Metered) -> Self {
        let of_requests = matches!(self.form, Form::Concurrency { .. });
        if of_requests == (metered == Metered::InFlight) {
            self.metered = metered;
        }
        self
    }

    /// Headers name that number as the limit. What is left, and when it is whole again, stays true.
    #[must_use]
    pub fn told_as(mut self, limit: u64) -> Self {
        self.told = Some(limit);
        self
    }

    /// What it counts.
    pub fn metered(self) -> Metered {
        self.metered
    }

    /// How it is evaluated.
    pub fn form(self) -> Form {
        self.form
    }

    /// The most that one request may cost.
    pub fn largest(self) -> u64 {
        match self.form {
            Form::Bucket { burst, .. } => burst,
            Form::Window { units, .. } | Form::Log { units, .. } => units,
            Form::Concurrency { cap } => cap,
        }
    }
}

/// How long a request has to wait for a limit when nothing else comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// Exactly that long, to the nanosecond; zero is now.
    Exactly(Duration),
    /// Until some request in flight ends.
    Unknown,
    /// For ever: it is larger than the limit.
    Never,
}

impl Wait {
    const NONE: Self = Self::Exactly(Duration::ZERO);

    /// The time, if there is one.
    pub fn time(self) -> Option<Duration> {
        match self {
            Self::Exactly(time) => Some(time),
            Self::Unknown | Self::Never => None,
        }
    }
}

/// How a limit stands, as headers tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What is counted.
    pub metered: Metered,
    /// The limit: the burst of a bucket, the number of a window, unless another is told.
    pub limit: u64,
    /// What may still come at once.
    pub remaining: u64,
    /// Time until the limit is untouched again.
    pub reset: Duration,
}

/// Spells the limit as `--limit` reads it.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            Form::Bucket { units, per, burst } => {
                write!(f, "bucket={units}/{},burst={burst}", duration::exact(per))?;
            }
            Form::Window { units, length } => {
                write!(f, "window={units}/{}", duration::exact(length))?;
            }
            Form::Log { units, length } => write!(f, "log={units}/{}", duration::exact(length))?,
            Form::Concurrency { cap } => write!(f, "concurrency={cap}")?,
        }
        if !matches!(self.metered, Metered::Requests | Metered::InFlight) {
            write!(f, ",of={}", self.metered.word())?;
        }
        match self.told {
            Some(told) => write!(f, ",told={told}"),
            None => Ok(()),
        }
    }
}

/// Times inside the limits are whole nanoseconds since the start: enough for five centuries.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
