//! Those who come at the same moment, over a store that takes its time.

use std::sync::Arc;

use futures_util::future::join_all;
use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{Cost, LimitKey, Timestamp};
use tidegate_queue::{
    Admission, Ask, Clock, KeyStatus, MemoryStore, Pacing, Queue, QueueStore, Report, StoreFuture,
    Turn, Wanted,
};

/// Memory that answers a moment later, as a file or a server does.
#[derive(Debug, Default)]
struct Slow(MemoryStore);

impl QueueStore for Slow {
    fn ask<'a>(
        &'a self,
        key: &'a LimitKey,
        asks: &'a [Ask],
        limits: &'a Limits,
        now: Timestamp,
    ) -> StoreFuture<'a, Turn> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.0.ask(key, asks, limits, now).await
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
        self.0.report(key, op, report, limits, now)
    }

    fn report_later(
        &self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
        now: Timestamp,
    ) {
        self.0.report_later(key, op, report, limits, now);
    }

    fn status<'a>(
        &'a self,
        limits: &'a (dyn Fn(&str) -> Limits + Sync),
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<KeyStatus>> {
        self.0.status(limits, now)
    }

    fn reset<'a>(&'a self, key: &'a LimitKey) -> StoreFuture<'a, bool> {
        self.0.reset(key)
    }
}

#[tokio::test(start_paused = true)]
async fn of_those_who_come_together_only_the_first_holds_a_place() {
    let queue = Queue::new(Arc::new(Slow::default()), Clock::system());
    let (key, limits) = (
        LimitKey::new("account"),
        Limits {
            max_concurrency: Some(1),
            ..Limits::UNKNOWN
        },
    );
    let wanted = Wanted {
        cost: Cost {
            requests: 1,
            ..Cost::default()
        },
        pacing: Pacing::Adaptive(Admission {
            limits,
            ..Admission::default()
        }),
        deadline: None,
    };
    let under_way = queue.enter(&key, wanted).permit().await.unwrap();
    let mut places: Vec<_> = (0..10).map(|_| queue.enter(&key, wanted)).collect();
    let stepped = join_all(places.iter_mut().map(tidegate_queue::Place::step_up)).await;
    assert!(stepped.iter().all(Result::is_ok));
    assert!(places.iter().all(tidegate_queue::Place::is_waiting));
    let standing = queue.status(&|_| limits).await.unwrap()[0].standing;
    assert_eq!(
        standing.waiting, 1,
        "the places of the others are in the way"
    );
    drop(under_way);
}
