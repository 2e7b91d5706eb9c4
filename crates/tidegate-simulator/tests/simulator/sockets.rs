//! Real connections: here the socket is the subject.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tidegate_simulator::{Settings, Simulator};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::tcp::{drain, read_until, send, sent, start, until};

#[tokio::test]
async fn answers_several_requests_on_one_connection() {
    let running = start("ok=one; 503; ok=three").await;
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    for (status, text) in [
        ("200", "\"one\""),
        ("503", "overloaded"),
        ("200", "\"three\""),
    ] {
        send(&mut stream, false).await;
        let reply = read_until(&mut stream, "}").await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{reply}");
        assert!(reply.contains(text), "{reply}");
        assert_eq!(reply.matches("\r\ndate: ").count(), 1);
    }
    assert_eq!(running.simulator().stats().requests, 3);
}

#[tokio::test]
async fn a_reset_is_a_reset_before_any_header() {
    let running = start("reset; ok").await;
    let error = drain(&mut sent(&running, false).await).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let stats = running.simulator().stats();
    assert_eq!((stats.answers["reset"], stats.in_flight), (1, 0));
    let reply = read_until(&mut sent(&running, false).await, "}").await;
    assert!(
        reply.starts_with("HTTP/1.1 200"),
        "healthy afterwards: {reply}"
    );
}

#[tokio::test]
async fn a_close_ends_the_connection_without_a_word() {
    let running = start("close").await;
    assert_eq!(drain(&mut sent(&running, false).await).await.unwrap(), "");
    assert_eq!(running.simulator().stats().answers["closed"], 1);
}

#[tokio::test]
async fn a_delayed_reset_waits_first() {
    let running = start("reset,delay=50ms").await;
    let mut stream = sent(&running, true).await;
    let early = timeout(Duration::from_millis(10), stream.readable()).await;
    assert!(early.is_err());
    let error = drain(&mut stream).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_hang_keeps_the_connection_open_and_silent() {
    let running = start("hang").await;
    let mut stream = sent(&running, false).await;
    until(|| running.simulator().stats().in_flight == 1).await;
    let silent = timeout(Duration::from_millis(100), stream.read_u8()).await;
    assert!(silent.is_err());
    let stats = running.simulator().stats();
    assert_eq!((stats.answers["hung"], stats.in_flight), (1, 1));
}

#[tokio::test]
async fn a_cut_stream_delivers_its_tokens_and_no_last_chunk() {
    let running = start("tokens=60,cut=40").await;
    let text = drain(&mut sent(&running, true).await).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert_eq!(text.matches("\"delta\":{\"content\"").count(), 40);
    assert!(
        !text.ends_with("0\r\n\r\n"),
        "the body must be visibly incomplete"
    );
    assert!(!text.contains("[DONE]"));
}

#[tokio::test]
async fn a_polite_end_has_its_last_chunk() {
    let running = start("tokens=60,end=40; ok").await;
    let mut stream = sent(&running, true).await;
    let text = read_until(&mut stream, "\r\n0\r\n\r\n").await;
    assert_eq!(text.matches("\"delta\":{\"content\"").count(), 40);
    send(&mut stream, false).await;
    assert!(
        read_until(&mut stream, "}")
            .await
            .starts_with("HTTP/1.1 200"),
        "the connection lives on"
    );
}

#[tokio::test]
async fn a_cut_answer_in_one_piece_is_shorter_than_it_says() {
    let running = start("cut=1").await;
    let text = drain(&mut sent(&running, false).await).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let length: usize = length.parse().unwrap();
    assert_eq!(body.len(), length / 2);
    assert!(!head.contains("transfer-encoding"));
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_request() {
    let running = start("ok,delay=1h").await;
    let stream = sent(&running, false).await;
    let stats = || running.simulator().stats();
    until(|| stats().in_flight == 1).await;
    drop(stream);
    until(|| stats().in_flight == 0).await;
    assert_eq!(stats().answers["abandoned"], 1);
}

#[tokio::test]
async fn dropping_it_frees_the_port_and_ends_connections() {
    let running = start("hang").await;
    let address = running.address();
    let mut stream = sent(&running, false).await;
    until(|| running.simulator().stats().in_flight == 1).await;
    drop(running);
    // Refused or reset: either way the connection is over.
    assert!(matches!(
        drain(&mut stream).await.as_deref(),
        Ok("") | Err(_)
    ));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn shutdown_ends_serving_even_with_a_hanging_request() {
    let listener = tidegate_simulator::bind((Ipv4Addr::LOCALHOST, 0).into())
        .await
        .unwrap();
    let simulator = Simulator::new(Settings::default());
    simulator
        .serve(listener, std::future::ready(()))
        .await
        .unwrap();
}

#[tokio::test]
async fn refuses_to_listen_beyond_loopback() {
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let error = tidegate_simulator::bind(address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let listener = TcpListener::bind(address).await.unwrap();
    let simulator = Simulator::new(Settings::default());
    let error = simulator
        .serve(listener, std::future::pending())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("loopback only"), "{error}");
}
