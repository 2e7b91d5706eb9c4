//! What a refusal tells about when to come back: its form, and whether it is true.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Wait;
use crate::duration;
use crate::factor::Factor;

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
    /// Only the reset in the headers that tell the limits, even where they are switched off otherwise.
    Resets,
}

const WORDS: [(Hint, &str); 6] = [
    (Hint::None, "none"),
    (Hint::Seconds, "seconds"),
    (Hint::Exact, "exact"),
    (Hint::Ms, "ms"),
    (Hint::Date, "date"),
    (Hint::Resets, "resets"),
];

impl Hint {
    /// The wait that is written out: `None` where nothing is, be it that nobody knows it.
    pub(crate) fn says(self, wait: Wait, lie: Option<Lie>) -> Option<Duration> {
        if matches!(self, Self::None | Self::Resets) {
            return None;
        }
        match (lie, wait.time()) {
            (Some(Lie::Always(time)), _) => Some(time),
            (Some(Lie::Times(factor)), Some(time)) => Some(factor.of(time)),
            (None, time) => time,
            (Some(Lie::Times(_)), None) => None,
        }
    }

    /// The wait that a client reads from the hint, rounding included. A date counts as if the response's own date had
    /// no fraction.
    ///
    /// # Examples
    /// ```
    /// # use std::time::Duration;
    /// # use tidegate_simulator::{Hint, Wait};
    /// let wait = Wait::Exactly(Duration::from_micros(2_400_100));
    /// assert_eq!(Hint::Seconds.told(wait, None), Some(Duration::from_secs(3)));
    /// assert_eq!(Hint::Ms.told(wait, None), Some(Duration::from_millis(2_401)));
    /// ```
    pub fn told(self, wait: Wait, lie: Option<Lie>) -> Option<Duration> {
        let time = self.says(wait, lie)?;
        let nanos = match self {
            Self::None | Self::Resets => return None,
            Self::Seconds | Self::Date => 1_000_000_000,
            Self::Ms => 1_000_000,
            Self::Exact => 1_000,
        };
        let steps = time.as_nanos().div_ceil(nanos);
        u64::try_from(steps * nanos).ok().map(Duration::from_nanos)
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
            "`{}` is no hint: none, resets, seconds, exact, ms or date",
            self.text
        )
    }
}

impl std::error::Error for HintError {}

impl FromStr for Hint {
    type Err = HintError;

    fn from_str(text: &str) -> Result<Self, HintError> {
        let row = WORDS.iter().find(|(_, word)| *word == text);
        row.map(|(hint, _)| *hint)
            .ok_or_else(|| HintError { text: text.into() })
    }
}

/// A hint that is not true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// So many times the true wait.
    Times(Factor),
    /// Always the same, whatever the wait.
    Always(Duration),
}

/// A text that is no lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LieError {
    text: String,
}

impl fmt::Display for LieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(
            f,
            "`{text}` is no lie: write 0.5x or 2x of the true wait, or a time such as 1s or 0"
        )
    }
}

impl std::error::Error for LieError {}

impl FromStr for Lie {
    type Err = LieError;

    fn from_str(text: &str) -> Result<Self, LieError> {
        let lie = match text.strip_suffix('x') {
            Some(factor) => Factor::parse(factor).map(Self::Times),
            None => duration::parse(text).ok().map(Self::Always),
        };
        lie.ok_or_else(|| LieError { text: text.into() })
    }
}
