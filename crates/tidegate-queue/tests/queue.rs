//! The waiting, under a paused clock.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use std::future::{Future as _, poll_fn};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate_core::{LimitKey, Timestamp};
use tidegate_queue::{AcquireError, Clock, MemoryStore, Pacing, Place, Queue, Slot, Wanted};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn queue() -> Queue {
    Queue::new(
        Arc::new(MemoryStore::default()),
        Clock::starting_at(Timestamp::from_secs(1_000)),
    )
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
        pacing: Pacing::Spaced { slot: Some(slot) },
        ..Wanted::default()
    }
}

#[tokio::test(start_paused = true)]
async fn limited_attempts_leave_one_spacing_apart_in_the_order_they_came() {
    let queue = queue();
    let (start, gone) = (queue.clock().now(), Arc::new(Mutex::new(Vec::new())));
    let places: Vec<_> = (0..5)
        .map(|_| queue.enter(&key(), limited(&queue, ms(50))))
        .collect();
    let tasks: Vec<_> = places
        .into_iter()
        .enumerate()
        .rev()
        .map(|(number, place)| {
            let gone = Arc::clone(&gone);
            tokio::spawn(async move {
                let permit = place.permit().await.unwrap();
                gone.lock().unwrap().push((number, permit.sent_at()));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let gone = gone.lock().unwrap();
    assert_eq!(
        gone.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4]
    );
    let expected: Vec<_> = (1..=5)
        .map(|slot| start.saturating_add(ms(50 * slot)))
        .collect();
    let late = gone
        .iter()
        .zip(&expected)
        .map(|((_, at), expected)| at.saturating_since(*expected));
    assert!(
        gone.iter()
            .zip(&expected)
            .all(|((_, at), expected)| at >= expected)
    );
    assert!(
        late.max().unwrap() <= ms(5 * 2),
        "timers have a resolution of a millisecond"
    );
}

#[tokio::test(start_paused = true)]
async fn the_next_one_leaves_its_spacing_after_the_one_before_has_really_left() {
    let queue = queue();
    let [first, next] = [(); 2].map(|()| queue.enter(&key(), limited(&queue, ms(50))));
    let mut first = first.permit().await.unwrap();
    let next = tokio::spawn(next.permit());
    tokio::time::sleep(ms(30)).await;
    let left = queue.clock().now();
    first.leaving().left();
    let next = next.await.unwrap().unwrap();
    let apart = next.sent_at().saturating_since(left);
    assert!(apart >= ms(50) && apart < ms(60), "{apart:?}");
}

#[tokio::test(start_paused = true)]
async fn a_line_does_not_wait_for_ever_for_one_that_does_not_leave() {
    let queue = queue();
    let [first, next] = [(); 2].map(|()| queue.enter(&key(), limited(&queue, ms(50))));
    let mut first = first.permit().await.unwrap();
    let _staying = first.leaving();
    drop(next.permit().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_first_attempt_stands_in_no_line() {
    let queue = queue();
    let waiting = queue.enter(&key(), limited(&queue, ms(60_000)));
    let before = queue.clock().now();
    let first = queue.enter(&key(), Wanted::default());
    assert!(!first.is_waiting() && waiting.is_waiting());
    assert_eq!(first.permit().await.unwrap().sent_at(), before);
}

#[tokio::test(start_paused = true)]
async fn a_place_tells_who_is_ahead_and_when_it_should_leave() {
    let queue = queue();
    let start = queue.clock().now();
    let places: Vec<_> = (0..3)
        .map(|_| queue.enter(&key(), limited(&queue, ms(50))))
        .collect();
    assert_eq!(
        places.iter().map(Place::ahead).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert_eq!(places[2].expected(), Some(start.saturating_add(ms(150))));
}

#[tokio::test(start_paused = true)]
async fn limits_do_not_wait_for_each_other() {
    let queue = queue();
    let start = queue.clock().now();
    let _long = queue.enter(&LimitKey::new("other"), limited(&queue, ms(60_000)));
    let permit = queue
        .enter(&key(), limited(&queue, ms(10)))
        .permit()
        .await
        .unwrap();
    assert!(permit.sent_at().saturating_since(start) < ms(20));
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_the_line_delays_nobody() {
    let queue = queue();
    let start = queue.clock().now();
    let head = queue.enter(&key(), limited(&queue, ms(10_000)));
    let next = queue.enter(&key(), limited(&queue, ms(50)));
    let waiting = tokio::spawn(next.permit());
    tokio::task::yield_now().await;
    drop(head);
    let permit = waiting.await.unwrap().unwrap();
    assert!(
        permit.sent_at().saturating_since(start) < ms(60),
        "{:?}",
        permit.sent_at().saturating_since(start)
    );
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_never_used_does_not_hold_up_the_line() {
    let queue = queue();
    let permit = queue
        .enter(&key(), limited(&queue, ms(10)))
        .permit()
        .await
        .unwrap();
    drop(permit);
    let again = queue.enter(&key(), limited(&queue, ms(10))).permit();
    let _permit = tokio::time::timeout(ms(100), again)
        .await
        .expect("the line goes on")
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_waiter_is_woken_once_when_its_turn_has_come() {
    let queue = queue();
    let waiters = (0..50).map(|_| {
        let mut permit = Box::pin(queue.enter(&key(), limited(&queue, ms(20))).permit());
        let mut polls = 0;
        poll_fn(move |context| {
            polls += 1;
            permit
                .as_mut()
                .poll(context)
                .map(|permit| permit.map(|_permit| polls))
        })
    });
    let waiters: Vec<_> = waiters.map(tokio::spawn).collect();
    for waiter in waiters {
        assert_eq!(
            waiter.await.unwrap().unwrap(),
            2,
            "polled to stand in line, and once to leave"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_called_and_does_not_come_does_not_hold_up_the_line() {
    let queue = queue();
    // Called when its time has come, but nobody polls it.
    let _asleep = queue.enter(&key(), limited(&queue, ms(10)));
    let next = queue.enter(&key(), limited(&queue, ms(10))).permit();
    let _permit = tokio::time::timeout(ms(5_000), next)
        .await
        .expect("the line goes on")
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_the_line_does_not_count_for_those_who_come_later() {
    let queue = queue();
    let start = queue.clock().now();
    let _head = queue.enter(&key(), limited(&queue, ms(100)));
    drop(queue.enter(&key(), limited(&queue, ms(300_000))));
    assert_eq!(
        queue.enter(&key(), limited(&queue, ms(100))).expected(),
        Some(start.saturating_add(ms(200)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_turn_past_the_deadline_is_refused_at_once() {
    let queue = queue();
    let start = queue.clock().now();
    let _head = queue.enter(&key(), limited(&queue, ms(400)));
    let wanted = Wanted {
        deadline: Some(start.saturating_add(ms(500))),
        ..limited(&queue, ms(400))
    };
    let refused = queue.enter(&key(), wanted).permit().await.unwrap_err();
    assert_eq!(
        refused,
        AcquireError::DeadlineTooClose {
            earliest: Some(start.saturating_add(ms(800)))
        }
    );
    assert_eq!(queue.clock().now(), start, "without waiting");
}

#[tokio::test(start_paused = true)]
async fn the_backoff_of_one_run_is_untouched_by_runs_before_it() {
    let queue = queue();
    for backoff in [100, 200, 400, 100, 200, 400].map(ms) {
        let before = queue.clock().now();
        let permit = queue
            .enter(&key(), limited(&queue, backoff))
            .permit()
            .await
            .unwrap();
        let waited = permit.sent_at().saturating_since(before);
        assert!(
            waited >= backoff && waited < backoff + ms(5),
            "{waited:?} for {backoff:?}"
        );
    }
}

#[test]
fn waiters_survive_the_runtime_their_dispatcher_lived_on() {
    let queue = queue_of_real_time();
    let first = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let second = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    // The first to enter brings the dispatcher to its own runtime, which then ends.
    let (head, place) = first.block_on(async {
        (
            queue.enter(&key(), limited(&queue, ms(5))),
            queue.enter(&key(), limited(&queue, ms(5))),
        )
    });
    drop(first);
    let both = async { tokio::join!(head.permit(), place.permit()) };
    let (head, place) = second
        .block_on(async { tokio::time::timeout(ms(10_000), both).await })
        .expect("they are served");
    assert!(head.is_ok() && place.is_ok());
}

fn queue_of_real_time() -> Queue {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    Queue::new(Arc::new(MemoryStore::default()), Clock::system())
}
