//! Waiting under `adaptive` pacing, by a paused clock.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate_core::quota::{Dimension, Limit, Limits, Priority, Refusal, Waiting};
use tidegate_core::{Cost, LimitKey, ObservedLimits, Timestamp};
use tidegate_queue::{
    AcquireError, Admission, Clock, MemoryStore, Number, Pacing, Permit, Queue, Wanted,
};

const START: Timestamp = Timestamp::from_secs(1_000);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn queue() -> Queue {
    Queue::new(Arc::new(MemoryStore::default()), Clock::starting_at(START))
}

fn key() -> LimitKey {
    LimitKey::new("account")
}

/// Sixty requests a minute, one at once: a second each.
fn a_second_each() -> Limits {
    Limits::UNKNOWN.with(Dimension::Requests, Limit::per_minute(60))
}

fn wanted(limits: Limits) -> Wanted {
    let admission = Admission {
        limits,
        ..Admission::default()
    };
    Wanted {
        cost: tokens(0),
        pacing: Pacing::Adaptive(admission),
        deadline: None,
    }
}

fn again(limits: Limits, number: Option<Number>) -> Wanted {
    let admission = Admission {
        limits,
        again: number,
        ..Admission::default()
    };
    Wanted {
        pacing: Pacing::Adaptive(admission),
        ..wanted(limits)
    }
}

const fn tokens(input_tokens: u64) -> Cost {
    Cost {
        requests: 1,
        input_tokens,
        output_tokens: 0,
    }
}

/// Seconds since the start at which a permit was given.
fn at(permit: &Permit) -> f64 {
    permit.sent_at().saturating_since(START).as_secs_f64()
}

async fn permit(queue: &Queue, wanted: Wanted) -> Permit {
    queue.enter(&key(), wanted).permit().await.unwrap()
}

type Left = Arc<Mutex<Vec<(usize, f64)>>>;

/// Enters one after the other, and notes who left when.
async fn all(queue: &Queue, wanted: impl IntoIterator<Item = Wanted>) -> Vec<(usize, f64)> {
    let left = Left::default();
    let mut tasks = Vec::new();
    for (number, wanted) in wanted.into_iter().enumerate() {
        let (place, left) = (queue.enter(&key(), wanted), Arc::clone(&left));
        tasks.push(tokio::spawn(async move {
            let permit = place.permit().await.unwrap();
            left.lock().unwrap().push((number, at(&permit)));
            permit.settle(wanted.cost).await.unwrap();
        }));
        tokio::task::yield_now().await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    let left = left.lock().unwrap();
    left.clone()
}

#[tokio::test(start_paused = true)]
async fn everyone_leaves_in_order_at_the_pace_of_the_limit() {
    let left = all(&queue(), (0..5).map(|_| wanted(a_second_each()))).await;
    assert_eq!(
        left.iter().map(|left| left.0).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4]
    );
    for ((number, seconds), due) in left.into_iter().zip([0.0, 1.0, 2.0, 3.0, 4.0]) {
        assert!(
            seconds >= due && seconds < due + 0.01,
            "{number} left at {seconds}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_is_woken_once() {
    let queue = queue();
    let waiters: Vec<_> = (0..50)
        .map(|_| {
            let mut permit = Box::pin(queue.enter(&key(), wanted(a_second_each())).permit());
            let mut polls = 0;
            tokio::spawn(poll_fn(move |context| {
                polls += 1;
                let permit = permit.as_mut().poll(context);
                permit.map(|permit| permit.map(|_permit| polls))
            }))
        })
        .collect();
    let mut most = 0;
    for waiter in waiters {
        most = most.max(waiter.await.unwrap().unwrap());
    }
    assert_eq!(most, 2, "polled to stand in line, and once to leave");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_watched_goes_before_those_nobody_watches() {
    let queue = queue();
    let batch = Admission {
        limits: a_second_each(),
        priority: Priority::Batch,
        ..Admission::default()
    };
    let batch = Wanted {
        pacing: Pacing::Adaptive(batch),
        ..wanted(a_second_each())
    };
    let left = all(&queue, [batch, batch, batch, wanted(a_second_each())]).await;
    assert_eq!(
        left.iter().map(|left| left.0).collect::<Vec<_>>(),
        [0, 3, 1, 2]
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_one_comes_back_before_those_who_came_later() {
    let queue = queue();
    let first = permit(&queue, wanted(a_second_each())).await;
    let number = first.number();
    let later = queue.enter(&key(), wanted(a_second_each()));
    let later = tokio::spawn(async move { at(&later.permit().await.unwrap()) });
    tokio::task::yield_now().await;
    first
        .refused(Refusal::limited(Some(ms(3_000))))
        .await
        .unwrap();
    let back = at(&permit(&queue, again(a_second_each(), number)).await);
    assert!((3.0..3.1).contains(&back), "{back}");
    assert!(later.await.unwrap() > back);
}

#[tokio::test(start_paused = true)]
async fn a_number_is_that_of_the_first_time_it_asked() {
    use tidegate_queue::{Ask, QueueStore as _, Turn};
    let (store, limits) = (MemoryStore::default(), a_second_each());
    let ask = |op| Ask {
        op: tidegate_core::quota::OpId(op),
        cost: tokens(0),
        priority: Priority::Interactive,
        seq: None,
        within: None,
    };
    let mut numbers = Vec::new();
    for (op, at) in [(1, 0), (2, 1), (3, 2), (2, 3), (2, 1_000_000)] {
        let now = Timestamp::from_micros(START.as_micros() + at);
        match store.ask(&key(), &[ask(op)], &limits, now).await.unwrap() {
            Turn::Go { seq, .. } | Turn::Wait { seq, .. } => numbers.push(seq),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(numbers, [1, 2, 3, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_one_goes_ahead_and_the_others_follow_its_success() {
    let queue = queue();
    let unknown = Limits::UNKNOWN;
    let permits = [
        permit(&queue, wanted(unknown)).await,
        permit(&queue, wanted(unknown)).await,
    ];
    for permit in permits {
        permit
            .refused(Refusal::limited(Some(ms(5_000))))
            .await
            .unwrap();
    }
    let probe = permit(&queue, wanted(unknown)).await;
    assert!((5.0..5.1).contains(&at(&probe)), "{}", at(&probe));
    let place = queue.enter(&key(), wanted(unknown));
    let next = tokio::spawn(async move { place.permit().await.unwrap() });
    tokio::task::yield_now().await;
    assert!(!next.is_finished(), "it waits for the verdict");
    probe.accepted(ObservedLimits::default()).await.unwrap();
    let next = next.await.unwrap();
    assert!(at(&next) < 7.0, "at the pace that was found: {}", at(&next));
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_provider_is_left_alone_for_as_long_as_it_asked() {
    let queue = queue();
    let after = Some(4_000_000);
    let first = permit(&queue, wanted(a_second_each())).await;
    first.refused(Refusal::Overloaded { after }).await.unwrap();
    let next = permit(&queue, wanted(a_second_each())).await;
    assert!((4.0..4.1).contains(&at(&next)), "{}", at(&next));
}

#[tokio::test(start_paused = true)]
async fn a_turn_past_the_deadline_is_refused_at_once() {
    let queue = queue();
    let _first = permit(&queue, wanted(a_second_each())).await;
    let places: Vec<_> = (0..3)
        .map(|_| queue.enter(&key(), wanted(a_second_each())))
        .collect();
    let waiting: Vec<_> = places
        .into_iter()
        .map(|place| tokio::spawn(place.permit()))
        .collect();
    tokio::time::sleep(ms(10)).await;
    let before = queue.clock().now();
    let late = Wanted {
        deadline: Some(START.saturating_add(ms(2_500))),
        ..wanted(a_second_each())
    };
    let refused = queue.enter(&key(), late).permit().await.unwrap_err();
    assert!(
        matches!(
            refused,
            AcquireError::DeadlineTooClose { earliest: Some(_) }
        ),
        "{refused:?}"
    );
    assert_eq!(queue.clock().now(), before, "without waiting");
    for place in waiting {
        drop(place.await.unwrap().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_never_leave_fails_at_once() {
    let limits = Limits::UNKNOWN.with(Dimension::Tokens, Limit::tokens_per_minute(1_000));
    let large = Wanted {
        cost: tokens(1_001),
        ..wanted(limits)
    };
    let refused = queue().enter(&key(), large).permit().await.unwrap_err();
    assert_eq!(refused, AcquireError::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn a_spent_quota_closes_the_limit_until_it_is_renewed() {
    let queue = queue();
    let spent = permit(&queue, wanted(Limits::UNKNOWN)).await;
    spent
        .refused(Refusal::Exhausted { after: 60_000_000 })
        .await
        .unwrap();
    let closed = queue
        .enter(&key(), wanted(Limits::UNKNOWN))
        .permit()
        .await
        .unwrap_err();
    let until = START.saturating_add(ms(60_000));
    assert_eq!(closed, AcquireError::Closed { until });
    assert!(queue.reset(&key()).await.unwrap());
    drop(permit(&queue, wanted(Limits::UNKNOWN)).await);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_the_line_delays_nobody() {
    let queue = queue();
    let _first = permit(&queue, wanted(a_second_each())).await;
    let second = queue.enter(&key(), wanted(a_second_each()));
    let second = tokio::spawn(second.permit());
    tokio::task::yield_now().await;
    let third = queue.enter(&key(), wanted(a_second_each()));
    let third = tokio::spawn(third.permit());
    tokio::task::yield_now().await;
    second.abort();
    let third = third.await.unwrap().unwrap();
    assert!(at(&third) < 1.1, "it moved up: {}", at(&third));
}

#[tokio::test(start_paused = true)]
async fn what_was_let_go_and_never_sent_is_given_back() {
    let queue = queue();
    permit(&queue, wanted(a_second_each())).await.refund();
    assert!(at(&permit(&queue, wanted(a_second_each())).await) < 0.01);
}

#[tokio::test(start_paused = true)]
async fn unused_tokens_let_the_next_one_leave_sooner() {
    let queue = queue();
    let limits = Limits::UNKNOWN.with(Dimension::Tokens, Limit::bucket(60_000, ms(60_000), 1_000));
    let costly = Wanted {
        cost: tokens(20_000),
        ..wanted(limits)
    };
    let first = permit(&queue, costly).await;
    let place = queue.enter(
        &key(),
        Wanted {
            cost: tokens(100),
            ..wanted(limits)
        },
    );
    let next = tokio::spawn(async move { place.permit().await.unwrap() });
    tokio::time::sleep(ms(500)).await;
    first.settle(tokens(100)).await.unwrap();
    let next = next.await.unwrap();
    assert!(at(&next) < 1.0, "not after twenty seconds: {}", at(&next));
}

#[tokio::test(start_paused = true)]
async fn small_ones_go_by_a_big_one_that_must_wait_and_never_for_ever() {
    let queue = queue();
    let limits = Limits::UNKNOWN
        .with(Dimension::Requests, Limit::bucket(600, ms(60_000), 1))
        .with(Dimension::Tokens, Limit::bucket(60_000, ms(60_000), 10_000));
    let of = |cost| Wanted {
        cost,
        ..wanted(limits)
    };
    let mut runs = vec![of(tokens(10_000)), of(tokens(10_000))];
    runs.extend((0..60).map(|_| of(tokens(10))));
    let left = all(&queue, runs).await;
    let big = left.iter().position(|left| left.0 == 1).unwrap();
    assert!((20..=40).contains(&big), "it left as the {big}th");
}

#[tokio::test(start_paused = true)]
async fn no_more_are_under_way_than_were_allowed() {
    let queue = queue();
    let limits = Limits {
        max_concurrency: Some(2),
        ..a_second_each()
    };
    let (first, second) = (
        permit(&queue, wanted(limits)).await,
        permit(&queue, wanted(limits)).await,
    );
    let place = queue.enter(&key(), wanted(limits));
    let third = tokio::spawn(async move { place.permit().await.unwrap() });
    tokio::time::sleep(ms(10_000)).await;
    assert!(!third.is_finished());
    drop(first);
    let third = third.await.unwrap();
    assert!(
        (11.0..11.1).contains(&at(&third)),
        "as soon as one ended: {}",
        at(&third)
    );
    drop((second, third));
}

#[tokio::test(start_paused = true)]
async fn a_place_tells_what_is_waited_for_and_until_when() {
    let queue = queue();
    let _first = permit(&queue, wanted(a_second_each())).await;
    let mut second = queue.enter(&key(), wanted(a_second_each()));
    second.step_up().await.unwrap();
    assert!(second.is_waiting());
    assert_eq!(second.why(), Some(Waiting::Pace));
    let expected = second.expected().unwrap().saturating_since(START);
    assert!(
        expected >= ms(1_000) && expected < ms(1_010),
        "{expected:?}"
    );
    let mut third = queue.enter(&key(), wanted(a_second_each()));
    third.step_up().await.unwrap();
    assert_eq!(third.ahead(), 1);
}
