//! One connection: HTTP/1 or HTTP/2, until it ends or is ended.

use std::convert::Infallible;
use std::future::poll_fn;
use std::task::Poll;

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::line::{Ending, Line, Raw};
use crate::respond::RefusedStream;
use crate::socket::Socket;

pub(super) type Router = TowerToHyperService<axum::Router>;

/// Serves one connection until it ends or is ended.
pub(super) async fn attend(stream: TcpStream, router: Router) {
    // Without it only latency suffers.
    let _ = stream.set_nodelay(true);
    // A client that leaves early or an answer that is cut is no error of the simulator.
    let Ok((socket, is_http2)) = Socket::accept(stream).await else {
        return;
    };
    if is_http2 {
        attend_http2(socket, router).await;
    } else {
        attend_http1(socket, router).await;
    }
}

async fn attend_http1(socket: Socket, router: Router) {
    let (line, parting) = (Line::new(false), socket.parting());
    let service = service_fn(|request| call(&router, &line, request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
    let ending = tokio::select! {
        _ = &mut connection => return,
        ending = line.ended() => ending,
    };
    let socket = connection.into_parts().io.into_inner();
    match ending {
        Ending::Reset => parting.reset(),
        Ending::Close | Ending::GoAway(_) => {}
        Ending::Raw(raw) => write(socket, raw).await,
    }
}

/// Writes what HTTP does not allow, and leaves the end to the client.
async fn write(mut socket: Socket, raw: Raw) {
    let Raw { chunks, visit } = raw;
    for chunk in chunks {
        if socket.write_all(&chunk).await.is_err() {
            return;
        }
    }
    let mut ignored = [0; 1_024];
    while matches!(socket.read(&mut ignored).await, Ok(1..)) {}
    drop(visit);
}

async fn attend_http2(socket: Socket, router: Router) {
    let (line, parting) = (Line::new(true), socket.parting());
    let service = service_fn(|request| {
        let answer = call(&router, &line, request);
        async { accept(answer.await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new());
    let mut connection = std::pin::pin!(connection.serve_connection(TokioIo::new(socket), service));
    let ending = loop {
        tokio::select! {
            _ = &mut connection => return,
            () = line.retired() => connection.as_mut().graceful_shutdown(),
            ending = line.ended() => break ending,
        }
    };
    match ending {
        Ending::Reset => parting.reset(),
        Ending::Close | Ending::Raw(_) => {}
        Ending::GoAway(last_stream) => {
            // What was sent before must be on its way, or the last words would cut it in two.
            poll_fn(|cx| Poll::Ready(connection.as_mut().poll(cx).is_ready())).await;
            parting.say(go_away(last_stream));
        }
    }
}

fn call(
    router: &Router,
    line: &Line,
    mut request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + use<> {
    request.extensions_mut().insert(line.clone());
    router.call(request)
}

/// A refused stream is an error to the state machine of HTTP/2, which then resets it.
fn accept(answer: Result<Response<Body>, Infallible>) -> Result<Response<Body>, h2::Error> {
    let Ok(response) = answer;
    if response.extensions().get::<RefusedStream>().is_some() {
        return Err(h2::Reason::REFUSED_STREAM.into());
    }
    Ok(response)
}

/// A GOAWAY frame without an error (RFC 9113, 6.8).
fn go_away(last_stream: u32) -> Bytes {
    let mut frame = BytesMut::with_capacity(17);
    frame.put_uint(8, 3);
    frame.put_u8(7);
    frame.put_u8(0);
    frame.put_u32(0);
    frame.put_u32(last_stream);
    frame.put_u32(0);
    frame.freeze()
}
