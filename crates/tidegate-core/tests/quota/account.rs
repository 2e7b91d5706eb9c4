//! One limit, and a clock that stands still until told otherwise.

use std::time::Duration;

use tidegate_core::quota::{
    Answer, Ask, Lease, Limits, OpId, Priority, QuotaState, Refusal, Standing, Waiting,
};
use tidegate_core::{Cost, ObservedLimits, Timestamp};

pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
/// When the first attempts ask.
pub(crate) const START: u64 = 1_000 * SECOND;
/// A request without tokens.
pub(crate) const ONE: Cost = Cost {
    requests: 1,
    input_tokens: 0,
    output_tokens: 0,
};

pub(crate) const fn reading(input_tokens: u64) -> Cost {
    Cost {
        input_tokens,
        ..ONE
    }
}

/// The answer to one that has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) seq: u64,
    pub(crate) until: u64,
    pub(crate) why: Waiting,
    pub(crate) ahead: usize,
    pub(crate) by_size: bool,
    pub(crate) gap: Option<u64>,
}

pub(crate) struct Account {
    pub(crate) state: QuotaState,
    pub(crate) limits: Limits,
    pub(crate) now: u64,
    last_op: u64,
}

impl Account {
    pub(crate) fn with(limits: Limits) -> Self {
        Self {
            state: QuotaState::default(),
            limits,
            now: START,
            last_op: 0,
        }
    }

    /// A limit nobody told us.
    pub(crate) fn unknown() -> Self {
        Self::with(Limits::UNKNOWN)
    }

    pub(crate) fn at(&mut self, now: u64) -> &mut Self {
        self.now = now;
        self
    }

    /// An attempt that has not asked before.
    pub(crate) fn new_ask(&mut self, cost: Cost) -> Ask {
        self.last_op += 1;
        Ask {
            op: OpId(self.last_op),
            cost,
            priority: Priority::Interactive,
            seq: None,
            deadline: None,
        }
    }

    pub(crate) fn ask(&mut self, asks: &[Ask]) -> Answer {
        let now = Timestamp::from_micros(self.now);
        self.state.ask(asks, &self.limits, now)
    }

    #[track_caller]
    pub(crate) fn sent(&mut self, asks: &[Ask]) -> (usize, Lease) {
        match self.ask(asks) {
            Answer::Go { index, lease } => (index, lease),
            other => panic!("it does not leave: {other:?}"),
        }
    }

    /// A new attempt that leaves.
    #[track_caller]
    pub(crate) fn send(&mut self, cost: Cost) -> Lease {
        let ask = self.new_ask(cost);
        self.sent(&[ask]).1
    }

    #[track_caller]
    pub(crate) fn waits(&mut self, asks: &[Ask]) -> Wait {
        match self.ask(asks) {
            Answer::Wait {
                seq,
                until,
                why,
                ahead,
                by_size,
                gap,
            } => Wait {
                seq,
                until,
                why,
                ahead,
                by_size,
                gap,
            },
            other => panic!("it does not wait: {other:?}"),
        }
    }

    /// What a new attempt would be told that has to wait. It leaves the line again.
    #[track_caller]
    pub(crate) fn wait(&mut self, cost: Cost) -> Wait {
        let ask = self.new_ask(cost);
        let wait = self.waits(&[ask]);
        self.state.leave(ask.op);
        wait
    }

    /// As many as leave before one has to wait.
    pub(crate) fn send_all(&mut self) -> Vec<Lease> {
        let mut left = Vec::new();
        loop {
            assert!(left.len() < 10_000, "nobody has to wait");
            let ask = self.new_ask(ONE);
            let Answer::Go { lease, .. } = self.ask(&[ask]) else {
                self.state.leave(ask.op);
                return left;
            };
            left.push(lease);
        }
    }

    /// An attempt was let in, told this, and is still under way.
    pub(crate) fn observed(&mut self, lease: &Lease, seen: &ObservedLimits) {
        let now = Timestamp::from_micros(self.now);
        self.state.observe(lease, seen, &self.limits, now);
    }

    /// An attempt was let in and used what was reserved for it.
    pub(crate) fn done(&mut self, lease: &Lease) {
        self.observed(lease, &ObservedLimits::default());
        self.settled(lease, lease.cost);
    }

    pub(crate) fn settled(&mut self, lease: &Lease, used: Cost) {
        self.state.settle(lease, used, &self.limits);
    }

    pub(crate) fn failed(&mut self, lease: &Lease, refusal: Refusal) {
        let now = Timestamp::from_micros(self.now);
        self.state.penalise(lease, refusal, &self.limits, now);
    }

    /// An attempt was refused, and the provider asked to wait so many microseconds.
    pub(crate) fn refused(&mut self, lease: &Lease, after: Option<u64>) {
        self.failed(lease, Refusal::limited(after.map(Duration::from_micros)));
    }

    pub(crate) fn standing(&self) -> Standing {
        let now = Timestamp::from_micros(self.now);
        self.state.standing(&self.limits, now)
    }
}
