//! Errors as clients of the dialect expect them: as a body, or as an event of a stream that has begun.

use http::StatusCode;
use serde::Serialize;

/// An error to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorReply<'e> {
    /// The status it is sent with, and the error's type follows from.
    pub status: StatusCode,
    /// What happened, for a person.
    pub message: &'e str,
    /// The parameter at fault.
    pub param: Option<&'e str>,
    /// What happened, for a program.
    pub code: Option<&'e str>,
}

#[derive(Serialize)]
struct Envelope<'e> {
    error: Body<'e>,
}

#[derive(Serialize)]
struct Body<'e> {
    message: &'e str,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'e str>,
    code: Option<&'e str>,
}

impl ErrorReply<'_> {
    /// The body of a reply.
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.write(&mut body);
        body
    }

    /// The last event of a stream that fails after it began. No `[DONE]` follows: it did not end well.
    pub fn event(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        self.write(out);
        out.extend_from_slice(b"\n\n");
    }

    fn write(&self, out: &mut Vec<u8>) {
        let error = Body {
            message: self.message,
            kind: kind(self.status),
            param: self.param,
            code: self.code,
        };
        let written = serde_json::to_writer(out, &Envelope { error });
        debug_assert!(written.is_ok(), "writing JSON into memory cannot fail");
    }
}

/// The error's type, as `OpenAI` groups them.
fn kind(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::FORBIDDEN => "permission_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        status if status.is_client_error() => "invalid_request_error",
        _ => "server_error",
    }
}
