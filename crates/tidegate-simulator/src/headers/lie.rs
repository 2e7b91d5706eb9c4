//! Headers that are not true: late, as from a cache, or plainly wrong.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::duration;
use crate::factor::Factor;
use crate::limits::Standing;

/// How headers that tell the limits are not true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderLie {
    /// Limit and rest are so many times the true ones.
    Times(Factor),
    /// They tell how the limits stood, up to that long ago.
    Stale(Duration),
}

/// Remembers what stale headers repeat.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    last: Option<(Duration, Vec<Standing>)>,
}

impl Teller {
    /// What is told at `now` in place of the truth.
    pub(crate) fn tell(
        &mut self,
        lie: Option<HeaderLie>,
        now: Duration,
        truth: Vec<Standing>,
    ) -> Vec<Standing> {
        match lie {
            None => truth,
            Some(HeaderLie::Times(factor)) => {
                let times = |standing| multiplied(standing, factor);
                truth.into_iter().map(times).collect()
            }
            Some(HeaderLie::Stale(age)) => self.stale(age, now, truth),
        }
    }

    fn stale(&mut self, age: Duration, now: Duration, truth: Vec<Standing>) -> Vec<Standing> {
        match &self.last {
            Some((at, last)) if now.saturating_sub(*at) < age => last.clone(),
            _ => {
                self.last = Some((now, truth.clone()));
                truth
            }
        }
    }
}

fn multiplied(standing: Standing, factor: Factor) -> Standing {
    Standing {
        limit: factor.of_number(standing.limit),
        remaining: factor.of_number(standing.remaining),
        ..standing
    }
}

/// A text that is no lie of headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderLieError {
    text: String,
}

impl fmt::Display for HeaderLieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(
            f,
            "`{text}` is no lie of headers: write 0.5x or 2x of what is true, or stale:2s"
        )
    }
}

impl std::error::Error for HeaderLieError {}

impl FromStr for HeaderLie {
    type Err = HeaderLieError;

    fn from_str(text: &str) -> Result<Self, HeaderLieError> {
        let lie = match text.strip_prefix("stale:") {
            Some(age) => duration::parse(age).ok().map(Self::Stale),
            None => text
                .strip_suffix('x')
                .and_then(Factor::parse)
                .map(Self::Times),
        };
        lie.ok_or_else(|| HeaderLieError { text: text.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Cost, Limit, Limiter};

    fn remaining(standings: &[Standing]) -> u64 {
        standings[0].remaining
    }

    #[test]
    fn stale_headers_repeat_what_they_told_until_it_is_too_old() {
        let mut limiter = Limiter::new(&[Limit::window(9, Duration::from_secs(60))]);
        let mut teller = Teller::default();
        let stale = Some(HeaderLie::Stale(Duration::from_secs(2)));
        let mut told = Vec::new();
        for seconds in 0..5 {
            let now = Duration::from_secs(seconds);
            assert!(limiter.admit(now, Cost::REQUEST).is_admitted());
            let standings = teller.tell(stale, now, limiter.standings(now).collect());
            told.push(remaining(&standings));
        }
        assert_eq!(told, [8, 8, 6, 6, 4]);
    }

    #[test]
    fn wrong_headers_multiply_limit_and_rest() {
        let limiter = Limiter::new(&[Limit::window(9, Duration::from_secs(60))]);
        let truth = limiter.standings(Duration::ZERO).collect();
        let twice = Some(HeaderLie::Times(Factor::thousandths(2_000)));
        let told = Teller::default().tell(twice, Duration::ZERO, truth);
        assert_eq!((told[0].limit, told[0].remaining), (18, 18));
    }

    #[test]
    fn lies_are_read_from_text() {
        let stale = HeaderLie::Stale(Duration::from_secs(2));
        assert_eq!("stale:2s".parse(), Ok(stale));
        let wrong = HeaderLie::Times(Factor::thousandths(1_250));
        assert_eq!("1.25x".parse(), Ok(wrong));
        for bad in ["", "2", "stale", "stale:2", "x"] {
            assert!(bad.parse::<HeaderLie>().is_err(), "{bad}");
        }
    }
}
