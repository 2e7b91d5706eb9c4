//! One line of waiters, and the dispatcher that serves it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::quota::OpId;
use tidegate_core::{LimitKey, Timestamp};
use tokio::sync::{Notify, oneshot};

use super::{AcquireError, Inner, granted};
use crate::store::{Ask, Slot};

/// How long the line waits for one that was called to leave: a task on a busy machine comes within milliseconds; one that
/// nobody polls never comes.
const COMES_WITHIN: Duration = Duration::from_secs(1);

/// The waiters of one limit, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Line {
    waiting: VecDeque<Ticket>,
}

/// One waiter, as the dispatcher sees it.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) ask: Ask,
    pub(super) slot: Slot,
    /// When it should leave, as things stand.
    pub(super) expected: Timestamp,
    /// Wakes it: once, with its turn or with the reason why there is none.
    pub(super) turn: oneshot::Sender<Result<(), AcquireError>>,
    /// Told when its place is empty.
    pub(super) left: Arc<Notify>,
}

impl Ticket {
    fn expected_behind(&self, last: Option<&Self>) -> Timestamp {
        let behind = last.map(|last| last.expected.saturating_add(self.slot.spacing));
        behind.unwrap_or_default().max(self.slot.not_before)
    }
}

impl Line {
    fn remove(&mut self, op: OpId) {
        let Some(place) = self.waiting.iter().position(|ticket| ticket.ask.op == op) else {
            return;
        };
        self.waiting.remove(place);
        for place in place..self.waiting.len() {
            let last = place
                .checked_sub(1)
                .and_then(|before| self.waiting.get(before));
            let expected = self.waiting[place].expected_behind(last);
            self.waiting[place].expected = expected;
        }
    }
}

impl Inner {
    /// Puts a ticket at the end of its line, and a dispatcher before a line that has none. Returns how many stand
    /// before it and when it should leave.
    pub(super) fn join(self: &Arc<Self>, key: &LimitKey, mut ticket: Ticket) -> (usize, Timestamp) {
        let mut lines = self.lines();
        let unserved = !lines.contains_key(key);
        let line = lines.entry(key.clone()).or_default();
        let ahead = line.waiting.len();
        let expected = ticket.expected_behind(line.waiting.back());
        ticket.expected = expected;
        line.waiting.push_back(ticket);
        drop(lines);
        if unserved {
            let dispatcher = Dispatcher {
                inner: Arc::clone(self),
                key: key.clone(),
                open: true,
            };
            tokio::spawn(dispatcher.serve());
        }
        (ahead, expected)
    }

    /// Takes a ticket out of its line, if it still stands there; those behind it move up.
    pub(super) fn leave(&self, key: &LimitKey, op: OpId) {
        if let Some(line) = self.lines().get_mut(key) {
            line.remove(op);
        }
    }

    /// The head of a line. An empty line is closed: whoever comes next opens a new one.
    fn head(&self, key: &LimitKey) -> Option<(Ask, Arc<Notify>)> {
        let mut lines = self.lines();
        let head = lines.get(key).and_then(|line| line.waiting.front());
        let head = head.map(|ticket| (ticket.ask, Arc::clone(&ticket.left)));
        if head.is_none() {
            lines.remove(key);
        }
        head
    }

    /// Wakes the head of a line with its answer, if it is still `op`. Says whether it was.
    fn answer(&self, key: &LimitKey, op: OpId, answer: Result<(), AcquireError>) -> bool {
        let mut lines = self.lines();
        let line = lines.get_mut(key).filter(|line| {
            line.waiting
                .front()
                .is_some_and(|ticket| ticket.ask.op == op)
        });
        let ticket = line.and_then(|line| line.waiting.pop_front());
        drop(lines);
        // Whoever no longer listens drops its place, and that is told through `left`.
        ticket.map(|ticket| ticket.turn.send(answer)).is_some()
    }
}

/// Serves one line until it is empty.
struct Dispatcher {
    inner: Arc<Inner>,
    key: LimitKey,
    open: bool,
}

impl Dispatcher {
    async fn serve(mut self) {
        while let Some((ask, left)) = self.inner.head(&self.key) {
            self.serve_one(ask, &left).await;
        }
        self.open = false;
    }

    /// From the head's reservation to its departure.
    async fn serve_one(&self, ask: Ask, left: &Notify) {
        let Self { inner, key, .. } = self;
        let reserved = inner.store.reserve(key, &ask, inner.clock.now()).await;
        let answered = match reserved.map_err(AcquireError::from).and_then(granted) {
            Err(refused) => inner.answer(key, ask.op, Err(refused)),
            Ok(at) => tokio::select! {
                () = left.notified() => false,
                () = inner.clock.sleep_until(at) => inner.answer(key, ask.op, Ok(())),
            },
        };
        if answered {
            // Whoever holds a called place and does not come must not hold up the line. It keeps its slot, and the
            // store still says when it may leave.
            drop(tokio::time::timeout(COMES_WITHIN, left.notified()).await);
        } else {
            // It gave up, and its destructor may have run before the reservation was made.
            inner.store.release(key, ask.op, false);
        }
    }
}

impl Drop for Dispatcher {
    /// Dropped before its line was empty, its runtime is going down. Closing the line tells its waiters that nobody
    /// will call them; they stand in line again, on the runtime they live on.
    fn drop(&mut self) {
        if self.open {
            drop(self.inner.lines().remove(&self.key));
        }
    }
}
