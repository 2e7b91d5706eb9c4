//! What goes through a proxy, and what does not.

use tidegate::{Delivery, FailureKind};
use tidegate_simulator::{Settings, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};

use crate::{executor, failure, request};

#[tokio::test]
async fn a_configured_proxy_is_asked_for_a_host_nobody_else_knows() {
    // Asked as a proxy, a server sees the whole URL; the simulator answers by its path.
    let proxy = Simulator::start(Settings::default()).await.unwrap();
    let provider = format!("proxy = \"{}\"", proxy.url());
    let executor = executor("http://llm.invalid/v1", &provider, "");
    let outcome = executor.run(request()).await;
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(proxy.simulator().stats().requests, 1);
}

#[tokio::test]
async fn a_configured_proxy_stands_even_before_this_machine_itself() {
    let (proxy, target) = (
        Simulator::start(Settings::default()).await.unwrap(),
        Simulator::start(Settings::default()).await.unwrap(),
    );
    let provider = format!("proxy = \"{}\"", proxy.url());
    let executor = executor(&format!("{}/v1", target.url()), &provider, "");
    assert!(executor.run(request()).await.result.is_ok());
    assert_eq!(proxy.simulator().stats().requests, 1);
    assert_eq!(target.simulator().stats().requests, 0);
}

#[tokio::test]
async fn a_proxy_that_wants_another_credential_is_a_refused_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4_096];
        let read = socket.read(&mut head).await.unwrap();
        let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
        socket.write_all(refusal.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    let provider = format!("proxy = \"http://user:s3cret@{address}\"");
    let outcome = executor("http://llm.invalid/v1", &provider, "max_retries = 3")
        .run(request())
        .await;
    let (kind, ..) = failure(&outcome);
    assert_eq!((kind, outcome.attempts.len()), (FailureKind::AuthFailed, 1));
    let head = server.await.unwrap().to_lowercase();
    assert!(head.contains("proxy-authorization: basic"), "{head}");
    let shown = format!("{:?} {:?}", outcome.result, outcome.attempts);
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_no_connection() {
    // Taken, so that nobody else gets the port meanwhile, but not listening.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let provider = format!("proxy = \"http://{}\"", socket.local_addr().unwrap());
    let outcome = executor("http://llm.invalid/v1", &provider, "")
        .run(request())
        .await;
    let (kind, delivery, _) = failure(&outcome);
    assert_eq!(
        (kind, delivery),
        (FailureKind::Unreachable, Delivery::NotSent)
    );
}
