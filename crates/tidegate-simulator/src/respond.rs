//! Responses with the headers that real ones carry.
//!
//! Clients pace themselves by headers, so these are as exact as the clock: `date` and every hint come from the one
//! that the limits use.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use crate::clock::{Clock, http_date};
use crate::duration::ceil_seconds;
use crate::fault::{Fault, Step, whole_body};
use crate::headers::{HeaderStyle, Told};
use crate::limits::Hint;
use crate::line::Line;
use crate::playback::{self, Ping};
use crate::refusal::{JSON, Refusal, Says};
use crate::script::{Answer, RETRY_AFTER_MS, Reply};
use crate::stats::{Outcome, Visit};
use crate::transfer::{AnySteps, Encoding, Transfer};
use crate::wire::{Facts, Wire, text};

mod breakage;

pub(crate) use breakage::RefusedStream;

/// The header of a length that no client likes.
const FILLER: HeaderName = HeaderName::from_static("x-filler");

/// Writes the response to one request.
#[derive(Debug)]
pub(crate) struct Responder {
    pub(crate) visit: Visit,
    /// How the limits stand, if that is told.
    pub(crate) told: Option<Told>,
    pub(crate) wire: &'static dyn Wire,
    /// The connection, unless it was called in process.
    line: Option<Line>,
    clock: Clock,
    arrival: Duration,
    transfer: Transfer,
    /// Headers that replace those of the same name.
    custom: Vec<(HeaderName, HeaderValue)>,
}

impl Responder {
    pub(crate) fn new(
        wire: &'static dyn Wire,
        line: Option<Line>,
        clock: Clock,
        arrival: Duration,
        visit: Visit,
    ) -> Self {
        Self {
            visit,
            told: None,
            wire,
            line,
            clock,
            arrival,
            transfer: Transfer::default(),
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
            Hint::None | Hint::Resets => return,
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

    /// Takes the headers of a scripted answer, and how its body travels.
    pub(crate) fn customise(&mut self, answer: &Answer) {
        self.transfer = answer.transfer;
        self.custom.extend(self.transfer_headers());
        self.custom.extend(answer.headers.iter().cloned());
        if answer.reply == Reply::Redirect {
            let location = answer.text.as_deref().unwrap_or("/v1/elsewhere");
            self.custom.push((LOCATION, text(location)));
        }
        let date = answer
            .retry_after_date
            .map(|wait| (RETRY_AFTER, self.date_after(wait)));
        let content_type = answer
            .content_type
            .clone()
            .map(|value| (CONTENT_TYPE, value));
        self.custom.extend(date.into_iter().chain(content_type));
    }

    fn transfer_headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
        let transfer = self.transfer;
        let gzip = HeaderValue::from_static("gzip");
        let encoding = (transfer.encoding != Encoding::Plain).then_some((CONTENT_ENCODING, gzip));
        let filler = (transfer.header_size > 0).then(|| "x".repeat(transfer.header_size));
        let filler = filler.map(|filler| (FILLER, text(&filler)));
        // HTTP/2 knows no such header: the connection is retired instead.
        let over_http1 = self.line.as_ref().is_none_or(|line| !line.http2);
        let close = HeaderValue::from_static("close");
        let close = (transfer.close_after && over_http1).then_some((CONNECTION, close));
        encoding.into_iter().chain(filler).chain(close)
    }

    fn date_after(&self, wait: Duration) -> HeaderValue {
        text(&http_date(ceil_seconds(
            self.clock.unix().saturating_add(wait),
        )))
    }

    /// A refusal in the envelope of the wire.
    pub(crate) async fn refuse(self, refusal: Refusal) -> Response {
        let status = refusal.status;
        let (content_type, body) = self.worded(refusal);
        self.whole(status, content_type, &body.into(), None).await
    }

    /// What a refusal looks like on this wire.
    pub(crate) fn worded(&self, refusal: Refusal) -> (&'static str, String) {
        match refusal.says {
            Says::Text(content_type, body) => (content_type, body),
            Says::Error(error) => (JSON, self.wire.envelope(&error, &self.request_id())),
        }
    }

    /// A body in one piece, unless a fault breaks it.
    pub(crate) async fn whole(
        mut self,
        status: u16,
        content_type: &'static str,
        body: &Bytes,
        fault: Option<&(Fault, Bytes)>,
    ) -> Response {
        let status = self.status(status);
        let steps = whole_body(body, fault);
        let transfer = self.transfer;
        if let ([Step::Send(only)], true) = (steps.as_slice(), transfer.is_plain()) {
            let body = Body::from(only.clone());
            return self.respond(status, content_type, body);
        }
        // The length of the whole, even if a fault keeps some back: so the client sees that it is missing.
        let length = match steps.as_slice() {
            [Step::Send(only)] => transfer.content_length(only.len()),
            _ => transfer.content_length(body.len()),
        };
        let length = length.map(|length| (CONTENT_LENGTH, length.into()));
        self.custom.extend(length);
        // A body that ends short of its length would take its head with it.
        let steps = steps.into_iter().chain([Step::Flush]);
        let steps = transfer.carry(steps, false);
        if transfer.length < 0 && self.line.as_ref().is_some_and(|line| !line.http2) {
            return self.overrun(status, content_type, steps).await;
        }
        self.play(status, content_type, steps, None)
    }

    /// A good answer as a stream of events.
    pub(crate) fn stream<S>(mut self, steps: S, ping: Option<Duration>) -> Response
    where
        S: Iterator<Item = Step> + Send + 'static,
    {
        let status = self.status(200);
        let ping = ping.map(|every| Ping {
            every,
            bytes: self.wire.ping(),
        });
        let steps = self.transfer.carry(steps, true);
        self.play(status, "text/event-stream; charset=utf-8", steps, ping)
    }

    fn play(
        self,
        status: StatusCode,
        content_type: &'static str,
        steps: AnySteps,
        ping: Option<Ping>,
    ) -> Response {
        let headers = self.headers(content_type);
        self.retire();
        let mut response = Response::new(playback::body(steps, ping, self.line, self.visit));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    fn respond(self, status: StatusCode, content_type: &'static str, body: Body) -> Response {
        self.retire();
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = self.headers(content_type);
        response
    }

    fn retire(&self) {
        if let (true, Some(line)) = (self.transfer.close_after, &self.line) {
            line.retire();
        }
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
            spent: self.clock.now().saturating_sub(self.arrival),
        };
        self.wire.headers(&mut headers, &facts);
        if let Some(told) = &self.told {
            told.write(&mut headers, self.header_style(told), unix);
        }
        for (name, _) in &self.custom {
            headers.remove(name);
        }
        for (name, value) in &self.custom {
            headers.append(name.clone(), value.clone());
        }
        headers
    }

    fn header_style(&self, told: &Told) -> HeaderStyle {
        match told.style {
            HeaderStyle::Native => self.wire.header_style(),
            style => style,
        }
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
