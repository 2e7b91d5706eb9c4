//! A factor as settings spell it: whole thousandths, so that settings stay comparable and nothing is rounded twice.

use std::time::Duration;

/// A number with up to three digits after the point, such as `0.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor {
    thousandths: u32,
}

impl Factor {
    /// So many thousandths.
    pub const fn thousandths(thousandths: u32) -> Self {
        Self { thousandths }
    }

    /// That many times the time.
    pub fn of(self, time: Duration) -> Duration {
        time.saturating_mul(self.thousandths) / 1_000
    }

    /// That many times the number, rounded down.
    pub fn of_number(self, number: u64) -> u64 {
        let product = u128::from(number) * u128::from(self.thousandths) / 1_000;
        u64::try_from(product).unwrap_or(u64::MAX)
    }

    pub(crate) fn float(self) -> f64 {
        f64::from(self.thousandths) / 1_000.0
    }

    /// Reads `1.25`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
            return None;
        }
        let whole: u32 = whole.parse().ok()?;
        let fraction: u32 = format!("{fraction:0<3}").parse().ok()?;
        let thousandths = whole.checked_mul(1_000)?.checked_add(fraction)?;
        Some(Self { thousandths })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_three_digits_after_the_point() {
        for (text, thousandths) in [("2", 2_000), ("0.5", 500), ("1.25", 1_250), ("0.001", 1)] {
            assert_eq!(Factor::parse(text), Some(Factor { thousandths }), "{text}");
        }
        for bad in ["", ".5", "1.", "-1", "1e3", "0.0001", "5000000"] {
            assert_eq!(Factor::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn multiplies_times_and_numbers() {
        let half = Factor::thousandths(500);
        assert_eq!(
            half.of(Duration::from_secs(3)),
            Duration::from_millis(1_500)
        );
        assert_eq!(half.of_number(5), 2);
        assert_eq!(Factor::thousandths(u32::MAX).of_number(u64::MAX), u64::MAX);
    }
}
