//! Why a budget beside `max_retries`.
//!
//! A count bounds one run. When a provider fails for everybody, a thousand runs with three retries each send four
//! times the traffic at exactly the wrong moment, and keep it down. A budget bounds the retries of a target
//! together: at most a share of what is under way, with a small floor so that little traffic may still retry.

/// How many retries may be under way at once at one target. Pure: the caller counts.
///
/// Rate limits are not charged to it: the queue bounds those.
///
/// # Examples
/// ```
/// # use tidegate_core::RetryBudget;
/// let budget = RetryBudget::default();
/// assert!(budget.allows(1, 2), "three at a time are always allowed");
/// assert!(!budget.allows(10, 3), "10 under way carry 2, the floor is 3");
/// assert!(budget.allows(100, 19));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryBudget {
    /// The share of runs under way that may be retries, 0.0 to 1.0.
    pub ratio: f64,
    /// The number allowed however little is under way.
    pub floor: u32,
}

impl RetryBudget {
    /// Whether one more retry may start while `retrying` of `under_way` runs are retries.
    pub fn allows(&self, under_way: u32, retrying: u32) -> bool {
        retrying < self.floor || f64::from(retrying) + 1.0 <= f64::from(under_way) * self.ratio
    }
}

impl Default for RetryBudget {
    /// 20 % and 3: the values Envoy's retry budget ships with.
    fn default() -> Self {
        Self {
            ratio: 0.2,
            floor: 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_met_exactly_and_not_passed() {
        let budget = RetryBudget::default();
        assert!(budget.allows(20, 3), "the fourth of twenty is 20 %");
        assert!(!budget.allows(20, 4), "the fifth of twenty is more");
    }

    #[test]
    fn a_floor_of_zero_and_no_traffic_allow_nothing() {
        assert!(
            !RetryBudget {
                ratio: 0.2,
                floor: 0
            }
            .allows(0, 0)
        );
    }
}
