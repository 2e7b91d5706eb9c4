//! Reaching the server: connections that end, servers that are away, and who is let in.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tidegate_core::Secret;
use tidegate_core::Timestamp;
use tidegate_core::quota::OpId;
use tidegate_queue::{Clock, QueueStore, RedisError, RedisOptions, RedisStore, Report};

use crate::on_a_server::{UNKNOWN, connected, error_of, goes, in_flight, key, turn};
use crate::server::{Server, free_port};

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

#[tokio::test]
async fn a_process_that_ends_does_not_wait_again_for_a_server_that_hangs() {
    // Connections are accepted by the system, and nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let options = RedisOptions {
        timeout: Duration::from_millis(200),
        ..RedisOptions::new(Secret::new(url))
    };
    let store = RedisStore::connect(&options).unwrap();
    let asked = turn(&store, 1, &UNKNOWN);
    assert!(asked.now_or_never().is_none(), "nobody answers");
    // In a batch of its own, behind the question.
    while silent.accept().is_err() {
        tokio::task::yield_now().await;
    }
    ends_later(&store, 1);
    drop(store);
    assert!(silent.accept().is_err(), "it was called once");
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
