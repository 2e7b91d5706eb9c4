//! What a store on a server does besides: connections that end, servers that are away, and what is left there.

use std::path::Path;
use std::task::Poll;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tidegate_core::quota::{Limits, OpId, Refusal};
use tidegate_core::{LimitKey, Secret, Timestamp};
use tidegate_queue::{
    Clock, QueueStore, RedisError, RedisOptions, RedisStore, Report, StoreError, Turn,
};

use crate::desk::{Hand, a_second_each, ask, is_go};
use crate::server::{Server, free_port};

const UNKNOWN: Limits = Limits::UNKNOWN;

fn key() -> LimitKey {
    LimitKey::new("vendor host account")
}

fn connected(server: &Server) -> RedisStore {
    RedisStore::connect(&server.options()).unwrap()
}

async fn turn(store: &RedisStore, op: u64, limits: &Limits) -> Result<Turn, StoreError> {
    let (key, asks) = (key(), [ask(op)]);
    store.ask(&key, &asks, limits, Timestamp::default()).await
}

async fn goes(store: &RedisStore, op: u64, limits: &Limits) -> bool {
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

async fn in_flight(store: &RedisStore) -> u32 {
    let all = store.status(&|_| UNKNOWN, Timestamp::default());
    let all = all.await.unwrap();
    all.first().map_or(0, |row| row.standing.in_flight)
}

fn error_of(outcome: Result<Turn, StoreError>) -> String {
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
async fn a_question_is_repeated_over_a_new_connection_when_the_old_one_was_cut() {
    let server = Server::start();
    let store = connected(&server);
    let first = turn(&store, 1, &UNKNOWN).await;
    let _: u64 = server.run(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert_eq!(turn(&store, 1, &UNKNOWN).await, first);
    assert_eq!(in_flight(&store).await, 1);
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
    let newer = "redis.call('SET', KEYS[1], cmsgpack.pack({ version = 99 }))";
    let state = "tidegate:state:vendor host account";
    let _: () = server.run(&["EVAL", newer, "1", state]);
    let before: Vec<u8> = server.run(&["GET", state]);
    let store = connected(&server);
    let error = error_of(turn(&store, 1, &UNKNOWN).await);
    assert!(
        error.contains("newer version") && error.contains("99"),
        "{error}"
    );
    assert_eq!(server.run::<Vec<u8>>(&["GET", state]), before);
}

#[tokio::test]
async fn a_broken_state_is_begun_anew() {
    let server = Server::start();
    let _: () = server.run(&["SET", "tidegate:state:vendor host account", "\u{1}broken"]);
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
    assert_eq!(keys.len(), 4, "{keys:?}");
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
    let expires: u128 = server.run(&["PTTL", "tidegate:state:vendor host account"]);
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
    let owners: u64 = server.run(&["HLEN", "tidegate:owners:vendor host account"]);
    assert_eq!(owners, 0, "it has said goodbye");
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

#[tokio::test]
async fn a_server_that_is_away_is_no_reason_not_to_begin() {
    let mut server = Server::start();
    server.kill();
    let store = connected(&server);
    let error = error_of(turn(&store, 1, &UNKNOWN).await);
    assert!(error.contains("refused"), "{error}");
    assert!(store.reach().await.is_err());
    server.restart();
    assert_eq!(store.reach().await, Ok(()));
    assert!(goes(&store, 1, &UNKNOWN).await);
}

#[tokio::test]
async fn a_question_to_a_server_that_hangs_holds_nothing_once_it_goes_on() {
    let server = Server::start();
    let options = RedisOptions {
        timeout: Duration::from_millis(200),
        ..server.options()
    };
    let store = RedisStore::connect(&options).unwrap();
    assert!(goes(&store, 1, &UNKNOWN).await);
    server.hold();
    let waited = Clock::system();
    let began = waited.now();
    assert!(turn(&store, 2, &UNKNOWN).await.is_err());
    assert!(waited.now().saturating_since(began) >= options.timeout);
    ends_later(&store, 1);
    server.go_on();
    while store.reach().await.is_err() {}
    assert_eq!(in_flight(&store).await, 0, "neither the one nor the other");
}

fn ends_later(store: &RedisStore, op: u64) {
    let ended = Report::Ended;
    store.report_later(&key(), OpId(op), ended, &UNKNOWN, Timestamp::default());
}

#[tokio::test]
async fn a_user_of_the_servers_access_list_may_use_it() {
    let server = Server::start();
    let _: () = server.run(&[
        "ACL",
        "SETUSER",
        "queue",
        "on",
        ">sesame-1234",
        "~tidegate:*",
        "+@all",
        "-@admin",
        "-@dangerous",
    ]);
    let url = |password: &str| {
        let address = server.url().expose().replace("redis://", "");
        Secret::new(format!("redis://queue:{password}@{address}"))
    };
    let store = RedisStore::connect(&RedisOptions::new(url("sesame-1234"))).unwrap();
    assert!(goes(&store, 1, &UNKNOWN).await);
    assert_eq!(in_flight(&store).await, 1);
    let store = RedisStore::connect(&RedisOptions::new(url("wrong-5678"))).unwrap();
    let error = error_of(turn(&store, 1, &UNKNOWN).await);
    assert!(!error.contains("wrong-5678"), "{error}");
}

#[tokio::test]
async fn an_authority_nobody_knows_is_not_trusted_until_it_is_named() {
    let files = tempfile::tempdir().unwrap();
    let (authority, options) = authority(files.path());
    let port = free_port().to_string();
    let mut words = vec!["--tls-port", &port];
    words.extend(options.iter().map(String::as_str));
    let _server = Server::start_with(&words);
    let url = Secret::new(format!("rediss://localhost:{port}"));
    let stranger = RedisStore::connect(&RedisOptions::new(url.clone())).unwrap();
    let error = error_of(turn(&stranger, 1, &UNKNOWN).await);
    assert!(error.contains("certificate"), "{error}");
    let options = RedisOptions {
        authority: Some(authority),
        ..RedisOptions::new(url)
    };
    let store = RedisStore::connect(&options).unwrap();
    assert!(goes(&store, 1, &UNKNOWN).await);
}

/// An authority's certificate, and how a server is told to use one that it issued.
fn authority(files: &Path) -> (Vec<u8>, Vec<String>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let file = |name: &str, text: String| {
        let path = files.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let options = [
        ("--tls-cert-file", file("server.pem", certificate.pem())),
        ("--tls-key-file", file("server.key", key.serialize_pem())),
        ("--tls-ca-cert-file", file("ca.pem", issuer.pem())),
        ("--tls-auth-clients", "no".to_owned()),
    ];
    let words = options.map(|(option, value)| [option.to_owned(), value]);
    (issuer.pem().into_bytes(), words.concat())
}

#[test]
fn an_address_that_is_none_is_refused_without_its_password() {
    for url in [
        "http://u:sesame-1234@host",
        "redis://:sesame-1234@",
        "sesame-1234",
    ] {
        let options = RedisOptions::new(Secret::new(url));
        let error = RedisStore::connect(&options).unwrap_err();
        assert!(matches!(error, RedisError::Options { .. }), "{error}");
        assert!(
            !format!("{error} {error:?} {options:?}").contains("sesame"),
            "{error}"
        );
    }
}
