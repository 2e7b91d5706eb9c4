//! Requests written by hand on a connection.

use std::time::Duration;

use serde_json::json;
use tidegate_simulator::{Running, Settings, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::call::chat;

pub(crate) async fn start(script: &str) -> Running {
    Simulator::start(Settings::scripted(script).unwrap())
        .await
        .unwrap()
}

/// A connection on which one chat request was sent.
pub(crate) async fn sent(running: &Running, streamed: bool) -> TcpStream {
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    send(&mut stream, streamed).await;
    stream
}

pub(crate) async fn send(stream: &mut TcpStream, streamed: bool) {
    let mut body = chat("Hello");
    body["stream"] = json!(streamed);
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: simulator\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
}

/// All bytes until the connection ends.
pub(crate) async fn drain(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.map(|_| text)
}

/// Bytes until the text contains this.
pub(crate) async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while !text.contains(end) {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "ended early: {text}");
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    text
}

/// Lets the other tasks of this thread run until something holds.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let spin = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), spin).await.unwrap();
}
