//! HTTP/2 with prior knowledge, on the same port: streams that are reset and connections that go away.

use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use serde_json::json;
use tidegate_simulator::Running;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::call::chat;
use crate::tcp::{drain, sent, start};

/// A client, whose connection is driven in a task of its own.
async fn connect(running: &Running) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(running.address()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    client.ready().await.unwrap()
}

fn post(client: &mut SendRequest<Bytes>, streamed: bool) -> ResponseFuture {
    let request = http::Request::post("http://simulator/v1/chat/completions");
    let (response, mut body) = client
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    let mut request = chat("Hello");
    request["stream"] = json!(streamed);
    body.send_data(request.to_string().into(), true).unwrap();
    response
}

/// What a body holds, and how it ended.
async fn read(mut body: RecvStream) -> (String, Option<h2::Error>) {
    let mut text = String::new();
    while let Some(chunk) = body.data().await {
        match chunk {
            Err(error) => return (text, Some(error)),
            Ok(bytes) => {
                body.flow_control().release_capacity(bytes.len()).unwrap();
                text.push_str(std::str::from_utf8(&bytes).unwrap());
            }
        }
    }
    (text, None)
}

async fn asked(client: &mut SendRequest<Bytes>, streamed: bool) -> (String, Option<h2::Error>) {
    read(post(client, streamed).await.unwrap().into_body()).await
}

fn tokens(text: &str) -> usize {
    text.matches("\"delta\":{\"content\"").count()
}

#[tokio::test]
async fn both_protocols_are_served_on_one_port() {
    let running = start("ok=one; ok=two,times=2").await;
    assert!(
        drain(&mut sent(&start("ok=x,close-after").await, false).await)
            .await
            .is_ok()
    );
    let mut client = connect(&running).await;
    let (one, two) = (post(&mut client, false), post(&mut client, true));
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    assert_eq!(one.version(), http::Version::HTTP_2);
    assert!(read(one.into_body()).await.0.contains("\"one\""));
    assert!(read(two.into_body()).await.0.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn a_cut_is_a_reset_of_the_stream_and_the_connection_lives_on() {
    let running = start("tokens=60,cut=40; ok=alive").await;
    let mut client = connect(&running).await;
    let (text, error) = asked(&mut client, true).await;
    let error = error.unwrap();
    assert!(
        error.is_reset() && error.reason() == Some(Reason::INTERNAL_ERROR),
        "{error:?}"
    );
    assert_eq!(tokens(&text), 40);
    assert!(asked(&mut client, false).await.0.contains("\"alive\""));
}

#[tokio::test]
async fn a_refused_stream_was_not_handled() {
    let running = start("refused_stream; ok=alive").await;
    let mut client = connect(&running).await;
    let error = post(&mut client, false).await.unwrap_err();
    assert!(
        error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM),
        "{error:?}"
    );
    assert!(asked(&mut client, false).await.0.contains("\"alive\""));
    assert_eq!(running.simulator().stats().answers["refused"], 1);
}

#[tokio::test]
async fn a_connection_may_go_away_without_having_handled_the_request() {
    let running = start("goaway").await;
    let error = post(&mut connect(&running).await, false).await.unwrap_err();
    assert!(error.is_go_away() && error.is_remote(), "{error:?}");
    assert_eq!(error.reason(), Some(Reason::NO_ERROR));
    assert_eq!(running.simulator().stats().answers["gone_away"], 1);
}

#[tokio::test]
async fn a_connection_may_go_away_in_the_middle_of_a_stream() {
    let running = start("tokens=60,goaway=40").await;
    let (text, error) = asked(&mut connect(&running).await, true).await;
    assert_eq!(
        tokens(&text),
        40,
        "all that came before has left: {error:?}"
    );
    assert!(error.is_some(), "and the stream has no end");
}

#[tokio::test]
async fn a_graceful_goaway_lets_the_answer_end_and_nothing_begin() {
    let running = start("tokens=60,close-after,token-delay=1ms; ok").await;
    let mut client = connect(&running).await;
    let (text, error) = asked(&mut client, true).await;
    assert_eq!((tokens(&text), error.is_none()), (60, true));
    let next = timeout(Duration::from_secs(10), client.ready())
        .await
        .unwrap();
    assert!(next.is_err(), "the connection takes no further request");
}

#[tokio::test]
async fn a_reset_takes_every_stream_of_the_connection() {
    let running = start("hang; reset").await;
    let mut client = connect(&running).await;
    let (hung, reset) = (post(&mut client, false), post(&mut client, false));
    let (hung, reset) = tokio::join!(hung, reset);
    assert!(hung.unwrap_err().is_io());
    assert!(reset.unwrap_err().is_io());
}

#[tokio::test]
async fn what_is_only_possible_over_the_other_protocol_says_so() {
    let running = start("garbage").await;
    let (text, _) = asked(&mut connect(&running).await, false).await;
    assert!(text.contains("needs_http1"), "{text}");
}
