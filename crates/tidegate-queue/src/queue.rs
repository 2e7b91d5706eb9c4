//! The waiting.
//!
//! Each limit that somebody waits for has one line and one dispatcher. The dispatcher reserves a start for the head of
//! the line only, sleeps until then, wakes that one waiter, and goes on once the waiter has really left: what is spaced
//! are departures, not intentions. It ends with the line, so an idle queue costs nothing.

mod line;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidegate_core::quota::{Departure, OpId};
use tidegate_core::{Cost, LimitKey, Timestamp};
use tokio::sync::{Notify, oneshot};

use self::line::{Line, Ticket};
use crate::clock::Clock;
use crate::permit::Permit;
use crate::store::{Ask, QueueStore, Reservation, Slot, StoreError};

/// What an attempt wants of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// What it will use up, as an estimate.
    pub cost: Cost,
    /// The place it takes if it was rate limited before; `None` for an attempt that was not.
    pub slot: Option<Slot>,
    /// No start after this is of use.
    pub deadline: Option<Timestamp>,
}

/// Why no permit was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// It could not leave before its deadline.
    #[error("the next free place in the queue lies past the deadline")]
    DeadlineTooClose {
        /// When it could leave at the earliest; `None`: never.
        earliest: Option<Timestamp>,
    },
    /// The limit is closed.
    #[error("closed: {why}")]
    Closed {
        /// When it opens again, where known.
        until: Option<Timestamp>,
        /// Why.
        why: String,
    },
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Admission for all limits of one executor. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Queue {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn QueueStore>,
    clock: Clock,
    lines: Mutex<HashMap<LimitKey, Line>>,
    next_op: AtomicU64,
}

impl Queue {
    /// A queue over a store.
    pub fn new(store: Arc<dyn QueueStore>, clock: Clock) -> Self {
        let inner = Inner {
            store,
            clock,
            lines: Mutex::default(),
            next_op: AtomicU64::new(1),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The clock the queue waits by.
    pub fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// Takes a place. Dropping the place, or its [`Place::permit`] future, leaves the line.
    ///
    /// An attempt without a slot stands in no line: only what was limited waits for others.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn enter(&self, key: &LimitKey, wanted: Wanted) -> Place {
        Place::take(&self.inner, key.clone(), wanted)
    }
}

/// A place in the line of one limit.
#[derive(Debug)]
#[must_use = "a place is given up when it is dropped"]
pub struct Place {
    inner: Arc<Inner>,
    key: LimitKey,
    wanted: Wanted,
    op: OpId,
    ahead: usize,
    expected: Timestamp,
    turn: Option<oneshot::Receiver<Result<(), AcquireError>>>,
    /// Tells the dispatcher that this place is empty: its holder has left, or given up.
    left: Arc<Notify>,
    /// It was called, and so stands in the line no more.
    called: bool,
    departed: bool,
}

impl Place {
    fn take(inner: &Arc<Inner>, key: LimitKey, wanted: Wanted) -> Self {
        let op = OpId(inner.next_op.fetch_add(1, Ordering::Relaxed));
        let left = Arc::new(Notify::new());
        let ask = Ask {
            op,
            cost: wanted.cost,
            slot: wanted.slot,
            deadline: wanted.deadline,
        };
        let (ahead, expected, turn) = match wanted.slot {
            None => (0, inner.clock.now(), None),
            Some(slot) => {
                let (sender, turn) = oneshot::channel();
                let left = Arc::clone(&left);
                let expected = slot.not_before;
                let ticket = Ticket {
                    ask,
                    slot,
                    expected,
                    turn: sender,
                    left,
                };
                let (ahead, expected) = inner.join(&key, ticket);
                (ahead, expected, Some(turn))
            }
        };
        Self {
            inner: Arc::clone(inner),
            key,
            wanted,
            op,
            ahead,
            expected,
            turn,
            left,
            called: false,
            departed: false,
        }
    }

    /// How many stood before it when it was taken.
    pub const fn ahead(&self) -> usize {
        self.ahead
    }

    /// When it should leave, as things stood when it was taken.
    pub const fn expected(&self) -> Timestamp {
        self.expected
    }

    /// Whether its holder stands in a line.
    pub const fn is_waiting(&self) -> bool {
        self.turn.is_some()
    }

    /// Waits for the turn, and leaves.
    ///
    /// # Errors
    /// [`AcquireError`] when the turn cannot come in time, or at all.
    pub async fn permit(mut self) -> Result<Permit, AcquireError> {
        if self
            .wanted
            .deadline
            .is_some_and(|deadline| self.expected >= deadline)
        {
            return Err(AcquireError::DeadlineTooClose {
                earliest: Some(self.expected),
            });
        }
        while let Some(turn) = self.turn.take() {
            match turn.await {
                Ok(answer) => {
                    self.called = true;
                    answer?;
                }
                // The dispatcher went down with the runtime it lived on: stand in line again, on this one.
                Err(_) => self = Self::take(&self.inner.clone(), self.key.clone(), self.wanted),
            }
        }
        if self.wanted.slot.is_none() {
            self.start().await?;
        }
        self.depart().await
    }

    /// The start of an attempt that stands in no line.
    async fn start(&self) -> Result<(), AcquireError> {
        let Wanted {
            cost,
            slot,
            deadline,
        } = self.wanted;
        let ask = Ask {
            op: self.op,
            cost,
            slot,
            deadline,
        };
        let at = granted(
            self.inner
                .store
                .reserve(&self.key, &ask, self.inner.clock.now())
                .await?,
        )?;
        if at > self.inner.clock.now() {
            self.inner.clock.sleep_until(at).await;
        }
        Ok(())
    }

    async fn depart(mut self) -> Result<Permit, AcquireError> {
        let clock = self.inner.clock;
        loop {
            let now = clock.now();
            match self.inner.store.depart(&self.key, self.op, now).await? {
                Departure::Go => {
                    self.departed = true;
                    let (store, key) = (Arc::clone(&self.inner.store), self.key.clone());
                    return Ok(Permit {
                        store,
                        clock,
                        key,
                        op: self.op,
                        sent_at: now,
                        open: true,
                    });
                }
                Departure::Wait { until } => clock.sleep_until(until).await,
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.wanted.slot.is_some() && !self.called {
            self.inner.leave(&self.key, self.op);
        }
        if !self.departed {
            self.inner.store.release(&self.key, self.op, false);
        }
        self.left.notify_one();
    }
}

fn granted(reservation: Reservation) -> Result<Timestamp, AcquireError> {
    match reservation {
        Reservation::Start { at } => Ok(at),
        Reservation::Refused { earliest } => Err(AcquireError::DeadlineTooClose { earliest }),
        Reservation::Closed { until, why } => Err(AcquireError::Closed { until, why }),
    }
}

impl Inner {
    /// A line is whole whenever its lock is free, so a panic elsewhere has not harmed it.
    fn lines(&self) -> MutexGuard<'_, HashMap<LimitKey, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
