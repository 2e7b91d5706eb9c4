//! Why a client's request cannot be read, in the words its own library knows.

use http::StatusCode;

use super::ErrorReply;
use super::field::Path;

/// A request that cannot be read: always the client's mistake, so the status is 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What is wrong, for a person.
    pub message: String,
    /// Where: `messages[2].content`.
    pub param: Option<String>,
    /// What, for a program.
    pub code: Option<&'static str>,
}

impl Refusal {
    /// The error to answer with.
    pub fn reply(&self) -> ErrorReply<'_> {
        ErrorReply {
            status: StatusCode::BAD_REQUEST,
            message: &self.message,
            param: self.param.as_deref(),
            code: self.code,
        }
    }

    pub(super) fn not_json() -> Self {
        Self {
            message: "The body of the request is not a JSON object.".to_owned(),
            param: None,
            code: None,
        }
    }

    pub(super) fn missing(at: &Path<'_>) -> Self {
        Self::at(
            at,
            format!("Missing required parameter: '{at}'."),
            "missing_required_parameter",
        )
    }

    pub(super) fn wrong_type(at: &Path<'_>, want: &str, got: &str) -> Self {
        let message = format!("Invalid type for '{at}': expected {want}, but got {got} instead.");
        Self::at(at, message, "invalid_type")
    }

    pub(super) fn wrong_value(at: &Path<'_>, want: &str) -> Self {
        let message = format!("Invalid value for '{at}': expected {want}.");
        Self::at(at, message, "invalid_value")
    }

    /// Something the dialect knows and Tidegate has no word for: passing it over would be another request.
    pub(super) fn unsupported(at: &Path<'_>, what: &str) -> Self {
        let message = format!("Unsupported value for '{at}': {what}.");
        Self::at(at, message, "unsupported_value")
    }

    fn at(at: &Path<'_>, message: String, code: &'static str) -> Self {
        Self {
            message,
            param: Some(at.to_string()),
            code: Some(code),
        }
    }
}
