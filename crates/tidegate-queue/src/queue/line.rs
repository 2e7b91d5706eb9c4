//! One line of waiters under `adaptive` pacing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::Timestamp;
use tidegate_core::quota::{Limits, OpId, Priority, Waiting};
use tokio::sync::{Notify, oneshot};

use super::AcquireError;
use crate::store::Ask;

/// Who goes first: by priority, then by when they are due, then in the order they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) priority: Priority,
    pub(super) due: Timestamp,
    pub(super) number: u64,
}

/// One waiter, as the dispatcher sees it.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) ask: Ask,
    pub(super) limits: Limits,
    pub(super) deadline: Option<Timestamp>,
    /// Wakes it: once, with its number among all who share the store, or with the reason why it has no turn.
    pub(super) turn: oneshot::Sender<Result<u64, AcquireError>>,
}

/// When the head of a line leaves, as things stand, and how soon the others follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// What the head waits for.
    pub(super) why: Waiting,
    /// When it should leave.
    pub(super) head: Timestamp,
    /// The time between two departures, as far as it is known.
    pub(super) gap: Option<Duration>,
    /// How many of other processes stand before the head.
    pub(super) others: usize,
}

/// The waiters of one limit.
#[derive(Debug)]
pub(crate) struct Line {
    pub(super) waiting: BTreeMap<Rank, Ticket>,
    /// Told when the head may have changed, or what it waits for.
    pub(super) news: Arc<Notify>,
    /// How things stand, once somebody has asked.
    pub(super) outlook: Option<Outlook>,
}

impl Line {
    pub(super) fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            news: Arc::default(),
            outlook: None,
        }
    }

    /// How many stand before a rank. Nearly everyone comes last, which costs nothing to count.
    pub(super) fn ahead(&self, rank: Rank) -> usize {
        match self.waiting.last_key_value() {
            Some((last, _)) if *last < rank => self.waiting.len(),
            Some(_) => self.waiting.range(..rank).count(),
            None => 0,
        }
    }

    /// The head, and up to `more` behind it.
    pub(super) fn heads(&self, more: usize) -> Vec<(Rank, Ask)> {
        let asks = self
            .waiting
            .iter()
            .map(|(rank, ticket)| (*rank, ticket.ask));
        asks.take(more + 1).collect()
    }

    /// Notes how things stand. Where they are not as they were told, those who cannot leave in time any more are told so.
    pub(super) fn expect(&mut self, outlook: Outlook) {
        let before = self.outlook.replace(outlook);
        if before.is_some_and(|before| before.is_about(outlook)) {
            return;
        }
        let late: Vec<_> = (0..)
            .zip(&self.waiting)
            .filter_map(|(ahead, (rank, ticket))| {
                let expected = outlook.too_late(ahead, ticket.deadline)?;
                Some((*rank, expected))
            })
            .collect();
        for (rank, expected) in late {
            let earliest = Some(expected);
            let why = AcquireError::DeadlineTooClose { earliest };
            if let Some(ticket) = self.waiting.remove(&rank) {
                drop(ticket.turn.send(Err(why)));
            }
        }
    }

    pub(super) fn op_of(&self, rank: Rank) -> Option<OpId> {
        self.waiting.get(&rank).map(|ticket| ticket.ask.op)
    }
}

impl Outlook {
    /// When one should leave who has so many before it.
    pub(super) fn expected(&self, ahead: usize) -> Timestamp {
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        let behind = self.gap.unwrap_or_default().saturating_mul(ahead);
        self.head.saturating_add(behind)
    }

    /// When it would leave, if that is after its deadline.
    pub(super) fn too_late(&self, ahead: usize, deadline: Option<Timestamp>) -> Option<Timestamp> {
        let expected = self.expected(ahead);
        (expected > deadline?).then_some(expected)
    }

    /// Whether this says much the same: the line moves on about as it was told to.
    fn is_about(self, other: Self) -> bool {
        let (own, others) = (self.gap.unwrap_or_default(), other.gap.unwrap_or_default());
        let step = own + Duration::from_secs(1);
        own.abs_diff(others) <= own / 4 && other.head.saturating_since(self.head) <= step
    }
}
