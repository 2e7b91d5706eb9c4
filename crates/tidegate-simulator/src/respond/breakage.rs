//! Answers that are none: the connection is broken, misused or left hanging.
//!
//! Each needs a connection of a certain kind; where there is another or none, an error says so.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::{BufMut, Bytes, BytesMut};

use super::Responder;
use crate::fault::Step;
use crate::line::{Ending, Line, Raw};
use crate::refusal::{Needs, Why};
use crate::stats::Outcome;
use crate::transfer::{AnySteps, endless_headers, garbage};

/// Marks a response whose stream is to be reset as not handled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefusedStream;

impl Responder {
    /// Never answers.
    pub(crate) async fn hang(mut self) -> Response {
        self.visit.answered(Outcome::Hung);
        std::future::pending().await
    }

    /// Resets the connection.
    pub(crate) async fn reset(self) -> Response {
        match self.line.clone() {
            Some(line) => self.end(&line, Ending::Reset, Outcome::Reset).await,
            None => self.lacks(Needs::Socket).await,
        }
    }

    /// Closes the connection without a word.
    pub(crate) async fn close(self) -> Response {
        match self.line.clone() {
            Some(line) => self.end(&line, Ending::Close, Outcome::Closed).await,
            None => self.lacks(Needs::Socket).await,
        }
    }

    /// Ends the connection, and says that this request was not handled.
    pub(crate) async fn go_away(self) -> Response {
        match self.line.clone() {
            Some(line) if line.http2 => self.end(&line, Ending::GoAway(0), Outcome::GoneAway).await,
            _ => self.lacks(Needs::Http2).await,
        }
    }

    /// Resets the stream, and says that it was not handled.
    pub(crate) async fn refuse_stream(mut self) -> Response {
        if self.line.as_ref().is_none_or(|line| !line.http2) {
            return self.lacks(Needs::Http2).await;
        }
        self.visit.answered(Outcome::Refused);
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(RefusedStream);
        response
    }

    /// Headers that never end.
    pub(crate) async fn endless_headers(self) -> Response {
        let outcome = Outcome::Status(StatusCode::OK.as_u16());
        self.write(endless_headers(), Some(outcome)).await
    }

    /// Bytes that are no HTTP.
    pub(crate) async fn garbage(self) -> Response {
        self.write(garbage(), Some(Outcome::Garbled)).await
    }

    /// A body that is longer than its head says.
    pub(super) async fn overrun(
        self,
        status: StatusCode,
        content_type: &'static str,
        steps: AnySteps,
    ) -> Response {
        let head = self.head(status, content_type);
        let body = steps.filter_map(|step| match step {
            Step::Send(bytes) => Some(bytes),
            Step::Wait(_) | Step::Flush | Step::Stall | Step::Break | Step::GoAway => None,
        });
        self.write(std::iter::once(head).chain(body), None).await
    }

    fn head(&self, status: StatusCode, content_type: &'static str) -> Bytes {
        let mut head = BytesMut::new();
        head.put_slice(format!("HTTP/1.1 {status}\r\n").as_bytes());
        for (name, value) in &self.headers(content_type) {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                head.put_slice(part);
            }
        }
        head.put_slice(b"\r\n");
        head.freeze()
    }

    /// Writes past the rules of HTTP.
    async fn write<I>(mut self, chunks: I, outcome: Option<Outcome>) -> Response
    where
        I: Iterator<Item = Bytes> + Send + 'static,
    {
        let line = match self.line.take() {
            None => return self.lacks(Needs::Socket).await,
            Some(line) if line.http2 => return self.lacks(Needs::Http1).await,
            Some(line) => line,
        };
        if let Some(outcome) = outcome {
            self.visit.answered(outcome);
        }
        line.end(Ending::Raw(Raw {
            chunks: Box::new(chunks),
            visit: self.visit,
        }));
        std::future::pending().await
    }

    async fn end(mut self, line: &Line, ending: Ending, outcome: Outcome) -> Response {
        self.visit.answered(outcome);
        line.end(ending);
        std::future::pending().await
    }

    async fn lacks(self, needs: Needs) -> Response {
        let refusal = self.wire.refusal(Why::Needs(needs), "");
        Box::pin(self.refuse(refusal)).await
    }
}
