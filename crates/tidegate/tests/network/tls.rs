//! Whom to trust, and whom to show a certificate.

use tidegate::{Delivery, FailureKind};
use tidegate_simulator::Simulator;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

use crate::authority::{Authority, Clients, accept, listen};
use crate::{executor, failure, quoted, request};

/// A simulator behind TLS. It serves until the test's runtime ends.
async fn behind_tls(authority: &Authority, clients: Clients) -> String {
    let simulator = Simulator::start(tidegate_simulator::Settings::default())
        .await
        .unwrap();
    let acceptor = authority.acceptor(clients, &[b"http/1.1"]);
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        let inner = simulator.url().replace("http://", "");
        loop {
            let Ok(mut outer) = accept(&listener, &acceptor).await else {
                continue;
            };
            let mut inner = TcpStream::connect(&inner).await.unwrap();
            tokio::spawn(async move { drop(copy_bidirectional(&mut outer, &mut inner).await) });
        }
    });
    url
}

#[tokio::test]
async fn an_authority_nobody_knows_is_not_trusted_until_it_is_named() {
    let authority = Authority::new();
    let url = behind_tls(&authority, Clients::Anyone).await;
    let outcome = executor(&url, "", "").run(request()).await;
    let (kind, delivery, words) = failure(&outcome);
    assert_eq!(
        (kind, delivery),
        (FailureKind::Unreachable, Delivery::NotSent)
    );
    assert!(words.contains("certificate"), "{words}");

    let ca = format!("ca_file = {}", quoted(&authority.ca_file()));
    let outcome = executor(&url, &ca, "").run(request()).await;
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_is_shown_the_one_configured() {
    let authority = Authority::new();
    let url = behind_tls(&authority, Clients::Certified).await;
    let ca = format!("ca_file = {}", quoted(&authority.ca_file()));
    let outcome = executor(&url, &ca, "").run(request()).await;
    assert!(outcome.result.is_err(), "without one");

    let (certificate, key) = authority.client_files();
    let two = format!(
        "{ca}\nclient_cert_file = {}\nclient_key_file = {}",
        quoted(&certificate),
        quoted(&key)
    );
    let outcome = executor(&url, &two, "").run(request()).await;
    assert!(outcome.result.is_ok(), "in two files: {:?}", outcome.result);

    let both = [&certificate, &key].map(|path| std::fs::read_to_string(path).unwrap());
    std::fs::write(&certificate, both.concat()).unwrap();
    let one = format!("{ca}\nclient_cert_file = {}", quoted(&certificate));
    let outcome = executor(&url, &one, "").run(request()).await;
    assert!(outcome.result.is_ok(), "in one file: {:?}", outcome.result);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named_and_nothing_is_sent_or_retried() {
    let authority = Authority::new();
    let url = behind_tls(&authority, Clients::Anyone).await;
    let no_pem = authority.ca_file().with_file_name("text.pem");
    std::fs::write(&no_pem, "not a certificate").unwrap();
    let missing = no_pem.with_file_name("missing.pem");
    for (key, path) in [
        ("ca_file", &missing),
        ("ca_file", &no_pem),
        ("client_cert_file", &missing),
        ("client_cert_file", &no_pem),
    ] {
        let provider = format!("{key} = {}", quoted(path));
        let outcome = executor(&url, &provider, "max_retries = 3")
            .run(request())
            .await;
        let (kind, delivery, words) = failure(&outcome);
        assert_eq!(
            (kind, delivery, outcome.attempts.len()),
            (FailureKind::Unsupported, Delivery::NotSent, 1),
            "{provider}"
        );
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(words.contains(key) && words.contains(name), "{words}");
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_a_connection_that_did_not_stand_in_time() {
    // The system takes the connection, and nobody speaks.
    let (_listener, url) = listen().await;
    let outcome = executor(&url, "", "connect_timeout = \"100ms\"")
        .run(request())
        .await;
    let (kind, delivery, _) = failure(&outcome);
    assert_eq!(
        (kind, delivery),
        (FailureKind::ConnectTimeout, Delivery::NotSent)
    );
    let error = outcome.result.unwrap_err().to_string();
    assert!(
        error.contains("timed out connecting after 100ms"),
        "{error}"
    );
}
