//! What the queue makes of a store's answers, also of those that only shared stores give.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate_core::quota::{Departure, OpId};
use tidegate_core::{Cost, LimitKey, Timestamp};
use tidegate_queue::{
    AcquireError, Ask, Clock, Observation, Penalty, Queue, QueueStore, Reservation, Slot,
    StoreFuture, Wanted,
};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn key() -> LimitKey {
    LimitKey::new("account")
}

fn limited(queue: &Queue, backoff: Duration) -> Wanted {
    let slot = Slot {
        not_before: queue.clock().now().saturating_add(backoff),
        spacing: backoff,
    };
    Wanted {
        slot: Some(slot),
        ..Wanted::default()
    }
}

/// A store that gives the answers it was told to, as stores shared with others will.
#[derive(Debug, Default)]
struct ToldStore {
    reservations: Mutex<Vec<Reservation>>,
    departures: Mutex<Vec<Departure>>,
    released: Mutex<Vec<(OpId, bool)>>,
}

impl QueueStore for ToldStore {
    fn reserve<'a>(
        &'a self,
        _: &'a LimitKey,
        _: &'a Ask,
        _: Timestamp,
    ) -> StoreFuture<'a, Reservation> {
        Box::pin(ready(Ok(self.reservations.lock().unwrap().remove(0))))
    }

    fn depart<'a>(&'a self, _: &'a LimitKey, _: OpId, _: Timestamp) -> StoreFuture<'a, Departure> {
        Box::pin(ready(Ok(self
            .departures
            .lock()
            .unwrap()
            .pop()
            .unwrap_or(Departure::Go))))
    }

    fn observe<'a>(
        &'a self,
        _: &'a LimitKey,
        _: &'a Observation,
        _: Timestamp,
    ) -> StoreFuture<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn penalise<'a>(
        &'a self,
        _: &'a LimitKey,
        _: &'a Penalty,
        _: Timestamp,
    ) -> StoreFuture<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn settle<'a>(
        &'a self,
        _: &'a LimitKey,
        _: OpId,
        _: Cost,
        _: Timestamp,
    ) -> StoreFuture<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn release(&self, _: &LimitKey, op: OpId, sent: bool) {
        self.released.lock().unwrap().push((op, sent));
    }
}

fn told(reservations: Vec<Reservation>, departures: Vec<Departure>) -> (Arc<ToldStore>, Queue) {
    let store = ToldStore {
        reservations: reservations.into(),
        departures: departures.into(),
        ..ToldStore::default()
    };
    let store = Arc::new(store);
    (
        Arc::clone(&store),
        Queue::new(store, Clock::starting_at(Timestamp::from_secs(1_000))),
    )
}

#[tokio::test(start_paused = true)]
async fn a_start_in_the_future_is_waited_for_even_by_a_first_attempt() {
    let at = Timestamp::from_secs(1_003);
    let (_, queue) = told(vec![Reservation::Start { at }], vec![]);
    assert!(
        queue
            .enter(&key(), Wanted::default())
            .permit()
            .await
            .unwrap()
            .sent_at()
            >= at
    );
}

#[tokio::test(start_paused = true)]
async fn a_departure_that_others_pushed_back_waits_for_its_new_time() {
    let (at, until) = (Timestamp::from_secs(1_001), Timestamp::from_secs(1_009));
    let (_, queue) = told(
        vec![Reservation::Start { at }],
        vec![Departure::Wait { until }],
    );
    let permit = queue
        .enter(&key(), limited(&queue, ms(10)))
        .permit()
        .await
        .unwrap();
    assert!(permit.sent_at() >= until);
}

#[tokio::test(start_paused = true)]
async fn a_closed_limit_answers_with_its_reason_and_the_line_goes_on() {
    let until = Some(Timestamp::from_secs(2_000));
    let closed = Reservation::Closed {
        until,
        why: "spend limit".into(),
    };
    let (_, queue) = told(
        vec![
            closed,
            Reservation::Start {
                at: Timestamp::from_secs(1_000),
            },
        ],
        vec![],
    );
    let first = queue.enter(&key(), limited(&queue, ms(10)));
    let second = queue.enter(&key(), limited(&queue, ms(10)));
    let (first, second) = tokio::join!(first.permit(), second.permit());
    assert_eq!(
        first.unwrap_err(),
        AcquireError::Closed {
            until,
            why: "spend limit".into()
        }
    );
    assert!(second.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_permit_keeps_its_estimate_and_a_dropped_place_gives_it_back() {
    let start = Reservation::Start {
        at: Timestamp::from_secs(1_000),
    };
    let (store, queue) = told(vec![start], vec![]);
    drop(
        queue
            .enter(&key(), Wanted::default())
            .permit()
            .await
            .unwrap(),
    );
    drop(queue.enter(&key(), Wanted::default()));
    assert_eq!(
        *store.released.lock().unwrap(),
        [(OpId(1), true), (OpId(2), false)]
    );
}
