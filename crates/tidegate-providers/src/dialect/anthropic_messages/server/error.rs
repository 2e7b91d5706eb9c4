//! Errors as clients of the dialect expect them: as a body, or as an event of a stream that has begun.

use http::StatusCode;
use serde::Serialize;

/// An error to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorReply<'e> {
    /// The status it is sent with, and the error's type follows from. 529 is the dialect's own for overload.
    pub status: StatusCode,
    /// What happened, for a person.
    pub message: &'e str,
    /// The request's name, to quote in a support request.
    pub request_id: Option<&'e str>,
}

#[derive(Serialize)]
struct Envelope<'e> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: Body<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'e str>,
}

#[derive(Serialize)]
struct Body<'e> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'e str,
}

impl ErrorReply<'_> {
    /// The body of a reply.
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.write(&mut body);
        body
    }

    /// The last event of a stream that fails after it began.
    pub fn event(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: error\ndata: ");
        self.write(out);
        out.extend_from_slice(b"\n\n");
    }

    fn write(&self, out: &mut Vec<u8>) {
        let envelope = Envelope {
            kind: "error",
            error: Body {
                kind: kind(self.status),
                message: self.message,
            },
            request_id: self.request_id,
        };
        let written = serde_json::to_writer(out, &envelope);
        debug_assert!(written.is_ok(), "writing JSON into memory cannot fail");
    }
}

/// The error's type, as Anthropic's clients know it.
fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 407 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 | 410 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        408 | 504 => "timeout_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}
