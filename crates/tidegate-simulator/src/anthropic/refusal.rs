//! What the provider says when it refuses: the real bodies, since clients judge the body before the status.
//!
//! Its errors have a type and a message and no code: an empty account and a prompt that is too long are told from a bad
//! request by the message alone.

use crate::fault::ErrorKind;
use crate::limits::{Metered, Refused};
use crate::refusal::{Refusal, Why};

const LIMITS_PAGE: &str = "For details, refer to: https://docs.claude.com/en/api/rate-limits.";

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::error(400, "invalid_request_error", message)
}

/// What the provider says to a request for this model.
pub(super) fn refusal(why: Why<'_>, model: &str) -> Refusal {
    match why {
        Why::Kind(kind) => of_kind(kind, model),
        Why::Status(status) => plain(status),
        Why::Limit(refused, _) => limited(refused),
        Why::NoSuchUrl(..) => Refusal::error(404, "not_found_error", "Not Found"),
        Why::WrongMethod(..) => Refusal::error(405, "invalid_request_error", "Method Not Allowed"),
        Why::Needs(needs) => {
            let (code, message) = needs.told();
            Refusal::error(500, "api_error", format!("{code}: {message}"))
        }
    }
}

/// A limit was reached. The text never tells when to come back; headers do.
fn limited(refused: Refused) -> Refusal {
    let limit = refused.standing.limit;
    let metered = match refused.standing.metered {
        Metered::Requests => "requests",
        Metered::Tokens => "tokens",
        Metered::InputTokens => "input tokens",
        Metered::OutputTokens => "output tokens",
        Metered::InFlight => {
            let message = "Number of concurrent connections has exceeded your rate limit. Please try again later.";
            return Refusal::error(429, "rate_limit_error", message);
        }
    };
    rate_limited(&format!("{limit} {metered} per minute"))
}

fn rate_limited(limit: &str) -> Refusal {
    let message = format!(
        "This request would exceed your organization's rate limit of {limit} (org: org-simulator). {LIMITS_PAGE} You \
         can see the response headers for current usage. Please reduce the prompt length or the maximum tokens \
         requested, or try again later."
    );
    Refusal::error(429, "rate_limit_error", message)
}

/// A status without a kind of its own.
fn plain(status: u16) -> Refusal {
    let r#type = if status < 500 {
        "invalid_request_error"
    } else {
        "api_error"
    };
    Refusal::error(
        status,
        r#type,
        format!("The simulator was told to answer {status}."),
    )
}

/// The body that a kind of error has on this wire.
fn of_kind(kind: ErrorKind, model: &str) -> Refusal {
    match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLength
        | ErrorKind::ContentPolicy
        | ErrorKind::Prefill
        | ErrorKind::SpendLimit
        | ErrorKind::InsufficientQuota => invalid(request_message(kind)),
        ErrorKind::InvalidApiKey => {
            Refusal::error(401, "authentication_error", "invalid x-api-key")
        }
        ErrorKind::InsufficientBalance => Refusal::error(
            402,
            "billing_error",
            "There is an issue with your billing or payment information. Please check your payment details.",
        ),
        ErrorKind::UnsupportedCountry => {
            Refusal::error(403, "permission_error", "Request not allowed")
        }
        ErrorKind::ModelNotFound => {
            Refusal::error(404, "not_found_error", format!("model: {model}"))
        }
        ErrorKind::RequestTimeout => Refusal::error(
            408,
            "timeout_error",
            "Request timed out waiting for the body.",
        ),
        ErrorKind::PayloadTooLarge => {
            Refusal::error(413, "request_too_large", "Request exceeds the maximum size")
        }
        ErrorKind::RateLimit => rate_limited("50 requests per minute"),
        ErrorKind::TokenLimit => rate_limited("30,000 input tokens per minute"),
        ErrorKind::RequestTooLarge => rate_limited("8,000 output tokens per minute"),
        ErrorKind::SlowDown => Refusal::error(
            429,
            "rate_limit_error",
            "Your organization's usage has increased too quickly and reached an acceleration limit. Please ramp up \
             gradually and keep consistent usage patterns.",
        ),
        ErrorKind::ServerError => Refusal::error(500, "api_error", "Internal server error"),
        ErrorKind::BadGateway => Refusal::page(502, "502 Bad Gateway"),
        ErrorKind::Overloaded => Refusal::error(503, "overloaded_error", "Overloaded"),
        ErrorKind::GatewayTimeout => Refusal::error(504, "timeout_error", "Request timed out"),
        ErrorKind::ProviderOverloaded => Refusal::error(529, "overloaded_error", "Overloaded"),
    }
}

fn request_message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ContextLength => "prompt is too long: 212586 tokens > 200000 maximum",
        ErrorKind::ContentPolicy => "Output blocked by content filtering policy",
        ErrorKind::Prefill => {
            "This model does not support assistant message prefill. The conversation must end with a user message."
        }
        ErrorKind::SpendLimit => {
            "You have reached your specified API usage limits. You will regain access on 2099-01-01 at 00:00 UTC."
        }
        ErrorKind::InsufficientQuota => {
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or \
             purchase credits."
        }
        _ => "temperature: range: 0..1",
    }
}
