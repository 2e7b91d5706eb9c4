//! Who waits for a file and who does not, and the log before it.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use rusqlite::Connection;
use tidegate_core::Timestamp;
use tidegate_core::quota::{Dimension, Limit, Limits, OpId};
use tidegate_queue::{QueueStore, Report, SqliteStore};

use crate::desk::{Hand, a_second_each, ask, is_go};
use crate::file::{goes, key, known};

const TTL: Duration = Duration::from_secs(10);

/// Another process in the middle of its transaction.
fn writing(path: &Path) -> Connection {
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

async fn is_pending<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send + '_>>) -> bool {
    let once = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
    once.await.is_pending()
}

#[tokio::test]
async fn an_answer_nobody_stayed_to_hear_holds_nothing() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let store = SqliteStore::open(&path).unwrap();
    let (key, asks, limits) = (key(), [ask(1)], Limits::UNKNOWN);
    let other = writing(&path);
    let mut turn = store.ask(&key, &asks, &limits, Timestamp::default());
    assert!(is_pending(&mut turn).await);
    drop(other);
    assert_eq!(in_flight(&store).await, 1, "it is answered");
    drop(turn);
    assert_eq!(in_flight(&store).await, 0);
}

#[tokio::test]
async fn whoever_asks_waits_for_nobody_where_the_file_is_free() {
    let place = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&place.path().join("queue.db")).unwrap();
    let (key, asks, limits) = (key(), [ask(1)], Limits::UNKNOWN);
    let mut turn = store.ask(&key, &asks, &limits, Timestamp::default());
    assert!(!is_pending(&mut turn).await);
}

#[tokio::test]
async fn nobody_overtakes_what_waits_for_the_file() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let store = SqliteStore::open(&path).unwrap();
    let (key, first, second, limits) = (key(), [ask(1)], [ask(2)], a_second_each());
    let other = writing(&path);
    let mut one = store.ask(&key, &first, &limits, Timestamp::default());
    assert!(is_pending(&mut one).await);
    drop(other);
    let turn = store.ask(&key, &second, &limits, Timestamp::default());
    assert!(!is_go(turn.await.unwrap()));
    assert!(is_go(one.await.unwrap()));
}

#[tokio::test]
async fn what_is_not_told_at_once_is_told_when_the_file_is_free() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let store = SqliteStore::open(&path).unwrap();
    let limits = Limits::UNKNOWN;
    assert!(goes(&store, 1, &limits).await);
    let other = writing(&path);
    store.report_later(
        &key(),
        OpId(1),
        Report::Ended,
        &limits,
        Timestamp::default(),
    );
    drop(other);
    assert_eq!(in_flight(&store).await, 0);
}

#[tokio::test]
async fn whoever_has_ended_does_not_wait_for_the_file() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let store = SqliteStore::open(&path).unwrap();
    let (key, limits, now) = (key(), Limits::UNKNOWN, Timestamp::default());
    assert!(goes(&store, 1, &limits).await);
    let other = writing(&path);
    let mut told = store.report(&key, OpId(1), Report::Ended, &limits, now);
    assert!(!is_pending(&mut told).await);
    drop(other);
    assert_eq!(in_flight(&store).await, 0);
}

async fn in_flight(store: &SqliteStore) -> u32 {
    let all = store.status(&|_| Limits::UNKNOWN, Timestamp::default());
    all.await.unwrap()[0].standing.in_flight
}

#[tokio::test]
async fn a_log_that_nobody_took_over_is_read_by_the_next() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let limits = a_second_each();
    let store = SqliteStore::open_with(&path, Hand::new(), TTL).unwrap();
    assert!(goes(&store, 1, &limits).await);
    drop(store);
    assert!(
        std::fs::metadata(path.with_extension("db-wal"))
            .unwrap()
            .len()
            > 0
    );
    let store = SqliteStore::open_with(&path, Hand::new(), TTL).unwrap();
    assert!(!goes(&store, 2, &limits).await);
}

#[tokio::test]
async fn a_long_log_is_taken_over_by_whoever_closes_the_file() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let store = SqliteStore::open(&path).unwrap();
    for op in 0..200 {
        assert!(goes(&store, op, &in_plenty()).await);
    }
    drop(store);
    assert_eq!(
        std::fs::metadata(path.with_extension("db-wal"))
            .unwrap()
            .len(),
        0
    );
    assert_eq!(known(&SqliteStore::open(&path).unwrap()).await, 1);
}

#[tokio::test]
async fn a_log_does_not_grow_for_ever() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let store = SqliteStore::open(&path).unwrap();
    for op in 0..8_000 {
        assert!(goes(&store, op, &in_plenty()).await);
        let (key, ended) = (key(), Report::Ended);
        let told = store.report(
            &key,
            OpId(op),
            ended,
            &Limits::UNKNOWN,
            Timestamp::default(),
        );
        told.await.unwrap();
    }
    let long = std::fs::metadata(path.with_extension("db-wal"))
        .unwrap()
        .len();
    assert!(long < 4000 * 4120, "{long} bytes for 16,000 pages");
}

fn in_plenty() -> Limits {
    Limits::UNKNOWN.with(
        Dimension::Requests,
        Limit::window(100_000, Duration::from_secs(3600)),
    )
}
