//! Waiting for one of those under way to end, where nobody can wake those who wait.

use std::time::Duration;

use tidegate_core::quota::{Answer, Ask, Limits, OpId, Priority, QuotaState, Waiting};
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

#[test]
fn nobody_looks_away_for_long_however_many_are_before_him() {
    let (mut state, now) = (QuotaState::default(), Timestamp::from_secs(100));
    let answers: Vec<_> = (0..200).map(|op| ask(&mut state, op, now)).collect();
    let latest = now.saturating_add(Duration::from_millis(500)).as_micros();
    let mut waiting = 0;
    for answer in answers {
        if let Answer::Wait { until, why, .. } = answer {
            assert_eq!(why, Waiting::Room);
            assert!(until <= latest, "{until}, and it is {now:?}");
            waiting += 1;
        }
    }
    assert!(waiting > 100);
}
