//! The state of one limit under `adaptive` pacing.
//!
//! Everything that is shared by those who share a limit stands here, and changes only through these functions, each
//! of them one atomic step of a store. A place in the line is a reservation: it is told when it may leave, comes back
//! once at that time, and leaves. What was reserved is counted when it leaves, so a place that lapses costs nobody
//! anything.

mod feedback;

use serde::{Deserialize, Serialize};

use super::admission::{Answer, Ask, Lease, Waiting};
use super::flow::{BLOCKED, Flow};
use super::learned::Learned;
use super::limits::{Dimension, LONGEST_JOURNEY, Limit, Limits};
use super::line::{Line, Place};
use super::meter::Meter;
use super::pace::Pace;
use super::{Cost, OpId};
use crate::timestamp::Timestamp;

/// Attempts under way at once while nothing is known of a limit: few enough that a storm stays small, as in TCP's
/// first window.
const FIRST_WINDOW: u32 = 4;
/// How many smaller ones may go by a big one that waits.
const MOST_PASSED: u32 = 32;
/// Whoever goes by a big one leaves at least so much sooner. The provider may be that far ahead of what is counted here,
/// and would let the big one in already.
const LEAST_GAIN: u64 = LONGEST_JOURNEY;
/// How long a place is kept for a holder that is late.
const GRACE: u64 = 2_000_000;
/// How long a probe's silence is waited for, at least and at most. Refusals come at once, answers take their time: a
/// probe that has not been refused after thrice the time that refusals take was let in.
const SHORTEST_VERDICT: u64 = 100_000;
const LONGEST_VERDICT: u64 = 2_000_000;
/// How soon somebody looks again whether a place among those under way is free, where nobody can wake him.
const SHORTEST_LOOK: u64 = 20_000;
const LONGEST_LOOK: u64 = 500_000;
/// Knowledge found from refusals is dropped after so long without an attempt.
const FORGOTTEN_AFTER: u64 = 600_000_000;

/// Whether attempts may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "gate", rename_all = "snake_case")]
enum Gate {
    #[default]
    Open,
    /// Behind the barrier; the next to leave is a probe.
    Closed,
    /// A probe is out.
    Probing { op: OpId, sent_at: u64 },
}

/// The state of one limit. All times are microseconds of the store's clock.
///
/// # Examples
/// ```
/// # use tidegate_core::quota::{Answer, Ask, Dimension, Limit, Limits, OpId, Priority, QuotaState};
/// # use tidegate_core::{Cost, Timestamp};
/// let limits = Limits::UNKNOWN.with(Dimension::Requests, Limit::per_minute(60));
/// let ask = |op| Ask {
///     op: OpId(op),
///     cost: Cost { requests: 1, ..Cost::default() },
///     priority: Priority::Interactive,
///     seq: None,
///     deadline: None,
/// };
/// let mut state = QuotaState::default();
/// let now = Timestamp::from_secs(100);
/// assert!(matches!(state.ask(&[ask(1)], &limits, now), Answer::Go { .. }));
/// let Answer::Wait { until, .. } = state.ask(&[ask(2)], &limits, now) else { panic!("the second waits") };
/// assert_eq!(until, Timestamp::from_secs(101).as_micros(), "a second at 60 a minute");
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct QuotaState {
    pub(super) meters: [Meter; 4],
    pub(super) learned: [Option<Learned>; 4],
    pub(super) pace: Option<Pace>,
    /// Attempts that may be under way at once while nothing is known; 0 stands for the first window.
    window: u32,
    gate: Gate,
    pub(super) barrier: u64,
    /// Refusals in a row without a success in between, the first not counted.
    failures: u32,
    /// Attempts sent before this belong to cuts already made.
    cut_at: u64,
    pub(super) epoch: u64,
    /// How long attempts did not leave because of the last cut.
    closed_for: u64,
    pub(super) closed_until: u64,
    next_seq: u64,
    /// Attempts that left, and units by dimension.
    departed: u64,
    totals: [u64; 4],
    pub(super) in_flight: u32,
    /// The last refused attempt of the last cut, from which the rate is measured: its number and when it left.
    mark: u64,
    marked_at: u64,
    /// How long refusals take, and how long answers take.
    verdict: u64,
    latency: u64,
    last_departure: u64,
    pub(super) last_refused: u64,
    pub(super) line: Line,
}

impl QuotaState {
    /// Lets one of those who ask leave, or says when to ask again. The first of them takes a place in the line; the
    /// others may go by it where its size holds it up and theirs does not.
    pub fn ask(&mut self, asks: &[Ask], limits: &Limits, now: Timestamp) -> Answer {
        let now = now.as_micros();
        let Some((head, smaller)) = asks.split_first() else {
            return Answer::Refused { earliest: None };
        };
        if self.closed_until > now {
            self.line.leave(head.op);
            return Answer::Closed {
                until: self.closed_until,
            };
        }
        self.forget(now);
        self.line.lapse(now);
        let mut flow = self.flow(limits, now);
        if !fits(head.cost, &flow.limits) {
            self.line.leave(head.op);
            return Answer::Refused { earliest: None };
        }
        let seq = self.seq(head);
        let place = self.join(head, seq, now);
        let passed = self.walk(&mut flow, place, head.cost);
        let mut until = flow.start(head.cost);
        if until <= now {
            return self.go(0, head, seq, limits, now, &passed);
        }
        if until != BLOCKED && head.deadline.is_some_and(|deadline| until > deadline) {
            self.line.leave(head.op);
            return Answer::Refused {
                earliest: Some(until),
            };
        }
        let by_size = until != BLOCKED && flow.is_held_by_size(head.cost);
        if by_size {
            let behind = self.line.len();
            for (index, ask) in (1..).zip(smaller) {
                let mut flow = self.flow(limits, now);
                let passed = self.walk(&mut flow, behind, ask.cost);
                let start = flow.start(ask.cost);
                if start <= now && fits(ask.cost, &flow.limits) {
                    let seq = self.seq(ask);
                    return self.go(index, ask, seq, limits, now, &passed);
                }
                until = until.min(start);
            }
        }
        let why = self.why(&flow, until);
        let until = if until == BLOCKED {
            now.saturating_add(self.look(place))
        } else {
            until
        };
        if let Some(place) = self.line.get_mut(place) {
            place.expires = until.saturating_add(GRACE);
        }
        Answer::Wait {
            seq,
            until,
            why,
            ahead: place,
            by_size,
            gap: self.gap(&flow, limits),
        }
    }

    /// Gives up a place in the line.
    pub fn leave(&mut self, op: OpId) {
        self.line.leave(op);
    }

    /// Forgets everything that was held against the limit and everything that was learned of it.
    pub fn reset(&mut self) {
        *self = Self {
            next_seq: self.next_seq,
            departed: self.departed,
            in_flight: self.in_flight,
            line: std::mem::take(&mut self.line),
            mark: self.departed,
            ..Self::default()
        };
    }

    fn open(&mut self, now: u64) {
        self.gate = Gate::Open;
        self.closed_for = self
            .closed_for
            .saturating_add(now.saturating_sub(self.cut_at));
        if let Some(pace) = &mut self.pace {
            pace.reopen(now);
        }
    }

    fn go(
        &mut self,
        index: usize,
        ask: &Ask,
        seq: u64,
        limits: &Limits,
        now: u64,
        passed: &[usize],
    ) -> Answer {
        for place in passed {
            if let Some(place) = self.line.get_mut(*place) {
                place.passed += 1;
            }
        }
        self.line.leave(ask.op);
        match self.gate {
            Gate::Open => {}
            Gate::Closed => {
                self.gate = Gate::Probing {
                    op: ask.op,
                    sent_at: now,
                }
            }
            // Its silence was its verdict.
            Gate::Probing { sent_at, .. } => self.open(sent_at),
        }
        let mut flow = self.flow(limits, now);
        flow.take(ask.cost, now);
        self.meters = flow.meters;
        self.pace = flow.pace;
        if self.marked_at == 0 {
            self.marked_at = now;
        }
        self.departed += 1;
        self.in_flight += 1;
        self.last_departure = now;
        for dimension in Dimension::ALL {
            self.totals[dimension.index()] += ask.cost.of(dimension);
        }
        let lease = Lease {
            op: ask.op,
            seq,
            serial: self.departed,
            sent_at: now,
            cost: ask.cost,
            totals: self.totals,
        };
        Answer::Go { index, lease }
    }

    /// Advances `flow` by those before `place` who leave sooner than an attempt of this cost could, or who were gone by
    /// too often. Returns those it goes by.
    fn walk(&self, flow: &mut Flow, place: usize, cost: Cost) -> Vec<usize> {
        let mut passed = Vec::new();
        for (index, other) in self.line.before(place).iter().enumerate() {
            let theirs = flow.start(other.cost);
            let soon = flow.start(cost).saturating_add(LEAST_GAIN);
            if theirs <= soon || other.passed >= MOST_PASSED {
                flow.take(other.cost, theirs);
            } else {
                passed.push(index);
            }
        }
        passed
    }

    fn seq(&mut self, ask: &Ask) -> u64 {
        let known = ask.seq.or_else(|| self.line.seq(ask.op));
        // A state that was begun anew has given out no numbers, and those who wait have theirs: newcomers go behind them.
        self.next_seq = known.map_or(self.next_seq.saturating_add(1), |seq| {
            self.next_seq.max(seq)
        });
        known.unwrap_or(self.next_seq)
    }

    fn join(&mut self, ask: &Ask, seq: u64, now: u64) -> usize {
        self.line.join(Place {
            op: ask.op,
            priority: ask.priority,
            seq,
            cost: ask.cost,
            passed: 0,
            expires: now.saturating_add(GRACE),
        })
    }

    pub(super) fn flow(&self, limits: &Limits, now: u64) -> Flow {
        let effective = Dimension::ALL.map(|dimension| self.limit(dimension, limits));
        let known = effective.iter().any(Option::is_some) || self.pace.is_some();
        let window = if known { u32::MAX } else { self.window() };
        let most = window.min(limits.max_concurrency.unwrap_or(u32::MAX));
        let verdict = (self.verdict * 3).clamp(SHORTEST_VERDICT, LONGEST_VERDICT);
        let (barrier, probe) = match self.gate {
            // What an overloaded provider asked for, or long past.
            Gate::Open => (self.barrier, None),
            Gate::Closed => (self.barrier, Some(verdict)),
            Gate::Probing { sent_at, .. } => (sent_at.saturating_add(verdict), None),
        };
        Flow {
            now,
            limits: effective,
            meters: self.meters,
            pace: self.pace,
            free: most.saturating_sub(self.in_flight),
            barrier,
            probe,
        }
    }

    /// The limit that applies: the configured one, else the learned one; of either, our share.
    pub(super) fn limit(&self, dimension: Dimension, limits: &Limits) -> Option<Limit> {
        let learned = || self.learned[dimension.index()].map(|learned| learned.limit);
        let limit = limits.dimensions[dimension.index()].or_else(learned)?;
        Some(limit.shared(limits.share))
    }

    fn window(&self) -> u32 {
        if self.window == 0 {
            FIRST_WINDOW
        } else {
            self.window
        }
    }

    fn why(&self, flow: &Flow, until: u64) -> Waiting {
        match self.gate {
            _ if until == BLOCKED => Waiting::Room,
            Gate::Closed if flow.probe.is_some() => Waiting::Barrier,
            Gate::Closed | Gate::Probing { .. } => Waiting::Probe,
            Gate::Open if flow.barrier > flow.now => Waiting::Barrier,
            Gate::Open => Waiting::Pace,
        }
    }

    /// When the `place`th in line looks again for room. One of those under way ends every latency / number of them. Nobody
    /// looks away for long, however many are before him: they may be gone, and those behind him count on him.
    fn look(&self, place: usize) -> u64 {
        let under_way = u64::from(self.in_flight.max(1));
        let each = (self.latency / under_way).max(SHORTEST_LOOK);
        each.saturating_mul(place as u64 + 1).min(LONGEST_LOOK)
    }

    /// The time between two departures. A limit that headers may not have shown yet is told nobody: it would send away
    /// those who stand far behind.
    fn gap(&self, flow: &Flow, limits: &Limits) -> Option<u64> {
        let requests = Dimension::Requests.index();
        let configured = limits.dimensions[requests].is_some();
        let plain = configured || self.learned[requests].is_none_or(Learned::is_plain);
        let requests = flow.limits[requests].filter(|_| plain);
        let requests = requests.map(|limit| limit.span(1));
        let paced = self.pace.map(|pace| pace.gap(flow.now));
        requests.max(paced)
    }

    /// What was found out from refusals is not held against a limit for ever.
    fn forget(&mut self, now: u64) {
        let idle = now.saturating_sub(self.last_departure);
        if self.in_flight == 0 && self.pace.is_some() && idle > FORGOTTEN_AFTER {
            self.pace = None;
            self.window = 0;
        }
    }
}

/// Whether an attempt of this cost can ever leave: a request larger than all that a period allows is always refused.
fn fits(cost: Cost, limits: &[Option<Limit>; 4]) -> bool {
    Dimension::ALL.into_iter().all(|dimension| {
        limits[dimension.index()].is_none_or(|limit| cost.of(dimension) <= limit.units)
    })
}
