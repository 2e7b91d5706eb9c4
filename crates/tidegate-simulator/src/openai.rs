//! The wire format of `POST /v1/chat/completions` and `/v1/embeddings`, written by hand from the provider's documents and recorded replies.
//!
//! It shares no code with the client it tests: one bug in common would cancel out on both sides.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use serde::Serialize;

use crate::completion::{Completion, Finish};
use crate::headers::HeaderStyle;
use crate::prompt::Prompt;
use crate::refusal::{ErrorBody, Refusal, Why};
use crate::wire::{Events, Facts, Route, Task, Wire, bearer, json, text};

mod chunks;
mod embeddings;
mod refusal;
mod request;
mod whole;

const FINGERPRINT: &str = "fp_simulator";

/// The wire of OpenAI, and of the many that imitate it.
#[derive(Debug)]
pub(crate) struct OpenAi;

impl Wire for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route {
                path: "/v1/chat/completions",
                task: Task::Chat,
            },
            Route {
                path: "/v1/embeddings",
                task: Task::Embed,
            },
        ]
    }

    fn claims(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_some()
    }

    fn key<'a>(&self, headers: &'a HeaderMap) -> Option<&'a [u8]> {
        bearer(headers)
    }

    fn read(&self, route: Route, _: &Parts, body: &[u8]) -> Result<Prompt, Refusal> {
        match route.task {
            Task::Chat => request::read(body),
            Task::Embed => embeddings::read(body),
        }
    }

    fn whole(&self, completion: &Completion) -> Bytes {
        match &completion.vectors {
            None => whole::whole(completion),
            Some(vectors) => embeddings::write(completion, vectors),
        }
    }

    fn events(&self, completion: Completion, prompt: &Prompt) -> Events {
        Box::new(chunks::events(completion, prompt.wants_usage))
    }

    fn refusal(&self, why: Why<'_>, model: &str) -> Refusal {
        refusal::refusal(why, model)
    }

    fn envelope(&self, error: &ErrorBody, _: &str) -> String {
        let error = Fields {
            message: &error.message,
            r#type: error.r#type,
            param: error.param,
            code: error.code,
        };
        json(&Envelope { error })
    }

    fn error_event(&self, envelope: &str) -> Bytes {
        format!("data: {envelope}\n\n").into()
    }

    fn ping(&self) -> Bytes {
        Bytes::from_static(b": keep-alive\n\n")
    }

    fn models(&self, names: &[String], created: u64) -> String {
        let models = names.iter().map(|id| Model {
            id,
            object: "model",
            created,
            owned_by: "simulator",
        });
        let models: Vec<_> = models.collect();
        format!(r#"{{"object":"list","data":{}}}"#, json(&models))
    }

    fn header_style(&self) -> HeaderStyle {
        HeaderStyle::OpenAi
    }

    fn headers(&self, headers: &mut HeaderMap, facts: &Facts<'_>) {
        let spent = facts.spent.as_millis().to_string();
        headers.insert("x-request-id", text(facts.request_id));
        headers.insert("openai-processing-ms", text(&spent));
        headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
    }
}

#[derive(Debug, Serialize)]
struct Envelope<'a> {
    error: Fields<'a>,
}

#[derive(Debug, Serialize)]
struct Fields<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

fn id(completion: &Completion) -> String {
    format!("chatcmpl-{:012}", completion.number)
}

fn call_id(completion: &Completion, call: usize) -> String {
    format!("call_{:012}_{call}", completion.number)
}

fn finish_reason(completion: &Completion) -> &'static str {
    match completion.finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Tools => "tool_calls",
        Finish::Refusal => "content_filter",
    }
}

#[cfg(test)]
mod tests;
