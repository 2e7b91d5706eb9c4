//! HTTP/2 servers that stop: what was not looked at is known not to have been sent.

use std::future::Future;

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tidegate::{Delivery, FailureKind};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::authority::{Authority, Clients, accept, listen};
use crate::{executor, failure, quoted, request};

type Server = Connection<TlsStream<TcpStream>, Bytes>;
type Asked = (Request<RecvStream>, SendResponse<Bytes>);

/// Runs a streamed request against a server that does this to the first stream of the connection.
async fn streamed<F>(then: impl FnOnce(Server, Asked) -> F + Send + 'static) -> tidegate::Outcome
where
    F: Future<Output = ()> + Send + 'static,
{
    let authority = Authority::new();
    let acceptor = authority.acceptor(Clients::Anyone, &[b"h2"]);
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let socket = accept(&listener, &acceptor).await.unwrap();
        let mut connection = h2::server::handshake(socket).await.unwrap();
        let asked = connection.accept().await.unwrap().unwrap();
        then(connection, asked).await;
    });
    let ca = format!("ca_file = {}", quoted(&authority.ca_file()));
    let outcome = executor(&url, &ca, "").stream(request()).finish().await;
    server.await.unwrap();
    outcome
}

/// Drives a connection until the client is gone.
async fn until_closed(mut connection: Server) {
    while let Some(Ok(_)) = connection.accept().await {}
}

#[tokio::test]
async fn a_refused_stream_was_not_sent() {
    let outcome = streamed(async |connection, (_, mut respond)| {
        respond.send_reset(Reason::REFUSED_STREAM);
        until_closed(connection).await;
    })
    .await;
    let (kind, delivery, words) = failure(&outcome);
    assert_eq!(
        (kind, delivery),
        (FailureKind::Unreachable, Delivery::NotSent),
        "{words}"
    );
}

#[tokio::test]
async fn a_stream_reset_for_another_reason_may_have_been_served() {
    let outcome = streamed(async |connection, (_, mut respond)| {
        respond.send_reset(Reason::INTERNAL_ERROR);
        until_closed(connection).await;
    })
    .await;
    let (kind, delivery, words) = failure(&outcome);
    assert_eq!(
        (kind, delivery),
        (FailureKind::Disconnected, Delivery::Unknown),
        "{words}"
    );
}

#[tokio::test]
async fn a_server_that_goes_away_in_the_middle_of_an_answer_has_given_none() {
    let outcome = streamed(async |mut connection, (_, mut respond)| {
        let head = Response::builder().header("content-type", "text/event-stream");
        let mut body = respond
            .send_response(head.body(()).unwrap(), false)
            .unwrap();
        let event = "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n";
        body.send_data(Bytes::from(event), false).unwrap();
        connection.abrupt_shutdown(Reason::INTERNAL_ERROR);
        until_closed(connection).await;
    })
    .await;
    let (kind, ..) = failure(&outcome);
    assert_eq!(kind, FailureKind::Disconnected);
    let error = outcome.result.unwrap_err();
    assert!(
        error
            .received()
            .is_none_or(|received| received.text == "half")
    );
}

#[tokio::test]
async fn a_server_that_finishes_what_it_began_before_it_goes_away_has_answered() {
    let outcome = streamed(async |mut connection, (_, mut respond)| {
        connection.graceful_shutdown();
        let head = Response::builder().header("content-type", "text/event-stream");
        let mut body = respond.send_response(head.body(()).unwrap(), false).unwrap();
        let event = "data: {\"choices\":[{\"delta\":{\"content\":\"OK\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        body.send_data(Bytes::from(event), true).unwrap();
        until_closed(connection).await;
    })
    .await;
    assert_eq!(outcome.result.unwrap().text, "OK");
}
