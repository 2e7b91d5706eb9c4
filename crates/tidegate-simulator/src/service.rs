//! How long a provider works on an answer.
//!
//! The n-th answer takes a time that depends on the seed and on n alone: so a benchmark computes the best possible
//! time from the very times that the simulator will take, over HTTP as on virtual time.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::duration;
use crate::factor::Factor;

/// The longest answer, in seconds: some thirty years.
const LONGEST: f64 = 1e9;
/// A wider spread means nothing any more.
const WIDEST: Factor = Factor::thousandths(5_000);

/// The time that a good answer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Always the same.
    Fixed(Duration),
    /// Half of the answers are faster than the median, and a few take very long.
    LogNormal {
        /// The median.
        median: Duration,
        /// The standard deviation of the logarithm.
        sigma: Factor,
    },
}

impl Default for Service {
    fn default() -> Self {
        Self::Fixed(Duration::ZERO)
    }
}

impl Service {
    /// The time of the `nth` answer, counted from 0, in whole microseconds.
    ///
    /// # Examples
    /// ```
    /// # use tidegate_simulator::Service;
    /// let service: Service = "lognormal:2s:0.5".parse()?;
    /// assert_eq!(service.draw(7, 0), service.draw(7, 0));
    /// assert_ne!(service.draw(7, 0), service.draw(7, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn draw(self, seed: u64, nth: u64) -> Duration {
        match self {
            Self::Fixed(time) => time,
            Self::LogNormal { median, sigma } => {
                let factor = (sigma.float() * normal(seed, nth)).exp();
                let seconds = (median.as_secs_f64() * factor).min(LONGEST);
                let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
                Duration::new(time.as_secs(), time.subsec_micros() * 1_000)
            }
        }
    }
}

/// A draw from the standard normal distribution (Box and Muller).
fn normal(seed: u64, nth: u64) -> f64 {
    let at = mix(seed).wrapping_add(nth.wrapping_mul(2));
    let (one, two) = (uniform(mix(at)), uniform(mix(at.wrapping_add(1))));
    (-2.0 * one.ln()).sqrt() * (TAU * two).cos()
}

/// Between 0 and 1, neither of them.
fn uniform(bits: u64) -> f64 {
    let high = u32::try_from(bits >> 32).unwrap_or_default();
    (f64::from(high) + 0.5) / (f64::from(u32::MAX) + 1.0)
}

/// Scatters the bits of a number (`SplitMix64`).
fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A text that is no service time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    text: String,
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(
            f,
            "`{text}` is no service time: write 2s, or lognormal:MEDIAN:SIGMA such as lognormal:2s:0.5"
        )
    }
}

impl std::error::Error for ServiceError {}

impl FromStr for Service {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        let service = match text.strip_prefix("lognormal:") {
            None => duration::parse(text).ok().map(Self::Fixed),
            Some(rest) => lognormal(rest),
        };
        service.ok_or_else(|| ServiceError { text: text.into() })
    }
}

fn lognormal(text: &str) -> Option<Service> {
    let (median, sigma) = text.split_once(':')?;
    let median = duration::parse(median).ok()?;
    let sigma = Factor::parse(sigma).filter(|sigma| *sigma <= WIDEST)?;
    Some(Service::LogNormal { median, sigma })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(text: &str, seed: u64) -> Vec<Duration> {
        let service: Service = text.parse().unwrap();
        let mut draws: Vec<_> = (0..2_000).map(|nth| service.draw(seed, nth)).collect();
        draws.sort_unstable();
        draws
    }

    #[test]
    fn the_median_and_the_spread_are_those_asked_for() {
        for seed in 0..5 {
            let draws = draws("lognormal:2s:0.5", seed);
            let quantile = |per_mille: usize| draws[draws.len() * per_mille / 1_000].as_secs_f64();
            assert!((1.9..2.1).contains(&quantile(500)), "{}", quantile(500));
            // One standard deviation above and below: a factor of e^0.5.
            assert!((3.1..3.5).contains(&quantile(841)), "{}", quantile(841));
            assert!((1.12..1.32).contains(&quantile(159)), "{}", quantile(159));
        }
    }

    #[test]
    fn a_draw_depends_on_seed_and_number_alone() {
        let service: Service = "lognormal:2s:0.5".parse().unwrap();
        let forth: Vec<_> = (0..50).map(|nth| service.draw(3, nth)).collect();
        let mut back: Vec<_> = (0..50).rev().map(|nth| service.draw(3, nth)).collect();
        back.reverse();
        assert_eq!(forth, back);
        assert_ne!(draws("lognormal:2s:0.5", 1), draws("lognormal:2s:0.5", 2));
    }

    #[test]
    fn without_spread_every_answer_takes_the_median() {
        assert_eq!(draws("lognormal:2s:0", 1), draws("2s", 1));
    }

    #[test]
    fn service_times_are_read_from_text() {
        for bad in [
            "",
            "2",
            "lognormal:2s",
            "lognormal:2:0.5",
            "lognormal:2s:6",
            "lognormal:2s:-1",
            "normal:2s:1",
        ] {
            assert!(bad.parse::<Service>().is_err(), "{bad}");
        }
        assert_eq!("0".parse(), Ok(Service::default()));
    }
}
