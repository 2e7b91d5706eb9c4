//! Looking at a place in line while somebody else waits for it.

use std::sync::Arc;
use std::time::Duration;

use tidegate_core::quota::{Dimension, Limit, Limits};
use tidegate_core::{Cost, LimitKey, Timestamp};
use tidegate_queue::{
    Admission, Clock, MemoryStore, Pacing, Place, Position, Queue, QueueStore, Wanted,
};
use tokio::time::advance;

const START: Timestamp = Timestamp::from_secs(1_000);

fn queue(store: &Arc<dyn QueueStore>) -> Queue {
    Queue::new(Arc::clone(store), Clock::starting_at(START))
}

/// A place in a line that lets one leave each second.
async fn place(queue: &Queue) -> Place {
    let admission = Admission {
        limits: Limits::UNKNOWN.with(Dimension::Requests, Limit::per_minute(60)),
        ..Admission::default()
    };
    let wanted = Wanted {
        cost: Cost {
            requests: 1,
            ..Cost::default()
        },
        pacing: Pacing::Adaptive(admission),
        ..Wanted::default()
    };
    let mut place = queue.enter(&LimitKey::new("account"), wanted);
    place.step_up().await.expect("memory answers");
    place
}

fn at(ahead: usize, second: u64) -> Position {
    let expected = START.saturating_add(Duration::from_secs(second));
    Position { ahead, expected }
}

#[tokio::test(start_paused = true)]
async fn a_position_moves_up_with_every_departure_and_is_gone_with_the_place() {
    let queue = queue(&(Arc::new(MemoryStore::default()) as _));
    let first = place(&queue).await.permit().await;
    let (second, third) = (place(&queue).await, place(&queue).await);
    let watch = third.watch().expect("it is paced by its limit");
    assert_eq!(watch.position(), Some(at(1, 2)));
    let third = tokio::spawn(third.permit());
    let second = second.permit().await;
    tokio::task::yield_now().await;
    assert_eq!(watch.position(), Some(at(0, 2)));
    advance(Duration::from_secs(1)).await;
    assert!(third.await.is_ok_and(|permit| permit.is_ok()));
    assert_eq!(watch.position(), None);
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn those_of_other_processes_are_ahead_too() {
    let store = Arc::new(MemoryStore::default()) as _;
    let (here, there) = (queue(&store), queue(&store));
    let first = place(&there).await.permit().await;
    let theirs = place(&there).await;
    let ours = place(&here).await;
    let watch = ours.watch().expect("it is paced by its limit");
    assert_eq!((ours.ahead(), watch.position()), (1, Some(at(1, 2))));
    drop((first, theirs));
}

#[tokio::test(start_paused = true)]
async fn a_watch_keeps_no_queue_alive() {
    let queue = queue(&(Arc::new(MemoryStore::default()) as _));
    let first = place(&queue).await.permit().await;
    let second = place(&queue).await;
    let watch = second.watch().expect("it is paced by its limit");
    drop((first, second, queue));
    tokio::task::yield_now().await;
    assert_eq!(watch.position(), None);
}
