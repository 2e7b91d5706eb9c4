//! The waiting.
//!
//! Each limit that somebody waits for has one line and one dispatcher. The dispatcher asks for the head of the line only,
//! sleeps until it may leave, wakes that one waiter, and goes on. It ends with the line, so an idle queue costs nothing.
//!
//! There are two pacings. `adaptive` asks a store, which knows the limit and everybody who shares it. `spaced` knows no
//! limit: first attempts leave at once, and those that were refused come back one spacing apart; what it spaces are
//! departures of this process, so it needs no store.

mod adaptive;
mod leaving;
mod line;
mod permit;
mod place;
mod spaced;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidegate_core::quota::{Limits, OpId, Priority, SpacedState};
use tidegate_core::{Cost, LimitKey, Timestamp};
use tokio::sync::Semaphore;

pub use self::leaving::Leaving;
pub use self::permit::Permit;
pub use self::place::{Place, Position, Watch};
use crate::clock::Clock;
use crate::store::{KeyStatus, QueueStore, StoreError};

/// How many of this process ask a store at once, each for itself. Enough to keep a store busy that is far away, and few
/// enough that of a crowd that has to wait nearly all find a line to stand in: whoever asks in vain has taken a place in the
/// store, and every question walks along all places.
const ASKING: usize = 16;

/// What an attempt wants of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// What it will use up, as an estimate.
    pub cost: Cost,
    /// How it is paced.
    pub pacing: Pacing,
    /// No start after this is of use.
    pub deadline: Option<Timestamp>,
}

/// How an attempt is paced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pacing {
    /// By its own backoff.
    Spaced {
        /// The place it takes if it was rate limited before; `None` for an attempt that was not, which does not wait.
        slot: Option<Slot>,
    },
    /// By what is known of its limit.
    Adaptive(Admission),
}

/// Where a rate-limited attempt stands on its way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// It leaves no earlier: its backoff, or what the server asked for.
    pub not_before: Timestamp,
    /// It leaves at least this long after the one before it.
    pub spacing: Duration,
}

/// How an attempt stands in the line of its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Admission {
    /// What is configured for the limit.
    pub limits: Limits,
    /// Who goes first.
    pub priority: Priority,
    /// Of the same priority, whoever is due first goes first.
    pub due: Option<Timestamp>,
    /// The number an earlier attempt of the same run had: it comes back before those who came after it.
    pub again: Option<Number>,
}

/// A place in the order of arrival, in this process and among all who share the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    pub(crate) here: u64,
    pub(crate) everywhere: u64,
}

impl Default for Pacing {
    fn default() -> Self {
        Self::Spaced { slot: None }
    }
}

/// Why no permit was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// It could not leave before its deadline.
    #[error("the next free place in the queue lies past the deadline")]
    DeadlineTooClose {
        /// When it could leave at the earliest, where that is known.
        earliest: Option<Timestamp>,
    },
    /// It is larger than the limit, so it can never leave.
    #[error("the request is larger than its limit allows in a whole period")]
    TooLarge,
    /// The limit is closed.
    #[error("the quota is spent; it opens again at {until}")]
    Closed {
        /// When it opens again.
        until: Timestamp,
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
pub(crate) struct Inner {
    pub(crate) store: Arc<dyn QueueStore>,
    pub(crate) clock: Clock,
    pub(crate) lines: Mutex<HashMap<LimitKey, line::Line>>,
    pub(crate) spaced: Mutex<Spaced>,
    /// For those who ask the store themselves, before there is a line.
    pub(crate) asking: Semaphore,
    next_op: AtomicU64,
    next_number: AtomicU64,
}

/// The lines of `spaced` pacing, and when the last of each left.
#[derive(Debug, Default)]
pub(crate) struct Spaced {
    lines: HashMap<LimitKey, spaced::Line>,
    states: HashMap<LimitKey, SpacedState>,
}

impl Queue {
    /// A queue over a store.
    pub fn new(store: Arc<dyn QueueStore>, clock: Clock) -> Self {
        let inner = Inner {
            store,
            clock,
            lines: Mutex::default(),
            spaced: Mutex::default(),
            asking: Semaphore::new(ASKING),
            // Names of attempts must differ between all who share a store: each process counts from a place of its own.
            next_op: AtomicU64::new(RandomState::new().hash_one("op")),
            next_number: AtomicU64::new(0),
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
    /// # Panics
    /// Outside a tokio runtime.
    pub fn enter(&self, key: &LimitKey, wanted: Wanted) -> Place {
        Place::take(&self.inner, key.clone(), wanted)
    }

    /// Every limit the store knows. `limits` says what is configured for a key.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be reached.
    pub async fn status(
        &self,
        limits: &(dyn Fn(&str) -> Limits + Sync),
    ) -> Result<Vec<KeyStatus>, StoreError> {
        self.inner
            .store
            .status(limits, self.inner.clock.now())
            .await
    }

    /// Forgets everything learned of a limit and held against it. Says whether there was anything.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be reached.
    pub async fn reset(&self, key: &LimitKey) -> Result<bool, StoreError> {
        self.inner.store.reset(key).await
    }
}

impl Inner {
    /// A line is whole whenever its lock is free, so a panic elsewhere has not harmed it.
    pub(crate) fn lines(&self) -> MutexGuard<'_, HashMap<LimitKey, line::Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spaced(&self) -> MutexGuard<'_, Spaced> {
        self.spaced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_op(&self) -> OpId {
        OpId(self.next_op.fetch_add(1, Ordering::Relaxed))
    }

    fn next_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }
}
