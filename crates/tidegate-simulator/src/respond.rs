//! Responses with the headers that real ones carry.
//!
//! Clients pace themselves by headers, so these are as exact as the clock: `date` and every hint come from the one
//! that the limits use.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use crate::clock::{Clock, http_date};
use crate::duration::ceil_seconds;
use crate::fault::{Fault, Step, whole_body};
use crate::limits::{Hint, Standing};
use crate::playback::{self, Ping};
use crate::refusal::{JSON, Refusal, Says};
use crate::script::{Answer, RETRY_AFTER_MS};
use crate::stats::{Outcome, Visit};
use crate::wire::{Facts, Wire, text};

/// Writes the response to one request.
#[derive(Debug)]
pub(crate) struct Responder {
    pub(crate) visit: Visit,
    pub(crate) standing: Option<Standing>,
    pub(crate) wire: &'static dyn Wire,
    clock: Clock,
    arrival: Duration,
    /// Headers that replace those of the same name.
    custom: Vec<(HeaderName, HeaderValue)>,
}

impl Responder {
    pub(crate) fn new(
        wire: &'static dyn Wire,
        clock: Clock,
        arrival: Duration,
        visit: Visit,
    ) -> Self {
        Self {
            visit,
            standing: None,
            wire,
            clock,
            arrival,
            custom: Vec::new(),
        }
    }

    /// The number of the request since the start.
    pub(crate) fn number(&self) -> u64 {
        self.visit.number()
    }

    /// Tells when to come back, in the form asked for; never too early.
    pub(crate) fn hint(&mut self, hint: Hint, wait: Duration) {
        let header = match hint {
            Hint::None => return,
            Hint::Seconds => (RETRY_AFTER, ceil_seconds(wait).into()),
            Hint::Exact => (RETRY_AFTER, exact_seconds(wait)),
            Hint::Ms => (
                RETRY_AFTER_MS,
                text(&wait.as_nanos().div_ceil(1_000_000).to_string()),
            ),
            Hint::Date => (RETRY_AFTER, self.date_after(wait)),
        };
        self.custom.push(header);
    }

    /// Takes the headers of a scripted answer.
    pub(crate) fn customise(&mut self, answer: &Answer) {
        self.custom.extend(answer.headers.iter().cloned());
        let date = answer
            .retry_after_date
            .map(|wait| (RETRY_AFTER, self.date_after(wait)));
        let content_type = answer
            .content_type
            .clone()
            .map(|value| (CONTENT_TYPE, value));
        self.custom.extend(date.into_iter().chain(content_type));
    }

    fn date_after(&self, wait: Duration) -> HeaderValue {
        text(&http_date(ceil_seconds(
            self.clock.unix().saturating_add(wait),
        )))
    }

    /// Never answers.
    pub(crate) async fn hang(mut self) -> Response {
        self.visit.answered(Outcome::Hung);
        std::future::pending().await
    }

    /// A refusal in the envelope of the wire.
    pub(crate) fn refuse(mut self, refusal: Refusal) -> Response {
        let status = self.status(refusal.status);
        let (content_type, body) = self.worded(refusal);
        self.respond(status, content_type, Body::from(body))
    }

    /// What a refusal looks like on this wire.
    pub(crate) fn worded(&self, refusal: Refusal) -> (&'static str, String) {
        match refusal.says {
            Says::Text(content_type, body) => (content_type, body),
            Says::Error(error) => (JSON, self.wire.envelope(&error, &self.request_id())),
        }
    }

    /// A good answer in one piece, unless a fault breaks it.
    pub(crate) fn whole(mut self, body: &Bytes, fault: Option<&(Fault, Bytes)>) -> Response {
        let status = self.status(200);
        if fault.is_none() {
            return self.respond(status, JSON, Body::from(body.clone()));
        }
        let steps = whole_body(body, fault);
        if let [Step::Send(only)] = steps.as_slice() {
            return self.respond(status, JSON, Body::from(only.clone()));
        }
        // The length of the whole: so the client sees that some is missing.
        self.custom.push((CONTENT_LENGTH, body.len().into()));
        self.play(JSON, steps.into_iter(), None)
    }

    /// A good answer as a stream of events.
    pub(crate) fn stream<S>(mut self, steps: S, ping: Option<Duration>) -> Response
    where
        S: Iterator<Item = Step> + Send + 'static,
    {
        self.status(200);
        let ping = ping.map(|every| Ping {
            every,
            bytes: self.wire.ping(),
        });
        self.play("text/event-stream; charset=utf-8", steps, ping)
    }

    fn play<S>(self, content_type: &'static str, steps: S, ping: Option<Ping>) -> Response
    where
        S: Iterator<Item = Step> + Send + 'static,
    {
        let headers = self.headers(content_type);
        let mut response = Response::new(playback::body(steps, ping, self.visit));
        *response.headers_mut() = headers;
        response
    }

    fn respond(self, status: StatusCode, content_type: &'static str, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = self.headers(content_type);
        response
    }

    fn status(&mut self, status: u16) -> StatusCode {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.visit.answered(Outcome::Status(status.as_u16()));
        status
    }

    fn headers(&self, content_type: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(24);
        let unix = self.clock.unix();
        headers.insert(DATE, text(&http_date(unix.as_secs())));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let facts = Facts {
            request_id: &self.request_id(),
            unix,
            spent: self.clock.now().saturating_sub(self.arrival),
            standing: self.standing,
        };
        self.wire.headers(&mut headers, &facts);
        for (name, _) in &self.custom {
            headers.remove(name);
        }
        for (name, value) in &self.custom {
            headers.append(name.clone(), value.clone());
        }
        headers
    }

    /// Looks like the provider's: `req_` and 32 hexadecimal digits. The start and the number make it unique.
    fn request_id(&self) -> String {
        let start = self.clock.unix().saturating_sub(self.clock.now());
        let start = u64::try_from(start.as_micros()).unwrap_or_default();
        format!("req_{start:016x}{:016x}", self.number())
    }
}

/// Seconds with the digits that matter, rounded up to a microsecond.
fn exact_seconds(wait: Duration) -> HeaderValue {
    let micros = wait.as_nanos().div_ceil(1_000);
    let digits = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text(digits.trim_end_matches('0').trim_end_matches('.'))
}
