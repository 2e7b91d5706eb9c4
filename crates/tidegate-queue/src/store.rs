//! What a store of queue state must do.
//!
//! A store holds, per limit key, the state that everyone who shares the limit must see alike, and applies the functions
//! of [`tidegate_core::quota::QuotaState`] to it, each as one atomic step. It may live in this process, in a file shared
//! by the processes of a host, or on a server; the queue does not know which. Times cross this border as durations only,
//! because every store has a clock of its own.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tidegate_core::quota::{
    self, Answer, Lease, Limit, Limits, OpId, Priority, QuotaState, Refusal, Standing, Waiting,
};
use tidegate_core::{Cost, LimitKey, ObservedLimits, Timestamp};

/// What a store operation returns: at once in memory, later elsewhere.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What an attempt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Names the attempt in every later operation, and makes a repeated question harmless.
    pub op: OpId,
    /// What it will use up, as an estimate.
    pub cost: Cost,
    /// Who goes first.
    pub priority: Priority,
    /// The number that an earlier attempt of the same run had in the order of arrival.
    pub seq: Option<u64>,
    /// No start later than that is of use.
    pub within: Option<Duration>,
}

/// The answer to those who ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// One of them leaves now, and is under way until its end is reported.
    Go {
        /// Which.
        index: usize,
        /// Its number in the order of arrival, for its next attempt.
        seq: u64,
    },
    /// None leaves now. The first has a place in the line, and loses it if nobody asks again soon after `after`.
    Wait {
        /// When to ask again.
        after: Duration,
        /// The place's number in the order of arrival.
        seq: u64,
        /// What is waited for.
        why: Waiting,
        /// How many places are before it, of all who share the store.
        ahead: usize,
        /// Whether a smaller one could leave sooner.
        by_size: bool,
        /// The time between two departures, as far as it is known.
        gap: Option<Duration>,
    },
    /// The first could not leave in time. It has no place.
    Refused {
        /// When it could; `None`: never, it is larger than the limit.
        after: Option<Duration>,
    },
    /// The limit is closed: a quota is spent.
    Closed {
        /// When it opens again.
        after: Duration,
    },
}

/// What happened to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// It was let in, and its reply told of the limits. It stays under way.
    Accepted(ObservedLimits),
    /// It ended, and used that much.
    Settled(Cost),
    /// It ended, and what it used is not known: the estimate stands.
    Ended,
    /// It was refused, and has ended.
    Refused(Refusal),
    /// It was let go and never sent.
    Unsent,
    /// It gave up its place in the line.
    Left,
}

/// One limit of a store, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyStatus {
    /// Which.
    pub key: String,
    /// The store's time of the answer, which the times in `standing` are of, in microseconds.
    pub now: u64,
    /// How it stands.
    pub standing: Standing,
    /// Who has attempts under way, and how many.
    pub holders: Vec<Holder>,
}

/// One who has attempts under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// In words: a process, a host.
    pub name: String,
    /// How many attempts.
    pub attempts: u32,
    /// When it counts as gone, unless it is heard of.
    pub expires: Duration,
}

/// What a process needs to go on alone while the store is away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LastKnown {
    /// How long nobody may leave, as it was when it was heard, less what has passed since.
    pub next: Duration,
    /// How many attempts of all processes may be under way; `None`: any number.
    pub most: Option<u32>,
    /// How many processes use the limit, this one among them. At least 1.
    pub sharers: u32,
    /// Departures per second of all processes, where the rate was found from refusals.
    pub pace: Option<f64>,
    /// Limits that are not configured but told by the provider, in the order of
    /// [`Dimension::ALL`](tidegate_core::quota::Dimension::ALL).
    pub learned: [Option<Limit>; 4],
}

/// The store could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue's store failed: {0}")]
pub struct StoreError(pub String);

/// Holds the state of all limits. `now` is the queue's time, for stores that have none of their own.
///
/// A store that outlives its processes keeps what an attempt holds under a lease, renews it while the process lives
/// and drops it when the process is gone; that is its own business.
pub trait QueueStore: Debug + Send + Sync {
    /// Lets one of those who ask leave, or says when to ask again. Repeated with the same attempts after its answer
    /// was lost, it says the same again.
    fn ask<'a>(
        &'a self,
        key: &'a LimitKey,
        asks: &'a [Ask],
        limits: &'a Limits,
        now: Timestamp,
    ) -> StoreFuture<'a, Turn>;

    /// Learns what happened to an attempt. About one that it does not know, it learns nothing.
    fn report<'a>(
        &'a self,
        key: &'a LimitKey,
        op: OpId,
        report: Report,
        limits: &'a Limits,
        now: Timestamp,
    ) -> StoreFuture<'a, ()>;

    /// As [`report`](Self::report), from a destructor: it must not block, and hands anything slow to a worker of its own.
    fn report_later(
        &self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
        now: Timestamp,
    );

    /// Every limit the store knows. `limits` says what is configured for a key.
    fn status<'a>(
        &'a self,
        limits: &'a (dyn Fn(&str) -> Limits + Sync),
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<KeyStatus>>;

    /// Forgets everything learned of a limit and held against it; whoever is under way or waits, stays. Says whether it
    /// knew the key.
    fn reset<'a>(&'a self, key: &'a LimitKey) -> StoreFuture<'a, bool>;

    /// What was last heard of a limit; without asking, so that it is known when nobody answers. `None`: nothing.
    fn last_known(&self, _key: &LimitKey) -> Option<LastKnown> {
        None
    }

    /// Whether it can be asked at present. A store that has a cheaper way to tell than its status says so.
    fn reach(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let status = self.status(&|_| Limits::UNKNOWN, Timestamp::default());
            status.await.map(drop)
        })
    }
}

impl Report {
    /// Whether the attempt is under way no more.
    pub(crate) const fn ends(self) -> bool {
        !matches!(self, Self::Accepted(_) | Self::Left)
    }

    /// What the arithmetic makes of it, for an attempt that left with this lease.
    pub(crate) fn apply(
        self,
        state: &mut QuotaState,
        lease: &Lease,
        limits: &Limits,
        now: Timestamp,
    ) {
        match self {
            Self::Accepted(seen) => state.observe(lease, &seen, limits, now),
            Self::Settled(actual) => state.settle(lease, actual, limits),
            Self::Ended => state.settle(lease, lease.cost, limits),
            Self::Refused(refusal) => state.penalise(lease, refusal, limits, now),
            Self::Unsent => state.refund(lease, limits),
            Self::Left => state.leave(lease.op),
        }
    }
}

impl Ask {
    /// The question as the arithmetic takes it, by a clock that shows `now`.
    pub fn at(&self, now: Timestamp) -> quota::Ask {
        let deadline = self
            .within
            .map(|within| now.saturating_add(within).as_micros());
        quota::Ask {
            op: self.op,
            cost: self.cost,
            priority: self.priority,
            seq: self.seq,
            deadline,
        }
    }
}

impl Turn {
    /// The answer of the arithmetic, by a clock that shows `now`.
    pub fn of(answer: &Answer, now: Timestamp) -> Self {
        let from_now = |at: u64| Duration::from_micros(at.saturating_sub(now.as_micros()));
        match *answer {
            Answer::Go { index, lease } => Self::Go {
                index,
                seq: lease.seq,
            },
            Answer::Wait {
                seq,
                until,
                why,
                ahead,
                by_size,
                gap,
            } => Self::Wait {
                after: from_now(until),
                seq,
                why,
                ahead,
                by_size,
                gap: gap.map(Duration::from_micros),
            },
            Answer::Refused { earliest } => Self::Refused {
                after: earliest.map(from_now),
            },
            Answer::Closed { until } => Self::Closed {
                after: from_now(until),
            },
        }
    }
}
