//! Why a client's request cannot be read, in the words its own library knows.

use http::StatusCode;

use super::ErrorReply;
use super::field::Path;

/// A request that cannot be read: always the client's mistake, so the status is 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Where and what, for a person: `messages.0.role: Field required`.
    pub message: String,
    /// Whether the dialect knows what is asked and Tidegate has no word for it. A gateway that speaks the dialect to the
    /// provider too may pass such a request on as it came.
    pub is_known: bool,
}

impl Refusal {
    /// The error to answer with.
    pub fn reply(&self) -> ErrorReply<'_> {
        ErrorReply {
            status: StatusCode::BAD_REQUEST,
            message: &self.message,
            request_id: None,
        }
    }

    pub(super) fn not_json() -> Self {
        Self {
            message: "The request body is not a JSON object".to_owned(),
            is_known: false,
        }
    }

    pub(super) fn missing(at: &Path<'_>) -> Self {
        Self::wrong(at, "Field required")
    }

    /// `want` says what should stand there: "a valid string".
    pub(super) fn should_be(at: &Path<'_>, want: &str) -> Self {
        Self::wrong(at, &format!("Input should be {want}"))
    }

    fn wrong(at: &Path<'_>, problem: &str) -> Self {
        Self {
            message: format!("{at}: {problem}"),
            is_known: false,
        }
    }

    /// Something of the dialect that has no word here: passing it over would be another request.
    pub(super) fn unsupported(at: &Path<'_>, what: &str) -> Self {
        Self {
            message: format!("{at}: {what} is not supported here"),
            is_known: true,
        }
    }
}
