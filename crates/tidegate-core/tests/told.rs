//! What a limit makes of the headers that tell of it.

use std::time::Duration;

use tidegate_core::quota::{
    Answer, Ask, Lease, Limits, Observed, ObservedLimits, OpId, Priority, QuotaState,
};
use tidegate_core::{Cost, Timestamp};

fn ask(state: &mut QuotaState, op: u64, now: Timestamp) -> Answer {
    let ask = Ask {
        op: OpId(op),
        cost: Cost {
            requests: 1,
            ..Cost::default()
        },
        priority: Priority::Interactive,
        seq: None,
        deadline: None,
    };
    state.ask(&[ask], &Limits::UNKNOWN, now)
}

/// As many as leave before the first has to wait.
fn first(state: &mut QuotaState, now: Timestamp) -> Vec<Lease> {
    let leases = (0..).map_while(|op| match ask(state, op, now) {
        Answer::Go { lease, .. } => Some(lease),
        _ => None,
    });
    leases.collect()
}

fn told(limit: u64, used: u64, reset: Duration) -> ObservedLimits {
    ObservedLimits {
        requests: Some(Observed {
            limit,
            remaining: limit - used,
            reset: Some(reset),
        }),
        ..ObservedLimits::default()
    }
}

/// The gap that is told to one who has to wait, once one of the first was answered with this.
fn gap(seen: &ObservedLimits) -> Option<u64> {
    let (mut state, now) = (QuotaState::default(), Timestamp::from_secs(100));
    let leases = first(&mut state, now);
    state.observe(&leases[0], seen, &Limits::UNKNOWN, now);
    let mut op = 1_000;
    loop {
        op += 1;
        if let Answer::Wait { gap, .. } = ask(&mut state, op, now) {
            return gap;
        }
    }
}

#[test]
fn a_window_that_has_not_shown_itself_is_told_nobody_as_a_slow_bucket() {
    let minute = Duration::from_secs(60);
    assert_eq!(gap(&told(300, 1, minute)), None);
    assert_eq!(gap(&told(20, 4, minute)), None);
}

#[test]
fn the_gap_of_a_bucket_by_the_minute_or_the_day_is_told() {
    let by_the_minute = told(300, 300, Duration::from_secs(60));
    assert_eq!(gap(&by_the_minute), Some(200_000));
    let by_the_day = told(14_400, 14_400, Duration::from_secs(86_400));
    assert_eq!(gap(&by_the_day), Some(6_000_000));
}

#[test]
fn units_that_have_grown_back_in_part_do_not_shorten_the_period() {
    // Ten in two seconds. The last unit of the first observation is half back, and nothing is of the second.
    let (mut state, now) = (QuotaState::default(), Timestamp::from_secs(100));
    let leases = first(&mut state, now);
    for (lease, (used, millis)) in leases.iter().zip([(3, 500), (2, 400), (4, 700)]) {
        let seen = told(10, used, Duration::from_millis(millis));
        state.observe(lease, &seen, &Limits::UNKNOWN, now);
    }
    let learned = state.standing(&Limits::UNKNOWN, now).limits[0].unwrap();
    assert_eq!((learned.units, learned.per), (10, 2_000_000));
}
