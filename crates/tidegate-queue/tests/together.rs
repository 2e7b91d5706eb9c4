//! Those who come at the same moment, over a store that takes its time.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tidegate_core::quota::{Dimension, Limit, Limits, OpId};
use tidegate_core::{Cost, LimitKey, Timestamp};
use tidegate_queue::{
    Admission, Ask, Clock, KeyStatus, MemoryStore, Pacing, Permit, Place, Queue, QueueStore,
    Report, StoreFuture, Turn, Wanted,
};

/// Memory that answers later, as a file or a server does: a question so late as was set for it, in their order.
#[derive(Debug, Default)]
struct Slow(MemoryStore, Mutex<VecDeque<Duration>>, AtomicUsize);

impl Slow {
    fn answering_after(delays: &[u64]) -> Self {
        let delays = delays.iter().map(|millis| Duration::from_millis(*millis));
        Self(
            MemoryStore::default(),
            Mutex::new(delays.collect()),
            AtomicUsize::new(0),
        )
    }
}

impl QueueStore for Slow {
    fn ask<'a>(
        &'a self,
        key: &'a LimitKey,
        asks: &'a [Ask],
        limits: &'a Limits,
        now: Timestamp,
    ) -> StoreFuture<'a, Turn> {
        Box::pin(async move {
            self.2.fetch_add(1, Ordering::Relaxed);
            let answer = self.0.ask(key, asks, limits, now).await;
            let delay = self.1.lock().unwrap().pop_front();
            match delay {
                Some(delay) => tokio::time::sleep(delay).await,
                None => tokio::task::yield_now().await,
            }
            answer
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

fn key() -> LimitKey {
    LimitKey::new("account")
}

fn wanted(limits: Limits) -> Wanted {
    Wanted {
        cost: Cost {
            requests: 1,
            ..Cost::default()
        },
        pacing: Pacing::Adaptive(Admission {
            limits,
            ..Admission::default()
        }),
        deadline: None,
    }
}

#[tokio::test(start_paused = true)]
async fn of_those_who_come_together_only_the_first_holds_a_place() {
    let queue = Queue::new(Arc::new(Slow::default()), Clock::system());
    let limits = Limits {
        max_concurrency: Some(1),
        ..Limits::UNKNOWN
    };
    let wanted = wanted(limits);
    let under_way = queue.enter(&key(), wanted).permit().await.unwrap();
    let mut places: Vec<_> = (0..10).map(|_| queue.enter(&key(), wanted)).collect();
    let stepped = join_all(places.iter_mut().map(Place::step_up)).await;
    assert!(stepped.iter().all(Result::is_ok));
    assert!(places.iter().all(Place::is_waiting));
    let standing = queue.status(&|_| limits).await.unwrap()[0].standing;
    assert_eq!(
        standing.waiting, 1,
        "the places of the others are in the way"
    );
    drop(under_way);
}

#[tokio::test(start_paused = true)]
async fn of_a_crowd_few_ask_and_the_others_stand_in_the_line_that_there_is() {
    let store = Arc::new(Slow::default());
    let queue = Queue::new(Arc::clone(&store) as _, Clock::system());
    let wanted = wanted(Limits {
        max_concurrency: Some(1),
        ..Limits::UNKNOWN
    });
    let under_way = queue.enter(&key(), wanted).permit().await.unwrap();
    let mut places: Vec<_> = (0..1_000).map(|_| queue.enter(&key(), wanted)).collect();
    let stepped = join_all(places.iter_mut().map(Place::step_up)).await;
    assert!(stepped.iter().all(Result::is_ok));
    assert!(places.iter().all(Place::is_waiting));
    let asked = store.2.load(Ordering::Relaxed);
    assert!(asked < 50, "{asked} questions");
    drop(under_way);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_in_front_while_the_store_is_asked_does_not_wait_for_the_one_behind() {
    // The first to come hears last that it has to wait, when the second is being asked for already.
    let store = Slow::answering_after(&[0, 20, 1, 60]);
    let queue = Queue::new(Arc::new(store), Clock::system());
    let a_second_each = Limits::UNKNOWN.with(Dimension::Requests, Limit::per_minute(60));
    let wanted = wanted(a_second_each);
    let start = queue
        .enter(&key(), wanted)
        .permit()
        .await
        .unwrap()
        .sent_at();
    let (first, second) = (queue.enter(&key(), wanted), queue.enter(&key(), wanted));
    let (first, second) = tokio::join!(first.permit(), second.permit());
    let after = |permit: Permit| permit.sent_at().saturating_since(start).as_secs_f64();
    let (first, second) = (after(first.unwrap()), after(second.unwrap()));
    assert!((1.0..1.1).contains(&first), "{first}");
    assert!((2.0..2.1).contains(&second), "{second}");
}
