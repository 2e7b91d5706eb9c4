//! What a store on a server does besides, and what it leaves there.

use std::task::Poll;
use std::time::Duration;

use tidegate_core::quota::{Limits, OpId, Refusal};
use tidegate_core::{LimitKey, Secret, Timestamp};
use tidegate_queue::{QueueStore, RedisOptions, RedisStore, Report, StoreError, Turn};

use crate::desk::{Hand, a_second_each, ask, is_go};
use crate::server::Server;

pub(crate) const UNKNOWN: Limits = Limits::UNKNOWN;

pub(crate) fn key() -> LimitKey {
    LimitKey::new("vendor host account")
}

pub(crate) fn connected(server: &Server) -> RedisStore {
    RedisStore::connect(&server.options()).unwrap()
}

pub(crate) async fn turn(store: &RedisStore, op: u64, limits: &Limits) -> Result<Turn, StoreError> {
    let (key, asks) = (key(), [ask(op)]);
    store.ask(&key, &asks, limits, Timestamp::default()).await
}

pub(crate) async fn goes(store: &RedisStore, op: u64, limits: &Limits) -> bool {
    is_go(turn(store, op, limits).await.unwrap())
}

async fn ends(store: &RedisStore, op: u64) {
    let key = key();
    let told = store.report(
        &key,
        OpId(op),
        Report::Ended,
        &UNKNOWN,
        Timestamp::default(),
    );
    told.await.unwrap();
}

pub(crate) async fn in_flight(store: &RedisStore) -> u32 {
    let all = store.status(&|_| UNKNOWN, Timestamp::default());
    let all = all.await.unwrap();
    all.first().map_or(0, |row| row.standing.in_flight)
}

pub(crate) fn error_of(outcome: Result<Turn, StoreError>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_is_told_them_again() {
    let server = Server::start();
    let store = connected(&server);
    assert!(goes(&store, 1, &UNKNOWN).await);
    let _: () = server.run(&["SCRIPT", "FLUSH"]);
    assert!(goes(&store, 2, &UNKNOWN).await);
    assert_eq!(in_flight(&store).await, 2);
}

#[tokio::test]
async fn a_repeated_report_is_taken_once() {
    let server = Server::start();
    let store = connected(&server);
    assert!(goes(&store, 1, &UNKNOWN).await && goes(&store, 2, &UNKNOWN).await);
    ends(&store, 1).await;
    ends(&store, 1).await;
    assert_eq!(in_flight(&store).await, 1);
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_left_alone() {
    let server = Server::start();
    let newer = "redis.call('HSET', KEYS[1], 'state', struct.pack('<d', 99))";
    let limit = "tidegate:limit:vendor host account";
    let _: () = server.run(&["EVAL", newer, "1", limit]);
    let before: Vec<Vec<u8>> = server.run(&["HGETALL", limit]);
    let store = connected(&server);
    let error = error_of(turn(&store, 1, &UNKNOWN).await);
    assert!(
        error.contains("newer version") && error.contains("99"),
        "{error}"
    );
    assert_eq!(server.run::<Vec<Vec<u8>>>(&["HGETALL", limit]), before);
}

#[tokio::test]
async fn a_broken_state_is_begun_anew() {
    let server = Server::start();
    let limit = "tidegate:limit:vendor host account";
    let _: () = server.run(&["HSET", limit, "state", "broken"]);
    let store = connected(&server);
    assert!(goes(&store, 1, &a_second_each()).await);
    assert!(!goes(&store, 2, &a_second_each()).await);
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_nobody_up() {
    let server = Server::start();
    let hand = Hand::new();
    let clock = hand.clone();
    let ahead = Duration::from_secs(3600);
    let other =
        RedisStore::connect_by(&server.options(), move || clock.now().saturating_add(ahead));
    let other = other.unwrap();
    assert!(goes(&other, 1, &a_second_each()).await);
    assert!(!goes(&other, 2, &a_second_each()).await);
    let clock = hand.clone();
    let store = RedisStore::connect_by(&server.options(), move || clock.now()).unwrap();
    assert!(goes(&store, 3, &a_second_each()).await);
    assert!(!goes(&store, 4, &a_second_each()).await);
}

#[tokio::test]
async fn every_key_has_the_prefix_and_expires() {
    let server = Server::start();
    let options = RedisOptions {
        prefix: "ours:".to_owned(),
        ..server.options()
    };
    let store = RedisStore::connect(&options).unwrap();
    assert!(goes(&store, 1, &UNKNOWN).await && goes(&store, 2, &UNKNOWN).await);
    ends(&store, 1).await;
    let keys: Vec<String> = server.run(&["KEYS", "*"]);
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in keys {
        assert!(key.starts_with("ours:"), "{key}");
        assert!(server.run::<i64>(&["PTTL", &key]) > 0, "{key}");
    }
}

#[tokio::test]
async fn a_closure_is_remembered_longer_than_an_idle_limit() {
    let server = Server::start();
    let store = connected(&server);
    assert!(goes(&store, 1, &UNKNOWN).await);
    let month = Duration::from_secs(30 * 24 * 3600);
    let spent = Report::Refused(Refusal::Exhausted {
        after: u64::try_from(month.as_micros()).unwrap(),
    });
    let key = key();
    let told = store.report(&key, OpId(1), spent, &UNKNOWN, Timestamp::default());
    told.await.unwrap();
    let expires: u128 = server.run(&["PTTL", "tidegate:limit:vendor host account"]);
    assert!(expires > month.as_millis(), "{expires}");
}

#[tokio::test]
async fn with_a_hash_key_no_name_is_on_the_server() {
    let server = Server::start();
    let options = RedisOptions {
        hash_key: Some(Secret::new("salt")),
        ..server.options()
    };
    let store = RedisStore::connect(&options).unwrap();
    assert!(goes(&store, 1, &UNKNOWN).await);
    let keys: Vec<String> = server.run(&["KEYS", "*"]);
    let names: Vec<String> = server.run(&["ZRANGE", "tidegate:limits", "0", "-1"]);
    for text in keys.iter().chain(&names) {
        assert!(!text.contains("account"), "{text}");
    }
    let other = RedisStore::connect(&options).unwrap();
    assert_eq!(
        other.reset(&key()).await,
        Ok(true),
        "whoever has the key knows it"
    );
    let all = store.status(&|_| UNKNOWN, Timestamp::default()).await;
    assert_eq!(
        all.unwrap()[0].key,
        key().as_str(),
        "and so does whoever uses it"
    );
}

#[tokio::test]
async fn those_who_hold_something_are_named() {
    let server = Server::start();
    let store = connected(&server);
    assert!(goes(&store, 1, &UNKNOWN).await);
    let all = store
        .status(&|_| UNKNOWN, Timestamp::default())
        .await
        .unwrap();
    let holder = &all[0].holders[0];
    assert_eq!(holder.attempts, 1);
    let process = format!("(process {} on ", std::process::id());
    assert!(holder.name.contains(&process), "{}", holder.name);
}

#[tokio::test]
async fn whoever_only_waits_hears_who_joins() {
    let server = Server::start();
    let options = RedisOptions {
        ttl: Duration::from_millis(300),
        ..server.options()
    };
    let store = RedisStore::connect(&options).unwrap();
    assert!(goes(&store, 1, &UNKNOWN).await);
    let sharers = || store.last_known(&key()).unwrap().sharers;
    assert_eq!(sharers(), 1);
    let other = RedisStore::connect(&options).unwrap();
    assert!(goes(&other, 1, &UNKNOWN).await);
    while sharers() < 2 {
        store.reach().await.unwrap();
    }
    drop(other);
    while sharers() > 1 {
        store.reach().await.unwrap();
    }
}

#[tokio::test]
async fn an_attempt_nobody_knows_of_is_dropped_when_its_process_is_renewed() {
    let server = Server::start();
    let options = RedisOptions {
        ttl: Duration::from_millis(300),
        ..server.options()
    };
    let store = RedisStore::connect(&options).unwrap();
    assert!(goes(&store, 1, &UNKNOWN).await && goes(&store, 2, &UNKNOWN).await);
    let limit = "tidegate:limit:vendor host account";
    let held = || {
        let fields: Vec<String> = server.run(&["HKEYS", limit]);
        let held = fields.into_iter().filter(|field| field.starts_with('l'));
        held.collect::<Vec<_>>()
    };
    let forged = format!("{}0", held()[0]);
    let copy = "redis.call('HSET', KEYS[1], ARGV[2], redis.call('HGET', KEYS[1], ARGV[1]))";
    let _: () = server.run(&["EVAL", copy, "1", limit, &held()[0], &forged]);
    assert_eq!(held().len(), 3);
    while held().contains(&forged) {
        store.reach().await.unwrap();
    }
    assert_eq!(held().len(), 2, "those it knows stay");
}

#[tokio::test]
async fn reports_from_destructors_are_sent_before_the_store_is_gone() {
    let server = Server::start();
    let many = Limits {
        max_concurrency: Some(3000),
        ..a_second_each()
    };
    let many = many.with(
        tidegate_core::quota::Dimension::Requests,
        tidegate_core::quota::Limit::window(9000, Duration::from_secs(3600)),
    );
    let store = connected(&server);
    for op in 0..1500 {
        assert!(goes(&store, op, &many).await);
    }
    for op in 0..1500 {
        store.report_later(
            &key(),
            OpId(op),
            Report::Unsent,
            &many,
            Timestamp::default(),
        );
    }
    drop(store);
    let store = connected(&server);
    let all = store.status(&|_| many, Timestamp::default()).await.unwrap();
    assert_eq!((all[0].standing.in_flight, all[0].holders.len()), (0, 0));
    let fields: Vec<String> = server.run(&["HKEYS", "tidegate:limit:vendor host account"]);
    assert_eq!(fields, ["state"], "it has said goodbye");
}

#[tokio::test]
async fn an_answer_nobody_stayed_to_hear_holds_nothing() {
    let server = Server::start();
    let store = connected(&server);
    let (key, asks) = (key(), [ask(1)]);
    let mut turn = store.ask(&key, &asks, &UNKNOWN, Timestamp::default());
    let asked = std::future::poll_fn(|context| Poll::Ready(turn.as_mut().poll(context)));
    assert!(asked.await.is_pending());
    drop(turn);
    assert!(goes(&store, 2, &UNKNOWN).await);
    assert_eq!(in_flight(&store).await, 1);
}
