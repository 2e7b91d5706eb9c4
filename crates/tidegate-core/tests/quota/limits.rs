//! Limits as they are configured, and the part of them that is ours.

use std::time::Duration;

use tidegate_core::Cost;
use tidegate_core::quota::{Dimension, Limit, Limits, Metering};

use super::account::MINUTE;

const BUCKET: Limit = Limit {
    units: 600,
    per: MINUTE,
    burst: 10,
    metering: Metering::Bucket,
};
const WINDOW: Limit = Limit {
    units: 600,
    per: MINUTE,
    burst: 600,
    metering: Metering::Window,
};

#[test]
fn of_a_minute_a_second_of_requests_and_ten_of_tokens_may_leave_at_once() {
    assert_eq!(Limit::per_minute(600), BUCKET);
    let tokens = Limit {
        burst: 100,
        ..BUCKET
    };
    assert_eq!(Limit::tokens_per_minute(600), tokens);
}

#[test]
fn all_of_a_window_may_leave_at_once() {
    assert_eq!(Limit::window(600, Duration::from_secs(60)), WINDOW);
}

#[test]
fn nothing_allowed_counts_as_one_so_that_no_limit_divides_by_zero() {
    let bucket = Limit {
        units: 1,
        per: 1,
        burst: 1,
        metering: Metering::Bucket,
    };
    assert_eq!(Limit::bucket(0, Duration::ZERO, 0), bucket);
    let window = Limit {
        metering: Metering::Window,
        ..bucket
    };
    assert_eq!(Limit::window(0, Duration::ZERO), window);
}

#[test]
fn each_dimension_counts_its_own_share_of_a_cost() {
    let cost = Cost {
        requests: 1,
        input_tokens: 20,
        output_tokens: 300,
    };
    let shares = Dimension::ALL.map(|dimension| cost.of(dimension));
    assert_eq!(shares, [1, 320, 20, 300]);
}

#[test]
fn a_limit_stands_at_the_place_of_its_dimension() {
    for (place, dimension) in Dimension::ALL.into_iter().enumerate() {
        let limits = Limits::default().with(dimension, BUCKET);
        for (index, limit) in limits.dimensions.into_iter().enumerate() {
            assert_eq!(limit.is_some(), index == place, "{dimension:?}");
        }
    }
    assert_eq!(Limits::default(), Limits::UNKNOWN);
}

#[test]
fn a_part_of_a_bucket_holds_less_and_fills_more_slowly() {
    let half = Limit {
        per: 2 * MINUTE,
        burst: 5,
        ..BUCKET
    };
    assert_eq!(BUCKET.shared(500), half);
}

#[test]
fn a_part_of_a_window_is_as_long_and_allows_less() {
    let quarter = Limit {
        units: 150,
        burst: 150,
        ..WINDOW
    };
    assert_eq!(WINDOW.shared(250), quarter);
}

#[test]
fn the_whole_of_a_limit_is_the_limit() {
    for limit in [BUCKET, WINDOW] {
        assert_eq!(limit.shared(1000), limit);
        assert_eq!(limit.shared(2000), limit, "no more than there is");
    }
}

#[test]
fn the_smallest_part_still_lets_one_leave() {
    for share in [0, 1] {
        let (bucket, window) = (BUCKET.shared(share), WINDOW.shared(share));
        assert_eq!((bucket.per, bucket.burst), (1_000 * MINUTE, 1));
        assert_eq!((window.units, window.burst), (1, 1));
    }
}
