//! Dropping a run closes its connection at once.

use std::future::Future;
use std::io;
use std::time::Duration;

use tidegate::Delta;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{executor, request};

const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// Reads a request whose body has been announced.
async fn read_request(socket: &mut TcpStream) {
    let mut seen = Vec::new();
    loop {
        let mut piece = [0; 4_096];
        let read = socket.read(&mut piece).await.unwrap();
        assert_ne!(read, 0, "the client left before it had asked");
        seen.extend_from_slice(&piece[..read]);
        // The body is one line of JSON.
        if seen.ends_with(b"}") {
            return;
        }
    }
}

/// Waits until the other side is gone.
async fn gone(socket: &mut TcpStream) {
    let mut rest = [0; 64];
    match socket.read(&mut rest).await {
        Ok(0) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
        other => panic!("the client still speaks: {other:?}"),
    }
}

/// A server for one connection: what it does behind the request.
async fn serve<F: Future<Output = ()>>(listener: TcpListener, behind: impl FnOnce(TcpStream) -> F) {
    let (mut socket, _) = listener.accept().await.unwrap();
    read_request(&mut socket).await;
    behind(socket).await;
}

#[tokio::test]
async fn a_run_dropped_while_it_waits_for_a_reply_hangs_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let executor = executor(&url, "", "");
    let (asked, mut heard) = tokio::sync::mpsc::channel(1);
    let server = tokio::spawn(serve(listener, async move |mut socket| {
        asked.send(()).await.unwrap();
        gone(&mut socket).await;
    }));
    tokio::select! {
        outcome = executor.run(request()) => panic!("nobody answered: {outcome:?}"),
        Some(()) = heard.recv() => {}
    }
    server.await.unwrap();
}

#[tokio::test]
async fn a_stream_dropped_in_the_middle_hangs_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = tokio::spawn(serve(listener, async move |mut socket| {
        let event = "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n";
        let chunk = format!("{STREAM}{:x}\r\n{event}\r\n", event.len());
        socket.write_all(chunk.as_bytes()).await.unwrap();
        gone(&mut socket).await;
    }));
    let mut stream = executor(&url, "", "").stream(request());
    assert_eq!(stream.next().await, Some(Delta::Text("half".into())));
    drop(stream);
    server.await.unwrap();
}

#[tokio::test]
async fn an_attempt_that_runs_out_of_time_hangs_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    // The clock moves once the request is there: on a slow machine, too, it is the reply that is late.
    let server = tokio::spawn(serve(listener, async move |mut socket| {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(100)).await;
        gone(&mut socket).await;
    }));
    let outcome = executor(&url, "", "timeout = \"100s\"")
        .run(request())
        .await;
    let error = outcome.result.unwrap_err();
    assert!(
        error.to_string().contains("timed out after 100s"),
        "{error}"
    );
    server.await.unwrap();
}
