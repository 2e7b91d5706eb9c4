//! One line of waiters under `spaced` pacing, and the dispatcher that serves it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::quota::{Departure, OpId};
use tidegate_core::{LimitKey, Timestamp};
use tokio::sync::{Notify, oneshot};

use super::leaving::Leaving;
use super::permit::Permit;
use super::{AcquireError, Inner, Slot};

/// How long the line waits for one that was called to leave: a task on a busy machine comes within milliseconds; one that
/// nobody polls never comes.
const COMES_WITHIN: Duration = Duration::from_secs(1);

/// The waiters of one limit, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Line {
    waiting: VecDeque<Ticket>,
}

/// One waiter, as the dispatcher sees it.
#[derive(Debug)]
pub(super) struct Ticket {
    op: OpId,
    pub(super) slot: Slot,
    /// When it should leave, as things stand.
    pub(super) expected: Timestamp,
    /// Wakes it, once, when its turn has come.
    pub(super) turn: oneshot::Sender<()>,
    /// Told when its holder has left, or given up.
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
        let Some(place) = self.waiting.iter().position(|ticket| ticket.op == op) else {
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

/// A place in a line, or the right to leave at once.
#[derive(Debug)]
pub(super) struct SpacedPlace {
    inner: Arc<Inner>,
    key: LimitKey,
    slot: Option<Slot>,
    deadline: Option<Timestamp>,
    op: OpId,
    ahead: usize,
    expected: Timestamp,
    turn: Option<oneshot::Receiver<()>>,
    /// Tells the dispatcher that its holder has left, or given up.
    left: Arc<Notify>,
    /// It was called, and so stands in the line no more.
    called: bool,
    departed: bool,
}

impl SpacedPlace {
    pub(super) fn take(
        inner: &Arc<Inner>,
        key: LimitKey,
        slot: Option<Slot>,
        deadline: Option<Timestamp>,
    ) -> Self {
        let mut place = Self {
            inner: Arc::clone(inner),
            key,
            slot,
            deadline,
            op: inner.next_op(),
            ahead: 0,
            expected: inner.clock.now(),
            turn: None,
            left: Arc::default(),
            called: false,
            departed: false,
        };
        if let Some(slot) = slot {
            place.join(slot);
        }
        place
    }

    fn join(&mut self, slot: Slot) {
        let (sender, turn) = oneshot::channel();
        let ticket = Ticket {
            op: self.op,
            slot,
            expected: slot.not_before,
            turn: sender,
            left: Arc::clone(&self.left),
        };
        (self.ahead, self.expected) = self.inner.join_spaced(&self.key, ticket);
        self.turn = Some(turn);
    }

    pub(super) const fn ahead(&self) -> usize {
        self.ahead
    }

    pub(super) const fn expected(&self) -> Timestamp {
        self.expected
    }

    pub(super) const fn is_waiting(&self) -> bool {
        self.turn.is_some()
    }

    pub(super) async fn permit(mut self) -> Result<Permit, AcquireError> {
        if self
            .deadline
            .is_some_and(|deadline| self.expected >= deadline)
        {
            let earliest = Some(self.expected);
            return Err(AcquireError::DeadlineTooClose { earliest });
        }
        while let Some(turn) = self.turn.take() {
            match (turn.await, self.slot) {
                (Ok(()), _) => self.called = true,
                // The dispatcher went down with the runtime it lived on: stand in line again, on this one.
                (Err(_), Some(slot)) => self.join(slot),
                (Err(_), None) => {}
            }
        }
        self.depart().await
    }

    async fn depart(mut self) -> Result<Permit, AcquireError> {
        let clock = self.inner.clock;
        loop {
            let now = clock.now();
            match self.inner.depart_spaced(&self.key, self.op, now) {
                Departure::Go => {
                    self.departed = true;
                    return Ok(Permit::spaced(now, self.leaving()));
                }
                Departure::Wait { until } => clock.sleep_until(until).await,
            }
        }
    }

    /// Nobody waits for the departure of a first attempt.
    fn leaving(&self) -> Leaving {
        let (inner, key, left) = (&self.inner, &self.key, &self.left);
        self.slot.map_or_else(Leaving::default, |_| {
            Leaving::spaced(Arc::clone(inner), key.clone(), Arc::clone(left))
        })
    }
}

impl Drop for SpacedPlace {
    fn drop(&mut self) {
        if self.slot.is_none() || self.departed {
            return;
        }
        if !self.called {
            self.inner.leave_spaced(&self.key, self.op);
        }
        self.inner.release_spaced(&self.key, self.op);
        self.left.notify_one();
    }
}

impl Inner {
    /// Puts a ticket at the end of its line, and a dispatcher before a line that has none. Returns how many stand
    /// before it and when it should leave.
    fn join_spaced(self: &Arc<Self>, key: &LimitKey, mut ticket: Ticket) -> (usize, Timestamp) {
        let mut spaced = self.spaced();
        let unserved = !spaced.lines.contains_key(key);
        let line = spaced.lines.entry(key.clone()).or_default();
        let ahead = line.waiting.len();
        let expected = ticket.expected_behind(line.waiting.back());
        ticket.expected = expected;
        line.waiting.push_back(ticket);
        drop(spaced);
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
    fn leave_spaced(&self, key: &LimitKey, op: OpId) {
        if let Some(line) = self.spaced().lines.get_mut(key) {
            line.remove(op);
        }
    }

    /// Lets an attempt leave, unless those before it left so late that it must wait. A first attempt has no slot, and a
    /// limit nobody was refused by has no state: that one leaves untouched.
    fn depart_spaced(&self, key: &LimitKey, op: OpId, now: Timestamp) -> Departure {
        let mut spaced = self.spaced();
        let state = spaced.states.get_mut(key);
        state.map_or(Departure::Go, |state| state.depart(op, now))
    }

    /// An attempt that was let go has really left.
    pub(super) fn left_spaced(&self, key: &LimitKey) {
        let now = self.clock.now();
        if let Some(state) = self.spaced().states.get_mut(key) {
            state.left(now);
        }
    }

    fn reserve_spaced(&self, key: &LimitKey, op: OpId, slot: Slot) -> Timestamp {
        let now = self.clock.now();
        let mut spaced = self.spaced();
        let state = spaced.states.entry(key.clone()).or_default();
        state.reserve(op, now, slot.not_before, slot.spacing)
    }

    fn release_spaced(&self, key: &LimitKey, op: OpId) {
        if let Some(state) = self.spaced().states.get_mut(key) {
            state.release(op);
        }
    }

    /// The head of a line. An empty line is closed: whoever comes next opens a new one.
    fn spaced_head(&self, key: &LimitKey) -> Option<(OpId, Slot, Arc<Notify>)> {
        let mut spaced = self.spaced();
        let head = spaced.lines.get(key).and_then(|line| line.waiting.front());
        let head = head.map(|ticket| (ticket.op, ticket.slot, Arc::clone(&ticket.left)));
        if head.is_none() {
            spaced.lines.remove(key);
        }
        head
    }

    /// Calls the head of a line, if it is still `op`. Says whether it was.
    fn call_spaced(&self, key: &LimitKey, op: OpId) -> bool {
        let mut spaced = self.spaced();
        let line = spaced.lines.get_mut(key);
        let line = line.filter(|line| line.waiting.front().is_some_and(|head| head.op == op));
        let ticket = line.and_then(|line| line.waiting.pop_front());
        drop(spaced);
        // Whoever no longer listens drops its place, and that is told through `left`.
        ticket.map(|ticket| ticket.turn.send(())).is_some()
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
        while let Some((op, slot, left)) = self.inner.spaced_head(&self.key) {
            self.serve_one(op, slot, &left).await;
        }
        self.open = false;
    }

    /// From the head's reservation to its departure.
    async fn serve_one(&self, op: OpId, slot: Slot, left: &Notify) {
        let Self { inner, key, .. } = self;
        let at = inner.reserve_spaced(key, op, slot);
        let called = tokio::select! {
            () = left.notified() => false,
            () = inner.clock.sleep_until(at) => inner.call_spaced(key, op),
        };
        if called {
            // Whoever holds a called place and does not come must not hold up the line. It keeps its slot, and still
            // leaves no sooner than it may.
            drop(tokio::time::timeout(COMES_WITHIN, left.notified()).await);
        } else {
            // It gave up, and its destructor may have run before the reservation was made.
            inner.release_spaced(key, op);
        }
    }
}

impl Drop for Dispatcher {
    /// Dropped before its line was empty, its runtime is going down. Closing the line tells its waiters that nobody
    /// will call them; they stand in line again, on the runtime they live on.
    fn drop(&mut self) {
        if self.open {
            drop(self.inner.spaced().lines.remove(&self.key));
        }
    }
}
