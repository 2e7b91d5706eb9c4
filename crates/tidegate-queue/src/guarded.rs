//! A store that may be away, and what is done meanwhile.
//!
//! A queue that stops because a server does is worse than none, and one that lets everybody go is no queue. So while the
//! store fails or does not answer, each process goes on alone with its share of what was last known: the rate, divided by
//! the number of processes that shared it. The store is looked for by one task, with growing pauses; nobody waits for it
//! twice.

mod desk;
mod numbers;
mod share;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::store::{Ask, KeyStatus, LastKnown, QueueStore, Report, StoreError, StoreFuture, Turn};
use desk::{Desk, Next, Outage};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks whether the store is back, at first and at most. The most is short: who is back takes what the store
/// gives, who is not yet takes its share besides.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A store that fails so soon after it was back is looked for with pauses that go on growing, up to as much.
const STEADY: Duration = Duration::from_secs(60);

/// A store over another that may be away. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Guarded {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn QueueStore>,
    patience: Duration,
    desk: Mutex<Desk>,
}

impl Guarded {
    /// Over that store, which is waited for 2 s at most.
    pub fn new(store: Arc<dyn QueueStore>) -> Self {
        Self::with_patience(store, PATIENCE)
    }

    /// As [`new`](Self::new), with another time after which the store counts as away.
    pub fn with_patience(store: Arc<dyn QueueStore>, patience: Duration) -> Self {
        let inner = Inner {
            store,
            patience,
            desk: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Whether this process goes on alone at present.
    pub fn is_apart(&self) -> bool {
        self.inner.desk().outage.is_some()
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded")
            .field("store", &self.inner.store)
            .field("is_apart", &self.is_apart())
            .finish()
    }
}

impl Inner {
    /// What it holds is whole whenever the lock is free, so a panic elsewhere has not harmed it.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the store, not for long.
    async fn patiently<T>(&self, answer: StoreFuture<'_, T>) -> Result<T, StoreError> {
        timeout(self.patience, answer)
            .await
            .unwrap_or_else(|_| Err(StoreError("it does not answer".to_owned())))
    }

    /// The number of the outage before which the store can be asked; `None` while it is away.
    fn outages_so_far(self: &Arc<Self>, now: Timestamp) -> Option<u64> {
        let mut desk = self.desk();
        let outages = desk.outages;
        match &mut desk.outage {
            None => Some(outages),
            Some(outage) => {
                // Its runtime has ended, as those of tests and of threads do.
                if outage.watch.is_finished() {
                    outage.watch = self.watch(now, FIRST_PAUSE);
                }
                None
            }
        }
    }

    /// The store failed somebody who had asked it after so many outages.
    fn leave(self: &Arc<Self>, outages: u64, reason: &StoreError, now: Timestamp) {
        let mut desk = self.desk();
        if desk.outage.is_some() || desk.outages != outages {
            return;
        }
        desk.outages += 1;
        let pause = match desk.last {
            Some((ended, pause)) if ended.elapsed() < STEADY => (pause * 2).min(STEADY),
            _ => FIRST_PAUSE,
        };
        let watch = self.watch(now, pause);
        desk.outage = Some(Outage { watch });
        drop(desk);
        tracing::warn!(
            "{reason}; until it is back, this process takes its share of what was last known"
        );
    }

    fn watch(self: &Arc<Self>, now: Timestamp, pause: Duration) -> JoinHandle<()> {
        tokio::spawn(watch(Arc::downgrade(self), now, pause))
    }

    fn come_back(&self, pause: Duration) {
        let mut desk = self.desk();
        desk.outage = None;
        desk.last = Some((Instant::now(), pause));
        drop(desk);
        tracing::info!("the queue's store is back");
    }

    /// A question answered without the store.
    fn ask_apart(&self, key: &LimitKey, asks: &[Ask], limits: &Limits, now: Timestamp) -> Turn {
        let known = self.store.last_known(key);
        let mut desk = self.desk();
        let outages = desk.outages;
        let here = desk.here(key);
        let under_way = here.under_way.len();
        let apart = here.apart(outages, limits, known, now);
        apart.ask(asks, limits, under_way, now)
    }
}

/// Looks whether the store is back, at moments that are the same for all processes: so they come back together.
async fn watch(inner: Weak<Inner>, now: Timestamp, mut pause: Duration) {
    let begin = Instant::now();
    loop {
        let passed = now.saturating_add(begin.elapsed()).as_micros();
        let micros = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX).max(1);
        sleep(Duration::from_micros(micros - passed % micros)).await;
        let Some(inner) = inner.upgrade() else { return };
        if inner.patiently(inner.store.reach()).await.is_ok() {
            inner.come_back(pause);
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE.max(pause));
    }
}

impl QueueStore for Guarded {
    fn ask<'a>(
        &'a self,
        key: &'a LimitKey,
        asks: &'a [Ask],
        limits: &'a Limits,
        now: Timestamp,
    ) -> StoreFuture<'a, Turn> {
        Box::pin(async move {
            let inner = &self.inner;
            let Some(outages) = inner.outages_so_far(now) else {
                return Ok(inner.ask_apart(key, asks, limits, now));
            };
            let theirs = numbers::for_the_store(asks);
            let left = match outages {
                0 => *limits,
                _ => inner.desk().beside_those_apart(key, limits),
            };
            let began = Instant::now();
            let turn = inner.store.ask(key, &theirs, &left, now);
            match inner.patiently(turn).await {
                Ok(turn) => {
                    if let Turn::Go { index, .. } = turn
                        && let Some(ask) = asks.get(index)
                    {
                        inner.desk().here(key).under_way.insert(ask.op);
                    }
                    Ok(turn)
                }
                Err(reason) => {
                    let now = now.saturating_add(began.elapsed());
                    inner.leave(outages, &reason, now);
                    Ok(inner.ask_apart(key, asks, limits, now))
                }
            }
        })
    }

    fn report<'a>(
        &'a self,
        key: &'a LimitKey,
        op: OpId,
        report: Report,
        limits: &'a Limits,
        now: Timestamp,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let inner = &self.inner;
            let outages = inner.outages_so_far(now);
            let next = inner.desk().take(key, op, report, limits, now);
            let outages = match (next, outages) {
                (Next::Nobody, _) => return Ok(()),
                (Next::Store, Some(outages)) => outages,
                (Next::Store | Next::StoreLater, _) => {
                    inner.store.report_later(key, op, report, limits, now);
                    inner.desk().told(key, op, report);
                    return Ok(());
                }
            };
            let told = inner.store.report(key, op, report, limits, now);
            if let Err(reason) = inner.patiently(told).await {
                inner.leave(outages, &reason, now);
                // Perhaps for the second time, which changes nothing.
                if !matches!(report, Report::Accepted(_)) {
                    inner.store.report_later(key, op, report, limits, now);
                }
            }
            inner.desk().told(key, op, report);
            Ok(())
        })
    }

    fn report_later(
        &self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
        now: Timestamp,
    ) {
        let next = self.inner.desk().take(key, op, report, limits, now);
        if !matches!(next, Next::Nobody) {
            self.inner.store.report_later(key, op, report, limits, now);
            self.inner.desk().told(key, op, report);
        }
    }

    fn status<'a>(
        &'a self,
        limits: &'a (dyn Fn(&str) -> Limits + Sync),
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<KeyStatus>> {
        Box::pin(self.inner.patiently(self.inner.store.status(limits, now)))
    }

    fn reset<'a>(&'a self, key: &'a LimitKey) -> StoreFuture<'a, bool> {
        Box::pin(self.inner.patiently(self.inner.store.reset(key)))
    }

    fn last_known(&self, key: &LimitKey) -> Option<LastKnown> {
        self.inner.store.last_known(key)
    }

    fn reach(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.inner.patiently(self.inner.store.reach()))
    }
}
