//! The words of admission: what is asked of a limit, and what it answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::micros;
use super::line::Priority;
use super::{Cost, OpId};

/// What an attempt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Names the attempt in every later operation.
    pub op: OpId,
    /// What it will use up, as an estimate.
    pub cost: Cost,
    /// Who goes first.
    pub priority: Priority,
    /// The number an earlier place of the same run had: it comes back before those who came after it.
    pub seq: Option<u64>,
    /// No start after this is of use, in microseconds of the store's clock.
    pub deadline: Option<u64>,
}

/// The answer to those who ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// One of them leaves now.
    Go {
        /// Which.
        index: usize,
        /// What it leaves behind, to be brought back when it ends.
        lease: Lease,
    },
    /// None of them leaves now. The first has a place in the line.
    Wait {
        /// The number of that place, in the order of arrival.
        seq: u64,
        /// When to ask again, in microseconds of the store's clock.
        until: u64,
        /// What is waited for.
        why: Waiting,
        /// How many places are before it.
        ahead: usize,
        /// Whether a smaller one could leave sooner.
        by_size: bool,
        /// The time between two departures, as far as it is known.
        gap: Option<u64>,
    },
    /// The first could not leave before its deadline. It has no place.
    Refused {
        /// When it could, in microseconds of the store's clock; `None`: never, it is larger than the limit.
        earliest: Option<u64>,
    },
    /// The limit is closed: a quota is spent.
    Closed {
        /// When it opens again, in microseconds of the store's clock.
        until: u64,
    },
}

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// Its turn at the pace of the limit.
    Pace,
    /// The end of the time the provider asked for.
    Barrier,
    /// The verdict of the attempt that was sent ahead.
    Probe,
    /// The end of one of those under way.
    Room,
}

/// An attempt under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Which.
    pub op: OpId,
    /// Its number in the order of arrival.
    pub seq: u64,
    /// Its number in the order of departure.
    pub serial: u64,
    /// When it left, in microseconds of the store's clock.
    pub sent_at: u64,
    /// What was reserved for it.
    pub cost: Cost,
    /// Units that had left when it had, by dimension.
    pub totals: [u64; 4],
}

/// How a provider refused an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// Too much for the moment.
    RateLimited {
        /// The wait it asked for, in microseconds.
        after: Option<u64>,
    },
    /// No capacity, whoever asks.
    Overloaded {
        /// The wait it asked for, in microseconds.
        after: Option<u64>,
    },
    /// A quota is spent.
    Exhausted {
        /// The time until it is renewed, in microseconds.
        after: u64,
    },
}

impl Refusal {
    /// Too much for the moment; the provider asked to wait so long.
    pub fn limited(after: Option<Duration>) -> Self {
        Self::RateLimited {
            after: after.map(micros),
        }
    }
}
