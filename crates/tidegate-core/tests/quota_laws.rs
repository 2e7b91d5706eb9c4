//! Admission, as laws that hold whatever the limit, the arrivals and the answers.

use std::collections::VecDeque;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tidegate_core::quota::{
    Answer, Ask, Dimension, Lease, Limit, Limits, Metering, OpId, Priority, QuotaState, Refusal,
    Waiting,
};
use tidegate_core::{Cost, ObservedLimits, Timestamp};

const START: u64 = 1_000_000_000;

fn micros(at: u64) -> Timestamp {
    Timestamp::from_micros(at)
}

/// Runs that stand in one line, the first of whom asks when it was told to, as a dispatcher has them do.
struct Play {
    state: QuotaState,
    limits: Limits,
    now: u64,
    /// Who waits: its attempt, and its number once it has one.
    line: VecDeque<(Ask, u64)>,
    under_way: Vec<(u64, Lease, Cost)>,
    /// Who left, and when.
    left: Vec<(u64, Lease)>,
    /// Who ended, and when.
    ended: Vec<(u64, Lease)>,
}

impl Play {
    /// Of runs that cost so much and take so long, in microseconds.
    fn of(limits: Limits, runs: &[(Cost, u64)]) -> Self {
        let asks = runs.iter().zip(1..).map(|((cost, takes), op)| {
            let ask = Ask {
                op: OpId(op),
                cost: *cost,
                priority: Priority::Interactive,
                seq: None,
                deadline: None,
            };
            (ask, *takes)
        });
        Self {
            state: QuotaState::default(),
            limits,
            now: START,
            line: asks.collect(),
            under_way: Vec::new(),
            left: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Until all have left.
    fn played_out(mut self) -> Vec<(u64, Lease)> {
        self.play(|cost| cost);
        self.left
    }

    /// Until all have left. `used` says of an estimate what it really was.
    fn play(&mut self, used: impl Fn(Cost) -> Cost) {
        while let Some((ask, takes)) = self.line.front().copied() {
            match self.state.ask(&[ask], &self.limits, micros(self.now)) {
                Answer::Go { lease, .. } => {
                    self.line.pop_front();
                    self.under_way.push((self.now + takes, lease, ask.cost));
                    self.left.push((self.now, lease));
                }
                Answer::Wait { until, .. } => self.pass(until, &used),
                other => panic!("nobody has a deadline, and all fit: {other:?}"),
            }
        }
    }

    /// Time passes until somebody ends, or until then.
    fn pass(&mut self, until: u64, used: &impl Fn(Cost) -> Cost) {
        self.under_way.sort_by_key(|(ends, ..)| *ends);
        match self.under_way.first().copied() {
            Some((ends, lease, cost)) if ends <= until => {
                self.under_way.remove(0);
                self.now = self.now.max(ends);
                let nothing = ObservedLimits::default();
                self.state
                    .observe(&lease, &nothing, &self.limits, micros(self.now));
                self.state.settle(&lease, used(cost), &self.limits);
                self.ended.push((self.now, lease));
            }
            _ => self.now = until.max(self.now + 1),
        }
    }
}

/// Units of a dimension that left in the time from one departure to another, both counted.
fn most_over(left: &[(u64, Lease)], dimension: Dimension, limit: Limit) -> Result<(), String> {
    most_used_over(left, &[], dimension, limit, |cost| cost)
}

/// As `most_over`, of what was really used. What an estimate was too large by is there again when its attempt ends: so
/// much more may be used in a time by what had left before it and ended in it.
fn most_used_over(
    left: &[(u64, Lease)],
    ended: &[(u64, Lease)],
    dimension: Dimension,
    limit: Limit,
    used: impl Fn(Cost) -> Cost,
) -> Result<(), String> {
    for (from, (begin, first)) in left.iter().enumerate() {
        let given_back = |until: u64| -> u64 {
            let earlier = ended
                .iter()
                .filter(|(at, lease)| (*begin..=until).contains(at) && lease.serial < first.serial);
            let too_large = |cost: Cost| cost.of(dimension) - used(cost).of(dimension);
            earlier.map(|(_, lease)| too_large(lease.cost)).sum()
        };
        let mut units = 0;
        for (at, lease) in &left[from..] {
            units += used(lease.cost).of(dimension);
            let grown = u128::from(at - begin) * u128::from(limit.units) / u128::from(limit.per);
            let allowed = u128::from(limit.burst + given_back(*at)) + grown + 1;
            if u128::from(units) > allowed {
                return Err(format!(
                    "{units} {dimension:?} in {} us, {allowed} may",
                    at - begin
                ));
            }
        }
    }
    Ok(())
}

fn requests(requests: u64, input_tokens: u64) -> Cost {
    Cost {
        requests,
        input_tokens,
        output_tokens: 0,
    }
}

fn bucket() -> impl Strategy<Value = Limit> {
    (1..50u64, 50..5_000u64, 1..10u64)
        .prop_map(|(units, per, burst)| Limit::bucket(units, Duration::from_millis(per), burst))
}

fn window() -> impl Strategy<Value = Limit> {
    (1..20u64, 50..5_000u64)
        .prop_map(|(units, length)| Limit::window(units, Duration::from_millis(length)))
}

fn runs(most_tokens: u64) -> impl Strategy<Value = Vec<(Cost, u64)>> {
    let run = (1..=most_tokens, 0..2_000_000u64);
    vec(
        run.prop_map(|(tokens, takes)| (requests(1, tokens), takes)),
        1..60,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_time_sees_more_requests_leave_than_its_bucket_allows(limit in bucket(), runs in runs(1)) {
        let limits = Limits::UNKNOWN.with(Dimension::Requests, limit);
        let left = Play::of(limits, &runs).played_out();
        prop_assert_eq!(left.len(), runs.len());
        prop_assert_eq!(most_over(&left, Dimension::Requests, limit), Ok(()));
    }

    #[test]
    fn no_window_sees_more_requests_leave_than_it_allows(limit in window(), runs in runs(1)) {
        let limits = Limits::UNKNOWN.with(Dimension::Requests, limit);
        let left = Play::of(limits, &runs).played_out();
        prop_assert_eq!(left.len(), runs.len());
        prop_assert_eq!(limit.metering, Metering::Window);
        let (mut opened, mut count) = (0, 0);
        for (at, _) in left {
            if at >= opened + limit.per {
                (opened, count) = (at, 0);
            }
            count += 1;
            prop_assert!(count <= limit.units, "{} in a window of {}", count, limit.units);
        }
    }

    #[test]
    fn several_limits_hold_at_once_also_where_less_was_used_than_estimated(
        by_requests in bucket(),
        by_tokens in (50..5_000u64, 20..100u64).prop_map(|(per, burst)| Limit::bucket(500, Duration::from_millis(per), burst)),
        runs in runs(20),
        part in 1..5u64,
    ) {
        let limits = Limits::UNKNOWN
            .with(Dimension::Requests, by_requests)
            .with(Dimension::InputTokens, by_tokens);
        let used = |cost: Cost| requests(1, cost.input_tokens.div_ceil(part));
        let mut play = Play::of(limits, &runs);
        play.play(used);
        let Play { left, ended, .. } = play;
        prop_assert_eq!(left.len(), runs.len());
        prop_assert_eq!(most_over(&left, Dimension::Requests, by_requests), Ok(()));
        let tokens = most_used_over(&left, &ended, Dimension::InputTokens, by_tokens, used);
        prop_assert_eq!(tokens, Ok(()));
    }

    #[test]
    fn nobody_of_one_size_leaves_before_somebody_who_came_earlier(limit in bucket(), runs in runs(1)) {
        let limits = Limits::UNKNOWN.with(Dimension::Requests, limit);
        let left = Play::of(limits, &runs).played_out();
        let ops: Vec<_> = left.iter().map(|(_, lease)| lease.op.0).collect();
        prop_assert!(ops.is_sorted(), "{ops:?}");
        let numbers: Vec<_> = left.iter().map(|(_, lease)| lease.seq).collect();
        prop_assert!(numbers.is_sorted(), "{numbers:?}");
    }

    #[test]
    fn nobody_leaves_after_its_deadline_or_waits_for_a_turn_that_lies_behind_it(
        limit in bucket(),
        before in 0..60u64,
        patience in 0..10_000_000u64,
    ) {
        let limits = Limits::UNKNOWN.with(Dimension::Requests, limit);
        let mut state = QuotaState::default();
        let ask = |op, deadline| Ask { op: OpId(op), cost: requests(1, 0), priority: Priority::Interactive, seq: None, deadline };
        for op in 0..before {
            state.ask(&[ask(op, None)], &limits, micros(START));
        }
        let deadline = START + patience;
        let (last, mut now) = (ask(before, Some(deadline)), START);
        loop {
            match state.ask(&[last], &limits, micros(now)) {
                Answer::Go { .. } => {
                    prop_assert!(now <= deadline);
                    break;
                }
                Answer::Refused { earliest } => {
                    prop_assert!(earliest.is_none_or(|at| at > deadline), "{earliest:?} {deadline}");
                    break;
                }
                Answer::Wait { until, why, .. } => {
                    prop_assert!(why != Waiting::Pace || until <= deadline, "{until} {deadline}");
                    for op in 0..before {
                        state.leave(OpId(op));
                    }
                    now = until.max(now + 1);
                    if now > deadline {
                        break;
                    }
                }
                Answer::Closed { .. } => prop_assert!(false, "nothing closes it"),
            }
        }
    }

    #[test]
    fn what_can_never_fit_is_refused_at_once_whatever_went_before(
        limit in bucket(),
        before in 0..30u64,
        more in 1..100u64,
    ) {
        let limits = Limits::UNKNOWN.with(Dimension::InputTokens, limit);
        let mut state = QuotaState::default();
        let ask = |op, tokens| Ask { op: OpId(op), cost: requests(1, tokens), priority: Priority::Interactive, seq: None, deadline: None };
        for op in 0..before {
            state.ask(&[ask(op, 1)], &limits, micros(START));
        }
        let answer = state.ask(&[ask(before, limit.units.max(limit.burst) + more)], &limits, micros(START));
        prop_assert_eq!(answer, Answer::Refused { earliest: None });
    }

    #[test]
    fn a_big_one_is_gone_by_at_most_so_often(tokens in 20..100u64, takes in 1..500_000u64) {
        let limit = Limit::bucket(tokens, Duration::from_secs(1), tokens);
        let limits = Limits::UNKNOWN.with(Dimension::InputTokens, limit);
        let mut state = QuotaState::default();
        let ask = |op, tokens| Ask { op: OpId(op), cost: requests(1, tokens), priority: Priority::Interactive, seq: None, deadline: None };
        let mut now = START;
        let Answer::Go { .. } = state.ask(&[ask(0, tokens)], &limits, micros(now)) else {
            return Err(TestCaseError::fail("an empty bucket lets the first go"));
        };
        let mut passed = 0;
        for op in 2.. {
            match state.ask(&[ask(1, tokens), ask(op, 1)], &limits, micros(now)) {
                Answer::Go { index: 0, .. } => break,
                Answer::Go { .. } => passed += 1,
                Answer::Wait { until, .. } => now = until.max(now + takes),
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            }
            prop_assert!(passed <= 32, "{passed}");
        }
    }

    #[test]
    fn a_late_success_of_an_older_epoch_changes_nothing(
        waits in vec(prop::option::of(1..5_000u64), 1..4),
        late in 0..3_000_000u64,
    ) {
        let (mut state, limits) = (QuotaState::default(), Limits::UNKNOWN);
        let ask = |op| Ask { op: OpId(op), cost: requests(1, 0), priority: Priority::Interactive, seq: None, deadline: None };
        let mut leases: Vec<Lease> = Vec::new();
        for op in 0..8 {
            if let Answer::Go { lease, .. } = state.ask(&[ask(op)], &limits, micros(START)) {
                leases.push(lease);
            }
        }
        let early = leases.pop();
        let refused: Vec<_> = leases.into_iter().zip(waits).collect();
        prop_assume!(early.is_some() && !refused.is_empty());
        for (lease, wait) in refused {
            let refusal = Refusal::limited(wait.map(Duration::from_millis));
            state.penalise(&lease, refusal, &limits, micros(START + 100_000));
        }
        let now = micros(START + 100_000 + late);
        let before = state.standing(&limits, now);
        if let Some(early) = early {
            state.observe(&early, &ObservedLimits::default(), &limits, now);
        }
        prop_assert_eq!(state.standing(&limits, now), before);
    }
}
