//! Limits as the command line spells them: `bucket=300/1m,burst=10`, in the form of a script's answers.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Charging, Limit, Metered};
use crate::duration;

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
            "`{text}` is no limit: write bucket=300/1m,burst=10 or window=10/1s or window=600/1m,every=1s or \
             log=300/1m or concurrency=32, and after it of=tokens|input-tokens|output-tokens and told=N as needed"
        )
    }
}

impl std::error::Error for LimitError {}

const OTHERS: [Metered; 4] = [
    Metered::Requests,
    Metered::Tokens,
    Metered::InputTokens,
    Metered::OutputTokens,
];

/// What follows the first word.
#[derive(Default)]
struct Options {
    burst: Option<u64>,
    every: Option<Duration>,
    metered: Option<Metered>,
    told: Option<u64>,
}

impl FromStr for Limit {
    type Err = LimitError;

    /// Reads `bucket=300/1m,burst=10`; a bare `10/1s` is a fixed window.
    fn from_str(text: &str) -> Result<Self, LimitError> {
        read(text).ok_or_else(|| LimitError { text: text.into() })
    }
}

fn read(text: &str) -> Option<Limit> {
    let mut parts = text.split(',');
    let first = parts.next()?;
    let (form, rate) = first.split_once('=').unwrap_or(("window", first));
    let options = options(parts)?;
    let limit = limit(form.trim(), rate, &options)?;
    let metered = options.metered.unwrap_or(limit.metered());
    let limit = limit.on(metered);
    // What a limit cannot have is a mistake, and not to be ignored.
    (limit.metered() == metered).then_some(())?;
    Some(options.told.map_or(limit, |told| limit.told_as(told)))
}

fn limit(form: &str, value: &str, options: &Options) -> Option<Limit> {
    let limit = match (form, options.burst, options.every) {
        ("bucket", burst, None) => {
            let (units, per) = rate(value)?;
            Limit::bucket(units, per, burst.unwrap_or(units))
        }
        ("window", None, None) => {
            let (units, length) = rate(value)?;
            Limit::windowed(units, length)
        }
        ("window", None, Some(every)) => {
            let (units, per) = rate(value)?;
            Limit::sliced(units, per, every)
        }
        ("log", None, None) => {
            let (units, length) = rate(value)?;
            Limit::log(units, length)
        }
        ("concurrency", None, None) => Limit::concurrency(number(value)?),
        _ => return None,
    };
    Some(limit)
}

fn options<'a>(parts: impl Iterator<Item = &'a str>) -> Option<Options> {
    let mut options = Options::default();
    for part in parts {
        let (option, value) = part.split_once('=')?;
        match option.trim() {
            "burst" => options.burst = Some(number(value)?),
            "every" => options.every = Some(time(value)?),
            "told" => options.told = Some(number(value)?),
            "of" => {
                let named = |metered: &&Metered| metered.word() == value.trim();
                options.metered = Some(*OTHERS.iter().find(named)?);
            }
            _ => return None,
        }
    }
    Some(options)
}

/// `300/1m`.
fn rate(text: &str) -> Option<(u64, Duration)> {
    let (units, per) = text.split_once('/')?;
    Some((number(units)?, time(per)?))
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|number| *number > 0)
}

fn time(text: &str) -> Option<Duration> {
    duration::parse(text).ok().filter(|time| !time.is_zero())
}

/// A text that names no way of charging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargingError {
    text: String,
}

impl fmt::Display for ChargingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(
            f,
            "`{text}` is no way of charging: estimate, corrected or used"
        )
    }
}

impl std::error::Error for ChargingError {}

impl FromStr for Charging {
    type Err = ChargingError;

    fn from_str(text: &str) -> Result<Self, ChargingError> {
        match text {
            "estimate" => Ok(Self::Estimate),
            "corrected" => Ok(Self::Corrected),
            "used" => Ok(Self::Used),
            other => Err(ChargingError { text: other.into() }),
        }
    }
}
