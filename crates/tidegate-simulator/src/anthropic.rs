//! The wire format of `POST /v1/messages`, written by hand from the provider's documents and recorded replies.
//!
//! It shares no code with the client it tests: one bug in common would cancel out on both sides.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use serde::Serialize;

use crate::clock::rfc3339;
use crate::completion::{Completion, Finish};
use crate::headers::HeaderStyle;
use crate::prompt::Prompt;
use crate::refusal::{ErrorBody, Refusal, Why};
use crate::wire::{Events, Facts, Route, Task, Wire, bearer, json, text};

mod events;
mod message;
mod refusal;
mod request;

/// The wire of Anthropic's messages.
#[derive(Debug)]
pub(crate) struct Anthropic;

impl Wire for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route {
            path: "/v1/messages",
            task: Task::Chat,
        }]
    }

    fn claims(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("anthropic-version") || headers.contains_key("x-api-key")
    }

    /// `x-api-key`, or a token of the account as a bearer.
    fn key<'a>(&self, headers: &'a HeaderMap) -> Option<&'a [u8]> {
        let key = headers.get("x-api-key").map(HeaderValue::as_bytes);
        key.or_else(|| bearer(headers))
    }

    fn read(&self, _: Route, parts: &Parts, body: &[u8]) -> Result<Prompt, Refusal> {
        request::check_version(&parts.headers)?;
        request::read(body)
    }

    fn whole(&self, completion: &Completion) -> Bytes {
        message::whole(completion)
    }

    fn events(&self, completion: Completion, _: &Prompt) -> Events {
        Box::new(events::events(completion))
    }

    fn refusal(&self, why: Why<'_>, model: &str) -> Refusal {
        refusal::refusal(why, model)
    }

    fn envelope(&self, error: &ErrorBody, request_id: &str) -> String {
        let error = Fields {
            r#type: error.r#type,
            message: &error.message,
        };
        json(&Envelope {
            r#type: "error",
            error,
            request_id,
        })
    }

    fn error_event(&self, envelope: &str) -> Bytes {
        format!("event: error\ndata: {envelope}\n\n").into()
    }

    fn ping(&self) -> Bytes {
        Bytes::from_static(events::PING.as_bytes())
    }

    fn models(&self, names: &[String], created: u64) -> String {
        let created = rfc3339(created);
        let models = names.iter().map(|id| Model {
            r#type: "model",
            id,
            display_name: id,
            created_at: &created,
        });
        let models: Vec<_> = models.collect();
        let (first, last) = (json(&names.first()), json(&names.last()));
        format!(
            r#"{{"data":{},"has_more":false,"first_id":{first},"last_id":{last}}}"#,
            json(&models)
        )
    }

    fn header_style(&self) -> HeaderStyle {
        HeaderStyle::Anthropic
    }

    fn headers(&self, headers: &mut HeaderMap, facts: &Facts<'_>) {
        headers.insert("request-id", text(facts.request_id));
        headers.insert("anthropic-organization-id", text("org-simulator"));
    }
}

#[derive(Debug, Serialize)]
struct Envelope<'a> {
    r#type: &'static str,
    error: Fields<'a>,
    request_id: &'a str,
}

#[derive(Debug, Serialize)]
struct Fields<'a> {
    r#type: &'a str,
    message: &'a str,
}

#[derive(Debug, Serialize)]
struct Model<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: &'a str,
}

fn id(completion: &Completion) -> String {
    format!("msg_{:012}", completion.number)
}

fn stop_reason(completion: &Completion) -> &'static str {
    match completion.finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Tools => "tool_use",
        Finish::Refusal => "refusal",
    }
}

#[cfg(test)]
mod tests;
